//! What coordinators of transactions count, what verifications of Produce count, and what there is.
//! Tests: tests/storage/txn_metrics.rs.

use super::times::Distribution;
use super::{Counter, Counts};
use crate::shard::open_txns::OpenTxn;
use crate::shard::transactions::TxnSizes;
use coordinator::txn::{TxnEvent, TxnState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use types::WallTime;

/// The states that a transactional id may be in.
pub(super) const STATES: [TxnState; 6] = [
    TxnState::Empty,
    TxnState::Ongoing,
    TxnState::PrepareCommit,
    TxnState::PrepareAbort,
    TxnState::CompleteCommit,
    TxnState::CompleteAbort,
];

/// The counters.
#[derive(Debug)]
pub(crate) struct TxnProbes {
    committed: Counter,
    aborted: Counter,
    timed_out: Counter,
    fenced: Counter,
    held: Counter,
    late: Counter,
    expired: Counter,
    loads: Counter,
    /// *Units*: ms.
    load_sum: Counter,
    load_max: AtomicU64,
    verify_failed: Counter,
    /// *Units*: us.
    verify_time: Distribution,
}

impl Default for TxnProbes {
    fn default() -> TxnProbes {
        TxnProbes {
            committed: Counter::default(),
            aborted: Counter::default(),
            timed_out: Counter::default(),
            fenced: Counter::default(),
            held: Counter::default(),
            late: Counter::default(),
            expired: Counter::default(),
            loads: Counter::default(),
            load_sum: Counter::default(),
            load_max: AtomicU64::new(0),
            verify_failed: Counter::default(),
            verify_time: Distribution::new(),
        }
    }
}

impl TxnProbes {
    /// Counts what has happened.
    pub(crate) fn note(&self, event: TxnEvent) {
        let counter = match event {
            TxnEvent::Committed => &self.committed,
            TxnEvent::Aborted => &self.aborted,
            TxnEvent::TimedOut => &self.timed_out,
            TxnEvent::Fenced => &self.fenced,
            TxnEvent::Held => &self.held,
            TxnEvent::Expired => &self.expired,
            TxnEvent::Late => &self.late,
        };
        counter.inc();
    }

    /// Counts a coordinator that has read its log.
    pub(crate) fn loaded(&self, took: Duration) {
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.loads.inc();
        self.load_sum.add(ms);
        self.load_max.fetch_max(ms, Ordering::Relaxed);
    }

    /// Counts first batches about which a coordinator was asked, and how many of them may not be stored.
    pub(crate) fn verified(&self, took: Duration, refused: usize) {
        self.verify_time.observe(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        self.verify_failed.add(refused as u64);
    }

    /// Returns how long coordinators took to answer for first batches. *Units*: us.
    pub(crate) fn verify_times(&self) -> Counts {
        self.verify_time.counts()
    }

    /// Returns what a metric counts, if it is one of these.
    pub(super) fn value(&self, name: &str) -> Option<u64> {
        Some(match name {
            "highwater_transactions_held_total" => self.held.get(),
            "highwater_transactions_late_total" => self.late.get(),
            "highwater_transactional_ids_expired_total" => self.expired.get(),
            "kafka_server_addpartitionstotxnmanager_verificationfailure_total" => self.verify_failed.get(),
            "kafka_server_transaction_coordinator_metrics_partition_load_time_max" => {
                self.load_max.load(Ordering::Relaxed)
            }
            "kafka_server_transaction_coordinator_metrics_partition_load_time_avg" => {
                self.load_sum.get() / self.loads.get().max(1)
            }
            _ => return None,
        })
    }

    /// Returns how many transactions have ended, by how.
    pub(super) fn ended(&self) -> [(&'static str, u64); 4] {
        [
            ("committed", self.committed.get()),
            ("aborted", self.aborted.get()),
            ("fenced", self.fenced.get()),
            ("timed_out", self.timed_out.get()),
        ]
    }
}

/// Returns the age of a transaction: since it began, or if no coordinator runs it since its producer has written last.
pub(super) fn age(one: &OpenTxn, sizes: &TxnSizes, now: WallTime) -> Duration {
    let began = sizes.running.get(&one.producer).copied().unwrap_or(one.written);
    Duration::from_millis(u64::try_from(now.0.saturating_sub(began.0)).unwrap_or(0))
}
