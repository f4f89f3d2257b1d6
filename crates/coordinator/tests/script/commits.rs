//! Offsets: committed, fetched, deleted, and what a topic's end does to them. C8, C18, C19.

use crate::world::{GROUP, SESSION, World, commit, settings, topic_id, who};
use coordinator::{Answer, Caller, CommitOffset, FetchedOffset, Request, Settings};
use std::time::Duration;
use types::{ErrorCode, GroupEpoch, WallTime};

/// Protects: C8: a commit is answered after its record is committed, and not seen before; if it is not stored, it is not there.
#[test]
fn a_commit_is_answered_when_it_is_durable() {
    let mut world = World::new();
    world.commits_at_once = false;
    let first = world.commit_offset(&who("a"), -1, 1);
    assert!(world.waits(first));
    assert_eq!(world.offset(), -1, "reads see what is committed");
    let second = world.commit_offset(&who("a"), -1, 2);
    let third = world.commit_offset(&who("a"), -1, 3);
    world.commit();
    assert_eq!(world.code(first), ErrorCode::None);
    assert_eq!(world.offset(), 1);
    assert!(world.waits(second));
    assert_eq!(world.in_flight.as_ref().map(Vec::len), Some(2), "what came meanwhile goes together");
    world.refuse(ErrorCode::CoordinatorNotAvailable);
    assert_eq!(world.code(second), ErrorCode::CoordinatorNotAvailable);
    assert_eq!(world.code(third), ErrorCode::CoordinatorNotAvailable);
    assert_eq!(world.offset(), 1);
}

/// Protects: C18: commits take effect in the order in which they came.
#[test]
fn the_last_commit_counts() {
    let mut world = World::new();
    world.commits_at_once = false;
    let tokens = [5, 9, 7].map(|offset| world.commit_offset(&who("a"), -1, offset));
    world.commit();
    world.commit();
    for token in tokens {
        assert_eq!(world.code(token), ErrorCode::None);
    }
    assert_eq!(world.offset(), 7);
    world.fail_over();
    assert_eq!(world.offset(), 7);
}

/// Protects: a commit that was on its way when the lead was lost is answered with a code that promises nothing.
#[test]
fn a_lost_lead_promises_nothing() {
    let mut world = World::new();
    world.commits_at_once = false;
    let commit = world.commit_offset(&who("a"), -1, 1);
    world.fail_over();
    assert_eq!(world.code(commit), ErrorCode::NotCoordinator);
}

/// Protects: the text of a commit has a largest size; the other partitions of the request are committed all the same.
#[test]
fn texts_have_a_largest_size() {
    let mut world = World::new();
    let mut request = commit(GROUP, &who("a"), -1, 4);
    let mut long = request.offsets[0].clone();
    (long.partition, long.metadata) = (1, "x".repeat(4097));
    request.offsets.push(long);
    let token = world.ask(Request::Commit(request));
    let codes = [ErrorCode::None, ErrorCode::OffsetMetadataTooLarge];
    assert_eq!(world.answer(token), Some(Ok(Answer::Partitions(codes.to_vec()))));
    assert_eq!(world.offset(), 4);
}

/// Protects: a commit with a generation to a group that is not there is refused, in words that the client knows.
#[test]
fn a_group_that_is_not_there_has_no_generation() {
    let mut world = World::new();
    for (knows_not_found, code) in [(true, ErrorCode::GroupIdNotFound), (false, ErrorCode::IllegalGeneration)]
    {
        let mut request = commit(GROUP, &who("a"), 1, 4);
        request.knows_not_found = knows_not_found;
        let token = world.ask(Request::Commit(request));
        assert_eq!(world.code(token), code);
    }
    assert_eq!(world.state(), "none");
}

/// Protects: all offsets of a group are found without naming any; one that is asked for and not there is -1.
#[test]
fn offsets_are_fetched() {
    let mut world = World::new();
    for partition in [2, 0] {
        let mut request = commit(GROUP, &who("a"), -1, 10 + i64::from(partition));
        request.offsets[0].partition = partition;
        request.offsets[0].metadata = "note".into();
        let token = world.ask(Request::Commit(request));
        assert_eq!(world.code(token), ErrorCode::None);
    }
    let all = world.ask(Request::FetchOffsets {
        group: GROUP.into(),
        partitions: None,
        member: None,
        epoch: GroupEpoch::LEAVES,
        require_stable: false,
    });
    let Some(Ok(Answer::Offsets(all))) = world.answer(all) else { panic!() };
    let seen: Vec<(i32, i64, &str)> = all
        .iter()
        .map(|FetchedOffset { partition, offset, metadata, .. }| (*partition, offset.0, metadata.as_str()))
        .collect();
    assert_eq!(seen, [(0, 10, "note"), (2, 12, "note")]);
    let partitions = Some(vec![("t".to_owned(), 1), ("none".to_owned(), 0)]);
    let none = world.ask(Request::FetchOffsets {
        group: GROUP.into(),
        partitions,
        member: None,
        epoch: GroupEpoch::LEAVES,
        require_stable: false,
    });
    let Some(Ok(Answer::Offsets(none))) = world.answer(none) else { panic!() };
    assert!(none.iter().all(|one| one.offset.0 == -1), "{none:?}");
}

