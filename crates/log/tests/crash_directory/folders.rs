//! Folders of logs: names at the limits of the file system, and removals beside checkpoints.

use crate::ghost::Shared;
use crate::script::{self, busy, old};
use crate::strays::empty_checkpoint;
use crate::world::{Change, WALL, World, env_of, key, names, open_and_judge, root};
use env::crash::CrashDisk;
use std::sync::Arc;
use types::LogKey;

/// The longest name that a topic may have, and a partition far in it.
fn far() -> (LogKey, String) {
    (key(9, 12_345), format!("{}-12345", "t".repeat(249)))
}

/// A checkpoint makes the folder of the log, and the log is removed.
fn life(disk: &CrashDisk, ghost: &Shared) -> Result<(), String> {
    let (far, name) = far();
    let env = env_of(Arc::new(disk.clone()), 1);
    let mut world = World::open(&env, Arc::clone(ghost)).map_err(|error| error.to_string())?;
    world.names.insert(far, name);
    let run = |world: &mut World| {
        world.group(&[Change::Append(far, 2, 300)])?;
        world.checkpoint(0)?;
        world.group(&[Change::Append(far, 1, 10)])?;
        world.checkpoint(0)
    };
    run(&mut world).map_err(|stop| stop.to_string())
}

/// Protects: W-10: the longest name of a topic, with a high partition, has room for all names that its folder goes through: a
/// checkpoint must not fail for a name that a client may choose.
#[test]
fn the_longest_names_have_folders() {
    let disk = CrashDisk::new();
    let ghost = Shared::default();
    life(&disk, &ghost).unwrap();
    let operations = disk.ops();
    for at in (1..=operations).step_by(3) {
        let (cut, ghost) = (CrashDisk::new(), Shared::default());
        cut.cut_after(at);
        let _ended = life(&cut, &ghost);
        cut.power_cut(at);
        let ghost = ghost.lock().unwrap().clone();
        open_and_judge(&env_of(Arc::new(cut.clone()), 2), &ghost).map(drop).unwrap();
    }
    disk.kill();
    let (far, name) = far();
    let ghost = ghost.lock().unwrap().clone();
    let mut world = open_and_judge(&env_of(Arc::new(disk.clone()), 2), &ghost).unwrap();
    assert!(names(&disk, &root()).contains(&name));
    world.names.insert(far, name);
    world.group(&[Change::Remove(far)]).unwrap();
    while world.directory.sweep(2).unwrap() {}
    assert!(!names(&disk, &root()).iter().any(|name| name.starts_with("ttt")));
}

/// Runs a life in which a log changes after its last cut, a checkpoint takes its mark and gives back what is before, and the log
/// changes once more: it is removed, or goes on.
fn missed_by_a_checkpoint(disk: &CrashDisk, is_removed: bool) {
    let env = env_of(Arc::new(disk.clone()), 1);
    let mut world = script::open(&env, Shared::default()).unwrap();
    world.group(&[Change::Append(busy(), 1, 100), Change::Append(old(), 1, 100)]).unwrap();
    world.checkpoint(0).unwrap();
    world.group(&[Change::Append(old(), 1, 100)]).unwrap();
    let mark = world.wal.synced_end();
    match is_removed {
        true => {
            world.group(&[Change::Append(old(), 1, 100)]).unwrap();
            let frame = world.logs.get_mut(&old()).unwrap().remove();
            world.wal.write_group(&[frame], WALL).unwrap();
        }
        false => world.group(&[Change::Append(old(), 1, 100)]).unwrap(),
    }
    // The directory has not heard of the removal: the writer of page-cache logs has still to close its files.
    world.directory.checkpoint(&empty_checkpoint(mark)).unwrap();
    drop(world);
    disk.kill();
}

/// Protects: W-6, W-10: a log whose removal reaches the directory only after a checkpoint that ran beside it leaves a gap before
/// its last frame; that is no damage, and its folder goes. A gap in a log that lives is damage.
#[test]
fn a_removal_that_a_checkpoint_did_not_see() {
    let disk = CrashDisk::new();
    missed_by_a_checkpoint(&disk, true);
    let world = script::open(&env_of(Arc::new(disk.clone()), 2), Shared::default()).unwrap();
    assert_eq!(world.report.removed, [old()]);
    assert_eq!(world.logs.keys().copied().collect::<Vec<_>>(), [busy()]);
    assert!(!names(&disk, &root()).contains(&"reborn-0".to_owned()));
    let disk = CrashDisk::new();
    missed_by_a_checkpoint(&disk, false);
    let error = World::open(&env_of(Arc::new(disk), 2), Shared::default()).map(drop).unwrap_err();
    assert!(error.to_string().contains("change 3 follows 1"), "{error}");
}
