//! The budget of what groups hold (W-17): members, ids that wait for one, offsets, assignments, and what waits to be decided.
//!
//! One budget for all coordinators of the broker; each keeps count of what it holds (`coordinator::Groups::held`) and refuses
//! what would go beyond. What was committed is loaded whatever that is. Tests: below, tests/wire/bounds.rs, tests/memory.rs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The budget, shared by all threads.
#[derive(Debug)]
pub(crate) struct GroupMemory {
    limit: usize,
    held: AtomicUsize,
}

impl GroupMemory {
    /// Makes a budget. *Units*: bytes.
    pub(crate) fn new(limit: u64) -> Arc<GroupMemory> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Arc::new(GroupMemory { limit, held: AtomicUsize::new(0) })
    }

    /// Returns the budget. *Units*: bytes.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Returns what all coordinators hold. *Units*: bytes.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Begins to count for one coordinator.
    pub(crate) fn share(self: &Arc<GroupMemory>) -> Share {
        Share { budget: self.clone(), bytes: 0 }
    }
}

/// What one coordinator holds of the budget; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<GroupMemory>,
    bytes: usize,
}

impl Share {
    /// Counts what the coordinator holds now.
    pub(crate) fn set(&mut self, bytes: usize) {
        if bytes != self.bytes {
            self.budget.held.fetch_add(bytes, Ordering::Relaxed);
            self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
            self.bytes = bytes;
        }
    }

    /// Returns what the others hold. *Units*: bytes.
    pub(crate) fn others(&self) -> usize {
        self.budget.held().saturating_sub(self.bytes)
    }

    /// Returns by how much all hold more than the budget; nothing if they do not.
    pub(crate) fn beyond(&self) -> Option<usize> {
        self.budget.held().checked_sub(self.budget.limit).filter(|bytes| *bytes > 0)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: coordinators see what the others hold, and one that is given up holds nothing.
    #[test]
    fn coordinators_share_a_budget() {
        let budget = GroupMemory::new(100);
        let (mut one, mut other) = (budget.share(), budget.share());
        one.set(70);
        other.set(20);
        assert_eq!((budget.held(), one.others(), other.others()), (90, 20, 70));
        assert_eq!(one.beyond(), None);
        other.set(40);
        assert_eq!(one.beyond(), Some(10));
        drop(one);
        assert_eq!((budget.held(), other.others()), (40, 0));
    }
}
