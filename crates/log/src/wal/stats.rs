//! Counters of the log's thread, read by metrics without a lock. Tests: `service/tests.rs`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Number of buckets of [`WalStats::group_us`].
pub const GROUP_BUCKETS: usize = 24;

/// Counters of one log, since its start.
///
/// *Concurrency*: written by the log's thread alone; a reader may see one counter ahead of another.
#[derive(Debug, Default)]
pub struct WalStats {
    groups: AtomicU64,
    frames: AtomicU64,
    bytes: AtomicU64,
    used_bytes: AtomicU64,
    free_bytes: AtomicU64,
    group_us: [AtomicU64; GROUP_BUCKETS],
    sum_us: AtomicU64,
}

impl WalStats {
    /// Returns how many groups were written and synced.
    pub fn groups(&self) -> u64 {
        self.groups.load(Ordering::Relaxed)
    }

    /// Returns how many frames they held.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Returns how many bytes they took, headers and padding included.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Returns the bytes that a checkpoint can give back. *Units*: bytes.
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes.load(Ordering::Relaxed)
    }

    /// Returns the bytes that can still be written. *Units*: bytes.
    pub fn free_bytes(&self) -> u64 {
        self.free_bytes.load(Ordering::Relaxed)
    }

    /// Returns the bytes of the whole pool, used and free.
    pub fn capacity_bytes(&self) -> u64 {
        self.used_bytes() + self.free_bytes()
    }

    /// Returns how many groups took how long to write and sync. *Shape*: bucket `n` counts those that took less
    /// than 2^n us and not less than half of that; the last one all that took longer.
    pub fn group_us(&self) -> [u64; GROUP_BUCKETS] {
        std::array::from_fn(|bucket| self.group_us[bucket].load(Ordering::Relaxed))
    }

    /// Returns how long all of them took together. *Units*: us.
    pub fn sum_us(&self) -> u64 {
        self.sum_us.load(Ordering::Relaxed)
    }

    pub(super) fn on_group(&self, frames: usize, bytes: u64, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = usize::try_from(u64::BITS - us.leading_zeros()).unwrap_or(0).min(GROUP_BUCKETS - 1);
        self.group_us[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.frames.fetch_add(frames as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn on_space(&self, used: u64, free: u64) {
        self.used_bytes.store(used, Ordering::Relaxed);
        self.free_bytes.store(free, Ordering::Relaxed);
    }
}
