//! What transactions were told against what readers of committed data find. Pure, and no code of the broker's.
//!
//! Writers put transactions over several partitions into the input topic; pipelines write one record for each that they read
//! there, with its offset in the same transaction. Then, for a reader of committed data:
//!
//! - of a transaction all records are there or none (else *torn*), all if it was told as committed (else *lost*), each
//!   once (else *twice*), as it was sent (else *altered*);
//! - none is there of a transaction whose commit was never asked for, or that was told as aborted (else *aborted read*),
//!   and none is seen before its commit is asked for (else *precommitted read*); what was seen stays (else *seen and gone*);
//! - each record of the input has its record in the output (else *pipeline lost*), once, and the group's offset beyond it (else
//!   *pipeline twice*: it would be written again);
//! - when all is over, no transaction is open, and nothing is held back from a reader (else *hanging*).
//!
//! A commit that was asked for and never answered may have happened or not. Tests: `check_tests.rs`.

use crate::prove::check::Anomaly;
use crate::prove::value::{Lane, Reading, fnv1a, read, value};
use std::collections::{BTreeMap, BTreeSet};

/// Most records of one transaction in one partition.
pub(super) const RECORDS_MAX: u64 = 1 << 8;
/// Makes values of the output another run's than those of the input.
const OUTPUT: u64 = 0x6f75_7470_7574;

/// A transaction by its writer and its number.
pub(super) type Id = (u32, u64);

/// What is known of a transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Account {
    /// How many records it has in each partition.
    parts: BTreeMap<u32, u64>,
    /// The commit was asked for.
    asked: bool,
    /// It was told as committed, or as aborted.
    told: Option<bool>,
}

/// A record of the input or the output, as a reader of committed data got it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Read {
    pub(super) partition: u32,
    pub(super) offset: i64,
    pub(super) value: Vec<u8>,
}

/// All transactions of a proof, and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    seed: u64,
    txns: BTreeMap<Id, Account>,
    /// Sum of each value that was seen while the load ran.
    seen: BTreeMap<(u32, i64), u64>,
    /// Records of each transaction that are there at the end, by partition and index.
    found: BTreeMap<Id, BTreeSet<(u32, u64)>>,
    inputs: BTreeSet<(u32, i64)>,
    /// How often the record at a place of the input is in the output.
    outputs: BTreeMap<(u32, i64), u64>,
    /// Transactions of writers without an answer that turned out to be committed.
    pub(super) unknown_committed: u64,
    /// The same, aborted.
    pub(super) unknown_aborted: u64,
    torn: Anomaly,
    lost: Anomaly,
    twice: Anomaly,
    altered: Anomaly,
    aborted: Anomaly,
    early: Anomaly,
    gone: Anomaly,
    pipeline_lost: Anomaly,
    pipeline_twice: Anomaly,
    hanging: Anomaly,
}

impl Accounts {
    /// Starts the accounts of the run with this seed.
    pub(super) fn new(seed: u64) -> Accounts {
        Accounts { seed, ..Accounts::default() }
    }

    /// Takes a transaction that is about to begin: how many records it will have in each partition.
    pub(super) fn on_begin(&mut self, id: Id, parts: BTreeMap<u32, u64>) {
        self.txns.insert(id, Account { parts, asked: false, told: None });
    }

    /// Takes word that the commit is about to be asked for.
    pub(super) fn on_commit_asked(&mut self, id: Id) {
        if let Some(account) = self.txns.get_mut(&id) {
            account.asked = true;
        }
    }

    /// Takes what was told of its end.
    pub(super) fn on_told(&mut self, id: Id, committed: bool) {
        if let Some(account) = self.txns.get_mut(&id) {
            account.told = Some(committed);
        }
    }

    /// Returns how many were told as committed, and as aborted.
    pub(super) fn told(&self) -> (u64, u64) {
        let count = |told| self.txns.values().filter(|account| account.told == Some(told)).count();
        let count = |told| u64::try_from(count(told)).unwrap_or(u64::MAX);
        (count(true), count(false))
    }

    /// Takes a record of the input that a reader of committed data has just been given while the load runs.
    pub(super) fn on_seen(&mut self, record: &Read) {
        self.seen.insert((record.partition, record.offset), fnv1a(&record.value));
        let place = place(record);
        if let Reading::Sound(lane, number) = read(self.seed, &record.value) {
            let id = (lane.producer, number / RECORDS_MAX);
            if self.txns.get(&id).is_some_and(|account| !account.asked) {
                self.early.note(|| format!("{}, {place}", name(id)));
            }
        }
    }

    /// Takes the next record of the input when all is over.
    pub(super) fn on_input(&mut self, record: &Read) {
        let at = (record.partition, record.offset);
        self.inputs.insert(at);
        if self.seen.remove(&at).is_some_and(|sum| sum != fnv1a(&record.value)) {
            self.gone.note(|| format!("{}: another record is there now", place(record)));
        }
        match read(self.seed, &record.value) {
            Reading::Sound(lane, number) if lane.partition == record.partition => {
                self.on_sound(lane, number, record);
            }
            _ => self.altered.note(|| place(record)),
        }
    }

