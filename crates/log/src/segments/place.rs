//! Placing: which batch goes into which segment file, at which byte, with which index entries.
//!
//! Follows `LogSegment.append` and `UnifiedLog.maybeRoll` of Kafka 4.3.1 batch by batch, so that Kafka's
//! dump tool finds nothing to complain about: an offset index entry is (last offset of the batch - base,
//! position of the batch), written when more than the interval has been placed since the last one; with it
//! goes a time index entry (largest timestamp so far, its offset - base) if that timestamp has grown; a
//! sealed segment gets a last time entry, and its transaction index, which seals it when it is full. A roll by time counts from the largest timestamp of the first batch.

use super::{SegmentMeta, Segments};
use crate::producers::AbortedTxn;
use crate::tail::TailBatch;
use crate::txn_index::{ENTRIES_MAX, TxnIndexMeta, within};
use types::{LogKey, Millis, Offset, WallTime};
use wire::record::{Batch, BatchHeader};

/// Bytes of an entry of the offset index.
const INDEX_ENTRY_BYTES: u32 = 8;
/// Bytes of an entry of the time index.
const TIME_ENTRY_BYTES: u32 = 12;
/// Bytes between index entries of batches that are found in a file: the topic's setting is not known then.
const FOUND_INTERVAL_BYTES: u64 = 4096;

/// When a segment ends and how densely it is indexed: the topic's settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlaceRules {
    /// `segment.bytes`.
    pub segment_bytes: u64,
    /// `segment.ms`, less the jitter of this log.
    pub segment_ms: Millis,
    /// `index.interval.bytes`.
    pub index_interval_bytes: u64,
    /// `segment.index.bytes`.
    pub segment_index_bytes: u32,
}

/// What a checkpoint writes for one log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Placement {
    /// The log.
    pub key: LogKey,
    /// Its folder's name, as the broker set it.
    pub folder: Option<String>,
    /// *Shape*: in offset order, at most one write per segment; empty if nothing is placed.
    pub writes: Vec<SegmentWrite>,
    /// Whether the producer state is written to a file although no segment is rolled: the log start has passed batches that
    /// no file covers (W-9).
    pub files_producers: bool,
}

impl Placement {
    /// Says whether nothing is written in the log's folder.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && !self.files_producers
    }

    /// Returns the bytes of its batches. *Units*: bytes.
    pub fn bytes(&self) -> u64 {
        let batches = self.writes.iter().flat_map(|write| &write.batches);
        batches.map(|batch| batch.size() as u64).sum()
    }
}

/// What goes into one segment, in one piece.
///
/// *Invariant*: the files are exactly as long as `at`, `index_at` and `times_at` say when the write begins
/// (what is longer is cut off first, what is shorter is damage).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentWrite {
    /// The segment.
    pub base: Offset,
    /// Where the first batch goes. *Units*: bytes. Zero makes the file.
    pub at: u64,
    /// The batches. *Shape*: contiguous; empty if the segment is only sealed.
    pub batches: Vec<Batch>,
    /// New entries of the offset index: (offset - base, byte position).
    pub index: Vec<(u32, u32)>,
    /// How many entries the offset index has before.
    pub index_at: u32,
    /// New entries of the time index: (timestamp, offset - base).
    pub times: Vec<(i64, u32)>,
    /// How many entries the time index has before.
    pub times_at: u32,
    /// Whether the segment is complete now: its indexes are synced too.
    pub roll: bool,
    /// Its transaction index, if it is complete now.
    pub aborted: Vec<AbortedTxn>,
}

/// Places batches after the segments there are; returns the segments as they are then, and what to write. `aborted` are the
/// transactions whose marks lie in what is not sealed yet, in the order of the marks.
pub(crate) fn place<'a>(
    segments: &Segments,
    batches: impl Iterator<Item = &'a TailBatch>,
    (rules, aborted): (&PlaceRules, &[AbortedTxn]),
) -> (Segments, Vec<SegmentWrite>) {
    let mut placer = Placer { rules, aborted, list: segments.to_vec(), writes: Vec::new() };
    for batch in batches {
        placer.put(batch);
    }
    (Segments::from_list(placer.list), placer.writes)
}

/// Places batches after the last segment of a log; returns that segment and the new ones as they are then, and what
/// to write. Nothing is placed without batches.
pub(crate) fn place_after<'a>(
    last: Option<SegmentMeta>,
    batches: impl Iterator<Item = &'a TailBatch>,
    (rules, aborted): (&PlaceRules, &[AbortedTxn]),
) -> (Vec<SegmentMeta>, Vec<SegmentWrite>) {
    let mut placer = Placer { rules, aborted, list: last.into_iter().collect(), writes: Vec::new() };
    for batch in batches {
        placer.put(batch);
    }
    (placer.list, placer.writes)
}

/// Begins what a segment gets beyond its bytes of now.
pub(crate) fn write_after(segment: &SegmentMeta) -> SegmentWrite {
    new_write(segment)
}

/// Takes a batch that lies in a segment's file already into the segment, with the index entries that it gets.
pub(crate) fn follow(
    segment: &mut SegmentMeta,
    write: &mut SegmentWrite,
    head: &BatchHeader,
    appended: WallTime,
) {
    grow(segment, write, (head, appended), FOUND_INTERVAL_BYTES);
}

/// Takes a batch that compaction has left into the segment that it writes, with the index entries that it gets. The time of
/// a batch without records is nobody's.
pub(crate) fn follow_rewritten(
    segment: &mut SegmentMeta,
    write: &mut SegmentWrite,
    (head, appended): (&BatchHeader, WallTime),
    interval: u64,
) {
    let mut head = *head;
    if head.record_count <= 0 {
        head.max_timestamp = super::NO_TIMESTAMP;
    }
    grow(segment, write, (&head, appended), interval);
}

