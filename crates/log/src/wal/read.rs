//! Reads a file of the log as the device holds it (W-2), in large steps.

use super::fault::{OrFault, WalCall, WalFault};
use super::layout::{BLOCK_AT, GroupHeader, GroupSize, decode_group_header, group_verifies};
use env::{AlignedBuf, Disk, DiskFile, OpenMode};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Least that is read at a time. *Units*: bytes.
const STEP: u64 = 256 << 10;

/// An open file with a window of its bytes.
pub(super) struct FileReader {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    mode: OpenMode,
    bytes: u64,
    window: AlignedBuf,
    start: u64,
    len: usize,
}

/// A group whose CRC fits.
pub(super) struct VerifiedGroup<'a> {
    /// What it says about itself.
    pub(super) header: GroupHeader,
    /// How large it is.
    pub(super) size: GroupSize,
    /// Its bytes, header included, padding not.
    pub(super) used: &'a [u8],
}

impl FileReader {
    /// Opens a file for reading past the page cache, or through it where that is impossible.
    pub(super) fn open(disk: &Arc<dyn Disk>, path: &Path) -> Result<FileReader, WalFault> {
        let (file, mode) = open_device(disk, path).or_fault(WalCall::Open, path)?;
        let size = file.size().or_fault(WalCall::Open, path)?;
        Ok(FileReader {
            disk: disk.clone(),
            path: path.to_path_buf(),
            file,
            mode,
            bytes: size - size % BLOCK_AT,
            window: AlignedBuf::zeroed(0),
            start: 0,
            len: 0,
        })
    }

    /// Returns the whole blocks of the file. *Units*: bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Says whether what is read is what the device holds.
    pub(super) fn is_device(&self) -> bool {
        self.mode == OpenMode::ReadDevice
    }

    /// Returns the bytes from a block boundary on, fewer at the end of the file.
    pub(super) fn at(&mut self, at: u64, len: u64) -> Result<&[u8], WalFault> {
        let end = (at + len).min(self.bytes);
        if at >= end {
            return Ok(&[]);
        }
        if at < self.start || end > self.start + self.len as u64 {
            self.fill(at, (end - at).max(STEP).next_multiple_of(BLOCK_AT).min(self.bytes - at))?;
        }
        let from = index(at - self.start);
        Ok(self.window.get(from..self.len.min(from + index(end - at))).unwrap_or_default())
    }

    /// Returns the group at a boundary, if there is one whose CRC fits.
    pub(super) fn group_at(&mut self, at: u64) -> Result<Option<VerifiedGroup<'_>>, WalFault> {
        let Some((header, size)) = decode_group_header(self.at(at, BLOCK_AT)?) else { return Ok(None) };
        if size.padded() > self.bytes.saturating_sub(at) {
            return Ok(None);
        }
        let padded = self.at(at, size.padded())?;
        let Some(used) = padded.get(..index(size.used())) else { return Ok(None) };
        Ok(group_verifies(used).then_some(VerifiedGroup { header, size, used }))
    }

    fn fill(&mut self, at: u64, len: u64) -> Result<(), WalFault> {
        if (self.window.len() as u64) < len {
            self.window = AlignedBuf::zeroed(index(len));
        }
        self.len = 0;
        let count = self.read_twice(at, index(len)).or_fault(WalCall::Read, &self.path)?;
        self.start = at;
        self.len = count;
        Ok(())
    }

    /// A failed read is tried once more with a fresh descriptor (W-11). A file system that opens for direct reads
    /// but refuses them is read through the cache.
    fn read_twice(&mut self, at: u64, len: usize) -> io::Result<usize> {
        match self.file.read_at(&mut self.window[..len], at) {
            Ok(count) => Ok(count),
            Err(error) => {
                let refused = self.is_device() && error.kind() == io::ErrorKind::InvalidInput;
                self.mode = if refused { OpenMode::Read } else { self.mode };
                self.file = self.disk.open(&self.path, self.mode)?;
                self.file.read_at(&mut self.window[..len], at)
            }
        }
    }
}

fn open_device(disk: &Arc<dyn Disk>, path: &Path) -> io::Result<(Arc<dyn DiskFile>, OpenMode)> {
    match disk.open(path, OpenMode::ReadDevice) {
        Ok(file) => Ok((file, OpenMode::ReadDevice)),
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok((disk.open(path, OpenMode::Read)?, OpenMode::Read))
        }
        Err(error) => Err(error),
    }
}

/// A length within a window, which fits into memory.
pub(super) fn index(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