    fn on_sound(&mut self, lane: Lane, number: u64, record: &Read) {
        let (id, index) = ((lane.producer, number / RECORDS_MAX), number % RECORDS_MAX);
        let due = self.txns.get(&id).and_then(|account| account.parts.get(&lane.partition)).copied();
        if index >= due.unwrap_or(0) {
            self.altered.note(|| format!("{}, which was never sent: {}", name(id), place(record)));
        } else if !self.found.entry(id).or_default().insert((lane.partition, index)) {
            self.twice.note(|| format!("{}, {}", name(id), place(record)));
        }
    }

    /// Takes the next record of the output when all is over.
    pub(super) fn on_output(&mut self, record: &Read) {
        match read(self.seed ^ OUTPUT, &record.value) {
            Reading::Sound(lane, number) if lane.partition == record.partition => {
                let offset = i64::try_from(number).unwrap_or(i64::MAX);
                *self.outputs.entry((lane.partition, offset)).or_default() += 1;
            }
            _ => self.altered.note(|| format!("of the output, {}", place(record))),
        }
    }

    /// Takes where a partition ends for readers of committed data, and for all others, when all is over.
    pub(super) fn on_end(&mut self, topic: &str, partition: u32, (stable, end): (i64, i64)) {
        if stable != end {
            self.hanging.note(|| format!("{topic}-{partition} is held back at {stable} of {end}"));
        }
    }

    /// Takes a transactional id whose transaction is still open when all is over.
    pub(super) fn on_open(&mut self, transactional_id: &str) {
        self.hanging.note(|| format!("'{transactional_id}' is open"));
    }

    /// Ends the comparison; `committed` are the offsets of the pipelines' group, if there are pipelines.
    pub(super) fn finish(&mut self, committed: Option<&BTreeMap<u32, i64>>) {
        for (id, account) in std::mem::take(&mut self.txns) {
            let found = self.found.get(&id).map_or(0, BTreeSet::len);
            self.judge(id, &account, u64::try_from(found).unwrap_or(u64::MAX));
            self.txns.insert(id, account);
        }
        for (partition, offset) in std::mem::take(&mut self.seen).into_keys() {
            self.gone.note(|| format!("partition {partition} offset {offset}"));
        }
        let inputs = std::mem::take(&mut self.inputs);
        for (at, committed) in inputs.into_iter().filter_map(|at| Some((at, committed?))) {
            self.judge_pipeline(at, committed.get(&at.0).copied().unwrap_or(0));
        }
        for (partition, offset) in std::mem::take(&mut self.outputs).into_keys() {
            self.aborted
                .note(|| format!("by a pipeline: nothing counts at partition {partition} offset {offset}"));
        }
    }

    fn judge(&mut self, id: Id, account: &Account, found: u64) {
        let due: u64 = account.parts.values().sum();
        let what = || format!("{}: {found} of {due} records", name(id));
        match (account.told, account.asked) {
            (Some(false), _) | (None, false) if found > 0 => self.aborted.note(what),
            (Some(true), _) if found == 0 => self.lost.note(what),
            (Some(true), _) | (None, true) if found > 0 && found < due => self.torn.note(what),
            (None, true) if found == 0 => self.unknown_aborted += 1,
            (None, true) => self.unknown_committed += 1,
            _ => {}
        }
    }

    fn judge_pipeline(&mut self, (partition, offset): (u32, i64), committed: i64) {
        let what = || format!("partition {partition} offset {offset}");
        match self.outputs.remove(&(partition, offset)) {
            None => self.pipeline_lost.note(what),
            Some(1) if offset < committed => {}
            Some(1) => self.pipeline_twice.note(|| format!("{}, as the group is at {committed}", what())),
            Some(times) => self.pipeline_twice.note(|| format!("{}, {times} times", what())),
        }
    }

    /// Returns the anomalies with their names.
    pub(super) fn anomalies(&self) -> [(&'static str, &Anomaly); 10] {
        [
            ("torn", &self.torn),
            ("lost", &self.lost),
            ("twice", &self.twice),
            ("altered", &self.altered),
            ("aborted read", &self.aborted),
            ("precommitted read", &self.early),
            ("seen and gone", &self.gone),
            ("pipeline lost", &self.pipeline_lost),
            ("pipeline twice", &self.pipeline_twice),
            ("hanging", &self.hanging),
        ]
    }
}

/// Makes the value of a record of a transaction.
pub(super) fn input_value(seed: u64, id: Id, partition: u32, index: u64) -> Vec<u8> {
    value(seed, Lane { producer: id.0, partition }, id.1 * RECORDS_MAX + index)
}

/// Makes the value that a pipeline writes for a record of the input.
pub(super) fn output_value(seed: u64, partition: u32, offset: i64) -> Vec<u8> {
    let number = u64::try_from(offset).unwrap_or(u64::MAX);
    value(seed ^ OUTPUT, Lane { producer: 0, partition }, number)
}

fn name((writer, number): Id) -> String {
    format!("transaction {number} of writer {writer}")
}

fn place(record: &Read) -> String {
    format!("partition {} offset {}", record.partition, record.offset)
}
