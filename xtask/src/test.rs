//! `cargo xtask test`: every cargo test of the workspace, streamed, and one summing line at the end.
//!
//! Tests that need a tool which is missing write a line `SKIPPED name: reason` straight to standard
//! error (not through `eprintln!`, which the harness keeps to itself) and return. They count as
//! skipped; under `CI=true` a skipped test fails the task. Tests: below.

use crate::run;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

/// What a run of tests came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    skipped: u64,
}

/// Runs the tests that the arguments of `cargo test` pick, all of the workspace without any.
pub(crate) fn run(args: &[&str]) -> Result<(), String> {
    run_with(&[], args)
}

/// The same with variables for the tests.
pub(crate) fn run_with(variables: &[(&str, &str)], args: &[&str]) -> Result<(), String> {
    let picks_package = args.iter().any(|a| a.starts_with("-p") || a.starts_with("--package"));
    let scope: &[&str] = if picks_package { &[] } else { &["--workspace"] };
    let command = [&["test", "--no-fail-fast"], scope, args].concat();
    let mut child = run::cargo(&command)
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cargo cannot be started: {e}"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let tally = std::thread::scope(|scope| {
        let errors = scope.spawn(|| stream(stderr));
        stream(stdout).plus(errors.join().unwrap_or_default())
    });
    let status = child.wait().map_err(|e| format!("cargo: {e}"))?;
    conclude(tally, status.success())
}

/// Prints the summing line and decides.
fn conclude(tally: Tally, cargo_succeeded: bool) -> Result<(), String> {
    let strict = std::env::var("CI").is_ok_and(|value| value == "true");
    let skipped = tally.skipped + tally.ignored;
    let line = format!(
        "{} passed, {} failed, {skipped} skipped",
        tally.passed.saturating_sub(tally.skipped),
        tally.failed
    );
    let reason = match (cargo_succeeded, strict && skipped > 0) {
        (false, _) if tally.failed == 0 => "a test program did not build or did not end; see above\n",
        (false, _) => "tests failed; see above\n",
        (true, true) => "with CI=true no test may be skipped; install what the lines SKIPPED name\n",
        (true, false) => "",
    };
    if reason.is_empty() {
        println!("{line}");
        return Ok(());
    }
    Err(format!("{reason}{line}"))
}

/// Prints what comes, line by line, and counts.
fn stream(source: Option<impl Read>) -> Tally {
    let mut tally = Tally::default();
    let Some(source) = source else { return tally };
    for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        println!("{line}");
        tally = tally.plus(Tally::of_line(&line));
    }
    tally
}

impl Tally {
    fn plus(self, other: Tally) -> Tally {
        Tally {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
            skipped: self.skipped + other.skipped,
        }
    }

    /// Counts what one line of output says.
    fn of_line(line: &str) -> Tally {
        let mut tally = Tally { skipped: u64::from(line.contains("SKIPPED ")), ..Tally::default() };
        let Some(result) = line.strip_prefix("test result: ") else { return tally };
        for part in result.split(['.', ';']) {
            let mut words = part.split_whitespace();
            let (number, what) = (words.next().and_then(|n| n.parse().ok()), words.next());
            match (number, what) {
                (Some(number), Some("passed")) => tally.passed = number,
                (Some(number), Some("failed")) => tally.failed = number,
                (Some(number), Some("ignored")) => tally.ignored = number,
                _ => {}
            }
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: the summing line counts what the harness counted.
    #[test]
    fn counts_results() {
        let line = "test result: FAILED. 4 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s";
        assert_eq!(Tally::of_line(line), Tally { passed: 4, failed: 2, ignored: 1, skipped: 0 });
        assert_eq!(Tally::of_line("test a::passed ... ok"), Tally::default());
    }

    /// Protects: a test that says SKIPPED is not counted as passed.
    #[test]
    fn counts_skips() {
        assert_eq!(Tally::of_line("SKIPPED kcat_round_trip: kcat is not installed").skipped, 1);
        assert_eq!(Tally::of_line("test kcat ... SKIPPED kcat: it is not installed").skipped, 1);
    }
}
