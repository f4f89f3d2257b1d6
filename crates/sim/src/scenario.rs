//! Scenarios: a topology, a workload and faults, all drawn from one seed.
//!
//! `power_cut`: a producer writes values that are never repeated, a consumer reads along; at drawn moments
//! the broker loses its power, is killed or stopped, and comes up again on what the disk has kept. The
//! producer goes on by its own retries. In the end the power goes once more, nothing unsynced survives, and
//! all is read again. The ghost judges every step.

mod clients;
mod plan;

use crate::events::EventTracer;
use crate::faults::{Director, Stage};
use crate::ghost::{Ghost, Violation};
use crate::machine::{BROKER, Machine};
use crate::trace::{Kind, Trace};
use clients::Shared;
use env::crash::Sabotage;
use plan::Plan;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// Simulated time after which a run has failed to come to an end.
const LONGEST: Duration = Duration::from_secs(40);

/// How a scenario is run.
#[derive(Clone, Default)]
pub struct Options {
    /// Everything is drawn from it.
    pub seed: u64,
    /// Whether the trace keeps its text.
    pub keep_text: bool,
    /// Promises that the disk breaks, to see that it is noticed.
    pub sabotage: Option<Sabotage>,
}

/// Runs a scenario with a trace of what it does.
pub(crate) fn traced<T>(
    options: &Options,
    run: impl FnOnce(&Trace) -> Result<T, Violation>,
) -> (Trace, Result<T, Violation>) {
    let trace = if options.keep_text { Trace::keeping_text() } else { Trace::default() };
    let tracer = EventTracer::new(trace.clone());
    let outcome = tracing::subscriber::with_default(tracer, || run(&trace));
    (trace, outcome)
}

/// Makes the network of a scenario with its broker; `longest` is how long it may take.
pub(crate) fn network(
    seed: u64,
    longest: Duration,
    latency_max: Duration,
    machine: &Machine,
) -> turmoil::Sim<'static> {
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .epoch(std::time::UNIX_EPOCH)
        .simulation_duration(longest)
        .min_message_latency(Duration::ZERO)
        .max_message_latency(latency_max)
        .build();
    let machine = machine.clone();
    sim.host(BROKER, move || {
        let machine = machine.clone();
        async move {
            machine.live().await;
            Ok(())
        }
    });
    sim
}

/// What a run that broke no rule came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// Values that were acknowledged.
    pub acked: usize,
    /// Losses of power that struck.
    pub power_cuts: u64,
    /// Ends of the process alone.
    pub kills: u64,
    /// Clean stops.
    pub stops: u64,
    /// Faults that struck while values had no answer.
    pub in_flight: u64,
    /// Segments that were begun: checkpoints wrote them.
    pub segments: usize,
    /// Simulated time that it took.
    pub elapsed: Duration,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { seed, acked, power_cuts, kills, stops, in_flight, segments, elapsed } = self;
        write!(
            f,
            "seed {seed}: {acked} values acknowledged and read once, in order; {power_cuts} power cuts, {kills} kills, \
             {stops} stops, {in_flight} of them with requests in flight; {segments} segments; {elapsed:?} simulated"
        )
    }
}

/// Runs the scenario; returns what it did beside how it ended.
pub fn power_cut(options: &Options) -> (Trace, Result<Outcome, Violation>) {
    traced(options, |trace| run(options, trace))
}

fn run(options: &Options, trace: &Trace) -> Result<Outcome, Violation> {
    let plan = Rc::new(Plan::draw(options.seed));
    trace.add(Kind::Scenario, format_args!("{plan:?}"));
    let machine = Machine::new(options.seed, plan.cores, trace.clone());
    if let Some(sabotage) = &options.sabotage {
        machine.disk().sabotage(sabotage.clone());
    }
    let shared = Shared {
        ghost: Rc::new(RefCell::new(Ghost::default())),
        machine: machine.clone(),
        trace: trace.clone(),
        created: Rc::default(),
        last_cut: Rc::default(),
    };
    let mut sim = build(&plan, options.seed, &shared);
    let hosts = [clients::PRODUCER, clients::CONSUMER].map(str::to_owned);
    let clients = Rc::new(Vec::from(hosts));
    let stage = Stage { machine, trace: trace.clone(), clients, last_cut: shared.last_cut.clone() };
    let mut director = Director::new(plan.faults.clone(), stage);
    loop {
        trace.step();
        let is_done = sim.step().map_err(|error| stuck(&shared, &error.to_string()))?;
        shared.ghost.borrow().check()?;
        if is_done {
            break;
        }
        director.act(&mut sim, || shared.ghost.borrow().outstanding() > 0)?;
    }
    shared.ghost.borrow_mut().finish()?;
    let tally = director.tally();
    let acked = shared.ghost.borrow().acked();
    let segments = shared.machine.segments();
    let (power_cuts, kills, stops) = (tally.power_cuts, tally.kills, tally.stops);
    let (seed, in_flight, elapsed) = (options.seed, tally.in_flight, sim.elapsed());
    Ok(Outcome { seed, acked, power_cuts, kills, stops, in_flight, segments, elapsed })
}

/// Puts the hosts together.
fn build(plan: &Rc<Plan>, seed: u64, shared: &Shared) -> turmoil::Sim<'static> {
    let mut sim = network(seed, LONGEST, plan.latency_max, &shared.machine);
    sim.client(clients::PRODUCER, clients::produce(plan.clone(), shared.clone()));
    sim.client(clients::CONSUMER, clients::consume(plan.clone(), shared.clone()));
    sim
}

fn stuck(shared: &Shared, error: &str) -> Violation {
    let ghost = shared.ghost.borrow();
    let what = format!("{error}; {} acknowledged, {} without answer", ghost.acked(), ghost.outstanding());
    ghost.check().err().unwrap_or(Violation { rule: "R16", what })
}
