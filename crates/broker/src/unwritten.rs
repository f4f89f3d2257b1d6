//! The budget of bytes that no segment holds yet (W-5, W-17).
//!
//! A request's bytes are admitted before its batches go to the shards; from then on the logs hold them, until a
//! checkpoint has placed them. At the budget sockets are not read; at half of it a checkpoint is wanted. So what a
//! slow disk leaves in memory is bounded whatever the write-ahead log could take. Batches of page-cache logs count
//! until their writer has written them, and no checkpoint is taken for their sake: it frees none of them.
//! Tests: below, and tests/storage/checkpoints.rs.

use log::wal::Freed;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// The budget, shared by all threads.
#[derive(Debug)]
pub(crate) struct Unwritten {
    limit: u64,
    held: AtomicU64,
    /// What of that is on its way to the files of page-cache logs.
    in_pages: AtomicU64,
    /// What of that is in segments already, by a checkpoint that has not ended.
    in_segments: AtomicU64,
    claimed: AtomicU64,
    freed: Freed,
    grown: Notify,
}

/// Bytes of a request on its way to the logs; dropping it gives them back.
#[derive(Debug)]
pub(crate) struct Claim {
    budget: Arc<Unwritten>,
    bytes: u64,
}

/// What one log holds of the budget; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Held {
    budget: Arc<Unwritten>,
    bytes: u64,
    page_cache: bool,
}

impl Unwritten {
    /// Makes a budget. *Units*: bytes.
    pub(crate) fn new(limit: u64) -> Arc<Unwritten> {
        Arc::new(Unwritten {
            limit: limit.max(1),
            held: AtomicU64::new(0),
            in_pages: AtomicU64::new(0),
            in_segments: AtomicU64::new(0),
            claimed: AtomicU64::new(0),
            freed: Freed::default(),
            grown: Notify::new(),
        })
    }

    /// Returns the budget. *Units*: bytes.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Returns what all logs hold. *Units*: bytes.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.held.load(Ordering::Acquire)
    }

    /// Returns what the disk must have room for still. It may be too much while a checkpoint ends, and never too little if the free
    /// space is asked for after it. *Units*: bytes.
    pub(crate) fn to_place_bytes(&self) -> u64 {
        // Held first: a checkpoint takes back what it noted before the logs let go of it.
        let held = self.held_bytes();
        held.saturating_sub(self.in_segments.load(Ordering::Acquire))
    }

    /// Notes what a checkpoint has put into segments.
    pub(crate) fn placed(&self, bytes: u64) {
        self.in_segments.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Takes back what was noted of a checkpoint: the logs are about to let go of it, or it was given up.
    pub(crate) fn forget_placed(&self) {
        self.in_segments.store(0, Ordering::Release);
    }

    /// Waits until so many bytes may go to the logs. What is more than half of the budget counts as half, so that it
    /// fits once a checkpoint is done. *Cancel safety*: dropping the future claims nothing.
    pub(crate) async fn admit(self: &Arc<Unwritten>, bytes: u64) -> Claim {
        let bytes = bytes.min(self.limit / 2);
        let claim = || self.claim(bytes).then(|| Claim { budget: self.clone(), bytes });
        self.freed.until(claim, || {}).await
    }

    fn claim(&self, bytes: u64) -> bool {
        let fits = |claimed: u64| {
            let sum = claimed.saturating_add(bytes);
            (self.held_bytes().saturating_add(sum) <= self.limit).then_some(sum)
        };
        self.claimed.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).is_ok()
    }

    /// Returns the account of one log, a page-cache one or another, empty.
    pub(crate) fn account(self: &Arc<Unwritten>, page_cache: bool) -> Held {
        Held { budget: self.clone(), bytes: 0, page_cache }
    }

    /// Says whether a checkpoint should come for the sake of memory.
    pub(crate) fn is_checkpoint_wanted(&self) -> bool {
        let held = self.held_bytes();
        let placeable = held.saturating_sub(self.in_pages.load(Ordering::Acquire));
        held >= self.limit.div_ceil(2) && placeable >= self.limit.div_ceil(8)
    }

    /// Waits until a checkpoint should come for the sake of memory.
    pub(crate) async fn checkpoint_wanted(&self) {
        while !self.is_checkpoint_wanted() {
            self.grown.notified().await;
        }
    }
}

