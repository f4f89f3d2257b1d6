//! Transactions on one broker, as the wire shows them: both protocols, fencing, connections that were given up, marks of a client.

use crate::batches::{in_transaction, records, sequenced};
use crate::client::{Client, FETCH, fetch_request, one, produce_request};
use crate::harness::{Broker, folder};
use crate::idempotence::idempotent;
use bytes::Bytes;
use types::ErrorCode;
use wire::add_partitions_to_txn_request::{AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction};
use wire::describe_producers_request::TopicRequest;
use wire::record::Batches;
use wire::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
use wire::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, ApiKey, DescribeProducersRequest,
    DescribeTransactionsRequest, EndTxnRequest, FetchRequest, FindCoordinatorRequest, InitProducerIdRequest,
    ListTransactionsRequest, MetadataRequest, ProduceRequest, WriteTxnMarkersRequest,
};

/// A DescribeProducers request for some partitions of a topic.
pub fn describe_producers(topic: &str, partitions: &[i32]) -> DescribeProducersRequest {
    let topic = TopicRequest { name: topic.into(), partition_indexes: partitions.to_vec() };
    DescribeProducersRequest { topics: vec![topic] }
}

/// Protects: DescribeProducers tells who has written to a partition, and Kafka's codes for those that are not there; a partition
/// that stands twice is refused (A12).
#[test]
fn producers_are_described() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    client.put("topic", &sequenced(77, 3, 0, 2));
    client.put("topic", &sequenced(78, 0, 0, 1));
    let mut ask = |topic: &str, partitions: &[i32]| {
        let response = client.call(&describe_producers(topic, partitions), 0);
        assert_eq!(response.topics[0].name, topic);
        response.topics[0].partitions.clone()
    };
    let found = ask("topic", &[0, 1, 2]);
    let producers = found[0].active_producers.iter().map(|p| {
        assert!(p.last_timestamp > 0);
        let txn = (p.coordinator_epoch, p.current_txn_start_offset);
        (p.producer_id, p.producer_epoch, p.last_sequence, txn)
    });
    assert_eq!(producers.collect::<Vec<_>>(), [(77, 3, 1, (-1, -1)), (78, 0, 0, (-1, -1))]);
    assert!(found[1].active_producers.is_empty());
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!((found[1].error_code, found[2].error_code), (0, unknown));
    let hosted = Some("This server does not host this topic-partition.");
    assert_eq!(found[2].error_message.as_deref(), hosted);
    assert_eq!(ask("nothing", &[0])[0].error_code, unknown);
    assert_eq!(ask("no/topic", &[0])[0].error_code, ErrorCode::InvalidTopicException.code());
    let twice = ask("topic", &[0, 1, 0]).iter().map(|found| found.error_code).collect::<Vec<_>>();
    let invalid = ErrorCode::InvalidRequest.code();
    assert_eq!(twice, [invalid, 0, invalid]);
}

/// First versions of the protocol whose transactions have an epoch each.
const PRODUCE_2: i16 = 12;
const END_2: i16 = 5;
/// Last versions of the protocol before.
const PRODUCE_1: i16 = 11;
const ADD_1: i16 = 3;
const END_1: i16 = 4;

/// Makes the coordinators' topic, and gets a producer.
pub fn init(client: &mut Client, id: &str) -> (i64, i16) {
    let find = FindCoordinatorRequest { key: id.into(), key_type: 1, ..FindCoordinatorRequest::default() };
    assert_eq!(client.call(&find, 3).error_code, 0);
    let answer = client.call(&init_request(id), 5);
    assert_eq!(answer.error_code, 0, "{answer:?}");
    (answer.producer_id, answer.producer_epoch)
}

/// A request of a new producer.
pub fn init_request(id: &str) -> InitProducerIdRequest {
    InitProducerIdRequest {
        transactional_id: Some(id.into()),
        transaction_timeout_ms: 60_000,
        ..InitProducerIdRequest::default()
    }
}

/// A Produce request of a transaction, one batch of one record for each partition.
pub fn produce_in(
    id: &str,
    (producer, epoch): (i64, i16),
    topic: &str,
    parts: &[(i32, i32)],
) -> ProduceRequest {
    let batch = |sequence| in_transaction(producer, epoch, sequence);
    let batches: Vec<(i32, Bytes)> =
        parts.iter().map(|(index, sequence)| (*index, batch(*sequence))).collect();
    let parts: Vec<(i32, &Bytes)> = batches.iter().map(|(index, batch)| (*index, batch)).collect();
    ProduceRequest { transactional_id: Some(id.into()), ..produce_request(topic, &parts) }
}

