//! Whether the disk has room (W-12).
//!
//! Produce is refused before anything is written when what is not in segments yet, what was taken since the last look, and
//! what the reserve lacks, would not fit any more; after a job has met a full disk; and after a part of the reserve was
//! given up, until it is whole again. Everything else goes on. It reopens by itself when space returns. Tests: below, and tests/storage/full_disk.rs.

use crate::context::Context;
use crate::jobs::{Job, JobSender};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// How often the free space is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The word on the disk's space, shared by all threads.
#[derive(Debug)]
pub(crate) struct Space {
    /// What was left at the last look beside all that has to fit, less what was taken since. Below 0 it does not fit.
    room: AtomicI64,
    is_full: AtomicBool,
    reserve_bytes: AtomicU64,
    is_reserve_short: AtomicBool,
    is_short: watch::Sender<bool>,
}

impl Default for Space {
    fn default() -> Space {
        Space {
            room: AtomicI64::new(i64::MAX),
            is_full: AtomicBool::new(false),
            reserve_bytes: AtomicU64::new(0),
            is_reserve_short: AtomicBool::new(false),
            is_short: watch::Sender::new(false),
        }
    }
}

impl Space {
    /// Says whether produce has to be refused.
    pub(crate) fn is_short(&self) -> bool {
        *self.is_short.borrow()
    }

    /// Waits until produce has to be refused.
    pub(crate) async fn short(&self) {
        let mut is_short = self.is_short.subscribe();
        // The sender is held by the caller.
        let _ = is_short.wait_for(|is_short| *is_short).await;
    }

    /// Notes whether a job waits because it found the disk full.
    pub(crate) fn set_full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::Relaxed);
        self.show();
    }

    /// Notes what is kept back, and whether some of it was given up.
    pub(crate) fn set_reserve(&self, bytes: u64, is_short: bool) {
        self.reserve_bytes.store(bytes, Ordering::Relaxed);
        self.is_reserve_short.store(is_short, Ordering::Relaxed);
        self.show();
    }

    /// Returns what is kept back now. *Units*: bytes.
    pub(crate) fn reserve_bytes(&self) -> u64 {
        self.reserve_bytes.load(Ordering::Relaxed)
    }

    /// Says whether a part of the reserve was given up, or could not be made.
    pub(crate) fn is_reserve_short(&self) -> bool {
        self.is_reserve_short.load(Ordering::Relaxed)
    }

    /// Notes the free space, beside what has to fit: all of the reserve, and what is not in segments yet.
    fn note(&self, free_bytes: u64, needed_bytes: u64) {
        let there = free_bytes.saturating_add(self.reserve_bytes());
        let room = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.room.store(room(there) - room(needed_bytes), Ordering::Relaxed);
        self.show();
    }

    /// Notes bytes that are about to be stored: the next look may come too late for them.
    pub(crate) fn take(&self, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let before = self.room.fetch_sub(bytes, Ordering::Relaxed);
        if before >= 0 && before < bytes {
            self.show();
        }
    }

    fn show(&self) {
        let flags = [&self.is_full, &self.is_reserve_short];
        let now =
            self.room.load(Ordering::Relaxed) < 0 || flags.iter().any(|flag| flag.load(Ordering::Relaxed));
        let changed = self.is_short.send_if_modified(|shown| std::mem::replace(shown, now) != now);
        match (changed, now) {
            (true, true) => tracing::error!("the disk is nearly full: produce is refused"),
            (true, false) => tracing::warn!("the disk has room again: produce is accepted"),
            (false, _) => {}
        }
    }
}

/// Looks at the free space for as long as the broker lives.
pub(crate) async fn watch(context: Arc<Context>, jobs: JobSender) {
    let storage = &context.config.storage;
    loop {
        // Asked for first: what is written until the next line only makes the room look smaller.
        let needed = storage.disk_reserve_bytes.saturating_add(context.unwritten.to_place_bytes());
        // What cannot be asked is not taken for full: a failing disk shows in writes.
        let free = context.env.disk.free_bytes(&context.config.data_dir).unwrap_or(u64::MAX);
        context.space.note(free, needed);
        if context.metadata.has_found_no_room() {
            jobs.send(Job::GiveUpReserve);
        }
        let lacks_file =
            context.wal.stats().capacity_bytes() + storage.wal.file_bytes <= storage.wal.pool_bytes;
        if lacks_file && free >= needed.saturating_add(storage.wal.file_bytes) {
            context.wal.retry_filling();
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: W-12: produce is refused when what waits would not fit, after a full disk and while the reserve is not
    /// whole, and accepted again by itself when none of these holds.
    #[test]
    fn a_full_disk_refuses_and_reopens() {
        let space = Space::default();
        space.note(10, 20);
        assert!(space.is_short());
        space.set_reserve(10, false);
        space.note(10, 20);
        assert!(!space.is_short(), "what is kept back counts");
        space.set_full(true);
        space.note(20, 20);
        assert!(space.is_short(), "a job has met the full disk");
        space.set_reserve(5, true);
        space.set_full(false);
        assert!(space.is_short(), "the reserve is not whole");
        space.set_reserve(10, false);
        assert!(!space.is_short());
    }

    /// Protects: W-12: what is taken between two looks counts at once: a fast producer never finds the disk full.
    #[test]
    fn what_is_taken_between_looks_counts() {
        let space = Space::default();
        space.note(100, 20);
        space.take(80);
        assert!(!space.is_short());
        space.take(1);
        assert!(space.is_short());
        space.note(100, 20);
        assert!(!space.is_short());
        space.take(u64::MAX);
        space.take(u64::MAX);
        assert!(space.is_short());
    }
}
