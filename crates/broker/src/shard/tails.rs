//! What a shard keeps in memory of its logs beyond need, and what it leaves in the state.
//!
//! Batches that are safely in segments stay for readers within one budget over all logs of the shard: those that were
//! written to longest ago go first, idle ones too; those of the last checkpoint share what is left. Small tails that ride
//! in the state have a cap over all logs; above it the largest become segments (W-6, W-17). Tests: below.

use std::collections::{BTreeMap, BTreeSet};
use types::LogKey;

/// The written bytes that logs keep in memory, by when they were last written to.
#[derive(Debug, Default)]
pub(super) struct Tails {
    round: u64,
    held: BTreeMap<LogKey, (u64, u64)>,
    order: BTreeSet<(u64, LogKey)>,
    bytes: u64,
    /// Logs of which the state has a tail that no segment holds.
    pub(super) unplaced: BTreeSet<LogKey>,
}

impl Tails {
    /// Begins a round: what is noted now was written to later than all before.
    pub(super) fn begin_round(&mut self) {
        self.round += 1;
    }

    /// Notes what a log keeps, as of this round.
    pub(super) fn note(&mut self, key: LogKey, bytes: u64) {
        self.put(key, self.round, bytes);
    }

    /// Notes what a log keeps after an eviction; it is as cold as before.
    pub(super) fn shrunk(&mut self, key: LogKey, bytes: u64) {
        if let Some((round, _)) = self.held.get(&key).copied() {
            self.put(key, round, bytes);
        }
    }

    /// Forgets a log.
    pub(super) fn forget(&mut self, key: LogKey) {
        self.put(key, 0, 0);
        self.unplaced.remove(&key);
    }

    fn put(&mut self, key: LogKey, round: u64, bytes: u64) {
        if let Some((round, bytes)) = self.held.remove(&key) {
            self.order.remove(&(round, key));
            self.bytes -= bytes;
        }
        if bytes > 0 {
            self.held.insert(key, (round, bytes));
            self.order.insert((round, key));
            self.bytes += bytes;
        }
    }

    /// Says which logs keep how much at most, so that all of them fit the budget.
    pub(super) fn plan(&self, budget: u64) -> Vec<(LogKey, u64)> {
        let mut excess = self.bytes.saturating_sub(budget);
        let mut plan = Vec::new();
        for (_, key) in self.order.iter().take_while(|(round, _)| *round < self.round) {
            if excess == 0 {
                return plan;
            }
            let held = self.held.get(key).map_or(0, |(_, bytes)| *bytes);
            plan.push((*key, held.saturating_sub(excess)));
            excess = excess.saturating_sub(held);
        }
        let last: Vec<LogKey> =
            self.order.range((self.round, LogKey::default())..).map(|(_, k)| *k).collect();
        let share = budget / (last.len() as u64).max(1);
        if excess > 0 {
            plan.extend(last.into_iter().map(|key| (key, share)));
        }
        plan
    }
}

/// Returns the largest tail that may stay in the state, so that all that stay are at most `cap` bytes together.
pub(super) fn small_limit(mut tails: Vec<u64>, most: u64, cap: u64) -> u64 {
    tails.retain(|bytes| *bytes <= most);
    tails.sort_unstable();
    let mut sum = 0_u64;
    for bytes in tails {
        sum = sum.saturating_add(bytes);
        if sum > cap {
            return bytes.saturating_sub(1);
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{PartitionId, TopicId};

    fn key(partition: i32) -> LogKey {
        LogKey { topic_id: TopicId::default(), partition: PartitionId(partition) }
    }

    fn round(tails: &mut Tails, logs: &[(i32, u64)], budget: u64) -> Vec<(LogKey, u64)> {
        tails.begin_round();
        logs.iter().for_each(|(partition, bytes)| tails.note(key(*partition), *bytes));
        let plan = tails.plan(budget);
        plan.iter().for_each(|(key, left)| tails.shrunk(*key, *left));
        plan
    }

    /// Protects: W-17: logs that are written to one after the other, each alone in its checkpoint, never keep more than
    /// the budget together; the coldest goes first.
    #[test]
    fn idle_logs_give_way() {
        let mut tails = Tails::default();
        for partition in 0..30 {
            round(&mut tails, &[(partition, 100)], 250);
            assert!(tails.bytes <= 250, "{tails:?}");
        }
        let left: Vec<LogKey> = tails.held.keys().copied().collect();
        assert_eq!(left, [key(27), key(28), key(29)]);
        assert_eq!(tails.held[&key(27)].1, 50);
    }

    /// Protects: logs of one checkpoint share the budget evenly once nothing colder is left.
    #[test]
    fn busy_logs_share() {
        let mut tails = Tails::default();
        round(&mut tails, &[(9, 50)], 100);
        let plan = round(&mut tails, &[(1, 200), (2, 200)], 100);
        assert_eq!(plan, [(key(9), 0), (key(1), 50), (key(2), 50)]);
        tails.forget(key(1));
        assert_eq!(tails.bytes, 50);
    }

    /// Protects: W-6: small tails stay in the state up to a cap over all of them; above it the largest go.
    #[test]
    fn small_tails_have_a_cap() {
        assert_eq!(small_limit(vec![10, 20, 30], 100, 60), 100);
        assert_eq!(small_limit(vec![30, 20, 10, 500], 100, 59), 29);
        assert_eq!(small_limit(vec![10, 10, 10], 100, 25), 9);
        assert_eq!(small_limit(vec![10], 0, 25), 0);
    }
}
