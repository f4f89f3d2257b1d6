//! Aborted transactions, as readers of committed data need them.
//!
//! An entry is needed by a read of `[from, upper)` if the transaction began below `upper` and its mark lies at or above
//! `from`. Entries are told in the order of their marks, as Kafka tells them; a reader sorts them if it needs to.
//! Source: `UnifiedLog.collectAbortedTransactions`. Tests: below.

use crate::log::Log;
use crate::producers::AbortedTxn;
use types::Offset;

/// Where the aborted transactions are that a read may meet.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AbortedPlan {
    /// Those that are in memory, in the order of their marks.
    pub memory: Vec<AbortedTxn>,
}

impl AbortedPlan {
    /// Returns how many it may name.
    pub fn most(&self) -> usize {
        self.memory.len()
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
        AbortedPlan { memory }
    }
}
