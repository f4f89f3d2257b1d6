//! Groups at their edges: what is on its way, what has gone by while somebody waited, what is too large.

use crate::migration::{classic, old};
use crate::reader::{Reader, reader};
use crate::world::{World, commit, fixed, settings, who};
use coordinator::{Answer, Request, Settings};
use std::time::Duration;
use types::ErrorCode;
use wire::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use wire::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};

const SECOND: Duration = Duration::from_secs(1);

/// Protects: a member that is sent away in the same batch is not told by SyncGroup what another is given.
#[test]
fn a_sync_does_not_overtake_a_removal() {
    let mut world = World::new();
    let mut x = classic(&mut world);
    let mut a = reader("a");
    for _ in 0..10 {
        world.beat(&mut a);
        x.follow(&mut world);
        world.pass(SECOND);
    }
    assert_eq!((x.owned.len(), a.reads().len()), (2, 2));
    world.commits_at_once = false;
    let first = world.ask(Request::Commit(commit("other", &who(""), -1, 1)));
    let removal = world.leave(&[(&x.who.id, None)]);
    let sync = world.ask(Request::Sync(SyncGroupRequest {
        group_id: crate::world::GROUP.into(),
        generation_id: x.generation,
        member_id: x.who.id.clone(),
        ..SyncGroupRequest::default()
    }));
    world.commit();
    assert_eq!(world.code(first), ErrorCode::None);
    assert!(world.waits(sync), "its removal is on its way");
    world.commit();
    assert_eq!(world.code(removal), ErrorCode::None);
    assert_eq!(world.code(sync), ErrorCode::UnknownMemberId);
}

/// Protects: a member whose removal is on its way is not told what it may read; if that is not stored, it goes on.
#[test]
fn a_heartbeat_does_not_overtake_a_removal() {
    for is_stored in [true, false] {
        let mut world = World::new();
        let mut both = [reader("a"), reader("b")];
        world.settle_readers(&mut both);
        let [_, b] = &mut both;
        world.commits_at_once = false;
        let removal = world.leave(&[("b", None)]);
        b.is_unsure = true;
        let beat = world.send(b.heartbeat());
        assert!(world.waits(beat), "its removal is on its way");
        let code = match is_stored {
            true => {
                world.commit();
                ErrorCode::UnknownMemberId
            }
            false => {
                world.refuse(ErrorCode::CoordinatorNotAvailable);
                ErrorCode::None
            }
        };
        assert_eq!(world.told(beat).error_code, code.code());
        let _ = world.answer(removal);
    }
}

/// Protects: a static member that pauses while it has to give partitions up has given them up: it is not sent away for being late
/// (C3).
#[test]
fn a_paused_member_is_not_late() {
    let mut world = World::new();
    let mut a = Reader { instance: Some("one"), ..reader("a") };
    let token = world.send(ConsumerGroupHeartbeatRequest { rebalance_timeout_ms: 5_000, ..a.heartbeat() });
    let told = world.told(token);
    a.hear(&told);
    world.pass(SECOND);
    let mut b = reader("b");
    world.beat(&mut b);
    world.beat(&mut a);
    let kept = a.reads();
    assert_eq!(kept.len(), 2);
    assert_eq!(world.part(&mut a, -2), ErrorCode::None);
    let epoch = world.consumer().epoch;
    for _ in 0..10 {
        world.pass(SECOND);
        world.beat(&mut b);
    }
    let mut back = Reader { instance: Some("one"), ..reader("c") };
    assert_eq!(world.beat(&mut back), ErrorCode::None);
    assert_eq!((back.reads(), world.consumer().epoch), (kept, epoch));
}

/// Protects: a member that takes the place of a paused one, and was a member before, leaves no partition without a reader.
#[test]
fn a_member_that_takes_a_place_gives_its_own_up() {
    let mut world = World::new();
    let mut all = [reader("a"), Reader { instance: Some("one"), ..reader("b") }, reader("c")];
    world.settle_readers(&mut all);
    let [a, mut b, c] = all;
    world.part(&mut b, -2);
    let mut rest = [Reader { instance: Some("one"), ..reader(&a.id) }, c];
    world.settle_readers(&mut rest);
    let read: usize = rest.iter().map(|one| one.reads().len()).sum();
    assert_eq!(read, 4);
}

