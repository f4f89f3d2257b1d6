//! A group changes its protocol while its members go on (C17).

use crate::reader::{Reader, reader};
use crate::world::{DELAY, TIMES, Who, World, settings, topic_id, who};
use bytes::Bytes;
use coordinator::{Caller, Migration, Request, Settings};
use std::time::Duration;
use types::{ErrorCode, GroupId};
use wire::Stored;
use wire::consumer_protocol_assignment::{ConsumerProtocolAssignment, TopicPartition};
use wire::consumer_protocol_subscription::ConsumerProtocolSubscription;
use wire::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use wire::join_group_response::JoinGroupResponse;
use wire::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};

const SECOND: Duration = Duration::from_secs(1);

/// A client of the classic protocol that gives up what it is asked to before it joins again.
pub(crate) struct Old {
    pub(crate) who: Who,
    pub(crate) generation: i32,
    pub(crate) owned: Vec<i32>,
}

pub(crate) fn old(client: &'static str) -> Old {
    Old { who: who(client), generation: -1, owned: Vec::new() }
}

pub(crate) fn written(partitions: &[i32]) -> Bytes {
    let topic = TopicPartition { topic: "t".into(), partitions: partitions.to_vec() };
    let value = ConsumerProtocolAssignment { assigned_partitions: vec![topic], user_data: None };
    value.to_stored(3).unwrap()
}

fn read(bytes: Bytes) -> Vec<i32> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let value = ConsumerProtocolAssignment::from_peer(bytes).unwrap();
    value.assigned_partitions.into_iter().flat_map(|topic| topic.partitions).collect()
}

impl Old {
    pub(crate) fn request(&self) -> JoinGroupRequest {
        let owned = wire::consumer_protocol_subscription::TopicPartition {
            topic: "t".into(),
            partitions: self.owned.clone(),
        };
        let subscription = ConsumerProtocolSubscription {
            topics: vec!["t".into()],
            owned_partitions: vec![owned],
            ..ConsumerProtocolSubscription::default()
        };
        JoinGroupRequest {
            group_id: crate::world::GROUP.into(),
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: 60_000,
            member_id: self.who.id.clone(),
            group_instance_id: self.who.instance.map(str::to_owned),
            protocol_type: "consumer".into(),
            protocols: vec![JoinGroupRequestProtocol {
                name: "range".into(),
                metadata: subscription.to_stored(3).unwrap(),
            }],
            reason: None,
        }
    }

    pub(crate) fn join(&mut self, world: &mut World) -> JoinGroupResponse {
        let caller = coordinator::Caller { client_id: self.who.client.into(), host: "/h".into(), version: 9 };
        let mut fresh = [0; 16];
        fresh[0] = self.who.client.as_bytes()[0];
        let request = Request::Join { request: self.request(), caller, fresh: types::Uuid(fresh) };
        let token = world.ask(request);
        if world.waits(token) {
            world.pass(DELAY * 2);
        }
        let response = world.joined(token);
        self.who.id = response.member_id.clone();
        if response.error_code == ErrorCode::MemberIdRequired.code() {
            return self.join(world);
        }
        self.generation = response.generation_id;
        response
    }

    pub(crate) fn sync(&mut self, world: &mut World, assign: &[(&str, &[i32])]) -> ErrorCode {
        let each = assign.iter().map(|(member, partitions)| SyncGroupRequestAssignment {
            member_id: (*member).into(),
            assignment: written(partitions),
        });
        let token = world.ask(Request::Sync(SyncGroupRequest {
            group_id: crate::world::GROUP.into(),
            generation_id: self.generation,
            member_id: self.who.id.clone(),
            assignments: each.collect(),
            ..SyncGroupRequest::default()
        }));
        match world.answer(token) {
            Some(Ok(coordinator::Answer::Sync(response))) => {
                self.owned = read(response.assignment);
                ErrorCode::None
            }
            Some(Err(code)) => code,
            other => panic!("no answer to a sync: {other:?}"),
        }
    }

    /// Joins and syncs until it is told to do neither.
    pub(crate) fn follow(&mut self, world: &mut World) {
        for _ in 0..6 {
            if world.heartbeat(&self.who, self.generation) == ErrorCode::None {
                return;
            }
            self.join(world);
            let _ = self.sync(world, &[]);
        }
    }

    pub(crate) fn commit(&self, world: &mut World, offset: i64) -> ErrorCode {
        let token = world.commit_offset(&self.who, self.generation, offset);
        world.code(token)
    }
}

