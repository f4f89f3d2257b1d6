//! Produce: acks, order of refusals, versions of errors, topic ids, what a topic's settings ask.

use crate::batches::{batch, fetched, now_ms, patched, sized, timed};
use crate::client::{PRODUCE, fetch_request, produce_request};
use crate::harness::{Broker, folder};
use bytes::Bytes;
use types::{ErrorCode, Uuid};
use wire::ProduceRequest;

fn with_acks(acks: i16, topic: &str, batch: &Bytes) -> ProduceRequest {
    ProduceRequest { acks, ..produce_request(topic, &[(0, batch)]) }
}

/// Protects: acks=0 is stored and not answered; the next request of the connection is answered next.
#[test]
fn acks_0_has_no_answer() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    for value in ["a", "b"] {
        client.send(&with_acks(0, "topic", &batch(&[value])), PRODUCE);
    }
    assert_eq!(client.put("topic", &batch(&["c"])), 2);
    let values: Vec<String> = fetched(&client.fetch("topic", 0)).into_iter().map(|(_, v)| v).collect();
    assert_eq!(values, ["a", "b", "c"]);
}

/// Protects: with acks=0 a refusal closes the connection, since there is no other way to tell (A21).
#[test]
fn acks_0_with_an_error_closes() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    client.send(&with_acks(0, "nowhere", &batch(&["a"])), PRODUCE);
    client.expect_closed("unknown topic");
    let mut other = broker.connect();
    other.send(&with_acks(0, "topic", &patched(&batch(&["a"]), 22, &[7])), PRODUCE);
    other.expect_closed("unknown codec");
    assert_eq!(broker.connect().end("topic"), 0);
}

/// Protects: acks other than -1, 0 and 1 are refused before the batch is judged and after the topic is
/// (A21, W-15).
#[test]
fn other_acks_are_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let broken = Bytes::from_static(b"no batch at all");
    for acks in [2, 7, -2, i16::MAX, i16::MIN] {
        for (topic, batch, code) in [
            ("topic", &batch(&["a"]), ErrorCode::InvalidRequiredAcks),
            ("topic", &broken, ErrorCode::InvalidRequiredAcks),
            ("nowhere", &broken, ErrorCode::UnknownTopicOrPartition),
        ] {
            let response = client.call(&with_acks(acks, topic, batch), PRODUCE);
            assert_eq!(response.responses[0].partition_responses[0].error_code, code.code(), "acks {acks}");
        }
    }
    assert_eq!(client.end("topic"), 0);
}

/// Protects: acks=1 does not look at the request's time-out, as in Kafka; the batch is stored once.
#[test]
fn acks_1_ignores_the_time_out() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    for timeout_ms in [0, -1, i32::MIN, i32::MAX] {
        let request = ProduceRequest { timeout_ms, ..with_acks(1, "topic", &batch(&["a"])) };
        let response = client.call(&request, PRODUCE);
        assert_eq!(response.responses[0].partition_responses[0].error_code, 0, "time-out {timeout_ms}");
    }
    assert_eq!(client.end("topic"), 4);
}

/// Protects: each partition of a request has its own answer, in the request's order; one that is refused
/// does not touch the others.
#[test]
fn partitions_are_answered_one_by_one() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 4);
    let (good, bad) = (batch(&["a"]), patched(&batch(&["a"]), 22, &[7]));
    let parts = [(3, &good), (99, &good), (-1, &good), (1, &bad), (0, &good)];
    let response = client.call(&produce_request("topic", &parts), PRODUCE);
    let answers: Vec<_> =
        response.responses[0].partition_responses.iter().map(|p| (p.index, p.error_code)).collect();
    let (unknown, codec) =
        (ErrorCode::UnknownTopicOrPartition.code(), ErrorCode::UnsupportedCompressionType.code());
    assert_eq!(answers, [(3, 0), (99, unknown), (-1, unknown), (1, codec), (0, 0)]);
    assert_eq!(client.end("topic"), 1);
}

