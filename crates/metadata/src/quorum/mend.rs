//! A current snapshot that is damaged or missing, made anew from entries that are still somewhere.
//!
//! A snapshot is what its entries give, so it can be made again byte for byte where they are: in the log, if they are not
//! purged yet; in the checkpoint and the frames behind it, which hold them until the next checkpoint; or in frames from the
//! very first one on, while the write-ahead log still has it. An older snapshot that verifies spares what is before it.
//! *Invariant*: nothing is made up. Without every entry up to the one that the snapshot was of, there is none.
//! Tests: below, crates/cli/tests/repair.rs.

use super::QuorumRecovered;
use super::log_content::LogContent;
use super::raft::{Entry, Payload, StoredMembership};
use super::snapshot::{SavedState, SnapshotFault, SnapshotFolder, file_name};
use super::view::content;
use super::{EntryContent, QuorumView, ViewFault};
use crate::{MetadataImage, Record};
use env::Disk;
use std::path::Path;
use std::sync::Arc;
use types::MetadataOffset;

/// A snapshot that was made anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MendedSnapshot {
    /// Name of its file.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// What is wrong with the one that it takes the place of.
    pub reason: String,
    /// What is stored, once it is in its place.
    pub view: QuorumView,
}

/// Makes the current snapshot anew, if that is damaged or missing and all of its entries are in what recovery found, or in
/// `first`: all frames from the first one on. Changes nothing.
///
/// # Errors
/// The folder cannot be read, or something else is damaged, too.
pub fn mend_snapshot(
    disk: &Arc<dyn Disk>,
    folder: &Path,
    recovered: &QuorumRecovered,
    first: impl FnOnce() -> Option<QuorumRecovered>,
) -> Result<Option<MendedSnapshot>, ViewFault> {
    let snapshots = SnapshotFolder::look(disk.clone(), folder.to_owned());
    let log = LogContent::recover(recovered).map_err(super::QuorumFault::from)?;
    let purged = log.purged().map_or(0, |purged| purged.index);
    let Some((target, reason)) = wanted(&snapshots, purged).map_err(super::QuorumFault::from)? else {
        return Ok(None);
    };
    let base = snapshots.newest_below(target).map_err(super::QuorumFault::from)?;
    let base = base.unwrap_or_else(nothing);
    let made = made(&base, target, recovered).or_else(|| made(&base, target, &first()?));
    let Some(saved) = made else { return Ok(None) };
    let (name, bytes) = (file_name(saved.applied), saved.encode());
    let view = QuorumView::of(&log, Some(saved), folder)?;
    Ok(Some(MendedSnapshot { name, bytes, reason, view }))
}

/// Says of which entry there should be a snapshot that there is not, and what is wrong with what is there.
fn wanted(snapshots: &SnapshotFolder, purged: u64) -> Result<Option<(u64, String)>, SnapshotFault> {
    match snapshots.current() {
        Err(SnapshotFault::Damaged { path, error }) => {
            let newest = snapshots.newest_index()?.unwrap_or(0);
            Ok(Some((newest.max(purged), format!("{path} is damaged: {error}"))))
        }
        Err(fault) => Err(fault),
        Ok(current) => {
            let index = current.and_then(|saved| saved.applied).map_or(0, |applied| applied.index);
            let missing = || format!("there is no snapshot of offset {purged}, the newest one is of {index}");
            Ok((index < purged).then(|| (purged, missing())))
        }
    }
}

fn nothing() -> SavedState {
    SavedState { applied: None, membership: StoredMembership::default(), image: MetadataImage::default() }
}

/// Folds all entries behind a snapshot up to one; nothing if any is missing, or does not fit.
fn made(base: &SavedState, target: u64, from: &QuorumRecovered) -> Option<SavedState> {
    let log = LogContent::recover_all(from).ok()?;
    let first = base.applied.map_or(0, |applied| applied.index + 1);
    let entries = log.entries(first..=target);
    let is_whole = entries.iter().map(|entry| entry.log_id.index).eq(first..=target);
    is_whole.then(|| entries.into_iter().try_fold(base.clone(), folded))?
}

fn folded(state: SavedState, entry: Entry) -> Option<SavedState> {
    let (at, offset) = (entry.log_id, MetadataOffset(entry.log_id.index));
    let membership = match &entry.payload {
        Payload::Membership(membership) => StoredMembership::new(Some(at), membership.clone()),
        _ => state.membership,
    };
    let records: Vec<Record> = match content(entry.payload).ok()? {
        EntryContent::Records(records) => records,
        EntryContent::Blank | EntryContent::Voters(_) => Vec::new(),
    };
    // As the state machine does it.
    let image = match offset > MetadataOffset(0) {
        true => state.image.apply(&records, offset).ok()?,
        false => state.image,
    };
    Some(SavedState { applied: Some(at), membership, image })
}

