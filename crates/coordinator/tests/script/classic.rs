//! Members of the classic protocol: join, sync, leave, and what time does. C1 to C6, C14, C15 of the scenarios.

use crate::world::{DELAY, GROUP, JOIN, REBALANCE, SESSION, Who, World, fixed, settings, who};
use coordinator::{Answer, Request, Settings};
use std::time::Duration;
use types::ErrorCode;

/// Protects: two consumers get one generation, the first leads and is told of both, everyone gets its own assignment.
#[test]
fn members_join_and_get_their_assignments() {
    let mut world = World::new();
    let mut members = [who("a"), who("b")];
    let joins = members.each_mut().map(|one| world.enter(one));
    assert!(world.waits(joins[0]), "the first rebalance waits for more members");
    world.pass(DELAY * 2);
    let [a, b] = joins.map(|token| world.joined(token));
    assert_eq!((a.generation_id, b.generation_id), (1, 1));
    assert_eq!((a.leader.as_str(), b.leader.as_str()), (members[0].id.as_str(), members[0].id.as_str()));
    assert_eq!((a.members.len(), b.members.len()), (2, 0), "the leader alone is told of all");
    assert_eq!((a.protocol_type.as_deref(), a.protocol_name.as_deref()), (Some("consumer"), Some("range")));
    world.assign(&members, 1, &a.leader);
    assert_eq!(world.state(), "Stable");
    assert_eq!(world.heartbeat(&members[1], 1), ErrorCode::None);
}

/// Protects: an assignment goes out only once its record is committed; if it is not stored, nobody gets any.
#[test]
fn assignments_wait_for_their_record() {
    let mut world = World::new();
    let mut one = who("a");
    let join = world.enter(&mut one);
    world.pass(DELAY);
    assert_eq!(world.joined(join).generation_id, 1);
    world.commits_at_once = false;
    let id = one.id.clone();
    let sync = world.sync(&one, 1, &[(&id, "x")]);
    assert!(world.waits(sync));
    world.refuse(ErrorCode::CoordinatorNotAvailable);
    assert_eq!(world.code(sync), ErrorCode::CoordinatorNotAvailable);
    assert_eq!(world.state(), "CompletingRebalance");
    let sync = world.sync(&one, 1, &[(&id, "x")]);
    world.commit();
    assert_eq!(world.synced(sync).assignment, "x");
    assert_eq!(world.state(), "Stable");
}

/// Protects: C1: a member that was paused over a rebalance is fenced: its heartbeat and its commit are refused, and the
/// offset of its successor stays.
#[test]
fn a_paused_member_commits_nothing() {
    let mut world = World::new();
    let mut members = [who("a"), who("b")];
    let before = world.stable(&mut members);
    let [a, b] = &members;
    let commit = world.commit_offset(a, before, 10);
    assert_eq!(world.code(commit), ErrorCode::None);
    // `a` is silent for longer than its session; `b` goes on.
    for _ in 0..4 {
        world.pass(SESSION / 3);
        let _ = world.heartbeat(b, before);
    }
    assert_eq!(world.heartbeat(b, before), ErrorCode::RebalanceInProgress);
    let join = world.join(b);
    let after = world.joined(join).generation_id;
    assert_eq!(after, before + 1);
    world.assign(&members[1..], after, &members[1].id);
    let commit = world.commit_offset(&members[1], after, 20);
    assert_eq!(world.code(commit), ErrorCode::None);
    let late = world.commit_offset(&members[0], before, 15);
    assert_eq!(world.code(late), ErrorCode::UnknownMemberId);
    let stale = world.commit_offset(&members[1], before, 16);
    assert_eq!(world.code(stale), ErrorCode::IllegalGeneration);
    assert_eq!(world.heartbeat(&members[0], before), ErrorCode::UnknownMemberId);
    assert_eq!(world.offset(), 20);
}

