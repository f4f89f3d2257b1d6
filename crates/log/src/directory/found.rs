//! Page-cache logs at a start: found by a scan from their recovery point (W-16).
//!
//! A batch counts if its CRC is right, it begins where the last one ended, and its leader epoch does not go back; the next
//! file counts if it begins where the last one ended, whole. The first thing that does not count is the end. Reading comes
//! first and changes nothing. What counts is then written back in place and synced, a file that no state names as a copy that
//! takes its name: a sync that failed in an earlier life has left bytes and names in the page cache that the device will
//! never get (W-2). Cut anywhere, it runs again and ends the same. Tests: `crates/log/tests/crash_pages.rs`.

use super::recover::CutPages;
use super::{Directory, kafka};
use crate::append::next_of;
use crate::fault::{FileAction, FileFault, OrFault};
use crate::files::{CHUNK, SegmentPlace, extend_indexes};
use crate::layout::{DELETED_ENDING, SegmentFile, parse_segment_name, segment_name};
use crate::log::Log;
use crate::segments::{SegmentMeta, SegmentWrite, follow, seal, write_after};
use bytes::Bytes;
use env::{Disk, DiskFile, OpenMode};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::{LogKey, Offset, WallTime};
use wire::record::{Batch, BatchHeader, HEADER_BYTES};

/// What a start found in the files of one log.
#[derive(Debug)]
pub(super) struct FoundPages {
    pub(super) key: LogKey,
    folder: PathBuf,
    segments: Vec<FoundSegment>,
}

#[derive(Debug)]
struct FoundSegment {
    meta: SegmentMeta,
    /// Where the found bytes begin, and the index entries that they get.
    write: SegmentWrite,
}

impl FoundPages {
    /// Returns how many bytes were found.
    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|found| found.meta.bytes - found.write.at).sum()
    }
}

/// What a scan found, and what it did not believe.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) pages: Option<FoundPages>,
    pub(super) cut: Option<CutPages>,
}

/// Scans the files of a log and takes what counts into it.
pub(super) fn scan(disk: &dyn Disk, root: &Path, log: &mut Log, now: WallTime) -> Result<Scanned, FileFault> {
    let (key, Some(folder)) = (log.key(), log.folder().map(|folder| root.join(folder))) else {
        return Ok(Scanned::default());
    };
    if kafka::read_metadata(disk, &folder)? != Some(key.topic_id) {
        return Ok(Scanned::default());
    }
    let mut scan = Scan { disk, folder: &folder, log, now, segments: Vec::new() };
    scan.run()?;
    let bytes = scan.rest()?;
    let mut segments = scan.segments;
    let cut = (bytes > 0).then(|| CutPages { key, from: log.log_end(), bytes });
    segments.retain(|found| found.meta.bytes > found.write.at || found.write.roll);
    if segments.is_empty() {
        return Ok(Scanned { pages: None, cut });
    }
    log.found_segments(segments.iter().map(|found| found.meta.clone()).collect());
    Ok(Scanned { pages: Some(FoundPages { key, folder, segments }), cut })
}

