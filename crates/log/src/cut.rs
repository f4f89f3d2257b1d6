//! The cut of a log: everything that a start needs to know of it besides the WAL beyond the cut.
//!
//! It is one value of the state journal. Layout, versions 1 to 6, big-endian, no padding:
//!
//! ```text
//! version            u8    2 for a page-cache log, 3 for one that was compacted, else 1; 4, 5, 6 for 1, 2, 3 with
//!                          transaction indexes
//! topic id           16 bytes
//! partition          i32
//! folder             u16 length, then that many bytes of UTF-8; length 0xffff: not named yet
//! change             u64
//! log start, log end, high watermark   i64 each
//! flags              u8    bit 0: producer state was lost; versions 2 and 5, bit 1: a page-cache log
//! cleaned            i64   versions 3 and 6: first offset that no compaction has seen
//! filed end          i64   from version 4 on: where the marks of `aborted` begin
//! segments           u32 count, each: base i64, next i64, bytes u64, max timestamp i64, its offset i64,
//!                    first timestamp i64, last appended i64, unindexed bytes u64, last time entry i64,
//!                    index entries u32, time entries u32, flags u8 (bit 0 sealed, bit 1 uncut, versions 3 and 6: bit 2 swap,
//!                    from version 4 on bit 3: a transaction index, then its entries u32, CRC u32, lowest first offset i64)
//! epochs             u32 count, each: epoch i32, start i64
//! producers          u32 count, each: id i64, then its entry
//!   entry            epoch i16, coordinator epoch i32, appended i64, open transaction i64 (-1 none),
//!                    u8 count of batches, each: base sequence i32, last delta i32, base offset i64, timestamp i64
//! undo steps         u32 count, each: base offset i64, producer id i64, kind u8:
//!                    0 absent | 1 pushed: u8 1 and the evicted batch or 0, appended i64, open i64 | 2 replaced: entry
//! aborted            in the order of their marks, u32 count, each: last offset i64, first offset i64, producer id i64, last stable offset i64
//! tail               u32 count, each: appended i64, u32 length, the batch
//! ```
//!
//! The cut of a page-cache log is that of its recovery point: all below its end is synced, what its files hold beyond is
//! found by a scan (W-16). Another version is refused, and so are bytes left over. Producers that cannot be those of the log are no reason to refuse the rest: they are made
//! anew (directory/producers.rs). Tests: `cut/tests.rs` with the golden bytes.

mod codec;
#[cfg(test)]
mod tests;

pub(crate) use codec::{producer_list_of, put_producer_list};

use crate::epochs::EpochEntry;
use crate::producers::{AbortedTxn, ProducerEntry, Undo};
use crate::segments::SegmentMeta;
use crate::tail::TailBatch;
use types::{LogKey, Offset, ProducerId};
use wire::record::HeaderError;

/// Everything that a start needs to know of a log, as of one change of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogCut {
    /// Which log.
    pub key: LogKey,
    /// Name of its folder; nothing if the broker has not named it.
    pub folder: Option<String>,
    /// The last change that the cut contains.
    pub change: u64,
    /// First offset that readers may ask for.
    pub log_start: Offset,
    /// Offset of the next record.
    pub log_end: Offset,
    /// A lower bound of the high watermark.
    pub high_watermark: Offset,
    /// Whether producer state was lost once.
    pub producers_lost: bool,
    /// Whether it is a page-cache log.
    pub page_cache: bool,
    /// First offset that no compaction has seen; zero for a log that was never compacted.
    pub cleaned: Offset,
    /// Segment files, with what this checkpoint places. *Shape*: contiguous, in offset order.
    pub segments: Vec<SegmentMeta>,
    /// Leader epochs. *Shape*: rising in both fields.
    pub epochs: Vec<EpochEntry>,
    /// Producer state at the log end. *Shape*: in order of the ids.
    pub producers: Vec<(ProducerId, ProducerEntry)>,
    /// How to take back the producers' batches from the high watermark on.
    pub(crate) undo: Vec<Undo>,
    /// Aborted transactions whose marks lie below are in the transaction indexes of segments alone.
    pub filed_end: Offset,
    /// The other aborted transactions, in the order of their marks.
    pub aborted: Vec<AbortedTxn>,
    /// The batches that no segment holds: few, or held back by a file that has to be cut first.
    /// *Shape*: contiguous, the last ends at the log end.
    pub tail: Vec<TailBatch>,
}

