//! Which seeds a test of a scenario takes, and how it runs them: shared by the scenarios.
#![allow(clippy::print_stdout)] // the harness keeps it until a test fails

use crate::long;
use sim::{Kind, Options, Trace, Violation};
use std::ops::RangeInclusive;

/// How many seeds.
#[derive(Clone, Copy)]
pub(crate) struct Counts {
    /// In the gate.
    pub(crate) gate: u64,
    /// In `cargo xtask verify --long N`, each of the N times.
    pub(crate) long: u64,
}

impl Counts {
    /// Returns the seeds that the environment names, or those of the gate.
    pub(crate) fn range(self) -> RangeInclusive<u64> {
        let Ok(text) = std::env::var("HIGHWATER_SIM_SEEDS") else {
            let times = u64::from(long::times());
            return 1..=if times > 1 { self.long * times } else { self.gate };
        };
        let (from, to) = text.split_once('-').unwrap_or(("1", &text));
        let (Ok(from), Ok(to)) = (from.parse(), to.parse()) else {
            panic!("HIGHWATER_SIM_SEEDS is {text}, which is neither N nor FROM-TO");
        };
        from..=to
    }
}

/// Runs all seeds; fails at the end if any broke a rule.
pub(crate) fn each(counts: Counts, mut run: impl FnMut(&Options) -> Result<String, Violation>) {
    let mut broken = Vec::new();
    for seed in counts.range() {
        // Shown when the test fails, also by a panic within the broker.
        println!("seed {seed}");
        match run(&Options { seed, ..Options::default() }) {
            Ok(outcome) => println!("{outcome}"),
            Err(violation) => {
                println!("seed {seed}: {violation}");
                broken.push(seed);
            }
        }
    }
    assert!(broken.is_empty(), "seeds {broken:?}; replay one with: cargo xtask sim SCENARIO --seed N");
}

/// Runs a seed twice, and seed 1: the same does the same to the last disk call, message and effect; another does not.
pub(crate) fn same_trace(seed: u64, run: impl Fn(&Options) -> (Trace, Result<String, Violation>)) {
    let traced = |seed| run(&Options { seed, keep_text: true, ..Options::default() });
    let ((first, one), (second, two)) = (traced(seed), traced(seed));
    if let Some((entry, one, other)) = first.difference(&second) {
        panic!("entry {entry} differs:\n  {one}\n  {other}");
    }
    assert_eq!((first.hash(), &one), (second.hash(), &two));
    assert!(one.is_ok(), "seed {seed}: {one:?}");
    for kind in [Kind::Disk, Kind::Message, Kind::Effect] {
        assert!(first.count(kind) >= 200, "only {} entries of {kind:?}", first.count(kind));
    }
    assert_ne!(first.hash(), traced(1).0.hash(), "another seed must give another trace");
}

/// Runs the seed that the environment names.
pub(crate) fn replay(run: impl FnOnce(&Options) -> (Trace, Result<String, Violation>)) {
    let seed = std::env::var("HIGHWATER_SIM_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let (trace, outcome) = run(&Options { seed, keep_text: true, ..Options::default() });
    if let Ok(path) = std::env::var("HIGHWATER_SIM_TRACE") {
        let written = std::fs::write(&path, trace.text());
        assert!(written.is_ok(), "{path}: {written:?}");
    }
    match outcome {
        Ok(outcome) => println!("{outcome}\n{} entries, hash {:016x}", trace.len(), trace.hash()),
        Err(violation) => panic!("seed {seed}: {violation} ({} entries in the trace)", trace.len()),
    }
}
