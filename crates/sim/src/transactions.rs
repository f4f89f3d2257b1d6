//! The scenario `transactions`: producers of both protocols that commit, abort, vanish, pause beyond their time, are taken over,
//! and whose requests arrive late or doubled; pipelines; topics that are deleted and created anew; a full disk; and a broker that
//! loses its power.
//!
//! Each record and each offset has a number of its own that tells its transaction. When all faults are over nothing may be open,
//! and each record of the input must have been worked on once. Then the power goes once more, and all is read again. The ledger
//! judges every step (T1 to T8).

mod hosts;
mod ledger;
mod line;
mod plan;
mod process;
mod producer;
mod reading;
mod writer;

use crate::faults::{Director, Stage};
use crate::ghost::Violation;
use crate::machine::Machine;
use crate::scenario::{Options, network, traced};
use crate::trace::{Kind, Trace};
use ledger::Ledger;
use plan::Plan;
use process::Note;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

const BROKER_ADDRESS: &str = "broker:9092";
/// Read by pipelines, and written by them; neither is ever deleted.
const INPUT: &str = "input";
const OUTPUT: &str = "output";
/// The group of the pipelines.
const GROUP: &str = "pipelines";
/// Simulated time after which a run has failed to come to an end.
const LONGEST: Duration = Duration::from_secs(60);

/// Settings of the broker: short times, few partitions of the inner topics, small segments, and a compactor that has something to do.
const SETTINGS: &[(&str, &str)] = &[
    ("offsets.topic.num.partitions", "2"),
    ("offsets.topic.segment.bytes", "4096"),
    ("transaction.state.log.num.partitions", "2"),
    ("transaction.state.log.segment.bytes", "4096"),
    ("add.partitions.to.txn.retry.backoff.max.ms", "40"),
    ("highwater.wal.first.file.bytes", "65536"),
    ("highwater.wal.file.bytes", "131072"),
    ("highwater.wal.checkpoint.bytes", "131072"),
    ("highwater.wal.pool.bytes", "524288"),
    ("log.segment.bytes", "8192"),
    ("log.cleaner.backoff.ms", "100"),
    ("log.cleaner.min.cleanable.ratio", "0.1"),
];

/// What a run that broke no rule came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TransactionsOutcome {
    /// Its seed.
    pub seed: u64,
    /// Commits that were acknowledged.
    pub committed: u64,
    /// Aborts that were acknowledged.
    pub aborted: u64,
    /// What was sent although a higher epoch had been given out.
    pub zombies: u64,
    /// Times that a producer was told that it is fenced.
    pub fenced: u64,
    /// Requests that arrived after their client had given them up.
    pub late: u64,
    /// Records of the input that were worked on.
    pub worked: u64,
    /// Transactions that were open when a topic was deleted that they had written to.
    pub uprooted: u64,
    /// Batches that were refused for a full disk.
    pub full: u64,
    /// Segments that took the place of others.
    pub compacted: usize,
    /// Losses of power that struck.
    pub power_cuts: u64,
    /// Ends of the broker's process alone.
    pub kills: u64,
    /// Simulated time that it took.
    pub elapsed: Duration,
}

impl fmt::Display for TransactionsOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TransactionsOutcome { seed, committed, aborted, zombies, fenced, .. } = self;
        let TransactionsOutcome { late, worked, uprooted, full, compacted, .. } = self;
        let TransactionsOutcome { power_cuts, kills, elapsed, .. } = self;
        write!(
            f,
            "seed {seed}: {committed} transactions committed, {aborted} aborted; {zombies} acts of zombies, {fenced} told; \
             {late} late requests; {worked} records worked on; {uprooted} lost a topic, {full} batches a disk; \
             {compacted} segments compacted; {power_cuts} power cuts, {kills} kills; {elapsed:?} simulated"
        )
    }
}

/// What all hosts share with the scenario.
#[derive(Clone)]
struct Shared {
    stage: Stage,
    ledger: Rc<RefCell<Ledger>>,
    topics: Rc<Vec<String>>,
    chaos: Duration,
    /// The director has faults left.
    is_faulty: Rc<Cell<bool>>,
    /// Topics change.
    is_changing: Rc<Cell<bool>>,
    /// The disk is full, or will be.
    is_full: Rc<Cell<bool>>,
    /// Writers that have not left.
    writing: Rc<Cell<usize>>,
    is_over: Rc<Cell<bool>>,
}

impl Shared {
    fn note(&self, who: &str, what: fmt::Arguments<'_>) {
        self.stage.trace.add(Kind::Scenario, format_args!("{who}: {what}"));
    }

    fn breaks(&self, rule: &'static str, what: String) {
        self.ledger.borrow_mut().breaks(rule, what);
    }

