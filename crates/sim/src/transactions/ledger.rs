//! What transactions were promised and what is seen of them, kept beside the broker, and the rules that both must obey.
//!
//! Every record and every committed offset has a number of its own that tells its transaction. Judged at every step:
//!
//! - T1 of a producer in one epoch the sequences of a partition have no gap, and each number is in one place (`lane`);
//! - T2 what the broker knows of a partition's producers is what its log says (in the end, after a loss of power);
//! - T3 the last stable offset is the first offset of the oldest open transaction, or the high watermark; neither goes back; in the
//!   end nothing is open (`lane`);
//! - T4 a transaction ends in one way everywhere, as it was told, with one mark in each partition and nothing after it; what was
//!   committed is all there; nobody else's record is in it; nothing ends a transaction but its producer, its time and who takes its id over;
//! - T5 who reads committed data gets all of that, nothing that was aborted and nothing before its commit is asked for (`lane`);
//! - T6 what is sent after a higher epoch was given out is not stored, and commits nothing;
//! - T7 no two processes hold the same producer id and epoch;
//! - T8 offsets count if their transaction is committed, and never go back;
//! - E1 each committed record of the input has been worked on once in the output;
//! - R9, R10, R11, R12 as everywhere: what is acknowledged is durable and stays, what is refused is not stored, what was read stays the same.
//!
//! Order is that of one counter: what was asked after something was learned comes after it. The first broken rule is kept.
//! It shares no code with the broker. Tests: `ledger/tests.rs`.

mod ends;
mod lane;

pub(super) use lane::{Batch, CommittedRead, Content, LaneKey, Standing};

use lane::Lane;

use crate::ghost::Violation;
use std::collections::BTreeMap;
use std::time::Duration;

/// A producer id with an epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Identity {
    pub(super) id: i64,
    pub(super) epoch: i16,
}

/// When something was asked: its place in the order of things.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Asked(u64);

/// A partition by the name of its topic.
pub(super) type Place = (String, i32);

/// A record of the input: partition and offset.
pub(super) type Source = (i32, i64);

/// What a part of a transaction is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// A record, perhaps made from one of the input.
    Record(Place, Option<Source>),
    /// The offset of a group for a partition of the input.
    Offset(i32, i64),
}

/// A part of a transaction.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) txn: usize,
    pub(super) part: Part,
    /// When the first copy went out.
    sent: Option<u64>,
    copies: u32,
    is_acked: bool,
    /// Where it was stored, as was told.
    told: Option<i64>,
    is_refused: bool,
    /// A higher epoch had been given out when it was sent.
    is_fenced: bool,
    /// Where it is.
    found: Option<(LaneKey, i64)>,
}

/// Who runs a transaction, and for how long it may.
#[derive(Clone, Debug, Default)]
pub(super) struct Begun {
    pub(super) transactional_id: String,
    pub(super) process: String,
    pub(super) producer: Identity,
    pub(super) timeout: Duration,
}

#[derive(Clone, Debug)]
struct Txn {
    by: Begun,
    began: u64,
    /// When the first request of it went out.
    first_sent: Option<Duration>,
    pieces: Vec<u64>,
    commit_asked: Option<u64>,
    /// A higher epoch had been given out by then.
    is_fenced: bool,
    abort_asked: bool,
    fate: Option<bool>,
}

/// What has happened, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Counts {
    pub(super) committed: u64,
    pub(super) aborted: u64,
    /// Parts and commits that were sent although a higher epoch had been given out.
    pub(super) zombies: u64,
    /// Requests that arrived late, after their client had given them up.
    pub(super) late: u64,
    /// Producers that were told that they are fenced.
    pub(super) fenced: u64,
    /// Records of the input that were worked on.
    pub(super) worked: u64,
    /// Transactions that were open when a topic was deleted that they had written to.
    pub(super) uprooted: u64,
    /// Batches that were refused for a full disk.
    pub(super) full: u64,
}

/// The record of one run.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    clock: u64,
    now: Duration,
    txns: Vec<Txn>,
    pieces: Vec<Piece>,
    /// Epochs that were given out, by producer id: the process, and when it was learned.
    given: BTreeMap<i64, BTreeMap<i16, (String, u64)>>,
    /// When a producer was last asked for, by transactional id.
    inits: BTreeMap<String, (u64, Duration)>,
    /// When a topic was last known to be deleted, by name.
    deleted: BTreeMap<String, u64>,
    lanes: BTreeMap<LaneKey, Lane>,
    /// Offsets of the group that are known, by partition: when that was learned, and whether by reading.
    offsets: BTreeMap<i32, Vec<(u64, i64, bool)>>,
    worked: BTreeMap<Source, u64>,
    counts: Counts,
    broken: Option<Violation>,
}

