//! `segment.jitter.ms`, seen in the files of a broker that was stopped.

use crate::batches::{now_ms, timed};
use crate::client::{PRODUCE, produce_request};
use crate::harness::{Broker, folder};
use std::collections::BTreeSet;

const PARTITIONS: i32 = 8;

/// Writes the same batches, so far apart, to every partition; returns how many lengths their first segments have.
fn lengths(of_broker: &[(&str, &str)], of_topic: &[(&str, &str)], apart_ms: i64) -> usize {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), of_broker);
    let mut client = broker.connect();
    client.create_with("topic", PARTITIONS, of_topic);
    let start = now_ms() - 12 * apart_ms;
    for n in 0..11 {
        let batch = timed(&[start + n * apart_ms]);
        let all: Vec<_> = (0..PARTITIONS).map(|partition| (partition, &batch)).collect();
        let response = client.call(&produce_request("topic", &all), PRODUCE);
        assert!(response.responses[0].partition_responses.iter().all(|answer| answer.error_code == 0));
    }
    drop(client);
    broker.stop();
    let first = |partition| {
        let name = format!("topic-{partition}/00000000000000000000.log");
        dir.path().join(name).metadata().unwrap().len()
    };
    (0..PARTITIONS).map(first).collect::<BTreeSet<u64>>().len()
}

/// Protects: segment.jitter.ms: partitions that are written together do not roll together, whether the topic says so or the
/// broker, in milliseconds or in hours; without it they do.
#[test]
fn segment_jitter_acts() {
    const HOUR: i64 = 3_600_000;
    assert_eq!(lengths(&[], &[("segment.ms", "20000")], 2_500), 1);
    let topic = [("segment.ms", "20000"), ("segment.jitter.ms", "20000")];
    assert!(lengths(&[], &topic, 2_000) > 2);
    assert!(lengths(&[("log.roll.ms", "20000"), ("log.roll.jitter.ms", "20000")], &[], 2_000) > 2);
    assert!(lengths(&[("log.roll.hours", "10"), ("log.roll.jitter.hours", "10")], &[], HOUR) > 2);
}
