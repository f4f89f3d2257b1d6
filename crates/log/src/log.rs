//! One partition's log as a pure state machine: no file, no clock, no task.
//!
//! ```text
//! log start        written end        durable end      log end
//!     |  segments      |  unwritten tail   |   in flight   |
//!     |      | cached tail |
//! ```
//!
//! A change of the log (append, truncation, move of the start) gets the next change number and is one
//! frame for the WAL; [`Log::on_durable`] says that the frames up to a change are synced. A checkpoint takes a
//! [cut](Log::cut) at the log end and places the unwritten batches in segments; [`Log::checkpointed`] says
//! that both are safe. After a crash, [`Log::from_cut`] and [`Log::replay`] of the frames with higher change
//! numbers give the same log again.
//!
//! *Invariant* ([`Log::assert_invariants`]): log start <= log end; durable end <= log end; written end <= log
//! end, and <= durable end unless the start was moved beyond it; high watermark between start and end;
//! segments end at the written end or all lie below the start; the tail ends at the log end and holds at least
//! everything from the written end on.
//! A page-cache log (W-16) differs where its batches go: see `log/pages.rs`.
//! Source: D-3 to D-6, W-5, W-6, W-8; `UnifiedLog`. Tests: `tests/prop_log.rs`, `tests/script_log.rs`.

mod checkpoint;
mod compact;
mod pages;
mod remove;
mod truncate;

use crate::epochs::Epochs;
use crate::producers::{AbortedTxn, ExpireRules, Producers, ResumePoint};
use crate::segments::{FileCut, SegmentId, Segments};
use crate::tail::{Tail, TailBatch};
use crate::wal::{Frame, FrameKind};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use types::{LeaderEpoch, LogKey, Offset, ProducerId, WallTime};

use compact::{Compacting, SwapsIn};
pub use compact::{Replacement, Swaps};
pub use pages::PageWrite;
use pages::Pages;
pub use truncate::TruncateRefused;

/// Where the log ended after a change that is not durable yet.
#[derive(Clone, Copy, Debug)]
struct PendingChange {
    change: u64,
    log_end: Offset,
}

/// A checkpoint of this log that has begun and not ended.
#[derive(Clone, Debug)]
struct Placing {
    change: u64,
    /// Where the written end will be, lowered by truncations in between.
    end: Offset,
    /// What the segments will be, truncations in between included.
    segments: Segments,
    /// What compaction has changed in them.
    swaps: SwapsIn,
}

/// A job on a file that a truncation has left behind.
#[derive(Clone, Copy, Debug)]
struct PendingCut {
    /// The truncation; the file is touched only once it is durable.
    change: u64,
    cut: FileCut,
    taken: bool,
}

/// The log of one partition.
#[derive(Clone, Debug)]
pub struct Log {
    pub(crate) key: LogKey,
    folder: Option<Arc<str>>,
    change: u64,
    durable_change: u64,
    pending: VecDeque<PendingChange>,
    log_start: Offset,
    written_end: Offset,
    high_watermark: Offset,
    durable_end: Offset,
    log_end: Offset,
    tail: Tail,
    unwritten_bytes: u64,
    segments: Segments,
    pub(crate) epochs: Epochs,
    pub(crate) producers: Producers,
    producers_lost: bool,
    /// In the order of their marks, from `filed_end` on.
    aborted: Vec<AbortedTxn>,
    /// Aborted transactions whose marks lie below are in the transaction indexes of segments alone.
    filed_end: Offset,
    /// Change number of the last cut that is safe.
    cut_change: u64,
    /// Whether something that a cut keeps has changed without a frame.
    touched: bool,
    placing: Option<Placing>,
    /// The last change with which the log start has passed batches that no file with producer state covers.
    unfiled: Option<u64>,
    /// Segments that the log start has passed, with the change from which on a cut no longer names them.
    dropped: Vec<(u64, SegmentId)>,
    deletable: Vec<SegmentId>,
    file_cuts: Vec<PendingCut>,
    /// What only a page-cache log has.
    pages: Option<Box<Pages>>,
    /// What only a compacted log has.
    compacting: Option<Box<Compacting>>,
}

impl Log {
    /// Makes an empty log that begins at offset 0.
    pub fn new(key: LogKey) -> Log {
        Log {
            key,
            folder: None,
            change: 0,
            durable_change: 0,
            pending: VecDeque::new(),
            log_start: Offset::ZERO,
            written_end: Offset::ZERO,
            high_watermark: Offset::ZERO,
            durable_end: Offset::ZERO,
            log_end: Offset::ZERO,
            tail: Tail::default(),
            unwritten_bytes: 0,
            segments: Segments::default(),
            epochs: Epochs::default(),
            producers: Producers::default(),
            producers_lost: false,
            aborted: Vec::new(),
            filed_end: Offset::ZERO,
            cut_change: 0,
            touched: false,
            placing: None,
            unfiled: None,
            dropped: Vec::new(),
            deletable: Vec::new(),
            file_cuts: Vec::new(),
            pages: None,
            compacting: None,
        }
    }

