//! Building the indexes of a segment from its batches.

use super::{OffsetEntry, TimeEntry, relative};
use env::DiskFile;
use std::io;
use types::{Offset, WallTime};
use wire::record::{BatchHeader, HEADER_BYTES};

/// Bytes between two entries of an index that is built for reading.
const SPACING: u64 = 4096;
/// Bytes read at once while walking heads.
const WINDOW: usize = 64 << 10;

/// Indexes of one segment, in memory.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SparseIndex {
    /// Entries of the offset index.
    pub offsets: Vec<OffsetEntry>,
    /// Entries of the time index.
    pub times: Vec<TimeEntry>,
}

impl SparseIndex {
    /// Returns where to begin looking for an offset, as a position in the segment.
    pub fn position_of(&self, wanted: u32) -> u64 {
        let after = self.offsets.partition_point(|entry| entry.relative <= wanted);
        after.checked_sub(1).map_or(0, |at| u64::from(self.offsets[at].position))
    }

    /// Returns the last time entry at or below a time.
    pub fn time_below(&self, target: WallTime) -> Option<TimeEntry> {
        let after = self.times.partition_point(|entry| entry.timestamp <= target);
        after.checked_sub(1).map(|at| self.times[at])
    }
}

/// Walks the heads of the batches in the first `end` bytes of a segment, from a position on, until `each` says stop.
///
/// Ends early where no head can be read; returns where it stopped.
///
/// # Errors
/// Those of the file.
pub(crate) fn walk_heads(
    file: &dyn DiskFile,
    from: u64,
    end: u64,
    mut each: impl FnMut(u64, &BatchHeader) -> bool,
) -> io::Result<u64> {
    let mut window = vec![0; WINDOW];
    let (mut start, mut filled) = (from, 0);
    let mut at = from;
    while at < end {
        if at < start || at + HEADER_BYTES as u64 > start + filled as u64 {
            start = at;
            let want = usize::try_from(end - at).unwrap_or(WINDOW).min(WINDOW);
            filled = file.read_at(&mut window[..want], at)?;
        }
        let offset = usize::try_from(at - start).unwrap_or(usize::MAX);
        let Some(head) = window[..filled].get(offset..) else { break };
        let Ok(header) = BatchHeader::parse(head) else { break };
        let next = at + header.size() as u64;
        if next > end || !each(at, &header) {
            break;
        }
        at = next;
    }
    Ok(at)
}

/// Builds indexes as an append would have: an offset entry when more than 4 KiB lie behind the last one, and with it
/// a time entry if the largest timestamp has grown.
///
/// # Errors
/// Those of the file.
pub fn build(file: &dyn DiskFile, base: Offset, end: u64) -> io::Result<SparseIndex> {
    let mut index = SparseIndex::default();
    let mut indexed = 0;
    let mut newest: Option<TimeEntry> = None;
    let mut heads = Heads::new(base);
    walk_heads(file, 0, end, |at, header| {
        let Some((offset, time)) = heads.next(at, header) else { return false };
        newest = time.or(newest);
        if at - indexed > SPACING {
            index.offsets.push(offset);
            index.times.extend(newest.take());
            indexed = at;
        }
        true
    })?;
    Ok(index)
}

/// Builds indexes with a given number of entries, spread evenly over the first `end` bytes.
///
/// A segment that still `grows` may yet get its largest timestamp as an entry, so that one is left out if there are others.
///
/// # Errors
/// Those of the file.
pub fn rebuild(
    file: &dyn DiskFile,
    base: Offset,
    end: u64,
    entries: (u32, u32),
    grows: bool,
) -> io::Result<SparseIndex> {
    let (offsets, times) = (u64::from(entries.0), u64::from(entries.1));
    let (batches, mut maxima) = count(file, base, end)?;
    maxima -= u64::from(grows && maxima > times);
    let mut index = SparseIndex::default();
    let (mut batch, mut maximum) = (0u64, 0u64);
    let mut heads = Heads::new(base);
    walk_heads(file, 0, end, |at, header| {
        let Some((offset, time)) = heads.next(at, header) else { return false };
        index.offsets.extend(Some(offset).filter(|_| is_picked(batch, batches, offsets)));
        batch += 1;
        index.times.extend(time.filter(|_| is_picked(maximum, maxima, times)));
        maximum += u64::from(time.is_some());
        true
    })?;
    Ok(index)
}

