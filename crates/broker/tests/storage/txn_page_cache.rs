//! A transaction whose partitions are in two logs: the write-ahead log, and the files of a page-cache topic.

use crate::batches::batch;
use crate::client::{FETCH, fetch_request, one};
use crate::machine::{start, until};
use crate::txn_client::{END_2, PRODUCE_2, init, write};
use env::crash::CrashDisk;
use std::sync::Arc;
use types::ErrorCode;
use wire::add_partitions_to_txn_request::{AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction};
use wire::{AddPartitionsToTxnRequest, EndTxnRequest, FetchRequest};

/// First version that may only ask.
const ASK: i16 = 4;
/// Batches, each of which goes to the files behind all that was written before.
const BATCHES: usize = 100;

/// Protects: T4, W-16: while it is open whether the decision of a transaction survives, no mark of it is in the files of a page-cache
/// topic, which keep it whatever becomes of the write-ahead log.
#[test]
fn no_mark_is_written_elsewhere_before_its_decision_is_stored() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let (mut client, mut other) = (broker.connect(), broker.connect());
    client.create_with("pages", 1, &[("highwater.durability", "page-cache")]);
    client.create("topic", 1);
    let producer = init(&mut client, "id", 60_000);
    for topic in ["pages", "topic"] {
        assert_eq!(write(&mut client, "id", producer, topic, PRODUCE_2), 0);
    }
    disk.hold_writes(Some(Arc::new(|path| path.extension().is_some_and(|ending| ending == "wal"))));
    let (producer_id, producer_epoch) = producer;
    let end = EndTxnRequest { transactional_id: "id".into(), producer_id, producer_epoch, committed: true };
    let ended = client.send(&end, END_2);
    let topic = AddPartitionsToTxnTopic { name: "topic".into(), partitions: vec![0] };
    let (transactional_id, topics) = ("id".into(), vec![topic]);
    let ask = AddPartitionsToTxnTransaction {
        transactional_id,
        producer_id,
        producer_epoch,
        verify_only: true,
        topics,
    };
    let ask = AddPartitionsToTxnRequest { transactions: vec![ask], ..AddPartitionsToTxnRequest::default() };
    until("its end is decided", || {
        let answer = other.call(&ask, ASK);
        let topic = &answer.results_by_transaction[0].topic_results[0];
        topic.results_by_partition[0].partition_error_code == ErrorCode::ProducerFenced.code()
    });
    let committed = FetchRequest { isolation_level: 1, ..fetch_request("pages", 0) };
    let stable = (0..BATCHES).map(|_| {
        other.put("pages", &batch(&["plain"]));
        one(other.call(&committed, FETCH)).last_stable_offset
    });
    let stable: Vec<i64> = stable.collect();
    disk.hold_writes(None);
    assert_eq!(stable, [0; BATCHES], "it is open there");
    let answer: wire::EndTxnResponse = client.receive(END_2, ended);
    assert_eq!(answer.error_code, 0);
    until("it counts there as well", || {
        let data = one(other.call(&committed, FETCH));
        data.last_stable_offset == data.high_watermark
    });
    drop((client, other));
    broker.stop();
}
