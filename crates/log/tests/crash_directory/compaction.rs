//! Compaction of a log while the power is cut, calls fail and the disk is full: the old segments or the new ones, whole.

use crate::cuts::{QUICK, WHOLE, ends, run_script};
use crate::ghost::{GhostLog, Shared};
use crate::script::{open, quiet, table};
use crate::world::{Change, Stop, WALL, World, env_of, keyed_batch, names, root, rules};
use env::crash::{Call, CrashDisk, Failure, Fault, PathFilter, Sabotage, When};
use env::{Disk, Env, OpenMode};
use log::compact::CompactRules;
use log::directory::{CompactLimits, CompactStep};
use log::layout::{SWAP_ENDING, SegmentFile, swap_name};
use log::log::Replacement;
use log::read_plan::TimePlan;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use types::{LogKey, Millis, Offset, WallTime};
use wire::record::{Batch, Batches, Records};

/// Value of each key, none for a tombstone.
type Values = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

const LIMITS: CompactLimits = CompactLimits { map_bytes: 1 << 16, load: 0.9, secret: [3; 16] };

fn compact_rules() -> CompactRules {
    let (min_lag, max_lag, delete_retention) = (Millis(0), Millis(i64::MAX), Millis(0));
    CompactRules { min_dirty_ratio: 0.0, min_lag, max_lag, delete_retention }
}

impl World {
    /// Compacts a log, if something of it can be; says so. The next checkpoint makes it count.
    pub(crate) fn compact(&mut self, key: LogKey) -> Result<bool, Stop> {
        let log = &self.logs[&key];
        let plan = log.compaction(&compact_rules(), &rules(), (WALL, 1 << 20));
        let Some(plan) = plan else { return Ok(false) };
        let Some(mut compaction) = self.directory.begin_compaction(plan, &LIMITS)? else { return Ok(false) };
        loop {
            match self.directory.step_compaction(&mut compaction, 700)? {
                CompactStep::More(bytes) => assert!(bytes > 0),
                CompactStep::Made(made) => {
                    self.expect(&made);
                    assert!(self.logs.get_mut(&key).unwrap().replace_segments(*made));
                }
                CompactStep::Ended(end) => {
                    self.logs.get_mut(&key).unwrap().compacted(end.cleaned);
                    return Ok(true);
                }
                CompactStep::GivenUp(_) => {
                    self.abandoned += 1;
                    return Ok(false);
                }
            }
        }
    }

    /// Tells the ghost what a new segment holds: that may be found from now on.
    fn expect(&self, made: &Replacement) {
        let folder = root().join(&self.names[&made.key]);
        let path = folder.join(swap_name(made.new.base, SegmentFile::Log));
        let bytes = self.read(&path);
        let span = made.new.base..made.new.next;
        self.with_ghost(|ghost| {
            let log = ghost.maybe.get_mut(&made.key).unwrap();
            let start = log.start;
            log.batches.retain(|(base, _)| !span.contains(base));
            for span in Batches::new(&bytes).map(Result::unwrap) {
                if span.header.next_offset() > start {
                    log.batches.push((span.header.base_offset, bytes[span.range].to_vec()));
                }
            }
            log.batches.sort_by_key(|(base, _)| *base);
        });
    }

    fn read(&self, path: &Path) -> Vec<u8> {
        let file = self.disk.open(path, OpenMode::Read).unwrap();
        let mut bytes = vec![0; usize::try_from(file.size().unwrap()).unwrap()];
        file.read_at(&mut bytes, 0).unwrap();
        bytes
    }

    /// Compacts a log and takes the checkpoint that makes it count.
    fn compact_and_checkpoint(&mut self, key: LogKey) -> Result<bool, Stop> {
        let is_made = self.compact(key)?;
        self.checkpoint(300)?;
        self.with_ghost(|ghost| ghost.acked = ghost.maybe.clone());
        Ok(is_made)
    }
}

