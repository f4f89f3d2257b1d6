//! Writing segment files: bytes at exact positions, one file after the other, in pieces of about 1 MiB.
//!
//! Every write says where it begins. A file that is longer there was left by a job that the state never named; it is
//! cut first. A shorter one has lost synced bytes, which is damage. Batches are synced before this returns; the
//! indexes only at a roll, since they are hints that are checked before use (index.rs) and checked once more, whole,
//! before a process extends them for the first time. With no room left a file is cut back to where the write
//! began. Source: design W-5, W-6, W-8, W-12. Tests: `crates/log/tests/crash_directory.rs`.

mod cut;

pub(crate) use cut::{cut_segment, rewrite_indexes};

use crate::fault::{FileAction, FileFault, OrFault};
use crate::index::{self, IndexEntry, OffsetEntry, SparseIndex, TimeEntry};
use crate::layout::{SegmentFile, segment_name, swap_name};
use crate::producers::AbortedTxn;
use crate::segments::{SegmentMeta, SegmentWrite};
use crate::txn_index;
use env::{Disk, DiskFile, OpenMode};
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::Offset;
use wire::record::Batch;

/// Most bytes that one call writes.
pub(crate) const CHUNK: usize = 1 << 20;

/// What a checkpoint or a compaction has on its way to the device at most: groups of the write-ahead log wait behind it. With less, a
/// slow device has too many syncs to do. *Units*: bytes.
pub(crate) const UNSYNCED_MAX: u64 = 4 << 20;

/// Writes bytes in pieces.
pub(crate) fn write_chunks(file: &dyn DiskFile, bytes: &[u8], at: u64) -> io::Result<()> {
    let mut at = at;
    for piece in bytes.chunks(CHUNK) {
        file.write_at(piece, at)?;
        at += piece.len() as u64;
    }
    Ok(())
}

/// One segment's files in its folder.
#[derive(Clone, Copy)]
pub(crate) struct SegmentPlace<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) folder: &'a Path,
    pub(crate) base: Offset,
}

impl SegmentPlace<'_> {
    pub(crate) fn path(&self, file: SegmentFile) -> PathBuf {
        self.folder.join(segment_name(self.base, file))
    }

    /// Opens the batches' file for writing at `at`. One that is to be new is made anew even if there is one: its name
    /// may be in the page cache alone.
    pub(crate) fn open_log(&self, at: u64) -> Result<(Arc<dyn DiskFile>, bool), FileFault> {
        let path = self.path(SegmentFile::Log);
        if at == 0 {
            match self.disk.remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                outcome => outcome.or_fault(&path, FileAction::Rename)?,
            }
        }
        self.open_at(SegmentFile::Log, at)
    }

    /// Opens a file for writing at `at`; makes it if there is none, cuts what lies beyond.
    pub(crate) fn open_at(&self, file: SegmentFile, at: u64) -> Result<(Arc<dyn DiskFile>, bool), FileFault> {
        let path = self.path(file);
        let (open, made) = match self.disk.open(&path, OpenMode::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (self.disk.open(&path, OpenMode::CreateNew).or_fault(&path, FileAction::Open)?, true)
            }
            found => (found.or_fault(&path, FileAction::Open)?, false),
        };
        let have = open.size().or_fault(&path, FileAction::Read)?;
        if have > at {
            open.set_size(at).or_fault(&path, FileAction::Write)?;
        }
        match have < at {
            true => Err(FileFault::Short { path, have, want: at }),
            false => Ok((open, made)),
        }
    }
}

/// Returns where a file of a segment is: one that compaction has made may not have its name yet.
pub(crate) fn live_path(
    disk: &dyn Disk,
    folder: &Path,
    segment: &SegmentMeta,
    file: SegmentFile,
) -> Result<PathBuf, FileFault> {
    let aside = folder.join(swap_name(segment.base, file));
    match segment.swap && disk.exists(&aside).or_fault(&aside, FileAction::Open)? {
        true => Ok(aside),
        false => Ok(folder.join(segment_name(segment.base, file))),
    }
}

