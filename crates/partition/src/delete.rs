//! DeleteRecords: how far the log start may move for a client.
//!
//! The shell waits until the move is durable (W-8). A page-cache log's start goes no further than its recovery
//! point (W-16): the rest of the way follows when a state holds a later one.
//! Source: KIP-107; `Partition.deleteRecordsOnLeader`.

use crate::{Effect, Partition};
use types::{ErrorCode, Offset};

/// Up to where records go. *Source*: the `offset` field of DeleteRecords.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeleteUpTo {
    /// `-1`: everything that is committed.
    HighWatermark,
    /// Everything below this.
    Offset(Offset),
}

impl DeleteUpTo {
    /// Reads the wire's number.
    pub fn new(offset: i64) -> DeleteUpTo {
        if offset == -1 { DeleteUpTo::HighWatermark } else { DeleteUpTo::Offset(Offset(offset)) }
    }
}

/// Why nothing is deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DeleteRefused {
    /// The directory or the log has failed.
    #[error("the partition's log has failed")]
    LogFailed,
    /// Another broker leads, or none does.
    #[error("this broker does not lead the partition")]
    NotLeader,
    /// The topic's `cleanup.policy` does not delete.
    #[error("the topic's cleanup.policy does not delete")]
    Policy,
    /// Below zero, or beyond what is committed.
    #[error("the offset is outside the log")]
    OutOfRange,
}

impl DeleteRefused {
    /// Maps the refusal to Kafka's code.
    pub fn code(self) -> ErrorCode {
        match self {
            DeleteRefused::LogFailed => ErrorCode::KafkaStorageError,
            DeleteRefused::NotLeader => ErrorCode::NotLeaderOrFollower,
            DeleteRefused::Policy => ErrorCode::PolicyViolation,
            DeleteRefused::OutOfRange => ErrorCode::OffsetOutOfRange,
        }
    }
}

impl Partition {
    /// Returns where the log start has to be for a deletion; `deletes` says whether the topic's policy does.
    ///
    /// # Errors
    /// The refusal; nothing has changed.
    pub fn delete_target(&self, up_to: DeleteUpTo, deletes: bool) -> Result<Offset, DeleteRefused> {
        if self.is_failed() {
            return Err(DeleteRefused::LogFailed);
        }
        if !self.is_leader() {
            return Err(DeleteRefused::NotLeader);
        }
        if !deletes {
            return Err(DeleteRefused::Policy);
        }
        let committed = self.pointers().high_watermark;
        let to = match up_to {
            DeleteUpTo::HighWatermark => committed,
            DeleteUpTo::Offset(offset) => offset,
        };
        if (Offset::ZERO..=committed).contains(&to) { Ok(to) } else { Err(DeleteRefused::OutOfRange) }
    }

    /// Moves the log start up, as far as the log allows it now; a start beyond is left alone. `to` is at most the
    /// high watermark.
    pub fn move_start(&mut self, to: Offset, effects: &mut Vec<Effect>) {
        let to = to.min(self.pointers().high_watermark);
        effects.extend(self.log.move_start(to).map(Effect::Wal));
        self.check();
    }
}
