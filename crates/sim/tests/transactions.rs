//! The scenario `transactions`: many seeds, and that a seed decides everything.
//!
//! `HIGHWATER_SIM_SEED` replays one seed, `HIGHWATER_SIM_TRACE` names a file that gets its trace, `HIGHWATER_SIM_SEEDS` (`N` or
//! `FROM-TO`) says which seeds there are.

#[path = "../../../tests/long.rs"]
mod long;
mod seeds;

use env::crash::{PathFilter, Sabotage};
use sim::{Options, Trace, TransactionsOutcome, Violation, transactions};
use std::path::Path;
use std::sync::Arc;
use types::Mutant;

/// Seeds of the gate, and of each time of `verify --long`. A seed that once failed stays here.
const SEEDS: seeds::Counts = seeds::Counts { gate: 7, long: 200 };
/// One with both protocols, power cuts and a topic that is created anew.
const SEED_WITH_ALL: u64 = 6;

/// Runs the scenario; returns its trace and what it came to.
fn told(options: &Options) -> (Trace, Result<String, Violation>) {
    let (trace, outcome) = transactions(options);
    (trace, outcome.map(|outcome| outcome.to_string()))
}

/// Protects: the same seed does the same to the last disk call, message and effect; another does not.
#[test]
fn same_seed_same_trace() {
    seeds::same_trace(SEED_WITH_ALL, told);
}

/// Protects: whatever producers, topics, the disk and the broker suffer: a transaction is whole or not there, as it was told,
/// nobody else's record is in it, none stays open, and each input is worked on once.
#[test]
fn transactions_keep_their_promises() {
    let mut sum = TransactionsOutcome::default();
    seeds::each(SEEDS, |options| {
        let outcome = transactions(options).1?;
        sum.committed += outcome.committed;
        sum.aborted += outcome.aborted;
        sum.zombies += outcome.zombies;
        sum.fenced += outcome.fenced;
        sum.late += outcome.late;
        sum.worked += outcome.worked;
        sum.uprooted += outcome.uprooted;
        sum.full += outcome.full;
        sum.compacted += outcome.compacted;
        sum.power_cuts += outcome.power_cuts;
        sum.kills += outcome.kills;
        sum.elapsed += outcome.elapsed;
        Ok(outcome.to_string())
    });
    println!("{sum}");
    assert!(sum.committed >= 300 && sum.aborted >= 80 && sum.worked >= 300, "too little happened: {sum:?}");
    assert!(sum.zombies >= 4 && sum.fenced >= 8 && sum.late >= 8, "too little happened: {sum:?}");
    assert!(
        sum.uprooted >= 1 && sum.full >= 1 && sum.compacted >= 4 && sum.power_cuts >= 10,
        "too little happened: {sum:?}"
    );
}

/// Protects: the simulated clients: a topic was made anew while they wrote to it by name. One began again at sequence 0 in the same
/// epoch, so that its batch was taken for a repeat (815); one sent a batch again, which came to either topic (1150).
#[test]
fn topics_made_anew_confuse_no_client() {
    for seed in [815, 1150] {
        let outcome = told(&Options { seed, ..Options::default() }).1;
        assert!(outcome.is_ok(), "seed {seed}: {outcome:?}");
    }
}

/// Protects: the checks themselves: a disk that forgets what was synced is noticed.
#[test]
fn a_lying_disk_is_noticed() {
    let within: PathFilter = Arc::new(|path: &Path| path.to_string_lossy().contains("/wal"));
    let sabotage = Sabotage { swallow_sync: Some(within), ..Sabotage::default() };
    // At the latest when the power goes at the end.
    let ended = transactions(&Options { seed: 1, sabotage: Some(sabotage), ..Options::default() }).1;
    assert!(ended.is_err(), "syncs of the write-ahead log did nothing, and nobody noticed");
}

/// Known bugs, and the first seed that notices each. Of the others a whole broker shows nothing: several of its guards have to fail
/// at once, an epoch has to be raised 32,766 times, or another broker has to be there.
const NOTICED: [(Mutant, u64); 5] = [
    (Mutant::EndOfAnyEpoch, 45),
    (Mutant::EndByAnyConnection, 49),
    (Mutant::WriteByAnyConnection, 51),
    (Mutant::RepeatedMarkRefused, 3),
    (Mutant::StableIsHighWatermark, 1),
];

/// Protects: the checks themselves: a known bug that is put back is noticed. `cargo xtask sim transactions --mutants N|FROM-TO` tells
/// of all bugs which of these seeds notices them first.
#[test]
fn known_bugs_are_noticed() {
    let is_search = std::env::var("HIGHWATER_SIM_MUTANTS").is_ok();
    let all = if is_search { Mutant::ALL.to_vec() } else { NOTICED.map(|(mutant, _)| mutant).to_vec() };
    let mut missed = Vec::new();
    for mutant in all {
        let known = NOTICED.into_iter().find(|(known, _)| *known == mutant).map(|(_, seed)| seed..=seed);
        let mut seeds = known.filter(|_| !is_search).unwrap_or_else(|| SEEDS.range());
        match seeds.find_map(|seed| Some((seed, mutant.caught_by(|| assert_kept(seed))?))) {
            Some((seed, what)) => println!("{mutant:?}: seed {seed}: {what}"),
            None => missed.push(mutant),
        }
    }
    println!("not noticed: {missed:?}");
    assert!(NOTICED.iter().all(|(mutant, _)| !missed.contains(mutant)), "{missed:?} are not noticed");
}

fn assert_kept(seed: u64) {
    if let Err(violation) = transactions(&Options { seed, ..Options::default() }).1 {
        panic!("{violation}");
    }
}

/// Protects: one seed as the environment names it, for `cargo xtask sim`; without one it is seed 1.
#[test]
fn replay() {
    seeds::replay(told);
}
