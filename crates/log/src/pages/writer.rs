//! The writer of page-cache logs, without a thread.
//!
//! A hand-over is one vectored write per segment, of the batches as they came, and its index entries. With no room
//! all of it is cut off again, and the cut is synced: bytes of a refused batch must not come back beside others that
//! took their place. Files are cut by the descriptors that wrote them. A cut that finds no room itself is owed: until
//! it is done nothing is written to that log, and nobody may call its batches refused.
//!
//! *Invariant*: a file that was written since it was last handed over to be synced is dirty, by the very descriptor
//! that wrote, so that its sync tells of every failed write-back.
//!
//! Descriptors have three equal shares: segments that are open, files that are dirty, files that are being synced.
//! When the dirty ones have theirs, the writer syncs them itself before it writes on.

use crate::fault::{FileAction, FileFault, OrFault};
use crate::files::{SegmentPlace, extend_indexes, write_batches, write_chunks, write_txn_index};
use crate::index::{self, IndexEntry, OffsetEntry, TimeEntry};
use crate::layout::SegmentFile;
use crate::segments::{SegmentId, SegmentWrite};
use env::{Disk, DiskFile};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::{LogKey, WallTime};

/// Descriptors that the last segment of a log takes: batches and two indexes.
const PER_LOG: usize = 3;

/// An open file and its name.
type NamedFile = (PathBuf, Arc<dyn DiskFile>);

/// Files and folders that are to be synced.
pub struct Dirty {
    disk: Arc<dyn Disk>,
    files: Vec<NamedFile>,
    folders: BTreeSet<PathBuf>,
    uncovered: BTreeSet<LogKey>,
}

impl std::fmt::Debug for Dirty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dirty").field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl Dirty {
    /// Names the logs of which something was handed over and is in no file yet.
    pub(super) fn leaving_out(self, uncovered: BTreeSet<LogKey>) -> Dirty {
        Dirty { uncovered, ..self }
    }

    /// Returns the logs that this does not cover: they had batches that were handed over and not written.
    pub fn uncovered(&self) -> &BTreeSet<LogKey> {
        &self.uncovered
    }

    /// Syncs all of it. A folder that is gone belonged to a log that is.
    ///
    /// # Errors
    /// Final.
    pub fn sync(&self) -> Result<(), FileFault> {
        for (path, file) in &self.files {
            file.sync().or_fault(path, FileAction::Sync)?;
        }
        for folder in &self.folders {
            match self.disk.sync_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                outcome => outcome.or_fault(folder, FileAction::Sync)?,
            }
        }
        Ok(())
    }
}

/// Writes page-cache logs.
///
/// *Concurrency*: one owner; every method blocks on the disk.
pub struct PageWriter {
    disk: Arc<dyn Disk>,
    logs: BTreeMap<LogKey, OpenLog>,
    dirty: BTreeMap<(LogKey, SegmentId, SegmentFile), NamedFile>,
    folders: BTreeSet<PathBuf>,
    dirty_bytes: u64,
    uses: u64,
    open: usize,
    open_max: usize,
    dirty_max: usize,
}

/// A log whose folder is there.
struct OpenLog {
    folder: PathBuf,
    segment: Option<OpenSegment>,
    /// The segment whose indexes this writer has checked and extended.
    extended: Option<SegmentId>,
    used: u64,
    /// Files that have to be cut before anything else is written, and where.
    owed: Vec<(NamedFile, u64)>,
}

/// The last segment of a log.
struct OpenSegment {
    base: SegmentId,
    /// Where its batches end.
    end: u64,
    log: Arc<dyn DiskFile>,
    offsets: Option<Arc<dyn DiskFile>>,
    times: Option<Arc<dyn DiskFile>>,
}

impl PageWriter {
    /// Makes a writer without logs that holds about so many descriptors at most.
    pub fn new(disk: Arc<dyn Disk>, descriptors: usize) -> PageWriter {
        PageWriter {
            disk,
            logs: BTreeMap::new(),
            dirty: BTreeMap::new(),
            folders: BTreeSet::new(),
            dirty_bytes: 0,
            uses: 0,
            open: 0,
            open_max: (descriptors / 3 / PER_LOG).max(1),
            dirty_max: (descriptors / 3).max(1),
        }
    }

