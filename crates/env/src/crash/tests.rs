//! Tests of the model itself: a crash test is worth what its disk is worth.

use super::*;
use crate::AlignedBuf;

fn disk_with(name: &str) -> (CrashDisk, Arc<dyn DiskFile>) {
    let disk = CrashDisk::new();
    let file = disk.open(Path::new(name), OpenMode::CreateNew).unwrap();
    (disk, file)
}

fn read(disk: &CrashDisk, name: &str, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let count = disk.open(Path::new(name), OpenMode::Read).unwrap().read_at(&mut bytes, 0).unwrap();
    bytes.truncate(count);
    bytes
}

fn read_device(disk: &CrashDisk, name: &str) -> Vec<u8> {
    let mut bytes = AlignedBuf::zeroed(4096);
    let count = disk.open(Path::new(name), OpenMode::ReadDevice).unwrap().read_at(&mut bytes, 0).unwrap();
    bytes[..count].to_vec()
}

/// Protects: what is synced, and named in a synced folder, survives every cut.
#[test]
fn synced_bytes_survive() {
    let (disk, file) = disk_with("/a");
    file.write_at(&[7; 1000], 100).unwrap();
    file.sync().unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    for seed in 0..50 {
        let after = disk.fork();
        after.power_cut(seed);
        assert_eq!(read(&after, "/a", 2000), [vec![0; 100], vec![7; 1000]].concat());
    }
}

/// Protects: of an unsynced write each sector is old or new, both occur, and never a mixture within a sector.
#[test]
fn unsynced_sectors_are_torn() {
    let (disk, file) = disk_with("/a");
    file.write_at(&[1; 2048], 0).unwrap();
    file.sync().unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    file.write_at(&[2; 2048], 0).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..400 {
        let after = disk.fork();
        after.power_cut(seed);
        let bytes = read(&after, "/a", 2048);
        let sectors: Vec<u8> = bytes.chunks(512).map(|sector| sector[0]).collect();
        assert!(bytes.chunks(512).all(|sector| sector.iter().all(|byte| *byte == sector[0])));
        seen.insert(sectors);
    }
    assert_eq!(seen.len(), 16);
}

/// Protects: seed 0 keeps nothing that is unsynced, seed 1 all of it; the same seed gives the same disk.
#[test]
fn seeds_are_bounds_and_deterministic() {
    let (disk, file) = disk_with("/a");
    disk.sync_dir(Path::new("/")).unwrap();
    file.write_at(&[3; 700], 0).unwrap();
    let survivors = |seed| {
        let after = disk.fork();
        after.power_cut(seed);
        read(&after, "/a", 1000)
    };
    assert_eq!(survivors(0), vec![]);
    assert_eq!(survivors(1), vec![3; 700]);
    assert!((0..20).all(|seed| survivors(seed) == survivors(seed)));
}

/// Protects: a kill keeps the cache, gives up locks and ends handles.
#[test]
fn kill_keeps_the_cache() {
    let (disk, file) = disk_with("/a");
    file.write_at(b"abc", 0).unwrap();
    let held = disk.lock(Path::new("/lock")).unwrap();
    assert_eq!(disk.lock(Path::new("/lock")).err().unwrap().kind(), io::ErrorKind::WouldBlock);
    disk.kill();
    assert_eq!(read(&disk, "/a", 10), b"abc");
    assert!(file.write_at(b"x", 0).is_err());
    let again = disk.lock(Path::new("/lock")).unwrap();
    drop(held);
    assert!(disk.lock(Path::new("/lock")).is_err());
    drop(again);
    assert!(disk.lock(Path::new("/lock")).is_ok());
}

/// Protects: names are lost without a sync of the folder, whatever was synced of the file.
#[test]
fn names_need_their_folder_synced() {
    let (disk, file) = disk_with("/a");
    file.write_at(b"abc", 0).unwrap();
    file.sync().unwrap();
    let after = disk.fork();
    after.power_cut(0);
    assert!(!after.exists(Path::new("/a")).unwrap());
}

/// Protects: creations, renames and removals of one folder survive independently of one another; a rename is whole.
#[test]
fn changes_of_a_folder_are_independent() {
    let (disk, _) = disk_with("/old");
    disk.open(Path::new("/gone"), OpenMode::CreateNew).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    disk.rename(Path::new("/old"), Path::new("/new")).unwrap();
    disk.remove_file(Path::new("/gone")).unwrap();
    disk.open(Path::new("/made"), OpenMode::CreateNew).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let after = disk.fork();
        after.power_cut(seed);
        let has = |name| after.exists(Path::new(name)).unwrap();
        assert_ne!(has("/old"), has("/new"));
        seen.insert((has("/new"), has("/gone"), has("/made")));
    }
    assert_eq!(seen.len(), 8);
}