/// Protects: C2: a commit without a member is taken only while the group has none.
#[test]
fn commits_from_outside_need_an_empty_group() {
    let mut world = World::new();
    let outside = who("admin");
    let commit = world.commit_offset(&outside, -1, 5);
    assert_eq!(world.code(commit), ErrorCode::None);
    let unknown = world.commit_offset(&who("x"), 3, 6);
    assert_eq!(world.code(unknown), ErrorCode::UnknownMemberId);
    let mut members = [who("a")];
    let generation = world.stable(&mut members);
    let commit = world.commit_offset(&outside, -1, 7);
    assert_eq!(world.code(commit), ErrorCode::UnknownMemberId);
    assert_eq!(world.offset(), 5);
    let leave = world.leave(&[(&members[0].id, None)]);
    assert_eq!(world.code(leave), ErrorCode::None);
    let commit = world.commit_offset(&outside, -1, 8);
    assert_eq!(world.code(commit), ErrorCode::None);
    let gone = world.commit_offset(&members[0], generation, 9);
    assert_eq!(world.code(gone), ErrorCode::UnknownMemberId);
    assert_eq!((world.state(), world.offset()), ("Empty", 8));
}

/// Protects: C3: a static member that comes back within its session gets its assignment without a rebalance, and the
/// stored record knows its new id.
#[test]
fn a_static_member_comes_back_without_a_rebalance() {
    let mut world = World::new();
    let mut members = [fixed("a", "one"), who("b")];
    let first = world.join(&members[0]);
    let other = world.enter(&mut members[1]);
    world.pass(DELAY * 2);
    members[0].id = world.joined(first).member_id;
    let _ = world.joined(other);
    let leader = members[0].id.clone();
    world.assign(&members, 1, &leader);
    let old = members[0].clone();
    members[0].id = String::new();
    let again = world.join(&members[0]);
    let response = world.joined(again);
    assert_eq!(
        (response.generation_id, response.skip_assignment),
        (1, true),
        "the leader assigns nothing anew"
    );
    assert_ne!(response.member_id, old.id);
    members[0].id = response.member_id;
    assert_eq!(world.state(), "Stable");
    assert_eq!(world.heartbeat(&members[1], 1), ErrorCode::None, "nobody else has to do anything");
    let sync = world.sync(&members[0], 1, &[]);
    assert_eq!(world.synced(sync).assignment, "a");
    // C4: whoever still has the old id is fenced.
    assert_eq!(world.heartbeat(&old, 1), ErrorCode::FencedInstanceId);
    let late = world.commit_offset(&old, 1, 99);
    assert_eq!(world.code(late), ErrorCode::FencedInstanceId);
    world.fail_over();
    assert_eq!(world.heartbeat(&members[0], 1), ErrorCode::None);
    assert_eq!(world.heartbeat(&old, 1), ErrorCode::FencedInstanceId);
}

/// Protects: a client that cannot be told to assign nothing is told of the leader from before.
#[test]
fn an_old_static_leader_is_told_of_the_leader_before() {
    let mut world = World::new();
    let mut one = fixed("a", "one");
    let join = world.join(&one);
    world.pass(DELAY);
    one.id = world.joined(join).member_id;
    let leader = one.id.clone();
    world.assign(&[one.clone()], 1, &leader);
    one.id = String::new();
    let again = world.join_version(&one, 8);
    let response = world.joined(again);
    assert_eq!((response.leader, response.skip_assignment, response.members.len()), (leader, false, 0));
}

/// Protects: a static member's new id is told only once it is stored; if it is not, the old one goes on.
#[test]
fn a_new_id_waits_for_its_record() {
    let mut world = World::new();
    let mut one = fixed("a", "one");
    let join = world.join(&one);
    world.pass(DELAY);
    one.id = world.joined(join).member_id;
    let leader = one.id.clone();
    world.assign(&[one.clone()], 1, &leader);
    world.commits_at_once = false;
    let again = world.join(&Who { id: String::new(), ..one.clone() });
    assert!(world.waits(again));
    world.refuse(ErrorCode::CoordinatorNotAvailable);
    assert_eq!(world.code(again), ErrorCode::CoordinatorNotAvailable);
    assert_eq!(world.heartbeat(&one, 1), ErrorCode::None);
}

/// Protects: C5: a client without an id gets one first, so that asking again makes no second member; one that never
/// comes back with it leaves nothing behind.
#[test]
fn an_id_comes_first() {
    let mut world = World::new();
    let mut members = [who("a")];
    let generation = world.stable(&mut members);
    for _ in 0..3 {
        let join = world.join(&who("b"));
        assert_eq!(world.joined(join).error_code, ErrorCode::MemberIdRequired.code());
    }
    assert_eq!(world.heartbeat(&members[0], generation), ErrorCode::None, "nobody has joined");
    let mut world = World::new();
    let join = world.join(&who("c"));
    assert!(world.joined(join).member_id.starts_with("c-"));
    world.pass(SESSION);
    assert_eq!(world.state(), "none");
    let old = world.join_version(&who("old"), 3);
    assert!(world.waits(old), "older clients join at once");
}

