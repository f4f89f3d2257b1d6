//! Compaction as a log sees it: what may be rewritten, and how the new segments take the place of the old ones.
//!
//! ```text
//! replace_segments -> next cut names them, with the flag -> checkpointed: they are the log's -> take_swaps: files are renamed
//!                                                                       swapped -> next cut without the flag
//! ```
//!
//! *Invariant*: no compaction begins while the last durable state may name a segment with the flag: such a state makes a start
//! rename whatever has the ending `.swap`. Tests: below, `tests/crash_directory/compaction.rs`.

use super::Log;
use crate::compact::{Cleanable, CompactPlan, CompactRules, FilterRules, LastBatch};
use crate::cut::LogCut;
use crate::segments::{PlaceRules, SegmentId, SegmentMeta, Segments};
use types::{LogKey, Offset, WallTime};

/// A segment that compaction has made and synced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replacement {
    /// The log.
    pub key: LogKey,
    /// What it was made of. *Shape*: contiguous, in offset order, not empty.
    pub old: Vec<SegmentMeta>,
    /// The segment, over the same offsets.
    pub new: SegmentMeta,
    /// Marks of aborted transactions that it no longer holds.
    pub gone_marks: Vec<Offset>,
}

/// Files that have become due.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Swaps {
    /// Segments whose files take their names; answered with [`Log::swapped`].
    pub named: Vec<SegmentId>,
    /// Segments that the log start has passed before a state named them: their new files go.
    pub void: Vec<SegmentId>,
}

impl Swaps {
    /// Says whether nothing is due.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.void.is_empty()
    }
}

/// What compaction has changed in the segments of a cut.
#[derive(Clone, Debug, Default)]
pub(super) struct SwapsIn {
    /// New segments.
    made: Vec<SegmentId>,
    /// Where they end.
    end: Offset,
    /// Segments that they take the place of, but for those of their names.
    gone: Vec<SegmentId>,
    gone_marks: Vec<Offset>,
    /// Whether a segment has the flag.
    is_flagged: bool,
}

/// What only a compacted log has.
#[derive(Clone, Debug, Default)]
pub(super) struct Compacting {
    /// First offset that no compaction has seen.
    cleaned: Offset,
    /// New segments that no durable state names, in the order in which they were made.
    pending: Vec<Replacement>,
    /// How many of them are in the cut under way.
    offered: usize,
    due: Swaps,
    /// Whether the last durable state may name a segment with the flag.
    is_flagged: bool,
}

impl Compacting {
    pub(super) fn from_cut(cut: &LogCut) -> Option<Box<Compacting>> {
        let is_flagged = cut.segments.iter().any(|segment| segment.swap);
        let new = Compacting { cleaned: cut.cleaned, is_flagged, ..Compacting::default() };
        cut.is_compacted().then(|| Box::new(new))
    }

    pub(super) fn abandoned(&mut self) {
        self.offered = 0;
    }
}

impl Log {
    /// Returns the first offset that no compaction has seen.
    pub fn cleaned(&self) -> Offset {
        self.compacting.as_ref().map_or(Offset::ZERO, |compacting| compacting.cleaned)
    }

    /// Says what a compaction could look at now; nothing of a page-cache log, nor as long as the last one has not ended in a state.
    pub fn cleanable(&self, rules: &CompactRules, now: WallTime) -> Cleanable {
        let from = self.cleaned().max(self.log_start);
        if self.is_page_cache() || self.has_swaps_under_way() {
            return Cleanable { from, until: from, ..Cleanable::default() };
        }
        let bound = self.last_stable().min(self.written_end);
        Cleanable::of(&self.segments, from, bound, rules, now)
    }

    /// Plans a compaction, if it is time for one.
    pub fn compaction(
        &self,
        rules: &CompactRules,
        place: &PlaceRules,
        (now, max_decompressed_bytes): (WallTime, usize),
    ) -> Option<CompactPlan> {
        let cleanable = self.cleanable(rules, now);
        let in_reach =
            |segment: &&SegmentMeta| segment.next > self.log_start && segment.next <= cleanable.until;
        let last = |entry: &crate::producers::ProducerEntry| LastBatch {
            offset: entry.window.last().map(|batch| batch.last_offset()),
            epoch: entry.epoch,
        };
        cleanable.is_due(rules).then(|| CompactPlan {
            key: self.key,
            segments: self.segments.iter().filter(in_reach).cloned().collect(),
            from: cleanable.from,
            log_start: self.log_start,
            high_watermark: self.high_watermark,
            epochs: self.epochs.shared(),
            place: *place,
            filter: FilterRules {
                now,
                delete_retention: rules.delete_retention,
                max_decompressed_bytes,
                last_batches: self.producers.iter().map(|(id, entry)| (id, last(entry))).collect(),
                aborted: Vec::new(),
            },
            aborted: self.plan_aborted(self.log_start, cleanable.until),
        })
    }

