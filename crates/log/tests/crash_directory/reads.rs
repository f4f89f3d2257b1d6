//! Reads of segments: what is planned is what comes, and no byte that does not verify ever does.

use crate::ghost::{GhostLog, Shared};
use crate::world::{Change, World, env_of, key, names, read_log, root};
use env::crash::{Call, CrashDisk, Failure, Fault, When};
use env::{Disk, OpenMode};
use log::log::Log;
use log::read_plan::{FileRead, ReadPlan, ReadRequest, TimePlan};
use log::reader::{FoundTime, ReadDefect, ReadFault, Reader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::{LogKey, Offset, WallTime};
use wire::record::{Batch, find_timestamp};

pub(crate) fn the_log() -> LogKey {
    key(1, 0)
}

/// A world with one log of several segments, several epochs and times that jump, all of it in segments.
pub(crate) fn library() -> (CrashDisk, World) {
    let disk = CrashDisk::new();
    let mut world = World::open(&env_of(Arc::new(disk.clone()), 1), Shared::default()).unwrap();
    world.names.insert(the_log(), "lib-0".to_owned());
    world.time_of = |serial| i64::try_from(serial * 7919 % 100).unwrap() * 10;
    for round in 0..5 {
        world.epoch = round;
        for size in [20, 130, 400, 60, 90, 250] {
            let records = 1 + size % 7;
            world.group(&[Change::Append(the_log(), records, size / records)]).unwrap();
        }
        world.checkpoint(0).unwrap();
    }
    (disk, world)
}

fn log(world: &World) -> &Log {
    &world.logs[&the_log()]
}

fn plan(world: &World, request: &ReadRequest) -> FileRead {
    match log(world).plan_read(request).unwrap() {
        ReadPlan::File(read) => *read,
        other => panic!("not from a file: {other:?}"),
    }
}

fn whole(from: Offset) -> ReadRequest {
    ReadRequest { from, bound: Offset(i64::MAX), max_bytes: 1 << 20, at_least_one: true }
}

fn bytes_of(batches: &[Batch]) -> Vec<(Offset, Vec<u8>)> {
    batches.iter().map(|batch| (batch.header().base_offset, batch.to_bytes().to_vec())).collect()
}

/// Path of the segment file that holds an offset, and the position of the batch with it.
fn place_of(world: &World, offset: Offset) -> (PathBuf, u64) {
    let segment = log(world).segments().containing(offset).unwrap();
    let ghost = &world.ghost().acked[&the_log()];
    let before = ghost.batches.iter().filter(|(base, _)| *base >= segment.base && *base < offset);
    let at = before.map(|(_, bytes)| bytes.len() as u64).sum();
    (root().join("lib-0").join(format!("{:020}.log", segment.base.0)), at)
}

/// Protects: for every first offset, bound and byte limit, a read gives the batches that a list would.
#[test]
fn every_read_is_what_a_list_gives() {
    let (_, world) = library();
    let ghost = world.ghost().acked[&the_log()].clone();
    assert!(log(&world).segments().len() > 3);
    let reader = world.reader();
    for from in (0..ghost.end.0).map(Offset) {
        for (bound, max_bytes, at_least_one) in [
            (ghost.end, 1 << 20, true),
            (Offset(40), 700, true),
            (Offset(60), 100, false),
            (Offset(70), 1, true),
        ] {
            if from >= bound {
                continue;
            }
            let read = plan(&world, &ReadRequest { from, bound, max_bytes, at_least_one });
            let found = bytes_of(&reader.read(the_log(), &read).unwrap());
            assert_eq!(found, expected(&ghost, &read), "from {from} to {bound}, {max_bytes} bytes");
        }
    }
}

fn expected(ghost: &GhostLog, read: &FileRead) -> Vec<(Offset, Vec<u8>)> {
    let mut taken = 0;
    let mut out: Vec<(Offset, Vec<u8>)> = Vec::new();
    for (at, (base, bytes)) in ghost.batches.iter().enumerate() {
        let next = ghost.batches.get(at + 1).map_or(ghost.end, |(next, _)| *next);
        let first = out.is_empty() && read.at_least_one;
        if next <= read.from || *base < read.segment.base {
            continue;
        }
        if next > read.bound || (taken + bytes.len() > read.max_bytes && !first) {
            break;
        }
        taken += bytes.len();
        out.push((*base, bytes.clone()));
    }
    out
}

/// Protects: W-18: a changed byte anywhere in a batch is never served; it is named with file, position and offset, and the
/// batches before it are still read.
#[test]
fn no_changed_byte_is_served() {
    let (disk, world) = library();
    let ghost = world.ghost().acked[&the_log()].clone();
    let (base, bytes) = ghost.batches[7].clone();
    let (path, at) = place_of(&world, base);
    for (byte, old) in bytes.iter().enumerate() {
        let hurt = disk.fork();
        hurt.corrupt(&path, at + byte as u64, &[old ^ 0x41]).unwrap();
        let world = World::open(&env_of(Arc::new(hurt), 2), Shared::default()).unwrap();
        let read = plan(&world, &whole(base));
        match world.reader().read(the_log(), &read).unwrap_err() {
            ReadFault::Damage(damage) => {
                assert_eq!(damage.file, path, "byte {byte}");
                assert!(damage.position >= at, "byte {byte}: {damage}");
            }
            other => panic!("byte {byte}: {other}"),
        }
        let before = plan(&world, &ReadRequest { bound: base, ..whole(read.segment.base) });
        let served = before.from < base && !world.reader().read(the_log(), &before).unwrap().is_empty();
        assert!(served || before.from == base, "byte {byte}");
    }
}

/// Protects: W-18: a batch that verifies but lies at the wrong place, or carries another epoch, is damage.
#[test]
fn whole_batches_at_the_wrong_place_are_damage() {
    let (disk, world) = library();
    let ghost = world.ghost().acked[&the_log()].clone();
    let (base, bytes) = ghost.batches[7].clone();
    let (path, at) = place_of(&world, base);
    for (patched, defect) in [(0..8, ReadDefect::Place), (12..16, ReadDefect::Epoch)] {
        let hurt = disk.fork();
        let mut other = bytes.clone();
        other[patched.end - 1] ^= 1;
        hurt.corrupt(&path, at, &other).unwrap();
        let world = World::open(&env_of(Arc::new(hurt), 2), Shared::default()).unwrap();
        let read = plan(&world, &whole(log(&world).segments().containing(base).unwrap().base));
        match world.reader().read(the_log(), &read) {
            Err(ReadFault::Damage(damage)) => assert_eq!(damage.defect, defect),
            other => panic!("{other:?}"),
        }
    }
}

/// Protects: W-11: a failed read is tried once more with a fresh descriptor; only a second failure is damage.
#[test]
fn a_failed_read_is_tried_once_more() {
    let (disk, world) = library();
    let read = plan(&world, &whole(Offset(3)));
    let fault = || Fault::new(When::Nth(Call::Read, 1), Failure::Io);
    disk.fail(fault());
    assert!(world.reader().read(the_log(), &read).is_ok());
    for _ in 0..4 {
        disk.fail(Fault {
            paths: Some(Arc::new(|path| path.to_string_lossy().ends_with(".log"))),
            ..fault()
        });
    }
    match world.reader().read(the_log(), &read) {
        Err(ReadFault::Damage(damage)) => {
            assert!(matches!(damage.defect, ReadDefect::Unreadable(_)), "{damage}");
        }
        other => panic!("{other:?}"),
    }
}

/// Protects: want of a descriptor, for a segment or an index, says nothing about either: the read is refused for now,
/// nothing is called damaged or unfit, and the next read finds all.
#[test]
fn want_of_a_descriptor_is_no_damage() {
    for nth in 1..=2 {
        let (disk, world) = library();
        let segment = log(&world).segments().containing(Offset(0)).unwrap().clone();
        let read = plan(&world, &whole(segment.next.plus(-1)));
        disk.fail(Fault::new(When::Nth(Call::Open, nth), Failure::NoDescriptor));
        match world.reader().read(the_log(), &read) {
            Err(ReadFault::Open { .. }) => {}
            other => panic!("{nth}: {other:?}"),
        }
        assert!(world.reader().read(the_log(), &read).is_ok());
        assert!(world.reader().take_unfit_indexes().is_empty());
    }
}

/// Protects: a plan that is older than a deletion or a cut says so, and is neither damage nor another log's bytes.
#[test]
fn outdated_plans_are_gone() {
    let (disk, mut world) = library();
    let read = plan(&world, &whole(Offset(0)));
    let reader = world.reader();
    world.directory.delete_segments(the_log(), &[read.segment.base]).unwrap();
    assert!(matches!(reader.read(the_log(), &read), Err(ReadFault::Gone)));
    let later = plan(&world, &whole(read.segment.next));
    assert!(reader.read(the_log(), &later).is_ok());
    world.directory.remove_log(the_log(), None).unwrap();
    let mut reborn = later.clone();
    reborn.segment.base = Offset(0);
    world.names.insert(key(9, 0), "lib-0".to_owned());
    world.group(&[Change::Append(key(9, 0), 3, 30)]).unwrap();
    world.logs.remove(&the_log());
    world.checkpoint(0).unwrap();
    assert!(disk.exists(Path::new("/data/node-1/lib-0/00000000000000000000.log")).unwrap());
    assert!(matches!(reader.read(the_log(), &reborn), Err(ReadFault::Gone)));
    assert!(!read_log(&world.logs[&key(9, 0)], &reader).unwrap().batches.is_empty());
}

/// Answers a question by time as a broker does: plan, look, go on behind the place if it was not there.
pub(crate) fn ask_time(log: &Log, reader: &Reader, target: WallTime) -> Option<(Offset, WallTime)> {
    let mut from = log.log_start();
    loop {
        let (found, next) = match log.plan_time(target, from, log.log_end()) {
            TimePlan::None => return None,
            TimePlan::Tail(batch) => {
                let found = find_timestamp(&batch.to_bytes(), target, from, 1 << 20).unwrap();
                (found.map(|found| (found.offset, found.timestamp)), batch.header().next_offset())
            }
            TimePlan::File(read) => {
                let found: Option<FoundTime> = reader.find_time(log.key(), &read).unwrap();
                (found.map(|found| (found.offset, found.timestamp)), read.segment.next)
            }
        };
        if found.is_some() {
            return found;
        }
        from = next;
    }
}

/// The same, by looking at every record.
pub(crate) fn scan_time(ghost: &GhostLog, target: WallTime) -> Option<(Offset, WallTime)> {
    ghost.batches.iter().find_map(|(base, bytes)| {
        let found = find_timestamp(bytes, target, *base, 1 << 20).unwrap();
        found.map(|found| (found.offset, found.timestamp))
    })
}

/// Every time that can make a difference.
pub(crate) fn times() -> impl Iterator<Item = WallTime> {
    (-5..1010).step_by(5).map(|time| WallTime(crate::world::WALL.0 + time))
}

/// Protects: a question by time has the answer of a scan of all records, for every time.
#[test]
fn every_time_has_the_answer_of_a_scan() {
    let (_, world) = library();
    let ghost = world.ghost().acked[&the_log()].clone();
    for target in times() {
        assert_eq!(ask_time(log(&world), &world.reader(), target), scan_time(&ghost, target), "{target}");
    }
    let TimePlan::File(newest) = log(&world).plan_max_timestamp(ghost.end) else { panic!("not from a file") };
    let found = world.reader().find_time(the_log(), &newest).unwrap().unwrap();
    assert_eq!(Some((found.offset, found.timestamp)), scan_time(&ghost, found.timestamp));
    assert_eq!(scan_time(&ghost, WallTime(found.timestamp.0 + 1)), None);
}

/// Protects: only so many segments are held open, and reading goes on with any number of them.
#[test]
fn few_segments_stay_open() {
    let (disk, world) = library();
    let reader = world.reader();
    for _ in 0..3 {
        assert_eq!(read_log(log(&world), &reader).unwrap(), world.ghost().acked[&the_log()]);
    }
    let files = names(&disk, &root().join("lib-0"));
    assert!(files.iter().filter(|name| name.ends_with(".log")).count() > 3);
    assert!(disk.open(&root().join("lib-0").join(&files[0]), OpenMode::Read).is_ok());
}
