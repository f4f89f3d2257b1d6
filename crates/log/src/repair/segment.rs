//! Damage of one segment file: where it is, and the file that takes its place.
//!
//! Batches are read one after the other. One that is not sound, or not where it should be, begins a bad range, which ends at
//! the next batch that can be believed: the one to which the bad head's length leads, one that begins with the offset that its
//! head promises, or one that the offset index names. Each must be sound, lie within the segment and be followed by the
//! batch that its head says, so that bytes within a record are never taken for batches. Without any the range ends with
//! the segment. Memory: a window of a few MiB. A file that cannot be read is no damage that this can repair.
//! Tests: `crates/log/tests/crash_directory/repair.rs`.

use super::gap::{KnownBatch, stand_ins};
use crate::epochs::{EpochEntry, epoch_at};
use crate::fault::{FileAction, FileFault, OrFault};
use crate::files::{CHUNK, live_path};
use crate::index::{self, OffsetEntry, SparseIndex};
use crate::layout::{SegmentFile, segment_name};
use crate::reader::ReadDefect;
use crate::segments::{NO_TIMESTAMP, SegmentMeta};
use bytes::Bytes;
use env::{Disk, DiskFile, OpenMode};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::{LogKey, Offset, OffsetRange};
use wire::record::{BatchHeader, HEADER_BYTES, verify_crc};

/// Damage of one segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentDamage {
    /// The log.
    pub key: LogKey,
    /// The file.
    pub path: PathBuf,
    /// Its length, nothing if it is missing. *Units*: bytes.
    pub have: Option<u64>,
    /// Where it is bad. *Shape*: in order.
    pub bad: Vec<BadRange>,
    pub(crate) base: Offset,
    /// First offset that readers may ask for.
    pub(crate) log_start: Offset,
}

/// A part of a segment that is no sound batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadRange {
    /// Where it begins.
    pub position: u64,
    /// Where the next sound batch begins, or the batches of the segment end.
    pub end: u64,
    /// Offsets that should be there.
    pub offsets: OffsetRange,
    /// What is wrong.
    pub defect: ReadDefect,
    /// Whether only offset or epoch of one batch are wrong, and are known.
    pub is_mendable: bool,
}

/// What is known of a segment besides its bytes.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) meta: &'a SegmentMeta,
    /// Leader epochs from the log's start on.
    pub(crate) epochs: &'a [EpochEntry],
    /// First offset that readers may ask for.
    pub(crate) log_start: Offset,
}

/// Reads all of a segment.
pub(crate) fn look(
    disk: &dyn Disk,
    folder: &Path,
    key: LogKey,
    known: Known<'_>,
) -> Result<Option<SegmentDamage>, FileFault> {
    let base = known.meta.base;
    let path = live_path(disk, folder, known.meta, SegmentFile::Log)?;
    let mut found =
        SegmentDamage { key, path, have: None, bad: Vec::new(), base, log_start: known.log_start };
    let Some(file) = open(disk, &found.path)? else {
        let offsets = OffsetRange { base, next: known.meta.next };
        found.bad.push(BadRange {
            position: 0,
            end: 0,
            offsets,
            defect: ReadDefect::Short,
            is_mendable: false,
        });
        return Ok((offsets.base < offsets.next).then_some(found));
    };
    let size = file.size().or_fault(&found.path, FileAction::Read)?;
    let anchors = anchors(disk, folder, known.meta);
    let mut walk =
        Walk { file: &*file, known, end: known.meta.bytes.min(size), anchors, window: Window::default() };
    found.have = Some(size);
    found.bad = walk.run().or_fault(&found.path, FileAction::Read)?;
    Ok((!found.bad.is_empty()).then_some(found))
}

fn open(disk: &dyn Disk, path: &Path) -> Result<Option<Arc<dyn DiskFile>>, FileFault> {
    match disk.open(path, OpenMode::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        file => file.or_fault(path, FileAction::Open).map(Some),
    }
}

/// Returns the entries of the offset index, as far as there is one: hints, like all of it.
fn anchors(disk: &dyn Disk, folder: &Path, meta: &SegmentMeta) -> Vec<OffsetEntry> {
    let file = disk.open(&folder.join(segment_name(meta.base, SegmentFile::OffsetIndex)), OpenMode::Read);
    let held = file.and_then(|file| {
        let count = index::entries_of::<OffsetEntry>(&*file, meta.index_entries)?;
        index::read_ordered(&*file, count)
    });
    held.ok().flatten().unwrap_or_default()
}

