//! What a seed means.

use crate::random::SimRandom;
use std::time::Duration;

/// Everything that is drawn before a run begins.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) cores: usize,
    pub(super) partitions: i32,
    pub(super) in_flight: usize,
    pub(super) latency_max: Duration,
    pub(super) batches: Vec<Batch>,
    pub(super) faults: Vec<Fault>,
}

/// One batch of the producer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub(super) partition: i32,
    pub(super) records: u64,
    /// Length of each value. *Units*: bytes.
    pub(super) len: usize,
    /// Pause before it.
    pub(super) pause: Duration,
}

/// What happens to the broker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Blow {
    /// The power goes; of what was unsynced a drawn part survives.
    PowerCut,
    /// The process goes, the page cache stays.
    Kill,
    /// It is asked to stop.
    Stop,
}

/// When it happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Moment {
    /// So long after the broker serves.
    Served(Duration),
    /// After so many operations of the disk, counted from when it serves.
    ServedOps(u64),
    /// After so many operations of the disk, counted from the start: within recovery.
    StartOps(u64),
}

/// One fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub(super) blow: Blow,
    pub(super) moment: Moment,
    /// Whether clients hear nothing of it, as when the machine is gone.
    pub(super) is_silent: bool,
    /// Chooses what survives.
    pub(super) survivors: u64,
    pub(super) down: Duration,
}

impl Fault {
    /// The cut after everything was acknowledged and read: nothing survives that was not synced.
    pub(super) fn last() -> Fault {
        let moment = Moment::Served(Duration::ZERO);
        Fault { blow: Blow::PowerCut, moment, is_silent: false, survivors: 0, down: millis(10) }
    }
}

impl Plan {
    pub(super) fn draw(seed: u64) -> Plan {
        let random = SimRandom::new(seed ^ 0x706c_616e);
        let partitions = random.between(1, 3);
        let is_heavy = random.percent(40);
        let faults = random.between(1, 4);
        Plan {
            cores: usize::try_from(random.between(1, 3)).unwrap_or(1),
            partitions: i32::try_from(partitions).unwrap_or(1),
            in_flight: usize::try_from(random.between(1, 5)).unwrap_or(1),
            latency_max: millis(random.between(1, 12)),
            batches: batches(&random, partitions, is_heavy),
            faults: (0..faults).map(|number| fault(&random, number == 0, is_heavy)).collect(),
        }
    }
}

fn batches(random: &SimRandom, partitions: u64, is_heavy: bool) -> Vec<Batch> {
    let count = if is_heavy { random.between(300, 500) } else { random.between(120, 300) };
    let len_max = if is_heavy { 4000 } else { random.between(40, 1500) };
    let pause_max = random.between(4, 16);
    let batch = |_| Batch {
        partition: i32::try_from(random.between(0, partitions - 1)).unwrap_or(0),
        records: random.between(1, 6),
        len: usize::try_from(random.between(16, len_max)).unwrap_or(16),
        pause: millis(random.between(0, pause_max)),
    };
    (0..count).map(batch).collect()
}

/// In the first fault the power goes, for that is what the scenario is about; the others are any.
fn fault(random: &SimRandom, is_first: bool, is_heavy: bool) -> Fault {
    let blow = match random.between(0, 9) {
        _ if is_first => Blow::PowerCut,
        0..=4 => Blow::PowerCut,
        5..=7 => Blow::Kill,
        _ => Blow::Stop,
    };
    let moment = match random.between(0, 9) {
        0..=3 => Moment::ServedOps(random.between(1, 120)),
        4 if is_first => Moment::StartOps(random.between(0, 60)),
        7..=9 if !is_first && blow != Blow::Stop => Moment::StartOps(random.between(0, 60)),
        _ => Moment::Served(millis(random.between(1, if is_heavy { 1500 } else { 400 }))),
    };
    let survivors = if random.percent(30) { random.between(0, 1) } else { random.draw() };
    Fault { blow, moment, is_silent: random.percent(40), survivors, down: millis(random.between(0, 400)) }
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}
