//! One partition as this broker's replica sees it.
//!
//! Owns the log, the leadership, the in-sync set and the waiters. State moves only through the
//! input methods here and in append.rs; each leaves the [`Pointers`] in their order.

use crate::connections::Connections;
use crate::verification::Verifications;
use crate::waiters::Waiters;
use crate::watermark::high_watermark;
use crate::{AckEnd, Effect, FetchToken, Isolation, Pointers, ReplicaSet};
use log::cut::LogCut;
use log::log::Log;
use log::retain::{RetainRules, Retained};
use log::segments::{PlaceRules, Placement};
use types::{BrokerId, LeaderEpoch, LogKey, Mutant, Offset, WallTime};

/// What the controller says of a partition, as far as this replica cares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leadership {
    /// This broker.
    pub broker: BrokerId,
    /// Who leads; nobody when no eligible replica is alive.
    pub leader: Option<BrokerId>,
    /// Number of this leadership.
    pub leader_epoch: LeaderEpoch,
    /// Replicas and in-sync set.
    pub replicas: ReplicaSet,
    /// Smallest in-sync set that may commit (`min.insync.replicas`).
    pub min_isr: usize,
}

/// A partition's replica on this broker.
#[derive(Clone, Debug)]
pub struct Partition {
    pub(crate) log: Log,
    pub(crate) leadership: Leadership,
    pub(crate) waiters: Waiters,
    pub(crate) verifications: Verifications,
    pub(crate) connections: Connections,
    high_watermark: Offset,
    failed: bool,
}

impl Partition {
    /// Takes over a log, new or recovered, under the given leadership. What a lone replica
    /// recovered is durable and therefore committed.
    pub fn new(log: Log, leadership: Leadership) -> Partition {
        let high_watermark = log.high_watermark().max(log.log_start());
        let (waiters, verifications) = (Waiters::default(), Verifications::default());
        let connections = Connections::default();
        let mut partition =
            Partition { log, leadership, waiters, verifications, connections, high_watermark, failed: false };
        if partition.is_leader() {
            partition.log.start_epoch(partition.leadership.leader_epoch);
        }
        partition.advance(&mut Vec::new());
        partition
    }

    /// Returns the log's identity.
    pub fn key(&self) -> LogKey {
        self.log.key()
    }

    /// Returns the log, to read from.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Returns the log for the shell's housekeeping: cuts, checkpoints, eviction, folder.
    pub fn log_mut(&mut self) -> &mut Log {
        &mut self.log
    }

    /// Returns the current leadership.
    pub fn leadership(&self) -> &Leadership {
        &self.leadership
    }

    /// Says whether this broker leads and may decide.
    pub fn is_leader(&self) -> bool {
        self.leadership.leader == Some(self.leadership.broker)
    }

    /// Says whether the log's directory or the log itself has failed.
    pub fn is_failed(&self) -> bool {
        self.failed
    }

    /// Returns the positions.
    pub fn pointers(&self) -> Pointers {
        Pointers {
            log_start: self.log.log_start(),
            last_stable: self.last_stable(),
            high_watermark: self.high_watermark,
            durable_end: self.log.durable_end(),
            log_end: self.log.log_end(),
        }
    }

    /// The last stable offset: the first offset of the oldest transaction whose mark is not below the high watermark,
    /// never above that (T3). Records of an open transaction may be deleted.
    fn last_stable(&self) -> Offset {
        if Mutant::StableIsHighWatermark.is_on() {
            return self.high_watermark;
        }
        let open = self.log.producers().first_unstable().unwrap_or(self.high_watermark);
        open.max(self.log.log_start()).min(self.high_watermark)
    }

    /// Returns how many bytes lie between two offsets, counted up to `enough`. What has left the tail
    /// counts as plenty.
    pub fn readable_bytes(&self, from: Offset, bound: Offset, enough: u64) -> u64 {
        if from >= bound {
            return 0;
        }
        let tail = self.log.tail();
        if tail.base().is_none_or(|base| base > from) {
            return enough;
        }
        let mut sum = 0;
        for batch in tail.after(from).take_while(|batch| batch.next() <= bound) {
            sum += batch.size();
            if sum >= enough {
                break;
            }
        }
        sum
    }

    /// The write-ahead log has synced this log's changes up to `through_change`.
    pub fn on_durable(&mut self, through_change: u64, effects: &mut Vec<Effect>) {
        self.log.on_durable(through_change);
        self.advance(effects);
    }

