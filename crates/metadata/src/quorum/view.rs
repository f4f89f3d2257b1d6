//! The quorum's files as an inspection sees them: log, vote, snapshot, and the image they give.
//!
//! Nothing is changed and nothing is started. *Invariant*: in a quorum of one each entry of the log is agreed
//! on, so the image is the one that the next start publishes. Tests: quorum/tests.rs, crates/cli/tests.

use super::encoding::VERSION;
use super::log_content::LogContent;
use super::raft::{Entry, LogId, Payload, Vote};
use super::snapshot::{SavedState, SnapshotFolder};
use super::{QuorumFault, QuorumRecovered, Voter};
use crate::codec::DecodeError;
use crate::{ApplyError, MetadataImage, Record, decode_records};
use env::Disk;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::MetadataOffset;

/// Why the files cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ViewFault {
    /// Log or snapshot are damaged, or do not belong together.
    #[error(transparent)]
    Quorum(#[from] QuorumFault),
    /// An entry holds no records.
    #[error("the entry at offset {offset} cannot be read: {error}")]
    Undecodable {
        /// The entry's offset.
        offset: MetadataOffset,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// An entry does not fit what is before it.
    #[error("the entry at offset {offset} does not fit: {error}")]
    Misfit {
        /// The entry's offset.
        offset: MetadataOffset,
        /// What does not fit.
        error: ApplyError,
    },
}

/// One entry of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntryView {
    /// Where it stands.
    pub offset: MetadataOffset,
    /// Term of the leader that wrote it.
    pub term: u64,
    /// What it says.
    pub content: EntryContent,
}

/// What an entry says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EntryContent {
    /// Nothing: a leader has begun its term.
    Blank,
    /// These facts, together.
    Records(Vec<Record>),
    /// Who votes.
    Voters(Vec<Voter>),
}

/// The snapshot that is current.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnapshotView {
    /// Its file.
    pub file: PathBuf,
    /// Offset up to which it has everything.
    pub offset: MetadataOffset,
}

/// Everything that the quorum has stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuorumView {
    /// Version of the encodings.
    pub version: u8,
    /// The last vote: term, and for whom.
    pub vote: Option<(u64, Voter)>,
    /// Who votes now.
    pub voters: Vec<Voter>,
    /// Last offset that the log no longer has, because a snapshot has it.
    pub purged: Option<MetadataOffset>,
    /// The current snapshot.
    pub snapshot: Option<SnapshotView>,
    /// The entries of the log, in order.
    pub entries: Vec<EntryView>,
    /// What snapshot and entries give.
    pub image: MetadataImage,
}

impl QuorumView {
    /// Reads what recovery found and the snapshots in a folder, which may be missing.
    ///
    /// # Errors
    /// Damage of log or snapshot.
    pub fn read(
        disk: Arc<dyn Disk>,
        snapshots: &Path,
        recovered: &QuorumRecovered,
    ) -> Result<QuorumView, ViewFault> {
        let log = LogContent::recover(recovered).map_err(QuorumFault::from)?;
        let folder = SnapshotFolder::look(disk, snapshots.to_owned());
        let saved = folder.current().map_err(QuorumFault::from)?;
        QuorumView::of(&log, saved, snapshots)
    }

    /// Shows a log and a snapshot.
    pub(super) fn of(
        log: &LogContent,
        saved: Option<SavedState>,
        snapshots: &Path,
    ) -> Result<QuorumView, ViewFault> {
        super::check_covered(log.purged(), saved.as_ref().and_then(|saved| saved.applied))?;
        let mut view = QuorumView {
            version: VERSION,
            vote: log.vote().map(|vote: Vote| (vote.leader_id.term, vote.leader_id.voted_for)),
            voters: saved.as_ref().map_or_else(Vec::new, |s| s.membership.membership().voter_ids().collect()),
            purged: log.purged().map(offset),
            snapshot: saved.as_ref().map(|saved| snapshot(snapshots, saved.applied)),
            entries: Vec::new(),
            image: saved.map(|saved| saved.image).unwrap_or_default(),
        };
        log.entries(..).into_iter().try_for_each(|entry| view.take(entry))?;
        Ok(view)
    }

    fn take(&mut self, entry: Entry) -> Result<(), ViewFault> {
        let offset = offset(entry.log_id);
        let content = content(entry.payload).map_err(|error| ViewFault::Undecodable { offset, error })?;
        if offset > self.image.offset() {
            let records: &[Record] = match &content {
                EntryContent::Records(records) => records,
                EntryContent::Blank | EntryContent::Voters(_) => &[],
            };
            let applied = self.image.apply(records, offset);
            self.image = applied.map_err(|error| ViewFault::Misfit { offset, error })?;
        }
        if let EntryContent::Voters(voters) = &content {
            self.voters.clone_from(voters);
        }
        self.entries.push(EntryView { offset, term: entry.log_id.leader_id.term, content });
        Ok(())
    }
}

fn offset(at: LogId) -> MetadataOffset {
    MetadataOffset(at.index)
}

fn snapshot(folder: &Path, applied: Option<LogId>) -> SnapshotView {
    SnapshotView {
        file: folder.join(super::snapshot::file_name(applied)),
        offset: applied.map_or(MetadataOffset(0), offset),
    }
}

/// Reads what an entry says.
pub(super) fn content(payload: Payload) -> Result<EntryContent, DecodeError> {
    match payload {
        Payload::Blank => Ok(EntryContent::Blank),
        Payload::Normal(group) => decode_records(&group.0).map(EntryContent::Records),
        Payload::Membership(membership) => Ok(EntryContent::Voters(membership.voter_ids().collect())),
    }
}
