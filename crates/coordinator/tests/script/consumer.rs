//! Groups of the consumer protocol: who gets what, and who is refused.

use crate::reader::{Reader, reader};
use crate::world::{TIMES, World, settings, topic_id};
use coordinator::Settings;
use std::collections::BTreeSet;
use std::time::Duration;
use types::ErrorCode;
use wire::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;

const SECOND: Duration = Duration::from_secs(1);

fn pair(world: &mut World) -> [Reader; 2] {
    let mut both = [reader("a"), reader("b")];
    both.iter_mut().for_each(|one| assert_eq!(world.beat(one), ErrorCode::None));
    world.settle_readers(&mut both);
    both
}

/// Protects: a partition that moves is given up before it is given to another (C16), and each step is what KIP-848 says.
#[test]
fn a_partition_is_given_up_before_it_is_given_away() {
    let mut world = World::new();
    let (mut a, mut b) = (reader("a"), reader("b"));
    assert_eq!(world.beat(&mut a), ErrorCode::None);
    assert_eq!((a.epoch, a.reads()), (2, vec![0, 1, 2, 3]));
    world.pass(SECOND);
    assert_eq!(world.beat(&mut b), ErrorCode::None);
    assert_eq!((b.epoch, b.reads()), (3, vec![]));
    assert_eq!(world.consumer().state, "Reconciling");
    // It is told what it keeps, and stays where it was until it has given up the rest.
    let before = a.owned.clone();
    world.beat(&mut a);
    assert_eq!((a.epoch, a.reads().len()), (2, 2));
    let shown: usize = world.consumer().members[0].assigned.values().map(BTreeSet::len).sum();
    assert_eq!(shown, 4, "it is shown with what it may still read");
    let told = std::mem::replace(&mut a.owned, before);
    world.beat(&mut a);
    assert_eq!(a.epoch, 2, "it still reads all");
    world.beat(&mut b);
    assert_eq!(b.reads(), Vec::<i32>::new());
    a.owned = told;
    a.says_all = true;
    world.beat(&mut a);
    assert_eq!(a.epoch, 3);
    world.beat(&mut b);
    assert_eq!(b.reads().len(), 2);
    assert!(a.reads().iter().all(|partition| !b.reads().contains(partition)));
    assert_eq!(world.consumer().state, "Stable");
}

/// Protects: a member that reads nothing changes nothing for the others, and is in the group all the same, as in Kafka.
#[test]
fn who_reads_nothing_raises_no_epoch() {
    let mut world = World::new();
    let mut idle = Reader { topics: Vec::new(), ..reader("idle") };
    assert_eq!(world.beat(&mut idle), ErrorCode::None);
    assert_eq!((idle.epoch, world.consumer().epoch.0, world.consumer().state), (1, 1, "Stable"));
    world.pass(SECOND);
    let mut a = reader("a");
    assert_eq!(world.beat(&mut a), ErrorCode::None);
    assert_eq!((a.epoch, a.reads()), (2, vec![0, 1, 2, 3]));
    let mut another = Reader { topics: Vec::new(), ..reader("another") };
    assert_eq!(world.beat(&mut another), ErrorCode::None);
    assert_eq!((another.epoch, world.consumer().epoch.0, world.consumer().members.len()), (2, 2, 3));
    another = Reader { topics: vec!["t"], is_unsure: true, ..another };
    assert_eq!(world.beat(&mut another), ErrorCode::None);
    assert_eq!(world.consumer().epoch.0, 3);
    world.fail_over();
    assert_eq!(world.beat(&mut idle), ErrorCode::None);
    assert_eq!(world.consumer().epoch.0, 3, "a new coordinator knows what the epoch was raised for");
}

/// Protects: a member that comes with another epoch is fenced (C1), but for the one before, when it has nothing more than it may.
#[test]
fn another_epoch_is_fenced() {
    let mut world = World::new();
    let [a, _] = &mut pair(&mut world);
    let epoch = a.epoch;
    for (said, expected) in [(epoch + 1, ErrorCode::FencedMemberEpoch), (1, ErrorCode::FencedMemberEpoch)] {
        let mut other = Reader { epoch: said, ..a.clone() };
        assert_eq!(world.beat(&mut other), expected, "{said}");
    }
    let late = ConsumerGroupHeartbeatRequest { member_epoch: 2, ..a.heartbeat() };
    let mut telling = a.clone();
    telling.says_all = true;
    let telling = ConsumerGroupHeartbeatRequest { member_epoch: 2, ..telling.heartbeat() };
    for (request, expected) in [(late, ErrorCode::FencedMemberEpoch), (telling, ErrorCode::None)] {
        let token = world.send(request);
        assert_eq!(world.told(token).error_code, expected.code());
    }
    let mut stranger = Reader { epoch: 2, ..reader("x") };
    assert_eq!(world.beat(&mut stranger), ErrorCode::UnknownMemberId);
}

