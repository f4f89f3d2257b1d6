//! `cargo xtask sim SCENARIO`: one seed of one scenario, with what came of it; or many.
//!
//! A scenario is a test file of `crates/sim` with a test `replay`, which reads the seed from its
//! environment. Without `--seed` it is seed 1. With `--seeds` its test over many seeds runs, optimised but with
//! debug assertions; with `--mutants` (transactions) it is told which seed notices which known bug first.
//! crates/sim/README.md says how to read a trace.

use crate::run;

/// The tests over many seeds, by scenario.
const MANY: &[(&str, &str)] = &[
    ("groups", "groups_keep_their_promises"),
    ("compacted", "the_latest_values_are_there"),
    ("transactions", "transactions_keep_their_promises"),
];
/// The scenario with a test that can search for seeds that notice known bugs, and the test.
const SEARCHED: &str = "transactions";
const SEARCH: &str = "known_bugs_are_noticed";
/// What makes an optimised build one for tests: it keeps the assertions that are meant for them, and is linked soon.
pub(crate) const OPTIMISED_TESTS: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
];

/// Runs one seed, or many.
pub(crate) fn run(scenario: &str, args: &[&str]) -> Result<(), String> {
    match args {
        ["--seeds", seeds] => return many(scenario, seeds),
        ["--mutants", seeds] if scenario == SEARCHED => return optimised(scenario, seeds, SEARCH),
        ["--mutants", _] => return Err(format!("--mutants is for {SEARCHED}")),
        _ => {}
    }
    let (mut seed, mut trace) = ("1", None);
    for pair in args.chunks(2) {
        match pair {
            ["--seed", number] if number.parse::<u64>().is_ok() => seed = *number,
            ["--trace", path] => trace = Some(*path),
            _ => {
                return Err(
                    "usage: cargo xtask sim SCENARIO [--seed N] [--trace FILE] | --seeds N|FROM-TO | \
                            --mutants N|FROM-TO"
                        .to_owned(),
                );
            }
        }
    }
    let test = ["test", "--quiet", "-p", "sim", "--test", scenario, "--", "replay", "--exact", "--nocapture"];
    let mut command = run::cargo(&test);
    command.env("HIGHWATER_SIM_SEED", seed);
    if let Some(path) = trace {
        let path = std::path::absolute(path).map_err(|e| format!("{path}: {e}"))?;
        command.env("HIGHWATER_SIM_TRACE", path);
    }
    run::succeed(&mut command)
}

/// Runs many seeds, `N` or `FROM-TO`; names those that broke a rule at the end.
fn many(scenario: &str, seeds: &str) -> Result<(), String> {
    let found = MANY.iter().find(|(name, _)| *name == scenario);
    let (_, test) = found.ok_or_else(|| {
        let names: Vec<&str> = MANY.iter().map(|(name, _)| *name).collect();
        format!("--seeds is for {}; others take --seed", names.join(" and "))
    })?;
    optimised(scenario, seeds, test)
}

/// Runs a test over many seeds, optimised but with debug assertions.
fn optimised(scenario: &str, seeds: &str, test: &str) -> Result<(), String> {
    let call =
        ["test", "--quiet", "--release", "-p", "sim", "--test", scenario, "--", "--exact", "--nocapture"];
    let mut command = run::cargo(&call);
    if test == SEARCH {
        command.env("HIGHWATER_SIM_MUTANTS", "1");
    }
    run::succeed(command.arg(test).envs(OPTIMISED_TESTS).env("HIGHWATER_SIM_SEEDS", seeds))
}
