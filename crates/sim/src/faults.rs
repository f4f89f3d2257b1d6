//! What happens to the broker of a scenario, and who carries it out, one fault after another.

use crate::ghost::Violation;
use crate::machine::{BROKER, Machine};
use crate::trace::{Kind, Trace};
use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

/// What happens to the broker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Blow {
    /// The power goes; of what was unsynced a drawn part survives.
    PowerCut,
    /// The process goes, the page cache stays.
    Kill,
    /// It is asked to stop.
    Stop,
}

/// When it happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
    /// So long after the broker serves.
    Served(Duration),
    /// After so many operations of the disk, counted from when it serves.
    ServedOps(u64),
    /// After so many operations of the disk, counted from the start: within recovery.
    StartOps(u64),
}

/// One fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    pub(crate) blow: Blow,
    pub(crate) moment: Moment,
    /// Whether clients hear nothing of it, as when the machine is gone.
    pub(crate) is_silent: bool,
    /// Chooses what survives.
    pub(crate) survivors: u64,
    pub(crate) down: Duration,
}

impl Fault {
    /// The cut after everything was acknowledged and read: nothing survives that was not synced.
    pub(crate) fn last() -> Fault {
        let moment = Moment::Served(Duration::ZERO);
        let down = Duration::from_millis(10);
        Fault { blow: Blow::PowerCut, moment, is_silent: false, survivors: 0, down }
    }
}

/// What has struck.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) power_cuts: u64,
    pub(crate) kills: u64,
    pub(crate) stops: u64,
    /// Those that struck while something waited for an answer.
    pub(crate) in_flight: u64,
}

/// How far the last cut has come, before all is looked at once more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum LastCut {
    /// The scenario is not that far.
    #[default]
    NotYet,
    /// A client waits for it.
    Wanted,
    /// It has struck.
    Done,
}

/// Where faults strike.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) machine: Machine,
    pub(crate) trace: Trace,
    /// Hosts that hear nothing of a silent fault.
    pub(crate) clients: Rc<Vec<String>>,
    pub(crate) last_cut: Rc<Cell<LastCut>>,
}

/// A fault that waits for an operation of the disk strikes after this time anyway.
const PATIENCE: Duration = Duration::from_secs(1);
/// A broker must serve within this time.
const LONGEST_START: Duration = Duration::from_secs(5);
/// A clean stop must be done within this time.
const LONGEST_STOP: Duration = Duration::from_secs(2);

enum Phase {
    /// The broker starts, or serves and is not threatened yet.
    Up { since: Duration },
    /// A fault is due at an operation or at a time, whatever comes first.
    Armed { fault: Fault, op: Option<u64>, at: Duration },
    /// The broker was told to stop.
    Stopping { fault: Fault, since: Duration },
    /// Nothing runs.
    Down { until: Duration },
}

/// Decides after every step.
pub(crate) struct Director {
    faults: VecDeque<Fault>,
    stage: Stage,
    phase: Phase,
    tally: Tally,
}

impl Director {
    pub(crate) fn new(faults: Vec<Fault>, stage: Stage) -> Director {
        let phase = Phase::Up { since: Duration::ZERO };
        let mut director = Director { faults: faults.into(), stage, phase, tally: Tally::default() };
        director.arm_for_start(Duration::ZERO);
        director
    }

    /// Returns what struck so far.
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Says whether the broker serves and no fault is left.
    pub(crate) fn is_done(&self) -> bool {
        self.faults.is_empty() && self.stage.machine.is_ready() && matches!(self.phase, Phase::Up { .. })
    }

    /// Does what is due. `in_flight` says whether something waits for an answer.
    pub(crate) fn act(
        &mut self,
        sim: &mut turmoil::Sim<'static>,
        in_flight: impl Fn() -> bool,
    ) -> Result<(), Violation> {
        let now = sim.elapsed();
        if self.stage.last_cut.get() == LastCut::Wanted && self.is_serving() {
            self.stage.last_cut.set(LastCut::Done);
            self.faults.clear();
            self.strike(sim, in_flight(), Fault::last());
            return Ok(());
        }
        match self.phase {
            Phase::Up { since } => self.while_up(now, since),
            Phase::Armed { fault, op, at } => {
                let is_due = now >= at || op.is_some_and(|op| self.stage.machine.disk().ops() >= op);
                if is_due {
                    self.strike(sim, in_flight(), fault);
                    return Ok(());
                }
                self.must_live()
            }
            Phase::Stopping { fault, since } => self.while_stopping(sim, fault, since),
            Phase::Down { until } => {
                if now >= until {
                    self.bounce(sim);
                }
                Ok(())
            }
        }
    }

