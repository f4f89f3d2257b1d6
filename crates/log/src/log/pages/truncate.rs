//! Truncation of a page-cache log (W-16): it has no frame.
//!
//! Offsets, epochs, producers and aborted transactions are those of the new end at once. Then, each step safe before the next:
//! 1. What was handed over is written or refused. If a state may say that more is synced than is left, the next cut of the log is
//!    the one at the new end, and a checkpoint has it.
//! 2. The files are cut or removed, and synced with their folder's names.
//! 3. Batches are handed over again.
//!
//! A start in between finds what the files hold: the old end, the new one, or one between, and never a batch of before behind
//! one of after. The state of step 1 names a segment that may be longer than its end (`uncut`): a start finds the place of
//! that end in the file. Tests: below, `tests/crash_pages/truncations.rs`.

use super::{Log, Pages};
use crate::cut::LogCut;
use crate::segments::{SegmentMeta, Segments};
use crate::tail::Tail;
use types::Offset;

impl Pages {
    /// Returns the offset below which a state may say that all is synced.
    pub(in crate::log) fn known_synced(&self) -> Offset {
        let waiting = [self.offered.as_ref(), self.synced.as_ref()].into_iter().flatten();
        waiting.map(|cut| cut.log_end).fold(self.recovery.log_end, Offset::max)
    }

    /// Says whether nobody writes the files, and no state needs what is to be cut off.
    pub(in crate::log) fn lets_cut_files(&self) -> bool {
        self.handed.is_empty() && !self.lowering
    }

    /// Makes what is at the writer end at `end`; the batches that are left begin to be unwritten at `written`.
    fn cut_handed(&mut self, (written, end): (Offset, Offset), tail: &Tail) {
        let mut before = written;
        for handed in &mut self.handed {
            handed.end = handed.end.min(end);
            handed.bytes = tail.bytes_after(before).saturating_sub(tail.bytes_after(handed.end));
            handed.segments.retain(|segment| segment.base < end);
            handed.segments.last_mut().into_iter().for_each(|last| last.cut_end(end));
            before = handed.end;
        }
        self.handed_end = self.handed_end.min(end);
        self.syncing.take_if(|(_, cut)| cut.log_end > end);
    }

    /// Notes how a segment is whose file was cut: the next state need not have it looked for.
    fn note_cut(&mut self, segment: &SegmentMeta) {
        let same =
            |held: &&mut SegmentMeta| held.uncut && (held.base, held.next) == (segment.base, segment.next);
        for cut in [Some(&mut self.recovery), self.synced.as_mut()].into_iter().flatten() {
            cut.segments.last_mut().filter(same).into_iter().for_each(|held| *held = segment.clone());
        }
    }
}

impl Log {
    pub(in crate::log) fn truncate_pages(&mut self, to: Offset) {
        let touched = self.segments_as_handed().cut_end(to);
        let end = self.cut_memory(to);
        self.segments.cut_end(end);
        self.note_file_cuts(touched, end, self.change);
        if let Some(pages) = &mut self.pages {
            pages.cut_handed((self.written_end, end), &self.tail);
        }
        self.settle_head();
        self.lower_state();
        self.drop_dead_segments(self.change);
        self.unwritten_bytes = self.tail.bytes_after(self.written_end);
        self.assert_order();
    }

    /// Has the next checkpoint take the cut at the new end, if a state may say that more is synced.
    fn lower_state(&mut self) {
        let end = self.log_end;
        let lowered: Option<Box<LogCut>> = (self.pages.as_ref())
            .filter(|pages| pages.known_synced() > end)
            .map(|_| Box::new(self.cut_of(&self.segments, end)));
        if let (Some(pages), Some(cut)) = (&mut self.pages, lowered) {
            pages.synced = Some(cut);
            pages.lowering = true;
            self.touched = true;
        }
    }

    /// Says whether a truncation waits for a checkpoint.
    pub fn waits_for_lower_state(&self) -> bool {
        self.pages.as_ref().is_some_and(|pages| pages.lowering)
    }

    /// Returns the segments as they are once all that was handed over is written.
    pub(in crate::log) fn segments_as_handed(&self) -> Segments {
        let mut segments = self.segments.clone();
        let handed = self.pages.iter().flat_map(|pages| &pages.handed);
        handed.flat_map(|handed| &handed.segments).for_each(|segment| segments.grow(segment.clone()));
        segments
    }

    /// Goes on in the last segment there is.
    pub(super) fn settle_head(&mut self) {
        let last = self.segments_as_handed().last().cloned();
        if let Some(pages) = &mut self.pages {
            pages.head = last;
        }
    }

    /// Goes on in the segment whose file was cut.
    pub(in crate::log) fn settle_cut(&mut self, segment: Option<&SegmentMeta>) {
        if let (Some(pages), Some(segment)) = (&mut self.pages, segment) {
            pages.note_cut(segment);
        }
        if !self.has_file_cuts() {
            self.settle_head();
        }
    }
}
