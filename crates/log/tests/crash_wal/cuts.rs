//! The power goes at every single operation, and again during recovery.

use crate::harness::{Ledger, Life, WALL, count_ops, new_disk, run_until, small_story, story};
use env::crash::CrashDisk;

/// Recovers after a cut, goes on writing, and recovers once more.
fn recover_and_go_on(mut ledger: Ledger, disk: &CrashDisk, what: &str) {
    if ledger.mark.is_none() {
        ledger.create(disk).unwrap_or_else(|fault| panic!("{what}: {fault}"));
        return;
    }
    let mut writer = ledger.recover(disk, 2).unwrap_or_else(|trouble| panic!("{what}: {trouble:?}"));
    for sizes in [&[900][..], &[50, 4000], &[900], &[9000], &[1, 2, 3]] {
        ledger.write(&mut writer, sizes).unwrap();
    }
    writer.vouch(false, WALL).unwrap();
    disk.power_cut(0);
    ledger.recover(disk, 3).unwrap_or_else(|trouble| panic!("{what}, second start: {trouble:?}"));
}

fn cut_everywhere(life: Life, seeds: u64) {
    for cut in 2..=count_ops(life) {
        let disk = new_disk(0);
        let ledger = run_until(&disk, life, cut);
        let killed = disk.fork();
        recover_and_go_on(ledger.clone(), &killed, &format!("kill after {cut}"));
        for seed in [0, 1].into_iter().chain(cut * seeds..(cut + 1) * seeds) {
            let after = disk.fork();
            after.power_cut(seed);
            recover_and_go_on(ledger.clone(), &after, &format!("cut after {cut}, seed {seed}"));
        }
    }
}

/// Protects: whatever operation a cut or kill hits, all acknowledged frames are there and nothing else (W-1 to W-4).
#[test]
fn cut_at_every_operation() {
    cut_everywhere((story, 26, 1), 2);
}

/// Protects: the same where every left-over group lies exactly where a new one is expected (W-1, W-3).
#[test]
fn cut_at_every_operation_with_aligned_leftovers() {
    cut_everywhere((small_story, 30, 1), 2);
}

/// Protects: the same for a log that writes past the page cache (W-4).
#[test]
fn cut_at_every_operation_of_direct_writes() {
    cut_everywhere((story, 14, 2), 1);
}

/// Protects: recovery may be cut at any of its own steps, any number of times (W-2).
#[test]
fn cut_within_recovery() {
    let total = count_ops((story, 24, 1));
    for cut in (5..=total).step_by(2) {
        let disk = new_disk(0);
        let ledger = run_until(&disk, (story, 24, 1), cut);
        if ledger.mark.is_some() {
            disk.power_cut(cut);
            cut_recovery(&ledger, &disk, cut);
        }
    }
}

/// Cuts a recovery and the first group after it at every operation, and the recovery after that once more.
fn cut_recovery(ledger: &Ledger, disk: &CrashDisk, seed: u64) {
    for cut in 0.. {
        let again = disk.fork();
        again.cut_after(cut);
        let mut ledger = ledger.clone();
        let whole = restart_and_write(&mut ledger, &again);
        again.power_cut(seed + cut);
        again.cut_after(again.ops() + cut / 2);
        restart_and_write(&mut ledger, &again);
        again.power_cut(seed ^ cut);
        ledger.recover(&again, 9).unwrap_or_else(|trouble| panic!("{seed}, {cut}: {trouble:?}"));
        if whole {
            break;
        }
    }
}

/// Says whether the power lasted until the end.
fn restart_and_write(ledger: &mut Ledger, disk: &CrashDisk) -> bool {
    let Ok(mut writer) = ledger.recover(disk, disk.ops()) else { return false };
    ledger.write(&mut writer, &[2000, 10]).is_ok()
}
