//! Administration: what is tried again, what is not, and what is said.

use crate::scripted::{Reply, TOPIC, cluster, start};
use client::{ClientError, NewTopic, OffsetAt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use types::{ErrorCode, Offset};
use wire::create_topics_response::CreatableTopicResult;
use wire::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use wire::{
    CreateTopicsRequest, CreateTopicsResponse, ListOffsetsRequest, ListOffsetsResponse,
    UpdateFeaturesRequest, UpdateFeaturesResponse,
};

/// Protects: a change whose answer was lost is not made again behind the caller's back.
#[tokio::test]
async fn a_change_is_tried_once() {
    let count = Arc::new(AtomicU32::new(0));
    let seen = count.clone();
    let address = start(move |_| {
        seen.fetch_add(1, Ordering::Relaxed);
        Reply::HangUp
    });
    let cluster = cluster(&address.await);
    let error =
        cluster.create_topic(&NewTopic { name: "new".to_owned(), ..NewTopic::default() }).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

/// Protects: a refusal carries the broker's code and sentence.
#[tokio::test]
async fn a_refusal_is_the_brokers_sentence() {
    let address = start(|asked| {
        let request: CreateTopicsRequest = asked.read();
        let name = request.topics[0].name.clone();
        let (error_code, error_message) =
            (ErrorCode::InvalidConfig.code(), Some("no such setting".to_owned()));
        let topic = CreatableTopicResult { name, error_code, error_message, ..Default::default() };
        asked.answer(&CreateTopicsResponse { topics: vec![topic], ..Default::default() })
    });
    let cluster = cluster(&address.await);
    let error =
        cluster.create_topic(&NewTopic { name: "new".to_owned(), ..NewTopic::default() }).await.unwrap_err();
    assert_eq!(error.to_string(), "topic 'new': INVALID_CONFIG: no such setting");
}

/// Protects: an offset is asked for again while the partition has no leader, and found then.
#[tokio::test]
async fn offsets_are_asked_for_again() {
    let tries = AtomicU32::new(0);
    let address = start(move |asked| {
        let request: ListOffsetsRequest = asked.read();
        assert_eq!((request.replica_id, request.topics[0].partitions[0].timestamp), (-1, -1));
        let error_code = match tries.fetch_add(1, Ordering::Relaxed) {
            0 => ErrorCode::NotLeaderOrFollower.code(),
            _ => 0,
        };
        let partition = ListOffsetsPartitionResponse { error_code, offset: 42, ..Default::default() };
        let topic = ListOffsetsTopicResponse { name: TOPIC.to_owned(), partitions: vec![partition] };
        asked.answer(&ListOffsetsResponse { topics: vec![topic], ..Default::default() })
    });
    let found = cluster(&address.await).offsets(TOPIC, OffsetAt::Latest).await.unwrap();
    assert_eq!((found.len(), found[0].offset), (1, Some(Offset(42))));
}

/// Protects: a topic that does not exist is told apart from one that cannot be reached.
#[tokio::test]
async fn an_unknown_topic_is_said() {
    let address = start(|_| Reply::HangUp).await;
    let error = cluster(&address).offsets("nope", OffsetAt::Latest).await.unwrap_err();
    assert!(matches!(&error, ClientError::Incomplete(_) | ClientError::UnknownTopic(_)), "{error}");
}

/// Protects: an upgrade asks for these levels alone, never for a downgrade, and a refusal carries the broker's sentence.
#[tokio::test]
async fn features_are_only_raised() {
    let address = start(|asked| {
        let request: UpdateFeaturesRequest = asked.read();
        let update = &request.feature_updates[0];
        assert_eq!((update.feature.as_str(), update.max_version_level, update.upgrade_type), ("f", 3, 1));
        let error_code = if request.validate_only { 0 } else { ErrorCode::InvalidUpdateVersion.code() };
        let error_message = Some("no".to_owned());
        asked.answer(&UpdateFeaturesResponse { error_code, error_message, ..Default::default() })
    });
    let cluster = cluster(&address.await);
    let levels = [("f".to_owned(), 3)];
    cluster.upgrade_features(&levels, true).await.unwrap();
    let error = cluster.upgrade_features(&levels, false).await.unwrap_err();
    assert_eq!(error.to_string(), "the features: INVALID_UPDATE_VERSION: no");
}
