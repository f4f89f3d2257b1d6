//! What a seed means.

use crate::faults::{Blow, Fault, Moment};
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