/// Bytes that are no cut.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CutError {
    /// They end too early, or a count or length is larger than what follows.
    #[error("the cut of a log is incomplete")]
    Truncated,
    /// A later build wrote them.
    #[error("version {0} of a log's cut is not known to this build")]
    Version(u8),
    /// Bytes are left over.
    #[error("{0} bytes follow the cut of a log")]
    LeftOver(usize),
    /// A batch in the tail is none.
    #[error("a batch in the cut of a log: {0}")]
    Batch(#[from] HeaderError),
    /// The parts do not fit together.
    #[error("the cut of a log contradicts itself: {0}")]
    Contradiction(&'static str),
}

impl LogCut {
    /// Returns the offset below which everything is in segments.
    pub fn written_end(&self) -> Offset {
        self.tail.first().map_or(self.log_end, TailBatch::base)
    }

    /// Says whether it was compacted, which builds before do not know of.
    pub fn is_compacted(&self) -> bool {
        self.cleaned > Offset::ZERO || self.segments.iter().any(|segment| segment.swap)
    }

    /// Says whether segments have transaction indexes, which builds before do not know of.
    pub fn has_txn_indexes(&self) -> bool {
        self.filed_end > Offset::ZERO || self.segments.iter().any(|segment| segment.txn_index.is_some())
    }

    /// Says whether the producers can be those of this log. If not, they are made anew from what the log holds.
    pub fn producers_fit(&self) -> bool {
        let sorted = |pair: &[(ProducerId, ProducerEntry)]| pair[0].0 < pair[1].0;
        let below_end = |entry: &ProducerEntry| {
            let batches = entry.window.as_slice();
            batches.iter().all(|batch| batch.last_delta >= 0 && batch.last_offset() < self.log_end)
                && batches.windows(2).all(|pair| pair[0].last_offset() < pair[1].base_offset)
        };
        self.producers.windows(2).all(sorted)
            && self.producers.iter().all(|(_, entry)| below_end(entry))
            && self.undo.windows(2).all(|pair| pair[0].base_offset < pair[1].base_offset)
            && self.undo.last().is_none_or(|last| last.base_offset < self.log_end)
    }

    fn check(&self) -> Result<(), CutError> {
        let follows = |pair: &[SegmentMeta]| pair[0].next == pair[1].base && pair[0].sealed;
        let rises = |pair: &[EpochEntry]| pair[0].epoch < pair[1].epoch && pair[0].start < pair[1].start;
        let in_order = |pair: &[AbortedTxn]| pair[0].last_offset < pair[1].last_offset;
        let end = self.written_end();
        let placed = |last: &SegmentMeta| last.next == end || last.next <= self.log_start;
        let checks = [
            (self.log_start <= self.high_watermark && self.high_watermark <= self.log_end, "pointers"),
            (self.log_start.0 >= 0 && end <= self.log_end, "offsets"),
            (self.segments.windows(2).all(follows), "segments are not contiguous"),
            (self.segments.iter().all(|s| s.base <= s.next), "a segment ends before it begins"),
            (self.segments.last().is_none_or(placed), "segments do not reach the tail"),
            (self.epochs.windows(2).all(rises), "epochs do not rise"),
            (!self.page_cache || self.tail.is_empty(), "a page-cache log with a tail"),
            (!self.page_cache || !self.is_compacted(), "a page-cache log that was compacted"),
            (self.cleaned.0 >= 0 && self.cleaned <= self.log_end, "compacted beyond its end"),
            (self.filed_end.0 >= 0 && self.filed_end <= self.high_watermark, "filed and not settled"),
            (self.aborted.iter().all(|txn| txn.last_offset >= self.filed_end), "filed twice"),
            (self.aborted.windows(2).all(in_order), "aborted transactions are not in order"),
            (self.tail.windows(2).all(|pair| pair[0].next() == pair[1].base()), "the tail has a gap"),
            (self.tail.last().is_none_or(|last| last.next() == self.log_end), "the tail ends elsewhere"),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            Some((_, what)) => Err(CutError::Contradiction(what)),
            None => Ok(()),
        }
    }
}
