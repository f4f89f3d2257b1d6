//! What can be seen of all groups without changing anything. Tests: tests/script/why.rs.

use super::Groups;
use crate::facts::{Facts, GroupOffset};
use crate::group::Kind;
use crate::request::{Listed, Topics};
use types::{GroupId, Now, WallTime};

impl Groups {
    /// Says how a group stands.
    pub(super) fn explain(&self, group: &GroupId, topics: &dyn Topics, now: Now) -> Option<Box<Facts>> {
        let group = self.groups.get(group)?;
        let facts = match &group.kind {
            Kind::Classic(classic) => classic.facts(&self.timers, now.mono),
            Kind::Consumer(consumer) => consumer.facts(topics, &self.timers, now.mono),
        };
        Some(Box::new(Facts { offsets: group.offsets.shown(topics).collect(), ..facts }))
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

    /// Returns the groups without members that have offsets: since when they have none, and how many offsets that is.
    pub fn idle(&self) -> impl Iterator<Item = (&GroupId, WallTime, usize)> {
        let idle = self.groups.iter().filter(|(_, group)| group.is_empty());
        let idle = idle.map(|(id, group)| (id, group.idle_since(), group.offsets.len()));
        idle.filter(|(_, _, count)| *count > 0)
    }
}