struct Scan<'a> {
    disk: &'a dyn Disk,
    folder: &'a Path,
    log: &'a mut Log,
    now: WallTime,
    segments: Vec<FoundSegment>,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<(), FileFault> {
        let mut goes_on = true;
        if let Some(known) = self.log.recovery_segment().filter(|known| !known.sealed) {
            goes_on = self.known(known)?;
        }
        while goes_on {
            goes_on = self.following()?;
        }
        Ok(())
    }

    /// Goes on in the segment of the recovery point; says whether another may follow. Where a truncation had not cut the file
    /// when the state was written, it is read from its beginning to find that point.
    fn known(&mut self, known: SegmentMeta) -> Result<bool, FileFault> {
        let path = self.folder.join(segment_name(known.base, SegmentFile::Log));
        let (dead, point) = (known.next <= self.log.log_start(), self.end());
        let Some(file) = open(self.disk, &path)? else { return Ok(dead) };
        let size = file.size().or_fault(&path, FileAction::Read)?;
        let mut meta = if known.uncut { SegmentMeta::empty(known.base) } else { known };
        if size < meta.bytes {
            // Synced bytes are missing: damage, unless nobody may ask for them.
            return Ok(dead);
        }
        let mut write = write_after(&meta);
        let whole = self.batches(&*file, (&path, size), &mut meta, &mut write)?;
        if meta.next < point {
            return Ok(dead);
        }
        let listed = self.log.segments().last().is_some_and(|last| last.base == meta.base);
        if self.end() > point || listed {
            self.segments.push(FoundSegment { meta, write });
        }
        Ok(whole)
    }

    /// Takes in the segment that begins at the end; says whether another may follow.
    fn following(&mut self) -> Result<bool, FileFault> {
        let base = self.end();
        let path = self.folder.join(segment_name(base, SegmentFile::Log));
        let Some(file) = open(self.disk, &path)? else { return Ok(false) };
        let size = file.size().or_fault(&path, FileAction::Read)?;
        let mut meta = SegmentMeta::empty(base);
        let mut write = write_after(&meta);
        let whole = self.batches(&*file, (&path, size), &mut meta, &mut write)?;
        if meta.bytes == 0 {
            return Ok(false);
        }
        if let Some(last) = self.segments.last_mut() {
            seal(&mut last.meta, &mut last.write, self.log.aborted());
        }
        self.segments.push(FoundSegment { meta, write });
        Ok(whole)
    }

    /// Returns how many bytes of batches lie in the files behind the end.
    fn rest(&self) -> Result<u64, FileFault> {
        let head = self.segments.last().map(|found| found.meta.clone()).or(self.log.recovery_segment());
        let mut rest = 0;
        for entry in self.disk.list(self.folder).or_fault(self.folder, FileAction::Read)? {
            let Some((base, SegmentFile::Log)) = parse_segment_name(&entry.name) else { continue };
            let whole = head.as_ref().filter(|head| head.base == base).map(|head| head.bytes);
            if whole.is_none() && base < self.end() {
                continue;
            }
            let path = self.folder.join(&entry.name);
            let Some(file) = open(self.disk, &path)? else { continue };
            let size = file.size().or_fault(&path, FileAction::Read)?;
            rest += size.saturating_sub(whole.unwrap_or(0));
        }
        Ok(rest)
    }

    fn end(&self) -> Offset {
        self.log.log_end()
    }

    /// Takes in the batches of a file from the end of `meta` on, those below the log's end into `meta` alone; says whether they
    /// reach the end of the file.
    fn batches(
        &mut self,
        file: &dyn DiskFile,
        (path, size): (&Path, u64),
        meta: &mut SegmentMeta,
        write: &mut SegmentWrite,
    ) -> Result<bool, FileFault> {
        let mut window = Window { start: meta.bytes, held: Bytes::new() };
        while meta.bytes < size {
            let bytes = window.batch(file, meta.bytes, size).or_fault(path, FileAction::Read)?;
            let Some(batch) = bytes.and_then(|bytes| Batch::from_wire(&bytes).ok()) else { return Ok(false) };
            if !self.counts(&batch, meta) {
                return Ok(false);
            }
            if meta.next == self.end() {
                self.log.found_batch(&batch, self.now);
            }
            follow(meta, write, batch.header(), self.now);
        }
        Ok(true)
    }

    fn counts(&self, batch: &Batch, meta: &SegmentMeta) -> bool {
        let head = batch.header();
        if meta.next < self.end() {
            return head.base_offset == meta.next && head.next_offset() <= self.end() && batch.verify_crc();
        }
        head.base_offset == meta.next
            && head.base_offset == self.end()
            && head.leader_epoch >= self.log.latest_epoch()
            && next_of(head).is_ok()
            && batch.verify_crc()
    }
}

/// A piece of a file.
#[derive(Default)]
pub(super) struct Window {
    start: u64,
    held: Bytes,
}

impl Window {
    /// Returns the bytes of the batch at a position; nothing if there is no whole one.
    pub(super) fn batch(&mut self, file: &dyn DiskFile, at: u64, size: u64) -> io::Result<Option<Bytes>> {
        if self.rest(at).len() < HEADER_BYTES {
            self.fill(file, at, CHUNK)?;
        }
        let Ok(head) = BatchHeader::parse(&self.rest(at)) else { return Ok(None) };
        let length = head.size();
        if length as u64 > size - at {
            return Ok(None);
        }
        if self.rest(at).len() < length {
            self.fill(file, at, length.max(CHUNK))?;
        }
        let rest = self.rest(at);
        Ok((rest.len() >= length).then(|| rest.slice(..length)))
    }

    fn rest(&self, at: u64) -> Bytes {
        let skip = usize::try_from(at.saturating_sub(self.start)).unwrap_or(usize::MAX).min(self.held.len());
        self.held.slice(skip..)
    }

    fn fill(&mut self, file: &dyn DiskFile, at: u64, length: usize) -> io::Result<()> {
        let mut piece = vec![0; length];
        let got = file.read_at(&mut piece, at)?;
        piece.truncate(got);
        (self.start, self.held) = (at, Bytes::from(piece));
        Ok(())
    }
}

fn open(disk: &dyn Disk, path: &Path) -> Result<Option<Arc<dyn DiskFile>>, FileFault> {
    match disk.open(path, OpenMode::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        file => file.or_fault(path, FileAction::Open).map(Some),
    }
}

