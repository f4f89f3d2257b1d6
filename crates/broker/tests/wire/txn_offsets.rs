//! Offsets in transactions over the wire: all versions, who may commit them, when they count, and what a killed broker knows.

use crate::client::Client;
use crate::effects::until;
use crate::groups::until_loaded;
use crate::groups::{AT_ONCE, COMMIT, commit, commit_request, committed, find_coordinator, join, sync};
use crate::harness::{Broker, folder};
use crate::history::notes;
use crate::transactions::{end, init};
use types::{ErrorCode, Uuid};
use wire::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use wire::txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
use wire::{
    AddOffsetsToTxnRequest, DeleteGroupsRequest, DescribeProducersRequest, DescribeTransactionsRequest,
    OffsetFetchRequest, TxnOffsetCommitRequest,
};

/// First versions of the protocol whose transactions have an epoch each.
const COMMIT_2: i16 = 5;
const END_2: i16 = 5;
/// Last versions of the protocol before.
const COMMIT_1: i16 = 4;
const ADD_1: i16 = 3;
const END_1: i16 = 4;
/// All groups are of one partition.
const ONE: (&str, &str) = ("offsets.topic.num.partitions", "1");

/// A commit of partition 0 of the topic `topic` in a transaction, of nobody.
fn request(producer: (i64, i16), group: &str, offset: i64) -> TxnOffsetCommitRequest {
    let partition = TxnOffsetCommitRequestPartition {
        committed_offset: offset,
        ..TxnOffsetCommitRequestPartition::default()
    };
    let topic = TxnOffsetCommitRequestTopic { name: "topic".into(), partitions: vec![partition] };
    TxnOffsetCommitRequest {
        transactional_id: "id".into(),
        group_id: group.into(),
        producer_id: producer.0,
        producer_epoch: producer.1,
        topics: vec![topic],
        ..TxnOffsetCommitRequest::default()
    }
}

fn codes(client: &mut Client, request: &TxnOffsetCommitRequest, version: i16) -> Vec<i16> {
    let answer = client.call(request, version);
    answer.topics.iter().flat_map(|topic| &topic.partitions).map(|p| p.error_code).collect()
}

fn send(client: &mut Client, producer: (i64, i16), offset: i64, version: i16) -> i16 {
    codes(client, &request(producer, "group", offset), version)[0]
}

/// Makes the group's partition part of the transaction, as clients of old do.
fn add(client: &mut Client, (producer_id, producer_epoch): (i64, i16), group: &str) -> i16 {
    let request = AddOffsetsToTxnRequest {
        transactional_id: "id".into(),
        producer_id,
        producer_epoch,
        group_id: group.into(),
    };
    client.call(&request, ADD_1).error_code
}

/// Commits in a transaction in a version; returns the code.
pub fn ask(client: &mut Client, version: i16, topic: &str) -> i16 {
    let producer = init(client, "id");
    if version < COMMIT_2 {
        assert_eq!(add(client, producer, "in a transaction"), 0);
    }
    let mut request = request(producer, "in a transaction", 5);
    request.topics[0].name = topic.into();
    codes(client, &request, version)[0]
}

/// Returns what is told of partition 0 to who asks for stable offsets, and the code.
fn stable(client: &mut Client) -> (i64, i16) {
    let topic = OffsetFetchRequestTopics {
        name: "topic".into(),
        partition_indexes: vec![0],
        ..OffsetFetchRequestTopics::default()
    };
    let group = OffsetFetchRequestGroup {
        group_id: "group".into(),
        topics: Some(vec![topic]),
        ..OffsetFetchRequestGroup::default()
    };
    let request =
        OffsetFetchRequest { groups: vec![group], require_stable: true, ..OffsetFetchRequest::default() };
    let answer = client.call(&request, 9);
    assert_eq!(answer.groups[0].error_code, 0);
    let found = &answer.groups[0].topics[0].partitions[0];
    (found.committed_offset, found.error_code)
}

const UNSTABLE: (i64, i16) = (-1, ErrorCode::UnstableOffsetCommit as i16);

/// Ends the transaction, and waits until that is everywhere: it is answered before. Returns who the producer is from then on.
fn ended_by(client: &mut Client, producer: (i64, i16), commit: bool, version: i16) -> (i64, i16) {
    let answer = client.call(&end("id", producer, commit), version);
    assert_eq!(answer.error_code, 0);
    let request = DescribeTransactionsRequest { transactional_ids: vec!["id".into()] };
    until("it is complete", || {
        client.call(&request, 0).transaction_states[0].transaction_state.starts_with("Complete")
    });
    (answer.producer_id, answer.producer_epoch)
}

