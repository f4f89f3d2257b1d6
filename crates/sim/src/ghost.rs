//! What was promised and what was seen, kept beside the broker, and the rules that both must obey.
//!
//! Rules are those of the replication and producer invariants: R8 exposed ends never go back, R9 an
//! acknowledgement means durable, R10 nothing acknowledged is lost, R11 nothing refused appears, R12 an
//! offset never changes, R13 offsets without gaps and epochs that do not fall, R16 every produce is
//! answered, T1 each value once and sequences without gaps. The first broken rule is kept. It shares no
//! code with the broker. Tests: `ghost/tests.rs`.

use std::collections::{BTreeMap, BTreeSet};
use wire::record::BatchHeader;

/// A rule that was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Its name.
    pub rule: &'static str,
    /// How it was broken.
    pub what: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

/// A batch that a consumer was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Its head.
    pub header: BatchHeader,
    /// The numbers of its values, in order.
    pub values: Vec<u64>,
}

type Place = (i32, i64);

/// The record of one run.
#[derive(Debug, Default)]
pub struct Ghost {
    sent: BTreeMap<u64, i32>,
    answered: usize,
    acked: BTreeMap<u64, Option<i64>>,
    refused: BTreeSet<u64>,
    batches: BTreeMap<Place, Seen>,
    at: BTreeMap<u64, Place>,
    ends: BTreeMap<i32, i64>,
    broken: Option<Violation>,
}

impl Ghost {
    /// A value is on its way.
    pub fn on_sent(&mut self, number: u64, partition: i32) {
        self.sent.insert(number, partition);
    }

    /// A value was acknowledged, at an offset if the broker knew it.
    pub fn on_acked(&mut self, number: u64, offset: Option<i64>, is_durable: bool) {
        self.answered += 1;
        self.require(is_durable, "R9", || format!("value {number} was acknowledged and is not durable"));
        let seen = self.at.get(&number).copied();
        if let (Some(offset), Some((_, at))) = (offset, seen) {
            self.require(offset == at, "R10", || {
                format!("value {number} lies at {at}, acknowledged at {offset}")
            });
        }
        self.acked.insert(number, offset);
    }

    /// A value was refused: it must never be seen.
    pub fn on_refused(&mut self, number: u64) {
        self.answered += 1;
        self.refused.insert(number);
        let is_unseen = !self.at.contains_key(&number);
        self.require(is_unseen, "R11", || format!("value {number} was refused and lies in the log"));
    }

    /// Nobody told what became of a value, although there was time.
    pub fn on_unknown(&mut self, number: u64) {
        self.answered += 1;
        self.breaks("R16", format!("value {number} was not answered in time"));
    }

    /// A consumer was given a batch.
    pub fn on_batch(&mut self, partition: i32, seen: Seen, is_durable: impl Fn(u64) -> bool) {
        let base = seen.header.base_offset.0;
        if let Some(before) = self.batches.get(&(partition, base)) {
            let is_same = *before == seen;
            return self.require(is_same, "R12", || format!("the batch at {partition}@{base} has changed"));
        }
        for (number, offset) in seen.values.iter().zip(base..) {
            self.on_value(*number, (partition, offset), is_durable(*number));
        }
        self.batches.insert((partition, base), seen);
    }

    fn on_value(&mut self, number: u64, place: Place, is_durable: bool) {
        let (partition, offset) = place;
        let shown = format!("value {number} at {partition}@{offset}");
        self.require(is_durable, "R8", || format!("{shown} was served and is not durable"));
        let is_sent = self.sent.get(&number) == Some(&partition);
        self.require(is_sent, "T1", || format!("{shown} was never sent there"));
        let is_refused = self.refused.contains(&number);
        self.require(!is_refused, "R11", || format!("{shown} was refused"));
        let promised = self.acked.get(&number).copied().flatten();
        let is_promised = promised.is_none_or(|at| at == offset);
        self.require(is_promised, "R10", || format!("{shown} was acknowledged at {promised:?}"));
        if let Some(other) = self.at.insert(number, place) {
            self.breaks("T1", format!("{shown} was seen at {}@{} before", other.0, other.1));
        }
    }

    /// A broker named the end of a partition.
    pub fn on_end(&mut self, partition: i32, end: i64) {
        let before = self.ends.insert(partition, end).unwrap_or(0);
        self.require(end >= before, "R8", || format!("the end of {partition} went from {before} to {end}"));
    }

    /// Something else went wrong.
    pub fn breaks(&mut self, rule: &'static str, what: String) {
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
    pub fn check(&self) -> Result<(), Violation> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// Returns how many values were acknowledged.
    pub fn acked(&self) -> usize {
        self.acked.len()
    }

    /// Returns how many values have no answer yet.
    pub fn outstanding(&self) -> usize {
        self.sent.len() - self.answered
    }

    /// Says whether a consumer has seen everything that was acknowledged.
    pub fn is_all_seen(&self) -> bool {
        self.acked.keys().all(|number| self.at.contains_key(number))
    }

    /// Judges the whole once everything has been answered and read.
    ///
    /// # Errors
    /// The first broken rule.
    pub fn finish(&mut self) -> Result<(), Violation> {
        let outstanding = self.outstanding();
        self.require(outstanding == 0, "R16", || format!("{outstanding} values were never answered"));
        let lost: Vec<u64> = self.acked.keys().filter(|n| !self.at.contains_key(n)).copied().collect();
        self.require(lost.is_empty(), "R10", || format!("acknowledged and lost: {lost:?}"));
        self.check_order();
        self.check_shape();
        self.check()
    }

    /// Values of a partition lie in the order in which they were sent.
    fn check_order(&mut self) {
        let mut last: BTreeMap<i32, u64> = BTreeMap::new();
        for ((partition, base), seen) in &self.batches.clone() {
            for number in &seen.values {
                let before = last.insert(*partition, *number);
                let is_in_order = before.is_none_or(|before| before < *number);
                self.require(is_in_order, "T1", || {
                    format!("in the batch at {partition}@{base} value {number} follows {before:?}")
                });
            }
        }
    }

    /// Offsets and sequences have no gaps, leader epochs do not fall.
    fn check_shape(&mut self) {
        let mut offsets: BTreeMap<i32, i64> = BTreeMap::new();
        let mut epochs: BTreeMap<i32, i32> = BTreeMap::new();
        let mut sequences: BTreeMap<(i32, i64, i16), i32> = BTreeMap::new();
        for ((partition, base), seen) in &self.batches.clone() {
            let header = &seen.header;
            let next = offsets.insert(*partition, header.next_offset().0).unwrap_or(0);
            self.require(next == *base, "R13", || format!("{partition}@{base} follows {next}"));
            let epoch = header.leader_epoch.0;
            let before = epochs.insert(*partition, epoch).unwrap_or(0);
            self.require(before <= epoch, "R13", || {
                format!("{partition}@{base}: epoch {epoch} after {before}")
            });
            let producer = (*partition, header.producer_id.0, header.producer_epoch.0);
            let sequence = header.base_sequence.0;
            let due =
                sequences.insert(producer, header.base_sequence.plus(header.record_count).0).unwrap_or(0);
            self.require(due == sequence, "T1", || {
                format!("{partition}@{base}: sequence {sequence} where {due} was due")
            });
        }
    }
}

#[cfg(test)]
mod tests;
