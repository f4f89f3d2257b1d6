//! `golden/disk/v1-page-cache` and `v1-page-cache-truncated`: directories with page-cache logs, as a killed process left them,
//! opened by every later build.
//!
//! With `HIGHWATER_WRITE_GOLDEN=1` the tests write them anew; without, changing a layout without a new version turns it
//! red. The listing beside each says what its logs hold.

use crate::broker::{Broker, Change};
use crate::copies::{batches, load, save};
use crate::judge::SharedBook;
use crate::world::{env_of, root};
use crate::{story, truncations};
use env::Disk;
use env::crash::CrashDisk;
use log::directory::RecoveryReport;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::Offset;

/// Says what the logs hold.
fn listing(broker: &Broker) -> String {
    broker.read_all().unwrap().iter().map(|(key, log)| batches(*key, log)).collect()
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/disk").join(name)
}

/// Writes a directory with a recovery point inside a segment, a rolled segment and a batch beyond it, a log that only its
/// `Created` frame names, and a log of the other kind.
fn live(disk: &CrashDisk) -> Broker {
    use Change::{Append, Start};
    let mut broker = story::open(&env_of(Arc::new(disk.clone()), 1), SharedBook::default()).unwrap();
    broker.turn(&[Append(story::busy(), 3, 100), Append(story::synced(), 2, 200)]).unwrap();
    broker.turn(&[Append(story::busy(), 1, 300)]).unwrap();
    broker.sync().unwrap();
    broker.checkpoint(300).unwrap();
    broker.epoch = 1;
    broker.turn(&[Append(story::busy(), 2, 900), Append(story::busy(), 2, 950)]).unwrap();
    broker.turn(&[Start(story::busy(), 1), Append(story::quiet(), 2, 40)]).unwrap();
    broker
}

/// Writes a directory with a log that was truncated below what was synced and has gone on, as the state knows it before its file was
/// cut, and one that was truncated and whose files are not cut yet.
fn truncated(disk: &CrashDisk) -> Broker {
    use Change::{Append, Truncate};
    let mut broker = story::open(&env_of(Arc::new(disk.clone()), 1), SharedBook::default()).unwrap();
    broker.holds = [(story::busy(), Offset(0)), (story::quiet(), Offset(0))].into();
    for _ in 0..3 {
        broker.turn(&[Append(story::busy(), 2, 500), Append(story::quiet(), 1, 600)]).unwrap();
    }
    broker.sync().unwrap();
    broker.checkpoint(300).unwrap();
    broker.turn(&[Append(story::quiet(), 1, 100), Truncate(story::busy(), 1)]).unwrap();
    broker.epoch = 1;
    broker.checkpoint(300).unwrap();
    broker.turn(&[Append(story::busy(), 1, 90), Truncate(story::quiet(), 1)]).unwrap();
    broker
}

/// Protects: W-16: a directory with page-cache logs opens in this build, with the very batches it was written with, and
/// their producers are known.
#[test]
fn the_page_cache_directory_of_format_1_opens() {
    let report = opens("v1-page-cache", live);
    assert!(report.page_cache_logs == 2 && report.found_bytes > 2000, "{report:?}");
}

/// Protects: W-16: so does one in which such logs were truncated.
#[test]
fn the_directory_with_truncated_page_cache_logs_opens() {
    let report = opens("v1-page-cache-truncated", truncated);
    assert_eq!(report.page_cache_logs, 2, "{report:?}");
}

fn opens(name: &str, make: fn(&CrashDisk) -> Broker) -> RecoveryReport {
    if std::env::var_os("HIGHWATER_WRITE_GOLDEN").is_some() {
        let disk = CrashDisk::new();
        drop(make(&disk));
        let _ = std::fs::remove_dir_all(golden(name));
        save(&disk, &root(), &golden(name).join("directory"));
        let opened = Broker::open(&env_of(Arc::new(disk), 2), SharedBook::default()).unwrap();
        std::fs::write(golden(name).join("listing.txt"), listing(&opened)).unwrap();
    }
    let disk = CrashDisk::new();
    disk.create_dir(Path::new("/data")).unwrap();
    load(&disk, &golden(name).join("directory"), &root());
    let mut broker = Broker::open(&env_of(Arc::new(disk), 2), SharedBook::default()).unwrap();
    let report = broker.report.clone();
    assert!(report.damaged.is_empty() && report.unknown_folders.is_empty(), "{report:?}");
    let expected = std::fs::read_to_string(golden(name).join("listing.txt")).unwrap();
    assert_eq!(listing(&broker), expected);
    truncations::judge_derived(&broker, &broker.read_all().unwrap()).unwrap();
    broker.epoch = 2;
    broker.resend().unwrap();
    report
}
