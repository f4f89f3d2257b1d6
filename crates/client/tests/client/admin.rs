//! Administration: what is tried again, what is not, and what is said.

use crate::scripted::{Reply, TOPIC, cluster, start};
use client::{ClientError, NewTopic, OffsetAt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use types::{ErrorCode, Offset};
use wire::create_partitions_response::CreatePartitionsTopicResult;
use wire::create_topics_response::CreatableTopicResult;
use wire::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use wire::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use wire::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest, ListOffsetsResponse,
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

/// Protects: a topic counts as created when the broker names it, not before: Kafka's answer comes earlier.
#[tokio::test]
async fn a_topic_is_created_when_it_is_named() {
    let address = start(|asked| {
        let request: CreateTopicsRequest = asked.read();
        let name = request.topics[0].name.clone();
        let topic = CreatableTopicResult { name, num_partitions: 1, ..Default::default() };
        asked.answer(&CreateTopicsResponse { topics: vec![topic], ..Default::default() })
    });
    let cluster = cluster(&address.await);
    let wanted = |name: &str| NewTopic { name: name.to_owned(), ..NewTopic::default() };
    assert_eq!(cluster.create_topic(&wanted(TOPIC)).await.unwrap().partitions, 1);
    assert!(cluster.create_topic(&wanted("new")).await.is_err(), "nobody names it");
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

/// Protects: a deletion that one partition refuses is told beside those that were done, and a partition that the answer lacks
/// is no success.
#[tokio::test]
async fn deletions_are_told_one_by_one() {
    let address = start(|asked| {
        let request: DeleteRecordsRequest = asked.read();
        let asked_for = &request.topics[0].partitions[0];
        assert_eq!((request.topics[0].name.as_str(), asked_for.partition_index), (TOPIC, 0));
        let (error_code, low_watermark) = match asked_for.offset {
            5 => (0, 5),
            _ => (ErrorCode::OffsetOutOfRange.code(), -1),
        };
        let partition = DeleteRecordsPartitionResult { partition_index: 0, low_watermark, error_code };
        let partitions = if asked_for.offset == 7 { Vec::new() } else { vec![partition] };
        let topics = vec![DeleteRecordsTopicResult { name: TOPIC.to_owned(), partitions }];
        asked.answer(&DeleteRecordsResponse { topics, ..Default::default() })
    });
    let cluster = cluster(&address.await);
    let done = cluster.delete_records(TOPIC, &[(0, Offset(5))]).await.unwrap();
    assert_eq!((done[0].partition, &done[0].result), (0, &Ok(Offset(5))));
    let refused = cluster.delete_records(TOPIC, &[(0, Offset(6))]).await.unwrap();
    assert_eq!(refused[0].result.as_ref().unwrap_err().known(), Some(ErrorCode::OffsetOutOfRange));
    let lacks = cluster.delete_records(TOPIC, &[(0, Offset(7))]).await.unwrap_err();
    assert!(matches!(lacks, ClientError::Incomplete(_)), "{lacks}");
}

/// Protects: more partitions are asked for with the total, dry or not, and a topic that is not there is told as such.
#[tokio::test]
async fn partitions_are_asked_for_by_their_total() {
    let address = start(|asked| {
        let request: CreatePartitionsRequest = asked.read();
        let topic = &request.topics[0];
        assert_eq!((topic.count, request.validate_only, topic.assignments.is_none()), (6, true, true));
        let error_code = if topic.name == TOPIC { 0 } else { ErrorCode::UnknownTopicOrPartition.code() };
        let result =
            CreatePartitionsTopicResult { name: topic.name.clone(), error_code, error_message: None };
        asked.answer(&CreatePartitionsResponse { results: vec![result], ..Default::default() })
    });
    let cluster = cluster(&address.await);
    cluster.create_partitions(TOPIC, 6, true).await.unwrap();
    let error = cluster.create_partitions("nowhere", 6, true).await.unwrap_err();
    assert!(matches!(error, ClientError::UnknownTopic(_)), "{error}");
}
