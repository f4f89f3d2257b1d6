//! Kafka's own DumpLogSegments reads our segments and finds nothing wrong, after a clean stop and after kill -9, restart and clean stop.
//!
//! Judged by its text (of the producer snapshots too, which nothing of ours reads): every record that was acknowledged, at its offset, nothing beyond, no mismatch between log and indexes. A
//! file with one flipped byte must not pass, and the broker itself must not serve that byte.

use crate::broker::Broker;
use crate::ledger::Ledger;
use crate::program::{self, Program};
use crate::toolbox::{self, or_skip};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const PARTITIONS: u32 = 3;
const RECORDS: usize = 9_000;
/// Words of the tool that say that something is wrong.
const COMPLAINTS: [&str; 6] =
    ["mismatch", "not found", "isvalid: false", "exception", "out of order", "consecutive"];

/// Lists the files of a partition with this ending, in order.
pub(crate) fn files(broker: &Broker, topic: &str, partition: u32, ending: &str) -> Vec<PathBuf> {
    let folder = broker.data().join(format!("{topic}-{partition}"));
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == ending)).collect();
    files.sort();
    files
}

pub(crate) fn dump(files: &[PathBuf]) -> Vec<String> {
    dump_with(&[], files)
}

pub(crate) fn dump_with(more: &[&str], files: &[PathBuf]) -> Vec<String> {
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let mut tool = toolbox::kafka_tool("org.apache.kafka.tools.DumpLogSegments").unwrap();
    tool.args(more).args(["--deep-iteration", "--print-data-log", "--files", &names.join(",")]);
    let (lines, status) = Program::start("DumpLogSegments", &mut tool).end();
    let ending = (!status.success()).then(|| format!("exception: it ended with {status}"));
    lines.into_iter().chain(ending).collect()
}

/// Turns the tool's text into lines of a reader.
pub(crate) fn judged(partition: u32, lines: &[String]) -> Result<Vec<String>, String> {
    let complains = |line: &&String| {
        let line = line.to_lowercase();
        COMPLAINTS.iter().any(|complaint| line.contains(complaint))
    };
    if let Some(line) = lines.iter().find(complains) {
        return Err(line.clone());
    }
    let record = |line: &String| {
        let (offset, rest) = line.strip_prefix("| offset: ")?.split_once(' ')?;
        let number = rest.split_once(" key: ")?.1.split(' ').next()?;
        Some(format!("R {partition} {offset} {number}"))
    };
    Ok(lines.iter().filter_map(record).collect())
}

/// Compares all segments of a topic with what its producer was told.
fn check(broker: &Broker, topic: &str, ledger: &Ledger) {
    let (mut found, mut ends) = (Vec::new(), BTreeMap::new());
    for partition in 0..PARTITIONS {
        let logs = files(broker, topic, partition, "log");
        assert!(logs.len() > 3, "{topic}-{partition}: {} segments, three rolled ones are wanted", logs.len());
        let indexes = ["index", "timeindex"].map(|ending| files(broker, topic, partition, ending));
        let lines = dump(&[logs, indexes.concat()].concat());
        let records = judged(partition, &lines).unwrap_or_else(|e| panic!("{topic}-{partition}: {e}"));
        check_snapshots(&files(broker, topic, partition, "snapshot"));
        ends.insert(partition, u64::try_from(records.len()).unwrap());
        found.extend(records);
    }
    assert_eq!(ends, ledger.ends(), "{topic}: records in the segments, and ends that were acknowledged");
    ledger.judge(&found, 0).unwrap_or_else(|e| panic!("{topic}: {e}"));
}

/// The one producer has written one sequence per offset, so the file's name says which is its last.
fn check_snapshots(snapshots: &[PathBuf]) {
    assert_eq!(snapshots.len(), 1, "older ones are removed: {snapshots:?}");
    let lines = dump(snapshots);
    judged(0, &lines).unwrap_or_else(|e| panic!("{snapshots:?}: {e}"));
    let end: i64 = snapshots[0].file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let (sequence, offset) = (format!("lastSequence: {} ", end - 1), format!("lastOffset: {} ", end - 1));
    let found = |line: &&String| {
        line.starts_with("producerId: ") && line.contains(&sequence) && line.contains(&offset)
    };
    assert_eq!(lines.iter().filter(found).count(), 1, "{sequence}{offset}: {lines:?}");
}

