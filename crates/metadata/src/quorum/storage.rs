//! What the quorum asks of the disk: frames in order, and word when they are durable.
//!
//! The real one is the shared WAL of the data directory (wal.rs); tests have one of their own.

use bytes::Bytes;
use std::pin::Pin;

/// Number of a submission; later ones are durable no earlier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Ticket(pub u64);

/// Takes frames in the order in which they must become durable.
pub trait QuorumStorage: Send + Sync + 'static {
    /// Hands frames over; returns at once.
    fn submit(&self, frames: Vec<QuorumFrame>) -> Ticket;

    /// Sets space aside for frames that are about to be submitted; it is given back when the value is dropped.
    ///
    /// # Errors
    /// There is none until a checkpoint is done.
    fn reserve(&self, bytes: u64) -> Result<Space, StorageFull>;

    /// Waits until everything up to a ticket is durable.
    ///
    /// # Errors
    /// The storage has failed, for good (W-11).
    fn durable(&self, ticket: Ticket) -> Pin<Box<dyn Future<Output = Result<(), StorageFailed>> + Send>>;
}

/// Space that is set aside until the value is dropped.
#[derive(Default)]
pub struct Space {
    _held: Option<Box<dyn std::any::Any + Send + Sync>>,
}

impl Space {
    /// Makes space of something that gives it back when dropped.
    pub fn holding(held: Box<dyn std::any::Any + Send + Sync>) -> Space {
        Space { _held: Some(held) }
    }
}

impl std::fmt::Debug for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Space").finish_non_exhaustive()
    }
}

/// There is no space for more frames until a checkpoint is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the write-ahead log has no room for metadata until a checkpoint is done")]
pub struct StorageFull;

/// The storage has failed; nothing later becomes durable.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the metadata log cannot be written: {0}")]
pub struct StorageFailed(pub String);

/// One change of the quorum's log, as a frame of the WAL carries it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuorumFrame {
    /// Number of the change: +1 per frame, for the life of the directory.
    pub change: u64,
    /// What changes.
    pub kind: QuorumFrameKind,
    /// Index that the change is about; 0 for a vote.
    pub index: u64,
    /// Term that the change is about.
    pub term: u64,
    /// The rest; see log_content.rs.
    pub payload: Bytes,
}

/// What a frame changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QuorumFrameKind {
    /// An entry, or a part of a large one, is added.
    Append,
    /// Entries from an index on are dropped.
    Truncate,
    /// The vote is this now.
    Vote,
    /// Entries up to an index are no longer needed.
    Purge,
}

/// What recovery found of the quorum's log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct QuorumRecovered {
    /// What the last checkpoint was given; empty if there is none.
    pub checkpoint: Bytes,
    /// Frames of the WAL from the checkpoint's mark on, in order; those that the checkpoint has may
    /// come again.
    pub frames: Vec<QuorumFrame>,
}
