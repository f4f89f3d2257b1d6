//! Cutting a segment after a truncation, and writing its indexes anew.

use super::{SegmentPlace, write_chunks};
use crate::fault::{FileAction, FileFault, OrFault};
use crate::index::{self, IndexEntry, SparseIndex};
use crate::layout::SegmentFile;
use crate::segments::{NO_TIMESTAMP, SegmentMeta};
use env::OpenMode;
use std::io;
use types::{Offset, WallTime};

/// Cuts the batches at and beyond `to` off a segment, builds its indexes anew and syncs all of it.
pub(crate) fn cut_segment(
    place: SegmentPlace<'_>,
    to: Offset,
    now: WallTime,
) -> Result<SegmentMeta, FileFault> {
    let path = place.path(SegmentFile::Log);
    let log = place.disk.open(&path, OpenMode::Write).or_fault(&path, FileAction::Open)?;
    let size = log.size().or_fault(&path, FileAction::Read)?;
    let mut meta = SegmentMeta { last_appended: now, ..SegmentMeta::empty(place.base) };
    let walked = index::walk_heads(&*log, 0, size, |_, head| {
        if head.base_offset != meta.next || head.next_offset() > to {
            return false;
        }
        if meta.bytes == 0 {
            meta.first_timestamp = head.max_timestamp;
        }
        if head.max_timestamp > meta.max_timestamp {
            meta.max_timestamp = head.max_timestamp;
            meta.max_timestamp_offset = head.last_offset();
        }
        meta.next = head.next_offset();
        meta.bytes += head.size() as u64;
        true
    });
    walked.or_fault(&path, FileAction::Read)?;
    if meta.next != to {
        return Err(FileFault::Damaged { path, position: meta.bytes });
    }
    log.set_size(meta.bytes).or_fault(&path, FileAction::Write)?;
    let mut index = index::build(&*log, place.base, meta.bytes).or_fault(&path, FileAction::Read)?;
    match write_indexes(place, &index, true) {
        Err(fault) if fault.is_full() => {
            // A full disk must not keep a truncation from ending; without entries reads begin at the start.
            index = SparseIndex::default();
            empty_indexes(place)?;
        }
        outcome => outcome?,
    }
    remove_txn_index(place)?;
    log.sync().or_fault(&path, FileAction::Sync)?;
    Ok(with_index(meta, &index))
}

/// Removes the transaction index: the segment is not complete any more. Need not be safe: nothing names it.
fn remove_txn_index(place: SegmentPlace<'_>) -> Result<(), FileFault> {
    let path = place.path(SegmentFile::TxnIndex);
    match place.disk.remove_file(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome.or_fault(&path, FileAction::Rename),
    }
}

/// Cuts the index files to nothing; missing ones stay missing.
fn empty_indexes(place: SegmentPlace<'_>) -> Result<(), FileFault> {
    for file in [SegmentFile::OffsetIndex, SegmentFile::TimeIndex] {
        let path = place.path(file);
        if place.disk.exists(&path).or_fault(&path, FileAction::Open)? {
            let open = place.disk.open(&path, OpenMode::Write).or_fault(&path, FileAction::Open)?;
            open.set_size(0).or_fault(&path, FileAction::Write)?;
            open.sync().or_fault(&path, FileAction::Sync)?;
        }
    }
    Ok(())
}

fn with_index(mut meta: SegmentMeta, index: &SparseIndex) -> SegmentMeta {
    let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    meta.index_entries = count(index.offsets.len());
    meta.time_entries = count(index.times.len());
    meta.last_time_entry = index.times.last().map_or(NO_TIMESTAMP, |entry| entry.timestamp);
    meta.unindexed_bytes = meta.bytes - index.offsets.last().map_or(0, |entry| u64::from(entry.position));
    meta
}

/// Writes the indexes of a segment anew, with as many entries as the state knows of.
pub(crate) fn rewrite_indexes(place: SegmentPlace<'_>, segment: &SegmentMeta) -> Result<(), FileFault> {
    let path = place.path(SegmentFile::Log);
    let log = place.disk.open(&path, OpenMode::Read).or_fault(&path, FileAction::Open)?;
    let entries = (segment.index_entries, segment.time_entries);
    let index = index::rebuild(&*log, segment.base, segment.bytes, entries, !segment.sealed);
    write_indexes(place, &index.or_fault(&path, FileAction::Read)?, false)
}

fn write_indexes(place: SegmentPlace<'_>, index: &SparseIndex, sync: bool) -> Result<(), FileFault> {
    write_entries(place, SegmentFile::OffsetIndex, &index.offsets, sync)?;
    write_entries(place, SegmentFile::TimeIndex, &index.times, sync)
}

fn write_entries<E: IndexEntry>(
    place: SegmentPlace<'_>,
    file: SegmentFile,
    entries: &[E],
    sync: bool,
) -> Result<(), FileFault> {
    let path = place.path(file);
    let (open, _) = place.open_at(file, 0)?;
    write_chunks(&*open, &index::encode_entries(entries), 0).or_fault(&path, FileAction::Write)?;
    match sync {
        true => open.sync().or_fault(&path, FileAction::Sync),
        false => Ok(()),
    }
}
