//! `cargo xtask kafka-record`: what Apache Kafka 4.3.1 answers to the lists of golden/exchange/requests, and what its console
//! tools print for the lists of golden/console.
//!
//! `transaction-state` is the list of golden/transactions, which keeps what Kafka stores of it; `delayed` that of golden/delayed, which
//! keeps answers without their bytes.
//!
//! Each list runs against a fresh Kafka; tools/kafka-facts sends it and writes golden/exchange/recorded. The console tools are
//! run by tests/clients/java/Console.java, as in their test. On demand: the gate reads what is recorded and starts no Kafka.

use crate::kafka::{self, Kafka};
use crate::run;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

const REQUESTS: &str = "golden/exchange/requests";
const RECORDED: &str = "golden/exchange/recorded";
/// The lists for the console tools, and their folders.
const CONSOLE: [(&str, &str); 4] = [
    ("console", "golden/console"),
    ("console-groups", "golden/console/groups"),
    ("console-consumer", "golden/console/consumer"),
    ("console-transactions", "golden/console/transactions"),
];
/// The list whose records and indexes are kept, and their folder.
const STATE: (&str, &str) = ("transaction-state", "golden/transactions");
/// The list of packets that come late, whose answers are kept to be read, and its folder.
const DELAYED: (&str, &str) = ("delayed", "golden/delayed");
/// What transactions need of a single broker.
const ONE_BROKER: &str = "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n";
/// What the console tools wait after each command: a broker may learn of a change after the controller's answer.
const PAUSE_MS: &str = "500";

/// Records the lists that are named, or all.
pub(crate) fn run(names: &[&str]) -> Result<(), String> {
    let scratch = run::target_folder().join("kafka-record");
    std::fs::create_dir_all(&scratch).map_err(|e| e.to_string())?;
    // Its path is in answers: no folder of this machine's owner.
    let kafka = Kafka::fetch(folder())?;
    let mut all = lists()?;
    all.extend(CONSOLE.iter().chain([&STATE, &DELAYED]).map(|(list, _)| (*list).to_owned()));
    let unknown = names.iter().find(|name| all.iter().all(|list| list != *name));
    if let Some(name) = unknown {
        return Err(format!("{REQUESTS} has no {name}.txt"));
    }
    let asked = all.iter().filter(|list| names.is_empty() || names.contains(&list.as_str()));
    asked.into_iter().try_for_each(|list| record(&kafka, &scratch, list))
}

fn lists() -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir(run::root().join(REQUESTS)).map_err(|e| format!("{REQUESTS}: {e}"))?;
    let mut lists = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| e.to_string())?.path();
        lists.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    lists.sort();
    Ok(lists)
}

/// Returns the folder of the broker.
fn folder() -> PathBuf {
    std::env::temp_dir().join("kafka-record")
}

/// Returns what the broker of a list has beside the defaults, a line each.
fn settings(list: &str) -> &'static str {
    match list {
        "consumer" => "group.consumer.max.size=3\n",
        "transactions" | "transactions-levels" | "console-transactions" | "delayed" => ONE_BROKER,
        "transactions-data" => {
            "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\ngroup.initial.rebalance.delay.ms=0\n\
             transaction.abort.timed.out.transaction.cleanup.interval.ms=1000\n"
        }
        "transaction-state" => {
            "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n\
             transaction.abort.timed.out.transaction.cleanup.interval.ms=500\ntransactional.id.expiration.ms=4000\n\
             transaction.remove.expired.transaction.cleanup.interval.ms=500\n"
        }
        "transactions-expiry" => {
            "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\ntransactional.id.expiration.ms=1000\n\
             transaction.remove.expired.transaction.cleanup.interval.ms=500\n"
        }
        "console-groups" => "group.initial.rebalance.delay.ms=0\n",
        "console-consumer" => {
            "group.consumer.min.heartbeat.interval.ms=100\ngroup.consumer.heartbeat.interval.ms=100\n\
             group.consumer.assignment.interval.ms=0\ngroup.consumer.session.timeout.ms=60000\n"
        }
        _ => "",
    }
}

