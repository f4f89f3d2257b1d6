//! kcat: produce, consume, list, offsets, codecs, transactions, as a person at a terminal uses it.

use crate::broker::Broker;
use crate::program::{self, Program};
use crate::toolbox::{self, or_skip};
use crate::transact::Producer;
use std::process::Command;

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
const RECORDS: usize = 10_000;

/// kcat against one broker.
struct Kcat {
    tool: &'static str,
    broker: Broker,
}

impl Kcat {
    fn start(test: &str) -> Option<Kcat> {
        let tool = or_skip(test, toolbox::kcat())?;
        Some(Kcat { tool, broker: Broker::start(&["num.partitions=3"]) })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.tool);
        command.args(["-b", &self.broker.address()]).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Vec<String> {
        program::run("kcat", &mut self.command(arguments))
    }

    fn produce(&self, topic: &str, arguments: &[&str], lines: &[String]) {
        let limit = ["-P", "-t", topic, "-X", "acks=all", "-X", "message.timeout.ms=30000"];
        let mut kcat = Program::start("kcat -P", &mut self.command(&[&limit, arguments].concat()));
        kcat.feed(lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect());
        let said = kcat.succeed();
        assert!(said.is_empty(), "{said:?}");
    }

    fn consume(&self, topic: &str, arguments: &[&str]) -> Vec<String> {
        self.run(&[&["-C", "-t", topic, "-e", "-q", "-X", "check.crcs=true"], arguments].concat())
    }

    fn offset(&self, query: &str) -> i64 {
        let said = self.run(&["-Q", "-t", query]);
        said.last().unwrap().rsplit(' ').next().unwrap().parse().unwrap()
    }
}

/// Protects: 10,000 records with keys and headers, every codec, come back equal and in order.
#[test]
fn kcat_round_trip() {
    let Some(mut kcat) = Kcat::start("kcat_round_trip") else { return };
    for codec in CODECS {
        let topic = format!("trip-{codec}");
        let number = |n: usize| format!("key-{n}:value-{n}-{}", "x".repeat(n * 37 % 400));
        let lines: Vec<String> = (0..RECORDS / CODECS.len()).map(number).collect();
        kcat.produce(&topic, &["-K:", "-p", "1", "-z", codec, "-H", "a=1", "-H", "b="], &lines);
        let read = kcat.consume(&topic, &["-p", "1", "-o", "beginning", "-f", "%o %h %k:%s\\n"]);
        let wanted = lines.iter().enumerate().map(|(n, line)| format!("{n} a=1,b= {line}"));
        assert!(read.iter().eq(wanted.collect::<Vec<_>>().iter()), "{codec}: {:?}", read.first());
    }
    kcat.broker.stop();
}

/// Protects: -L names the broker at the address that clients were given, topics and leaders.
#[test]
fn kcat_lists() {
    let Some(mut kcat) = Kcat::start("kcat_lists") else { return };
    kcat.produce("listed", &[], &["one".to_owned()]);
    let said = kcat.run(&["-L"]).join("\n");
    let broker = format!("at {}", kcat.broker.address());
    for wanted in [broker.as_str(), "topic \"listed\" with 3 partitions", "partition 2, leader"] {
        assert!(said.contains(wanted), "{wanted:?} is not in\n{said}");
    }
    kcat.broker.stop();
}

/// Protects: -Q answers the first offset, the end and the offset of a time.
#[test]
fn kcat_queries_offsets() {
    let Some(mut kcat) = Kcat::start("kcat_queries_offsets") else { return };
    let lines: Vec<String> = (0..7).map(|n| n.to_string()).collect();
    kcat.produce("asked", &["-p", "0"], &lines);
    let stamps = kcat.consume("asked", &["-p", "0", "-f", "%T\\n"]);
    assert_eq!(kcat.offset("asked:0:-2"), 0);
    assert_eq!(kcat.offset("asked:0:-1"), 7);
    assert_eq!(kcat.offset("asked:1:-1"), 0);
    let first = stamps.iter().position(|stamp| *stamp == stamps[6]).unwrap();
    assert_eq!(kcat.offset(&format!("asked:0:{}", stamps[6])), i64::try_from(first).unwrap());
    kcat.broker.stop();
}

/// Protects: an empty value is not a null, a null key is not an empty key.
#[test]
fn kcat_keeps_null_apart_from_empty() {
    let Some(mut kcat) = Kcat::start("kcat_keeps_null_apart_from_empty") else { return };
    kcat.produce("empty", &["-p", "0", "-K:"], &["k:".to_owned(), "plain".to_owned()]);
    kcat.produce("empty", &["-p", "0", "-K:", "-Z"], &["k:".to_owned()]);
    let read = kcat.consume("empty", &["-p", "0", "-f", "%K %k|%S %s\\n"]);
    assert_eq!(read, ["1 k|0 ", "-1 |5 plain", "1 k|-1 "]);
    kcat.broker.stop();
}

/// Protects: librdkafka's transactions at a terminal: each run of kcat is one, seen whole, two of one id after each other; what is
/// open or aborted is seen by readers of everything alone.
#[test]
fn kcat_transactions() {
    let Some(family) = or_skip("kcat_transactions", toolbox::franz_go()) else { return };
    let Some(mut kcat) = Kcat::start("kcat_transactions") else { return };
    let lines = |round: usize| (0..3).map(|n| format!("{round}-{n}")).collect::<Vec<_>>();
    let transaction = ["-p", "0", "-X", "transactional.id=terminal"];
    let read = |kcat: &Kcat, level: &str| {
        let level = format!("isolation.level={level}");
        kcat.consume("whole", &["-p", "0", "-o", "beginning", "-X", &level, "-f", "%s\\n"])
    };
    kcat.produce("whole", &transaction, &lines(1));
    kcat.produce("whole", &transaction, &lines(2));
    let committed = [lines(1), lines(2)].concat();
    assert_eq!(read(&kcat, "read_committed"), committed);
    // kcat sends what it reads at the end of its input, so another one of the id leaves a transaction open, and is fenced.
    let mut open = Producer::start(&family, &kcat.broker.address(), "terminal", 60_000);
    open.done(&["begin", "send whole 0 3-0"]);
    let seen = [committed.clone(), vec!["3-0".to_owned()]].concat();
    assert_eq!(read(&kcat, "read_uncommitted"), seen);
    assert_eq!(read(&kcat, "read_committed"), committed, "it is open");
    kcat.produce("whole", &transaction, &lines(4));
    assert_eq!(read(&kcat, "read_committed"), [committed, lines(4)].concat());
    assert_eq!(read(&kcat, "read_uncommitted"), [seen, lines(4)].concat());
    kcat.broker.stop();
}
