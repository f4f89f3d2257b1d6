//! What the groups of a partition hold, and what may come on top of it.
//!
//! All coordinators of a broker share one budget; the shell says what the others hold. What would go beyond is refused: new
//! members, new ids and offsets of new partitions from seven eighths of it on, so that what is there already may still grow,
//! and growth of that beyond the whole. What does not grow goes through whatever is held, and so does what is in the log.
//! Tests: tests/script/bounds.rs.

use super::{Batch, Groups, Operation, Turn};
use crate::group::Group;
use crate::held::tree;
use crate::offsets::Offsets;
use crate::pending::Pending;
use crate::request::{CommitOffset, Effect, Event, Request, TxnCommit};
use std::collections::VecDeque;
use types::{GroupId, ProducerId};

/// Parts of the budget; the last one is for what is there already.
const PARTS: usize = 8;
/// What a group takes that has offsets and nothing else, beside them. *Units*: bytes.
const GROUP_BYTES: usize = 2048;
/// What a request takes while it waits, beside what it says. *Units*: bytes.
const REQUEST_BYTES: usize = 512;
/// What each thing in it takes, beside its text. *Units*: bytes.
const ITEM_BYTES: usize = 128;

/// What may come on top of what is held. *Units*: bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Room {
    /// For what is new.
    new: usize,
    /// For what is there already.
    old: usize,
}

/// What waits for its turn, and how much that is.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<(Operation, usize)>,
    bytes: usize,
}

impl Queue {
    /// Lets an operation wait.
    pub(super) fn push(&mut self, operation: Operation) {
        let bytes = operation.bytes();
        self.bytes += bytes;
        self.waiting.push_back((operation, bytes));
    }

    /// Lets an operation go on before all that wait.
    pub(super) fn push_front(&mut self, operation: Operation) {
        let bytes = operation.bytes();
        self.bytes += bytes;
        self.waiting.push_front((operation, bytes));
    }

    /// Returns how many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Says whether no more may wait, whatever it is: nobody counts what has given up waiting for an answer.
    pub(super) fn is_full(&self, memory_max: usize) -> bool {
        self.bytes > memory_max / PARTS
    }

    /// Takes all out, in their order.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Operation> + use<> {
        std::mem::take(self).waiting.into_iter().map(|(operation, _)| operation)
    }
}

impl Operation {
    fn bytes(&self) -> usize {
        match self {
            Operation::Request(_, request) => REQUEST_BYTES + request.bytes(),
            Operation::Heartbeat(_, heartbeat) => REQUEST_BYTES + heartbeat.bytes(),
            Operation::Timer(_) => REQUEST_BYTES,
        }
    }
}

impl Request {
    /// Returns about what it holds while it waits. *Units*: bytes.
    fn bytes(&self) -> usize {
        match self {
            Request::Join { request, .. } => {
                let each = request.protocols.iter().map(|p| ITEM_BYTES + p.name.len() + p.metadata.len());
                request.member_id.len() + each.sum::<usize>()
            }
            Request::Sync(request) => {
                let each = request.assignments.iter();
                each.map(|one| ITEM_BYTES + one.member_id.len() + one.assignment.len()).sum()
            }
            Request::Commit(commit) | Request::TxnCommit(TxnCommit { commit, .. }) => {
                let each = commit.offsets.iter();
                each.map(|one| ITEM_BYTES + one.topic.len() + one.metadata.len()).sum()
            }
            Request::Leave { members, .. } => {
                members.iter().map(|(id, _)| ITEM_BYTES + id.as_str().len()).sum()
            }
            Request::DeleteOffsets { partitions, .. } => {
                partitions.iter().map(|(topic, _)| ITEM_BYTES + topic.len()).sum()
            }
            Request::Heartbeat { .. }
            | Request::ConsumerHeartbeat { .. }
            | Request::ConsumerDescribe(_)
            | Request::FetchOffsets { .. }
            | Request::Describe(_)
            | Request::Explain(_)
            | Request::Members { .. }
            | Request::Within { .. }
            | Request::List
            | Request::Delete(_)
            | Request::ForgetTopics
            | Request::Evict { .. } => 0,
        }
    }
}

