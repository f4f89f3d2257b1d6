//! What /metrics shows of transactions: each metric moves when its subject does.

use crate::client::Client;
use crate::harness::Broker;
use crate::machine::{http, start, until};
use crate::txn_client::{END_2, PRODUCE_1, PRODUCE_2, end, init, write};
use env::crash::CrashDisk;
use types::ErrorCode;
use wire::EndTxnRequest;

/// Metrics that the tests here, and those of orphans.rs and tests/wire/transactions.rs, see move.
pub const SEEN: [&str; 9] = [
    "highwater_transactions_ended_total",
    "highwater_transactional_ids",
    "highwater_partition_oldest_transaction_seconds",
    "highwater_orphaned_transactions",
    "highwater_transactions_held_total",
    "highwater_transactions_late_total",
    "highwater_transactions_memory_bytes",
    "kafka_server_addpartitionstotxnmanager_verificationfailure_total",
    "kafka_server_addpartitionstotxnmanager_verificationtimems",
];

/// Returns the value of a line, if there is one.
fn line(broker: &Broker, line: &str) -> Option<f64> {
    let text = http(broker, "/metrics");
    let value = text.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(' ').map(str::to_owned));
    value.map(|value| value.trim().parse().unwrap())
}

fn count(broker: &Broker, name: &str) -> u64 {
    let value = line(broker, name).unwrap_or(0.0);
    (0..1_000).find(|n: &u32| f64::from(*n) >= value).map_or(0, u64::from)
}

fn ended(broker: &Broker) -> [u64; 4] {
    let of =
        |result: &str| count(broker, &format!("highwater_transactions_ended_total{{result=\"{result}\"}}"));
    ["committed", "aborted", "fenced", "timed_out"].map(of)
}

fn in_state(broker: &Broker, state: &str) -> u64 {
    count(broker, &format!("highwater_transactional_ids{{state=\"{state}\"}}"))
}

fn broker_with(topics: &[&str]) -> (Broker, Client) {
    let broker = start(&CrashDisk::new(), |_| {});
    let mut client = broker.connect();
    topics.iter().for_each(|topic| client.create(topic, 1));
    (broker, client)
}

/// Protects: an operator sees ids by state, how transactions end, what they hold, and how old the oldest open one of a partition is.
#[test]
fn transactions_are_counted() {
    let (broker, mut client) = broker_with(&["topic"]);
    assert_eq!((ended(&broker), count(&broker, "highwater_transactions_memory_bytes")), ([0; 4], 0));
    let age = "highwater_partition_oldest_transaction_seconds{topic=\"topic\",partition=\"0\"}";
    let first = init(&mut client, "id", 60_000);
    assert_eq!((in_state(&broker, "Empty"), line(&broker, age)), (1, None), "no line where none is open");
    assert_eq!(write(&mut client, "id", first, "topic", PRODUCE_2), 0);
    assert_eq!((in_state(&broker, "Empty"), in_state(&broker, "Ongoing")), (0, 1));
    until("it grows old", || line(&broker, age).unwrap() > 0.0);
    assert!(line(&broker, age).unwrap() < 60.0);
    assert!(line(&broker, "highwater_transactions_memory_bytes").unwrap() > 100.0);
    let second = end(&mut client, "id", first, true);
    assert_eq!((line(&broker, age), in_state(&broker, "CompleteCommit")), (None, 1));
    assert_eq!(write(&mut client, "id", second, "topic", PRODUCE_2), 0);
    let third = end(&mut client, "id", second, false);
    assert_eq!(ended(&broker), [1, 1, 0, 0]);
    assert_eq!(write(&mut client, "id", third, "topic", PRODUCE_2), 0);
    init(&mut broker.connect(), "id", 60_000);
    assert_eq!((ended(&broker), count(&broker, "highwater_transactions_held_total")), ([1, 1, 1, 0], 1));
    let short = init(&mut client, "short", 1);
    // It may have taken too long before the record is stored.
    let code = write(&mut client, "short", short, "topic", PRODUCE_2);
    assert!(
        [ErrorCode::None, ErrorCode::InvalidProducerEpoch].map(ErrorCode::code).contains(&code),
        "{code}"
    );
    until("the short one has taken too long", || ended(&broker) == [1, 1, 1, 1]);
}

/// Protects: batches that no transaction covers are counted as Kafka counts them, and what comes by a connection that was given up.
#[test]
fn what_is_not_let_in_is_counted() {
    let (broker, mut client) = broker_with(&["topic"]);
    let producer = init(&mut client, "id", 60_000);
    let failed = "kafka_server_addpartitionstotxnmanager_verificationfailure_total";
    let asked = "kafka_server_addpartitionstotxnmanager_verificationtimems_count";
    assert_eq!((count(&broker, failed), count(&broker, asked)), (0, 0));
    let refused = write(&mut client, "id", producer, "topic", PRODUCE_1);
    assert_eq!(refused, ErrorCode::TransactionAbortable.code());
    assert_eq!((count(&broker, failed), count(&broker, asked)), (1, 1));
    assert_eq!(write(&mut client, "id", producer, "topic", PRODUCE_2), 0);
    assert_eq!((count(&broker, failed), count(&broker, asked)), (1, 2));
    let mut later = broker.connect();
    later.create("other", 1);
    let old = EndTxnRequest {
        transactional_id: "id".into(),
        producer_id: producer.0,
        producer_epoch: producer.1,
        committed: true,
    };
    let stale = EndTxnRequest { transactional_id: "id".into(), committed: false, ..old.clone() };
    assert_eq!(later.call(&stale, END_2 - 1).error_code, 0);
    client.send(&old, END_2 - 1);
    client.expect_closed("EndTxn");
    assert_eq!(count(&broker, "highwater_transactions_late_total"), 1);
}