    /// A request goes out.
    fn noted(&self, note: &Note) {
        let mut ledger = self.ledger.borrow_mut();
        ledger.tick(now());
        match note {
            Note::Nothing => {}
            Note::Init(id) => ledger.on_init(id),
            Note::Touch(txn) => ledger.on_touched(*txn),
            Note::Parts(txn, numbers) => {
                ledger.on_touched(*txn);
                numbers.iter().for_each(|number| ledger.on_sent(*number));
            }
            Note::End(txn, commit) => ledger.on_ending(*txn, *commit),
        }
    }

    /// All is done.
    fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Nothing bad happens any more.
    fn is_resting(&self) -> bool {
        now() >= self.chaos && !self.is_faulty.get() && !self.is_changing.get() && !self.is_full.get()
    }
}

/// Returns the simulated time.
fn now() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

fn other_name(number: usize) -> String {
    format!("other-{number}")
}

fn millis_of(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}

/// Runs the scenario; returns what it did beside how it ended.
pub fn transactions(options: &Options) -> (Trace, Result<TransactionsOutcome, Violation>) {
    traced(options, |trace| run(options, trace))
}

fn run(options: &Options, trace: &Trace) -> Result<TransactionsOutcome, Violation> {
    let plan = Rc::new(Plan::draw(options.seed));
    trace.add(Kind::Scenario, format_args!("{plan:?}"));
    let machine = Machine::with_settings(options.seed, plan.cores, SETTINGS, trace.clone());
    if let Some(sabotage) = &options.sabotage {
        machine.disk().sabotage(sabotage.clone());
    }
    let shared = shared(&plan, machine, trace);
    let mut sim = build(&plan, options.seed, &shared);
    let mut director = Director::new(plan.faults.clone(), shared.stage.clone());
    loop {
        trace.step();
        let is_done = sim.step().map_err(|error| stuck(&shared, &error.to_string()))?;
        shared.ledger.borrow_mut().tick(sim.elapsed());
        shared.ledger.borrow().check()?;
        if is_done {
            break;
        }
        director.act(&mut sim, || true)?;
        shared.is_faulty.set(!director.is_done());
    }
    let (counts, tally) = (shared.ledger.borrow().counts(), director.tally());
    Ok(TransactionsOutcome {
        seed: options.seed,
        committed: counts.committed,
        aborted: counts.aborted,
        zombies: counts.zombies,
        fenced: counts.fenced,
        late: counts.late,
        worked: counts.worked,
        uprooted: counts.uprooted,
        full: counts.full,
        compacted: shared.stage.machine.compacted(),
        power_cuts: tally.power_cuts,
        kills: tally.kills,
        elapsed: sim.elapsed(),
    })
}

fn shared(plan: &Plan, machine: Machine, trace: &Trace) -> Shared {
    let others = (0..plan.others.len()).map(other_name);
    let topics = [INPUT, OUTPUT].into_iter().map(str::to_owned).chain(others).collect();
    let clients = (0..plan.writers.len()).map(host).chain(["auditor".to_owned()]);
    let stage =
        Stage { machine, trace: trace.clone(), clients: Rc::new(clients.collect()), last_cut: Rc::default() };
    Shared {
        stage,
        ledger: Rc::default(),
        topics: Rc::new(topics),
        chaos: plan.chaos,
        is_faulty: Rc::new(Cell::new(true)),
        is_changing: Rc::new(Cell::new(true)),
        is_full: Rc::new(Cell::new(true)),
        writing: Rc::new(Cell::new(plan.writers.iter().filter(|writer| !writer.is_pipeline()).count())),
        is_over: Rc::default(),
    }
}

fn host(number: usize) -> String {
    format!("writer-{number}")
}

/// Puts the hosts together.
fn build(plan: &Rc<Plan>, seed: u64, shared: &Shared) -> turmoil::Sim<'static> {
    let mut sim = network(seed, LONGEST, plan.latency_max, &shared.stage.machine);
    sim.client("admin", hosts::admin(plan.clone(), shared.clone()));
    sim.client("disk", hosts::fill(plan.clone(), shared.clone()));
    sim.client("auditor", hosts::audit(plan.clone(), shared.clone(), seed));
    sim.client("judge", hosts::judge(plan.clone(), shared.clone(), seed ^ 1));
    for (number, own) in plan.writers.iter().enumerate() {
        let seed = seed ^ ((number as u64 + 1) << 40);
        sim.client(
            host(number),
            writer::writer(plan.clone(), own.clone(), host(number), shared.clone(), seed),
        );
    }
    sim
}

fn stuck(shared: &Shared, error: &str) -> Violation {
    let ledger = shared.ledger.borrow();
    let what = format!("{error}; {:?}", ledger.counts());
    ledger.check().err().unwrap_or(Violation { rule: "R16", what })
}
