//! Commits of offsets: those that count at once, and those that are part of a transaction.
//!
//! *Source*: `OffsetMetadataManager` of Kafka 4.3.1: what a transaction commits is of a member if the client names one (KIP-447),
//! and clients of old name none. A member's session does not begin anew with it. Tests: tests/script/commits.rs,
//! tests/script/transactions.rs.

use super::room::{growth, growth_in_txn};
use super::{Then, Turn};
use crate::group::Group;
use crate::note::Who;
use crate::record::GroupRecord;
use crate::request::{Answer, Commit, CommitOffset, Token, TxnCommit};
use std::collections::BTreeMap;
use types::{ErrorCode, GroupEpoch, GroupId};

/// The groups of a partition.
type All = BTreeMap<GroupId, Group>;

/// OffsetCommit.
pub(super) fn commit_offsets(
    groups: &All,
    token: Token,
    commit: Commit,
    turn: &mut Turn<'_>,
) -> Result<(), ErrorCode> {
    check(groups, &commit, turn)?;
    check_size(&commit, turn)?;
    let Commit { group: id, member, instance, caller, offsets, .. } = commit;
    let (first, mut codes) = (turn.batch.records.len(), Vec::with_capacity(offsets.len()));
    for offset in offsets {
        let growth = growth(groups.get(&id), &offset);
        codes.push(write(&id, offset, growth, turn));
    }
    let who = Who { member: member.clone(), instance, client_id: caller.client_id, host: caller.host };
    turn.asked_by(first, who);
    turn.then(Then::Committed { token, group: id, member, codes });
    Ok(())
}

/// TxnOffsetCommit. The batch is empty before it.
pub(super) fn commit_in_txn(
    groups: &All,
    token: Token,
    TxnCommit { commit, txn, .. }: TxnCommit,
    turn: &mut Turn<'_>,
) -> Result<(), ErrorCode> {
    check_in_txn(groups, &commit)?;
    check_size(&commit, turn)?;
    let Commit { group: id, member, instance, caller, offsets, .. } = commit;
    let mut codes = Vec::with_capacity(offsets.len());
    for offset in offsets {
        let growth = growth_in_txn(groups.get(&id), txn.producer.id, &offset);
        codes.push(write(&id, offset, growth, turn));
    }
    if !turn.batch.records.is_empty() {
        turn.batch.txn = Some(txn);
        let who = Who { member, instance, client_id: caller.client_id, host: caller.host };
        turn.asked_by(0, who);
    }
    turn.then(Then::Reply(token, Answer::Partitions(codes)));
    Ok(())
}

/// Says whether offsets may be committed.
fn check(groups: &All, commit: &Commit, turn: &Turn<'_>) -> Result<(), ErrorCode> {
    let Commit { group: id, member, instance, generation, knows_not_found, offsets, .. } = commit;
    let draft = turn.batch.drafts.get(id).map(|draft| &**draft);
    let consumer = draft.or_else(|| groups.get(id).and_then(Group::consumer));
    match (consumer, groups.get(id).and_then(Group::classic)) {
        (Some(consumer), _) => {
            let partitions = offsets.iter().map(|one| (one.topic_id, one.partition));
            consumer.check_commit(member, GroupEpoch(generation.0), *knows_not_found, partitions)
        }
        (None, Some(classic)) => classic.check_commit(member, instance.as_ref(), *generation),
        // An assigning consumer or an operator: such a group has offsets and nothing else.
        _ if generation.0 < 0 => Ok(()),
        _ if *knows_not_found => Err(ErrorCode::GroupIdNotFound),
        _ => Err(ErrorCode::IllegalGeneration),
    }
}

/// Says whether offsets may be committed in a transaction (X17).
fn check_in_txn(groups: &All, commit: &Commit) -> Result<(), ErrorCode> {
    let Commit { group: id, member, instance, generation, offsets, .. } = commit;
    let is_nobody = generation.0 < 0 && member.is_empty() && instance.is_none();
    let group = groups.get(id);
    match (group.and_then(Group::consumer), group.and_then(Group::classic)) {
        (Some(_), _) if is_nobody => Ok(()),
        (Some(consumer), _) => {
            let partitions = offsets.iter().map(|one| (one.topic_id, one.partition));
            let checked = consumer.check_commit(member, GroupEpoch(generation.0), true, partitions);
            // Clients of transactions know nothing of epochs.
            checked.map_err(|code| match code {
                ErrorCode::StaleMemberEpoch => ErrorCode::IllegalGeneration,
                code => code,
            })
        }
        (None, Some(classic)) => classic.check_txn_commit(member, instance.as_ref(), *generation),
        _ if generation.0 < 0 => Ok(()),
        _ => Err(ErrorCode::IllegalGeneration),
    }
}

fn check_size(commit: &Commit, turn: &Turn<'_>) -> Result<(), ErrorCode> {
    let is_fine = |one: &&CommitOffset| one.metadata.len() <= turn.settings.metadata_max;
    let fine = commit.offsets.iter().filter(is_fine);
    let size: usize = fine.map(|one| GroupRecord::offset_size(&commit.group, one)).sum();
    if size > turn.settings.operation_max { Err(ErrorCode::InvalidCommitOffsetSize) } else { Ok(()) }
}

/// Writes one offset, if there is room for it.
fn write(
    id: &GroupId,
    offset: CommitOffset,
    (bytes, is_new): (usize, bool),
    turn: &mut Turn<'_>,
) -> ErrorCode {
    if offset.metadata.len() > turn.settings.metadata_max {
        return ErrorCode::OffsetMetadataTooLarge;
    }
    if !turn.has_room(bytes, is_new) {
        return ErrorCode::CoordinatorNotAvailable;
    }
    turn.write(GroupRecord::offset(id, offset, turn.now.wall));
    ErrorCode::None
}
