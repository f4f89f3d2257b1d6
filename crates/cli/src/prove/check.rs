//! The checker: what was sent against what is there. Pure, and no code of the broker's.
//!
//! Each lane (one producer into one partition) numbers its records from 0 and sends them in that order.
//! So of a partition, read from its start to its end:
//!
//! - every acknowledged number must be there (else *lost*), at the acknowledged offset (else *misplaced*);
//! - no number may be there again (*twice*), nor after a higher one of its lane (*reordered*);
//! - every value must be one that was sent (else *foreign*), into this partition, byte for byte (else *altered*);
//! - a batch that was refused must not be there (*refused but stored*);
//! - offsets must rise by one (else *offset gaps*).
//!
//! On a compacted topic each lane takes turns with a number of keys. There an acknowledged record may be gone if a higher
//! number of its key is there, offsets may leave gaps but not go back, and a record has the key of its number (else *altered*).
//!
//! What never got an answer may be there or not; it is counted either way. Tests: `check_tests.rs`.

use super::value::{KEYS, Lane, Reading, key, read};
use std::collections::{BTreeMap, BTreeSet};

/// How many examples of each anomaly are kept.
const EXAMPLES_MAX: usize = 5;

/// What the producer was told of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// Stored; the offset of its first record if the broker said so.
    Acked(Option<i64>),
    /// Not stored.
    Refused,
    /// Nothing.
    Unknown,
}

/// A batch that was sent: consecutive numbers of a lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SentBatch {
    pub(super) lane: Lane,
    pub(super) first: u64,
    pub(super) count: u32,
    pub(super) fate: Fate,
}

/// A record that was read, in the order of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ReadRecord {
    pub(super) partition: u32,
    pub(super) offset: i64,
    pub(super) leader_epoch: i32,
    pub(super) producer_id: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Vec<u8>,
}

/// One kind of anomaly: how often, and where at first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Anomaly {
    pub(super) count: u64,
    pub(super) examples: Vec<String>,
}

impl Anomaly {
    pub(super) fn note(&mut self, example: impl FnOnce() -> String) {
        self.count += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(example());
        }
    }
}

/// The result.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Findings {
    /// Records whose storage was acknowledged.
    pub(super) acknowledged: u64,
    /// Acknowledged records that are gone because a later one of their key is there.
    pub(super) replaced: u64,
    /// Sound records that are there, each counted once.
    pub(super) readable: u64,
    /// Records without an answer that are there.
    pub(super) unknown_stored: u64,
    /// Records without an answer that are not there.
    pub(super) unknown_absent: u64,
    pub(super) lost: Anomaly,
    pub(super) twice: Anomaly,
    pub(super) reordered: Anomaly,
    pub(super) altered: Anomaly,
    pub(super) foreign: Anomaly,
    pub(super) misplaced: Anomaly,
    pub(super) refused_stored: Anomaly,
    pub(super) offset_gaps: Anomaly,
    /// Leader epoch under which each batch's first record was stored. *Shape*: as the batches sent.
    pub(super) epochs: Vec<Option<i32>>,
    /// Producers whose records are stored under each producer id.
    pub(super) writers: BTreeMap<i64, BTreeSet<u32>>,
}

impl Findings {
    /// Returns the anomalies with their names.
    pub(super) fn anomalies(&self) -> [(&'static str, &Anomaly); 8] {
        [
            ("lost", &self.lost),
            ("twice", &self.twice),
            ("reordered", &self.reordered),
            ("altered", &self.altered),
            ("foreign", &self.foreign),
            ("misplaced", &self.misplaced),
            ("refused but stored", &self.refused_stored),
            ("offset gaps", &self.offset_gaps),
        ]
    }
}

/// Where a number was found.
#[derive(Clone, Copy)]
struct Place {
    offset: i64,
    leader_epoch: i32,
}

/// Number by key.
type Latest = BTreeMap<(Lane, u64), u64>;

/// Walks the log and then the ledger.
#[derive(Default)]
pub(super) struct Checker {
    seed: u64,
    compacted: bool,
    places: BTreeMap<Lane, BTreeMap<u64, Place>>,
    next_offsets: BTreeMap<u32, i64>,
    findings: Findings,
}

impl Checker {
    /// Starts a check of the run with this seed.
    pub(super) fn new(seed: u64) -> Checker {
        Checker { seed, ..Checker::default() }
    }

    /// Starts a check of a compacted topic.
    pub(super) fn of_compacted(seed: u64) -> Checker {
        Checker { compacted: true, ..Checker::new(seed) }
    }

