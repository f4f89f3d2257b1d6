//! The scenario `power_cut`: many seeds, and that a seed decides everything.
//!
//! `HIGHWATER_SIM_SEED` replays one seed, `HIGHWATER_SIM_TRACE` names a file that gets its trace.

#[path = "../../../tests/long.rs"]
mod long;

use env::crash::{PathFilter, Sabotage};
use sim::{Kind, Options, Outcome, Trace, power_cut};
use std::path::Path;
use std::sync::Arc;

/// Seeds of the gate; `HIGHWATER_LONG=N` takes N times as many. A seed that once failed stays here.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=10;
/// One whose run has power cuts, a kill and checkpoints, on several shards.
const SEED_WITH_ALL: u64 = 9;
/// Entries that the shortest run has.
const LEAST_ENTRIES: usize = 5_000;

#[allow(clippy::print_stdout)] // the harness keeps it until a test fails
fn run(seed: u64, keep_text: bool) -> (Trace, Outcome) {
    // Shown when the test fails, also by a panic within the broker.
    println!("seed {seed}");
    let (trace, outcome) = power_cut(&Options { seed, keep_text, ..Options::default() });
    match outcome {
        Ok(outcome) => (trace, outcome),
        Err(violation) => {
            panic!("{violation}\nseed {seed}; replay it with: cargo xtask sim power_cut --seed {seed}")
        }
    }
}

/// Protects: the same seed does the same to the last disk call, message and effect; another does not.
#[test]
fn same_seed_same_trace() {
    let (first, outcome) = run(SEED_WITH_ALL, true);
    let (second, again) = run(SEED_WITH_ALL, true);
    if let Some((entry, one, other)) = first.difference(&second) {
        panic!("entry {entry} differs:\n  {one}\n  {other}");
    }
    assert_eq!((first.hash(), outcome), (second.hash(), again));
    assert!(first.len() >= LEAST_ENTRIES, "only {} entries", first.len());
    for kind in [Kind::Disk, Kind::Message, Kind::Effect] {
        assert!(first.count(kind) >= 200, "only {} entries of {kind:?}", first.count(kind));
    }
    assert_ne!(first.hash(), run(1, false).0.hash(), "another seed must give another trace");
}

/// Protects: through power cuts, kills and stops nothing acknowledged is lost, doubled or reordered.
#[test]
fn nothing_is_lost_by_power_cuts() {
    let mut sum = Outcome::default();
    let most = SEEDS.end() * u64::from(long::times());
    for seed in *SEEDS.start()..=most {
        let (_, outcome) = run(seed, false);
        println!("{outcome}");
        sum.power_cuts += outcome.power_cuts;
        sum.kills += outcome.kills;
        sum.in_flight += outcome.in_flight;
        sum.segments += outcome.segments;
    }
    assert!(sum.segments >= 8, "too few checkpoints: {sum:?}");
    assert!(sum.power_cuts >= 20 && sum.kills >= 2 && sum.in_flight >= 8, "the faults missed: {sum:?}");
}

/// Protects: the checks themselves: a disk that forgets what was synced, in any part of the directory, is noticed.
#[test]
fn a_lying_disk_is_noticed() {
    let within = |part: &'static str| -> Option<PathFilter> {
        Some(Arc::new(move |path: &Path| path.to_string_lossy().contains(part)))
    };
    let lies = [
        ("the write-ahead log", Sabotage { swallow_sync: within("/wal"), ..Sabotage::default() }),
        ("segments", Sabotage { swallow_sync: within("/values-"), ..Sabotage::default() }),
        ("the state", Sabotage { swallow_sync: within("/state"), ..Sabotage::default() }),
        ("folders", Sabotage { swallow_sync_dir: within("/"), ..Sabotage::default() }),
    ];
    for (what, sabotage) in lies {
        let is_caught = SEEDS.into_iter().any(|seed| {
            let options = Options { seed, sabotage: Some(sabotage.clone()), ..Options::default() };
            power_cut(&options).1.is_err()
        });
        assert!(is_caught, "syncs of {what} did nothing, and nobody noticed");
    }
}

/// Protects: one seed as the environment names it, for `cargo xtask sim`; without one it is seed 1.
#[test]
fn replay() {
    let seed = std::env::var("HIGHWATER_SIM_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let (trace, outcome) = power_cut(&Options { seed, keep_text: true, ..Options::default() });
    if let Ok(path) = std::env::var("HIGHWATER_SIM_TRACE") {
        std::fs::write(path, trace.text()).unwrap();
    }
    match outcome {
        Ok(outcome) => println!("{outcome}\n{} entries, hash {:016x}", trace.len(), trace.hash()),
        Err(violation) => panic!("seed {seed}: {violation} ({} entries in the trace)", trace.len()),
    }
}
