//! P8 for a topic that is deleted and made again under a running idempotent producer: it goes on by itself.
//!
//! The broker does not know the producer in the new topic, while its sequence is above 0. Every record handed to the client after the new
//! topic was there must be acknowledged and be in it, once and in order; no record may be given up or be there twice. (franz-go
//! never adopts the new topic's id: it gives records back until the application purges the topic. What it gave back must not be there.
//! librdkafka takes the refusal as fatal when batches were on their way, see COMPAT.md: it rests meanwhile.)

use crate::broker::Broker;
use crate::ledger::Ledger;
use crate::program;
use crate::toolbox::{self, Family, or_skip};

const PARTITIONS: u32 = 2;
const SHARE: usize = 1_000;

/// What the producer does while the topic is deleted and made again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    Sends,
    /// Everything is acknowledged, nothing is sent.
    Rests,
}

fn goes_on(test: &str, writer: Result<Family, String>, reader: Result<Family, String>, meanwhile: Meanwhile) {
    let clients = toolbox::both(toolbox::both(writer, reader), toolbox::go(&[]));
    let Some(((writer, reader), _go)) = or_skip(test, clients) else { return };
    let mut broker = Broker::start(&["auto.create.topics.enable=false"]);
    let (address, partitions) = (broker.address(), PARTITIONS.to_string());
    let admin = |words: &[&str]| program::run("franz-go", &mut toolbox::go(words).unwrap());
    admin(&["create", &address, "again", &partitions]);
    let mut producer = writer.load(&address, "again", PARTITIONS);
    let (mut ledger, mut first_after) = (Ledger::default(), None);
    while first_after.is_none() || ledger.highest() < first_after.map(|first| first + SHARE as u64) {
        let Some(line) = producer.line() else { producer.fail("it ended") };
        let make_again = || {
            admin(&["delete", &address, "again"]);
            admin(&["create", &address, "again", &partitions]);
        };
        if ledger.note(&line) && ledger.count() == SHARE {
            match meanwhile {
                Meanwhile::Rests => producer.tell("rest"),
                Meanwhile::Sends => {
                    make_again();
                    producer.tell("which record is next?");
                }
            }
        }
        if let Some(number) = line.strip_prefix("M ") {
            first_after = Some(number.parse().unwrap());
            if meanwhile == Meanwhile::Rests {
                make_again();
                producer.tell("go on");
            }
        }
    }
    for line in producer.succeed() {
        ledger.note(&line);
    }
    let found = reader.drain(&address, "again", PARTITIONS);
    let verdict = ledger.judge(&found, first_after.unwrap());
    verdict.unwrap_or_else(|e| panic!("{}: {e}", writer.name()));
    broker.stop();
}

/// Protects P8: Kafka's Java producer goes on in a topic that was made again, nothing lost or doubled.
#[test]
fn java_goes_on_in_a_recreated_topic() {
    goes_on(
        "java_goes_on_in_a_recreated_topic",
        toolbox::java("4.3.1"),
        toolbox::franz_go(),
        Meanwhile::Sends,
    );
}

/// Protects P8: librdkafka's producer goes on in a topic that was made again, nothing lost or doubled. With batches on the way it may
/// meet the time between the two topics, and takes that answer together with ours for a risk: then it stops (COMPAT.md).
#[test]
fn librdkafka_goes_on_after_a_rest() {
    let (writer, reader) = (toolbox::confluent(), toolbox::franz_go());
    goes_on("librdkafka_goes_on_after_a_rest", writer, reader, Meanwhile::Rests);
}

/// Protects P8: franz-go's producer goes on by itself in a topic that was made again, where it knows topics by name.
#[test]
fn franz_go_goes_on_in_a_recreated_topic() {
    let writer = toolbox::franz_go().map(Family::by_name);
    goes_on("franz_go_goes_on_in_a_recreated_topic", writer, toolbox::confluent(), Meanwhile::Sends);
}

/// Protects: where franz-go knows topics by id, nothing of the old topic gets into the new one, and after a purge it goes on.
#[test]
fn franz_go_goes_on_after_a_purge() {
    goes_on("franz_go_goes_on_after_a_purge", toolbox::franz_go(), toolbox::confluent(), Meanwhile::Sends);
}
