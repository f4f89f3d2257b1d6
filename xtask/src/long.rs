//! `cargo xtask verify --long`: what does not fit in the gate. The same proofs, for longer.
//!
//! Tests that draw seeds, cases or rounds take `HIGHWATER_LONG` times as many (tests/long.rs): properties and mutated
//! input of wire, properties of metadata, seeds of the simulation (2,000 of groups and of transactions), power cuts of real file systems. Then `highwater
//! prove` with both sizes of everything. The suites of foreign clients are run by `cargo xtask clients`.

use crate::{run, sim, test};

/// How many times as much, without a number on the command line.
pub(crate) const TIMES: u32 = 10;

/// Tests that read the factor: package and test.
const TESTS: &[(&str, &str)] = &[
    ("wire", "record_prop"),
    ("wire", "wire"),
    ("wire", "decode_memory"),
    ("metadata", "prop_image"),
    ("sim", "power_cut"),
    ("cli", "power_cut"),
];

/// Scenarios that run optimised: each of the times is many seeds.
const SCENARIOS: &[&str] = &["groups", "compacted", "transactions"];

/// Runs all of it; stops at the first that fails.
pub(crate) fn run(times: u32) -> Result<(), String> {
    for (package, name) in TESTS {
        test::run_with(&[("HIGHWATER_LONG", &times.to_string())], &["-p", package, "--test", name])?;
    }
    let times_text = times.to_string();
    for scenario in SCENARIOS {
        let variables = [&[("HIGHWATER_LONG", times_text.as_str())], &sim::OPTIMISED_TESTS[..]].concat();
        test::run_with(&variables, &["--release", "-p", "sim", "--test", scenario])?;
    }
    // With every limit small a kill finds the broker inside a checkpoint, a roll or a recovery.
    prove(times, &["--preset", "tiny", "--strike", "checkpoint,roll,checkpoint,recovery,random"])?;
    prove(times, &["--strike", "random,recovery"])
}

fn prove(times: u32, more: &[&str]) -> Result<(), String> {
    let (rounds, records) = ((20 * times).to_string(), (100_000 * u64::from(times)).to_string());
    let call =
        ["run", "--release", "--package", "cli", "--", "prove", "--rounds", &rounds, "--records", &records];
    run::succeed(&mut run::cargo(&[&call, more].concat()))
}
