//! What goes by itself, and what is said of it before. C10.

use crate::world::{GROUP, World, settings, who};
use coordinator::{Due, Event, Reason, Request, Settings};
use std::time::Duration;
use types::ErrorCode;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn due(world: &World) -> (u64, u64) {
    let Due { offsets, groups, .. } = world.groups.due();
    (offsets, groups)
}

/// Lets a group come and go.
pub(crate) fn leave_behind(world: &mut World) {
    let mut members = [who("a")];
    world.stable(&mut members);
    let left = world.leave(&[(&members[0].id, None)]);
    assert_eq!(world.code(left), ErrorCode::None);
}

/// Protects: a group without members and offsets goes after a day, where offsets do not age, is said to be due before, and is
/// counted; one that has an offset, or is used again, stays.
#[test]
fn a_group_of_which_nothing_is_left_goes_after_a_day() {
    let mut world = World::new();
    world.groups.loaded(&world.topics, world.now);
    leave_behind(&mut world);
    assert_eq!(world.groups.idle().map(|(_, _, count)| count).sum::<usize>(), 1, "it counts as an offset");
    world.pass(DAY - HOUR);
    assert_eq!((world.state(), due(&world)), ("Empty", (0, 1)));
    let mut members = [who("b")];
    world.stable(&mut members);
    world.pass(Duration::from_secs(1));
    let left = world.leave(&[(&members[0].id, None)]);
    assert_eq!(world.code(left), ErrorCode::None);
    world.pass(HOUR * 2);
    assert_eq!(world.state(), "Empty", "it was used");
    world.pass(DAY);
    assert_eq!((world.state(), due(&world)), ("none", (0, 0)));
    let gone = Event::Gone { reason: Reason::Unused, offsets: 0, groups: 1 };
    assert_eq!(world.events.iter().filter(|event| **event == gone).count(), 1);
    world.fail_over();
    assert_eq!(world.state(), "none");
    leave_behind(&mut world);
    let committed = world.commit_offset(&who(""), -1, 1);
    assert_eq!(world.code(committed), ErrorCode::None);
    world.pass(DAY * 3);
    assert_eq!((world.state(), world.offset()), ("Empty", 1));
}

/// Protects: the day goes on when another coordinator takes over: it counts from the group's last record.
#[test]
fn the_day_of_a_group_goes_on_with_the_next_coordinator() {
    let mut world = World::new();
    world.groups.loaded(&world.topics, world.now);
    let mut reader = crate::reader::reader("a");
    assert_eq!(world.beat(&mut reader), ErrorCode::None);
    world.pass(Duration::from_secs(10));
    assert_eq!(world.part(&mut reader, -1), ErrorCode::None);
    for _ in 0..3 {
        world.pass(HOUR * 7);
        world.fail_over();
        assert_eq!(world.groups.idle().count(), 1);
    }
    world.pass(HOUR * 2);
    assert_eq!(due(&world), (0, 1));
    assert_eq!(world.groups.idle().count(), 1, "23 hours");
    world.pass(HOUR * 2);
    assert_eq!(world.groups.idle().count(), 0, "25 hours");
}

/// Protects: offsets that go by age are said to be due a day before, with when; what goes is counted with its reason.
#[test]
fn offsets_that_go_are_due_before() {
    let mut world = World::with(Settings { retention: Some(DAY * 3), ..settings() });
    world.groups.loaded(&world.topics, world.now);
    let committed = world.commit_offset(&who(""), -1, 1);
    assert_eq!(world.code(committed), ErrorCode::None);
    let at = world.now.wall.0;
    world.pass(DAY * 2 - HOUR);
    assert_eq!(due(&world), (0, 0));
    world.pass(HOUR * 2);
    assert_eq!(due(&world), (1, 1));
    let next = world.groups.due().next.map(|next| next.0);
    assert_eq!(next, Some(at + i64::try_from((DAY * 3).as_millis()).unwrap()));
    assert_eq!(world.offset(), 1);
    world.pass(DAY);
    assert_eq!((world.offset(), due(&world)), (-1, (0, 0)));
    let offsets = |reason| {
        let of = |event: &Event| match event {
            Event::Gone { reason: one, offsets, .. } if *one == reason => *offsets,
            _ => 0,
        };
        world.events.iter().map(of).sum::<u64>()
    };
    assert_eq!(Reason::ALL.map(offsets), [1, 0, 0, 0, 0]);
}

/// Protects: what is counted is what was committed: offsets, rebalances, members that were not heard of, and what was deleted.
#[test]
fn what_happens_is_counted() {
    let mut world = World::new();
    let mut members = [who("a"), who("b")];
    let generation = world.stable(&mut members);
    let committed = world.commit_offset(&members[0], generation, 1);
    assert_eq!(world.code(committed), ErrorCode::None);
    let rebalanced = Event::Rebalanced { classic: true, count: 1 };
    assert_eq!(world.events, [rebalanced, Event::Committed(1)]);
    world.pass(crate::world::SESSION);
    let expired = world.events.iter().filter(|event| **event == Event::SessionExpired).count();
    assert_eq!((expired, world.state()), (2, "Empty"));
    let deleted = world.ask(Request::Delete(GROUP.into()));
    assert_eq!(world.code(deleted), ErrorCode::None);
    let last = world.events.last().copied();
    assert_eq!(last, Some(Event::Gone { reason: Reason::Asked, offsets: 1, groups: 1 }));
    let mut one = crate::reader::reader("one");
    assert_eq!(world.beat(&mut one), ErrorCode::None);
    assert_eq!(world.events.last().copied(), Some(Event::Rebalanced { classic: false, count: 1 }));
    let counts = world.groups.counts();
    assert_eq!((counts.members, counts.offsets, counts.waiting), (1, 0, 0));
    assert_eq!(counts.groups, [(("consumer", "Stable"), 1)].into());
    world.pass(crate::world::TIMES.session_timeout);
    assert_eq!(world.groups.counts().groups, [(("consumer", "Empty"), 1)].into());
    assert_eq!(world.events.iter().filter(|event| **event == Event::SessionExpired).count(), 3);
}
