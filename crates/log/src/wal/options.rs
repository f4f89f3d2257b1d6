//! What the write-ahead log of one directory is made of.

use env::{Disk, Random};
use std::path::PathBuf;
use std::sync::Arc;
use types::DirectoryId;

/// Sizes of the write-ahead log. *Invariant*: all are multiples of 4 KiB.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WalOptions {
    /// Size of the very first file, which a new directory waits for. *Units*: bytes.
    pub first_file_bytes: u64,
    /// Size of every other file. *Units*: bytes.
    pub file_bytes: u64,
    /// Size of all files together: four checkpoint intervals, and the disk-full reserve (W-7). *Units*: bytes.
    pub pool_bytes: u64,
    /// A checkpoint is wanted when a start would have to replay so much, however large the pool is. *Units*: bytes.
    pub checkpoint_bytes: u64,
    /// Largest group, unless one frame alone is larger. *Units*: bytes.
    pub group_bytes_max: usize,
    /// How much of a new file is filled with zeros at a time. *Units*: bytes.
    pub fill_step_bytes: usize,
    /// Groups up to this size are written past the page cache, where the file system can: one call instead of two.
    /// Larger ones are faster through it: the system splits them into writes that run side by side. 0: none. *Units*: bytes.
    pub direct_bytes_max: usize,
}

impl Default for WalOptions {
    fn default() -> WalOptions {
        WalOptions {
            first_file_bytes: 4 << 20,
            file_bytes: 32 << 20,
            pool_bytes: 256 << 20,
            checkpoint_bytes: 64 << 20,
            group_bytes_max: 4 << 20,
            fill_step_bytes: 1 << 20,
            direct_bytes_max: 1 << 20,
        }
    }
}

impl WalOptions {
    /// Returns sizes that reach every limit within a short test.
    pub fn tiny() -> WalOptions {
        WalOptions {
            first_file_bytes: 16 << 10,
            file_bytes: 32 << 10,
            pool_bytes: 256 << 10,
            checkpoint_bytes: 128 << 10,
            group_bytes_max: 16 << 10,
            fill_step_bytes: 16 << 10,
            direct_bytes_max: 0,
        }
    }

    /// Returns the largest payload of one frame: a file less 8 KiB (W-4). *Units*: bytes.
    pub fn max_payload_bytes(&self) -> usize {
        usize::try_from(self.file_bytes.saturating_sub(8 << 10)).unwrap_or(usize::MAX)
    }
}

/// Where a write-ahead log lives and what it is made of. Cloning shares the seams.
#[derive(Clone)]
pub struct WalHome {
    /// The file system.
    pub disk: Arc<dyn Disk>,
    /// Source of the files' salts.
    pub random: Arc<dyn Random>,
    /// Folder of the log's files; it holds nothing else.
    pub dir: PathBuf,
    /// The directory that the files belong to; it is in every file header.
    pub directory_id: DirectoryId,
    /// Sizes.
    pub options: WalOptions,
}

impl std::fmt::Debug for WalHome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WalHome")
            .field("dir", &self.dir)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
