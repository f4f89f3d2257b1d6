//! The scenario `compacted`: many seeds, and that a seed decides everything.
//!
//! `HIGHWATER_SIM_SEED` replays one seed, `HIGHWATER_SIM_TRACE` names a file that gets its trace, `HIGHWATER_SIM_SEEDS` (`N` or
//! `FROM-TO`) says which seeds there are.

#[path = "../../../tests/long.rs"]
mod long;
mod seeds;

use sim::{CompactedOutcome, Options, Trace, Violation, compacted};

/// Seeds of the gate, and of each time of `verify --long`. A seed that once failed stays here.
const SEEDS: seeds::Counts = seeds::Counts { gate: 4, long: 50 };

/// Runs the scenario; returns its trace and what it came to.
fn told(options: &Options) -> (Trace, Result<String, Violation>) {
    let (trace, outcome) = compacted(options);
    (trace, outcome.map(|outcome| outcome.to_string()))
}

/// Protects: the same seed does the same to the last disk call, message and effect; another does not.
#[test]
fn same_seed_same_trace() {
    seeds::same_trace(3, told);
}

/// Protects: through power cuts and kills the latest value of every acknowledged key is in a compacted topic.
#[test]
fn the_latest_values_are_there() {
    let mut sum = CompactedOutcome::default();
    seeds::each(SEEDS, |options| {
        let outcome = compacted(options).1?;
        sum.acked += outcome.acked;
        sum.left += outcome.left;
        sum.scans += outcome.scans;
        sum.compacted += outcome.compacted;
        sum.power_cuts += outcome.power_cuts;
        sum.kills += outcome.kills;
        Ok(outcome.to_string())
    });
    println!("{sum}");
    assert!(sum.compacted >= 10 && sum.left < sum.acked, "nothing was compacted: {sum:?}");
    assert!(sum.power_cuts >= 8 && sum.kills >= 1 && sum.scans >= 30, "too little happened: {sum:?}");
}

/// Protects: one seed as the environment names it, for `cargo xtask sim`; without one it is seed 1.
#[test]
fn replay() {
    seeds::replay(told);
}
