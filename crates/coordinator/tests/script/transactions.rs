//! Offsets in transactions: who may commit them, who sees them, when they count, and what takes them away. T8, X17, KIP-447.

use crate::expiry::leave_behind;
use crate::reader::reader;
use crate::world::{DELAY, GROUP, World, commit, fixed, settings, topic_id, who};
use coordinator::txn::Producer;
use coordinator::{
    Answer, Caller, Commit, Effect, Event, FetchedOffset, InTxn, Logged, NotedTxn, Reason, Request, Settings,
    Token, TxnCommit,
};
use std::time::Duration;
use types::{
    ErrorCode, Generation, GroupEpoch, GroupId, MemberId, Offset, ProducerEpoch, ProducerId, WallTime,
};
use wire::Stored;
use wire::offset_history_value::OffsetHistoryValue;

/// The producer of most scripts.
pub(crate) const P: i64 = 7;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes a commit of partition 0 of the topic `t` in a producer's transaction, of nobody.
pub(crate) fn in_txn(producer: i64, group: &str, offset: i64) -> TxnCommit {
    let producer = Producer { id: ProducerId(producer), epoch: ProducerEpoch(0) };
    let txn = InTxn { producer, guard: Some(5) };
    TxnCommit { commit: commit(group, &who("pipeline"), -1, offset), txn }
}

impl World {
    /// Commits an offset of partition 0 of the topic `t` in a producer's transaction.
    pub(crate) fn send_offset(&mut self, producer: i64, group: &str, offset: i64) -> Token {
        self.ask(Request::TxnCommit(in_txn(producer, group, offset)))
    }

    fn sent(&mut self, request: TxnCommit) -> ErrorCode {
        let token = self.ask(Request::TxnCommit(request));
        self.code(token)
    }

    /// Returns what a reader of stable offsets is told.
    fn stable_offsets(&mut self, partitions: Option<Vec<(String, i32)>>) -> Vec<FetchedOffset> {
        let token = self.ask(Request::FetchOffsets {
            group: GROUP.into(),
            partitions,
            member: None,
            epoch: GroupEpoch::LEAVES,
            require_stable: true,
        });
        match self.answer(token) {
            Some(Ok(Answer::Offsets(found))) => found,
            other => panic!("no offsets: {other:?}"),
        }
    }

    /// Says whether partition 0 of the topic `t` is in a transaction, as who asks for stable offsets is told.
    fn is_unstable(&mut self) -> bool {
        let found = self.stable_offsets(Some(vec![("t".into(), 0)]));
        assert!(!found[0].is_unstable || found[0].offset == Offset::NONE, "{found:?}");
        found[0].is_unstable
    }

    fn listed(&mut self) -> Vec<String> {
        let token = self.ask(Request::List);
        let Some(Ok(Answer::Groups(groups))) = self.answer(token) else { panic!() };
        groups.into_iter().map(|group| group.group.to_string()).collect()
    }
}

/// Protects: T8: what a transaction commits is hidden until its mark, and counts then, or never; before, who asks for stable
/// offsets is told that there are none yet, and who does not gets what counts. The answer waits for the record.
#[test]
fn offsets_count_when_their_transaction_is_committed() {
    let mut world = World::new();
    world.commit_offset(&who("a"), -1, 1);
    world.commits_at_once = false;
    let token = world.send_offset(P, GROUP, 5);
    assert!(world.waits(token) && !world.is_unstable());
    let txn = world.in_txn.unwrap();
    assert_eq!((txn.producer.id, txn.guard), (ProducerId(P), Some(5)));
    world.commit();
    assert_eq!(world.code(token), ErrorCode::None);
    assert_eq!((world.offset(), world.is_unstable()), (1, true));
    world.end_txn(P, true);
    assert_eq!((world.offset(), world.is_unstable()), (5, false));
    world.commits_at_once = true;
    world.send_offset(P, GROUP, 9);
    world.end_txn(P, false);
    assert_eq!((world.offset(), world.is_unstable()), (5, false));
    // A mark of a producer that has nothing here does nothing.
    world.send_offset(P, GROUP, 9);
    world.end_txn(P + 1, true);
    assert_eq!((world.offset(), world.is_unstable()), (5, true));
}

