//! Aborted transactions, as readers of committed data need them.
//!
//! An entry is needed by a read of `[from, upper)` if the transaction began below `upper` and its mark lies at or above
//! `from`. Entries are told in the order of their marks, as Kafka tells them; a reader sorts them if it needs to.
//! They are in memory from where a log's sealed and settled segments end ([`Log::filed_end`]), and below that in the
//! transaction indexes of those segments (txn_index.rs): so memory and state hold no more of them than one segment may have, and
//! those of the batches that are in no sealed one.
//! Source: `UnifiedLog.collectAbortedTransactions`. Tests: `crates/log/tests/crash_directory/transactions.rs`.

use crate::log::Log;
use crate::producers::AbortedTxn;
use crate::segments::{SegmentId, SegmentMeta};
use crate::txn_index::{TxnIndexMeta, within};
use types::Offset;

/// Where the aborted transactions are that a read may meet.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AbortedPlan {
    /// Segments whose transaction indexes are to be looked into, in order.
    pub files: Vec<SegmentMeta>,
    /// Those that are in memory, in the order of their marks.
    pub memory: Vec<AbortedTxn>,
}

impl AbortedPlan {
    /// Returns how many it may name.
    pub fn most(&self) -> usize {
        let entries = self.files.iter().filter_map(|segment| segment.txn_index);
        entries.map(|index| index.entries as usize).sum::<usize>() + self.memory.len()
    }
}

/// Says whether a read of `[from, upper)` may meet records of a transaction.
pub fn is_met(txn: &AbortedTxn, from: Offset, upper: Offset) -> bool {
    txn.last_offset >= from && txn.first_offset < upper
}

impl Log {
    /// Finds the aborted transactions that a read of `[from, bound)` may meet. *Invariant*: `bound` is at most the last
    /// stable offset: what began below it has ended.
    pub fn plan_aborted(&self, from: Offset, bound: Offset) -> AbortedPlan {
        let aborted = self.aborted();
        let first = aborted.partition_point(|txn| txn.last_offset < from);
        let mut memory = Vec::new();
        for txn in aborted.get(first..).unwrap_or_default() {
            memory.extend(is_met(txn, from, bound).then_some(*txn));
            if txn.last_stable_offset >= bound {
                break;
            }
        }
        let is_looked_into = |segment: &&SegmentMeta| {
            let index = segment.txn_index.filter(|index| index.first < bound);
            index.is_some() && segment.next > from && segment.next <= self.filed_end()
        };
        AbortedPlan { files: self.segments().iter().filter(is_looked_into).cloned().collect(), memory }
    }

    /// Takes the aborted transactions out of memory that a safe state has in transaction indexes, but for those that a
    /// truncation may concern.
    pub(crate) fn file_aborted(&mut self) {
        let safe = self.recovery_point().unwrap_or(self.written_end()).min(self.high_watermark());
        let start = self.filed_end();
        let mut end = start;
        for segment in self.segments().iter().filter(|segment| segment.next > start) {
            let held = within(self.aborted(), segment.base, segment.next).len();
            let filed = segment.txn_index.map_or(0, |index| index.entries as usize);
            if !segment.sealed || segment.uncut || segment.next > safe || held > filed {
                break;
            }
            end = segment.next;
        }
        self.forget_aborted_below(end);
    }

    /// Notes how a transaction index is that was made anew from the batches; the next cut says so.
    pub fn set_txn_index(&mut self, base: SegmentId, index: Option<TxnIndexMeta>) {
        self.change_segments(|segments| segments.set_txn_index(base, index));
    }
}
