//! W-4 and W-7: one write and one sync per group; files are filled, headed, rotated and recycled as they should be.

use crate::harness::{Ledger, WALL, frame, home, new_disk, wal_dir};
use env::crash::{Call, CrashDisk, Failure, Fault, Traced, When};
use env::{Disk, OpenMode};
use log::wal::{WalFault, WalOptions, WalPosition, WalWriter, replay};

fn created() -> (CrashDisk, Ledger, WalWriter) {
    let disk = new_disk(0);
    let mut ledger = Ledger::new();
    let writer = ledger.create(&disk).unwrap();
    (disk, ledger, writer)
}

fn calls_since(disk: &CrashDisk, op: u64) -> Vec<(Call, String)> {
    let name = |traced: &Traced| traced.path.file_name().unwrap().to_string_lossy().into_owned();
    disk.trace().iter().filter(|traced| traced.op > op).map(|traced| (traced.call, name(traced))).collect()
}

fn fill(writer: &mut WalWriter) {
    while writer.fill_pool_step().unwrap() {}
}

/// Protects: a group is one write and one sync, a vouch one write (W-4).
#[test]
fn one_write_and_one_sync_per_group() {
    let (disk, mut ledger, mut writer) = created();
    let before = disk.ops();
    ledger.write(&mut writer, &[100, 200, 300]).unwrap();
    writer.vouch(false, WALL).unwrap();
    let name = "00001.wal".to_string();
    let expected = [(Call::Write, name.clone()), (Call::Sync, name.clone()), (Call::Write, name)];
    assert_eq!(calls_since(&disk, before), expected);
}

/// Protects: a small group goes past the page cache, where a write is its own sync; a large one, and any where that
/// cannot be, goes through it and is synced; so is one that follows a vouch that waits for a sync.
#[test]
fn direct_writes_need_no_sync() {
    let disk = new_disk(0);
    let mut writer = WalWriter::create(home(&disk, 2)).unwrap();
    let opened = disk.ops();
    writer.write_group(&[frame(1, 5000)], WALL).unwrap();
    assert_eq!(disk.ops(), opened + 2);
    writer.write_group(&[frame(1, 9000)], WALL).unwrap();
    writer.vouch(false, WALL).unwrap();
    writer.write_group(&[frame(1, 5)], WALL).unwrap();
    disk.power_cut(0);
    let from = WalPosition { file: 1, offset: 4096, seq: 1, life: 1 };
    let end = replay(&home(&disk, 2), from, &mut |_| Ok(())).unwrap();
    assert_eq!((end.groups, end.frames), (4, 3));

    let disk = new_disk(0);
    disk.refuse_device();
    let mut writer = WalWriter::create(home(&disk, 2)).unwrap();
    writer.write_group(&[frame(1, 5000)], WALL).unwrap();
    disk.power_cut(0);
    assert_eq!(replay(&home(&disk, 2), from, &mut |_| Ok(())).unwrap().frames, 1);
}

/// Protects: with the next file made ready, rotation costs nothing but the sync of an unsynced vouch before it.
#[test]
fn rotation_syncs_the_file_before() {
    let (disk, mut ledger, mut writer) = created();
    fill(&mut writer);
    assert!(writer.is_next_ready());
    ledger.write(&mut writer, &[100]).unwrap();
    ledger.write(&mut writer, &[100]).unwrap();
    writer.vouch(false, WALL).unwrap();
    let before = disk.ops();
    ledger.write(&mut writer, &[100]).unwrap();
    let calls = calls_since(&disk, before);
    assert_eq!(calls.iter().map(|call| call.0).collect::<Vec<_>>(), [Call::Sync, Call::Write, Call::Sync]);
    assert_eq!(calls[0].1, "00001.wal");
    assert_ne!(calls[1].1, "00001.wal");
}

/// Protects: the pool fills up to its size and no further, and every file of it has its full length in zeros.
#[test]
fn the_pool_fills_to_its_size() {
    let (disk, _, mut writer) = created();
    fill(&mut writer);
    let options = WalOptions::tiny();
    let names = disk.list(&wal_dir()).unwrap();
    let sizes: Vec<u64> = names
        .iter()
        .map(|e| disk.open(&wal_dir().join(&e.name), OpenMode::Read).unwrap().size().unwrap())
        .collect();
    assert_eq!(sizes[0], options.first_file_bytes);
    assert!(sizes[1..].iter().all(|size| *size == options.file_bytes));
    let whole: u64 = sizes.iter().sum();
    assert!(whole <= options.pool_bytes && whole + options.file_bytes > options.pool_bytes);
    assert_eq!(writer.capacity_bytes(), whole);
}