/// Protects: a batch of a transaction holds nothing else: what comes before it and after it goes out in batches of its own, and
/// all are answered. One that is not stored leaves nothing.
#[test]
fn a_batch_of_a_transaction_is_alone() {
    let mut world = World::new();
    world.commits_at_once = false;
    let first = world.commit_offset(&who("a"), -1, 1);
    let plain = world.commit_offset(&who("a"), -1, 2);
    // It has nothing to write, and is answered by the way.
    let idle = world.leave(&[("nobody", None)]);
    let mine = world.send_offset(P, GROUP, 5);
    let other = world.send_offset(P + 1, "other", 6);
    let last = world.commit_offset(&who("a"), -1, 3);
    let producer = |world: &World| world.in_txn.map(|txn| txn.producer.id.0);
    world.commit();
    assert_eq!((world.code(first), producer(&world)), (ErrorCode::None, None));
    assert_eq!(world.in_flight.as_ref().map(Vec::len), Some(2), "what is of no transaction goes together");
    world.commit();
    assert_eq!(world.code(plain), ErrorCode::None);
    assert_eq!(world.code(last), ErrorCode::None);
    assert_eq!(world.code(idle), ErrorCode::UnknownMemberId);
    assert_eq!((world.in_flight.as_ref().map(Vec::len), producer(&world)), (Some(1), Some(P)));
    let after = world.leave(&[("nobody", None)]);
    world.refuse(ErrorCode::InvalidTxnState);
    assert_eq!(world.code(mine), ErrorCode::InvalidTxnState);
    assert_eq!((producer(&world), world.is_unstable()), (Some(P + 1), false));
    world.commit();
    assert_eq!(world.code(other), ErrorCode::None);
    assert_eq!(world.code(after), ErrorCode::UnknownMemberId);
}

/// Protects: what comes behind a commit of a transaction is not part of it.
#[test]
fn what_follows_is_of_no_transaction() {
    let mut world = World::new();
    world.commits_at_once = false;
    let first = world.commit_offset(&who("a"), -1, 1);
    let mine = world.send_offset(P, GROUP, 5);
    let last = world.commit_offset(&who("a"), -1, 2);
    world.commit();
    assert_eq!(world.code(first), ErrorCode::None);
    assert_eq!(world.in_flight.as_ref().map(Vec::len), Some(1));
    assert!(world.in_txn.is_some() && world.waits(last));
    world.commit();
    assert_eq!(world.code(mine), ErrorCode::None);
    assert!(world.in_txn.is_none() && world.waits(last));
    world.commit();
    assert_eq!((world.code(last), world.offset()), (ErrorCode::None, 2));
}

/// Protects: what was decided in the same turn before a batch of a transaction does not fail with it.
#[test]
fn a_refused_transaction_refuses_nobody_else() {
    let mut world = World::new();
    world.commits_at_once = false;
    let plain = world.commit_offset(&who("a"), -1, 1);
    let idle = world.leave(&[("nobody", None)]);
    let mine = world.send_offset(P, GROUP, 5);
    world.commit();
    assert_eq!(world.code(plain), ErrorCode::None);
    assert!(world.waits(mine));
    world.refuse(ErrorCode::InvalidProducerEpoch);
    assert_eq!(world.code(mine), ErrorCode::InvalidProducerEpoch);
    assert_eq!(world.code(idle), ErrorCode::UnknownMemberId);
}