/// Compacts what can be compacted, in a directory that was just opened.
pub(crate) fn compact_all(world: &mut World) -> Result<(), Stop> {
    match world.logs.contains_key(&table()) {
        true => {
            world.checkpoint(0)?;
            world.compact_and_checkpoint(table()).map(drop)
        }
        false => Ok(()),
    }
}

/// Three rounds of compaction, with a log start that moves, a segment that goes, other logs beside, and a tombstone's end.
fn script(env: &Env, ghost: &Shared) -> Result<World, Stop> {
    let mut world = open(env, Arc::clone(ghost))?;
    world.fill_pool()?;
    world.fill_reserve()?;
    fill(&mut world, 8)?;
    world.checkpoint(300)?;
    world.epoch = 1;
    fill(&mut world, 4)?;
    world.checkpoint(300)?;
    assert!(world.compact_and_checkpoint(table())?);
    fill(&mut world, 6)?;
    world.checkpoint(300)?;
    assert!(world.compact_and_checkpoint(table())?, "the state has no flag by now");
    world.group(&[Change::Start(table(), 3)])?;
    fill(&mut world, 6)?;
    world.checkpoint(300)?;
    assert!(world.compact_and_checkpoint(table())?);
    world.checkpoint(0)?;
    fill(&mut world, 1)?;
    world.wal.vouch(true, WALL)?;
    Ok(world)
}

fn fill(world: &mut World, groups: usize) -> Result<(), Stop> {
    for _ in 0..groups {
        world.group(&[Change::Append(table(), 4, 180), Change::Append(quiet(), 1, 20)])?;
    }
    Ok(())
}

fn clean_run() -> (CrashDisk, World, Env) {
    let disk = CrashDisk::new();
    let env = env_of(Arc::new(disk.clone()), 1);
    let world = script(&env, &Shared::default()).unwrap();
    (disk, world, env)
}

/// Value of each key as a reader of the log finds them, and the offsets of all records.
fn read_values(log: &GhostLog) -> (Values, Vec<i64>) {
    let (mut values, mut offsets) = (BTreeMap::new(), Vec::new());
    for (_, bytes) in &log.batches {
        for record in Records::open(&bytes.clone().into(), 1 << 20).unwrap().map(Result::unwrap) {
            offsets.push(record.offset.0);
            values.insert(record.key.unwrap().to_vec(), record.value.map(|value| value.to_vec()));
        }
    }
    (values, offsets)
}

/// Protects: W-6, W-10: a power cut at any operation of a compaction and its swap leaves the old segments or the new ones, whole, and
/// so does one in the recovery; producers are what they were, and the directory goes on, compacting too.
#[test]
fn power_cut_at_every_operation_of_a_compaction() {
    let findings = run_script(script, WHOLE, Sabotage::default());
    assert_eq!(findings.failures.first(), None, "{} failures", findings.failures.len());
    assert!(findings.operations > 200, "{}", findings.operations);
}

fn failures_with(sabotage: Sabotage) -> usize {
    run_script(script, QUICK, sabotage).failures.len()
}

/// Protects the test above: it sees new segments that are not synced before a state names them.
#[test]
fn sabotage_of_the_new_files_is_noticed() {
    assert!(failures_with(Sabotage { swallow_sync: ends(".log.swap"), ..Sabotage::default() }) > 0);
}

/// Protects the test above: it sees names that are not synced before a state counts on them.
#[test]
fn sabotage_of_the_names_is_noticed() {
    let folder: Option<PathFilter> = Some(Arc::new(|path: &Path| path.ends_with("table-0")));
    assert!(failures_with(Sabotage { swallow_sync_dir: folder, ..Sabotage::default() }) > 0);
}