/// Protects: C6: when the leader dies before it assigns, the others join again, and the group goes on without it.
#[test]
fn a_leader_that_dies_holds_nobody_up() {
    let mut world = World::new();
    let mut members = [who("a"), who("b")];
    let joins = members.each_mut().map(|one| world.enter(one));
    world.pass(DELAY * 2);
    let [leader, _] = joins.map(|token| world.joined(token));
    assert_eq!(leader.leader, members[0].id);
    let sync = world.sync(&members[1], 1, &[]);
    assert!(world.waits(sync));
    world.pass(SESSION);
    assert_eq!(world.code(sync), ErrorCode::RebalanceInProgress);
    let join = world.join(&members[1]);
    let response = world.joined(join);
    assert_eq!((response.generation_id, &response.leader), (2, &members[1].id));
    world.assign(&members[1..], 2, &members[1].id);
    assert_eq!(world.state(), "Stable");
}

/// Protects: who does not fetch its assignment within the rebalance timeout is not waited for any longer.
#[test]
fn who_never_syncs_is_forgotten() {
    let mut world = World::new();
    let mut members = [who("a"), who("b")];
    let joins = members.each_mut().map(|one| world.enter(one));
    world.pass(DELAY * 2);
    for token in joins {
        let _ = world.joined(token);
    }
    let ids = members.each_ref().map(|one| one.id.clone());
    let sync = world.sync(&members[0], 1, &[(&ids[0], "x"), (&ids[1], "y")]);
    let _ = world.synced(sync);
    let steps = (REBALANCE.as_millis() / (SESSION / 2).as_millis()) as usize;
    for _ in 0..steps {
        world.pass(SESSION / 2);
        let _ = world.heartbeat(&members[0], 1);
        let _ = world.heartbeat(&members[1], 1);
    }
    assert_eq!(world.heartbeat(&members[1], 1), ErrorCode::UnknownMemberId);
    assert_eq!(world.heartbeat(&members[0], 1), ErrorCode::RebalanceInProgress);
}

/// Protects: members that do not rejoin within the rebalance timeout are left behind; those that did get their generation.
#[test]
fn a_rebalance_ends_in_time() {
    let mut world = World::new();
    let mut members = [who("a"), who("b")];
    let generation = world.stable(&mut members);
    let mut third = who("c");
    let join = world.enter(&mut third);
    assert!(world.waits(join));
    let again = world.join(&members[0]);
    let mut passed = Duration::ZERO;
    while passed < REBALANCE {
        let code = world.heartbeat(&members[1], generation);
        assert_eq!(code, ErrorCode::RebalanceInProgress);
        world.pass(SESSION / 2);
        passed += SESSION / 2;
    }
    assert_eq!(world.joined(join).generation_id, generation + 1);
    assert_eq!(world.joined(again).generation_id, generation + 1);
    assert_eq!(world.heartbeat(&members[1], generation), ErrorCode::UnknownMemberId);
}

/// Protects: a member whose answer was lost asks again and gets the same one, without another rebalance.
#[test]
fn a_lost_answer_is_given_again() {
    let mut world = World::new();
    let mut members = [who("a"), who("b")];
    let joins = members.each_mut().map(|one| world.enter(one));
    world.pass(DELAY * 2);
    let [a, b] = joins.map(|token| world.joined(token));
    let again = members.each_ref().map(|one| world.join(one));
    let [a_again, b_again] = again.map(|token| world.joined(token));
    assert_eq!((a, b), (a_again, b_again));
    world.assign(&members, 1, &members[0].id.clone());
    let follower = world.join(&members[1]);
    assert_eq!(world.joined(follower).generation_id, 1, "a follower that asks changes nothing");
    let leader = world.join(&members[0]);
    assert!(world.waits(leader), "a leader that asks wants a rebalance");
    assert_eq!(world.state(), "PreparingRebalance");
}

