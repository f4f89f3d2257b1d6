//! Transactions while the power is cut, files are cut, compacted, lost and damaged: what is open, what was aborted and where that is
//! said always equal a full scan of the batches (T2, T3, T5).

use crate::cuts::{QUICK, WHOLE, ends, run_script};
use crate::ghost::Shared;
use crate::scan::{agree, kind_of, scan};
use crate::script::{self, busy, ledger, loose_ledger, table};
use crate::world::Txn::{Abort, Commit, Write};
use crate::world::{Change, Stop, Txn, WALL, World, env_of, names, open_and_judge, read_log, root};
use env::crash::{CrashDisk, Sabotage};
use env::{Disk, Env, OpenMode};
use log::reader::ReadFault;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::{LogKey, Offset};
use wire::record::{Batch, ControlKind, Records};

impl World {
    /// Makes steps in a log, each in a group of its own.
    fn steps(&mut self, key: LogKey, steps: &[Txn]) -> Result<(), Stop> {
        steps.iter().try_for_each(|step| self.group(&[Change::Txn(key, *step)]))
    }
}

/// Transactions over several segments, interleaved, one always open; and in a log that is truncated into sealed segments.
fn script(env: &Env, ghost: &Shared) -> Result<World, Stop> {
    let mut world = script::open(env, Arc::clone(ghost))?;
    world.fill_pool()?;
    world.fill_reserve()?;
    world
        .steps(ledger(), &[Write(101, 500), Write(102, 700), Write(103, 300), Abort(102), Write(102, 900)])?;
    world.steps(loose_ledger(), &[Write(101, 900), Abort(101), Write(101, 900), Abort(101)])?;
    world.checkpoint(300)?;
    world.steps(ledger(), &[Write(101, 800), Abort(101), Commit(102), Write(102, 700), Abort(102)])?;
    world.steps(loose_ledger(), &[Write(102, 900), Abort(102), Write(102, 900), Commit(102)])?;
    world.checkpoint(300)?;
    world.steps(ledger(), &[Write(101, 900), Write(101, 900), Abort(103)])?;
    // Into a sealed segment that has an index, and goes on differently.
    world.group(&[Change::Truncate(loose_ledger(), 1)])?;
    world.steps(loose_ledger(), &[Write(102, 900), Commit(101), Write(102, 900), Abort(102)])?;
    world.checkpoint(0)?;
    world.steps(ledger(), &[Abort(101), Write(104, 900), Write(104, 900), Write(105, 900), Commit(105)])?;
    world.checkpoint(0)?;
    world.steps(loose_ledger(), &[Write(102, 900), Write(102, 900), Abort(102)])?;
    world.checkpoint(0)?;
    world.wal.vouch(true, WALL)?;
    Ok(world)
}

fn clean_run() -> (CrashDisk, World, Env) {
    let disk = CrashDisk::new();
    let env = env_of(Arc::new(disk.clone()), 1);
    let world = script(&env, &Shared::default()).unwrap();
    (disk, world, env)
}

fn index_files(disk: &CrashDisk, folder: &str) -> Vec<PathBuf> {
    let folder = root().join(folder);
    let found = names(disk, &folder).into_iter().filter(|name| name.ends_with(".txnindex"));
    found.map(|name| folder.join(name)).collect()
}

/// Protects: T2, T3, T5: after a power cut at any operation, and after one in the recovery, what is open and what was aborted equal a
/// full scan, in memory and in the transaction indexes, also where a truncation has gone back behind marks.
#[test]
fn power_cut_at_every_operation_keeps_transactions() {
    let findings = run_script(script, WHOLE, Sabotage::default());
    assert_eq!(findings.failures.first(), None, "{} failures", findings.failures.len());
    assert!(findings.operations > 150, "{}", findings.operations);
}

/// Protects the test above: it sees transaction indexes that are not synced before a state names them.
#[test]
fn sabotage_of_the_indexes_is_noticed() {
    let sabotage = Sabotage { swallow_sync: ends(".txnindex"), ..Sabotage::default() };
    assert!(!run_script(script, QUICK, sabotage).failures.is_empty());
}

/// Protects: memory and state hold the aborted transactions of the segment that grows, and those that a truncation may concern; the
/// others are in transaction indexes alone.
#[test]
fn sealed_segments_have_their_aborted_in_files() {
    let (disk, world, _env) = clean_run();
    let log = &world.logs[&ledger()];
    assert!(
        log.filed_end() > Offset::ZERO
            && log.aborted().len() < scan(&world.read_all().unwrap()[&ledger()]).aborted.len()
    );
    assert!(index_files(&disk, "ledger-0").len() >= 2, "{:?}", index_files(&disk, "ledger-0"));
    let loose = &world.logs[&loose_ledger()];
    assert_eq!(loose.filed_end(), Offset::ZERO, "nothing of it is settled");
    assert_eq!(agree(&world.reader(), log), Ok(()));
    assert_eq!(agree(&world.reader(), loose), Ok(()));
}