/// Writes what a checkpoint adds to one segment and syncs its batches; says whether a file was made.
///
/// `check_indexes` is true the first time that a process extends this segment.
pub(crate) fn write_segment(
    place: SegmentPlace<'_>,
    write: &SegmentWrite,
    check_indexes: bool,
) -> Result<bool, FileFault> {
    let path = place.path(SegmentFile::Log);
    let (log, made) = place.open_log(write.at)?;
    write_in_steps(&*log, &path, write)?;
    extend_indexes(place, &*log, write, check_indexes)?;
    log.sync().or_fault(&path, FileAction::Sync)?;
    Ok(made)
}

/// Writes the new entries of both indexes, which are checked before and built anew where they are not those of the
/// batches, if asked.
pub(crate) fn extend_indexes(
    place: SegmentPlace<'_>,
    log: &dyn DiskFile,
    write: &SegmentWrite,
    check: bool,
) -> Result<(), FileFault> {
    let lost = if check && write.at > 0 { lost_indexes(place, log, write)? } else { None };
    write_index(place, SegmentFile::OffsetIndex, write, lost.as_ref())?;
    write_index(place, SegmentFile::TimeIndex, write, lost.as_ref())?;
    write_txn_index(place, &write.aborted)
}

/// Writes and syncs the transaction index of a segment that is complete, if it has one.
pub(crate) fn write_txn_index(place: SegmentPlace<'_>, aborted: &[AbortedTxn]) -> Result<(), FileFault> {
    match aborted.is_empty() {
        true => Ok(()),
        false => put_txn_index(place.disk, &place.path(SegmentFile::TxnIndex), aborted),
    }
}

/// Writes a transaction index as a file, whatever was there, and syncs it.
pub(crate) fn put_txn_index(disk: &dyn Disk, path: &Path, aborted: &[AbortedTxn]) -> Result<(), FileFault> {
    let open = disk.open(path, OpenMode::Create).or_fault(path, FileAction::Open)?;
    open.set_size(0).or_fault(path, FileAction::Write)?;
    write_chunks(&*open, &txn_index::encode(aborted), 0).or_fault(path, FileAction::Write)?;
    open.sync().or_fault(path, FileAction::Sync)
}

/// Writes the batches of a checkpoint, and syncs on the way; the last sync is the caller's.
fn write_in_steps(file: &dyn DiskFile, path: &Path, write: &SegmentWrite) -> Result<(), FileFault> {
    let (mut at, mut unsynced) = (write.at, 0);
    for piece in Pieces(&write.batches) {
        if unsynced + bytes_of(piece) > UNSYNCED_MAX {
            file.sync().or_fault(path, FileAction::Sync)?;
            unsynced = 0;
        }
        if let Err(source) = write_piece(file, piece, at) {
            file.set_size(write.at).or_fault(path, FileAction::Write)?;
            return Err(FileFault::new(path, FileAction::Write, source));
        }
        at += bytes_of(piece);
        unsynced += bytes_of(piece);
    }
    Ok(())
}

/// Writes batches.
pub(crate) fn write_batches(file: &dyn DiskFile, write: &SegmentWrite) -> io::Result<()> {
    let mut at = write.at;
    for piece in Pieces(&write.batches) {
        write_piece(file, piece, at)?;
        at += bytes_of(piece);
    }
    Ok(())
}

/// Writes batches where they lie in memory, without gathering them first.
pub(crate) fn write_piece(file: &dyn DiskFile, batches: &[Batch], at: u64) -> io::Result<()> {
    let prefixes: Vec<[u8; 16]> = batches.iter().map(Batch::prefix).collect();
    let parts: Vec<IoSlice<'_>> = batches
        .iter()
        .zip(&prefixes)
        .flat_map(|(batch, prefix)| [IoSlice::new(prefix), IoSlice::new(batch.body())])
        .collect();
    file.write_parts_at(&parts, at)
}

pub(crate) fn bytes_of(batches: &[Batch]) -> u64 {
    batches.iter().map(|batch| batch.size() as u64).sum()
}

