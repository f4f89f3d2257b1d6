//! ListOffsets, 1 to 11. KIP-79, 207, 320, 405, 734, 1005, 1023, 1075.
//!
//! Tiered offsets (-5, -6) have no answer without remote storage, as in Kafka. Tests: tests/wire/offsets.rs.

use super::read::{Looked, find};
use super::topics::{self, TopicRef};
use crate::context::Context;
use crate::publish::Published;
use crate::shard::message::{Offsets, OffsetsPart, OffsetsPartAnswer, ShardMessage};
use log::read_plan::TimePlan;
use partition::{Isolation, OffsetQuery};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::oneshot;
use types::{ErrorCode, LeaderEpoch, Offset};
use wire::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use wire::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};

/// An outdated plan is made anew this often.
const TRIES_MAX: u32 = 3;

/// First version whose answers carry leader epochs.
const EPOCHS_FROM: i16 = 4;

/// What a topic takes in a request and its answer, without its name. *Units*: bytes.
const TOPIC_BYTES: usize = 250;
/// What a partition takes there. *Units*: bytes.
const PARTITION_BYTES: usize = 150;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &ListOffsetsRequest) -> usize {
    let size = |t: &ListOffsetsTopic| TOPIC_BYTES + 3 * t.name.len() + t.partitions.len() * PARTITION_BYTES;
    request.topics.iter().map(size).sum()
}

pub(super) async fn list_offsets(
    context: Arc<Context>,
    request: ListOffsetsRequest,
    version: i16,
) -> ListOffsetsResponse {
    let published = context.published();
    let isolation = Isolation::new(request.isolation_level);
    let twice = twice(&request);
    let mut response = ListOffsetsResponse::default();
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let answer = if twice.contains(&(topic.name.as_str(), asked.partition_index)) {
                Err(ErrorCode::InvalidRequest)
            } else {
                answer(&context, &published, &topic.name, asked, isolation, version).await
            };
            partitions.push(respond(asked, answer, version));
        }
        response.topics.push(ListOffsetsTopicResponse { name: topic.name.clone(), partitions });
    }
    response
}

/// Returns the partitions that stand more than once in the request (A12).
fn twice(request: &ListOffsetsRequest) -> BTreeSet<(&str, i32)> {
    let all =
        request.topics.iter().flat_map(|t| t.partitions.iter().map(|p| (t.name.as_str(), p.partition_index)));
    let mut seen = BTreeSet::new();
    all.filter(|pair| !seen.insert(*pair)).collect()
}

/// An offset with its timestamp and epoch.
struct Found {
    offset: Offset,
    timestamp: i64,
    leader_epoch: Option<LeaderEpoch>,
}

const NOTHING: Found = Found { offset: Offset::NONE, timestamp: -1, leader_epoch: None };

async fn answer(
    context: &Arc<Context>,
    published: &Published,
    topic: &str,
    asked: &ListOffsetsPartition,
    isolation: Option<Isolation>,
    version: i16,
) -> Result<Found, ErrorCode> {
    let (key, _) =
        topics::partition(topics::topic(published, TopicRef::Name(topic))?, asked.partition_index)?;
    let isolation = isolation.ok_or(ErrorCode::InvalidRequest)?;
    let query = query(asked.timestamp, version)?;
    let epoch = (asked.current_leader_epoch >= 0).then_some(LeaderEpoch(asked.current_leader_epoch));
    let target = match query {
        OffsetQuery::AtOrAfter(time) => Some(time),
        _ => None,
    };
    let mut part = OffsetsPart { key, query, from: Offset::ZERO, isolation, epoch };
    let mut tries = 1;
    // Each look that finds nothing moves the start of the search on, so this ends.
    loop {
        let plan = match ask(context, part).await? {
            Asked::Known(found) => return Ok(found),
            Asked::Look(plan) => plan,
        };
        match find(context, key, target, plan, tries == TRIES_MAX).await? {
            Looked::Again => tries += 1,
            Looked::NotBefore(next) if target.is_some() && next > part.from => part.from = next,
            Looked::NotBefore(_) => return Ok(NOTHING),
            Looked::Found(found) => {
                let leader_epoch = Some(found.leader_epoch);
                return Ok(Found { offset: found.offset, timestamp: found.timestamp.0, leader_epoch });
            }
        }
    }
}

/// What the shard says.
enum Asked {
    Known(Found),
    Look(TimePlan),
}

async fn ask(context: &Context, part: OffsetsPart) -> Result<Asked, ErrorCode> {
    let (reply, answers) = oneshot::channel();
    let query = ShardMessage::Offsets(Offsets { parts: vec![part], reply });
    context.router.send_to_owner(&part.key, query);
    match answers.await.unwrap_or_default().pop() {
        None => Err(ErrorCode::NotLeaderOrFollower),
        Some(OffsetsPartAnswer::Refused(code)) => Err(code),
        Some(OffsetsPartAnswer::Nothing) => Ok(Asked::Known(NOTHING)),
        Some(OffsetsPartAnswer::Known(offset, leader_epoch)) => {
            Ok(Asked::Known(Found { offset, timestamp: -1, leader_epoch }))
        }
        Some(OffsetsPartAnswer::Look(plan)) => Ok(Asked::Look(plan)),
    }
}

/// Reads the wire's timestamp; a special one that the version does not have is refused.
fn query(timestamp: i64, version: i16) -> Result<OffsetQuery, ErrorCode> {
    let since = match timestamp {
        -3 => 7,
        -4 => 8,
        -5 => 9,
        -6 => 11,
        _ => 1,
    };
    OffsetQuery::new(timestamp).filter(|_| version >= since).ok_or(ErrorCode::UnsupportedVersion)
}

fn respond(
    asked: &ListOffsetsPartition,
    answer: Result<Found, ErrorCode>,
    version: i16,
) -> ListOffsetsPartitionResponse {
    let (code, found) = answer.map_or_else(|code| (code, NOTHING), |found| (ErrorCode::None, found));
    ListOffsetsPartitionResponse {
        partition_index: asked.partition_index,
        error_code: code.code(),
        timestamp: found.timestamp,
        offset: found.offset.0,
        leader_epoch: found.leader_epoch.filter(|_| version >= EPOCHS_FROM).map_or(-1, |epoch| epoch.0),
    }
}
