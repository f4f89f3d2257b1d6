//! Checkpoints as a log sees them: cut, placement, and the news that both are safe (W-6).
//!
//! A cut is taken at the log end in one turn, batches that are not durable yet included; the shell hands it
//! out once they are. One is under way at a time. A log whose unwritten bytes are few keeps them in the cut
//! itself; they stay unwritten.

use super::{Compacting, Log, Pages, Placing};
use crate::cut::LogCut;
use crate::epochs::Epochs;
use crate::producers::Producers;
use crate::segments::{FileCut, PlaceRules, Placement, SegmentId, Segments, place};
use crate::tail::{Tail, TailBatch};
use std::collections::VecDeque;
use types::Offset;

impl Log {
    /// Takes a cut at the log end and places what is unwritten, unless that is at most `small_tail_bytes`
    /// or a file of the log still has to be cut. Nothing if nothing has changed since the last one.
    ///
    /// *Invariant*: [`Log::checkpointed`] or [`Log::abandon_cut`] comes before the next cut.
    pub fn cut(&mut self, rules: &PlaceRules, small_tail_bytes: u64) -> Option<(LogCut, Placement)> {
        assert!(self.placing.is_none(), "one checkpoint of a log at a time");
        if self.is_page_cache() {
            return self.cut_pages();
        }
        let places = self.unwritten_bytes > small_tail_bytes && self.file_cuts.is_empty();
        if self.change == 0 || (!places && self.change == self.cut_change && !self.touched) {
            return None;
        }
        let (before, swaps) = self.swap_in();
        let unwritten = self.tail.after(self.written_end);
        let (segments, writes) =
            if places { place(&before, unwritten, (rules, &self.aborted)) } else { (before, Vec::new()) };
        let end = if places { self.log_end } else { self.written_end };
        let cut = self.cut_of(&segments, end);
        let files_producers = self.unfiled.is_some();
        let placement = Placement { key: self.key, folder: cut.folder.clone(), writes, files_producers };
        self.placing = Some(Placing { change: self.change, end, segments, swaps });
        self.touched = false;
        Some((cut, placement))
    }

    pub(super) fn cut_of(&self, segments: &Segments, written_end: Offset) -> LogCut {
        LogCut {
            key: self.key,
            folder: self.folder().map(str::to_owned),
            change: self.change,
            log_start: self.log_start,
            log_end: self.log_end,
            high_watermark: self.high_watermark,
            producers_lost: self.producers_lost,
            page_cache: self.is_page_cache(),
            cleaned: self.cleaned(),
            segments: segments.to_vec(),
            epochs: self.epochs.entries().to_vec(),
            producers: self.producers.iter().map(|(id, entry)| (id, entry.clone())).collect(),
            undo: self.producers.undo_steps().cloned().collect(),
            filed_end: self.filed_end,
            aborted: self.aborted.clone(),
            tail: self.tail.after(written_end).cloned().collect(),
        }
    }

    /// Tells a cut that has waited for its changes to be durable how far the log is committed now. A truncation meanwhile
    /// bounds that: the cut holds what lies above it no more than the log does.
    pub fn refresh_cut(&self, cut: &mut LogCut) {
        let placing = self.placing.as_ref().filter(|placing| placing.change == cut.change);
        let known = placing.map_or(Offset::ZERO, |placing| self.high_watermark.min(placing.end));
        if known > cut.high_watermark {
            cut.high_watermark = known;
            cut.undo.retain(|step| step.base_offset >= known);
        }
    }

    /// Notes that the cut of this change, and all that it places, is safe.
    pub fn checkpointed(&mut self, change: u64) {
        let Some(placing) = self.placing.take_if(|placing| placing.change == change) else {
            debug_assert!(false, "no checkpoint of change {change} is under way");
            return;
        };
        self.cut_change = change;
        self.unfiled.take_if(|passed| *passed <= change);
        match &mut self.pages {
            Some(pages) => pages.checkpointed(),
            None => {
                self.segments = placing.segments;
                self.swaps_safe(placing.swaps);
                self.written_end = self.written_end.max(placing.end);
                self.unwritten_bytes = self.tail.bytes_after(self.written_end);
            }
        }
        self.file_aborted();
        self.drop_dead_segments(self.change.max(change + 1));
        let (safe, later) = self.dropped.iter().partition(|(dropped_at, _)| *dropped_at <= change);
        self.dropped = later;
        let safe: Vec<(u64, SegmentId)> = safe;
        self.deletable.extend(safe.into_iter().map(|(_, segment)| segment));
        self.assert_order();
    }

    /// Gives a checkpoint up whose files could not be written (a full disk, W-12). What it placed is placed
    /// again next time, at the same positions.
    pub fn abandon_cut(&mut self) {
        if self.placing.take().is_none() {
            return;
        }
        self.touched = true;
        if let Some(compacting) = &mut self.compacting {
            compacting.abandoned();
        }
        if let Some(pages) = &mut self.pages {
            pages.abandoned();
        }
        self.fit_file_cuts();
        self.drop_dead_segments(self.change);
    }

