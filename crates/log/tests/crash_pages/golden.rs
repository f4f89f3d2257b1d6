//! `golden/disk/v1-page-cache`: a directory with page-cache logs, as a killed process left it, opened by every later build.
//!
//! With `HIGHWATER_WRITE_GOLDEN=1` the test writes it anew; without, changing a layout without a new version turns it
//! red. The listing beside it says what its logs hold.

use crate::broker::{Broker, Change};
use crate::copies::{batches, load, save};
use crate::judge::SharedBook;
use crate::story;
use crate::world::{env_of, root};
use env::Disk;
use env::crash::CrashDisk;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Says what the logs hold.
fn listing(broker: &Broker) -> String {
    broker.read_all().unwrap().iter().map(|(key, log)| batches(*key, log)).collect()
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/disk/v1-page-cache")
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

/// Protects: W-16: a directory with page-cache logs opens in this build, with the very batches it was written with, and
/// their producers are known.
#[test]
fn the_page_cache_directory_of_format_1_opens() {
    if std::env::var_os("HIGHWATER_WRITE_GOLDEN").is_some() {
        let disk = CrashDisk::new();
        let broker = live(&disk);
        let text = listing(&broker);
        drop(broker);
        let _ = std::fs::remove_dir_all(golden());
        save(&disk, &root(), &golden().join("directory"));
        std::fs::write(golden().join("listing.txt"), text).unwrap();
    }
    let disk = CrashDisk::new();
    disk.create_dir(Path::new("/data")).unwrap();
    load(&disk, &golden().join("directory"), &root());
    let mut broker = Broker::open(&env_of(Arc::new(disk), 2), SharedBook::default()).unwrap();
    let report = &broker.report;
    assert!(report.damaged.is_empty() && report.unknown_folders.is_empty(), "{report:?}");
    assert!(report.page_cache_logs == 2 && report.found_bytes > 2000, "{report:?}");
    let expected = std::fs::read_to_string(golden().join("listing.txt")).unwrap();
    assert_eq!(listing(&broker), expected);
    broker.epoch = 2;
    broker.resend().unwrap();
}
