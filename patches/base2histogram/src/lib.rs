//! The histogram that openraft counts its batches with, in half a kilobyte.
//!
//! Stands in for the published crate, whose first use builds 24 MB of tables for precisions nobody asks for. Here a
//! bucket is a power of two, so a percentile is right to a factor of two. Highwater shows none of these figures.
//! Why, and when to remove it: `docs/adr/2026-11-25-small-histogram.md`.

use std::fmt;
use std::marker::PhantomData;

/// Counts of values by their highest bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram<T = ()> {
    /// How many values needed so many bits; zero needs none.
    counts: [u64; 65],
    slots: PhantomData<T>,
}

impl<T> Default for Histogram<T> {
    fn default() -> Histogram<T> {
        Histogram { counts: [0; 65], slots: PhantomData }
    }
}

impl<T> Histogram<T> {
    /// Makes an empty one.
    pub fn new() -> Histogram<T> {
        Histogram::default()
    }

    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// Counts a value `times` times.
    pub fn record_n(&mut self, value: u64, times: u64) {
        let bits = (u64::BITS - value.leading_zeros()) as usize;
        self.counts[bits] = self.counts[bits].saturating_add(times);
    }

    /// Returns how many values were counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Returns the largest value that may be in the bucket below which so many thousandths lie.
    fn permille(&self, permille: u128) -> u64 {
        let rank = (u128::from(self.total()) * permille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (bits, count) in (0..).zip(self.counts) {
            seen += u128::from(count);
            if seen >= rank {
                return u64::MAX.checked_shr(u64::BITS - bits).unwrap_or(0);
            }
        }
        0
    }

    /// Returns the usual percentiles.
    pub fn percentile_stats(&self) -> PercentileStats {
        PercentileStats {
            samples: self.total(),
            p0_1: self.permille(1),
            p1: self.permille(10),
            p5: self.permille(50),
            p10: self.permille(100),
            p50: self.permille(500),
            p90: self.permille(900),
            p99: self.permille(990),
            p99_9: self.permille(999),
        }
    }
}

/// The usual percentiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PercentileStats {
    /// How many values were counted.
    pub samples: u64,
    /// At or above 0.1 % of them, to a factor of two.
    pub p0_1: u64,
    /// At or above 1 % of them, to a factor of two.
    pub p1: u64,
    /// At or above 5 % of them, to a factor of two.
    pub p5: u64,
    /// At or above 10 % of them, to a factor of two.
    pub p10: u64,
    /// At or above 50 % of them, to a factor of two.
    pub p50: u64,
    /// At or above 90 % of them, to a factor of two.
    pub p90: u64,
    /// At or above 99 % of them, to a factor of two.
    pub p99: u64,
    /// At or above 99.9 % of them, to a factor of two.
    pub p99_9: u64,
}

impl fmt::Display for PercentileStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values, p50 {}, p90 {}, p99 {}", self.samples, self.p50, self.p90, self.p99)
    }
}

/// Several histograms, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsciiChart<T = ()> {
    lines: Vec<(String, Histogram<T>)>,
}

impl<T> Default for AsciiChart<T> {
    fn default() -> AsciiChart<T> {
        AsciiChart { lines: Vec::new() }
    }
}

impl<T> AsciiChart<T> {
    /// Makes an empty one.
    pub fn new() -> AsciiChart<T> {
        AsciiChart::default()
    }

    /// Adds a line.
    #[must_use]
    pub fn add(mut self, name: &str, histogram: Histogram<T>) -> AsciiChart<T> {
        self.lines.push((name.to_owned(), histogram));
        self
    }
}

impl<T> fmt::Display for AsciiChart<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines
            .iter()
            .try_for_each(|(name, histogram)| writeln!(f, "{name}: {}", histogram.percentile_stats()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the figures: a percentile is never below the value and less than twice as high.
    #[test]
    fn percentiles_are_right_to_a_factor_of_two() {
        let mut histogram = Histogram::<()>::new();
        assert_eq!(histogram.percentile_stats().p50, 0);
        (1..=1000).for_each(|value| histogram.record(value));
        histogram.record_n(u64::MAX, 2);
        let stats = histogram.percentile_stats();
        assert_eq!((stats.samples, stats.p50, stats.p90, stats.p99_9), (1002, 511, 1023, u64::MAX));
    }
}
