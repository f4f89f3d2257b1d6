//! `highwater bench groups` against the broker of this build, each scenario small.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A broker in a folder of its own, on a port that the system chose.
struct Broker {
    _folder: tempfile::TempDir,
    child: Child,
    address: String,
}

impl Broker {
    fn start() -> Broker {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--set", "highwater.http.listener="]);
        command.args(["--set", "group.initial.rebalance.delay.ms=100", "--data"]);
        let mut child = command.arg(folder.path().join("data")).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines
            .map(|line| line.trim().to_owned())
            .find_map(|line| line.strip_prefix("clients").map(|address| address.trim().to_owned()));
        Broker { _folder: folder, child, address: address.unwrap() }
    }

    fn bench(&self, scenario: &str, arguments: &[&str]) -> Value {
        let pid = self.child.id().to_string();
        bench(scenario, &[arguments, &["--bootstrap", &self.address, "--pid", &pid]].concat())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

fn bench(scenario: &str, arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    let output = command.args(["bench", "groups", scenario, "--json"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Protects: members of the classic protocol join, become one generation, and stay.
#[test]
fn classic_members_join_and_stay() {
    let broker = Broker::start();
    let arguments = ["--protocol", "classic", "--members", "20", "--within", "0.5", "--partitions", "1"];
    let stay = ["--seconds", "0.5", "--beat-every", "50"];
    let figures = broker.bench("members", &[&arguments[..], &stay].concat());
    assert!(figures["generation"].as_i64().unwrap() > 0, "{figures}");
    assert!(figures["beats_per_s"].as_f64().unwrap() > 0.0, "{figures}");
    assert_eq!(figures["fenced"], 0, "{figures}");
    assert!(figures["join_cpu_s"].as_f64().unwrap() > 0.0, "{figures}");
}

/// Protects: members of the consumer protocol get all partitions, evenly, and stay.
#[test]
fn consumer_members_share_all_partitions() {
    let broker = Broker::start();
    let arguments = ["--members", "8", "--within", "0.2", "--partitions", "20", "--seconds", "0.5"];
    let figures = broker.bench("members", &[&arguments[..], &["--beat-every", "50"]].concat());
    assert!(figures["generation"].as_i64().unwrap() > 0, "{figures}");
    assert!(figures["beats_per_s"].as_f64().unwrap() > 0.0, "{figures}");
    assert_eq!(figures["fenced"], 0, "{figures}");
}

/// Protects: commits are counted, and each group's last one is looked for.
#[test]
fn commits_are_measured_and_verified() {
    let broker = Broker::start();
    let arguments =
        ["--groups", "7", "--partitions", "3", "--rate", "200", "--seconds", "1", "--warmup", "0.2"];
    let figures = broker.bench("commits", &arguments);
    assert!(figures["commits"].as_u64().unwrap() > 0, "{figures}");
    assert!(figures["latency_ms"]["p99"].as_f64().unwrap() > 0.0, "{figures}");
}

/// Protects: after a kill the coordinator has what it had acknowledged, and the time until it answers is told.
#[test]
fn a_coordinator_is_loaded_after_a_kill() {
    let figures = bench("load", &["--commits", "2000", "--groups", "20", "--kills", "2"]);
    let loaded = figures["loaded_ms"].as_array().unwrap();
    assert!(loaded.len() == 2 && loaded.iter().all(|ms| ms.as_f64().unwrap() > 0.0), "{figures}");
}
