//! Which leader epoch wrote which offsets of a log.
//!
//! *Invariant*: epochs and start offsets both rise strictly from entry to entry. On a leader the list
//! ends, in memory only, with (its epoch, the log end when it became leader), so that a follower's
//! question about the current epoch has an answer before the first append (W-8).
//! Source: KIP-101, KIP-279; `LeaderEpochFileCache`. Tests: below and `tests/prop_log.rs`.

use std::sync::Arc;
use types::{LeaderEpoch, Offset};

/// First offset that a leader epoch wrote.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct EpochEntry {
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// Its first offset in this log.
    pub start: Offset,
}

/// Returns the epoch that wrote the batch which begins at `offset`, nothing if no epoch is known.
///
/// *Shape*: `entries` rise in both fields. An offset before the first entry belongs to a batch that the
/// log start cuts in two; it has the epoch of the first entry.
pub fn epoch_at(entries: &[EpochEntry], offset: Offset) -> Option<LeaderEpoch> {
    let after = entries.partition_point(|entry| entry.start <= offset);
    entries.get(after.saturating_sub(1)).map(|entry| entry.epoch)
}

/// The leader epochs of one log.
#[derive(Clone, Debug)]
pub struct Epochs {
    entries: Arc<[EpochEntry]>,
    leader: Option<EpochEntry>,
}

impl Default for Epochs {
    fn default() -> Epochs {
        Epochs { entries: Arc::new([]), leader: None }
    }
}

impl Epochs {
    /// Takes over a list that a cut kept.
    pub fn from_entries(entries: Vec<EpochEntry>) -> Epochs {
        let epochs = Epochs { entries: entries.into(), leader: None };
        epochs.assert_invariants();
        epochs
    }

    /// Returns what has been appended, without the leader's entry in memory.
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    /// Returns the same list, shared: a read carries it to check batches against.
    pub fn shared(&self) -> Arc<[EpochEntry]> {
        Arc::clone(&self.entries)
    }

    /// Returns the highest epoch known, [`LeaderEpoch::UNKNOWN`] for none.
    pub fn latest(&self) -> LeaderEpoch {
        let last = self.entries.last().map_or(LeaderEpoch::UNKNOWN, |entry| entry.epoch);
        self.leader.map_or(last, |led| led.epoch.max(last))
    }

    /// Notes that a batch of this epoch begins at `start`. Does nothing if the epoch goes on.
    pub fn assign(&mut self, epoch: LeaderEpoch, start: Offset) {
        let last = self.entries.last();
        if last.is_some_and(|last| last.epoch == epoch) {
            return;
        }
        debug_assert!(last.is_none_or(|last| last.epoch < epoch), "leader epochs never go back");
        let kept = self.entries.iter().filter(|entry| entry.start < start && entry.epoch < epoch).copied();
        self.entries = kept.chain([EpochEntry { epoch, start }]).collect();
        self.assert_invariants();
    }

    /// Notes that this node leads with this epoch from `log_end` on; kept in memory only.
    pub fn start_leading(&mut self, epoch: LeaderEpoch, log_end: Offset) {
        debug_assert!(epoch >= self.latest(), "leader epochs never go back");
        if self.latest() < epoch {
            self.leader = Some(EpochEntry { epoch, start: log_end });
        }
    }

    /// Answers OffsetForLeaderEpoch: the largest epoch at or below the asked one, and where it ends.
    /// (unknown, none) if the asked epoch is not known here yet.
    pub fn end_for(&self, asked: LeaderEpoch, log_end: Offset) -> (LeaderEpoch, Offset) {
        if asked == LeaderEpoch::UNKNOWN || asked > self.latest() {
            return (LeaderEpoch::UNKNOWN, Offset::NONE);
        }
        let led = self.leader.filter(|led| self.entries.last().is_none_or(|last| last.epoch < led.epoch));
        let mut floor = asked;
        for entry in self.entries.iter().chain(led.iter()) {
            if entry.epoch > asked {
                return (floor, entry.start);
            }
            floor = entry.epoch;
        }
        (floor, log_end)
    }

    /// Forgets the leader's entry: another node leads, and this one may never have appended (KAFKA-10706).
    pub fn stop_leading(&mut self) {
        self.leader = None;
    }

    /// Forgets what was written at or above `to`, the leader's entry with it.
    pub fn cut_end(&mut self, to: Offset) {
        self.stop_leading();
        if self.entries.last().is_some_and(|last| last.start >= to) {
            self.entries = self.entries.iter().filter(|entry| entry.start < to).copied().collect();
        }
    }

