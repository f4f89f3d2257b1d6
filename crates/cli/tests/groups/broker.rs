//! A broker in a process of its own, and the commands that are sent to it.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

/// A broker in a folder of its own, on ports that the system chose.
pub(crate) struct Broker {
    _folder: tempfile::TempDir,
    child: Child,
    pub(crate) address: String,
    http: String,
}

impl Broker {
    /// Starts one with settings over the preset `tiny`.
    pub(crate) fn start(settings: &[&str]) -> Broker {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--set", "highwater.http.listener=127.0.0.1:0"]);
        command.args(["--set", "highwater.preset=tiny", "--set", "group.initial.rebalance.delay.ms=0"]);
        settings.iter().for_each(|setting| _ = command.args(["--set", setting]));
        command.arg("--data").arg(folder.path().join("data"));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut said = |what| {
            lines
                .find_map(|line| line.trim_start().strip_prefix(what).map(|said| said.trim().to_owned()))
                .unwrap()
        };
        let (address, http) = (said("clients"), said("metrics"));
        let http = http.trim_start_matches("http://").trim_end_matches("/metrics").to_owned();
        Broker { _folder: folder, child, address, http }
    }

    /// Returns its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the address of its HTTP port.
    pub(crate) fn http(&self) -> &str {
        &self.http
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.feed(arguments, "")
    }

    /// Runs a command that asks the HTTP port.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Output {
        self.command(arguments, ["--http", &self.http], "")
    }

    /// Runs a command that reads this.
    pub(crate) fn feed(&self, arguments: &[&str], input: &str) -> Output {
        self.command(arguments, ["--bootstrap", &self.address], input)
    }

    fn command(&self, arguments: &[&str], to: [&str; 2], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(arguments).args(to);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Makes a topic with so many records in its one partition.
    pub(crate) fn topic(&self, name: &str, records: usize) {
        text(&self.run(&["topic", "create", name, "--partitions", "1"]));
        text(&self.feed(&["produce", name], &"x\n".repeat(records)));
    }

    /// Moves the offset of a group without members.
    pub(crate) fn reset(&self, group: &str, topic: &str, offset: i64) {
        let offset = offset.to_string();
        let arguments = ["group", "reset-offsets", group, "--topic", topic, "--to-offset", &offset, "--yes"];
        text(&self.run(&arguments));
    }

    /// Returns what a group has committed, by topic.
    pub(crate) fn committed(&self, group: &str) -> Vec<(String, i64)> {
        let described = json(&self.run(&["group", "describe", group, "--json"]));
        let partitions = described[0]["partitions"].as_array().unwrap().clone();
        let one = |p: &Value| Some((p["topic"].as_str()?.to_owned(), p["committed"].as_i64()?));
        partitions.iter().filter_map(one).collect()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

/// Returns what a command that succeeded has printed.
pub(crate) fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Returns the documents that a command has printed.
pub(crate) fn json(output: &Output) -> Vec<Value> {
    text(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns the complaint of a command that failed.
pub(crate) fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}