    /// Takes the next record of the log.
    pub(super) fn on_read(&mut self, record: &ReadRecord) {
        self.check_offset(record);
        let (partition, offset) = (record.partition, record.offset);
        match read(self.seed, &record.value) {
            Reading::Altered => {
                self.findings.altered.note(|| format!("partition {partition} offset {offset}"));
            }
            Reading::Foreign => {
                self.findings.foreign.note(|| format!("partition {partition} offset {offset}"));
            }
            Reading::Sound(lane, _) if lane.partition != partition => {
                self.findings
                    .foreign
                    .note(|| format!("{lane} found in partition {partition} offset {offset}"));
            }
            Reading::Sound(lane, number) if record.key != self.compacted.then(|| key(lane, number)) => {
                self.findings.altered.note(|| format!("key of partition {partition} offset {offset}"));
            }
            Reading::Sound(lane, number) => self.on_sound(lane, number, record),
        }
    }

    fn check_offset(&mut self, record: &ReadRecord) {
        let due = self.next_offsets.insert(record.partition, record.offset + 1).unwrap_or(0);
        let wrong = if self.compacted { due > record.offset } else { due != record.offset };
        if wrong {
            let (partition, offset) = (record.partition, record.offset);
            self.findings
                .offset_gaps
                .note(|| format!("partition {partition} offset {offset} where {due} was due"));
        }
    }

    fn on_sound(&mut self, lane: Lane, number: u64, record: &ReadRecord) {
        self.findings.writers.entry(record.producer_id).or_default().insert(lane.producer);
        let places = self.places.entry(lane).or_default();
        let offset = record.offset;
        if let Some(first) = places.get(&number) {
            let first = first.offset;
            return self
                .findings
                .twice
                .note(|| format!("{lane} number {number} at offsets {first} and {offset}"));
        }
        if let Some((higher, _)) = places.last_key_value().filter(|(higher, _)| **higher > number) {
            let higher = *higher;
            self.findings
                .reordered
                .note(|| format!("{lane} number {number} at offset {offset}, after {higher}"));
        }
        places.insert(number, Place { offset, leader_epoch: record.leader_epoch });
        self.findings.readable += 1;
    }

    /// Compares with what was sent.
    pub(super) fn finish(mut self, sent: &[SentBatch]) -> Findings {
        let latest = self.latest();
        for batch in sent {
            for index in 0..batch.count {
                self.account(batch, index, &latest);
            }
            let mut numbers = batch.first..batch.first + u64::from(batch.count);
            let first = numbers.find_map(|number| self.place(batch.lane, number));
            self.findings.epochs.push(first.map(|place| place.leader_epoch));
        }
        self.find_unsent(sent);
        self.findings
    }

    fn place(&self, lane: Lane, number: u64) -> Option<Place> {
        self.places.get(&lane).and_then(|places| places.get(&number)).copied()
    }

    /// The highest number of each key that is there, if they are of any use.
    fn latest(&self) -> Latest {
        let mut latest = Latest::new();
        for (lane, places) in self.places.iter().filter(|_| self.compacted) {
            latest.extend(places.keys().map(|number| ((*lane, number % KEYS), *number)));
        }
        latest
    }

    fn account(&mut self, batch: &SentBatch, index: u32, latest: &Latest) {
        let (lane, number) = (batch.lane, batch.first + u64::from(index));
        let found = self.place(lane, number);
        let is_replaced = latest.get(&(lane, number % KEYS)).is_some_and(|latest| *latest > number);
        let findings = &mut self.findings;
        findings.acknowledged += u64::from(matches!(batch.fate, Fate::Acked(_)));
        match (batch.fate, found) {
            (Fate::Acked(_), None) if is_replaced => findings.replaced += 1,
            (Fate::Acked(_), None) => findings.lost.note(|| format!("{lane} number {number}")),
            (Fate::Acked(Some(base)), Some(place)) if place.offset != base + i64::from(index) => {
                let (told, offset) = (base + i64::from(index), place.offset);
                findings
                    .misplaced
                    .note(|| format!("{lane} number {number} at {offset}, acknowledged at {told}"));
            }
            (Fate::Acked(_), Some(_)) | (Fate::Refused, None) => {}
            (Fate::Refused, Some(place)) => {
                findings.refused_stored.note(|| format!("{lane} number {number} at offset {}", place.offset));
            }
            (Fate::Unknown, Some(_)) => findings.unknown_stored += 1,
            (Fate::Unknown, None) => findings.unknown_absent += 1,
        }
    }

    /// A sound value that nobody sent is foreign too.
    fn find_unsent(&mut self, sent: &[SentBatch]) {
        let mut ends: BTreeMap<Lane, u64> = BTreeMap::new();
        for batch in sent {
            let end = ends.entry(batch.lane).or_default();
            *end = (*end).max(batch.first + u64::from(batch.count));
        }
        for (lane, places) in &self.places {
            for number in places.range(ends.get(lane).copied().unwrap_or(0)..).map(|(number, _)| number) {
                self.findings.foreign.note(|| format!("{lane} number {number} was never sent"));
            }
        }
    }
}
