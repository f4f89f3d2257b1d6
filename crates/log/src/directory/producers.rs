//! Files with the producer state of a log: written at a roll, read when the state's own copy is of no use (W-9).
//!
//! A checkpoint that rolls a segment, or whose log start has passed batches that lie in no sealed one, writes the state as of the
//! log's end, aside, synced, renamed, before the state record that goes with it; older files go after that record. The newest one at or below the high watermark always stays: from
//! there a scan of the batches gives the state of the end and the way back for a truncation. A file above the end of what a
//! state record names, or of a truncated log, is removed before anything is written there. Kafka's file of the same
//! offset comes and goes with ours, and is not synced: nothing reads it.
//! Tests: `crates/log/tests/crash_directory/producers.rs`.

use super::{Checkpoint, Directory};
use crate::append::control_of;
use crate::cut::LogCut;
use crate::fault::{FileAction, FileFault, OrFault};
use crate::files::{live_path, write_chunks};
use crate::index;
use crate::layout::{DELETED_ENDING, SegmentFile, parse_producers_name, producers_name, segment_name};
use crate::log::Log;
use crate::producers::{AbortedTxn, Producers, file};
use crate::segments::SegmentMeta;
use bytes::Bytes;
use env::{Disk, DiskFile, OpenMode};
use std::io;
use std::path::Path;
use types::{Offset, WallTime};
use wire::record::{Batch, BatchHeader};

/// Name of a file while it is written.
const ASIDE: &str = "aside.producers";

/// What the files of a log tell of its producers.
#[derive(Debug)]
pub struct RebuiltProducers {
    /// The state at the log's end.
    pub producers: Producers,
    /// Whether no batch is missing: everything since the file, or since offset 0, was read.
    pub is_complete: bool,
}

impl Directory {
    /// Writes the files of the logs in which a segment was rolled.
    pub(super) fn write_producer_files(&mut self, checkpoint: &Checkpoint) -> Result<(), FileFault> {
        for cut in checkpoint.cuts.iter().filter(|cut| self.rolled.contains(&cut.key)) {
            let Some(folder) = self.folder_of(cut.key) else { continue };
            if !cut.producers.is_empty() || !producer_files(&*self.disk, &folder)?.is_empty() {
                write_files(&*self.disk, &folder, cut)?;
                self.unsynced.insert(folder);
            }
        }
        Ok(())
    }

    /// Removes files that a newer one has made useless, now that the state is written. Without room they stay until the
    /// next roll: the checkpoint has ended.
    pub(super) fn drop_old_producer_files(&mut self, checkpoint: &Checkpoint) -> Result<(), FileFault> {
        let rolled = std::mem::take(&mut self.rolled);
        for cut in checkpoint.cuts.iter().filter(|cut| rolled.contains(&cut.key)) {
            match self.drop_older(cut) {
                Err(fault) if fault.is_full() => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }

    fn drop_older(&mut self, cut: &LogCut) -> Result<(), FileFault> {
        let Some(folder) = self.folder_of(cut.key) else { return Ok(()) };
        let files = producer_files(&*self.disk, &folder)?;
        let kept = files.iter().copied().filter(|offset| *offset <= cut.high_watermark).max();
        let older = files.into_iter().filter(|offset| Some(*offset) < kept);
        older.into_iter().try_for_each(|offset| self.give_up_producers(&folder, offset))
    }

    /// Removes what was written for a state that could not be: the log may be truncated and go on differently.
    pub(super) fn take_back_producer_files(&self, checkpoint: &Checkpoint) -> Result<(), FileFault> {
        for cut in checkpoint.cuts.iter().filter(|cut| self.rolled.contains(&cut.key)) {
            let Some(folder) = self.folder_of(cut.key) else { continue };
            let path = folder.join(producers_name(cut.log_end));
            match self.disk.remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                outcome => outcome.or_fault(&path, FileAction::Rename)?,
            }
        }
        Ok(())
    }

    /// Removes the files above `end`: the log was truncated there, or no state names them. Returns how many.
    pub(super) fn drop_producers_above(&mut self, folder: &Path, end: Offset) -> Result<u64, FileFault> {
        let mut dropped = 0;
        for offset in producer_files(&*self.disk, folder)?.into_iter().filter(|offset| *offset > end) {
            self.give_up_producers(folder, offset)?;
            dropped += 1;
        }
        Ok(dropped)
    }

    fn give_up_producers(&mut self, folder: &Path, offset: Offset) -> Result<(), FileFault> {
        for name in [producers_name(offset), segment_name(offset, SegmentFile::Snapshot)] {
            let (from, to) = (folder.join(&name), folder.join(format!("{name}{DELETED_ENDING}")));
            match self.disk.rename(&from, &to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                outcome => {
                    outcome.or_fault(&from, FileAction::Rename)?;
                    self.unsynced.insert(folder.to_path_buf());
                    self.garbage.push(to);
                }
            }
        }
        Ok(())
    }

    /// Makes the producer state of a log from its files and batches alone.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn rebuild_producers(&self, log: &Log, now: WallTime) -> Result<RebuiltProducers, FileFault> {
        rebuild(&*self.disk, &self.root, log, now)
    }
}