/// Protects: X17: a classic group takes offsets of a transaction from its members of this generation, and from who names none
/// (clients of old); it does not wait for assignments.
#[test]
fn members_of_a_classic_group_commit_in_transactions() {
    let mut world = World::new();
    let mut members = [who("a"), fixed("b", "one")];
    let joins = [world.enter(&mut members[0]), world.join(&members[1])];
    world.pass(DELAY * 2);
    let responses = joins.map(|token| world.joined(token));
    members[1].id.clone_from(&responses[1].member_id);
    let generation = responses[0].generation_id;
    world.assign(&members, generation, &responses[0].leader);
    let as_member = |id: &str, instance: Option<&'static str>, generation| {
        let mut request = in_txn(P, GROUP, 5);
        request.commit.member = MemberId::from(id);
        request.commit.instance = instance.map(Into::into);
        request.commit.generation = Generation(generation);
        request
    };
    let (a, b) = (members[0].id.clone(), members[1].id.clone());
    let cases = [
        (as_member(&a, None, generation), ErrorCode::None),
        (as_member(&b, Some("one"), generation), ErrorCode::None),
        (as_member("", None, -1), ErrorCode::None),
        (as_member(&a, None, generation - 1), ErrorCode::IllegalGeneration),
        (as_member(&a, None, generation + 1), ErrorCode::IllegalGeneration),
        (as_member(&a, None, -1), ErrorCode::IllegalGeneration),
        (as_member("stranger", None, generation), ErrorCode::UnknownMemberId),
        (as_member("", None, generation), ErrorCode::UnknownMemberId),
        (as_member(&a, Some("one"), generation), ErrorCode::FencedInstanceId),
        (as_member(&b, Some("two"), generation), ErrorCode::UnknownMemberId),
    ];
    for (request, code) in cases {
        assert_eq!(world.sent(request.clone()), code, "{:?}", request.commit);
    }
    // The rebalance takes place under way: the old generation is over, and its offsets with it.
    let joins = members.each_ref().map(|member| world.join(member));
    let responses = joins.map(|token| world.joined(token));
    let completing = as_member(&a, None, responses[0].generation_id);
    assert_eq!(world.state(), "CompletingRebalance");
    assert_eq!(world.sent(completing), ErrorCode::None);
    assert_eq!(world.sent(as_member(&a, None, generation)), ErrorCode::IllegalGeneration);
}

/// Protects: X17: so does a group of the consumer protocol, with codes that clients of transactions know.
#[test]
fn members_of_a_consumer_group_commit_in_transactions() {
    let mut world = World::new();
    let mut one = reader("one");
    assert_eq!(world.beat(&mut one), ErrorCode::None);
    let as_member = |id: &str, epoch| {
        let mut request = in_txn(P, GROUP, 5);
        (request.commit.member, request.commit.generation) = (MemberId::from(id), Generation(epoch));
        // Another topic than it has: no earlier epoch of a partition counts.
        (request.commit.offsets[0].topic, request.commit.offsets[0].topic_id) = ("u".into(), topic_id(2));
        request
    };
    let cases = [
        ("one", one.epoch, ErrorCode::None),
        ("", -1, ErrorCode::None),
        ("one", one.epoch - 1, ErrorCode::IllegalGeneration),
        ("one", one.epoch + 1, ErrorCode::IllegalGeneration),
        ("one", -1, ErrorCode::IllegalGeneration),
        ("stranger", one.epoch, ErrorCode::UnknownMemberId),
    ];
    for (id, epoch, code) in cases {
        assert_eq!(world.sent(as_member(id, epoch)), code, "{id} {epoch}");
    }
    assert_eq!(world.part(&mut one, -1), ErrorCode::None);
    assert_eq!(world.sent(as_member("one", -1)), ErrorCode::None, "it has no members");
}

/// Protects: a first commit of nobody makes a group, also in a transaction; one of a generation does not. A group without a name
/// is none.
#[test]
fn a_first_commit_makes_a_group() {
    let mut world = World::new();
    let mut of_generation = in_txn(P, GROUP, 5);
    (of_generation.commit.member, of_generation.commit.generation) = (MemberId::from("m"), Generation(1));
    assert_eq!(world.sent(of_generation.clone()), ErrorCode::IllegalGeneration);
    assert_eq!(world.sent(in_txn(P, "", 5)), ErrorCode::InvalidGroupId);
    assert_eq!(world.listed(), [""; 0]);
    assert_eq!(world.sent(in_txn(P, GROUP, 5)), ErrorCode::None);
    assert_eq!((world.listed(), world.state()), (vec![GROUP.to_owned()], "Empty"));
    assert_eq!(world.sent(of_generation), ErrorCode::UnknownMemberId, "it is there, and has no members");
    world.fail_over();
    assert_eq!((world.listed(), world.state(), world.is_unstable()), (vec![GROUP.to_owned()], "Empty", true));
    world.end_txn(P, false);
    assert_eq!(world.listed(), [""; 0]);
    assert_eq!(world.groups.held(), World::new().groups.held(), "nothing is left of it");
}

