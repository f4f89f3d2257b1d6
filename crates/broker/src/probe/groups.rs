//! What coordinators of groups count, and what their shards say that there is. Tests: tests/storage/group_metrics.rs.

use super::Counter;
use crate::shard::message::GroupSizes;
use coordinator::{Event, Reason};

/// Kafka's names of the states that groups of each type may be in.
pub(super) const STATES: [(&str, &str); 8] = [
    ("classic", "Empty"),
    ("classic", "PreparingRebalance"),
    ("classic", "CompletingRebalance"),
    ("classic", "Stable"),
    ("consumer", "Empty"),
    ("consumer", "Assigning"),
    ("consumer", "Reconciling"),
    ("consumer", "Stable"),
];

/// The counters.
#[derive(Default, Debug)]
pub(crate) struct GroupProbes {
    /// Refused because groups hold what they may.
    refused: Counter,
    commits: Counter,
    classic_rebalances: Counter,
    consumer_rebalances: Counter,
    sessions_expired: Counter,
    /// By reason, in the order of [`Reason::ALL`].
    offsets_gone: [Counter; Reason::ALL.len()],
    groups_gone: [Counter; Reason::ALL.len()],
}

impl GroupProbes {
    /// Counts what has happened.
    pub(crate) fn note(&self, event: Event) {
        match event {
            Event::Refused => self.refused.inc(),
            Event::Committed(count) => self.commits.add(count),
            Event::Rebalanced { classic: true, count } => self.classic_rebalances.add(count),
            Event::Rebalanced { classic: false, count } => self.consumer_rebalances.add(count),
            Event::SessionExpired => self.sessions_expired.inc(),
            Event::Gone { reason, offsets, groups } => {
                let all = self.offsets_gone.iter().zip(&self.groups_gone).zip(Reason::ALL);
                for ((of_offsets, of_groups), _) in all.filter(|(_, one)| *one == reason) {
                    of_offsets.add(offsets);
                    of_groups.add(groups);
                }
            }
        }
    }

    /// Returns what a metric counts, if it is one of these.
    pub(crate) fn value(&self, name: &str) -> Option<u64> {
        let counter = match name {
            "highwater_groups_refused_total" => &self.refused,
            "kafka_server_group_coordinator_metrics_offset_commit_count" => &self.commits,
            "kafka_server_group_coordinator_metrics_group_completed_rebalance_count" => {
                &self.classic_rebalances
            }
            "kafka_server_group_coordinator_metrics_consumer_group_rebalance_count" => {
                &self.consumer_rebalances
            }
            "highwater_group_sessions_expired_total" => &self.sessions_expired,
            "kafka_server_group_coordinator_metrics_offset_expiration_count" => {
                return Some(self.offsets_gone_for(&[Reason::Retention, Reason::Cap]));
            }
            "kafka_server_group_coordinator_metrics_offset_deletion_count" => {
                return Some(self.offsets_gone_for(&[Reason::Topic, Reason::Asked]));
            }
            _ => return None,
        };
        Some(counter.get())
    }

    fn offsets_gone_for(&self, reasons: &[Reason]) -> u64 {
        let all = self.offsets_gone.iter().zip(Reason::ALL);
        all.filter(|(_, why)| reasons.contains(why)).map(|(counter, _)| counter.get()).sum()
    }

    /// Returns the values of a metric by reason.
    pub(crate) fn by_reason(&self, name: &str) -> impl Iterator<Item = (&'static str, u64)> {
        let counters = match name {
            "highwater_group_offsets_gone_total" => &self.offsets_gone,
            _ => &self.groups_gone,
        };
        Reason::ALL.iter().zip(counters).map(|(why, counter)| (why.name(), counter.get()))
    }
}

/// Returns what a metric says of what there is; `now` is in ms since 1970.
pub(super) fn size(sizes: &GroupSizes, name: &str, now: i64) -> Option<u64> {
    Some(match name {
        "highwater_group_members" => sizes.counts.members,
        "kafka_coordinator_group_groupmetadatamanager_numoffsets" => sizes.counts.offsets,
        "kafka_server_group_coordinator_metrics_event_queue_size" => sizes.counts.waiting,
        "highwater_group_offsets_idle" => sizes.idle,
        "highwater_group_offsets_due" => sizes.due.offsets,
        "highwater_groups_due" => sizes.due.groups,
        "highwater_groups_due_seconds" => {
            let left = sizes.due.next.map_or(0, |next| next.0.saturating_sub(now));
            u64::try_from(left).unwrap_or(0) / 1_000
        }
        _ => return None,
    })
}
