//! The scenario `compacted`: a producer writes values and tombstones of few keys into a compacted topic while the broker loses its
//! power; a reader reads the whole topic again and again. In the end the power goes once more, and all is read a last time.
//!
//! K1: whoever reads the whole topic finds, for each key, the last acknowledged value or one that was sent after it; none only
//! if that is a tombstone. K2: what is read was sent for its key and its partition, and its offsets rise.

mod keys;

use crate::clock::wall;
use crate::faults::{Blow, Director, Fault, LastCut, Moment, Stage};
use crate::ghost::Violation;
use crate::machine::{BROKER, Machine, PORT};
use crate::random::SimRandom;
use crate::scenario::{Options, network, traced};
use crate::trace::{Kind, Trace};
use crate::witness::{number, value};
use bytes::Bytes;
use client::{
    ClientError, ClientOptions, Cluster, Consumer, ConsumerOptions, Delivery, NewRecord, NewTopic, Outcome,
    Producer, ProducerOptions, StartAt,
};
use env::net::Net;
use keys::{Keys, ReadRecord};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;
use types::ErrorCode;

const TOPIC: &str = "latest";
const PRODUCER: &str = "producer";
const READER: &str = "reader";
/// Simulated time after which a run has failed to come to an end.
const LONGEST: Duration = Duration::from_secs(60);
/// Pause before something is tried again.
const PAUSE: Duration = Duration::from_millis(20);
/// Time that the compactor gets before the last cut.
const LAST_ROUND: Duration = Duration::from_millis(400);
/// Settings of the broker: a compactor that has something to do, and checkpoints that come soon.
const SETTINGS: &[(&str, &str)] = &[
    ("highwater.wal.first.file.bytes", "65536"),
    ("highwater.wal.file.bytes", "131072"),
    ("highwater.wal.checkpoint.bytes", "131072"),
    ("highwater.wal.pool.bytes", "524288"),
    ("log.cleaner.backoff.ms", "50"),
];

/// Everything that is drawn before a run begins.
#[derive(Clone, Debug)]
struct Plan {
    cores: usize,
    partitions: i32,
    keys: u64,
    batches: u64,
    pause_max: u64,
    value_max: u64,
    latency_max: Duration,
    dirty_ratio: &'static str,
    /// How long tombstones are kept. A reader that takes longer may miss them.
    retention: Duration,
    faults: Vec<Fault>,
}

impl Plan {
    fn draw(seed: u64) -> Plan {
        let random = SimRandom::new(seed ^ 0x6b65_7973);
        let small = |least, most| i32::try_from(random.between(least, most)).unwrap_or(1);
        let faults = random.between(2, 5);
        Plan {
            cores: usize::try_from(random.between(1, 2)).unwrap_or(1),
            partitions: small(1, 2),
            keys: random.between(2, 40),
            batches: random.between(150, 350),
            pause_max: random.between(4, 20),
            value_max: random.between(40, 900),
            latency_max: Duration::from_millis(random.between(1, 8)),
            dirty_ratio: ["0.01", "0.3", "0.5"][usize::try_from(random.between(0, 2)).unwrap_or(0)],
            retention: Duration::from_millis(if random.percent(50) { 1000 } else { 3_600_000 }),
            faults: (0..faults).map(|number| fault(&random, number == 0)).collect(),
        }
    }
}

fn fault(random: &SimRandom, is_first: bool) -> Fault {
    let blow = if is_first || random.percent(65) { Blow::PowerCut } else { Blow::Kill };
    let moment = match random.between(0, 9) {
        0..=4 => Moment::ServedOps(random.between(1, 600)),
        5 => Moment::StartOps(random.between(0, 80)),
        _ => Moment::Served(Duration::from_millis(random.between(50, 800))),
    };
    let survivors = if random.percent(30) { random.between(0, 1) } else { random.draw() };
    let down = Duration::from_millis(random.between(0, 200));
    Fault { blow, moment, is_silent: random.percent(40), survivors, down }
}

/// What a run that broke no rule came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CompactedOutcome {
    /// Its seed.
    pub seed: u64,
    /// Records that were acknowledged.
    pub acked: usize,
    /// Records that were there in the end.
    pub left: usize,
    /// Times that the whole topic was read.
    pub scans: usize,
    /// Segments that took the place of others.
    pub compacted: usize,
    /// Losses of power that struck.
    pub power_cuts: u64,
    /// Ends of the broker's process alone.
    pub kills: u64,
}

impl fmt::Display for CompactedOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CompactedOutcome { seed, acked, left, scans, compacted, power_cuts, kills } = self;
        write!(
            f,
            "seed {seed}: {acked} records acknowledged, {left} left; read {scans} times; {compacted} segments compacted; \
             {power_cuts} power cuts, {kills} kills"
        )
    }
}

