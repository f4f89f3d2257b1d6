//! A full disk (W-12): what is refused, what goes on, and how it comes back by itself.

use crate::batches::{batch, read_all, sized};
use crate::client::{Client, PRODUCE, produce_request};
use crate::machine::{delete, fail, metric, names, open, root, size, start, until, used};
use env::crash::{Call, CrashDisk, Failure, Fault, When};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use types::ErrorCode;
use wire::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use wire::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use wire::offset_fetch_request::OffsetFetchRequestTopic;
use wire::txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
use wire::{
    DeleteRecordsRequest, EndTxnRequest, FindCoordinatorRequest, InitProducerIdRequest, OffsetCommitRequest,
    OffsetFetchRequest, TxnOffsetCommitRequest,
};

/// The reserve of the preset `tiny`. *Units*: bytes.
const RESERVE: u64 = 1 << 20;

/// Lets held writes go, also when a test fails: no broker stops without them.
struct Held(CrashDisk);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.hold_writes(None);
    }
}

/// Produces until the disk is full; returns how many batches were stored.
fn fill(client: &mut Client, topic: &str) -> usize {
    let large = sized(40_000);
    let mut stored = 0;
    until("the disk is full", || {
        let answer = client.produce(topic, &large);
        stored += usize::from(answer.error_code == 0);
        answer.error_code == ErrorCode::KafkaStorageError.code()
    });
    stored
}

/// Commits an offset of partition 0; returns Kafka's code.
fn commit(client: &mut Client, topic: &str, offset: i64) -> i16 {
    let partition = OffsetCommitRequestPartition { committed_offset: offset, ..Default::default() };
    let topics = vec![OffsetCommitRequestTopic {
        name: topic.into(),
        partitions: vec![partition],
        ..Default::default()
    }];
    let request = OffsetCommitRequest {
        group_id: "group".into(),
        generation_id_or_member_epoch: -1,
        topics,
        ..OffsetCommitRequest::default()
    };
    client.call(&request, 8).topics[0].partitions[0].error_code
}

/// Protects: W-12: a full disk refuses produce, takes nothing back that was acknowledged, lets offsets be committed without a
/// note in the history and a topic be deleted, and accepts produce again by itself once that has made room.
#[test]
fn a_full_disk_is_left_by_deleting() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    until("the reserve is made", || metric(&broker, "disk_reserve_bytes") == RESERVE);
    until("the pool is filled", || metric(&broker, "wal_pool_free_bytes") > (3 << 20));
    client.create("large", 1);
    client.create("kept", 1);
    client.put("kept", &batch(&["before"]));
    let look = FindCoordinatorRequest { coordinator_keys: vec!["group".into()], ..Default::default() };
    assert_eq!(client.call(&look, 4).coordinators[0].error_code, 0);
    assert_eq!(commit(&mut client, "kept", 1), 0);
    let (noted, missed) = ("offset_history_notes_total", "offset_history_missed_total");
    assert_eq!((metric(&broker, noted), metric(&broker, missed)), (1, 0));
    disk.set_capacity(Some(used(&disk) + (6 << 20)));
    let stored = fill(&mut client, "large");
    assert!(stored > 20, "{stored}");
    assert_eq!(read_all(&mut client, "large").len(), stored);
    for offset in 0..20 {
        assert_eq!(commit(&mut client, "kept", offset), 0, "commits of offsets go on");
    }
    assert_eq!((metric(&broker, noted), metric(&broker, missed)), (1, 20), "their notes do not");
    assert_eq!(delete(&mut client, "large"), 0);
    let mut stored = 1;
    until("produce is accepted again", || {
        let answer = client.produce("kept", &batch(&["after"]));
        stored += usize::from(answer.error_code == 0);
        answer.error_code == 0
    });
    until("the reserve is whole again", || metric(&broker, "disk_reserve_bytes") == RESERVE);
    assert_eq!(read_all(&mut client, "kept").len(), stored);
    broker.stop();
    assert!(open(&disk).report.damaged.is_empty());
}

