//! Idempotent producers over the wire: P1, P3, P4, P5, P8 and the produce half of P9 of reliability 3.
//! Across restarts: restart.rs. Random interleavings of a deletion: `tests/prop_again.rs` of `log`. P7 (the wrap takes 2^31 records) and P11 (100,000 producers) are in the tests
//! of `partition`.

use crate::batches::{read_all, sequenced};
use crate::client::{Client, PRODUCE, produce_request};
use crate::harness::{Broker, folder};
use types::{ErrorCode, Uuid};
use wire::delete_topics_request::DeleteTopicState;
use wire::{DeleteTopicsRequest, InitProducerIdRequest, ProduceResponse};

/// A request for a producer id without transactions.
pub fn idempotent() -> InitProducerIdRequest {
    InitProducerIdRequest { transactional_id: None, ..InitProducerIdRequest::default() }
}

/// Gets a producer id.
pub fn new_producer(client: &mut Client) -> i64 {
    let response = client.call(&idempotent(), 5);
    assert_eq!((response.error_code, response.producer_epoch), (0, 0));
    response.producer_id
}

/// Writes a window of five batches of two records each; returns their first offsets.
pub fn window(client: &mut Client, id: i64) -> Vec<i64> {
    (0..5).map(|n| client.put("topic", &sequenced(id, 0, n * 2, 2))).collect()
}

/// Sends a batch; as clients do, again while a shard lags behind a topic that was just made again.
fn code(client: &mut Client, epoch: i16, id: i64, sequence: i32) -> ErrorCode {
    code_in(client, 0, (id, epoch, sequence))
}

fn code_in(client: &mut Client, partition: i32, (id, epoch, sequence): (i64, i16, i32)) -> ErrorCode {
    let request = produce_request("topic", &[(partition, &sequenced(id, epoch, sequence, 2))]);
    loop {
        let code = client.call(&request, PRODUCE).responses[0].partition_responses[0].error_code;
        let code = ErrorCode::from_code(code).unwrap();
        if code != ErrorCode::NotLeaderOrFollower {
            return code;
        }
    }
}

/// Checks that every sequence of a producer is in the topic once, in order.
pub fn expect_once(client: &mut Client, id: i64, records: i64) {
    let all = read_all(client, "topic");
    let of_producer: Vec<_> = all.iter().filter(|(_, v)| v.starts_with(&format!("{id}/"))).collect();
    assert_eq!(i64::try_from(of_producer.len()).unwrap(), records, "{all:?}");
    let mut values: Vec<&String> = of_producer.iter().map(|(_, value)| value).collect();
    values.dedup();
    assert_eq!(values.len(), of_producer.len(), "{all:?}");
}

/// Protects: a resend of any of the last five batches gets its first offset, and nothing is appended (P1).
#[test]
fn resends_get_their_first_offset() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let id = new_producer(&mut client);
    let offsets = window(&mut client, id);
    assert_eq!(offsets, [0, 2, 4, 6, 8]);
    for (n, offset) in (0..).zip(&offsets) {
        assert_eq!(client.put("topic", &sequenced(id, 0, n * 2, 2)), *offset, "position {n}");
    }
    assert_eq!(client.end("topic"), 10);
    assert_eq!(client.put("topic", &sequenced(id, 0, 10, 2)), 10);
}

/// Protects: a resend that overtakes the sync of its first copy waits for it; both get the same offset,
/// from one connection and from two (P3).
#[test]
fn a_resend_waits_for_its_first_copy() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let (mut client, mut other) = (broker.connect(), broker.connect());
    client.create("topic", 1);
    let id = new_producer(&mut client);
    for round in 0..20 {
        let request = produce_request("topic", &[(0, &sequenced(id, 0, round * 2, 2))]);
        let numbers = [client.send(&request, PRODUCE), client.send(&request, PRODUCE)];
        let number = other.send(&request, PRODUCE);
        let mut answers = vec![other.receive::<ProduceResponse>(PRODUCE, number)];
        answers.extend(numbers.map(|number| client.receive::<ProduceResponse>(PRODUCE, number)));
        for response in answers {
            let answer = &response.responses[0].partition_responses[0];
            assert_eq!((answer.error_code, answer.base_offset), (0, i64::from(round) * 2), "round {round}");
        }
    }
    assert_eq!(client.end("topic"), 40);
}