/// Makes a classic group with one member that reads everything.
pub(crate) fn classic(world: &mut World) -> Old {
    let mut x = old("x");
    x.join(world);
    let id = x.who.id.clone();
    assert_eq!(x.sync(world, &[(&id, &[0, 1, 2, 3])]), ErrorCode::None);
    x
}

fn apart(x: &Old, a: &Reader) {
    assert!(x.owned.iter().all(|p| !a.reads().contains(p)), "{:?} {:?}", x.owned, a.reads());
}

/// Protects: a group changes to the consumer protocol without a partition read twice or a commit lost, and back (C17).
#[test]
fn a_group_changes_over_and_back() {
    let mut world = World::new();
    let mut x = classic(&mut world);
    assert_eq!(x.commit(&mut world, 5), ErrorCode::None);
    let mut a = reader("a");
    assert_eq!(world.beat(&mut a), ErrorCode::None);
    assert_eq!((a.epoch, a.reads()), (2, vec![]), "all is held");
    assert_eq!(x.commit(&mut world, 6), ErrorCode::None, "the classic member goes on");
    assert_eq!(world.heartbeat(&x.who, x.generation), ErrorCode::RebalanceInProgress);
    for _ in 0..10 {
        world.pass(SECOND);
        x.follow(&mut world);
        apart(&x, &a);
        world.beat(&mut a);
        apart(&x, &a);
    }
    assert_eq!((x.owned.len(), a.reads().len()), (2, 2));
    assert_eq!(world.consumer().state, "Stable");
    assert_eq!(world.offset(), 6);
    world.fail_over();
    assert_eq!(world.heartbeat(&x.who, x.generation), ErrorCode::None);
    // The last member of the new protocol goes: the others are a classic group again.
    assert_eq!(world.part(&mut a, -1), ErrorCode::None);
    assert_eq!(world.state(), "PreparingRebalance");
    assert_eq!(x.commit(&mut world, 7), ErrorCode::None, "in the generation that it knows");
    assert_eq!(world.heartbeat(&x.who, x.generation), ErrorCode::RebalanceInProgress);
    let response = x.join(&mut world);
    assert_eq!(response.leader, x.who.id);
    let id = x.who.id.clone();
    assert_eq!(x.sync(&mut world, &[(&id, &[0, 1, 2, 3])]), ErrorCode::None);
    assert_eq!((world.state(), world.offset()), ("Stable", 7));
}

/// Protects: a coordinator that dies between the change back and the rebalance that must follow does not leave partitions without a
/// reader: its successor begins the rebalance.
#[test]
fn a_change_back_survives_its_coordinator() {
    let mut world = World::new();
    let mut x = classic(&mut world);
    let mut a = reader("a");
    world.beat(&mut a);
    for _ in 0..10 {
        world.pass(SECOND);
        x.follow(&mut world);
        world.beat(&mut a);
    }
    world.part(&mut a, -1);
    world.fail_over();
    assert_eq!(world.heartbeat(&x.who, x.generation), ErrorCode::RebalanceInProgress);
}

/// Protects: a member of the classic protocol that joins before the next assignment may be made does not join again and again until
/// then: it gets nothing, and is told when there is something.
#[test]
fn a_classic_member_waits_for_the_assignment() {
    let mut world = World::new();
    let mut a = reader("a");
    assert_eq!(world.beat(&mut a), ErrorCode::None);
    let mut x = old("x");
    x.join(&mut world);
    assert_eq!(x.sync(&mut world, &[]), ErrorCode::None);
    assert_eq!((x.generation, x.owned.len()), (a.epoch, 0));
    assert_eq!(world.heartbeat(&x.who, x.generation), ErrorCode::None);
    world.pass(TIMES.assignment_interval);
    assert_eq!(world.heartbeat(&x.who, x.generation), ErrorCode::RebalanceInProgress);
    for _ in 0..3 {
        world.beat(&mut a);
        x.follow(&mut world);
        apart(&x, &a);
    }
    assert_eq!((x.owned.len(), a.reads().len()), (2, 2));
}

/// Protects: who does not join again in time is sent away, and the other gets all.
#[test]
fn a_classic_member_has_to_join_again() {
    let mut world = World::new();
    let x = classic(&mut world);
    let mut rest = [reader("a")];
    for _ in 0..70 {
        world.pass(SECOND);
        world.beat(&mut rest[0]);
        let _ = world.heartbeat(&x.who, x.generation);
    }
    world.settle_readers(&mut rest);
    assert_eq!(rest[0].reads(), [0, 1, 2, 3]);
    assert_eq!(x.commit(&mut world, 9), ErrorCode::UnknownMemberId);
    assert_eq!(world.offset(), -1);
}

