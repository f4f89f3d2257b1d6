//! `highwater prove` against the broker of this build: kills at random moments, inside checkpoints, rolls and
//! recoveries, with every limit small.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::process::{Command, Output};

/// Acknowledgements that each round must have for its kill to mean something.
const ROUND_MIN: u64 = 1_000;

fn prove(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.args(["prove", "--json", "--preset", "tiny"]).args(arguments).output().unwrap()
}

fn report(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{said}"))
}

/// Kills that struck inside what they waited for.
fn inside(report: &Value, strike: &str) -> usize {
    let kills = report["kills"].as_array().unwrap();
    kills.iter().filter(|kill| kill["strike"] == strike && kill["inside"] == true).count()
}

/// Protects: kill -9 at any moment loses nothing and doubles nothing (W-2, W-3, W-6, W-8, W-9).
#[test]
fn nothing_is_lost_or_doubled_by_kills() {
    let strikes = "checkpoint,roll,checkpoint,recovery,random";
    let output = prove(&["--rounds", "20", "--records", "30000", "--seed", "20261125", "--strike", strikes]);
    let report = report(&output);
    assert_eq!(report["verdict"], "PROVED", "{report:#}");
    assert_eq!(output.status.code(), Some(0));
    let kills = report["kills"].as_array().unwrap();
    assert_eq!(kills.len(), 20);
    for kill in kills {
        assert!(kill["acknowledged"].as_u64().unwrap() >= ROUND_MIN, "{kill}");
    }
    let counts = [inside(&report, "checkpoint"), inside(&report, "roll"), inside(&report, "recovery")];
    assert!(
        counts[0] >= 5 && counts[1] >= 3 && counts[2] >= 3,
        "inside checkpoint, roll, recovery: {counts:?}"
    );
    let group = &report["group"];
    let count = |name: &str| group[name].as_u64().unwrap();
    assert!(count("commits") >= 100 && count("killed") >= 5 && count("again") > 0, "{group}");
    assert_eq!(count("failed"), 0, "{group}");
    let struck = &report["struck"];
    assert!(struck["stored_before"].as_u64().unwrap() > 0, "no resend was recognised: {struck}");
    let (made, deleted) =
        (report["topics_made"].as_u64().unwrap(), report["topics_deleted"].as_u64().unwrap());
    assert!(made >= 20 && deleted >= 20, "topics made {made}, deleted {deleted}");
    assert!(report["producer_ids"].as_u64().unwrap() >= 20, "{}", report["producer_ids"]);
    assert!(struck["stored_by_resend"].as_u64().unwrap() > 0, "no resend was stored: {struck}");
}

/// Protects: W-16: kill -9 loses nothing and doubles nothing on page-cache topics either.
#[test]
fn nothing_is_lost_or_doubled_on_page_cache_topics() {
    let set = ["--set", "highwater.durability=page-cache"];
    let strikes =
        ["--rounds", "6", "--records", "20000", "--seed", "16", "--strike", "checkpoint,random,recovery"];
    let output = prove(&[&strikes[..], &set].concat());
    let report = report(&output);
    assert_eq!(report["verdict"], "PROVED", "{report:#}");
    let counts = [inside(&report, "checkpoint"), inside(&report, "recovery")];
    assert!(counts.iter().all(|count| *count > 0), "inside checkpoint, recovery: {counts:?}");
}

/// Protects: a proof in which too little happened says VOID, with exit code 2, never "proved".
#[test]
fn too_little_proves_nothing() {
    let output = prove(&["--rounds", "1", "--records", "1", "--producers", "1", "--partitions", "1"]);
    let report = report(&output);
    if report["acknowledged"].as_u64().unwrap() < 10_000 {
        assert_eq!((report["verdict"].as_str(), output.status.code()), (Some("VOID"), Some(2)));
        assert!(String::from_utf8_lossy(&output.stderr).contains("VOID"));
    }
}

/// Protects: a broker that cannot start is one sentence with its reason, not a proof.
#[test]
fn a_broker_that_does_not_start_is_said() {
    let output = prove(&["--set", "num.partitions=none"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("num.partitions"), "{said}");
    assert!(output.stdout.is_empty());
}

/// Protects: on a compacted topic kill -9 at any moment, also while it is compacted, takes no key's latest value (W-18).
#[test]
fn a_compacted_topic_keeps_the_latest_value_of_each_key() {
    let strikes = [
        "--rounds",
        "8",
        "--records",
        "30000",
        "--seed",
        "18",
        "--strike",
        "checkpoint,random,roll,recovery",
    ];
    let output = prove(&[&strikes[..], &["--compact"]].concat());
    let report = report(&output);
    assert_eq!(report["verdict"], "PROVED", "{report:#}");
    // How much was compacted is the machine's; that nothing was would be VOID.
    assert!(report["replaced"].as_u64().unwrap() > 0, "{}", report["replaced"]);
}
