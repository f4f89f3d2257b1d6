//! ListOffsets: special timestamps, by time, epochs, versions (A12, A25).

use crate::batches::{batch, now_ms, timed};
use crate::client::{LIST_OFFSETS, offsets_request};
use crate::harness::{Broker, folder};
use types::ErrorCode;
use wire::ListOffsetsRequest;

/// Protects: each special timestamp means what it means to Kafka, in the versions that have it.
#[test]
fn special_timestamps() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    for special in [-1, -2, -4] {
        assert_eq!(client.offset("topic", special).offset, 0, "{special} of an empty log");
    }
    assert_eq!(client.offset("topic", -3).offset, -1, "no record, no largest timestamp");
    let now = now_ms();
    client.put("topic", &timed(&[now - 30, now - 10, now - 20]));
    client.put("topic", &timed(&[now - 15]));
    let mut ask = |special, version| {
        let response = client.call(&offsets_request("topic", special), version);
        let answer = &response.topics[0].partitions[0];
        (answer.error_code, answer.offset, answer.timestamp)
    };
    let unsupported = (ErrorCode::UnsupportedVersion.code(), -1, -1);
    for version in 1..=11 {
        let from = |first, answer| if version >= first { answer } else { unsupported };
        assert_eq!(ask(-1, version), (0, 4, -1), "latest, version {version}");
        assert_eq!(ask(-2, version), (0, 0, -1), "earliest, version {version}");
        assert_eq!(ask(-3, version), from(7, (0, 1, now - 10)), "largest timestamp, version {version}");
        assert_eq!(ask(-4, version), from(8, (0, 0, -1)), "earliest local, version {version}");
        assert_eq!(ask(-5, version), from(9, (0, -1, -1)), "latest tiered, version {version}");
        assert_eq!(ask(-6, version), from(11, (0, -1, -1)), "pending upload, version {version}");
        for unknown in [-7, -100, i64::MIN] {
            assert_eq!(ask(unknown, version), unsupported, "{unknown}, version {version}");
        }
    }
}

/// Protects: by time the first record at or after it is found, within a batch, before a restart and after.
#[test]
fn by_time() {
    let dir = folder();
    let mut broker = Broker::start(dir.path());
    let now = now_ms();
    {
        let mut client = broker.connect();
        client.create("topic", 1);
        for batch in [[now - 900, now - 800], [now - 700, now - 750], [now - 600, now - 500]] {
            client.put("topic", &timed(&batch));
        }
    }
    for _ in 0..2 {
        let mut client = broker.connect();
        for (time, offset, timestamp) in [
            (0, 0, now - 900),
            (now - 900, 0, now - 900),
            (now - 850, 1, now - 800),
            (now - 799, 2, now - 700),
            (now - 700, 2, now - 700),
            (now - 650, 4, now - 600),
            (now - 500, 5, now - 500),
            (now - 499, -1, -1),
            (i64::MAX, -1, -1),
        ] {
            let found = client.offset("topic", time);
            assert_eq!((found.error_code, found.offset, found.timestamp), (0, offset, timestamp));
        }
        broker = broker.restart();
    }
}

/// Protects: unknown partitions, other leaderships and duplicates are refused one by one.
#[test]
fn refusals() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 3);
    client.put("topic", &batch(&["v"]));
    let epoch = client.offset("topic", -1).leader_epoch;
    assert!(epoch >= 0);
    let mut request = offsets_request("topic", -1);
    let asked = request.topics[0].partitions[0].clone();
    let with = |partition_index, current_leader_epoch| {
        let asked = asked.clone();
        wire::list_offsets_request::ListOffsetsPartition { partition_index, current_leader_epoch, ..asked }
    };
    request.topics[0].partitions =
        vec![with(0, epoch), with(99, -1), with(-1, -1), with(1, epoch + 1), with(2, -1), with(2, -1)];
    let response = client.call(&request, LIST_OFFSETS);
    let codes: Vec<i16> = response.topics[0].partitions.iter().map(|p| p.error_code).collect();
    let (unknown, newer, twice) = (
        ErrorCode::UnknownTopicOrPartition.code(),
        ErrorCode::UnknownLeaderEpoch.code(),
        ErrorCode::InvalidRequest.code(),
    );
    assert_eq!(codes, [0, unknown, unknown, newer, twice, twice]);
    let mut at = |isolation_level| {
        let request = ListOffsetsRequest { isolation_level, ..offsets_request("topic", -1) };
        let found = client.call(&request, LIST_OFFSETS).topics[0].partitions[0].clone();
        (found.error_code, found.offset)
    };
    assert_eq!([0, 1].map(&mut at), [(0, 1); 2]);
    assert_eq!([-1, 2, 7].map(at), [(ErrorCode::InvalidRequest.code(), -1); 3], "levels that nobody knows");
    assert_eq!(client.offset("nowhere", -1).error_code, unknown);
}