fn ended(client: &mut Client, producer: (i64, i16), commit: bool) -> (i64, i16) {
    ended_by(client, producer, commit, END_2)
}

/// A broker with the topic and a transactional producer.
fn start(settings: &[(&str, &str)]) -> (tempfile::TempDir, Broker, Client, (i64, i16)) {
    let dir = folder();
    let all: Vec<(&str, &str)> = settings.iter().copied().chain([ONE, AT_ONCE]).collect();
    let broker = Broker::start_with_settings(dir.path(), &all);
    let mut client = broker.connect();
    client.create("topic", 2);
    find_coordinator(&mut client, "group");
    let producer = init(&mut client, "id");
    (dir, broker, client, producer)
}

/// Protects: T8 with the protocol of today: a commit makes the group part of the transaction by itself; it is hidden until the end,
/// told as unstable to who asks for stable offsets, and counts when the transaction is committed, or never. The end is noted
/// in the history.
#[test]
fn offsets_count_when_their_transaction_is_committed() {
    let (_dir, _broker, mut client, first) = start(&[]);
    assert_eq!(commit(&mut client, "group", ("", -1), 3), 0);
    assert_eq!(send(&mut client, first, 7, COMMIT_2), 0);
    assert_eq!((committed(&mut client, "group"), stable(&mut client)), (3, UNSTABLE));
    let second = ended(&mut client, first, true);
    assert_eq!((committed(&mut client, "group"), stable(&mut client)), (7, (7, 0)));
    assert_eq!(send(&mut client, second, 9, COMMIT_2), 0);
    let third = ended(&mut client, second, false);
    assert_eq!((committed(&mut client, "group"), stable(&mut client)), (7, (7, 0)));
    assert_eq!(send(&mut client, third, 11, COMMIT_2), 0);
    assert_eq!(commit(&mut client, "group", ("", -1), 50), 0);
    assert_eq!((committed(&mut client, "group"), stable(&mut client)), (50, UNSTABLE));
    ended(&mut client, third, true);
    assert_eq!(stable(&mut client), (50, 0), "the later record counts");
    until("ends are noted", || notes(&mut client).len() == 4);
    let seen: Vec<(i64, i64, i64, bool)> =
        notes(&mut client).iter().map(|(_, n)| (n.from_offset, n.offset, n.producer_id, n.aborted)).collect();
    let expected = [(-1, 3, -1, false), (3, 7, first.0, false), (7, 9, first.0, true), (7, 50, -1, false)];
    assert_eq!(seen, expected);
}

/// Protects: X2, X3: with the protocol of old a commit to a group that is not part of the transaction is not stored, in all
/// versions with the code that they know, before the first, after an end, and of another epoch or producer.
#[test]
fn groups_are_added_before_they_are_committed_to() {
    let (_dir, _broker, mut client, producer) = start(&[]);
    let before = client.end("__consumer_offsets");
    let refused = |version| match version {
        4 => ErrorCode::TransactionAbortable.code(),
        _ => ErrorCode::InvalidTxnState.code(),
    };
    for version in 0..=COMMIT_1 {
        assert_eq!(send(&mut client, producer, 1, version), refused(version), "version {version}");
    }
    assert_eq!(client.end("__consumer_offsets"), before);
    for (version, offset) in (0..=COMMIT_1).zip(10..) {
        assert_eq!(add(&mut client, producer, "group"), 0);
        assert_eq!(send(&mut client, producer, offset, version), 0);
        let (stale, foreign) = (ErrorCode::InvalidProducerEpoch, ErrorCode::InvalidProducerIdMapping);
        assert_eq!(send(&mut client, (producer.0, producer.1 - 1), 1, version), stale.code());
        assert_eq!(send(&mut client, (producer.0, producer.1 + 1), 1, version), stale.code());
        assert_eq!(send(&mut client, (4711, 0), 1, version), foreign.code());
        assert_eq!(stable(&mut client), UNSTABLE);
        ended_by(&mut client, producer, version % 2 == 0, END_1);
        assert_eq!(send(&mut client, producer, 1, version), refused(version), "after its end");
        assert_eq!(stable(&mut client), (offset - i64::from(version % 2), 0));
    }
    // The newest one needs no call before.
    let stale = ErrorCode::InvalidProducerEpoch.code();
    for epoch in [producer.1 - 1, producer.1 + 1] {
        assert_eq!(send(&mut client, (producer.0, epoch), 1, COMMIT_2), stale);
    }
    assert_eq!(send(&mut client, (4711, 0), 1, COMMIT_2), ErrorCode::InvalidProducerIdMapping.code());
    assert_eq!(send(&mut client, producer, 1, COMMIT_2), 0);
}