/// Protects: files go round: a long run with checkpoints makes no more files than the pool holds.
#[test]
fn files_are_recycled() {
    let (disk, mut ledger, mut writer) = created();
    for round in 0..200 {
        ledger.write(&mut writer, &[6000]).unwrap();
        writer.fill_pool_step().unwrap();
        if round % 10 == 9 {
            ledger.checkpoint(&mut writer).unwrap();
        }
    }
    let made = disk.trace().iter().filter(|traced| traced.call == Call::Create).count();
    assert!(made <= 8 && disk.list(&wal_dir()).unwrap().len() <= 8, "{made} files were made");
    assert!(writer.end().file > 40);
    assert!(writer.used_bytes() < WalOptions::tiny().pool_bytes / 2);
}

/// Protects: without a checkpoint the log goes beyond its pool rather than failing, and shrinks to it afterwards.
#[test]
fn beyond_the_pool_and_back() {
    let (disk, mut ledger, mut writer) = created();
    while writer.used_bytes() < WalOptions::tiny().pool_bytes + (64 << 10) {
        ledger.write(&mut writer, &[9000]).unwrap();
    }
    assert_eq!(writer.fill_pool_step().ok(), Some(false));
    ledger.checkpoint(&mut writer).unwrap();
    fill(&mut writer);
    assert!(disk.list(&wal_dir()).unwrap().len() <= 9);
    disk.power_cut(3);
    ledger.recover(&disk, 2).unwrap();
}

/// Protects: a full disk ends the filling without a fault; the log goes on in what it has, and says how much that is.
#[test]
fn a_full_disk_ends_the_filling() {
    let (disk, mut ledger, mut writer) = created();
    disk.set_capacity(Some((16 << 10) + (32 << 10) + 5000));
    fill(&mut writer);
    assert_eq!(writer.free_bytes(), (16 << 10) + (32 << 10) - 4096);
    assert_eq!(disk.list(&wal_dir()).unwrap().len(), 2);
    ledger.write(&mut writer, &[9000]).unwrap();
    ledger.write(&mut writer, &[9000]).unwrap();
    disk.set_capacity(None);
    writer.retry_filling();
    fill(&mut writer);
    assert_eq!(disk.list(&wal_dir()).unwrap().len(), 8);
    disk.power_cut(0);
    ledger.recover(&disk, 2).unwrap();
}

/// Protects: a descriptor that is wanting while files are made ready, for whichever call, is no fault: a later step goes
/// on with what is there, no file is lost or leaked, and the numbers of the files have no gap.
#[test]
fn want_of_a_descriptor_is_put_off() {
    let calls =
        [(Call::Open, 1), (Call::Create, 1), (Call::Create, 3), (Call::SyncDir, 1), (Call::SyncDir, 3)];
    for (call, nth) in calls {
        let (disk, mut ledger, mut writer) = created();
        disk.fail(Fault::new(When::Nth(call, nth), Failure::NoDescriptor));
        fill(&mut writer);
        assert!(writer.is_next_ready());
        assert_eq!(disk.list(&wal_dir()).unwrap().len(), 8, "{call:?} {nth}");
        for _ in 0..20 {
            ledger.write(&mut writer, &[9000]).unwrap();
        }
        disk.power_cut(0);
        ledger.recover(&disk, 2).unwrap();
    }
}

/// Protects: a failed sync is final even while filling, and even for want of space (W-11, W-12).
#[test]
fn a_failed_sync_while_filling_is_final() {
    let (disk, _, mut writer) = created();
    disk.fail(Fault::new(When::Nth(Call::Sync, 1), Failure::NoSpace));
    assert!(writer.fill_pool_step().is_err());
    assert!(matches!(writer.vouch(true, WALL), Err(WalFault::Closed)));
}

/// Protects: a frame may be as large as a file less 8 KiB; a larger one is refused and harms nothing (W-4).
#[test]
fn the_largest_frame() {
    let (disk, mut ledger, mut writer) = created();
    let max = WalOptions::tiny().max_payload_bytes();
    ledger.write(&mut writer, &[max]).unwrap();
    let ops = disk.ops();
    assert!(matches!(writer.write_group(&[frame(9, max + 1)], WALL), Err(WalFault::TooLarge { .. })));
    assert!(matches!(
        writer.write_group(&[frame(9, 9000), frame(9, 20_000)], WALL),
        Err(WalFault::TooLarge { .. })
    ));
    assert_eq!(disk.ops(), ops);
    ledger.write(&mut writer, &[max]).unwrap();
    disk.power_cut(0);
    ledger.recover(&disk, 2).unwrap();
}

/// Protects: a log is never made over another.
#[test]
fn create_refuses_an_existing_log() {
    let (disk, mut ledger, mut writer) = created();
    ledger.write(&mut writer, &[1]).unwrap();
    assert!(matches!(WalWriter::create(home(&disk, 2)), Err(WalFault::Occupied { .. })));
}
