//! Transactions that a partition has open and that no coordinator runs (X16): found after a start, told, counted.

use crate::client::Client;
use crate::harness::Broker;
use crate::machine::{http, metric, start, until};
use crate::transactions::{Step, disk_with};
use crate::txn_client::{PRODUCE_2, end, init, write};
use serde_json::Value;
use types::ErrorCode;
use wire::WriteTxnMarkersRequest;
use wire::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};

fn why(broker: &Broker, place: &str) -> Value {
    let answer = http(broker, &format!("/lso/{place}"));
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Ends what a producer has open in the partition, as Kafka's abort tool does; returns the code.
fn abort(client: &mut Client, producer_id: i64) -> i16 {
    let topic = WritableTxnMarkerTopic { name: "topic".into(), partition_indexes: vec![0] };
    let marker = WritableTxnMarker {
        producer_id,
        producer_epoch: 0,
        topics: vec![topic],
        ..WritableTxnMarker::default()
    };
    let request = WriteTxnMarkersRequest { markers: vec![marker] };
    client.call(&request, 1).markers[0].topics[0].partitions[0].error_code
}

/// Protects: X16: after a start what is open and run by nobody is counted and told, and only a command ends it.
#[test]
fn orphans_are_counted_after_a_start() {
    let disk = disk_with(&[], &[Step::Write(7), Step::Write(8), Step::Commit(8), Step::Write(9)]);
    let broker = start(&disk, |_| {});
    until("both orphans are counted", || metric(&broker, "orphaned_transactions") == 2);
    let told = why(&broker, "topic/0");
    let codes =
        told["findings"].as_array().unwrap().iter().map(|f| (f["code"].clone(), f["producer_id"].clone()));
    assert_eq!(
        codes.collect::<Vec<_>>(),
        [("orphan".into(), 7.into()), ("orphan".into(), 9.into())],
        "{told}"
    );
    assert_eq!((&told["last_stable"], &told["waiting"]), (&1.into(), &4.into()));
    let mut client = broker.connect();
    assert_eq!(abort(&mut client, 7), ErrorCode::None.code());
    assert_eq!(metric(&broker, "orphaned_transactions"), 1);
    assert_eq!(why(&broker, "topic/0")["last_stable"], 4);
    assert_eq!(abort(&mut client, 9), ErrorCode::None.code());
    assert_eq!(
        (metric(&broker, "orphaned_transactions"), &why(&broker, "topic/0")["waiting"]),
        (0, &0.into())
    );
    assert!(http(&broker, "/lso/topic/1").starts_with("HTTP/1.1 404"));
}

/// Protects: what a coordinator runs is no orphan after a start, also beside one in the same partition, and its producer ends it.
#[test]
fn what_is_run_is_no_orphan_after_a_start() {
    let disk = disk_with(&[], &[Step::Write(70_000)]);
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    client.create("other", 1);
    let producer = init(&mut client, "id", 60_000);
    assert_eq!(write(&mut client, "id", producer, "topic", PRODUCE_2), 0);
    assert_eq!(write(&mut client, "id", producer, "other", PRODUCE_2), 0);
    drop(client);
    broker.stop();
    let broker = start(&disk, |_| {});
    until("it was looked", || metric(&broker, "orphaned_transactions") > 0);
    assert_eq!(metric(&broker, "orphaned_transactions"), 1, "one look tells all");
    let told = why(&broker, "topic/0");
    let codes =
        told["findings"].as_array().unwrap().iter().map(|f| (f["code"].clone(), f["producer_id"].clone()));
    let wanted = [("orphan".into(), 70_000.into()), ("open".into(), producer.0.into())];
    assert_eq!(codes.collect::<Vec<_>>(), wanted, "{told}");
    assert_eq!(why(&broker, "other/0")["findings"][0]["transactional_id"], "id");
    end(&mut broker.connect(), "id", producer, true);
    assert_eq!(why(&broker, "other/0")["findings"][0]["code"], "fine");
    assert_eq!(why(&broker, "topic/0")["last_stable"], 1, "the orphan is as it was");
}
