//! One data directory: its format, its lock, its state journal, its logs' folders.
//!
//! [`Directory::open`] makes a new directory or recovers one; what it hands out is durable on this node. Later one
//! owner, on a disk thread, runs its jobs: checkpoints, cuts, deletions. A job either ends, or finds no room and
//! may be tried again ([`FileFault::is_full`], W-12), or fails for good: then every later job is refused (W-11).
//! Every step may be cut by a power failure; what it leaves is finished or undone by the next open.
//!
//! - [`mod@format`]: what a directory is. `open.rs`: new directories, refusals. `recover.rs`, `judge.rs`: the way back.
//! - `checkpoint.rs`: placing batches and writing the state. `folders.rs`: making, deleting, setting aside.
//! - `reserve.rs`: space kept back for a full disk. `strays.rs`: the end of what was set aside.
//! - `found.rs`: page-cache logs at a start.
//! - `compact.rs`: compaction, step by step, and the swap of files.
//! - `segments.rs`: cuts, deletions, indexes. `producers.rs`: producer state beside the segments. `kafka.rs`: the small
//!   files for Kafka's tools.
//!
//! Source: design W-2, W-6, W-10 to W-12, W-14. Tests: `crates/log/tests/crash_directory.rs`.

mod checkpoint;
mod compact;
mod folders;
pub mod format;
mod found;
mod judge;
mod kafka;
mod open;
mod producers;
mod recover;
mod reserve;
mod segments;
mod strays;
mod sweep;
mod txn_index;

pub use checkpoint::Checkpoint;
pub use compact::{CompactEnd, CompactLimits, CompactStep, Compaction};
pub use format::{Format, FormatError};
pub(crate) use kafka::{read_metadata, read_text};
pub use open::OpenError;
pub(crate) use open::{lock, read_format};
pub use producers::RebuiltProducers;
pub use recover::{CutPages, LogDamage, QuorumRecovered, RecoveryReport};

use crate::epochs::EpochEntry;
use crate::fault::FileFault;
use crate::layout::WAL_FOLDER;
use crate::log::Log;
use crate::reader::{Reader, ReaderOptions};
use crate::segments::SegmentId;
use crate::state::Journal;
use crate::wal::{WalOptions, WalPosition, WalWriter};
use env::{Clock, Disk, DiskLock};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::{LogKey, Offset, TopicId, Uuid};

/// How a directory is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DirectoryOptions {
    /// Sizes of the write-ahead log.
    pub wal: WalOptions,
    /// Bounds of the reader.
    pub reader: ReaderOptions,
    /// The cluster that the directory must belong to; a new one draws a random id if there is none.
    pub cluster_id: Option<Uuid>,
    /// Bytes of deltas that the state may always have behind its base; zero takes 1 MiB.
    pub state_delta_bytes: u64,
}

/// A directory that is open.
pub struct Opened {
    /// The directory, for its owner on a disk thread.
    pub directory: Directory,
    /// What it is.
    pub format: Format,
    /// Its logs, all they hold durable. *Shape*: in order of the keys.
    pub logs: Vec<Log>,
    /// What the quorum has stored.
    pub quorum: QuorumRecovered,
    /// The write-ahead log, ready for the next group.
    pub wal: WalWriter,
    /// What recovery found and did.
    pub report: RecoveryReport,
    /// Whether it was made just now.
    pub is_new: bool,
}

/// The files of a data directory.
///
/// *Concurrency*: one owner; every method blocks on the disk.
pub struct Directory {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    format: Format,
    journal: Journal,
    reader: Reader,
    /// Folders of logs that exist, with their owner if it is known.
    folders: BTreeMap<String, Option<LogKey>>,
    /// Where a replay of the last state record begins.
    mark: WalPosition,
    /// Logs removed since the last state record.
    removed: BTreeSet<LogKey>,
    /// Logs that the last state record names as removed: a late job may still name them, and frames beyond its mark.
    removed_before: BTreeSet<LogKey>,
    /// Folders of removed logs that could not be renamed for want of room, with their topic ids.
    waiting: BTreeSet<(TopicId, String)>,
    /// Folders in which names have changed since they were synced.
    unsynced: BTreeSet<PathBuf>,
    /// Segments whose indexes this process has checked and extended.
    extended: BTreeMap<LogKey, Offset>,
    /// Leader epochs as last written for Kafka's tools: how many, and the last.
    epochs_written: BTreeMap<LogKey, (usize, Option<EpochEntry>)>,
    /// Logs of which a segment was rolled since the last state record.
    rolled: BTreeSet<LogKey>,
    /// Segments whose files were made since the last state record that names their log.
    made: BTreeMap<LogKey, BTreeSet<SegmentId>>,
    /// Page-cache logs whose last segment another thread writes.
    page_logs: BTreeSet<LogKey>,
    garbage: sweep::Garbage,
    reserve: reserve::Reserve,
    clock: Arc<dyn Clock>,
    failed: bool,
    /// Held as long as the directory is in use, here or by whoever has taken it.
    lock: Option<Box<dyn DiskLock>>,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory")
            .field("root", &self.root)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl Directory {
    /// Returns what the directory is.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// Returns where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns a reader of its segments, for any thread.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Says whether the files of the write-ahead log are overwritten in place: only then are they its reserve for a full
    /// disk (W-7). What cannot be asked is taken for the usual.
    pub fn overwrites_in_place(&self) -> bool {
        self.disk.overwrite_in_place(&self.root.join(WAL_FOLDER)).unwrap_or(true)
    }

    /// Hands the directory's lock out, for somebody who ends later: the threads of the write-ahead log and of page-cache logs
    /// write to the directory too. Nothing the second time.
    pub fn take_lock(&mut self) -> Option<Box<dyn DiskLock>> {
        self.lock.take()
    }

    /// Returns the number of the last checkpoint.
    pub fn generation(&self) -> u64 {
        self.journal.generation()
    }

    /// Runs a job, unless an earlier one failed for good.
    fn job<T>(&mut self, run: impl FnOnce(&mut Directory) -> Result<T, FileFault>) -> Result<T, FileFault> {
        if self.failed {
            return Err(FileFault::Closed);
        }
        let outcome = run(self);
        self.failed = outcome.as_ref().is_err_and(|fault| !fault.is_full());
        outcome
    }
}
