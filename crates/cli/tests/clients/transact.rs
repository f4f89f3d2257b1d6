//! Transactions of real clients: what they commit is seen whole, offsets too, what they abort is not, a second one of an id fences the
//! first, one that takes too long is aborted; another family reads, at both isolation levels.
//!
//! The programs (tests/clients, `transact`) do what they are told and say what came of it.

use crate::broker::Broker;
use crate::program::{self, Program};
use crate::toolbox::{self, Family, both, or_skip};

const TOPIC: &str = "ledger";
/// Time that no transaction of these tests takes. *Units*: milliseconds.
const LONG: u32 = 60_000;
/// Time-out of a transaction whose end is awaited. *Units*: milliseconds.
const SHORT: u32 = 2_000;

/// A producer of transactions, which has its producer id.
pub(crate) struct Producer(Program);

impl Producer {
    pub(crate) fn start(family: &Family, address: &str, id: &str, timeout_ms: u32) -> Producer {
        let mut program = family.transact(address, id, timeout_ms);
        match program.line() {
            Some(line) if line == "READY" => Producer(program),
            other => program.fail(&format!("it is not ready: {other:?}")),
        }
    }

    pub(crate) fn tell(&mut self, line: &str) -> String {
        self.0.tell(line);
        self.0.line().unwrap_or_else(|| self.0.fail(&format!("it ended at {line}")))
    }

    pub(crate) fn done(&mut self, lines: &[&str]) {
        for line in lines {
            let answer = self.tell(line);
            if answer != "OK" {
                self.0.fail(&format!("{line}: {answer}"));
            }
        }
    }
}

/// What a reader gets of the two partitions.
fn see(reader: &Family, address: &str, isolation: &str) -> [Vec<String>; 2] {
    [0, 1].map(|partition| {
        let lines = reader.see(address, TOPIC, partition, isolation);
        lines.iter().filter_map(|line| line.strip_prefix("V ")).map(str::to_owned).collect()
    })
}

/// What the group has committed for partition 0.
fn committed(reader: &Family, address: &str) -> Vec<String> {
    reader.committed([address, "group", TOPIC], 0)
}

fn admin(words: &[&str]) {
    program::run("franz-go", &mut toolbox::go(words).unwrap());
}

fn all(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// A family writes, another reads.
fn transact(test: &str, tools: Result<(Family, Family), String>) {
    let Some((writer, reader)) = or_skip(test, tools) else { return };
    let broker = Broker::start(&[]);
    let address = broker.address();
    admin(&["create", &address, TOPIC, "2"]);
    let mut first = Producer::start(&writer, &address, "id", LONG);
    first.done(&["begin", "send ledger 0 a0", "send ledger 1 a1", "offsets group ledger 0 5", "commit"]);
    while committed(&reader, &address) != ["C 0 5"] {}
    first.done(&["begin", "send ledger 0 b0", "send ledger 1 b1", "offsets group ledger 0 6"]);
    let open = see(&reader, &address, "read_uncommitted");
    assert_eq!(open, [all(&["a0", "b0"]), all(&["a1", "b1"])]);
    assert_eq!(see(&reader, &address, "read_committed"), [all(&["a0"]), all(&["a1"])]);
    first.done(&["abort"]);
    assert_eq!(committed(&reader, &address), ["C 0 5"], "{}: what was aborted does not count", writer.name());
    first.done(&["begin", "send ledger 0 c0", "send ledger 0 c0", "commit"]);
    assert_eq!(see(&reader, &address, "read_committed"), [all(&["a0", "c0", "c0"]), all(&["a1"])]);
    // A second one of the same id: what the first has open is aborted, and it can end nothing any more.
    first.done(&["begin", "send ledger 1 d1"]);
    let mut second = Producer::start(&writer, &address, "id", LONG);
    let ended = first.tell("commit");
    assert!(ended.starts_with("FENCED"), "{}: {ended}", writer.name());
    second.done(&["begin", "send ledger 1 e1", "commit"]);
    assert_eq!(see(&reader, &address, "read_committed")[1], all(&["a1", "e1"]));
    // Nobody ends it: its time is over, and a reader waits no longer.
    let mut slow = Producer::start(&writer, &address, "slow", SHORT);
    slow.done(&["begin", "send ledger 1 f1"]);
    second.done(&["begin", "send ledger 1 g1", "commit"]);
    while see(&reader, &address, "read_committed")[1].len() < 3 {}
    assert_eq!(see(&reader, &address, "read_committed")[1], all(&["a1", "e1", "g1"]));
    let ended = slow.tell("commit");
    assert!(ended.starts_with("FENCED") || ended.starts_with("FAILED"), "{}: {ended}", writer.name());
    assert_eq!(see(&reader, &address, "read_committed")[1], all(&["a1", "e1", "g1"]), "{ended}");
}

/// Protects: Java's transactions, with an epoch each.
#[test]
fn java_transactions() {
    let tools = both(toolbox::java_transactions("4.3.1"), toolbox::confluent());
    transact("java_transactions", tools);
}

/// Protects: Java's transactions of old, whose epoch stays.
#[test]
fn java_3_transactions() {
    let tools = both(toolbox::java_transactions("3.9.1"), toolbox::kafka_python());
    transact("java_3_transactions", tools);
}

/// Protects: franz-go's transactions, with an epoch each.
#[test]
fn franz_go_transactions() {
    let tools = both(toolbox::franz_go(), toolbox::kafka_python());
    transact("franz_go_transactions", tools);
}

/// Protects: franz-go's transactions of old.
#[test]
fn franz_go_old_transactions() {
    let tools = both(toolbox::franz_go().map(Family::of_old_transactions), toolbox::confluent());
    transact("franz_go_old_transactions", tools);
}

/// Protects: librdkafka's transactions.
#[test]
fn confluent_transactions() {
    transact("confluent_transactions", both(toolbox::confluent(), toolbox::franz_go()));
}

/// Protects: kafka-python's transactions.
#[test]
fn kafka_python_transactions() {
    transact("kafka_python_transactions", both(toolbox::kafka_python(), toolbox::confluent()));
}

/// Protects: X18: an abort takes the offsets of a transaction back and leaves its consumer where it stands, as docs/book/transactions.md says;
/// gone back to what is committed, it reads the input again.
#[test]
fn after_an_abort_a_consumer_goes_back() {
    const TEST: &str = "after_an_abort_a_consumer_goes_back";
    let tools = both(toolbox::java_transactions("4.3.1"), toolbox::confluent());
    let Some((java, librdkafka)) = or_skip(TEST, tools) else { return };
    let broker = Broker::start(&[]);
    let address = broker.address();
    admin(&["create", &address, TOPIC, "2"]);
    let mut first = Producer::start(&java, &address, "id", LONG);
    first.done(&["begin", "send ledger 0 a", "send ledger 0 b", "commit"]);
    for family in [java, librdkafka] {
        let found = family.after_abort(&address, TOPIC, &format!("group of {}", family.name()));
        assert_eq!(found, all(&["STANDS 3", "BACK 0"]), "{}: two records and a mark", family.name());
    }
}
