//! The quorum's log in memory, and the frames that carry its changes. Pure.
//!
//! Frames' payloads, each after a version byte: Append: whether it is the first and whether it is the
//! last part of the entry, then bytes of it (an entry larger than [`PART_BYTES`] takes several frames, so
//! that every frame fits a small WAL file); Truncate: first index that goes; Vote: the vote; Purge: the
//! last position that goes. Checkpoint: version, change number, vote, purged position, entries.
//! *Invariant*: replaying checkpoint and frames gives what was there after the last of them; parts of
//! an entry whose last one was lost are no entry.

use super::encoding::{
    VERSION, check_version, decode_entry, decode_log_id, decode_vote, encode_entry, encode_log_id,
    encode_vote,
};
use super::raft::{Entry, LogId, Vote};
use super::storage::{QuorumFrame, QuorumFrameKind, QuorumRecovered};
use crate::codec::{DecodeError, Decoder, Encoder};
use bytes::Bytes;
use std::collections::BTreeMap;

/// Most bytes of an entry in one frame.
pub(super) const PART_BYTES: usize = 8 << 10;

/// The frames or the checkpoint cannot be what was written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LogDamage {
    /// Bytes that mean nothing.
    #[error("change {change}: {error}")]
    Undecodable {
        /// The change; 0 in the checkpoint.
        change: u64,
        /// What is wrong.
        error: DecodeError,
    },
    /// Changes are missing.
    #[error("change {found} follows change {after}: those between are missing")]
    Gap {
        /// The last change before the gap.
        after: u64,
        /// The first change behind it.
        found: u64,
    },
    /// A frame of another log stands among the quorum's.
    #[error("change {change} is none of the metadata log's")]
    ForeignFrame {
        /// The change.
        change: u64,
    },
    /// An entry does not follow the one before.
    #[error("change {change}: entry {index} does not follow the log's last one")]
    Hole {
        /// The change.
        change: u64,
        /// The entry's index.
        index: u64,
    },
}

/// An entry with its encoded form, kept so that a checkpoint does not encode it again.
#[derive(Clone)]
struct Kept {
    entry: Entry,
    bytes: Bytes,
}

/// The quorum's log.
#[derive(Default)]
pub(super) struct LogContent {
    change: u64,
    vote: Option<Vote>,
    purged: Option<LogId>,
    entries: BTreeMap<u64, Kept>,
    bytes: usize,
    parts: Vec<u8>,
    /// Entries stay that are purged.
    keeps_all: bool,
}

impl LogContent {
    /// Rebuilds the log from a checkpoint and the frames behind it.
    pub(super) fn recover(recovered: &QuorumRecovered) -> Result<LogContent, LogDamage> {
        LogContent::default().fill(recovered)
    }

    /// Rebuilds it with the entries that frames have and that were purged later: for who looks for them.
    pub(super) fn recover_all(recovered: &QuorumRecovered) -> Result<LogContent, LogDamage> {
        LogContent { keeps_all: true, ..LogContent::default() }.fill(recovered)
    }

    fn fill(self, recovered: &QuorumRecovered) -> Result<LogContent, LogDamage> {
        let mut content = self;
        if !recovered.checkpoint.is_empty() {
            let damaged = |error| LogDamage::Undecodable { change: 0, error };
            content.load(&recovered.checkpoint).map_err(damaged)?;
        }
        for frame in &recovered.frames {
            content.replay(frame)?;
        }
        content.parts = Vec::new();
        Ok(content)
    }

    pub(super) fn vote(&self) -> Option<Vote> {
        self.vote
    }

    pub(super) fn purged(&self) -> Option<LogId> {
        self.purged
    }

    pub(super) fn last(&self) -> Option<LogId> {
        self.entries.last_key_value().map(|(_, kept)| kept.entry.log_id).or(self.purged)
    }

