//! TxnOffsetCommit, 0 to 5. KIP-98, 447, 890. The group's partition of the offsets topic has to be part of the transaction
//! ([`super::verify`]; from version 5 on it becomes one by that); the rest is decided by coordinator::Groups.
//!
//! Differs from Kafka: a partition that stands twice in one request (A12), and an offset below 0 (A35), are INVALID_REQUEST, as in
//! OffsetCommit. Tests: tests/wire/txn_offsets.rs.

use super::Refused;
use super::groups::{ask, coordinator_of};
use super::k11_join_group::From;
use super::topics::{self, TopicRef};
use super::transactions::producer;
use super::verify::{Asks, Knows, Unverified};
use crate::context::Context;
use crate::history::make_topic;
use crate::publish::Published;
use config::Durability;
use coordinator::txn::Connection;
use coordinator::{Answer, Commit, CommitOffset, InTxn, Request, TxnCommit};
use std::collections::BTreeSet;
use std::sync::Arc;
use types::{ErrorCode, Generation, GroupId, InstanceId, MemberId, Offset, Sequence};
use wire::txn_offset_commit_request::{TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition};
use wire::txn_offset_commit_response::{
    TxnOffsetCommitResponse, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};

/// First version that adds the group's partition itself.
const ADDS_FROM: i16 = 5;
/// First version that knows TRANSACTION_ABORTABLE.
const ABORTABLE_FROM: i16 = 4;

/// What a topic takes in a request and its answer, without its name. *Units*: bytes.
const TOPIC_BYTES: usize = 250;
/// What a partition takes there and while it waits, without its text. *Units*: bytes.
const PARTITION_BYTES: usize = 500;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &TxnOffsetCommitRequest) -> usize {
    let text = |p: &TxnOffsetCommitRequestPartition| 3 * p.committed_metadata.as_ref().map_or(0, String::len);
    let topics = request.topics.iter().map(|topic| {
        let each = topic.partitions.iter().map(|p| PARTITION_BYTES + 3 * topic.name.len() + text(p));
        TOPIC_BYTES + 3 * topic.name.len() + each.sum::<usize>()
    });
    topics.sum()
}

pub(super) async fn txn_offset_commit(
    context: Arc<Context>,
    request: TxnOffsetCommitRequest,
    version: i16,
    from: From,
    connection: Connection,
) -> Result<TxnOffsetCommitResponse, Refused> {
    let published = context.published();
    let (offsets, codes) = resolve_all(&published, &request);
    let commit = Commit {
        group: GroupId::from(request.group_id.as_str()),
        member: MemberId::from(request.member_id.as_str()),
        instance: request.group_instance_id.as_deref().map(InstanceId::from),
        generation: Generation(request.generation_id),
        knows_not_found: false,
        caller: from.caller(),
        offsets,
    };
    // There is nothing to ask about a commit of nothing.
    let answered = match commit.offsets.is_empty() {
        true => Ok(Vec::new()),
        false => {
            let id = request.transactional_id.as_str();
            let asks =
                Asks { context: &context, published: &published, id, knows: knows(version), connection };
            commit_in(&asks, commit, (request.producer_id, request.producer_epoch)).await?
        }
    };
    Ok(respond(request, &codes, answered))
}

fn knows(version: i16) -> Knows {
    match version {
        ADDS_FROM.. => Knows::Adding,
        ABORTABLE_FROM.. => Knows::Abortable,
        _ => Knows::Nothing,
    }
}

/// Verifies that the group is part of the transaction, and has its coordinator commit.
///
/// # Errors
/// The producer has come by a later connection.
async fn commit_in(
    asks: &Asks<'_>,
    commit: Commit,
    (id, epoch): (i64, i16),
) -> Result<Result<Vec<ErrorCode>, ErrorCode>, Refused> {
    if commit.group.is_empty() {
        return Ok(Err(ErrorCode::InvalidGroupId));
    }
    let key = match coordinator_of(asks.published, commit.group.as_str()) {
        Ok(key) => key,
        Err(code) => return Ok(Err(code)),
    };
    make_topic(asks.context).await;
    let producer = producer(id, epoch);
    let is_in_wal = asks.published.config(key.topic_id).durability == Durability::Fsync;
    let first = Unverified { index: 0, key, is_in_wal, producer, first: Sequence(-1) };
    let guard = match asks.verify(vec![first]).await?.pop() {
        Some((_, Ok(guard))) => guard.map(|guard| guard.0),
        Some((_, Err((code, _)))) => return Ok(Err(told(code))),
        None => return Ok(Err(ErrorCode::UnknownServerError)),
    };
    let commit = TxnCommit { commit, txn: InTxn { producer, guard } };
    Ok(ask(asks.context, Request::TxnCommit(commit)).await.map(|answer| match answer {
        Answer::Partitions(codes) => codes,
        _ => Vec::new(),
    }))
}

/// Returns what a client is told of what the partition or the coordinator of transactions says. *Source*: Kafka's
/// GroupCoordinatorService.handleOperationException.
fn told(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::NotEnoughReplicas | ErrorCode::UnknownTopicOrPartition | ErrorCode::RequestTimedOut => {
            ErrorCode::CoordinatorNotAvailable
        }
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        code => code,
    }
}

/// Finds what is committed to; of each partition in the order of the request its code, if that is known at once.
fn resolve_all(
    published: &Published,
    request: &TxnOffsetCommitRequest,
) -> (Vec<CommitOffset>, Vec<Option<ErrorCode>>) {
    let mut seen = BTreeSet::new();
    let all = request.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |p| (&topic.name, p)));
    let place = |(topic, partition): &(&String, &TxnOffsetCommitRequestPartition)| {
        ((*topic).clone(), partition.partition_index)
    };
    let twice: BTreeSet<(String, i32)> =
        all.clone().map(|one| place(&one)).filter(|one| !seen.insert(one.clone())).collect();
    let (mut offsets, mut codes) = (Vec::new(), Vec::new());
    for (topic, partition) in all {
        let is_twice = twice.contains(&place(&(topic, partition)));
        match resolve(published, topic, partition) {
            Ok(_) if is_twice => codes.push(Some(ErrorCode::InvalidRequest)),
            Ok(offset) => {
                offsets.push(offset);
                codes.push(None);
            }
            Err(code) => codes.push(Some(code)),
        }
    }
    (offsets, codes)
}

fn resolve(
    published: &Published,
    topic: &str,
    partition: &TxnOffsetCommitRequestPartition,
) -> Result<CommitOffset, ErrorCode> {
    let image = topics::topic(published, TopicRef::Name(topic))?;
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
    request: TxnOffsetCommitRequest,
    codes: &[Option<ErrorCode>],
    answered: Result<Vec<ErrorCode>, ErrorCode>,
) -> TxnOffsetCommitResponse {
    let (mut codes, whole) = (codes.iter(), answered.as_ref().err().copied());
    let mut answered = answered.unwrap_or_default().into_iter();
    let mut next = || match codes.next().copied().flatten() {
        Some(code) => code,
        None => whole.or_else(|| answered.next()).unwrap_or(ErrorCode::UnknownServerError),
    };
    let mut response = TxnOffsetCommitResponse::default();
    for topic in request.topics {
        let partitions = topic.partitions.iter().map(|partition| TxnOffsetCommitResponsePartition {
            partition_index: partition.partition_index,
            error_code: next().code(),
        });
        let partitions = partitions.collect();
        response.topics.push(TxnOffsetCommitResponseTopic { name: topic.name, partitions });
    }
    response
}
