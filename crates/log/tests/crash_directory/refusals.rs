//! Directories that must not open, and must not be touched; damage that must be named.

use crate::ghost::Shared;
use crate::script;
use crate::world::{env_of, names, open_and_judge, options, root};
use env::crash::{Call, CrashDisk};
use env::{Disk, OpenMode};
use log::directory::{Directory, DirectoryOptions, OpenError, Opened};
use std::path::Path;
use std::sync::Arc;
use types::{BrokerId, Uuid};

fn open_as(disk: &CrashDisk, node: i32, options: &DirectoryOptions) -> Result<Opened, OpenError> {
    Directory::open(&env_of(Arc::new(disk.clone()), 2), &root(), BrokerId(node), options)
}

fn write(disk: &CrashDisk, path: &Path, bytes: &[u8]) {
    disk.open(path, OpenMode::Create).unwrap().write_at(bytes, 0).unwrap();
}

fn with_folder() -> CrashDisk {
    let disk = CrashDisk::new();
    disk.create_dir(Path::new("/data")).unwrap();
    disk.create_dir(&root()).unwrap();
    disk
}

/// A directory in which the script has run, and its process has ended.
fn lived() -> (CrashDisk, crate::ghost::Ghost) {
    let disk = CrashDisk::new();
    let ghost = Shared::default();
    drop(script::run(&env_of(Arc::new(disk.clone()), 1), &ghost).unwrap());
    let ghost = ghost.lock().unwrap().clone();
    (disk, ghost)
}

/// Asserts that an opening fails and that it has changed nothing: at most syncs were called.
fn refused(disk: &CrashDisk, node: i32, options: &DirectoryOptions) -> OpenError {
    let before = disk.ops();
    let error = open_as(disk, node, options).map(|_| ()).unwrap_err();
    let trace = disk.trace();
    let changes: Vec<_> =
        trace.iter().filter(|op| op.op > before && !matches!(op.call, Call::Sync | Call::SyncDir)).collect();
    assert!(changes.is_empty(), "{error}: {changes:?}");
    error
}

/// Protects: a directory of Apache Kafka is refused with a sentence and stays untouched, its lock included.
#[test]
fn kafkas_directories_are_refused_untouched() {
    let disk = with_folder();
    write(&disk, &root().join("meta.properties"), b"version=1");
    let error = refused(&disk, 1, &options());
    assert!(matches!(&error, OpenError::Kafka { found, .. } if found == "meta.properties"), "{error}");
    let disk = with_folder();
    disk.create_dir(&root().join("orders-3")).unwrap();
    write(&disk, &root().join("orders-3/00000000000000000000.log"), b"");
    let error = refused(&disk, 1, &options());
    assert!(error.to_string().contains("holds data of Apache Kafka (orders-3)"), "{error}");
}

/// Protects: a folder with anything else in it is refused, and so is one whose format file was lost.
#[test]
fn other_folders_are_refused_untouched() {
    let disk = with_folder();
    write(&disk, &root().join("notes.txt"), b"mine");
    assert!(
        matches!(refused(&disk, 1, &options()), OpenError::NotEmpty { found, .. } if found == "notes.txt")
    );
    let (disk, _) = lived();
    disk.remove_file(&root().join("highwater.format")).unwrap();
    assert!(matches!(refused(&disk, 1, &options()), OpenError::Kafka { .. } | OpenError::NotEmpty { .. }));
}

/// Protects: W-14: a newer format, another node, another cluster and a second process are refused by name.
#[test]
fn foreign_directories_are_refused_by_name() {
    let (disk, _) = lived();
    let error = refused(&disk, 2, &options());
    assert_eq!(error.to_string(), "/data/node-1 belongs to node 1, this is node 2");
    let other = DirectoryOptions { cluster_id: Some(Uuid([9; 16])), ..options() };
    assert!(matches!(refused(&disk, 1, &other), OpenError::OtherCluster { .. }));
    let held = open_as(&disk, 1, &options()).unwrap();
    assert!(matches!(refused(&disk, 1, &options()), OpenError::Locked { .. }));
    drop(held);
    write(&disk, &root().join("highwater.format"), b"highwater-format=2\n");
    let error = refused(&disk, 1, &options());
    assert!(error.to_string().contains("format 2 is newer than the 1"), "{error}");
    write(&disk, &root().join("highwater.format"), b"highwater-format=1\nx");
    assert!(refused(&disk, 1, &options()).to_string().contains("damaged"));
}

/// Protects: a new directory is whole below folders that were missing, and opens again as the same one.
#[test]
fn a_new_directory_opens_again() {
    let disk = CrashDisk::new();
    let made = open_as(&disk, 1, &options()).unwrap();
    let format = made.format;
    assert!(made.is_new && made.logs.is_empty());
    drop(made);
    disk.power_cut(0);
    let again = open_as(&disk, 1, &options()).unwrap();
    assert!(!again.is_new);
    assert_eq!(again.format, format);
    let found = names(&disk, &root());
    assert_eq!(found, ["highwater.format", "highwater.lock", "state", "wal"]);
}

