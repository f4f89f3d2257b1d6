//! What a seed means for the scenario of transactions.

use crate::faults::{Blow, Fault, Moment};
use crate::random::SimRandom;
use std::time::Duration;

/// Time in which producers, topics, the disk and the broker suffer; afterwards all must come to rest.
const CHAOS_MS: u64 = 3000;

/// Everything that is drawn before a run begins.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) cores: usize,
    pub(super) latency_max: Duration,
    /// Partitions of the input and the output, and of each other topic.
    pub(super) input: i32,
    pub(super) output: i32,
    pub(super) others: Vec<i32>,
    pub(super) writers: Vec<WriterPlan>,
    pub(super) faults: Vec<Fault>,
    /// Topics that are deleted and created anew: when, which, and for how long they are away.
    pub(super) changes: Vec<(Duration, usize, Duration)>,
    /// When the disk is full, how many bytes are free then, and for how long.
    pub(super) full: Option<(Duration, u64, Duration)>,
    pub(super) value_max: u64,
    pub(super) chaos: Duration,
}

/// How one transactional id is used.
#[derive(Clone, Debug)]
pub(super) struct WriterPlan {
    /// Partitions of the input that it reads, to write the output; without any it writes the input and other topics.
    pub(super) reads: Vec<i32>,
    pub(super) kind: Kind,
    pub(super) timeout: Duration,
    /// Of a hundred transactions so many are to be aborted.
    pub(super) aborts: u64,
    pub(super) begins: Duration,
    /// What happens to its processes, and when.
    pub(super) deeds: Vec<(Duration, Deed)>,
}

/// Which protocol its processes speak.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Old,
    New,
    /// Each process draws anew.
    Mixed,
}

/// What happens to a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deed {
    /// It stands still, and goes on with what it knows.
    Pause(Duration),
    /// It ends; another one begins later.
    Vanish(Duration),
    /// Another one begins while it goes on.
    TakenOver,
    /// Nothing passes between its host and the broker.
    CutOff(Duration),
    /// Its connection breaks after a request and before the answer.
    LoseAnswer,
    /// A request is kept back on its way for so long; the client gives it up with its connection, and asks again on another one.
    Late(Duration),
}

impl WriterPlan {
    /// It works on the input.
    pub(super) fn is_pipeline(&self) -> bool {
        !self.reads.is_empty()
    }
}

impl Plan {
    pub(super) fn draw(seed: u64) -> Plan {
        let random = SimRandom::new(seed ^ 0x7478_6e73);
        let others: Vec<i32> = (0..random.between(1, 2)).map(|_| small(random.between(1, 2))).collect();
        let writers = random.between(2, 3);
        let input: i32 = small(random.between(1, 3));
        let pipelines: i32 = small(random.between(1, 2));
        let mut plans: Vec<WriterPlan> = (0..writers).map(|_| writer(&random, Vec::new())).collect();
        for pipeline in 0..pipelines.min(input) {
            let reads = (0..input).filter(|partition| partition % pipelines.min(input) == pipeline);
            plans.push(writer(&random, reads.collect()));
        }
        let faults = random.between(1, 3);
        Plan {
            cores: small(random.between(1, 2)),
            latency_max: millis(random.between(1, 6)),
            input,
            output: small(random.between(1, 3)),
            changes: changes(&random, others.len() as u64),
            others,
            writers: plans,
            faults: (0..faults).map(|number| fault(&random, number == 0)).collect(),
            full: random.percent(40).then(|| full(&random)),
            value_max: random.between(20, 1500),
            chaos: millis(CHAOS_MS),
        }
    }
}

fn writer(random: &SimRandom, reads: Vec<i32>) -> WriterPlan {
    let kind = match random.between(0, 9) {
        0..=3 => Kind::Old,
        4..=6 => Kind::New,
        _ => Kind::Mixed,
    };
    let count = random.between(2, 7);
    let mut times: Vec<u64> = (0..count).map(|_| random.between(200, CHAOS_MS - 300)).collect();
    times.sort_unstable();
    WriterPlan {
        reads,
        kind,
        timeout: millis(random.between(250, 1000)),
        aborts: random.between(10, 40),
        begins: millis(random.between(0, 200)),
        deeds: times.into_iter().map(|time| (millis(time), deed(random))).collect(),
    }
}

fn deed(random: &SimRandom) -> Deed {
    match random.between(0, 14) {
        0..=2 => Deed::Pause(millis(random.between(20, 1500))),
        3..=4 => Deed::Vanish(millis(random.between(0, 1200))),
        5..=7 => Deed::TakenOver,
        8 => Deed::CutOff(millis(random.between(50, 1200))),
        9..=10 => Deed::LoseAnswer,
        _ => Deed::Late(millis(random.between(5, 500))),
    }
}

fn changes(random: &SimRandom, topics: u64) -> Vec<(Duration, usize, Duration)> {
    let mut times: Vec<u64> =
        (0..random.between(0, 3)).map(|_| random.between(300, CHAOS_MS - 300)).collect();
    times.sort_unstable();
    let change = |time: u64| {
        let pause = if random.percent(50) { 0 } else { random.between(0, 400) };
        (millis(time), small(random.between(0, topics - 1)), millis(pause))
    };
    times.into_iter().map(change).collect()
}

fn full(random: &SimRandom) -> (Duration, u64, Duration) {
    let begins = random.between(300, CHAOS_MS - 1200);
    (millis(begins), random.between(0, 200_000), millis(random.between(200, 1000)))
}

fn fault(random: &SimRandom, is_first: bool) -> Fault {
    let blow = match random.between(0, 9) {
        _ if is_first => Blow::PowerCut,
        0..=5 => Blow::PowerCut,
        6..=8 => Blow::Kill,
        _ => Blow::Stop,
    };
    let moment = match random.between(0, 9) {
        0..=3 => Moment::ServedOps(random.between(1, 600)),
        4 if blow != Blow::Stop => Moment::StartOps(random.between(0, 80)),
        _ => Moment::Served(millis(random.between(50, 1200))),
    };
    let survivors = if random.percent(30) { random.between(0, 1) } else { random.draw() };
    Fault { blow, moment, is_silent: random.percent(40), survivors, down: millis(random.between(0, 300)) }
}

fn small<T: TryFrom<u64> + Default>(number: u64) -> T {
    T::try_from(number).unwrap_or_default()
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}
