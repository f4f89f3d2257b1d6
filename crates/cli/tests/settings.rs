//! Settings of a broker that runs, as a user and a script see and change them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

/// A broker in a folder of its own, on ports that the system chose.
struct Broker {
    _folder: tempfile::TempDir,
    child: Child,
    address: String,
    others: Vec<String>,
}

impl Broker {
    fn start(settings: &[&str]) -> Broker {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args([
            "serve",
            "--json",
            "--set",
            "highwater.http.listener=",
            "--set",
            "highwater.preset=tiny",
        ]);
        command.args(settings.iter().flat_map(|setting| ["--set", *setting])).arg("--data");
        let mut child = command.arg(folder.path().join("data")).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let banner: Value = serde_json::from_str(&line).unwrap();
        let others = banner["other_clients"].as_array().unwrap().iter();
        let others = others.map(|address| address.as_str().unwrap().to_owned()).collect();
        Broker { _folder: folder, child, address: banner["clients"].as_str().unwrap().to_owned(), others }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(arguments).args(["--bootstrap", &self.address]).output().unwrap()
    }

    fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.text(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Runs what must fail; returns the one line that it says.
    fn complaint(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        said
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

const ANYWHERE: &str = "listeners=PLAINTEXT://127.0.0.1:0";

/// Protects: settings of a topic, of all brokers and of one are set, shown with where they come from, and taken back; each
/// change says what was and what is.
#[test]
fn settings_are_changed_while_the_broker_runs() {
    let broker = Broker::start(&[ANYWHERE]);
    broker.text(&["topic", "create", "t"]);
    let before = |change: &Value| change["changes"][0]["before"]["value"].clone();
    let after = |change: &Value| {
        let after = &change["changes"][0]["after"];
        format!("{} by {}", after["value"].as_str().unwrap(), after["set_by"].as_str().unwrap())
    };
    let all = broker.json(&["config", "set", "log.retention.ms=7000000", "--all-brokers"]);
    assert_eq!(after(&all), "7000000 by all brokers, while they ran");
    let own = broker.json(&["config", "set", "retention.ms=5000000", "--topic", "t"]);
    assert_eq!((before(&own), after(&own).as_str()), (Value::from("7000000"), "5000000 by the topic"));
    let shown = broker.json(&["config", "get", "retention.ms", "--topic", "t"]);
    assert_eq!(shown[0]["synonyms"][1]["name"], "log.retention.ms");
    assert_eq!(broker.json(&["config", "get", "--topic", "t"]).as_array().unwrap().len(), 3);
    let listed = broker.text(&["config", "get", "--all-brokers"]);
    assert!(listed.contains("log.retention.ms") && listed.lines().count() == 2, "{listed}");
    let back = broker.text(&["config", "unset", "retention.ms", "--topic", "t"]);
    assert!(
        back.contains("5000000 (the topic)") && back.contains("7000000 (all brokers, while they ran"),
        "{back}"
    );
    broker.text(&["config", "set", "max.connections=500", "--broker", "1"]);
    let limit = broker.json(&["config", "get", "max.connections", "--broker", "1"]);
    assert_eq!((limit[0]["value"].as_str(), limit[0]["read_only"].as_bool()), (Some("500"), Some(false)));
}

/// Protects: settings of a group are set, shown and taken back by the group's name; what is no setting of groups, and what is
/// only one of groups, is said with the way out.
#[test]
fn settings_of_groups_are_changed() {
    let broker = Broker::start(&[ANYWHERE]);
    let key = "consumer.session.timeout.ms";
    let set = broker.text(&["config", "set", "consumer.session.timeout.ms=50000", "--group", "g"]);
    assert!(set.contains("50000 (the group)") && set.contains("Changed for group 'g'."), "{set}");
    let shown = broker.json(&["config", "get", key, "--group", "g"]);
    assert_eq!((shown[0]["value"].as_str(), shown[0]["set_by"].as_str()), (Some("50000"), Some("the group")));
    let back = broker.text(&["config", "unset", key, "--group", "g"]);
    assert!(back.contains("45000 (the default)"), "{back}");
    let cases: &[(&[&str], &str)] = &[
        (&["config", "set", "consumer.session.timeout.ms=1", "--group", "g"], "greater than or equal to"),
        (&["config", "set", "share.session.timeout.ms=50000", "--group", "g"], "remove it"),
        (
            &["config", "set", "group.consumer.session.timeout.ms=1", "--group", "g"],
            "default for consumer.session",
        ),
        (
            &["config", "set", "consumer.session.timeout.ms=1", "--all-brokers"],
            "use --group NAME, or group.consumer",
        ),
    ];
    for (arguments, way_out) in cases {
        let said = broker.complaint(arguments);
        assert!(said.contains(way_out), "{said}");
    }
}

/// Protects: a dry run says what would be and changes nothing, also where the broker would refuse.
#[test]
fn a_dry_run_changes_nothing() {
    let broker = Broker::start(&[ANYWHERE]);
    broker.text(&["topic", "create", "t", "--config", "retention.ms=5"]);
    let set = broker.text(&["config", "set", "retention.ms=6", "--topic", "t", "--dry-run"]);
    assert!(set.contains("6 (the topic)") && set.contains("Nothing was changed"), "{set}");
    let unset = broker.json(&[
        "topic",
        "alter",
        "t",
        "--unset",
        "segment.bytes",
        "--set",
        "retention.ms=7",
        "--dry-run",
    ]);
    assert_eq!((unset["dry_run"].as_bool(), unset["changes"].as_array().unwrap().len()), (Some(true), 2));
    let value = broker.json(&["config", "get", "retention.ms", "--topic", "t"]);
    assert_eq!(value[0]["value"], "5");
    broker.complaint(&["config", "set", "retention.ms=x", "--topic", "t", "--dry-run"]);
}

/// Protects: `topic alter` changes several settings together or none of them.
#[test]
fn topics_are_altered() {
    let broker = Broker::start(&[ANYWHERE]);
    broker.text(&["topic", "create", "t", "--config", "retention.ms=5"]);
    let told =
        broker.text(&["topic", "alter", "t", "--unset", "retention.ms", "--set", "max.message.bytes=2000"]);
    assert!(told.contains("Changed for topic 't'."), "{told}");
    let wrong = ["topic", "alter", "t", "--set", "max.message.bytes=3000", "--set", "preallocate=maybe"];
    assert!(broker.complaint(&wrong).contains("true or false"));
    let value = broker.json(&["config", "get", "max.message.bytes", "retention.ms", "--topic", "t"]);
    assert_eq!((value[0]["value"].as_str(), value[1]["value"].as_str()), (Some("2000"), Some("604800000")));
    assert_eq!(broker.run(&["topic", "alter", "t"]).status.code(), Some(2), "nothing to do is a wrong call");
}

/// Protects: a change that is refused is one sentence with the way out.
#[test]
fn refusals_say_what_to_do() {
    let broker = Broker::start(&[ANYWHERE]);
    broker.text(&["topic", "create", "t"]);
    let cases: &[(&[&str], &str)] = &[
        (&["config", "set", "retention.ms=1", "--topic", "nowhere"], "highwater topic create nowhere"),
        (&["config", "set", "log.retention.ms=1", "--topic", "t"], "the brokers' default for retention.ms"),
        (
            &["config", "set", "retention.ms=1", "--all-brokers"],
            "use --topic NAME, or log.retention.ms for all topics",
        ),
        (&["config", "set", "num.partitions=2", "--broker", "1"], "in the broker's file or with --set"),
        (&["config", "set", "num.partition=2", "--broker", "1"], "did you mean num.partitions?"),
        (&["config", "set", "super.users=User:a", "--broker", "1"], "remove it"),
        (&["config", "get", "nope", "--topic", "t"], "`--all` lists those that there are"),
        (&["config", "get", "log.retention.ms", "--all-brokers"], "is not set for all brokers"),
        (&["config", "get", "--broker", "7"], "expected 1"),
    ];
    for (arguments, way_out) in cases {
        let said = broker.complaint(arguments);
        assert!(said.contains(way_out), "{arguments:?}: {said}");
    }
    let owner = broker.run(&["config", "set", "retention.ms=1"]);
    assert_eq!(owner.status.code(), Some(2), "whose setting has to be said");
    let two = broker.run(&["config", "get", "--topic", "t", "--broker", "1"]);
    assert_eq!(two.status.code(), Some(2));
}

/// Protects: the start says the addresses of all listeners, and a client works by each of them.
#[test]
fn every_listener_is_served_and_said() {
    let broker = Broker::start(&[
        "listeners=PLAINTEXT://127.0.0.1:0,INSIDE://127.0.0.1:0",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT",
    ]);
    let [inside] = &broker.others[..] else { panic!("{:?}", broker.others) };
    broker.text(&["topic", "create", "t"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    let listed = command.args(["topic", "list", "--bootstrap", inside]).output().unwrap();
    assert!(String::from_utf8(listed.stdout).unwrap().contains('t'));
}

/// Protects: there are as many threads for partitions as are set.
#[test]
fn shards_are_as_many_as_set() {
    let broker = Broker::start(&[ANYWHERE, "highwater.shards=3"]);
    let shards = || {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", broker.child.id())).unwrap();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|name| name.starts_with("shard-")).count()
    };
    // A thread has its name a moment after it has begun.
    while shards() < 3 {
        std::thread::yield_now();
    }
    assert_eq!(shards(), 3);
}