/// Protects: W-12, T8: on a full disk a transaction takes offsets in and ends: what its coordinator, that of the group and the mark
/// write goes through.
#[test]
fn a_transaction_of_offsets_ends_on_a_full_disk() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    until("the reserve is made", || metric(&broker, "disk_reserve_bytes") == RESERVE);
    until("the pool is filled", || metric(&broker, "wal_pool_free_bytes") > (3 << 20));
    client.create("large", 1);
    for (key, key_type) in [("group", 0), ("id", 1)] {
        let look = FindCoordinatorRequest { key: key.into(), key_type, ..Default::default() };
        assert_eq!(client.call(&look, 3).error_code, 0);
    }
    let init = InitProducerIdRequest {
        transactional_id: Some("id".into()),
        transaction_timeout_ms: 60_000,
        ..Default::default()
    };
    let begun = client.call(&init, 5);
    let (producer_id, mut producer_epoch) = (begun.producer_id, begun.producer_epoch);
    disk.set_capacity(Some(used(&disk) + (6 << 20)));
    assert!(fill(&mut client, "large") > 20);
    for (committed_offset, committed) in [(5, true), (6, false), (7, true)] {
        let partition = TxnOffsetCommitRequestPartition { committed_offset, ..Default::default() };
        let topics = vec![TxnOffsetCommitRequestTopic { name: "large".into(), partitions: vec![partition] }];
        let (transactional_id, group_id) = ("id".to_owned(), "group".to_owned());
        let request = TxnOffsetCommitRequest {
            transactional_id,
            group_id,
            producer_id,
            producer_epoch,
            topics,
            ..Default::default()
        };
        assert_eq!(client.call(&request, 5).topics[0].partitions[0].error_code, 0);
        let end = EndTxnRequest { transactional_id: "id".into(), producer_id, producer_epoch, committed };
        let ended = client.call(&end, 5);
        assert_eq!(ended.error_code, 0);
        producer_epoch = ended.producer_epoch;
    }
    let topic = OffsetFetchRequestTopic { name: "large".into(), partition_indexes: vec![0] };
    let fetch = OffsetFetchRequest {
        group_id: "group".into(),
        topics: Some(vec![topic]),
        require_stable: true,
        ..Default::default()
    };
    until("the last one counts", || client.call(&fetch, 7).topics[0].partitions[0].committed_offset == 7);
    assert_eq!(delete(&mut client, "large"), 0);
    broker.stop();
}

/// Deletes the records of partition 0 below an offset; returns Kafka's code.
pub fn delete_records(client: &mut Client, topic: &str, offset: i64) -> i16 {
    let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset }];
    let topics = vec![DeleteRecordsTopic { name: topic.into(), partitions }];
    let response = client.call(&DeleteRecordsRequest { topics, timeout_ms: 30_000 }, 2);
    response.topics[0].partitions[0].error_code
}

/// Protects: W-8, W-12: records are deleted on a full disk, of page-cache topics too (W-16), and what lies wholly below the
/// new start makes room by itself.
#[test]
fn a_full_disk_is_left_by_deleting_records() {
    for durability in ["fsync", "page-cache"] {
        let disk = CrashDisk::new();
        let broker = start(&disk, |_| {});
        let mut client = broker.connect();
        until("the reserve is made", || metric(&broker, "disk_reserve_bytes") == RESERVE);
        until("the pool is filled", || metric(&broker, "wal_pool_free_bytes") > (3 << 20));
        client.create_with("large", 1, &[("highwater.durability", durability)]);
        client.create("kept", 1);
        client.put("kept", &batch(&["before"]));
        disk.set_capacity(Some(used(&disk) + (6 << 20)));
        let stored = i64::try_from(fill(&mut client, "large")).unwrap();
        assert!(stored > 20, "{stored}");
        assert_eq!(delete_records(&mut client, "large", stored - 1), 0, "{durability}");
        until("produce is accepted again", || client.produce("kept", &batch(&["v"])).error_code == 0);
        assert_eq!(client.offset("large", -2).offset, stored - 1);
        assert_eq!(client.fetch("large", stored - 1).error_code, 0, "the last one is kept");
        broker.stop();
        assert!(open(&disk).report.damaged.is_empty());
    }
}

