//! Retention: how far the log start may move because of age or size.
//!
//! Kafka's rules (`UnifiedLog.deleteOldSegments`): whole segments, oldest first; by time while the largest
//! timestamp is older than `retention.ms`; by size while the log without the segment is still at least
//! `retention.bytes`; never beyond the last stable offset (X14), nor beyond the recovery point of a page-cache log. What is not in a sealed segment (the last segment and
//! the unwritten tail) counts as one, and goes when all of it is too old; the next batch then begins a new one.
//! Three differences: an open transaction keeps its records; a timestamp counts as no later than its append, so that one in the far future does not keep
//! data for ever (A40), and a clock that has jumped stops retention by time until it has run
//! steadily for a while ([`ClockWatch`]). Tests: below and `tests/prop_log.rs`.

use crate::log::Log;
use crate::segments::SegmentMeta;
use crate::tail::TailBatch;
use crate::wal::Frame;
use std::time::Duration;
use types::{Millis, Now, Offset, WallTime};

/// How long data is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetainRules {
    /// `retention.ms`; nothing for no limit.
    pub retention_ms: Option<Millis>,
    /// `retention.bytes`; nothing for no limit.
    pub retention_bytes: Option<u64>,
    /// How many segments may go in one call, so that a deletion is paced.
    pub max_segments: usize,
    /// What the clock is worth; see [`ClockWatch`].
    pub clock: ClockState,
}

/// What retention did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Retained {
    /// The move of the log start, nothing if nothing went.
    pub frame: Option<Frame>,
    /// Whether more could go at once: the pace ended this call.
    pub more: bool,
    /// Whether retention by time was left out because of the clock.
    pub time_suspended: bool,
}

/// What the wall clock is worth at present.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ClockState {
    /// It has run with the monotonic clock.
    #[default]
    Steady,
    /// It has jumped: nothing is deleted by age.
    Jumped {
        /// By how much it went forward, or back if negative.
        by: Millis,
    },
}

/// Compares the wall clock with the monotonic one, and remembers a jump for a while.
///
/// One per broker. At a start, [`ClockWatch::started_after`] compares with the time that the state file holds.
#[derive(Clone, Debug)]
pub struct ClockWatch {
    threshold: Millis,
    hold: Duration,
    last: Now,
    jumped: Option<(Now, Millis)>,
}

impl ClockWatch {
    /// Begins to watch. `threshold` is what counts as a jump, `hold` is how long the clock has to run steadily
    /// after one.
    pub fn new(now: Now, threshold: Millis, hold: Duration) -> ClockWatch {
        ClockWatch { threshold, hold, last: now, jumped: None }
    }

    /// Notes the last wall time that the data directory knows. A start well before it, or later by more than
    /// `longest_stop`, counts as a jump.
    pub fn started_after(&mut self, known: WallTime, longest_stop: Millis) {
        let by = Millis(self.last.wall.0.saturating_sub(known.0));
        if by.0 < self.threshold.0.saturating_neg() || by > longest_stop {
            self.jumped = Some((self.last, by));
        }
    }

    /// Looks at the clocks; says what the wall clock is worth.
    pub fn observe(&mut self, now: Now) -> ClockState {
        let passed = now.mono.since(self.last.mono).as_millis();
        let expected = self.last.wall.0.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX));
        let by = Millis(now.wall.0.saturating_sub(expected));
        self.last = now;
        if by.0.saturating_abs() > self.threshold.0 {
            self.jumped = Some((now, by));
        }
        match self.jumped {
            Some((at, by)) if now.mono.since(at.mono) < self.hold => ClockState::Jumped { by },
            _ => {
                self.jumped = None;
                ClockState::Steady
            }
        }
    }
}

/// A part of the log that goes as a whole.
#[derive(Clone, Copy, Debug)]
struct Unit {
    next: Offset,
    bytes: u64,
    time: WallTime,
}

impl Log {
    /// Moves the log start past what is too old or too much, at most `max_segments` of it.
    pub fn retain(&mut self, rules: &RetainRules, now: WallTime) -> Retained {
        let by_time = rules.retention_ms.filter(|_| rules.clock == ClockState::Steady);
        let time_suspended = rules.retention_ms.is_some() && by_time.is_none();
        let mut excess = rules.retention_bytes.map_or(0, |limit| self.size_bytes().saturating_sub(limit));
        let (mut to, mut more) = (self.log_start(), false);
        let bound = self.recovery_point().unwrap_or(Offset(i64::MAX)).min(self.last_stable());
        for (count, unit) in self.units().enumerate() {
            let too_old = by_time.is_some_and(|keep| now.0.saturating_sub(unit.time.0) > keep.0);
            let too_much = excess >= unit.bytes && excess > 0;
            if unit.next > bound || !(too_old || too_much) {
                break;
            }
            if count == rules.max_segments {
                more = true;
                break;
            }
            excess = excess.saturating_sub(unit.bytes);
            to = unit.next;
        }
        Retained { frame: self.move_start(to), more, time_suspended }
    }

    /// Returns the sealed segments one by one, then the rest of the log as one, if there is any.
    fn units(&self) -> impl Iterator<Item = Unit> {
        let sealed = self.segments().iter().filter(|segment| segment.sealed);
        let open = self.segments().iter().filter(|segment| !segment.sealed).map(unit_of);
        let tail = self.tail().after(self.written_end()).map(|batch| Unit {
            next: batch.next(),
            bytes: batch.size(),
            time: retention_time(batch),
        });
        let rest = open.chain(tail).reduce(|all, part| Unit {
            next: part.next,
            bytes: all.bytes + part.bytes,
            time: all.time.max(part.time),
        });
        sealed.map(unit_of).collect::<Vec<_>>().into_iter().chain(rest)
    }
}

fn unit_of(segment: &SegmentMeta) -> Unit {
    Unit { next: segment.next, bytes: segment.bytes, time: segment.retention_time() }
}

/// Returns the time that a batch's age counts from.
fn retention_time(batch: &TailBatch) -> WallTime {
    match batch.max_timestamp() {
        none if none.0 < 0 => batch.appended,
        latest => latest.min(batch.appended),
    }
}

#[cfg(test)]
mod tests;