/// Sends it; returns the code for each partition.
pub fn codes(client: &mut Client, request: &ProduceRequest, version: i16) -> Vec<i16> {
    let response = client.call(request, version);
    response.responses[0].partition_responses.iter().map(|p| p.error_code).collect()
}

/// An EndTxn request.
pub fn end(id: &str, (producer_id, producer_epoch): (i64, i16), committed: bool) -> EndTxnRequest {
    EndTxnRequest { transactional_id: id.into(), producer_id, producer_epoch, committed }
}

fn add(
    id: &str,
    (producer, epoch): (i64, i16),
    topic: &str,
    partitions: &[i32],
) -> AddPartitionsToTxnRequest {
    AddPartitionsToTxnRequest {
        v3_and_below_transactional_id: id.into(),
        v3_and_below_producer_id: producer,
        v3_and_below_producer_epoch: epoch,
        v3_and_below_topics: vec![AddPartitionsToTxnTopic {
            name: topic.into(),
            partitions: partitions.to_vec(),
        }],
        ..AddPartitionsToTxnRequest::default()
    }
}

/// Sends an ordinary request in a version, of a producer of its own; returns the code of the answer.
pub fn ask(client: &mut Client, api: ApiKey, version: i16, topic: &str) -> i16 {
    let id = format!("{api:?} {version}");
    let producer = init(client, &id);
    match api {
        ApiKey::AddPartitionsToTxn if version <= ADD_1 => {
            let response = client.call(&add(&id, producer, topic, &[0]), version);
            response.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code
        }
        ApiKey::AddPartitionsToTxn => {
            let one = AddPartitionsToTxnTransaction {
                transactional_id: id,
                producer_id: producer.0,
                producer_epoch: producer.1,
                verify_only: false,
                topics: vec![AddPartitionsToTxnTopic { name: topic.into(), partitions: vec![0] }],
            };
            let request =
                AddPartitionsToTxnRequest { transactions: vec![one], ..AddPartitionsToTxnRequest::default() };
            let response = client.call(&request, version);
            response.results_by_transaction[0].topic_results[0].results_by_partition[0].partition_error_code
        }
        ApiKey::AddOffsetsToTxn => {
            let (producer_id, producer_epoch) = producer;
            let request = AddOffsetsToTxnRequest {
                transactional_id: id,
                producer_id,
                producer_epoch,
                group_id: "group".into(),
            };
            client.call(&request, version).error_code
        }
        ApiKey::EndTxn => {
            client.call(&add(&id, producer, topic, &[0]), ADD_1);
            client.call(&end(&id, producer, true), version).error_code
        }
        ApiKey::WriteTxnMarkers => {
            let topic = WritableTxnMarkerTopic { name: topic.into(), partition_indexes: vec![0] };
            let marker =
                WritableTxnMarker { producer_id: 4711, topics: vec![topic], ..WritableTxnMarker::default() };
            let response = client.call(&WriteTxnMarkersRequest { markers: vec![marker] }, version);
            response.markers[0].topics[0].partitions[0].error_code
        }
        ApiKey::DescribeTransactions => {
            let request = DescribeTransactionsRequest { transactional_ids: vec![id] };
            client.call(&request, version).transaction_states[0].error_code
        }
        _ => client.call(&ListTransactionsRequest::default(), version).error_code,
    }
}

/// Reads what is there at read_committed: last stable offset, values, and who has aborted from where.
pub fn committed(client: &mut Client, topic: &str) -> (i64, Vec<String>, Vec<(i64, i64)>) {
    let request = FetchRequest { isolation_level: 1, ..fetch_request(topic, 0) };
    let data = one(client.call(&request, FETCH));
    let bytes = data.records.clone().unwrap_or_default().into_bytes();
    let values = Batches::new(&bytes).map(Result::unwrap).filter(|span| !span.header.attributes.is_control());
    let values = values.flat_map(|span| records(&bytes.slice(span.range)));
    let aborted = data.aborted_transactions.unwrap_or_default();
    let aborted = aborted.iter().map(|one| (one.producer_id, one.first_offset)).collect();
    (data.last_stable_offset, values.map(|(_, value)| value).collect(), aborted)
}

