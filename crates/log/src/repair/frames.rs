//! Which frames of a damaged write-ahead log count. Pure.
//!
//! The change numbers of a log rise by one per frame. So a frame behind a hole whose number follows the last one of its
//! log shows that nothing of that log was in the hole: it counts, and what follows it too. A number that leaves others out
//! shows the opposite: from there on nothing counts for that log, and what its batches held is given up, from the log's end
//! before the hole to the end of the last batch behind it. A log that has no frame behind a hole may have had its last
//! ones in it. What the damaged bytes seem to hold is then all there is to tell, if it fits the logs; nothing vouches for it.
//! The end of a deleted log counts in any case. Tests: below.

use super::plan::GivenUp;
use crate::cut::LogCut;
use crate::wal::{Frame, FrameKind, QUORUM_KEY};
use std::collections::{BTreeMap, BTreeSet};
use types::{LeaderEpoch, LogKey, Offset, OffsetRange};
use wire::record::BatchHeader;

/// What is known of one log.
#[derive(Clone, Copy, Default)]
struct Track {
    change: u64,
    start: Offset,
    end: Offset,
    epoch: LeaderEpoch,
    /// Where what is given up ends, once something is.
    given_up: Option<Offset>,
    /// How many unreadable holes lie before the last frame that counts.
    unread_before: usize,
    /// Whether its batches never are in the write-ahead log.
    page_cache: bool,
}

/// Batches that a hole seems to hold.
struct Guess {
    key: LogKey,
    /// The log's last change before the hole.
    change: u64,
    next: Offset,
}

/// Looks at frames one by one.
#[derive(Default)]
pub(crate) struct FrameJudge {
    logs: BTreeMap<LogKey, Track>,
    skipped: BTreeSet<LogKey>,
    guesses: Vec<Guess>,
    readable: Vec<bool>,
    quorum: QuorumTrack,
}

#[derive(Default)]
struct QuorumTrack {
    last: Option<u64>,
    gap: Option<(u64, u64)>,
    /// Whether a hole behind the last of its frames may hold more of them.
    in_doubt: bool,
}

/// What the frames came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Judged {
    pub(crate) given_up: Vec<GivenUp>,
    /// Logs that do not go on behind a hole that cannot be read: batches from this offset on may be gone.
    pub(crate) doubtful: Vec<(LogKey, Offset)>,
    /// Of each hole, whether what it seems to hold fits the logs.
    pub(crate) readable: Vec<bool>,
    /// Where each log starts.
    pub(crate) starts: BTreeMap<LogKey, Offset>,
    /// Changes of the metadata's log between which some are missing.
    pub(crate) quorum_gap: Option<(u64, u64)>,
    /// Whether the metadata's log may have ended in a hole.
    pub(crate) quorum_in_doubt: bool,
}

impl FrameJudge {
    /// Begins with what a state knows. Frames of `removed` logs do not count.
    pub(crate) fn new<'a>(cuts: impl Iterator<Item = &'a LogCut>, removed: &BTreeSet<LogKey>) -> FrameJudge {
        let track = |cut: &LogCut| Track {
            change: cut.change,
            start: cut.log_start,
            end: cut.log_end,
            epoch: cut.epochs.last().map_or(LeaderEpoch::UNKNOWN, |entry| entry.epoch),
            page_cache: cut.page_cache,
            ..Track::default()
        };
        let logs = cuts.map(|cut| (cut.key, track(cut))).collect();
        FrameJudge { logs, skipped: removed.clone(), ..FrameJudge::default() }
    }

    /// Judges the next frame: it counts, as it is returned, or does not.
    pub(crate) fn take(&mut self, mut frame: Frame) -> Option<Frame> {
        if frame.key == QUORUM_KEY {
            self.quorum.take(frame.change);
            return Some(frame);
        }
        if self.skipped.contains(&frame.key) {
            return None;
        }
        let unread = self.unread();
        let track = self.logs.entry(frame.key).or_insert(Track::NEW);
        if frame.kind == FrameKind::Removed {
            frame.change = track.change + 1;
            self.logs.remove(&frame.key);
            self.skipped.insert(frame.key);
            return Some(frame);
        }
        if frame.change <= track.change {
            return None;
        }
        if track.given_up.is_some() || !track.apply(&frame) {
            track.give_up(&frame);
            return None;
        }
        track.unread_before = unread;
        Some(frame)
    }

    /// Returns a log of which something is given up.
    pub(crate) fn gapped(&self) -> Option<LogKey> {
        let quorum = self.quorum.gap.map(|_| QUORUM_KEY);
        let logs = self.logs.iter().find(|(_, track)| track.given_up.is_some());
        quorum.or(logs.map(|(key, _)| *key))
    }

    /// Notes that groups are missing here, and what they seem to hold.
    pub(crate) fn hole(&mut self, guess: Option<&[Frame]>) {
        self.quorum.in_doubt |= guess.is_none_or(|frames| frames.iter().any(is_quorums));
        let fits = guess.is_some_and(|frames| self.guess(frames));
        self.readable.push(fits);
    }

    /// Reads what a hole seems to hold; says whether all of it fits the logs.
    fn guess(&mut self, frames: &[Frame]) -> bool {
        let mut tracks = BTreeMap::new();
        let mut fits = true;
        for frame in frames.iter().filter(|frame| !is_quorums(frame) && !self.skipped.contains(&frame.key)) {
            let known = self.logs.get(&frame.key).copied().unwrap_or(Track::NEW);
            let track = tracks.entry(frame.key).or_insert(known);
            let counts = frame.change > track.change;
            fits &= !counts || frame.kind == FrameKind::Removed || track.apply(frame);
        }
        for (key, track) in tracks {
            let change = self.logs.get(&key).map_or(0, |track| track.change);
            self.guesses.push(Guess { key, change, next: track.end });
        }
        fits
    }

    /// Returns how many holes so far cannot be read.
    fn unread(&self) -> usize {
        self.readable.iter().filter(|readable| !**readable).count()
    }

    /// Ends.
    pub(crate) fn finish(self) -> Judged {
        let unread = self.unread();
        let mut given_up = BTreeMap::new();
        for (key, track) in &self.logs {
            if let Some(next) = track.given_up {
                given_up.insert(*key, GivenUp { key: *key, base: track.end, next, is_sure: true });
            }
        }
        for guess in &self.guesses {
            let track = self.logs.get(&guess.key).copied().unwrap_or(Track::NEW);
            let is_refuted = track.change != guess.change || self.skipped.contains(&guess.key);
            if !is_refuted && guess.next > track.end {
                let found = GivenUp { key: guess.key, base: track.end, next: guess.next, is_sure: false };
                let known = given_up.entry(guess.key).or_insert(found);
                known.next = known.next.max(guess.next);
            }
        }
        let is_doubtful =
            |track: &Track| track.unread_before < unread && track.given_up.is_none() && !track.page_cache;
        let doubtful = self.logs.iter().filter(|(_, track)| is_doubtful(track));
        Judged {
            given_up: given_up.into_values().collect(),
            doubtful: doubtful.map(|(key, track)| (*key, track.end)).collect(),
            readable: self.readable,
            starts: self.logs.iter().map(|(key, track)| (*key, track.start)).collect(),
            quorum_gap: self.quorum.gap,
            quorum_in_doubt: self.quorum.in_doubt,
        }
    }
}

