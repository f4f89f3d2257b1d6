//! The segment files of a log, as the log knows them: ranges and sizes, no bytes.
//!
//! *Invariant*: segments are in offset order without gap or overlap, and only the last is not sealed.
//! A segment comes into being when a checkpoint places batches (`segments/place.rs`); it ends when the log start
//! has passed it, or when a truncation cuts it away. After a truncation its file still holds batches
//! beyond `next` until they are cut off; until then it is marked `uncut` and nothing is placed.
//! Source: D-4, W-5, W-8; `LogSegment`. Tests: `segments/tests.rs`, `tests/prop_log.rs`.

mod place;
#[cfg(test)]
mod tests;

use crate::txn_index::TxnIndexMeta;
use types::{LogKey, Offset, WallTime};

pub use place::{PlaceRules, Placement, SegmentWrite};
pub(crate) use place::{follow, follow_rewritten, place, place_after, seal, write_after};

/// Names a segment file within its log: the first offset it was made for.
pub type SegmentId = Offset;

/// The wire's "no timestamp".
pub const NO_TIMESTAMP: WallTime = WallTime(-1);

/// One segment file of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentMeta {
    /// First offset; names the file.
    pub base: Offset,
    /// First offset after the segment.
    pub next: Offset,
    /// Length of its batches. *Units*: bytes.
    pub bytes: u64,
    /// Largest timestamp of a batch, [`NO_TIMESTAMP`] for none.
    pub max_timestamp: WallTime,
    /// Last offset of the first batch with that timestamp.
    pub max_timestamp_offset: Offset,
    /// Largest timestamp of the first batch, which a roll by time counts from.
    pub first_timestamp: WallTime,
    /// When the last batch was appended, by the broker's clock; caps `max_timestamp` for retention.
    pub last_appended: WallTime,
    /// Bytes placed since the last entry of the offset index.
    pub unindexed_bytes: u64,
    /// Timestamp of the last entry of the time index, [`NO_TIMESTAMP`] for none.
    pub last_time_entry: WallTime,
    /// Entries of the offset index.
    pub index_entries: u32,
    /// Entries of the time index.
    pub time_entries: u32,
    /// Whether it was rolled: nothing is placed in it any more.
    pub sealed: bool,
    /// Whether the file still holds batches at or beyond `next` that a truncation took from the log.
    /// `bytes` and the counts are then those of the longer file.
    pub uncut: bool,
    /// Whether compaction made it, and its files may still have the ending `.swap` beside those that they take the place of.
    pub swap: bool,
    /// Its transaction index, once it is sealed and if it holds marks of aborted transactions.
    pub txn_index: Option<TxnIndexMeta>,
}

impl SegmentMeta {
    /// Makes a segment without batches.
    pub fn empty(base: Offset) -> SegmentMeta {
        SegmentMeta {
            base,
            next: base,
            bytes: 0,
            max_timestamp: NO_TIMESTAMP,
            max_timestamp_offset: Offset::NONE,
            first_timestamp: NO_TIMESTAMP,
            last_appended: NO_TIMESTAMP,
            unindexed_bytes: 0,
            last_time_entry: NO_TIMESTAMP,
            index_entries: 0,
            time_entries: 0,
            sealed: false,
            uncut: false,
            swap: false,
            txn_index: None,
        }
    }

    /// Returns the time that retention counts from: the largest timestamp, but no later than the append,
    /// so that a timestamp in the far future does not keep a segment for ever (A40).
    pub fn retention_time(&self) -> WallTime {
        match self.max_timestamp {
            none if none.0 < 0 => self.last_appended,
            latest => latest.min(self.last_appended),
        }
    }

    pub(crate) fn cut_end(&mut self, to: Offset) {
        if self.next > to {
            self.next = to;
            self.sealed = false;
            self.uncut = true;
            self.txn_index = None;
        }
    }
}

/// A cut of a segment file that has become due: a truncation of its log is durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileCut {
    /// The log.
    pub key: LogKey,
    /// The segment.
    pub segment: SegmentId,
    /// First offset that goes. At or below the segment's base the files are removed.
    pub to: Offset,
}

/// The segments of one log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Segments {
    list: Vec<SegmentMeta>,
}

impl Segments {
    /// Takes over a list that a cut kept.
    pub fn from_list(list: Vec<SegmentMeta>) -> Segments {
        let segments = Segments { list };
        segments.assert_invariants();
        segments
    }