/// Protects: each partition has its code: unknown ones, one that stands twice (A12), offsets below 0 and long texts (A35) do not
/// keep the others; a group without a name is none, and nothing to commit is nothing to ask.
#[test]
fn each_partition_has_its_code() {
    let (_dir, _broker, mut client, producer) = start(&[]);
    let mut all = request(producer, "group", 5);
    let template = all.topics[0].partitions[0].clone();
    let one = |partition_index, committed_offset| TxnOffsetCommitRequestPartition {
        partition_index,
        committed_offset,
        ..template.clone()
    };
    all.topics[0].partitions = vec![one(0, 5), one(7, 5), one(1, 5), one(1, 6), one(-1, 5)];
    let topic = TxnOffsetCommitRequestTopic { name: "nothing".into(), partitions: vec![one(0, 5)] };
    all.topics.push(topic);
    let (unknown, twice) = (ErrorCode::UnknownTopicOrPartition.code(), ErrorCode::InvalidRequest.code());
    for version in [COMMIT_2, COMMIT_1, 0] {
        assert_eq!(codes(&mut client, &all, version), [0, unknown, twice, twice, unknown, unknown]);
    }
    let mut bad = request(producer, "group", -1);
    assert_eq!(codes(&mut client, &bad, COMMIT_2), [twice]);
    bad.topics[0].partitions[0].committed_offset = 5;
    bad.topics[0].partitions[0].committed_metadata = Some("x".repeat(4097));
    assert_eq!(codes(&mut client, &bad, COMMIT_2), [ErrorCode::OffsetMetadataTooLarge.code()]);
    let no_group = request(producer, "", 5);
    assert_eq!(codes(&mut client, &no_group, COMMIT_2), [ErrorCode::InvalidGroupId.code()]);
    let nothing = TxnOffsetCommitRequest { topics: Vec::new(), ..request((4711, 3), "group", 5) };
    assert!(client.call(&nothing, COMMIT_2).topics.is_empty());
    ended(&mut client, producer, true);
    assert_eq!(committed(&mut client, "group"), 5);
}

/// Protects: X17: a member commits in its generation, and not in an older one or after another has taken its place; clients that
/// name no member are believed.
#[test]
fn members_commit_in_their_generation() {
    let (_dir, _broker, mut client, producer) = start(&[]);
    let joined = join(&mut client, "group");
    assert_eq!(sync(&mut client, "group", &joined.member_id, joined.generation_id).error_code, 0);
    let mut as_member = |member: &str, generation_id| {
        let member_id = member.to_owned();
        let request = TxnOffsetCommitRequest { member_id, generation_id, ..request(producer, "group", 5) };
        codes(&mut client, &request, COMMIT_2)[0]
    };
    assert_eq!(as_member(&joined.member_id, joined.generation_id), 0);
    let illegal = ErrorCode::IllegalGeneration.code();
    assert_eq!(as_member(&joined.member_id, joined.generation_id + 1), illegal);
    assert_eq!(as_member("stranger", joined.generation_id), ErrorCode::UnknownMemberId.code());
    assert_eq!(as_member("", -1), 0);
}

/// Protects: part 5: with the protocol of old a commit that comes by a connection which its producer has given up is not stored and
/// not answered: it may be of an earlier transaction.
#[test]
fn a_connection_that_was_given_up_is_closed() {
    let (_dir, broker, mut one, producer) = start(&[]);
    let (mut two, mut three) = (broker.connect(), broker.connect());
    let (_, _) = (two.end("topic"), three.end("topic"));
    assert_eq!(add(&mut three, producer, "group"), 0);
    assert_eq!(send(&mut three, producer, 5, COMMIT_1), 0);
    let before = three.end("__consumer_offsets");
    two.send(&request(producer, "group", 3), COMMIT_1);
    two.expect_closed("TxnOffsetCommit");
    // With an epoch for each transaction the epoch tells.
    assert_eq!(three.end("__consumer_offsets"), before);
    assert_eq!(send(&mut one, producer, 6, COMMIT_2), 0);
    ended_by(&mut three, producer, true, END_1);
    assert_eq!(committed(&mut three, "group"), 6);
}

