//! Indexes are hints: missing, torn, stale, random or foreign, they change no answer, and are made good before use.

use crate::reads::{ask_time, library, scan_time, the_log, times};
use crate::world::{Change, World, names, read_log, root};
use env::crash::CrashDisk;
use env::{Disk, OpenMode};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use types::Offset;
use wire::record::Batches;

fn folder() -> PathBuf {
    root().join("lib-0")
}

fn contents(disk: &CrashDisk, path: &Path) -> Vec<u8> {
    let file = disk.open(path, OpenMode::Read).unwrap();
    let mut bytes = vec![0; usize::try_from(file.size().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    bytes
}

fn replace(disk: &CrashDisk, path: &Path, bytes: &[u8]) {
    let file = disk.open(path, OpenMode::Create).unwrap();
    file.set_size(0).unwrap();
    file.write_at(bytes, 0).unwrap();
}

fn index_files(disk: &CrashDisk) -> Vec<PathBuf> {
    let names = names(disk, &folder()).into_iter();
    names.filter(|name| name.ends_with("index")).map(|name| folder().join(name)).collect()
}

/// A way to break an index file, given its bytes and those of all index files of its kind.
type Break = fn(&[u8], &BTreeMap<PathBuf, Vec<u8>>) -> Option<Vec<u8>>;

const BREAKS: &[(&str, Break)] = &[
    ("missing", |_, _| None),
    ("empty", |_, _| Some(Vec::new())),
    ("torn", |bytes, _| Some(bytes[..bytes.len() * 2 / 3].to_vec())),
    ("zeros", |bytes, _| Some(vec![0; bytes.len()])),
    ("hole", |bytes, _| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle / 2..middle].fill(0);
        Some(bytes)
    }),
    ("random", |bytes, _| Some((0..bytes.len()).map(|at| u8::try_from(at * 167 % 251).unwrap()).collect())),
    ("foreign", |bytes, all| all.values().find(|other| *other != bytes).cloned()),
    ("last of all", |bytes, all| {
        all.values().next_back().filter(|other| *other != bytes).cloned().or(Some(bytes.to_vec()))
    }),
    ("shifted", |bytes, _| Some(bytes.iter().map(|byte| byte.wrapping_add(u8::from(*byte > 3))).collect())),
    ("backwards", |bytes, _| Some(bytes.iter().rev().copied().collect())),
];

fn break_all(disk: &CrashDisk, how: Break) {
    for ending in [".index", ".timeindex"] {
        let files = index_files(disk).into_iter().filter(|path| path.to_string_lossy().ends_with(ending));
        let all: BTreeMap<PathBuf, Vec<u8>> =
            files.map(|path| (path.clone(), contents(disk, &path))).collect();
        for (path, bytes) in &all {
            match how(bytes, &all) {
                Some(broken) => replace(disk, path, &broken),
                None => disk.remove_file(path).unwrap(),
            }
        }
    }
}

/// Asserts that every read and every question by time has the answer of a full scan.
fn assert_answers(world: &World, how: &str) {
    let log = &world.logs[&the_log()];
    let ghost = &world.ghost().acked[&the_log()];
    assert_eq!(&read_log(log, &world.reader()).unwrap(), ghost, "{how}");
    for target in times() {
        assert_eq!(ask_time(log, &world.reader(), target), scan_time(ghost, target), "{how}: {target}");
    }
    for from in (0..ghost.end.0).step_by(3).map(Offset) {
        let request =
            log::read_plan::ReadRequest { from, bound: ghost.end, max_bytes: 1, at_least_one: true };
        let Ok(log::read_plan::ReadPlan::File(read)) = log.plan_read(&request) else { continue };
        let found = world.reader().read(the_log(), &read).unwrap();
        assert!(found[0].header().base_offset <= from && from <= found[0].header().last_offset(), "{how}");
    }
}

