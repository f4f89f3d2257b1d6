//! One change of one log, as the write-ahead log carries it. Tests: `layout.rs` and `tests/crash_wal`.

use bytes::{Bytes, BytesMut};
use types::{LeaderEpoch, LogKey, Offset, PartitionId, TopicId, Uuid};

/// The log of the metadata quorum: Kafka's id of `__cluster_metadata`, partition 0.
pub const QUORUM_KEY: LogKey = LogKey {
    topic_id: TopicId(Uuid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
    partition: PartitionId(0),
};

/// What a frame does to its log. The numbers are on disk; 6, 7 and 12 to 15 are reserved.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum FrameKind {
    /// A batch of records, byte for byte.
    Append = 1,
    /// The log ends at the base offset now.
    Truncate = 2,
    /// The log starts at the base offset now.
    LogStart = 3,
    /// The log is no more.
    Removed = 4,
    /// The log comes to be, of a kind that its appends do not tell: a page-cache log (W-16).
    Created = 5,
    /// An entry of the metadata quorum.
    QuorumAppend = 8,
    /// The quorum's log ends at the base offset now.
    QuorumTruncate = 9,
    /// The quorum's vote.
    QuorumVote = 10,
    /// The quorum's log starts at the base offset now.
    QuorumPurge = 11,
}

/// A frame is of a kind that this version does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("frame kind {0} is unknown to this version")]
pub struct UnknownFrameKind(pub u8);

impl TryFrom<u8> for FrameKind {
    type Error = UnknownFrameKind;

    fn try_from(number: u8) -> Result<FrameKind, UnknownFrameKind> {
        Ok(match number {
            1 => FrameKind::Append,
            2 => FrameKind::Truncate,
            3 => FrameKind::LogStart,
            4 => FrameKind::Removed,
            5 => FrameKind::Created,
            8 => FrameKind::QuorumAppend,
            9 => FrameKind::QuorumTruncate,
            10 => FrameKind::QuorumVote,
            11 => FrameKind::QuorumPurge,
            other => return Err(UnknownFrameKind(other)),
        })
    }
}

impl FrameKind {
    /// Says whether the frame may use the last eighth of the pool (W-7): all but appends of clients.
    pub fn is_control(self) -> bool {
        self != FrameKind::Append
    }
}

/// One change of one log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// The log.
    pub key: LogKey,
    /// Number of the change. *Invariant*: +1 per frame of a log over the life of its topic id.
    pub change: u64,
    /// What it does.
    pub kind: FrameKind,
    /// First offset of the batch, or the offset of the cut.
    pub base_offset: Offset,
    /// Leader epoch under which it was made.
    pub leader_epoch: LeaderEpoch,
    /// *Shape*: the payload is the concatenation; a replayed frame has all in the first part.
    pub parts: [Bytes; 2],
}

impl Frame {
    /// Returns the payload's length. *Units*: bytes.
    pub fn payload_bytes(&self) -> usize {
        self.parts[0].len() + self.parts[1].len()
    }

    /// Returns the payload in one piece; copies only if both parts hold something.
    pub fn payload(&self) -> Bytes {
        let [first, second] = &self.parts;
        if second.is_empty() {
            return first.clone();
        }
        let mut whole = BytesMut::with_capacity(self.payload_bytes());
        whole.extend_from_slice(first);
        whole.extend_from_slice(second);
        whole.freeze()
    }
}