/// Protects: a resend from before the window is a duplicate, which clients take for success; never a gap
/// (P4).
#[test]
fn a_resend_from_before_the_window_is_a_duplicate() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let id = new_producer(&mut client);
    window(&mut client, id);
    client.put("topic", &sequenced(id, 0, 10, 2));
    assert_eq!(code(&mut client, 0, id, 0), ErrorCode::DuplicateSequenceNumber);
    assert_eq!(client.end("topic"), 12);
}

/// Protects: a gap is refused, and so is a batch that overlaps what is stored; the right one goes on (P5).
#[test]
fn a_gap_is_out_of_order() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let id = new_producer(&mut client);
    client.put("topic", &sequenced(id, 0, 0, 2));
    for sequence in [1, 3, 4, 1 << 29] {
        assert_eq!(code(&mut client, 0, id, sequence), ErrorCode::OutOfOrderSequenceNumber, "{sequence}");
    }
    assert_eq!(client.end("topic"), 2);
    assert_eq!(client.put("topic", &sequenced(id, 0, 2, 2)), 2);
}

/// Protects: after a gap in a pipeline everything behind it is refused too, so that order is kept.
#[test]
fn a_gap_in_a_pipeline_stops_what_follows() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let id = new_producer(&mut client);
    let numbers: Vec<i32> = [0, 4, 6, 2]
        .map(|n| client.send(&produce_request("topic", &[(0, &sequenced(id, 0, n, 2))]), PRODUCE))
        .into();
    let codes: Vec<i16> = numbers
        .into_iter()
        .map(|number| client.receive::<ProduceResponse>(PRODUCE, number))
        .map(|response| response.responses[0].partition_responses[0].error_code)
        .collect();
    let gap = ErrorCode::OutOfOrderSequenceNumber.code();
    assert_eq!(codes, [0, gap, gap, 0]);
    expect_once(&mut client, id, 4);
}

/// Protects: what an unknown producer sends is its first batch or refused: it may have been here before
/// (P8).
#[test]
fn an_unknown_producer_begins_at_0() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    for sequence in [1, 77, i32::MAX] {
        assert_eq!(code(&mut client, 0, 4_711, sequence), ErrorCode::UnknownProducerId, "{sequence}");
    }
    assert_eq!(client.end("topic"), 0);
    assert_eq!(client.put("topic", &sequenced(4_711, 3, 0, 2)), 0, "whatever its epoch");
}

/// Protects: in a topic that was deleted and made anew a producer goes on with the batch that the old one would have taken next, by
/// name and by id, and with no other; the old id is an unknown topic (P8).
#[test]
fn a_recreated_topic_goes_on_where_the_old_one_ended() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let mut topics = vec![client.create_with("topic", 1, &[])];
    let id = new_producer(&mut client);
    client.put("topic", &sequenced(id, 0, 0, 2));
    for round in 1..=4 {
        let next = round * 4 - 2;
        delete(&mut client, "topic");
        assert_eq!(code(&mut client, 0, id, next), ErrorCode::UnknownTopicOrPartition);
        assert_eq!(by_id(&mut client, topics[0], id, next), ErrorCode::UnknownTopicId.code());
        topics.push(client.create_with("topic", 1, &[]));
        assert_eq!(code(&mut client, 0, id, next + 2), ErrorCode::OutOfOrderSequenceNumber, "it overtakes");
        assert_eq!(code(&mut client, 0, id, next - 1), ErrorCode::UnknownProducerId, "it was here before");
        assert_eq!(
            code(&mut client, 1, id, next),
            ErrorCode::OutOfOrderSequenceNumber,
            "a new epoch is at 0"
        );
        assert_eq!(by_id(&mut client, topics[0], id, next), ErrorCode::UnknownTopicId.code());
        assert_eq!(client.end("topic"), 0);
        assert_eq!(by_id(&mut client, *topics.last().unwrap(), id, next), 0);
        assert_eq!(client.put("topic", &sequenced(id, 0, next, 2)), 0, "a resend");
        assert_eq!(client.put("topic", &sequenced(id, 0, next + 2, 2)), 2);
        expect_once(&mut client, id, 4);
    }
    topics.sort_unstable();
    topics.dedup();
    assert_eq!(topics.len(), 5, "a new topic has a new id");
}

