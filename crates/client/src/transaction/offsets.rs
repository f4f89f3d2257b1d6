//! Offsets of a group as part of a transaction.

use crate::admin::NewOffset;
use crate::producer::Identity;
use std::collections::BTreeMap;
use wire::txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
use wire::{TxnOffsetCommitRequest, TxnOffsetCommitResponse};

/// In whose name offsets are committed: a member, so that one that has lost its partitions is refused (KIP-447), or a
/// group without members.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupMembership {
    /// The group.
    pub group: String,
    /// The member's generation or epoch; -1 without one.
    pub generation: i32,
    /// The member's id; empty without one.
    pub member: String,
    /// Its instance, if it is a static one.
    pub instance: Option<String>,
}

impl GroupMembership {
    /// Names a group without members.
    pub fn without_member(group: &str) -> GroupMembership {
        GroupMembership { group: group.to_owned(), generation: -1, member: String::new(), instance: None }
    }
}

/// Asks to put offsets into the transaction of a producer.
pub(super) fn request(
    transactional_id: &str,
    identity: Identity,
    membership: &GroupMembership,
    offsets: &[NewOffset],
) -> TxnOffsetCommitRequest {
    let mut topics: BTreeMap<&str, Vec<TxnOffsetCommitRequestPartition>> = BTreeMap::new();
    for one in offsets {
        topics.entry(&one.topic).or_default().push(TxnOffsetCommitRequestPartition {
            partition_index: one.partition,
            committed_offset: one.offset.0,
            committed_leader_epoch: one.leader_epoch,
            committed_metadata: Some(one.metadata.clone()),
        });
    }
    let topic = |(name, partitions): (&str, Vec<TxnOffsetCommitRequestPartition>)| {
        TxnOffsetCommitRequestTopic { name: name.to_owned(), partitions }
    };
    TxnOffsetCommitRequest {
        transactional_id: transactional_id.to_owned(),
        group_id: membership.group.clone(),
        producer_id: identity.id.0,
        producer_epoch: identity.epoch.0,
        generation_id: membership.generation,
        member_id: membership.member.clone(),
        group_instance_id: membership.instance.clone(),
        topics: topics.into_iter().map(topic).collect(),
    }
}

/// Returns the first refusal of an answer.
pub(super) fn code(answer: &TxnOffsetCommitResponse) -> i16 {
    let codes =
        answer.topics.iter().flat_map(|topic| &topic.partitions).map(|partition| partition.error_code);
    codes.into_iter().find(|code| *code != 0).unwrap_or(0)
}