struct Walk<'a> {
    file: &'a dyn DiskFile,
    known: Known<'a>,
    end: u64,
    anchors: Vec<OffsetEntry>,
    window: Window,
}

impl Walk<'_> {
    fn run(&mut self) -> io::Result<Vec<BadRange>> {
        let (mut at, mut expected) = (0, self.known.meta.base);
        let mut bad = Vec::new();
        while expected < self.known.meta.next {
            match self.judge(at, expected)? {
                Ok(head) => (at, expected) = (at + head.size() as u64, head.next_offset()),
                Err(defect) => {
                    let found = self.bad_range(at, expected, defect)?;
                    (at, expected) = (found.end, found.offsets.next);
                    bad.push(found);
                }
            }
        }
        Ok(bad)
    }

    /// Says what is wrong with the batch at a position, if it is not the one that should be there.
    fn judge(&mut self, at: u64, expected: Offset) -> io::Result<Result<BatchHeader, ReadDefect>> {
        let Some((head, bytes)) = self.window.batch(self.file, at, self.end)? else {
            let is_short = at + HEADER_BYTES as u64 > self.end;
            return Ok(Err(if is_short { ReadDefect::Short } else { ReadDefect::Structure }));
        };
        let meta = self.known.meta;
        let is_beyond = head.next_offset() > meta.next && !meta.uncut;
        Ok(if !verify_crc(&bytes) {
            Err(ReadDefect::Checksum)
        } else if head.last_offset_delta < 0 {
            Err(ReadDefect::Structure)
        } else if head.base_offset != expected || is_beyond {
            Err(ReadDefect::Place)
        } else if head.next_offset() > self.known.log_start
            && epoch_at(self.known.epochs, head.last_offset()) != Some(head.leader_epoch)
        {
            Err(ReadDefect::Epoch)
        } else {
            Ok(head)
        })
    }

    fn bad_range(&mut self, position: u64, base: Offset, defect: ReadDefect) -> io::Result<BadRange> {
        let segment_end = (self.end, self.known.meta.next);
        let mended = match defect {
            ReadDefect::Place | ReadDefect::Epoch => self.mended(position, base)?,
            ReadDefect::Structure | ReadDefect::Checksum | ReadDefect::Short | ReadDefect::Unreadable(_) => {
                None
            }
        };
        let is_mendable = mended.is_some();
        let next = match mended {
            Some(next) => Some(next),
            None => self.next_sound(position, base)?,
        };
        let (end, next) = next.unwrap_or(segment_end);
        Ok(BadRange { position, end, offsets: OffsetRange { base, next }, defect, is_mendable })
    }

    /// Returns where a batch ends whose checksum is right, if it fits between its neighbours with another offset or epoch.
    fn mended(&mut self, at: u64, expected: Offset) -> io::Result<Option<(u64, Offset)>> {
        let Some((head, bytes)) = self.window.batch(self.file, at, self.end)? else { return Ok(None) };
        if head.last_offset_delta < 0 || !verify_crc(&bytes) {
            return Ok(None);
        }
        let next = expected.plus(i64::from(head.last_offset_delta) + 1);
        let end = at + head.size() as u64;
        Ok(self.leads_on(end, next)?.then_some((end, next)))
    }

    /// Says whether the segment goes on with this offset at this position, or ends there.
    fn leads_on(&mut self, at: u64, next: Offset) -> io::Result<bool> {
        if next >= self.known.meta.next {
            return Ok(next == self.known.meta.next && (at == self.end || self.known.meta.uncut));
        }
        let head = index::head_at(self.file, at, self.end)?;
        Ok(head.is_some_and(|head| head.base_offset == next))
    }

    /// Finds the next batch that can be believed.
    fn next_sound(&mut self, at: u64, expected: Offset) -> io::Result<Option<(u64, Offset)>> {
        let head = index::head_at(self.file, at, self.end)?;
        if let Some(head) = head
            && let Some(found) = self.sound(at + head.size() as u64, expected)?
        {
            return Ok(Some(found));
        }
        if let Some(promised) = self.promised(at, expected)?
            && let Some(found) = self.search(at, expected, promised)?
        {
            return Ok(Some(found));
        }
        for anchor in self.anchors.clone() {
            if u64::from(anchor.position) > at
                && let Some(found) = self.sound(u64::from(anchor.position), expected)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Returns position and base offset of a batch behind `expected` that is sound and leads on.
    fn sound(&mut self, at: u64, expected: Offset) -> io::Result<Option<(u64, Offset)>> {
        let Some((head, _)) = self.window.batch(self.file, at, self.end)? else { return Ok(None) };
        let base = head.base_offset;
        let is_behind = base > expected && base < self.known.meta.next;
        if !is_behind || self.judge(at, base)?.is_err() {
            return Ok(None);
        }
        Ok(self.leads_on(at + head.size() as u64, head.next_offset())?.then_some((at, base)))
    }

    /// Returns the offset that the head of a bad batch promises for the next one.
    fn promised(&mut self, at: u64, expected: Offset) -> io::Result<Option<Offset>> {
        let mut bytes = [0; HEADER_BYTES];
        let got = self.file.read_at(&mut bytes, at)?;
        let (Some(base), Some(delta)) = (bytes.get(..8), bytes.get(23..27)) else { return Ok(None) };
        let delta = i64::from(i32::from_be_bytes(delta.try_into().unwrap_or_default()));
        let holds = got == HEADER_BYTES && base == expected.0.to_be_bytes() && delta >= 0;
        Ok(holds.then(|| expected.plus(delta + 1)))
    }

    /// Looks for a batch that begins with an offset, up to the first place that the index names.
    fn search(&mut self, at: u64, expected: Offset, promised: Offset) -> io::Result<Option<(u64, Offset)>> {
        let anchor =
            self.anchors.iter().map(|anchor| u64::from(anchor.position)).find(|position| *position > at);
        let end = anchor.map_or(self.end, |anchor| (anchor + 8).min(self.end));
        let pattern = promised.0.to_be_bytes();
        let mut from = at + 1;
        let mut piece = vec![0; CHUNK];
        while from + HEADER_BYTES as u64 <= end {
            let length = usize::try_from(end - from).unwrap_or(CHUNK).min(CHUNK);
            let got = self.file.read_at(&mut piece[..length], from)?;
            for (skip, _) in piece[..got].windows(8).enumerate().filter(|(_, window)| *window == pattern) {
                if let Some(found) = self.sound(from + skip as u64, expected)? {
                    return Ok(Some(found));
                }
            }
            match got > 8 {
                true => from += got as u64 - 7,
                false => break,
            }
        }
        Ok(None)
    }
}

/// A piece of a file.
#[derive(Default)]
struct Window {
    start: u64,
    held: Bytes,
}

impl Window {
    /// Returns the batch at a position; nothing if there is no whole one before `end`.
    fn batch(&mut self, file: &dyn DiskFile, at: u64, end: u64) -> io::Result<Option<(BatchHeader, Bytes)>> {
        if self.rest(at).len() < HEADER_BYTES {
            self.fill(file, at, CHUNK)?;
        }
        let Ok(head) = BatchHeader::parse(&self.rest(at)) else { return Ok(None) };
        let length = head.size();
        if length as u64 > end.saturating_sub(at) {
            return Ok(None);
        }
        if self.rest(at).len() < length {
            self.fill(file, at, length.max(CHUNK))?;
        }
        let rest = self.rest(at);
        Ok((rest.len() >= length).then(|| (head, rest.slice(..length))))
    }

    fn rest(&self, at: u64) -> Bytes {
        match at.checked_sub(self.start).and_then(|skip| usize::try_from(skip).ok()) {
            Some(skip) if skip <= self.held.len() => self.held.slice(skip..),
            _ => Bytes::new(),
        }
    }

    fn fill(&mut self, file: &dyn DiskFile, at: u64, length: usize) -> io::Result<()> {
        let mut piece = vec![0; length];
        let got = file.read_at(&mut piece, at)?;
        piece.truncate(got);
        (self.start, self.held) = (at, Bytes::from(piece));
        Ok(())
    }
}

/// Where the parts of a new segment come from and go.
pub(crate) struct Rewrite<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) damage: &'a SegmentDamage,
    pub(crate) known: Known<'a>,
    pub(crate) batches: &'a [KnownBatch],
}

