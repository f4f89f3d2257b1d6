//! P8 for a topic that is deleted and made again under a running idempotent producer: it goes on by itself.
//!
//! Batches are on their way all the time, and it happens several times. Every record handed to the client after the last topic
//! was there must be acknowledged and be in it, once and in order; no record may be given up or be there twice. (franz-go
//! never adopts the new topic's id: it gives records back until the application purges the topic. What it gave back must not be there.)

use crate::broker::Broker;
use crate::ledger::Ledger;
use crate::program;
use crate::toolbox::{self, Family, or_skip};

const PARTITIONS: u32 = 2;
/// Records acknowledged in each topic, at least.
const SHARE: u64 = 1_000;
const ROUNDS: usize = 4;

fn goes_on(test: &str, writer: Result<Family, String>, reader: Result<Family, String>) {
    let clients = toolbox::both(toolbox::both(writer, reader), toolbox::go(&[]));
    let Some(((writer, reader), _go)) = or_skip(test, clients) else { return };
    let mut broker = Broker::start(&["auto.create.topics.enable=false"]);
    let (address, partitions) = (broker.address(), PARTITIONS.to_string());
    let admin = |words: &[&str]| program::run("franz-go", &mut toolbox::go(words).unwrap());
    admin(&["create", &address, "again", &partitions]);
    let mut producer = writer.load(&address, "again", PARTITIONS);
    let (mut ledger, mut first) = (Ledger::default(), 0);
    for _ in 0..ROUNDS {
        while ledger.highest() < Some(first + SHARE) {
            let Some(line) = producer.line() else { producer.fail("it ended") };
            ledger.note(&line);
        }
        admin(&["delete", &address, "again"]);
        admin(&["create", &address, "again", &partitions]);
        producer.tell("which record is next?");
        first = loop {
            let Some(line) = producer.line() else { producer.fail("it ended") };
            ledger.note(&line);
            if let Some(number) = line.strip_prefix("M ") {
                break number.parse().unwrap();
            }
        };
    }
    while ledger.highest() < Some(first + SHARE) {
        let Some(line) = producer.line() else { producer.fail("it ended") };
        ledger.note(&line);
    }
    for line in producer.succeed() {
        ledger.note(&line);
    }
    let found = reader.drain(&address, "again", PARTITIONS);
    let verdict = ledger.judge(&found, first);
    verdict.unwrap_or_else(|e| panic!("{}: {e}", writer.name()));
    broker.stop();
}

/// Protects P8: Kafka's Java producer goes on in a topic that was made again, nothing lost or doubled.
#[test]
fn java_goes_on_in_a_recreated_topic() {
    goes_on("java_goes_on_in_a_recreated_topic", toolbox::java("4.3.1"), toolbox::franz_go());
}

/// Protects P8: librdkafka's producer goes on in a topic that was made again, nothing lost or doubled, although it would take the refusal
/// of a batch that has met the time between the two topics for a risk, and stop.
#[test]
fn librdkafka_goes_on_in_a_recreated_topic() {
    goes_on("librdkafka_goes_on_in_a_recreated_topic", toolbox::confluent(), toolbox::franz_go());
}

/// Protects P8: franz-go's producer goes on by itself in a topic that was made again, where it knows topics by name.
#[test]
fn franz_go_goes_on_in_a_recreated_topic() {
    let writer = toolbox::franz_go().map(Family::by_name);
    goes_on("franz_go_goes_on_in_a_recreated_topic", writer, toolbox::confluent());
}

/// Protects: where franz-go knows topics by id, nothing of the old topic gets into the new one, and after a purge it goes on.
#[test]
fn franz_go_goes_on_after_a_purge() {
    goes_on("franz_go_goes_on_after_a_purge", toolbox::franz_go(), toolbox::confluent());
}
