//! Patterns over topics: how often they are looked for, and that nobody waits for ever.

use crate::reader::{Reader, reader};
use crate::world::{GROUP, World, settings, topic_id};
use coordinator::Settings;
use std::time::Duration;
use types::ErrorCode;
use wire::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;

const SECOND: Duration = Duration::from_secs(1);

/// Makes so many topics more, which patterns of `x` followed by digits mean.
fn with_topics(count: usize) -> World {
    let mut world = World::with(Settings { consumer_max_size: 1_000, ..settings() });
    for n in 0..count {
        let id = types::TopicId(types::Uuid((1_000 + n as u128).to_be_bytes()));
        world.topics.0.insert(format!("x{n}"), id);
    }
    world
}

/// Returns how often all names were looked at since the last time.
fn looks(world: &World) -> usize {
    world.topics.2.take()
}

/// Makes a member with a pattern of its own.
fn with_pattern(n: usize) -> Reader {
    let regex: &'static str = Box::leak(format!("t|z{n}").into_boxed_str());
    Reader { topics: Vec::new(), regex: Some(regex), ..reader(&format!("m{n}")) }
}

/// Sends a heartbeat of another group's first member, with a pattern; returns its code.
fn beat_in(world: &mut World, group: &str, regex: &str, epoch: i32) -> (ErrorCode, i32) {
    let request = ConsumerGroupHeartbeatRequest {
        group_id: group.into(),
        subscribed_topic_regex: Some(regex.into()),
        member_epoch: epoch,
        topic_partitions: Some(Vec::new()),
        ..reader("m").heartbeat()
    };
    let token = world.send(request);
    let told = world.told(token);
    (ErrorCode::from_code(told.error_code).unwrap(), told.member_epoch)
}

/// Protects: a member that has another pattern at each heartbeat has them looked for only so often; heartbeats go on, and the
/// last pattern is found out.
#[test]
fn a_member_that_changes_its_pattern_is_bounded() {
    let mut world = with_topics(10_000);
    let (_, mut epoch) = beat_in(&mut world, GROUP, "t", 0);
    assert_eq!(looks(&world), 1, "one heartbeat, one look");
    for second in 0..5 {
        for n in 0..100 {
            let (code, now) = beat_in(&mut world, GROUP, &format!("t|y{second}-{n}"), epoch);
            assert_eq!(code, ErrorCode::None);
            epoch = now;
        }
        let count = looks(&world);
        assert!(count <= 5, "{count} looks in a second");
        world.pass(SECOND);
    }
    world.pass(SECOND);
    beat_in(&mut world, GROUP, "t|y4-99", epoch);
    world.pass(SECOND);
    beat_in(&mut world, GROUP, "t|y4-99", epoch);
    assert_eq!(world.consumer().members[0].target.len(), 1);
    assert_eq!(world.consumer().state, "Stable");
}

/// Protects: many members with patterns of their own, and topics that come, are looked for in turns: a few in a second, all of
/// them in the end, and whoever waits reads what its pattern means once it is found out.
#[test]
fn many_patterns_take_turns() {
    let mut world = with_topics(10_000);
    let mut all: Vec<Reader> = (0..40).map(with_pattern).collect();
    for one in &mut all {
        assert_eq!(world.beat(one), ErrorCode::None);
    }
    assert!(looks(&world) <= 4);
    for _ in 0..20 {
        world.pass(SECOND);
        all.iter_mut().for_each(|one| _ = world.beat(one));
        let count = looks(&world);
        assert!(count <= 4, "{count} looks in a second");
    }
    assert_eq!(all.iter().map(|one| one.reads().len()).sum::<usize>(), 4, "somebody reads each partition");
    world.topics.0.insert("z39".into(), topic_id(9));
    for _ in 0..20 {
        world.pass(SECOND);
        all.iter_mut().for_each(|one| _ = world.beat(one));
        let count = looks(&world);
        assert!(count <= 4, "{count} looks in a second");
    }
    assert_eq!(all[39].owned.get(&topic_id(9)).map(std::collections::BTreeSet::len), Some(4));
    world.pass(SECOND);
    all.iter_mut().for_each(|one| _ = world.beat(one));
    assert_eq!(looks(&world), 0, "nothing is looked for when all is known");
}

/// Protects: what a topic means to patterns that are looked for later counts for their members, also when others read it already.
#[test]
fn a_topic_that_others_read_already_is_found_later() {
    let mut world = with_topics(10_000);
    let mut all: Vec<Reader> = (0..12).map(with_pattern).collect();
    let mut named = Reader { topics: vec!["z9"], ..reader("named") };
    let mut settle = |world: &mut World, named: &mut Reader| {
        for _ in 0..12 {
            world.pass(SECOND);
            all.iter_mut().for_each(|one| _ = world.beat(one));
            let _ = world.beat(named);
        }
        all[9].owned.get(&topic_id(9)).map_or(0, std::collections::BTreeSet::len)
    };
    settle(&mut world, &mut named);
    world.topics.0.insert("z9".into(), topic_id(9));
    assert_eq!(settle(&mut world, &mut named), 2, "shared by who names it and who means it");
}

/// Protects: many groups together have patterns looked for only so often.
#[test]
fn many_groups_share_what_a_coordinator_spends() {
    let mut world = with_topics(10_000);
    for n in 0..100 {
        assert_eq!(beat_in(&mut world, &format!("g{n}"), &format!("t|y{n}"), 0).0, ErrorCode::None);
    }
    let count = looks(&world);
    assert!((10..=20).contains(&count), "{count} looks in a second");
}

/// Protects: where there are few topics, patterns are found out with the heartbeat that brings them, as ever.
#[test]
fn few_topics_are_looked_at_at_once() {
    let mut world = World::new();
    for n in 0..40 {
        let mut one = with_pattern(n);
        assert_eq!(world.beat(&mut one), ErrorCode::None);
    }
    assert_eq!(looks(&world), 40);
}