    /// Returns which log this is.
    pub fn key(&self) -> LogKey {
        self.key
    }

    /// Returns the name of its folder, nothing before the broker has set it.
    pub fn folder(&self) -> Option<&str> {
        self.folder.as_deref()
    }

    /// Names the folder of its segment files. The next cut keeps it.
    pub fn set_folder(&mut self, folder: &str) {
        if self.folder() != Some(folder) {
            self.folder = Some(folder.into());
            self.touched = true;
        }
    }

    /// Returns the number of the last change; the next frame has one more.
    pub fn change(&self) -> u64 {
        self.change
    }

    /// Returns the change number up to which everything is synced.
    pub fn durable_change(&self) -> u64 {
        self.durable_change
    }

    /// Returns the first offset that readers may ask for.
    pub fn log_start(&self) -> Offset {
        self.log_start
    }

    /// Returns the offset below which everything is in synced segments; of a page-cache log, in segments.
    pub fn written_end(&self) -> Offset {
        self.written_end
    }

    /// Returns the offset below which everything survives what the log is to survive: a power cut of this node, or,
    /// of a page-cache log, the end of this process.
    pub fn durable_end(&self) -> Offset {
        self.durable_end
    }

    /// Returns the offset of the next record (LEO).
    pub fn log_end(&self) -> Offset {
        self.log_end
    }

    /// Returns the high watermark as last told, or as a cut kept it: a lower bound of the true one.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// Returns the last stable offset as far as this log knows: below it no transaction is open (T3).
    pub fn last_stable(&self) -> Offset {
        let open = self.producers.first_unstable().unwrap_or(self.high_watermark);
        open.max(self.log_start).min(self.high_watermark)
    }

    /// Notes that the high watermark has moved; one that would go back is ignored. Nothing below it is
    /// ever truncated, so the way back to there is forgotten.
    pub fn set_high_watermark(&mut self, to: Offset) {
        let to = to.min(self.log_end);
        if to > self.high_watermark {
            self.high_watermark = to;
            self.producers.settle(to);
        }
    }

    /// Returns the bytes of the log, in segments and not yet in segments.
    pub fn size_bytes(&self) -> u64 {
        self.segments.bytes() + self.unwritten_bytes
    }

    /// Returns the bytes that no segment holds yet.
    pub fn unwritten_bytes(&self) -> u64 {
        self.unwritten_bytes
    }

    /// Returns the bytes held in memory, written or not.
    pub fn tail_bytes(&self) -> u64 {
        self.tail.bytes()
    }

    /// Returns the batches in memory.
    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    /// Returns the segment files as of the last checkpoint that ended.
    pub fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Returns the leader epochs.
    pub fn epochs(&self) -> &Epochs {
        &self.epochs
    }

    /// Returns the producer state.
    pub fn producers(&self) -> &Producers {
        &self.producers
    }

    /// Returns for each producer where it goes on in a log that takes this one's place once its topic is
    /// deleted, nothing if that cannot be said (P8).
    pub fn resume_points(&self) -> Vec<(ProducerId, Option<ResumePoint>)> {
        self.producers.resume_points(self.high_watermark)
    }

    /// Says whether producer state from before some point was lost, so that an unknown producer may well
    /// have written here before.
    pub fn producers_lost(&self) -> bool {
        self.producers_lost
    }

    /// Says whether the log start has passed batches whose producers only the state knows; the next checkpoint files them.
    pub fn has_unfiled_producers(&self) -> bool {
        self.unfiled.is_some()
    }

    /// Marks that producer state was lost (W-9); the next cut keeps the mark.
    pub fn mark_producers_lost(&mut self) {
        self.touched |= !self.producers_lost;
        self.producers_lost = true;
    }

    /// Returns the aborted transactions that are in memory, in the order of their marks.
    pub fn aborted(&self) -> &[AbortedTxn] {
        &self.aborted
    }

    /// Returns where those begin: the marks of others lie below, and they are in transaction indexes.
    pub fn filed_end(&self) -> Offset {
        self.filed_end
    }

    pub(crate) fn forget_aborted_below(&mut self, end: Offset) {
        self.filed_end = self.filed_end.max(end);
        self.aborted.retain(|aborted| aborted.last_offset >= end);
    }

    /// Changes what is known of segment files; the next cut says so.
    pub(crate) fn change_segments(&mut self, change: impl Fn(&mut Segments)) {
        change(&mut self.segments);
        if let Some(placing) = &mut self.placing {
            change(&mut placing.segments);
        }
        self.touched = true;
    }

    /// Returns the highest leader epoch known here.
    pub fn latest_epoch(&self) -> LeaderEpoch {
        self.epochs.latest()
    }