/// Protects: the time in which a member has to join again is its whole time, also when the group has changed back and over again
/// since it was last asked to.
#[test]
fn an_old_deadline_does_not_count() {
    let mut world = World::new();
    let mut x = classic(&mut world);
    let mut a = reader("a");
    world.beat(&mut a);
    assert_eq!(world.heartbeat(&x.who, x.generation), ErrorCode::RebalanceInProgress);
    world.part(&mut a, -1);
    x.join(&mut world);
    let id = x.who.id.clone();
    assert_eq!(x.sync(&mut world, &[(&id, &[0, 1, 2, 3])]), ErrorCode::None);
    for _ in 0..30 {
        world.pass(SECOND);
        assert_eq!(world.heartbeat(&x.who, x.generation), ErrorCode::None);
    }
    let mut a = reader("a");
    assert_eq!(world.beat(&mut a), ErrorCode::None);
    for _ in 0..40 {
        world.pass(SECOND);
        world.beat(&mut a);
        assert_eq!(world.heartbeat(&x.who, x.generation), ErrorCode::RebalanceInProgress);
    }
    assert_eq!(x.commit(&mut world, 3), ErrorCode::None);
}

/// Protects: a member of the classic protocol is not told to join again, over and over, while the next assignment has to wait.
#[test]
fn a_classic_member_waits_for_the_assignment() {
    let mut world = World::new();
    let mut a = reader("a");
    world.beat(&mut a);
    let mut y = old("y");
    y.join(&mut world);
    assert_eq!(y.generation, a.epoch, "the assignment of this moment");
    assert_eq!(world.heartbeat(&y.who, y.generation), ErrorCode::None);
    assert_eq!((y.sync(&mut world, &[]), y.owned.len()), (ErrorCode::None, 0));
    world.pass(SECOND);
    assert_eq!(world.heartbeat(&y.who, y.generation), ErrorCode::RebalanceInProgress);
}

/// Protects: what is larger than one operation may be is refused by itself, and takes no other with it.
#[test]
fn what_is_too_large_is_refused_alone() {
    let mut world = World::with(Settings { operation_max: 4 << 10, ..settings() });
    let mut members = [who("m")];
    let generation = world.stable(&mut members);
    let stored = world.log.len();
    world.commits_at_once = false;
    let other = world.ask(Request::Commit(commit("other", &who(""), -1, 1)));
    let many = || commit(&"g".repeat(3000), &who(""), -1, 1);
    let mut large = many();
    large
        .offsets
        .extend(many().offsets.into_iter().map(|one| coordinator::CommitOffset { partition: 1, ..one }));
    let large = world.ask(Request::Commit(large));
    world.commit();
    assert_eq!((world.code(other), world.code(large)), (ErrorCode::None, ErrorCode::InvalidCommitOffsetSize));
    world.commits_at_once = true;
    let token = world.join(&members[0]);
    let joined = world.joined(token);
    assert_eq!(joined.generation_id, generation + 1);
    let assignments = vec![SyncGroupRequestAssignment {
        member_id: members[0].id.clone(),
        assignment: vec![0; 8 << 10].into(),
    }];
    let token = world.ask(Request::Sync(SyncGroupRequest {
        group_id: crate::world::GROUP.into(),
        generation_id: generation + 1,
        member_id: members[0].id.clone(),
        assignments,
        ..SyncGroupRequest::default()
    }));
    assert_eq!(world.code(token), ErrorCode::UnknownServerError);
    assert_eq!(world.log.len(), stored + 1);
    let long = "i".repeat(32_767);
    let instance: &'static str = Box::leak(long.into_boxed_str());
    let token = world.join(&fixed("f", instance));
    assert_eq!(world.code(token), ErrorCode::InvalidRequest, "its id would be longer than a record can say");
}

/// Protects: a group with more offsets than one batch takes is deleted whole, and nobody comes in between.
#[test]
fn a_large_group_is_deleted_in_pieces() {
    let mut world = World::with(Settings { batch_max: 1000, operation_max: 1 << 20, ..settings() });
    let mut all = commit(crate::world::GROUP, &who(""), -1, 1);
    let one = all.offsets[0].clone();
    all.offsets = (0..100).map(|partition| coordinator::CommitOffset { partition, ..one.clone() }).collect();
    let token = world.ask(Request::Commit(all));
    assert_eq!(world.code(token), ErrorCode::None);
    world.commits_at_once = false;
    let deletion = world.ask(Request::Delete(crate::world::GROUP.into()));
    let joining = world.send(reader("a").heartbeat());
    let mut batches = 0;
    while world.waits(deletion) {
        assert!(world.in_flight.as_ref().is_some_and(|batch| batch.len() < 20));
        world.commit();
        batches += 1;
    }
    assert!(batches > 5, "{batches}");
    assert_eq!(world.code(deletion), ErrorCode::None);
    world.commit();
    assert!(matches!(world.answer(joining), Some(Ok(Answer::ConsumerHeartbeat(_)))));
    world.fail_over();
    world.commits_at_once = true;
    assert_eq!(world.offset(), -1);
}
