//! A page-cache log (W-16): its batches go straight to its segments, and count once they are written there.
//!
//! ```text
//! log start     recovery point      written end      handed end      log end
//!     |  synced segments  |  page cache  |  at the writer  |  this turn   |
//! ```
//!
//! An append has no frame. [`Log::hand_over`] places what was appended since, for the writer; [`Log::on_written`] moves
//! written end and durable end. The frame [`Log::created`] comes first: nothing counts before it is durable. A sync notes
//! the cut at the log end ([`Log::begin_sync`]); once all of it is synced ([`Log::pages_synced`]) the next cut of
//! the log is that one, and when a state holds it, it is the recovery point. A cut in between repeats the last one, with
//! the changes since. What the writer has no room for is taken back ([`Log::take_back_unwritten`]). Truncation:
//! `pages/truncate.rs`.
//!
//! *Invariant*: log start <= recovery point <= written end; the durable end is the written end.
//! Source: design W-16, docs/adr/2026-11-25-page-cache-topics.md. Tests: below, `tests/crash_pages.rs`.

mod truncate;

use super::{Log, Placing, SwapsIn};
use crate::append::control_of;
use crate::cut::LogCut;
use crate::replay::ReplayError;
use crate::segments::{PlaceRules, Placement, SegmentId, SegmentMeta, SegmentWrite, Segments, place_after};
use crate::tail::TailBatch;
use crate::wal::{Frame, FrameKind};
use bytes::Bytes;
use std::collections::{BTreeSet, VecDeque};
use types::{LogKey, Offset, WallTime};
use wire::record::Batch;

/// Version and mode in the payload of a `Created` frame; the folder follows.
const CREATED_PAGE_CACHE: [u8; 2] = [1, 1];

/// What the writer writes for one log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageWrite {
    /// The log.
    pub key: LogKey,
    /// Names this hand-over; rises.
    pub serial: u64,
    /// How often batches were taken back before: the writer drops what is of an older generation than it refused.
    pub generation: u32,
    /// The writes, in order.
    pub writes: Vec<SegmentWrite>,
}

/// A hand-over that is not known to be written.
#[derive(Clone, Debug)]
struct Handed {
    serial: u64,
    end: Offset,
    bytes: u64,
    /// The segments that it touches, as they are after it.
    segments: Vec<SegmentMeta>,
}

/// What a page-cache log has beside the rest.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    /// The last segment, with what was handed over.
    head: Option<SegmentMeta>,
    handed_end: Offset,
    handed: VecDeque<Handed>,
    last_serial: u64,
    written_serial: u64,
    generation: u32,
    /// The cut in the last durable state; its end is the recovery point.
    recovery: Box<LogCut>,
    /// In a checkpoint that is under way.
    offered: Option<Box<LogCut>>,
    /// Synced, and in no checkpoint yet.
    synced: Option<Box<LogCut>>,
    /// Being synced, with the hand-over that has to be written for it.
    syncing: Option<(u64, Box<LogCut>)>,
    /// Whether a state may say that more is synced than a truncation has left, until a checkpoint has been at the new end.
    lowering: bool,
}

impl Pages {
    pub(super) fn from_cut(cut: &LogCut) -> Pages {
        Pages {
            head: cut.segments.last().cloned(),
            handed_end: cut.log_end,
            handed: VecDeque::new(),
            last_serial: 0,
            written_serial: 0,
            generation: 0,
            recovery: Box::new(cut.clone()),
            offered: None,
            synced: None,
            syncing: None,
            lowering: false,
        }
    }

    pub(super) fn checkpointed(&mut self) {
        if let Some(cut) = self.offered.take() {
            self.recovery = cut;
            self.lowering &= self.synced.is_some();
        }
    }

    pub(super) fn abandoned(&mut self) {
        let offered = self.offered.take();
        self.synced = self.synced.take().or(offered);
    }

    /// The next batch begins a segment if all that was handed over lies below the start now.
    pub(super) fn start_moved(&mut self, to: Offset) {
        self.head.take_if(|head| head.next <= to);
    }

    /// The segment that grows: it stays even if what is written of it lies below the log start.
    pub(super) fn head_base(&self) -> Option<SegmentId> {
        self.head.as_ref().map(|head| head.base)
    }
}

impl Log {
    /// Makes an empty page-cache log that begins at offset 0.
    pub fn page_cache(key: LogKey) -> Log {
        let mut log = Log::new(key);
        log.be_page_cache();
        log
    }