/// Protects: W-3: a damaged byte within the durable range of the write-ahead log refuses the directory, naming file,
/// position and partitions; nothing is changed.
#[test]
fn a_damaged_write_ahead_log_is_refused() {
    let disk = CrashDisk::new();
    let env = env_of(Arc::new(disk.clone()), 1);
    let mut world = script::open(&env, Shared::default()).unwrap();
    script::first_half(&mut world).unwrap();
    let group = world.wal.end();
    for _ in 0..2 {
        world.group(&[crate::world::Change::Append(script::quiet(), 1, 100)]).unwrap();
    }
    world.wal.vouch(true, crate::world::WALL).unwrap();
    drop(world);
    let wal = root().join("wal");
    let mut refusals = 0;
    for name in names(&disk, &wal) {
        let hurt = disk.fork();
        hurt.corrupt(&wal.join(&name), group.offset + 100, &[0xee; 4]).unwrap();
        if let Err(OpenError::Replay(damage)) = open_as(&hurt, 1, &options()) {
            let text = damage.to_string();
            assert!(
                text.contains(&name)
                    && text.contains("is damaged at byte")
                    && text.contains(&script::quiet().to_string()),
                "{text}"
            );
            refused(&hurt, 1, &options());
            refusals += 1;
        }
    }
    assert!(refusals > 0, "no file held the group");
}

/// Protects: W-6: one damaged state copy is survived, two are damage, never "new and empty"; so are two missing ones.
#[test]
fn damaged_state_is_never_new_and_empty() {
    let (disk, ghost) = lived();
    for name in ["state/a", "state/b"] {
        let hurt = disk.fork();
        hurt.corrupt(&root().join(name), 100, &[0xee; 4]).unwrap();
        let world = open_and_judge(&env_of(Arc::new(hurt.clone()), 2), &ghost).unwrap();
        assert_eq!(world.report.lagging_state.len(), 1);
        drop(world);
        assert!(open_as(&hurt, 1, &options()).unwrap().report.lagging_state.is_empty(), "not mended");
    }
    let hurt = disk.fork();
    for name in ["state/a", "state/b"] {
        hurt.corrupt(&root().join(name), 100, &[0xee; 4]).unwrap();
    }
    assert!(refused(&hurt, 1, &options()).to_string().contains("both copies of the state are unusable"));
    for name in ["state/a", "state/b"] {
        disk.remove_file(&root().join(name)).unwrap();
    }
    assert!(refused(&disk, 1, &options()).to_string().contains("state/b is missing"));
}

/// Protects: a segment file that is missing or short is damage of its log alone, named with the length it should have.
#[test]
fn missing_and_short_segments_are_damage_of_their_log() {
    let (disk, ghost) = lived();
    let folder = root().join("busy-0");
    let file = names(&disk, &folder).into_iter().rfind(|name| name.ends_with(".log")).unwrap();
    let path = folder.join(file);
    for cut in [true, false] {
        let hurt = disk.fork();
        match cut {
            true => hurt.open(&path, OpenMode::Write).unwrap().set_size(10).unwrap(),
            false => hurt.remove_file(&path).unwrap(),
        }
        let opened = open_as(&hurt, 1, &options()).unwrap();
        let damage = &opened.report.damaged[..];
        assert_eq!((damage.len(), damage[0].key, &damage[0].path), (1, script::busy(), &path));
        assert_eq!(damage[0].have, cut.then_some(10));
        assert_eq!(opened.logs.len(), ghost.acked.len());
    }
}

/// Protects: what jobs left half-done is gone after a start and a sweep: folders, files, excess bytes.
#[test]
fn leftovers_are_finished() {
    let (disk, ghost) = lived();
    let folder = root().join("busy-0");
    let last = names(&disk, &folder).into_iter().rfind(|name| name.ends_with(".log")).unwrap();
    let size = disk.open(&folder.join(&last), OpenMode::Read).unwrap().size().unwrap();
    disk.open(&folder.join(&last), OpenMode::Write).unwrap().write_at(b"never named", size).unwrap();
    write(&disk, &folder.join("00000000000000009999.log"), b"never named");
    write(&disk, &folder.join("00000000000000000000.index.deleted"), b"given up");
    for name in ["gone-0.x-delete", "half-0.new", "nobody-7"] {
        disk.create_dir(&root().join(name)).unwrap();
        write(&disk, &root().join(name).join("partition.metadata"), b"version: 0");
    }
    let mut world = open_and_judge(&env_of(Arc::new(disk.clone()), 2), &ghost).unwrap();
    assert_eq!(world.report.unknown_folders, ["nobody-7"]);
    while world.directory.sweep(1).unwrap() {}
    world.directory.stray_folder("nobody-7").unwrap();
    assert_eq!(disk.open(&folder.join(&last), OpenMode::Read).unwrap().size().unwrap(), size);
    let found = names(&disk, &folder);
    assert!(!found.iter().any(|name| name.contains("9999") || name.contains("deleted")), "{found:?}");
    let found = names(&disk, &root());
    assert!(
        !found.iter().any(|name| name.ends_with("-delete") || name.ends_with(".new") || name == "nobody-7"),
        "{found:?}"
    );
    assert!(found.iter().any(|name| name.starts_with("nobody-7.") && name.ends_with("-stray")), "{found:?}");
}

/// Protects: the machine's own disk does what the directory asks of it: made below missing folders, opened again, locked.
#[test]
fn the_machines_disk_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/node-1");
    let env = env::Env::real();
    let made = Directory::open(&env, &path, BrokerId(1), &options()).unwrap();
    let format = made.format;
    assert!(matches!(Directory::open(&env, &path, BrokerId(1), &options()), Err(OpenError::Locked { .. })));
    drop(made);
    let again = Directory::open(&env, &path, BrokerId(1), &options()).unwrap();
    assert_eq!((again.is_new, again.format, again.report.lagging_state.len()), (false, format, 0));
}
