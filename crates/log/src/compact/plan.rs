//! What a compaction reads and writes, as decided in one turn of the log's owner.

use super::filter::FilterRules;
use crate::aborted::AbortedPlan;
use crate::epochs::EpochEntry;
use crate::layout::{OFFSET_ENTRY_BYTES, TIME_ENTRY_BYTES};
use crate::segments::{PlaceRules, SegmentMeta};
use crate::txn_index::{ENTRIES_MAX, TxnIndexMeta};
use std::ops::Range;
use std::sync::Arc;
use types::{LogKey, Offset, ProducerEpoch};

/// The last batch of a producer that a log knows: it stays, if need be without records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LastBatch {
    /// Its last offset, nothing if the producer has only ended transactions.
    pub offset: Option<Offset>,
    /// The producer's epoch.
    pub epoch: ProducerEpoch,
}

/// One compaction of one log.
#[derive(Clone, Debug)]
pub struct CompactPlan {
    /// The log.
    pub key: LogKey,
    /// Sealed segments from the log start on. *Shape*: contiguous, in offset order.
    pub segments: Vec<SegmentMeta>,
    /// First offset that no compaction has seen.
    pub from: Offset,
    /// First offset that readers may ask for.
    pub log_start: Offset,
    /// Nothing below it is ever truncated.
    pub high_watermark: Offset,
    /// What each batch's leader epoch is checked against (W-18).
    pub epochs: Arc<[EpochEntry]>,
    /// How segments are cut and indexed.
    pub place: PlaceRules,
    /// By what records stay.
    pub filter: FilterRules,
    /// Where the aborted transactions are of which there may be records; `filter` gets them.
    pub aborted: AbortedPlan,
}

impl CompactPlan {
    /// Leaves out the segments that do not end at or below an offset.
    pub fn limit(&mut self, bound: Offset) {
        let fit = self.segments.partition_point(|segment| segment.next <= bound);
        self.segments.truncate(fit);
    }

    /// Says whether nothing is left that no compaction has seen.
    pub fn is_empty(&self) -> bool {
        self.segments.last().is_none_or(|last| last.next <= self.from)
    }

    /// Returns the segments that the first pass reads.
    pub fn dirty(&self) -> &[SegmentMeta] {
        let clean = self.segments.partition_point(|segment| segment.next <= self.from);
        self.segments.get(clean..).unwrap_or_default()
    }

    /// Returns how many keys there can be at most.
    pub fn most_keys(&self) -> u64 {
        let end = self.segments.last().map_or(self.from, |last| last.next);
        u64::try_from(end.since(self.from)).unwrap_or(0)
    }

    /// Returns the segments that begin below an offset in groups that become one segment each
    /// (`Cleaner.groupSegmentsBySize`).
    pub fn groups(&self, below: Offset) -> Vec<Range<usize>> {
        let count = self.segments.partition_point(|segment| segment.base < below);
        let mut groups: Vec<Range<usize>> = Vec::new();
        for at in 0..count {
            match groups.last_mut() {
                Some(group) if self.fits(group.start, at) => group.end = at + 1,
                _ => groups.push(at..at + 1),
            }
        }
        groups
    }

    /// Says whether a segment still fits a group.
    fn fits(&self, first: usize, at: usize) -> bool {
        let Some(group) = self.segments.get(first..=at) else { return false };
        let sum = |of: fn(&SegmentMeta) -> u64| group.iter().map(of).sum::<u64>();
        let entries = |bytes: u32| u64::from(self.place.segment_index_bytes / bytes);
        let aborted = |index: TxnIndexMeta| u64::from(index.entries);
        let aborted: u64 = group.iter().filter_map(|segment| segment.txn_index).map(aborted).sum();
        let span = group.last().zip(group.first()).map_or(0, |(last, first)| last.next.since(first.base));
        sum(|segment| segment.bytes) <= self.place.segment_bytes
            && sum(|segment| u64::from(segment.index_entries)) <= entries(OFFSET_ENTRY_BYTES)
            && sum(|segment| u64::from(segment.time_entries)) <= entries(TIME_ENTRY_BYTES)
            && aborted <= ENTRIES_MAX as u64
            && i32::try_from(span).is_ok()
    }
}
