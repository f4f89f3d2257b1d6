//! Everything a partition asks of its shell: this file is the crate's real interface.

use log::wal::Frame;
use types::ErrorCode;

/// Names a produce waiter of the shard that owns the partition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AckToken(pub u64);

/// Names a parked fetch of the shard that owns the partition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FetchToken(pub u64);

/// An output of a partition.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Put this frame into the write-ahead log, in the order of emission.
    Wal(Frame),
    /// Hand the log's new batches over to the writer of page-cache logs.
    Buffered,
    /// A produce waiter has ended.
    Acked {
        /// Which one.
        token: AckToken,
        /// How.
        end: AckEnd,
    },
    /// More can be read by a parked fetch.
    Wake {
        /// Which one.
        token: FetchToken,
        /// How much more became readable. *Units*: bytes.
        bytes: u64,
    },
}

/// How a batch that was handed to the write-ahead log, or to its segment, ends for whoever waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AckEnd {
    /// Durable on every in-sync replica, at least min ISR of them; the mark of a transaction's end in a page-cache log is synced.
    Committed,
    /// Certainly in no log: cut by a truncation.
    Lost,
    /// Certainly in no log: there was no room for it.
    NoRoom,
    /// Nobody can say: the directory failed, the topic went away, the leadership moved.
    Unknown,
}

impl AckEnd {
    /// Maps the end to Kafka's code. A batch that may be stored is never answered with a code that
    /// clients read as "not stored".
    pub fn code(self) -> ErrorCode {
        match self {
            AckEnd::Committed => ErrorCode::None,
            AckEnd::Lost => ErrorCode::NotLeaderOrFollower,
            AckEnd::NoRoom => ErrorCode::KafkaStorageError,
            AckEnd::Unknown => ErrorCode::RequestTimedOut,
        }
    }
}
