//! The two indexes of a segment: offset to position, and time to offset.
//!
//! An entry of `.index` is (last offset of a batch less the segment's base, position where that batch starts), one of
//! `.timeindex` (largest timestamp so far, last offset of the batch that has it, less the base). They are hints: what
//! a lookup finds counts only if the batch there fits it, else the indexes are built anew from the batches, in
//! memory for a reader, on disk by the directory before it extends them. A rebuilt file has as many entries as the state knows
//! of, spread evenly, so that what follows is written where the state says. Source: `OffsetIndex`, `TimeIndex` of
//! Kafka 4.3.1; design W-8, W-18. Tests: below, `crates/log/tests/crash_directory/indexes.rs`.

mod build;

pub use build::{SparseIndex, build, fits, rebuild};
pub(crate) use build::{head_at, time_fits, walk_heads};

use crate::layout::{OFFSET_ENTRY_BYTES, TIME_ENTRY_BYTES};
use env::DiskFile;
use std::io;
use types::{Offset, WallTime};

/// One entry of the offset index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OffsetEntry {
    /// Last offset of the batch, less the segment's base.
    pub relative: u32,
    /// Where the batch starts. *Units*: bytes.
    pub position: u32,
}

/// One entry of the time index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeEntry {
    /// Largest timestamp of the segment up to the batch.
    pub timestamp: WallTime,
    /// Last offset of the batch that has it, less the segment's base.
    pub relative: u32,
}

/// A fixed-size entry of an index file.
pub trait IndexEntry: Sized + Copy {
    /// Bytes of an entry.
    const BYTES: u32;
    /// Appends the entry.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads the entry; `bytes` has [`IndexEntry::BYTES`].
    fn decode(bytes: &[u8]) -> Self;
    /// Says whether an entry may stand after this one.
    fn precedes(&self, next: &Self) -> bool;
}

impl IndexEntry for OffsetEntry {
    const BYTES: u32 = OFFSET_ENTRY_BYTES;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.relative.to_be_bytes());
        out.extend_from_slice(&self.position.to_be_bytes());
    }

    fn decode(bytes: &[u8]) -> OffsetEntry {
        OffsetEntry { relative: be_u32(bytes, 0), position: be_u32(bytes, 4) }
    }

    fn precedes(&self, next: &OffsetEntry) -> bool {
        self.relative < next.relative && self.position < next.position
    }
}

impl IndexEntry for TimeEntry {
    const BYTES: u32 = TIME_ENTRY_BYTES;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.timestamp.0.to_be_bytes());
        out.extend_from_slice(&self.relative.to_be_bytes());
    }

    fn decode(bytes: &[u8]) -> TimeEntry {
        let time = (u64::from(be_u32(bytes, 0)) << 32 | u64::from(be_u32(bytes, 4))).cast_signed();
        TimeEntry { timestamp: WallTime(time), relative: be_u32(bytes, 8) }
    }

    fn precedes(&self, next: &TimeEntry) -> bool {
        self.timestamp < next.timestamp && self.relative < next.relative
    }
}

fn be_u32(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    if let Some(part) = bytes.get(at..at + 4) {
        word.copy_from_slice(part);
    }
    u32::from_be_bytes(word)
}

/// Returns the last entry for which `holds` is true, in a file whose first `entries` are ordered by it.
///
/// # Errors
/// Those of the file.
pub fn find_last<E: IndexEntry>(
    file: &dyn DiskFile,
    entries: u32,
    holds: impl Fn(&E) -> bool,
) -> io::Result<Option<E>> {
    let (mut low, mut high) = (0, entries);
    let mut found = None;
    while low < high {
        let middle = low + (high - low) / 2;
        match read_entry::<E>(file, middle)? {
            Some(entry) if holds(&entry) => {
                found = Some(entry);
                low = middle + 1;
            }
            _ => high = middle,
        }
    }
    Ok(found)
}

/// Returns how many whole entries a file has, at most `limit`.
///
/// # Errors
/// Those of the file.
pub fn entries_of<E: IndexEntry>(file: &dyn DiskFile, limit: u32) -> io::Result<u32> {
    let whole = file.size()? / u64::from(E::BYTES);
    Ok(u32::try_from(whole).unwrap_or(u32::MAX).min(limit))
}