/// Protects: a refusal can be told in every version, with its records where the version has them.
#[test]
fn refused_records_are_named() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let id = client.create_with("topic", 1, &[]);
    let late = now_ms() + 48 * 3_600_000;
    let batch = timed(&[now_ms(), late, now_ms()]);
    for version in 3..=13 {
        let mut request = produce_request("topic", &[(0, &batch)]);
        if version >= 13 {
            request.topic_data[0].name = String::new();
            request.topic_data[0].topic_id = id;
        }
        let response = client.call(&request, version);
        let answer = &response.responses[0].partition_responses[0];
        assert_eq!(answer.error_code, ErrorCode::InvalidTimestamp.code(), "version {version}");
        let named: Vec<i32> = answer.record_errors.iter().map(|e| e.batch_index).collect();
        assert_eq!(named, if version >= 8 { vec![1] } else { vec![] }, "version {version}");
        assert_eq!(answer.error_message.is_some(), version >= 8);
    }
    assert_eq!(client.end("topic"), 0);
}

/// Protects: an unknown name, an unknown id and the zero id are told apart.
#[test]
fn unknown_topics_are_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    for name in ["nowhere", "", "a/b", "../x"] {
        let code = client.produce(name, &batch(&["a"])).error_code;
        assert_eq!(code, ErrorCode::UnknownTopicOrPartition.code(), "{name:?}");
    }
    for id in [Uuid::ZERO, Uuid([9; 16])] {
        let mut request = produce_request("", &[(0, &batch(&["a"]))]);
        request.topic_data[0].topic_id = id;
        let response = client.call(&request, 13);
        let answer = &response.responses[0];
        assert_eq!(answer.partition_responses[0].error_code, ErrorCode::UnknownTopicId.code());
        assert_eq!(answer.topic_id, id);
    }
}

/// Protects: LogAppendTime sets the time of the append and says so; CreateTime keeps the producer's.
#[test]
fn timestamps_are_the_topics() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create_with("appended", 1, &[("message.timestamp.type", "LogAppendTime")]);
    client.create("created", 1);
    let old = timed(&[1_000, 2_000]);
    let before = now_ms();
    let appended = client.produce("appended", &old);
    assert!((before..=now_ms()).contains(&appended.log_append_time_ms), "{appended:?}");
    assert_eq!(client.offset("appended", -3).timestamp, appended.log_append_time_ms);
    assert_eq!(client.produce("created", &old).log_append_time_ms, -1);
    let latest = client.offset("created", -3);
    assert_eq!((latest.timestamp, latest.offset), (2_000, 1));
}

/// Protects: a topic's own limits hold, at their edge too.
#[test]
fn limits_are_the_topics() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let exact = sized(5_000);
    client.create_with("small", 1, &[("max.message.bytes", &exact.len().to_string())]);
    assert_eq!(client.put("small", &exact), 0);
    let code = client.produce("small", &sized(5_001)).error_code;
    assert_eq!(code, ErrorCode::MessageTooLarge.code());
    client.create_with("keyed", 1, &[("cleanup.policy", "compact")]);
    let mut builder = wire::record::BatchBuilder::new(wire::record::Codec::None);
    builder.push(types::WallTime(now_ms()), None, Some(b"no key"), &[]);
    let refused = client.produce("keyed", &builder.build().unwrap());
    assert_eq!(refused.error_code, ErrorCode::InvalidRecord.code());
    assert_eq!(refused.record_errors[0].batch_index, 0);
}

/// Protects: a request with more batches than the write-ahead log takes at once is refused and does not
/// wait for ever for room; nothing of it is stored.
#[test]
fn a_request_beyond_the_log_is_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 100);
    let large = sized(45_000);
    let parts: Vec<(i32, &Bytes)> = (0..100).map(|partition| (partition, &large)).collect();
    let response = client.call(&produce_request("topic", &parts), PRODUCE);
    let codes = response.responses[0].partition_responses.iter().map(|p| p.error_code);
    assert!(codes.eq([ErrorCode::RecordListTooLarge.code(); 100]));
    let response = client.call(&produce_request("topic", &parts[..30]), PRODUCE);
    let codes = response.responses[0].partition_responses.iter().map(|p| p.error_code);
    assert_eq!(codes.collect::<Vec<_>>(), [0; 30]);
    assert_eq!(client.call(&fetch_request("topic", 0), 12).responses.len(), 1);
}
