//! Writing segments over a disk in memory.

use super::*;
use env::crash::{Call, CrashDisk, Failure, Fault, When};
use types::{LeaderEpoch, WallTime};
use wire::record::{BatchBuilder, Codec};

/// Returns a write of `count` batches of about 400 KiB.
fn write_of(count: i64) -> SegmentWrite {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(WallTime(5), None, Some(&[b'v'; 400 << 10]), &[]);
    let mut batch = Batch::from_wire(&builder.build().unwrap()).unwrap();
    let placed = |offset| {
        batch.place(Offset(offset), LeaderEpoch(0));
        batch.clone()
    };
    let batches = (0..count).map(placed).collect();
    SegmentWrite {
        base: Offset(0),
        at: 0,
        batches,
        index: Vec::new(),
        index_at: 0,
        times: Vec::new(),
        times_at: 0,
        roll: false,
        aborted: Vec::new(),
    }
}

fn write(disk: &CrashDisk, count: i64) -> Result<bool, FileFault> {
    let _ = disk.create_dir(Path::new("/0"));
    write_segment(SegmentPlace { disk, folder: Path::new("/0"), base: Offset(0) }, &write_of(count), true)
}

/// Protects: W-5: a checkpoint never has much on its way to the device, which the write-ahead log would have to wait
/// for, and all of it is synced in the end.
#[test]
fn a_checkpoint_syncs_on_the_way() {
    let disk = CrashDisk::new();
    write(&disk, 27).unwrap();
    let calls = disk.trace().into_iter().filter(|op| op.path.ends_with("00000000000000000000.log"));
    let calls = calls.map(|op| op.call).filter(|call| [Call::Write, Call::Sync].contains(call));
    let step = [vec![Call::Write; 5], vec![Call::Sync]].concat();
    let rest = [Call::Write; 4].into_iter().chain([Call::Sync]);
    assert_eq!(calls.collect::<Vec<_>>(), step.repeat(2).into_iter().chain(rest).collect::<Vec<_>>());
    let path = Path::new("/0/00000000000000000000.log");
    let size = disk.open(path, OpenMode::Read).unwrap().size().unwrap();
    assert_eq!(size, write_of(27).batches.iter().map(|batch| batch.size() as u64).sum::<u64>());
}

/// Protects: W-11, W-12: a later piece without room takes back the earlier ones, synced or not; a sync on the way that
/// fails is final, whatever its number.
#[test]
fn a_piece_that_fails_is_as_bad_as_the_whole() {
    let disk = CrashDisk::new();
    disk.fail(Fault::new(When::Nth(Call::Write, 6), Failure::NoSpace));
    assert!(write(&disk, 13).unwrap_err().is_full());
    let path = Path::new("/0/00000000000000000000.log");
    assert_eq!(disk.open(path, OpenMode::Read).unwrap().size().unwrap(), 0);
    let disk = CrashDisk::new();
    disk.fail(Fault::new(When::Nth(Call::Sync, 1), Failure::NoSpace));
    assert!(!write(&disk, 13).unwrap_err().is_full());
}
