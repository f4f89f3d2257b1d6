//! Plans of reads: what a shard decides, and a connection carries out.
//!
//! A plan comes either from the tail (batches in memory) or from one segment file; it never mixes them
//! and never crosses its bound, so a long read is several plans. Progress rule: if any batch at the asked
//! offset ends at or below the bound, a plan that must give at least one gives it, however large.
//! Source: D-6, W-5, W-18; `UnifiedLog.read`, `UnifiedLog.fetchOffsetByTimestamp`.
//! Tests: `tests/prop_log.rs`.

use crate::epochs::EpochEntry;
use crate::log::Log;
use crate::segments::SegmentMeta;
use crate::tail::TailRead;
use std::sync::Arc;
use types::{Offset, WallTime};
use wire::record::Batch;

/// What a reader asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadRequest {
    /// First offset wanted; the batch that holds it is returned whole.
    pub from: Offset,
    /// No batch that ends above this offset is returned: high watermark, last stable offset or log end.
    pub bound: Offset,
    /// Bytes wanted.
    pub max_bytes: usize,
    /// Whether the first batch is returned even if it is larger than `max_bytes`.
    pub at_least_one: bool,
}

/// A read of one segment file.
#[derive(Clone, Debug)]
pub struct FileRead {
    /// The segment that holds `from`.
    pub segment: SegmentMeta,
    /// First offset wanted.
    pub from: Offset,
    /// No batch that ends above this offset is returned. *Invariant*: within the segment.
    pub bound: Offset,
    /// Bytes wanted.
    pub max_bytes: usize,
    /// Whether the first batch is returned even if it is larger than `max_bytes`.
    pub at_least_one: bool,
    /// What each batch's leader epoch is checked against (W-18).
    pub epochs: Arc<[EpochEntry]>,
}

/// How a read is carried out.
#[derive(Clone, Debug)]
pub enum ReadPlan {
    /// There is nothing to read now.
    Empty,
    /// From memory.
    Tail(Vec<Batch>),
    /// From a file.
    File(Box<FileRead>),
}

/// The asked offset is not in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("offset {from} is outside of {log_start} to {log_end}")]
pub struct OutOfRange {
    /// The offset asked for.
    pub from: Offset,
    /// First offset of the log.
    pub log_start: Offset,
    /// First offset after the log.
    pub log_end: Offset,
}

/// A search by time in one segment file.
#[derive(Clone, Debug)]
pub struct TimeRead {
    /// The segment.
    pub segment: SegmentMeta,
    /// The first record with this timestamp or a later one is wanted.
    pub target: WallTime,
    /// First offset that may be the answer.
    pub from: Offset,
    /// No batch that ends above this offset may hold the answer. *Invariant*: within the segment.
    pub bound: Offset,
    /// What each batch's leader epoch is checked against (W-18).
    pub epochs: Arc<[EpochEntry]>,
}

/// Where the answer to a question by time can be. If the place holds none (timestamps of a batch below the
/// log start, say), the question is asked again from the end of that place.
#[derive(Clone, Debug)]
pub enum TimePlan {
    /// There is none.
    None,
    /// In this batch.
    Tail(Batch),
    /// In this file.
    File(Box<TimeRead>),
}

impl Log {
    /// Plans a read.
    ///
    /// # Errors
    /// The offset lies below the log start or above the log end.
    pub fn plan_read(&self, request: &ReadRequest) -> Result<ReadPlan, OutOfRange> {
        let ReadRequest { from, bound, max_bytes, at_least_one } = *request;
        let (log_start, log_end) = (self.log_start(), self.log_end());
        if from < log_start || from > log_end {
            return Err(OutOfRange { from, log_start, log_end });
        }
        let bound = bound.min(log_end);
        if from >= bound {
            return Ok(ReadPlan::Empty);
        }
        if self.tail().base().is_some_and(|base| base <= from) {
            let batches = self.tail().read(TailRead { from, bound, max_bytes, at_least_one });
            return Ok(if batches.is_empty() { ReadPlan::Empty } else { ReadPlan::Tail(batches) });
        }
        let Some(segment) = self.segments().containing(from) else {
            debug_assert!(false, "offset {from} is neither in the tail nor in a segment");
            return Ok(ReadPlan::Empty);
        };
        let (bound, epochs) = (bound.min(segment.next), self.epochs().shared());
        let segment = segment.clone();
        Ok(ReadPlan::File(Box::new(FileRead { segment, from, bound, max_bytes, at_least_one, epochs })))
    }

    /// Plans the search for the first record at or after `target`, from offset `from` on (first the log
    /// start, then the end of the place that did not hold it).
    pub fn plan_time(&self, target: WallTime, from: Offset, bound: Offset) -> TimePlan {
        let from = from.max(self.log_start());
        let bound = bound.min(self.log_end());
        let tail_base = self.tail().base().unwrap_or(self.log_end());
        for segment in self.segments().iter().filter(|s| s.next > from && s.base < bound) {
            if segment.base.max(from) >= tail_base {
                break;
            }
            if segment.max_timestamp >= target {
                return TimePlan::File(Box::new(self.time_read(segment, target, from, bound)));
            }
        }
        let mut batches = self.tail().after(from).take_while(|batch| batch.next() <= bound);
        match batches.find(|batch| batch.max_timestamp() >= target) {
            Some(batch) => TimePlan::Tail(batch.batch.clone()),
            None => TimePlan::None,
        }
    }

    /// Plans the search for the first record with the largest timestamp below `bound`. In a segment that
    /// reaches beyond the bound, or whose file is still to be cut, only its own maximum counts, and only if it
    /// lies below.
    pub fn plan_max_timestamp(&self, bound: Offset) -> TimePlan {
        let bound = bound.min(self.log_end());
        let eligible = |s: &&SegmentMeta| s.max_timestamp.0 >= 0 && s.max_timestamp_offset < bound;
        let file = self.segments().iter().filter(eligible).rev().max_by_key(|s| s.max_timestamp);
        let batches = self.tail().after(self.log_start()).take_while(|batch| batch.next() <= bound);
        let tail = batches.filter(|batch| batch.max_timestamp().0 >= 0).max_by(|one, two| {
            one.max_timestamp().cmp(&two.max_timestamp()).then(two.base().cmp(&one.base()))
        });
        match (file, tail) {
            (Some(s), Some(t)) if t.max_timestamp() > s.max_timestamp => TimePlan::Tail(t.batch.clone()),
            (Some(s), _) => {
                TimePlan::File(Box::new(self.time_read(s, s.max_timestamp, self.log_start(), bound)))
            }
            (None, Some(t)) => TimePlan::Tail(t.batch.clone()),
            (None, None) => TimePlan::None,
        }
    }

    fn time_read(&self, segment: &SegmentMeta, target: WallTime, from: Offset, bound: Offset) -> TimeRead {
        let (from, bound) = (from.max(segment.base), bound.min(segment.next));
        TimeRead { segment: segment.clone(), target, from, bound, epochs: self.epochs().shared() }
    }
}
