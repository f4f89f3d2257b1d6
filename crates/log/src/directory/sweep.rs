//! Unlinking what was given up, a few files at a time, so that it does not starve the write-ahead log.
//!
//! What is here has been renamed so that nothing names it any more; what a crash leaves is found again at the next
//! start by its ending. Tests: `crates/log/tests/crash_directory.rs`.

use super::Directory;
use crate::fault::FileFault;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

/// Files and folders to be unlinked.
#[derive(Default)]
pub(super) struct Garbage(VecDeque<PathBuf>);

impl Garbage {
    pub(super) fn push(&mut self, path: PathBuf) {
        self.0.push_back(path);
    }

    pub(super) fn holds(&self, path: &Path) -> bool {
        self.0.iter().any(|held| held == path)
    }
}

impl Directory {
    /// Unlinks up to `budget` files of deleted logs and segments; says whether more are left. What cannot be unlinked is
    /// left to the next start: nothing names it.
    ///
    /// # Errors
    /// An earlier job has failed.
    pub fn sweep(&mut self, budget: usize) -> Result<bool, FileFault> {
        self.job(|directory| {
            let mut left = budget;
            while left > 0
                && let Some(path) = directory.garbage.0.front().cloned()
            {
                if directory.unlink(&path, &mut left).unwrap_or(true) {
                    directory.garbage.0.pop_front();
                }
            }
            Ok(!directory.garbage.0.is_empty())
        })
    }

    /// Unlinks a file, or some of a folder, counting down; says whether it is gone.
    fn unlink(&self, path: &Path, left: &mut usize) -> io::Result<bool> {
        let Ok(entries) = self.disk.list(path) else {
            *left -= 1;
            return self.disk.remove_file(path).map(|()| true);
        };
        for entry in entries {
            if *left == 0 {
                return Ok(false);
            }
            *left -= 1;
            self.disk.remove_file(&path.join(entry.name))?;
        }
        self.disk.remove_dir(path).map(|()| true)
    }
}