fn state(client: &mut Client, id: &str) -> String {
    let request = DescribeTransactionsRequest { transactional_ids: vec![id.into()] };
    client.call(&request, 0).transaction_states[0].transaction_state.clone()
}

/// Protects: T1 to T3 with the protocol of today: what a transaction writes to many partitions is seen when it is committed and
/// not before; each end raises the epoch and its repeat is answered alike; what is aborted is told to readers.
#[test]
fn a_transaction_is_seen_whole_or_not_at_all() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    let first = init(&mut client, "id");
    assert_eq!(codes(&mut client, &produce_in("id", first, "topic", &[(0, 0), (1, 0)]), PRODUCE_2), [0, 0]);
    assert_eq!(client.fetch("topic", 0).high_watermark, 1);
    assert_eq!(committed(&mut client, "topic"), (0, vec![], vec![]));
    assert_eq!(state(&mut client, "id"), "Ongoing");
    let ended = client.call(&end("id", first, true), END_2);
    assert_eq!((ended.error_code, ended.producer_id, ended.producer_epoch), (0, first.0, first.1 + 1));
    assert_eq!(client.call(&end("id", first, true), END_2), ended, "asked again");
    until_over(&mut client, "id");
    assert_eq!(committed(&mut client, "topic"), (2, vec!["in a transaction".into()], vec![]));
    let second = (ended.producer_id, ended.producer_epoch);
    assert_eq!(codes(&mut client, &produce_in("id", second, "topic", &[(0, 0)]), PRODUCE_2), [0]);
    let late = client.call(&end("id", first, true), END_2).error_code;
    assert_eq!(late, ErrorCode::ProducerFenced.code(), "X1: it ends no later transaction");
    assert_eq!(client.call(&end("id", second, false), END_2).error_code, 0);
    until_over(&mut client, "id");
    let (stable, _, aborted) = committed(&mut client, "topic");
    assert_eq!((stable, aborted), (4, vec![(first.0, 2)]));
    assert_eq!(state(&mut client, "id"), "CompleteAbort");
}

/// Protects: X3: with the protocol of old a batch for a partition that is not part of the transaction is not stored, and what
/// is, is; the epoch stays.
#[test]
fn partitions_are_added_before_they_are_written_to() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    let producer = init(&mut client, "id");
    for version in 3..=PRODUCE_1 {
        let refused = if version < 11 { ErrorCode::InvalidTxnState } else { ErrorCode::TransactionAbortable };
        let request = produce_in("id", producer, "topic", &[(0, 0)]);
        assert_eq!(codes(&mut client, &request, version), [refused.code()], "version {version}");
    }
    assert_eq!(client.end("topic"), 0);
    let added = client.call(&add("id", producer, "topic", &[0]), ADD_1);
    assert_eq!(added.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code, 0);
    let both = produce_in("id", producer, "topic", &[(0, 0), (1, 0)]);
    let abortable = ErrorCode::TransactionAbortable.code();
    assert_eq!(codes(&mut client, &both, PRODUCE_1), [0, abortable]);
    let ended = client.call(&end("id", producer, true), END_1);
    assert_eq!(ended.error_code, 0);
    until_over(&mut client, "id");
    assert_eq!(committed(&mut client, "topic").0, 2);
    let after = produce_in("id", producer, "topic", &[(0, 1)]);
    assert_eq!(codes(&mut client, &after, PRODUCE_1), [abortable], "X2: after its end");
    assert_eq!(client.end("topic"), 2);
}

/// Protects: X8: who begins again aborts what its predecessor has open and fences it; it is answered once that is done.
#[test]
fn who_begins_again_fences() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let old = init(&mut client, "id");
    assert_eq!(codes(&mut client, &produce_in("id", old, "topic", &[(0, 0)]), PRODUCE_2), [0]);
    let new = init(&mut broker.connect(), "id");
    assert_eq!(new, (old.0, old.1 + 2));
    assert_eq!(committed(&mut client, "topic").0, 2, "the open one is aborted");
    let stale = ErrorCode::InvalidProducerEpoch.code();
    assert_eq!(codes(&mut client, &produce_in("id", old, "topic", &[(0, 1)]), PRODUCE_2), [stale]);
    let fenced = ErrorCode::ProducerFenced.code();
    assert_eq!(client.call(&end("id", old, true), END_2).error_code, fenced);
    assert_eq!(client.end("topic"), 2);
}

