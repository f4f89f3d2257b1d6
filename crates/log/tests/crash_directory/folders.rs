//! Names of folders at the limits of the file system.

use crate::ghost::Shared;
use crate::world::{Change, World, env_of, key, names, open_and_judge, root};
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