/// Says whether a name is that of a file that was never finished.
pub(super) fn is_producers_aside(name: &str) -> bool {
    name == ASIDE
}

/// Returns the offsets of a folder's files, none if there is no folder.
pub(super) fn producer_files(disk: &dyn Disk, folder: &Path) -> Result<Vec<Offset>, FileFault> {
    match disk.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => {
            let entries = entries.or_fault(folder, FileAction::Read)?;
            Ok(entries.iter().filter_map(|entry| parse_producers_name(&entry.name)).collect())
        }
    }
}

fn write_files(disk: &dyn Disk, folder: &Path, cut: &LogCut) -> Result<(), FileFault> {
    let path = folder.join(producers_name(cut.log_end));
    let aside = folder.join(ASIDE);
    let open = write_new(disk, &aside, &file::encode(cut.key, cut.log_end, &cut.producers))?;
    open.sync().or_fault(&aside, FileAction::Sync)?;
    disk.rename(&aside, &path).or_fault(&path, FileAction::Rename)?;
    let kafkas = folder.join(segment_name(cut.log_end, SegmentFile::Snapshot));
    write_new(disk, &kafkas, &file::encode_kafka(&cut.producers)).map(drop)
}

fn write_new(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<std::sync::Arc<dyn DiskFile>, FileFault> {
    let open = disk.open(path, OpenMode::Create).or_fault(path, FileAction::Open)?;
    open.set_size(0).or_fault(path, FileAction::Write)?;
    write_chunks(&*open, bytes, 0).or_fault(path, FileAction::Write)?;
    Ok(open)
}

/// Makes the producer state of a log: the newest file at or below the high watermark, and the batches from there on.
pub(super) fn rebuild(
    disk: &dyn Disk,
    root: &Path,
    log: &Log,
    now: WallTime,
) -> Result<RebuiltProducers, FileFault> {
    let folder = log.folder().map(|folder| root.join(folder));
    let known = match &folder {
        Some(folder) => newest(disk, folder, log)?,
        None => None,
    };
    let first = log.segments().iter().next().map(|segment| segment.base).or_else(|| log.tail().base());
    let first = first.unwrap_or(log.log_end());
    let is_complete = known.as_ref().map_or(first == Offset::ZERO, |(from, _)| *from >= first);
    let (from, producers) = known.unwrap_or((Offset::ZERO, Producers::default()));
    let mut scan = Scan { producers, from, now, aborted: Vec::new(), undoes: true };
    if let Some(folder) = &folder {
        for segment in log.segments().iter().filter(|segment| segment.next > from) {
            scan.segment(disk, folder, segment)?;
        }
    }
    for batch in log.tail().after(log.written_end()) {
        scan.batch(batch.batch.header(), control_of(&batch.batch), batch.appended);
    }
    let mut producers = scan.producers;
    producers.undo_from(log.log_end());
    producers.settle(log.high_watermark());
    Ok(RebuiltProducers { producers, is_complete })
}

/// Returns the newest file at or below the high watermark that is whole.
fn newest(disk: &dyn Disk, folder: &Path, log: &Log) -> Result<Option<(Offset, Producers)>, FileFault> {
    let mut files = producer_files(disk, folder)?;
    files.retain(|offset| *offset <= log.high_watermark());
    files.sort_unstable();
    for offset in files.into_iter().rev() {
        let path = folder.join(producers_name(offset));
        let open = disk.open(&path, OpenMode::Read).or_fault(&path, FileAction::Open)?;
        let size = open.size().or_fault(&path, FileAction::Read)?;
        let bytes = read(&*open, 0, size).or_fault(&path, FileAction::Read)?;
        if let Some(producers) = file::decode(bytes, log.key(), offset) {
            return Ok(Some((offset, producers)));
        }
    }
    Ok(None)
}

fn read(file: &dyn DiskFile, at: u64, length: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| io::ErrorKind::InvalidData)?];
    let got = file.read_at(&mut bytes, at)?;
    bytes.truncate(got);
    Ok(bytes.into())
}

