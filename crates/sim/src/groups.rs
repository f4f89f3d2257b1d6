//! The scenario `groups`: members of both protocols that pause, crash, come back and resend, topics that are deleted, created anew
//! and grown, and a broker that loses its power.
//!
//! Each member keeps to its protocol and to what it knows; each commit carries a number of its own. When all faults are over the
//! groups must come to rest: one reader for each partition, everything committed. Then the power goes once more. The ledger
//! judges every step (I1 to I5).

mod classic;
mod consumer;
mod hosts;
mod ledger;
mod plan;
mod process;
mod reading;

use crate::faults::{Director, Stage};
use crate::ghost::Violation;
use crate::machine::Machine;
use crate::random::SimRandom;
use crate::scenario::{Options, network, traced};
use crate::trace::{Kind, Trace};
use ledger::Ledger;
use plan::Plan;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

const BROKER_ADDRESS: &str = "broker:9092";
/// Silence after which a member is gone, in both protocols.
const SESSION: Duration = Duration::from_millis(600);
/// Time that members have to give partitions up: longer than a silent member's session can last.
const REBALANCE: Duration = Duration::from_millis(3000);
/// Pause between two heartbeats.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// Simulated time after which a run has failed to come to an end.
const LONGEST: Duration = Duration::from_secs(60);

/// Settings of the broker: short times, few partitions of the offsets topic, and a compactor that has something to do.
const SETTINGS: &[(&str, &str)] = &[
    ("group.min.session.timeout.ms", "100"),
    ("group.initial.rebalance.delay.ms", "50"),
    ("group.consumer.min.session.timeout.ms", "100"),
    ("group.consumer.session.timeout.ms", "600"),
    ("group.consumer.min.heartbeat.interval.ms", "50"),
    ("group.consumer.heartbeat.interval.ms", "100"),
    ("group.consumer.assignment.interval.ms", "20"),
    ("offsets.topic.num.partitions", "2"),
    ("offsets.topic.segment.bytes", "4096"),
    ("highwater.wal.first.file.bytes", "65536"),
    ("highwater.wal.file.bytes", "131072"),
    ("highwater.wal.checkpoint.bytes", "131072"),
    ("highwater.wal.pool.bytes", "524288"),
    ("log.cleaner.backoff.ms", "100"),
    ("log.cleaner.min.cleanable.ratio", "0.1"),
];

/// What a run that broke no rule came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GroupsOutcome {
    /// Its seed.
    pub seed: u64,
    /// Commits that were acknowledged.
    pub acked: u64,
    /// Commits that were refused.
    pub refused: u64,
    /// Commits that were sent although the partition had been given to another member.
    pub zombies: u64,
    /// Times that a member was given a partition.
    pub grants: u64,
    /// Losses of power that struck.
    pub power_cuts: u64,
    /// Ends of the broker's process alone.
    pub kills: u64,
    /// Segments of the offsets topic that took the place of others.
    pub compacted: usize,
    /// Simulated time that it took.
    pub elapsed: Duration,
}

impl fmt::Display for GroupsOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GroupsOutcome { seed, acked, refused, zombies, grants, .. } = self;
        let GroupsOutcome { power_cuts, kills, compacted, elapsed, .. } = self;
        write!(
            f,
            "seed {seed}: {acked} commits acknowledged, {refused} refused, {zombies} of zombies; {grants} partitions given; \
             {power_cuts} power cuts, {kills} kills; {compacted} segments compacted; {elapsed:?} simulated"
        )
    }
}

/// What all hosts share with the scenario.
#[derive(Clone)]
struct Shared {
    stage: Stage,
    ledger: Rc<RefCell<Ledger>>,
    topics: Rc<Vec<String>>,
    groups: usize,
    /// Deeds that have not struck.
    suffering: Rc<Cell<usize>>,
    /// The director has faults left.
    is_faulty: Rc<Cell<bool>>,
    /// Topics change.
    is_changing: Rc<Cell<bool>>,
    /// Records are written.
    is_producing: Rc<Cell<bool>>,
    is_over: Rc<Cell<bool>>,
}