/// Protects: a second request of a member while the first waits ends the first: no client is left hanging.
#[test]
fn a_second_join_ends_the_first() {
    let mut world = World::new();
    let mut one = who("a");
    let first = world.enter(&mut one);
    let second = world.join(&one);
    assert_eq!(world.code(first), ErrorCode::RebalanceInProgress);
    world.pass(DELAY);
    assert_eq!(world.joined(second).generation_id, 1);
}

/// Protects: C14: members that come together share generations: each wait is made longer while somebody comes.
#[test]
fn a_storm_of_joins_makes_few_generations() {
    let mut world = World::new();
    let mut members: Vec<Who> = (0..50).map(|_| who("m")).collect();
    let mut joins = Vec::new();
    for one in &mut members {
        joins.push(world.enter(one));
        world.pass(Duration::from_millis(100));
    }
    world.pass(DELAY * 2);
    for token in joins {
        assert_eq!(world.joined(token).generation_id, 1);
    }
}

/// Protects: C15: a group takes no more members in than it may have; who is in stays in.
#[test]
fn a_group_has_a_largest_size() {
    let mut world = World::with(Settings { max_size: 1, ..settings() });
    let mut members = [who("a")];
    let generation = world.stable(&mut members);
    let mut second = who("b");
    second.id = "b-1".into();
    let join = world.join(&who("b"));
    assert_eq!(world.code(join), ErrorCode::GroupMaxSizeReached);
    assert_eq!(world.heartbeat(&members[0], generation), ErrorCode::None);
}

/// Protects: what a client says of itself has to fit its group.
#[test]
fn strangers_are_refused() {
    let mut world = World::new();
    let join = world.join(&Who { protocols: &[], ..who("a") });
    assert_eq!(world.code(join), ErrorCode::InconsistentGroupProtocol);
    let join = world.join(&Who { protocol_type: "", ..who("a") });
    assert_eq!(world.code(join), ErrorCode::InconsistentGroupProtocol);
    let join = world.join(&Who { id: "ghost".into(), ..who("a") });
    assert_eq!(world.code(join), ErrorCode::UnknownMemberId);
    let mut members = [who("a")];
    let generation = world.stable(&mut members);
    let join = world.join(&Who { protocol_type: "connect", ..who("b") });
    assert_eq!(world.code(join), ErrorCode::InconsistentGroupProtocol);
    let join = world.join(&Who { protocols: &["sticky"], ..who("b") });
    assert_eq!(world.code(join), ErrorCode::InconsistentGroupProtocol);
    let ghost = Who { id: "ghost".into(), ..who("g") };
    let sync = world.sync(&ghost, generation, &[]);
    assert_eq!(world.code(sync), ErrorCode::UnknownMemberId);
    let sync = world.sync(&members[0], generation + 1, &[]);
    assert_eq!(world.code(sync), ErrorCode::IllegalGeneration);
    assert_eq!(world.state(), "Stable");
}

/// Protects: the protocol is the one that most members like best among those that all can do.
#[test]
fn the_protocol_is_voted_for() {
    let mut world = World::new();
    let likes = |client, protocols| Who { protocols, ..who(client) };
    let mut members =
        [likes("a", &["x", "y", "z"]), likes("b", &["z", "y", "x"]), likes("c", &["q", "z", "x"])];
    let joins = members.each_mut().map(|one| world.enter(one));
    world.pass(DELAY * 2);
    for token in joins {
        assert_eq!(world.joined(token).protocol_name.as_deref(), Some("z"));
    }
}

/// Protects: members leave at once, by id or, static ones, by instance; the last one leaves an empty group.
#[test]
fn members_leave() {
    let mut world = World::new();
    let mut members = [who("a"), who("b")];
    let generation = world.stable(&mut members);
    let leave = world.leave(&[(&members[1].id, None), ("ghost", None), ("", Some("nobody"))]);
    let Some(Ok(Answer::Leave(codes))) = world.answer(leave) else { panic!() };
    assert_eq!(codes, [ErrorCode::None, ErrorCode::UnknownMemberId, ErrorCode::UnknownMemberId]);
    assert_eq!(world.heartbeat(&members[0], generation), ErrorCode::RebalanceInProgress);
    let leave = world.leave(&[(&members[0].id, None)]);
    assert_eq!(world.code(leave), ErrorCode::None);
    assert_eq!(world.state(), "Empty");
    let mut one = fixed("s", "one");
    let join = world.join(&one);
    world.pass(DELAY);
    one.id = world.joined(join).member_id;
    let leave = world.leave(&[("", Some("one"))]);
    assert_eq!(world.code(leave), ErrorCode::None);
    assert_eq!(world.state(), "Empty");
}

