//! All groups together hold no more than they may, and what works goes on when nothing more is taken in.

use crate::reader::reader;
use crate::world::{DELAY, GROUP, Who, World, commit, settings, who};
use bytes::Bytes;
use coordinator::{Answer, Caller, GroupRecord, Groups, Request, Settings};
use proptest::prelude::*;
use std::time::Duration;
use types::{ErrorCode, GroupId, MemberId, Uuid};
use wire::Stored;
use wire::group_metadata_value::{GroupMetadataValue, MemberMetadata};
use wire::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use wire::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};

const MOST: usize = 1 << 20;
const REFUSED: ErrorCode = ErrorCode::CoordinatorNotAvailable;

fn small() -> World {
    World::with(Settings { memory_max: MOST, metadata_max: 1 << 16, ..settings() })
}

/// Commits an offset of a partition, with a text of this length, in the name of some other group.
fn commit_to(world: &mut World, group: &str, partition: i32, length: usize) -> ErrorCode {
    let mut request = commit(group, &who(""), -1, 1);
    (request.offsets[0].partition, request.offsets[0].metadata) = (partition, "x".repeat(length));
    let token = world.ask(Request::Commit(request));
    world.code(token)
}

fn commit_text(world: &mut World, group: &str, length: usize) -> ErrorCode {
    commit_to(world, group, 0, length)
}

/// Fills what may be filled with offsets of other groups; returns how many.
fn fill(world: &mut World) -> usize {
    let taken =
        (0..10_000).take_while(|n| commit_text(world, &format!("other-{n}"), 4_000) == ErrorCode::None);
    let count = taken.count();
    let last = (1..10_000).take_while(|n| commit_to(world, "other-0", *n, 0) == ErrorCode::None).count();
    assert!((50..9_000).contains(&count) && last < 9_000, "{count} groups, {last} more offsets");
    count
}

fn join_request(group: &str, id: &str, metadata: usize) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        member_id: id.into(),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".into(),
            metadata: vec![7; metadata].into(),
        }],
        ..JoinGroupRequest::default()
    }
}

/// Joins with so much to say of itself, by a version that needs no id before.
fn join(world: &mut World, group: &str, id: &str, metadata: usize, fresh: u128) -> coordinator::Token {
    let caller = Caller { client_id: "client".into(), host: "/127.0.0.1".into(), version: 3 };
    let request = join_request(group, id, metadata);
    world.ask(Request::Join { request, caller, fresh: Uuid(fresh.to_be_bytes()) })
}

/// Protects: a full coordinator takes in no new member, no new id and no offset of a new partition, and lets all that it
/// knows go on: heartbeats, commits of known partitions, leaving, and joining again. Where something goes, there is room.
#[test]
fn what_works_goes_on_in_a_full_coordinator() {
    let mut world = small();
    let mut members = [who("a"), who("b")];
    let generation = world.stable(&mut members);
    let committed = world.commit_offset(&members[0], generation, 1);
    assert_eq!(world.code(committed), ErrorCode::None);
    fill(&mut world);
    assert!(world.groups.held() <= MOST, "{}", world.groups.held());
    let newcomer = world.join(&who("new"));
    assert_eq!(world.code(newcomer), REFUSED);
    assert_eq!(commit_text(&mut world, "another", 0), REFUSED);
    for _ in 0..3 {
        assert_eq!(world.heartbeat(&members[1], generation), ErrorCode::None);
        let committed = world.commit_offset(&members[0], generation, 7);
        assert_eq!(world.code(committed), ErrorCode::None);
    }
    let joins: Vec<_> = members.iter().map(|member| world.join(member)).collect();
    let [first, second] = joins[..] else { panic!("two") };
    let response = world.joined(first);
    assert_eq!(
        (response.generation_id, world.joined(second).generation_id),
        (generation + 1, generation + 1)
    );
    world.assign(&members, generation + 1, &response.leader);
    let left = world.leave(&[(&members[1].id, None)]);
    assert_eq!(world.code(left), ErrorCode::None);
    let again = world.join(&members[0]);
    world.pass(DELAY);
    assert_eq!(world.code(again), ErrorCode::None);
    let gone = world.ask(Request::Delete("other-0".into()));
    assert_eq!(world.code(gone), ErrorCode::None);
    let newcomer = world.join(&who("new"));
    assert_eq!(world.code(newcomer), ErrorCode::MemberIdRequired);
}

