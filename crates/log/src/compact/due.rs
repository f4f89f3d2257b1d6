//! Which part of a log may be compacted, and whether it is time.
//!
//! Kafka's rules (`LogCleanerManager.cleanableOffsets`, `maxCompactionDelay`, `LogToClean`): only sealed segments, wholly below
//! the last stable offset and older than `min.compaction.lag.ms`; due when more than `min.cleanable.dirty.ratio` of the bytes
//! are dirty, or when a dirty segment began longer than `max.compaction.lag.ms` ago. One difference: a timestamp counts as
//! no later than its append, so that one in the far future does not hold compaction up for ever (A40). Tests: `compact/tests.rs`.

use crate::segments::{SegmentMeta, Segments};
use types::{Millis, Offset, WallTime};

/// When a log is compacted: the topic's settings.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CompactRules {
    /// `min.cleanable.dirty.ratio`.
    pub min_dirty_ratio: f64,
    /// `min.compaction.lag.ms`.
    pub min_lag: Millis,
    /// `max.compaction.lag.ms`.
    pub max_lag: Millis,
    /// `delete.retention.ms`.
    pub delete_retention: Millis,
}

/// What of a log a compaction could look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cleanable {
    /// First offset that no compaction has seen.
    pub from: Offset,
    /// First offset that none may touch yet. *Invariant*: the end of a sealed segment, or `from`.
    pub until: Offset,
    /// Bytes of the segments below `from`.
    pub clean_bytes: u64,
    /// Bytes of the segments from `from` to `until`.
    pub dirty_bytes: u64,
    /// How long ago `max.compaction.lag.ms` was over; zero or less for not yet.
    pub overdue: Millis,
}

impl Cleanable {
    /// Looks at a log's segments. `from` is where the last compaction ended or the log starts, `bound` the last stable offset.
    pub fn of(
        segments: &Segments,
        from: Offset,
        bound: Offset,
        rules: &CompactRules,
        now: WallTime,
    ) -> Cleanable {
        let mut found = Cleanable { from, until: from, ..Cleanable::default() };
        let youngest = now.0.saturating_sub(rules.min_lag.0);
        let last = segments.last().map(|last| last.base);
        let sealed = segments.iter().take_while(|segment| segment.sealed && Some(segment.base) != last);
        let mut is_held = false;
        for segment in sealed {
            if segment.next <= from {
                found.clean_bytes += segment.bytes;
                continue;
            }
            found.note_age(segment, rules, now);
            let is_young = rules.min_lag.0 > 0 && segment.retention_time().0 > youngest;
            is_held |= is_young || segment.next > bound || segment.uncut;
            if !is_held {
                found.dirty_bytes += segment.bytes;
                found.until = segment.next;
            }
        }
        found
    }

    fn note_age(&mut self, segment: &SegmentMeta, rules: &CompactRules, now: WallTime) {
        let began = segment.first_timestamp.0.min(segment.last_appended.0);
        if began > 0 {
            let over = now.0.saturating_sub(rules.max_lag.0).saturating_sub(began);
            self.overdue = self.overdue.max(Millis(over));
        }
    }

    /// Returns the share of dirty bytes, from 0 to 1.
    pub fn dirty_ratio(&self) -> f64 {
        let all = self.clean_bytes.saturating_add(self.dirty_bytes);
        // Thousandths of a promille are exact enough, and fit.
        let share = u128::from(self.dirty_bytes) * 1_000_000 / u128::from(all.max(1));
        u32::try_from(share).map_or(1.0, |share| f64::from(share) / 1_000_000.0)
    }

    /// Says whether it is time.
    pub fn is_due(&self, rules: &CompactRules) -> bool {
        self.dirty_bytes > 0 && (self.overdue.0 > 0 || self.dirty_ratio() > rules.min_dirty_ratio)
    }
}
