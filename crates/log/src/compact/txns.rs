//! Transactions as a compaction passes them: records of aborted ones go, and their marks once no record is left.
//!
//! Batches are given in the order of the log. Source: `CleanedTransactionMetadata` of Kafka 4.3.1. Tests: `compact/tests.rs`.

use crate::producers::AbortedTxn;
use std::collections::{BTreeMap, BTreeSet};
use types::{Offset, ProducerId};
use wire::record::{BatchHeader, ControlKind, ControlRecord};

/// What is known of the transactions around the batch that is looked at.
#[derive(Clone, Debug)]
pub(super) struct Txns {
    /// Aborted ones that begin further on. *Shape*: the first is last.
    aborted: Vec<AbortedTxn>,
    /// Aborted ones that are open here, and whether a batch of theirs was seen.
    open: BTreeMap<ProducerId, bool>,
    /// Producers of which records were seen that count.
    committed: BTreeSet<ProducerId>,
}

impl Txns {
    pub(super) fn new(aborted: &[AbortedTxn]) -> Txns {
        let mut aborted = aborted.to_vec();
        aborted.sort_by_key(|txn| std::cmp::Reverse(txn.first_offset));
        Txns { aborted, open: BTreeMap::new(), committed: BTreeSet::new() }
    }

    /// Says whether a batch may go as a whole: records of an aborted transaction, or a mark of which no record is left.
    pub(super) fn discards(&mut self, header: &BatchHeader, control: Option<ControlRecord>) -> bool {
        self.begin_up_to(header.last_offset());
        if header.is_control() {
            return self.discards_mark(header, control);
        }
        if !header.is_transactional() {
            return false;
        }
        if let Some(seen) = self.open.get_mut(&header.producer_id) {
            *seen = true;
            return true;
        }
        self.committed.insert(header.producer_id);
        false
    }

    fn discards_mark(&mut self, header: &BatchHeader, control: Option<ControlRecord>) -> bool {
        match control.map(|control| control.kind) {
            Some(ControlKind::Abort) => !self.open.remove(&header.producer_id).unwrap_or(false),
            Some(ControlKind::Commit) => !self.committed.remove(&header.producer_id),
            // An empty one has been cleaned before; of another kind nothing is known.
            None => header.record_count == 0,
        }
    }

    fn begin_up_to(&mut self, offset: Offset) {
        while let Some(txn) = self.aborted.pop_if(|txn| txn.first_offset <= offset) {
            self.open.entry(txn.producer_id).or_insert(false);
        }
    }
}
