//! One round trip with each client: keys, nulls, headers, timestamps and every codec come back equal and in order.
//!
//! The programs create the topics, write 10,000 records with acks=all and idempotence, read them by assignment and compare; then
//! a client of another family reads the same.

use crate::broker::Broker;
use crate::program;
use crate::toolbox::{self, Family, or_skip};
use std::time::{SystemTime, UNIX_EPOCH};

const RECORDS: &str = "10000";

fn round_trip(test: &str, writer: Result<Family, String>, other: Result<Family, String>) {
    let Some((writer, other)) = or_skip(test, toolbox::both(writer, other)) else { return };
    let mut broker = Broker::start(&[]);
    #[allow(clippy::disallowed_methods)] // records stamped long ago could fall to retention
    let base_time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().to_string();
    let (address, rest) = (broker.address(), [RECORDS, &base_time]);
    let arguments = [address.as_str(), "trip", rest[0], rest[1]];
    let own = program::run(writer.name(), &mut writer.round_trip("both", &arguments));
    let foreign = program::run(other.name(), &mut other.round_trip("read", &arguments));
    for said in [own, foreign] {
        assert!(said.last().unwrap().ends_with("10000 records equal and in order"), "{said:?}");
    }
    broker.stop();
}

/// Protects: confluent-kafka (librdkafka) reads back what it wrote, and franz-go reads the same.
#[test]
fn confluent_kafka_round_trip() {
    round_trip("confluent_kafka_round_trip", toolbox::confluent(), toolbox::franz_go());
}

/// Protects: kafka-python reads back what it wrote, and confluent-kafka reads the same.
#[test]
fn kafka_python_round_trip() {
    round_trip("kafka_python_round_trip", toolbox::kafka_python(), toolbox::confluent());
}

/// Protects: franz-go reads back what it wrote, and kafka-python reads the same.
#[test]
fn franz_go_round_trip() {
    round_trip("franz_go_round_trip", toolbox::franz_go(), toolbox::kafka_python());
}

/// Protects: Kafka's Java client of our baseline reads back what it wrote, and confluent-kafka reads the same.
#[test]
fn java_4_3_1_round_trip() {
    round_trip("java_4_3_1_round_trip", toolbox::java("4.3.1"), toolbox::confluent());
}

/// Protects: a Java client newer than our baseline settles on versions that we know, and reads back what it wrote.
#[test]
fn java_4_4_0_round_trip() {
    round_trip("java_4_4_0_round_trip", toolbox::java("4.4.0"), toolbox::franz_go());
}

/// Protects: the oldest Java client that Kafka 4.3.1 serves, from before Java's client knew topic ids or leader epochs of records, reads
/// back what it wrote, and franz-go reads the same.
#[test]
fn java_2_1_1_round_trip() {
    round_trip("java_2_1_1_round_trip", toolbox::java("2.1.1"), toolbox::franz_go());
}