    /// Makes the file cuts of truncations during a checkpoint fit the segments as they were before it: a file
    /// that only the checkpoint made longer needs none, one that only it made is removed.
    pub(super) fn fit_file_cuts(&mut self) {
        let segments = self.segments_as_handed();
        self.file_cuts.retain_mut(|job| {
            let known = segments.iter().find(|segment| segment.base == job.cut.segment);
            if !job.taken {
                job.cut.to = known.map_or(job.cut.segment, |segment| segment.next);
            }
            job.taken || known.is_none_or(|segment| segment.uncut)
        });
    }

    /// Returns the segments that may be deleted now: the log start has passed them, and a safe cut says so.
    pub fn take_deletable(&mut self) -> Vec<SegmentId> {
        std::mem::take(&mut self.deletable)
    }

    /// Makes the log that a cut describes; frames with higher change numbers are replayed into it.
    pub fn from_cut(cut: LogCut) -> Log {
        let mut log = Log::new(cut.key);
        log.pages = cut.page_cache.then(|| Box::new(Pages::from_cut(&cut)));
        log.compacting = Compacting::from_cut(&cut);
        log.folder = cut.folder.map(Into::into);
        log.change = cut.change;
        log.durable_change = cut.change;
        log.cut_change = cut.change;
        log.log_start = cut.log_start;
        log.log_end = cut.log_end;
        log.durable_end = cut.log_end;
        log.high_watermark = cut.high_watermark;
        log.written_end = cut.tail.first().map_or(cut.log_end, TailBatch::base);
        log.segments = Segments::from_list(cut.segments);
        log.epochs = Epochs::from_entries(cut.epochs);
        log.producers = Producers::restore(cut.producers, cut.undo);
        log.producers_lost = cut.producers_lost;
        log.aborted = cut.aborted;
        log.filed_end = cut.filed_end;
        log.pending = VecDeque::new();
        log.tail = Tail::default();
        for batch in cut.tail {
            log.unwritten_bytes += batch.size();
            log.tail.push(batch);
        }
        // A folder without segments is made anew before anything is written there.
        let is_emptied = log.segments.is_empty() && log.log_start > Offset::ZERO;
        log.unfiled = is_emptied.then_some(log.change);
        log.renew_file_cuts();
        log.file_aborted();
        log.assert_order();
        log
    }

    /// Of a page-cache log a start finds what the file holds.
    fn renew_file_cuts(&mut self) {
        if self.is_page_cache() {
            return;
        }
        let (key, change) = (self.key, self.change);
        let uncut = self.segments.iter().filter(|segment| segment.uncut);
        let cut = uncut.map(|segment| FileCut { key, segment: segment.base, to: segment.next });
        self.file_cuts = cut.map(|cut| super::PendingCut { change, cut, taken: false }).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::append::{AppendAs, Origin};
    use types::{LeaderEpoch, LogKey, Millis, Monotonic, Now, ProducerEpoch, ProducerId, Sequence, WallTime};
    use wire::record::{Batch, BatchBuilder, Codec};

    const RULES: PlaceRules = PlaceRules {
        segment_bytes: 1 << 20,
        segment_ms: Millis(i64::MAX),
        index_interval_bytes: 4096,
        segment_index_bytes: 1 << 16,
    };

    /// Makes a log of batches with one record each, and a cut before any of them is durable.
    fn cut_at_once(batches: i32) -> (Log, LogCut) {
        let mut log = Log::new(LogKey::default());
        let now = Now { mono: Monotonic(0), wall: WallTime(9) };
        let (origin, leader_epoch) = (Origin::Client, LeaderEpoch(0));
        let how = AppendAs { origin, leader_epoch, now, max_producers: 9, resume: None, verified: None };
        for sequence in 0..batches {
            let builder = BatchBuilder::new(Codec::None);
            let mut builder = builder.producer(ProducerId(7), ProducerEpoch(0), Sequence(sequence));
            builder.push(WallTime(5), None, Some(b"v"), &[]);
            log.append(Batch::from_wire(&builder.build().unwrap()).unwrap(), &how).unwrap();
        }
        let (cut, _) = log.cut(&RULES, 0).unwrap();
        (log, cut)
    }

    /// Protects: W-9: a cut says how far the log is committed when it is written, not when it was taken: else older producer
    /// files stay without need.
    #[test]
    fn a_cut_that_waited_knows_what_is_committed() {
        let (mut log, mut cut) = cut_at_once(3);
        assert_eq!((cut.high_watermark, cut.undo.len()), (Offset(0), 3));
        log.on_durable(2);
        log.set_high_watermark(Offset(2));
        log.refresh_cut(&mut cut);
        assert_eq!((cut.high_watermark, cut.undo.len()), (Offset(2), 1));
    }

    /// Protects: W-8: a truncation behind the cut is never below the high watermark that the cut names.
    #[test]
    fn a_truncation_bounds_what_a_cut_knows() {
        let (mut log, mut cut) = cut_at_once(3);
        log.truncate(Offset(1)).unwrap().unwrap();
        log.apply_start(Offset(9));
        assert!(log.high_watermark() > cut.log_end);
        log.refresh_cut(&mut cut);
        assert_eq!(cut.high_watermark, Offset(1));
        let (_, mut other) = cut_at_once(2);
        other.change = 77;
        log.refresh_cut(&mut other);
        assert_eq!(other.high_watermark, Offset(0), "not the cut under way");
    }
}