/// Says which index a read of everything finds unfit.
fn unfit(world: &World, key: LogKey) -> Option<Offset> {
    let log = &world.logs[&key];
    let range = (Offset::ZERO, log.last_stable());
    match world.reader().aborted(key, &log.plan_aborted(range.0, range.1), range) {
        Ok(_) => None,
        Err(ReadFault::TxnIndex(base)) => Some(base),
        Err(fault) => panic!("{fault}"),
    }
}

/// Has an index made anew, as a broker does.
fn rebuild(world: &mut World, key: LogKey, base: Offset) {
    let log = &world.logs[&key];
    let segments: Vec<_> = log.segments().iter().take_while(|s| s.base <= base).cloned().collect();
    let index = world.directory.rebuild_txn_index(key, &segments).unwrap().unwrap();
    world.logs.get_mut(&key).unwrap().set_txn_index(base, index);
}

/// Protects: X13: a transaction index that is missing, torn, longer, changed or another's is noticed when it is read, made anew from
/// the batches, and equals the full scan then, after a restart too.
#[test]
pub(crate) fn lost_transaction_indexes_are_made_anew() {
    type Hurt = fn(Vec<u8>) -> Option<Vec<u8>>;
    let hurts: [Hurt; 5] = [
        |_| None,
        |bytes| Some(bytes[..bytes.len() - 1].to_vec()),
        |bytes| Some([&bytes[..], &bytes[..34]].concat()),
        |mut bytes| {
            bytes[17] ^= 1;
            Some(bytes)
        },
        |bytes| Some(vec![0; bytes.len()]),
    ];
    for hurt in hurts {
        let (disk, world, env) = clean_run();
        let acked = world.ghost();
        drop(world);
        for path in index_files(&disk, "ledger-0") {
            let file = disk.open(&path, OpenMode::Read).unwrap();
            let mut bytes = vec![0; usize::try_from(file.size().unwrap()).unwrap()];
            file.read_at(&mut bytes, 0).unwrap();
            disk.remove_file(&path).unwrap();
            if let Some(bytes) = hurt(bytes) {
                disk.open(&path, OpenMode::CreateNew).unwrap().write_at(&bytes, 0).unwrap();
            }
        }
        let mut world = World::open(&env, Shared::default()).unwrap();
        script::equip(&mut world);
        let mut rebuilt = BTreeSet::new();
        while let Some(base) = unfit(&world, ledger()) {
            assert!(rebuilt.insert(base), "{base} is made anew once");
            assert!(world.reader().take_unfit_txn_indexes().contains(&(ledger(), base)));
            rebuild(&mut world, ledger(), base);
        }
        assert!(rebuilt.len() >= 2, "{rebuilt:?}");
        assert_eq!(agree(&world.reader(), &world.logs[&ledger()]), Ok(()));
        world.checkpoint(0).unwrap();
        drop(world);
        open_and_judge(&env, &acked).map(drop).unwrap();
    }
}

/// Protects: X14: an open transaction keeps its records from retention, whatever their age and number; once it has ended they go.
#[test]
fn retention_stays_below_the_last_stable_offset() {
    let (_disk, mut world, _env) = clean_run();
    let rules = log::retain::RetainRules {
        retention_ms: None,
        retention_bytes: Some(0),
        max_segments: 100,
        clock: log::retain::ClockState::Steady,
    };
    let log = world.logs.get_mut(&ledger()).unwrap();
    let open = log.producers().first_open().unwrap();
    assert_eq!(log.last_stable(), open);
    let kept = log.segments().containing(open).unwrap().base;
    log.retain(&rules, WALL);
    assert_eq!(log.log_start(), kept, "the segment with its begin stays");
    assert!(log.plan_aborted(log.log_start(), open).files.iter().all(|segment| segment.next > kept));
}

