//! The five positions of a partition, and the order they obey.

use types::Offset;

/// Positions of one replica; all but the first are exclusive ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pointers {
    /// First offset kept.
    pub log_start: Offset,
    /// Bound of a read-committed reader (LSO).
    pub last_stable: Offset,
    /// Bound of every other reader: durable on the in-sync set (HW).
    pub high_watermark: Offset,
    /// Synced on this replica up to here.
    pub durable_end: Offset,
    /// Next offset to be written (LEO).
    pub log_end: Offset,
}

impl Pointers {
    /// Says whether the positions are in their order.
    ///
    /// *Invariant*: `log_start <= last_stable <= high_watermark <= log_end` and
    /// `durable_end <= log_end`; the high watermark of a lone replica is its durable end, save that
    /// a log start beyond it lifts both.
    pub fn are_ordered(&self) -> bool {
        self.log_start <= self.last_stable
            && self.last_stable <= self.high_watermark
            && self.high_watermark <= self.log_end
            && self.durable_end <= self.log_end
    }
}
