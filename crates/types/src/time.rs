//! Two kinds of time that cannot be mixed: monotonic for leases and time-outs, wall for what users see.

use std::fmt;
use std::time::Duration;

/// A point on the clock that only goes forward, counted from an arbitrary start. *Units*: ns.
/// Leases, time-outs and ages use this type alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// Returns the point `by` later.
    pub fn plus(self, by: Duration) -> Monotonic {
        Monotonic(self.0.saturating_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// Returns the time from `earlier` to here, zero if `earlier` is later.
    pub fn since(self, earlier: Monotonic) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Wall-clock time as records carry it. *Units*: ms since 1970. It may jump either way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct WallTime(pub i64);

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A length of time from configuration. *Units*: ms; `-1` means "no limit" where a setting allows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Millis(pub i64);

impl Millis {
    /// Returns the length as a duration, zero when negative.
    pub fn duration(self) -> Duration {
        Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }
}

/// Both clocks, read once per input of a state machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Now {
    /// The clock for ages and deadlines.
    pub mono: Monotonic,
    /// The clock for timestamps.
    pub wall: WallTime,
}
