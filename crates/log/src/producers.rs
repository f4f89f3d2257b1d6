//! Producer state of one log: what makes a resend harmless (W-9).
//!
//! For each producer id: epoch, the last five batches with their offsets, the time of the last append by
//! the broker's clock, the open transaction. `check` judges a batch of a client and changes
//! nothing; `apply` notes a batch that is in the log. State is a function of the log's batches
//! in order, so a rebuild gives the same. What a truncation may take back (batches at or above the high
//! watermark) is kept as a list of steps to undo, newest last.
//!
//! | a batch of a known producer | answer |
//! |---|---|
//! | lower epoch | `StaleEpoch` |
//! | higher epoch, sequence 0 / other | accepted / `OutOfOrder` |
//! | equals one of the last five | duplicate, with its offsets |
//! | next sequence, modulo 2^31 | accepted |
//! | all of it was stored before | `Duplicate` (older than the window) |
//! | anything else | `OutOfOrder` |
//!
//! An unknown producer must begin with sequence 0, else `Unknown` (P8); or where the log went on whose place this
//! one has taken (resume.rs). What ends a transaction is in marker.rs, and until when one is open.
//! Source: KIP-98, `ProducerStateManager`, `ProducerAppendInfo`; reliability P1-P12.
//! Tests: `producers/tests.rs`, `tests/scripts/producers_*.txt`, `tests/prop_log.rs`.

mod entry;
pub(crate) mod file;
mod marker;
mod refused;
mod resume;
#[cfg(test)]
mod tests;
mod undo;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use types::{Mutant, Offset, ProducerId, Sequence, WallTime};
use wire::record::{BatchHeader, ControlRecord};

pub use entry::{ProducerEntry, SequencedBatch, Window};
pub(crate) use marker::MarkerVerdict;
pub use marker::{EndTxn, TransactionVersion};
pub use refused::ProducerRefused;
pub use resume::ResumePoint;
pub(crate) use undo::{Prior, Undo};

/// How often, in the time that a producer is kept, one is looked at that is old and whose batches are not gone.
const LOOKS_PER_KEEP: i64 = 8;

/// A batch of a producer that may be appended, or is in the log already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Fresh,
    Stored(SequencedBatch),
}

/// A transaction that was aborted: its records are skipped by readers of committed data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AbortedTxn {
    /// Offset of the marker.
    pub last_offset: Offset,
    /// First offset of the transaction.
    pub first_offset: Offset,
    /// Who wrote it.
    pub producer_id: ProducerId,
    /// The last stable offset once this transaction had ended.
    pub last_stable_offset: Offset,
}

/// When a producer's state goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExpireRules {
    /// Age of the last append, by the broker's clock, from which on it may go: the largest of 7 days,
    /// `producer.id.expiration.ms` and the retention of the topic.
    pub keep: types::Millis,
    /// How many producers are looked at in one call.
    pub max_checked: usize,
}

/// Producer state of one log.
#[derive(Clone, Debug, Default)]
pub struct Producers {
    entries: BTreeMap<ProducerId, ProducerEntry>,
    /// When each producer is looked at for expiry: its last append as of the last look.
    due: BTreeSet<(WallTime, ProducerId)>,
    open: BTreeSet<(Offset, ProducerId)>,
    /// Transactions whose marker is not below the high watermark: where they began, and the marker.
    ending: BTreeSet<(Offset, Offset)>,
    undo: VecDeque<Undo>,
}

/// What a batch of a client is judged by, besides what is known of its producer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terms {
    /// How many producers may be known; an old one is never forgotten for a new one.
    pub(crate) cap: usize,
    /// Where an unknown producer went on in the log whose place this one has taken.
    pub(crate) resume: Option<ResumePoint>,
    /// The lowest sequence that has begun here, if the coordinator has confirmed that the log is part of the transaction.
    pub(crate) verified: Option<Sequence>,
}

impl Producers {
    /// Takes over what a cut kept: the state, and the steps that lead back from it.
    pub(crate) fn restore(entries: Vec<(ProducerId, ProducerEntry)>, undo: Vec<Undo>) -> Producers {
        let mut producers = Producers { undo: undo.into(), ..Producers::default() };
        for (id, entry) in entries {
            producers.put(id, Some(entry));
        }
        producers.ending = producers.ending_by_undo();
        producers
    }