    /// Returns how many bytes the entries take. *Units*: bytes, encoded.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn entries(&self, range: impl std::ops::RangeBounds<u64>) -> Vec<Entry> {
        self.entries.range(range).map(|(_, kept)| kept.entry.clone()).collect()
    }

    pub(super) fn append(&mut self, entry: Entry) -> Vec<QuorumFrame> {
        let bytes = encode_entry(&entry);
        let (term, index) = (entry.log_id.leader_id.term, entry.log_id.index);
        let count = bytes.len().div_ceil(PART_BYTES);
        let frames = bytes.chunks(PART_BYTES).enumerate().map(|(part, chunk)| {
            let mut out = Encoder::default();
            out.u8(VERSION);
            out.bool(part == 0);
            out.bool(part + 1 == count);
            out.block(chunk);
            self.frame(QuorumFrameKind::Append, (term, index), out)
        });
        let frames = frames.collect();
        self.keep(Kept { entry, bytes });
        frames
    }

    pub(super) fn set_vote(&mut self, vote: Vote) -> QuorumFrame {
        self.vote = Some(vote);
        let mut out = Encoder::default();
        out.u8(VERSION);
        encode_vote(&mut out, &vote);
        self.frame(QuorumFrameKind::Vote, (vote.leader_id.term, 0), out)
    }

    /// Drops all entries behind a position.
    pub(super) fn truncate_after(&mut self, last: Option<LogId>) -> QuorumFrame {
        let first = last.map_or(0, |last| last.index + 1);
        self.drop_from(first);
        let mut out = Encoder::default();
        out.u8(VERSION);
        out.u64(first);
        self.frame(QuorumFrameKind::Truncate, (last.map_or(0, |last| last.leader_id.term), first), out)
    }

    /// Drops all entries up to a position.
    pub(super) fn purge(&mut self, upto: LogId) -> QuorumFrame {
        self.drop_upto(upto);
        let mut out = Encoder::default();
        out.u8(VERSION);
        encode_log_id(&mut out, upto);
        self.frame(QuorumFrameKind::Purge, (upto.leader_id.term, upto.index), out)
    }

    /// Encodes everything for the directory's checkpoint.
    pub(super) fn checkpoint(&self) -> Bytes {
        let mut out = Encoder::default();
        out.u8(VERSION);
        out.u64(self.change);
        out.optional(self.vote.as_ref(), encode_vote);
        out.optional(self.purged.as_ref(), |out, purged| encode_log_id(out, *purged));
        out.count(self.entries.len());
        self.entries.values().for_each(|kept| out.block(&kept.bytes));
        out.into_bytes().into()
    }

    fn load(&mut self, checkpoint: &[u8]) -> Result<(), DecodeError> {
        let mut from = Decoder::new(checkpoint);
        check_version("the metadata log's checkpoint", &mut from)?;
        self.change = from.u64()?;
        self.vote = from.optional(decode_vote)?;
        self.purged = from.optional(decode_log_id)?;
        for _ in 0..from.u32()? {
            let bytes = Bytes::copy_from_slice(from.block()?);
            self.keep(Kept { entry: decode_entry(&bytes)?, bytes });
        }
        from.end()
    }

    fn replay(&mut self, frame: &QuorumFrame) -> Result<(), LogDamage> {
        if frame.change <= self.change {
            return Ok(());
        }
        if frame.change != self.change + 1 {
            return Err(LogDamage::Gap { after: self.change, found: frame.change });
        }
        self.change = frame.change;
        let entry = self
            .replay_payload(frame)
            .map_err(|error| LogDamage::Undecodable { change: frame.change, error })?;
        let Some(kept) = entry else { return Ok(()) };
        let index = kept.entry.log_id.index;
        if self.last().is_some_and(|last| index != last.index + 1) {
            return Err(LogDamage::Hole { change: frame.change, index });
        }
        self.keep(kept);
        Ok(())
    }

    /// Replays one frame; returns the entry that it completes.
    fn replay_payload(&mut self, frame: &QuorumFrame) -> Result<Option<Kept>, DecodeError> {
        let mut from = Decoder::new(&frame.payload);
        check_version("a change of the metadata log", &mut from)?;
        let mut completed = None;
        match frame.kind {
            QuorumFrameKind::Append => completed = self.replay_part(&mut from)?,
            QuorumFrameKind::Truncate => self.drop_from(from.u64()?),
            QuorumFrameKind::Vote => self.vote = Some(decode_vote(&mut from)?),
            QuorumFrameKind::Purge => self.drop_upto(decode_log_id(&mut from)?),
        }
        from.end()?;
        Ok(completed)
    }

    fn replay_part(&mut self, from: &mut Decoder<'_>) -> Result<Option<Kept>, DecodeError> {
        let (first, last) = (from.bool()?, from.bool()?);
        if first {
            self.parts.clear();
        } else if self.parts.is_empty() {
            return Err(DecodeError::BadValue("part of an entry"));
        }
        self.parts.extend_from_slice(from.block()?);
        if !last {
            return Ok(None);
        }
        let bytes = Bytes::from(std::mem::take(&mut self.parts));
        Ok(Some(Kept { entry: decode_entry(&bytes)?, bytes }))
    }

    fn frame(&mut self, kind: QuorumFrameKind, (term, index): (u64, u64), payload: Encoder) -> QuorumFrame {
        self.change += 1;
        QuorumFrame { change: self.change, kind, index, term, payload: payload.into_bytes().into() }
    }

    fn keep(&mut self, kept: Kept) {
        self.bytes += kept.bytes.len();
        if let Some(replaced) = self.entries.insert(kept.entry.log_id.index, kept) {
            self.bytes -= replaced.bytes.len();
        }
    }

    fn drop_from(&mut self, first: u64) {
        let dropped = self.entries.split_off(&first);
        self.bytes -= dropped.values().map(|kept| kept.bytes.len()).sum::<usize>();
    }

    fn drop_upto(&mut self, upto: LogId) {
        if self.keeps_all {
            return;
        }
        let rest = self.entries.split_off(&(upto.index + 1));
        let dropped = std::mem::replace(&mut self.entries, rest);
        self.bytes -= dropped.values().map(|kept| kept.bytes.len()).sum::<usize>();
        self.purged = self.purged.max(Some(upto));
    }
}
