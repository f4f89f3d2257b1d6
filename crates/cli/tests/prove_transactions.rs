//! `highwater prove --transactions` against the broker of this build, with every limit small.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use serde_json::Value;
use std::process::{Command, Output};

fn prove(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.args(["prove", "--transactions", "--json", "--preset", "tiny"]).args(arguments).output().unwrap()
}

fn report(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// Protects: kill -9 at any moment, between a decision and its completion too, leaves every transaction whole or not
/// there, none open, and every pipeline exact (T4, T5, T8, X4, X6, X11).
#[test]
fn transactions_are_whole_under_kills() {
    let output = prove(&["--rounds", "10", "--commits", "4000", "--seed", "20261126"]);
    let report = report(&output);
    assert_eq!(report["verdict"], "PROVED", "{report:#}");
    assert_eq!((output.status.code(), report["kills"].as_array().unwrap().len()), (Some(0), 10));
    let count = |place: &str| report.pointer(place).unwrap().as_u64().unwrap();
    assert!(count("/interrupted") >= 3, "{report:#}");
    assert!(count("/aborted") > 100 && count("/vanished") > 100, "{report:#}");
    assert!(count("/pipelines/commits") > 10 && count("/pipelines/aborts") > 0, "{report:#}");
}

/// Protects: a proof in which too little happened says VOID, with exit code 2, never "proved".
#[test]
fn too_little_proves_nothing() {
    let output = prove(&["--rounds", "1", "--commits", "1", "--producers", "1", "--pipelines", "0"]);
    let report = report(&output);
    assert_eq!((report["verdict"].as_str(), output.status.code()), (Some("VOID"), Some(2)), "{report:#}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("VOID"));
}

/// Protects: a kill that this proof cannot time is refused, and not taken for one at a random moment.
#[test]
fn a_strike_that_transactions_do_not_know_is_refused() {
    let output = prove(&["--strike", "random,roll"]);
    assert!(!output.status.success() && output.stdout.is_empty());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("--strike power"), "{said}");
}