/// Protects: what is not known to be the next batch is not taken in a topic that was made anew: of a producer that had written nothing,
/// or in another partition; after the begin of a new stream was refused; after a restart in between (P8).
#[test]
fn a_recreated_topic_takes_no_guess() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let [id, new, other] = [(); 3].map(|()| new_producer(&mut client));
    client.put("topic", &sequenced(id, 0, 0, 2));
    client.put("topic", &sequenced(other, 0, 0, 2));
    delete(&mut client, "topic");
    assert_eq!(code(&mut client, 0, id, 0), ErrorCode::UnknownTopicOrPartition, "a new stream, refused");
    client.create("topic", 2);
    for (id, sequence) in [(id, 2), (new, 2), (4_711, 2)] {
        assert_eq!(code(&mut client, 0, id, sequence), ErrorCode::UnknownProducerId, "{id}");
    }
    assert_eq!(code_in(&mut client, 1, (other, 0, 2)), ErrorCode::UnknownProducerId);
    let broker = broker.restart();
    let mut client = broker.connect();
    assert_eq!(code(&mut client, 0, other, 2), ErrorCode::UnknownProducerId);
    assert_eq!(client.end("topic"), 0);
    assert_eq!(client.put("topic", &sequenced(other, 1, 0, 2)), 0, "with the next epoch it begins anew");
}

fn by_id(client: &mut Client, topic: Uuid, id: i64, sequence: i32) -> i16 {
    let mut request = produce_request("", &[(0, &sequenced(id, 0, sequence, 2))]);
    request.topic_data[0].topic_id = topic;
    loop {
        let code = client.call(&request, 13).responses[0].partition_responses[0].error_code;
        if code != ErrorCode::NotLeaderOrFollower.code() {
            return code;
        }
    }
}

pub fn delete(client: &mut Client, name: &str) {
    let topics = vec![DeleteTopicState { name: Some(name.into()), ..DeleteTopicState::default() }];
    let request = DeleteTopicsRequest { topics, timeout_ms: 30_000, ..DeleteTopicsRequest::default() };
    assert_eq!(client.call(&request, 6).responses[0].error_code, 0);
}

/// Protects: an older incarnation of a producer is fenced, a newer one begins at 0 (P9).
#[test]
fn an_older_epoch_is_fenced() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let id = new_producer(&mut client);
    client.put("topic", &sequenced(id, 0, 0, 2));
    assert_eq!(code(&mut client, 1, id, 2), ErrorCode::OutOfOrderSequenceNumber, "a new epoch is at 0");
    client.put("topic", &sequenced(id, 1, 0, 2));
    for sequence in [0, 2, 4] {
        assert_eq!(code(&mut client, 0, id, sequence), ErrorCode::InvalidProducerEpoch, "{sequence}");
    }
    assert_eq!(client.end("topic"), 4);
}

/// Protects: no two producers get the same id, from several connections at once.
#[test]
fn producer_ids_are_unique() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut clients: Vec<Client> = (0..4).map(|_| broker.connect()).collect();
    let mut ids = Vec::new();
    for _ in 0..50 {
        let numbers: Vec<i32> = clients.iter_mut().map(|client| client.send(&idempotent(), 5)).collect();
        for (client, number) in clients.iter_mut().zip(numbers) {
            ids.push(client.receive::<wire::InitProducerIdResponse>(5, number).producer_id);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 200);
}
