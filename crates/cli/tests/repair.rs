//! `highwater repair` on the data of a real broker: one flipped byte, the refusal, the plan, the repair, and what can be read
//! afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The data of a broker, and the broker while it runs.
struct Data {
    folder: tempfile::TempDir,
    broker: Option<(Child, String)>,
    setting: &'static str,
}

impl Data {
    fn new() -> Data {
        Data::with("highwater.http.listener=")
    }

    fn with(setting: &'static str) -> Data {
        let mut data = Data { folder: tempfile::tempdir().unwrap(), broker: None, setting };
        data.start();
        data
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn serve(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--set", "highwater.http.listener="]);
        command.args(["--set", self.setting, "--set", "highwater.preset=tiny", "--data"]).arg(self.path());
        command.stdin(Stdio::null());
        command
    }

    fn start(&mut self) {
        let mut child = self.serve().stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.map_while(Result::ok).find_map(|line| {
            line.trim_start().strip_prefix("clients").map(|address| address.trim().to_owned())
        });
        self.broker = Some((child, address.unwrap()));
    }

    /// Starts a broker that must refuse; returns its exit code and what it says.
    fn refused(&self) -> (Option<i32>, String) {
        let mut child = self.serve().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if BufReader::new(child.stdout.take().unwrap()).lines().next().is_some() {
            // It serves, and would do so for ever.
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Stops the broker cleanly.
    fn stop(&mut self) {
        let (mut child, _) = self.broker.take().unwrap();
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }

    fn kill(&mut self) {
        let (mut child, _) = self.broker.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let (_, address) = self.broker.as_ref().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(arguments).args(["--bootstrap", address]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Makes a topic of one partition and writes these lines to it, each acknowledged on its own.
    fn produce(&self, topic: &str, lines: std::ops::Range<u32>) {
        for line in lines {
            let line = format!("needle-{topic}-{line:04}-{}\n", "x".repeat(60));
            assert!(self.run(&["produce", topic], &line).status.success());
        }
    }

    fn create(&self, topic: &str) {
        assert!(self.run(&["topic", "create", topic, "--partitions", "1"], "").status.success());
    }

    /// Returns offset and value of all that can be read.
    fn read(&self, topic: &str) -> Vec<(i64, String)> {
        let output = self.run(&["consume", topic, "--json"], "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let record = |line: &str| {
            let value: Value = serde_json::from_str(line).unwrap();
            (value["offset"].as_i64().unwrap(), value["value"].as_str().unwrap().to_owned())
        };
        text.lines().map(record).collect()
    }

    fn repair(&self, arguments: &[&str]) -> (Option<i32>, Value, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        let output =
            command.args(["repair", "--json", "--data"]).arg(self.path()).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
    }

    /// Flips a byte within these bytes of one of the files below a folder; says in how many files they are.
    fn flip(&self, folder: &str, needle: &str, ending: &str) -> usize {
        let mut found = 0;
        for entry in std::fs::read_dir(self.path().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let mut bytes = std::fs::read(&path).unwrap();
            let at = bytes.windows(needle.len()).position(|window| window == needle.as_bytes());
            if let Some(at) = at.filter(|_| path.to_string_lossy().ends_with(ending)) {
                bytes[at + 3] ^= 0x20;
                std::fs::write(&path, bytes).unwrap();
                found += 1;
            }
        }
        found
    }

    /// Asserts that all of a topic's records are read but those that were named.
    fn reads_all_but(&self, topic: &str, written: u32, plan: &Value) {
        let lost: BTreeSet<i64> = plan["given_up"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|lost| lost["topic"] == topic)
            .flat_map(|lost| lost["first"].as_i64().unwrap()..=lost["last"].as_i64().unwrap())
            .collect();
        let wanted: Vec<(i64, String)> = (0..i64::from(written))
            .filter(|offset| !lost.contains(offset))
            .map(|offset| (offset, format!("needle-{topic}-{offset:04}-{}", "x".repeat(60))))
            .collect();
        assert_eq!(self.read(topic), wanted, "without {lost:?}");
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.broker.take() {
            let _gone_already = child.kill();
            let _gone_already = child.wait();
        }
    }
}

/// Carries out what `repair` plans; returns the plan.
fn repaired(data: &Data) -> Value {
    let (code, plan, said) = data.repair(&[]);
    assert_eq!((code, plan["verdict"].as_str()), (Some(4), Some("planned")), "{plan} {said}");
    assert_eq!(data.repair(&[]).1, plan, "a plan changes something");
    let (code, report, said) = data.repair(&["--accept-loss"]);
    assert_eq!((code, report["verdict"].as_str()), (Some(0), Some("repaired")), "{report} {said}");
    assert_eq!((&report["given_up"], &report["damage"]), (&plan["given_up"], &plan["damage"]));
    let file = report["report"].as_str().unwrap();
    let kept: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(kept, report);
    assert!(Path::new(file).with_extension("txt").exists());
    let (code, after, _) = data.repair(&[]);
    assert_eq!((code, after["verdict"].as_str()), (Some(0), Some("sound")), "{after}");
    report
}

/// Protects: W-18: a flipped byte in a cold segment takes its partition offline when it is read, with its reason; a repair gives
/// up the one batch, by its offset, and clients read around it. The partition beside it serves all the time.
#[test]
fn a_flipped_byte_in_a_cold_segment() {
    let mut data = Data::new();
    data.create("t");
    data.create("u");
    data.produce("t", 0..9);
    data.produce("u", 0..3);
    data.stop();
    assert_eq!(data.flip("t-0", "needle-t-0004", ".log"), 1);
    data.start();
    let output = data.run(&["consume", "t"], "");
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("KAFKA_STORAGE_ERROR"), "{said}");
    assert_eq!(data.read("u").len(), 3);
    assert_eq!(data.repair(&[]).0, Some(1), "a directory in use is not refused");
    data.stop();
    let plan = repaired(&data);
    let lost = plan["given_up"].as_array().unwrap();
    assert_eq!(lost.len(), 1, "{plan}");
    assert_eq!(
        (lost[0]["topic"].as_str(), lost[0]["first"].as_i64(), lost[0]["last"].as_i64()),
        (Some("t"), Some(4), Some(4))
    );
    data.start();
    data.reads_all_but("t", 9, &plan);
    data.reads_all_but("u", 3, &plan);
    let from = data.run(&["consume", "t", "--offset", "4", "-n", "1"], "");
    assert!(String::from_utf8_lossy(&from.stdout).starts_with("needle-t-0005"));
}

/// Protects: W-6: a flipped byte in one copy of the state, or in each of both, costs nothing while the write-ahead log holds it all:
/// two refuse the start, with the reason.
#[test]
fn a_flipped_byte_in_the_state() {
    let mut data = Data::new();
    data.create("t");
    data.produce("t", 0..5);
    data.stop();
    let flip = |name: &str, at: usize| {
        let path = data.path().join("state").join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    };
    flip("a", 80);
    let plan = repaired(&data);
    assert_eq!(
        (plan["damage"].as_array().unwrap().len(), plan["given_up"].as_array().unwrap().len()),
        (1, 0)
    );
    flip("a", 81);
    flip("b", 90);
    let (code, said) = data.refused();
    assert_eq!(code, Some(3));
    assert!(said.contains("both copies of the state are unusable"), "{said}");
    let (code, plan, said) = data.repair(&["--accept-loss"]);
    assert_eq!(code, Some(0), "{plan} {said}");
    data.start();
    data.reads_all_but("t", 5, &plan);
    data.produce("t", 5..7);
    data.reads_all_but("t", 7, &plan);
}

/// Protects: W-3: a flipped byte in the durable range of the write-ahead log refuses the start, naming the place; a repair gives up what was
/// in that group and what its log has behind it, and nothing of any other log.
#[test]
fn a_flipped_byte_in_the_write_ahead_log() {
    let mut data = Data::new();
    data.create("t");
    data.create("u");
    data.produce("t", 0..3);
    data.produce("u", 0..4);
    data.produce("t", 3..5);
    data.kill();
    assert!(data.flip("wal", "needle-t-0001", ".wal") > 0);
    let (code, said) = data.refused();
    assert_eq!(code, Some(3));
    assert!(said.contains("is damaged at byte"), "{said}");
    let plan = repaired(&data);
    let lost = plan["given_up"].as_array().unwrap();
    assert!(
        lost.iter().all(|lost| lost["topic"] == "t" && lost["first"] == 1 && lost["last"] == 4),
        "{plan}"
    );
    data.start();
    data.reads_all_but("t", 5, &plan);
    data.reads_all_but("u", 4, &plan);
}

/// Protects: W-13: a damaged or missing snapshot of the metadata refuses the start, naming it; while the write-ahead log has what
/// it was made of, a repair makes it again, and nothing is given up, whether the broker was stopped or killed.
#[test]
fn a_flipped_byte_in_the_metadatas_snapshot() {
    for (is_killed, is_missing) in [(false, false), (true, false), (true, true)] {
        let mut data = Data::with("metadata.log.max.record.bytes.between.snapshots=2000");
        data.create("t");
        assert!(data.run(&["topic", "create", "many", "--partitions", "60"], "").status.success());
        data.create("later");
        data.produce("t", 0..3);
        let snapshots = || std::fs::read_dir(data.path().join("metadata")).unwrap();
        let snapshot = snapshots().map(|entry| entry.unwrap().path()).max().expect("no snapshot was taken");
        match is_killed {
            true => data.kill(),
            false => data.stop(),
        }
        let whole = std::fs::read(&snapshot).unwrap();
        let mut hurt = whole.clone();
        hurt[100] ^= 1;
        match is_missing {
            true => std::fs::remove_file(&snapshot).unwrap(),
            false => std::fs::write(&snapshot, hurt).unwrap(),
        }
        let (code, said) = data.refused();
        assert!(code == Some(3) && said.contains("snapshot"), "{code:?} {said}");
        let plan = repaired(&data);
        assert_eq!(plan["given_up"].as_array().unwrap().len(), 0, "{plan}");
        assert_eq!(std::fs::read(&snapshot).unwrap(), whole, "byte for byte");
        data.start();
        data.reads_all_but("t", 3, &plan);
        let listed = data.run(&["topic", "list"], "");
        let listed = String::from_utf8(listed.stdout).unwrap();
        assert!(["t", "many", "later"].iter().all(|topic| listed.contains(topic)), "{listed}");
        data.create("newest");
        data.stop();
        data.start();
        data.reads_all_but("t", 3, &plan);
    }
}

/// Protects: a repair of what is whole says so; of what is no data directory, too.
#[test]
fn what_is_whole_is_said_to_be_whole() {
    let mut data = Data::new();
    data.create("t");
    data.produce("t", 0..2);
    data.kill();
    let (code, plan, said) = data.repair(&["--accept-loss"]);
    assert_eq!((code, plan["verdict"].as_str()), (Some(0), Some("sound")), "{plan} {said}");
    assert!(!data.path().join("quarantine").exists());
    let elsewhere = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_highwater"))
        .args(["repair", "--data"])
        .arg(elsewhere.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no data directory of Highwater"));
}
