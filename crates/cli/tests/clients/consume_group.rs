//! `highwater consume --group`: members that share a topic, die, are told to end, and go on where the group stands.

use crate::broker::{Broker, terminate};
use crate::program::{self, Program};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

const TOPIC: &str = "shared";
/// A member that says nothing for so long will say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(120);
/// Sessions whose end a test can wait for.
const QUICK: [&str; 4] = [
    "group.consumer.min.session.timeout.ms=1000",
    "group.consumer.session.timeout.ms=3000",
    "group.consumer.min.heartbeat.interval.ms=100",
    "group.consumer.heartbeat.interval.ms=300",
];

/// A broker with one topic.
struct Shared {
    broker: Broker,
    written: u32,
}

impl Shared {
    fn start(partitions: u32) -> Shared {
        let shared = Shared { broker: Broker::start(&QUICK), written: 0 };
        shared.run(&["topic", "create", TOPIC, "--partitions", &partitions.to_string()]);
        shared
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(words).args(["--bootstrap", &self.broker.address()]);
        command
    }

    fn run(&self, words: &[&str]) -> Vec<String> {
        program::run("highwater", &mut self.command(words))
    }

    /// Reads as a member until it ends by itself; returns the values.
    fn consume(&self, words: &[&str]) -> Vec<String> {
        self.run(&[&["consume", TOPIC, "--group", "g"], words].concat())
    }

    /// Writes so many more records, each with a key and a value of its own.
    fn write(&mut self, count: u32) {
        let next = self.written..self.written + count;
        let lines: String = next.map(|number| format!("key{number}:{number}\n")).collect();
        let mut program =
            Program::start("highwater produce", &mut self.command(&["produce", TOPIC, "-K", ":"]));
        program.feed(lines.into_bytes());
        while program.line().is_some() {}
        self.written += count;
    }
}

/// Members, and what they have said.
struct Members {
    sender: Sender<(char, String)>,
    lines: Receiver<(char, String)>,
    children: BTreeMap<char, Child>,
    seen: BTreeMap<char, Vec<u32>>,
}

impl Members {
    fn new() -> Members {
        let (sender, lines) = channel();
        Members { sender, lines, children: BTreeMap::new(), seen: BTreeMap::new() }
    }

    fn start(&mut self, name: char, shared: &Shared) {
        let words = ["consume", TOPIC, "--group", "g", "--follow", "-v", "--commit-interval", "0"];
        let mut command = shared.command(&words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        forward(name, child.stdout.take().unwrap(), self.sender.clone());
        forward(name, child.stderr.take().unwrap(), self.sender.clone());
        self.children.insert(name, child);
    }

    /// Takes in the next line: `partition@offset value`, or a remark.
    fn line(&mut self) -> (char, String) {
        let (name, line) = self.lines.recv_timeout(SILENCE_MAX).unwrap();
        if let Some((_, value)) = line.split_once(' ').filter(|(place, _)| place.contains('@')) {
            self.seen.entry(name).or_default().push(value.parse().unwrap());
        }
        (name, line)
    }

    /// Waits until a member says something that begins so.
    fn until(&mut self, name: char, words: &str) {
        loop {
            let (who, line) = self.line();
            if who == name && line.starts_with(words) {
                return;
            }
        }
    }

    /// Waits until every record below this number was written by some member.
    fn until_seen(&mut self, written: u32) {
        while self.all().len() < usize::try_from(written).unwrap() {
            self.line();
        }
        assert!(self.all().iter().copied().eq(0..written));
    }

    fn all(&self) -> BTreeSet<u32> {
        self.seen.values().flatten().copied().collect()
    }

    fn kill(&mut self, name: char) {
        let child = self.children.get_mut(&name).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends SIGTERM; it must end with status 0.
    fn stop(&mut self, name: char) {
        let child = self.children.get_mut(&name).unwrap();
        terminate(child.id());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        for child in self.children.values_mut() {
            let _gone_already = child.kill();
            let _gone_already = child.wait();
        }
    }
}

fn forward(name: char, source: impl Read + Send + 'static, sender: Sender<(char, String)>) {
    let read = move || {
        let lines = BufReader::new(source).lines().map_while(Result::ok);
        lines.take_while(|line| sender.send((name, line.clone())).is_ok()).for_each(drop);
    };
    std::thread::Builder::new().spawn(read).unwrap();
}

/// Protects: members share a topic; when one is killed the other takes over and no record is missed, however often
/// one is seen; a member that is told to end commits what it has written, so that nobody gets it again.
#[test]
fn a_member_takes_over_from_one_that_was_killed() {
    let mut shared = Shared::start(4);
    let mut members = Members::new();
    shared.write(100);
    members.start('a', &shared);
    members.until_seen(100);
    members.start('b', &shared);
    members.until('b', "reading");
    shared.write(100);
    members.until_seen(200);
    assert_eq!(members.seen.len(), 2, "{:?}", members.seen);
    let shown = shared.run(&["group", "describe", "g"]).join("\n");
    assert!(shown.contains("kind consumer") && shown.contains("protocol uniform"), "{shown}");
    assert!(shown.contains("2 members, 4 partitions"), "{shown}");
    shared.write(2000);
    members.until('a', "");
    members.kill('a');
    members.until_seen(2200);
    members.stop('b');
    assert_eq!(shared.consume(&[]), [""; 0]);
}

/// Protects: a member that has what it was asked for commits just that and leaves, so that the next one goes on behind it at once.
#[test]
fn a_count_is_committed_to_the_record() {
    let mut shared = Shared::start(1);
    shared.write(12);
    let numbers = |from: u32, to: u32| (from..to).map(|number| number.to_string()).collect::<Vec<_>>();
    assert_eq!(shared.consume(&["-n", "5"]), numbers(0, 5));
    assert_eq!(shared.consume(&["-n", "5", "--no-commit"]), numbers(5, 10));
    assert_eq!(shared.consume(&["-n", "5"]), numbers(5, 10));
    assert_eq!(shared.consume(&[]), numbers(10, 12));
    let latest = ["consume", TOPIC, "--group", "other", "--from", "latest"];
    assert_eq!(shared.run(&latest), [""; 0]);
}
