//! How a transaction ends in a log: by a mark of its coordinator.
//!
//! | a mark | is |
//! |---|---|
//! | of a lower epoch than the producer's | refused |
//! | of the epoch of an open transaction, under transaction version 2 | refused: it ends an earlier one (KIP-1228) |
//! | of an older coordinator than was heard of | refused (X5) |
//! | of the producer's epoch, with nothing open | done already: nothing is appended (X4, KAFKA-19999) |
//! | of a producer that is not known, in a log that knows as many as it may | nothing to end |
//! | any other | appended; the producer's epoch is the mark's, and a new one begins with sequence 0 |
//!
//! A transaction counts as open until its mark is below the high watermark (T3): until then a truncation may take the mark
//! back. *Invariant*: `ending` holds the transactions whose mark is still a step to undo.
//! Source: KIP-98, KIP-890, KIP-1228; `ProducerAppendInfo`, `ProducerStateManager.unreplicatedTxns` of Kafka 4.3.1.
//! Tests: `producers/tests.rs`, `append/tests.rs`.

use super::{AbortedTxn, Prior, ProducerEntry, ProducerRefused, Producers, Undo};
use std::collections::{BTreeMap, BTreeSet};
use types::{Mutant, Offset, ProducerEpoch, ProducerId, WallTime};
use wire::record::{BatchHeader, ControlKind, ControlRecord};

/// First version in which each transaction has an epoch of its own.
const EPOCH_PER_TRANSACTION_SINCE: i16 = 2;

/// The `transaction.version` under which a transaction was run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TransactionVersion(pub i16);

impl TransactionVersion {
    /// Says whether each transaction has an epoch of its own, so that its mark has a higher one than its records (KIP-890).
    pub fn has_epoch_per_transaction(self) -> bool {
        self.0 >= EPOCH_PER_TRANSACTION_SINCE
    }
}

/// What a coordinator says of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndTxn {
    /// Whose it is.
    pub producer_id: ProducerId,
    /// The epoch that the producer has from here on.
    pub producer_epoch: ProducerEpoch,
    /// How it ends.
    pub kind: ControlKind,
    /// Epoch of the coordinator that says so.
    pub coordinator_epoch: i32,
    /// Under which version it was run.
    pub transaction_version: TransactionVersion,
}

impl EndTxn {
    /// Returns the mark.
    pub fn record(&self) -> ControlRecord {
        ControlRecord { kind: self.kind, coordinator_epoch: self.coordinator_epoch }
    }
}

/// What becomes of a mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MarkerVerdict {
    Append,
    Nothing,
}

impl Producers {
    /// Returns the first offset of the oldest transaction whose mark is not in the log.
    pub fn first_open(&self) -> Option<Offset> {
        self.open.first().map(|(first, _)| *first)
    }

    /// Lists the transactions whose mark is not in the log, oldest first: where each begins, and whose it is.
    pub fn open(&self) -> impl ExactSizeIterator<Item = (Offset, ProducerId)> {
        self.open.iter().copied()
    }

    /// Returns the first offset of the oldest transaction whose mark is not below the high watermark (T3).
    pub fn first_unstable(&self) -> Option<Offset> {
        let ending = self.ending.first().map(|(first, _)| *first);
        self.first_open().into_iter().chain(ending).min()
    }

    /// Returns the base offset of a producer's last batch that is not below the high watermark.
    pub fn last_unsettled(&self, id: ProducerId) -> Option<Offset> {
        self.undo.iter().rev().find(|step| step.producer_id == id).map(|step| step.base_offset)
    }

    /// Judges a mark; a log that knows `cap` producers takes in no other for one.
    pub(crate) fn check_marker(&self, end: &EndTxn, cap: usize) -> Result<MarkerVerdict, ProducerRefused> {
        let Some(entry) = self.entries.get(&end.producer_id) else {
            let has_room = self.entries.len() < cap;
            return Ok(if has_room { MarkerVerdict::Append } else { MarkerVerdict::Nothing });
        };
        let (known, found, is_open) = (entry.epoch, end.producer_epoch, entry.open_txn.is_some());
        if found < known {
            return Err(ProducerRefused::StaleEpoch { known, found });
        }
        let is_refused = is_open || Mutant::RepeatedMarkRefused.is_on();
        if found == known && is_refused && end.transaction_version.has_epoch_per_transaction() {
            return Err(ProducerRefused::MarkerEpoch { known, found });
        }
        let newest = entry.newest_coordinator();
        if end.coordinator_epoch < newest && !Mutant::MarkOfAnyCoordinator.is_on() {
            return Err(ProducerRefused::StaleCoordinator { known: newest, found: end.coordinator_epoch });
        }
        Ok(if is_open || found > known { MarkerVerdict::Append } else { MarkerVerdict::Nothing })
    }

    /// Remembers a coordinator that had nothing to end: none before it ends anything any more.
    pub(crate) fn note_coordinator(&mut self, end: &EndTxn) {
        if let Some(entry) = self.entries.get_mut(&end.producer_id) {
            entry.heard = entry.heard.max(end.coordinator_epoch);
        }
    }

    pub(super) fn apply_marker(
        &mut self,
        header: &BatchHeader,
        control: ControlRecord,
        appended: WallTime,
    ) -> Option<AbortedTxn> {
        let (id, marker) = (header.producer_id, header.base_offset);
        let old = self.entries.get(&id).cloned();
        let first_offset = old.as_ref().and_then(|old| old.open_txn);
        let mut entry = match &old {
            Some(old) if old.epoch >= header.producer_epoch => old.clone(),
            _ => ProducerEntry::new(header.producer_epoch, appended),
        };
        entry.appended = entry.appended.max(appended);
        entry.coordinator_epoch = control.coordinator_epoch;
        entry.open_txn = None;
        self.put(id, Some(entry));
        self.ending.extend(first_offset.map(|first| (first, marker)));
        let prior = old.map_or(Prior::Absent, |old| Prior::Replaced(Box::new(old)));
        self.undo.push_back(Undo { base_offset: marker, producer_id: id, prior });
        let last_offset = header.last_offset();
        let last_stable_offset = self.first_open().unwrap_or(last_offset.plus(1));
        let aborted =
            |first_offset| AbortedTxn { last_offset, first_offset, producer_id: id, last_stable_offset };
        first_offset.filter(|_| control.kind == ControlKind::Abort).map(aborted)
    }

    /// A mark is taken back, or can be no more.
    pub(super) fn forget_ending(&mut self, step: &Undo) {
        if let Some(first) = step.opened_before() {
            self.ending.remove(&(first, step.base_offset));
        }
    }

    /// Finds the transactions that a truncation may open again: those that a step has found open and left closed.
    pub(super) fn ending_by_undo(&self) -> BTreeSet<(Offset, Offset)> {
        let mut after: BTreeMap<ProducerId, Option<Offset>> = BTreeMap::new();
        let mut ending = BTreeSet::new();
        for step in self.undo.iter().rev() {
            let now = self.entries.get(&step.producer_id).and_then(|entry| entry.open_txn);
            let left = after.insert(step.producer_id, step.opened_before()).unwrap_or(now);
            let found = step.opened_before().filter(|first| left != Some(*first));
            ending.extend(found.map(|first| (first, step.base_offset)));
        }
        ending
    }
}