#[derive(Clone)]
struct Shared {
    stage: Stage,
    keys: Rc<RefCell<Keys>>,
    is_written: Rc<Cell<bool>>,
    scans: Rc<Cell<usize>>,
    left: Rc<Cell<usize>>,
}

impl Shared {
    fn note(&self, what: fmt::Arguments<'_>) {
        self.stage.trace.add(Kind::Scenario, what);
    }
}

/// Runs the scenario; returns what it did beside how it ended.
pub fn compacted(options: &Options) -> (Trace, Result<CompactedOutcome, Violation>) {
    traced(options, |trace| run(options, trace))
}

fn run(options: &Options, trace: &Trace) -> Result<CompactedOutcome, Violation> {
    let plan = Rc::new(Plan::draw(options.seed));
    trace.add(Kind::Scenario, format_args!("{plan:?}"));
    let machine = Machine::with_settings(options.seed, plan.cores, SETTINGS, trace.clone());
    if let Some(sabotage) = &options.sabotage {
        machine.disk().sabotage(sabotage.clone());
    }
    let clients = Rc::new(vec![PRODUCER.to_owned(), READER.to_owned()]);
    let stage = Stage { machine, trace: trace.clone(), clients, last_cut: Rc::default() };
    let shared = Shared {
        stage: stage.clone(),
        keys: Rc::default(),
        is_written: Rc::default(),
        scans: Rc::default(),
        left: Rc::default(),
    };
    let mut sim = build(&plan, options.seed, &shared);
    let mut director = Director::new(plan.faults.clone(), stage);
    loop {
        trace.step();
        let is_done = sim.step().map_err(|error| stuck(&shared, &error.to_string()))?;
        shared.keys.borrow().check()?;
        if is_done {
            break;
        }
        director.act(&mut sim, || shared.keys.borrow().waiting() > 0)?;
    }
    let tally = director.tally();
    let acked = shared.keys.borrow().acked();
    Ok(CompactedOutcome {
        seed: options.seed,
        acked,
        left: shared.left.get(),
        scans: shared.scans.get(),
        compacted: shared.stage.machine.compacted(),
        power_cuts: tally.power_cuts,
        kills: tally.kills,
    })
}

fn stuck(shared: &Shared, error: &str) -> Violation {
    let keys = shared.keys.borrow();
    let what = format!("{error}; {} acknowledged, {} without answer", keys.acked(), keys.waiting());
    keys.check().err().unwrap_or(Violation { rule: "R16", what })
}

/// Puts the hosts together.
fn build(plan: &Rc<Plan>, seed: u64, shared: &Shared) -> turmoil::Sim<'static> {
    let mut sim = network(seed, LONGEST, plan.latency_max, &shared.stage.machine);
    sim.client(PRODUCER, produce(plan.clone(), shared.clone(), seed));
    sim.client(READER, read(plan.clone(), shared.clone()));
    sim
}

fn cluster(name: &str) -> Cluster {
    let options = ClientOptions {
        client_id: name.to_owned(),
        connect_timeout: Duration::from_secs(1),
        request_timeout: Duration::from_secs(2),
        call_timeout: Duration::from_secs(20),
        ..ClientOptions::default()
    };
    Cluster::new(Net::Sim, &[format!("{BROKER}:{PORT}")], options)
}

async fn create(cluster: &Cluster, plan: &Plan, shared: &Shared) {
    let retention = plan.retention.as_millis().to_string();
    let settings = [
        ("cleanup.policy", "compact"),
        ("segment.bytes", "8192"),
        ("min.cleanable.dirty.ratio", plan.dirty_ratio),
        ("delete.retention.ms", retention.as_str()),
    ];
    let topic = NewTopic {
        name: TOPIC.to_owned(),
        partitions: Some(plan.partitions),
        configs: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..NewTopic::default()
    };
    loop {
        match cluster.create_topic(&topic).await {
            Ok(_) => return,
            Err(ClientError::Refused { error, .. })
                if error.known() == Some(ErrorCode::TopicAlreadyExists) =>
            {
                return;
            }
            Err(error) if error.is_retriable() => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                let what = format!("the topic cannot be created: {error}");
                return shared.keys.borrow_mut().breaks("R16", what);
            }
        }
    }
}

