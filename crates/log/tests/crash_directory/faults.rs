//! Failing syncs and full disks at every call of the script.

use crate::ghost::{Ghost, Shared};
use crate::probe::Probe;
use crate::script;
use crate::world::{Change, Stop, World, env_of, names, open_and_judge, root};
use env::crash::{Call, CrashDisk, Failure, Fault, PathFilter, Sabotage, Traced, When};
use log::directory::OpenError;
use log::fault::FileFault;
use log::log::Log;
use std::path::Path;
use std::sync::{Arc, Mutex};
use types::Offset;

/// How many ways a failed sync of a folder is tried.
const SEEDS: u64 = 5;

/// Runs the script once without faults; returns its operations.
fn dry_run() -> Vec<Traced> {
    let disk = CrashDisk::new();
    script::run(&env_of(Arc::new(disk.clone()), 1), &Shared::default()).unwrap();
    disk.trace()
}

/// Runs the script with one failing operation.
fn run_with(
    (op, seed): (u64, u64),
    failure: Failure,
    sabotage: Sabotage,
) -> (CrashDisk, Ghost, Result<World, Stop>) {
    let disk = CrashDisk::with_seed(seed);
    disk.sabotage(sabotage);
    disk.fail(Fault::new(When::Op(op), failure));
    let ghost = Shared::default();
    let ended = script::run(&env_of(Arc::new(disk.clone()), 1), &ghost);
    let ghost = ghost.lock().unwrap().clone();
    (disk, ghost, ended)
}

/// The process has died; the next one answers what it finds, then the power goes: all that was answered must be there.
fn restart_answer_and_cut(disk: &CrashDisk, ghost: &Ghost) -> Result<(), String> {
    disk.kill();
    let env = env_of(Arc::new(disk.clone()), 2);
    let mut world = open_and_judge(&env, ghost)?;
    script::equip(&mut world);
    let found = world.read_all()?;
    *world.ghost.lock().unwrap() = Ghost { acked: found.clone(), maybe: found };
    world.epoch = 3;
    let append = crate::world::Change::Append(script::quiet(), 2, 40);
    world.group(&[append]).map_err(|stop| stop.to_string())?;
    let answered = world.ghost();
    let before = disk.fork();
    before.power_cut(0);
    open_and_judge(&env_of(Arc::new(before), 3), &answered)
        .map_err(|failure| format!("after the cut: {failure}"))?;
    world.checkpoint(0).map_err(|stop| stop.to_string())?;
    drop(world);
    disk.power_cut(0);
    open_and_judge(&env, &answered)
        .map(drop)
        .map_err(|failure| format!("after a checkpoint and the cut: {failure}"))
}

fn failed_syncs(sabotage: &Sabotage) -> Vec<String> {
    let syncs = dry_run().into_iter().filter(|op| matches!(op.call, Call::Sync | Call::SyncDir));
    let mut failures = Vec::new();
    for Traced { op, call, path } in syncs {
        // What a failed sync of a folder leaves is drawn; each way has its own traps.
        for seed in 0..if call == Call::SyncDir { SEEDS } else { 1 } {
            let (disk, ghost, ended) = run_with((op, op + 1000 * seed), Failure::Io, sabotage.clone());
            let outcome = match ended {
                Ok(_) => Err("the script went on".to_owned()),
                Err(Stop::File(fault)) if fault.is_full() => Err("taken for a full disk".to_owned()),
                Err(_) => restart_answer_and_cut(&disk, &ghost),
            };
            let failure =
                outcome.err().map(|failure| format!("{call:?} {op} of {}: {failure}", path.display()));
            failures.extend(failure);
        }
    }
    failures
}

/// Protects: W-11 and W-2: a failed sync stops the directory wherever it happens; the next start believes only the device,
/// so that `failed sync, restart, answer, power cut` loses nothing.
#[test]
fn failed_sync_at_every_sync_loses_nothing() {
    let failures = failed_syncs(&Sabotage::default());
    assert!(failures.is_empty(), "{} failures, first: {}", failures.len(), failures[0]);
}

/// Protects the test above: it sees a recovery that believes the page cache.
#[test]
fn sabotage_recovery_from_the_page_cache_is_noticed() {
    assert!(!failed_syncs(&Sabotage { device_reads_cache: true, ..Sabotage::default() }).is_empty());
}

/// Runs the script with a full disk at one operation, and cuts the power of a copy at each of the next operations.
fn cuts_after_no_room(op: u64) -> Vec<String> {
    let disk = CrashDisk::with_seed(op);
    disk.fail(Fault::new(When::Op(op), Failure::NoSpace));
    let ghost = Shared::default();
    let failures = Arc::new(Mutex::new(Vec::new()));
    let (seen, shadow) = (failures.clone(), ghost.clone());
    let hook = move |disk: &CrashDisk| {
        let since = disk.ops().saturating_sub(op);
        let ghost = shadow.lock().unwrap().clone();
        for seed in if (1..=40).contains(&since) { 0..3 } else { 0..0 } {
            let cut = disk.fork();
            cut.power_cut(seed);
            let outcome = open_and_judge(&env_of(Arc::new(cut), 2), &ghost);
            let failure = outcome.err().map(|failure| format!("{since} later, seed {seed}: {failure}"));
            seen.lock().unwrap().extend(failure);
        }
    };
    let env = env_of(Arc::new(Probe::new(disk, Box::new(hook))), 1);
    drop(script::run(&env, &ghost));
    drop(env);
    std::mem::take(&mut *failures.lock().unwrap())
}