#[cfg(test)]
mod tests {
    use super::super::raft::{RecordGroup, Vote, log_id};
    use super::super::storage::QuorumFrame;
    use super::*;
    use bytes::Bytes;
    use env::crash::CrashDisk;

    fn topic(name: &str, id: u8) -> Payload {
        let name = types::TopicName::new(name).unwrap();
        let record = Record::TopicCreated { name, id: types::TopicId(types::Uuid([id; 16])) };
        Payload::Normal(RecordGroup::new(&[record]))
    }

    fn folder() -> &'static Path {
        Path::new("/metadata")
    }

    fn recovered(checkpoint: Bytes, frames: &[QuorumFrame]) -> QuorumRecovered {
        QuorumRecovered { checkpoint, frames: frames.to_vec() }
    }

    /// A log whose entries up to 3 are purged, because a snapshot has them; with the checkpoints before any change and after the
    /// last, and the frames.
    struct Stored {
        disk: Arc<CrashDisk>,
        snapshots: SnapshotFolder,
        after: Bytes,
        frames: Vec<QuorumFrame>,
        bytes: Vec<u8>,
    }

    fn stored() -> Stored {
        let disk = Arc::new(CrashDisk::new());
        let snapshots = SnapshotFolder::open(disk.clone(), folder().into()).unwrap();
        let mut content = LogContent::default();
        let mut frames = vec![content.set_vote(Vote::new_committed(3, 7.into()))];
        let payloads = [Payload::Blank, topic("a", 1), topic("b", 2), Payload::Blank, topic("c", 3)];
        let entries: Vec<Entry> =
            (0..).zip(payloads).map(|(index, payload)| Entry { log_id: log_id(3, index), payload }).collect();
        entries.iter().for_each(|entry| frames.extend(content.append(entry.clone())));
        let saved = entries.into_iter().take(4).try_fold(nothing(), folded).unwrap();
        snapshots.save(&saved).unwrap();
        frames.push(content.purge(log_id(3, 3)));
        Stored { disk, snapshots, after: content.checkpoint(), frames, bytes: saved.encode() }
    }

    fn mend(
        stored: &Stored,
        recovered: &QuorumRecovered,
        first: Option<QuorumRecovered>,
    ) -> Option<MendedSnapshot> {
        let disk: Arc<dyn Disk> = stored.disk.clone();
        let before = stored.disk.ops();
        let mended = mend_snapshot(&disk, folder(), recovered, || first).unwrap();
        assert_eq!(stored.disk.ops(), before, "it changes nothing");
        mended
    }

    /// Protects: W-13: a damaged or missing snapshot is made again byte for byte from the entries that frames still hold, purged or
    /// not; what is then stored is all that was.
    #[test]
    fn snapshots_are_made_again() {
        for is_missing in [false, true] {
            let stored = stored();
            let path = folder().join(file_name(Some(log_id(3, 3))));
            match is_missing {
                true => stored.disk.remove_file(&path).unwrap(),
                false => stored.disk.corrupt(&path, 30, &[0xff]).unwrap(),
            }
            let all = recovered(Bytes::new(), &stored.frames);
            let late = recovered(stored.after.clone(), &stored.frames[6..]);
            for (found, first) in [(&all, None), (&late, Some(all.clone()))] {
                let mended = mend(&stored, found, first).unwrap();
                assert_eq!((&mended.bytes, &*path), (&stored.bytes, &*folder().join(&mended.name)));
                let names: Vec<&str> =
                    mended.view.image.topics().iter().map(|topic| topic.name.as_str()).collect();
                assert_eq!(names, ["a", "b", "c"], "{}", mended.reason);
            }
            assert_eq!(mend(&stored, &late, None), None, "the entries are gone: nothing is made up");
        }
    }

    /// Protects: what is whole is left alone; an older snapshot is gone on from; frames with a gap in them are not believed.
    #[test]
    fn nothing_is_made_up() {
        let stored = stored();
        let all = recovered(Bytes::new(), &stored.frames);
        assert_eq!(mend(&stored, &all, None), None, "nothing is damaged");
        let older = LogContent::recover_all(&all).unwrap().entries(0..=1);
        let older = older.into_iter().try_fold(nothing(), folded).unwrap();
        stored.snapshots.save(&older).unwrap();
        let newest = folder().join(file_name(Some(log_id(3, 3))));
        stored.disk.corrupt(&newest, 30, &[0xff]).unwrap();
        let late = recovered(stored.after.clone(), &[]);
        let mut short = stored.frames.clone();
        short.remove(3);
        assert_eq!(mend(&stored, &late, Some(recovered(Bytes::new(), &short))), None);
        assert_eq!(mend(&stored, &all, None).unwrap().bytes, stored.bytes);
    }
}