/// Protects: one partition that cannot be committed does not keep the others; if none can, nothing is written.
#[test]
fn each_partition_has_its_code() {
    let mut world = World::new();
    let mut request = in_txn(P, GROUP, 5);
    let mut long = request.commit.offsets[0].clone();
    (long.partition, long.metadata) = (1, "x".repeat(4097));
    request.commit.offsets.push(long.clone());
    let token = world.ask(Request::TxnCommit(request.clone()));
    let codes = [ErrorCode::None, ErrorCode::OffsetMetadataTooLarge];
    assert_eq!(world.answer(token), Some(Ok(Answer::Partitions(codes.to_vec()))));
    world.commits_at_once = false;
    let first = world.commit_offset(&who("a"), -1, 1);
    request.commit.offsets = vec![long];
    let bad = world.ask(Request::TxnCommit(request));
    let next = world.commit_offset(&who("a"), -1, 2);
    world.commit();
    assert_eq!(world.code(first), ErrorCode::None);
    assert!(world.in_flight.is_some() && world.in_txn.is_none(), "nobody waits for a batch of nothing");
    world.commit();
    assert_eq!((world.code(bad), world.code(next)), (ErrorCode::OffsetMetadataTooLarge, ErrorCode::None));
}

/// Protects: of all offsets of a group those are told that are committed; one of them that is in a transaction is unstable, and one
/// that is only there is not told.
#[test]
fn all_offsets_are_those_that_count() {
    let mut world = World::new();
    for partition in [0, 1] {
        let mut request = commit(GROUP, &who("a"), -1, 10);
        request.offsets[0].partition = partition;
        world.ask(Request::Commit(request));
    }
    for partition in [1, 2] {
        let mut request = in_txn(P, GROUP, 20);
        request.commit.offsets[0].partition = partition;
        assert_eq!(world.sent(request), ErrorCode::None);
    }
    let seen: Vec<(i32, i64, bool)> =
        world.stable_offsets(None).iter().map(|one| (one.partition, one.offset.0, one.is_unstable)).collect();
    assert_eq!(seen, [(0, 10, false), (1, -1, true)]);
    world.end_txn(P, true);
    let seen: Vec<(i32, i64, bool)> =
        world.stable_offsets(None).iter().map(|one| (one.partition, one.offset.0, one.is_unstable)).collect();
    assert_eq!(seen, [(0, 10, false), (1, 20, false), (2, 20, false)]);
}

/// Protects: the last record of a partition counts, not the last mark: a commit that came after a transaction's stays, though that
/// is committed later; until then the partition is unstable.
#[test]
fn a_later_commit_overtakes_a_transaction() {
    for commits in [true, false] {
        let mut world = World::new();
        world.send_offset(P, GROUP, 5);
        world.commit_offset(&who("a"), -1, 50);
        assert_eq!((world.offset(), world.is_unstable()), (50, true));
        world.end_txn(P, commits);
        assert_eq!((world.offset(), world.is_unstable()), (50, false));
        // What is sent after it counts again.
        world.send_offset(P, GROUP, 5);
        world.commit_offset(&who("a"), -1, 60);
        world.send_offset(P, GROUP, 70);
        world.end_txn(P, true);
        assert_eq!(world.offset(), 70);
    }
}

/// Protects: two producers in one partition: the later record counts, in whatever order they end, and an abort leaves the other's.
#[test]
fn two_transactions_in_one_partition() {
    let ends = |first: (i64, bool), second: (i64, bool)| {
        let mut world = World::new();
        world.send_offset(1, GROUP, 10);
        world.send_offset(2, GROUP, 20);
        world.end_txn(first.0, first.1);
        assert!(world.is_unstable());
        world.end_txn(second.0, second.1);
        assert!(!world.is_unstable());
        let live = world.offset();
        world.fail_over();
        assert_eq!(world.offset(), live);
        live
    };
    assert_eq!(ends((1, true), (2, true)), 20);
    assert_eq!(ends((2, true), (1, true)), 20);
    assert_eq!(ends((2, false), (1, true)), 10);
    assert_eq!(ends((1, true), (2, false)), 10);
    assert_eq!(ends((1, false), (2, false)), -1);
}

/// Protects: one transaction over two groups ends in both, and in no other producer's.
#[test]
fn one_transaction_in_two_groups() {
    let mut world = World::new();
    world.send_offset(P, "a", 1);
    world.send_offset(P, GROUP, 2);
    world.send_offset(P + 1, "b", 3);
    world.end_txn(P, true);
    assert_eq!(world.offset(), 2);
    assert_eq!(world.listed(), ["a", "b", GROUP]);
    world.end_txn(P + 1, false);
    assert_eq!(world.listed(), ["a", GROUP]);
}