fn admin(words: &[&str]) -> Vec<String> {
    program::run("franz-go", &mut toolbox::go(words).unwrap())
}

/// Writes records; half way `strike` happens to the broker.
fn load(broker: &mut Broker, topic: &str, strike: impl FnOnce(&mut Broker)) -> Ledger {
    let address = broker.address();
    admin(&["create", &address, topic, &PARTITIONS.to_string()]);
    let mut producer = toolbox::franz_go().unwrap().load(&address, topic, PARTITIONS);
    let (mut ledger, mut strike) = (Ledger::default(), Some(strike));
    while ledger.count() < RECORDS {
        let Some(line) = producer.line() else { producer.fail("it ended") };
        ledger.note(&line);
        if ledger.count() == RECORDS / 2
            && let Some(strike) = strike.take()
        {
            strike(broker);
        }
    }
    producer.succeed().iter().for_each(|line| {
        ledger.note(line);
    });
    ledger
}

fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

/// Protects D-4: Kafka's tool reads our segments and indexes after a clean stop, and after kill -9, restart and clean stop.
#[test]
fn dump_log_segments_finds_no_fault() {
    let test = "dump_log_segments_finds_no_fault";
    let tools = toolbox::kafka_tool("").and_then(|_| toolbox::franz_go());
    let Some(_tools) = or_skip(test, tools) else { return };
    let mut broker = Broker::start(&["highwater.preset=tiny"]);
    let clean = load(&mut broker, "clean", |_| {});
    broker.stop();
    check(&broker, "clean", &clean);
    broker.start_again();
    let killed = load(&mut broker, "killed", |broker| {
        broker.kill9();
        broker.start_again();
    });
    broker.stop();
    check(&broker, "killed", &killed);
    check(&broker, "clean", &clean);
}

/// Makes a command of our own.
pub(crate) fn highwater(broker: &Broker, words: &[&str]) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.args(words).args(["-b", &broker.address()]);
    Program::start("highwater", &mut command)
}

/// Writes records of ten keys with the command line.
fn put_keyed(broker: &Broker, topic: &str, round: usize) {
    let line = |n: usize| format!("key-{}:value-{round}-{n}-{}\n", n % 10, "x".repeat(200));
    let lines: String = (0..2_000).map(line).collect();
    let mut producer = highwater(broker, &["produce", topic, "-K", ":"]);
    producer.feed(lines.into_bytes());
    producer.succeed();
}

/// Protects: Kafka's tool reads compacted segments and their indexes, empty batches included, and finds the latest value of
/// every key there.
#[test]
fn dump_log_segments_reads_compacted_logs() {
    let test = "dump_log_segments_reads_compacted_logs";
    let Some(_tool) = or_skip(test, toolbox::kafka_tool("")) else { return };
    let settings = ["highwater.preset=tiny", "log.cleaner.backoff.ms=20"];
    let topic = ["log.cleanup.policy=compact", "log.cleaner.min.cleanable.ratio=0.01"];
    let mut broker = Broker::start(&[&settings[..], &topic].concat());
    highwater(&broker, &["topic", "create", "table", "-p", "1"]).succeed();
    let mut round = 0;
    while round < 4 || broker.metric("highwater_compacted_records_total") < 1_000 {
        put_keyed(&broker, "table", round);
        round += 1;
        assert!(round < 200, "nothing is compacted");
    }
    broker.stop();
    let files = ["log", "index", "timeindex"].map(|ending| files(&broker, "table", 0, ending));
    let lines = dump(&files.concat());
    // Offsets that are gone are no fault of a compacted log.
    let told: Vec<String> = lines.into_iter().filter(|line| !line.contains("onsecutive")).collect();
    if let Err(complaint) = judged(0, &told) {
        panic!("{complaint}");
    }
    let records: Vec<&String> = told.iter().filter(|line| line.starts_with("| offset: ")).collect();
    assert!(records.len() < round * 2_000 - 1_000, "{} of {} records", records.len(), round * 2_000);
    for n in 1990..2000 {
        let latest = format!("key: key-{} payload: value-{}-{n}-", n % 10, round - 1);
        assert!(records.iter().any(|line| line.contains(&latest)), "{latest}");
    }
    assert!(told.iter().any(|line| line.contains(" count: 0 ")), "an empty batch stands in for what is gone");
}