impl Shared {
    fn note(&self, who: &str, what: fmt::Arguments<'_>) {
        self.stage.trace.add(Kind::Scenario, format_args!("{who}: {what}"));
    }

    fn breaks(&self, rule: &'static str, what: String) {
        self.ledger.borrow_mut().breaks(rule, what);
    }

    /// All is done.
    fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Nothing bad happens any more.
    fn is_resting(&self) -> bool {
        self.suffering.get() == 0 && !self.is_faulty.get() && !self.is_changing.get()
    }

    /// The same, and no record comes.
    fn is_quiet(&self) -> bool {
        self.is_resting() && !self.is_producing.get()
    }

    /// A pause between two rounds.
    async fn pause(&self, random: &SimRandom) {
        tokio::time::sleep(Duration::from_millis(random.between(10, 50))).await;
    }
}

/// Returns the simulated time.
fn now() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

fn group_name(group: usize) -> String {
    format!("group-{group}")
}

fn millis_of(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}

/// Runs the scenario; returns what it did beside how it ended.
pub fn groups(options: &Options) -> (Trace, Result<GroupsOutcome, Violation>) {
    traced(options, |trace| run(options, trace))
}

fn run(options: &Options, trace: &Trace) -> Result<GroupsOutcome, Violation> {
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
        shared.ledger.borrow().check()?;
        if is_done {
            break;
        }
        director.act(&mut sim, || shared.ledger.borrow().counts().waiting > 0)?;
        shared.is_faulty.set(!director.is_done());
    }
    let (counts, tally) = (shared.ledger.borrow().counts(), director.tally());
    Ok(GroupsOutcome {
        seed: options.seed,
        acked: counts.acked,
        refused: counts.refused,
        zombies: counts.zombies,
        grants: counts.grants,
        power_cuts: tally.power_cuts,
        kills: tally.kills,
        compacted: shared.stage.machine.compacted(),
        elapsed: sim.elapsed(),
    })
}

fn shared(plan: &Plan, machine: Machine, trace: &Trace) -> Shared {
    let names = (0..plan.topics.len()).map(|number| format!("topic-{number}")).collect();
    let clients = (0..plan.members.len()).map(host).chain(["auditor".to_owned(), "producer".to_owned()]);
    let stage =
        Stage { machine, trace: trace.clone(), clients: Rc::new(clients.collect()), last_cut: Rc::default() };
    Shared {
        stage,
        ledger: Rc::default(),
        topics: Rc::new(names),
        groups: plan.members.iter().map(|member| member.group + 1).max().unwrap_or(1),
        suffering: Rc::new(Cell::new(plan.members.iter().map(|member| member.deeds.len()).sum())),
        is_faulty: Rc::new(Cell::new(true)),
        is_changing: Rc::new(Cell::new(true)),
        is_producing: Rc::new(Cell::new(true)),
        is_over: Rc::default(),
    }
}

fn host(number: usize) -> String {
    format!("member-{number}")
}

/// Puts the hosts together.
fn build(plan: &Rc<Plan>, seed: u64, shared: &Shared) -> turmoil::Sim<'static> {
    let mut sim = network(seed, LONGEST, plan.latency_max, &shared.stage.machine);
    sim.client("admin", hosts::admin(plan.clone(), shared.clone()));
    sim.client("producer", hosts::produce(plan.clone(), shared.clone(), seed));
    sim.client("auditor", hosts::audit(shared.clone(), seed));
    sim.client("judge", hosts::judge(plan.clone(), shared.clone(), seed));
    for (number, member) in plan.members.iter().enumerate() {
        let own = seed ^ ((number as u64 + 1) << 40);
        sim.client(host(number), hosts::member(member.clone(), host(number), shared.clone(), own));
    }
    sim
}

fn stuck(shared: &Shared, error: &str) -> Violation {
    let ledger = shared.ledger.borrow();
    let what = format!("{error}; {:?}", ledger.counts());
    ledger.check().err().unwrap_or(Violation { rule: "I4", what })
}
