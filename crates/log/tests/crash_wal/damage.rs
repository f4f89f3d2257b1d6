//! W-3: a torn tail ends the log, damage does not open; and the report names file, place and partitions.

use crate::harness::{Ledger, Trouble, WALL, frame, home, key, new_disk, wal_dir};
use env::crash::CrashDisk;
use env::{Disk, OpenMode};
use log::wal::{
    DamageReason, FrameError, ReplayError, ReplayStop, UnknownFrameKind, WalDamage, WalPosition, replay,
};
use std::path::PathBuf;
use types::{DirectoryId, LogKey, Uuid};

fn slot(number: u32) -> PathBuf {
    wal_dir().join(format!("{number:05}.wal"))
}

/// A log of some groups in its first file, with their places; `vouched` says whether an empty group follows.
fn written(sizes: &[usize], vouched: Option<bool>) -> (CrashDisk, Ledger, Vec<WalPosition>) {
    let disk = new_disk(0);
    let mut ledger = Ledger::new();
    let mut writer = ledger.create(&disk).unwrap();
    let mut places = Vec::new();
    for size in sizes {
        places.push(writer.end());
        ledger.write(&mut writer, &[*size]).unwrap();
    }
    if let Some(synced) = vouched {
        places.push(writer.end());
        writer.vouch(synced, WALL).unwrap();
    }
    disk.kill();
    (disk, ledger, places)
}

fn flip(disk: &CrashDisk, path: &std::path::Path, at: u64) {
    let mut byte = [0];
    disk.open(path, OpenMode::Read).unwrap().read_at(&mut byte, at).unwrap();
    disk.corrupt(path, at, &[byte[0] ^ 0x40]).unwrap();
}

fn damage(ledger: &Ledger, disk: &CrashDisk) -> WalDamage {
    match ledger.replay(disk, 2) {
        Err(Trouble::Replay(ReplayError::Damage(damage))) => *damage,
        other => panic!("no damage: {:?}", other.map(|(end, _)| end)),
    }
}

/// Protects: a flipped byte anywhere in a group that a later one vouches for is damage, exactly described.
#[test]
fn flipped_byte_in_the_durable_range() {
    for vouched in [Some(true), Some(false)] {
        let (disk, ledger, places) = written(&[300, 100, 40], vouched);
        for (index, place) in places[..3].iter().enumerate() {
            for at in [0, 5, 9, 20, 30, 40, 50, 60, 70, 80, 100, 120, 159] {
                let disk = disk.fork();
                flip(&disk, &slot(1), place.offset + at);
                let damage = damage(&ledger, &disk);
                assert_eq!(
                    (&damage.path, damage.at, damage.expected_seq),
                    (&slot(1), place.offset, place.seq)
                );
                assert!(matches!(damage.reason, DamageReason::LostGroup { .. }), "{damage}");
                let beyond: Vec<LogKey> =
                    (index + 2..=3).map(|number| key(i32::try_from(number).unwrap())).collect();
                assert!(beyond.iter().all(|key| damage.partitions.contains(key)), "{damage}");
                assert!(
                    at < 120 || damage.partitions.contains(&key(i32::try_from(index + 1).unwrap())),
                    "{damage}"
                );
            }
        }
    }
}

/// Protects: the last group, for which nothing vouches, is a torn tail; it is left out and told.
#[test]
fn flipped_byte_in_the_torn_tail() {
    let (disk, ledger, places) = written(&[300, 100, 40], None);
    for at in [0, 9, 30, 60, 100, 159] {
        let disk = disk.fork();
        flip(&disk, &slot(1), places[2].offset + at);
        let (end, found) = ledger.replay(&disk, 2).unwrap();
        assert_eq!((found.len(), end.end.offset, end.end.seq), (2, places[2].offset, places[2].seq));
        assert!(at < 100 || end.dropped[0].frames[0].0 == key(3), "{:?}", end.dropped);
    }
}

