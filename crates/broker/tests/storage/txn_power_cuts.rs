//! Transactions over partitions of both shards, and a power cut at any operation of the disk: all or nothing, and what was
//! acknowledged stays.

use crate::batches::in_transaction;
use crate::client::{Client, FETCH, fetch_request, one, produce_request};
use crate::machine::start;
use bytes::Bytes;
use env::crash::CrashDisk;
use wire::record::Batches;
use wire::{EndTxnRequest, FindCoordinatorRequest, InitProducerIdRequest, ProduceRequest};

const PARTITIONS: i32 = 4;
const TRANSACTIONS: usize = 3;
const PRODUCE: i16 = 12;
const END: i16 = 5;

/// What a client was told of one transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Told {
    Committed,
    Aborted,
    Nothing,
}

/// Gets a producer, in so many tries at most; whatever its id has open is aborted by then.
fn init(client: &mut Client, tries: usize) -> Option<(i64, i16)> {
    let find = FindCoordinatorRequest { key: "id".into(), key_type: 1, ..FindCoordinatorRequest::default() };
    let init = InitProducerIdRequest {
        transactional_id: Some("id".into()),
        transaction_timeout_ms: 60_000,
        ..InitProducerIdRequest::default()
    };
    client.try_call(&find, 3)?;
    for _ in 0..tries {
        let answer = client.try_call(&init, 5)?;
        if answer.error_code == 0 {
            return Some((answer.producer_id, answer.producer_epoch));
        }
    }
    None
}

/// Runs transactions one after another, every second one aborted, until the disk fails; each writes its number everywhere.
fn run(client: &mut Client) -> [Told; TRANSACTIONS] {
    let mut told = [Told::Nothing; TRANSACTIONS];
    // Where the disk is gone nothing can be loaded.
    let Some(mut producer) = init(client, 200) else { return told };
    for (number, told) in told.iter_mut().enumerate() {
        let batches: Vec<(i32, Bytes)> =
            (0..PARTITIONS).map(|at| (at, in_transaction(producer.0, producer.1, 0))).collect();
        let parts: Vec<(i32, &Bytes)> = batches.iter().map(|(at, batch)| (*at, batch)).collect();
        let produce =
            ProduceRequest { transactional_id: Some("id".into()), ..produce_request("topic", &parts) };
        let stored = client.try_call(&produce, PRODUCE).is_some_and(|answer| {
            answer.responses[0].partition_responses.iter().all(|partition| partition.error_code == 0)
        });
        if !stored {
            break;
        }
        let committed = number % 2 == 0;
        let (producer_id, producer_epoch) = producer;
        let end = EndTxnRequest { transactional_id: "id".into(), producer_id, producer_epoch, committed };
        let Some(answer) = client.try_call(&end, END).filter(|answer| answer.error_code == 0) else { break };
        *told = if committed { Told::Committed } else { Told::Aborted };
        producer = (answer.producer_id, answer.producer_epoch);
    }
    told
}

/// Returns the epochs of the transactions that a reader of committed data gets of a partition.
fn seen(client: &mut Client, partition: i32) -> Vec<i16> {
    let mut request = wire::FetchRequest { isolation_level: 1, ..fetch_request("topic", 0) };
    request.topics[0].partitions[0].partition = partition;
    let data = one(client.call(&request, FETCH));
    assert_eq!(data.last_stable_offset, data.high_watermark, "nothing is open");
    let bytes = data.records.unwrap_or_default().into_bytes();
    let mut aborted: Vec<(i64, i64)> = Vec::new();
    aborted.extend(
        data.aborted_transactions.unwrap_or_default().iter().map(|one| (one.producer_id, one.first_offset)),
    );
    let mut committed = Vec::new();
    for span in Batches::new(&bytes) {
        let header = span.unwrap().header;
        // One batch a transaction.
        let is_aborted = aborted.contains(&(header.producer_id.0, header.base_offset.0));
        if !header.attributes.is_control() && !is_aborted {
            committed.push(header.producer_epoch.0);
        }
    }
    committed
}

/// Protects: T1, T4, W-9: wherever the power is cut, and whatever of the unsynced survives, a transaction is in all of its
/// partitions or in none; what was told to be committed is there, what was told to be aborted is not; nothing stays open.
#[test]
fn a_power_cut_tears_no_transaction() {
    const CUTS: u64 = 14;
    let begin = CrashDisk::new();
    let broker = start(&begin, |_| {});
    let mut client = broker.connect();
    client.create("topic", PARTITIONS);
    assert!(init(&mut client, usize::MAX).is_some());
    drop(client);
    broker.stop();
    let measured = |disk: &CrashDisk| {
        let broker = start(disk, |_| {});
        let (before, told) = (disk.ops(), run(&mut broker.connect()));
        let after = disk.ops();
        (before, after, told, broker)
    };
    let whole = begin.fork();
    let (before, after, told, broker) = measured(&whole);
    assert_eq!(told, [Told::Committed, Told::Aborted, Told::Committed]);
    broker.stop();
    let mut outcomes = std::collections::BTreeSet::new();
    for cut in 0..CUTS {
        let disk = begin.fork();
        let broker = start(&disk, |_| {});
        let at = disk.ops() + (after - before) * cut / CUTS;
        disk.cut_after(at);
        let told = run(&mut broker.connect());
        let _ = broker.end();
        disk.power_cut(cut);
        let broker = start(&disk, |_| {});
        let mut client = broker.connect();
        let first = init(&mut client, usize::MAX).expect("it serves");
        let seen: Vec<Vec<i16>> = (0..PARTITIONS).map(|partition| seen(&mut client, partition)).collect();
        assert!(seen.iter().all(|one| *one == seen[0]), "torn at {cut}: {seen:?}");
        let count = seen[0].len();
        let acknowledged = told.iter().filter(|told| **told == Told::Committed).count();
        assert!(
            (acknowledged..=acknowledged + 1).contains(&count),
            "cut {cut}: told {told:?}, seen {seen:?}"
        );
        assert!(seen[0].iter().all(|epoch| *epoch < first.1), "{seen:?} {first:?}");
        outcomes.insert((acknowledged, count));
        drop(client);
        broker.stop();
    }
    assert!(outcomes.len() > 1, "the cuts fall into different places: {outcomes:?}");
}
