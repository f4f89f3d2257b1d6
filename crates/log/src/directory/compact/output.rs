//! The writing of a compaction: one segment's files under their names for the swap.

use super::remove_swap;
use crate::compact::Filter;
use crate::fault::{FileAction, FileFault, OrFault};
use crate::files::{
    CHUNK, UNSYNCED_MAX, bytes_of, offset_entries, put_txn_index, time_entries, write_chunks, write_piece,
};
use crate::index::encode_entries;
use crate::layout::{SegmentFile, swap_name};
use crate::producers::AbortedTxn;
use crate::segments::{SegmentMeta, SegmentWrite, follow_rewritten, seal, write_after};
use env::{Disk, DiskFile, OpenMode};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::{Offset, WallTime};
use wire::record::Batch;

/// A segment that is being made.
pub(super) struct Output {
    pub(super) group: Range<usize>,
    pub(super) changed_before: u64,
    pub(super) marks_before: usize,
    pub(super) kept_before: usize,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    pub(super) meta: SegmentMeta,
    /// Its index entries.
    entries: SegmentWrite,
    /// Batches that are not written yet.
    pub(super) waiting: Vec<Batch>,
    /// How many of them are in `meta`.
    counted: usize,
    waiting_bytes: u64,
    at: u64,
    unsynced: u64,
}

impl Output {
    pub(super) fn new(
        disk: &dyn Disk,
        folder: &Path,
        base: Offset,
        group: Range<usize>,
        filter: &Filter,
    ) -> Result<Output, FileFault> {
        remove_swap(disk, folder, base)?;
        let path = folder.join(swap_name(base, SegmentFile::Log));
        let file = disk.open(&path, OpenMode::CreateNew).or_fault(&path, FileAction::Open)?;
        let meta = SegmentMeta::empty(base);
        let entries = write_after(&meta);
        let (waiting, counted, waiting_bytes, at, unsynced) = (Vec::new(), 0, 0, 0, 0);
        Ok(Output {
            group,
            changed_before: filter.stats().batches_changed,
            marks_before: filter.gone_marks().len(),
            kept_before: filter.kept().len(),
            path,
            file,
            meta,
            entries,
            waiting,
            counted,
            waiting_bytes,
            at,
            unsynced,
        })
    }

    /// Counts the new batches; writes all that wait once they are enough.
    pub(super) fn take_waiting(&mut self, interval: u64, appended: WallTime) -> Result<(), FileFault> {
        for batch in self.waiting.get(self.counted..).unwrap_or_default() {
            follow_rewritten(&mut self.meta, &mut self.entries, (batch.header(), appended), interval);
            self.waiting_bytes += batch.size() as u64;
        }
        self.counted = self.waiting.len();
        self.meta.last_appended = self.meta.last_appended.max(appended);
        if self.waiting_bytes >= CHUNK as u64 { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), FileFault> {
        let bytes = bytes_of(&self.waiting);
        write_piece(&*self.file, &self.waiting, self.at).or_fault(&self.path, FileAction::Write)?;
        self.at += bytes;
        self.unsynced += bytes;
        self.waiting.clear();
        (self.counted, self.waiting_bytes) = (0, 0);
        if self.unsynced >= UNSYNCED_MAX {
            self.unsynced = 0;
            self.file.sync().or_fault(&self.path, FileAction::Sync)?;
        }
        Ok(())
    }

    /// Writes the rest, the indexes with it, and syncs all of it. `kept` are the aborted transactions whose marks stay; if there
    /// are none, and were, an empty index takes the place of the old one.
    pub(super) fn end(
        &mut self,
        disk: &dyn Disk,
        folder: &Path,
        (kept, had_index): (&[AbortedTxn], bool),
    ) -> Result<SegmentMeta, FileFault> {
        self.flush()?;
        seal(&mut self.meta, &mut self.entries, kept);
        if had_index || !kept.is_empty() {
            put_txn_index(disk, &folder.join(swap_name(self.meta.base, SegmentFile::TxnIndex)), kept)?;
        }
        let offsets = encode_entries(&offset_entries(&self.entries));
        let times = encode_entries(&time_entries(&self.entries));
        for (kind, bytes) in [(SegmentFile::OffsetIndex, offsets), (SegmentFile::TimeIndex, times)] {
            let path = folder.join(swap_name(self.meta.base, kind));
            let file = disk.open(&path, OpenMode::CreateNew).or_fault(&path, FileAction::Open)?;
            write_chunks(&*file, &bytes, 0).or_fault(&path, FileAction::Write)?;
            file.sync().or_fault(&path, FileAction::Sync)?;
        }
        self.file.sync().or_fault(&self.path, FileAction::Sync)?;
        Ok(SegmentMeta { swap: true, ..self.meta.clone() })
    }
}
