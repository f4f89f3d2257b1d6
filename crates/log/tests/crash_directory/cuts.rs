//! Power cuts after every operation of the script, and after every operation of the recovery from one.

use crate::ghost::{Ghost, Shared};
use crate::probe::Probe;
use crate::script;
use crate::world::{Change, env_of, open_and_judge};
use env::crash::{CrashDisk, Sabotage};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// What the cuts of one run found.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) operations: u64,
    openings: u64,
    pub(crate) failures: Vec<String>,
}

/// How thoroughly a run looks.
#[derive(Clone, Copy)]
pub(crate) struct Depth {
    /// Seeds of what survives a cut; 0 nothing, 1 everything unsynced.
    seeds: &'static [u64],
    /// After every so many operations the recovery is cut too.
    nested_every: u64,
    /// After every so many operations life goes on after the recovery.
    go_on_every: u64,
}

pub(crate) const WHOLE: Depth = Depth { seeds: &[0, 1, 2], nested_every: 23, go_on_every: 5 };
pub(crate) const QUICK: Depth = Depth { seeds: &[0, 3], nested_every: 0, go_on_every: 0 };

/// Runs the script, cutting the power of a copy of the disk after every operation.
fn run(depth: Depth, sabotage: Sabotage) -> Findings {
    run_script(script::run, depth, sabotage)
}

/// What a directory goes through.
pub(crate) type Script = fn(&env::Env, &Shared) -> Result<crate::world::World, crate::world::Stop>;

pub(crate) fn run_script(script: Script, depth: Depth, sabotage: Sabotage) -> Findings {
    let disk = CrashDisk::new();
    disk.sabotage(sabotage);
    let ghost = Shared::default();
    let findings = Arc::new(Mutex::new(Findings::default()));
    let (seen, shadow) = (findings.clone(), ghost.clone());
    let hook = move |disk: &CrashDisk| {
        let mut findings = seen.lock().unwrap();
        findings.operations += 1;
        let ghost = shadow.lock().unwrap().clone();
        look(disk, &ghost, depth, &mut findings);
    };
    let env = env_of(Arc::new(Probe::new(disk, Box::new(hook))), 1);
    let ended = script(&env, &ghost).map(drop).map_err(|stop| stop.to_string());
    drop(env);
    let mut findings = std::mem::take(&mut *findings.lock().unwrap());
    findings.failures.extend(ended.err());
    findings
}

fn look(disk: &CrashDisk, ghost: &Ghost, depth: Depth, findings: &mut Findings) {
    let due = |every: u64| every > 0 && findings.operations.is_multiple_of(every);
    let (nested, go_on) = (due(depth.nested_every), due(depth.go_on_every));
    for seed in depth.seeds {
        let cut = disk.fork();
        cut.power_cut(*seed + 1000 * findings.operations * (*seed / 2));
        let outcome = match (nested, go_on) {
            (true, _) => recover_with_cuts(&cut, ghost),
            (_, true) => recover_and_go_on(&cut, ghost),
            _ => recover(&cut, ghost),
        };
        let outcome = outcome.and_then(|()| match depth.go_on_every {
            0 => Ok(()),
            _ if *seed > 0 => Ok(()),
            _ => die_answer_and_cut(&disk.fork(), ghost, *seed),
        });
        findings.openings += 1;
        let op = findings.operations;
        findings
            .failures
            .extend(outcome.err().map(|failure| format!("after operation {op}, seed {seed}: {failure}")));
    }
}

/// The process dies, the next one recovers and answers what it found, then the power goes (W-2).
fn die_answer_and_cut(disk: &CrashDisk, ghost: &Ghost, seed: u64) -> Result<(), String> {
    disk.kill();
    let env = env_of(Arc::new(disk.clone()), 2);
    let found = open_and_judge(&env, ghost)?.read_all()?;
    disk.power_cut(seed);
    let answered = Ghost { acked: found.clone(), maybe: found };
    open_and_judge(&env, &answered).map(drop).map_err(|failure| format!("after an answer: {failure}"))
}

fn recover(disk: &CrashDisk, ghost: &Ghost) -> Result<(), String> {
    open_and_judge(&env_of(Arc::new(disk.clone()), 2), ghost).map(drop)
}

