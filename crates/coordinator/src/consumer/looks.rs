//! How often patterns are looked for among all topics: each look takes time, and members ask for them.
//!
//! A look costs what it looks at; in a second a group may spend so much, and all groups of a coordinator together somewhat more. What is
//! left over is looked for later, a few patterns at a time and in turns, so that nobody waits for ever. A single look is always
//! allowed where nothing was spent, however many topics there are. *Source*: Kafka resolves behind the answer, and all patterns of a
//! group at most every 10 s (`REGEX_BATCH_REFRESH_MIN_INTERVAL_MS`). Tests: tests/script/patterns.rs.

use std::cell::Cell;
use std::time::Duration;
use types::Monotonic;

/// What may be spent is there again after this time.
const PAUSE: Duration = Duration::from_secs(1);
/// What one group may spend in this time. *Units*: names of topics looked at.
const GROUP_MAX: usize = 50_000;
/// What all groups of a coordinator may spend.
const ALL_MAX: usize = 200_000;
/// What a look costs beside the names.
const LOOK_COST: usize = 1_000;

/// What was spent in the second that has begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Spent {
    since: Option<Monotonic>,
    names: usize,
}

impl Spent {
    fn at(self, now: Monotonic) -> Spent {
        match self.since {
            Some(since) if now.since(since) < PAUSE => self,
            _ => Spent { since: Some(now), names: 0 },
        }
    }

    fn allows(self, cost: usize, max: usize) -> bool {
        self.names == 0 || self.names.saturating_add(cost) <= max
    }

    fn plus(self, cost: usize) -> Spent {
        Spent { names: self.names.saturating_add(cost), ..self }
    }
}

/// What a coordinator has spent.
#[derive(Debug, Default)]
pub(crate) struct Looks(Cell<Spent>);

/// How far a group has looked at what topics there are; it is not stored, for it can be looked at again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Seen {
    /// The topics that it has begun to look at, or has looked at.
    pub(super) version: u64,
    /// Patterns that are still to be looked for.
    pub(super) todo: usize,
    /// The pattern to go on with, by its place among all.
    pub(super) next: usize,
    /// When it has begun.
    at: Option<Monotonic>,
    spent: Spent,
}

impl Seen {
    /// Says whether it is long enough ago that it has begun.
    pub(super) fn may_begin(&self, now: Monotonic) -> bool {
        self.at.is_none_or(|at| now.since(at) >= PAUSE)
    }

    /// Begins to look at topics, for so many patterns.
    pub(super) fn begin(&mut self, version: u64, patterns: usize, now: Monotonic) {
        (self.version, self.todo, self.at) = (version, patterns, Some(now));
    }

    /// Goes on to the next pattern of so many.
    pub(super) fn step(&mut self, patterns: usize) {
        self.todo = self.todo.saturating_sub(1);
        self.next = (self.next + 1) % patterns.max(1);
    }

    /// Says whether another has looked as far.
    pub(super) fn is_as_far_as(&self, other: &Seen) -> bool {
        Seen { spent: other.spent, ..*self } == *other
    }

    /// Takes over how far another has looked, but for what was spent on it.
    pub(super) fn go_to(&mut self, other: &Seen) {
        *self = Seen { spent: self.spent, ..*other };
    }

    /// Says whether a pattern may be looked for now among so many names.
    pub(super) fn may_look(&self, looks: &Looks, names: usize, now: Monotonic) -> bool {
        let cost = LOOK_COST + names;
        self.spent.at(now).allows(cost, GROUP_MAX) && looks.0.get().at(now).allows(cost, ALL_MAX)
    }

    /// Notes that one is looked for.
    pub(super) fn spend(&mut self, looks: &Looks, names: usize, now: Monotonic) {
        let cost = LOOK_COST + names;
        self.spent = self.spent.at(now).plus(cost);
        looks.0.set(looks.0.get().at(now).plus(cost));
    }
}
