//! Replay: a log from its cut and the frames that the WAL holds beyond it (W-6, W-8).
//!
//! Frames up to the cut's change number are skipped; then each must have the next number: a gap is damage, unless the
//! log is removed further on (`directory/recover.rs`).
//! The WAL has verified its bytes; whether a frame fits this log is checked again here.
//! Nothing replayed counts as durable before [`Log::recovered`], which is called once recovery has synced
//! what it read (W-2). Tests: `tests/prop_log.rs`.

use crate::append::next_of;
use crate::log::Log;
use crate::tail::TailBatch;
use crate::wal::{Frame, FrameKind};
use types::{Offset, WallTime};
use wire::record::{Batch, HeaderError};

/// What a frame did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replayed {
    /// It changed the log.
    Applied,
    /// The log had it already.
    Skipped,
    /// The log is removed: the caller drops it.
    Removed,
}

/// A frame that does not fit the log: damage.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReplayError {
    /// Changes between the log and the frame are missing.
    #[error("change {found} follows {have}")]
    Gap {
        /// Last change that the log has.
        have: u64,
        /// Change of the frame.
        found: u64,
    },
    /// The frame's kind has no business in a partition's log.
    #[error("a frame of kind {0:?} in a partition's log")]
    Kind(FrameKind),
    /// The log comes to be a second time, or as something that this build does not know.
    #[error("change {0} makes the log, which cannot be understood")]
    Created(u64),
    /// The payload is no batch.
    #[error("the frame holds no batch: {0}")]
    Batch(#[from] HeaderError),
    /// The frame or its batch does not begin where the log ends, or its epoch goes back.
    #[error("the frame at offset {found} does not fit a log that ends at {log_end}")]
    Misplaced {
        /// Where the log ends.
        log_end: Offset,
        /// What the frame says.
        found: Offset,
    },
}

impl Log {
    /// Applies a frame of the WAL; `appended` is the broker time of the group that held it.
    ///
    /// # Errors
    /// See [`ReplayError`]; the log is unchanged.
    pub fn replay(&mut self, frame: &Frame, appended: WallTime) -> Result<Replayed, ReplayError> {
        debug_assert_eq!(frame.key, self.key());
        if frame.change <= self.change() {
            return Ok(Replayed::Skipped);
        }
        if frame.change != self.change() + 1 {
            return Err(ReplayError::Gap { have: self.change(), found: frame.change });
        }
        match frame.kind {
            FrameKind::Append => self.replay_append(frame, appended)?,
            FrameKind::Truncate => self.replay_truncate(frame)?,
            FrameKind::LogStart => self.apply_start(frame.base_offset),
            FrameKind::Removed => return Ok(Replayed::Removed),
            FrameKind::Created => self.replay_created(frame)?,
            FrameKind::QuorumAppend
            | FrameKind::QuorumTruncate
            | FrameKind::QuorumVote
            | FrameKind::QuorumPurge => return Err(ReplayError::Kind(frame.kind)),
        }
        self.replayed();
        Ok(Replayed::Applied)
    }

    /// Notes that all that was replayed is durable on this node: the end of recovery.
    pub fn recovered(&mut self) {
        self.on_durable(self.change());
    }

    fn replay_append(&mut self, frame: &Frame, appended: WallTime) -> Result<(), ReplayError> {
        let batch = Batch::from_wire(&frame.payload())?;
        let misplaced = ReplayError::Misplaced { log_end: self.log_end(), found: frame.base_offset };
        let header = batch.header();
        let fits = header.base_offset == frame.base_offset
            && header.base_offset == self.log_end()
            && header.leader_epoch >= self.latest_epoch()
            && next_of(header).is_ok();
        if !fits {
            return Err(misplaced);
        }
        self.push(TailBatch { batch, appended });
        Ok(())
    }

    fn replay_truncate(&mut self, frame: &Frame) -> Result<(), ReplayError> {
        if frame.base_offset < self.log_start() || frame.base_offset > self.log_end() {
            return Err(ReplayError::Misplaced { log_end: self.log_end(), found: frame.base_offset });
        }
        let end = self.apply_truncate(frame.base_offset, frame.change);
        debug_assert_eq!(end, frame.base_offset);
        Ok(())
    }
}
