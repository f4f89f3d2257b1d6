//! Metadata, 0 to 13.
//!
//! Differs from Kafka in one thing that clients like: a topic that is created on demand is described
//! in the same answer, where Kafka answers UNKNOWN_TOPIC_OR_PARTITION first. Tests: tests/wire/topics.rs.

use super::authorized::{CLUSTER_OPERATIONS, TOPIC_OPERATIONS, operations};
use super::brokers;
use super::k19_create_topics::create_on_demand;
use crate::context::Context;
use crate::publish::Published;
use metadata::image::{PartitionImage, TopicImage, is_internal};
use std::collections::BTreeSet;
use std::sync::Arc;
use types::{ErrorCode, PartitionId, TopicId, TopicName};
use wire::metadata_request::{MetadataRequest, MetadataRequestTopic};
use wire::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};

/// What a topic takes in an answer, without the name of one that is not there. *Units*: bytes.
const TOPIC_BYTES: usize = 320;
/// What a partition takes in an answer. *Units*: bytes.
const PARTITION_BYTES: usize = 300;
/// Topics that one request may create: a client that asks for more asks again for those that are missing.
const CREATED_MAX: usize = 100;

/// Returns what an answer takes at most. All topics are given whatever they take: nobody can ask for less.
pub(super) fn answer_bytes(context: &Context, request: &MetadataRequest) -> usize {
    let published = context.published();
    let topics = published.image.topics();
    let known = |topic: &TopicImage| TOPIC_BYTES + topic.partitions().count() * PARTITION_BYTES;
    let Some(asked) = request.topics.as_ref().filter(|asked| !asked.is_empty()) else {
        return topics.iter().map(known).sum::<usize>().min(context.admission.answer_max());
    };
    let mut seen = BTreeSet::new();
    let once = asked.iter().filter(|topic| seen.insert((topic.name.as_deref(), topic.topic_id)));
    let bytes = once.map(|asked| match named(&published, asked) {
        Some(topic) => known(topic),
        None => TOPIC_BYTES + 2 * asked.name.as_ref().map_or(0, String::len),
    });
    bytes.sum()
}

/// Returns the topic that is asked for, if there is one.
fn named<'p>(published: &'p Published, asked: &MetadataRequestTopic) -> Option<&'p TopicImage> {
    let topics = published.image.topics();
    match asked.name.as_deref().filter(|_| asked.topic_id.is_zero()) {
        Some(name) => topics.by_name(name),
        None => topics.by_id(TopicId(asked.topic_id)),
    }
}

pub(super) async fn metadata(
    context: Arc<Context>,
    request: MetadataRequest,
    version: i16,
    listener: Arc<str>,
) -> MetadataResponse {
    create_missing(&context, &request).await;
    let published = context.published();
    // Nobody may do anything with an id that no topic has.
    let asked_for = |topic: &MetadataResponseTopic| {
        request.include_topic_authorized_operations && topic.error_code != ErrorCode::UnknownTopicId.code()
    };
    let all =
        request.topics.is_none() || (version == 0 && request.topics.as_ref().is_some_and(Vec::is_empty));
    let topics = if all {
        published.image.topics().iter().map(|topic| describe(&published, topic)).collect()
    } else {
        // A topic that is asked for many times is described once (A6).
        let mut seen = BTreeSet::new();
        let asked = request.topics.iter().flatten();
        let once = asked.filter(|topic| seen.insert((topic.name.as_deref(), topic.topic_id)));
        once.map(|asked| find(&published, asked, version)).collect::<Vec<_>>()
    };
    MetadataResponse {
        brokers: broker_rows(&published, &listener),
        cluster_id: published.image.cluster_id().map(|id| id.to_string()),
        controller_id: context.config.node_id.0,
        topics: topics
            .into_iter()
            .map(|t| MetadataResponseTopic {
                topic_authorized_operations: operations(asked_for(&t), TOPIC_OPERATIONS),
                ..t
            })
            .collect(),
        cluster_authorized_operations: operations(
            request.include_cluster_authorized_operations,
            CLUSTER_OPERATIONS,
        ),
        ..MetadataResponse::default()
    }
}