/// Protects W-18: a flipped byte is seen by Kafka's tool, and by our broker, which takes the partition offline and serves none of it.
#[test]
fn flipped_byte_is_seen_and_not_served() {
    let test = "flipped_byte_is_seen_and_not_served";
    let tools = toolbox::kafka_tool("").and_then(|_| toolbox::franz_go());
    let Some(_tools) = or_skip(test, tools) else { return };
    let mut broker = Broker::start(&["highwater.preset=tiny"]);
    load(&mut broker, "flipped", |_| {});
    broker.stop();
    let first = files(&broker, "flipped", 0, "log")[0].clone();
    let middle = usize::try_from(first.metadata().unwrap().len() / 2).unwrap();
    assert!(judged(0, &dump(std::slice::from_ref(&first))).is_ok());
    flip(&first, middle);
    assert!(judged(0, &dump(std::slice::from_ref(&first))).is_err(), "the tool does not see a flipped byte");
    broker.start_again();
    let address = broker.address();
    let said = admin(&["scan", &address, "flipped", "0"]).concat();
    let (bytes, answer) = said.split_once(' ').unwrap();
    assert_eq!(answer, "KAFKA_STORAGE_ERROR");
    assert!(bytes.parse::<usize>().unwrap() <= middle, "{bytes} bytes were served, byte {middle} is flipped");
    let again = admin(&["scan", &address, "flipped", "0"]).concat();
    assert_eq!(again, "0 KAFKA_STORAGE_ERROR", "the partition is not offline");
    assert_eq!(broker.metric("highwater_offline_partitions"), 1);
    assert!(admin(&["scan", &address, "flipped", "1"]).concat().ends_with(" END"));
    broker.stop();
}

/// Returns the lines of a program up to the one with this beginning.
fn until(program: &mut Program, beginning: &str) {
    loop {
        let Some(line) = program.line() else { program.fail("it ended") };
        if line.starts_with(beginning) {
            return;
        }
    }
}

/// Protects: Kafka's tool reads what groups have stored: a generation with its member, an offset with its topic's id, a deletion;
/// in the versions that Kafka 4.3.1 writes.
#[test]
fn offsets_decoder_reads_groups() {
    let test = "offsets_decoder_reads_groups";
    let tools = toolbox::kafka_tool("").and_then(|_| toolbox::franz_go());
    let Some(family) = or_skip(test, tools) else { return };
    let mut broker = Broker::start(&["group.initial.rebalance.delay.ms=0", "offsets.topic.num.partitions=1"]);
    let address = broker.address();
    admin(&["create", &address, "read", "2"]);
    let mut member = family.member([&address, "readers", "read", "door"], 45_000);
    until(&mut member, "ASSIGNED 0,1");
    member.tell("commit 1 5");
    until(&mut member, "COMMITTED");
    admin(&["delete", &address, "read"]);
    broker.stop();
    let lines = dump_with(&["--offsets-decoder"], &files(&broker, "__consumer_offsets", 0, "log"));
    let records: Vec<&String> = lines.iter().filter(|line| line.starts_with("| offset: ")).collect();
    let has = |record: usize, parts: &[&str]| {
        let missing = parts.iter().find(|part| !records[record].contains(**part));
        assert_eq!(missing, None, "not in {}", records[record]);
    };
    assert_eq!(records.len(), 3, "{records:?}");
    let group = r#"key: {"type":"2","data":{"group":"readers"}} payload: {"version":"3","data":{"protocolType":"consumer","generation":1,"protocol":"range","#;
    let assignment = r#""assignment":{"assignedPartitions":[{"topic":"read","partitions":[0,1]}],"#;
    has(0, &[group, r#""groupInstanceId":"door""#, r#""subscription":{"topics":["read"],"#, assignment]);
    let key = r#"key: {"type":"1","data":{"group":"readers","topic":"read","partition":1}} payload: "#;
    has(1, &[key, r#"{"version":"4","data":{"offset":5,"leaderEpoch":-1,"#, r#""topicId":""#]);
    has(2, &[key, "<DELETE>"]);
}