/// Protects: W-12: what a checkpoint that has not ended has in segments already, and the logs in memory still, is not counted for two:
/// produce is accepted with room for the rest.
#[test]
fn a_checkpoint_does_not_fill_the_disk() {
    /// What logs may hold in memory: three sixteenths of all. A checkpoint begins at half of it.
    const UNWRITTEN: u64 = 1_600_000;
    let disk = CrashDisk::new();
    let broker = start(&disk, |config| config.memory_max = Some(UNWRITTEN / 3 * 16));
    let mut client = broker.connect();
    until("the reserve is made", || metric(&broker, "disk_reserve_bytes") == RESERVE);
    until("the pool is filled", || metric(&broker, "wal_pool_free_bytes") > (3 << 20));
    client.create("large", 1);
    // Is never stored: it tells whether the disk is full, and takes no room.
    let too_large = sized(60_000);
    let held = Held(disk.clone());
    let is_placed = Arc::new(AtomicBool::new(false));
    let seen = is_placed.clone();
    // The state is written after the segments.
    disk.hold_writes(Some(Arc::new(move |path: &Path| {
        let is_state = path.starts_with(root().join("state"));
        seen.fetch_or(is_state, Ordering::AcqRel);
        is_state
    })));
    let (folder, small) = (root().join("large-0"), sized(10_000));
    until("a checkpoint has begun", || {
        client.put("large", &small);
        !names(&disk, &folder).is_empty()
    });
    until("segments are written", || is_placed.load(Ordering::Acquire));
    client.put("large", &small);
    disk.set_capacity(Some(used(&disk)));
    until("the disk is full", || {
        client.produce("large", &too_large).error_code == ErrorCode::KafkaStorageError.code()
    });
    let logs = names(&disk, &folder).into_iter().filter(|name| name.ends_with(".log"));
    let placed: u64 = logs.filter_map(|name| size(&disk, &folder.join(name))).sum();
    let rest = metric(&broker, "unwritten_bytes") - placed;
    let spare = placed / 2;
    assert!(spare > 4 * small.len() as u64, "{placed}");
    disk.set_capacity(Some(used(&disk) + rest + spare));
    until("produce is accepted", || client.produce("large", &small).error_code == 0);
    drop(held);
    broker.stop();
}

/// Protects: W-8, W-12: deleted records make room although the disk has none for the segments of others, whose checkpoint
/// lets the deleted ones go.
#[test]
fn deleted_records_make_room_for_others() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    until("the reserve is made", || metric(&broker, "disk_reserve_bytes") == RESERVE);
    client.create("large", 1);
    client.create("kept", 1);
    for _ in 0..60 {
        client.put("large", &sized(40_000));
    }
    let large = root().join("large-0");
    until("segments are written", || names(&disk, &large).len() > 12);
    let paths = Some(Arc::new(|path: &Path| path.to_string_lossy().contains("kept-0")) as _);
    for nth in 1..=1_000 {
        let (when, failure) = (When::Nth(Call::Write, nth), Failure::NoSpace);
        disk.fail(Fault { when, failure, paths: paths.clone() });
    }
    client.put("kept", &sized(40_000));
    assert_eq!(delete_records(&mut client, "large", 59), 0);
    until("the segments are let go", || names(&disk, &large).len() < 12);
    let segment = size(&disk, &root().join("kept-0/00000000000000000000.log"));
    assert_eq!(segment.unwrap_or(0), 0, "it found no room");
    broker.stop();
}

/// Protects: W-8: a deletion that was answered survives a power cut at once after the answer, of page-cache topics too, and
/// the log goes on where it ended.
#[test]
fn deleted_records_survive_a_power_cut() {
    for durability in ["fsync", "page-cache"] {
        let disk = CrashDisk::new();
        let broker = start(&disk, |_| {});
        let mut client = broker.connect();
        client.create_with("topic", 1, &[("highwater.durability", durability)]);
        for _ in 0..8 {
            client.put("topic", &sized(20_000));
        }
        assert_eq!(delete_records(&mut client, "topic", 5), 0);
        let after = disk.fork();
        after.power_cut(0);
        let opened = open(&after);
        let log = &opened.logs[0];
        assert_eq!((log.log_start().0, log.log_end().0), (5, 8), "{durability}");
        drop(opened);
        assert_eq!(delete_records(&mut client, "topic", -1), 0);
        let after = disk.fork();
        after.power_cut(0);
        let opened = open(&after);
        assert_eq!((opened.logs[0].log_start().0, opened.logs[0].log_end().0), (8, 8), "{durability}");
    }
}

