//! The disk-full reserve: made, given up, made again; power cuts and a full disk meanwhile (W-12).

use crate::ghost::Shared;
use crate::script;
use crate::world::{env_of, open_and_judge, root};
use env::crash::{Call, CrashDisk, Failure, Fault, PathFilter, When};
use env::{Disk, OpenMode};
use std::path::Path;
use std::sync::Arc;

/// More than the script has made.
const FULL: u64 = 32 << 10;

fn size(disk: &CrashDisk) -> Option<u64> {
    disk.open(&root().join("highwater.reserve"), OpenMode::Read).ok()?.size().ok()
}

fn used(disk: &CrashDisk) -> u64 {
    const PLENTY: u64 = 1 << 40;
    disk.set_capacity(Some(PLENTY));
    PLENTY - disk.free_bytes(&root()).unwrap()
}

/// Protects: W-12: the reserve is made of bytes that are really there, given up by quarters down to what is to be kept,
/// and made whole again; one that is larger than wanted is cut.
#[test]
fn the_reserve_goes_by_quarters() {
    let disk = CrashDisk::new();
    let mut world = script::run(&env_of(Arc::new(disk.clone()), 1), &Shared::default()).unwrap();
    let directory = &mut world.directory;
    directory.open_reserve(FULL).unwrap();
    while directory.fill_reserve(5000).unwrap() {}
    assert_eq!((size(&disk), directory.reserve_bytes(), directory.reserve_missing()), (Some(FULL), FULL, 0));
    for left in [3, 2, 1] {
        assert!(directory.give_up_reserve(1).unwrap());
        assert_eq!(size(&disk), Some(left * FULL / 4));
    }
    assert!(!directory.give_up_reserve(1).unwrap(), "the last quarter is kept");
    assert!(directory.give_up_reserve(0).unwrap());
    assert_eq!((size(&disk), directory.give_up_reserve(0).unwrap()), (None, false));
    while directory.fill_reserve(5000).unwrap() {}
    directory.open_reserve(FULL / 2).unwrap();
    assert_eq!((size(&disk), directory.reserve_bytes()), (Some(FULL / 2), FULL / 2));
}

/// Protects: W-12: a reserve that finds no room is cut back to what it was, and is no fault.
#[test]
fn a_reserve_without_room_stays_as_it_was() {
    let disk = CrashDisk::new();
    let mut world = script::run(&env_of(Arc::new(disk.clone()), 1), &Shared::default()).unwrap();
    world.directory.open_reserve(FULL).unwrap();
    world.directory.fill_reserve(4096).unwrap();
    disk.set_capacity(Some(used(&disk) + 100));
    assert!(world.directory.fill_reserve(4096).unwrap_err().is_full());
    assert_eq!((size(&disk), world.directory.reserve_missing()), (Some(20 << 10), 12 << 10));
    world.checkpoint(0).unwrap();
}

/// Protects: W-12: a directory on a disk without a free byte opens, because its reserve is given up for it.
#[test]
fn a_full_directory_opens() {
    let disk = CrashDisk::new();
    let ghost = Shared::default();
    let env = env_of(Arc::new(disk.clone()), 1);
    let mut world = script::open(&env, ghost.clone()).unwrap();
    script::first_half(&mut world).unwrap();
    world.directory.open_reserve(64 << 10).unwrap();
    while world.directory.fill_reserve(8192).unwrap() {}
    drop(world);
    disk.power_cut(0);
    // A recovery renames what was left over, which may ask for a block of the folder.
    disk.open(&root().join("busy-0/00000000000000009999.log"), OpenMode::CreateNew).unwrap();
    disk.set_capacity(Some(used(&disk)));
    let paths: Option<PathFilter> = Some(Arc::new(|path: &Path| path.ends_with("00000000000000009999.log")));
    disk.fail(Fault { when: When::Nth(Call::Rename, 1), failure: Failure::NoSpace, paths });
    let ghost = ghost.lock().unwrap().clone();
    let mut world = open_and_judge(&env, &ghost).unwrap();
    assert_eq!(size(&disk), None);
    script::equip(&mut world);
    world.directory.open_reserve(64 << 10).unwrap();
    script::second_half(&mut world).unwrap();
}