/// Finds the aborted transactions whose marks lie in the last of these segments, which are all of a log up to it.
pub(super) fn aborted_in_last(
    disk: &dyn Disk,
    folder: &Path,
    segments: &[SegmentMeta],
    now: WallTime,
) -> Result<Vec<AbortedTxn>, FileFault> {
    let (producers, from) = (Producers::default(), Offset::ZERO);
    let mut scan = Scan { producers, from, now, aborted: Vec::new(), undoes: false };
    for segment in segments {
        scan.aborted.clear();
        scan.segment(disk, folder, segment)?;
    }
    Ok(scan.aborted)
}

/// Applies the batches from an offset on.
struct Scan {
    producers: Producers,
    from: Offset,
    now: WallTime,
    /// Transactions whose abort was seen.
    aborted: Vec<AbortedTxn>,
    /// Whether the way back is kept.
    undoes: bool,
}

impl Scan {
    fn segment(&mut self, disk: &dyn Disk, folder: &Path, segment: &SegmentMeta) -> Result<(), FileFault> {
        let path = live_path(disk, folder, segment, SegmentFile::Log)?;
        let log = disk.open(&path, OpenMode::Read).or_fault(&path, FileAction::Open)?;
        let (mut fault, mut next, now) = (None, segment.base, self.now);
        let reached = index::walk_heads(&*log, 0, segment.bytes, |at, header| {
            if header.base_offset != next || next >= segment.next {
                return false;
            }
            next = header.next_offset();
            let batch =
                if header.is_control() { read(&*log, at, header.size() as u64) } else { Ok(Bytes::new()) };
            match batch {
                Ok(bytes) => {
                    let control = Batch::from_wire(&bytes).ok().and_then(|batch| control_of(&batch));
                    self.batch(header, control, now);
                }
                Err(error) => fault = Some(error),
            }
            fault.is_none()
        });
        let reached = fault.map_or(reached, Err).or_fault(&path, FileAction::Read)?;
        match next < segment.next {
            true => Err(FileFault::Damaged { path, position: reached }),
            false => Ok(()),
        }
    }

    fn batch(
        &mut self,
        header: &BatchHeader,
        control: Option<wire::record::ControlRecord>,
        appended: WallTime,
    ) {
        if header.base_offset >= self.from {
            self.aborted.extend(self.producers.apply(header, control, appended));
            if !self.undoes {
                self.producers.settle(header.next_offset());
            }
        }
    }
}