/// Protects: members of the consumer protocol are bounded as those of the classic one are, and those that are in go on.
#[test]
fn members_of_the_consumer_protocol_are_bounded() {
    let mut world = small();
    let mut one = reader("one");
    assert_eq!(world.beat(&mut one), ErrorCode::None);
    fill(&mut world);
    assert_eq!(world.beat(&mut reader("two")), REFUSED);
    world.settle_readers(std::slice::from_mut(&mut one));
    assert_eq!(one.reads().len(), 4);
    assert_eq!(world.commit_as(&one, one.epoch, 5), REFUSED, "the partition is new");
    assert_eq!(world.part(&mut one, -1), ErrorCode::None);
}

/// Protects: what a known member says, a leader assigns and a commit keeps with it may grow in a full coordinator, but not
/// beyond the whole budget; refused, the member may go on as it was.
#[test]
fn what_is_there_grows_up_to_the_budget() {
    let mut world = small();
    let mut members = [who("a")];
    let generation = world.stable(&mut members);
    let committed = world.commit_offset(&members[0], generation, 1);
    assert_eq!(world.code(committed), ErrorCode::None);
    fill(&mut world);
    let grow = |world: &mut World, n| commit_text(world, &format!("other-{n}"), 50_000);
    let grown = (0..10_000).take_while(|n| grow(&mut world, *n) == ErrorCode::None).count();
    assert!((1..20).contains(&grown), "{grown} texts have grown");
    assert_eq!(grow(&mut world, 0), ErrorCode::None, "it does not grow any more");
    let leader = members[0].clone();
    let mut request = join_request(GROUP, &leader.id, 100_000);
    request.protocols.push(JoinGroupRequestProtocol { name: "roundrobin".into(), metadata: Bytes::new() });
    let caller = Caller { client_id: "a".into(), host: "/127.0.0.1".into(), version: 9 };
    let refused = world.ask(Request::Join { request, caller, fresh: Uuid([1; 16]) });
    assert_eq!(world.code(refused), REFUSED);
    assert_eq!(world.heartbeat(&leader, generation), ErrorCode::None);
    let again = world.join(&leader);
    let generation = world.joined(again).generation_id;
    let assign = |world: &mut World, length: usize| {
        let one =
            SyncGroupRequestAssignment { member_id: leader.id.clone(), assignment: vec![1; length].into() };
        let token = world.ask(Request::Sync(SyncGroupRequest {
            group_id: GROUP.into(),
            generation_id: generation,
            member_id: leader.id.clone(),
            assignments: vec![one],
            ..SyncGroupRequest::default()
        }));
        world.code(token)
    };
    assert_eq!(assign(&mut world, 200_000), REFUSED);
    assert_eq!(assign(&mut world, 1), ErrorCode::None);
    assert!(world.groups.held() <= MOST, "{}", world.groups.held());
}

/// Protects: heartbeats that wait for a batch are bounded as other requests are: beyond an eighth of the budget they are refused, those
/// that wait are answered, and who was refused comes in afterwards.
#[test]
fn heartbeats_that_wait_are_bounded() {
    let mut world = small();
    assert_eq!(world.beat(&mut reader("first")), ErrorCode::None);
    world.commits_at_once = false;
    let begun = world.send(reader("begins").heartbeat());
    let name: &'static str = Box::leak("n".repeat(10_000).into_boxed_str());
    let large = |n: usize| crate::reader::Reader { topics: vec![name], ..reader(&format!("m{n}")) };
    let waiting: Vec<_> = (0..100).map(|n| world.send(large(n).heartbeat())).collect();
    let answered: Vec<_> = waiting.iter().map(|token| world.answer(*token)).collect();
    let refused = answered.iter().flatten().count();
    assert!((80..95).contains(&refused), "{refused} of 100 were refused, the others wait");
    for answer in answered.iter().flatten() {
        let Ok(Answer::ConsumerHeartbeat(told)) = answer else { panic!("{answer:?}") };
        assert_eq!(told.response().error_code, REFUSED.code());
    }
    assert!(world.groups.held() <= MOST / 4, "{}", world.groups.held());
    world.commits_at_once = true;
    world.commit();
    assert_eq!(world.told(begun).error_code, 0);
    for (token, _) in waiting.iter().zip(&answered).filter(|(_, answer)| answer.is_none()) {
        assert_eq!(world.told(*token).error_code, 0);
    }
    assert_eq!(world.beat(&mut large(99)), ErrorCode::None);
}

