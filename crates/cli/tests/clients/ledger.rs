//! What a producer was told, what a reader found, and whether the two agree.
//!
//! The lines are those of tests/clients/python/load.py: `A partition offset number`, `E partition number reason`, `R partition offset number`;
//! and `X partition number`: given back by the client as not stored.

use std::collections::{BTreeMap, BTreeSet};

/// A record's place and number: `(partition, offset)` and the number that the producer gave it.
type Entry = ((u32, u64), u64);

/// The acknowledgements of one producer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    acknowledged: Vec<Entry>,
    given_up: Vec<String>,
    given_back: BTreeSet<u64>,
}

impl Ledger {
    /// Takes in a line of the producer. Returns whether it was an acknowledgement.
    pub(crate) fn note(&mut self, line: &str) -> bool {
        if line.starts_with("E ") {
            self.given_up.push(line.to_owned());
        }
        let number = line.strip_prefix("X ").and_then(|rest| rest.split(' ').next_back());
        self.given_back.extend(number.map(|number| number.parse::<u64>().unwrap()));
        let entry = line.strip_prefix("A ").map(entry);
        self.acknowledged.extend(entry);
        entry.is_some()
    }

    /// Returns the number of acknowledgements.
    pub(crate) fn count(&self) -> usize {
        self.acknowledged.len()
    }

    /// Returns the highest number that was acknowledged.
    pub(crate) fn highest(&self) -> Option<u64> {
        self.acknowledged.last().map(|(_, number)| *number)
    }

    /// Compares with what a reader found: every acknowledged record from `number` on is at its offset, none is twice, each partition is in order,
    /// and what was given back is not there.
    pub(crate) fn judge(&self, found: &[String], number: u64) -> Result<(), String> {
        if let Some(line) = self.given_up.first() {
            return Err(format!("{} records were given up, the first: {line}", self.given_up.len()));
        }
        let found: Vec<Entry> = found.iter().filter_map(|line| line.strip_prefix("R ").map(entry)).collect();
        in_order(&found)?;
        if let Some((place, n)) = found.iter().find(|(_, n)| self.given_back.contains(n)) {
            return Err(format!("{n} was given back as not stored, and is at {place:?}"));
        }
        let by_place: BTreeMap<(u32, u64), u64> = found.iter().copied().collect();
        let mut told = BTreeMap::new();
        for (place, n) in self.acknowledged.iter().filter(|(_, n)| *n >= number) {
            if by_place.get(place) != Some(n) {
                return Err(format!(
                    "lost: {n} was acknowledged at {place:?}, there is {:?}",
                    by_place.get(place)
                ));
            }
            if let Some(before) = told.insert(*place, *n) {
                return Err(format!("{before} and {n} were acknowledged at {place:?}"));
            }
        }
        Ok(())
    }

    /// Returns the number of records in each partition if everything up to the end was acknowledged, as the last offset says.
    pub(crate) fn ends(&self) -> BTreeMap<u32, u64> {
        let mut ends = BTreeMap::new();
        for ((partition, offset), _) in &self.acknowledged {
            let end = ends.entry(*partition).or_insert(0);
            *end = (*end).max(offset + 1);
        }
        ends
    }
}

/// Within a partition, offsets and numbers rise: a number that comes again is a record stored twice.
fn in_order(found: &[Entry]) -> Result<(), String> {
    let mut last: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for ((partition, offset), number) in found {
        match last.insert(*partition, (*offset, *number)) {
            Some((_, before)) if before == *number => {
                return Err(format!("{number} is twice in {partition}"));
            }
            Some((at, before)) if at >= *offset || before > *number => {
                return Err(format!("{number} at {partition}@{offset} comes after {before}@{at}"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn entry(line: &str) -> Entry {
    let mut words = line.split(' ').map(|word| word.parse::<u64>().unwrap());
    let mut next = || words.next().unwrap();
    ((u32::try_from(next()).unwrap(), next()), next())
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn ledger(text: &str) -> Ledger {
    let mut ledger = Ledger::default();
    lines(text).iter().for_each(|line| {
        ledger.note(line);
    });
    ledger
}

/// Protects: an unacknowledged record may be there, once; everything else is as it was told.
#[test]
fn ledger_accepts_what_is_right() {
    let told = ledger("A 0 0 0\nA 1 0 1\nA 0 1 2");
    assert_eq!(told.judge(&lines("R 0 0 0\nR 1 0 1\nR 0 1 2\nR 1 1 3"), 0), Ok(()));
    assert_eq!(told.judge(&lines("R 0 1 2"), 2), Ok(()));
    assert_eq!(told.ends(), BTreeMap::from([(0, 2), (1, 1)]));
}

/// Protects: a lost, doubled, moved or reordered record is caught.
#[test]
fn ledger_catches_anomalies() {
    let told = ledger("A 0 0 0\nA 0 1 1\nA 0 2 2");
    for wrong in [
        "R 0 0 0\nR 0 1 1",
        "R 0 0 0\nR 0 1 1\nR 0 2 2\nR 0 3 2",
        "R 0 0 0\nR 0 1 1\nR 0 2 2\nR 0 3 1",
        "R 0 0 1\nR 0 1 0\nR 0 2 2",
        "R 0 1 0\nR 0 2 1\nR 0 3 2",
    ] {
        assert!(told.judge(&lines(wrong), 0).is_err(), "{wrong}");
    }
    assert!(ledger("X 0 4").judge(&lines("R 0 0 4"), 0).is_err());
    assert!(ledger("E 0 1 timed out").judge(&[], 0).is_err());
}
