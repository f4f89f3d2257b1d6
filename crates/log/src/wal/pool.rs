//! The files that wait to be used (W-7).
//!
//! A file is used only after it has been filled with zeros that were really written and synced; a
//! file that was used once stays filled. Files are never truncated and never grow while in use. A
//! new file is filled in steps, so that the log's thread can do it between groups. A full disk ends
//! the filling and makes the pool smaller; nothing fails until the log itself needs the file. Want of a
//! descriptor is put off to the next step.
//!
//! Tests: `tests/crash_wal`.

use super::fault::{OrFault, WalCall, WalFault};
use super::options::WalHome;
use env::{AlignedBuf, DiskFile, OpenMode};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

/// A file that no position of the log needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct FreeFile {
    /// Its path.
    pub(super) path: PathBuf,
    /// Its size, as far as it was filled. *Units*: bytes.
    pub(super) bytes: u64,
}

struct Filling {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    done: u64,
    bytes: u64,
}

/// The files that wait to be used.
pub(super) struct Pool {
    home: WalHome,
    filled: Vec<FreeFile>,
    unfilled: Vec<PathBuf>,
    filling: Option<Filling>,
    next_slot: u32,
    disk_full: bool,
}

impl Pool {
    /// Makes an empty pool whose new files get slots from `next_slot` on.
    pub(super) fn new(home: WalHome, next_slot: u32) -> Pool {
        Pool { home, filled: Vec::new(), unfilled: Vec::new(), filling: None, next_slot, disk_full: false }
    }

    /// Gives back a file that was in use. One of another size than today's is filled anew.
    pub(super) fn give_back(&mut self, file: FreeFile) {
        if file.bytes == self.home.options.file_bytes {
            self.filled.push(file);
        } else {
            self.unfilled.push(file.path);
        }
        self.disk_full = false;
    }

    /// Adds a file of which nothing is known but its name.
    pub(super) fn add_unfilled(&mut self, path: PathBuf) {
        self.unfilled.push(path);
    }

    /// Removes a file that the pool has too many of. Nothing depends on when the name goes.
    pub(super) fn discard(&mut self, file: &FreeFile) -> Result<(), WalFault> {
        self.home.disk.remove_file(&file.path).or_fault(WalCall::Remove, &file.path)
    }

    /// Returns the bytes that can be written without asking the disk for space. *Units*: bytes.
    pub(super) fn filled_bytes(&self) -> u64 {
        self.filled.iter().map(|file| file.bytes).sum()
    }

    /// Returns the bytes of the pool once all filling is done; less if the disk is full.
    pub(super) fn planned_bytes(&self, in_use: u64) -> u64 {
        let filled = self.filled_bytes();
        if self.disk_full {
            return filled;
        }
        let missing = self.home.options.pool_bytes.saturating_sub(in_use + filled);
        filled + missing - missing % self.home.options.file_bytes
    }

    /// Says whether [`Pool::fill_step`] has something to do.
    pub(super) fn wants_filling(&self, in_use: u64) -> bool {
        let whole = in_use + self.filled_bytes() + self.home.options.file_bytes;
        !self.disk_full && (self.filling.is_some() || whole <= self.home.options.pool_bytes)
    }

    /// Lets the filling try again after the disk was full.
    pub(super) fn retry_filling(&mut self) {
        self.disk_full = false;
    }

    /// Takes a filled file.
    pub(super) fn take(&mut self) -> Option<FreeFile> {
        self.filled.pop()
    }

    /// Fills the next piece of a file, synced. A full disk is not an error here, nor is want of a descriptor: then it says that
    /// nothing was done.
    pub(super) fn fill_step(&mut self) -> Result<bool, WalFault> {
        let mut filling = match self.open_filling() {
            Ok(Some(filling)) => filling,
            Ok(None) => return Ok(true),
            Err(fault) if fault.is_no_descriptor() => return Ok(false),
            Err(fault) => return Err(fault),
        };
        match fill_piece(&mut filling, self.home.options.fill_step_bytes) {
            Ok(true) => self.filled.push(FreeFile { path: filling.path, bytes: filling.bytes }),
            Ok(false) => self.filling = Some(filling),
            Err(fault) if is_disk_full(&fault) => self.give_up(&filling)?,
            Err(fault) => return Err(fault),
        }
        Ok(true)
    }

