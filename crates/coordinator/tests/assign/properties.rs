//! What holds for the assignment of every group.

use crate::group::{Group, Member, size, spread, topic};
use crate::long;
use coordinator::assign::{Assignment, Assignor};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use types::{MemberId, TopicId};

const ASSIGNORS: [Assignor; 2] = [Assignor::Uniform, Assignor::Range];

/// What a member may claim to have: also twice, of topics that are not there, and partitions that are not there.
fn claims() -> impl Strategy<Value = Assignment> {
    let partitions = prop::collection::btree_set(-1..24_i32, 0..12);
    prop::collection::btree_map((0..8_u8).prop_map(topic), partitions, 0..5)
}

fn topics() -> impl Strategy<Value = BTreeMap<TopicId, i32>> {
    prop::collection::btree_map((0..7_u8).prop_map(topic), -1..20_i32, 1..7)
}

fn subscription() -> impl Strategy<Value = BTreeSet<TopicId>> {
    prop::collection::btree_set((0..8_u8).prop_map(topic), 0..7)
}

fn members(alike: bool) -> impl Strategy<Value = BTreeMap<MemberId, Member>> {
    let instance = prop::option::of("[a-c]{1,3}");
    let member = (instance, subscription(), claims());
    (subscription(), prop::collection::vec(member, 0..14)).prop_map(move |(same, members)| {
        let numbered = members.into_iter().enumerate();
        let named = numbered.map(|(n, (instance, own, current))| {
            let topics = if alike { same.clone() } else { own };
            (id(n), Member { instance, rack: None, topics, current })
        });
        named.collect()
    })
}

fn id(n: usize) -> MemberId {
    MemberId::from(format!("m{n:02}").as_str())
}

fn any_group(alike: bool) -> impl Strategy<Value = Group> {
    (topics(), members(alike)).prop_map(|(topics, members)| Group {
        topics: topics.into_iter().filter(|(_, count)| *count >= 0).collect(),
        members,
    })
}

/// Hands the assignment out, and checks that it is not changed when it is asked for again.
fn settled(mut group: Group) -> Group {
    let assigned = group.assign(Assignor::Uniform);
    group.take(&assigned);
    assert_eq!(group.assign(Assignor::Uniform), assigned, "it is not changed without need");
    group
}

fn total(group: &Group) -> usize {
    group.members.values().map(|member| size(&member.current)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300 * long::times(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Protects: whatever members claim to have, each partition goes to exactly one subscriber, and racks change nothing.
    #[test]
    fn each_partition_goes_to_one_subscriber(group in prop_oneof![any_group(true), any_group(false)]) {
        for assignor in ASSIGNORS {
            let assigned = group.assign(assignor);
            group.check(&assigned);
            let mut elsewhere = group.clone();
            elsewhere.members.values_mut().for_each(|member| member.rack = Some("far".to_owned()));
            prop_assert_eq!(elsewhere.assign(assignor), assigned);
        }
    }

    /// Protects: members with the same subscription get as many as each other, or one more.
    #[test]
    fn the_same_subscription_gets_equal_shares(group in any_group(true)) {
        prop_assert!(spread(&group.assign(Assignor::Uniform)) <= 1);
    }

    /// Protects: an assignment stays as it is while the group is as it is.
    #[test]
    fn it_is_not_changed_without_need(group in prop_oneof![any_group(true), any_group(false)]) {
        settled(group);
    }

    /// Protects: when a member leaves, what the others have stays with them.
    #[test]
    fn who_leaves_moves_its_own_alone(group in any_group(true), which in any::<prop::sample::Index>()) {
        let mut group = settled(group);
        prop_assume!(group.members.len() > 1);
        group.members.remove(&id(which.index(group.members.len())));
        let assigned = group.assign(Assignor::Uniform);
        group.check(&assigned);
        prop_assert_eq!(group.moved(&assigned), 0);
    }

    /// Protects: when a member joins, no more than its share changes hands.
    #[test]
    fn who_joins_moves_its_share_alone(group in any_group(true)) {
        let mut group = settled(group);
        prop_assume!(!group.members.is_empty());
        let topics = group.members[&id(0)].topics.clone();
        let joined = id(group.members.len());
        group.members.insert(joined.clone(), Member { topics, ..Member::default() });
        let assigned = group.assign(Assignor::Uniform);
        prop_assert_eq!(group.moved(&assigned), size(&assigned[&joined]));
        prop_assert!(group.moved(&assigned) <= total(&group).div_ceil(group.members.len()));
    }

    /// Protects: where subscriptions differ, no partition could go to somebody who has two fewer, not even by a chain of others.
    #[test]
    fn nobody_could_be_relieved(group in any_group(false)) {
        let assigned = group.assign(Assignor::Uniform);
        for source in assigned.keys() {
            let least = reached(&group, &assigned, source).into_iter().map(|id| size(&assigned[&id])).min();
            prop_assert!(least.is_none_or(|least| least + 2 > size(&assigned[source])), "{:?}", assigned);
        }
    }
}

/// Returns to whom something can be handed on from a member, directly or by others.
fn reached(
    group: &Group,
    assigned: &BTreeMap<MemberId, Assignment>,
    source: &MemberId,
) -> BTreeSet<MemberId> {
    let mut reached = BTreeSet::from([source.clone()]);
    loop {
        let topics: BTreeSet<TopicId> = reached.iter().flat_map(|id| assigned[id].keys().copied()).collect();
        let takers = group.members.iter().filter(|(_, member)| !member.topics.is_disjoint(&topics));
        let before = reached.len();
        reached.extend(takers.map(|(id, _)| id.clone()));
        if reached.len() == before {
            return reached;
        }
    }
}

fn large(members: usize, topics: u8, partitions: i32, wants: impl Fn(usize, u8) -> bool) -> Group {
    let member =
        |n| Member { topics: (0..topics).filter(|t| wants(n, *t)).map(topic).collect(), ..Member::default() };
    Group {
        topics: (0..topics).map(|number| (topic(number), partitions)).collect(),
        members: (0..members).map(|n| (id(n), member(n))).collect(),
    }
}

/// Protects: a large group is assigned whole, also when it needs more search than there is, and then half of it leaves
/// and comes back.
#[test]
fn large_groups_are_assigned() {
    for wants in [|_, _| true, |n: usize, t: u8| n % 7 != usize::from(t % 7) && n * usize::from(t) % 3 != 1] {
        let mut group = large(600, 40, 100, wants);
        let is_alike = group.is_homogeneous();
        let (kept, gone): (BTreeMap<_, _>, _) =
            group.members.clone().into_iter().partition(|(id, _)| id.as_str() < "m300");
        group.members = kept;
        group.take(&group.assign(Assignor::Uniform));
        group.members.extend(gone);
        let assigned = group.assign(Assignor::Uniform);
        group.check(&assigned);
        assert!(!is_alike || spread(&assigned) <= 1);
    }
}

/// Protects: the names under which assignors are asked for.
#[test]
fn assignors_have_kafkas_names() {
    for assignor in ASSIGNORS {
        assert_eq!(Assignor::by_name(assignor.name()), Some(assignor));
    }
    assert_eq!(Assignor::by_name("uniform"), Some(Assignor::Uniform));
    assert_eq!(Assignor::by_name("range"), Some(Assignor::Range));
    assert_eq!(Assignor::by_name("Range"), None);
}