    /// Takes a log whose folder is there and safe.
    pub fn add_log(&mut self, key: LogKey, folder: PathBuf) {
        let log = OpenLog { folder, segment: None, extended: None, used: 0, owed: Vec::new() };
        self.logs.entry(key).or_insert(log);
    }

    /// Says whether a log may be written.
    pub fn has_log(&self, key: LogKey) -> bool {
        self.logs.contains_key(&key)
    }

    /// Closes the files of a log that is removed, unsynced.
    pub fn forget(&mut self, key: LogKey) {
        if let Some(log) = self.logs.remove(&key) {
            self.open -= usize::from(log.segment.is_some());
            self.dirty.retain(|(dirty, _, _), _| *dirty != key);
        }
    }

    /// Returns how much was written since the last [`PageWriter::take_dirty`]: bytes and files.
    pub fn dirty(&self) -> (u64, usize) {
        (self.dirty_bytes, self.dirty.len())
    }

    /// Hands over what was written since the last call, to be synced.
    pub fn take_dirty(&mut self) -> Dirty {
        self.dirty_bytes = 0;
        let files = std::mem::take(&mut self.dirty).into_values().collect();
        let folders = std::mem::take(&mut self.folders);
        Dirty { disk: Arc::clone(&self.disk), files, folders, uncovered: BTreeSet::new() }
    }

    /// Writes one log's segments, which begin where its files end.
    ///
    /// # Errors
    /// No room: the files end where they did before, or will once [`PageWriter::settle`] says so. Else final.
    pub fn write(&mut self, key: LogKey, writes: &[SegmentWrite]) -> Result<(), FileFault> {
        self.sync_if_many()?;
        for (count, write) in writes.iter().enumerate() {
            if let Err(fault) = self.write_segment(key, write) {
                if fault.is_full() {
                    self.take_back(key, &writes[..=count]);
                    self.settle(key)?;
                }
                return Err(fault);
            }
        }
        Ok(())
    }

    /// Syncs the dirty files if they have all the descriptors that they get. Their folders wait for the next hand-over.
    fn sync_if_many(&mut self) -> Result<(), FileFault> {
        if self.dirty.len() < self.dirty_max {
            return Ok(());
        }
        for (path, file) in std::mem::take(&mut self.dirty).into_values() {
            file.sync().or_fault(&path, FileAction::Sync)?;
        }
        Ok(())
    }

    fn write_segment(&mut self, key: LogKey, write: &SegmentWrite) -> Result<(), FileFault> {
        self.open(key, write)?;
        let Some(log) = self.logs.get_mut(&key) else { return Ok(()) };
        let place = SegmentPlace { disk: &*self.disk, folder: &log.folder, base: write.base };
        let Some(segment) = &mut log.segment else { return Ok(()) };
        let path = place.path(SegmentFile::Log);
        let bytes: u64 = write.batches.iter().map(|batch| batch.size() as u64).sum();
        // Dirty before it is written: what fails half-way has to be synced too.
        self.dirty.insert((key, write.base, SegmentFile::Log), (path.clone(), Arc::clone(&segment.log)));
        write_batches(&*segment.log, write).or_fault(&path, FileAction::Write)?;
        segment.end = write.at + bytes;
        self.dirty_bytes += bytes;
        write_entries(
            place,
            &mut segment.offsets,
            &offset_entries(write),
            (SegmentFile::OffsetIndex, write.index_at),
        )?;
        write_entries(
            place,
            &mut segment.times,
            &time_entries(write),
            (SegmentFile::TimeIndex, write.times_at),
        )?;
        write_txn_index(place, &write.aborted)?;
        if !write.aborted.is_empty() {
            self.folders.insert(log.folder.clone());
        }
        if write.roll {
            // A sealed segment's indexes are synced with it.
            let indexes =
                [(SegmentFile::OffsetIndex, &segment.offsets), (SegmentFile::TimeIndex, &segment.times)];
            for (file, open) in indexes {
                let dirty = open.as_ref().map(|open| (place.path(file), Arc::clone(open)));
                dirty.into_iter().for_each(|dirty| drop(self.dirty.insert((key, write.base, file), dirty)));
            }
        }
        Ok(())
    }

