//! How long decisions on the metadata take, read by metrics without a lock. Tests: below, crates/broker/tests/storage/metrics.rs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Number of buckets of [`Times::us`].
const BUCKETS: usize = 32;

/// Times by powers of two, since the start.
///
/// *Concurrency*: written by the metadata's thread alone; a reader may see the sum ahead of the counts.
#[derive(Debug, Default)]
pub struct Times {
    us: [AtomicU64; BUCKETS],
    sum_us: AtomicU64,
}

/// What is measured of each decision.
#[derive(Debug, Default)]
pub struct DecisionTimes {
    /// From the question until its turn.
    pub waiting: Times,
    /// From its turn to its answer.
    pub deciding: Times,
    /// Of that: until its records are agreed and in the image.
    pub committing: Times,
}

impl Times {
    /// Returns how many took how long. *Shape*: bucket `n` counts those that took less than 2^n us and not less than half
    /// of that; the last one all that took longer.
    pub fn us(&self) -> [u64; BUCKETS] {
        std::array::from_fn(|bucket| self.us[bucket].load(Ordering::Relaxed))
    }

    /// Returns how long all of them took together. *Units*: us.
    pub fn sum_us(&self) -> u64 {
        self.sum_us.load(Ordering::Relaxed)
    }

    pub(crate) fn observe(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = usize::try_from(u64::BITS - us.leading_zeros()).unwrap_or(0).min(BUCKETS - 1);
        self.us[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: each time is in the bucket whose bounds hold it, however long it is.
    #[test]
    fn times_lie_in_their_buckets() {
        let times = Times::default();
        (0..5).for_each(|us| times.observe(Duration::from_micros(us)));
        times.observe(Duration::from_secs(1 << 40));
        assert_eq!(times.us()[..4], [1, 1, 2, 1]);
        assert_eq!((times.us()[BUCKETS - 1], times.us().iter().sum::<u64>()), (1, 6));
        assert!(times.sum_us() > 1 << 40);
    }
}