/// Protects: after compaction a reader gets the latest value of every key at its offset, from files with Kafka's names alone; a start
/// later gives the same, and so do reads from every offset and by time, across what is gone.
#[test]
fn a_compacted_log_reads_as_before() {
    let (disk, world, env) = clean_run();
    let found = world.read_all().unwrap()[&table()].clone();
    let (values, offsets) = read_values(&found);
    let mut wanted: Values = BTreeMap::new();
    for batch in appended() {
        for record in Records::open(&batch.to_bytes(), 1 << 20).unwrap().map(Result::unwrap) {
            wanted.insert(record.key.unwrap().to_vec(), record.value.map(|value| value.to_vec()));
        }
    }
    wanted.retain(|key, value| value.is_some() || values.contains_key(key));
    assert_eq!(values, wanted);
    let log = &world.logs[&table()];
    let count = log.log_end().since(log.log_start());
    assert!(i64::try_from(offsets.len()).unwrap() < count / 2, "{} of {count}", offsets.len());
    assert!(log.cleaned() > log.log_start() && !log.segments().iter().any(|segment| segment.swap));
    read_by_time(&world);
    for name in names(&disk, &root().join("table-0")) {
        assert!(!name.ends_with(SWAP_ENDING), "{name}");
    }
    drop(world);
    disk.kill();
    let again = World::open(&env, Shared::default()).unwrap();
    assert_eq!(again.report.leftovers, 0);
    assert_eq!(again.read_all().unwrap()[&table()], found);
}

/// The batches that the script has appended to the table.
fn appended() -> Vec<Batch> {
    let serials = (0..50).filter(|serial| serial % 2 == 0).map(|serial| serial + 1);
    serials.map(|serial| keyed_batch(None, serial, (4, 180))).collect()
}

/// The first record at each time is found, or the next that is left.
fn read_by_time(world: &World) {
    let (log, reader) = (&world.logs[&table()], world.reader());
    let times: Vec<(i64, i64)> = {
        let found = world.read_all().unwrap()[&table()].clone();
        let batches = found.batches.iter();
        let records = batches.flat_map(|(_, bytes)| Records::open(&bytes.clone().into(), 1 << 20).unwrap());
        records.map(Result::unwrap).map(|record| (record.timestamp.0, record.offset.0)).collect()
    };
    for target in times.iter().map(|(time, _)| *time) {
        let wanted = times.iter().find(|(time, _)| *time >= target).map(|(_, offset)| *offset);
        let mut from = log.log_start();
        let found = loop {
            match log.plan_time(WallTime(target), from, log.log_end()) {
                TimePlan::None => break None,
                TimePlan::Tail(batch) => break Some(batch.header().base_offset.0),
                TimePlan::File(read) => match reader.find_time(table(), &read).unwrap() {
                    Some(found) => break Some(found.offset.0),
                    None => from = read.bound,
                },
            }
        };
        assert_eq!(found, wanted);
    }
}

/// A directory with something to compact.
fn filled() -> (CrashDisk, Env, World) {
    let disk = CrashDisk::new();
    let env = env_of(Arc::new(disk.clone()), 1);
    let mut world = open(&env, Shared::default()).unwrap();
    fill(&mut world, 12).unwrap();
    world.checkpoint(300).unwrap();
    (disk, env, world)
}

/// Protects: W-12: a full disk at any call of a compaction ends it, loses nothing, and it is done later.
#[test]
fn a_full_disk_ends_a_compaction() {
    let mut ended = 0;
    for (call, nth) in
        [Call::Write, Call::Create].into_iter().flat_map(|call| (1..).map(move |nth| (call, nth)).take(12))
    {
        let (disk, _, mut world) = filled();
        let before = world.read_all().unwrap();
        disk.fail(Fault::new(When::Nth(call, nth), Failure::NoSpace));
        let is_made = world.compact(table()).unwrap();
        ended += u32::from(!is_made);
        assert_eq!(world.read_all().unwrap(), before);
        world.checkpoint(300).unwrap();
        let names = names(&disk, &root().join("table-0"));
        assert!(!names.iter().any(|name| name.ends_with(SWAP_ENDING)), "{names:?}");
        world.checkpoint(300).unwrap();
        assert_eq!(world.compact_and_checkpoint(table()).unwrap(), !is_made, "{call:?} {nth}");
        let (old, new) = (read_values(&before[&table()]), read_values(&world.read_all().unwrap()[&table()]));
        let live = |values: &Values| values.values().flatten().count();
        assert_eq!(live(&new.0), live(&old.0));
        assert!(new.1.len() < old.1.len());
    }
    assert!(ended > 4, "{ended}");
}

