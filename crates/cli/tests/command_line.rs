//! The commands as a user and a script see them: what is printed, and the exit code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

/// A broker in a folder of its own, on a port that the system chose.
struct Broker {
    folder: tempfile::TempDir,
    child: Child,
    address: String,
}

impl Broker {
    fn start() -> Broker {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--set", "highwater.http.listener="]);
        command.args(["--set", "highwater.preset=tiny", "--data"]).arg(folder.path().join("data"));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.map_while(Result::ok).find_map(|line| {
            line.trim_start().strip_prefix("clients").map(|address| address.trim().to_owned())
        });
        Broker { folder, child, address: address.unwrap() }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.feed(arguments, "")
    }

    fn feed(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(arguments).args(["--bootstrap", &self.address]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Stops it cleanly, and hands out its data.
    fn stop(mut self) -> tempfile::TempDir {
        let stopped = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(stopped.success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Vec<Value> {
    text(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Protects: the second command of the README: write lines, read them back, with keys and headers.
#[test]
fn records_go_in_and_come_out() {
    let broker = Broker::start();
    text(&broker.run(&["topic", "create", "t", "--partitions", "3"]));
    let produce = ["produce", "t", "-K", ":", "-H", "a=b", "-v"];
    let places = text(&broker.feed(&produce, "k1:one\nk2:two\nk1:three\nbare\n"));
    assert_eq!(places.lines().count(), 4, "{places}");
    let records = json(&broker.run(&["consume", "t", "--json"]));
    let mut values: Vec<&str> = records.iter().map(|record| record["value"].as_str().unwrap()).collect();
    values.sort_unstable();
    assert_eq!(values, ["bare", "one", "three", "two"]);
    for record in &records {
        let place = format!("{}@{}", record["partition"], record["offset"]);
        assert!(places.lines().any(|line| line == place), "{place} in {places}");
        assert_eq!(record["headers"][0]["value"], "b");
        assert!(record["timestamp"].as_i64().unwrap() > 1_700_000_000_000);
    }
    let of_k1: Vec<&Value> = records.iter().filter(|record| record["key"] == "k1").collect();
    assert_eq!((of_k1[0]["value"].as_str(), of_k1[1]["value"].as_str()), (Some("one"), Some("three")));
    assert_eq!(of_k1[0]["partition"], of_k1[1]["partition"]);
}

/// Protects: reading starts where one says: an offset, from the end, a time; and stops after a count.
#[test]
fn reading_starts_where_one_says() {
    let broker = Broker::start();
    text(&broker.run(&["topic", "create", "t", "--partitions", "1"]));
    let lines: String = (0..10).map(|n| format!("{n}\n")).collect();
    text(&broker.feed(&["produce", "t", "--compression", "zstd"], &lines));
    let read = |arguments: &[&str]| text(&broker.run(&[&["consume", "t"], arguments].concat()));
    assert_eq!(read(&["--offset", "7"]), "7\n8\n9\n");
    assert_eq!(read(&["--offset", "-2"]), "8\n9\n");
    assert_eq!(read(&["-n", "3"]), "0\n1\n2\n");
    assert_eq!(read(&["--time", "2020-01-01", "-n", "1"]), "0\n");
    assert_eq!(read(&["--partition", "0", "-v", "-n", "1"]), "0@0 0\n");
}

/// Protects: topics are made, listed, described and deleted, and mistakes are sentences with a way out.
#[test]
fn topics_come_and_go() {
    let broker = Broker::start();
    let create = ["topic", "create", "t", "-p", "2", "--config", "retention.ms=1000000"];
    text(&broker.run(&create));
    let listed = &json(&broker.run(&["topic", "list", "--json"]))[0];
    assert_eq!((listed[0]["topic"].as_str(), listed[0]["partitions"].as_u64()), (Some("t"), Some(2)));
    let described = &json(&broker.run(&["topic", "describe", "t", "--json"]))[0];
    assert_eq!(described["partitions"][1]["latest"], 0);
    assert!(described["acknowledgement"].as_str().unwrap().contains("power cut"));
    let own: Vec<&Value> =
        described["settings"].as_array().unwrap().iter().filter(|s| s["own"] == true).collect();
    assert!(
        own.iter().any(|setting| setting["name"] == "retention.ms" && setting["value"] == "1000000"),
        "{own:?}"
    );
    let again = broker.run(&create);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("TOPIC_ALREADY_EXISTS"));
    text(&broker.run(&["topic", "delete", "t"]));
    let gone = broker.run(&["topic", "describe", "t"]);
    assert_eq!(gone.status.code(), Some(1));
    let said = String::from_utf8_lossy(&gone.stderr).into_owned();
    assert!(said.contains("highwater topic create t") && said.lines().count() == 1, "{said}");
}

/// Protects: a topic gets partitions and no fewer than it has, and a dry run changes nothing.
#[test]
fn topics_get_more_partitions() {
    let broker = Broker::start();
    text(&broker.run(&["topic", "create", "t", "-p", "2"]));
    let add = |arguments: &[&str]| broker.run(&[&["topic", "add-partitions", "t"], arguments].concat());
    let dry = &json(&add(&["-p", "5", "--dry-run", "--json"]))[0];
    assert_eq!((dry["partitions"].as_i64(), dry["dry_run"].as_bool()), (Some(5), Some(true)));
    assert!(text(&add(&["-p", "4"])).contains("4 partitions now; it had 2"));
    assert_eq!(json(&broker.run(&["topic", "offsets", "t", "--json"]))[0].as_array().unwrap().len(), 4);
    for fewer in ["4", "1", "0"] {
        let refused = add(&["-p", fewer]);
        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("more than 4") && said.lines().count() == 1, "{said}");
    }
    let nowhere = broker.run(&["topic", "add-partitions", "nowhere", "-p", "9"]);
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("topic create nowhere"));
}

/// Protects: records go only when that was confirmed, as far as was said, and offsets show it.
#[test]
fn records_are_deleted_when_it_is_confirmed() {
    let broker = Broker::start();
    text(&broker.run(&["topic", "create", "t", "-p", "1"]));
    let lines: String = (0..10).map(|n| format!("{n}\n")).collect();
    text(&broker.feed(&["produce", "t"], &lines));
    let delete = |arguments: &[&str]| broker.run(&[&["topic", "delete-records", "t"], arguments].concat());
    let earliest = || {
        let offsets = json(&broker.run(&["topic", "offsets", "t", "--json"])).remove(0);
        (offsets[0]["earliest"].as_i64().unwrap(), offsets[0]["latest"].as_i64().unwrap())
    };
    assert_eq!(delete(&[]).status.code(), Some(2), "up to where is not said");
    let unasked = delete(&["--all"]);
    assert_eq!(unasked.status.code(), Some(2), "nobody can be asked");
    assert!(String::from_utf8_lossy(&unasked.stderr).contains("--yes"));
    let dry = &json(&delete(&["--before-offset", "4", "--dry-run", "--json"]))[0];
    assert_eq!((dry["offsets"].as_i64(), dry["partitions"][0]["earliest_then"].as_i64()), (Some(4), Some(4)));
    assert_eq!(earliest(), (0, 10));
    let beyond = delete(&["--before-offset", "11", "--yes"]);
    assert_eq!(beyond.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&beyond.stderr).contains("ends at 10"));
    assert!(text(&delete(&["--before-offset", "4", "--yes"])).contains("Deleted 4 offsets"));
    assert_eq!(earliest(), (4, 10));
    assert!(text(&delete(&["--before-time", "2020-01-01", "--yes"])).contains("nothing to delete"));
    text(&delete(&["--all", "--yes", "-p", "0"]));
    assert_eq!(earliest(), (10, 10));
    text(&broker.run(&["topic", "create", "kept", "-p", "1", "--config", "cleanup.policy=compact"]));
    text(&broker.feed(&["produce", "kept", "-K", ":"], "k:v\n"));
    let refused = broker.run(&["topic", "delete-records", "kept", "--all", "--yes"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("cleanup.policy"));
}

/// Protects: offsets show where a time is, and a partition that is not there is a sentence.
#[test]
fn offsets_are_shown() {
    let broker = Broker::start();
    text(&broker.run(&["topic", "create", "t", "-p", "2"]));
    text(&broker.feed(&["produce", "t"], "a\nb\n"));
    let table = text(&broker.run(&["topic", "offsets", "t", "--time", "2020-01-01"]));
    assert!(table.contains("at that time") && table.lines().count() == 3, "{table}");
    let late = ["topic", "offsets", "t", "--time", "2100-01-01", "-p", "1", "--json"];
    let late = &json(&broker.run(&late))[0];
    assert_eq!((late.as_array().unwrap().len(), &late[0]["at_time"]), (1, &Value::Null));
    let nowhere = broker.run(&["topic", "offsets", "t", "-p", "7"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("has no partition 7; it has 2"));
}

/// Protects: the directory shows its volume and the size of every log from the acknowledgement on.
#[test]
fn log_dirs_are_shown() {
    let broker = Broker::start();
    text(&broker.run(&["topic", "create", "t", "-p", "2"]));
    text(&broker.run(&["topic", "create", "u", "-p", "1"]));
    text(&broker.feed(&["produce", "u"], "a line\n"));
    let dir = &json(&broker.run(&["log-dirs", "--json"]))[0][0];
    assert!(dir["directory"].as_str().unwrap().ends_with("data"), "{dir}");
    assert!(dir["usable_bytes"].as_u64().unwrap() <= dir["total_bytes"].as_u64().unwrap());
    let logs = dir["logs"].as_array().unwrap();
    assert_eq!(logs.len(), 3);
    assert!(logs[2]["bytes"].as_i64().unwrap() > 61, "{dir}");
    let table = text(&broker.run(&["log-dirs", "--topic", "t"]));
    assert_eq!(table.lines().count(), 5, "directory, volume, head, two partitions: {table}");
    assert_eq!(broker.run(&["log-dirs", "--topic", "nowhere"]).status.code(), Some(1));
}

/// Protects: a wrong call is exit code 2, and no broker is exit code 1 with the address.
#[test]
fn exit_codes_tell_what_happened() {
    let run =
        |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_highwater")).args(arguments).output().unwrap();
    assert_eq!(run(&["topic", "create"]).status.code(), Some(2));
    let nowhere = run(&["topic", "list", "--bootstrap", "127.0.0.1:1", "--timeout", "1"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("127.0.0.1:1"));
    let unknown = run(&["serve", "--set", "no.such.setting=1"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no.such.setting"));
}

/// Protects: the offline views read what a stopped broker left, and refuse a running one.
#[test]
fn a_stopped_broker_can_be_inspected() {
    let broker = Broker::start();
    text(&broker.run(&["topic", "create", "t", "-p", "1"]));
    let lines: String = (0..100).map(|n| format!("line {n}\n")).collect();
    text(&broker.feed(&["produce", "t"], &lines));
    let inspect = |what: &str, dir: &std::path::Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(["inspect", what, "--json"]).arg(dir).output().unwrap()
    };
    let refused = inspect("data", &broker.folder.path().join("data"));
    assert_eq!(refused.status.code(), Some(1));
    let folder = broker.stop();
    let data = folder.path().join("data");
    let state = &json(&inspect("data", &data))[0];
    assert_eq!(
        (state["logs"][0]["folder"].as_str(), state["logs"][0]["log_end"].as_i64()),
        (Some("t-0"), Some(100))
    );
    assert!(json(&inspect("wal", &data))[0]["groups"].is_u64());
    let segment = &json(&inspect("segment", &data.join("t-0")))[0][0];
    assert_eq!((segment["records"].as_i64(), segment["last_offset"].as_i64()), (Some(100), Some(99)));
}

/// Protects: the metadata of a stopped broker reads offline as the broker had it: topics, settings, brokers,
/// producer ids and the quorum's own log, whether the snapshot has them or the write-ahead log.
#[test]
fn metadata_can_be_inspected() {
    let broker = Broker::start();
    text(&broker.run(&["topic", "create", "kept", "-p", "2", "--config", "retention.ms=1000000"]));
    text(&broker.run(&["topic", "create", "gone", "-p", "1"]));
    text(&broker.run(&["topic", "delete", "gone"]));
    text(&broker.feed(&["produce", "kept"], "one\n"));
    let folder = broker.stop();
    let inspect = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command
            .args(["inspect", "metadata"])
            .arg(folder.path().join("data"))
            .args(arguments)
            .output()
            .unwrap()
    };
    let view = &json(&inspect(&["--json", "--records"]))[0];
    let topics = view["topics"].as_array().unwrap();
    assert_eq!(topics.len(), 1, "{view:#}");
    assert_eq!(
        (topics[0]["topic"].as_str(), topics[0]["partitions"][1]["leader"].as_i64()),
        (Some("kept"), Some(1))
    );
    assert_eq!(view["settings"][0]["settings"]["retention.ms"], "1000000");
    assert_eq!((view["brokers"].as_array().unwrap().len(), view["voters"].as_array().unwrap().len()), (1, 1));
    assert!(view["next_producer_id"].as_i64().unwrap() > 0, "{view:#}");
    assert_eq!(view["features"]["metadata.version"], 30);
    let records = view["log"].as_array().unwrap().iter().filter_map(|entry| entry["content"].as_array());
    let kinds: Vec<&str> = records.flatten().filter_map(|record| record["kind"].as_str()).collect();
    for kind in
        ["ClusterId", "BrokerRegistered", "TopicCreated", "PartitionChanged", "TopicDeleted", "ConfigChanged"]
    {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
    let table = text(&inspect(&[]));
    assert!(table.contains("kept") && !table.contains("gone") && table.contains("retention.ms"), "{table}");
    assert!(text(&inspect(&["--records"])).contains("topic gone is created as"));
}

/// Protects: a damaged snapshot of the metadata is named by the inspection, with exit code 1.
#[test]
fn a_damaged_snapshot_is_named() {
    let folder = Broker::start().stop();
    let snapshots = folder.path().join("data/metadata");
    std::fs::create_dir_all(&snapshots).unwrap();
    std::fs::write(snapshots.join("99999999999999999999.snapshot"), b"HWMETASN, but no more").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    let output = command.args(["inspect", "metadata"]).arg(folder.path().join("data")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("99999999999999999999.snapshot") && said.contains("damaged"), "{said}");
}

/// Protects: the load generator finds every batch that was acknowledged, with and without idempotence.
#[test]
fn bench_verifies_what_it_wrote() {
    let broker = Broker::start();
    for idempotent in [false, true] {
        let mut arguments = vec!["bench", "produce", "--json", "--seconds", "3", "--warmup", "0.1"];
        arguments.extend(["--batch-bytes", "4096", "--record-bytes", "100", "--keep", "--topic"]);
        arguments.push(if idempotent { "twice-never" } else { "plain" });
        if idempotent {
            arguments.push("--idempotent");
        }
        let figures = &json(&broker.run(&arguments))[0];
        assert!(figures["batches"].as_u64().unwrap() > 0, "{figures}");
    }
    let figures = &json(&broker.run(&["bench", "consume", "--json", "plain"]))[0];
    assert!(figures["records"].as_u64().unwrap() > 0, "{figures}");
}

/// Protects: a broker that is open on every interface says which name it tells clients.
#[test]
fn a_wildcard_listener_says_what_it_advertises() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.args([
        "serve",
        "--listen",
        "0.0.0.0:0",
        "--allow-plaintext",
        "--set",
        "highwater.http.listener=",
    ]);
    command.args(["--set", "highwater.preset=tiny", "--data"]).arg(folder.path().join("data"));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let note = lines.find(|line| line.contains("open on every interface"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(note.unwrap().contains("set advertised.listeners=PLAINTEXT://HOST:PORT"));
}

/// Protects: `config explain` says, without a broker, which value counts, where it comes from and what it shadows.
#[test]
fn a_setting_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.properties");
    std::fs::write(&file, "log.retention.hours=2\nnum.io.threads=9\n").unwrap();
    let explain = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(["config", "explain"]).args(arguments).arg("--config").arg(&file).output().unwrap()
    };
    let set = ["--set", "log.retention.minutes=1"];
    let told = text(&explain(&[&["retention.ms"], &set[..]].concat()));
    assert!(told.starts_with("retention.ms = \"60000\" (--set of log.retention.minutes)\n"), "{told}");
    assert!(told.contains("shadows  \"7200000\" (file of log.retention.hours)\n"), "{told}");
    let threads = &json(&explain(&["num.io.threads", "--json"]))[0];
    assert_eq!(
        (threads["effective"]["source"].as_str(), threads["acts"].as_bool()),
        (Some("file"), Some(false))
    );
    assert_eq!(threads["class"], "accepted, without a subject");
    let listen = &json(&explain(&["listeners", "--listen", "127.0.0.1:7", "--json"]))[0];
    assert_eq!(listen["effective"]["value"], "PLAINTEXT://127.0.0.1:7");
    let unknown = explain(&["num.partition"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean num.partitions?"));
}

/// Protects: a cluster shows its brokers, features and quorum, and an upgrade with nothing to raise says so.
#[test]
fn a_cluster_is_described() {
    let broker = Broker::start();
    let described = &json(&broker.run(&["cluster", "describe", "--json"]))[0];
    assert_eq!(
        (described["controller"].as_i64(), described["cluster"].as_str().map(str::len)),
        (Some(1), Some(22))
    );
    assert_eq!(described["brokers"][0]["address"], broker.address.as_str());
    let feature = |at: usize| {
        let feature = &described["features"][at];
        (feature["name"].as_str(), feature["level"].as_i64())
    };
    assert_eq!(feature(0), (Some("group.version"), Some(1)));
    assert_eq!(feature(1), (Some("metadata.version"), Some(30)));
    assert_eq!(feature(2), (Some("transaction.version"), Some(2)));
    let quorum = &described["quorum"];
    assert_eq!((quorum["leader"].as_i64(), quorum["voters"][0]["node"].as_i64()), (Some(1), Some(1)));
    assert!(quorum["voters"][0]["log_end"].as_i64() >= quorum["high_watermark"].as_i64(), "{quorum}");
    let table = text(&broker.run(&["cluster", "describe"]));
    for part in [described["cluster"].as_str().unwrap(), &broker.address, "7-30", "node 1 leads in epoch"] {
        assert!(table.contains(part), "{part} in {table}");
    }
    for arguments in [&["cluster", "upgrade"][..], &["cluster", "upgrade", "--dry-run"]] {
        assert!(text(&broker.run(arguments)).starts_with("Every feature is at the highest level"));
    }
    let upgraded = &json(&broker.run(&["cluster", "upgrade", "--dry-run", "--json"]))[0];
    assert_eq!(
        (upgraded["dry_run"].as_bool(), upgraded["raised"].as_array().map(Vec::len)),
        (Some(true), Some(0))
    );
}

/// Protects: each shell gets a script that knows our commands.
#[test]
fn shells_complete_commands() {
    for (shell, sign) in
        [("bash", "complete -F"), ("zsh", "#compdef highwater"), ("fish", "complete -c highwater")]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        let script = text(&command.args(["completions", shell]).output().unwrap());
        assert!(
            script.contains(sign) && script.contains("describe") && script.contains("dry-run"),
            "{shell}"
        );
    }
    let unknown =
        Command::new(env!("CARGO_BIN_EXE_highwater")).args(["completions", "tcsh"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}

/// Protects: a group is shown with its lag, its offsets are moved after a plan, and it is deleted when it has no members.
#[test]
fn groups_are_shown_moved_and_deleted() {
    let broker = Broker::start();
    text(&broker.run(&["topic", "create", "t", "--partitions", "2"]));
    let lines: String = (0..10).map(|n| format!("{n}\n")).collect();
    text(&broker.feed(&["produce", "t", "--partition", "0"], &lines));
    let absent = broker.run(&["group", "describe", "g"]);
    assert_eq!(absent.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&absent.stderr).contains("GROUP_ID_NOT_FOUND"), "{absent:?}");
    let plan = json(&broker.run(&[
        "group",
        "reset-offsets",
        "g",
        "--topic",
        "t",
        "--to-offset",
        "4",
        "--dry-run",
        "--json",
    ]));
    assert_eq!(plan[0]["partitions"][0]["then"], 4);
    assert_eq!(plan[0]["partitions"][1]["then"], 0, "no further than the partition goes");
    assert!(json(&broker.run(&["group", "list", "--json"]))[0].as_array().unwrap().is_empty());
    let unasked = broker.run(&["group", "reset-offsets", "g", "--topic", "t", "--to-offset", "4"]);
    assert_eq!(unasked.status.code(), Some(2), "nobody can be asked");
    text(&broker.run(&["group", "reset-offsets", "g", "--topic", "t", "--to-offset", "4", "--yes"]));
    let described = json(&broker.run(&["group", "describe", "g", "--json"]));
    assert_eq!((&described[0]["state"], &described[0]["lag"]), (&"Empty".into(), &6.into()));
    for (to, then) in [
        (&["--shift-by", "-3"][..], 1),
        (&["--to-latest"], 10),
        (&["--to-earliest"], 0),
        (&["--to-time", "0"], 0),
    ] {
        let mut command = vec!["group", "reset-offsets", "g", "--yes", "--json"];
        command.extend(to);
        let done = json(&broker.run(&command));
        assert_eq!(done[0]["partitions"][0]["then"], then, "{to:?}");
    }
    let file = broker.folder.path().join("offsets.csv");
    std::fs::write(&file, "t,0,7\n\"t\",1,99\n").unwrap();
    let path = file.to_str().unwrap();
    text(&broker.run(&["group", "reset-offsets", "g", "--from-file", path, "--yes"]));
    let table = text(&broker.run(&["group", "describe", "g"]));
    assert!(table.contains("0 members, 2 partitions, 3 offsets behind"), "{table}");
    std::fs::write(&file, "t,zero,7\n").unwrap();
    let bad = broker.run(&["group", "reset-offsets", "g", "--from-file", path, "--yes"]);
    assert!(String::from_utf8_lossy(&bad.stderr).contains("line 1"), "{bad:?}");
    assert_eq!(text(&broker.run(&["group", "delete", "g", "--yes"])), "Deleted group g and its 2 offsets.\n");
    assert!(json(&broker.run(&["group", "list", "--json"]))[0].as_array().unwrap().is_empty());
}
