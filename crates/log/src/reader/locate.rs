//! Where in a segment a search begins: by a read that ended there, by the index, or at the start.

use super::ReadFault;
use super::cache::OpenSegment;
use crate::index::{self, IndexEntry, OffsetEntry, TimeEntry};
use crate::layout::SegmentFile;
use crate::segments::SegmentMeta;
use std::io;
use types::{Offset, WallTime};

/// Names the file of a failed read.
pub(super) fn or_io<T>(open: &OpenSegment, outcome: io::Result<T>) -> Result<T, ReadFault> {
    outcome.map_err(|source| ReadFault::Io { path: open.path(), source })
}

/// Returns the position of a batch that begins at or before `wanted`.
pub(super) fn offset_start(
    open: &OpenSegment,
    segment: &SegmentMeta,
    wanted: Offset,
) -> Result<u64, ReadFault> {
    let Some(relative) = index::relative(segment.base, wanted) else { return Ok(0) };
    if let Some(position) = fitting_end(open, segment, wanted)? {
        return Ok(position);
    }
    if segment.index_entries == 0 {
        return Ok(0);
    }
    if let Some(built) = open.built() {
        return Ok(built.position_of(relative));
    }
    match indexed_offset(open, segment, relative) {
        Ok(Some(position)) => Ok(position),
        Err(ReadFault::Open { path, source }) => Err(ReadFault::Open { path, source }),
        _ => Ok(or_io(open, open.build(segment.bytes))?.position_of(relative)),
    }
}

/// Returns where the last read ended, if the batch there begins with the wanted offset.
fn fitting_end(open: &OpenSegment, segment: &SegmentMeta, wanted: Offset) -> Result<Option<u64>, ReadFault> {
    let Some(position) = open.end_at(wanted) else { return Ok(None) };
    let head = or_io(open, index::head_at(&*open.log, position, segment.bytes))?;
    Ok(head.filter(|head| head.base_offset == wanted).map(|_| position))
}

/// Looks an offset up in the index on disk; nothing if that index is unfit.
fn indexed_offset(
    open: &OpenSegment,
    segment: &SegmentMeta,
    relative: u32,
) -> Result<Option<u64>, ReadFault> {
    let Some(file) = open.index(SegmentFile::OffsetIndex)? else { return Ok(None) };
    if or_io(open, index::entries_of::<OffsetEntry>(file, segment.index_entries))? < segment.index_entries {
        return Ok(None);
    }
    let held = |entry: &OffsetEntry| entry.relative <= relative;
    let found = or_io(open, index::find_last(file, segment.index_entries, held))?;
    let Some(entry) = found else { return Ok(Some(0)) };
    let position = u64::from(entry.position);
    let head = or_io(open, index::head_at(&*open.log, position, segment.bytes))?;
    let fits =
        head.is_some_and(|head| index::relative(segment.base, head.last_offset()) == Some(entry.relative));
    Ok(fits.then_some(position))
}

/// Returns the position of a batch before which no batch has the timestamp `target` or a later one.
pub(super) fn time_start(
    open: &OpenSegment,
    segment: &SegmentMeta,
    target: WallTime,
) -> Result<u64, ReadFault> {
    if segment.time_entries == 0 {
        return Ok(0);
    }
    let entry = match open.built() {
        Some(built) => built.time_below(target),
        None => match indexed_time(open, segment, target) {
            Ok(Some(found)) => found,
            Err(ReadFault::Open { path, source }) => return Err(ReadFault::Open { path, source }),
            _ => or_io(open, open.build(segment.bytes))?.time_below(target),
        },
    };
    match entry {
        Some(entry) => offset_start(open, segment, segment.base.plus(i64::from(entry.relative))),
        None => Ok(0),
    }
}

/// Looks a time up in the index on disk; nothing if that index is unfit.
fn indexed_time(
    open: &OpenSegment,
    segment: &SegmentMeta,
    target: WallTime,
) -> Result<Option<Option<TimeEntry>>, ReadFault> {
    let Some(file) = open.index(SegmentFile::TimeIndex)? else { return Ok(None) };
    if or_io(open, index::entries_of::<TimeEntry>(file, segment.time_entries))? < segment.time_entries {
        return Ok(None);
    }
    let below = |entry: &TimeEntry| entry.timestamp <= target;
    let found = or_io(open, index::find_last(file, segment.time_entries, below))?;
    let entry = found.map_or_else(|| index::read_entry(file, 0), |found| Ok(Some(found)));
    let Some(entry) = or_io(open, entry)? else { return Ok(None) };
    let Some(from) = indexed_offset(open, segment, entry.relative)? else { return Ok(None) };
    let fits = or_io(open, index::time_fits(&*open.log, segment.base, segment.bytes, from, &entry))?;
    let fits = fits && (found.is_some() || entry.timestamp > target);
    Ok(fits.then_some(found))
}

const _: () = assert!(OffsetEntry::BYTES == 8 && TimeEntry::BYTES == 12);