/// Protects: T8, D-10: a broker that was killed knows what is pending, what was committed and what was aborted, by the marks that
/// stand in the log, whatever was written in between; a transaction that was open goes on.
#[test]
fn a_killed_broker_knows_what_is_pending() {
    let (_dir, broker, mut client, mut producer) = start(&[]);
    let mut expected = -1;
    for (round, commits) in [true, false, true].into_iter().enumerate() {
        let offset = 10 * i64::try_from(round).unwrap() + 10;
        assert_eq!(send(&mut client, producer, offset, COMMIT_2), 0);
        let copy = folder();
        let killed = broker.crash_into(copy.path());
        let mut other = killed.connect();
        until_loaded(&mut other, "group");
        assert_eq!((committed(&mut other, "group"), stable(&mut other)), (expected, UNSTABLE));
        ended(&mut other, producer, commits);
        assert_eq!(stable(&mut other), (if commits { offset } else { expected }, 0));
        let copy = folder();
        let again = killed.crash_into(copy.path());
        let mut other = again.connect();
        until_loaded(&mut other, "group");
        assert_eq!(stable(&mut other), (if commits { offset } else { expected }, 0));
        drop(other);
        drop((again, killed));
        producer = ended(&mut client, producer, commits);
        expected = if commits { offset } else { expected };
        assert_eq!(stable(&mut client), (expected, 0));
        // What is of no transaction stands in between.
        assert_eq!(commit(&mut client, "other", ("", -1), offset), 0);
    }
    assert_eq!(send(&mut client, producer, 99, COMMIT_2), 0);
    let copy = folder();
    let killed = broker.crash_into(copy.path());
    let mut other = killed.connect();
    until_loaded(&mut other, "group");
    let delete = DeleteGroupsRequest { groups_names: vec!["group".into()] };
    assert_eq!(other.call(&delete, 2).results[0].error_code, 0, "as Kafka");
    ended(&mut other, producer, true);
    assert_eq!(stable(&mut other), (-1, 0), "the end of the offset is the later record");
}

/// Protects: X14, X15: what is pending, and the marks of what was committed, are there after compactions: nothing of an open
/// transaction is compacted, and no mark before the records that it makes count.
#[test]
fn compaction_keeps_what_is_pending() {
    let settings = [("log.cleaner.backoff.ms", "10"), ("offsets.topic.segment.bytes", "16384")];
    let (_dir, broker, mut client, first) = start(&settings);
    assert_eq!(codes(&mut client, &request(first, "early", 7), COMMIT_2), [0]);
    let second = ended(&mut client, first, true);
    let mut filler = commit_request(("topic", Uuid::ZERO), "filler", 0);
    filler.topics[0].partitions[0].committed_metadata = Some("x".repeat(2_000));
    let mut fill = |client: &mut Client| {
        filler.topics[0].partitions[0].committed_offset += 1;
        assert_eq!(client.call(&filler, COMMIT).topics[0].partitions[0].error_code, 0);
    };
    // What stands in for records that are gone has none.
    let is_compacted = |client: &mut Client| {
        let data = client.fetch("__consumer_offsets", 0);
        let bytes = data.records.unwrap_or_default().into_bytes();
        let spans = wire::record::Batches::new(&bytes).map_while(Result::ok);
        spans.map(|span| span.header).any(|header| header.record_count == 0 && !header.is_control())
    };
    until("what is stable is compacted", || {
        fill(&mut client);
        is_compacted(&mut client)
    });
    assert_eq!(send(&mut client, second, 8, COMMIT_2), 0);
    for _ in 0..60 {
        fill(&mut client);
    }
    let copy = folder();
    let killed = broker.crash_into(copy.path());
    let mut other = killed.connect();
    until_loaded(&mut other, "group");
    assert_eq!((committed(&mut other, "early"), stable(&mut other)), (7, UNSTABLE));
    ended(&mut other, second, true);
    assert_eq!(stable(&mut other), (8, 0));
}

/// Protects: what a coordinator writes for a producer is told as that producer's, without a sequence, as in Kafka.
#[test]
fn the_producer_of_offsets_is_described() {
    let (_dir, _broker, mut client, producer) = start(&[]);
    assert_eq!(send(&mut client, producer, 5, COMMIT_2), 0);
    let request: DescribeProducersRequest =
        crate::transactions::describe_producers("__consumer_offsets", &[0]);
    let answer = client.call(&request, 0);
    let found = &answer.topics[0].partitions[0].active_producers;
    let seen: Vec<_> = found
        .iter()
        .map(|p| (p.producer_id, p.producer_epoch, p.last_sequence, p.current_txn_start_offset >= 0))
        .collect();
    assert_eq!(seen, [(producer.0, i32::from(producer.1), -1, true)]);
}
