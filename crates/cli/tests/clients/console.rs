//! Kafka's own console tools print against the real binary what they print against Kafka 4.3.1 (golden/console: recorded.txt of each list).
//!
//! All commands of a list run in one JVM, through tests/clients/java/Console.java, which masks what belongs to a run. Its accepted.txt
//! names the lines that differ on purpose, each with its reason; a row without use fails the test, so the table cannot rot.

use crate::broker::Broker;
use crate::pattern::matches;
use crate::program;
use crate::toolbox::{self, or_skip};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The file of the recorded broker, see xtask/src/kafka.rs.
const SERVER_PROPERTIES: &str = "\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:PORT,CONTROLLER://127.0.0.1:NEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:NEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
offsets.topic.replication.factor=1
log.dirs=DATA
";

/// A command and what it printed; the last line is its exit status.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    command: String,
    lines: Vec<String>,
}

impl Said {
    fn name(&self) -> &str {
        self.command.split(' ').next().unwrap()
    }
}

/// What a consumer of the new protocol prints when it hears of its partitions before it knows the name of their topic: whether it
/// does is a race inside the client.
const BEFORE_THE_NAME: &str = r#""name":"partitions_assigned","partitions":[]"#;

fn read<'a>(text: impl IntoIterator<Item = &'a str>) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for line in text {
        match line.strip_prefix("$ ") {
            Some(command) => all.push(Said { command: command.to_owned(), lines: Vec::new() }),
            None if line.contains(BEFORE_THE_NAME) => {}
            None => all.last_mut().unwrap().lines.push(line.to_owned()),
        }
    }
    all
}

/// Who prints a line that the other does not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Kafka,
    Here,
}

impl Side {
    fn of(sign: &str) -> Option<Side> {
        [Side::Kafka, Side::Here].into_iter().find(|side| side.to_string() == sign)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Side::Kafka { "-" } else { "+" })
    }
}

/// Returns the lines that one side alone has, and the first one that is in another place.
fn differences(theirs: &[String], ours: &[String]) -> Vec<(Side, String)> {
    let ((common, their_own), (ours_common, our_own)) = (apart(theirs, ours), apart(ours, theirs));
    let moved = common.iter().zip(&ours_common).find(|(theirs, ours)| theirs != ours);
    let moved = moved.map(|(_, ours)| (Side::Here, format!("{ours} (in another place)")));
    let their_own = their_own.into_iter().map(|line| (Side::Kafka, line));
    their_own.chain(our_own.into_iter().map(|line| (Side::Here, line))).chain(moved).collect()
}

/// Parts lines into those that `other` has too, and those that it has less often.
fn apart(lines: &[String], other: &[String]) -> (Vec<String>, Vec<String>) {
    let mut left: BTreeMap<&String, usize> = BTreeMap::new();
    other.iter().for_each(|line| *left.entry(line).or_default() += 1);
    lines.iter().cloned().partition(|line| match left.get_mut(line) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    })
}

/// A row of the table.
struct Row {
    line: String,
    name: String,
    side: Side,
    pattern: String,
    met: bool,
}

/// The differences that are meant.
struct Accepted(Vec<Row>);

impl Accepted {
    fn read(text: &str) -> Accepted {
        let rows = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        Accepted(rows.map(|line| Accepted::row(line).unwrap_or_else(|| panic!("no row: {line}"))).collect())
    }

    fn row(line: &str) -> Option<Row> {
        let (place, reason) = line.rsplit_once(" # ")?;
        let (name, rest) = place.split_once(' ')?;
        let (sign, pattern) = rest.split_once(' ')?;
        let side = Side::of(sign).filter(|_| !reason.is_empty())?;
        Some(Row {
            line: line.to_owned(),
            name: name.to_owned(),
            side,
            pattern: pattern.to_owned(),
            met: false,
        })
    }

    fn allows(&mut self, name: &str, side: Side, line: &str) -> bool {
        let covers = |row: &&mut Row| {
            row.side == side && matches(&row.name, name) && matches(&row.pattern, line.trim_start())
        };
        let mut covering = self.0.iter_mut().filter(covers).peekable();
        let allowed = covering.peek().is_some();
        covering.for_each(|row| row.met = true);
        allowed
    }

    fn idle(&self) -> impl Iterator<Item = String> {
        let idle = self.0.iter().filter(|row| !row.met);
        idle.map(|row| format!("no difference any more, take the row away: {}", row.line))
    }
}