/// Protects: C19: offsets of a topic that members read are not deleted under them; others are.
#[test]
fn offsets_are_deleted() {
    let mut world = World::new();
    let mut members = [who("a")];
    let generation = world.stable(&mut members);
    let mut request = commit(GROUP, &members[0], generation, 4);
    let mut other = request.offsets[0].clone();
    (other.topic, other.topic_id) = ("u".into(), topic_id(2));
    request.offsets.push(other);
    let token = world.ask(Request::Commit(request));
    assert_eq!(world.code(token), ErrorCode::None);
    let partitions = vec![("t".to_owned(), 0), ("u".to_owned(), 0)];
    let delete = world.ask(Request::DeleteOffsets {
        group: GROUP.into(),
        partitions: partitions.clone(),
        caller: Caller::default(),
    });
    let codes = vec![ErrorCode::GroupSubscribedToTopic, ErrorCode::None];
    assert_eq!(world.answer(delete), Some(Ok(Answer::Partitions(codes))));
    let fetch = world.ask(Request::FetchOffsets {
        group: GROUP.into(),
        partitions: Some(partitions),
        member: None,
        epoch: GroupEpoch::LEAVES,
        require_stable: false,
    });
    let Some(Ok(Answer::Offsets(found))) = world.answer(fetch) else { panic!() };
    assert_eq!(found.iter().map(|one| one.offset.0).collect::<Vec<_>>(), [4, -1]);
    let none = world.ask(Request::DeleteOffsets {
        group: "none".into(),
        partitions: Vec::new(),
        caller: Caller::default(),
    });
    assert_eq!(world.code(none), ErrorCode::GroupIdNotFound);
}

