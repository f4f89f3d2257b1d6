//! W-2: recovery believes the device, and answers nothing that is not durable.

use crate::harness::{Ledger, new_disk};
use env::crash::{Call, CrashDisk, Failure, Fault, When};
use log::wal::WalFault;

/// Three groups, the third written but not synced when the process dies.
pub(crate) fn killed_before_sync() -> (CrashDisk, Ledger) {
    let disk = new_disk(0);
    let mut ledger = Ledger::new();
    let mut writer = ledger.create(&disk).unwrap();
    ledger.write(&mut writer, &[500]).unwrap();
    ledger.write(&mut writer, &[700, 8]).unwrap();
    disk.cut_after(disk.ops() + 1);
    ledger.write(&mut writer, &[900]).unwrap_err();
    disk.kill();
    (disk, ledger)
}

/// The sync of the third group fails; the process ends.
pub(crate) fn failed_sync(seed: u64) -> (CrashDisk, Ledger) {
    let disk = new_disk(seed);
    let mut ledger = Ledger::new();
    let mut writer = ledger.create(&disk).unwrap();
    ledger.write(&mut writer, &[500]).unwrap();
    ledger.write(&mut writer, &[700, 8]).unwrap();
    disk.fail(Fault::new(When::Nth(Call::Sync, 1), Failure::Io));
    assert!(matches!(ledger.write(&mut writer, &[3000]), Err(WalFault::Io { .. })));
    let ops = disk.ops();
    assert!(matches!(ledger.write(&mut writer, &[10]), Err(WalFault::Closed)));
    assert_eq!(disk.ops(), ops);
    ledger.groups.pop();
    disk.kill();
    (disk, ledger)
}

/// Protects: kill -9, restart, answered resend, power cut: what the replay returned is durable by then.
#[test]
fn kill_then_answer_then_power_cut() {
    for refuse in [false, true] {
        let (disk, mut ledger) = killed_before_sync();
        if refuse {
            disk.refuse_device();
        }
        ledger.recover(&disk, 2).unwrap();
        assert_eq!(ledger.acked, 3);
        disk.power_cut(0);
        ledger.recover(&disk, 3).unwrap();
        assert_eq!(ledger.acked, 3);
    }
}

/// Protects: failed sync, restart, power cut: the cache's lie is not believed; without device reads it is made true.
#[test]
fn failed_sync_then_restart_then_power_cut() {
    let mut lost = 0;
    for seed in 0..40 {
        let (disk, mut ledger) = failed_sync(seed);
        if seed % 2 == 0 {
            disk.refuse_device();
        }
        let mut writer = ledger.recover(&disk, 2).unwrap();
        lost += usize::from(ledger.acked == 2);
        if seed % 3 == 0 {
            ledger.write(&mut writer, &[100]).unwrap();
        }
        disk.power_cut(0);
        ledger.recover(&disk, 3).unwrap();
    }
    assert!(lost > 0 && lost <= 20, "{lost}");
}

/// Protects: a read that fails once is tried again with a fresh descriptor; twice is an error that names the file.
#[test]
fn a_failing_read_is_tried_twice() {
    let (disk, mut ledger) = killed_before_sync();
    disk.fail(Fault::new(When::Nth(Call::Read, 1), Failure::Io));
    ledger.recover(&disk, 2).unwrap();
    disk.fail(Fault::new(When::Nth(Call::Read, 1), Failure::Io));
    disk.fail(Fault::new(When::Nth(Call::Read, 2), Failure::Io));
    let trouble = ledger.recover(&disk, 3).map(drop).unwrap_err();
    assert!(format!("{trouble:?}").contains("00001.wal"), "{trouble:?}");
}

/// Protects: a sync that fails during recovery stops it (W-11).
#[test]
fn a_failing_sync_stops_recovery() {
    let (disk, mut ledger) = killed_before_sync();
    disk.fail(Fault::new(When::Nth(Call::Sync, 1), Failure::Io));
    assert!(ledger.recover(&disk, 2).is_err());
    let (disk, mut ledger) = killed_before_sync();
    disk.fail(Fault::new(When::Nth(Call::SyncDir, 1), Failure::Io));
    assert!(ledger.recover(&disk, 2).is_err());
}