/// Recovers, goes on, dies without a power cut, and recovers again.
fn recover_and_go_on(disk: &CrashDisk, ghost: &Ghost) -> Result<(), String> {
    let env = env_of(Arc::new(disk.clone()), 2);
    let mut world = open_and_judge(&env, ghost)?;
    script::equip(&mut world);
    let found = world.read_all()?;
    *world.ghost.lock().unwrap() = Ghost { acked: found.clone(), maybe: found };
    world.epoch = 3;
    let appends: Vec<Change> = world.logs.keys().map(|key| Change::Append(*key, 1, 500)).collect();
    world.group(&appends).map_err(|stop| format!("going on: {stop}"))?;
    world.checkpoint(0).map_err(|stop| format!("going on: {stop}"))?;
    crate::compaction::compact_all(&mut world).map_err(|stop| format!("going on: {stop}"))?;
    let ghost = world.ghost();
    ghost.judge(&world.read_all()?)?;
    drop(world);
    disk.kill();
    open_and_judge(&env, &ghost).map(drop).map_err(|failure| format!("after going on: {failure}"))
}

/// Recovers while the power is cut after every operation of the recovery.
fn recover_with_cuts(disk: &CrashDisk, ghost: &Ghost) -> Result<(), String> {
    let failures = Arc::new(Mutex::new(Vec::new()));
    let (seen, shadow) = (failures.clone(), ghost.clone());
    let mut count = 0;
    let hook = move |disk: &CrashDisk| {
        count += 1;
        for seed in [0, 1, count] {
            let cut = disk.fork();
            cut.power_cut(seed);
            let outcome = recover(&cut, &shadow);
            seen.lock()
                .unwrap()
                .extend(outcome.err().map(|failure| format!("recovery cut at {count}: {failure}")));
        }
    };
    let env = env_of(Arc::new(Probe::new(disk.clone(), Box::new(hook))), 2);
    open_and_judge(&env, ghost).map(drop)?;
    let failures = std::mem::take(&mut *failures.lock().unwrap());
    failures.into_iter().next().map_or(Ok(()), Err)
}

/// Protects: W-8: a deletion of records whose frame was synced survives a power cut at any operation, one that was not is whole
/// or not at all, and nothing above it is lost; so does an emptied log that goes on.
#[test]
fn deletions_survive_a_power_cut_at_every_operation() {
    let findings = run_script(script::deletions, WHOLE, Sabotage::default());
    assert_eq!(findings.failures.first(), None, "{} failures", findings.failures.len());
    assert!(findings.operations > 50, "{}", findings.operations);
}

/// Protects: W-2, W-6, W-10: a power cut at any operation loses nothing acknowledged and brings nothing that was not
/// sent; so does one in the recovery, and the directory works on afterwards. So does `kill -9, restart, answer, power cut`.
#[test]
fn power_cut_at_every_operation_loses_nothing() {
    let findings = run(WHOLE, Sabotage::default());
    assert!(
        findings.failures.is_empty(),
        "{} failures, first: {}",
        findings.failures.len(),
        findings.failures[0]
    );
    assert!(findings.operations > 300, "the script has only {} operations", findings.operations);
    println!("{} operations, {} openings", findings.operations, findings.openings);
}

fn failures_with(sabotage: Sabotage) -> usize {
    run(QUICK, sabotage).failures.len()
}

pub(crate) fn ends(ending: &'static str) -> Option<env::crash::PathFilter> {
    Some(Arc::new(move |path: &Path| path.to_string_lossy().ends_with(ending)))
}

/// Protects the test above: it sees a write-ahead log that is not synced.
#[test]
fn sabotage_wal_sync_is_noticed() {
    assert!(failures_with(Sabotage { swallow_sync: ends(".wal"), ..Sabotage::default() }) > 0);
}

/// Protects the test above: it sees segments that are not synced before a state names them.
#[test]
fn sabotage_segment_sync_is_noticed() {
    assert!(failures_with(Sabotage { swallow_sync: ends(".log"), ..Sabotage::default() }) > 0);
}

/// Protects the test above: it sees folders that are not synced.
#[test]
fn sabotage_folder_sync_is_noticed() {
    let folders: Option<env::crash::PathFilter> = Some(Arc::new(|_: &Path| true));
    assert!(failures_with(Sabotage { swallow_sync_dir: folders, ..Sabotage::default() }) > 0);
    let within: Option<env::crash::PathFilter> =
        Some(Arc::new(|path: &Path| path.to_string_lossy().contains("-0")));
    assert!(failures_with(Sabotage { swallow_sync_dir: within, ..Sabotage::default() }) > 0);
}

/// Protects the test above: it sees a state that is not synced before the write-ahead log is recycled.
#[test]
fn sabotage_state_sync_is_noticed() {
    let state: Option<env::crash::PathFilter> =
        Some(Arc::new(|path: &Path| path.to_string_lossy().contains("/state/")));
    assert!(failures_with(Sabotage { swallow_sync: state, ..Sabotage::default() }) > 0);
}