/// Counts the batches, and those that raise the largest timestamp.
fn count(file: &dyn DiskFile, base: Offset, end: u64) -> io::Result<(u64, u64)> {
    let (mut batches, mut maxima) = (0, 0);
    let mut heads = Heads::new(base);
    walk_heads(file, 0, end, |at, header| {
        let found = heads.next(at, header);
        batches += 1;
        maxima += u64::from(found.is_some_and(|(_, time)| time.is_some()));
        found.is_some()
    })?;
    Ok((batches, maxima))
}

/// Entries that are compared with their batches before an index is extended.
const SAMPLES: usize = 32;

/// Says whether indexes that are in order are those of a segment: a sample of the offset entries, the last one
/// included, and the last time entry are compared with the batches they point at.
///
/// # Errors
/// Those of the file.
pub fn fits(file: &dyn DiskFile, base: Offset, end: u64, held: &SparseIndex) -> io::Result<bool> {
    let step = held.offsets.len().div_ceil(SAMPLES).max(1);
    for entry in held.offsets.iter().rev().step_by(step) {
        if head_at(file, u64::from(entry.position), end)?.map(|head| head.last_offset())
            != Some(base.plus(i64::from(entry.relative)))
        {
            return Ok(false);
        }
    }
    match held.times.last() {
        Some(entry) => time_fits(file, base, end, held.position_of(entry.relative), entry),
        None => Ok(true),
    }
}

/// Says whether a time entry names the last offset and the largest timestamp of a batch at or behind `from`.
pub(crate) fn time_fits(
    file: &dyn DiskFile,
    base: Offset,
    end: u64,
    from: u64,
    entry: &TimeEntry,
) -> io::Result<bool> {
    let wanted = base.plus(i64::from(entry.relative));
    let mut fits = false;
    walk_heads(file, from, end, |_, head| {
        fits = head.last_offset() == wanted && head.max_timestamp == entry.timestamp;
        head.last_offset() < wanted
    })?;
    Ok(fits)
}

/// Reads the head of a batch.
pub(crate) fn head_at(file: &dyn DiskFile, at: u64, end: u64) -> io::Result<Option<BatchHeader>> {
    let mut bytes = [0; HEADER_BYTES];
    let got = file.read_at(&mut bytes, at)?;
    let head = BatchHeader::parse(&bytes[..got]).ok();
    Ok(head.filter(|head| at + head.size() as u64 <= end))
}

/// Says whether item `at` of `all` is one of `wanted` spread evenly, the last of them being the last item.
fn is_picked(at: u64, all: u64, wanted: u64) -> bool {
    let wanted = wanted.min(all);
    at < all && (at + 1) * wanted / all.max(1) > at * wanted / all.max(1)
}

/// Turns heads into entries.
struct Heads {
    base: Offset,
    max: Option<WallTime>,
}

impl Heads {
    fn new(base: Offset) -> Heads {
        Heads { base, max: None }
    }

    fn next(&mut self, at: u64, header: &BatchHeader) -> Option<(OffsetEntry, Option<TimeEntry>)> {
        let relative = relative(self.base, header.last_offset())?;
        let position = u32::try_from(at).ok()?;
        let time = header.max_timestamp;
        let rises = time.0 >= 0 && self.max.is_none_or(|max| max < time);
        self.max = if rises { Some(time) } else { self.max };
        let entry = rises.then_some(TimeEntry { timestamp: time, relative });
        Some((OffsetEntry { relative, position }, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::is_picked;

    /// Protects: a rebuilt index has exactly the number of entries that the state knows of, the last item included.
    #[test]
    fn picks_are_exact_and_end_with_the_last() {
        for all in 1..40 {
            for wanted in 1..=all {
                let picked: Vec<u64> = (0..all).filter(|at| is_picked(*at, all, wanted)).collect();
                assert_eq!((picked.len() as u64, picked.last()), (wanted, Some(&(all - 1))));
            }
        }
        assert!(!is_picked(0, 0, 3) && !is_picked(5, 5, 5) && !is_picked(0, 5, 0));
    }
}
