//! Jobs on the segment files of one log: deletion, cuts, indexes.

use super::Directory;
use crate::fault::{FileAction, FileFault, OrFault};
use crate::files::{SegmentPlace, cut_segment, rewrite_indexes};
use crate::layout::{DELETED_ENDING, SEGMENT_FILES, segment_name};
use crate::segments::{FileCut, SegmentId, SegmentMeta};
use std::io;
use std::path::{Path, PathBuf};
use types::{LogKey, WallTime};

impl Directory {
    /// Renames segments that lie below the log start of the last checkpoint, and queues them for [`Directory::sweep`].
    ///
    /// # Errors
    /// No room, or final.
    pub fn delete_segments(&mut self, key: LogKey, segments: &[SegmentId]) -> Result<(), FileFault> {
        self.job(|directory| match directory.folder_of(key) {
            Some(folder) => {
                let renamed = segments.iter().try_for_each(|base| directory.rename_files(&folder, *base));
                directory.registry().touch(key);
                renamed
            }
            None => Ok(()),
        })
    }

    /// Cuts a segment file whose log was truncated, and makes that safe; returns the segment as it is then, nothing if its
    /// files are gone. `now` stands in for the append time of its last batch, which the file does not tell.
    ///
    /// # Errors
    /// The file holds no batch that ends at the cut; else as every job.
    pub fn cut_file(&mut self, cut: &FileCut, now: WallTime) -> Result<Option<SegmentMeta>, FileFault> {
        self.job(|directory| {
            let Some(folder) = directory.folder_of(cut.key) else { return Ok(None) };
            directory.registry().touch(cut.key);
            let outcome = directory.cut_now(&folder, cut, now);
            directory.registry().touch(cut.key);
            outcome
        })
    }

    /// Writes the indexes of a segment anew, as the state knows their lengths; see `Reader::take_unfit_indexes`. Those
    /// of a page-cache log's last segment are left to its writer, who checks them when it opens them.
    ///
    /// # Errors
    /// As every job.
    pub fn rebuild_indexes(&mut self, key: LogKey, segment: &SegmentMeta) -> Result<(), FileFault> {
        self.job(|directory| {
            if segment.swap {
                // Its files are about to get other names; who still finds the indexes unfit says so again.
                return Ok(());
            }
            if directory.page_logs.contains(&key) && !segment.sealed {
                // Its writer extends them; who opens the segment next may find them fit.
                directory.registry().close(key, segment.base);
                return Ok(());
            }
            let Some(folder) = directory.folder_of(key) else { return Ok(()) };
            let place = SegmentPlace { disk: &*directory.disk, folder: &folder, base: segment.base };
            if !directory.disk.exists(&place.path(SEGMENT_FILES[0])).or_fault(&folder, FileAction::Open)? {
                return Ok(());
            }
            rewrite_indexes(place, segment)?;
            directory.unsynced.insert(folder);
            directory.registry().close(key, segment.base);
            // The next extension checks the indexes again: they may be longer than `segment` knew.
            directory.extended.remove(&key);
            Ok(())
        })
    }

    fn cut_now(
        &mut self,
        folder: &Path,
        cut: &FileCut,
        now: WallTime,
    ) -> Result<Option<SegmentMeta>, FileFault> {
        self.drop_producers_above(folder, cut.to)?;
        if cut.to <= cut.segment {
            self.rename_files(folder, cut.segment)?;
            // A page-cache log goes on under names like these.
            self.sync_folder(folder)?;
            return Ok(None);
        }
        let place = SegmentPlace { disk: &*self.disk, folder, base: cut.segment };
        cut_segment(place, cut.to, now).map(Some)
    }

    /// Returns the folder of a log if it exists.
    pub(super) fn folder_of(&self, key: LogKey) -> Option<PathBuf> {
        let folder = self.registry().folder(key)?;
        self.folders.contains_key(&*folder).then(|| self.root.join(&*folder))
    }

    /// Renames all files of a segment to `.deleted`.
    pub(super) fn rename_files(&mut self, folder: &Path, base: SegmentId) -> Result<(), FileFault> {
        for file in SEGMENT_FILES {
            let name = segment_name(base, file);
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
}