/// Protects: bytes that no CRC speaks for may be anything: the rest of a block, and an empty group at the end.
#[test]
fn flipped_byte_that_matters_not() {
    let (disk, ledger, places) = written(&[300, 100, 40], Some(true));
    for at in [places[1].offset + 4000, places[3].offset + 20, 600] {
        let disk = disk.fork();
        flip(&disk, &slot(1), at);
        assert_eq!(ledger.replay(&disk, 2).unwrap().1.len(), 3);
    }
}

/// Runs over several files without a checkpoint.
fn several_files() -> (CrashDisk, Ledger) {
    let disk = new_disk(0);
    let mut ledger = Ledger::new();
    let mut writer = ledger.create(&disk).unwrap();
    for _ in 0..8 {
        ledger.write(&mut writer, &[9000]).unwrap();
    }
    writer.fill_pool_step().unwrap();
    writer.fill_pool_step().unwrap();
    writer.fill_pool_step().unwrap();
    assert!(writer.is_next_ready());
    disk.kill();
    (disk, ledger)
}

/// Protects: a file whose header is damaged is damage if it holds needed groups, and free if it holds none.
#[test]
fn damaged_headers() {
    let (disk, ledger) = several_files();
    let files = disk.list(&wal_dir()).unwrap().len();
    for number in 1..=u32::try_from(files).unwrap() {
        let disk = disk.fork();
        flip(&disk, &slot(number), 40);
        if number == u32::try_from(files).unwrap() {
            assert_eq!(ledger.replay(&disk, 2).unwrap().1.len(), 8);
        } else {
            let damage = damage(&ledger, &disk);
            assert!(matches!(damage.reason, DamageReason::BadHeader { .. } | DamageReason::LostGroup { .. }));
            assert!(!damage.partitions.is_empty());
        }
    }
}

/// Protects: files that are missing, cut, doubled, foreign or of a newer version do not open.
#[test]
fn wrong_files() {
    let (disk, ledger) = several_files();
    let missing = disk.fork();
    missing.remove_file(&slot(1)).unwrap();
    assert_eq!(damage(&ledger, &missing).reason, DamageReason::NoSuchPlace);
    let missing = disk.fork();
    missing.remove_file(&slot(2)).unwrap();
    assert!(matches!(damage(&ledger, &missing).reason, DamageReason::LostGroup { .. }));

    let short = disk.fork();
    short.open(&slot(2), OpenMode::Write).unwrap().set_size(20_000).unwrap();
    assert_eq!(damage(&ledger, &short).reason, DamageReason::Short { bytes: 16_384 });

    let doubled = disk.fork();
    let mut bytes = vec![0; 40_000];
    let count = doubled.open(&slot(2), OpenMode::Read).unwrap().read_at(&mut bytes, 0).unwrap();
    doubled.open(&slot(77), OpenMode::CreateNew).unwrap().write_at(&bytes[..count], 0).unwrap();
    assert!(matches!(damage(&ledger, &doubled).reason, DamageReason::SameNumber { .. }));

    let mut foreign = home(&disk, 2);
    foreign.directory_id = DirectoryId(Uuid([1; 16]));
    let error = replay(&foreign, ledger.mark.unwrap().0, &mut |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("belongs to directory"), "{error}");

    rewrite(&disk, &slot(1), 0..508, 508, |header| header[9] = 2);
    assert_eq!(damage(&ledger, &disk).reason, DamageReason::Newer(2));
}

/// Changes bytes and makes their CRC fit.
fn rewrite(
    disk: &CrashDisk,
    path: &std::path::Path,
    covered: std::ops::Range<u64>,
    crc_at: u64,
    change: impl FnOnce(&mut [u8]),
) {
    let mut bytes = vec![0; usize::try_from(covered.end - covered.start).unwrap()];
    disk.open(path, OpenMode::Read).unwrap().read_at(&mut bytes, covered.start).unwrap();
    change(&mut bytes);
    disk.corrupt(path, covered.start, &bytes).unwrap();
    disk.corrupt(path, crc_at, &crc_fast::crc32_iscsi(&bytes).to_be_bytes()).unwrap();
}

