//! DescribeTopicPartitions 0 (KIP-966): topics in order of their names, paged by a cursor.

use super::authorized::TOPIC_OPERATIONS;
use super::k03_metadata::offline_replicas;
use crate::context::Context;
use crate::publish::Published;
use metadata::image::{PartitionImage, TopicImage};
use std::collections::BTreeSet;
use std::sync::Arc;
use types::{ErrorCode, PartitionId, TopicName};
use wire::describe_topic_partitions_request::DescribeTopicPartitionsRequest;
use wire::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponse, DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
};

/// What a name takes in a request and its answer, beside its bytes. *Units*: bytes.
const TOPIC_BYTES: usize = 400;
/// What a partition takes in an answer. *Units*: bytes.
const PARTITION_BYTES: usize = 400;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(context: &Context, request: &DescribeTopicPartitionsRequest) -> usize {
    let names = request.topics.iter().map(|topic| TOPIC_BYTES + 3 * topic.name.len());
    // Each partition of a page may be of another topic.
    names.sum::<usize>() + limit(context, request) * (TOPIC_BYTES + PARTITION_BYTES)
}

fn limit(context: &Context, request: &DescribeTopicPartitionsRequest) -> usize {
    let cap = context.config.network.max_request_partitions;
    u32::try_from(request.response_partition_limit).unwrap_or(0).clamp(1, cap) as usize
}

pub(super) async fn describe_topic_partitions(
    context: Arc<Context>,
    request: DescribeTopicPartitionsRequest,
    _: i16,
) -> DescribeTopicPartitionsResponse {
    if request.cursor.as_ref().is_some_and(|cursor| cursor.partition_index < 0) {
        return bad_cursor(request);
    }
    let published = context.published();
    let limit = limit(&context, &request);
    let (first, mut skip) = match &request.cursor {
        Some(cursor) => (cursor.topic_name.as_str(), cursor.partition_index),
        None => ("", 0),
    };
    let mut page = Page { left: limit, response: DescribeTopicPartitionsResponse::default() };
    for name in names(&published, &request, first) {
        let from = if name == first { skip } else { 0 };
        skip = 0;
        if !page.add(&published, name, from) {
            break;
        }
    }
    page.response
}

fn bad_cursor(request: DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse {
    let refused = |name| DescribeTopicPartitionsResponseTopic {
        error_code: ErrorCode::InvalidRequest.code(),
        name: Some(name),
        ..DescribeTopicPartitionsResponseTopic::default()
    };
    let topics = request.topics.into_iter().map(|topic| refused(topic.name)).collect();
    DescribeTopicPartitionsResponse { topics, ..DescribeTopicPartitionsResponse::default() }
}

/// Returns the asked-for names, or all, in order, from the cursor on.
fn names<'a>(
    published: &'a Published,
    request: &'a DescribeTopicPartitionsRequest,
    first: &'a str,
) -> Box<dyn Iterator<Item = &'a str> + 'a> {
    if request.topics.is_empty() {
        return Box::new(published.image.topics().iter_from(first).map(|topic| topic.name.as_str()));
    }
    let asked: BTreeSet<&str> = request.topics.iter().map(|topic| topic.name.as_str()).collect();
    Box::new(asked.into_iter().filter(move |name| *name >= first))
}

struct Page {
    left: usize,
    response: DescribeTopicPartitionsResponse,
}

impl Page {
    /// Adds a topic as far as there is room; says whether there is room for more.
    fn add(&mut self, published: &Published, name: &str, from: i32) -> bool {
        if self.left == 0 {
            self.response.next_cursor = Some(Cursor { topic_name: name.to_string(), partition_index: from });
            return false;
        }
        let Some(topic) = published.image.topics().by_name(name) else {
            self.response.topics.push(missing(name));
            return true;
        };
        let all: Vec<_> = topic.partitions_from(PartitionId(from)).take(self.left + 1).collect();
        let whole = all.len() <= self.left;
        let shown = &all[..all.len().min(self.left)];
        self.left -= shown.len();
        self.response.topics.push(describe(published, topic, shown));
        if !whole {
            let next = all.last().map_or(0, |(id, _)| id.0);
            self.response.next_cursor = Some(Cursor { topic_name: name.to_string(), partition_index: next });
        }
        whole
    }
}

fn missing(name: &str) -> DescribeTopicPartitionsResponseTopic {
    let code = match TopicName::new(name) {
        Ok(_) => ErrorCode::UnknownTopicOrPartition,
        Err(_) => ErrorCode::InvalidTopicException,
    };
    DescribeTopicPartitionsResponseTopic {
        error_code: code.code(),
        name: Some(name.to_string()),
        topic_authorized_operations: TOPIC_OPERATIONS,
        ..DescribeTopicPartitionsResponseTopic::default()
    }
}

fn describe(
    published: &Published,
    topic: &TopicImage,
    partitions: &[(PartitionId, &PartitionImage)],
) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic {
        name: Some(topic.name.to_string()),
        topic_id: topic.id.0,
        is_internal: topic.is_internal(),
        partitions: partitions
            .iter()
            .map(|(id, partition)| describe_partition(published, *id, partition))
            .collect(),
        topic_authorized_operations: TOPIC_OPERATIONS,
        ..DescribeTopicPartitionsResponseTopic::default()
    }
}

fn describe_partition(
    published: &Published,
    id: PartitionId,
    partition: &PartitionImage,
) -> DescribeTopicPartitionsResponsePartition {
    let leadership = published.image.leadership(partition);
    let code = if leadership.leader.is_some() { ErrorCode::None } else { ErrorCode::LeaderNotAvailable };
    let ids = |brokers: &[types::BrokerId]| brokers.iter().map(|broker| broker.0).collect::<Vec<_>>();
    DescribeTopicPartitionsResponsePartition {
        error_code: code.code(),
        partition_index: id.0,
        leader_id: leadership.leader.map_or(-1, |broker| broker.0),
        leader_epoch: leadership.epoch.0,
        replica_nodes: partition.state.replicas.iter().map(|replica| replica.broker.0).collect(),
        isr_nodes: ids(&partition.state.isr),
        eligible_leader_replicas: Some(ids(&partition.state.elr)),
        last_known_elr: Some(Vec::new()),
        offline_replicas: offline_replicas(published, partition),
    }
}