/// Protects: a rename between folders is durable whole once either is synced.
#[test]
fn a_rename_is_whole_across_folders() {
    let disk = CrashDisk::new();
    for name in ["/x", "/y"] {
        disk.create_dir(Path::new(name)).unwrap();
    }
    disk.sync_dir(Path::new("/")).unwrap();
    disk.open(Path::new("/x/a"), OpenMode::CreateNew).unwrap();
    disk.rename(Path::new("/x/a"), Path::new("/y/a")).unwrap();
    disk.sync_dir(Path::new("/y")).unwrap();
    for seed in 0..20 {
        let after = disk.fork();
        after.power_cut(seed);
        assert!(!after.exists(Path::new("/x/a")).unwrap());
        assert!(after.exists(Path::new("/y/a")).unwrap());
    }
}

/// Protects: after a failed sync the cache shows what the device has lost, and a later sync does not save it.
#[test]
fn failed_sync_loses_and_hides() {
    let (disk, file) = disk_with("/a");
    file.write_at(&[1; 4096], 0).unwrap();
    file.sync().unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    let mut lost = 0;
    for round in 0..20 {
        file.write_at(&[round + 2; 4096], 0).unwrap();
        disk.fail(Fault::new(When::Nth(Call::Sync, 1), Failure::Io));
        assert_eq!(file.sync().unwrap_err().raw_os_error(), Some(5));
        file.sync().unwrap();
        assert_eq!(read(&disk, "/a", 4096), [round + 2; 4096]);
        let after = disk.fork();
        after.power_cut(1);
        assert_eq!(read(&after, "/a", 4096), read_device(&disk, "/a"));
        lost += usize::from(read_device(&disk, "/a") != [round + 2; 4096]);
    }
    assert!(lost > 5);
}

/// Protects: a device read shows unsynced bytes, but does not make them safe; it insists on alignment.
#[test]
fn device_reads_do_not_sync() {
    let (disk, file) = disk_with("/a");
    disk.sync_dir(Path::new("/")).unwrap();
    file.write_at(&[5; 4096], 0).unwrap();
    assert_eq!(read_device(&disk, "/a"), [5; 4096]);
    let reader = disk.open(Path::new("/a"), OpenMode::ReadDevice).unwrap();
    let mut buffer = AlignedBuf::zeroed(8192);
    assert_eq!(reader.read_at(&mut buffer[1..4097], 0).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    disk.power_cut(0);
    assert_eq!(read(&disk, "/a", 4096), []);
}

/// Protects: cutting and growing a file gives zeros, and an unsynced cut may be undone.
#[test]
fn sizes_are_unsynced_too() {
    let (disk, file) = disk_with("/a");
    file.write_at(&[9; 1500], 0).unwrap();
    file.sync().unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    file.set_size(600).unwrap();
    file.set_size(1500).unwrap();
    assert_eq!(read(&disk, "/a", 1500), [vec![9; 600], vec![0; 900]].concat());
    let after = disk.fork();
    after.power_cut(0);
    assert_eq!(read(&after, "/a", 1500), [9; 1500]);
}

/// Protects: a full disk takes what fits and says so; a fault hits the call it is meant for, once.
#[test]
fn full_disk_and_faults() {
    let (disk, file) = disk_with("/a");
    disk.set_capacity(Some(1000));
    assert_eq!(file.write_at(&[1; 1200], 0).unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(disk.free_bytes(Path::new("/")).unwrap(), 0);
    file.write_at(&[2; 1000], 0).unwrap();
    let paths: PathFilter = Arc::new(|path| path.ends_with("a"));
    disk.fail(Fault { when: When::Nth(Call::Read, 2), failure: Failure::Io, paths: Some(paths) });
    let mut byte = [0];
    assert!(file.read_at(&mut byte, 0).is_ok());
    assert!(file.read_at(&mut byte, 0).is_err());
    assert!(file.read_at(&mut byte, 0).is_ok());
    disk.fail(Fault::new(When::Op(disk.ops() + 1), Failure::NoSpace));
    assert_eq!(file.set_size(0).unwrap_err().kind(), io::ErrorKind::StorageFull);
}

/// Protects: writes that are held wait, other calls do not, and all of them happen once they are let go.
#[test]
fn held_writes_wait() {
    let (disk, file) = disk_with("/a");
    let before = disk.ops();
    disk.hold_writes(Some(Arc::new(|path| path.ends_with("a"))));
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| file.write_at(&[7; 10], 0));
        assert!(disk.exists(Path::new("/a")).unwrap());
        assert_eq!(disk.ops(), before);
        disk.hold_writes(None);
        writer.join().unwrap().unwrap();
    });
    assert_eq!((read(&disk, "/a", 10), disk.ops()), (vec![7; 10], before + 1));
}

