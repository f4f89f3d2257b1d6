//! A distribution of times or sizes, counted without a lock.
//!
//! Four buckets per power of two: a quantile is at most a quarter too high. Tests: below.

use std::sync::atomic::{AtomicU64, Ordering};

/// Enough for 2^36: most of a day in microseconds, 64 GiB in bytes.
const BUCKETS: usize = 140;

/// Values by size, since the start.
#[derive(Debug)]
pub(crate) struct Distribution {
    buckets: [AtomicU64; BUCKETS],
    sum: AtomicU64,
}

/// A copy of a distribution. *Shape*: counts, each with the value that all of its values are below; bounds rise.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Counts {
    pub(super) below: Vec<(u64, u64)>,
    pub(super) sum: u64,
}

impl Distribution {
    /// Makes an empty one.
    pub(crate) fn new() -> Distribution {
        Distribution { buckets: std::array::from_fn(|_| AtomicU64::new(0)), sum: AtomicU64::new(0) }
    }

    /// Counts a value.
    pub(crate) fn observe(&self, value: u64) {
        self.buckets[bucket(value)].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Copies what was counted.
    pub(crate) fn counts(&self) -> Counts {
        let counted = self.buckets.iter().enumerate();
        let below = counted.map(|(at, count)| (lowest(at + 1), count.load(Ordering::Relaxed)));
        Counts { below: below.collect(), sum: self.sum.load(Ordering::Relaxed) }
    }
}

impl Counts {
    /// Makes one of counts by powers of two: bucket `n` holds values below 2^n.
    pub(crate) fn of_powers(counts: &[u64], sum: u64) -> Counts {
        let below = (0..).map_while(|power| 1_u64.checked_shl(power));
        Counts { below: below.zip(counts.iter().copied()).collect(), sum }
    }

    /// Returns how many values there are.
    pub(crate) fn total(&self) -> u64 {
        self.below.iter().map(|(_, count)| count).sum()
    }

    /// Returns a value that so many thousandths of all are below, and few more; nothing where there are none.
    pub(crate) fn quantile(&self, thousandths: u64) -> Option<u64> {
        let wanted = self.total().saturating_mul(thousandths).div_ceil(1_000);
        let mut seen = 0;
        let reached = |(_, count): &&(u64, u64)| {
            seen += count;
            seen > 0 && seen >= wanted
        };
        self.below.iter().find(reached).map(|(below, _)| *below)
    }

    /// Returns how many values are below each power of two, up to the last that is counted apart.
    pub(crate) fn by_powers(&self) -> Vec<(u64, u64)> {
        let mut seen = 0;
        let mut sums: Vec<(u64, u64)> = Vec::new();
        // The last bucket has no upper bound.
        for (below, count) in self.below.iter().take(self.below.len().saturating_sub(1)) {
            seen += count;
            if below.is_power_of_two() {
                sums.push((*below, seen));
            }
        }
        sums
    }
}

fn bucket(value: u64) -> usize {
    let power = usize::try_from(value.checked_ilog2().unwrap_or(0)).unwrap_or(0);
    let bucket = match power {
        0 | 1 => value,
        _ => ((value >> (power - 2)) & 3) + 4 * (power as u64 - 1),
    };
    usize::try_from(bucket).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

/// Returns the lowest value of a bucket.
fn lowest(bucket: usize) -> u64 {
    let (quarter, power) = (bucket as u64 % 4, bucket / 4);
    if power == 0 { quarter } else { (4 + quarter) << (power - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: every value lies in the bucket whose bounds hold it, and quantiles are at most a quarter too high.
    #[test]
    fn values_lie_in_their_buckets() {
        for value in (0..5_000).chain((0..36).map(|power| (1 << power) + 1)) {
            let at = bucket(value);
            assert!(lowest(at) <= value && value < lowest(at + 1), "{value} in {at}");
            let one = Distribution::new();
            one.observe(value);
            let quantile = one.counts().quantile(990).unwrap();
            assert!(quantile > value && quantile <= value + value / 4 + 1, "{value}: {quantile}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    /// Protects: quantiles, sums and cumulative counts of a distribution.
    #[test]
    fn quantiles_and_counts() {
        let times = Distribution::new();
        assert_eq!(times.counts().quantile(500), None);
        (0..90).for_each(|_| times.observe(1));
        (0..10).for_each(|_| times.observe(1_000));
        let counts = times.counts();
        assert_eq!((counts.total(), counts.sum), (100, 10_090));
        assert_eq!((counts.quantile(500), counts.quantile(900)), (Some(2), Some(2)));
        assert_eq!(counts.quantile(990), Some(1_024));
        let powers = counts.by_powers();
        assert_eq!(&powers[..3], [(1, 0), (2, 90), (4, 90)]);
        assert!(powers.contains(&(512, 90)) && powers.contains(&(1_024, 100)));
        assert_eq!(Counts::of_powers(&[0, 3, 1], 9).by_powers(), [(1, 0), (2, 3)]);
    }
}
