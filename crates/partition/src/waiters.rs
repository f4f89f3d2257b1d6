//! Who waits on a partition: producers for an offset to be committed, fetches for more to read.

use crate::{AckEnd, AckToken, Effect, FetchToken, Isolation};
use std::collections::BTreeMap;
use types::{LeaderEpoch, Offset};

/// The waiters of one partition. Each ends exactly once: by what it waits for, by its own time-out
/// (the shell's), or by a change of role.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiters {
    acks: Acks,
    /// Marks in a page-cache log, which wait until they are synced as well.
    synced: Acks,
    fetches: Vec<(FetchToken, Isolation)>,
}

/// Produce waiters: up to where the log has to be committed for which one, and under which leadership its batch was appended.
/// *Invariant*: a token waits once.
type Acks = BTreeMap<(Offset, AckToken), LeaderEpoch>;

impl Waiters {
    /// Adds a producer that waits until everything below `end`, appended in `leader_epoch`, is committed.
    pub(crate) fn wait_committed(&mut self, end: Offset, leader_epoch: LeaderEpoch, token: AckToken) {
        self.acks.insert((end, token), leader_epoch);
    }

    /// Adds a mark that waits until everything below `end` is committed and synced.
    pub(crate) fn wait_synced(&mut self, end: Offset, leader_epoch: LeaderEpoch, token: AckToken) {
        self.synced.insert((end, token), leader_epoch);
    }

    /// Adds a fetch that waits for its bound to move.
    pub(crate) fn park(&mut self, token: FetchToken, isolation: Isolation) {
        self.fetches.push((token, isolation));
    }

    /// Says whether a fetch of such a reader is parked.
    pub(crate) fn has_fetches(&self, isolation: Isolation) -> bool {
        self.fetches.iter().any(|(_, parked)| *parked == isolation)
    }

    /// Forgets a fetch that no longer waits.
    pub(crate) fn unpark(&mut self, token: FetchToken) {
        self.fetches.retain(|(parked, _)| *parked != token);
    }

    /// Ends the producers at or below the high watermark.
    pub(crate) fn on_high_watermark(&mut self, to: Offset, effects: &mut Vec<Effect>) {
        end_below(&mut self.acks, to, effects);
    }

    /// Ends the marks up to where everything is committed and synced.
    pub(crate) fn on_synced(&mut self, to: Offset, effects: &mut Vec<Effect>) {
        end_below(&mut self.synced, to, effects);
    }

    /// Tells the parked fetches of such readers that their bound has moved.
    pub(crate) fn on_bound(&self, isolation: Isolation, bytes: u64, effects: &mut Vec<Effect>) {
        let woken = self.fetches.iter().filter(|(_, parked)| *parked == isolation);
        effects.extend(woken.map(|(token, _)| Effect::Wake { token: *token, bytes }));
    }

    /// Ends the producers above a truncation: their batches are in no log.
    pub(crate) fn on_truncated(&mut self, to: Offset, effects: &mut Vec<Effect>) {
        self.end_above(to, AckEnd::Lost, effects);
    }

    /// Ends the producers above an offset.
    pub(crate) fn end_above(&mut self, to: Offset, end: AckEnd, effects: &mut Vec<Effect>) {
        for all in [&mut self.acks, &mut self.synced] {
            end_all(all.split_off(&(to.plus(1), AckToken(0))), end, effects);
        }
    }

    /// Ends the producers of leaderships before this one, and wakes every fetch to plan anew.
    pub(crate) fn on_leader_epoch(&mut self, epoch: LeaderEpoch, effects: &mut Vec<Effect>) {
        for all in [&mut self.acks, &mut self.synced] {
            let current = all.extract_if(.., |_, appended| *appended >= epoch).collect();
            end_all(std::mem::replace(all, current), AckEnd::Unknown, effects);
        }
        self.wake_all(effects);
    }

    /// Ends everybody: the log is gone or its directory has failed.
    pub(crate) fn end_all(&mut self, effects: &mut Vec<Effect>) {
        for all in [&mut self.acks, &mut self.synced] {
            end_all(std::mem::take(all), AckEnd::Unknown, effects);
        }
        self.wake_all(effects);
    }

    fn wake_all(&mut self, effects: &mut Vec<Effect>) {
        let woken = self.fetches.drain(..);
        effects.extend(woken.map(|(token, _)| Effect::Wake { token, bytes: u64::MAX }));
    }
}

fn end_below(all: &mut Acks, to: Offset, effects: &mut Vec<Effect>) {
    while let Some(first) = all.first_entry().filter(|first| first.key().0 <= to) {
        let (_, token) = *first.key();
        first.remove();
        effects.push(Effect::Acked { token, end: AckEnd::Committed });
    }
}

fn end_all(waiting: Acks, end: AckEnd, effects: &mut Vec<Effect>) {
    effects.extend(waiting.into_keys().map(|(_, token)| Effect::Acked { token, end }));
}
