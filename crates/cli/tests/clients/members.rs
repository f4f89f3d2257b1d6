//! Members of consumer groups, of real clients: they join, share, leave, die, come back, are paused, and lose nothing that
//! was committed.
//!
//! The programs (tests/clients, `member`) say what they are given and what they read; what is awaited is what they say. A
//! session lasts 6 s where its end is awaited, and longer elsewhere.

use crate::broker::Broker;
use crate::program::{self, Program};
use crate::toolbox::{self, Family, or_skip};
use std::collections::BTreeSet;
use std::process::Command;

const PARTITIONS: u32 = 4;
const TOPIC: &str = "shared";
/// Session of members whose end is awaited. *Units*: milliseconds.
const SHORT: u32 = 6_000;
/// Session of members that are to outlive a pause or a restart. *Units*: milliseconds.
const LONG: u32 = 45_000;

/// A member, and what it has said.
struct Member {
    program: Program,
    assigned: BTreeSet<u32>,
    rebalances: usize,
    read: Vec<(u32, u64)>,
}

impl Member {
    fn start(family: &Family, address: &str, group: &str, instance: &str, session_ms: u32) -> Member {
        let program = family.member([address, group, TOPIC, instance], session_ms);
        Member { program, assigned: BTreeSet::new(), rebalances: 0, read: Vec::new() }
    }

    /// Takes in the next line; returns it.
    fn line(&mut self) -> String {
        let Some(line) = self.program.line() else { self.program.fail("it ended") };
        if let Some(given) = line.strip_prefix("ASSIGNED ") {
            self.assigned = given.split(',').filter_map(|p| p.parse().ok()).collect();
            self.rebalances += 1;
        }
        if let Some((partition, offset)) = line.strip_prefix("READ ").and_then(|rest| rest.split_once(' ')) {
            self.read.push((partition.parse().unwrap(), offset.parse().unwrap()));
        }
        line
    }

    fn until(&mut self, done: impl Fn(&Member) -> bool) {
        while !done(self) {
            self.line();
        }
    }

    /// Waits until it has so many partitions.
    fn until_assigned(&mut self, count: usize) {
        self.until(|member| member.assigned.len() == count);
    }

    /// Waits until it has read so many records.
    fn until_read(&mut self, count: usize) {
        self.until(|member| member.read.len() == count);
    }

    /// Says something; returns the line that answers it.
    fn ask(&mut self, line: &str) -> String {
        self.program.tell(line);
        self.answer()
    }

    fn answer(&mut self) -> String {
        loop {
            let line = self.line();
            if ["COMMITTED", "REFUSED", "HELD", "PONG"].contains(&line.split(' ').next().unwrap()) {
                return line;
            }
        }
    }

    fn commit(&mut self) {
        assert_eq!(self.ask("commit"), "COMMITTED");
    }