/// Protects: deleting a group takes away what it has in transactions too, since its end of each offset is the later record: it does
/// not come back with the mark, neither here nor in a coordinator that loads a compacted log.
#[test]
fn a_deleted_group_does_not_come_back() {
    for has_committed in [true, false] {
        let mut world = World::new();
        if has_committed {
            world.commit_offset(&who("a"), -1, 1);
        }
        world.send_offset(P, GROUP, 5);
        let token = world.ask(Request::Delete(GROUP.into()));
        assert_eq!(world.code(token), ErrorCode::None);
        assert_eq!(world.listed(), [""; 0]);
        let ends = world.log.iter().filter(|record| record.encode().unwrap().1.is_none()).count();
        assert_eq!(ends, 2, "of the offset and of the group");
        assert_eq!(world.groups.held(), World::new().groups.held(), "nothing is left of it");
        world.end_txn(P, true);
        assert_eq!((world.listed().len(), world.offset()), (0, -1));
        world.fail_over();
        assert_eq!((world.listed().len(), world.offset()), (0, -1));
    }
}

/// Protects: OffsetDelete takes away what is in a transaction, and what the same producer sends afterwards counts.
#[test]
fn a_deleted_offset_does_not_come_back() {
    let mut world = World::new();
    world.send_offset(P, GROUP, 5);
    let delete =
        |partitions| Request::DeleteOffsets { group: GROUP.into(), partitions, caller: Caller::default() };
    let token = world.ask(delete(vec![("t".into(), 0), ("t".into(), 1)]));
    assert_eq!(world.code(token), ErrorCode::None);
    assert_eq!(world.log.len(), 2, "one that is not there is not ended");
    assert!(!world.is_unstable());
    world.end_txn(P, true);
    assert_eq!(world.offset(), -1);
    world.send_offset(P, GROUP, 5);
    world.ask(delete(vec![("t".into(), 0)]));
    world.send_offset(P, GROUP, 6);
    world.end_txn(P, true);
    assert_eq!(world.offset(), 6);
}

/// Protects: what is in a transaction goes with its topic, and a namesake neither inherits it nor waits for it.
#[test]
fn a_namesake_inherits_nothing() {
    let mut world = World::new();
    world.send_offset(P, GROUP, 5);
    world.topics.0.insert("t".into(), topic_id(9));
    assert!(!world.is_unstable());
    let token = world.ask(Request::ForgetTopics);
    assert_eq!(world.code(token), ErrorCode::None);
    assert_eq!(world.listed(), [""; 0]);
    world.end_txn(P, true);
    assert_eq!(world.offset(), -1);
    // Committed before anybody heard of the new topic: it is nobody's.
    world.send_offset(P, GROUP, 5);
    world.end_txn(P, true);
    assert_eq!(world.offset(), -1);
}

/// Protects: T8, G4: what is in a transaction for a topic that is gone takes nothing away from its namesake: neither what was committed to it,
/// nor what is in another transaction.
#[test]
fn what_was_of_a_topic_takes_nothing_from_its_namesake() {
    let of_namesake = |mut commit: Commit| {
        commit.offsets[0].topic_id = topic_id(9);
        commit
    };
    let begin = || {
        let mut world = World::new();
        world.send_offset(P, GROUP, 5);
        world.topics.0.insert("t".into(), topic_id(9));
        world
    };
    let mut world = begin();
    world.ask(Request::Commit(of_namesake(commit(GROUP, &who("a"), -1, 7))));
    world.ask(Request::ForgetTopics);
    assert_eq!(world.offset(), 7);
    world.end_txn(P, true);
    assert_eq!(world.offset(), 7);

    let mut world = begin();
    let other = in_txn(P + 1, GROUP, 8);
    assert_eq!(world.sent(TxnCommit { commit: of_namesake(other.commit), ..other }), ErrorCode::None);
    world.ask(Request::ForgetTopics);
    assert!(world.is_unstable());
    world.end_txn(P, true);
    world.end_txn(P + 1, true);
    assert_eq!(world.offset(), 8);
}

