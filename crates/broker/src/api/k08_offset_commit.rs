//! OffsetCommit, 2 to 10. KIP-211, 345, 848, 1251. Decided by coordinator::Groups.
//!
//! Differs from Kafka: a partition that stands twice in one request (A12), and an offset below 0 (A35), are INVALID_REQUEST.

use super::groups::ask_now;
use super::k11_join_group::From;
use super::topics::{self, TopicRef};
use crate::context::Context;
use crate::history::{is_there, make_topic};
use crate::publish::Published;
use coordinator::{Answer, Commit, CommitOffset, Request};
use futures_util::TryFutureExt as _;
use futures_util::future::{Either, ready};
use std::collections::BTreeSet;
use std::sync::Arc;
use types::{ErrorCode, Generation, GroupId, InstanceId, MemberId, Offset, Uuid};
use wire::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use wire::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};

/// First version whose clients know that a group may not be there.
const NOT_FOUND_FROM: i16 = 9;
/// First version that names topics by id.
const TOPIC_IDS_FROM: i16 = 10;

/// What a topic takes in a request and its answer, without its name. *Units*: bytes.
const TOPIC_BYTES: usize = 250;
/// What a partition takes there and while it waits, without its text. *Units*: bytes.
const PARTITION_BYTES: usize = 500;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &OffsetCommitRequest) -> usize {
    let text = |p: &OffsetCommitRequestPartition| 3 * p.committed_metadata.as_ref().map_or(0, String::len);
    let size = |t: &OffsetCommitRequestTopic| {
        let each = t.partitions.iter().map(|p| PARTITION_BYTES + 3 * t.name.len() + text(p));
        TOPIC_BYTES + 3 * t.name.len() + each.sum::<usize>()
    };
    request.topics.iter().map(size).sum()
}

/// Sends the commit to its coordinator, unless the history of commits has to be made first; the future answers it.
pub(super) fn offset_commit(
    context: &Arc<Context>,
    request: OffsetCommitRequest,
    version: i16,
    from: From,
) -> impl Future<Output = OffsetCommitResponse> + use<> {
    let published = context.published();
    let mut offsets = Vec::new();
    let mut codes: Vec<Option<ErrorCode>> = Vec::new();
    let twice = twice(&request);
    for topic in &request.topics {
        for partition in &topic.partitions {
            let is_twice = twice.contains(&name(topic, partition));
            match resolve(&published, topic, partition, version) {
                Ok(_) if is_twice => codes.push(Some(ErrorCode::InvalidRequest)),
                Ok(offset) => {
                    offsets.push(offset);
                    codes.push(None);
                }
                Err(code) => codes.push(Some(code)),
            }
        }
    }
    let commit = Commit {
        group: GroupId::from(request.group_id.as_str()),
        member: MemberId::from(request.member_id.as_str()),
        instance: request.group_instance_id.as_deref().map(InstanceId::from),
        generation: Generation(request.generation_id_or_member_epoch),
        knows_not_found: version >= NOT_FOUND_FROM,
        caller: from.caller(),
        offsets,
    };
    let answer = commit_now(context, commit);
    async move { respond(request, &codes, answer.await) }
}

/// Asks the coordinator; there is nothing to ask about a commit of nothing.
fn commit_now(
    context: &Arc<Context>,
    commit: Commit,
) -> impl Future<Output = Result<Vec<ErrorCode>, ErrorCode>> + use<> {
    let is_empty = commit.offsets.is_empty();
    let (far, request) = (context.clone(), Request::Commit(commit));
    let answer = if is_empty {
        Either::Left(Either::Left(ready(Ok(Answer::Partitions(Vec::new())))))
    } else if is_there(context) {
        Either::Left(Either::Right(ask_now(context, request)))
    } else {
        Either::Right(async move {
            make_topic(&far).await;
            ask_now(&far, request).await
        })
    };
    answer.map_ok(|answer| match answer {
        Answer::Partitions(codes) => codes,
        _ => Vec::new(),
    })
}

/// What a request names: topics by one or the other.
type Named<'a> = (&'a str, Uuid, i32);

fn name<'a>(topic: &'a OffsetCommitRequestTopic, partition: &OffsetCommitRequestPartition) -> Named<'a> {
    (&topic.name, topic.topic_id, partition.partition_index)
}

/// Returns the partitions that stand more than once.
fn twice(request: &OffsetCommitRequest) -> BTreeSet<Named<'_>> {
    let mut seen = BTreeSet::new();
    let all = request.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |p| name(topic, p)));
    all.filter(|one| !seen.insert(*one)).collect()
}

/// Finds what is committed to.
fn resolve(
    published: &Published,
    topic: &OffsetCommitRequestTopic,
    partition: &OffsetCommitRequestPartition,
    version: i16,
) -> Result<CommitOffset, ErrorCode> {
    let image =
        topics::topic(published, TopicRef::new(version >= TOPIC_IDS_FROM, &topic.name, topic.topic_id))?;
    topics::partition(image, partition.partition_index)?;
    if partition.committed_offset < 0 {
        return Err(ErrorCode::InvalidRequest);
    }
    Ok(CommitOffset {
        topic: image.name.to_string(),
        topic_id: image.id,
        partition: partition.partition_index,
        offset: Offset(partition.committed_offset),
        leader_epoch: partition.committed_leader_epoch,
        metadata: partition.committed_metadata.clone().unwrap_or_default(),
    })
}

/// Puts the codes in the order of the request: those known at once, between them those of the coordinator.
fn respond(
    request: OffsetCommitRequest,
    codes: &[Option<ErrorCode>],
    answered: Result<Vec<ErrorCode>, ErrorCode>,
) -> OffsetCommitResponse {
    let (mut codes, whole) = (codes.iter(), answered.as_ref().err().copied());
    let mut answered = answered.unwrap_or_default().into_iter();
    let mut next = || match codes.next().copied().flatten() {
        Some(code) => code,
        None => whole.or_else(|| answered.next()).unwrap_or(ErrorCode::UnknownServerError),
    };
    let mut response = OffsetCommitResponse::default();
    for topic in request.topics {
        let partitions = topic.partitions.iter().map(|partition| OffsetCommitResponsePartition {
            partition_index: partition.partition_index,
            error_code: next().code(),
        });
        let partitions = partitions.collect();
        let (name, topic_id) = (topic.name, topic.topic_id);
        response.topics.push(OffsetCommitResponseTopic { name, topic_id, partitions });
    }
    response
}