/// Creates the asked-for topics that do not exist, where client and broker allow it.
async fn create_missing(context: &Arc<Context>, request: &MetadataRequest) {
    if !(context.config.topics.auto_create && request.allow_auto_topic_creation) {
        return;
    }
    let published = context.published();
    let by_name = request.topics.iter().flatten().filter(|topic| topic.topic_id.is_zero());
    let names = by_name.filter_map(|topic| topic.name.as_deref());
    let missing: BTreeSet<TopicName> = names
        .filter(|name| published.image.topics().by_name(name).is_none())
        // Those are made by who uses them, with settings of their own.
        .filter(|name| !is_internal(name))
        .filter_map(|name| TopicName::new(name).ok())
        .take(CREATED_MAX)
        .collect();
    if !missing.is_empty() {
        create_on_demand(context, missing.into_iter().collect()).await;
    }
}

fn find(published: &Published, asked: &MetadataRequestTopic, version: i16) -> MetadataResponseTopic {
    let topics = published.image.topics();
    let name = asked.name.as_deref().filter(|_| asked.topic_id.is_zero());
    let (found, code) = match name {
        Some(name) if TopicName::new(name).is_err() => (None, ErrorCode::InvalidTopicException),
        Some(name) => (topics.by_name(name), ErrorCode::UnknownTopicOrPartition),
        None => (topics.by_id(TopicId(asked.topic_id)), ErrorCode::UnknownTopicId),
    };
    found.map_or_else(
        || MetadataResponseTopic {
            error_code: code.code(),
            // Before version 12 a topic always has a name.
            name: asked.name.clone().or_else(|| (version < 12).then(String::new)),
            topic_id: asked.topic_id,
            ..MetadataResponseTopic::default()
        },
        |topic| describe(published, topic),
    )
}

fn describe(published: &Published, topic: &TopicImage) -> MetadataResponseTopic {
    MetadataResponseTopic {
        error_code: ErrorCode::None.code(),
        name: Some(topic.name.to_string()),
        topic_id: topic.id.0,
        is_internal: topic.is_internal(),
        partitions: topic
            .partitions()
            .map(|(id, partition)| describe_partition(published, id, partition))
            .collect(),
        ..MetadataResponseTopic::default()
    }
}

fn describe_partition(
    published: &Published,
    id: PartitionId,
    partition: &PartitionImage,
) -> MetadataResponsePartition {
    let leadership = published.image.leadership(partition);
    let code = if leadership.leader.is_some() { ErrorCode::None } else { ErrorCode::LeaderNotAvailable };
    MetadataResponsePartition {
        error_code: code.code(),
        partition_index: id.0,
        leader_id: leadership.leader.map_or(-1, |broker| broker.0),
        leader_epoch: leadership.epoch.0,
        replica_nodes: partition.state.replicas.iter().map(|replica| replica.broker.0).collect(),
        isr_nodes: partition.state.isr.iter().map(|broker| broker.0).collect(),
        offline_replicas: offline_replicas(published, partition),
    }
}

/// Returns the replicas whose broker is not alive.
pub(super) fn offline_replicas(published: &Published, partition: &PartitionImage) -> Vec<i32> {
    let brokers = published.image.brokers();
    let replicas = partition.state.replicas.iter().map(|replica| replica.broker);
    replicas.filter(|broker| !brokers.is_active(*broker)).map(|broker| broker.0).collect()
}

fn broker_rows(published: &Published, listener: &str) -> Vec<MetadataResponseBroker> {
    let nodes = brokers::active(published, listener);
    nodes
        .map(|n| MetadataResponseBroker { node_id: n.id, host: n.host, port: n.port, rack: n.rack })
        .collect()
}