/// Reads one entry; nothing if the file ends before it.
pub(crate) fn read_entry<E: IndexEntry>(file: &dyn DiskFile, at: u32) -> io::Result<Option<E>> {
    let mut bytes = [0; TIME_ENTRY_BYTES as usize];
    let bytes = &mut bytes[..E::BYTES as usize];
    let got = file.read_at(bytes, u64::from(at) * u64::from(E::BYTES))?;
    Ok((got == bytes.len()).then(|| E::decode(bytes)))
}

/// Reads the first `entries` of an index, or nothing if they are not all there or not in order.
///
/// # Errors
/// Those of the file.
pub fn read_ordered<E: IndexEntry>(file: &dyn DiskFile, entries: u32) -> io::Result<Option<Vec<E>>> {
    let len = u64::from(entries) * u64::from(E::BYTES);
    let Ok(len) = usize::try_from(len) else { return Ok(None) };
    if file.size()? < len as u64 {
        return Ok(None);
    }
    let mut bytes = vec![0; len];
    if file.read_at(&mut bytes, 0)? < len {
        return Ok(None);
    }
    let all: Vec<E> = bytes.chunks_exact(E::BYTES as usize).map(E::decode).collect();
    let ordered = all.windows(2).all(|pair| pair[0].precedes(&pair[1]));
    Ok(ordered.then_some(all))
}

/// Returns the bytes of entries.
pub fn encode_entries<E: IndexEntry>(entries: &[E]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * E::BYTES as usize);
    entries.iter().for_each(|entry| entry.encode(&mut out));
    out
}

/// Returns an offset less the segment's base, as the indexes hold it.
pub fn relative(base: Offset, offset: Offset) -> Option<u32> {
    u32::try_from(offset.since(base)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Memory(Vec<u8>);

    impl DiskFile for Memory {
        fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
            let rest = self.0.get(usize::try_from(at).unwrap()..).unwrap_or_default();
            let got = rest.len().min(buffer.len());
            buffer[..got].copy_from_slice(&rest[..got]);
            Ok(got)
        }
        fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
        fn sync(&self) -> io::Result<()> {
            Ok(())
        }
        fn size(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }
        fn set_size(&self, _: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    fn entry(n: u32) -> OffsetEntry {
        OffsetEntry { relative: n * 10, position: n * 100 }
    }

    /// Protects: the search finds the last entry at or below an offset, for every offset.
    #[test]
    fn search_finds_the_last_entry_below() {
        let file = Memory(encode_entries(&(0..7).map(entry).collect::<Vec<_>>()));
        for wanted in 0..80 {
            let found = find_last::<OffsetEntry>(&file, 7, |e| e.relative <= wanted).unwrap();
            assert_eq!(found, Some(entry((wanted / 10).min(6))));
        }
        assert_eq!(find_last::<OffsetEntry>(&file, 0, |_| true).unwrap(), None);
        assert_eq!(entries_of::<OffsetEntry>(&file, 9).unwrap(), 7);
    }

    /// Protects: entries that are missing, zero or out of order are noticed before an index is extended.
    #[test]
    fn broken_order_is_noticed() {
        let whole = encode_entries(&(0..7).map(entry).collect::<Vec<_>>());
        assert_eq!(read_ordered::<OffsetEntry>(&Memory(whole.clone()), 7).unwrap().unwrap().len(), 7);
        assert!(read_ordered::<OffsetEntry>(&Memory(whole[..50].to_vec()), 7).unwrap().is_none());
        let mut zeroed = whole;
        zeroed[24..40].fill(0);
        assert!(read_ordered::<OffsetEntry>(&Memory(zeroed), 7).unwrap().is_none());
    }

    /// Protects: a time entry has Kafka's 12 bytes, negative times included.
    #[test]
    fn time_entries_round_trip() {
        let entry = TimeEntry { timestamp: WallTime(-5), relative: 9 };
        let bytes = encode_entries(&[entry]);
        assert_eq!((bytes.len(), TimeEntry::decode(&bytes)), (12, entry));
    }
}
