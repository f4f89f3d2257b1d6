//! What goes wrong with files, in three kinds: no room, failed, not as the state says.
//!
//! No room (W-12) abandons the job that met it; the same job may be tried again when there is space.
//! Everything else is final for the directory (W-11). A failed sync is never "no room", whatever the
//! system's number for it. Source: design W-11, W-12. Tests: `crates/log/tests/crash_directory.rs`.

use std::io;
use std::path::{Path, PathBuf};

/// ENFILE and EMFILE: no descriptor is free.
const NO_DESCRIPTOR: [i32; 2] = [23, 24];

/// Says whether the process or the machine has too many files open.
pub(crate) fn is_no_descriptor(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| NO_DESCRIPTOR.contains(&code))
}

/// What was being done to a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileAction {
    /// Opening or making it.
    Open,
    /// Reading it.
    Read,
    /// Writing or cutting it.
    Write,
    /// Making its bytes or names safe.
    Sync,
    /// Giving it another name, or removing it.
    Rename,
}

impl FileAction {
    fn verb(self) -> &'static str {
        match self {
            FileAction::Open => "opened",
            FileAction::Read => "read",
            FileAction::Write => "written",
            FileAction::Sync => "synced",
            FileAction::Rename => "renamed or removed",
        }
    }
}

/// Why a job on files of the directory did not end.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// There is no space left, or no free descriptor. The job is abandoned, its files are cut back to what they were; it
    /// may be tried again.
    #[error("there is no space or no descriptor left to write {}", path.display())]
    Full {
        /// The file or folder.
        path: PathBuf,
    },
    /// A call failed. Final: nothing of the directory may be written any more.
    #[error("{} could not be {}: {source}", path.display(), action.verb())]
    Failed {
        /// The file or folder.
        path: PathBuf,
        /// What was being done.
        action: FileAction,
        /// The system's answer.
        source: io::Error,
    },
    /// A file is shorter than the bytes that were synced to it. Final.
    #[error("{} has {have} bytes where {want} were synced", path.display())]
    Short {
        /// The file.
        path: PathBuf,
        /// Its length.
        have: u64,
        /// The length that the state knows.
        want: u64,
    },
    /// A file holds no batch where one was synced. Final.
    #[error("{} holds no batch at byte {position}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        position: u64,
    },
    /// An earlier job failed for good; nothing was done.
    #[error("the directory has failed before")]
    Closed,
    /// A folder's name belongs to another log that is not removed yet; nothing was done. A mistake of the caller.
    #[error("{} is the folder of another log", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// A log with something to write has no folder; nothing was done. A mistake of the caller.
    #[error("log {0} has no folder")]
    NoFolder(types::LogKey),
}

impl FileFault {
    /// Says whether the job may be tried again when there is space.
    pub fn is_full(&self) -> bool {
        matches!(self, FileFault::Full { .. })
    }

    /// Says whether the bytes are gone, or not those that were written: reading again would not help.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            FileFault::Failed { source, .. } => {
                matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData)
            }
            FileFault::Short { .. } | FileFault::Damaged { .. } => true,
            FileFault::Full { .. } | FileFault::Closed | FileFault::Taken { .. } | FileFault::NoFolder(_) => {
                false
            }
        }
    }

    pub(crate) fn new(path: &Path, action: FileAction, source: io::Error) -> FileFault {
        let no_space = matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let path = path.to_path_buf();
        // A folder is opened to be read.
        let opens = matches!(action, FileAction::Open | FileAction::Read);
        match no_space && action != FileAction::Sync || opens && is_no_descriptor(&source) {
            true => FileFault::Full { path },
            false => FileFault::Failed { path, action, source },
        }
    }
}

/// Names path and action of a failed call.
pub(crate) trait OrFault<T> {
    /// Turns the system's error into a fault.
    fn or_fault(self, path: &Path, action: FileAction) -> Result<T, FileFault>;
}

impl<T> OrFault<T> for io::Result<T> {
    fn or_fault(self, path: &Path, action: FileAction) -> Result<T, FileFault> {
        self.map_err(|source| FileFault::new(path, action, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: W-11, W-12: only a write or a name without room, or an open without a descriptor, may be tried again.
    #[test]
    fn only_want_of_room_is_not_final() {
        let table = [
            (28, FileAction::Write, true),
            (28, FileAction::Open, true),
            (28, FileAction::Rename, true),
            (122, FileAction::Write, true),
            (24, FileAction::Open, true),
            (23, FileAction::Open, true),
            (24, FileAction::Read, true),
            (24, FileAction::Sync, false),
            (28, FileAction::Sync, false),
            (5, FileAction::Write, false),
            (5, FileAction::Sync, false),
            (24, FileAction::Write, false),
            (30, FileAction::Open, false),
        ];
        for (code, action, may_retry) in table {
            let fault = FileFault::new(Path::new("/f"), action, io::Error::from_raw_os_error(code));
            assert_eq!(fault.is_full(), may_retry, "{fault}");
        }
    }
}
