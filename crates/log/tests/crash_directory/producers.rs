//! Files with producer state: what they hold, when they go, and a start whose state has no producers (W-9). That they are right after
//! a power cut at every operation is looked after by every opening of these tests (`producers_agree`).

use crate::ghost::{Ghost, Shared};
use crate::script;
use crate::world::{Change, WALL, World, env_of, names, producers_agree, root, rules};
use bytes::Bytes;
use env::crash::{Call, CrashDisk, Failure, Fault, When};
use env::{Disk, Env};
use log::directory::Checkpoint;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use types::{LogKey, Offset, WallTime};

fn folder(name: &str) -> PathBuf {
    root().join(name)
}

/// Returns the offsets of a folder's files with this ending.
fn offsets(disk: &CrashDisk, name: &str, ending: &str) -> Vec<i64> {
    let names = names(disk, &folder(name));
    names.iter().filter_map(|name| name.strip_suffix(ending)?.parse().ok()).collect()
}

fn entries(world: &World, key: LogKey) -> String {
    format!("{:?}", world.logs[&key].producers().iter().collect::<Vec<_>>())
}

/// Protects: a roll leaves the state of the log's end beside the segments, for us and for Kafka's tools; an older file goes once
/// it is of no use, and one at or below the high watermark stays although all segments before it are deleted.
#[test]
fn a_roll_keeps_the_newest_state() {
    let disk = CrashDisk::new();
    let mut world = script::open(&env_of(Arc::new(disk.clone()), 1), Shared::default()).unwrap();
    world.fill_pool().unwrap();
    let busy = script::busy();
    for round in 0..4 {
        for _ in 0..4 {
            world.group(&[Change::Append(busy, 2, 400), Change::Append(script::quiet(), 2, 400)]).unwrap();
        }
        world.checkpoint(0).unwrap();
        let end = world.logs[&busy].log_end().0;
        let rolled = world.logs[&busy].segments().len() > 1;
        assert!(rolled || round == 0, "each round rolls");
        if rolled {
            assert_eq!(offsets(&disk, "busy-0", ".producers"), [end], "round {round}");
            assert_eq!(offsets(&disk, "busy-0", ".snapshot"), [end], "round {round}");
        }
    }
    assert!(offsets(&disk, "busy-1", ".producers").is_empty(), "no file where nobody has a sequence");
    world.group(&[Change::Start(busy, 12)]).unwrap();
    world.checkpoint(0).unwrap();
    assert_eq!(offsets(&disk, "busy-0", ".log").len(), world.logs[&busy].segments().len());
    assert_eq!(offsets(&disk, "busy-0", ".producers").len(), 1);
    assert_eq!(producers_agree(&world.directory, &world.logs[&busy]), Ok(()));
}

/// Protects: a truncation takes the state above it away: the log goes on differently there.
#[test]
fn a_truncation_takes_the_state_above_it_away() {
    let disk = CrashDisk::new();
    let mut world = script::open(&env_of(Arc::new(disk.clone()), 1), Shared::default()).unwrap();
    world.fill_pool().unwrap();
    let loose = script::loose();
    for _ in 0..2 {
        for _ in 0..4 {
            world.group(&[Change::Append(loose, 2, 400)]).unwrap();
        }
        world.checkpoint(0).unwrap();
    }
    let files = offsets(&disk, "loose-0", ".producers");
    assert_eq!(files.last(), Some(&16), "{files:?}");
    world.group(&[Change::Truncate(loose, 3)]).unwrap();
    assert!(offsets(&disk, "loose-0", ".producers").iter().all(|offset| *offset <= 6));
    world.group(&[Change::Append(loose, 1, 10)]).unwrap();
    assert_eq!(producers_agree(&world.directory, &world.logs[&loose]), Ok(()));
}