/// Reads as a client does that wants committed data alone: offsets and values.
fn committed(world: &World, key: LogKey, from: Offset) -> Vec<(i64, Vec<u8>, Vec<u8>)> {
    let (log, reader) = (&world.logs[&key], world.reader());
    let range = (from, log.last_stable());
    let mut met = reader.aborted(key, &log.plan_aborted(range.0, range.1), range).unwrap();
    met.sort_by_key(|txn| std::cmp::Reverse(txn.first_offset));
    let (mut skipped, mut visible) = (BTreeSet::new(), Vec::new());
    for (base, bytes) in read_log(log, &reader).unwrap().batches {
        let batch = Batch::from_wire(&bytes.clone().into()).unwrap();
        let header = *batch.header();
        if header.last_offset() < from || header.next_offset() > range.1 {
            continue;
        }
        while let Some(txn) = met.pop_if(|txn| txn.first_offset <= header.last_offset()) {
            skipped.insert(txn.producer_id);
        }
        match kind_of(&batch) {
            Some(ControlKind::Abort) => _ = skipped.remove(&header.producer_id),
            Some(ControlKind::Commit) => {}
            None if header.is_control() => {}
            None if header.is_transactional() && skipped.contains(&header.producer_id) => {}
            None => {
                for record in Records::open(&bytes.into(), 1 << 20).unwrap().map(Result::unwrap) {
                    let value = record.value.unwrap_or_default().to_vec();
                    visible.push((record.offset.0, record.key.unwrap().to_vec(), value));
                }
            }
        }
        assert!(base <= header.last_offset());
    }
    visible
}

/// Protects: X15: compaction keeps of the marks what readers need: from any offset a reader of committed data gets committed records
/// alone, at their offsets, and the latest of each key, with indexes that were made anew with their segments; after a restart too.
#[test]
fn compaction_keeps_what_readers_of_committed_data_need() {
    let disk = CrashDisk::new();
    let env = env_of(Arc::new(disk.clone()), 1);
    let mut world = script::open(&env, Shared::default()).unwrap();
    world.fill_pool().unwrap();
    for round in 0..6 {
        let (one, two) = (101 + round % 2, 103 + round);
        world.steps(table(), &[Write(one, 400), Write(two, 500), Write(one, 300), Abort(one)]).unwrap();
        world.steps(table(), &[Write(one, 400), Commit(two), Write(two, 600), Commit(one)]).unwrap();
        let end = if round % 2 == 1 { Abort(two) } else { Commit(two) };
        world.steps(table(), &[end, Write(two, 100), Commit(two)]).unwrap();
        world.checkpoint(0).unwrap();
    }
    world.steps(table(), &[Write(300, 900), Write(300, 900), Write(300, 900), Write(300, 900)]).unwrap();
    world.checkpoint(0).unwrap();
    let before = committed(&world, table(), Offset::ZERO);
    let mut latest = BTreeMap::new();
    before.iter().for_each(|(at, key, value)| _ = latest.insert(key.clone(), (*at, value.clone())));
    assert!(world.compact(table()).unwrap());
    world.checkpoint(0).unwrap();
    world.checkpoint(0).unwrap();
    let judge = |world: &World| {
        for from in 0..world.logs[&table()].last_stable().0 {
            let found = committed(world, table(), Offset(from));
            assert!(found.iter().all(|record| before.contains(record)), "from {from}: {found:?}");
            for (key, (at, value)) in latest.iter().filter(|(_, (at, _))| *at >= from) {
                assert!(found.contains(&(*at, key.clone(), value.clone())), "from {from}: {key:?} at {at}");
            }
        }
    };
    let marks = |world: &World| {
        let batches = read_log(&world.logs[&table()], &world.reader()).unwrap().batches.into_iter();
        let batches = batches.map(|(base, bytes)| (base, Batch::from_wire(&bytes.into()).unwrap()));
        let marks = batches.filter(|(_, batch)| kind_of(batch) == Some(ControlKind::Abort));
        marks.map(|(base, _)| base).collect::<Vec<_>>()
    };
    let indexed = |world: &World| {
        let (log, range) = (&world.logs[&table()], (Offset::ZERO, world.logs[&table()].last_stable()));
        let met = world.reader().aborted(table(), &log.plan_aborted(range.0, range.1), range).unwrap();
        met.iter().map(|txn| txn.last_offset).collect::<Vec<_>>()
    };
    assert!(!marks(&world).is_empty());
    assert_eq!(indexed(&world), marks(&world), "an index names the marks that its segment has");
    let cleaned = world.logs[&table()].cleaned();
    assert!(cleaned > Offset(20) && cleaned <= world.logs[&table()].last_stable(), "{cleaned}");
    judge(&world);
    let count = |world: &World| read_log(&world.logs[&table()], &world.reader()).unwrap().batches.len();
    let batches = count(&world);
    drop(world);
    let mut world = World::open(&env, Shared::default()).unwrap();
    script::equip(&mut world);
    assert_eq!(count(&world), batches);
    judge(&world);
    assert!(!names(&disk, Path::new(&root().join("table-0"))).iter().any(|name| name.ends_with(".swap")));
    assert_ne!(busy(), table());
}