impl Ledger {
    /// Notes that something is asked now.
    pub(super) fn ask(&mut self) -> Asked {
        Asked(self.learn())
    }

    fn learn(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// Notes the time of a step.
    pub(super) fn tick(&mut self, now: Duration) {
        self.now = now;
    }

    /// A process is about to ask for a producer.
    pub(super) fn on_init(&mut self, transactional_id: &str) {
        let event = self.learn();
        self.inits.insert(transactional_id.to_owned(), (event, self.now));
    }

    /// A process was given an epoch (T7), by whatever request.
    pub(super) fn on_given(&mut self, process: &str, identity: Identity) {
        let learned = self.learn();
        let epochs = self.given.entry(identity.id).or_default();
        let (holder, _) = epochs.entry(identity.epoch).or_insert_with(|| (process.to_owned(), learned));
        if holder != process {
            let what = format!("{identity:?} is held by {holder} and {process}");
            self.breaks("T7", what);
        }
    }

    /// Says whether a higher epoch was given out before.
    fn is_fenced(&self, identity: Identity, at: u64) -> bool {
        let epochs = self.given.get(&identity.id).into_iter().flatten();
        epochs.into_iter().any(|(epoch, (_, learned))| *epoch > identity.epoch && *learned < at)
    }

    /// A transaction is about to begin; returns its number.
    pub(super) fn begin(&mut self, by: Begun) -> usize {
        let began = self.learn();
        self.txns.push(Txn {
            by,
            began,
            first_sent: None,
            pieces: Vec::new(),
            commit_asked: None,
            is_fenced: false,
            abort_asked: false,
            fate: None,
        });
        self.txns.len() - 1
    }

    /// A transaction is to have a part; returns the part's number.
    pub(super) fn add(&mut self, txn: usize, part: Part) -> u64 {
        let (sent, told, found) = (None, None, None);
        let piece = Piece {
            txn,
            part,
            sent,
            copies: 0,
            is_acked: false,
            told,
            is_refused: false,
            is_fenced: false,
            found,
        };
        self.pieces.push(piece);
        let number = self.pieces.len() as u64;
        if let Some(txn) = self.txns.get_mut(txn) {
            txn.pieces.push(number);
        }
        number
    }

    /// Something of a transaction goes out.
    pub(super) fn on_touched(&mut self, txn: usize) {
        let now = self.now;
        if let Some(txn) = self.txns.get_mut(txn) {
            txn.first_sent.get_or_insert(now);
        }
    }

    /// A copy of a part goes out.
    pub(super) fn on_sent(&mut self, number: u64) {
        let event = self.learn();
        let Some(producer) = self.piece(number).and_then(|piece| Some(self.txns.get(piece.txn)?.by.producer))
        else {
            return;
        };
        let is_fenced = self.is_fenced(producer, event);
        let Some(piece) = self.piece_mut(number) else { return };
        piece.copies += 1;
        if piece.sent.is_none() {
            (piece.sent, piece.is_fenced) = (Some(event), is_fenced);
            self.counts.zombies += u64::from(is_fenced);
        }
    }

    /// A part was acknowledged, a record with its place.
    pub(super) fn on_acked(&mut self, number: u64, offset: Option<i64>) {
        let Some(piece) = self.piece_mut(number) else { return };
        (piece.is_acked, piece.told) = (true, offset.or(piece.told));
        let piece = piece.clone();
        self.require(!piece.is_fenced, "T6", || {
            format!("part {number} was sent in an old epoch, and acknowledged")
        });
        self.agrees(number);
    }

    /// A part was refused by a code that says that it is not stored; that is certain of its only copy.
    pub(super) fn on_refused(&mut self, number: u64) {
        if let Some(piece) = self.piece_mut(number)
            && piece.copies == 1
        {
            piece.is_refused = true;
            self.agrees(number);
        }
    }

    /// What was told of a part is what is there.
    fn agrees(&mut self, number: u64) {
        let Some(piece) = self.piece(number).cloned() else { return };
        let Some((key, offset)) = piece.found else { return };
        self.require(!piece.is_refused, "R11", || {
            format!("part {number} was refused, and is at {key:?} {offset}")
        });
        self.require(!piece.is_fenced, "T6", || {
            format!("part {number} was sent in an old epoch, and is at {key:?} {offset}")
        });
        let is_there = piece.told.is_none_or(|told| told == offset) || self.may_be_twice(&piece);
        self.require(is_there, "R12", || {
            format!("part {number} was told to be at {:?} and is at {offset}", piece.told)
        });
    }

    /// The group said what it has stored for a partition of the input: the number of a part, and an offset (T8).
    pub(super) fn on_offset(
        &mut self,
        partition: i32,
        asked: Asked,
        is_stable: bool,
        found: Option<(u64, i64)>,
    ) {
        if let Some((number, offset)) = found {
            let part = self.piece(number).map(|piece| (piece.txn, piece.part.clone()));
            let its = part.filter(|(_, part)| *part == Part::Offset(partition, offset));
            let Some((txn, _)) = its else {
                return self.breaks(
                    "T8",
                    format!("partition {partition} has {offset} as part {number}, which it is not"),
                );
            };
            self.decide(txn, true, "T8", "has its offset seen");
            let piece =
                self.piece(number).map(|piece| (piece.is_fenced, piece.is_refused)).unwrap_or_default();
            self.require(!piece.0, "T6", || format!("offset {number} was sent in an old epoch, and counts"));
            self.require(!piece.1, "R11", || format!("offset {number} was refused, and counts"));
        }
        let learned = self.learn();
        let seen = found.map_or(0, |(_, offset)| offset);
        let before = self.offsets.entry(partition).or_default();
        let due =
            before.iter().filter(|(since, _, by_reading)| *since < asked.0 && (is_stable || *by_reading));
        let least = due.map(|(_, offset, _)| *offset).max().unwrap_or(0);
        before.push((learned, seen, true));
        self.require(seen >= least, "T8", || {
            format!("partition {partition} has offset {seen} and had {least} (stable: {is_stable})")
        });
    }

    /// A topic is known to be deleted: what was sent before may be gone.
    pub(super) fn on_deleted(&mut self, topic: &str) {
        let event = self.learn();
        self.deleted.insert(topic.to_owned(), event);
        let is_there = |number: &u64| {
            self.piece(*number).is_some_and(|piece| {
                let is_its = matches!(&piece.part, Part::Record((name, _), _) if name == topic);
                is_its && piece.sent.is_some()
            })
        };
        let is_uprooted = |txn: &&Txn| txn.fate.is_none() && txn.pieces.iter().any(is_there);
        self.counts.uprooted += self.txns.iter().filter(is_uprooted).count() as u64;
    }

    fn may_be_gone(&self, piece: &Piece) -> bool {
        let Part::Record((topic, _), _) = &piece.part else { return true };
        self.deleted.get(topic).is_some_and(|deleted| piece.sent.is_none_or(|sent| sent < *deleted))
    }

    /// A copy that was sent by name may have come to the topic that was deleted, another to its namesake.
    fn may_be_twice(&self, piece: &Piece) -> bool {
        piece.copies > 1 && self.may_be_gone(piece)
    }

    fn piece(&self, number: u64) -> Option<&Piece> {
        self.pieces.get(index(number)?)
    }

    fn piece_mut(&mut self, number: u64) -> Option<&mut Piece> {
        self.pieces.get_mut(index(number)?)
    }

    /// Everything was read to its end, and nothing goes on: what is missing?
    pub(super) fn finish(&mut self, living: &[LaneKey]) {
        for number in 1..=self.pieces.len() as u64 {
            let Some(piece) = self.piece(number).cloned() else { continue };
            let is_record = matches!(piece.part, Part::Record(..));
            if !is_record || piece.found.is_some() || self.may_be_gone(&piece) {
                continue;
            }
            let fate = self.txns.get(piece.txn).and_then(|txn| txn.fate);
            let txn = piece.txn;
            self.require(fate != Some(true), "T4", || {
                format!("part {number} of committed transaction {txn} is missing")
            });
            self.require(!piece.is_acked, "R10", || {
                format!("part {number} ({:?}) was acknowledged, and is gone", piece.part)
            });
        }
        for key in living {
            let Some(lane) = self.lanes.get(key) else { continue };
            if let Some(what) = lane.open() {
                self.breaks("T3", format!("{key:?}: {what} is open in the end"));
            }
        }
    }

    /// Says which committed record of a partition of the input has not been worked on.
    pub(super) fn unworked(&self, key: LaneKey) -> Option<Source> {
        let lane = self.lanes.get(&key)?;
        let sources = lane.committed().map(|offset| (key.1, offset));
        sources.into_iter().find(|source| !self.worked.contains_key(source))
    }

    /// Something else went wrong.
    pub(super) fn breaks(&mut self, rule: &'static str, what: String) {
        self.broken.get_or_insert(Violation { rule, what });
    }

    fn require(&mut self, holds: bool, rule: &'static str, what: impl FnOnce() -> String) {
        if !holds {
            self.breaks(rule, what());
        }
    }

    /// Returns the first broken rule.
    ///
    /// # Errors
    /// That rule.
    pub(super) fn check(&self) -> Result<(), Violation> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// Returns what has happened so far, in numbers.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) fn counts_mut(&mut self) -> &mut Counts {
        &mut self.counts
    }
}

fn index(number: u64) -> Option<usize> {
    usize::try_from(number.checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests;