/// Protects: a member that was silent for too long is gone, its partitions are another's, and its commit is refused (C1).
#[test]
fn a_silent_member_is_gone_and_commits_nothing() {
    let mut world = World::new();
    let [mut a, b] = pair(&mut world);
    let paused = b.clone();
    assert_eq!(world.commit_as(&a, a.epoch, 7), ErrorCode::None);
    for _ in 0..50 {
        world.pass(SECOND);
        world.beat(&mut a);
    }
    assert_eq!(a.reads(), [0, 1, 2, 3]);
    assert_eq!(world.commit_as(&paused, paused.epoch, 99), ErrorCode::UnknownMemberId);
    assert_eq!(world.commit_as(&a, a.epoch + 1, 99), ErrorCode::StaleMemberEpoch);
    assert_eq!(world.offset(), 7);
    let mut back = paused;
    assert_eq!(world.beat(&mut back), ErrorCode::UnknownMemberId);
}

/// Protects: a commit from the epoch before counts for a partition that the member has had since then, and for no other (KIP-1251).
#[test]
fn a_late_commit_counts_for_what_was_kept() {
    let mut world = World::new();
    let mut a = reader("a");
    world.beat(&mut a);
    let first = a.epoch;
    let mut all = [a, reader("b")];
    world.settle_readers(&mut all);
    let [a, b] = &all;
    let (keeps, other) = if a.reads().contains(&0) { (a, b) } else { (b, a) };
    assert_eq!(keeps.id, "a", "the first keeps the first");
    assert_eq!(world.commit_as(keeps, first, 5), ErrorCode::None);
    assert_eq!(world.commit_as(other, first, 6), ErrorCode::StaleMemberEpoch);
    assert_eq!(world.offset(), 5);
}

/// Protects: a static member that pauses keeps what it has and comes back under a new id without a rebalance (C3); a second one
/// with its instance is refused while it is there, and the old id is fenced (C4).
#[test]
fn a_static_member_comes_back() {
    let mut world = World::new();
    let mut a = Reader { instance: Some("one"), ..reader("a") };
    let mut all = [a.clone(), reader("b")];
    world.settle_readers(&mut all);
    let [first, other] = &mut all;
    let (had, epoch) = (first.reads(), world.consumer().epoch);
    let mut second = Reader { id: "c".into(), ..a.clone() };
    assert_eq!(world.beat(&mut second), ErrorCode::UnreleasedInstanceId);
    assert_eq!(world.part(&mut first.clone(), -2), ErrorCode::None);
    world.pass(SECOND);
    world.beat(other);
    assert_eq!(world.beat(&mut second), ErrorCode::None);
    assert_eq!((second.reads(), world.consumer().epoch), (had, epoch));
    assert_eq!(world.beat(first), ErrorCode::FencedInstanceId);
    a.epoch = epoch.0;
    assert_eq!(world.commit_as(&a, epoch.0, 9), ErrorCode::UnknownMemberId);
}

/// Protects: a static member that pauses for too long is gone.
#[test]
fn a_static_member_may_stay_away() {
    let mut world = World::new();
    let mut all = [Reader { instance: Some("one"), ..reader("a") }, reader("b")];
    world.settle_readers(&mut all);
    let [mut a, b] = all;
    world.part(&mut a, -2);
    let mut rest = [b];
    for _ in 0..5 {
        world.settle_readers(&mut rest);
    }
    assert_eq!(rest[0].reads(), [0, 1, 2, 3]);
}

/// Protects: who does not give up in time what it has to is sent away.
#[test]
fn who_does_not_give_up_is_sent_away() {
    let mut world = World::new();
    let mut a = reader("a");
    world.beat(&mut a);
    let mut rest = [reader("b")];
    for _ in 0..70 {
        world.pass(SECOND);
        world.beat(&mut rest[0]);
        // It shows itself, and says nothing of what it reads.
        let token = world.send(ConsumerGroupHeartbeatRequest { topic_partitions: None, ..a.heartbeat() });
        let _ = world.told(token);
    }
    world.settle_readers(&mut rest);
    assert_eq!(rest[0].reads(), [0, 1, 2, 3]);
    assert_eq!(world.beat(&mut a), ErrorCode::UnknownMemberId);
}

/// Protects: members that come together share one assignment; the group is not assigned anew for each.
#[test]
fn members_that_come_together_share_an_assignment() {
    let mut world = World::new();
    let mut all: Vec<Reader> = (0..20).map(|n| reader(&format!("m{n}"))).collect();
    all.iter_mut().for_each(|one| assert_eq!(world.beat(one), ErrorCode::None));
    assert_eq!(world.consumer().assignment_epoch.0, 2, "the first has its own");
    world.pass(TIMES.assignment_interval);
    assert_eq!(world.consumer().assignment_epoch.0, 21, "the others share the next, and nobody had to ask");
}