    /// Leaves the group.
    fn leave(mut self) -> Vec<(u32, u64)> {
        self.program.succeed();
        self.read
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.program.pid().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

/// A broker with the topic, and how many records each partition has.
struct Shared {
    broker: Broker,
    records: usize,
}

impl Shared {
    fn start() -> Shared {
        let broker = Broker::start(&[
            "group.initial.rebalance.delay.ms=0",
            "group.min.session.timeout.ms=6000",
            "group.consumer.min.session.timeout.ms=6000",
            "group.consumer.session.timeout.ms=6000",
            "group.consumer.min.heartbeat.interval.ms=500",
            "group.consumer.heartbeat.interval.ms=500",
            "group.consumer.assignment.interval.ms=200",
        ]);
        admin(&["create", &broker.address(), TOPIC, &PARTITIONS.to_string()]);
        Shared { broker, records: 0 }
    }

    fn join(&self, family: &Family, group: &str, instance: &str, session_ms: u32) -> Member {
        Member::start(family, &self.broker.address(), group, instance, session_ms)
    }

    /// Puts so many more records into each partition.
    fn write(&mut self, count: usize) {
        let (address, first, number) = (self.broker.address(), self.records.to_string(), count.to_string());
        for partition in 0..PARTITIONS {
            admin(&["single", &address, TOPIC, &partition.to_string(), &first, &number]);
        }
        self.records += count;
    }

    /// Returns the committed offsets of a group, by partition.
    fn committed(&self, group: &str) -> Vec<(u32, u64)> {
        committed(&self.broker.address(), group)
    }
}

fn committed(address: &str, group: &str) -> Vec<(u32, u64)> {
    let lines = admin(&["committed", address, group]);
    let pair = |line: &String| {
        let (partition, offset) = line.strip_prefix("C ")?.split_once(' ')?;
        Some((partition.parse().ok()?, offset.parse().ok()?))
    };
    let mut all: Vec<(u32, u64)> = lines.iter().map(|line| pair(line).unwrap()).collect();
    all.sort_unstable();
    all
}

fn admin(words: &[&str]) -> Vec<String> {
    program::run("franz-go", &mut toolbox::go(words).unwrap())
}

/// Returns who has what if nothing is missing and nothing is had twice.
fn shares(members: [&Member; 2]) -> [usize; 2] {
    let all: BTreeSet<u32> = members.iter().flat_map(|member| member.assigned.iter().copied()).collect();
    assert_eq!(all, (0..PARTITIONS).collect(), "together they have all partitions");
    let counts = members.map(|member| member.assigned.len());
    assert_eq!(counts.iter().sum::<usize>(), PARTITIONS as usize, "no partition has two owners");
    counts
}

/// Two members of a group that came after each other, which have shared the partitions.
fn two(family: &Family, shared: &Shared, group: &str, instances: [&str; 2], session_ms: u32) -> [Member; 2] {
    let mut first = shared.join(family, group, instances[0], session_ms);
    first.until_assigned(PARTITIONS as usize);
    let mut second = shared.join(family, group, instances[1], session_ms);
    first.until_assigned(PARTITIONS as usize / 2);
    second.until_assigned(PARTITIONS as usize / 2);
    shares([&first, &second]);
    [first, second]
}

/// A group's life: one reads and commits, another joins and goes on where the first has stopped, the first leaves, a third
/// comes and is killed.
fn share_and_leave(family: &Family, shared: &mut Shared) {
    let all = PARTITIONS as usize;
    shared.write(5);
    let mut first = shared.join(family, "g", "-", SHORT);
    first.until_read(all * 5);
    first.commit();
    assert_eq!(shared.committed("g"), (0..PARTITIONS).map(|p| (p, 5)).collect::<Vec<_>>());
    let mut second = shared.join(family, "g", "-", SHORT);
    first.until_assigned(all / 2);
    second.until_assigned(all / 2);
    let [ones, twos] = shares([&first, &second]);
    shared.write(3);
    first.until_read(all * 5 + ones * 3);
    second.until_read(twos * 3);
    first.commit();
    second.commit();
    let mut read = first.leave();
    second.until_assigned(all);
    let mut third = shared.join(family, "g", "-", SHORT);
    second.until_assigned(all / 2);
    third.until_assigned(all / 2);
    third.program.kill();
    static_restart(family, shared);
    second.until_assigned(all);
    shared.write(2);
    second.until_read(twos * 3 + all * 2);
    second.commit();
    assert_eq!(shared.committed("g"), (0..PARTITIONS).map(|p| (p, 10)).collect::<Vec<_>>());
    read.extend(second.leave());
    let unique: BTreeSet<(u32, u64)> = read.iter().copied().collect();
    assert_eq!((read.len(), unique.len()), (all * 10, all * 10), "every record is read, and none twice");
}

/// A static member is killed and comes back: it has what it had, and the other never notices. In the consumer protocol one that
/// is killed holds its place until its session ends; so it ends in order there, and says that it will be back.
fn static_restart(family: &Family, shared: &Shared) {
    if family.is_of_the_consumer_protocol() && family.name() == "franz-go" {
        // franz-go 1.22 does not name its instance when it goes, which is refused, as by Kafka.
        return;
    }
    let [mut first, mut second] = two(family, shared, "static", ["one", "two"], LONG);
    assert_eq!(second.ask("ping"), "PONG");
    let (had, before) = (first.assigned.clone(), second.rebalances);
    if family.is_of_the_consumer_protocol() {
        let _ = first.leave();
    } else {
        first.program.kill();
    }
    let mut again = shared.join(family, "static", "one", LONG);
    again.until_assigned(had.len());
    assert_eq!(again.assigned, had);
    let place = |member: &Member| format!("commit {} 1", member.assigned.first().unwrap());
    let (ours, theirs) = (place(&again), place(&second));
    assert_eq!(again.ask(&ours), "COMMITTED");
    assert_eq!(second.ask(&theirs), "COMMITTED");
    assert_eq!(second.rebalances, before, "no rebalance");
}

/// A member is paused for longer than its session; when it wakes up, its commit must not land on that of its successor.
fn pause(family: &Family, shared: &mut Shared) {
    let [mut first, mut second] = two(family, shared, "paused", ["-", "-"], SHORT);
    let moved = *first.assigned.first().unwrap();
    assert_eq!(first.ask(&format!("commit {moved} 1")), "COMMITTED");
    assert_eq!(first.ask("hold"), "HELD");
    first.signal("-STOP");
    second.until_assigned(PARTITIONS as usize);
    assert_eq!(second.ask(&format!("commit {moved} 9")), "COMMITTED");
    first.program.tell(&format!("commit {moved} 2"));
    first.signal("-CONT");
    let answer = first.answer();
    assert!(answer.starts_with("REFUSED"), "{answer}");
    assert_eq!(shared.committed("paused"), [(moved, 9)]);
}

fn live(test: &str, family: Result<Family, String>) {
    let tools = toolbox::both(family, toolbox::go(&[]));
    let Some((family, _go)) = or_skip(test, tools) else { return };
    let mut shared = Shared::start();
    share_and_leave(&family, &mut shared);
    shared.broker.stop();
}

fn pauses(test: &str, family: Result<Family, String>) {
    let tools = toolbox::both(family, toolbox::go(&[]));
    let Some((family, _go)) = or_skip(test, tools) else { return };
    let mut shared = Shared::start();
    pause(&family, &mut shared);
    shared.broker.stop();
}

/// Protects: consumers of Kafka's Java client share a group: join, leave, kill -9, static restart, commit and resume.
#[test]
fn java_members_share_a_group() {
    live("java_members_share_a_group", toolbox::java("4.3.1"));
}

/// Protects: consumers of confluent-kafka (librdkafka) share a group.
#[test]
fn confluent_members_share_a_group() {
    live("confluent_members_share_a_group", toolbox::confluent());
}

/// Protects: consumers of kafka-python share a group.
#[test]
fn kafka_python_members_share_a_group() {
    live("kafka_python_members_share_a_group", toolbox::kafka_python());
}

/// Protects: consumers of franz-go share a group.
#[test]
fn franz_go_members_share_a_group() {
    live("franz_go_members_share_a_group", toolbox::franz_go());
}

/// Protects: the same in the consumer protocol (KIP-848).
#[test]
fn java_members_share_a_group_of_the_consumer_protocol() {
    let family = toolbox::java("4.3.1").map(Family::of_the_consumer_protocol);
    live("java_members_share_a_group_of_the_consumer_protocol", family);
}

/// Protects: the same in the consumer protocol (KIP-848).
#[test]
fn confluent_members_share_a_group_of_the_consumer_protocol() {
    let family = toolbox::confluent().map(Family::of_the_consumer_protocol);
    live("confluent_members_share_a_group_of_the_consumer_protocol", family);
}

/// Protects: the same in the consumer protocol (KIP-848).
#[test]
fn franz_go_members_share_a_group_of_the_consumer_protocol() {
    let family = toolbox::franz_go().map(Family::of_the_consumer_protocol);
    live("franz_go_members_share_a_group_of_the_consumer_protocol", family);
}

/// Protects C1: the same in the consumer protocol.
#[test]
fn a_paused_java_member_of_the_consumer_protocol_commits_nothing() {
    let family = toolbox::java("4.3.1").map(Family::of_the_consumer_protocol);
    pauses("a_paused_java_member_of_the_consumer_protocol_commits_nothing", family);
}

/// Protects C1: the same in the consumer protocol.
#[test]
fn a_paused_librdkafka_member_of_the_consumer_protocol_commits_nothing() {
    let family = toolbox::confluent().map(Family::of_the_consumer_protocol);
    pauses("a_paused_librdkafka_member_of_the_consumer_protocol_commits_nothing", family);
}

/// Protects C17: a group of librdkafka members changes to the consumer protocol and back, one member at a time; every record is
/// read, and no commit is lost.
#[test]
fn a_group_of_librdkafka_members_changes_its_protocol() {
    let test = "a_group_of_librdkafka_members_changes_its_protocol";
    let tools = toolbox::both(toolbox::confluent(), toolbox::go(&[]));
    let Some((old, _go)) = or_skip(test, tools) else { return };
    let new = old.clone().of_the_consumer_protocol();
    let (mut shared, all) = (Shared::start(), PARTITIONS as usize);
    shared.write(3);
    let mut first = shared.join(&old, "moving", "-", SHORT);
    first.until_read(all * 3);
    first.commit();
    let mut second = shared.join(&new, "moving", "-", SHORT);
    first.until_assigned(all / 2);
    second.until_assigned(all / 2);
    let [ones, twos] = shares([&first, &second]);
    shared.write(2);
    first.until_read(all * 3 + ones * 2);
    second.until_read(twos * 2);
    first.commit();
    second.commit();
    let _ = first.leave();
    second.until_assigned(all);
    // And back: the last member of the new protocol goes.
    let mut third = shared.join(&old, "moving", "-", SHORT);
    second.until_assigned(all / 2);
    third.until_assigned(all / 2);
    let _ = second.leave();
    third.until_assigned(all);
    shared.write(1);
    third.until_read(all);
    third.commit();
    assert_eq!(shared.committed("moving"), (0..PARTITIONS).map(|p| (p, 6)).collect::<Vec<_>>());
    shared.broker.stop();
}

/// Protects C1: a Java consumer that was stopped while its partitions moved commits nothing when it goes on.
#[test]
fn a_paused_java_member_commits_nothing() {
    pauses("a_paused_java_member_commits_nothing", toolbox::java("4.3.1"));
}

/// Protects C1: a consumer of librdkafka that was stopped while its partitions moved commits nothing when it goes on.
#[test]
fn a_paused_librdkafka_member_commits_nothing() {
    pauses("a_paused_librdkafka_member_commits_nothing", toolbox::confluent());
}

/// Protects: members of different clients share one group.
#[test]
fn members_of_different_clients_share_a_group() {
    let test = "members_of_different_clients_share_a_group";
    let tools =
        toolbox::both(toolbox::both(toolbox::confluent(), toolbox::kafka_python()), toolbox::franz_go());
    let Some(((one, two), _go)) = or_skip(test, tools) else { return };
    let mut shared = Shared::start();
    shared.write(2);
    let all = PARTITIONS as usize;
    let mut first = shared.join(&one, "mixed", "-", LONG);
    first.until_read(all * 2);
    first.commit();
    let mut second = shared.join(&two, "mixed", "-", LONG);
    first.until_assigned(all / 2);
    second.until_assigned(all / 2);
    shares([&first, &second]);
    let _ = first.leave();
    second.until_assigned(all);
    let _ = second.leave();
    shared.broker.stop();
}

/// Commits of one round are so many.
const COMMITS: u64 = 400;

/// A static member commits one offset after the other while the broker is killed; when it has come back, what was
/// acknowledged is there, and nothing that is newer than what was tried.
fn commit_under_kills(test: &str, family: Result<Family, String>, rounds: u64) {
    let tools = toolbox::both(family, toolbox::go(&[]));
    let Some((family, _go)) = or_skip(test, tools) else { return };
    let mut shared = Shared::start();
    let mut draw = u64::from(std::process::id());
    println!("{test}: seed {draw}");
    for round in 0..rounds {
        let mut member = shared.join(&family, "killed", "committer", LONG);
        member.until_assigned(PARTITIONS as usize);
        let first = round * COMMITS + 1;
        (first..first + COMMITS).for_each(|n| member.program.tell(&format!("commit 0 {n}")));
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut acknowledged = 0;
        for n in 0..20 + (draw >> 33) % (COMMITS / 2) {
            assert_eq!(member.answer(), "COMMITTED");
            acknowledged = first + n;
        }
        shared.broker.kill9();
        member.program.kill();
        let rest = std::iter::from_fn(|| member.program.line());
        acknowledged += u64::try_from(rest.filter(|line| line == "COMMITTED").count()).unwrap();
        shared.broker.start_again();
        let found = shared.committed("killed");
        let [(0, offset)] = found[..] else { panic!("round {round}: {found:?}") };
        println!("round {round}: {acknowledged} acknowledged, {offset} found");
        // One more may have been on its way.
        assert!(
            (acknowledged..=acknowledged + 1).contains(&offset),
            "{acknowledged} acknowledged, {offset} found"
        );
    }
    shared.broker.stop();
}

/// Protects: an acknowledged commit of a librdkafka member is there after kill -9 of the broker, and none older.
#[test]
fn librdkafka_commits_cross_kill_9() {
    commit_under_kills("librdkafka_commits_cross_kill_9", toolbox::confluent(), 5);
}

/// Protects: an acknowledged commit of a franz-go member is there after kill -9 of the broker, and none older.
#[test]
fn franz_go_commits_cross_kill_9() {
    commit_under_kills("franz_go_commits_cross_kill_9", toolbox::franz_go(), 5);
}

/// A kcat in a group, which says on one stream what it reads and what it is given.
fn kcat(address: &str, group: &str) -> Program {
    let line = format!(
        "exec kcat -b {address} -G {group} {TOPIC} -u -X session.timeout.ms={SHORT} -X heartbeat.interval.ms=500 \
         -X auto.offset.reset=earliest -f 'READ %p %o\\n' 2>&1"
    );
    Program::start("kcat -G", Command::new("/bin/sh").args(["-c", &line]))
}

/// Waits for a line that says how many partitions a kcat has.
fn kcat_has(kcat: &mut Program, count: usize) {
    loop {
        let Some(line) = kcat.line() else { kcat.fail("it ended") };
        if line.contains("assigned: ") && line.matches('[').count() == count {
            return;
        }
    }
}

fn kcat_reads(kcat: &mut Program, count: usize) -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    while read.len() < count {
        let Some(line) = kcat.line() else { kcat.fail("it ended") };
        assert!(!line.starts_with("READ ") || read.insert(line.clone()), "twice: {line}");
        assert!(!line.contains("ERROR"), "{line}");
    }
    read
}

/// Protects: kcat -G joins, shares, leaves with what it has read committed, and another goes on there; one that is killed is
/// missed after its session.
#[test]
fn kcats_share_a_group() {
    let tools = toolbox::both(toolbox::kcat(), toolbox::go(&[]));
    let Some(_tools) = or_skip("kcats_share_a_group", tools) else { return };
    let (mut shared, all) = (Shared::start(), PARTITIONS as usize);
    let address = shared.broker.address();
    shared.write(3);
    let mut first = kcat(&address, "k");
    kcat_has(&mut first, all);
    kcat_reads(&mut first, all * 3);
    let mut second = kcat(&address, "k");
    kcat_has(&mut first, all / 2);
    kcat_has(&mut second, all / 2);
    crate::broker::terminate(first.pid());
    first.succeed();
    kcat_has(&mut second, all);
    assert_eq!(shared.committed("k"), (0..PARTITIONS).map(|p| (p, 3)).collect::<Vec<_>>());
    shared.write(1);
    kcat_reads(&mut second, all);
    let mut third = kcat(&address, "k");
    kcat_has(&mut second, all / 2);
    kcat_has(&mut third, all / 2);
    third.kill();
    kcat_has(&mut second, all);
    crate::broker::terminate(second.pid());
    second.succeed();
    assert_eq!(shared.committed("k"), (0..PARTITIONS).map(|p| (p, 4)).collect::<Vec<_>>());
    shared.broker.stop();
}