impl Turn<'_> {
    /// Says whether so many bytes may come on top of what is held; if not, that is counted.
    pub(crate) fn has_room(&mut self, bytes: usize, is_new: bool) -> bool {
        let room = if is_new { self.batch.room.new } else { self.batch.room.old };
        let has_room = bytes == 0 || self.batch.bytes.saturating_add(bytes) <= room;
        if !has_room {
            self.effects.push(Effect::Happened(Event::Refused));
        }
        has_room
    }
}

impl Groups {
    /// Returns what all that it knows holds, what waits and what is on its way among it. *Units*: bytes.
    pub fn held(&self) -> usize {
        let on_its_way = self.in_flight.as_ref().map_or(0, |batch| batch.bytes);
        let index = self.open.bytes();
        tree::<GroupId, Group>(self.groups.len()) + self.held + index + self.queue.bytes + on_its_way
    }

    /// Returns the same, counted from the beginning. It takes its time.
    pub fn recount(&self) -> usize {
        let groups: usize = self.groups.values().map(Group::recount).sum();
        let queue: usize = self.queue.waiting.iter().map(|(operation, _)| operation.bytes()).sum();
        let records = |batch: &Batch| batch.records.iter().map(crate::GroupRecord::size).sum();
        let on_its_way: usize = self.in_flight.as_ref().map_or(0, records);
        let index = self.open.recount();
        tree::<GroupId, Group>(self.groups.len()) + groups + index + queue + on_its_way
    }

    /// Says what the other coordinators hold that share the budget. *Units*: bytes.
    pub fn set_elsewhere(&mut self, bytes: usize) {
        self.elsewhere = bytes;
    }

    /// Returns what may come on top of what is held now.
    pub(super) fn room(&self) -> Room {
        let (most, held) = (self.settings.memory_max, self.held().saturating_add(self.elsewhere));
        Room { new: (most - most / PARTS).saturating_sub(held), old: most.saturating_sub(held) }
    }

    /// Says whether a request may wait that nobody else keeps in view while it does.
    pub(super) fn may_wait(&self, request: &Request) -> bool {
        match request {
            Request::Join { .. } | Request::Sync(_) => request.bytes() <= self.room().old,
            _ => !self.is_full(),
        }
    }

    /// Says whether no more may wait of what may give up waiting.
    pub(super) fn is_full(&self) -> bool {
        self.queue.is_full(self.settings.memory_max)
    }

    /// Counts a group anew after something was done to it.
    pub(super) fn note(&mut self, id: &str) {
        if let Some(group) = self.groups.get_mut(id) {
            note(&mut self.held, group);
        }
    }

    /// Counts all groups anew.
    pub(super) fn note_all(&mut self) {
        self.groups.values_mut().for_each(|group| note(&mut self.held, group));
    }
}

/// Counts a group anew.
pub(super) fn note(held: &mut usize, group: &mut Group) {
    let bytes = group.bytes();
    *held = (*held + bytes).saturating_sub(group.noted);
    group.noted = bytes;
}

/// Returns by how much a commit makes a group larger, and whether by something new. *Units*: bytes.
pub(super) fn growth(group: Option<&Group>, offset: &CommitOffset) -> (usize, bool) {
    let (topic, partition, metadata) = (&offset.topic, offset.partition, &offset.metadata);
    match group {
        Some(group) => group.offsets.growth(topic, partition, metadata),
        None => {
            let (bytes, _) = Offsets::default().growth(topic, partition, metadata);
            (GROUP_BYTES + bytes, true)
        }
    }
}

/// Returns by how much a commit in a producer's transaction makes a group larger, and whether by something new. *Units*: bytes.
pub(super) fn growth_in_txn(
    group: Option<&Group>,
    producer: ProducerId,
    offset: &CommitOffset,
) -> (usize, bool) {
    let (place, metadata) = ((offset.topic.as_str(), offset.partition), &offset.metadata);
    match group {
        Some(group) => {
            let (bytes, _) = group.pending.growth(producer, place, metadata);
            (bytes, !group.has_place(place.0, place.1))
        }
        None => {
            let (bytes, _) = Pending::default().growth(producer, place, metadata);
            (GROUP_BYTES + bytes, true)
        }
    }
}
