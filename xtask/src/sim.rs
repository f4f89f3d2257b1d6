//! `cargo xtask sim SCENARIO`: one seed of one scenario, with what came of it.
//!
//! A scenario is a test file of `crates/sim` with a test `replay`, which reads the seed from its
//! environment. Without `--seed` it is seed 1. crates/sim/README.md says how to read a trace.

use crate::run;

/// Runs one seed.
pub(crate) fn run(scenario: &str, args: &[&str]) -> Result<(), String> {
    let (mut seed, mut trace) = ("1", None);
    for pair in args.chunks(2) {
        match pair {
            ["--seed", number] if number.parse::<u64>().is_ok() => seed = *number,
            ["--trace", path] => trace = Some(*path),
            _ => return Err("usage: cargo xtask sim SCENARIO [--seed N] [--trace FILE]".to_owned()),
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