    /// Forgets what ended below `start`; the epoch that holds `start` begins there from now on, and the
    /// last epoch stays even if the log is empty.
    pub fn cut_start(&mut self, start: Offset) {
        if let Some(leader) = &mut self.leader {
            leader.start = leader.start.max(start);
        }
        if self.entries.first().is_none_or(|first| first.start >= start) {
            return;
        }
        let held = self.entries.partition_point(|entry| entry.start <= start).saturating_sub(1);
        let moved = |entry: &EpochEntry| EpochEntry { start: entry.start.max(start), ..*entry };
        self.entries = self.entries.iter().skip(held).map(moved).collect();
        self.assert_invariants();
    }

    /// Checks the order of the list.
    pub fn assert_invariants(&self) {
        let rise = |pair: &[EpochEntry]| pair[0].epoch < pair[1].epoch && pair[0].start < pair[1].start;
        assert!(self.entries.windows(2).all(rise), "epochs and their starts rise: {:?}", self.entries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(list: &[(i32, i64)]) -> Epochs {
        let entry = |&(epoch, start)| EpochEntry { epoch: LeaderEpoch(epoch), start: Offset(start) };
        Epochs::from_entries(list.iter().map(entry).collect())
    }

    fn end(epochs: &Epochs, asked: i32) -> (i32, i64) {
        let (epoch, end) = epochs.end_for(LeaderEpoch(asked), Offset(100));
        (epoch.0, end.0)
    }

    /// Protects: OffsetForLeaderEpoch answers with the floor epoch and its end, as Kafka does.
    #[test]
    fn ends_of_epochs() {
        let epochs = epochs(&[(2, 10), (4, 30), (7, 60)]);
        assert_eq!(end(&epochs, -1), (-1, -1));
        assert_eq!(end(&epochs, 1), (1, 10));
        assert_eq!(end(&epochs, 2), (2, 30));
        assert_eq!(end(&epochs, 3), (2, 30));
        assert_eq!(end(&epochs, 5), (4, 60));
        assert_eq!(end(&epochs, 7), (7, 100));
        assert_eq!(end(&epochs, 8), (-1, -1));
    }

    /// Protects: a new leader answers for its own epoch before it has appended anything (W-8).
    #[test]
    fn leader_entry_in_memory() {
        let mut epochs = epochs(&[(2, 10)]);
        epochs.start_leading(LeaderEpoch(5), Offset(40));
        assert_eq!(end(&epochs, 2), (2, 40));
        assert_eq!(end(&epochs, 5), (5, 100));
        assert_eq!(epochs.entries().len(), 1);
        epochs.stop_leading();
        assert_eq!(epochs.latest(), LeaderEpoch(2), "a cut at the log end cuts the cache too (KAFKA-10706)");
        epochs.start_leading(LeaderEpoch(5), Offset(40));
        epochs.cut_end(Offset(30));
        assert_eq!(epochs.latest(), LeaderEpoch(2));
        epochs.start_leading(LeaderEpoch(5), Offset(40));
        epochs.assign(LeaderEpoch(5), Offset(40));
        assert_eq!(end(&epochs, 2), (2, 40));
    }

    /// Protects: moving the log start keeps the epoch that holds it, and the last one of an emptied log.
    #[test]
    fn start_moves() {
        let mut list = epochs(&[(2, 10), (4, 30), (7, 60)]);
        list.cut_start(Offset(30));
        assert_eq!(list.entries(), epochs(&[(4, 30), (7, 60)]).entries());
        list.cut_start(Offset(45));
        assert_eq!(list.entries(), epochs(&[(4, 45), (7, 60)]).entries());
        list.cut_start(Offset(100));
        assert_eq!(list.entries(), epochs(&[(7, 100)]).entries());
        list.assign(LeaderEpoch(8), Offset(100));
        assert_eq!(list.entries(), epochs(&[(8, 100)]).entries());
    }

    /// Protects: a batch is judged against the epoch that its place belongs to (W-18).
    #[test]
    fn epoch_of_an_offset() {
        let list = epochs(&[(2, 10), (4, 30)]);
        let at = |offset| epoch_at(list.entries(), Offset(offset)).map(|epoch| epoch.0);
        assert_eq!((at(5), at(10), at(29), at(30)), (Some(2), Some(2), Some(2), Some(4)));
        assert_eq!(epoch_at(&[], Offset(0)), None);
    }
}
