//! Positions in a partition's log.

use crate::epoch::number;
use std::fmt;

number! {
    /// Position of a record in a partition's log.
    Offset(i64)
}

impl Offset {
    /// The first offset of a new log.
    pub const ZERO: Offset = Offset(0);
    /// The wire's "no offset".
    pub const NONE: Offset = Offset(-1);

    /// Returns the offset `count` records later.
    pub fn plus(self, count: i64) -> Offset {
        Offset(self.0 + count)
    }

    /// Returns how many offsets lie between `earlier` and this one.
    pub fn since(self, earlier: Offset) -> i64 {
        self.0 - earlier.0
    }
}

/// Offsets from `base` up to, not including, `next`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OffsetRange {
    /// First offset of the range.
    pub base: Offset,
    /// First offset after the range.
    pub next: Offset,
}