/// Protects: W-12: a checkpoint that found no room for its state has taken it back for certain before the next attempt
/// writes over what it named: the power may go at any moment of that.
#[test]
fn power_cut_after_a_full_disk_loses_nothing() {
    let grows = [Call::Create, Call::Write, Call::Rename];
    let of_state = |op: &Traced| op.path.starts_with("/data/node-1/state") && grows.contains(&op.call);
    for Traced { op, call, path } in dry_run().into_iter().filter(of_state) {
        let failures = cuts_after_no_room(op);
        assert!(failures.is_empty(), "{call:?} {op} of {}: {}", path.display(), failures[0]);
    }
}

/// Protects: W-12: no room at any call outside the write-ahead log abandons the job, which succeeds later; within it, or
/// while opening, the next start finds everything acknowledged.
#[test]
fn full_disk_at_every_call_loses_nothing() {
    let grows = [Call::Create, Call::Write, Call::CreateDir, Call::Rename];
    let calls: Vec<Traced> = dry_run().into_iter().filter(|op| grows.contains(&op.call)).collect();
    let mut abandoned = 0;
    for Traced { op, call, path } in calls {
        let (disk, ghost, ended) = run_with((op, op), Failure::NoSpace, Sabotage::default());
        let name = path.display();
        match ended {
            Ok(world) => {
                abandoned += world.abandoned;
                ghost.judge(&world.read_all().unwrap()).unwrap();
            }
            Err(Stop::File(fault)) => panic!("{call:?} {op} of {name} stopped the directory: {fault}"),
            Err(Stop::Wal(_)) => assert!(path.starts_with("/data/node-1/wal"), "{call:?} {op} of {name}"),
            Err(Stop::Open(OpenError::File(_) | OpenError::Wal(_))) => {}
            Err(Stop::Open(error)) => panic!("{call:?} {op} of {name}: {error}"),
        }
        let outcome = restart_answer_and_cut(&disk, &ghost);
        assert!(outcome.is_ok(), "{call:?} {op} of {name}: {}", outcome.unwrap_err());
    }
    assert!(abandoned > 30, "only {abandoned} jobs found no room");
}

/// Protects: W-12: what a checkpoint has written that was given up goes once the log start has passed it, although no state
/// has ever named it; what the log has still is written again. A full disk at the deletion leaves it to the next checkpoint.
#[test]
fn what_a_given_up_checkpoint_wrote_is_let_go() {
    for is_full_again in [false, true] {
        let disk = CrashDisk::new();
        let (env, ghost) = (env_of(Arc::new(disk.clone()), 1), Shared::default());
        let mut world = script::open(&env, ghost.clone()).unwrap();
        world.group(&[Change::Append(script::busy(), 1, 1000); 12]).unwrap();
        let paths = |part: &'static str| {
            Some(Arc::new(move |path: &Path| path.to_string_lossy().contains(part)) as PathFilter)
        };
        let no_room = |call, part| {
            let when = When::Nth(call, 1);
            disk.fail(Fault { when, failure: Failure::NoSpace, paths: paths(part) });
        };
        no_room(Call::Write, "state");
        no_room(Call::Write, "state");
        assert!(matches!(world.checkpoint(0), Err(Stop::File(fault)) if fault.is_full()));
        world.logs.values_mut().for_each(Log::abandon_cut);
        let folder = root().join("busy-0");
        let files = || names(&disk, &folder).into_iter().filter(|name| name.ends_with(".log")).count();
        assert!(files() > 5);
        world.group(&[Change::Start(script::busy(), 11)]).unwrap();
        if is_full_again {
            no_room(Call::Rename, "busy-0/0");
        }
        world.checkpoint(1 << 20).unwrap();
        assert_eq!(files() > 0, is_full_again);
        world.group(&[Change::Append(script::busy(), 1, 1000); 3]).unwrap();
        world.checkpoint(0).unwrap();
        assert_eq!(files(), world.logs[&script::busy()].segments().len());
        ghost.lock().unwrap().judge(&world.read_all().unwrap()).unwrap();
        drop(world);
        let ghost = ghost.lock().unwrap().clone();
        restart_answer_and_cut(&disk, &ghost).unwrap();
    }
}

/// Protects: W-11: a directory of which a job has failed does nothing more, though the disk would.
#[test]
fn a_failed_directory_takes_no_more_jobs() {
    let disk = CrashDisk::new();
    let env = env_of(Arc::new(disk.clone()), 1);
    let mut world = script::open(&env, Shared::default()).unwrap();
    world.group(&[Change::Append(script::busy(), 2, 300)]).unwrap();
    disk.fail(Fault::new(When::Nth(Call::Sync, 1), Failure::Io));
    assert!(matches!(world.checkpoint(0), Err(Stop::File(FileFault::Failed { .. }))));
    let ops = disk.ops();
    assert!(matches!(world.directory.delete_segments(script::busy(), &[Offset(0)]), Err(FileFault::Closed)));
    assert!(matches!(world.directory.sweep(1), Err(FileFault::Closed)));
    assert_eq!(disk.ops(), ops);
}