/// Protects: coordinators that share a budget leave each other what they hold.
#[test]
fn a_budget_is_shared() {
    let mut world = small();
    assert_eq!(commit_text(&mut world, "one", 0), ErrorCode::None);
    world.groups.set_elsewhere(MOST);
    assert_eq!(commit_text(&mut world, "two", 0), REFUSED);
    assert_eq!(commit_text(&mut world, "one", 0), ErrorCode::None);
    world.groups.set_elsewhere(0);
    assert_eq!(commit_text(&mut world, "two", 0), ErrorCode::None);
}

/// Protects: what was committed is loaded, however much that is.
#[test]
fn what_was_committed_is_loaded() {
    let mut world = World::new();
    for n in 0..500 {
        assert_eq!(commit_text(&mut world, &format!("group-{n}"), 4_000), ErrorCode::None);
    }
    let mut next = small();
    world.log.iter().for_each(|record| next.groups.replay(record));
    next.groups.loaded(&next.topics, next.now);
    assert!(next.groups.held() > MOST);
    assert_eq!(next.groups.idle().count(), 500);
    assert_eq!(commit_text(&mut next, "group-7", 4_000), ErrorCode::None);
    assert_eq!(commit_text(&mut next, "another", 0), REFUSED);
}

/// Protects: a loaded group keeps its own bytes, not the whole batch that they came in.
#[test]
fn a_loaded_group_keeps_no_batch() {
    let member = MemberMetadata {
        member_id: "m".into(),
        subscription: Bytes::from_static(b"subscription"),
        assignment: Bytes::from_static(b"assignment"),
        ..MemberMetadata::default()
    };
    let value = GroupMetadataValue {
        protocol_type: "consumer".into(),
        generation: 1,
        protocol: Some("range".into()),
        members: vec![member],
        ..GroupMetadataValue::default()
    };
    let stored = value.to_stored(3).unwrap();
    let key = wire::group_metadata_key::GroupMetadataKey { group: GROUP.into() }.to_stored(2).unwrap();
    let record = GroupRecord::decode(Some(key), Some(stored.clone())).unwrap().unwrap();
    let mut groups = Groups::new(settings());
    groups.replay(&record);
    drop((record, value));
    assert!(stored.is_unique(), "something of the record is kept");
}

#[derive(Clone, Debug)]
enum Step {
    Join(u8, usize),
    JoinAgain(usize, usize),
    Ask(u8),
    Sync(usize, usize),
    Commit(u8, i32, usize),
    Beat(u8),
    Leave(usize),
    Delete(u8),
    Pass(u64),
    Hold(bool),
    FailOver,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6_u8, 0..60_000_usize).prop_map(|(group, size)| Step::Join(group, size)),
        3 => (any::<prop::sample::Index>(), 0..60_000_usize).prop_map(|(n, size)| Step::JoinAgain(n.index(99), size)),
        3 => (0..6_u8).prop_map(Step::Ask),
        3 => (any::<prop::sample::Index>(), 0..60_000_usize).prop_map(|(n, size)| Step::Sync(n.index(99), size)),
        6 => (0..20_u8, 0..30_i32, 0..4_096_usize).prop_map(|(group, p, size)| Step::Commit(group, p, size)),
        4 => any::<u8>().prop_map(Step::Beat),
        2 => any::<prop::sample::Index>().prop_map(|n| Step::Leave(n.index(99))),
        1 => (0..20_u8).prop_map(Step::Delete),
        4 => (1..20_000_u64).prop_map(Step::Pass),
        1 => any::<bool>().prop_map(Step::Hold),
        1 => Just(Step::FailOver),
    ]
}

/// Whoever got an id: the group, the id, and the generation that it was told.
struct Crowd(Vec<(String, String, i32)>);