impl Directory {
    /// Makes what was found safe, indexes with it.
    pub(super) fn renew(&mut self, found: &FoundPages) -> Result<(), FileFault> {
        for segment in &found.segments {
            let place = SegmentPlace { disk: &*self.disk, folder: &found.folder, base: segment.meta.base };
            let path = place.path(SegmentFile::Log);
            if segment.write.at == 0 {
                renew_as_copy(&*self.disk, &path, segment.meta.bytes)?;
            } else {
                renew_in_place(&*self.disk, &path, (segment.write.at, segment.meta.bytes))?;
            }
            let file = self.disk.open(&path, OpenMode::Read).or_fault(&path, FileAction::Open)?;
            match extend_indexes(place, &*file, &segment.write, true) {
                // They are hints: a reader finds them unfit and has them built anew.
                Err(fault) if fault.is_full() => {}
                outcome => outcome?,
            }
            self.unsynced.insert(found.folder.clone());
        }
        Ok(())
    }

    /// Makes a page-cache log's folder, if it has none, and its name safe: a batch goes into no other. Nor behind an end that an
    /// earlier life has cut and not synced: what was cut off could come back before it. Returns where the folder is, nothing if
    /// the log is removed.
    ///
    /// # Errors
    /// No room, or final.
    pub fn open_pages(&mut self, key: LogKey, folder: &str) -> Result<Option<PathBuf>, FileFault> {
        self.job(|directory| {
            if directory.is_removed(key) {
                return Ok(None);
            }
            let path = directory.own_folder(key, folder)?;
            let root = directory.root.clone();
            if directory.unsynced.contains(&root) {
                directory.sync_folder(&root)?;
            }
            if !directory.page_logs.contains(&key) {
                sync_end(&*directory.disk, &path)?;
                directory.page_logs.insert(key);
            }
            Ok(Some(path))
        })
    }
}

/// Makes safe where the last segment of a folder ends, and that it is the last.
fn sync_end(disk: &dyn Disk, folder: &Path) -> Result<(), FileFault> {
    let names = disk.list(folder).or_fault(folder, FileAction::Read)?.into_iter().map(|entry| entry.name);
    let logs = names.filter(|name| matches!(parse_segment_name(name), Some((_, SegmentFile::Log))));
    let Some(last) = logs.max().map(|name| folder.join(name)) else { return Ok(()) };
    if let Some(file) = open(disk, &last)? {
        file.sync().or_fault(&last, FileAction::Sync)?;
    }
    disk.sync_dir(folder).or_fault(folder, FileAction::Sync)
}

/// Writes bytes once more where they are, and syncs the file.
fn renew_in_place(disk: &dyn Disk, path: &Path, (from, to): (u64, u64)) -> Result<(), FileFault> {
    let file = disk.open(path, OpenMode::Write).or_fault(path, FileAction::Open)?;
    match copy(&*file, &*file, path, (from, to)) {
        Err(fault) if fault.is_full() => {}
        outcome => outcome?,
    }
    file.sync().or_fault(path, FileAction::Sync)
}

/// Gives a file's name to a synced copy of its first bytes. Without room for one, the file itself is synced.
fn renew_as_copy(disk: &dyn Disk, path: &Path, bytes: u64) -> Result<(), FileFault> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".copy");
    aside.push(DELETED_ENDING);
    let aside = PathBuf::from(aside);
    let file = disk.open(path, OpenMode::Read).or_fault(path, FileAction::Open)?;
    let made = disk.open(&aside, OpenMode::Create).or_fault(&aside, FileAction::Open).and_then(|new| {
        new.set_size(0).or_fault(&aside, FileAction::Write)?;
        copy(&*file, &*new, &aside, (0, bytes))?;
        new.sync().or_fault(&aside, FileAction::Sync)?;
        disk.rename(&aside, path).or_fault(path, FileAction::Rename)
    });
    match made {
        Err(fault) if fault.is_full() => file.sync().or_fault(path, FileAction::Sync),
        outcome => outcome,
    }
}

fn copy(
    from: &dyn DiskFile,
    to: &dyn DiskFile,
    path: &Path,
    (start, end): (u64, u64),
) -> Result<(), FileFault> {
    let mut at = start;
    let mut piece = vec![0; CHUNK];
    while at < end {
        let length = usize::try_from(end - at).unwrap_or(CHUNK).min(CHUNK);
        let got = from.read_at(&mut piece[..length], at).or_fault(path, FileAction::Read)?;
        if got == 0 {
            return Err(FileFault::Short { path: path.to_path_buf(), have: at, want: end });
        }
        to.write_at(&piece[..got], at).or_fault(path, FileAction::Write)?;
        at += got as u64;
    }
    Ok(())
}
