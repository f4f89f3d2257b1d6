//! `golden/disk`: directories as earlier builds wrote them, committed, opened by every later build.
//!
//! With `HIGHWATER_WRITE_GOLDEN=1` the newest is written anew; without, changing a layout without a new version turns the test
//! red. The listing beside each says what its logs hold.

use crate::copies::{batches, load, save};
use crate::ghost::Shared;
use crate::script;
use crate::world::{Change, World, env_of, open_and_judge, root};
use env::Disk;
use env::crash::CrashDisk;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The newest of them, which this build would write.
const NEWEST: &str = "v1-producers";

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/disk").join(name)
}

/// Writes a directory that has everything: rolled segments, a small tail and frames beyond the last checkpoint, a truncated
/// log whose file is not cut in the state yet, a deleted log and its namesake.
fn live(disk: &CrashDisk) -> World {
    let env = env_of(Arc::new(disk.clone()), 1);
    let mut world = script::run(&env, &Shared::default()).unwrap();
    world.group(&[Change::Append(script::quiet(), 1, 30), Change::Append(script::loose(), 1, 200)]).unwrap();
    world.checkpoint(1000).unwrap();
    world.group(&[Change::Truncate(script::loose(), 1)]).unwrap();
    world.group(&[Change::Append(script::busy(), 2, 100), Change::Start(script::busy(), 2)]).unwrap();
    world.wal.vouch(true, crate::world::WALL).unwrap();
    world
}

fn listing(world: &World) -> String {
    let mut text = String::new();
    for (key, log) in world.read_all().unwrap() {
        text += &batches(key, &log);
        for (id, entry) in world.logs[&key].producers().iter() {
            let last = entry.window.last().map(|last| (last.last_sequence().0, last.last_offset().0));
            writeln!(text, "  producer {id}, epoch {}, last sequence and offset {last:?}", entry.epoch)
                .unwrap();
        }
    }
    text
}

/// Protects: a directory of format 1 opens in this build, each log with the very batches it was written with.
#[test]
fn the_directory_of_format_1_opens() {
    opens("v1");
}

/// Protects: so does one that has files with producer state, and they say what the state says.
#[test]
fn the_directory_with_producer_files_opens() {
    if std::env::var_os("HIGHWATER_WRITE_GOLDEN").is_some() {
        let disk = CrashDisk::new();
        let world = live(&disk);
        let text = listing(&world);
        drop(world);
        let _ = std::fs::remove_dir_all(golden(NEWEST));
        save(&disk, &root(), &golden(NEWEST).join("directory"));
        std::fs::write(golden(NEWEST).join("listing.txt"), text).unwrap();
    }
    let disk = opens(NEWEST);
    let files = crate::world::names(&disk, &root().join("busy-0"));
    for ending in [".producers", ".snapshot"] {
        assert!(files.iter().any(|name| name.ends_with(ending)), "{files:?}");
    }
}

fn opens(name: &str) -> CrashDisk {
    let disk = CrashDisk::new();
    disk.create_dir(Path::new("/data")).unwrap();
    load(&disk, &golden(name).join("directory"), &root());
    let env = env_of(Arc::new(disk.clone()), 2);
    let world = World::open(&env, Shared::default()).unwrap();
    assert!(world.report.damaged.is_empty() && world.report.unknown_folders.is_empty(), "{:?}", world.report);
    assert_eq!(listing(&world), std::fs::read_to_string(golden(name).join("listing.txt")).unwrap());
    let found = world.read_all().unwrap();
    drop(world);
    let ghost = crate::ghost::Ghost { acked: found.clone(), maybe: found };
    open_and_judge(&env, &ghost).unwrap();
    disk
}