impl Crowd {
    fn run(&mut self, world: &mut World, step: &Step, n: u128) {
        match *step {
            Step::Join(group, size) => self.join(world, (&format!("g{group}"), ""), size, n),
            Step::JoinAgain(who, size) => {
                let Some((group, id, _)) = self.of(who) else { return };
                self.join(world, (&group, &id), size, n);
            }
            Step::Ask(group) => {
                let caller = Caller { client_id: "c".repeat(900), host: "/h".into(), version: 9 };
                let request = join_request(&format!("g{group}"), "", 0);
                let token = world.ask(Request::Join { request, caller, fresh: Uuid(n.to_be_bytes()) });
                let _ = world.answer(token);
            }
            Step::Sync(who, size) => {
                let Some((group_id, member_id, generation_id)) = self.of(who) else { return };
                let assignment = vec![0; size].into();
                let one = SyncGroupRequestAssignment { member_id: member_id.clone(), assignment };
                let assignments = vec![one];
                let request = SyncGroupRequest {
                    group_id,
                    generation_id,
                    member_id,
                    assignments,
                    ..SyncGroupRequest::default()
                };
                let token = world.ask(Request::Sync(request));
                let _ = world.answer(token);
            }
            Step::Commit(group, partition, size) => {
                let mut request = commit(&format!("c{group}"), &who(""), -1, 1);
                (request.offsets[0].partition, request.offsets[0].metadata) = (partition, "x".repeat(size));
                let token = world.ask(Request::Commit(request));
                let _ = world.answer(token);
            }
            Step::Beat(member) => {
                let topics = vec!["t"; usize::from(member) + 1];
                let token =
                    world.send(crate::reader::Reader { topics, ..reader(&format!("r{member}")) }.heartbeat());
                let _ = world.answer(token);
            }
            Step::Leave(who) => {
                let Some((group, id, _)) = self.of(who) else { return };
                let members = vec![(MemberId::from(id.as_str()), None)];
                let token = world.ask(Request::Leave { group: GroupId::from(group.as_str()), members });
                let _ = world.answer(token);
            }
            Step::Delete(group) => {
                _ = world.ask(Request::Delete(GroupId::from(format!("c{group}").as_str())));
            }
            Step::Pass(ms) => world.pass(Duration::from_millis(ms)),
            Step::Hold(waits) => {
                world.commits_at_once = !waits;
                if !waits && world.in_flight.is_some() {
                    world.commit();
                }
            }
            Step::FailOver => world.fail_over(),
        }
    }

    fn of(&self, n: usize) -> Option<(String, String, i32)> {
        self.0.get(n.checked_rem(self.0.len())?).cloned()
    }