/// Seals a segment whose file is followed by another; `aborted` are the transactions whose marks may lie in it.
pub(crate) fn seal(segment: &mut SegmentMeta, write: &mut SegmentWrite, aborted: &[AbortedTxn]) {
    add_time_entry(segment, write);
    write.aborted = within(aborted, segment.base, segment.next).to_vec();
    write.roll = true;
    segment.txn_index = TxnIndexMeta::of(&write.aborted);
    segment.sealed = true;
}

struct Placer<'a> {
    rules: &'a PlaceRules,
    aborted: &'a [AbortedTxn],
    list: Vec<SegmentMeta>,
    writes: Vec<SegmentWrite>,
}

impl Placer<'_> {
    fn put(&mut self, batch: &TailBatch) {
        let fits = self.list.last().is_some_and(|segment| !self.must_roll(segment, batch));
        if !fits {
            self.roll(batch.base());
        }
        let Some(segment) = self.list.last_mut() else { return };
        if self.writes.last().is_none_or(|write| write.base != segment.base) {
            self.writes.push(new_write(segment));
        }
        if let Some(write) = self.writes.last_mut() {
            grow(segment, write, (batch.batch.header(), batch.appended), self.rules.index_interval_bytes);
            write.batches.push(batch.batch.clone());
        }
    }

    /// Seals the last segment and begins one at `base`.
    fn roll(&mut self, base: Offset) {
        if let Some(segment) = self.list.last_mut().filter(|segment| !segment.sealed) {
            if self.writes.last().is_none_or(|write| write.base != segment.base) {
                self.writes.push(new_write(segment));
            }
            if let Some(write) = self.writes.last_mut() {
                seal(segment, write, self.aborted);
            }
        }
        self.list.push(SegmentMeta::empty(base));
    }

    /// Says whether a batch has to go into a new segment.
    fn must_roll(&self, segment: &SegmentMeta, batch: &TailBatch) -> bool {
        let aborted = || within(self.aborted, segment.base, batch.base()).len();
        must_roll(segment, batch, self.rules) || (segment.bytes > 0 && aborted() >= ENTRIES_MAX)
    }
}

fn new_write(segment: &SegmentMeta) -> SegmentWrite {
    SegmentWrite {
        base: segment.base,
        at: segment.bytes,
        batches: Vec::new(),
        index: Vec::new(),
        index_at: segment.index_entries,
        times: Vec::new(),
        times_at: segment.time_entries,
        roll: false,
        aborted: Vec::new(),
    }
}

/// Says whether a segment takes no further batch in, whatever transactions were aborted.
fn must_roll(segment: &SegmentMeta, batch: &TailBatch, rules: &PlaceRules) -> bool {
    if segment.sealed || segment.next != batch.base() {
        return true;
    }
    if segment.bytes == 0 {
        return false;
    }
    segment.bytes + batch.size() > rules.segment_bytes
        || waited(segment, batch.max_timestamp()) > rules.segment_ms
        || segment.index_entries >= rules.segment_index_bytes / INDEX_ENTRY_BYTES
        || segment.time_entries.saturating_add(1) >= rules.segment_index_bytes / TIME_ENTRY_BYTES
        || relative(batch.batch.header().last_offset(), segment).is_none()
        || u32::try_from(segment.bytes).is_err()
}

/// Returns how long a segment has grown by the timestamps of its batches, as Kafka counts it.
fn waited(segment: &SegmentMeta, latest: WallTime) -> Millis {
    match segment.first_timestamp {
        none if none.0 < 0 => Millis(0),
        first => Millis(latest.0.saturating_sub(first.0)),
    }
}

/// Returns an offset counted from the base, nothing if an index cannot hold it.
fn relative(offset: Offset, segment: &SegmentMeta) -> Option<u32> {
    i32::try_from(offset.since(segment.base)).ok().and_then(|offset| u32::try_from(offset).ok())
}

fn grow(
    segment: &mut SegmentMeta,
    write: &mut SegmentWrite,
    (head, appended): (&BatchHeader, WallTime),
    interval: u64,
) {
    let (last, size) = (head.last_offset(), head.size() as u64);
    if segment.bytes == 0 {
        segment.first_timestamp = head.max_timestamp;
    }
    if head.max_timestamp > segment.max_timestamp {
        segment.max_timestamp = head.max_timestamp;
        segment.max_timestamp_offset = last;
    }
    if segment.unindexed_bytes > interval {
        add_index_entry(segment, write, last);
    }
    segment.unindexed_bytes += size;
    segment.bytes += size;
    segment.next = head.next_offset();
    segment.last_appended = segment.last_appended.max(appended);
}

fn add_index_entry(segment: &mut SegmentMeta, write: &mut SegmentWrite, last: Offset) {
    let (Some(offset), Ok(position)) = (relative(last, segment), u32::try_from(segment.bytes)) else {
        return;
    };
    write.index.push((offset, position));
    segment.index_entries += 1;
    segment.unindexed_bytes = 0;
    add_time_entry(segment, write);
}

fn add_time_entry(segment: &mut SegmentMeta, write: &mut SegmentWrite) {
    if segment.max_timestamp <= segment.last_time_entry {
        return;
    }
    if let Some(offset) = relative(segment.max_timestamp_offset, segment) {
        write.times.push((segment.max_timestamp.0, offset));
        segment.last_time_entry = segment.max_timestamp;
        segment.time_entries += 1;
    }
}