    fn is_serving(&self) -> bool {
        self.stage.machine.is_ready() && matches!(self.phase, Phase::Up { .. } | Phase::Armed { .. })
    }

    fn while_up(&mut self, now: Duration, since: Duration) -> Result<(), Violation> {
        self.must_live()?;
        if !self.stage.machine.is_ready() {
            let is_in_time = now - since <= LONGEST_START;
            return broken(is_in_time, || format!("the broker did not serve within {LONGEST_START:?}"));
        }
        if let Some(fault) = self.faults.pop_front() {
            self.arm(fault, now);
        }
        Ok(())
    }

    fn arm(&mut self, fault: Fault, now: Duration) {
        let disk = self.stage.machine.disk();
        self.phase = match fault.moment {
            Moment::Served(after) => Phase::Armed { fault, op: None, at: now + after },
            Moment::ServedOps(count) | Moment::StartOps(count) => {
                let op = disk.ops() + count;
                if fault.blow != Blow::Stop {
                    disk.cut_after(op);
                }
                Phase::Armed { fault, op: Some(op), at: now + PATIENCE }
            }
        };
    }

    /// A broker ends only when it is told to, or when its disk does.
    fn must_live(&self) -> Result<(), Violation> {
        match self.stage.machine.ended() {
            Some(end) if !self.is_power_off() => {
                broken(false, || format!("the broker ended by itself: {end:?}"))
            }
            _ => Ok(()),
        }
    }

    fn is_power_off(&self) -> bool {
        match self.phase {
            Phase::Armed { op: Some(op), .. } => self.stage.machine.disk().ops() >= op,
            _ => false,
        }
    }

    fn strike(&mut self, sim: &mut turmoil::Sim<'static>, is_in_flight: bool, fault: Fault) {
        self.stage.trace.add(Kind::Scenario, format_args!("{fault:?}"));
        self.tally.in_flight += u64::from(is_in_flight);
        if fault.blow == Blow::Stop && self.stage.machine.is_ready() {
            self.stage.machine.stop();
            self.phase = Phase::Stopping { fault, since: sim.elapsed() };
            return;
        }
        if fault.is_silent {
            self.stage.clients.iter().for_each(|client| sim.partition(BROKER, client.as_str()));
        }
        sim.crash(BROKER);
        if fault.blow == Blow::PowerCut {
            self.tally.power_cuts += 1;
            self.stage.machine.disk().power_cut(fault.survivors);
            self.stage.machine.witness().on_power_cut();
        } else {
            self.tally.kills += 1;
            self.stage.machine.disk().kill();
        }
        self.phase = Phase::Down { until: sim.elapsed() + fault.down };
    }

    fn while_stopping(
        &mut self,
        sim: &mut turmoil::Sim<'static>,
        fault: Fault,
        since: Duration,
    ) -> Result<(), Violation> {
        let Some(end) = self.stage.machine.ended() else {
            let is_in_time = sim.elapsed() - since <= LONGEST_STOP;
            return broken(is_in_time, || format!("the broker did not stop within {LONGEST_STOP:?}"));
        };
        self.stage.trace.add(Kind::Scenario, format_args!("stopped"));
        self.tally.stops += 1;
        sim.crash(BROKER);
        self.stage.machine.disk().kill();
        self.phase = Phase::Down { until: sim.elapsed() + fault.down };
        broken(end.is_ok(), || format!("a clean stop failed: {end:?}"))
    }

    fn bounce(&mut self, sim: &mut turmoil::Sim<'static>) {
        self.stage.trace.add(Kind::Scenario, format_args!("the broker starts again"));
        self.stage.clients.iter().for_each(|client| sim.repair(BROKER, client.as_str()));
        let now = sim.elapsed();
        self.phase = Phase::Up { since: now };
        self.arm_for_start(now);
        sim.bounce(BROKER);
    }

    /// Arms the next fault if it is to strike while the broker starts.
    fn arm_for_start(&mut self, now: Duration) {
        if let Some(fault) = self.faults.pop_front_if(|next| matches!(next.moment, Moment::StartOps(_))) {
            self.arm(fault, now);
        }
    }
}

fn broken(holds: bool, what: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation { rule: "R16", what: what() }) }
}
