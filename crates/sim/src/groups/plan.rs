//! What a seed means for the scenario of groups.

use crate::faults::{Blow, Fault, Moment};
use crate::random::SimRandom;
use std::time::Duration;

/// Time in which members, topics and the broker suffer; afterwards all must come to rest.
const CHAOS_MS: u64 = 4500;

/// Everything that is drawn before a run begins.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) cores: usize,
    pub(super) latency_max: Duration,
    /// Partitions of each topic.
    pub(super) topics: Vec<i32>,
    pub(super) members: Vec<MemberPlan>,
    pub(super) faults: Vec<Fault>,
    pub(super) changes: Vec<(Duration, Change)>,
    /// Pause between two batches of the producer, at most.
    pub(super) pause_max: u64,
    pub(super) value_max: u64,
    pub(super) chaos: Duration,
}

/// How one member is to live.
#[derive(Clone, Debug)]
pub(super) struct MemberPlan {
    pub(super) group: usize,
    pub(super) kind: GroupKind,
    pub(super) is_static: bool,
    pub(super) begins: Duration,
    /// What happens to it, and when.
    pub(super) deeds: Vec<(Duration, Deed)>,
}

/// Which protocols the members of a group speak.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum GroupKind {
    Classic,
    Consumer,
    /// Each member draws anew with each process: the group migrates both ways.
    Mixed,
}

/// What happens to a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deed {
    /// It stands still, and goes on with what it knows.
    Pause(Duration),
    /// Its process ends; another one begins later.
    Crash(Duration),
    /// Its process ends for good.
    Die,
    /// It leaves the group and comes back later.
    Leave(Duration),
    /// Nothing passes between it and the broker.
    CutOff(Duration),
    /// Its connection breaks after a request and before the answer.
    LoseAnswer,
}

/// What happens to a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change {
    /// It is deleted, and created anew later.
    Recreate(usize, Duration),
    /// It gets one more partition.
    Grow(usize),
}

impl Plan {
    pub(super) fn draw(seed: u64) -> Plan {
        let random = SimRandom::new(seed ^ 0x6772_6f75_7073);
        let topics = (0..random.between(1, 2)).map(|_| small(random.between(1, 3))).collect::<Vec<i32>>();
        let groups = random.between(1, 2);
        let count = topics.len() as u64;
        let mut members = Vec::new();
        for group in 0..groups {
            let kind = kind(&random);
            let least = if groups == 1 { 2 } else { 1 };
            for _ in 0..random.between(least, 3) {
                members.push(member(&random, group, kind, members.len()));
            }
        }
        // One of each group stays, or nobody would be left to read in the end.
        for group in 0..usize::try_from(groups).unwrap_or(1) {
            if let Some(first) = members.iter_mut().find(|member| member.group == group) {
                first.deeds.retain(|(_, deed)| *deed != Deed::Die);
            }
        }
        let faults = random.between(1, 4);
        Plan {
            cores: small(random.between(1, 2)),
            latency_max: millis(random.between(1, 10)),
            topics,
            members,
            faults: (0..faults).map(|number| fault(&random, number == 0)).collect(),
            changes: changes(&random, count),
            pause_max: random.between(20, 80),
            value_max: random.between(20, 1200),
            chaos: millis(CHAOS_MS),
        }
    }
}

fn kind(random: &SimRandom) -> GroupKind {
    match random.between(0, 9) {
        0..=2 => GroupKind::Classic,
        3..=5 => GroupKind::Consumer,
        _ => GroupKind::Mixed,
    }
}

fn member(random: &SimRandom, group: u64, kind: GroupKind, number: usize) -> MemberPlan {
    let is_static = random.percent(30);
    let begins = millis(if number == 0 { 0 } else { random.between(0, 1500) });
    let count = random.between(1, 4);
    let mut times: Vec<u64> = (0..count).map(|_| random.between(200, CHAOS_MS - 1000)).collect();
    times.sort_unstable();
    let deeds = times.into_iter().map(|time| (millis(time), deed(random))).collect();
    MemberPlan { group: usize::try_from(group).unwrap_or(0), kind, is_static, begins, deeds }
}

fn deed(random: &SimRandom) -> Deed {
    match random.between(0, 11) {
        0..=4 => Deed::Pause(millis(random.between(50, 1600))),
        5..=6 => Deed::Crash(millis(random.between(10, 1200))),
        7 => Deed::Die,
        8 => Deed::Leave(millis(random.between(10, 1000))),
        9 => Deed::CutOff(millis(random.between(50, 1500))),
        _ => Deed::LoseAnswer,
    }
}

fn changes(random: &SimRandom, topics: u64) -> Vec<(Duration, Change)> {
    let mut times: Vec<u64> =
        (0..random.between(0, 3)).map(|_| random.between(500, CHAOS_MS - 500)).collect();
    times.sort_unstable();
    let change = |time: u64| {
        let topic = small(random.between(0, topics - 1));
        let pause = if random.percent(50) { 0 } else { random.between(0, 800) };
        let is_growth = random.percent(30);
        (millis(time), if is_growth { Change::Grow(topic) } else { Change::Recreate(topic, millis(pause)) })
    };
    times.into_iter().map(change).collect()
}

fn fault(random: &SimRandom, is_first: bool) -> Fault {
    let blow = match random.between(0, 9) {
        _ if is_first => Blow::PowerCut,
        0..=5 => Blow::PowerCut,
        6..=8 => Blow::Kill,
        _ => Blow::Stop,
    };
    let moment = match random.between(0, 9) {
        0..=2 => Moment::ServedOps(random.between(1, 400)),
        3 if blow != Blow::Stop => Moment::StartOps(random.between(0, 80)),
        _ => Moment::Served(millis(random.between(50, 1800))),
    };
    let survivors = if random.percent(30) { random.between(0, 1) } else { random.draw() };
    Fault { blow, moment, is_silent: random.percent(40), survivors, down: millis(random.between(0, 400)) }
}

fn small<T: TryFrom<u64> + Default>(number: u64) -> T {
    T::try_from(number).unwrap_or_default()
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}
