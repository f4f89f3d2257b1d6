//! Tests of the tests: a disk that breaks one promise must turn them red.

use crate::doubt::{failed_sync, killed_before_sync};
use crate::harness::{Ledger, Life, count_ops, new_disk, run_until, story};
use env::crash::{CrashDisk, PathFilter, Sabotage};
use std::path::Path;
use std::sync::Arc;

fn wal_files() -> Option<PathFilter> {
    Some(Arc::new(|path: &Path| path.extension().is_some_and(|extension| extension == "wal")))
}

fn folders() -> Option<PathFilter> {
    Some(Arc::new(|path: &Path| path.starts_with("/data")))
}

/// Says whether any cut of the story shows that something acknowledged is gone.
fn is_noticed(sabotage: &Sabotage, start: u64) -> bool {
    let life: Life = (story, 10, start);
    (10..=count_ops(life)).step_by(3).any(|cut| {
        let disk = new_disk(0);
        disk.sabotage(sabotage.clone());
        let mut ledger = run_until(&disk, life, cut);
        disk.power_cut(0);
        ledger.mark.is_some() && ledger.recover(&disk, 2).is_err()
    })
}

/// Protects: an honest disk stays green under the very same check.
#[test]
fn honest_disk_is_green() {
    assert!([1, 2].iter().all(|start| !is_noticed(&Sabotage::default(), *start)));
}

/// Protects: a WAL sync that does nothing is noticed.
#[test]
fn swallowed_wal_sync_is_noticed() {
    for start in [1, 2] {
        assert!(is_noticed(&Sabotage { swallow_sync: wal_files(), ..Sabotage::default() }, start));
    }
}

/// Protects: a folder sync that does nothing is noticed.
#[test]
fn swallowed_folder_sync_is_noticed() {
    assert!(is_noticed(&Sabotage { swallow_sync_dir: folders(), ..Sabotage::default() }, 1));
}

/// Recovers twice with a power cut between; says whether the second recovery misses something.
fn forgets(disk: &CrashDisk, mut ledger: Ledger) -> bool {
    ledger.recover(disk, 2).unwrap();
    disk.power_cut(0);
    ledger.recover(disk, 3).is_err()
}

/// Protects: recovery that does not sync what it believes is noticed.
#[test]
fn swallowed_sync_in_recovery_is_noticed() {
    let (disk, ledger) = killed_before_sync();
    disk.sabotage(Sabotage { swallow_sync: wal_files(), ..Sabotage::default() });
    assert!(forgets(&disk, ledger));
    let (disk, ledger) = killed_before_sync();
    assert!(!forgets(&disk, ledger));
}

/// Protects: recovery that reads the page cache is noticed.
#[test]
fn cached_device_read_is_noticed() {
    let noticed = |device_reads_cache| {
        (0..20).any(|seed| {
            let (disk, ledger) = failed_sync(seed);
            disk.sabotage(Sabotage { device_reads_cache, ..Sabotage::default() });
            forgets(&disk, ledger)
        })
    };
    assert!(noticed(true));
    assert!(!noticed(false));
}