/// Protects: a planned cut lets exactly so many operations happen, and the trace names them.
#[test]
fn cut_after_counts_operations() {
    let (disk, file) = disk_with("/a");
    disk.cut_after(3);
    disk.sync_dir(Path::new("/")).unwrap();
    file.write_at(b"abc", 0).unwrap();
    assert!(file.sync().is_err());
    assert!(disk.open(Path::new("/a"), OpenMode::Read).is_err());
    let calls: Vec<Call> = disk.trace().iter().map(|traced| traced.call).collect();
    assert_eq!(calls, [Call::Create, Call::SyncDir, Call::Write]);
    disk.power_cut(1);
    assert_eq!(read(&disk, "/a", 3), b"abc");
}

/// Protects: the power goes before the write that is meant, and everything before it is in the cache.
#[test]
fn cut_before_names_a_write() {
    let (disk, file) = disk_with("/a");
    disk.cut_before(Box::new(|path, bytes| path == Path::new("/a") && bytes == b"two"));
    file.write_at(b"one", 0).unwrap();
    assert!(file.write_at(b"two", 3).is_err());
    assert!(file.write_at(b"six", 3).is_err());
    disk.kill();
    assert_eq!(read(&disk, "/a", 6), b"one");
    disk.open(Path::new("/a"), OpenMode::Write).unwrap().write_at(b"two", 3).unwrap();
}

/// Protects: every sabotage breaks the promise that it names.
#[test]
fn sabotage_breaks_promises() {
    let all: PathFilter = Arc::new(|_| true);
    let (disk, file) = disk_with("/a");
    let swallow_sync_dir = Some(all.clone());
    disk.sabotage(Sabotage { swallow_sync_dir, ..Sabotage::default() });
    disk.sync_dir(Path::new("/")).unwrap();
    let after = disk.fork();
    after.power_cut(0);
    assert!(!after.exists(Path::new("/a")).unwrap());

    disk.sabotage(Sabotage { swallow_sync: Some(all), ..Sabotage::default() });
    disk.sync_dir(Path::new("/")).unwrap();
    file.write_at(b"abc", 0).unwrap();
    file.sync().unwrap();
    let after = disk.fork();
    after.power_cut(0);
    assert_eq!(read(&after, "/a", 3), b"");

    disk.sabotage(Sabotage { device_reads_cache: true, ..Sabotage::default() });
    file.write_at(&[8; 4096], 0).unwrap();
    disk.fail(Fault::new(When::Nth(Call::Sync, 1), Failure::Io));
    assert!(file.sync().is_err());
    assert_eq!(read_device(&disk, "/a"), [8; 4096]);
}

/// Protects: a write past the cache is safe when it returns, torn when the power goes within it, and aligned.
#[test]
fn device_writes_are_synced() {
    let (disk, file) = disk_with("/a");
    file.write_at(&[1; 8192], 0).unwrap();
    file.sync().unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    let direct = disk.open(Path::new("/a"), OpenMode::WriteDevice).unwrap();
    let mut buffer = AlignedBuf::zeroed(4096);
    buffer.fill(2);
    assert_eq!(direct.write_at(&[2; 100], 0).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    direct.write_at(&buffer, 4096).unwrap();
    buffer.fill(3);
    disk.cut_after(disk.ops() + 1);
    assert!(direct.write_at(&buffer, 0).is_err());
    let sectors = |seed| {
        let after = disk.fork();
        after.power_cut(seed);
        let bytes = read(&after, "/a", 8192);
        assert_eq!(bytes[4096..], [2; 4096]);
        bytes[..4096].chunks(512).map(|sector| sector[0]).collect::<Vec<u8>>()
    };
    assert_eq!((sectors(0), sectors(1)), (vec![1; 8], vec![3; 8]));
    assert!((2..40).any(|seed| sectors(seed).contains(&1) && sectors(seed).contains(&3)));
}