/// Compares two runs; returns what is wrong, a line each.
fn compare(theirs: &[Said], ours: &[Said], accepted: &mut Accepted) -> Vec<String> {
    let commands = |all: &[Said]| all.iter().map(|said| said.command.clone()).collect::<Vec<_>>();
    if commands(theirs) != commands(ours) {
        return vec!["other commands than those recorded: run `cargo xtask kafka-record console`".to_owned()];
    }
    let mut wrong = Vec::new();
    for (theirs, ours) in theirs.iter().zip(ours) {
        for (side, line) in differences(&theirs.lines, &ours.lines) {
            if !accepted.allows(ours.name(), side, &line) {
                wrong.push(format!("{} {side} {line}", ours.name()));
            }
        }
    }
    wrong.extend(accepted.idle());
    wrong
}

/// A list of commands, what its broker has beside the defaults, and how many commands are recorded at least.
struct List {
    folder: &'static str,
    settings: &'static str,
    commands: usize,
}

impl List {
    fn golden(&self, name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden").join(self.folder).join(name)
    }

    /// Runs the tools for a test; all that they print must be what is recorded or accepted.
    fn check(&self, test: &str) {
        let Some(mut tools) = or_skip(test, toolbox::kafka_console()) else { return };
        let properties = format!("{SERVER_PROPERTIES}{}", self.settings);
        let mut broker = Broker::from_file(&properties, &[]);
        tools.arg(broker.address()).arg(broker.data()).arg(self.golden("commands.txt")).arg("0");
        let ours = program::run("kafka's console tools", &mut tools);
        broker.stop();
        let file = |name| std::fs::read_to_string(self.golden(name)).unwrap();
        let (recorded, mut accepted) = (file("recorded.txt"), Accepted::read(&file("accepted.txt")));
        let (theirs, ours) = (read(recorded.lines()), read(ours.iter().map(String::as_str)));
        assert!(theirs.len() >= self.commands, "{} commands are recorded", theirs.len());
        let wrong = compare(&theirs, &ours, &mut accepted);
        assert!(wrong.is_empty(), "{} differences from Kafka 4.3.1:\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// Protects: an operator's commands of Kafka's own tools print what they print against Kafka 4.3.1, but for the lines that are named.
#[test]
fn console_tools_print_what_they_print_against_kafka() {
    let list = List { folder: "console", settings: "", commands: 90 };
    list.check("console_tools_print_what_they_print_against_kafka");
}

/// Protects: Kafka's own tools for groups (list, describe, reset-offsets, delete, and those that consume) print for groups of the
/// classic protocol what they print against Kafka 4.3.1, but for the lines that are named.
#[test]
fn group_tools_print_what_they_print_against_kafka() {
    let settings = "group.initial.rebalance.delay.ms=0\n";
    let list = List { folder: "console/groups", settings, commands: 180 };
    list.check("group_tools_print_what_they_print_against_kafka");
}

/// Protects: the same for groups of the consumer protocol.
#[test]
fn consumer_group_tools_print_what_they_print_against_kafka() {
    let settings = "group.consumer.min.heartbeat.interval.ms=100\ngroup.consumer.heartbeat.interval.ms=100\n\
        group.consumer.assignment.interval.ms=0\ngroup.consumer.session.timeout.ms=60000\n";
    let list = List { folder: "console/consumer", settings, commands: 180 };
    list.check("consumer_group_tools_print_what_they_print_against_kafka");
}

/// Protects: Kafka's own tool for transactions (list, describe, describe-producers, find-hanging, abort) prints what it prints against
/// Kafka 4.3.1, but for the lines that are named: an abort is whole here.
#[test]
fn transaction_tools_print_what_they_print_against_kafka() {
    let settings = "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n";
    let list = List { folder: "console/transactions", settings, commands: 60 };
    list.check("transaction_tools_print_what_they_print_against_kafka");
}

/// Protects: lines of one side alone, lines in another place and rows without use are told.
#[test]
fn differing_lines_are_told() {
    let said = |text: &'static str| read(text.lines());
    let theirs = said("$ one tool\na\nb\nb\n= 0\n$ two tool\nx\ny\n= 0");
    let ours = said("$ one tool\na\nb\nc\n= 0\n$ two tool\ny\nx\n= 0");
    let told = compare(&theirs, &ours, &mut Accepted::read(""));
    assert_eq!(told, ["one - b", "one + c", "two + y (in another place)"]);
    let mut accepted = Accepted::read("# rows\none - b # more\n* + * # anything\ntwo - x # never\n");
    let told = compare(&theirs, &ours, &mut accepted);
    assert_eq!(told, ["no difference any more, take the row away: two - x # never"]);
    assert_eq!(compare(&theirs, &ours[..1], &mut Accepted::read("")).len(), 1);
}
