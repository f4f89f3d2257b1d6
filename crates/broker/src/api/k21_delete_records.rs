//! DeleteRecords, 0 to 2. KIP-107.
//!
//! Answered once every log start is durable (W-8); what takes longer than the request's time-out, but for the
//! sync of this broker, is REQUEST_TIMED_OUT, and may be done all the same. Differs from Kafka: a partition that
//! stands twice in one request is INVALID_REQUEST and nothing of it is deleted (A12).
//! Decided by partition::delete. Tests: tests/wire/delete_records.rs.

use super::topics::{self, TopicRef};
use crate::context::Context;
use crate::publish::Published;
use crate::shard::message::{Delete, ShardMessage};
use partition::DeleteUpTo;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use types::{ErrorCode, LogKey, Millis, Offset};
use wire::delete_records_request::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic};
use wire::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsResponse, DeleteRecordsTopicResult,
};

/// However short the request's time-out, the sync of this broker is waited for at least so long.
const SYNC_WAIT: Duration = Duration::from_secs(1);
/// What one deletion takes in the write-ahead log at most. *Units*: bytes.
const FRAME_BYTES: u64 = 128;
/// Deletions for which room is taken at a time: it has to fit into any write-ahead log.
const AT_ONCE: usize = 256;

/// What a topic takes in a request and its answer, without its name. *Units*: bytes.
const TOPIC_BYTES: usize = 250;
/// What a partition takes there and while it waits. *Units*: bytes.
const PARTITION_BYTES: usize = 500;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &DeleteRecordsRequest) -> usize {
    let size = |t: &DeleteRecordsTopic| TOPIC_BYTES + 3 * t.name.len() + t.partitions.len() * PARTITION_BYTES;
    request.topics.iter().map(size).sum()
}

pub(super) async fn delete_records(
    context: Arc<Context>,
    request: DeleteRecordsRequest,
    _: i16,
) -> DeleteRecordsResponse {
    let within = Millis(i64::from(request.timeout_ms)).duration().max(SYNC_WAIT);
    let asked = resolve(&context.published(), &request);
    let mut results = carry_out(&context, asked, Instant::now() + within).await.into_iter();
    let topics = request.topics.into_iter().map(|topic| {
        let each = topic.partitions.iter().zip(&mut results);
        let partitions = each.map(|(partition, result)| respond(partition.partition_index, result)).collect();
        DeleteRecordsTopicResult { name: topic.name, partitions }
    });
    DeleteRecordsResponse { topics: topics.collect(), ..DeleteRecordsResponse::default() }
}

/// One partition of a request: what to do, or why nothing is done.
type Asked = Result<(LogKey, DeleteUpTo), ErrorCode>;

/// Where the answer for one partition comes from.
type Reply = oneshot::Receiver<Result<Offset, ErrorCode>>;

/// Finds the partitions, in order of the request.
fn resolve(published: &Published, request: &DeleteRecordsRequest) -> Vec<Asked> {
    let mut seen = BTreeSet::new();
    let all = || request.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |p| (topic, p)));
    let twice: BTreeSet<(&str, i32)> = all()
        .map(|(topic, partition)| (topic.name.as_str(), partition.partition_index))
        .filter(|one| !seen.insert(*one))
        .collect();
    let one = |(topic, partition): (&DeleteRecordsTopic, &DeleteRecordsPartition)| {
        if twice.contains(&(topic.name.as_str(), partition.partition_index)) {
            return Err(ErrorCode::InvalidRequest);
        }
        let image = topics::topic(published, TopicRef::Name(&topic.name))?;
        let (key, _) = topics::partition(image, partition.partition_index)?;
        if image.is_internal() {
            return Err(ErrorCode::InvalidTopicException);
        }
        Ok((key, DeleteUpTo::new(partition.offset)))
    };
    all().map(one).collect()
}

async fn carry_out(
    context: &Context,
    asked: Vec<Asked>,
    deadline: Instant,
) -> Vec<Result<Offset, ErrorCode>> {
    let mut results = Vec::with_capacity(asked.len());
    for some in asked.chunks(AT_ONCE) {
        let replies = timeout_at(deadline, send(context, some)).await.unwrap_or_default();
        let mut replies: BTreeMap<usize, Reply> = replies.into_iter().collect();
        for (index, one) in some.iter().enumerate() {
            let late = Err(ErrorCode::RequestTimedOut);
            results.push(match (one, replies.remove(&index)) {
                (Err(code), _) => Err(*code),
                (Ok(_), None) => late,
                // A shard that has stopped says nothing: whether it was done is open.
                (Ok(_), Some(reply)) => timeout_at(deadline, reply).await.map_or(late, |r| r.unwrap_or(late)),
            });
        }
    }
    results
}

/// Hands deletions to their shards; returns where each answer comes from.
async fn send(context: &Context, asked: &[Asked]) -> Vec<(usize, Reply)> {
    let count = asked.iter().filter(|one| one.is_ok()).count() as u64;
    let room = Arc::new(context.wal.reserve_control_later(count * FRAME_BYTES).await);
    let known =
        asked.iter().enumerate().filter_map(|(index, one)| one.as_ref().ok().map(|one| (index, *one)));
    let hand_over = |(index, (key, up_to)): (usize, (LogKey, DeleteUpTo))| {
        let (reply, answer) = oneshot::channel();
        let room = room.clone();
        context.router.send_to_owner(&key, ShardMessage::Delete(Delete { key, up_to, room, reply }));
        (index, answer)
    };
    known.map(hand_over).collect()
}

fn respond(partition_index: i32, result: Result<Offset, ErrorCode>) -> DeleteRecordsPartitionResult {
    let (code, start) = result.map_or_else(|code| (code, Offset::NONE), |start| (ErrorCode::None, start));
    DeleteRecordsPartitionResult { partition_index, low_watermark: start.0, error_code: code.code() }
}
