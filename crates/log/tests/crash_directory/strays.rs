//! Folders that were set aside: how long they are kept, and power cuts while they go.

use crate::probe::Probe;
use crate::script::{self, busy, old};
use crate::world::{Change, WALL, env_of, names, root};
use env::crash::CrashDisk;
use env::{Disk, OpenMode};
use log::directory::{Checkpoint, Directory};
use log::wal::WalPosition;
use std::sync::Arc;
use types::{BrokerId, Millis, WallTime};

const WEEK: Millis = Millis(7 * 24 * 60 * 60 * 1000);

fn open(disk: Arc<dyn Disk>) -> Directory {
    Directory::open(&env_of(disk, 1), &root(), BrokerId(1), &crate::world::options()).unwrap().directory
}

/// A directory after the script, with a folder that nobody knows and one that an earlier version set aside.
fn with_strays() -> CrashDisk {
    let disk = CrashDisk::new();
    drop(script::run(&env_of(Arc::new(disk.clone()), 1), &crate::ghost::Shared::default()).unwrap());
    for name in ["nobody-7", "older-0.AAAAAAAAAAAAAAAAAAAAAA-stray"] {
        disk.create_dir(&root().join(name)).unwrap();
        let file = root().join(name).join("00000000000000000000.log");
        disk.open(&file, OpenMode::CreateNew).unwrap().write_at(b"kept", 0).unwrap();
        disk.sync_dir(&root().join(name)).unwrap();
    }
    disk.sync_dir(&root()).unwrap();
    disk.kill();
    disk
}

fn strays(disk: &CrashDisk) -> usize {
    names(disk, &root()).iter().filter(|name| name.ends_with("-stray")).count()
}

/// Protects: W-14: what was set aside is kept for seven days by the wall clock, restarts included, and then goes; a folder
/// that carries no time is kept for seven days from when it is first seen.
#[test]
fn strays_go_after_seven_days() {
    let disk = with_strays();
    let mut directory = open(Arc::new(disk.clone()));
    directory.stray_folder("nobody-7").unwrap();
    assert_eq!(directory.expire_strays(WALL, WEEK).unwrap(), 0);
    drop(directory);
    disk.kill();
    let mut directory = open(Arc::new(disk.clone()));
    assert_eq!(directory.expire_strays(WallTime(WALL.0 + WEEK.0), WEEK).unwrap(), 0);
    assert_eq!(strays(&disk), 2);
    assert_eq!(directory.expire_strays(WallTime(WALL.0 + WEEK.0 + 1), WEEK).unwrap(), 2);
    while directory.sweep(2).unwrap() {}
    let left = names(&disk, &root());
    assert!(!left.iter().any(|name| name.contains("nobody") || name.contains("older")), "{left:?}");
}

/// Protects: W-10: a power cut while a stray goes leaves it as it was, or gone with the next start; nothing else is hurt.
#[test]
fn power_cuts_while_strays_go() {
    let disk = with_strays();
    let mut count = 0;
    let hook = move |disk: &CrashDisk| {
        count += 1;
        for seed in [0, 1].into_iter().chain((1..=8).map(|n| 100 * count + n)) {
            let cut = disk.fork();
            cut.power_cut(seed);
            let mut directory = open(Arc::new(cut.clone()));
            while directory.sweep(2).unwrap() {}
            let left = names(&cut, &root());
            assert!(!left.iter().any(|name| name.ends_with("-delete")), "cut at {count}: {left:?}");
            for name in left.iter().filter(|name| name.ends_with("-stray")) {
                assert_eq!(names(&cut, &root().join(name)), ["00000000000000000000.log"], "{name}");
            }
        }
    };
    let mut directory = open(Arc::new(Probe::new(disk.clone(), Box::new(hook))));
    directory.stray_folder("nobody-7").unwrap();
    directory.expire_strays(WALL, WEEK).unwrap();
    directory.expire_strays(WallTime(WALL.0 + WEEK.0 + 1), WEEK).unwrap();
    while directory.sweep(1).unwrap() {}
    assert_eq!(strays(&disk), 0);
}

/// A checkpoint without anything of its own.
pub(crate) fn empty_checkpoint(mark: WalPosition) -> Checkpoint {
    let (cuts, placements, removed, quorum) = (Vec::new(), Vec::new(), Vec::new(), None);
    Checkpoint { mark, wall: WALL, cuts, placements, removed, quorum }
}

/// Protects: W-6, W-14: what was set aside stays forgotten although more is set aside at the next start, which writes a state
/// with the same mark: its frames beyond that mark are no gap.
#[test]
fn setting_strays_aside_keeps_what_was_removed() {
    let disk = CrashDisk::new();
    let env = env_of(Arc::new(disk.clone()), 1);
    let open = || script::open(&env, crate::ghost::Shared::default()).unwrap();
    let mut world = open();
    world.group(&[Change::Append(busy(), 1, 100), Change::Append(old(), 1, 100)]).unwrap();
    world.checkpoint(0).unwrap();
    world.group(&[Change::Append(old(), 1, 100)]).unwrap();
    for stray in [old(), busy()] {
        drop(world);
        disk.kill();
        world = open();
        assert!(world.logs.contains_key(&stray));
        world.directory.stray_log(stray).unwrap();
        world.directory.checkpoint(&empty_checkpoint(world.report.mark)).unwrap();
    }
    drop(world);
    disk.kill();
    world = open();
    assert!(world.logs.is_empty());
    // Once the mark has moved on, nothing has to be remembered.
    world.checkpoint(0).unwrap();
    world.checkpoint(0).unwrap();
    drop(world);
    disk.kill();
    assert!(open().logs.is_empty());
}