/// Protects: a topic that is deleted takes its offsets with it, and one of the same name made later never inherits them,
/// also when the coordinator had no time to write that.
#[test]
fn a_namesake_inherits_nothing() {
    let mut world = World::new();
    let commit = world.commit_offset(&who("a"), -1, 4);
    assert_eq!(world.code(commit), ErrorCode::None);
    let records = world.log.len();
    world.topics.0.insert("t".into(), topic_id(9));
    assert_eq!(world.offset(), -1, "before anything is written");
    world.fail_over();
    assert_eq!(world.offset(), -1);
    world.ask(Request::ForgetTopics);
    assert_eq!(world.log.len(), records + 1, "a tombstone");
    world.topics.0.insert("t".into(), topic_id(1));
    assert_eq!(world.offset(), -1, "it is gone for good");
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Protects: C10: offsets expire only when a retention is set, counted from when the group became empty, and with the last of
/// them the group; without one they stay.
#[test]
fn offsets_of_empty_groups_expire_when_that_is_set() {
    let mut world = World::with(Settings { retention: Some(DAY), ..settings() });
    world.groups.loaded(&world.topics, world.now);
    let mut members = [who("a")];
    let generation = world.stable(&mut members);
    let token = world.commit_offset(&members[0], generation, 4);
    assert_eq!(world.code(token), ErrorCode::None);
    let beats = DAY.as_secs() / SESSION.as_secs() * 2 + 10;
    for _ in 0..beats {
        world.pass(SESSION / 2);
        assert_eq!(world.heartbeat(&members[0], generation), ErrorCode::None);
    }
    assert_eq!(world.offset(), 4, "its topic is read by a member");
    let leave = world.leave(&[(&members[0].id, None)]);
    assert_eq!(world.code(leave), ErrorCode::None);
    world.pass(DAY - Duration::from_secs(1));
    assert_eq!((world.offset(), world.state()), (4, "Empty"), "it became empty less than a day ago");
    world.pass(Duration::from_secs(601));
    assert_eq!((world.offset(), world.state()), (-1, "none"));
    let mut world = World::new();
    let token = world.commit_offset(&who("x"), -1, 4);
    assert_eq!(world.code(token), ErrorCode::None);
    world.groups.loaded(&world.topics, world.now);
    world.pass(DAY * 400);
    assert_eq!(world.offset(), 4);
}

/// Protects: C10: the groups that are idle are told with their offsets, so that the longest idle can go first; a group
/// that is in use is not sent away.
#[test]
fn idle_groups_can_be_sent_away() {
    let mut world = World::new();
    let token = world.commit_offset(&who("x"), -1, 4);
    assert_eq!(world.code(token), ErrorCode::None);
    let committed_at = world.now.wall;
    world.pass(DAY);
    let idle: Vec<_> = world.groups.idle().map(|(id, since, count)| (id.to_string(), since, count)).collect();
    assert_eq!(idle, [(GROUP.to_owned(), committed_at, 1)]);
    let other = world.ask(Request::Evict { group: GROUP.into(), since: WallTime(committed_at.0 - 1) });
    assert_eq!(world.code(other), ErrorCode::NonEmptyGroup, "it was used after it was chosen");
    assert_eq!(world.offset(), 4);
    let evict = world.ask(Request::Evict { group: GROUP.into(), since: committed_at });
    assert_eq!(world.code(evict), ErrorCode::None);
    assert_eq!((world.offset(), world.state()), (-1, "none"));
    let mut members = [who("a")];
    let generation = world.stable(&mut members);
    let token = world.commit_offset(&members[0], generation, 5);
    assert_eq!(world.code(token), ErrorCode::None);
    assert_eq!(world.groups.idle().count(), 0);
    let evict = world.ask(Request::Evict { group: GROUP.into(), since: world.now.wall });
    assert_eq!(world.code(evict), ErrorCode::NonEmptyGroup);
    assert_eq!(world.offset(), 5);
}

/// Protects: what a deleted topic or an expiry takes away goes in batches of a bounded size, one after another, until all is gone.
#[test]
fn much_goes_in_several_batches() {
    let mut world = World::with(Settings { batch_max: 400, retention: Some(DAY), ..settings() });
    world.groups.loaded(&world.topics, world.now);
    let many = |world: &mut World| {
        let mut request = commit(GROUP, &who("a"), -1, 4);
        let one = request.offsets.remove(0);
        request.offsets = (0..50).map(|partition| CommitOffset { partition, ..one.clone() }).collect();
        let token = world.ask(Request::Commit(request));
        assert_eq!(world.code(token), ErrorCode::None);
    };
    many(&mut world);
    world.topics.0.insert("t".into(), topic_id(9));
    world.commits_at_once = false;
    world.ask(Request::ForgetTopics);
    let mut batches = 0;
    while let Some(batch) = world.in_flight.as_ref() {
        assert!(batch.len() <= 5, "{}", batch.len());
        batches += 1;
        world.commit();
    }
    assert!(batches >= 10, "{batches}");
    assert_eq!(world.state(), "none");
    world.commits_at_once = true;
    world.topics.0.insert("t".into(), topic_id(1));
    many(&mut world);
    world.pass(DAY + Duration::from_secs(601));
    assert_eq!(world.state(), "none");
}

/// Protects: C8: what takes offsets away is decided on all that was committed before: it never takes a commit away that came with
/// it, and never leaves one behind that came before it.
#[test]
fn what_is_taken_away_was_seen() {
    let begin = || {
        let mut world = World::with(Settings { retention: Some(DAY), ..settings() });
        world.groups.loaded(&world.topics, world.now);
        let token = world.commit_offset(&who("a"), -1, 4);
        assert_eq!(world.code(token), ErrorCode::None);
        world.commits_at_once = false;
        // Something else is on its way; all that follows waits for it.
        let other = Request::Commit(commit("other", &who("a"), -1, 1));
        world.ask(other);
        world
    };
    let finish = |mut world: World| {
        while world.in_flight.is_some() {
            world.commit();
        }
        world
    };
    // The topic was made anew, and is committed to.
    let mut world = begin();
    world.topics.0.insert("t".into(), topic_id(9));
    let mut request = commit(GROUP, &who("a"), -1, 7);
    request.offsets[0].topic_id = topic_id(9);
    let token = world.ask(Request::Commit(request));
    world.ask(Request::ForgetTopics);
    let mut world = finish(world);
    assert_eq!((world.code(token), world.offset()), (ErrorCode::None, 7));
    // An old offset is committed anew when it is about to expire.
    let mut world = begin();
    let now = world.now;
    world.now.wall = WallTime(now.wall.0 + i64::try_from(DAY.as_millis()).unwrap());
    world.now.mono = now.mono.plus(DAY);
    let token = world.commit_offset(&who("a"), -1, 8);
    world.groups.on_time(&world.topics, world.now);
    let mut world = finish(world);
    assert_eq!((world.code(token), world.offset()), (ErrorCode::None, 8));
    // What was committed before a deletion goes with it.
    let mut world = begin();
    let mut request = commit(GROUP, &who("a"), -1, 9);
    request.offsets[0].partition = 5;
    let committed = world.ask(Request::Commit(request));
    let deleted = world.ask(Request::Delete(GROUP.into()));
    let mut world = finish(world);
    assert_eq!((world.code(committed), world.code(deleted)), (ErrorCode::None, ErrorCode::None));
    assert_eq!(world.state(), "none");
}
