//! Who waits on a partition: producers for an offset to be committed, fetches for more to read.

use crate::{AckEnd, AckToken, Effect, FetchToken};
use std::collections::BTreeMap;
use types::{LeaderEpoch, Offset};

/// The waiters of one partition. Each ends exactly once: by what it waits for, by its own time-out
/// (the shell's), or by a change of role.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    acks: BTreeMap<Offset, Vec<PendingAck>>,
    fetches: Vec<FetchToken>,
}

/// A produce waiter: which token, and under which leadership its batch was appended.
#[derive(Debug)]
struct PendingAck {
    token: AckToken,
    leader_epoch: LeaderEpoch,
}

impl Waiters {
    /// Adds a producer that waits until everything below `end`, appended in `leader_epoch`, is committed.
    pub(crate) fn wait_committed(&mut self, end: Offset, leader_epoch: LeaderEpoch, token: AckToken) {
        self.acks.entry(end).or_default().push(PendingAck { token, leader_epoch });
    }

    /// Adds a fetch that waits for the bound to move.
    pub(crate) fn park(&mut self, token: FetchToken) {
        self.fetches.push(token);
    }

    /// Says whether a fetch is parked.
    pub(crate) fn has_fetches(&self) -> bool {
        !self.fetches.is_empty()
    }

    /// Forgets a fetch that no longer waits.
    pub(crate) fn unpark(&mut self, token: FetchToken) {
        self.fetches.retain(|parked| *parked != token);
    }

    /// Ends the producers at or below the high watermark and tells the parked fetches.
    pub(crate) fn on_high_watermark(&mut self, to: Offset, bytes: u64, effects: &mut Vec<Effect>) {
        while self.acks.first_key_value().is_some_and(|(end, _)| *end <= to) {
            let Some((_, waiting)) = self.acks.pop_first() else { break };
            end_all(waiting, AckEnd::Committed, effects);
        }
        effects.extend(self.fetches.iter().map(|token| Effect::Wake { token: *token, bytes }));
    }

    /// Ends the producers above a truncation: their batches are in no log.
    pub(crate) fn on_truncated(&mut self, to: Offset, effects: &mut Vec<Effect>) {
        self.end_above(to, AckEnd::Lost, effects);
    }

    /// Ends the producers above an offset.
    pub(crate) fn end_above(&mut self, to: Offset, end: AckEnd, effects: &mut Vec<Effect>) {
        for waiting in self.acks.split_off(&Offset(to.0 + 1)).into_values() {
            end_all(waiting, end, effects);
        }
    }

    /// Ends the producers of leaderships before this one, and wakes every fetch to plan anew.
    pub(crate) fn on_leader_epoch(&mut self, epoch: LeaderEpoch, effects: &mut Vec<Effect>) {
        for waiting in self.acks.values_mut() {
            let older = waiting.extract_if(.., |ack| ack.leader_epoch < epoch).collect();
            end_all(older, AckEnd::Unknown, effects);
        }
        self.acks.retain(|_, waiting| !waiting.is_empty());
        effects.extend(self.fetches.drain(..).map(|token| Effect::Wake { token, bytes: u64::MAX }));
    }

    /// Ends everybody: the log is gone or its directory has failed.
    pub(crate) fn end_all(&mut self, effects: &mut Vec<Effect>) {
        for waiting in std::mem::take(&mut self.acks).into_values() {
            end_all(waiting, AckEnd::Unknown, effects);
        }
        effects.extend(self.fetches.drain(..).map(|token| Effect::Wake { token, bytes: u64::MAX }));
    }
}

fn end_all(waiting: Vec<PendingAck>, end: AckEnd, effects: &mut Vec<Effect>) {
    effects.extend(waiting.into_iter().map(|ack| Effect::Acked { token: ack.token, end }));
}
