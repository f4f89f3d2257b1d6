//! Files and folders as the broker sees them.
//!
//! All calls block and are made on disk threads or at start-up, never on a shard. The contract is
//! that of a power cut: bytes are safe after [`DiskFile::sync`] has returned, a name is safe after
//! [`Disk::sync_dir`] of its folder has returned, and nothing else is. An error of a write or sync
//! is final for that file (W-11); it is the caller's duty not to retry.

use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

/// How a file is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpenMode {
    /// An existing file, for reading through the page cache.
    Read,
    /// An existing file, for reading what the device holds (O_DIRECT): offset, length and buffer
    /// must be multiples of 4 KiB. Fails with `InvalidInput` where the file system cannot do it.
    ReadDevice,
    /// An existing file, for reading and writing.
    Write,
    /// An existing file, for writing past the page cache (O_DIRECT | O_DSYNC): offset, length and buffer
    /// must be multiples of 4 KiB, and the bytes are safe when a write returns. Fails with `InvalidInput`
    /// where the file system cannot do it. The length is safe only after a sync.
    WriteDevice,
    /// A new file, for reading and writing; fails with `AlreadyExists` if there is one.
    CreateNew,
    /// An existing or new file, for reading and writing; old bytes stay.
    Create,
}

/// One entry of a folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DirEntry {
    /// Name within the folder.
    pub name: String,
    /// Whether it is a folder itself.
    pub is_dir: bool,
}

/// A file system.
///
/// *Errors*: those of the operating system, for every method.
#[allow(clippy::missing_errors_doc)]
pub trait Disk: Send + Sync {
    /// Opens a file.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>>;
    /// Makes a folder; its parent must exist. Fails with `AlreadyExists` if there is one.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Gives a file or folder another name, replacing a file of that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// Lists a folder in order of the names.
    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>>;
    /// Says whether something has this name.
    fn exists(&self, path: &Path) -> io::Result<bool>;
    /// Makes the names of a folder safe: creations, renames and removals within it.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Takes the exclusive lock of a file, which is made if missing. Fails with `WouldBlock` if
    /// another process holds it. Dropping the value, or dying, gives it up.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>>;
    /// Returns the free space of the file system that holds the path. *Units*: bytes.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
    /// Returns the size of the file system that holds the path, where that can be told. *Units*: bytes.
    fn total_bytes(&self, _path: &Path) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// Has files that are made in a folder from now on overwritten in place, if the file system would copy on write; says
    /// whether they are. Where they are not, an overwrite may find the disk full.
    fn overwrite_in_place(&self, _folder: &Path) -> io::Result<bool> {
        Ok(true)
    }
}

/// A held lock.
pub trait DiskLock: Send + Sync {}

/// An open file. Shared; calls of several threads do not disturb one another.
///
/// *Errors*: those of the operating system, for every method.
#[allow(clippy::missing_errors_doc)]
pub trait DiskFile: Send + Sync {
    /// Reads until the buffer is full or the file ends; returns how many bytes were read.
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize>;
    /// Writes all bytes at a position, growing the file where needed.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;
    /// Writes the parts one behind the other, as one write of their bytes.
    fn write_parts_at(&self, parts: &[IoSlice<'_>], at: u64) -> io::Result<()> {
        let whole: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        self.write_at(&whole, at)
    }
    /// Makes the bytes and the length safe (fdatasync).
    fn sync(&self) -> io::Result<()>;
    /// Returns the length. *Units*: bytes.
    fn size(&self) -> io::Result<u64>;
    /// Cuts or grows (with zeros) the file.
    fn set_size(&self, size: u64) -> io::Result<()>;
}