/// Protects: part 5: with the protocol of old what comes by a connection that the producer has given up is not acted on and not
/// answered; a stale epoch gets its code all the same.
#[test]
fn a_connection_that_was_given_up_is_closed() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let (mut one, mut two, mut three) = (broker.connect(), broker.connect(), broker.connect());
    one.create("topic", 1);
    let producer = init(&mut one, "id");
    // The first request of each has arrived, in this order.
    let (_, _) = (two.end("topic"), three.end("topic"));
    let begin = |client: &mut Client, sequence| {
        let added = client.call(&add("id", producer, "topic", &[0]), ADD_1);
        assert_eq!(added.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code, 0);
        assert_eq!(codes(client, &produce_in("id", producer, "topic", &[(0, sequence)]), PRODUCE_1), [0]);
    };
    begin(&mut one, 0);
    begin(&mut three, 1);
    let stale = (producer.0, producer.1 - 1);
    let fenced = ErrorCode::ProducerFenced.code();
    assert_eq!(two.call(&end("id", stale, true), END_1).error_code, fenced);
    two.send(&end("id", producer, true), END_1);
    two.expect_closed("EndTxn");
    one.send(&produce_in("id", producer, "topic", &[(0, 2)]), PRODUCE_1);
    one.expect_closed("Produce");
    assert_eq!(state(&mut three, "id"), "Ongoing");
    assert_eq!(three.end("topic"), 2);
    assert_eq!(three.call(&end("id", producer, true), END_1).error_code, 0);
    until_over(&mut three, "id");
    assert_eq!(committed(&mut three, "topic").1.len(), 2);
}

/// Protects: X2 with clients of old: a batch that was sent in one transaction and arrives after its abort gets into nothing: while
/// nothing is open, where it would hang, it has Kafka's code (golden/delayed); while the next one is, its connection is too old.
#[test]
fn a_late_batch_gets_into_nothing() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let (mut one, mut two) = (broker.connect(), broker.connect());
    one.create("topic", 1);
    let producer = init(&mut one, "id");
    assert_eq!(two.end("topic"), 0);
    let begin = |client: &mut Client| {
        let added = client.call(&add("id", producer, "topic", &[0]), ADD_1);
        assert_eq!(added.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code, 0);
    };
    let batch = |sequence| produce_in("id", producer, "topic", &[(0, sequence)]);
    begin(&mut one);
    assert_eq!(two.call(&end("id", producer, false), END_1).error_code, 0);
    until_over(&mut two, "id");
    let before = two.end("topic");
    assert_eq!(codes(&mut one, &batch(0), PRODUCE_1), [ErrorCode::TransactionAbortable.code()]);
    begin(&mut two);
    assert_eq!(codes(&mut two, &batch(0), PRODUCE_1), [0]);
    one.send(&batch(1), PRODUCE_1);
    one.expect_closed("the next one is open");
    assert_eq!(two.end("topic"), before + 1);
    assert_eq!(two.call(&end("id", producer, true), END_1).error_code, 0);
    until_over(&mut two, "id");
    let (stable, values, _) = committed(&mut two, "topic");
    assert_eq!((stable, values.len()), (before + 2, 1));
}

/// Protects: A24: a client commits nothing with marks; a transaction that a coordinator runs is aborted there and whole; a mark
/// of a producer that nobody runs is written.
#[test]
fn marks_of_a_client_abort_whole_transactions() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    let producer = init(&mut client, "id");
    assert_eq!(
        codes(&mut client, &produce_in("id", producer, "topic", &[(0, 0), (1, 0)]), PRODUCE_2),
        [0, 0]
    );
    let mark = |client: &mut Client, (producer_id, producer_epoch): (i64, i16), transaction_result| {
        let topic = WritableTxnMarkerTopic { name: "topic".into(), partition_indexes: vec![0] };
        let marker = WritableTxnMarker {
            producer_id,
            producer_epoch,
            transaction_result,
            topics: vec![topic],
            ..WritableTxnMarker::default()
        };
        let request = WriteTxnMarkersRequest { markers: vec![marker] };
        client.call(&request, 1).markers[0].topics[0].partitions[0].error_code
    };
    let denied = ErrorCode::ClusterAuthorizationFailed.code();
    assert_eq!(mark(&mut client, producer, true), denied);
    assert_eq!(state(&mut client, "id"), "Ongoing");
    let older = (producer.0, producer.1 - 1);
    assert_eq!(mark(&mut client, older, false), ErrorCode::InvalidProducerEpoch.code());
    assert_eq!(state(&mut client, "id"), "Ongoing");
    assert_eq!(mark(&mut client, producer, false), 0);
    until_over(&mut client, "id");
    assert_eq!(state(&mut client, "id"), "CompleteAbort");
    assert_eq!(committed(&mut client, "topic").0, 2);
    let other = client.call(&end("id", producer, true), END_2).error_code;
    assert_eq!(other, ErrorCode::InvalidTxnState.code(), "it is told that it was aborted");
    assert_eq!((mark(&mut client, (4711, 0), true), mark(&mut client, (4711, 0), false)), (denied, 0));
    assert_eq!(client.end("topic"), 3, "the mark of an orphan is in the log");
}