    /// Returns the producers in order of their ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ProducerId, &ProducerEntry)> {
        self.entries.iter().map(|(id, entry)| (*id, entry))
    }

    /// Returns the state of one producer.
    pub fn get(&self, id: ProducerId) -> Option<&ProducerEntry> {
        self.entries.get(&id)
    }

    /// Returns how many producers are known.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Says whether no producer is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn undo_steps(&self) -> impl ExactSizeIterator<Item = &Undo> {
        self.undo.iter()
    }

    /// Judges a batch of a client: epoch, what is stored already, transaction, sequence.
    pub(crate) fn check(&self, header: &BatchHeader, terms: &Terms) -> Result<Verdict, ProducerRefused> {
        let Some(entry) = self.known(header)? else {
            check_transaction(None, header, terms)?;
            if !header.has_producer() {
                return Ok(Verdict::Fresh);
            }
            return check_unknown(header, self.entries.len() < terms.cap, terms.resume);
        };
        let is_same = header.producer_epoch == entry.epoch;
        if let Some(stored) = entry.window.find(header).filter(|_| is_same) {
            return Ok(Verdict::Stored(stored));
        }
        check_transaction(Some(entry), header, terms)?;
        check_sequence(entry, header)
    }

    /// Judges a batch of records that a coordinator has made for a producer: it has no sequence.
    pub(crate) fn check_coordinators(
        &self,
        header: &BatchHeader,
        terms: &Terms,
    ) -> Result<(), ProducerRefused> {
        check_transaction(self.known(header)?, header, terms)
    }

    /// Returns what is known of the producer of a batch.
    fn known(&self, header: &BatchHeader) -> Result<Option<&ProducerEntry>, ProducerRefused> {
        let Some(entry) = self.entries.get(&header.producer_id).filter(|_| header.has_producer()) else {
            return Ok(None);
        };
        if header.producer_epoch < entry.epoch {
            return Err(ProducerRefused::StaleEpoch { known: entry.epoch, found: header.producer_epoch });
        }
        Ok(Some(entry))
    }

    /// Notes a batch that is in the log now. Returns the transaction it aborted, if it is such a marker.
    pub(crate) fn apply(
        &mut self,
        header: &BatchHeader,
        control: Option<ControlRecord>,
        appended: WallTime,
    ) -> Option<AbortedTxn> {
        if !header.has_producer() {
            return None;
        }
        match control {
            Some(control) => self.apply_marker(header, control, appended),
            None if header.is_control() => None,
            None => {
                self.apply_data(header, appended);
                None
            }
        }
    }

    fn apply_data(&mut self, header: &BatchHeader, appended: WallTime) {
        let id = header.producer_id;
        let batch = SequencedBatch::of(header);
        let opens = header.is_transactional().then_some(header.base_offset);
        let prior = match self.entries.get_mut(&id) {
            Some(entry) if entry.epoch == header.producer_epoch => {
                let before = (entry.appended, entry.open_txn);
                entry.appended = entry.appended.max(appended);
                entry.open_txn = entry.open_txn.or(opens);
                if let (None, Some(first)) = (before.1, opens) {
                    self.open.insert((first, id));
                }
                let evicted = entry.window.push(batch);
                Prior::Pushed { evicted, appended: before.0, open_txn: before.1 }
            }
            known => {
                let old = known.as_deref().cloned();
                let mut entry = ProducerEntry::new(header.producer_epoch, appended);
                entry.coordinator_epoch = old.as_ref().map_or(-1, |old| old.coordinator_epoch);
                entry.open_txn = old.as_ref().and_then(|old| old.open_txn).or(opens);
                entry.window.push(batch);
                self.put(id, Some(entry));
                old.map_or(Prior::Absent, |old| Prior::Replaced(Box::new(old)))
            }
        };
        self.undo.push_back(Undo { base_offset: header.base_offset, producer_id: id, prior });
    }

    /// Forgets how to undo batches below the high watermark: nothing below it is ever truncated.
    pub(crate) fn settle(&mut self, high_watermark: Offset) {
        while self.undo.front().is_some_and(|step| step.base_offset < high_watermark) {
            if let Some(step) = self.undo.pop_front() {
                self.forget_ending(&step);
            }
        }
    }

    /// Takes back every batch at or above `to`.
    pub(crate) fn undo_from(&mut self, to: Offset) {
        while self.undo.back().is_some_and(|step| step.base_offset >= to) {
            if let Some(step) = self.undo.pop_back() {
                self.take_back(step);
            }
        }
    }

    fn take_back(&mut self, step: Undo) {
        self.forget_ending(&step);
        let id = step.producer_id;
        match step.prior {
            Prior::Absent => self.put(id, None),
            Prior::Replaced(entry) => self.put(id, Some(*entry)),
            Prior::Pushed { evicted, appended, open_txn } => {
                let Some(mut entry) = self.entries.get(&id).cloned() else { return };
                entry.window.pop(evicted);
                entry.appended = appended;
                entry.open_txn = open_txn;
                self.put(id, Some(entry));
            }
        }
    }

    /// Removes producers whose last append is older than the rules say and whose last batch the log no
    /// longer holds. Returns how many. Paced; the next look is due at [`Producers::next_due`].
    pub(crate) fn expire(&mut self, rules: &ExpireRules, now: WallTime, log_start: Offset) -> usize {
        let mut expired = 0;
        for _ in 0..rules.max_checked {
            let Some(&(looked, id)) = self.due.first() else { break };
            if looked.0.saturating_add(rules.keep.0) > now.0 {
                break;
            }
            self.due.remove(&(looked, id));
            expired += usize::from(self.look_at(id, rules, now, log_start));
        }
        expired
    }

    fn look_at(&mut self, id: ProducerId, rules: &ExpireRules, now: WallTime, log_start: Offset) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else { return false };
        let old = entry.appended.0.saturating_add(rules.keep.0) <= now.0;
        let gone = entry.window.last().is_none_or(|last| last.last_offset() < log_start);
        let may_come_back = |step: &Undo| step.producer_id == id && step.base_offset >= log_start;
        if old && gone && entry.open_txn.is_none() && !self.undo.iter().any(may_come_back) {
            self.entries.remove(&id);
            self.undo.retain(|step| step.producer_id != id);
            return true;
        }
        let again = WallTime(now.0.saturating_sub(rules.keep.0 - rules.keep.0 / LOOKS_PER_KEEP));
        entry.due = if old { again } else { entry.appended };
        self.due.insert((entry.due, id));
        false
    }

    /// Returns the append time that the next expiry counts from, nothing without producers.
    pub fn next_due(&self) -> Option<WallTime> {
        self.due.first().map(|(looked, _)| *looked)
    }

    /// Replaces the state of a producer, the indexes over it included.
    fn put(&mut self, id: ProducerId, new: Option<ProducerEntry>) {
        let due = match self.entries.remove(&id) {
            Some(old) => {
                old.open_txn.map(|first| self.open.remove(&(first, id)));
                Some(old.due)
            }
            None => None,
        };
        let Some(mut entry) = new else {
            due.map(|due| self.due.remove(&(due, id)));
            return;
        };
        if due.is_none() {
            entry.due = entry.appended;
            self.due.insert((entry.due, id));
        }
        entry.due = due.unwrap_or(entry.due);
        entry.open_txn.map(|first| self.open.insert((first, id)));
        self.entries.insert(id, entry);
    }

    pub(crate) fn assert_invariants(&self) {
        let due: BTreeSet<_> = self.entries.iter().map(|(id, entry)| (entry.due, *id)).collect();
        assert_eq!(due, self.due, "each producer is looked at once");
        let open = self.entries.iter().filter_map(|(id, entry)| Some((entry.open_txn?, *id)));
        assert_eq!(open.collect::<BTreeSet<_>>(), self.open, "open transactions are indexed");
        assert_eq!(self.ending, self.ending_by_undo(), "what a truncation may open again is open");
        let rise = self.undo.iter().zip(self.undo.iter().skip(1)).all(|(a, b)| a.base_offset < b.base_offset);
        assert!(rise, "steps to undo are in offset order");
    }
}

