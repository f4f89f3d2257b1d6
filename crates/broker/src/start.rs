//! How a broker comes up, and what it says then.

use log::directory::{OpenError, RecoveryReport};
use std::path::PathBuf;

/// What a broker says when it serves.
#[derive(Clone, Debug)]
pub struct Banner {
    /// Where the data is.
    pub data_dir: PathBuf,
    /// What an acknowledgement means, in one sentence.
    pub acknowledgement: String,
    /// The address that clients of the first listener use.
    pub client_address: String,
    /// Those of clients of the other listeners.
    pub other_addresses: Vec<String>,
    /// Where health and metrics are, if anywhere.
    pub http_address: Option<String>,
    /// What recovery found, in one sentence.
    pub recovery: String,
    /// What the user should know: settings that do not act, a port that was taken.
    pub notices: Vec<String>,
}

/// Why a broker does not serve, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory cannot be opened.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {error}. Stop whatever uses it, or choose another with {setting}")]
    Listen {
        /// The address.
        address: String,
        /// What the system says.
        error: std::io::Error,
        /// The setting that changes it.
        setting: &'static str,
    },
    /// The metadata quorum did not come up.
    #[error("the metadata cannot be started: {0}")]
    Metadata(String),
    /// What the directory holds of the metadata is damaged.
    #[error("the metadata cannot be started: {0}. `highwater repair` shows what can be done")]
    DamagedMetadata(String),
    /// The data directory failed while serving (W-11).
    #[error(
        "the data directory has failed: {0}. The broker has stopped; check the disk, then start it again"
    )]
    Storage(String),
}

impl ServeError {
    /// Returns the exit code of the process: 3 for storage, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            ServeError::Storage(_) | ServeError::DamagedMetadata(_) => 3,
            ServeError::Open(error) if is_damage(error) => 3,
            ServeError::Open(_) | ServeError::Listen { .. } | ServeError::Metadata(_) => 1,
        }
    }
}

fn is_damage(error: &OpenError) -> bool {
    matches!(
        error,
        OpenError::State(_)
            | OpenError::Cut { .. }
            | OpenError::Unrepaired { .. }
            | OpenError::Replay(_)
            | OpenError::Wal(_)
            | OpenError::File(_)
    )
}

/// Says in one sentence what recovery found.
pub(crate) fn describe(report: &RecoveryReport) -> String {
    let RecoveryReport { logs, frames, bytes, .. } = report;
    let mut text =
        format!("{logs} partitions, {frames} changes ({bytes} bytes) replayed from the write-ahead log");
    if report.page_cache_logs > 0 {
        let RecoveryReport { page_cache_logs, found_bytes, .. } = report;
        text.push_str(&format!(
            ", {found_bytes} bytes found in the files of {page_cache_logs} page-cache partitions"
        ));
    }
    if !report.dropped.is_empty() {
        let torn = report.dropped.len();
        text.push_str(&format!(", {torn} torn groups that nobody was promised were dropped"));
    }
    if !report.damaged.is_empty() {
        text.push_str(&format!(", {} partitions are damaged and offline", report.damaged.len()));
    }
    text
}
