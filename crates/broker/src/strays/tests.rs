//! A topic is deleted, the power goes between the metadata's record and the log's last frame, and the topic is made
//! again: on a disk that forgets, cut at every operation from the restart on.

use super::*;
use bytes::Bytes;
use env::crash::CrashDisk;
use log::append::{AppendAs, Appended, Origin};
use log::directory::{DirectoryOptions, OpenError, Opened};
use log::read_plan::{ReadPlan, ReadRequest};
use log::segments::PlaceRules;
use log::wal::{WalFault, WalOptions, WalPosition, WalWriter};
use metadata::{PartitionState, Record, Replica};
use std::path::Path;
use std::sync::Arc;
use types::{
    BrokerId, DirectoryId, LeaderEpoch, LogKey, MetadataOffset, Millis, Now, PartitionId, TopicId, TopicName,
    Uuid,
};
use wire::record::{Batch, BatchBuilder, Codec};

const FOLDER: &str = "t-0";

/// Why a life has ended early.
#[derive(Debug, thiserror::Error)]
enum Gone {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    File(#[from] FileFault),
    #[error(transparent)]
    Wal(#[from] WalFault),
}

fn key(topic: u8) -> LogKey {
    LogKey { topic_id: TopicId(Uuid([topic; 16])), partition: PartitionId(0) }
}

fn env_of(disk: &CrashDisk) -> Env {
    Env { disk: Arc::new(disk.clone()), ..Env::real() }
}

fn open(disk: &CrashDisk) -> Result<Opened, OpenError> {
    let options = DirectoryOptions { wal: WalOptions::tiny(), ..DirectoryOptions::default() };
    Directory::open(&env_of(disk), Path::new("/data"), BrokerId(1), &options)
}

/// The metadata after the deletion: the name is another topic's.
fn image_of(key: LogKey) -> MetadataImage {
    let broker = BrokerId(1);
    let state = PartitionState {
        replicas: vec![Replica { broker, directory: DirectoryId::default() }],
        isr: vec![broker],
        elr: Vec::new(),
        leader: Some(broker),
        leader_epoch: LeaderEpoch(0),
        partition_epoch: types::PartitionEpoch(0),
    };
    let name = TopicName::new("t").unwrap();
    let records = [Record::TopicCreated { name, id: key.topic_id }, Record::PartitionChanged { key, state }];
    MetadataImage::default().apply(&records, MetadataOffset(1)).unwrap()
}

fn batch(n: usize) -> Batch {
    let mut builder = BatchBuilder::new(Codec::None);
    let value = format!("{n}:{}", "v".repeat(900));
    builder.push(types::WallTime(1), None, Some(value.as_bytes()), &[]);
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}

fn append(log: &mut Log, wal: &mut WalWriter, n: usize) -> Result<(), WalFault> {
    let now = Now::default();
    let leader_epoch = LeaderEpoch(0);
    let how = AppendAs {
        origin: Origin::Client,
        leader_epoch,
        now,
        max_producers: 10,
        resume: None,
        verified: None,
    };
    let Appended::Written { frame, .. } = log.append(batch(n), &how).unwrap() else {
        panic!("not sent twice")
    };
    wal.write_group(&[frame], now.wall)?;
    log.on_durable(log.change());
    Ok(())
}

fn checkpoint(directory: &mut Directory, wal: &mut WalWriter, log: &mut Log) -> Result<(), Gone> {
    let rules = PlaceRules {
        segment_bytes: 2500,
        segment_ms: Millis(i64::MAX),
        index_interval_bytes: 4096,
        segment_index_bytes: 1 << 16,
    };
    let mark: WalPosition = wal.synced_end();
    let (cut, placement) = log.cut(&rules, 0).unwrap();
    let change = cut.change;
    let (cuts, placements, quorum) = (vec![cut], vec![placement], Some(Bytes::new()));
    directory.checkpoint(&Checkpoint {
        mark,
        wall: types::WallTime(1),
        cuts,
        placements,
        removed: Vec::new(),
        quorum,
    })?;
    wal.recycle_below(mark)?;
    log.checkpointed(change);
    log.evict(0);
    Ok(())
}

/// The old topic's life: batches in segments, others in the write-ahead log alone. Its deletion has left no frame.
fn with_old_log(old: LogKey) -> CrashDisk {
    let disk = CrashDisk::new();
    let Opened { mut directory, mut wal, .. } = open(&disk).unwrap();
    let mut log = Log::new(old);
    log.set_folder(FOLDER);
    for n in 0..6 {
        append(&mut log, &mut wal, n).unwrap();
    }
    checkpoint(&mut directory, &mut wal, &mut log).unwrap();
    append(&mut log, &mut wal, 6).unwrap();
    drop((directory, wal));
    disk.power_cut(0);
    disk
}

/// A restart, the new topic's first batches, a checkpoint, more batches; counts what was acknowledged.
fn life(disk: &CrashDisk, new: LogKey, acked: &mut usize) -> Result<(), Gone> {
    let Opened { mut directory, mut wal, mut logs, report, .. } = open(disk)?;
    set_strays_aside(&mut directory, &mut logs, &image_of(new), &report, &env_of(disk))?;
    assert!(logs.is_empty(), "{logs:?}");
    let mut log = Log::new(new);
    log.set_folder(FOLDER);
    for n in 0..4 {
        append(&mut log, &mut wal, n)?;
        *acked += 1;
    }
    checkpoint(&mut directory, &mut wal, &mut log)?;
    append(&mut log, &mut wal, 4)?;
    *acked += 1;
    checkpoint(&mut directory, &mut wal, &mut log)?;
    while directory.sweep(8)? {}
    Ok(())
}

/// Returns how many batches of a log can be read, in order and whole.
fn readable(log: &Log, directory: &Directory) -> usize {
    let mut from = log.log_start();
    let mut count = 0;
    while from < log.log_end() {
        let request = ReadRequest { from, bound: log.log_end(), max_bytes: 100, at_least_one: true };
        let batches = match log.plan_read(&request).unwrap() {
            ReadPlan::Empty => break,
            ReadPlan::Tail(batches) => batches,
            ReadPlan::File(file) => directory.reader().read(log.key(), &file).unwrap(),
        };
        for found in batches {
            let mut sent = batch(count);
            sent.place(found.header().base_offset, LeaderEpoch(0));
            assert_eq!(found.to_bytes(), sent.to_bytes(), "batch {count}");
            from = found.header().next_offset();
            count += 1;
        }
    }
    count
}

/// Restarts twice and looks at what is there.
fn check(disk: &CrashDisk, new: LogKey, acked: usize) {
    for start in 0..2 {
        let Opened { mut directory, mut logs, report, .. } = open(disk).unwrap();
        // The old log may have lost its folder to the new name that the state does not know yet.
        assert!(report.damaged.iter().all(|damage| damage.key != new), "start {start}: {:?}", report.damaged);
        set_strays_aside(&mut directory, &mut logs, &image_of(new), &report, &env_of(disk)).unwrap();
        let found = logs.iter().find(|log| log.key() == new).map_or(0, |log| readable(log, &directory));
        assert!(found == acked || found == acked + 1, "start {start}: {found} of {acked}");
        while directory.sweep(8).unwrap() {}
        drop((directory, logs));
        disk.power_cut(u64::from(start == 0));
    }
    let folders = env::Disk::list(disk, Path::new("/data")).unwrap();
    let stray = folders.iter().find(|entry| entry.name.ends_with("-stray")).expect("the old log is kept");
    let kept = env::Disk::list(disk, &Path::new("/data").join(&stray.name)).unwrap();
    assert!(kept.iter().any(|entry| entry.name == "00000000000000000000.log"), "{kept:?}");
}

/// Protects: W-14, D-15: a log that outlived its topic and the topic's namesake never meet, whichever has the lower id and
/// wherever the power goes: nothing acknowledged to the namesake is lost, and the old log's segments are kept aside.
#[test]
fn a_stray_and_its_namesake_never_meet() {
    for (old, new) in [(key(1), key(2)), (key(2), key(1))] {
        let born = with_old_log(old);
        let whole = born.fork();
        life(&whole, new, &mut 0).unwrap();
        let operations = whole.ops();
        assert!(operations > 40, "{operations}");
        for at in 1..=operations {
            for seed in [0, 1, at] {
                let disk = born.fork();
                disk.cut_after(at);
                let mut acked = 0;
                let ended = life(&disk, new, &mut acked);
                assert!(ended.is_err() || at == operations, "{at}: {ended:?}");
                disk.power_cut(seed);
                check(&disk, new, acked);
            }
        }
    }
}