    fn be_page_cache(&mut self) {
        let cut = LogCut { page_cache: true, ..self.cut_of(&self.segments, self.log_end) };
        self.pages = Some(Box::new(Pages::from_cut(&cut)));
    }

    /// Says whether an acknowledgement of this log means the page cache, not stable storage.
    pub fn is_page_cache(&self) -> bool {
        self.pages.is_some()
    }

    /// Returns the offset from which a start would scan the files, nothing for a log that is in the write-ahead log.
    pub fn recovery_point(&self) -> Option<Offset> {
        self.pages.as_ref().map(|pages| pages.recovery.log_end.min(self.log_end))
    }

    /// Returns the offset below which all of a page-cache log is synced, and found again after a power cut.
    pub fn synced_end(&self) -> Offset {
        self.pages.as_ref().map_or(self.durable_end, |pages| pages.known_synced().min(self.log_end))
    }

    /// Returns the first change of a page-cache log, once. Nothing of it counts before that frame is durable.
    pub fn created(&mut self) -> Option<Frame> {
        if !self.is_page_cache() || self.change > 0 {
            return None;
        }
        let folder = Bytes::copy_from_slice(self.folder().unwrap_or_default().as_bytes());
        let parts = [Bytes::from_static(&CREATED_PAGE_CACHE), folder];
        Some(self.frame(FrameKind::Created, self.log_start, parts))
    }

    pub(crate) fn replay_created(&mut self, frame: &Frame) -> Result<(), ReplayError> {
        let refused = ReplayError::Created(frame.change);
        let payload = frame.payload();
        let folder = payload.strip_prefix(&CREATED_PAGE_CACHE);
        let Some(folder) = folder.filter(|_| self.change == 0) else { return Err(refused) };
        let folder = std::str::from_utf8(folder).map_err(|_| refused)?;
        if !folder.is_empty() {
            self.set_folder(folder);
        }
        self.be_page_cache();
        Ok(())
    }

    /// Places what was appended since the last call; nothing if nothing was, or while files of a truncation are to be cut.
    pub fn hand_over(&mut self, rules: &PlaceRules) -> Option<PageWrite> {
        let (key, end, cuts) = (self.key, self.log_end, self.has_file_cuts());
        let pages = self.pages.as_mut().filter(|pages| pages.handed_end < end && !cuts)?;
        let from = pages.handed_end;
        let (segments, writes) =
            place_after(pages.head.take(), self.tail.after(from), (rules, &self.aborted));
        pages.head = segments.last().cloned();
        pages.handed_end = end;
        pages.last_serial += 1;
        let (serial, generation) = (pages.last_serial, pages.generation);
        let bytes = self.tail.bytes_after(from);
        pages.handed.push_back(Handed { serial, end, bytes, segments });
        Some(PageWrite { key, serial, generation, writes })
    }

    /// Notes that the hand-overs up to this one are in their files.
    pub fn on_written(&mut self, serial: u64) {
        if let Some(pages) = &mut self.pages {
            pages.written_serial = pages.written_serial.max(serial);
        }
        self.settle_pages();
        self.assert_order();
    }

    /// Moves the ends to what is written, once the log itself is durable.
    pub(super) fn settle_pages(&mut self) {
        let Some(pages) = self.pages.as_mut().filter(|_| self.durable_change > 0) else { return };
        while let Some(done) = pages.handed.pop_front_if(|handed| handed.serial <= pages.written_serial) {
            done.segments.into_iter().for_each(|segment| self.segments.grow(segment));
            self.unwritten_bytes = self.unwritten_bytes.saturating_sub(done.bytes);
            self.written_end = done.end;
            self.durable_end = done.end;
        }
    }

    /// Takes back every batch that is not written: the writer found no room. Returns where the log ends then.
    pub fn take_back_unwritten(&mut self) -> Offset {
        let Some(pages) = &mut self.pages else { return self.log_end };
        pages.handed.retain(|handed| handed.serial <= pages.written_serial);
        let end = pages.handed.back().map_or(self.written_end, |handed| handed.end);
        pages.handed_end = end;
        pages.generation += 1;
        pages.syncing.take_if(|(_, cut)| cut.log_end > end);
        self.cut_memory(end);
        self.settle_head();
        self.fit_file_cuts();
        self.unwritten_bytes = self.tail.bytes_after(self.written_end);
        self.assert_order();
        end
    }