impl Held {
    /// Notes what the log holds now.
    pub(crate) fn set(&mut self, bytes: u64) {
        let before = std::mem::replace(&mut self.bytes, bytes);
        if bytes > before {
            // First, so that they are not taken for what a checkpoint could free.
            self.in_pages(|pages| pages.fetch_add(bytes - before, Ordering::AcqRel));
            self.budget.held.fetch_add(bytes - before, Ordering::AcqRel);
            if self.budget.is_checkpoint_wanted() {
                self.budget.grown.notify_one();
            }
        } else if bytes < before {
            self.budget.held.fetch_sub(before - bytes, Ordering::AcqRel);
            self.in_pages(|pages| pages.fetch_sub(before - bytes, Ordering::AcqRel));
            self.budget.freed.tell();
        }
    }

    fn in_pages(&self, change: impl FnOnce(&AtomicU64) -> u64) {
        if self.page_cache {
            change(&self.budget.in_pages);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.set(0);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.budget.claimed.fetch_sub(self.bytes, Ordering::AcqRel);
        self.budget.freed.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    /// Protects: W-5, W-17: beyond the budget nothing is admitted until a checkpoint has placed something; at half of it
    /// one is wanted; what never fits is admitted once there is room for half.
    #[test]
    fn unwritten_bytes_have_a_budget() {
        let budget = Unwritten::new(100);
        let mut log = budget.account(false);
        let claim = budget.admit(40).now_or_never().unwrap();
        log.set(40);
        drop(claim);
        assert!(budget.checkpoint_wanted().now_or_never().is_none());
        log.set(60);
        assert!(budget.checkpoint_wanted().now_or_never().is_some());
        let first = budget.admit(30).now_or_never().unwrap();
        assert!(budget.admit(20).now_or_never().is_none(), "60 held, 30 on their way");
        let mut waits = std::pin::pin!(budget.admit(1000));
        assert!(waits.as_mut().now_or_never().is_none());
        drop(first);
        assert!(waits.as_mut().now_or_never().is_none());
        log.set(50);
        assert!(waits.now_or_never().is_some(), "who waits is woken by what was given back");
        assert!(budget.admit(1000).now_or_never().is_some(), "counts as half");
        drop(log);
        assert_eq!((budget.held_bytes(), budget.claimed.load(Ordering::Relaxed)), (0, 0));
    }

    /// Protects: W-12: what a checkpoint has in segments already needs no more room on the disk, and takes as much memory as before;
    /// when it has ended, or was given up, what is held is to be placed again.
    #[test]
    fn what_is_in_segments_needs_no_room_on_the_disk() {
        let budget = Unwritten::new(100);
        let mut log = budget.account(false);
        log.set(80);
        budget.placed(30);
        budget.placed(20);
        assert_eq!((budget.held_bytes(), budget.to_place_bytes()), (80, 30));
        assert!(budget.admit(30).now_or_never().is_none());
        budget.forget_placed();
        assert_eq!(budget.to_place_bytes(), 80);
    }

    /// Protects: W-5, W-16, W-17: what a page-cache log has not written counts as the rest does, and asks for no checkpoint.
    #[test]
    fn page_cache_batches_have_the_same_budget() {
        let budget = Unwritten::new(100);
        let (mut pages, mut log) = (budget.account(true), budget.account(false));
        pages.set(80);
        assert!(budget.admit(30).now_or_never().is_none());
        assert!(budget.checkpoint_wanted().now_or_never().is_none(), "it would free nothing");
        log.set(20);
        assert!(budget.checkpoint_wanted().now_or_never().is_some());
        drop(pages);
        assert!(!budget.is_checkpoint_wanted());
        assert!(budget.admit(30).now_or_never().is_some());
    }
}
