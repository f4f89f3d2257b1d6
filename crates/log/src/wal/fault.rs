//! Why the write-ahead log stopped. Every fault is final (W-11): nothing is retried on the same
//! files, all waiters are told, and the directory goes offline. Only what makes files ready ahead of
//! their use waits for a descriptor.

use crate::fault::is_no_descriptor;
use std::io;
use std::path::{Path, PathBuf};

/// The call that failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WalCall {
    /// Opening or making a file.
    Open,
    /// Making the folder.
    CreateDir,
    /// Listing the folder.
    List,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Syncing a file.
    Sync,
    /// Syncing a folder.
    SyncDir,
    /// Removing a file.
    Remove,
}

impl std::fmt::Display for WalCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            WalCall::Open => "open",
            WalCall::CreateDir => "make the folder",
            WalCall::List => "list",
            WalCall::Read => "read",
            WalCall::Write => "write",
            WalCall::Sync => "sync",
            WalCall::SyncDir => "sync the folder",
            WalCall::Remove => "remove",
        })
    }
}

/// Why the write-ahead log stopped.
#[derive(Debug, thiserror::Error)]
pub enum WalFault {
    /// The operating system refused a call. Whether the bytes are safe is not known.
    #[error("cannot {call} {path}: {source}")]
    Io {
        /// The call.
        call: WalCall,
        /// File or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An earlier call failed, or the log was stopped; nothing was done.
    #[error("the write-ahead log is closed")]
    Closed,
    /// A frame does not fit into a file; nothing was done. The message-size limits rule this out (W-4).
    #[error("a frame of {bytes} bytes is larger than {max}, the most that a WAL file takes")]
    TooLarge {
        /// Bytes of the payload.
        bytes: usize,
        /// Most that is allowed.
        max: usize,
    },
    /// A folder that should be new holds groups already; nothing was done.
    #[error("{path} holds groups of a write-ahead log already")]
    Occupied {
        /// The file.
        path: PathBuf,
    },
}

impl WalFault {
    /// Says whether there was no descriptor to open a file or a folder with. Nothing was done then: not now.
    pub(super) fn is_no_descriptor(&self) -> bool {
        match self {
            WalFault::Io { call: WalCall::Open | WalCall::SyncDir, source, .. } => is_no_descriptor(source),
            _ => false,
        }
    }
}

/// Names the call and the path of an error of the operating system.
pub(super) trait OrFault<T> {
    /// Turns the error into a fault.
    fn or_fault(self, call: WalCall, path: &Path) -> Result<T, WalFault>;
}

impl<T> OrFault<T> for io::Result<T> {
    fn or_fault(self, call: WalCall, path: &Path) -> Result<T, WalFault> {
        self.map_err(|source| WalFault::Io { call, path: path.to_path_buf(), source })
    }
}
