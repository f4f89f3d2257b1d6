//! Pipelines from topic to topic under kill -9: franz-go, with an epoch for each transaction, and librdkafka, with the protocol of old,
//! read in groups, write and commit in transactions, one in four of them aborted, while the broker is killed ten times. At the end each
//! input is in the output once and in order, the groups have committed all of it, and nothing is open.
//!
//! A kill strikes after so many steps of one of the pipelines as are drawn from the seed that is printed; the other is wherever it is then.
//! A producer vanishes before the last kill and leaves a transaction open.

use crate::broker::Broker;
use crate::program::{self, Program};
use crate::toolbox::{self, Family, both, or_skip};
use crate::transact::Producer;
use std::process::Command;
use std::time::{Duration, Instant};

const INPUT: &str = "input";
const PARTITIONS: u32 = 2;
/// Records of each partition of the input.
const RECORDS: usize = 250;
const KILLS: usize = 10;
/// Transactions of each pipeline around a kill.
const SHARE: usize = 4;
/// What a pipeline says of a transaction: that it sends, that it ends it, and how that went.
const STEPS: usize = 3;
/// Time-out of the transaction that is left open.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How much later it may be ended.
const OVERDUE_MAX: Duration = Duration::from_secs(10);

/// A pipeline, and what it has said.
struct Pipeline {
    family: Family,
    program: Program,
    /// Its output; also its transactional id and its group.
    name: &'static str,
    committed: usize,
    aborted: usize,
}

impl Pipeline {
    fn start(family: Family, name: &'static str, address: &str, seed: u64) -> Pipeline {
        admin(&["create", address, name, &PARTITIONS.to_string()]);
        let count = RECORDS * PARTITIONS as usize;
        let program = family.pipe([address, name, INPUT, name], count, seed);
        Pipeline { family, program, name, committed: 0, aborted: 0 }
    }

    /// Lets it do a share of transactions.
    fn go_on(&mut self) {
        (0..SHARE).for_each(|_| self.program.tell("on"));
    }

    /// Waits for its next step.
    fn step(&mut self) {
        match self.program.line().as_deref() {
            Some("SENDING" | "ENDING") => {}
            Some("COMMITTED") => self.committed += 1,
            Some("ABORTED") => self.aborted += 1,
            other => self.program.fail(&format!("it said {other:?}")),
        }
    }

    /// Waits until so many of its transactions have ended.
    fn until_ended(&mut self, count: usize) {
        while self.committed + self.aborted < count {
            self.step();
        }
    }

    /// Lets it come to the end of the input.
    fn finish(&mut self) {
        let lines = self.program.succeed();
        assert_eq!(lines.last().unwrap(), "DONE");
        let count = |word| lines.iter().filter(|line| *line == word).count();
        self.committed += count("COMMITTED");
        self.aborted += count("ABORTED");
    }

    /// Looks, with another family, at what came of it.
    fn judge(&self, reader: &Family, address: &str) {
        println!("{}: {} committed, {} aborted", self.name, self.committed, self.aborted);
        assert!(self.committed > KILLS && self.aborted > 0);
        for partition in 0..PARTITIONS {
            let lines = reader.see(address, self.name, partition, "read_committed");
            let seen: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("V ")).collect();
            let first = partition as usize * RECORDS;
            let written: Vec<String> = (first..first + RECORDS).map(|n| format!("mark-{n:06}.")).collect();
            assert_eq!(seen, written, "{} {partition}: each input once, in its order", self.name);
            let offsets = reader.committed([address, self.name, INPUT], partition);
            assert!(offsets.contains(&format!("C {partition} {RECORDS}")), "{}: {offsets:?}", self.name);
        }
    }
}

fn admin(words: &[&str]) {
    program::run("franz-go", &mut toolbox::go(words).unwrap());
}

/// Leaves a transaction open in both outputs.
fn vanish(family: &Family, address: &str, pipelines: &[Pipeline; 2]) {
    let timeout_ms = u32::try_from(TIMEOUT.as_millis()).unwrap();
    let mut producer = Producer::start(family, address, "vanished", timeout_ms);
    producer.done(&["begin"]);
    for pipeline in pipelines {
        producer.done(&[&format!("send {} 0 vanished", pipeline.name)]);
    }
}

/// Waits until no partition of the outputs has anything open, as long as that may take.
#[allow(clippy::disallowed_methods, reason = "the broker has the real clock, too")]
fn until_nothing_is_open(broker: &Broker, outputs: &[&str]) {
    let since = Instant::now();
    let is_open = |output: &str, partition| {
        let told = broker.http(&format!("/lso/{output}/{partition}"));
        let told: serde_json::Value = serde_json::from_str(told.split_once("\r\n\r\n").unwrap().1).unwrap();
        told["waiting"] != 0
    };
    while outputs.iter().any(|output| (0..PARTITIONS).any(|partition| is_open(output, partition))) {
        assert!(since.elapsed() < TIMEOUT + OVERDUE_MAX, "something stays open");
        std::thread::yield_now();
    }
}

/// Returns the states of all transactional ids.
fn states(address: &str) -> Vec<String> {
    let mut list = Command::new(env!("CARGO_BIN_EXE_highwater"));
    list.args(["txn", "list", "--json", "--bootstrap", address]);
    let lines = program::run("highwater txn list", &mut list);
    let ids: serde_json::Value = serde_json::from_str(&lines.concat()).unwrap();
    ids.as_array().unwrap().iter().map(|id| id["state"].as_str().unwrap().to_owned()).collect()
}

/// Protects: T1, T4, T8 for real pipelines of both protocols under kill -9: each input once in the output, offsets that agree, nothing torn,
/// nothing left open, and no client that gives up.
#[test]
fn pipelines_cross_kill_9() {
    let tools = both(toolbox::franz_go(), toolbox::confluent());
    let Some((new, old)) = or_skip("pipelines_cross_kill_9", tools) else { return };
    let mut draw = u64::from(std::process::id());
    println!("pipelines_cross_kill_9: seed {draw}");
    let mut broker = Broker::start(&[
        "highwater.preset=tiny",
        "group.initial.rebalance.delay.ms=0",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms=500",
    ]);
    let address = broker.address();
    admin(&["create", &address, INPUT, &PARTITIONS.to_string()]);
    for partition in 0..PARTITIONS {
        let first = partition as usize * RECORDS;
        admin(&["single", &address, INPUT, &partition.to_string(), &first.to_string(), &RECORDS.to_string()]);
    }
    let mut pipelines = [
        Pipeline::start(new.clone(), "of-franz-go", &address, draw),
        Pipeline::start(old.clone(), "of-librdkafka", &address, draw),
    ];
    for kill in 0..KILLS {
        if kill == KILLS - 1 {
            vanish(&new, &address, &pipelines);
        }
        pipelines.iter_mut().for_each(Pipeline::go_on);
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let steps = usize::try_from(draw >> 33).unwrap() % (SHARE * (STEPS - 1));
        (0..=steps).for_each(|_| pipelines[kill % 2].step());
        broker.kill9();
        broker.start_again();
        pipelines.iter_mut().for_each(|pipeline| pipeline.until_ended((kill + 1) * SHARE));
    }
    pipelines.iter_mut().for_each(Pipeline::finish);
    until_nothing_is_open(&broker, &pipelines.each_ref().map(|pipeline| pipeline.name));
    pipelines[0].judge(&pipelines[1].family, &address);
    pipelines[1].judge(&pipelines[0].family, &address);
    let states = states(&address);
    assert!(states.len() == 3 && states.iter().all(|state| state.starts_with("Complete")), "{states:?}");
    broker.stop();
}
