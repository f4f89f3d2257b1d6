//! Deadlines, soonest first. Each key has one at most.

use std::collections::{BTreeMap, BTreeSet};
use types::{GroupId, MemberId, Monotonic};

/// What a deadline is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum TimerKey {
    /// A member is taken for dead.
    Session(GroupId, MemberId),
    /// A group no longer waits for members that have not rejoined.
    Join(GroupId),
    /// A group no longer waits for members that have not asked for their assignment.
    Sync(GroupId),
    /// A member of a group of the consumer protocol has not given up in time what it has to, or has not joined again.
    Rebalance(GroupId, MemberId),
    /// The next target assignment of a group may be made.
    Assign(GroupId),
    /// Expired offsets are looked for.
    Expire,
}

impl TimerKey {
    /// Returns the group that it is about, if it is about one.
    pub(crate) fn group(&self) -> Option<&str> {
        match self {
            TimerKey::Session(group, _)
            | TimerKey::Rebalance(group, _)
            | TimerKey::Join(group)
            | TimerKey::Sync(group)
            | TimerKey::Assign(group) => Some(group.as_str()),
            TimerKey::Expire => None,
        }
    }
}

/// The deadlines of one coordinator partition.
#[derive(Clone, Debug)]
pub(crate) struct Timers<K = TimerKey> {
    order: BTreeSet<(Monotonic, K)>,
    due: BTreeMap<K, Monotonic>,
}

impl<K> Default for Timers<K> {
    fn default() -> Timers<K> {
        Timers { order: BTreeSet::new(), due: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Timers<K> {
    /// Sets a deadline; an earlier one of the same key is forgotten.
    pub(crate) fn arm(&mut self, key: K, due: Monotonic) {
        self.cancel(&key);
        self.order.insert((due, key.clone()));
        self.due.insert(key, due);
    }

    /// Forgets a deadline.
    pub(crate) fn cancel(&mut self, key: &K) {
        if let Some((key, due)) = self.due.remove_entry(key) {
            self.order.remove(&(due, key));
        }
    }

    /// Returns the soonest deadline.
    pub(crate) fn next(&self) -> Option<Monotonic> {
        self.order.first().map(|(due, _)| *due)
    }

    /// Takes out the soonest deadline, if it is reached.
    pub(crate) fn pop(&mut self, now: Monotonic) -> Option<K> {
        self.next().filter(|due| *due <= now)?;
        let (_, key) = self.order.pop_first()?;
        self.due.remove(&key);
        Some(key)
    }

    /// Returns the deadline of a key.
    pub(crate) fn due(&self, key: &K) -> Option<Monotonic> {
        self.due.get(key).copied()
    }

    /// Says whether a key has a deadline.
    pub(crate) fn is_armed(&self, key: &K) -> bool {
        self.due.contains_key(key)
    }
}