/// Protects: a group with offsets in a transaction is not idle: neither time nor the cap takes it away, nor an offset of it that is
/// in the transaction.
#[test]
fn what_is_in_a_transaction_does_not_expire() {
    let mut world = World::new();
    world.fail_over();
    world.send_offset(P, GROUP, 5);
    world.pass(2 * DAY);
    assert_eq!(world.listed(), [GROUP]);
    assert_eq!(world.groups.idle().count(), 0);
    let since = WallTime(0);
    let token = world.ask(Request::Evict { group: GROUP.into(), since });
    assert_eq!(world.code(token), ErrorCode::NonEmptyGroup);
    world.fail_over();
    world.pass(2 * DAY);
    assert_eq!((world.listed().len(), world.is_unstable()), (1, true));
    world.end_txn(P, true);
    assert_eq!((world.offset(), world.groups.idle().count()), (5, 1));

    let mut aging = World::with(Settings { retention: Some(DAY), ..settings() });
    aging.fail_over();
    for partition in [0, 1] {
        let mut request = commit(GROUP, &who("a"), -1, 10);
        request.offsets[0].partition = partition;
        aging.ask(Request::Commit(request));
    }
    aging.send_offset(P, GROUP, 20);
    aging.pass(2 * DAY);
    assert_eq!(aging.offset(), 10);
    let gone = Event::Gone { reason: Reason::Retention, offsets: 1, groups: 0 };
    assert!(aging.events.contains(&gone), "{:?}", aging.events);
    aging.end_txn(P, false);
    aging.pass(DAY);
    assert_eq!(aging.offset(), -1);

    // Its members have gone and it has no other offset, but a record of its own.
    let mut aging = World::with(Settings { retention: Some(DAY), ..settings() });
    aging.groups.loaded(&aging.topics, aging.now);
    leave_behind(&mut aging);
    aging.send_offset(P, GROUP, 20);
    aging.pass(2 * DAY);
    let ends = |event: &Event| matches!(event, Event::Gone { groups: 1, .. });
    assert!(!aging.events.iter().any(ends), "{:?}", aging.events);
    aging.end_txn(P, false);
    aging.pass(2 * DAY);
    assert!(aging.events.iter().any(ends), "{:?}", aging.events);
}

/// Protects: what is in transactions counts towards the budget: of new partitions it is refused as other offsets are, of known ones
/// it goes into the last eighth; loaded it is whatever it takes.
#[test]
fn what_is_in_transactions_is_bounded() {
    let most = 1 << 20;
    let mut world = World::with(Settings { memory_max: most, metadata_max: 1 << 16, ..settings() });
    world.commit_offset(&who("a"), -1, 1);
    let fill = |world: &mut World, first: i32, length: usize| {
        let one = |partition: i32| {
            let mut request = in_txn(P, "other", 5);
            let offset = &mut request.commit.offsets[0];
            (offset.partition, offset.metadata) = (partition, "x".repeat(length));
            request
        };
        (first..).take_while(|partition| world.sent(one(*partition)) == ErrorCode::None).count()
    };
    let taken = fill(&mut world, 0, 4_000);
    assert!((100..260).contains(&taken), "{taken}");
    fill(&mut world, 1000, 0);
    assert!(world.groups.held() <= most);
    assert_eq!(world.sent(in_txn(P, "another", 5)), ErrorCode::CoordinatorNotAvailable);
    assert_eq!(world.sent(in_txn(P, GROUP, 5)), ErrorCode::None, "it has an offset");
    assert!(world.events.contains(&Event::Refused));
    world.end_txn(P, false);
    assert_eq!(fill(&mut world, 0, 4_000), taken, "all was given back");
    world.groups.set_elsewhere(most);
    world.fail_over();
    assert!(world.groups.held() > most / 2);
}

/// Returns what the last notes of an end say: from where, to where, whose client, whether it was aborted.
fn noted(world: &World) -> Vec<(i64, i64, String, bool)> {
    let (records, notes) = &world.ended;
    let read = |note: &coordinator::Note| {
        let (_, value) = note.encode(records).unwrap().unwrap();
        let (value, _) = OffsetHistoryValue::from_stored(value).unwrap();
        assert_eq!(value.producer_id, P);
        assert_eq!(note.txn, Some(NotedTxn { producer: ProducerId(P), is_aborted: value.aborted }));
        (value.from_offset, value.offset, value.client_id, value.aborted)
    };
    notes.iter().map(read).collect()
}