/// Protects: A24: whatever epochs a client's mark names, coordinators and producers that come later are not older than it: their
/// transactions end.
#[test]
fn marks_of_a_client_make_nobody_older() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    let forged = |client: &mut Client, producer_id: i64| {
        let topic = WritableTxnMarkerTopic { name: "topic".into(), partition_indexes: vec![0, 1] };
        let marker = WritableTxnMarker {
            producer_id,
            producer_epoch: i16::MAX,
            coordinator_epoch: i32::MAX,
            topics: vec![topic],
            ..WritableTxnMarker::default()
        };
        let answer = client.call(&WriteTxnMarkersRequest { markers: vec![marker] }, 1);
        answer.markers[0].topics[0].partitions.iter().map(|one| one.error_code).collect::<Vec<_>>()
    };
    let mut producer = init(&mut client, "id");
    assert_eq!(forged(&mut client, producer.0), [0, 0], "before it has written");
    for records in 1..=2 {
        assert_eq!(codes(&mut client, &produce_in("id", producer, "topic", &[(0, 0)]), PRODUCE_2), [0]);
        let ended = client.call(&end("id", producer, true), END_2);
        assert_eq!(ended.error_code, 0);
        until_over(&mut client, "id");
        assert_eq!(committed(&mut client, "topic").1.len(), records);
        assert_eq!(forged(&mut client, producer.0), [0, 0], "after its end");
        producer = (ended.producer_id, ended.producer_epoch);
    }
}

/// Protects: A24: a mark of a client aborts what a coordinator runs in that partition, and nothing that it runs elsewhere.
#[test]
fn marks_of_a_client_abort_nothing_elsewhere() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    let producer = init(&mut client, "id");
    assert_eq!(codes(&mut client, &produce_in("id", producer, "topic", &[(0, 0)]), PRODUCE_2), [0]);
    let topic = WritableTxnMarkerTopic { name: "topic".into(), partition_indexes: vec![1] };
    let marker =
        WritableTxnMarker { producer_id: producer.0, topics: vec![topic], ..WritableTxnMarker::default() };
    let answer = client.call(&WriteTxnMarkersRequest { markers: vec![marker] }, 1);
    assert_eq!(answer.markers[0].topics[0].partitions[0].error_code, 0);
    assert_eq!(state(&mut client, "id"), "Ongoing");
    assert_eq!(client.call(&end("id", producer, true), END_2).error_code, 0);
    until_over(&mut client, "id");
    assert_eq!(committed(&mut client, "topic").1.len(), 1);
}

/// Asks until no transaction of an id is open or ending.
pub fn until_over(client: &mut Client, id: &str) {
    const ASKED_MAX: usize = 20_000;
    let mut states = (0..ASKED_MAX).map(|_| state(client, id));
    assert!(states.any(|state| state.starts_with("Complete")), "its end is not everywhere");
}