/// Protects: C7: after a fail-over the group is as its last assignment left it: members go on, and who waited is told to
/// look for the new coordinator.
#[test]
fn a_group_survives_its_coordinator() {
    let mut world = World::new();
    let mut members = [who("a"), who("b")];
    let generation = world.stable(&mut members);
    let mut third = who("c");
    let join = world.enter(&mut third);
    world.fail_over();
    assert_eq!(world.code(join), ErrorCode::NotCoordinator);
    assert_eq!(world.state(), "Stable");
    assert_eq!(world.heartbeat(&members[0], generation), ErrorCode::None);
    let sync = world.sync(&members[1], generation, &[]);
    assert_eq!(world.synced(sync).assignment, "b");
    world.pass(SESSION * 2);
    assert_eq!(world.state(), "Empty", "their sessions began when it was loaded");
}

/// Protects: a group is deleted when it is empty, with its offsets; not before.
#[test]
fn groups_are_deleted() {
    let mut world = World::new();
    let mut members = [who("a")];
    let generation = world.stable(&mut members);
    let commit = world.commit_offset(&members[0], generation, 3);
    assert_eq!(world.code(commit), ErrorCode::None);
    let delete = world.ask(Request::Delete(GROUP.into()));
    assert_eq!(world.code(delete), ErrorCode::NonEmptyGroup);
    let leave = world.leave(&[(&members[0].id, None)]);
    assert_eq!(world.code(leave), ErrorCode::None);
    let delete = world.ask(Request::Delete(GROUP.into()));
    assert_eq!(world.code(delete), ErrorCode::None);
    assert_eq!((world.state(), world.offset()), ("none", -1));
    world.fail_over();
    assert_eq!((world.state(), world.offset()), ("none", -1));
    let delete = world.ask(Request::Delete(GROUP.into()));
    assert_eq!(world.code(delete), ErrorCode::GroupIdNotFound);
    assert_eq!(JOIN, 9);
}

/// Protects: C15: what a member says of itself is bounded.
#[test]
fn members_say_so_much_and_no_more() {
    let mut world = World::with(Settings { member_max: 10, ..settings() });
    let join = world.join(&who("a"));
    assert_eq!(world.code(join), ErrorCode::InvalidRequest);
    assert_eq!(world.state(), "none");
}

/// Protects: a session timeout outside of the bounds is refused.
#[test]
fn session_timeouts_have_bounds() {
    let mut world = World::with(Settings { session_timeout: SESSION * 2..=SESSION * 3, ..settings() });
    let join = world.join(&who("a"));
    assert_eq!(world.code(join), ErrorCode::InvalidSessionTimeout);
}

/// Protects: who leaves a group that is not there is told so at each of its names, as by Kafka: the answer as a whole has no code.
#[test]
fn who_leaves_no_group_is_told_for_each() {
    let mut world = World::new();
    let leave = world.leave(&[("x", None), ("", Some("one"))]);
    let unknown = ErrorCode::UnknownMemberId;
    assert_eq!(world.answer(leave), Some(Ok(Answer::Leave(vec![unknown, unknown]))));
}

/// Protects: what members had is shown while they join again, as by Kafka, and no more once a rebalance ended without an assignment.
#[test]
fn the_last_assignment_is_shown_until_there_is_another() {
    let mut world = World::new();
    let mut members = [who("a")];
    let generation = world.stable(&mut members);
    assert_eq!((world.state(), world.shown(&members[0])), ("Stable", "a".into()));
    let mut late = who("b");
    let join = world.enter(&mut late);
    assert_eq!((world.state(), world.shown(&members[0])), ("PreparingRebalance", "a".into()));
    let again = world.join(&members[0]);
    assert_eq!(world.joined(again).generation_id, generation + 1);
    let _ = world.joined(join);
    assert_eq!((world.state(), world.shown(&members[0])), ("CompletingRebalance", "a".into()));
    let leave = world.leave(&[(&late.id, None)]);
    assert_eq!(world.code(leave), ErrorCode::None);
    assert_eq!((world.state(), world.shown(&members[0])), ("PreparingRebalance", "".into()));
}