    /// Returns the segments in offset order.
    pub fn iter(&self) -> std::slice::Iter<'_, SegmentMeta> {
        self.list.iter()
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Says whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns the last segment, the only one that may grow.
    pub fn last(&self) -> Option<&SegmentMeta> {
        self.list.last()
    }

    /// Returns the segment that holds an offset.
    pub fn containing(&self, offset: Offset) -> Option<&SegmentMeta> {
        let after = self.list.partition_point(|segment| segment.next <= offset);
        self.list.get(after).filter(|segment| segment.base <= offset)
    }

    /// Returns the bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.list.iter().map(|segment| segment.bytes).sum()
    }

    /// Says whether a file is longer than its segment.
    pub fn has_uncut(&self) -> bool {
        self.list.iter().any(|segment| segment.uncut)
    }

    pub(crate) fn to_vec(&self) -> Vec<SegmentMeta> {
        self.list.clone()
    }

    /// Takes in a segment that has grown, or that follows the last one.
    pub(crate) fn grow(&mut self, segment: SegmentMeta) {
        match self.list.last_mut() {
            Some(last) if last.base == segment.base => *last = segment,
            _ => self.list.push(segment),
        }
    }

    /// Takes out the segments that end at or below `start`, but for `kept`; returns their names.
    pub(crate) fn drop_below(&mut self, start: Offset, kept: Option<SegmentId>) -> Vec<SegmentId> {
        let dead = |segment: &SegmentMeta| segment.next <= start && Some(segment.base) != kept;
        let dead = self.list.partition_point(dead);
        self.list.drain(..dead).map(|segment| segment.base).collect()
    }

    /// Takes out what lies at or beyond `to`; returns the segments whose files have to be cut or removed.
    pub(crate) fn cut_end(&mut self, to: Offset) -> Vec<SegmentId> {
        let whole = self.list.partition_point(|segment| segment.next <= to);
        let touched = self.list[whole..].iter().map(|segment| segment.base).collect();
        self.list.retain(|segment| segment.base < to);
        if let Some(last) = self.list.last_mut() {
            last.cut_end(to);
        }
        touched
    }

    /// Puts the result of a file cut in place of the segment that was longer.
    pub(crate) fn replace(&mut self, segment: SegmentMeta) {
        if let Some(old) = self.list.iter_mut().find(|old| old.base == segment.base) {
            debug_assert_eq!(old.next, segment.next, "a file is cut where its log was cut");
            *old = segment;
        }
    }

    /// Puts a segment in place of those that it was made of, or of what the log start has left of them. Returns the names
    /// that go; nothing if none of them is left.
    pub(crate) fn swap_in(&mut self, old: &[SegmentMeta], new: &SegmentMeta) -> Option<Vec<SegmentId>> {
        let at = self.list.iter().position(|segment| old.contains(segment))?;
        let passed = old.iter().position(|segment| *segment == self.list[at])?;
        let end = at + old.len() - passed;
        if (passed > 0 && at > 0) || self.list.get(at..end)? != old.get(passed..)? {
            return None;
        }
        let gone = self.list.splice(at..end, [new.clone()]).map(|segment| segment.base);
        Some(gone.filter(|base| *base != new.base).collect())
    }

    /// Says whether files of a segment may have to be renamed.
    pub(crate) fn has_swaps(&self) -> bool {
        self.list.iter().any(|segment| segment.swap)
    }

    /// Notes how a transaction index is that was made anew.
    pub(crate) fn set_txn_index(&mut self, base: SegmentId, index: Option<TxnIndexMeta>) {
        let sealed = self.list.iter_mut().filter(|segment| segment.base == base && segment.sealed);
        sealed.for_each(|segment| segment.txn_index = index);
    }

    /// Notes that the files of these segments have their names.
    pub(crate) fn swapped(&mut self, bases: &[SegmentId]) {
        let renamed = self.list.iter_mut().filter(|segment| bases.contains(&segment.base));
        renamed.for_each(|segment| segment.swap = false);
    }

    pub(crate) fn assert_invariants(&self) {
        let follows = |pair: &[SegmentMeta]| pair[0].next == pair[1].base && pair[0].sealed;
        assert!(self.list.windows(2).all(follows), "segments are contiguous: {:?}", self.list);
        assert!(self.list.iter().all(|segment| segment.base <= segment.next));
    }
}