/// Protects: A36: an empty transactional id and times out of bounds are refused, in all versions; a huge id is an id.
#[test]
fn transactional_ids_and_times_are_checked() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let huge = "x".repeat(30_000);
    let id = |id: &str| InitProducerIdRequest { transactional_id: Some(id.into()), ..init_request("id") };
    for version in 0..=5 {
        let before = if version == 0 { ErrorCode::NotCoordinator } else { ErrorCode::None };
        assert_eq!(client.call(&init_request("id"), version).error_code, before.code());
        init(&mut client, "other");
        assert_eq!(client.call(&id(&huge), version).error_code, 0);
        assert_eq!(client.call(&id(""), version).error_code, ErrorCode::InvalidRequest.code());
        for transaction_timeout_ms in [0, -1, i32::MIN, 900_001, i32::MAX] {
            let request = InitProducerIdRequest { transaction_timeout_ms, ..init_request("id") };
            let response = client.call(&request, version);
            assert_eq!(response.error_code, ErrorCode::InvalidTransactionTimeout.code(), "version {version}");
            assert_eq!((response.producer_id, response.producer_epoch), (-1, -1));
        }
    }
}

/// Protects: the topic of transactions is made as set, with as many replicas as there are brokers; the longest time-out and the
/// time that a request waits for an end are what is set.
#[test]
fn settings_of_transactions_act() {
    let dir = folder();
    let settings = [
        ("transaction.state.log.num.partitions", "3"),
        ("transaction.state.log.replication.factor", "3"),
        ("transaction.state.log.min.isr", "2"),
        ("transaction.state.log.segment.bytes", "65536"),
        ("transaction.max.timeout.ms", "70000"),
        ("add.partitions.to.txn.retry.backoff.max.ms", "0"),
    ];
    let broker = Broker::start_with_settings(dir.path(), &settings);
    let mut client = broker.connect();
    client.create("topic", 1);
    let producer = init(&mut client, "id");
    let all = MetadataRequest { topics: None, ..MetadataRequest::default() };
    let topics = client.call(&all, 12).topics;
    let found = topics.iter().find(|topic| topic.name.as_deref() == Some("__transaction_state")).unwrap();
    assert_eq!((found.is_internal, found.partitions.len()), (true, 3));
    assert_eq!(found.partitions[0].replica_nodes, [1]);
    for (transaction_timeout_ms, code) in [(70_000, 0), (70_001, ErrorCode::InvalidTransactionTimeout.code())]
    {
        let request = InitProducerIdRequest { transaction_timeout_ms, ..init_request("other") };
        assert_eq!(client.call(&request, 5).error_code, code);
    }
    assert_eq!(codes(&mut client, &produce_in("id", producer, "topic", &[(0, 0)]), PRODUCE_2), [0]);
    let waits = client.call(&init_request("id"), 5).error_code;
    assert_eq!(waits, ErrorCode::ConcurrentTransactions.code(), "nobody waits for the end of the open one");
    for n in 0..40 {
        let long = format!("{n}{}", "x".repeat(30_000));
        assert_eq!(client.call(&init_request(&long), 5).error_code, 0);
    }
    drop(client);
    broker.stop();
    let folders = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let of_states = folders.filter(|path| path.to_string_lossy().contains("__transaction_state-"));
    let logs = of_states.flat_map(|path| std::fs::read_dir(path).unwrap());
    let logs = logs.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".log"));
    assert!(logs.count() > 8, "segments of 64 KiB");
}

/// Protects: X10: an id that is idle for as long as is set is forgotten, one with an open transaction is not; whoever comes again
/// is a new producer.
#[test]
fn idle_ids_are_forgotten_as_set() {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &[("transactional.id.expiration.ms", "300")]);
    let mut client = broker.connect();
    client.create("topic", 1);
    let (idle, open) = (init(&mut client, "idle"), init(&mut client, "open"));
    assert_eq!(codes(&mut client, &produce_in("open", open, "topic", &[(0, 0)]), PRODUCE_2), [0]);
    while !state(&mut client, "idle").is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(state(&mut client, "open"), "Ongoing");
    let gone = client.call(&end("idle", idle, true), END_2).error_code;
    assert_eq!(gone, ErrorCode::InvalidProducerIdMapping.code());
    let again = init(&mut client, "idle");
    assert_eq!((again.0 != idle.0, again.1), (true, 0));
}

/// Protects: an id without an epoch, or an epoch without an id, is refused (KIP-360).
#[test]
fn half_of_a_producer_is_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    for (producer_id, producer_epoch) in [(5, -1), (-1, 5), (i64::MIN, -1)] {
        let request = InitProducerIdRequest { producer_id, producer_epoch, ..idempotent() };
        let response = client.call(&request, 5);
        assert_eq!(response.error_code, ErrorCode::InvalidRequest.code(), "{producer_id} {producer_epoch}");
    }
}