    /// Makes the segment of a write the open one, ending where the write begins.
    fn open(&mut self, key: LogKey, write: &SegmentWrite) -> Result<(), FileFault> {
        self.uses += 1;
        let uses = self.uses;
        let Some(log) = self.logs.get_mut(&key) else { return Err(FileFault::NoFolder(key)) };
        log.used = uses;
        let place = SegmentPlace { disk: &*self.disk, folder: &log.folder, base: write.base };
        let path = place.path(SegmentFile::Log);
        match &mut log.segment {
            Some(open) if open.base == write.base && open.end == write.at => return Ok(()),
            Some(open) if open.base == write.base && open.end < write.at => {
                return Err(FileFault::Short { path, have: open.end, want: write.at });
            }
            _ => {}
        }
        self.open -= usize::from(log.segment.take().is_some());
        let (file, made) = place.open_log(write.at)?;
        if made {
            self.folders.insert(log.folder.clone());
        }
        if log.extended != Some(write.base) && write.at > 0 {
            let before = SegmentWrite {
                batches: Vec::new(),
                index: Vec::new(),
                times: Vec::new(),
                roll: false,
                aborted: Vec::new(),
                ..write.clone()
            };
            extend_indexes(place, &*file, &before, true)?;
        }
        log.extended = Some(write.base);
        log.segment =
            Some(OpenSegment { base: write.base, end: write.at, log: file, offsets: None, times: None });
        self.open += 1;
        self.close_one();
        Ok(())
    }

    /// Closes the log that was written longest ago, if too many are open.
    fn close_one(&mut self) {
        if self.open <= self.open_max {
            return;
        }
        let open = self.logs.values_mut().filter(|log| log.segment.is_some());
        if let Some(oldest) = open.min_by_key(|log| log.used) {
            oldest.segment = None;
            self.open -= 1;
        }
    }

    /// Notes that files are to be cut back to where these writes began.
    fn take_back(&mut self, key: LogKey, writes: &[SegmentWrite]) {
        let Some(log) = self.logs.get_mut(&key) else { return };
        self.open -= usize::from(log.segment.take().is_some());
        for write in writes.iter().rev() {
            // Indexes are hints, and are cut when they are next written.
            let written = self.dirty.get(&(key, write.base, SegmentFile::Log));
            log.owed.extend(written.map(|file| (file.clone(), write.at)));
        }
    }

    /// Does the cuts that a log owes, for good; says whether all of them are done.
    ///
    /// # Errors
    /// Final.
    pub fn settle(&mut self, key: LogKey) -> Result<bool, FileFault> {
        let Some(log) = self.logs.get_mut(&key) else { return Ok(true) };
        while let Some(((path, file), to)) = log.owed.first() {
            match cut_back(path, &**file, *to) {
                Err(fault) if fault.is_full() => return Ok(false),
                outcome => outcome?,
            }
            log.owed.remove(0);
        }
        Ok(true)
    }
}

impl std::fmt::Debug for PageWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PageWriter").field("logs", &self.logs.len()).finish_non_exhaustive()
    }
}

/// Cuts a file, if it is longer, and syncs it.
fn cut_back(path: &Path, file: &dyn DiskFile, to: u64) -> Result<(), FileFault> {
    if file.size().or_fault(path, FileAction::Read)? > to {
        file.set_size(to).or_fault(path, FileAction::Write)?;
    }
    file.sync().or_fault(path, FileAction::Sync)
}

fn offset_entries(write: &SegmentWrite) -> Vec<OffsetEntry> {
    let entry = |(relative, position): &(u32, u32)| OffsetEntry { relative: *relative, position: *position };
    write.index.iter().map(entry).collect()
}

fn time_entries(write: &SegmentWrite) -> Vec<TimeEntry> {
    let entry = |(time, relative): &(i64, u32)| TimeEntry { timestamp: WallTime(*time), relative: *relative };
    write.times.iter().map(entry).collect()
}

fn write_entries<E: IndexEntry>(
    place: SegmentPlace<'_>,
    open: &mut Option<Arc<dyn DiskFile>>,
    entries: &[E],
    (file, before): (SegmentFile, u32),
) -> Result<(), FileFault> {
    if entries.is_empty() {
        return Ok(());
    }
    let at = u64::from(before) * u64::from(E::BYTES);
    let path = place.path(file);
    let index = match open {
        Some(open) => open,
        None => open.insert(place.open_at(file, at)?.0),
    };
    write_chunks(&**index, &index::encode_entries(entries), at).or_fault(&path, FileAction::Write)
}