fn record(kafka: &Kafka, scratch: &Path, list: &str) -> Result<(), String> {
    let port = kafka::free_ports()?;
    let log = File::create(scratch.join("broker.log")).map_err(|e| e.to_string())?;
    let also = log.try_clone().map_err(|e| e.to_string())?;
    let child = kafka
        .with(settings(list))
        .command(port)?
        .stdout(log)
        .stderr(also)
        .spawn()
        .map_err(|e| e.to_string())?;
    let _until_the_end = Running(child);
    kafka::wait_for(&format!("127.0.0.1:{port}"))?;
    match CONSOLE.iter().find(|(name, _)| *name == list) {
        Some((_, lists)) => console(kafka, port, lists),
        None if list == STATE.0 => state(scratch, port),
        None if list == DELAYED.0 => delayed(scratch, port),
        None => exchange(port, list),
    }
}

fn exchange(port: u16, list: &str) -> Result<(), String> {
    let root = run::root();
    let (from, to) = (root.join(REQUESTS).join(list), root.join(RECORDED).join(list));
    facts("Recorder", &format!("{port} '{}.txt' '{}.txt'", from.display(), to.display()))
}

/// Sends the list, and keeps what was stored.
fn state(scratch: &Path, port: u16) -> Result<(), String> {
    let folder_of_lists = run::root().join(STATE.1);
    let (from, answers) = (folder_of_lists.join("requests.txt"), scratch.join("answers.txt"));
    facts("Recorder", &format!("{port} '{}' '{}'", from.display(), answers.display()))?;
    let data = folder().join("data");
    facts("StateRecorder", &format!("{port} '{}' '{}'", data.display(), folder_of_lists.display()))
}

/// Sends the list, and keeps what each request was answered: NAME API VERSION JSON.
fn delayed(scratch: &Path, port: u16) -> Result<(), String> {
    let folder_of_list = run::root().join(DELAYED.1);
    let (from, answers) = (folder_of_list.join("requests.txt"), scratch.join("answers.txt"));
    facts("Recorder", &format!("{port} '{}' '{}'", from.display(), answers.display()))?;
    let text = std::fs::read_to_string(&answers).map_err(|e| format!("{}: {e}", answers.display()))?;
    let kept = text.lines().filter_map(|line| match line.splitn(6, ' ').collect::<Vec<_>>()[..] {
        ["#", ..] => Some(format!("{line}\n")),
        [name, api, version, _, _, json] => Some(format!("{name} {api} {version} {json}\n")),
        _ => None,
    });
    let to = folder_of_list.join("recorded.txt");
    std::fs::write(&to, kept.collect::<String>()).map_err(|e| format!("{}: {e}", to.display()))
}

/// Runs a program of tools/kafka-facts.
fn facts(program: &str, args: &str) -> Result<(), String> {
    let mut maven = Command::new("mvn");
    maven.args(["-q", "compile", "exec:java"]);
    maven.arg(format!("-Dexec.mainClass=highwater.facts.{program}")).arg(format!("-Dexec.args={args}"));
    run::succeed(maven.current_dir(run::root().join("tools/kafka-facts")))
}

fn console(kafka: &Kafka, port: u16, lists: &str) -> Result<(), String> {
    let address = format!("127.0.0.1:{port}");
    let data = folder().join("data").display().to_string();
    let program = "tests/clients/java/Console.java";
    let line = kafka.java(program, &[&address, &data, &format!("{lists}/commands.txt"), PAUSE_MS]);
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("{line} > {lists}/recorded.txt"));
    run::succeed(command.current_dir(run::root()))
}

/// A broker; dropping it kills it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
        let _gone_already = self.0.wait();
    }
}
