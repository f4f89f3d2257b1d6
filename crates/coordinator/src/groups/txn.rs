//! Offsets that are committed in a transaction, from their batch to the transaction's end (KIP-98, T8).
//!
//! The shell says when a mark of this partition is committed, in the order of the log with the batches of this coordinator;
//! loading meets it where it stands. Notes are made then, and not when it is loaded.
//! What of a client of old is delayed the partition tells (`partition::connections`), before it comes here.
//! Tests: tests/script/transactions.rs, tests/script/txn_replay.rs.

use super::{Batch, Groups};
use crate::group::Group;
use crate::note::{Before, Note, NotedTxn, Who, of_same_topic};
use crate::pending::Waiting;
use crate::record::GroupRecord;
use crate::request::{Effect, Event};
use std::sync::Arc;
use types::{GroupId, Now, ProducerId};

/// An offset whose transaction has ended, before it moves.
pub(super) struct Ended<'a> {
    group: &'a GroupId,
    place: (&'a str, i32),
    waiting: &'a Waiting,
    from: Option<Before>,
    who: Option<&'a Arc<Who>>,
}

impl Groups {
    /// Takes over a committed record of a transaction: an offset waits for its end.
    pub(super) fn replay_in_txn(&mut self, record: &GroupRecord, producer: ProducerId) {
        let GroupRecord::Offset { group: id, topic, partition, value: Some(value) } = record else {
            // Nobody writes any other in a transaction; as in Kafka it counts at once.
            return self.replay(record);
        };
        self.last_number += 1;
        let waiting = Waiting { number: self.last_number, is_overtaken: false, committed: value.into() };
        let group = self.groups.entry(id.clone()).or_insert_with(|| Group::new(id));
        group.pending.set(producer, (topic, *partition), waiting);
        super::note(&mut self.held, group);
        self.open.insert((producer, id.clone()), ());
    }

    /// A batch of a transaction is committed.
    pub(super) fn written_in_txn(&mut self, batch: &Batch, producer: ProducerId) {
        batch.records.iter().for_each(|record| self.replay_in_txn(record, producer));
        for (range, who) in &batch.asked {
            let Some(first) = batch.records.get(range.start) else { continue };
            if let Some(group) = self.groups.get_mut(first.group()) {
                group.pending.sent_by(producer, &Arc::new(who.clone()));
                super::note(&mut self.held, group);
            }
        }
    }

    /// The mark of a producer in this partition is committed: what is in its transaction counts from now on, or never.
    pub fn txn_ended(&mut self, producer: ProducerId, commit: bool, now: Now) {
        let txn = Some(NotedTxn { producer, is_aborted: !commit });
        let (mut records, mut notes) = (Vec::new(), Vec::new());
        self.end(producer, commit, |Ended { group, place, waiting, from, who }| {
            let from = of_same_topic(from, Some(waiting.committed.noted()));
            notes.push(Note { record: records.len(), at: now.wall, from, who: who.cloned(), txn });
            records.push(waiting.committed.record(group, place.0, place.1));
        });
        if records.is_empty() {
            return;
        }
        if commit {
            self.effects.push(Effect::Happened(Event::Committed(records.len() as u64)));
        }
        self.effects.push(Effect::Note(records, notes));
    }

    /// Ends a producer's transaction in all groups; tells each offset that moves, or that would have.
    pub(super) fn end(&mut self, producer: ProducerId, commit: bool, mut tell: impl FnMut(Ended<'_>)) {
        let all = self.open.range((producer, GroupId::from(""))..).map(|(key, ())| key);
        let ids: Vec<GroupId> =
            all.take_while(|(of, _)| *of == producer).map(|(_, group)| group.clone()).collect();
        for id in ids {
            self.open.remove(&(producer, id.clone()));
            if let Some(group) = self.groups.get_mut(&id) {
                end_in((&id, group), producer, commit, &mut tell);
                super::note(&mut self.held, group);
            }
            self.drop_if_void(&id);
        }
    }
}

fn end_in(
    (id, group): (&GroupId, &mut Group),
    producer: ProducerId,
    commit: bool,
    tell: &mut impl FnMut(Ended<'_>),
) {
    let Some(ended) = group.pending.end(producer) else { return };
    for (topic, partition, waiting) in ended.offsets {
        if waiting.is_overtaken {
            continue;
        }
        let (place, from) = ((topic.as_str(), partition), group.offsets.before(&topic, partition));
        tell(Ended { group: id, place, waiting: &waiting, from, who: ended.who.as_ref() });
        if commit {
            group.pending.overtake(&topic, partition, waiting.number);
            group.offsets.set(&topic, partition, waiting.committed);
        }
    }
}
