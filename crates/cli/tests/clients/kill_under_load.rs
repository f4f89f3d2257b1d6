//! kill -9 in the middle of load, ten rounds: a real idempotent producer whose own retries cross the restart, read back by another family.
//!
//! Each round has a topic and a producer of its own, on one data folder. Most kills are aimed: the broker writes marks as it
//! begins and ends a checkpoint, a roll and its recovery, and is killed on one. The others strike after a number of
//! acknowledgements drawn from the seed that is printed.

use crate::broker::Broker;
use crate::ledger::Ledger;
use crate::program::{self, Program};
use crate::toolbox::{self, Family, or_skip};
use std::collections::BTreeSet;

const PARTITIONS: u32 = 3;
/// Acknowledgements before a kill, and again after the restart.
const SHARE: usize = 1_000;
/// An aimed kill may come too late; so often it is tried.
const SHOTS: usize = 20;

/// When a round kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Random,
    Checkpoint,
    Roll,
    /// Inside a checkpoint, and again inside the recovery that follows.
    CheckpointAndRecovery,
}

impl Moment {
    fn mark(self) -> Option<&'static str> {
        match self {
            Moment::Random => None,
            Moment::Roll => Some("roll"),
            Moment::Checkpoint | Moment::CheckpointAndRecovery => Some("checkpoint"),
        }
    }
}

/// A producer under load, with what it has been told.
struct Load {
    program: Program,
    ledger: Ledger,
    producer_ids: BTreeSet<u64>,
}

impl Load {
    fn start(family: &Family, address: &str, topic: &str) -> Load {
        let program = family.load(address, topic, PARTITIONS);
        Load { program, ledger: Ledger::default(), producer_ids: BTreeSet::new() }
    }

    fn note(&mut self, line: &str) {
        self.ledger.note(line);
        let id = line.strip_prefix("P ").and_then(|rest| rest.split(' ').next());
        self.producer_ids.extend(id.map(|id| id.parse::<u64>().unwrap()));
    }

    fn until_acknowledged(&mut self, more: usize) {
        let wanted = self.ledger.count() + more;
        while self.ledger.count() < wanted {
            let Some(line) = self.program.line() else {
                panic!("the producer ended: {}", self.program.last_words())
            };
            self.note(&line);
        }
    }

    fn finish(mut self) -> (Ledger, BTreeSet<u64>) {
        for line in self.program.succeed() {
            self.note(&line);
        }
        (self.ledger, self.producer_ids)
    }
}

/// Kills at the moment and starts again; the producer runs on.
fn kill_and_restart(broker: &mut Broker, load: &mut Load, moment: Moment, draw: usize) {
    load.until_acknowledged(SHARE);
    match moment.mark() {
        None => {
            load.until_acknowledged(draw);
            broker.kill9();
        }
        Some(mark) => aim(broker, load, mark),
    }
    if moment == Moment::CheckpointAndRecovery {
        let inside = (0..SHOTS).any(|_| broker.start_and_kill_inside("recovery"));
        assert!(inside, "no kill fell inside a recovery");
    }
    broker.start_again();
    load.until_acknowledged(SHARE);
}

fn aim(broker: &mut Broker, load: &mut Load, mark: &str) {
    for _ in 0..SHOTS {
        if broker.kill9_inside(mark) {
            return;
        }
        broker.start_again();
        load.until_acknowledged(SHARE);
    }
    panic!("no kill fell inside a {mark}");
}

/// Runs the rounds of one producer family.
fn rounds(test: &str, writer: Result<Family, String>, reader: Result<Family, String>, moments: &[Moment]) {
    let clients = toolbox::both(toolbox::both(writer, reader), toolbox::go(&[]));
    let Some(((writer, reader), _go)) = or_skip(test, clients) else { return };
    let mut draw = u64::from(std::process::id());
    println!("{test}: seed {draw}");
    let mut broker = Broker::start(&["highwater.preset=tiny", "auto.create.topics.enable=false"]);
    let (mut topics, mut producer_ids) = (Vec::new(), BTreeSet::new());
    for (n, moment) in moments.iter().enumerate() {
        let (kept, gone) = (format!("kept-{n}"), format!("gone-{n}"));
        let (address, partitions) = (broker.address(), PARTITIONS.to_string());
        admin(&["create", &address, &kept, &partitions]);
        admin(&["create", &address, &gone, &partitions]);
        admin(&["delete", &address, &gone]);
        let mut load = Load::start(&writer, &address, &kept);
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        kill_and_restart(&mut broker, &mut load, *moment, usize::try_from(draw >> 33).unwrap() % 3_000);
        topics.push(kept.clone());
        let mut found = admin(&["list", &address]);
        // Clients that look for a coordinator, and commit, have them made.
        found.retain(|topic| topic != "__consumer_offsets" && topic != "__highwater_offset_history");
        assert_eq!(found, topics, "topics after round {n}");
        let (ledger, ids) = load.finish();
        assert!(ids.iter().all(|id| producer_ids.insert(*id)), "a producer id was handed out twice: {ids:?}");
        let found = reader.drain(&address, &kept, PARTITIONS);
        println!("round {n}, {moment:?}: {} acknowledged, {} found", ledger.count(), found.len() - 1);
        ledger.judge(&found, 0).unwrap_or_else(|e| panic!("round {n}, {moment:?}: {e}"));
    }
    broker.stop();
}

fn admin(words: &[&str]) -> Vec<String> {
    program::run("franz-go", &mut toolbox::go(words).unwrap())
}

/// Protects: nothing acknowledged to franz-go is lost, doubled or reordered by kill -9, and no producer id comes twice.
#[test]
fn franz_go_retries_cross_kill_9() {
    use Moment::{Checkpoint, CheckpointAndRecovery, Random, Roll};
    let moments = [Checkpoint, Roll, CheckpointAndRecovery, Random, CheckpointAndRecovery];
    rounds("franz_go_retries_cross_kill_9", toolbox::franz_go(), toolbox::confluent(), &moments);
}

/// Protects: nothing acknowledged to confluent-kafka (librdkafka) is lost, doubled or reordered by kill -9.
#[test]
fn librdkafka_retries_cross_kill_9() {
    use Moment::{Checkpoint, CheckpointAndRecovery, Random, Roll};
    let moments = [Roll, Checkpoint, CheckpointAndRecovery, Roll, Random];
    rounds("librdkafka_retries_cross_kill_9", toolbox::confluent(), toolbox::franz_go(), &moments);
}