/// Says whether a batch keeps to its producer's transaction: its first one needs the coordinator's word (X2, X3), and none
/// is outside of an open one (P12). One of a newer epoch is not part of the older one's transaction.
fn check_transaction(
    entry: Option<&ProducerEntry>,
    header: &BatchHeader,
    terms: &Terms,
) -> Result<(), ProducerRefused> {
    let open = entry.filter(|entry| entry.open_txn.is_some());
    if !header.is_transactional() {
        return open.map_or(Ok(()), |_| Err(ProducerRefused::InTransaction));
    }
    if open.is_some_and(|entry| entry.epoch == header.producer_epoch) {
        return Ok(());
    }
    if Mutant::NoGuard.is_on() {
        return Ok(());
    }
    let (lowest, found) = (terms.verified.ok_or(ProducerRefused::NotInTransaction)?, header.base_sequence);
    if found.0 >= 0 && is_behind(lowest, found) {
        return Err(ProducerRefused::OutOfOrder { expected: lowest, found });
    }
    Ok(())
}

fn check_unknown(
    header: &BatchHeader,
    has_room: bool,
    resume: Option<ResumePoint>,
) -> Result<Verdict, ProducerRefused> {
    match resume {
        _ if header.base_sequence.0 == 0 => {}
        Some(point) => point.check(header)?,
        None => return Err(ProducerRefused::Unknown { found: header.base_sequence }),
    }
    if !has_room {
        return Err(ProducerRefused::TooMany);
    }
    Ok(Verdict::Fresh)
}

fn check_sequence(entry: &ProducerEntry, header: &BatchHeader) -> Result<Verdict, ProducerRefused> {
    let found = header.base_sequence;
    let last = entry.window.last().filter(|_| header.producer_epoch == entry.epoch);
    let expected = last.map_or(Sequence(0), |last| last.last_sequence().plus(1));
    if found == expected {
        return Ok(Verdict::Fresh);
    }
    let Some(last) = last else {
        return Err(ProducerRefused::OutOfOrder { expected, found });
    };
    if is_behind(found, expected) && is_behind(header.last_sequence(), last.last_sequence().plus(1)) {
        return Err(ProducerRefused::Duplicate { expected, found });
    }
    Err(ProducerRefused::OutOfOrder { expected, found })
}

/// Says whether a sequence lies before another; half of the circle is before, half after.
fn is_behind(sequence: Sequence, other: Sequence) -> bool {
    let ahead = sequence.0.wrapping_sub(other.0) & i32::MAX;
    ahead > i32::MAX / 2
}