/// Protects: a frame kind of a newer version is refused, never skipped, even at the very end of the log.
#[test]
fn unknown_frame_kind_is_refused() {
    let (disk, ledger, places) = written(&[300, 40], None);
    let group = places[1].offset;
    rewrite(&disk, &slot(1), group + 8..group + 72 + 48 + 40, group + 4, |bytes| bytes[64 + 20] = 6);
    let damage = damage(&ledger, &disk);
    assert_eq!(damage.reason, DamageReason::Frames(FrameError::Kind(UnknownFrameKind(6))));
    assert_eq!(damage.at, group);
}

/// Protects: a place that the state cannot mean is damage, not an empty log.
#[test]
fn impossible_marks() {
    let (disk, mut ledger, places) = written(&[300, 40], None);
    for (file, offset) in [(1, 100_000 * 4096), (1, 0), (1, 5000), (9, 4096)] {
        ledger.mark = Some((WalPosition { file, offset, ..places[0] }, 0));
        assert_eq!(damage(&ledger, &disk).reason, DamageReason::NoSuchPlace);
    }
}

/// Protects: what the taker of the frames refuses stops the replay and is handed through with the place.
#[test]
fn a_taker_may_stop_the_replay() {
    let (disk, ledger, _) = written(&[300, 40], None);
    let mut taken = Vec::new();
    let stopped = replay(&home(&disk, 2), ledger.mark.unwrap().0, &mut |view| {
        taken.push(view);
        Err(ReplayStop::from(Box::<dyn std::error::Error + Send + Sync>::from("change 2 is missing")))
    });
    let text = stopped.unwrap_err().to_string();
    assert!(text.contains("change 2 is missing") && text.contains("00001.wal"), "{text}");
    assert_eq!((taken.len(), &taken[0].frame, taken[0].wall), (1, &frame(1, 300), WALL));
}

/// Protects: bytes of another use of a file can never pass, be it a group at the very place with the very sequence,
/// or a witness beyond it; the file number and the salt each suffice to tell (W-1).
#[test]
fn groups_of_another_use_never_pass() {
    let (disk, ledger, places) = written(&[300, 100], None);
    let other = new_disk(0);
    let mut twin = Ledger::new();
    let mut writer = twin.create_as(&other, 3).unwrap();
    for size in [300, 100, 40] {
        twin.write(&mut writer, &[size]).unwrap();
    }
    let expected = places[1].offset + 4096;
    let same = |disk: &CrashDisk, salt: u64| {
        let mut bytes = vec![0; 4096];
        other.open(&slot(1), OpenMode::Read).unwrap().read_at(&mut bytes, expected).unwrap();
        bytes[16..24].copy_from_slice(&salt.to_be_bytes());
        disk.corrupt(&slot(1), expected, &bytes).unwrap();
        rewrite(disk, &slot(1), expected + 8..expected + 72 + 48 + 40, expected + 4, |_| {});
    };
    let salts = [salt_of(&disk), salt_of(&other)];
    assert_ne!(salts[0], salts[1]);
    let forged = disk.fork();
    same(&forged, salts[0]);
    assert_eq!(ledger.replay(&forged, 2).unwrap().1.len(), 3);
    let with_salt = disk.fork();
    same(&with_salt, salts[1]);
    assert_eq!(ledger.replay(&with_salt, 2).unwrap().1.len(), 2);
    let with_number = disk.fork();
    same(&with_number, salts[0]);
    rewrite(&with_number, &slot(1), expected + 8..expected + 72 + 48 + 40, expected + 4, |bytes| {
        bytes[7] = 2;
    });
    assert_eq!(ledger.replay(&with_number, 2).unwrap().1.len(), 2);
    let witness = disk.fork();
    same(&witness, salts[1]);
    rewrite(&witness, &slot(1), expected + 8..expected + 72 + 48 + 40, expected + 4, |bytes| {
        bytes[40..48].fill(9);
    });
    assert_eq!(ledger.replay(&witness, 2).unwrap().1.len(), 2);
}

fn salt_of(disk: &CrashDisk) -> u64 {
    let mut salt = [0; 8];
    disk.open(&slot(1), OpenMode::Read).unwrap().read_at(&mut salt, 40).unwrap();
    u64::from_be_bytes(salt)
}
