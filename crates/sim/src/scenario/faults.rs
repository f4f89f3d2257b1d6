//! Carries out the faults of a plan, one after another.

use super::Outcome;
use super::clients::{CONSUMER, LastCut, PRODUCER, Shared};
use super::plan::{Blow, Fault, Moment};
use crate::ghost::Violation;
use crate::machine::{BROKER, Machine};
use crate::trace::Kind;
use std::collections::VecDeque;
use std::time::Duration;

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
pub(super) struct Director {
    faults: VecDeque<Fault>,
    machine: Machine,
    phase: Phase,
    tally: Outcome,
}

impl Director {
    pub(super) fn new(faults: Vec<Fault>, machine: Machine) -> Director {
        let phase = Phase::Up { since: Duration::ZERO };
        let mut director = Director { faults: faults.into(), machine, phase, tally: Outcome::default() };
        director.arm_for_start(Duration::ZERO);
        director
    }

    /// Returns what struck so far.
    pub(super) fn tally(&self) -> Outcome {
        self.tally.clone()
    }

    /// Does what is due.
    pub(super) fn act(&mut self, sim: &mut turmoil::Sim<'static>, shared: &Shared) -> Result<(), Violation> {
        let now = sim.elapsed();
        if shared.last_cut.get() == LastCut::Wanted && self.is_serving() {
            shared.last_cut.set(LastCut::Done);
            self.faults.clear();
            self.strike(sim, shared, Fault::last());
            return Ok(());
        }
        match self.phase {
            Phase::Up { since } => self.while_up(now, since),
            Phase::Armed { fault, op, at } => {
                let is_due = now >= at || op.is_some_and(|op| self.machine.disk().ops() >= op);
                if is_due {
                    self.strike(sim, shared, fault);
                    return Ok(());
                }
                self.must_live()
            }
            Phase::Stopping { fault, since } => self.while_stopping(sim, shared, fault, since),
            Phase::Down { until } => {
                if now >= until {
                    self.bounce(sim, shared);
                }
                Ok(())
            }
        }
    }

    fn is_serving(&self) -> bool {
        self.machine.is_ready() && matches!(self.phase, Phase::Up { .. } | Phase::Armed { .. })
    }

    fn while_up(&mut self, now: Duration, since: Duration) -> Result<(), Violation> {
        self.must_live()?;
        if !self.machine.is_ready() {
            let is_in_time = now - since <= LONGEST_START;
            return broken(is_in_time, || format!("the broker did not serve within {LONGEST_START:?}"));
        }
        if let Some(fault) = self.faults.pop_front() {
            self.arm(fault, now);
        }
        Ok(())
    }

    fn arm(&mut self, fault: Fault, now: Duration) {
        let disk = self.machine.disk();
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
        match self.machine.ended() {
            Some(end) if !self.is_power_off() => {
                broken(false, || format!("the broker ended by itself: {end:?}"))
            }
            _ => Ok(()),
        }
    }

    fn is_power_off(&self) -> bool {
        match self.phase {
            Phase::Armed { op: Some(op), .. } => self.machine.disk().ops() >= op,
            _ => false,
        }
    }

    fn strike(&mut self, sim: &mut turmoil::Sim<'static>, shared: &Shared, fault: Fault) {
        shared.trace.add(Kind::Scenario, format_args!("{fault:?}"));
        self.tally.in_flight += u64::from(shared.ghost.borrow().outstanding() > 0);
        if fault.blow == Blow::Stop && self.machine.is_ready() {
            self.machine.stop();
            self.phase = Phase::Stopping { fault, since: sim.elapsed() };
            return;
        }
        if fault.is_silent {
            [PRODUCER, CONSUMER].iter().for_each(|client| sim.partition(BROKER, *client));
        }
        sim.crash(BROKER);
        if fault.blow == Blow::PowerCut {
            self.tally.power_cuts += 1;
            self.machine.disk().power_cut(fault.survivors);
            self.machine.witness().on_power_cut();
        } else {
            self.tally.kills += 1;
            self.machine.disk().kill();
        }
        self.phase = Phase::Down { until: sim.elapsed() + fault.down };
    }

    fn while_stopping(
        &mut self,
        sim: &mut turmoil::Sim<'static>,
        shared: &Shared,
        fault: Fault,
        since: Duration,
    ) -> Result<(), Violation> {
        let Some(end) = self.machine.ended() else {
            let is_in_time = sim.elapsed() - since <= LONGEST_STOP;
            return broken(is_in_time, || format!("the broker did not stop within {LONGEST_STOP:?}"));
        };
        shared.trace.add(Kind::Scenario, format_args!("stopped"));
        self.tally.stops += 1;
        sim.crash(BROKER);
        self.machine.disk().kill();
        self.phase = Phase::Down { until: sim.elapsed() + fault.down };
        broken(end.is_ok(), || format!("a clean stop failed: {end:?}"))
    }

    fn bounce(&mut self, sim: &mut turmoil::Sim<'static>, shared: &Shared) {
        shared.trace.add(Kind::Scenario, format_args!("the broker starts again"));
        [PRODUCER, CONSUMER].iter().for_each(|client| sim.repair(BROKER, *client));
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
