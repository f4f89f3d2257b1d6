//! The disk-full reserve: a file of zeros that is there to be given up (W-12).
//!
//! It is made in steps in the background, zeros really written and synced, so that its blocks are this directory's. When
//! something other than the write-ahead log finds no room, a quarter of it is given up and the job is tried again: so
//! deletes, metadata and checkpoints go on, and what they free makes the reserve whole again. Nothing depends on its
//! name or length being safe: after a power cut it is looked at, and made up. Tests:
//! `crates/log/tests/crash_directory/reserve.rs`.

use super::Directory;
use crate::fault::{FileAction, FileFault, OrFault};
use crate::layout::RESERVE_FILE;
use env::{Disk, OpenMode};
use std::io;
use std::path::Path;

/// A part of the reserve that is given up at once.
const PARTS: u64 = 4;

/// What there is of the reserve.
#[derive(Clone, Copy, Default)]
pub(super) struct Reserve {
    want: u64,
    have: u64,
}

impl Directory {
    /// Says how large the reserve is to be, and looks what there is of it; what is too much goes. *Units*: bytes.
    ///
    /// # Errors
    /// As every job.
    pub fn open_reserve(&mut self, want: u64) -> Result<(), FileFault> {
        self.job(|directory| {
            let path = directory.root.join(RESERVE_FILE);
            let have = held_bytes(&*directory.disk, &path)?;
            directory.reserve = Reserve { want, have };
            if have > want { directory.cut_reserve(want) } else { Ok(()) }
        })
    }

    /// Returns the bytes that are kept back now.
    pub fn reserve_bytes(&self) -> u64 {
        self.reserve.have
    }

    /// Returns the bytes that the reserve lacks.
    pub fn reserve_missing(&self) -> u64 {
        self.reserve.want.saturating_sub(self.reserve.have)
    }

    /// Writes up to `step` more bytes of the reserve and syncs them; says whether some are missing still.
    ///
    /// # Errors
    /// No room: the file is as it was. Else final.
    pub fn fill_reserve(&mut self, step: usize) -> Result<bool, FileFault> {
        self.job(|directory| {
            let Reserve { want, have } = directory.reserve;
            let missing = usize::try_from(want.saturating_sub(have)).unwrap_or(usize::MAX).min(step);
            if missing > 0 {
                directory.grow_reserve(have, missing)?;
            }
            Ok(directory.reserve_missing() > 0)
        })
    }

    /// Gives up a quarter of the reserve, but not what `keep` quarters need; says whether there was something to give.
    ///
    /// # Errors
    /// As every job.
    pub fn give_up_reserve(&mut self, keep: u64) -> Result<bool, FileFault> {
        self.job(|directory| {
            let Reserve { want, have } = directory.reserve;
            let quarter = want.div_ceil(PARTS);
            let rest = have.saturating_sub(quarter).max(keep.saturating_mul(quarter).min(have));
            if rest == have {
                return Ok(false);
            }
            directory.cut_reserve(rest).map(|()| true)
        })
    }

    /// Returns what is free on the directory's disk; what cannot be asked is not taken for full. *Units*: bytes.
    pub fn free_bytes(&self) -> u64 {
        self.disk.free_bytes(&self.root).unwrap_or(u64::MAX)
    }

    fn grow_reserve(&mut self, have: u64, more: usize) -> Result<(), FileFault> {
        let path = self.root.join(RESERVE_FILE);
        let file = self.disk.open(&path, OpenMode::Create).or_fault(&path, FileAction::Open)?;
        if let Err(source) = file.write_at(&vec![0; more], have) {
            file.set_size(have).or_fault(&path, FileAction::Write)?;
            return Err(FileFault::new(&path, FileAction::Write, source));
        }
        file.sync().or_fault(&path, FileAction::Sync)?;
        self.reserve.have = have + more as u64;
        Ok(())
    }

    fn cut_reserve(&mut self, rest: u64) -> Result<(), FileFault> {
        let path = self.root.join(RESERVE_FILE);
        if rest == 0 {
            remove(&*self.disk, &path)?;
        } else {
            let file = self.disk.open(&path, OpenMode::Write).or_fault(&path, FileAction::Open)?;
            file.set_size(rest).or_fault(&path, FileAction::Write)?;
        }
        self.reserve.have = rest;
        Ok(())
    }
}

/// Gives up the whole reserve of a directory that is not open, so that it can be opened on a full disk; says whether
/// there was one.
pub(super) fn give_up_all(disk: &dyn Disk, root: &Path) -> Result<bool, FileFault> {
    let path = root.join(RESERVE_FILE);
    let have = held_bytes(disk, &path)?;
    if have > 0 {
        remove(disk, &path)?;
    }
    Ok(have > 0)
}

fn held_bytes(disk: &dyn Disk, path: &Path) -> Result<u64, FileFault> {
    match disk.open(path, OpenMode::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        file => file.or_fault(path, FileAction::Open)?.size().or_fault(path, FileAction::Read),
    }
}

fn remove(disk: &dyn Disk, path: &Path) -> Result<(), FileFault> {
    match disk.remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome.or_fault(path, FileAction::Rename),
    }
}