/// Writes the batches of the plan and waits for all answers.
async fn produce(plan: Rc<Plan>, shared: Shared, seed: u64) -> turmoil::Result {
    let random = SimRandom::new(seed ^ 0x7772_6974);
    let cluster = cluster(PRODUCER);
    create(&cluster, &plan, &shared).await;
    let producer = Producer::new(cluster, ProducerOptions::default());
    let mut waiting = Vec::new();
    for _ in 0..plan.batches {
        tokio::time::sleep(Duration::from_millis(random.between(0, plan.pause_max))).await;
        let partition = random.between(0, u64::try_from(plan.partitions - 1).unwrap_or(0));
        let partition = i32::try_from(partition).unwrap_or(0);
        let (mut records, mut numbers) = (Vec::new(), Vec::new());
        for _ in 0..random.between(1, 6) {
            let (key, is_tombstone) = (random.between(1, plan.keys), random.percent(15));
            let number = shared.keys.borrow_mut().on_sent(partition, key, is_tombstone);
            let len = usize::try_from(random.between(16, plan.value_max)).unwrap_or(16);
            records.push(record(key, number, (!is_tombstone).then(|| value(number, len))));
            numbers.push(number);
        }
        let delivery = producer.submit(TOPIC, partition, records).await?;
        waiting.push(tokio::task::spawn_local(settle(delivery, numbers, shared.clone())));
    }
    for settled in waiting {
        settled.await?;
    }
    producer.close().await;
    shared.is_written.set(true);
    Ok(())
}

/// Makes a record; a tombstone says its number in a header.
fn record(key: u64, number: u64, value: Option<Bytes>) -> NewRecord {
    let name = Bytes::from_static(b"n");
    let number = Bytes::copy_from_slice(&number.to_be_bytes());
    NewRecord {
        timestamp: wall(turmoil::sim_elapsed().unwrap_or_default()),
        key: Some(Bytes::copy_from_slice(&key.to_be_bytes())),
        value,
        headers: vec![(name, Some(number))],
    }
}

async fn settle(delivery: Delivery, numbers: Vec<u64>, shared: Shared) {
    let outcome = delivery.await;
    shared.note(format_args!("{numbers:?} {outcome:?}"));
    let mut keys = shared.keys.borrow_mut();
    match outcome {
        Outcome::Acked(_) => keys.on_acked(&numbers),
        Outcome::Refused(refusal) => keys.breaks("R16", format!("{numbers:?} were refused: {refusal}")),
        Outcome::Unknown => keys.breaks("R16", format!("{numbers:?} were not answered in time")),
    }
}

/// Reads the whole topic again and again, and a last time after the last cut.
async fn read(plan: Rc<Plan>, shared: Shared) -> turmoil::Result {
    let cluster = cluster(READER);
    while !shared.is_written.get() {
        tokio::time::sleep(PAUSE * 5).await;
        // It may not be there yet, or the broker may be away.
        let _ = scan(&cluster, &plan, &shared).await;
    }
    tokio::time::sleep(LAST_ROUND).await;
    shared.stage.last_cut.set(LastCut::Wanted);
    while shared.stage.last_cut.get() != LastCut::Done {
        tokio::time::sleep(PAUSE).await;
    }
    shared.note(format_args!("all is read once more"));
    while shared.keys.borrow().check().is_ok() && !scan(&cluster, &plan, &shared).await {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Reads all; says whether that was done in time to see every tombstone.
async fn scan(cluster: &Cluster, plan: &Plan, shared: &Shared) -> bool {
    let began = tokio::time::Instant::now();
    let mark = shared.keys.borrow_mut().mark();
    let mut found = Vec::new();
    for partition in 0..plan.partitions {
        if let Err(error) = scan_one(cluster, partition, &mut found).await {
            match error.is_retriable() || matches!(error, ClientError::UnknownTopic(_)) {
                true => shared.note(format_args!("reading failed for now: {error}")),
                false => shared.keys.borrow_mut().breaks("K2", format!("reading failed: {error}")),
            }
            return false;
        }
    }
    if began.elapsed() * 2 > plan.retention {
        return false;
    }
    shared.left.set(found.len());
    shared.scans.set(shared.scans.get() + 1);
    shared.keys.borrow_mut().judge(mark, &found);
    true
}

async fn scan_one(cluster: &Cluster, partition: i32, found: &mut Vec<ReadRecord>) -> Result<(), ClientError> {
    let options = ConsumerOptions { max_wait: PAUSE, ..ConsumerOptions::default() };
    let mut consumer = Consumer::new(cluster.clone(), options);
    consumer.assign(TOPIC, partition, StartAt::Beginning).await?;
    while !consumer.is_at_end() {
        for one in consumer.poll().await? {
            let record = one.record;
            let key = record.key.as_deref().and_then(eight);
            let header = record.headers.first().and_then(|(_, value)| value.as_deref()).and_then(eight);
            let number = record.value.as_deref().map_or(header, number);
            let (offset, is_tombstone) = (record.offset.0, record.value.is_none());
            found.push(ReadRecord { partition, offset, key, number, is_tombstone });
        }
    }
    Ok(())
}

fn eight(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}
