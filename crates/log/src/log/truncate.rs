//! Cutting a log at either end: truncation (the end) and moves of the log start.
//!
//! A truncation is one operation on everything that knows offsets: tail, segments, epochs, producers and
//! aborted transactions (W-8, R14). It never goes below the high watermark. Files are cut later, as jobs, once
//! the frame is durable and no checkpoint of the log is under way (W-10); until they are done nothing is
//! placed, and the segments concerned are marked. Of a page-cache log: `pages/truncate.rs`.

use super::{Log, PendingCut};
use crate::segments::{FileCut, SegmentId, SegmentMeta};
use crate::wal::{Frame, FrameKind};
use bytes::Bytes;
use types::Offset;

/// A truncation that would take committed records away. The log is unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("cannot truncate to {to}: the high watermark is {high_watermark}")]
pub struct TruncateRefused {
    /// Where the log was to end.
    pub to: Offset,
    /// The high watermark as far as this log knows it.
    pub high_watermark: Offset,
}

impl Log {
    /// Makes the log end at `to`, which is the boundary of a batch. Returns the frame, nothing if the log
    /// ends there or before already, or is a page-cache log.
    ///
    /// # Errors
    /// The offset lies below the high watermark.
    pub fn truncate(&mut self, to: Offset) -> Result<Option<Frame>, TruncateRefused> {
        if to < self.high_watermark {
            return Err(TruncateRefused { to, high_watermark: self.high_watermark });
        }
        if to >= self.log_end {
            self.epochs.stop_leading();
            return Ok(None);
        }
        if self.is_page_cache() {
            self.truncate_pages(to);
            return Ok(None);
        }
        let end = self.apply_truncate(to, self.change + 1);
        Ok(Some(self.frame(FrameKind::Truncate, end, [Bytes::new(), Bytes::new()])))
    }

    /// Moves the log start up. Returns the frame, nothing if it lies there or beyond already. Beyond the log
    /// end the log is emptied and goes on from there (a follower far behind its leader). The start of a page-cache
    /// log goes no further than its recovery point.
    pub fn move_start(&mut self, to: Offset) -> Option<Frame> {
        let to = self.recovery_point().map_or(to, |point| to.min(point));
        if to <= self.log_start {
            return None;
        }
        self.apply_start(to);
        Some(self.frame(FrameKind::LogStart, to, [Bytes::new(), Bytes::new()]))
    }

    pub(crate) fn apply_truncate(&mut self, to: Offset, change: u64) -> Offset {
        let end = self.cut_memory(to);
        self.cut_segments(end, change);
        self.drop_dead_segments(change);
        self.unwritten_bytes = self.tail.bytes_after(self.written_end);
        end
    }

    /// Makes everything but the files end at `to`.
    pub(super) fn cut_memory(&mut self, to: Offset) -> Offset {
        let end = self.tail.cut_end(to);
        debug_assert_eq!(end, to, "a truncation goes to the boundary of a batch");
        self.log_end = end;
        self.high_watermark = self.high_watermark.min(end);
        self.durable_end = self.durable_end.min(end);
        self.written_end = self.written_end.min(end);
        for pending in &mut self.pending {
            pending.log_end = pending.log_end.min(end);
        }
        if let Some(placing) = &mut self.placing {
            placing.end = placing.end.min(end);
        }
        self.epochs.cut_end(end);
        self.producers.undo_from(end);
        self.aborted.retain(|aborted| aborted.last_offset < end);
        end
    }

    fn cut_segments(&mut self, to: Offset, change: u64) {
        let mut touched = self.segments.cut_end(to);
        if let Some(placing) = &mut self.placing {
            touched = placing.segments.cut_end(to);
        }
        self.note_file_cuts(touched, to, change);
    }

    pub(super) fn note_file_cuts(&mut self, touched: Vec<SegmentId>, to: Offset, change: u64) {
        self.file_cuts.retain(|old| old.taken || !touched.contains(&old.cut.segment));
        for segment in touched {
            let cut = FileCut { key: self.key, segment, to };
            self.file_cuts.push(PendingCut { change, cut, taken: false });
        }
    }

    pub(crate) fn apply_start(&mut self, to: Offset) {
        if self.passes_unsealed(to) {
            self.unfiled = Some(self.change + 1);
        }
        if to > self.log_end {
            self.log_end = to;
        }
        self.log_start = to;
        self.high_watermark = self.high_watermark.max(to);
        self.tail.drop_below(to);
        let kept = self.tail.base().unwrap_or(self.log_end);
        if self.written_end < to {
            self.written_end = kept;
        }
        self.epochs.cut_start(to);
        self.aborted.retain(|aborted| aborted.last_offset >= to);
        self.unwritten_bytes = self.tail.bytes_after(self.written_end);
        if let Some(pages) = self.pages.as_mut().filter(|_| self.file_cuts.is_empty()) {
            pages.start_moved(to);
        }
        self.drop_dead_segments(self.change + 1);
    }

    /// Says whether a log start takes batches away that lie in no sealed segment: the producers of a sealed one are in a file,
    /// of others only in the state.
    fn passes_unsealed(&self, to: Offset) -> bool {
        let open = self.segments.last().filter(|last| !last.sealed);
        open.is_some_and(|open| open.next <= to) || (self.written_end < self.log_end && self.written_end < to)
    }

    /// Takes out the segments below the log start, unless a checkpoint is under way, which does it at its end. Files of a
    /// page-cache log are cut first: a start would go on in one that is too long.
    pub(super) fn drop_dead_segments(&mut self, change: u64) {
        let cuts_first = self.is_page_cache() && self.has_file_cuts();
        if self.placing.is_none() && !cuts_first {
            let head = self.pages.as_ref().and_then(|pages| pages.head_base());
            let dead = self.segments.drop_below(self.log_start, head);
            self.file_cuts.retain(|job| job.taken || !dead.contains(&job.cut.segment));
            self.dropped.extend(dead.into_iter().map(|segment| (change, segment)));
        }
    }

    /// Returns the file cuts that have become due. Each is answered with [`Log::file_cut`]; until then
    /// nothing is placed.
    pub fn take_file_cuts(&mut self) -> Vec<FileCut> {
        let waits = self.pages.as_ref().is_some_and(|pages| !pages.lets_cut_files());
        if self.placing.is_some() || waits {
            return Vec::new();
        }
        let durable = self.durable_change;
        let due = self.file_cuts.iter_mut().filter(|job| !job.taken && job.change <= durable);
        due.map(|job| {
            job.taken = true;
            job.cut
        })
        .collect()
    }

    /// Notes that a file was cut and synced: the segment as it is now, nothing if its files were removed.
    pub fn file_cut(&mut self, cut: &FileCut, now: Option<SegmentMeta>) {
        self.file_cuts.retain(|job| !(job.taken && job.cut == *cut));
        let again = self.file_cuts.iter().any(|job| job.cut.segment == cut.segment);
        let now = now.filter(|_| !again);
        if let Some(segment) = now.clone() {
            self.segments.replace(segment);
            self.touched = true;
        }
        self.settle_cut(now.as_ref());
    }

    /// Says whether files that a truncation has left behind are still to be cut.
    pub fn has_file_cuts(&self) -> bool {
        !self.file_cuts.is_empty()
    }
}
