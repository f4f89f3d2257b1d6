//! The two small text files that Kafka's tools look for in a log's folder.
//!
//! ```text
//! partition.metadata          leader-epoch-checkpoint
//!   version: 0                  0
//!   topic_id: <id>              <count>
//!                               <epoch> <first offset>      one line per epoch
//! ```
//!
//! `partition.metadata` is read back to tell an old folder from its namesake's; the other is never read.
//! Source: `PartitionMetadataFile`, `LeaderEpochCheckpointFile` of Kafka 4.3.1. Tests: below.

use crate::epochs::EpochEntry;
use crate::fault::{FileAction, FileFault, OrFault};
use crate::layout::{EPOCH_CHECKPOINT, PARTITION_METADATA};
use env::{Disk, OpenMode};
use std::fmt::Write;
use std::io;
use std::path::Path;
use types::TopicId;

/// Most bytes that a small text file may have.
const MAX_TEXT_BYTES: usize = 4096;

/// Writes and syncs the file with the topic id.
pub(super) fn write_metadata(disk: &dyn Disk, folder: &Path, topic_id: TopicId) -> Result<(), FileFault> {
    let path = folder.join(PARTITION_METADATA);
    let file = disk.open(&path, OpenMode::CreateNew).or_fault(&path, FileAction::Open)?;
    let text = format!("version: 0\ntopic_id: {topic_id}");
    file.write_at(text.as_bytes(), 0).or_fault(&path, FileAction::Write)?;
    file.sync().or_fault(&path, FileAction::Sync)
}

/// Reads the topic id of a folder; nothing if it has no such file, or one that says nothing.
pub(crate) fn read_metadata(disk: &dyn Disk, folder: &Path) -> Result<Option<TopicId>, FileFault> {
    let path = folder.join(PARTITION_METADATA);
    let text = read_text(disk, &path).or_fault(&path, FileAction::Read)?;
    Ok(text.as_deref().and_then(parse_metadata))
}

fn parse_metadata(text: &str) -> Option<TopicId> {
    let id = text.lines().find_map(|line| line.strip_prefix("topic_id:"))?;
    id.trim().parse().ok().map(TopicId)
}

/// Reads a small text file; nothing if it is missing or is no text.
pub(crate) fn read_text(disk: &dyn Disk, path: &Path) -> io::Result<Option<String>> {
    let file = match disk.open(path, OpenMode::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = vec![0; MAX_TEXT_BYTES];
    let got = file.read_at(&mut bytes, 0)?;
    bytes.truncate(got);
    Ok(String::from_utf8(bytes).ok())
}

/// Writes the leader epochs aside and gives the file its name; nothing reads it, so nothing is synced.
pub(super) fn write_epochs(disk: &dyn Disk, folder: &Path, epochs: &[EpochEntry]) -> Result<(), FileFault> {
    let path = folder.join(EPOCH_CHECKPOINT);
    let aside = folder.join(format!("{EPOCH_CHECKPOINT}.tmp"));
    let text = epochs_text(epochs);
    let file = disk.open(&aside, OpenMode::Create).or_fault(&aside, FileAction::Open)?;
    file.set_size(0).or_fault(&aside, FileAction::Write)?;
    file.write_at(text.as_bytes(), 0).or_fault(&aside, FileAction::Write)?;
    disk.rename(&aside, &path).or_fault(&path, FileAction::Rename)
}

fn epochs_text(epochs: &[EpochEntry]) -> String {
    let mut text = format!("0\n{}\n", epochs.len());
    for entry in epochs {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {}", entry.epoch, entry.start);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{LeaderEpoch, Offset, Uuid};

    /// Protects: the texts are the ones that Kafka's own readers parse.
    #[test]
    fn texts_are_kafkas() {
        let entries = [(0, 0), (3, 17)]
            .map(|(epoch, start)| EpochEntry { epoch: LeaderEpoch(epoch), start: Offset(start) });
        assert_eq!(epochs_text(&entries), "0\n2\n0 0\n3 17\n");
        let id = TopicId(Uuid([9; 16]));
        assert_eq!(parse_metadata(&format!("version: 0\ntopic_id: {id}")), Some(id));
        assert_eq!(parse_metadata("version: 0"), None);
    }
}
