//! OffsetForLeaderEpoch, 2 to 4. KIP-101, 279, 320.
//!
//! Where the largest epoch at or below the asked one ends; none for an epoch that is not known yet. One message per
//! shard. Decided by partition::offsets. Tests: tests/wire/epochs.rs.

use super::topics::{self, TopicRef};
use crate::context::Context;
use crate::publish::Published;
use crate::shard::message::{Offsets, OffsetsPart, OffsetsPartAnswer, ShardMessage};
use partition::{Isolation, OffsetQuery};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::oneshot;
use types::{ErrorCode, LeaderEpoch, Offset};
use wire::offset_for_leader_epoch_request::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use wire::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};

/// What a topic takes in a request and its answer, without its name. *Units*: bytes.
const TOPIC_BYTES: usize = 250;
/// What a partition takes there. *Units*: bytes.
const PARTITION_BYTES: usize = 250;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &OffsetForLeaderEpochRequest) -> usize {
    let size =
        |t: &OffsetForLeaderTopic| TOPIC_BYTES + 3 * t.topic.len() + t.partitions.len() * PARTITION_BYTES;
    request.topics.iter().map(size).sum()
}

pub(super) async fn offset_for_leader_epoch(
    context: Arc<Context>,
    request: OffsetForLeaderEpochRequest,
    _: i16,
) -> OffsetForLeaderEpochResponse {
    let asked = resolve(&context.published(), &request);
    let mut ends = ask(&context, asked).await.into_iter();
    let topics = request.topics.into_iter().map(|topic| {
        let each = topic.partitions.iter().zip(&mut ends);
        let partitions = each.map(|(partition, end)| respond(partition.partition, end)).collect();
        OffsetForLeaderTopicResult { topic: topic.topic, partitions }
    });
    OffsetForLeaderEpochResponse { topics: topics.collect(), ..OffsetForLeaderEpochResponse::default() }
}

/// Finds the partitions, in order of the request.
fn resolve(
    published: &Published,
    request: &OffsetForLeaderEpochRequest,
) -> Vec<Result<OffsetsPart, ErrorCode>> {
    let all = request.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |p| (topic, p)));
    let one = |(topic, asked): (&OffsetForLeaderTopic, &OffsetForLeaderPartition)| {
        let image = topics::topic(published, TopicRef::Name(&topic.topic))?;
        let (key, _) = topics::partition(image, asked.partition)?;
        Ok(OffsetsPart {
            key,
            query: OffsetQuery::EndOfEpoch(LeaderEpoch(asked.leader_epoch)),
            from: Offset::ZERO,
            isolation: Isolation::ReadUncommitted,
            epoch: (asked.current_leader_epoch != -1).then_some(LeaderEpoch(asked.current_leader_epoch)),
        })
    };
    all.map(one).collect()
}

/// An epoch and its end.
type End = Result<(LeaderEpoch, Offset), ErrorCode>;

async fn ask(context: &Context, asked: Vec<Result<OffsetsPart, ErrorCode>>) -> Vec<End> {
    let mut shards: BTreeMap<usize, (Vec<usize>, Vec<OffsetsPart>)> = BTreeMap::new();
    let mut ends = Vec::with_capacity(asked.len());
    for (index, one) in asked.into_iter().enumerate() {
        ends.push(Err(one.as_ref().err().copied().unwrap_or(ErrorCode::NotLeaderOrFollower)));
        if let Ok(part) = one {
            let (places, parts) = shards.entry(context.router.shard_of(&part.key)).or_default();
            places.push(index);
            parts.push(part);
        }
    }
    let send = |(shard, (places, parts))| {
        let (reply, answers) = oneshot::channel();
        context.router.send(shard, ShardMessage::Offsets(Offsets { parts, reply }));
        (places, answers)
    };
    let replies: Vec<(Vec<usize>, oneshot::Receiver<_>)> = shards.into_iter().map(send).collect();
    for (places, answers) in replies {
        for (place, answer) in places.into_iter().zip(answers.await.unwrap_or_default()) {
            ends[place] = end(&answer);
        }
    }
    ends
}

fn end(answer: &OffsetsPartAnswer) -> End {
    match answer {
        OffsetsPartAnswer::Refused(code) => Err(*code),
        OffsetsPartAnswer::Known(offset, epoch) => Ok((epoch.unwrap_or(LeaderEpoch::UNKNOWN), *offset)),
        OffsetsPartAnswer::Nothing | OffsetsPartAnswer::Look(_) => Ok((LeaderEpoch::UNKNOWN, Offset::NONE)),
    }
}

fn respond(partition: i32, end: End) -> EpochEndOffset {
    let nothing = (LeaderEpoch::UNKNOWN, Offset::NONE);
    let (code, (epoch, offset)) = end.map_or_else(|code| (code, nothing), |end| (ErrorCode::None, end));
    EpochEndOffset { error_code: code.code(), partition, leader_epoch: epoch.0, end_offset: offset.0 }
}