    /// The hand-overs of a page-cache log up to this one are in its files.
    pub fn on_written(&mut self, serial: u64, effects: &mut Vec<Effect>) {
        self.log.on_written(serial);
        self.advance(effects);
    }

    /// There was no room for what a page-cache log has handed over: none of it is in the log any more.
    pub fn on_no_room(&mut self, effects: &mut Vec<Effect>) {
        let end = self.log.take_back_unwritten();
        if self.is_leader() {
            self.log.start_epoch(self.leadership.leader_epoch);
        }
        self.waiters.end_above(end, AckEnd::NoRoom, effects);
        self.advance(effects);
    }

    /// The controller has committed another leadership, in-sync set or minimum.
    pub fn on_leadership(&mut self, leadership: Leadership, effects: &mut Vec<Effect>) {
        let changed = leadership.leader_epoch != self.leadership.leader_epoch;
        self.leadership = leadership;
        if changed {
            self.waiters.on_leader_epoch(self.leadership.leader_epoch, effects);
            self.verifications.end_all();
            self.connections.clear();
            if self.is_leader() {
                self.log.start_epoch(self.leadership.leader_epoch);
            }
        }
        self.advance(effects);
    }

    /// Cuts the log at `to`: log, epochs, indexes, producer state and waiters together (R14).
    pub fn truncate(&mut self, to: Offset, effects: &mut Vec<Effect>) {
        assert!(to >= self.high_watermark, "a replica never gives up what is committed");
        // The assertion above is the only reason for which a log refuses.
        effects.extend(self.log.truncate(to).ok().flatten().map(Effect::Wal));
        self.waiters.on_truncated(to, effects);
        self.check();
    }

    /// Applies retention; emits the log start's move and says what was left out.
    pub fn retain(&mut self, rules: &RetainRules, now: WallTime, effects: &mut Vec<Effect>) -> Retained {
        let mut retained = self.log.retain(rules, now);
        effects.extend(retained.frame.take().map(Effect::Wal));
        self.check();
        retained
    }

    /// Cuts the log for a checkpoint, with the high watermark of this moment; nothing if it has not
    /// changed since the last one.
    pub fn cut(&mut self, rules: &PlaceRules, small_tail_bytes: u64) -> Option<(LogCut, Placement)> {
        self.log.cut(rules, small_tail_bytes)
    }

    /// Ends every waiter: the topic was deleted.
    pub fn on_deleted(&mut self, effects: &mut Vec<Effect>) {
        self.waiters.end_all(effects);
    }

    /// The directory has failed, or damage was found: nothing is answered from this log any more.
    pub fn on_failed(&mut self, effects: &mut Vec<Effect>) {
        self.failed = true;
        self.waiters.end_all(effects);
    }

    /// Leaves a fetch waiting until more can be read or [`Partition::unpark`].
    pub fn park(&mut self, token: FetchToken, isolation: Isolation) {
        self.waiters.park(token, isolation);
    }

    /// Forgets a parked fetch.
    pub fn unpark(&mut self, token: FetchToken) {
        self.waiters.unpark(token);
    }

    fn advance(&mut self, effects: &mut Vec<Effect>) {
        let broker = self.leadership.broker;
        self.leadership.replicas.on_durable(broker, self.log.durable_end());
        let before = self.pointers();
        let mark = before.high_watermark;
        self.high_watermark = high_watermark(mark, &self.leadership.replicas, self.leadership.min_isr);
        if self.high_watermark > mark {
            self.log.set_high_watermark(self.high_watermark);
            let after = self.pointers();
            debug_assert!(after.last_stable >= before.last_stable, "the last stable offset never goes back");
            self.waiters.on_high_watermark(self.high_watermark, effects);
            self.wake(Isolation::ReadUncommitted, (mark, after.high_watermark), effects);
            self.wake(Isolation::ReadCommitted, (before.last_stable, after.last_stable), effects);
        }
        self.end_synced(effects);
        self.check();
    }

    /// Tells the fetches whose bound has moved how much more they can read.
    fn wake(&self, isolation: Isolation, (from, to): (Offset, Offset), effects: &mut Vec<Effect>) {
        if to > from && self.waiters.has_fetches(isolation) {
            let bytes = self.readable_bytes(from, to, u64::MAX);
            self.waiters.on_bound(isolation, bytes, effects);
        }
    }

    pub(crate) fn check(&self) {
        debug_assert!(self.pointers().are_ordered(), "{} {:?}", self.key(), self.pointers());
    }
}