/// Protects: an offset of a transaction is noted when it counts, with whoever sent it, or as aborted; it is counted as a commit then.
/// What another coordinator has loaded is noted without a name, and loading notes nothing.
#[test]
fn the_end_of_a_transaction_is_noted() {
    let mut world = World::new();
    world.commit_offset(&who("a"), -1, 1);
    world.send_offset(P, GROUP, 5);
    assert_eq!(world.notes.len(), 0, "it does not count yet");
    assert_eq!(world.events, [Event::Committed(1)]);
    world.pass(Duration::from_secs(3));
    world.end_txn(P, true);
    assert_eq!(noted(&world), [(1, 5, "pipeline".into(), false)]);
    assert_eq!(world.ended.1[0].at, world.now.wall);
    assert_eq!(world.events, [Event::Committed(1); 2]);
    world.send_offset(P, GROUP, 9);
    world.end_txn(P, false);
    assert_eq!(noted(&world), [(5, 9, "pipeline".into(), true)]);
    world.send_offset(P, GROUP, 9);
    world.fail_over();
    let loaded = world.groups.take_effects();
    assert!(!loaded.iter().any(|effect| matches!(effect, Effect::Note(..))), "{loaded:?}");
    world.end_txn(P, true);
    assert_eq!(noted(&world), [(5, 9, String::new(), false)]);
    assert_eq!(world.events, [Event::Committed(1); 3]);
    // One that was overtaken does not move.
    world.send_offset(P, GROUP, 10);
    world.commit_offset(&who("a"), -1, 11);
    (world.ended, world.events) = Default::default();
    world.end_txn(P, true);
    assert_eq!((noted(&world).len(), world.events.len()), (0, 0));
}

/// Protects: who asks why a group is as it is hears what is in transactions, whose and since when, and what that takes is admitted.
#[test]
fn facts_name_what_is_in_transactions() {
    let mut world = World::new();
    let sent_at = world.now.wall;
    world.send_offset(P, GROUP, 5);
    world.pass(Duration::from_secs(3));
    let token = world.ask(Request::Explain(GroupId::from(GROUP)));
    let Some(Ok(Answer::Facts(facts))) = world.answer(token) else { panic!() };
    let one = &facts.in_transactions[0];
    assert_eq!((one.topic.as_str(), one.partition, one.producer), ("t", 0, ProducerId(P)));
    assert_eq!((one.since, facts.in_transactions.len(), facts.offsets.len()), (sent_at, 1, 0));
    let size = |world: &mut World| {
        let request = Box::new(Request::Explain(GroupId::from(GROUP)));
        let token = world.ask(Request::Within { request, bytes: 0 });
        let Some(Ok(Answer::Within { bytes, answer: None })) = world.answer(token) else { panic!() };
        bytes
    };
    let before = size(&mut world);
    let mut more = in_txn(P, GROUP, 5);
    let one = more.commit.offsets[0].clone();
    more.commit.offsets =
        (1..4).map(|partition| coordinator::CommitOffset { partition, ..one.clone() }).collect();
    assert_eq!(world.sent(more), ErrorCode::None);
    let three = size(&mut world);
    assert!(three > before + 3 * 512, "{before}");
    let (mut long, name) = (in_txn(P, GROUP, 5), "t".repeat(200));
    world.topics.0.insert(name.clone(), topic_id(3));
    long.commit.offsets[0] = coordinator::CommitOffset { topic: name.clone(), topic_id: topic_id(3), ..one };
    assert_eq!(world.sent(long), ErrorCode::None);
    let each = (three - before) / 3;
    assert!(size(&mut world) >= three + each + 2 * (name.len() - 1), "{three}, {each} each");
    // A topic with the name of one that is gone has nothing to do with what is pending of that.
    world.topics.0.insert("t".into(), topic_id(9));
    let token = world.ask(Request::Explain(GroupId::from(GROUP)));
    let Some(Ok(Answer::Facts(facts))) = world.answer(token) else { panic!() };
    let topics: Vec<&str> = facts.in_transactions.iter().map(|one| one.topic.as_str()).collect();
    assert_eq!(topics, [&name]);
}

/// Protects: a mark that stands in the log before a record of the same producer does not end what comes after it.
#[test]
fn a_mark_ends_what_is_before_it() {
    let mut world = World::new();
    world.send_offset(P, GROUP, 5);
    world.end_txn(P, false);
    world.send_offset(P, GROUP, 6);
    world.fail_over();
    assert_eq!((world.offset(), world.is_unstable()), (-1, true));
    let ends = world.logged().iter().filter(|one| matches!(one, Logged::Ended { .. })).count();
    assert_eq!(ends, 1);
    world.end_txn(P, true);
    assert_eq!(world.offset(), 6);
}