    /// Notes that this node leads with this epoch from here on.
    pub fn start_epoch(&mut self, epoch: LeaderEpoch) {
        self.epochs.start_leading(epoch, self.log_end);
    }

    /// Answers OffsetForLeaderEpoch: the largest epoch at or below the asked one, and its end here;
    /// (unknown, none) if the asked epoch is not known yet.
    pub fn epoch_end(&self, asked: LeaderEpoch) -> (LeaderEpoch, Offset) {
        self.epochs.end_for(asked, self.log_end)
    }

    /// Notes that the frames up to this change are synced; moves the durable end.
    pub fn on_durable(&mut self, through: u64) {
        debug_assert!(through <= self.change, "only what was handed out can be synced");
        while let Some(done) = self.pending.front().filter(|done| done.change <= through) {
            if self.pages.is_none() {
                self.durable_end = done.log_end;
            }
            self.pending.pop_front();
        }
        self.durable_change = self.durable_change.max(through.min(self.change));
        self.settle_pages();
        self.assert_order();
    }

    /// Says whether segments lie below the log start whose files the next checkpoint lets go.
    pub fn has_dead_segments(&self) -> bool {
        let head = self.pages.as_ref().and_then(|pages| pages.head_base());
        let first = self.segments.iter().next();
        let passed = first.is_some_and(|first| first.next <= self.log_start && Some(first.base) != head);
        passed || !self.dropped.is_empty()
    }

    /// Drops written batches from memory, oldest first, until at most `budget` bytes are held. Returns the
    /// bytes that went.
    pub fn evict(&mut self, budget: u64) -> u64 {
        self.tail.evict(budget, self.written_end)
    }

    /// Removes producers that are past their time; at most as many are looked at as the rules say.
    pub fn expire_producers(&mut self, rules: &ExpireRules, now: WallTime) -> usize {
        let expired = self.producers.expire(rules, now, self.log_start);
        self.touched |= expired > 0;
        expired
    }

    /// Checks everything that must hold, at a cost that grows with the log.
    pub fn assert_invariants(&self) {
        self.assert_order();
        self.tail.assert_invariants();
        self.segments.assert_invariants();
        self.epochs.assert_invariants();
        self.producers.assert_invariants();
        assert!(self.aborted.iter().all(|txn| txn.last_offset >= self.filed_end), "the others are filed");
        assert!(self.aborted.windows(2).all(|pair| pair[0].last_offset < pair[1].last_offset));
        assert!(self.filed_end <= self.high_watermark, "what is filed is settled");
        let segments_end = self.segments.last().map(|last| last.next);
        let placed = segments_end.is_none_or(|end| end == self.written_end || end <= self.log_start);
        assert!(placed, "segments end at the written end: {self:?}");
        assert!(self.tail.next().is_none_or(|next| next == self.log_end), "the tail ends at the log end");
        let unwritten = self.tail.base().map_or(self.log_end, |base| base.min(self.log_end));
        assert!(unwritten <= self.written_end || self.written_end == self.log_end, "no batch is missing");
        assert_eq!(self.unwritten_bytes, self.tail.bytes_after(self.written_end));
        assert!(self.pending.iter().all(|p| p.change > self.durable_change && p.log_end <= self.log_end));
    }

    /// Checks the order of the pointers: cheap, so always.
    pub(crate) fn assert_order(&self) {
        assert!(
            self.log_start <= self.log_end
                && self.durable_end <= self.log_end
                && self.written_end <= self.log_end
                && self.written_end <= self.durable_end.max(self.log_start)
                && self.log_start <= self.high_watermark
                && self.high_watermark <= self.log_end
                && self.durable_change <= self.change,
            "pointers out of order: start {}, written {}, high watermark {}, durable {}, end {}",
            self.log_start,
            self.written_end,
            self.high_watermark,
            self.durable_end,
            self.log_end
        );
    }

    /// Adds a placed batch to the end of the log.
    pub(crate) fn push(&mut self, batch: TailBatch) {
        let header = *batch.batch.header();
        self.epochs.assign(header.leader_epoch, header.base_offset);
        let control = crate::append::control_of(&batch.batch);
        self.aborted.extend(self.producers.apply(&header, control, batch.appended));
        self.log_end = header.next_offset();
        self.unwritten_bytes += batch.size();
        self.tail.push(batch);
    }

    /// Counts a change and makes its frame. The caller has applied the change already.
    pub(crate) fn frame(&mut self, kind: FrameKind, base_offset: Offset, parts: [Bytes; 2]) -> Frame {
        self.change += 1;
        self.pending.push_back(PendingChange { change: self.change, log_end: self.log_end });
        self.assert_order();
        let leader_epoch = self.latest_epoch();
        Frame { key: self.key, change: self.change, kind, base_offset, leader_epoch, parts }
    }

    /// Counts a change that came from the WAL.
    pub(crate) fn replayed(&mut self) {
        self.change += 1;
        self.pending.push_back(PendingChange { change: self.change, log_end: self.log_end });
    }
}