/// Protects: a group stays what it is where that is set, or where its members could not go on.
#[test]
fn what_cannot_change_stays() {
    let migration = Migration { upgrade: false, downgrade: false };
    let mut world = World::with(Settings { migration, ..settings() });
    let x = classic(&mut world);
    assert_eq!(world.beat(&mut reader("a")), ErrorCode::GroupIdNotFound);
    assert_eq!((world.state(), x.commit(&mut world, 3)), ("Stable", ErrorCode::None));

    let mut world = World::new();
    let mut members = [who("y")];
    world.stable(&mut members);
    assert_eq!(world.beat(&mut reader("a")), ErrorCode::GroupIdNotFound, "what was assigned cannot be read");
    assert_eq!(world.state(), "Stable");
}

/// Protects: a group without members becomes whatever its next member speaks, and keeps its offsets.
#[test]
fn an_empty_group_becomes_what_comes() {
    let mut world = World::new();
    let mut a = reader("a");
    world.beat(&mut a);
    assert_eq!(world.commit_as(&a, a.epoch, 4), ErrorCode::None);
    world.part(&mut a, -1);
    let x = classic(&mut world);
    assert_eq!((world.state(), world.offset()), ("Stable", 4));
    let token = world.leave(&[(&x.who.id, None)]);
    assert_eq!(world.code(token), ErrorCode::None);
    assert_eq!(world.state(), "Empty");
    let mut b = reader("b");
    assert_eq!(world.beat(&mut b), ErrorCode::None);
    assert_eq!((b.reads().len(), world.offset()), (4, 4));
    world.fail_over();
    assert_eq!((world.consumer().members.len(), world.offset()), (1, 4));
}

/// Protects: an empty group of the consumer protocol is deleted whole, one with members is not (C19).
#[test]
fn an_empty_group_is_deleted() {
    let mut world = World::new();
    let mut a = reader("a");
    world.beat(&mut a);
    let group = || GroupId::from(crate::world::GROUP);
    let token = world.ask(Request::Delete(group()));
    assert_eq!(world.code(token), ErrorCode::NonEmptyGroup);
    let partitions = vec![("t".to_owned(), 0)];
    let token = world.ask(Request::DeleteOffsets { group: group(), partitions, caller: Caller::default() });
    assert_eq!(world.code(token), ErrorCode::GroupSubscribedToTopic);
    world.part(&mut a, -1);
    let token = world.ask(Request::Delete(group()));
    assert_eq!(world.code(token), ErrorCode::None);
    world.fail_over();
    assert_eq!(world.state(), "none");
    assert!(world.topics.0.values().any(|id| *id == topic_id(1)));
}

/// Protects: a member that waited in the classic protocol for longer than its session, when the group changed over, and never came
/// back, is missed as any other.
#[test]
fn who_waited_and_never_came_back_is_missed() {
    let mut world = World::new();
    let (mut x, mut y) = (classic(&mut world), old("y"));
    let first = world.ask(Request::Join {
        request: y.request(),
        caller: coordinator::Caller { client_id: "y".into(), host: "/h".into(), version: 9 },
        fresh: types::Uuid([7; 16]),
    });
    y.who.id = world.joined(first).member_id;
    let caller = || coordinator::Caller { client_id: "y".into(), host: "/h".into(), version: 9 };
    let fresh = types::Uuid([7; 16]);
    let waiting = world.ask(Request::Join { request: y.request(), caller: caller(), fresh });
    let again = x.join(&mut world);
    assert_eq!((again.error_code, world.waits(waiting)), (0, false));
    let id = x.who.id.clone();
    assert_eq!(x.sync(&mut world, &[(&id, &[0, 1, 2, 3])]), ErrorCode::None);
    // The leader asks for another rebalance, and waits for the other, which shows itself and does not join.
    let waiting = world.ask(Request::Join { request: x.request(), caller: caller(), fresh });
    for _ in 0..12 {
        world.pass(SECOND);
        assert_eq!(world.heartbeat(&y.who, 2), ErrorCode::RebalanceInProgress);
    }
    assert!(world.waits(waiting));
    let mut rest = [reader("a")];
    world.beat(&mut rest[0]);
    assert_eq!(world.code(waiting), ErrorCode::RebalanceInProgress);
    for _ in 0..3 {
        world.settle_readers(&mut rest);
    }
    assert_eq!(rest[0].reads(), [0, 1, 2, 3]);
}