/// Batches in pieces of one write each: at least one batch, then as many as fit.
struct Pieces<'a>(&'a [Batch]);

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [Batch];

    fn next(&mut self) -> Option<&'a [Batch]> {
        let mut bytes = 0;
        let fit = self.0.iter().take_while(|batch| {
            bytes += batch.size();
            bytes <= CHUNK
        });
        let (piece, rest) = self.0.split_at_checked(fit.count().max(1))?;
        self.0 = rest;
        Some(piece)
    }
}

#[cfg(test)]
mod tests;

/// Returns new indexes up to the write if the ones on disk are not those of these batches.
fn lost_indexes(
    place: SegmentPlace<'_>,
    log: &dyn DiskFile,
    write: &SegmentWrite,
) -> Result<Option<SparseIndex>, FileFault> {
    let path = place.path(SegmentFile::Log);
    let held = SparseIndex {
        offsets: held_entries(place, SegmentFile::OffsetIndex, write.index_at)?.unwrap_or_default(),
        times: held_entries(place, SegmentFile::TimeIndex, write.times_at)?.unwrap_or_default(),
    };
    let counts = (held.offsets.len() as u64, held.times.len() as u64);
    let whole = counts == (u64::from(write.index_at), u64::from(write.times_at));
    if whole && index::fits(log, write.base, write.at, &held).or_fault(&path, FileAction::Read)? {
        return Ok(None);
    }
    let entries = (write.index_at, write.times_at);
    index::rebuild(log, write.base, write.at, entries, true).map(Some).or_fault(&path, FileAction::Read)
}

/// Reads the entries that a file should have; nothing if it has not.
fn held_entries<E: IndexEntry>(
    place: SegmentPlace<'_>,
    file: SegmentFile,
    entries: u32,
) -> Result<Option<Vec<E>>, FileFault> {
    let path = place.path(file);
    match place.disk.open(&path, OpenMode::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        open => {
            let open = open.or_fault(&path, FileAction::Open)?;
            index::read_ordered(&*open, entries).or_fault(&path, FileAction::Read)
        }
    }
}

/// Writes the new entries of one index where they belong, behind the rebuilt ones if it was lost.
fn write_index(
    place: SegmentPlace<'_>,
    file: SegmentFile,
    write: &SegmentWrite,
    lost: Option<&SparseIndex>,
) -> Result<(), FileFault> {
    let (mut old, new, entries, size) = match file {
        SegmentFile::TimeIndex => {
            let old = lost.map(|lost| index::encode_entries(&lost.times));
            (old, index::encode_entries(&time_entries(write)), write.times_at, TimeEntry::BYTES)
        }
        _ => {
            let old = lost.map(|lost| index::encode_entries(&lost.offsets));
            (old, index::encode_entries(&offset_entries(write)), write.index_at, OffsetEntry::BYTES)
        }
    };
    let path = place.path(file);
    let end = u64::from(entries) * u64::from(size);
    let (from, bytes) = match &mut old {
        Some(old) => {
            old.resize(usize::try_from(end).unwrap_or(old.len()), 0);
            old.extend_from_slice(&new);
            (0, &*old)
        }
        None => (end, &new),
    };
    let (open, _) = place.open_at(file, from)?;
    if let Err(source) = write_chunks(&*open, bytes, from) {
        open.set_size(from).or_fault(&path, FileAction::Write)?;
        return Err(FileFault::new(&path, FileAction::Write, source));
    }
    match write.roll {
        true => open.sync().or_fault(&path, FileAction::Sync),
        false => Ok(()),
    }
}

pub(crate) fn offset_entries(write: &SegmentWrite) -> Vec<OffsetEntry> {
    write
        .index
        .iter()
        .map(|(relative, position)| OffsetEntry { relative: *relative, position: *position })
        .collect()
}

pub(crate) fn time_entries(write: &SegmentWrite) -> Vec<TimeEntry> {
    let entry =
        |(time, relative): &(i64, u32)| TimeEntry { timestamp: types::WallTime(*time), relative: *relative };
    write.times.iter().map(entry).collect()
}