/// Says whether a frame is one of the metadata's own log; one wrong byte hides neither key nor kind from both looks.
fn is_quorums(frame: &Frame) -> bool {
    let kinds =
        [FrameKind::QuorumAppend, FrameKind::QuorumTruncate, FrameKind::QuorumVote, FrameKind::QuorumPurge];
    frame.key == QUORUM_KEY || kinds.contains(&frame.kind)
}

impl QuorumTrack {
    fn take(&mut self, change: u64) {
        if let Some(last) = self.last.filter(|last| change > last + 1) {
            self.gap = self.gap.or(Some((last, change)));
        }
        // Whether the first one follows the checkpoint is for the metadata to say.
        self.in_doubt = false;
        self.last = self.last.max(Some(change));
    }
}

impl Track {
    /// A log of which nothing is known.
    const NEW: Track = Track {
        change: 0,
        start: Offset::ZERO,
        end: Offset::ZERO,
        epoch: LeaderEpoch::UNKNOWN,
        given_up: None,
        unread_before: 0,
        page_cache: false,
    };

    /// Applies a frame if it follows and fits; says whether it does.
    fn apply(&mut self, frame: &Frame) -> bool {
        let fits = frame.change == self.change + 1 && self.fit(frame);
        if fits {
            self.change = frame.change;
        }
        fits
    }

    fn fit(&mut self, frame: &Frame) -> bool {
        match frame.kind {
            FrameKind::Append => self.append(frame),
            FrameKind::Truncate => {
                let fits = frame.base_offset >= self.start && frame.base_offset <= self.end;
                self.end = if fits { frame.base_offset } else { self.end };
                fits
            }
            FrameKind::LogStart => {
                self.start = frame.base_offset;
                self.end = self.end.max(frame.base_offset);
                true
            }
            FrameKind::Created => {
                self.page_cache = true;
                self.change == 0
            }
            FrameKind::Removed
            | FrameKind::QuorumAppend
            | FrameKind::QuorumTruncate
            | FrameKind::QuorumVote
            | FrameKind::QuorumPurge => false,
        }
    }

    fn append(&mut self, frame: &Frame) -> bool {
        let Some(range) = range_of(frame) else { return false };
        let epoch =
            BatchHeader::parse(&frame.payload()).map_or(LeaderEpoch::UNKNOWN, |head| head.leader_epoch);
        let fits = range.base == frame.base_offset && range.base == self.end && epoch >= self.epoch;
        if fits {
            (self.end, self.epoch) = (range.next, epoch);
        }
        fits
    }

    fn give_up(&mut self, frame: &Frame) {
        let through = range_of(frame).map_or(self.end, |range| range.next);
        self.given_up = self.given_up.max(Some(through.max(self.end)));
    }
}

/// Returns the offsets of a frame's batch.
fn range_of(frame: &Frame) -> Option<OffsetRange> {
    let head = BatchHeader::parse(&frame.payload()).ok().filter(|_| frame.kind == FrameKind::Append)?;
    let range = OffsetRange { base: head.base_offset, next: head.next_offset() };
    (range.base < range.next).then_some(range)
}

#[cfg(test)]
mod tests;