    fn join(&mut self, world: &mut World, (group, id): (&str, &str), size: usize, n: u128) {
        let token = join(world, group, id, size, n);
        world.pass(DELAY * 2);
        if let Some(Ok(Answer::Join(response))) = world.answer(token) {
            self.0.push((group.to_owned(), response.member_id, response.generation_id));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Protects: whoever comes with whatever, a coordinator knows what it holds (the world checks that after each step), and it
    /// is never more than the budget, and the one operation that was decided last.
    #[test]
    fn a_coordinator_holds_what_it_may(steps in proptest::collection::vec(step(), 1..120)) {
        let mut world = small();
        let mut crowd = Crowd(Vec::new());
        for (n, step) in (1..).zip(&steps) {
            crowd.run(&mut world, step, n);
            prop_assert!(world.groups.held() <= MOST + (128 << 10), "{} after {:?}", world.groups.held(), step);
        }
    }
}

/// Protects: ids that nobody joins with are bounded too, and go with their session.
#[test]
fn ids_that_nobody_uses_are_bounded() {
    let mut world = small();
    let count = (0..100_000)
        .take_while(|_| {
            let token = world.join(&Who { client: "a client with a name", ..who("") });
            world.code(token) == ErrorCode::MemberIdRequired
        })
        .count();
    assert!((100..10_000).contains(&count), "{count}");
    world.pass(Duration::from_secs(60));
    let token = world.join(&who("a"));
    assert_eq!(world.code(token), ErrorCode::MemberIdRequired);
    assert!(world.groups.held() < 10_000);
}

/// Asks within so many bytes; returns what the answer takes, and whether it was told.
fn within(world: &mut World, request: Request, bytes: usize) -> (usize, Option<Answer>) {
    let token = world.ask(Request::Within { request: Box::new(request), bytes });
    match world.answer(token) {
        Some(Ok(Answer::Within { bytes, answer })) => (bytes, answer.map(|answer| *answer)),
        other => panic!("{other:?}"),
    }
}

/// Protects: an answer of unknown size is told only within the room there is for it, and what it is said to take is no less than
/// its texts take decoded and encoded.
#[test]
fn answers_are_told_within_their_room() {
    let mut world = World::with(Settings { metadata_max: 1 << 16, ..settings() });
    let _ = join(&mut world, "joined", "", 10_000, 1);
    world.pass(DELAY * 2);
    for partition in 0..20 {
        assert_eq!(commit_to(&mut world, "offsets", partition, 5_000), ErrorCode::None);
    }
    let offsets = |partitions| Request::FetchOffsets {
        group: "offsets".into(),
        partitions,
        member: None,
        epoch: types::GroupEpoch::LEAVES,
        require_stable: false,
    };
    let cases = [
        (Request::Describe("joined".into()), 10_000),
        (offsets(None), 200_000),
        (offsets(Some(vec![("t".to_owned(), 3); 7])), 70_000),
        (Request::List, 2 * "joinedoffsets".len()),
        (Request::Explain("offsets".into()), 150_000),
    ];
    for (request, least) in cases {
        let (bytes, answer) = within(&mut world, request.clone(), 100);
        assert!(answer.is_none() && bytes > 100, "{request:?}");
        assert!((least..least * 3 + 5_000).contains(&bytes), "{request:?}: {bytes}");
        assert!(within(&mut world, request.clone(), bytes - 1).1.is_none(), "{request:?}");
        assert!(within(&mut world, request.clone(), bytes).1.is_some(), "{request:?}");
    }
}

/// Protects: an assignment of the classic protocol that names a topic with a long name and many partitions does not multiply the
/// name, and what is said to be known of the group counts all of them.
#[test]
fn a_long_name_is_not_multiplied() {
    let mut world = World::new();
    let mut members = [who("a")];
    let generation = world.stable(&mut members);
    let topic = wire::consumer_protocol_assignment::TopicPartition {
        topic: "n".repeat(30_000),
        partitions: (0..100_000).collect(),
    };
    let value = wire::consumer_protocol_assignment::ConsumerProtocolAssignment {
        assigned_partitions: vec![topic],
        user_data: None,
    };
    let assignment = SyncGroupRequestAssignment {
        member_id: members[0].id.clone(),
        assignment: value.to_stored(0).unwrap(),
    };
    let again = world.join(&members[0]);
    assert_eq!(world.joined(again).generation_id, generation + 1);
    let token = world.ask(Request::Sync(SyncGroupRequest {
        group_id: GROUP.into(),
        generation_id: generation + 1,
        member_id: members[0].id.clone(),
        assignments: vec![assignment],
        ..SyncGroupRequest::default()
    }));
    assert_eq!(world.code(token), ErrorCode::None);
    let (bytes, answer) = within(&mut world, Request::Explain(GROUP.into()), usize::MAX);
    let Some(Answer::Facts(facts)) = answer else { panic!("{answer:?}") };
    let assigned = &facts.members[0].assigned;
    assert_eq!(assigned.len(), 100_000);
    assert!(std::sync::Arc::ptr_eq(&assigned[0].0, &assigned[99_999].0), "one name for all");
    assert!(bytes > 100_000 * size_of_val(&assigned[0]), "{bytes}");
}

/// Protects: who the members are is told to the one that leads them, in the generation that it was told of, and to nobody else.
#[test]
fn members_are_told_to_their_leader() {
    let mut world = World::new();
    let mut members = [who("a"), who("b")];
    let generation = world.stable(&mut members);
    let ask = |world: &mut World, member: &str, generation: i32| {
        let (group, member) = (GROUP.into(), MemberId::from(member));
        let generation = types::Generation(generation);
        let token = world.ask(Request::Members { group, member, generation });
        match world.answer(token) {
            Some(Ok(Answer::Members(members))) => Ok(members.len()),
            Some(Err(code)) => Err(code),
            other => panic!("{other:?}"),
        }
    };
    let told = members.each_ref().map(|member| ask(&mut world, &member.id, generation));
    assert!(told.contains(&Ok(2)) && told.contains(&Err(ErrorCode::RebalanceInProgress)), "{told:?}");
    for member in &members {
        assert_eq!(ask(&mut world, &member.id, generation - 1), Err(ErrorCode::RebalanceInProgress));
    }
}
