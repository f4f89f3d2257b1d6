//! What was sent, acknowledged and found for each key, and the rules K1 and K2. Tests: below.

use crate::ghost::Violation;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug)]
struct Sent {
    partition: i32,
    key: u64,
    is_tombstone: bool,
}

/// The record of one run. Numbers rise as records are sent; those of one partition are stored in that order.
#[derive(Debug, Default)]
pub(super) struct Keys {
    sent: Vec<Sent>,
    acked: usize,
    /// The last acknowledged number, by partition and key.
    last: BTreeMap<(i32, u64), u64>,
    broken: Option<Violation>,
}

/// What was acknowledged when a reader began.
pub(super) type Mark = BTreeMap<(i32, u64), u64>;

/// A record that a reader has found: where, and its key and number if it has such.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadRecord {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) key: Option<u64>,
    pub(super) number: Option<u64>,
    pub(super) is_tombstone: bool,
}

impl Keys {
    /// A record is on its way; returns its number.
    pub(super) fn on_sent(&mut self, partition: i32, key: u64, is_tombstone: bool) -> u64 {
        self.sent.push(Sent { partition, key, is_tombstone });
        self.sent.len() as u64
    }

    fn sent(&self, number: u64) -> Option<Sent> {
        self.sent.get(usize::try_from(number.checked_sub(1)?).ok()?).copied()
    }

    /// Records were acknowledged.
    pub(super) fn on_acked(&mut self, numbers: &[u64]) {
        for number in numbers {
            let Some(sent) = self.sent(*number) else { continue };
            let last = self.last.entry((sent.partition, sent.key)).or_default();
            *last = (*last).max(*number);
            self.acked += 1;
        }
    }

    /// A reader begins.
    pub(super) fn mark(&self) -> Mark {
        self.last.clone()
    }

    /// A reader has read everything.
    pub(super) fn judge(&mut self, mark: Mark, found: &[ReadRecord]) {
        let mut latest: BTreeMap<(i32, u64), u64> = BTreeMap::new();
        let mut before = (-1, -1);
        for ReadRecord { partition, offset, key, number, is_tombstone } in found {
            let at = format!("{partition}@{offset}");
            let rises = before < (*partition, *offset);
            self.require(rises, "K2", || format!("{at} follows {before:?}"));
            before = (*partition, *offset);
            let sent = number.and_then(|number| self.sent(number));
            let (Some(number), Some(sent)) = (*number, sent) else {
                return self.breaks("K2", format!("{at} is what nobody sent"));
            };
            let is_its =
                *key == Some(sent.key) && sent.partition == *partition && sent.is_tombstone == *is_tombstone;
            self.require(is_its, "K2", || format!("{at} is {number}, which was sent as {sent:?}"));
            let last = latest.insert((*partition, sent.key), number);
            self.require(last < Some(number), "K2", || format!("{at}: {number} follows {last:?}"));
        }
        for (place, acked) in mark {
            self.judge_key(place, acked, latest.get(&place).copied());
        }
    }

    fn judge_key(&mut self, place: (i32, u64), acked: u64, found: Option<u64>) {
        let (partition, key) = place;
        let at = format!("key {key} of {partition}");
        if let Some(found) = found {
            return self
                .require(found >= acked, "K1", || format!("{at} has {found}, acknowledged was {acked}"));
        }
        let from = usize::try_from(acked.saturating_sub(1)).unwrap_or(usize::MAX);
        let later = self.sent.iter().skip(from);
        let is_deleted =
            later.filter(|sent| (sent.partition, sent.key) == place).any(|sent| sent.is_tombstone);
        self.require(is_deleted, "K1", || format!("{at} has nothing, acknowledged was {acked}"));
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

    /// Returns how many records were acknowledged.
    pub(super) fn acked(&self) -> usize {
        self.acked
    }

    /// Returns how many records have no answer yet.
    pub(super) fn waiting(&self) -> usize {
        self.sent.len() - self.acked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(found: &[(i64, u64, u64, bool)]) -> Option<&'static str> {
        let mut keys = Keys::default();
        // Key 7 has two values, key 8 ends as a tombstone.
        let numbers = [(7, false), (8, false), (7, false), (8, true)];
        let numbers = numbers.map(|(key, is_tombstone)| keys.on_sent(0, key, is_tombstone));
        keys.on_acked(&numbers);
        let all = found.iter().map(|(offset, key, number, is_tombstone)| ReadRecord {
            partition: 0,
            offset: *offset,
            key: Some(*key),
            number: Some(*number),
            is_tombstone: *is_tombstone,
        });
        keys.judge(keys.mark(), &all.collect::<Vec<_>>());
        keys.check().err().map(|violation| violation.rule)
    }

    /// Protects: the rules themselves: a lost, an older and a resurrected value are noticed, and what was never sent.
    #[test]
    fn what_compaction_may_not_do_is_noticed() {
        assert_eq!(judged(&[(2, 7, 3, false), (3, 8, 4, true)]), None);
        assert_eq!(judged(&[(2, 7, 3, false)]), None, "a tombstone may go");
        assert_eq!(judged(&[(3, 8, 4, true)]), Some("K1"), "a value is lost");
        assert_eq!(judged(&[(0, 7, 1, false)]), Some("K1"), "the older value is back");
        assert_eq!(judged(&[(1, 8, 2, false), (2, 7, 3, false)]), Some("K1"), "a deleted value is back");
        assert_eq!(judged(&[(2, 8, 3, false)]), Some("K2"), "the value is of another key");
        assert_eq!(judged(&[(3, 8, 4, true), (2, 7, 3, false)]), Some("K2"), "offsets fall");
        assert_eq!(judged(&[(0, 7, 9, false)]), Some("K2"), "nobody sent it");
    }
}
