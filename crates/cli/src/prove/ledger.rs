//! What the producers sent and what they were told: the only memory of a proof besides the log itself.

use super::check::{Fate, SentBatch};
use super::value::Lane;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use types::Monotonic;

/// Shared by all lanes. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(Arc<Mutex<Entries>>);

/// What is written down.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// Every batch that was handed to a producer, in that order.
    pub(super) sent: Vec<SentBatch>,
    /// Batches that have no outcome yet, by index.
    outstanding: BTreeSet<usize>,
    /// Batches that were outstanding at a kill: kill and index.
    pub(super) struck: Vec<(u32, usize)>,
    /// Records acknowledged so far.
    pub(super) acknowledged: u64,
    /// Records refused, with the last reason.
    pub(super) refused: (u64, String),
    /// When the last acknowledgement came.
    pub(super) last_ack: Option<Monotonic>,
    /// Longest time between two acknowledgements.
    pub(super) longest_gap: Duration,
}

impl Ledger {
    pub(super) fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down a batch before it is sent; returns its index.
    pub(super) fn on_sent(&self, lane: Lane, first: u64, count: u32) -> usize {
        let mut entries = self.lock();
        let index = entries.sent.len();
        entries.sent.push(SentBatch { lane, first, count, fate: Fate::Unknown });
        entries.outstanding.insert(index);
        index
    }

    /// Writes down what became of a batch.
    pub(super) fn on_outcome(&self, index: usize, fate: Fate, reason: &str, now: Monotonic) {
        let mut entries = self.lock();
        entries.outstanding.remove(&index);
        let Some(batch) = entries.sent.get_mut(index) else { return };
        batch.fate = fate;
        let count = u64::from(batch.count);
        match fate {
            Fate::Acked(_) => {
                entries.acknowledged += count;
                let gap = entries.last_ack.map_or(Duration::ZERO, |last| now.since(last));
                entries.longest_gap = entries.longest_gap.max(gap);
                entries.last_ack = Some(now);
            }
            Fate::Refused => entries.refused = (entries.refused.0 + count, reason.to_owned()),
            Fate::Unknown => {}
        }
    }

    /// Writes down which batches a kill found without an outcome; returns how many.
    pub(super) fn on_kill(&self, kill: u32) -> usize {
        let mut entries = self.lock();
        let struck: Vec<(u32, usize)> = entries.outstanding.iter().map(|index| (kill, *index)).collect();
        entries.struck.extend(&struck);
        struck.len()
    }

    /// Says whether everything that a kill found without an outcome has one.
    pub(super) fn struck_are_answered(&self) -> bool {
        let entries = self.lock();
        entries.struck.iter().all(|(_, index)| !entries.outstanding.contains(index))
    }

    pub(super) fn acknowledged(&self) -> u64 {
        self.lock().acknowledged
    }
}
