//! `golden/disk`: directories as earlier builds wrote them, committed, opened by every later build.
//!
//! With `HIGHWATER_WRITE_GOLDEN=1` the newest is written anew; without, changing a layout without a new version turns the test
//! red. The listing beside each says what its logs hold.

use crate::ghost::{GhostLog, Shared};
use crate::script;
use crate::world::{Change, World, env_of, open_and_judge, root};
use env::crash::CrashDisk;
use env::{Disk, OpenMode};
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
    for (key, GhostLog { start, end, batches }) in world.read_all().unwrap() {
        writeln!(text, "log {key} from {start} to {end}").unwrap();
        for (base, bytes) in batches {
            let crc = crc_of(&bytes);
            writeln!(text, "  batch {base}: {} bytes, crc32c {crc:08x}", bytes.len()).unwrap();
        }
        for (id, entry) in world.logs[&key].producers().iter() {
            let last = entry.window.last().map(|last| (last.last_sequence().0, last.last_offset().0));
            writeln!(text, "  producer {id}, epoch {}, last sequence and offset {last:?}", entry.epoch)
                .unwrap();
        }
    }
    text
}

fn crc_of(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes)
}

/// Copies a folder of the crash disk to the machine's.
fn save(disk: &CrashDisk, from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in disk.list(from).unwrap() {
        let (from, to) = (from.join(&entry.name), to.join(&entry.name));
        match entry.is_dir {
            true => save(disk, &from, &to),
            false => {
                let file = disk.open(&from, OpenMode::Read).unwrap();
                let mut bytes = vec![0; usize::try_from(file.size().unwrap()).unwrap()];
                file.read_at(&mut bytes, 0).unwrap();
                std::fs::write(to, bytes).unwrap();
            }
        }
    }
}

/// Copies a folder of the machine to the crash disk.
fn load(disk: &CrashDisk, from: &Path, to: &Path) {
    disk.create_dir(to).unwrap();
    let mut entries: Vec<_> = std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => load(disk, &path, &to),
            false => disk
                .open(&to, OpenMode::CreateNew)
                .unwrap()
                .write_at(&std::fs::read(&path).unwrap(), 0)
                .unwrap(),
        }
    }
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