/// Protects: W-12: a delete that finds no room succeeds, because a part of the reserve is given up for it; the reserve is
/// made whole again.
#[test]
fn a_delete_takes_from_the_reserve() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    until("the reserve is made", || metric(&broker, "disk_reserve_bytes") == RESERVE);
    client.create("doomed", 1);
    for _ in 0..40 {
        client.put("doomed", &sized(40_000));
    }
    until("a segment is written", || !names(&disk, &root().join("doomed-0")).is_empty());
    fail(&disk, Call::Rename, "doomed-0", Failure::NoSpace);
    let before = disk.ops();
    assert_eq!(delete(&mut client, "doomed"), 0);
    until("the folder is gone", || !names(&disk, &root()).iter().any(|name| name.contains("doomed")));
    let trace = disk.trace();
    let reserve = |call| {
        let since = trace.iter().filter(|op| op.op > before && op.call == call);
        since.filter(|op| op.path.ends_with("highwater.reserve")).count()
    };
    assert_eq!(reserve(Call::SetSize), 1, "a quarter was given up");
    until("the reserve is whole again", || size(&disk, &root().join("highwater.reserve")) == Some(RESERVE));
    client.create("next", 1);
    until("produce is accepted", || client.produce("next", &batch(&["v"])).error_code == 0);
}

/// Protects: W-12: a clean stop on a disk without a free byte leaves nothing to replay: its checkpoint takes from the
/// reserve. Opening such a disk gives the rest up.
#[test]
fn a_stop_takes_from_the_reserve() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    until("the reserve is made", || metric(&broker, "disk_reserve_bytes") == RESERVE);
    until("the pool is filled", || metric(&broker, "wal_pool_free_bytes") > (3 << 20));
    client.create("topic", 1);
    client.put("topic", &sized(40_000));
    drop(client);
    disk.set_capacity(Some(used(&disk)));
    broker.stop();
    assert!(size(&disk, &root().join("highwater.reserve")).unwrap() < RESERVE);
    disk.set_capacity(Some(used(&disk)));
    let opened = open(&disk);
    assert_eq!(opened.report.frames, 0, "nothing is replayed");
    assert_eq!(opened.logs[0].unwritten_bytes(), 0);
}

/// Protects: W-12: a deletion that finds no room, with no reserve to take from, is kept and done when there is room.
#[test]
fn a_job_without_room_is_tried_again() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |config| {
        config.storage.disk_reserve_bytes = 0;
        config.storage.retention_check_interval_ms = types::Millis(50);
    });
    let mut client = broker.connect();
    let first = root().join("topic-0/00000000000000000000.log");
    fail(&disk, Call::Rename, "topic-0/00000000000000000000", Failure::NoSpace);
    client.create_with("topic", 1, &[("retention.bytes", "100000"), ("segment.bytes", "65536")]);
    let mut written = false;
    until("the first segment goes", || {
        if client.produce("topic", &sized(40_000)).error_code == 0 {
            written |= size(&disk, &first).is_some();
        }
        written && size(&disk, &first).is_none()
    });
}

/// Protects: W-12, W-16: a page-cache partition whose folder finds no room has its batches refused at once, however many others
/// have theirs made in the same moment; the next batch makes it.
#[test]
fn a_folder_without_room_refuses_its_batches() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    client.create_with("topic", 200, &[("highwater.durability", "page-cache")]);
    fail(&disk, Call::CreateDir, "topic-0.new", Failure::NoSpace);
    let records = batch(&["v"]);
    let batches: Vec<_> = (0..200).map(|partition| (partition, &records)).collect();
    let answer = client.call(&produce_request("topic", &batches), PRODUCE);
    let codes: Vec<i16> =
        answer.responses[0].partition_responses.iter().map(|partition| partition.error_code).collect();
    assert_eq!(codes[0], ErrorCode::KafkaStorageError.code());
    assert_eq!(codes[1..], [0; 199]);
    assert_eq!(client.put("topic", &records), 0);
}

/// Protects: W-7: where the write-ahead log's files are no reserve, because the file system copies on write, the start says
/// so; elsewhere it says nothing.
#[test]
fn copy_on_write_is_said() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    assert_eq!(broker.notices, Vec::<String>::new());
    broker.stop();
    disk.copy_on_write();
    let broker = start(&disk, |_| {});
    assert!(broker.notices[0].contains("copies on write"), "{:?}", broker.notices);
}