    /// Notes the cut at the log end, all of which has been handed over, to be synced next. Says whether there is
    /// anything to sync.
    pub fn begin_sync(&mut self) -> bool {
        let Some(pages) = self.pages.as_ref().filter(|pages| pages.handed_end == self.log_end) else {
            return false;
        };
        let known = pages.synced.as_ref().or(pages.offered.as_ref()).unwrap_or(&pages.recovery);
        if self.change == 0 || known.log_end == self.log_end || self.has_file_cuts() {
            return false;
        }
        // What was refused for want of room is never reported as written.
        let serial = pages.handed.back().map_or(pages.written_serial, |last| last.serial);
        let cut = Box::new(self.cut_of(&self.segments_as_handed(), self.log_end));
        if let Some(pages) = &mut self.pages {
            pages.syncing = Some((serial, cut));
        }
        true
    }

    /// Forgets the cut that was noted: the sync did not cover all of it.
    pub fn drop_sync(&mut self) {
        if let Some(pages) = &mut self.pages {
            pages.syncing = None;
        }
    }

    /// Notes that everything that was written at [`Log::begin_sync`] is synced. Says whether the next cut moves the
    /// recovery point.
    pub fn pages_synced(&mut self) -> bool {
        let Some(pages) = &mut self.pages else { return false };
        let written = pages.written_serial;
        match pages.syncing.take().filter(|(serial, _)| *serial <= written && self.durable_change > 0) {
            Some((_, cut)) => {
                pages.synced = Some(cut);
                self.touched = true;
                true
            }
            None => false,
        }
    }

    pub(super) fn cut_pages(&mut self) -> Option<(LogCut, Placement)> {
        if self.change == 0 || (self.change == self.cut_change && !self.touched) {
            return None;
        }
        let (key, change, log_start) = (self.key, self.change, self.log_start);
        let (folder, lost, mark) =
            (self.folder().map(str::to_owned), self.producers_lost, self.high_watermark);
        let held: BTreeSet<SegmentId> = self.segments.iter().map(|segment| segment.base).collect();
        let pages = self.pages.as_mut()?;
        let mut cut = pages.synced.take().unwrap_or_else(|| pages.recovery.clone());
        (cut.change, cut.folder, cut.producers_lost) = (change, folder.clone(), lost);
        cut.log_start = log_start;
        cut.high_watermark = mark.min(cut.log_end);
        // The one that holds the recovery point may have grown beyond a start that lies at that point.
        cut.segments.retain(|segment| held.contains(&segment.base));
        cut.aborted.retain(|aborted| aborted.last_offset >= log_start);
        let mark = cut.high_watermark;
        cut.undo.retain(|step| step.base_offset >= mark);
        pages.offered = Some(cut.clone());
        self.placing = Some(Placing {
            change,
            end: cut.log_end,
            segments: Segments::default(),
            swaps: SwapsIn::default(),
        });
        self.touched = false;
        let files_producers = self.unfiled.is_some();
        Some((*cut, Placement { key, folder, writes: Vec::new(), files_producers }))
    }

    /// Returns the segment in which the recovery point lies, as of that point.
    pub(crate) fn recovery_segment(&self) -> Option<SegmentMeta> {
        self.pages.as_ref()?.recovery.segments.last().cloned()
    }

    /// Takes in a batch that a start found in a file beyond the recovery point.
    pub(crate) fn found_batch(&mut self, batch: &Batch, appended: WallTime) {
        let header = batch.header();
        self.epochs.assign(header.leader_epoch, header.base_offset);
        self.aborted.extend(self.producers.apply(header, control_of(batch), appended));
        self.log_end = header.next_offset();
    }

    /// Takes in the segments as a start found them, up to the end of the last batch that was found.
    pub(crate) fn found_segments(&mut self, segments: Vec<SegmentMeta>) {
        for segment in segments {
            self.dropped.retain(|(_, dead)| *dead != segment.base);
            self.segments.grow(segment);
        }
        self.written_end = self.log_end;
        self.durable_end = self.log_end;
        let last = self.segments.last().cloned();
        if let Some(pages) = &mut self.pages {
            pages.head = last;
            pages.handed_end = self.log_end;
        }
        debug_assert_eq!(self.tail.next(), None::<Offset>, "the tail of a page-cache log is in its files");
        self.assert_order();
    }

    /// Returns the batches that are at the writer or not handed over, for tests and metrics.
    pub fn unwritten(&self) -> impl Iterator<Item = &TailBatch> {
        self.tail.after(self.written_end)
    }
}

#[cfg(test)]
mod tests;