/// Protects: W-11: a failed sync of a compaction ends the directory's life, and the next one has all that was there.
#[test]
fn a_failed_sync_of_a_compaction_loses_nothing() {
    let mut failed = 0;
    for nth in 1..40 {
        let (disk, env, mut world) = filled();
        let before = world.read_all().unwrap();
        disk.fail(Fault::new(When::Nth(Call::Sync, nth), Failure::Io));
        failed += u32::from(world.compact_and_checkpoint(table()).is_err());
        let after = world.ghost().maybe;
        drop(world);
        disk.power_cut(nth);
        let found = World::open(&env, Shared::default()).unwrap().read_all().unwrap();
        assert!(found == before || found == after, "{nth}");
    }
    assert!(failed > 5, "{failed}");
}

/// Protects: a log start that passes segments while they are compacted takes them with it; what was made of them alone goes too.
#[test]
fn a_log_start_overtakes_a_compaction() {
    let (disk, env, mut world) = filled();
    let ghost = Arc::clone(&world.ghost);
    assert!(world.compact(table()).unwrap());
    let end = world.logs[&table()].log_end();
    ghost.lock().unwrap().maybe.clear();
    let frame = world.logs.get_mut(&table()).unwrap().move_start(Offset(end.0 - 4)).unwrap();
    world.wal.write_group(&[frame], WALL).unwrap();
    let log = world.logs.get_mut(&table()).unwrap();
    log.on_durable(log.change());
    world.checkpoint(300).unwrap();
    let names = names(&disk, &root().join("table-0"));
    assert!(!names.iter().any(|name| name.ends_with(SWAP_ENDING)), "{names:?}");
    let log = &world.logs[&table()];
    assert!(!log.segments().iter().any(|segment| segment.swap));
    let (start, end) = (log.log_start(), log.log_end());
    drop(world);
    disk.kill();
    let again = World::open(&env, Arc::new(Mutex::default())).unwrap();
    let found = again.read_all().unwrap()[&table()].clone();
    assert_eq!((found.start, found.end), (start, end));
}

/// Protects: W-18: damage of a segment ends its compaction, which changes nothing: the bad batch is not copied with a good checksum.
#[test]
fn damage_is_not_compacted_away() {
    let (disk, _, mut world) = filled();
    let path = root().join("table-0/00000000000000000000.log");
    let file = disk.open(&path, OpenMode::Write).unwrap();
    file.write_at(b"!", 900).unwrap();
    assert!(!world.compact(table()).unwrap());
    assert_eq!(world.abandoned, 1);
    assert!(world.read_all().is_err());
}

/// Protects: W-9: segments above the newest settled file with producer state are left alone: the state that a start makes of files and
/// batches would not be the same.
#[test]
fn compaction_waits_for_settled_producers() {
    let disk = CrashDisk::new();
    let env = env_of(Arc::new(disk.clone()), 1);
    let mut world = open(&env, Shared::default()).unwrap();
    world.loose.insert(table());
    fill(&mut world, 12).unwrap();
    world.checkpoint(0).unwrap();
    let log = world.logs.get_mut(&table()).unwrap();
    log.set_high_watermark(Offset(log.log_end().0 - 1));
    assert!(log.cleanable(&compact_rules(), WALL).dirty_bytes > 0);
    assert!(!world.compact(table()).unwrap(), "the file is of the log's end");
    assert_eq!(world.abandoned, 0);
    let log = world.logs.get_mut(&table()).unwrap();
    log.set_high_watermark(log.log_end());
    assert!(world.compact(table()).unwrap());
}
