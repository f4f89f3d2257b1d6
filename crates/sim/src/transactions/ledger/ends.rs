//! How transactions end, as it was asked for, told and seen: T4, E1, R9, and T6 as far as ends go.

use super::{Ledger, Part};
use std::time::Duration;

/// A request without an answer may be acted on so long afterwards.
const BEFORE: Duration = Duration::from_millis(1000);

impl Ledger {
    /// A copy of the request that ends a transaction goes out.
    pub(in super::super) fn on_ending(&mut self, txn: usize, commit: bool) {
        let event = self.learn();
        let Some(producer) = self.txns.get(txn).map(|txn| txn.by.producer) else { return };
        let is_fenced = self.is_fenced(producer, event);
        let Some(txn) = self.txns.get_mut(txn) else { return };
        txn.abort_asked |= !commit;
        if commit && txn.commit_asked.is_none() {
            (txn.commit_asked, txn.is_fenced) = (Some(event), is_fenced);
            self.counts.zombies += u64::from(is_fenced);
        }
    }

    /// The end of a transaction was acknowledged. `is_durable` says of a number whether it is.
    pub(in super::super) fn on_ended(
        &mut self,
        number: usize,
        commit: bool,
        is_durable: impl Fn(u64) -> bool,
    ) {
        let learned = self.learn();
        match commit {
            true => self.counts.committed += 1,
            false => self.counts.aborted += 1,
        }
        self.decide(number, commit, "T4", "was told so");
        let Some(txn) = self.txns.get(number).filter(|_| commit).cloned() else { return };
        for piece in txn.pieces {
            self.require(is_durable(piece), "R9", || {
                format!("transaction {number} is committed, its part {piece} not durable")
            });
            if let Some(Part::Offset(partition, offset)) = self.piece(piece).map(|piece| piece.part.clone()) {
                self.offsets.entry(partition).or_default().push((learned, offset, false));
            }
        }
    }

    /// The only request to commit a transaction was refused by a code that says that it is not committed.
    pub(in super::super) fn on_not_committed(&mut self, number: usize) {
        self.settle(number, false, "T4", "was told that it is not committed");
    }

    /// Learns how a transaction ends: T4, or the rule by which it is seen.
    pub(super) fn decide(&mut self, number: usize, commit: bool, rule: &'static str, how: &str) {
        let is_new = self.txns.get(number).is_some_and(|txn| txn.fate.is_none());
        if is_new && !commit {
            self.has_reason(number, how);
        }
        self.settle(number, commit, rule, how);
    }

    fn settle(&mut self, number: usize, commit: bool, rule: &'static str, how: &str) {
        let Some(txn) = self.txns.get_mut(number) else { return };
        let known = txn.fate.replace(commit);
        let (is_asked, is_fenced) = (txn.commit_asked.is_some(), txn.is_fenced);
        let (process, producer) = (&txn.by.process, txn.by.producer);
        let at = format!("transaction {number} of {process}, {producer:?}, {how}: commit {commit}");
        self.require(known.is_none_or(|known| known == commit), rule, || {
            format!("{at}, and was known as {known:?}")
        });
        self.require(!commit || is_asked, rule, || format!("{at}, which nobody had asked for"));
        self.require(!commit || !is_fenced, "T6", || format!("{at}, which was asked for in an old epoch"));
        if commit && known.is_none() {
            self.on_worked(number);
        }
    }

    /// A transaction that is aborted was to be, took too long, or its id was taken over.
    fn has_reason(&mut self, number: usize, how: &str) {
        let Some(txn) = self.txns.get(number) else { return };
        let is_late = txn.first_sent.is_none_or(|first| self.now >= first + txn.by.timeout);
        // What was asked for and not answered just before it began may have struck later.
        let is_taken_over = self.inits.get(&txn.by.transactional_id).is_some_and(|(event, time)| {
            *event > txn.began || txn.first_sent.is_none_or(|first| *time + BEFORE > first)
        });
        if !(txn.abort_asked || is_late || is_taken_over) {
            let what = format!("transaction {number} of {:?} {how}: aborted, and nobody has done it", txn.by);
            self.breaks("T4", what);
        }
    }

    /// A transaction counts: what it has worked on was not worked on before (E1).
    fn on_worked(&mut self, number: usize) {
        let pieces = self.txns.get(number).map(|txn| txn.pieces.clone()).unwrap_or_default();
        for piece in pieces {
            if let Some(Part::Record(_, Some(source))) = self.piece(piece).map(|piece| piece.part.clone()) {
                self.counts.worked += 1;
                if let Some(other) = self.worked.insert(source, piece) {
                    self.breaks(
                        "E1",
                        format!("record {source:?} of the input is in the output as {other} and {piece}"),
                    );
                }
            }
        }
    }
}
