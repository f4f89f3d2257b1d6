//! Why a write-ahead log does not open, and what a replay left out. Nothing here acts: the only way past
//! damage is an offline repair (W-3).

use super::fault::WalFault;
use super::frame::FrameKind;
use super::layout::FrameError;
use std::collections::BTreeSet;
use std::path::PathBuf;
use types::{DirectoryId, LogKey, Offset};

/// What is wrong at the named place.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DamageReason {
    /// A group that was durable is not there: a later one says so.
    #[error(
        "the group expected here does not verify, but the one at byte {at} of {path} says that group {durable_seq} was durable"
    )]
    LostGroup {
        /// File of the later group.
        path: PathBuf,
        /// Where in it.
        at: u64,
        /// What it vouches for.
        durable_seq: u64,
    },
    /// The header of a file does not verify, but it holds a group that may be needed.
    #[error("the file's header does not verify, but it holds group {seq}")]
    BadHeader {
        /// Sequence of that group.
        seq: u64,
    },
    /// The file at which the state wants the replay to begin is not there, or is too short.
    #[error("the state says that the log is needed from here, and there is no such place")]
    NoSuchPlace,
    /// The file is shorter than its header says, which no crash brings about.
    #[error("the file has {bytes} bytes, fewer than its header says")]
    Short {
        /// Its whole blocks. *Units*: bytes.
        bytes: u64,
    },
    /// Two files claim the same number.
    #[error("{path} has the same file number")]
    SameNumber {
        /// The other file.
        path: PathBuf,
    },
    /// The group verifies, yet its inside makes no sense or comes from a newer version.
    #[error("{0}")]
    Frames(FrameError),
    /// The file is of another directory.
    #[error("the file belongs to directory {0}")]
    Foreign(DirectoryId),
    /// The file was written by a newer version.
    #[error("the file has format version {0}, which is newer than this program")]
    Newer(u16),
}

/// A directory that must not open: file, place and the partitions touched.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{path} is damaged at byte {at}, where group {expected_seq} is expected: {reason}; partitions touched: {}",
    list(.partitions))]
pub struct WalDamage {
    /// The file.
    pub path: PathBuf,
    /// The place in it. *Units*: bytes.
    pub at: u64,
    /// Sequence of the group that is expected.
    pub expected_seq: u64,
    /// What is wrong.
    pub reason: DamageReason,
    /// Partitions with frames in the damaged place, as far as it can be read, and beyond it.
    pub partitions: BTreeSet<LogKey>,
}

fn list(partitions: &BTreeSet<LogKey>) -> String {
    match partitions.is_empty() {
        true => "none known".to_string(),
        false => partitions.iter().map(LogKey::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// The taker of the frames does not go on: for instance, a change number is missing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ReplayStop(#[from] pub Box<dyn std::error::Error + Send + Sync>);

/// Why a replay did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A call of the operating system failed, reads after a second try with a fresh descriptor.
    #[error(transparent)]
    Disk(#[from] WalFault),
    /// The log is damaged.
    #[error(transparent)]
    Damage(#[from] Box<WalDamage>),
    /// The taker of the frames stopped it.
    #[error("the replay stops at {path}, byte {at}: {source}")]
    Stopped {
        /// File of the group.
        path: PathBuf,
        /// Where in it.
        at: u64,
        /// The taker's reason.
        source: ReplayStop,
    },
}

/// A group that the replay left out: torn, or void. To be logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DroppedGroup {
    /// The file.
    pub path: PathBuf,
    /// The place in it. *Units*: bytes.
    pub at: u64,
    /// Its sequence, as far as it can be believed.
    pub seq: u64,
    /// Whether it is whole; a torn one lists the frames that can be guessed.
    pub whole: bool,
    /// *Shape*: log, change number, kind and base offset of its frames.
    pub frames: Vec<(LogKey, u64, FrameKind, Offset)>,
}