    /// Fills a file to its end at once; a full disk is an error. `bytes` is not less than what is filled of it.
    pub(super) fn fill_now(&mut self, bytes: u64) -> Result<FreeFile, WalFault> {
        let mut filling = match self.open_filling()? {
            Some(filling) => filling,
            None => return Err(disk_full(&self.home)),
        };
        filling.bytes = bytes;
        while !fill_piece(&mut filling, self.home.options.fill_step_bytes.max(1 << 20))? {}
        Ok(FreeFile { path: filling.path, bytes: filling.bytes })
    }

    fn open_filling(&mut self) -> Result<Option<Filling>, WalFault> {
        if let Some(filling) = self.filling.take() {
            return Ok(Some(filling));
        }
        let opened = match self.unfilled.last().cloned() {
            Some(path) => self.open_unfilled(path),
            None => self.create(),
        };
        let bytes = self.home.options.file_bytes;
        match opened {
            Ok((path, file)) => Ok(Some(Filling { path, file, done: 0, bytes })),
            Err(fault) if is_disk_full(&fault) => {
                self.disk_full = true;
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    fn open_unfilled(&mut self, path: PathBuf) -> Result<(PathBuf, Arc<dyn DiskFile>), WalFault> {
        let file = self.home.disk.open(&path, OpenMode::Write).or_fault(WalCall::Open, &path)?;
        self.unfilled.pop();
        Ok((path, file))
    }

    /// Makes the next slot's file; its name is safe before anything depends on it.
    fn create(&mut self) -> Result<(PathBuf, Arc<dyn DiskFile>), WalFault> {
        let path = self.home.dir.join(slot_name(self.next_slot));
        let file = self.home.disk.open(&path, OpenMode::CreateNew).or_fault(WalCall::Open, &path)?;
        let named = self.home.disk.sync_dir(&self.home.dir).or_fault(WalCall::SyncDir, &self.home.dir);
        if named.as_ref().is_err_and(WalFault::is_no_descriptor) {
            self.home.disk.remove_file(&path).or_fault(WalCall::Remove, &path)?;
        }
        named?;
        self.next_slot += 1;
        Ok((path, file))
    }

    fn give_up(&mut self, filling: &Filling) -> Result<(), WalFault> {
        self.disk_full = true;
        self.home.disk.remove_file(&filling.path).or_fault(WalCall::Remove, &filling.path)
    }
}

/// Returns whether the file is filled now.
fn fill_piece(filling: &mut Filling, step: usize) -> Result<bool, WalFault> {
    let left = usize::try_from(filling.bytes - filling.done).unwrap_or(usize::MAX);
    let zeros = AlignedBuf::zeroed(left.min(step));
    filling.file.write_at(&zeros, filling.done).or_fault(WalCall::Write, &filling.path)?;
    filling.file.sync().or_fault(WalCall::Sync, &filling.path)?;
    filling.done += zeros.len() as u64;
    Ok(filling.done >= filling.bytes)
}

/// A write for which there is no space. A failed sync is never harmless, whatever its reason (W-12).
fn is_disk_full(fault: &WalFault) -> bool {
    match fault {
        WalFault::Io { call: WalCall::Write | WalCall::Open, source, .. } => {
            matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
        }
        _ => false,
    }
}

fn disk_full(home: &WalHome) -> WalFault {
    WalFault::Io { call: WalCall::Open, path: home.dir.clone(), source: ErrorKind::StorageFull.into() }
}

/// Returns the name of the file in a slot.
pub(super) fn slot_name(slot: u32) -> String {
    format!("{slot:05}.wal")
}

/// Returns the slot of a file name, if it is one of the log's.
pub(super) fn slot_of(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".wal")?;
    if digits.len() >= 5 && digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}