    /// Takes a segment that compaction has made; the next cut names it in place of the old ones. Says whether these are
    /// still the log's; if not, the compaction has to end.
    pub fn replace_segments(&mut self, replacement: Replacement) -> bool {
        let is_new = replacement.new.swap && !self.is_page_cache();
        let fits = |mut segments: Segments| segments.swap_in(&replacement.old, &replacement.new).is_some();
        if !is_new || !fits(self.segments.clone()) {
            return false;
        }
        self.compacting.get_or_insert_default().pending.push(replacement);
        self.touched = true;
        true
    }

    /// Notes how far a compaction has come whose segments were all taken.
    pub fn compacted(&mut self, to: Offset) {
        let compacting = self.compacting.get_or_insert_default();
        compacting.cleaned = compacting.cleaned.max(to.min(self.log_end));
        self.touched = true;
    }

    /// Returns the files that may be swapped or removed now. Files of dropped segments go first.
    pub fn take_swaps(&mut self) -> Swaps {
        self.compacting.as_mut().map(|compacting| std::mem::take(&mut compacting.due)).unwrap_or_default()
    }

    /// Notes that files have their names, and that this is safe; the next cut says so.
    pub fn swapped(&mut self, bases: &[SegmentId]) {
        self.change_segments(|segments| segments.swapped(bases));
    }

    /// Says whether a compaction must not begin yet.
    fn has_swaps_under_way(&self) -> bool {
        let waits = |compacting: &Compacting| !compacting.pending.is_empty() || compacting.is_flagged;
        self.segments.has_swaps()
            || self.compacting.as_deref().is_some_and(waits)
            || self.placing.as_ref().is_some_and(|placing| placing.swaps.is_flagged)
    }

    /// Returns the segments with what compaction has made since the last cut.
    pub(super) fn swap_in(&mut self) -> (Segments, SwapsIn) {
        let (mut segments, mut swaps) = (self.segments.clone(), SwapsIn::default());
        if let Some(compacting) = &mut self.compacting {
            compacting.pending.retain(|new| {
                let gone = segments.swap_in(&new.old, &new.new);
                if let Some(gone) = &gone {
                    swaps.made.push(new.new.base);
                    swaps.end = swaps.end.max(new.new.next);
                    swaps.gone.extend(gone);
                    swaps.gone_marks.extend(&new.gone_marks);
                } else {
                    compacting.due.void.push(new.new.base);
                }
                gone.is_some()
            });
            compacting.offered = compacting.pending.len();
        }
        swaps.is_flagged = segments.has_swaps();
        (segments, swaps)
    }

