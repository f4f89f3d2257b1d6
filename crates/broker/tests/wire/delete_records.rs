//! DeleteRecords over the wire: what is answered is gone for good, and nothing else is.

use crate::batches::{batch, fetched, sequenced};
use crate::client::Client;
use crate::harness::{Broker, folder};
use crate::idempotence::new_producer;
use types::ErrorCode;
use wire::DeleteRecordsRequest;
use wire::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};

const VERSION: i16 = 2;
const PAGE_CACHE: [(&str, &str); 1] = [("highwater.durability", "page-cache")];

/// A request to delete the records of some partitions below an offset.
pub fn delete_request(topic: &str, partitions: &[(i32, i64)]) -> DeleteRecordsRequest {
    let partition =
        |(index, offset): &(i32, i64)| DeleteRecordsPartition { partition_index: *index, offset: *offset };
    let partitions = partitions.iter().map(partition).collect();
    DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic { name: topic.into(), partitions }],
        timeout_ms: 30_000,
    }
}

/// Deletes in partition 0; returns code and log start.
fn delete(client: &mut Client, topic: &str, offset: i64) -> (i16, i64) {
    let response = client.call(&delete_request(topic, &[(0, offset)]), VERSION);
    let partition = &response.topics[0].partitions[0];
    (partition.error_code, partition.low_watermark)
}

fn fill(client: &mut Client, topic: &str) {
    (0..5).for_each(|n| _ = client.put(topic, &batch(&[&format!("{n}a"), &format!("{n}b")])));
}

/// Protects: W-8: what was answered as deleted stays deleted over a kill and a restart, nothing above it is lost, and
/// ListOffsets and Fetch see the new start; of page-cache topics too (W-16).
#[test]
fn deleted_records_stay_deleted() {
    for configs in [&[][..], &PAGE_CACHE] {
        let (dir, copy) = (folder(), folder());
        let broker = Broker::start(dir.path());
        let mut client = broker.connect();
        client.create_with("topic", 1, configs);
        fill(&mut client, "topic");
        // In the middle of a batch: it is kept whole, and not shown below the start.
        assert_eq!(delete(&mut client, "topic", 3), (0, 3));
        let killed = broker.crash_into(copy.path());
        for broker in [killed, broker.restart()] {
            let mut client = broker.connect();
            assert_eq!(client.offset("topic", -2).offset, 3);
            assert_eq!(client.fetch("topic", 2).error_code, ErrorCode::OffsetOutOfRange.code());
            let data = client.fetch("topic", 3);
            assert_eq!((data.error_code, data.log_start_offset), (0, 3));
            let above: Vec<i64> =
                fetched(&data).iter().map(|(offset, _)| *offset).filter(|o| *o >= 3).collect();
            assert_eq!(above, [3, 4, 5, 6, 7, 8, 9]);
            assert_eq!(client.put("topic", &batch(&["next"])), 10);
        }
    }
}

/// Protects: -1 deletes all that is committed; the log goes on from its end, also after a kill.
#[test]
fn all_records_can_go() {
    for configs in [&[][..], &PAGE_CACHE] {
        let (dir, copy) = (folder(), folder());
        let broker = Broker::start(dir.path());
        let mut client = broker.connect();
        client.create_with("topic", 1, configs);
        fill(&mut client, "topic");
        assert_eq!(delete(&mut client, "topic", -1), (0, 10));
        let broker = broker.crash_into(copy.path());
        let mut client = broker.connect();
        assert_eq!((client.offset("topic", -2).offset, client.end("topic")), (10, 10));
        assert_eq!(client.put("topic", &batch(&["next"])), 10);
        assert_eq!(fetched(&client.fetch("topic", 10)), [(10, "next".to_owned())]);
    }
}

/// Protects: answers are Kafka's: beyond the high watermark and below zero is out of range, below the start is done
/// already, what is unknown is named, and one partition does not spoil another.
#[test]
fn refusals_are_kafkas() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    client.create_with("compacted", 1, &[("cleanup.policy", "compact")]);
    fill(&mut client, "topic");
    client.put("compacted", &batch(&["v"]));
    let out_of_range = ErrorCode::OffsetOutOfRange.code();
    for offset in [11, i64::MAX, -2, i64::MIN] {
        assert_eq!(delete(&mut client, "topic", offset), (out_of_range, -1), "{offset}");
    }
    assert_eq!(delete(&mut client, "topic", 4), (0, 4));
    assert_eq!(delete(&mut client, "topic", 2), (0, 4));
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!(delete(&mut client, "nowhere", 0), (unknown, -1));
    assert_eq!(delete(&mut client, "compacted", 1), (ErrorCode::PolicyViolation.code(), -1));
    let response = client.call(&delete_request("topic", &[(7, 0), (0, 5)]), VERSION);
    let each: Vec<(i16, i64)> =
        response.topics[0].partitions.iter().map(|p| (p.error_code, p.low_watermark)).collect();
    assert_eq!(each, [(unknown, -1), (0, 5)]);
    let none = DeleteRecordsRequest { topics: Vec::new(), timeout_ms: 1 };
    assert_eq!(client.call(&none, VERSION).topics, []);
}

/// Protects: A12: a partition that stands twice in a request is refused, and nothing of it is deleted.
#[test]
fn a_partition_that_stands_twice_keeps_its_records() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    fill(&mut client, "topic");
    let response = client.call(&delete_request("topic", &[(0, 3), (0, 5)]), VERSION);
    let codes: Vec<i16> = response.topics[0].partitions.iter().map(|p| p.error_code).collect();
    assert_eq!(codes, [ErrorCode::InvalidRequest.code(); 2]);
    assert_eq!(client.offset("topic", -2).offset, 0);
}

/// Protects: W-9: a producer whose records are all deleted goes on with its sequence, and a resend is found.
#[test]
fn producers_go_on_after_a_deletion() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let id = new_producer(&mut client);
    assert_eq!(client.put("topic", &sequenced(id, 0, 0, 2)), 0);
    assert_eq!(client.put("topic", &sequenced(id, 0, 2, 2)), 2);
    assert_eq!(delete(&mut client, "topic", -1), (0, 4));
    let broker = broker.restart();
    let mut client = broker.connect();
    assert_eq!(client.put("topic", &sequenced(id, 0, 2, 2)), 2, "it is a resend");
    assert_eq!(client.put("topic", &sequenced(id, 0, 4, 1)), 4);
}

/// Protects: many deletions at once, in one request and pipelined, are all answered; each start only rises.
#[test]
fn many_deletions_are_all_answered() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 600);
    let all: Vec<(i32, i64)> = (0..600).map(|partition| (partition, -1)).collect();
    let numbers: Vec<i32> = (0..3).map(|_| client.send(&delete_request("topic", &all), VERSION)).collect();
    for number in numbers {
        let response: wire::DeleteRecordsResponse = client.receive(VERSION, number);
        let done = response.topics[0].partitions.iter().filter(|p| (p.error_code, p.low_watermark) == (0, 0));
        assert_eq!(done.count(), 600);
    }
}
