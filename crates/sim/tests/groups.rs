//! The scenario `groups`: many seeds, and that a seed decides everything.
//!
//! `HIGHWATER_SIM_SEED` replays one seed, `HIGHWATER_SIM_TRACE` names a file that gets its trace, `HIGHWATER_SIM_SEEDS` (`N` or
//! `FROM-TO`) says which seeds there are.

#[path = "../../../tests/long.rs"]
mod long;
mod seeds;

use env::crash::{PathFilter, Sabotage};
use sim::{GroupsOutcome, Options, Trace, Violation, groups};
use std::path::Path;
use std::sync::Arc;

/// Seeds of the gate, and of each time of `verify --long`. A seed that once failed stays here.
const SEEDS: seeds::Counts = seeds::Counts { gate: 10, long: 200 };
/// One with members of both protocols, power cuts and a topic that is created anew.
const SEED_WITH_ALL: u64 = 2;

/// Runs the scenario; returns its trace and what it came to.
fn told(options: &Options) -> (Trace, Result<String, Violation>) {
    let (trace, outcome) = groups(options);
    (trace, outcome.map(|outcome| outcome.to_string()))
}

/// Protects: the same seed does the same to the last disk call, message and effect; another does not.
#[test]
fn same_seed_same_trace() {
    seeds::same_trace(SEED_WITH_ALL, told);
}

/// Protects: whatever members, topics and the broker suffer: no acknowledged commit is lost, no zombie's commit lands, no
/// partition has two readers, and in the end every record was worked on.
#[test]
fn groups_keep_their_promises() {
    let mut sum = GroupsOutcome::default();
    seeds::each(SEEDS, |options| {
        let outcome = groups(options).1?;
        sum.acked += outcome.acked;
        sum.refused += outcome.refused;
        sum.zombies += outcome.zombies;
        sum.grants += outcome.grants;
        sum.power_cuts += outcome.power_cuts;
        sum.kills += outcome.kills;
        sum.compacted += outcome.compacted;
        sum.elapsed += outcome.elapsed;
        Ok(outcome.to_string())
    });
    println!("{sum}");
    assert!(sum.acked >= 500 && sum.power_cuts >= 20 && sum.kills >= 2, "too little happened: {sum:?}");
    assert!(sum.zombies >= 2 && sum.compacted >= 2, "too little happened: {sum:?}");
}

/// Protects: the checks themselves: a disk that forgets what was synced is noticed.
#[test]
fn a_lying_disk_is_noticed() {
    let within: PathFilter = Arc::new(|path: &Path| path.to_string_lossy().contains("/wal"));
    let sabotage = Sabotage { swallow_sync: Some(within), ..Sabotage::default() };
    let is_caught = (1..=SEEDS.gate).any(|seed| {
        groups(&Options { seed, sabotage: Some(sabotage.clone()), ..Options::default() }).1.is_err()
    });
    assert!(is_caught, "syncs of the write-ahead log did nothing, and nobody noticed");
}

/// Protects: one seed as the environment names it, for `cargo xtask sim`; without one it is seed 1.
#[test]
fn replay() {
    seeds::replay(told);
}
