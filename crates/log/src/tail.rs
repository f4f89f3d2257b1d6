//! The batches of a log that are in memory: the newest ones, written to segments or not yet.
//!
//! *Invariant*: batches are contiguous, the last ends at the log end. What lies below the log's written end
//! is a cache and may go at any time; the rest is the only copy besides the WAL. A batch is charged with
//! its size; one that pins a much larger frame is to be detached before it is appended (W-17).
//! Tests: `tests/prop_log.rs`.

use std::collections::VecDeque;
use types::{Offset, WallTime};
use wire::record::Batch;

/// One batch in memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TailBatch {
    /// The batch, placed: its offset and epoch are final.
    pub batch: Batch,
    /// When the broker that stored it appended it, by that broker's clock.
    pub appended: WallTime,
}

impl TailBatch {
    /// Returns the first offset.
    pub fn base(&self) -> Offset {
        self.batch.header().base_offset
    }

    /// Returns the first offset after the batch.
    pub fn next(&self) -> Offset {
        self.batch.header().next_offset()
    }

    /// Returns the bytes that it takes on the wire and on disk.
    pub fn size(&self) -> u64 {
        u64::try_from(self.batch.size()).unwrap_or(u64::MAX)
    }

    /// Returns the largest timestamp of its records.
    pub fn max_timestamp(&self) -> WallTime {
        self.batch.header().max_timestamp
    }
}

/// What a reader asks of the tail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TailRead {
    pub(crate) from: Offset,
    pub(crate) bound: Offset,
    pub(crate) max_bytes: usize,
    pub(crate) at_least_one: bool,
}

/// The newest batches of a log.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    batches: VecDeque<TailBatch>,
    bytes: u64,
}

impl Tail {
    /// Returns the first offset in memory, nothing if there is no batch.
    pub fn base(&self) -> Option<Offset> {
        self.batches.front().map(TailBatch::base)
    }

    /// Returns the first offset after the last batch, nothing if there is no batch.
    pub fn next(&self) -> Option<Offset> {
        self.batches.back().map(TailBatch::next)
    }

    /// Returns the bytes of all batches.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the batches that end above `from`, in order.
    pub fn after(&self, from: Offset) -> impl Iterator<Item = &TailBatch> {
        let first = self.batches.partition_point(|batch| batch.next() <= from);
        self.batches.range(first..)
    }

    /// Returns the bytes of the batches that end above `from`.
    pub fn bytes_after(&self, from: Offset) -> u64 {
        self.after(from).map(TailBatch::size).sum()
    }

    pub(crate) fn push(&mut self, batch: TailBatch) {
        debug_assert!(self.next().is_none_or(|next| next == batch.base()), "the tail has no gaps");
        self.bytes += batch.size();
        self.batches.push_back(batch);
    }

    pub(crate) fn read(&self, read: TailRead) -> Vec<Batch> {
        let mut room = read.max_bytes;
        let mut found = Vec::new();
        for batch in self.after(read.from).take_while(|batch| batch.next() <= read.bound) {
            let size = batch.batch.size();
            if size > room && !(read.at_least_one && found.is_empty()) {
                break;
            }
            room = room.saturating_sub(size);
            found.push(batch.batch.clone());
        }
        found
    }

    /// Drops the batches that end at or below `offset`.
    pub(crate) fn drop_below(&mut self, offset: Offset) {
        while self.batches.front().is_some_and(|batch| batch.next() <= offset) {
            self.drop_first();
        }
    }

    /// Drops the batches that end above `to`; returns where the tail ends then.
    pub(crate) fn cut_end(&mut self, to: Offset) -> Offset {
        let mut end = to;
        while self.batches.back().is_some_and(|batch| batch.next() > to) {
            let Some(batch) = self.batches.pop_back() else { break };
            self.bytes -= batch.size();
            end = end.min(batch.base());
        }
        end
    }

    /// Drops batches that end at or below `floor`, oldest first, until `budget` bytes are left.
    pub(crate) fn evict(&mut self, budget: u64, floor: Offset) -> u64 {
        let before = self.bytes;
        while self.bytes > budget && self.batches.front().is_some_and(|batch| batch.next() <= floor) {
            self.drop_first();
        }
        before - self.bytes
    }

    pub(crate) fn assert_invariants(&self) {
        let mut pairs = self.batches.iter().zip(self.batches.iter().skip(1));
        assert!(pairs.all(|(one, two)| one.next() == two.base()), "the tail has no gaps");
        assert_eq!(self.bytes, self.batches.iter().map(TailBatch::size).sum::<u64>());
    }

    fn drop_first(&mut self) {
        if let Some(batch) = self.batches.pop_front() {
            self.bytes -= batch.size();
        }
    }
}
