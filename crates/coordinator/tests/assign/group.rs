//! A group as tests write it: topics and members by number and by short names.

use coordinator::assign::{Assignment, Assignor, MemberSpec, TopicCounts};
use std::collections::{BTreeMap, BTreeSet};
use types::{MemberId, TopicId, Uuid};

#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) topics: BTreeMap<TopicId, i32>,
    pub(crate) members: BTreeMap<MemberId, Member>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) instance: Option<String>,
    pub(crate) rack: Option<String>,
    pub(crate) topics: BTreeSet<TopicId>,
    pub(crate) current: Assignment,
}

impl TopicCounts for Group {
    fn partitions(&self, topic: TopicId) -> Option<i32> {
        self.topics.get(&topic).copied()
    }
}

/// As the recorder makes them.
pub(crate) fn topic(number: u8) -> TopicId {
    let mut bytes = [0; 16];
    bytes[7] = 1;
    bytes[15] = number;
    TopicId(Uuid(bytes))
}

pub(crate) fn size(assignment: &Assignment) -> usize {
    assignment.values().map(BTreeSet::len).sum()
}

impl Group {
    pub(crate) fn assign(&self, assignor: Assignor) -> BTreeMap<MemberId, Assignment> {
        let specs = self.members.iter().map(|(id, member)| {
            let spec = MemberSpec {
                instance: member.instance.as_deref(),
                rack: member.rack.as_deref(),
                topics: member.topics.clone(),
                current: &member.current,
            };
            (id.clone(), spec)
        });
        assignor.assign(&specs.collect(), self)
    }

    /// Makes an assignment what the members have.
    pub(crate) fn take(&mut self, assigned: &BTreeMap<MemberId, Assignment>) {
        for (id, member) in &mut self.members {
            member.current = assigned.get(id).cloned().unwrap_or_default();
        }
    }

    /// Returns how many partitions go from a member that has them to another.
    pub(crate) fn moved(&self, assigned: &BTreeMap<MemberId, Assignment>) -> usize {
        let mut owners = BTreeMap::new();
        for (id, member) in &self.members {
            for (topic, partition) in each(&member.current) {
                owners.entry((topic, partition)).or_insert(id);
            }
        }
        let all = assigned.iter().flat_map(|(id, assignment)| each(assignment).map(move |one| (id, one)));
        all.filter(|(id, one)| owners.get(one).is_some_and(|owner| owner != id)).count()
    }

    /// Checks that each partition that there is, of a topic with a subscriber, is with exactly one subscriber.
    pub(crate) fn check(&self, assigned: &BTreeMap<MemberId, Assignment>) {
        assert_eq!(assigned.len(), self.members.len(), "everybody is in it");
        let mut seen = BTreeSet::new();
        for (id, assignment) in assigned {
            for (topic, partition) in each(assignment) {
                assert!(self.members[id].topics.contains(&topic), "{id} is not subscribed to {topic}");
                assert!(seen.insert((topic, partition)), "{topic}-{partition} is there twice");
            }
            assert!(assignment.values().all(|partitions| !partitions.is_empty()));
        }
        let subscribed: BTreeSet<_> = self.members.values().flat_map(|member| &member.topics).collect();
        let all = self.topics.iter().filter(|(topic, _)| subscribed.contains(topic));
        let all: BTreeSet<_> = all.flat_map(|(topic, count)| (0..*count).map(|one| (*topic, one))).collect();
        assert_eq!(seen, all, "each partition is with somebody");
    }

    pub(crate) fn is_homogeneous(&self) -> bool {
        let mut topics = self.members.values().map(|member| &member.topics);
        let first = topics.next();
        topics.all(|topics| Some(topics) == first)
    }
}

fn each(assignment: &Assignment) -> impl Iterator<Item = (TopicId, i32)> {
    assignment.iter().flat_map(|(topic, partitions)| partitions.iter().map(|one| (*topic, *one)))
}

/// Returns how many partitions each has, in order.
pub(crate) fn sizes(assigned: &BTreeMap<MemberId, Assignment>) -> Vec<usize> {
    let mut sizes: Vec<usize> = assigned.values().map(size).collect();
    sizes.sort_unstable();
    sizes
}

pub(crate) fn spread(assigned: &BTreeMap<MemberId, Assignment>) -> usize {
    let sizes = sizes(assigned);
    sizes.last().zip(sizes.first()).map_or(0, |(most, least)| most - least)
}
