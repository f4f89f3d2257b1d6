//! The way past damage of a directory that nobody serves from (W-3, W-6, W-18). Nothing acknowledged goes without being named.
//!
//! 1. [`RepairJob::survey`] reads state, write-ahead log and every segment, and changes nothing. What it finds becomes a
//!    [`Plan`]: what is damaged, what would be done, which offsets would be given up.
//! 2. [`RepairJob::act`] copies what it will replace to `quarantine/<number>/old`, makes what takes its place beside it, says in
//!    `highwater.repair` that the repair is decided, puts everything in place by renaming, and takes that file away. Cut
//!    before the file is there, nothing has happened; cut after, [`RepairJob::finish`] ends it. Until then the directory
//!    does not open.
//!
//! *What becomes of damage*
//! - One copy of the state: written anew from the other. Both: records of either are put together (`state/salvage.rs`); a
//!   state older than the last is used if the write-ahead log still holds all that followed it.
//! - The write-ahead log: a log of its own that takes its place gets every frame that can be shown to belong there. A frame
//!   behind a hole belongs there if its change number follows its log's last one: then nothing of that log was in the
//!   hole. Behind a gap nothing is applied to that log any more (`frames.rs`).
//! - A segment: the file is written anew. Where no batch is sound, empty batches stand for the offsets (`gap.rs`): readers skip
//!   them as after compaction, every place stays where it was. If only offset or epoch are wrong, which lie outside the checksum
//!   and follow from what is around, they are set right.
//! - The metadata's own log: no hole in it can be filled, and its past may not come back. Refused. Its snapshot is made anew by
//!   its owner (`metadata::quorum::mend_snapshot`), where all of its entries are still there ([`Survey::made`]).
//!
//! Tests: beside each file, `crates/log/tests/crash_directory/repair.rs`, `crates/cli/tests/repair.rs`.

mod act;
mod frames;
mod gap;
mod plan;
mod segment;
mod stage;
mod survey;
mod wal;

pub use plan::{Damage, GivenUp, Plan};
pub use segment::{BadRange, SegmentDamage};
pub use survey::{Progress, Survey};

use crate::directory::{Format, OpenError, lock, read_format};
use crate::fault::FileFault;
use crate::layout::{FORMAT_FILE, WAL_FOLDER};
use crate::wal::{ReplayError, WalFault, WalHome, WalOptions};
use env::{DiskLock, Env};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a repair cannot go on. *Invariant*: nothing was changed, or the same repair can be run again.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The folder has no format file.
    #[error("{} is no data directory of Highwater", path.display())]
    NoDirectory {
        /// The folder.
        path: PathBuf,
    },
    /// It is in use, or its format file is newer or damaged.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The write-ahead log cannot be read.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The new write-ahead log cannot be written.
    #[error(transparent)]
    Wal(#[from] WalFault),
    /// A file failed.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The note of an interrupted repair does not verify.
    #[error("{} is damaged; what the repair replaces is whole in the quarantine folder", path.display())]
    Note {
        /// The note.
        path: PathBuf,
    },
    /// The plan says that it cannot be carried out.
    #[error("it cannot be repaired: {0}")]
    Refused(String),
}

/// A directory that nobody serves from, as long as this value lives.
pub struct RepairJob {
    env: Env,
    root: PathBuf,
    format: Format,
    _lock: Box<dyn DiskLock>,
}

impl RepairJob {
    /// Locks a directory.
    ///
    /// # Errors
    /// It is none, in use, or of a newer format.
    pub fn open(env: &Env, root: &Path) -> Result<RepairJob, RepairError> {
        if !env.disk.exists(&root.join(FORMAT_FILE)).unwrap_or(false) {
            return Err(RepairError::NoDirectory { path: root.to_path_buf() });
        }
        let lock = lock(&*env.disk, root)?;
        let format = read_format(&*env.disk, root)?;
        Ok(RepairJob { env: env.clone(), root: root.to_path_buf(), format, _lock: lock })
    }

    /// Returns what the directory is.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// Returns the log's home, with files of this size.
    fn wal_home(&self, dir: PathBuf, file_bytes: u64) -> WalHome {
        let sizes = WalOptions::default();
        let options = match file_bytes {
            0 => sizes,
            bytes => WalOptions {
                first_file_bytes: bytes,
                file_bytes: bytes,
                pool_bytes: bytes,
                direct_bytes_max: 0,
                ..sizes
            },
        };
        WalHome {
            disk: Arc::clone(&self.env.disk),
            random: Arc::clone(&self.env.random),
            dir,
            directory_id: self.format.directory_id,
            options,
        }
    }

    fn wal_folder(&self) -> PathBuf {
        self.root.join(WAL_FOLDER)
    }
}