    /// Notes that a state names what a cut has swapped in.
    pub(super) fn swaps_safe(&mut self, swaps: SwapsIn) {
        let Some(compacting) = &mut self.compacting else { return };
        compacting.pending.drain(..compacting.offered);
        compacting.offered = 0;
        compacting.is_flagged = swaps.is_flagged;
        // Readers get what the segments hold now.
        self.tail.drop_below(swaps.end.min(self.written_end));
        compacting.due.named.extend(swaps.made);
        self.deletable.extend(swaps.gone);
        if !swaps.gone_marks.is_empty() {
            self.aborted.retain(|aborted| !swaps.gone_marks.contains(&aborted.last_offset));
            self.touched = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::append::{AppendAs, Origin};
    use types::{LeaderEpoch, Millis, Monotonic, Now};
    use wire::record::{Batch, BatchBuilder, Codec};

    const PLACE: PlaceRules = PlaceRules {
        segment_bytes: 150,
        segment_ms: Millis(i64::MAX),
        index_interval_bytes: 4096,
        segment_index_bytes: 1 << 16,
    };
    const RULES: CompactRules = CompactRules {
        min_dirty_ratio: 0.0,
        min_lag: Millis(0),
        max_lag: Millis(i64::MAX),
        delete_retention: Millis(0),
    };

    fn append(log: &mut Log, batches: usize) {
        let now = Now { mono: Monotonic(0), wall: WallTime(9) };
        let (origin, leader_epoch) = (Origin::Client, LeaderEpoch(0));
        let how = AppendAs { origin, leader_epoch, now, max_producers: 9, resume: None, verified: None };
        for _ in 0..batches {
            let mut builder = BatchBuilder::new(Codec::None);
            builder.push(WallTime(5), Some(b"k"), Some(&[7; 60]), &[]);
            log.append(Batch::from_wire(&builder.build().unwrap()).unwrap(), &how).unwrap();
        }
        log.on_durable(log.change());
        log.set_high_watermark(log.log_end());
    }

    /// Takes a checkpoint; returns the cut.
    fn checkpoint(log: &mut Log) -> LogCut {
        let (cut, _) = log.cut(&PLACE, 0).unwrap();
        log.checkpointed(cut.change);
        log.assert_invariants();
        cut
    }

    /// Makes a log of sealed segments, and what a compaction makes of the first two.
    fn filled() -> (Log, Replacement) {
        let mut log = Log::new(LogKey::default());
        append(&mut log, 6);
        checkpoint(&mut log);
        let old: Vec<SegmentMeta> = log.segments().iter().take(2).cloned().collect();
        let mut new = SegmentMeta { swap: true, bytes: 80, ..old[0].clone() };
        new.next = old[1].next;
        let gone_marks = Vec::new();
        (log, Replacement { key: LogKey::default(), old, new, gone_marks })
    }

    fn dirty(log: &Log) -> u64 {
        log.cleanable(&RULES, WallTime(9)).dirty_bytes
    }

    /// Protects: W-10: no compaction begins while the last state may name a segment with the flag: a start with that state would take its
    /// unfinished files for finished ones.
    #[test]
    fn no_compaction_under_a_flagged_state() {
        let (mut log, made) = filled();
        assert!(dirty(&log) > 0);
        assert!(log.replace_segments(made.clone()));
        log.compacted(made.new.next);
        assert_eq!(dirty(&log), 0, "not named yet");
        assert!(log.take_swaps().is_empty(), "no state names it");
        let (cut, _) = log.cut(&PLACE, 0).unwrap();
        assert!(cut.segments[0].swap && log.take_swaps().is_empty(), "the state is not written");
        log.checkpointed(cut.change);
        assert_eq!(log.take_swaps().named, [made.new.base]);
        assert_eq!((dirty(&log), log.take_deletable()), (0, vec![made.old[1].base]));
        log.swapped(&[made.new.base]);
        assert!(!log.segments().has_swaps());
        assert_eq!(dirty(&log), 0, "the last state still has the flag");
        let after = checkpoint(&mut log);
        assert!(!after.segments[0].swap && after.is_compacted());
        assert!(dirty(&log) > 0);
    }

    /// Protects: W-12: a checkpoint that finds no room leaves the old segments, and the next one names the new.
    #[test]
    fn an_abandoned_checkpoint_names_nothing() {
        let (mut log, made) = filled();
        assert!(log.replace_segments(made.clone()));
        assert!(log.cut(&PLACE, 0).is_some());
        log.abandon_cut();
        assert!(log.segments().iter().take(2).eq(&made.old) && log.take_swaps().is_empty());
        checkpoint(&mut log);
        assert_eq!(
            (log.take_swaps().named, log.segments().iter().next()),
            (vec![made.new.base], Some(&made.new))
        );
        assert!(!log.replace_segments(made), "its old segments are gone");
    }

    /// Protects: a new segment takes the place of what the log start has left of its old ones, and of nothing else.
    #[test]
    fn a_log_start_between_the_old_segments() {
        let (mut log, made) = filled();
        assert!(log.replace_segments(made.clone()));
        log.move_start(made.old[1].base).unwrap();
        log.on_durable(log.change());
        checkpoint(&mut log);
        assert_eq!(log.segments().iter().next(), Some(&made.new));
        let (mut log, mut other) = filled();
        other.old[1].bytes += 1;
        assert!(!log.replace_segments(other), "not those of the log");
    }
}
