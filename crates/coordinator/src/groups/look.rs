//! What can be seen of all groups without changing anything. Tests: tests/script/why.rs.

use super::{Due, Groups};
use crate::facts::{Facts, GroupOffset};
use crate::group::Kind;
use crate::request::{Listed, Topics};
use std::collections::BTreeMap;
use types::{GroupId, Now, WallTime};

/// What there is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Groups by Kafka's names of kind and state.
    pub groups: BTreeMap<(&'static str, &'static str), u64>,
    /// Members of all of them.
    pub members: u64,
    /// Committed offsets.
    pub offsets: u64,
    /// Requests and deadlines that wait to be decided.
    pub waiting: u64,
}

impl Counts {
    /// Adds those of another coordinator.
    pub fn add(&mut self, other: &Counts) {
        other.groups.iter().for_each(|(name, count)| *self.groups.entry(*name).or_default() += count);
        self.members += other.members;
        self.offsets += other.offsets;
        self.waiting += other.waiting;
    }
}

impl Groups {
    /// Says how a group stands.
    pub(super) fn explain(&self, group: &GroupId, topics: &dyn Topics, now: Now) -> Option<Box<Facts>> {
        let group = self.groups.get(group)?;
        let facts = match &group.kind {
            Kind::Classic(classic) => classic.facts(&self.timers, now.mono),
            Kind::Consumer(consumer) => consumer.facts(topics, &self.timers, now.mono),
        };
        let in_transactions = group.pending.shown(topics).collect();
        Some(Box::new(Facts { offsets: group.offsets.shown(topics).collect(), in_transactions, ..facts }))
    }

    /// Returns what is committed to topics that are there, by group, and how many there are beyond so many.
    pub fn committed(&self, topics: &dyn Topics, most: usize) -> (Vec<(GroupId, GroupOffset)>, u64) {
        let (mut found, mut beyond) = (Vec::new(), 0);
        for (id, group) in &self.groups {
            let before = found.len();
            let room = most.saturating_sub(before);
            found.extend(group.offsets.shown(topics).take(room).map(|one| (id.clone(), one)));
            if found.len() >= most {
                beyond += (group.offsets.len() - (found.len() - before)) as u64;
            }
        }
        (found, beyond)
    }

    /// Lists the groups.
    pub(super) fn list(&self) -> Vec<Listed> {
        let each = self.groups.iter().map(|(id, group)| {
            let (kind, state) = group.names();
            Listed { group: id.clone(), protocol_type: group.protocol_type().to_owned(), state, kind }
        });
        each.collect()
    }

    /// Returns what goes within a day if nobody uses it, as far as that was seen at the last look.
    pub fn due(&self) -> Due {
        self.due
    }

    /// Counts groups by kind and state, members, offsets, and what waits to be decided.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { waiting: self.queue.len() as u64, ..Counts::default() };
        for group in self.groups.values() {
            *counts.groups.entry(group.names()).or_default() += 1;
            counts.members += group.members() as u64;
            counts.offsets += group.offsets.len() as u64;
        }
        counts
    }

    /// Returns the groups without members: since when they have none, and how many offsets they have. One without any counts as
    /// one, for its record takes as much; one that is in a transaction is not idle.
    pub fn idle(&self) -> impl Iterator<Item = (&GroupId, WallTime, usize)> {
        let idle = self.groups.iter().filter(|(_, group)| group.is_empty());
        let idle = idle.filter(|(_, group)| !group.is_void() && group.pending.is_empty());
        idle.map(|(id, group)| (id, group.idle_since(), group.offsets.len().max(1)))
    }
}
