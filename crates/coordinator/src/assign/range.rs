//! Ranges: each topic by itself, cut into pieces of consecutive partitions in the order of its subscribers.
//!
//! Static members come first, in the order of their instances, then the others in the order of their ids, so that the
//! restart of a static member under a new id changes nothing. The first ones get one partition more where it does not
//! come out even. Source: `RangeAssignor` of Kafka 4.3.1. Tests: tests/assign.rs, equal to Kafka's.

use super::{Assignment, MemberSpec, TopicCounts};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use types::{MemberId, TopicId};

/// A topic on its way to be cut.
struct Cut {
    partitions: i32,
    subscribers: i32,
    served: i32,
}

impl Cut {
    fn next(&mut self) -> Range<i32> {
        let nth = self.served;
        self.served += 1;
        self.begin(nth)..self.begin(nth + 1)
    }

    /// Returns where the piece of the nth subscriber begins.
    fn begin(&self, nth: i32) -> i32 {
        let (size, longer) = (self.partitions / self.subscribers, self.partitions % self.subscribers);
        size * nth + nth.min(longer)
    }
}

pub(super) fn assign(
    members: &BTreeMap<MemberId, MemberSpec<'_>>,
    topics: &dyn TopicCounts,
) -> BTreeMap<MemberId, Assignment> {
    let mut cuts = cuts(members, topics);
    let mut order: Vec<_> = members.iter().collect();
    order.sort_by(|a, b| precedence(*a, *b));
    order.into_iter().map(|(id, spec)| (id.clone(), pieces(spec, &mut cuts))).collect()
}

fn cuts(members: &BTreeMap<MemberId, MemberSpec<'_>>, topics: &dyn TopicCounts) -> BTreeMap<TopicId, Cut> {
    let mut cuts: BTreeMap<TopicId, Cut> = BTreeMap::new();
    for topic in members.values().flat_map(|spec| &spec.topics) {
        let cut = cuts.entry(*topic).or_insert_with(|| {
            let partitions = topics.partitions(*topic).unwrap_or(0).max(0);
            Cut { partitions, subscribers: 0, served: 0 }
        });
        cut.subscribers += 1;
    }
    cuts
}

fn pieces(spec: &MemberSpec<'_>, cuts: &mut BTreeMap<TopicId, Cut>) -> Assignment {
    let piece = |topic: &TopicId| {
        let partitions: BTreeSet<i32> = cuts.get_mut(topic)?.next().collect();
        (!partitions.is_empty()).then_some((*topic, partitions))
    };
    spec.topics.iter().filter_map(piece).collect()
}

fn precedence(a: (&MemberId, &MemberSpec<'_>), b: (&MemberId, &MemberSpec<'_>)) -> Ordering {
    match (a.1.instance, b.1.instance) {
        (Some(one), Some(other)) => as_java(one, other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => as_java(a.0.as_str(), b.0.as_str()),
    }
}

/// Compares as Java does, by UTF-16 units.
fn as_java(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}
