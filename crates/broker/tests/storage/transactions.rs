//! What readers get of transactions that a log holds: written into its write-ahead log while no broker runs.

use crate::batches::{batch, fetched, now_ms};
use crate::client::{Client, FETCH, LIST_OFFSETS, fetch_request, offsets_request, one};
use crate::machine::{open, root, size, start};
use env::Disk;
use env::crash::CrashDisk;
use log::append::{AppendAs, Appended, Origin};
use log::directory::Opened;
use log::log::Log;
use log::producers::{EndTxn, TransactionVersion};
use log::wal::Frame;
use types::{LeaderEpoch, Monotonic, Now, ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::describe_producers_request::TopicRequest;
use wire::record::{Batch, BatchBuilder, Codec, ControlKind};
use wire::{DescribeProducersRequest, FetchRequest, ListOffsetsRequest};

const MARK: &str = "a mark is no record";

/// What a producer does in a log.
#[derive(Clone, Copy)]
pub enum Step {
    /// Writes a record.
    Write(i64),
    Commit(i64),
    Abort(i64),
}

use Step::{Abort, Commit, Write};

fn now() -> Now {
    Now { mono: Monotonic(0), wall: WallTime(now_ms()) }
}

/// Does these steps in a log; each record's value is its producer and its place among the steps.
fn write(log: &mut Log, steps: &[Step]) -> Vec<Frame> {
    let mut sequences = std::collections::BTreeMap::<i64, i32>::new();
    let origin = Origin::Client;
    let leader_epoch = log.latest_epoch().max(LeaderEpoch(0));
    let verified = Some(Sequence(0));
    let begin = now();
    let frames = steps.iter().enumerate().map(|(at, step)| {
        // So far apart that each may begin a segment.
        let wall = WallTime(begin.wall.0 + 10 * i64::try_from(at).unwrap());
        let now = Now { wall, ..begin };
        let how = AppendAs { origin, leader_epoch, now, max_producers: 100, resume: None, verified };
        let appended = match *step {
            Write(id) => {
                let sequence = sequences.entry(id).or_default();
                let builder = BatchBuilder::new(Codec::None);
                let builder = builder.producer(ProducerId(id), ProducerEpoch(0), Sequence(*sequence));
                let mut builder = builder.transactional(true);
                builder.push(now.wall, Some(b"key"), Some(format!("{id} at {at}").as_bytes()), &[]);
                *sequence += 1;
                let batch = Batch::from_wire(&builder.build().unwrap()).unwrap();
                log.append(batch, &AppendAs { verified: Some(Sequence(*sequence)), ..how }).unwrap()
            }
            Commit(id) | Abort(id) => log.end_txn(&end(id, *step), &how).unwrap().expect(MARK),
        };
        let Appended::Written { frame, .. } = appended else { panic!("not sent twice") };
        frame
    });
    frames.collect()
}

fn end(id: i64, step: Step) -> EndTxn {
    EndTxn {
        producer_id: ProducerId(id),
        producer_epoch: ProducerEpoch(0),
        kind: if matches!(step, Commit(_)) { ControlKind::Commit } else { ControlKind::Abort },
        coordinator_epoch: 0,
        transaction_version: TransactionVersion(1),
    }
}

/// A topic with one plain record, then these steps.
pub fn disk_with(configs: &[(&str, &str)], steps: &[Step]) -> CrashDisk {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    let id = client.create_with("topic", 1, configs);
    client.put("topic", &batch(&["plain"]));
    drop(client);
    broker.stop();
    let Opened { mut logs, mut wal, directory, .. } = open(&disk);
    let log = logs.iter_mut().find(|log| log.key().topic_id.0 == id).unwrap();
    wal.write_group(&write(log, steps), now().wall).unwrap();
    drop(directory);
    disk
}

/// What a reader of committed data gets from an offset: values below the last stable offset, the aborted transactions.
fn committed(client: &mut Client, offset: i64, max_bytes: i32) -> (i64, Vec<i64>, Vec<(i64, i64)>) {
    let mut request = FetchRequest { isolation_level: 1, max_bytes, ..fetch_request("topic", offset) };
    request.topics[0].partitions[0].partition_max_bytes = max_bytes;
    let data = one(client.call(&request, FETCH));
    let bytes = data.records.clone().unwrap_or_default().into_bytes();
    let offsets = wire::record::Batches::new(&bytes).map(|span| span.unwrap().header.base_offset.0);
    let aborted = data.aborted_transactions.unwrap();
    let aborted = aborted.iter().map(|txn| (txn.producer_id, txn.first_offset)).collect();
    (data.last_stable_offset, offsets.collect(), aborted)
}

/// Protects: T5, X20: a reader of committed data gets what lies below the last stable offset, with the aborted transactions of the
/// range that it was given and of no other, in the order of their marks; others get all, without a list.
#[test]
fn readers_of_committed_data_get_the_aborted_of_their_range() {
    let steps = [Write(7), Write(8), Abort(8), Abort(7), Write(8), Commit(8), Write(9), Abort(9), Write(7)];
    let disk = disk_with(&[], &steps);
    // From memory first, then from a segment.
    for _ in 0..2 {
        let broker = start(&disk, |_| {});
        let mut client = broker.connect();
        let all = |client: &mut Client, offset| committed(client, offset, 1 << 20);
        let whole = (9, (1..9).collect(), vec![(8, 2), (7, 1), (9, 7)]);
        assert_eq!(all(&mut client, 1), whole, "the transaction at 9 is open");
        assert_eq!(all(&mut client, 4), (9, (4..9).collect(), vec![(7, 1), (9, 7)]), "its mark lies at 4");
        assert_eq!(all(&mut client, 5), (9, (5..9).collect(), vec![(9, 7)]));
        assert_eq!(all(&mut client, 9), (9, vec![], vec![]));
        assert_eq!(
            committed(&mut client, 1, 1),
            (9, vec![1], vec![(7, 1)]),
            "of the one batch that was returned"
        );
        let data = client.fetch("topic", 0);
        assert_eq!((data.last_stable_offset, data.high_watermark), (9, 10));
        assert_eq!(data.aborted_transactions, None);
        let request = FetchRequest { isolation_level: 1, ..fetch_request("topic", 11) };
        assert_eq!(one(client.call(&request, FETCH)).error_code, types::ErrorCode::OffsetOutOfRange.code());
        drop(client);
        broker.stop();
    }
}

/// Protects: X13: a reader of committed data that meets a transaction index which is missing or wrong gets the right list all the same:
/// it is made anew, and safe after the next start.
#[test]
fn wrong_transaction_indexes_are_made_anew() {
    let steps = [
        Write(7),
        Write(8),
        Abort(8),
        Abort(7),
        Write(8),
        Commit(8),
        Write(9),
        Abort(9),
        Write(7),
        Commit(7),
    ];
    let disk = disk_with(&[("segment.ms", "1")], &steps);
    // Its stop places all of it, each batch in a segment of its own.
    start(&disk, |_| {}).stop();
    let path = |base: i64| root().join(format!("topic-0/{base:020}.txnindex"));
    let all: Vec<i64> = (0..11).filter(|base| size(&disk, &path(*base)).is_some()).collect();
    assert_eq!(all, [3, 4, 8], "one for each mark");
    disk.remove_file(&path(3)).unwrap();
    disk.corrupt(&path(4), 9, &[0xff]).unwrap();
    for round in 0..2 {
        let broker = start(&disk, |_| {});
        let mut client = broker.connect();
        let lists = (1..10).map(|offset| committed(&mut client, offset, 1 << 20).2);
        let wanted = [
            vec![(7, 1)],
            vec![(8, 2), (7, 1)],
            vec![(8, 2), (7, 1)],
            vec![(7, 1)],
            vec![],
            vec![],
            vec![(9, 7)],
            vec![(9, 7)],
            vec![],
        ];
        assert_eq!(lists.collect::<Vec<_>>(), wanted, "round {round}");
        assert_eq!(size(&disk, &path(3)), Some(34));
        client.put("topic", &batch(&["more"]));
        drop(client);
        broker.stop();
    }
}

/// Protects: ListOffsets answers a reader of committed data within its bound: the latest offset is the last stable one, and a time is
/// not found in an open transaction.
#[test]
fn offsets_of_committed_data() {
    let disk = disk_with(&[], &[Write(7), Commit(7), Write(8)]);
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    let mut found = |timestamp, isolation_level| {
        let request = ListOffsetsRequest { isolation_level, ..offsets_request("topic", timestamp) };
        let answer = client.call(&request, LIST_OFFSETS).topics[0].partitions[0].clone();
        (answer.offset, answer.timestamp)
    };
    let (newest, time) = found(-3, 0);
    let mut ask = |timestamp, isolation_level| found(timestamp, isolation_level).0;
    assert_eq!((ask(-1, 0), ask(-1, 1)), (4, 3));
    assert_eq!((newest, ask(-3, 1) < 3), (3, true), "the largest timestamp");
    assert_eq!((ask(time, 0), ask(time, 1)), (3, -1));
    assert_eq!((ask(0, 0), ask(0, 1)), (0, 0));
}

/// Protects: an open transaction is told by DescribeProducers with its first offset, after a restart too; its records are read by
/// whoever does not ask for committed ones.
#[test]
fn open_transactions_are_described() {
    let disk = disk_with(&[], &[Write(7), Commit(7), Write(8), Write(8)]);
    let mut broker = start(&disk, |_| {});
    for _ in 0..2 {
        let mut client = broker.connect();
        let topic = TopicRequest { name: "topic".into(), partition_indexes: vec![0] };
        let response = client.call(&DescribeProducersRequest { topics: vec![topic] }, 0);
        let producers = response.topics[0].partitions[0].active_producers.iter();
        let found = producers.map(|p| (p.producer_id, p.last_sequence, p.current_txn_start_offset));
        assert_eq!(found.collect::<Vec<_>>(), [(7, 0, -1), (8, 1, 3)]);
        assert_eq!(fetched(&client.fetch("topic", 3)).len(), 2);
        drop(client);
        broker.stop();
        broker = start(&disk, |_| {});
    }
}
