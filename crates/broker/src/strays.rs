//! Logs that no topic owns, at a start (W-14).
//!
//! A crash has come between a topic's deletion and the end of its log. Tests: strays/tests.rs.

use env::Env;
use log::directory::{Checkpoint, Directory, RecoveryReport};
use log::fault::FileFault;
use log::log::Log;
use metadata::MetadataImage;

/// Sets aside the logs that no topic owns, durably and before anybody can make a topic of the same
/// name: a crash has come between a topic's deletion and the end of its log. The folder is kept under
/// another name; what such a log had in the write-ahead log alone goes (W-14).
pub(crate) fn set_strays_aside(
    directory: &mut Directory,
    logs: &mut Vec<Log>,
    image: &MetadataImage,
    report: &RecoveryReport,
    env: &Env,
) -> Result<(), FileFault> {
    let strays: Vec<Log> = logs.extract_if(.., |log| image.partition(log.key()).is_none()).collect();
    if strays.is_empty() {
        return Ok(());
    }
    for stray in &strays {
        tracing::warn!(partition = %stray.key(), "a log that no topic owns is set aside as a stray");
        directory.stray_log(stray.key())?;
    }
    let (cuts, placements, removed, quorum) = (Vec::new(), Vec::new(), Vec::new(), None);
    let (mark, wall) = (report.mark, env.clock.now().wall);
    directory.checkpoint(&Checkpoint { mark, wall, cuts, placements, removed, quorum })?;
    Ok(())
}

#[cfg(test)]
mod tests;
