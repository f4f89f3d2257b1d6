//! What the members of a group have and may have, by numbers instead of names.
//!
//! *Invariants*: a partition is in one place, a holding or the free ones of its topic; a holding is of a topic that is
//! there and that the member is subscribed to. What two members claim stays with the first. Tests: tests/assign.rs.

use super::{Assignment, MemberSpec, TopicCounts};
use std::collections::{BTreeMap, BTreeSet};
use types::{MemberId, TopicId};

/// What a member has of a topic.
pub(super) struct Holding {
    /// Which topic.
    pub(super) topic: usize,
    /// In order.
    pub(super) partitions: Vec<i32>,
}

/// What everybody has, and what nobody has yet.
pub(super) struct Holdings {
    topics: Vec<TopicId>,
    /// By member and, in the order of topics, by what it is subscribed to.
    pub(super) members: Vec<Vec<Holding>>,
    /// By topic, in order: what nobody has.
    pub(super) free: Vec<Vec<i32>>,
}

impl Holdings {
    /// Returns what the members may keep of what they have.
    pub(super) fn of(members: &BTreeMap<MemberId, MemberSpec<'_>>, counts: &dyn TopicCounts) -> Holdings {
        let subscribed: BTreeSet<TopicId> =
            members.values().flat_map(|spec| spec.topics.iter().copied()).collect();
        let there: Vec<(TopicId, usize)> = subscribed
            .into_iter()
            .filter_map(|topic| Some((topic, usize::try_from(counts.partitions(topic)?).ok()?)))
            .collect();
        let numbers: BTreeMap<TopicId, usize> =
            there.iter().enumerate().map(|(number, (topic, _))| (*topic, number)).collect();
        let mut taken: Vec<Vec<bool>> = there.iter().map(|(_, count)| vec![false; *count]).collect();
        let kept = members.values().map(|spec| kept(spec, &numbers, &mut taken)).collect();
        Holdings {
            topics: there.into_iter().map(|(topic, _)| topic).collect(),
            members: kept,
            free: taken.iter().map(|taken| not_in(taken)).collect(),
        }
    }

    /// Returns holdings of topics that have no names.
    #[cfg(test)]
    pub(super) fn with(members: Vec<Vec<Holding>>, free: Vec<Vec<i32>>) -> Holdings {
        Holdings { topics: vec![TopicId::default(); free.len()], members, free }
    }

    /// Says whether all members are subscribed to the same of the topics that there are.
    pub(super) fn is_homogeneous(&self) -> bool {
        let topics = self.topics.len();
        self.members.iter().all(|holdings| holdings.len() == topics)
    }

    /// Returns them by name.
    pub(super) fn into_assignments(
        self,
        members: &BTreeMap<MemberId, MemberSpec<'_>>,
    ) -> BTreeMap<MemberId, Assignment> {
        let Holdings { topics, members: holdings, .. } = self;
        let named = |holding: Holding| {
            let partitions = holding.partitions.into_iter().collect();
            topics.get(holding.topic).map(|topic| (*topic, partitions))
        };
        let assignment = |holdings: Vec<Holding>| {
            holdings.into_iter().filter(|one| !one.partitions.is_empty()).filter_map(named).collect()
        };
        members.keys().cloned().zip(holdings.into_iter().map(assignment)).collect()
    }
}

fn kept(spec: &MemberSpec<'_>, numbers: &BTreeMap<TopicId, usize>, taken: &mut [Vec<bool>]) -> Vec<Holding> {
    let subscribed = spec.topics.iter().filter_map(|topic| Some((topic, *numbers.get(topic)?)));
    let of_topic = |(topic, number): (&TopicId, usize)| {
        let current = spec.current.get(topic).into_iter().flatten().copied();
        let partitions = current.filter(|partition| take(&mut taken[number], *partition)).collect();
        Holding { topic: number, partitions }
    };
    subscribed.map(of_topic).collect()
}

/// Takes a partition if it is there and still to be had.
fn take(taken: &mut [bool], partition: i32) -> bool {
    let place = usize::try_from(partition).ok().and_then(|at| taken.get_mut(at));
    place.is_some_and(|taken| !std::mem::replace(taken, true))
}

fn not_in(taken: &[bool]) -> Vec<i32> {
    (0..).zip(taken).filter(|(_, taken)| !**taken).map(|(partition, _)| partition).collect()
}
