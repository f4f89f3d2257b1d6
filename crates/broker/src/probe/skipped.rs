//! Records that groups can never read: deleted before a group had committed them.
//!
//! A log start that moves beyond a committed offset is counted once, also when the group goes on later: what was counted is
//! remembered by its offset. *Invariant*: it knows only partitions that have lines of their own
//! (`highwater.group.metrics.max`), and a count never falls while its line is there.
//! Tests: below, tests/wire/lag.rs.

use coordinator::PartitionFacts;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;
use types::{GroupId, LogKey, Offset};

/// Where a group reads: topic and partition.
type Place = (GroupId, String, i32);

/// The counters, and the word that there may be something to count.
#[derive(Default, Debug)]
pub(crate) struct SkippedProbes {
    counts: Mutex<BTreeMap<Place, Count>>,
    /// A log start has moved.
    pub(crate) moved: Notify,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    /// Which log it was: a topic that comes again begins anew.
    key: LogKey,
    /// What lies below is counted.
    up_to: Offset,
    records: u64,
}

impl SkippedProbes {
    /// Takes over how partitions stand; forgets those that are not among them.
    pub(crate) fn note(&self, all: &[(GroupId, Option<LogKey>, PartitionFacts)]) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *counts);
        for (group, key, facts) in all {
            let place = (group.clone(), facts.topic.clone(), facts.partition);
            let known = before.remove(&place);
            if let Some(count) = key.map_or(known, |key| next(known, key, facts)) {
                counts.insert(place, count);
            }
        }
    }

    /// Returns how many records a group has skipped since the broker began; nothing if none was counted.
    pub(crate) fn of(&self, group: &GroupId, facts: &PartitionFacts) -> Option<u64> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (group.clone(), facts.topic.clone(), facts.partition);
        counts.get(&place).map(|count| count.records)
    }
}

fn next(known: Option<Count>, key: LogKey, facts: &PartitionFacts) -> Option<Count> {
    let (Some((committed, _)), 1..) = (facts.committed, facts.skipped()) else { return known };
    let counted = known.filter(|count| count.key == key).map_or(committed, |count| count.up_to);
    let more = u64::try_from(facts.log_start.since(committed.max(counted))).unwrap_or(0);
    let records = known.map_or(0, |count| count.records).saturating_add(more);
    Some(Count { key, up_to: counted.max(facts.log_start), records })
}

#[cfg(test)]
mod tests {
    use super::*;
    use coordinator::Presence;
    use types::{PartitionId, TopicId, Uuid, WallTime};

    fn seen(topic: u8, committed: i64, log_start: i64) -> (GroupId, Option<LogKey>, PartitionFacts) {
        let key = LogKey { topic_id: TopicId(Uuid([topic; 16])), partition: PartitionId(0) };
        let facts = PartitionFacts {
            topic: "topic".into(),
            partition: 0,
            presence: Presence::Served,
            committed: Some((Offset(committed), WallTime(0))),
            log_start: Offset(log_start),
            high_watermark: Offset(100),
            first_unread_at: None,
            last_fetch: None,
            owner: None,
            in_transaction: None,
        };
        ("group".into(), Some(key), facts)
    }

    /// Protects: what a group skips is counted once, whatever it commits then, and the count does not fall when the group goes on,
    /// when an older look comes late, and when the topic is made anew.
    #[test]
    fn what_is_skipped_is_counted_once() {
        let probes = SkippedProbes::default();
        let steps = [
            ((1, 4, 0), 0),
            ((1, 4, 7), 3),
            ((1, 4, 7), 3),
            ((1, 4, 9), 5),
            ((1, 4, 7), 5),
            ((1, 20, 9), 5),
            ((1, 2, 9), 5),
            ((1, 20, 25), 10),
            ((2, 1, 3), 12),
        ];
        for ((topic, committed, start), records) in steps {
            let one = seen(topic, committed, start);
            probes.note(std::slice::from_ref(&one));
            assert_eq!(
                probes.of(&one.0, &one.2).unwrap_or(0),
                records,
                "committed {committed}, log start {start}"
            );
        }
        probes.note(&[]);
        let (group, _, facts) = seen(2, 1, 3);
        assert_eq!(probes.of(&group, &facts), None, "nothing is kept of what has no line");
    }
}