/// Protects: a checkpoint that finds no room leaves no state above the end of the last one: the log may be truncated, and go on differently.
#[test]
fn no_room_leaves_no_state_behind() {
    let mut abandoned = 0;
    for op in 1.. {
        let disk = CrashDisk::new();
        let mut world = script::open(&env_of(Arc::new(disk.clone()), 1), Shared::default()).unwrap();
        world.fill_pool().unwrap();
        for _ in 0..4 {
            world.group(&[Change::Append(script::loose(), 2, 400)]).unwrap();
        }
        let mark = world.wal.synced_end();
        let (cut, placement) = world.logs.get_mut(&script::loose()).unwrap().cut(&rules(), 0).unwrap();
        let (cuts, placements, removed) = (vec![cut], vec![placement], Vec::new());
        disk.fail(Fault::new(When::Op(disk.ops() + op), Failure::NoSpace));
        let ended = world.directory.checkpoint(&Checkpoint {
            mark,
            wall: WALL,
            cuts,
            placements,
            removed,
            quorum: None,
        });
        match ended {
            Ok(_) => break,
            // A failed sync is final (W-11).
            Err(fault) if !fault.is_full() => continue,
            Err(_) => abandoned += 1,
        }
        let there = disk.exists(&folder("loose-0")).unwrap();
        assert!(!there || offsets(&disk, "loose-0", ".producers").is_empty(), "operation {op}");
    }
    assert!(abandoned > 8, "{abandoned}");
}

/// Writes a state whose producers cannot be right, with a tail in it and frames behind it.
fn hurt(disk: &CrashDisk) -> (World, Env) {
    let env = env_of(Arc::new(disk.clone()), 1);
    let mut world = script::run(&env, &Shared::default()).unwrap();
    let (busy, mark) = (script::busy(), world.wal.synced_end());
    world.group(&[Change::Append(busy, 1, 30)]).unwrap();
    let (mut cut, placement) = world.logs.get_mut(&busy).unwrap().cut(&rules(), 1000).unwrap();
    assert!(placement.writes.is_empty() && !cut.tail.is_empty() && cut.producers.len() == 2);
    cut.producers.reverse();
    let (quorum, wall) = (Some(Bytes::from_static(b"quorum")), WALL);
    let (cuts, placements, removed) = (vec![cut], Vec::new(), Vec::new());
    world.directory.checkpoint(&Checkpoint { mark, wall, cuts, placements, removed, quorum }).unwrap();
    world.group(&[Change::Append(busy, 1, 30), Change::Append(busy, 2, 20)]).unwrap();
    (world, env)
}

/// Protects: where the state has no producers of a log, a start finds them in the newest file, the segments behind it, the state's tail
/// and the write-ahead log.
#[test]
fn producers_are_found_in_the_files() {
    let disk = CrashDisk::new();
    let (world, env) = hurt(&disk);
    let (busy, acked) = (script::busy(), world.read_all().unwrap());
    let known = entries(&world, busy);
    drop(world);
    let world =
        World::open(&env, Arc::new(Mutex::new(Ghost { acked: acked.clone(), maybe: acked }))).unwrap();
    assert_eq!(world.report.producers_rebuilt, [(busy, true)]);
    assert_eq!(entries(&world, busy), known);
    assert!(!world.logs[&busy].producers_lost());
}

/// Protects: if the files are lost too the log is marked, and says so; its batches are served all the same.
#[test]
fn lost_producers_are_marked() {
    let disk = CrashDisk::new();
    let (world, env) = hurt(&disk);
    let busy = script::busy();
    assert!(world.logs[&busy].log_start() > Offset::ZERO);
    drop(world);
    for offset in offsets(&disk, "busy-0", ".producers") {
        disk.remove_file(&folder("busy-0").join(format!("{offset:020}.producers"))).unwrap();
    }
    let world = World::open(&env, Shared::default()).unwrap();
    assert_eq!(world.report.producers_rebuilt, [(busy, false)]);
    assert!(world.logs[&busy].producers_lost() && world.read_all().is_ok());
    let rebuilt = world.directory.rebuild_producers(&world.logs[&busy], WallTime(0)).unwrap();
    assert!(!rebuilt.is_complete);
}

/// Protects: what cannot be read at the moment of a start is not given up: the start is refused, and the next one finds it.
#[test]
fn producers_that_cannot_be_read_refuse_the_start() {
    let disk = CrashDisk::new();
    let (world, env) = hurt(&disk);
    let busy = script::busy();
    let known = entries(&world, busy);
    drop(world);
    let paths =
        Some(Arc::new(|path: &Path| path.extension().is_some_and(|ending| ending == "producers")) as _);
    disk.fail(Fault { when: When::Nth(Call::Read, 1), failure: Failure::Io, paths });
    assert!(World::open(&env, Shared::default()).is_err());
    let world = World::open(&env, Shared::default()).unwrap();
    assert_eq!(world.report.producers_rebuilt, [(busy, true)]);
    assert_eq!(entries(&world, busy), known);
}
