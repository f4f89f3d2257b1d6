//! The reading of a compaction: batches of sealed segments in their order, each checked as a reader checks it.

use super::super::found::Window;
use super::Stop;
use crate::compact::CompactPlan;
use crate::epochs::epoch_at;
use crate::files::live_path;
use crate::layout::SegmentFile;
use crate::segments::{NO_TIMESTAMP, SegmentMeta};
use env::{Disk, DiskFile, OpenMode};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::{Offset, WallTime};
use wire::record::Batch;

/// An open file and where it is.
type Opened = (PathBuf, Arc<dyn DiskFile>);

/// A walk over the batches of some segments, each checked.
pub(super) struct Pass {
    /// Those that are not read whole yet.
    segments: Range<usize>,
    /// The last one that was opened.
    at_segment: usize,
    file: Option<Opened>,
    window: Window,
    position: u64,
    expected: Offset,
    /// Bytes read so far.
    pub(super) bytes: u64,
}

impl Pass {
    pub(super) fn new(segments: Range<usize>) -> Pass {
        let (window, at_segment) = (Window::default(), segments.start);
        Pass { segments, at_segment, file: None, window, position: 0, expected: Offset::ZERO, bytes: 0 }
    }

    pub(super) fn begin(&mut self, segments: Range<usize>) {
        *self = Pass { bytes: self.bytes, ..Pass::new(segments) };
    }

    /// Returns when the last batch of the segment at hand was appended.
    pub(super) fn appended(&self, plan: &CompactPlan) -> WallTime {
        plan.segments.get(self.at_segment).map_or(NO_TIMESTAMP, |meta| meta.last_appended)
    }

    /// Returns the next batch; nothing at the end.
    pub(super) fn next(
        &mut self,
        disk: &dyn Disk,
        folder: &Path,
        plan: &CompactPlan,
    ) -> Result<Option<Batch>, Stop> {
        loop {
            let Some(meta) = plan.segments.get(self.segments.start).filter(|_| !self.segments.is_empty())
            else {
                return Ok(None);
            };
            self.at_segment = self.segments.start;
            let open = match self.file.take() {
                Some(open) => open,
                None => self.open(disk, folder, meta)?,
            };
            if self.position < meta.bytes {
                return self.batch(open, meta, plan).map(Some);
            }
            if self.expected != meta.next {
                return Err(Stop::Damaged { path: open.0, position: self.position });
            }
            self.window = Window::default();
            self.segments.start += 1;
        }
    }

    fn open(&mut self, disk: &dyn Disk, folder: &Path, meta: &SegmentMeta) -> Result<Opened, Stop> {
        let path = live_path(disk, folder, meta, SegmentFile::Log)?;
        let file = match disk.open(&path, OpenMode::Read) {
            Ok(file) => file,
            Err(source) => return Err(Stop::Read { path, source }),
        };
        (self.position, self.expected) = (0, meta.base);
        Ok((path, file))
    }

    /// Reads the batch at the position.
    fn batch(&mut self, open: Opened, meta: &SegmentMeta, plan: &CompactPlan) -> Result<Batch, Stop> {
        let (path, file) = &open;
        let read = self.window.batch(&**file, self.position, meta.bytes);
        let bytes = read.map_err(|source| Stop::Read { path: path.clone(), source })?;
        let batch = bytes.and_then(|bytes| Batch::from_wire(&bytes).ok());
        let sound = batch.filter(|batch| is_sound(batch, self.expected, meta, plan));
        let batch = sound.ok_or_else(|| Stop::Damaged { path: path.clone(), position: self.position })?;
        self.position += batch.size() as u64;
        self.bytes += batch.size() as u64;
        self.expected = batch.header().next_offset();
        self.file = Some(open);
        Ok(batch)
    }
}

/// Says whether a batch is what a reader would serve from there (W-18).
fn is_sound(batch: &Batch, expected: Offset, meta: &SegmentMeta, plan: &CompactPlan) -> bool {
    let head = batch.header();
    let has_epoch = || epoch_at(&plan.epochs, head.last_offset()) == Some(head.leader_epoch);
    head.base_offset == expected
        && head.last_offset_delta >= 0
        && head.next_offset() <= meta.next
        && batch.verify_crc()
        && (head.next_offset() <= plan.log_start || has_epoch())
}