impl Rewrite<'_> {
    /// Writes the batches of the segment anew to `to`, synced; returns what the segment is then, and its indexes.
    pub(crate) fn run(&self, to: &Path) -> Result<(SegmentMeta, SparseIndex), FileFault> {
        let new = self.disk.open(to, OpenMode::Create).or_fault(to, FileAction::Open)?;
        new.set_size(0).or_fault(to, FileAction::Write)?;
        let mut out = Out { file: &*new, path: to, at: 0 };
        let old = open(self.disk, &self.damage.path)?;
        let mut at = 0;
        for bad in &self.damage.bad {
            self.copy(old.as_deref(), (at, bad.position), &mut out)?;
            self.replace(old.as_deref(), bad, &mut out)?;
            at = bad.end;
        }
        let size = self.damage.have.unwrap_or(0);
        let listed = self.known.meta.bytes.min(size);
        let is_uncut = self.known.meta.uncut && at < listed;
        self.copy(old.as_deref(), (at, listed), &mut out)?;
        let bytes = out.at;
        // What lies beyond is judged by the next start, as ever.
        self.copy(old.as_deref(), (listed, size), &mut out)?;
        new.sync().or_fault(to, FileAction::Sync)?;
        self.describe(&*new, to, bytes, is_uncut)
    }

    fn copy(
        &self,
        old: Option<&dyn DiskFile>,
        (from, to): (u64, u64),
        out: &mut Out<'_>,
    ) -> Result<(), FileFault> {
        let Some(old) = old else { return Ok(()) };
        let mut at = from;
        let mut piece = vec![0; CHUNK];
        while at < to {
            let length = usize::try_from(to - at).unwrap_or(CHUNK).min(CHUNK);
            let got = old.read_at(&mut piece[..length], at).or_fault(&self.damage.path, FileAction::Read)?;
            if got == 0 {
                return Err(FileFault::Short { path: self.damage.path.clone(), have: at, want: to });
            }
            out.write(&piece[..got])?;
            at += got as u64;
        }
        Ok(())
    }

    fn replace(
        &self,
        old: Option<&dyn DiskFile>,
        bad: &BadRange,
        out: &mut Out<'_>,
    ) -> Result<(), FileFault> {
        let Some(old) = old.filter(|_| bad.is_mendable) else {
            let batches = stand_ins(bad.offsets, self.known.epochs, self.batches);
            return batches.iter().try_for_each(|batch| out.write(batch));
        };
        let begin = out.at;
        self.copy(Some(old), (bad.position, bad.end), out)?;
        let last = Offset(bad.offsets.next.0 - 1);
        let epoch = epoch_at(self.known.epochs, last).unwrap_or(types::LeaderEpoch::UNKNOWN);
        out.patch(&bad.offsets.base.0.to_be_bytes(), begin)?;
        out.patch(&epoch.0.to_be_bytes(), begin + 12)
    }

    fn describe(
        &self,
        file: &dyn DiskFile,
        path: &Path,
        bytes: u64,
        uncut: bool,
    ) -> Result<(SegmentMeta, SparseIndex), FileFault> {
        let old = self.known.meta;
        let mut meta =
            SegmentMeta { bytes, uncut, last_appended: old.last_appended, ..SegmentMeta::empty(old.base) };
        (meta.next, meta.sealed) = (old.next, old.sealed);
        let mut is_first = true;
        let walked = index::walk_heads(file, 0, bytes, |_, head| {
            if is_first {
                meta.first_timestamp = head.max_timestamp;
            }
            is_first = false;
            // An empty batch keeps the time of the lost one, but has no record with it.
            if head.record_count > 0 && head.max_timestamp > meta.max_timestamp {
                meta.max_timestamp = head.max_timestamp;
                meta.max_timestamp_offset = head.last_offset();
            }
            true
        });
        walked.or_fault(path, FileAction::Read)?;
        let index = index::build(file, old.base, bytes).or_fault(path, FileAction::Read)?;
        meta.index_entries = u32::try_from(index.offsets.len()).unwrap_or(u32::MAX);
        meta.time_entries = u32::try_from(index.times.len()).unwrap_or(u32::MAX);
        meta.last_time_entry = index.times.last().map_or(NO_TIMESTAMP, |entry| entry.timestamp);
        meta.unindexed_bytes = bytes - index.offsets.last().map_or(0, |entry| u64::from(entry.position));
        Ok((meta, index))
    }
}

/// A file that is written from its beginning.
struct Out<'a> {
    file: &'a dyn DiskFile,
    path: &'a Path,
    at: u64,
}

impl Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), FileFault> {
        self.patch(bytes, self.at)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn patch(&self, bytes: &[u8], at: u64) -> Result<(), FileFault> {
        self.file.write_at(bytes, at).or_fault(self.path, FileAction::Write)
    }
}
