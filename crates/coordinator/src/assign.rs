//! Who of a group that leaves the assignment to the broker (KIP-848) gets which partitions.
//!
//! Pure functions of the members, what they have now, and the partitions that there are: the same group gets the same
//! assignment. Source: KIP-848 and the assignors `uniform` and `range` of Kafka 4.3.1. Racks change nothing, as there:
//! both assignors are told the racks of members and partitions and look at neither; a change of racks is only a
//! reason for the coordinator to ask again. Tests: tests/assign.rs (what Kafka says to the same groups, and
//! properties), and beside each module.

mod general;
mod holdings;
mod pattern;
mod range;
mod uniform;

pub use pattern::{PATTERN_MAX_BYTES, PatternFault, TopicPattern};

use holdings::Holdings;
use std::collections::{BTreeMap, BTreeSet};
use types::{MemberId, TopicId};

/// Partitions by topic; a topic without any is not there.
pub type Assignment = BTreeMap<TopicId, BTreeSet<i32>>;

/// A member as an assignor sees it.
#[derive(Clone, Debug)]
pub struct MemberSpec<'a> {
    /// Its instance, if it is a static member.
    pub instance: Option<&'a str>,
    /// Where it runs; no assignor looks at it.
    pub rack: Option<&'a str>,
    /// What it is subscribed to, by name or by pattern.
    pub topics: BTreeSet<TopicId>,
    /// The target that it has now.
    pub current: &'a Assignment,
}

/// What topics there are, at the moment of a decision.
pub trait TopicCounts {
    /// Returns how many partitions a topic has; a topic that is not there is not assigned.
    fn partitions(&self, topic: TopicId) -> Option<i32>;
}

/// A way to share partitions out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Assignor {
    /// Everybody gets as many as everybody else, and as few as possible change hands.
    Uniform,
    /// Each topic is cut into ranges, in the order of the members, so that topics with as many partitions and the same
    /// subscribers are cut alike. What a member has now does not matter, as in Kafka since 4.0.
    Range,
}

impl Assignor {
    /// Returns the assignor that has this name in a heartbeat and in `group.consumer.assignors`.
    pub fn by_name(name: &str) -> Option<Assignor> {
        [Assignor::Uniform, Assignor::Range].into_iter().find(|assignor| assignor.name() == name)
    }

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Uniform => "uniform",
            Assignor::Range => "range",
        }
    }

    /// Returns what each member gets; every member is in it, with nothing if there is nothing for it.
    ///
    /// *Invariant*: each partition of a topic that is there and has a subscriber goes to exactly one of its subscribers.
    pub fn assign(
        self,
        members: &BTreeMap<MemberId, MemberSpec<'_>>,
        topics: &dyn TopicCounts,
    ) -> BTreeMap<MemberId, Assignment> {
        match self {
            Assignor::Range => range::assign(members, topics),
            Assignor::Uniform => uniform(members, topics),
        }
    }
}

fn uniform(
    members: &BTreeMap<MemberId, MemberSpec<'_>>,
    topics: &dyn TopicCounts,
) -> BTreeMap<MemberId, Assignment> {
    let mut holdings = Holdings::of(members, topics);
    match holdings.is_homogeneous() {
        true => uniform::share(&mut holdings),
        false => general::share(&mut holdings),
    }
    holdings.into_assignments(members)
}