/// Protects: what topics there are counts when members ask: new partitions, a topic that is deleted and made again, and topics
/// that a regular expression finds.
#[test]
fn topics_come_and_go() {
    let mut world = World::new();
    let mut all = [Reader { topics: vec![], regex: Some("t|u.*"), ..reader("a") }];
    world.beat(&mut all[0]);
    assert_eq!(all[0].owned.len(), 2);
    world.topics.1.insert(topic_id(1), 6);
    world.settle_readers(&mut all);
    assert_eq!(all[0].reads(), [0, 1, 2, 3, 4, 5]);
    world.topics.0.insert("u-2".into(), topic_id(3));
    world.topics.0.insert("v".into(), topic_id(4));
    world.settle_readers(&mut all);
    assert_eq!(all[0].owned.len(), 3);
    world.topics.0.insert("t".into(), topic_id(9));
    world.settle_readers(&mut all);
    assert!(!all[0].owned.contains_key(&topic_id(1)), "the deleted one is gone");
    assert!(all[0].owned.contains_key(&topic_id(9)), "its namesake is read");
    world.fail_over();
    assert_eq!(world.consumer().state, "Stable");
}

/// Protects: bad requests are refused before anything is noted (C20).
#[test]
fn bad_heartbeats_are_refused() {
    let mut world = World::new();
    let good = reader("a").heartbeat();
    let cases: Vec<(ErrorCode, ConsumerGroupHeartbeatRequest)> = vec![
        (ErrorCode::InvalidRequest, ConsumerGroupHeartbeatRequest { group_id: " ".into(), ..good.clone() }),
        (
            ErrorCode::InvalidRequest,
            ConsumerGroupHeartbeatRequest { member_id: String::new(), ..good.clone() },
        ),
        (ErrorCode::InvalidRequest, ConsumerGroupHeartbeatRequest { member_epoch: -3, ..good.clone() }),
        (ErrorCode::InvalidRequest, ConsumerGroupHeartbeatRequest { member_epoch: -2, ..good.clone() }),
        (
            ErrorCode::InvalidRequest,
            ConsumerGroupHeartbeatRequest { rebalance_timeout_ms: -1, ..good.clone() },
        ),
        (ErrorCode::InvalidRequest, ConsumerGroupHeartbeatRequest { topic_partitions: None, ..good.clone() }),
        (
            ErrorCode::InvalidRequest,
            ConsumerGroupHeartbeatRequest { subscribed_topic_names: None, ..good.clone() },
        ),
        (
            ErrorCode::UnsupportedAssignor,
            ConsumerGroupHeartbeatRequest { server_assignor: Some("x".into()), ..good.clone() },
        ),
        (
            ErrorCode::InvalidRegularExpression,
            ConsumerGroupHeartbeatRequest {
                subscribed_topic_regex: Some("(a{1000}){1000}".into()),
                ..good.clone()
            },
        ),
        (
            ErrorCode::InvalidRequest,
            ConsumerGroupHeartbeatRequest {
                subscribed_topic_names: Some(
                    vec!["x".repeat(100); 1]
                        .into_iter()
                        .chain((0..20_000).map(|n| format!("{n:0100}")))
                        .collect(),
                ),
                ..good.clone()
            },
        ),
    ];
    for (expected, request) in cases {
        let token = world.send(request);
        assert_eq!(world.told(token).error_code, expected.code());
    }
    assert!(world.log.is_empty());
    let mut small = World::with(Settings { consumer_max_size: 1, ..settings() });
    assert_eq!(small.beat(&mut reader("a")), ErrorCode::None);
    assert_eq!(small.beat(&mut reader("b")), ErrorCode::GroupMaxSizeReached);
}

/// Protects: what could not be stored has not happened, and what was decided together with it neither.
#[test]
fn what_is_not_stored_has_not_happened() {
    let mut world = World::new();
    world.commits_at_once = false;
    let tokens = ["a", "b"].map(|id| world.send(reader(id).heartbeat()));
    assert!(tokens.into_iter().all(|token| world.waits(token)));
    world.refuse(ErrorCode::CoordinatorNotAvailable);
    assert_eq!(world.code(tokens[0]), ErrorCode::CoordinatorNotAvailable);
    // The second waited for its turn; it is alone now.
    world.commit();
    assert_eq!(world.told(tokens[1]).member_epoch, 2);
    assert_eq!(world.consumer().members.len(), 1);
}

/// Protects: while a group settles its members are to show themselves often, afterwards at the interval of the group.
#[test]
fn members_show_themselves_often_while_a_group_settles() {
    let mut world = World::new();
    let told = |world: &mut World, member: &Reader| {
        let token = world.send(member.heartbeat());
        world.told(token).heartbeat_interval_ms
    };
    let [a, b] = pair(&mut world);
    for _ in 0..5 {
        world.pass(SECOND);
    }
    assert_eq!([told(&mut world, &a), told(&mut world, &b)], [5_000, 5_000]);
    world.beat(&mut reader("c"));
    assert_eq!([told(&mut world, &a), told(&mut world, &b)], [500, 500]);
}
