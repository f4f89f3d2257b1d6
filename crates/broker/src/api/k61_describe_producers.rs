//! DescribeProducers, 0. KIP-664.
//!
//! The producers that Kafka would still know, and every one with an open transaction (`partition::active`). Differs from
//! Kafka: a partition that stands twice in one request is INVALID_REQUEST (A12).
//! Tests: tests/wire/transactions.rs, tests/storage/transactions.rs.

use super::topics::{self, TopicRef};
use crate::context::Context;
use crate::publish::Published;
use crate::shard::message::ShardMessage;
use crate::shard::txns::{DescribeProducers, Producers};
use partition::ActiveProducer;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::oneshot;
use types::{ErrorCode, LogKey, Offset, TopicName};
use wire::describe_producers_request::{DescribeProducersRequest, TopicRequest};
use wire::describe_producers_response::{
    DescribeProducersResponse, PartitionResponse, ProducerState, TopicResponse,
};

/// What a topic takes in a request and its answer, without its name. *Units*: bytes.
const TOPIC_BYTES: usize = 250;
/// What a partition takes there. *Units*: bytes.
const PARTITION_BYTES: usize = 250;
/// What a producer takes in an answer and while it is made. *Units*: bytes.
const PRODUCER_BYTES: usize = 150;
/// How Kafka says that a partition is not there.
const NOT_HOSTED: &str = "This server does not host this topic-partition.";

/// Returns what an answer takes at most, without the producers.
pub(super) fn answer_bytes(_: &Context, request: &DescribeProducersRequest) -> usize {
    let size =
        |t: &TopicRequest| TOPIC_BYTES + 3 * t.name.len() + t.partition_indexes.len() * PARTITION_BYTES;
    request.topics.iter().map(size).sum()
}

/// Answers with at most `room` bytes of producers, or says how much there has to be.
pub(super) async fn describe_producers(
    context: Arc<Context>,
    request: DescribeProducersRequest,
    _: i16,
    room: usize,
) -> Result<DescribeProducersResponse, usize> {
    let published = context.published();
    let twice = twice(&request);
    let (mut response, mut left, mut needed) = (DescribeProducersResponse::default(), room, 0);
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partition_indexes.len());
        for index in &topic.partition_indexes {
            let key = match twice.contains(&(topic.name.as_str(), *index)) {
                true => Err(ErrorCode::InvalidRequest),
                false => resolve(&published, &topic.name, *index),
            };
            let found = match key {
                Ok(key) => ask(&context, key, left / PRODUCER_BYTES).await,
                Err(code) => Err(code),
            };
            let bytes = found.as_ref().map_or(0, Producers::len) * PRODUCER_BYTES;
            (left, needed) = (left.saturating_sub(bytes), needed + bytes);
            partitions.push(partition(*index, found));
        }
        response.topics.push(TopicResponse { name: topic.name.clone(), partitions });
    }
    if needed > room { Err(needed) } else { Ok(response) }
}

/// Returns the partitions that stand more than once in the request.
fn twice(request: &DescribeProducersRequest) -> BTreeSet<(&str, i32)> {
    let mut seen = BTreeSet::new();
    let all = request.topics.iter().flat_map(|t| t.partition_indexes.iter().map(|p| (t.name.as_str(), *p)));
    all.filter(|one| !seen.insert(*one)).collect()
}

fn resolve(published: &Published, topic: &str, index: i32) -> Result<LogKey, ErrorCode> {
    TopicName::new(topic).map_err(|_| ErrorCode::InvalidTopicException)?;
    Ok(topics::partition(topics::topic(published, TopicRef::Name(topic))?, index)?.0)
}

async fn ask(context: &Context, key: LogKey, most: usize) -> Result<Producers, ErrorCode> {
    let (reply, answer) = oneshot::channel();
    let question = DescribeProducers { key, most, reply };
    context.router.send_to_owner(&key, ShardMessage::DescribeProducers(question));
    answer.await.unwrap_or(Err(ErrorCode::NotLeaderOrFollower))
}

fn partition(index: i32, found: Result<Producers, ErrorCode>) -> PartitionResponse {
    let mut response = PartitionResponse { partition_index: index, ..PartitionResponse::default() };
    match found {
        Ok(Producers::All(producers)) => response.active_producers = producers.iter().map(state).collect(),
        Ok(Producers::TooMany(_)) => {}
        Err(code) => {
            response.error_code = code.code();
            let is_unknown = code == ErrorCode::UnknownTopicOrPartition;
            response.error_message = is_unknown.then(|| NOT_HOSTED.to_owned());
        }
    }
    response
}

fn state(producer: &ActiveProducer) -> ProducerState {
    ProducerState {
        producer_id: producer.producer_id.0,
        producer_epoch: i32::from(producer.producer_epoch.0),
        last_sequence: producer.last_sequence.0,
        last_timestamp: producer.last_timestamp.0,
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.txn_start.unwrap_or(Offset::NONE).0,
    }
}
