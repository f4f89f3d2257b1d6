//! Many random lives of one directory, each ended by a kill or a power cut at a random operation.

use crate::harness::{Dice, Ledger, WALL, new_disk, wal_dir};
use env::crash::{Call, CrashDisk, Failure, Fault, When};
use env::{Disk, OpenMode};
use log::wal::{WalFault, WalWriter};

/// Does random things until something fails.
fn live(ledger: &mut Ledger, writer: &mut WalWriter, dice: &Dice) -> Result<(), WalFault> {
    for _ in 0..dice.below(30) {
        match dice.below(8) {
            0..3 => ledger.write(writer, &[900])?,
            3 => ledger.write(writer, &[usize::try_from(dice.below(12_000)).unwrap(), 5])?,
            4 | 5 => writer.vouch(dice.below(4) == 0, WALL)?,
            6 => drop(writer.fill_pool_step()?),
            _ => ledger.checkpoint(writer)?,
        }
    }
    Ok(())
}

fn end_life(disk: &CrashDisk, dice: &Dice) {
    match dice.below(3) {
        0 => disk.kill(),
        _ => disk.power_cut(dice.below(1000)),
    }
}

/// A start may be cut short; it is then tried again. Returns nothing if it was.
fn start(ledger: &mut Ledger, disk: &CrashDisk, dice: &Dice, what: &str) -> Option<WalWriter> {
    if dice.below(3) == 0 {
        disk.cut_after(disk.ops() + dice.below(30));
    }
    match ledger.recover(disk, dice.roll()) {
        Ok(writer) => Some(writer),
        Err(
            crate::harness::Trouble::Replay(log::wal::ReplayError::Disk(_))
            | crate::harness::Trouble::Fault(_),
        ) => None,
        Err(trouble) => panic!("{what}: {trouble:?}"),
    }
}

/// Protects: no life's void groups ever come back, whatever the order of kills, cuts, failing writes and syncs,
/// and starts cut short (W-1 to W-3, W-11).
#[test]
fn many_lives_of_one_directory() {
    for seed in 0..60 {
        let dice = Dice::new(seed);
        let disk = new_disk(seed);
        let mut ledger = Ledger::new();
        drop(ledger.create(&disk).unwrap());
        for life in 0..25 {
            let what = format!("seed {seed}, life {life}");
            end_life(&disk, &dice);
            let Some(mut writer) = start(&mut ledger, &disk, &dice, &what) else { continue };
            if dice.below(3) == 0 {
                let call = if dice.below(2) == 0 { Call::Sync } else { Call::Write };
                disk.fail(Fault::new(When::Nth(call, dice.below(20) + 1), Failure::Io));
            }
            disk.cut_after(disk.ops() + dice.below(60));
            let ended = live(&mut ledger, &mut writer, &dice);
            if ended.is_err() {
                assert!(matches!(writer.write_group(&[], WALL), Err(WalFault::Closed)), "{what}");
            }
        }
    }
}

/// What the device holds of a group at a place: its sequence, if there is its magic.
fn seq_at(disk: &CrashDisk, at: u64) -> Option<u64> {
    let mut block = [0; 32];
    let file = disk.open(&wal_dir().join("00001.wal"), OpenMode::Read).unwrap();
    file.read_at(&mut block, at).unwrap();
    let seq = block[24..32].iter().fold(0, |seq, byte| seq << 8 | u64::from(*byte));
    (&block[..4] == b"HWWG").then_some(seq)
}

/// Protects: a group that survived behind a vouch that did not is void for ever, though later lives put groups of the
/// same size in front of it, and though the life it came from left no other trace (W-3).
#[test]
fn a_life_that_left_one_void_group() {
    let disk = new_disk(0);
    let mut ledger = Ledger::new();
    let mut writer = ledger.create(&disk).unwrap();
    ledger.write(&mut writer, &[900]).unwrap();
    disk.kill();
    let mut writer = ledger.recover(&disk, 3).unwrap();
    let hole = writer.end().offset;
    writer.vouch(false, WALL).unwrap();
    disk.cut_after(disk.ops() + 1);
    ledger.write(&mut writer, &[901]).unwrap_err();
    let is_wanted = |disk: &CrashDisk| seq_at(disk, hole).is_none() && seq_at(disk, hole + 4096) == Some(3);
    let survivor = (0..500).find_map(|seed| {
        let after = disk.fork();
        after.power_cut(seed);
        is_wanted(&after).then_some(after)
    });
    let disk = survivor.unwrap();
    for start in [5, 7, 9] {
        let mut writer = ledger.recover(&disk, start).unwrap();
        assert_eq!((writer.end().offset, ledger.acked), (hole, 1));
        if start == 9 {
            ledger.write(&mut writer, &[902]).unwrap();
        }
        disk.power_cut(0);
    }
    let (end, found) = ledger.replay(&disk, 11).unwrap();
    assert_eq!((found.len(), end.end.offset, seq_at(&disk, hole + 4096)), (2, hole + 4096, Some(3)));
    ledger.check(&found, 0).unwrap();
}
