//! Unlinking what was given up, a few files at a time, so that it does not starve the write-ahead log.
//!
//! What is here has been renamed so that nothing names it any more; what a crash leaves is found again at the next
//! start by its ending. Tests: `crates/log/tests/crash_directory.rs`.

use super::Directory;
use crate::fault::{FileAction, FileFault, OrFault};
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
    /// Unlinks up to `budget` files of deleted logs and segments; says whether more are left.
    ///
    /// # Errors
    /// Final: a name could not be removed.
    pub fn sweep(&mut self, budget: usize) -> Result<bool, FileFault> {
        self.job(|directory| {
            let mut left = budget;
            while left > 0
                && let Some(path) = directory.garbage.0.front().cloned()
            {
                if directory.unlink(&path, &mut left)? {
                    directory.garbage.0.pop_front();
                }
            }
            Ok(!directory.garbage.0.is_empty())
        })
    }

    /// Unlinks a file, or some of a folder, counting down; says whether it is gone.
    fn unlink(&self, path: &Path, left: &mut usize) -> Result<bool, FileFault> {
        match self.disk.list(path) {
            Ok(entries) => {
                for entry in entries {
                    if *left == 0 {
                        return Ok(false);
                    }
                    *left -= 1;
                    let file = path.join(entry.name);
                    self.disk.remove_file(&file).or_fault(&file, FileAction::Rename)?;
                }
                self.disk.remove_dir(path).or_fault(path, FileAction::Rename)?;
                Ok(true)
            }
            Err(_) => {
                *left -= 1;
                match self.disk.remove_file(path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
                    outcome => outcome.or_fault(path, FileAction::Rename).map(|()| true),
                }
            }
        }
    }
}
