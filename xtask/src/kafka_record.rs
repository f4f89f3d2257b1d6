//! `cargo xtask kafka-record`: what Apache Kafka 4.3.1 answers to the lists of golden/exchange/requests, and what its console
//! tools print for the lists of golden/console.
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
const CONSOLE: [(&str, &str); 3] = [
    ("console", "golden/console"),
    ("console-groups", "golden/console/groups"),
    ("console-consumer", "golden/console/consumer"),
];
/// What the console tools wait after each command: a broker may learn of a change after the controller's answer.
const PAUSE_MS: &str = "500";

/// Records the lists that are named, or all.
pub(crate) fn run(names: &[&str]) -> Result<(), String> {
    let scratch = run::target_folder().join("kafka-record");
    std::fs::create_dir_all(&scratch).map_err(|e| e.to_string())?;
    // Its path is in answers: no folder of this machine's owner.
    let kafka = Kafka::fetch(folder())?;
    let mut all = lists()?;
    all.extend(CONSOLE.iter().map(|(list, _)| (*list).to_owned()));
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
        None => exchange(port, list),
    }
}

fn exchange(port: u16, list: &str) -> Result<(), String> {
    let root = run::root();
    let (from, to) = (root.join(REQUESTS).join(list), root.join(RECORDED).join(list));
    let mut maven = Command::new("mvn");
    maven.args(["-q", "compile", "exec:java", "-Dexec.mainClass=highwater.facts.Recorder"]);
    maven.arg(format!("-Dexec.args={port} '{}.txt' '{}.txt'", from.display(), to.display()));
    run::succeed(maven.current_dir(root.join("tools/kafka-facts")))
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