/// Asserts that the index files on disk are what Kafka's tools expect of their segments.
fn assert_kafka_finds_no_fault(disk: &CrashDisk, world: &World) {
    for segment in world.logs[&the_log()].segments().iter() {
        let path = |ending: &str| folder().join(format!("{:020}{ending}", segment.base.0));
        let bytes = contents(disk, &path(".log"));
        assert_eq!(bytes.len() as u64, segment.bytes);
        let spans: Vec<_> = Batches::new(&bytes).map(Result::unwrap).collect();
        let offsets = contents(disk, &path(".index"));
        assert_eq!(offsets.len(), segment.index_entries as usize * 8, "{}", segment.base);
        for entry in offsets.chunks(8).map(words) {
            let span =
                spans.iter().find(|span| span.range.start == usize::try_from(entry[1]).unwrap()).unwrap();
            assert_eq!(span.header.last_offset().since(segment.base), i64::from(entry[0]));
        }
        let times = contents(disk, &path(".timeindex"));
        assert_eq!(times.len(), segment.time_entries as usize * 12, "{}", segment.base);
        for entry in times.chunks(12).map(words) {
            let offset = segment.base.plus(i64::from(entry[2]));
            let span = spans.iter().find(|span| span.header.last_offset() == offset).unwrap();
            let time = i64::from(entry[0]) << 32 | i64::from(entry[1]);
            assert_eq!(span.header.max_timestamp.0, time);
        }
    }
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
}

/// Protects: W-8: whatever has become of the index files, reads and questions by time answer like a full scan; what was
/// found unfit is noted, and rewritten it is what Kafka's tools expect.
#[test]
fn broken_indexes_change_no_answer() {
    let (disk, world) = library();
    assert_answers(&world, "whole");
    assert_kafka_finds_no_fault(&disk, &world);
    assert!(world.reader().take_unfit_indexes().is_empty(), "whole indexes are fit");
    drop(world);
    for (name, how) in BREAKS {
        let hurt = disk.fork();
        break_all(&hurt, *how);
        let mut world = reopened(&hurt);
        assert_answers(&world, name);
        let unfit = world.reader().take_unfit_indexes();
        assert!(!unfit.is_empty() || *name == "last of all", "{name} was not noticed");
        for segment in world.logs[&the_log()].segments().iter().cloned().collect::<Vec<_>>() {
            world.directory.rebuild_indexes(the_log(), &segment).unwrap();
        }
        assert_kafka_finds_no_fault(&hurt, &world);
        assert_answers(&world, name);
    }
}

/// Protects: W-6: a segment whose indexes were lost gets them back before they are extended.
#[test]
fn lost_indexes_are_rebuilt_before_they_are_extended() {
    let (disk, world) = library();
    drop(world);
    for (name, how) in BREAKS {
        let hurt = disk.fork();
        break_all(&hurt, *how);
        let mut world = reopened(&hurt);
        world.epoch = 5;
        for _ in 0..3 {
            world.group(&[Change::Append(the_log(), 1, 350)]).unwrap();
        }
        world.checkpoint(0).unwrap();
        for segment in
            world.logs[&the_log()].segments().iter().filter(|s| s.sealed).cloned().collect::<Vec<_>>()
        {
            world.directory.rebuild_indexes(the_log(), &segment).unwrap();
        }
        assert_kafka_finds_no_fault(&hurt, &world);
        assert_answers(&world, name);
    }
}

fn reopened(disk: &CrashDisk) -> World {
    disk.kill();
    let env = crate::world::env_of(std::sync::Arc::new(disk.clone()), 2);
    let mut world = World::open(&env, crate::ghost::Shared::default()).unwrap();
    let found: crate::ghost::Logs = world.read_all().unwrap();
    *world.ghost.lock().unwrap() = crate::ghost::Ghost { acked: found.clone(), maybe: found };
    world.names.insert(the_log(), "lib-0".to_owned());
    world.time_of = |serial| i64::try_from(serial * 31 % 100).unwrap() * 10;
    world
}
