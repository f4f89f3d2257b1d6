//! What a group of consumers read and committed, against what is there. Pure.
//!
//! - Every record of the log was worked on by some member, and nobody went on elsewhere than where the group stood (else
//!   *skipped*).
//! - A member sees what stays: the same bytes at the same offset (else *seen otherwise*), and nothing that is gone
//!   afterwards (else *seen and gone*; a compacted log may forget).
//! - An acknowledged commit stays: it is there (else *offsets lost*), and nothing lower takes its place (else
//!   *offsets gone back*); a commit that got no answer may be there or not. What nobody committed is not there (else
//!   *offsets from nowhere*).
//!
//! An offset that was seen counts as acknowledged from then on: whoever reads it begins there.
//! Tests: `group_tests.rs`.

use super::check::{Anomaly, ReadRecord};
use super::value::fnv1a;
use std::collections::BTreeMap;

/// Offsets by partition.
pub(super) type Offsets = BTreeMap<u32, i64>;

/// A commit on its way, and what was certain when it was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Ticket {
    offsets: Offsets,
    certain: Offsets,
}

/// All of a group.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupAccounts {
    /// Sum of each value that was worked on, by partition and offset.
    seen: BTreeMap<(u32, i64), u64>,
    /// The highest commit of each partition that was acknowledged or seen.
    certain: Offsets,
    /// The highest offset of each partition that a commit was sent for.
    asked: Offsets,
    /// Records that were worked on, each time.
    pub(super) worked: u64,
    /// Those that had been worked on before.
    pub(super) again: u64,
    /// Commits that were acknowledged.
    pub(super) commits: u64,
    /// Members that were killed, that left, and that failed with what reason.
    pub(super) killed: u64,
    pub(super) left: u64,
    pub(super) failed: Anomaly,
    skipped: Anomaly,
    otherwise: Anomaly,
    gone: Anomaly,
    lost: Anomaly,
    back: Anomaly,
    nowhere: Anomaly,
}

impl GroupAccounts {
    /// Takes a record that a member has worked on.
    pub(super) fn on_record(&mut self, partition: u32, offset: i64, value: &[u8]) {
        self.worked += 1;
        let sum = fnv1a(value);
        if let Some(before) = self.seen.insert((partition, offset), sum) {
            self.again += 1;
            if before != sum {
                self.otherwise.note(|| format!("partition {partition} offset {offset}, to two members"));
            }
        }
    }

    /// Takes word that a member went on elsewhere than where the group stood.
    pub(super) fn on_reset(&mut self, partition: u32, from: i64, to: i64) {
        self.skipped.note(|| format!("partition {partition} went on at {to} instead of {from}"));
    }

    /// Takes a commit that is about to be sent.
    pub(super) fn on_commit(&mut self, offsets: &Offsets) -> Ticket {
        raise(&mut self.asked, offsets);
        Ticket { offsets: offsets.clone(), certain: self.certain.clone() }
    }

    /// Takes word that a commit was acknowledged.
    pub(super) fn on_committed(&mut self, ticket: &Ticket) {
        self.commits += 1;
        for (partition, offset) in &ticket.offsets {
            if let Some(certain) = ticket.certain.get(partition).filter(|certain| *certain > offset) {
                let what = || format!("partition {partition} from {certain} to {offset}, acknowledged");
                self.back.note(what);
            }
        }
        raise(&mut self.certain, &ticket.offsets);
    }

    /// Returns what must be there, whatever else is committed meanwhile.
    pub(super) fn certain(&self) -> Offsets {
        self.certain.clone()
    }

    /// Compares with the offsets that are there; `certain` is what was before they were asked for.
    pub(super) fn on_listed(&mut self, certain: &Offsets, listed: &Offsets) {
        for (partition, due) in certain {
            match listed.get(partition) {
                None => self.lost.note(|| format!("partition {partition}, committed at {due}")),
                Some(there) if there < due => {
                    self.back.note(|| format!("partition {partition} from {due} to {there}"));
                }
                Some(_) => {}
            }
        }
        for (partition, there) in listed {
            let asked = self.asked.get(partition).copied().unwrap_or(-1);
            if *there > asked {
                self.nowhere
                    .note(|| format!("partition {partition} at {there}; at most {asked} was committed"));
            }
        }
        raise(&mut self.certain, listed);
    }

    /// Takes the next record of the log when all is over.
    pub(super) fn on_read(&mut self, record: &ReadRecord) {
        let (partition, offset) = (record.partition, record.offset);
        match self.seen.remove(&(partition, offset)) {
            None => self.skipped.note(|| format!("partition {partition} offset {offset}")),
            Some(sum) if sum != fnv1a(&record.value) => {
                self.otherwise.note(|| format!("partition {partition} offset {offset}"));
            }
            Some(_) => {}
        }
    }

    /// Ends the comparison; a compacted log may have forgotten what was seen.
    pub(super) fn finish(&mut self, compacted: bool) {
        for (partition, offset) in std::mem::take(&mut self.seen).into_keys().filter(|_| !compacted) {
            self.gone.note(|| format!("partition {partition} offset {offset}"));
        }
    }

    /// Returns the anomalies with their names.
    pub(super) fn anomalies(&self) -> [(&'static str, &Anomaly); 6] {
        [
            ("skipped by the group", &self.skipped),
            ("seen otherwise", &self.otherwise),
            ("seen and gone", &self.gone),
            ("offsets lost", &self.lost),
            ("offsets gone back", &self.back),
            ("offsets from nowhere", &self.nowhere),
        ]
    }
}

fn raise(to: &mut Offsets, offsets: &Offsets) {
    for (partition, offset) in offsets {
        let highest = to.entry(*partition).or_insert(*offset);
        *highest = (*highest).max(*offset);
    }
}
