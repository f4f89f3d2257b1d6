//! Folders that were set aside because nobody knows their log: kept for seven days, then deleted (W-14).
//!
//! When a folder was set aside stands in its name, so that it survives whatever happens to the state:
//! `<topic>-<partition>.<topic id>.<unix time in ms>-stray`. One without a time, of an earlier version, gets the time at
//! which it is first seen. Whoever asks for the deletion answers for the clock: after a jump nothing is deleted by age.
//! Tests: `crates/log/tests/crash_directory/strays.rs`.

use super::Directory;
use crate::fault::{FileAction, FileFault, OrFault};
use crate::layout::{DELETE_ENDING, StrayTime, is_stray_folder, stray_time, timed_stray_name};
use env::DirEntry;
use types::{Millis, WallTime};

impl Directory {
    /// Deletes the strays that were set aside longer than `keep` ago; returns how many. Their files go with
    /// [`Directory::sweep`].
    ///
    /// # Errors
    /// As every job.
    pub fn expire_strays(&mut self, now: WallTime, keep: Millis) -> Result<usize, FileFault> {
        self.job(|directory| {
            let root = directory.root.clone();
            let entries = directory.disk.list(&root).or_fault(&root, FileAction::Read)?;
            let is_stray = |entry: &DirEntry| entry.is_dir && is_stray_folder(&entry.name);
            let strays: Vec<DirEntry> = entries.into_iter().filter(is_stray).collect();
            if !strays.is_empty() && directory.unsynced.contains(&root) {
                // The name that goes must be the only one: an earlier one must not come back beside the next.
                directory.sync_folder(&root)?;
            }
            let mut expired = 0;
            for stray in strays {
                match stray_time(&stray.name) {
                    StrayTime::Unknown => {
                        let timed = timed_stray_name(&stray.name, now);
                        directory.rename_folder(&stray.name, &timed)?;
                    }
                    StrayTime::Known(since) if now.0.saturating_sub(since.0) > keep.0 => {
                        directory.delete_stray(&stray.name)?;
                        expired += 1;
                    }
                    StrayTime::Known(_) => {}
                }
            }
            if expired > 0 {
                // A name that came back after a power cut would stand for a folder that is half empty.
                directory.sync_folder(&root)?;
            }
            Ok(expired)
        })
    }

    fn delete_stray(&mut self, name: &str) -> Result<(), FileFault> {
        let target = name.strip_suffix(crate::layout::STRAY_ENDING).unwrap_or(name);
        let target = format!("{target}{DELETE_ENDING}");
        let path = self.root.join(&target);
        self.clear_folder(&path)?;
        self.rename_folder(name, &target)?;
        self.garbage.push(path);
        Ok(())
    }
}
