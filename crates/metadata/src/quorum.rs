//! The quorum that agrees on metadata records: a trait of our own, and openraft behind it.
//!
//! One node is a quorum of one: it elects itself when it starts. This module stores, sends and hands
//! over agreed records; it decides nothing. openraft's words (term, log id, vote) stop here: outside,
//! a log index is a [`MetadataOffset`]. No openraft type is serialised: see encoding.rs. Rules: W-13,
//! D-8. Tests: quorum/tests (openraft's own conformance suite), tests/crash_quorum.rs.

mod encoding;
mod log_content;
mod log_store;
mod mend;
mod network;
mod raft;
mod snapshot;
mod state_machine;
mod storage;
#[cfg(test)]
mod tests;
mod view;
mod wal;

pub use log_content::LogDamage;
pub use mend::{MendedSnapshot, mend_snapshot};
pub use network::NoPeers;
pub use raft::{Voter, VoterAddress};
pub use snapshot::SnapshotFault;
pub use storage::{
    QuorumFrame, QuorumFrameKind, QuorumRecovered, QuorumStorage, Space, StorageFailed, StorageFull, Ticket,
};
pub use view::{EntryContent, EntryView, QuorumView, SnapshotView, ViewFault};
pub use wal::WalStorage;

use crate::{MetadataImage, Record};
use bytes::Bytes;
use env::Disk;
use log_store::LogStore;
use openraft::errors::Fatal;
use openraft::type_config::async_runtime::WatchReceiver;
use openraft::{Config, Raft, ReadPolicy, SnapshotPolicy};
use raft::{QuorumTypes, RecordGroup};
use snapshot::SnapshotFolder;
use state_machine::StateMachine;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use types::MetadataOffset;

/// Largest group of records that can be agreed on. *Units*: bytes, encoded.
pub const MAX_GROUP_BYTES: usize = 4 << 20;

/// Agrees on records and publishes images.
pub trait MetadataQuorum: Clone + Send + Sync + 'static {
    /// Has records agreed on, all or none; returns their offset once the local image contains them.
    fn propose(
        &self,
        records: Vec<Record>,
    ) -> impl Future<Output = Result<MetadataOffset, ProposeError>> + Send;

    /// Returns the local image as it moves on.
    fn image(&self) -> watch::Receiver<Arc<MetadataImage>>;

    /// Returns who leads, who votes, and how far the log is.
    fn status(&self) -> QuorumStatus;

    /// Waits until the local image holds everything that was agreed before the call.
    fn barrier(&self) -> impl Future<Output = Result<MetadataOffset, ProposeError>> + Send;
}

/// The quorum at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct QuorumStatus {
    /// Who leads; none during an election.
    pub leader: Option<Voter>,
    /// Number of that leadership.
    pub term: u64,
    /// End of what is agreed: the offset of the next entry.
    pub committed_end: MetadataOffset,
    /// Who votes, and the end of each log, as far as this node knows it.
    pub voters: Vec<(Voter, MetadataOffset)>,
}

/// Why records were not agreed on, or perhaps were.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProposeError {
    /// This node does not lead the quorum; nothing was proposed.
    #[error("this node does not lead the metadata quorum")]
    NotLeader,
    /// The records are too many for one group; nothing was proposed.
    #[error("{0} bytes of metadata records are more than can be agreed on at once")]
    TooLarge(usize),
    /// The storage has no room; nothing was proposed.
    #[error(transparent)]
    Full(#[from] StorageFull),
    /// The quorum has stopped; whether the records will be there after a restart is not known.
    #[error("the metadata quorum has stopped: {0}")]
    Stopped(String),
}

/// Why the quorum did not start.
#[derive(Debug, thiserror::Error)]
pub enum QuorumFault {
    /// The log's frames or checkpoint cannot be what was written.
    #[error("the metadata log is damaged: {0}")]
    Log(#[from] LogDamage),
    /// A snapshot cannot be read or made.
    #[error("metadata snapshot: {0}")]
    Snapshot(#[from] SnapshotFault),
    /// Entries are gone from the log, and no snapshot has what they said.
    #[error(
        "the metadata log starts behind offset {purged}, but the newest snapshot is of {snapshot}: one is missing"
    )]
    SnapshotMissing {
        /// Last offset that the log no longer has.
        purged: MetadataOffset,
        /// Offset of the newest snapshot; 0 if there is none.
        snapshot: MetadataOffset,
    },
    /// The log belongs to other voters.
    #[error("the metadata log names no voter {0}: this is another node's data directory, or a copy")]
    NotAVoter(Voter),
    /// openraft has stopped.
    #[error("the metadata quorum has stopped: {0}")]
    Stopped(String),
}

/// How the quorum runs.
#[derive(Clone, Debug)]
pub struct QuorumOptions {
    /// Folder of the snapshots; its parent exists.
    pub snapshots: PathBuf,
    /// This voter.
    pub voter: Voter,
    /// Where this voter is reached.
    pub address: VoterAddress,
    /// Entries after which a snapshot is taken.
    pub snapshot_entries: u64,
    /// Bytes of entries after which a snapshot is taken.
    pub snapshot_bytes: usize,
}

/// A quorum on openraft.
#[derive(Clone)]
pub struct RaftQuorum {
    raft: Raft<QuorumTypes, StateMachine>,
    log: LogStore,
    storage: Arc<dyn QuorumStorage>,
    image: watch::Receiver<Arc<MetadataImage>>,
    snapshot_bytes: usize,
    no_room: Arc<AtomicBool>,
}

impl RaftQuorum {
    /// Starts from what recovery found; returns once this node leads and its image is whole.
    ///
    /// *Concurrency*: openraft's tasks run on the runtime of the caller, inside [`scope`].
    ///
    /// # Errors
    /// Damage of log or snapshot; a directory that is no voter of this log; failed storage.
    pub async fn start(
        disk: Arc<dyn Disk>,
        options: QuorumOptions,
        storage: Arc<dyn QuorumStorage>,
        recovered: QuorumRecovered,
    ) -> Result<RaftQuorum, QuorumFault> {
        let log = LogStore::recover(storage.clone(), &recovered)?;
        let folder = Arc::new(SnapshotFolder::open(disk, options.snapshots.clone())?);
        check_covered(log.purged(), folder.current()?.and_then(|state| state.applied))?;
        let (machine, image) = StateMachine::new(folder);
        let no_room = machine.no_room();
        let config = Arc::new(raft_config(&options));
        let raft = Raft::new(options.voter, config, NoPeers, log.clone(), machine).await.map_err(stopped)?;
        let snapshot_bytes = options.snapshot_bytes;
        let quorum = RaftQuorum { raft, log, storage, image, snapshot_bytes, no_room };
        quorum.lead(&options).await?;
        Ok(quorum)
    }

    async fn lead(&self, options: &QuorumOptions) -> Result<(), QuorumFault> {
        if self.raft.is_initialized().await.map_err(stopped)? {
            if !self.raft.voter_ids().any(|voter| voter == options.voter) {
                return Err(QuorumFault::NotAVoter(options.voter));
            }
            self.raft.trigger().elect(false).await.map_err(stopped)?;
        } else {
            let members = BTreeMap::from([(options.voter, options.address.clone())]);
            self.raft.initialize(members).await.map_err(stopped)?;
        }
        self.raft.wait(None).current_leader(options.voter, "start").await.map_err(stopped)?;
        self.barrier().await.map_err(stopped)?;
        Ok(())
    }

    /// Returns vote, purged position, entries and change number for the directory's checkpoint,
    /// once all of it is durable.
    ///
    /// # Errors
    /// The storage has failed.
    pub async fn checkpoint_bytes(&self) -> Result<Bytes, StorageFailed> {
        self.log.checkpoint_bytes().await
    }

    /// Waits until the quorum has ended by itself, because its storage has failed or it found damage; says why.
    pub async fn failed(&self) -> String {
        let mut metrics = self.raft.metrics();
        loop {
            match metrics.borrow_watched().running_state.clone() {
                Ok(()) | Err(Fatal::Stopped) => {}
                Err(fatal) => return fatal.to_string(),
            }
            if metrics.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Says whether a snapshot has found no room since this was last asked.
    pub fn has_found_no_room(&self) -> bool {
        self.no_room.swap(false, Ordering::Relaxed)
    }

    /// Stops openraft's tasks.
    pub async fn stop(&self) {
        if let Err(error) = self.raft.shutdown().await {
            tracing::warn!(%error, "the metadata quorum did not stop cleanly");
        }
    }

    /// Takes a snapshot when the entries have outgrown their budget; openraft counts them only.
    async fn limit_bytes(&self) {
        if self.log.bytes() > self.snapshot_bytes
            && let Err(error) = self.raft.trigger().snapshot().await
        {
            tracing::warn!(%error, "the metadata quorum takes no snapshot");
        }
    }
}

impl MetadataQuorum for RaftQuorum {
    async fn propose(&self, records: Vec<Record>) -> Result<MetadataOffset, ProposeError> {
        let group = RecordGroup::new(&records);
        if group.len() > MAX_GROUP_BYTES {
            return Err(ProposeError::TooLarge(group.len()));
        }
        let _space = self.storage.reserve(framed_bytes(group.len()))?;
        let written = self.raft.client_write(group).await.map_err(|error| {
            if error.forward_to_leader().is_some() {
                ProposeError::NotLeader
            } else {
                ProposeError::Stopped(error.to_string())
            }
        })?;
        self.limit_bytes().await;
        Ok(written.data)
    }

    fn image(&self) -> watch::Receiver<Arc<MetadataImage>> {
        self.image.clone()
    }

    fn status(&self) -> QuorumStatus {
        let metrics = self.raft.metrics().borrow_watched().clone();
        let end = |index: Option<u64>| MetadataOffset(index.map_or(0, |index| index.saturating_add(1)));
        let log_end = |voter: &Voter| match &metrics.replication {
            _ if *voter == metrics.id => metrics.last_log_index,
            Some(replication) => replication.get(voter).copied().flatten().map(|at| at.index),
            None => None,
        };
        let membership = metrics.membership_config.membership();
        QuorumStatus {
            leader: metrics.current_leader,
            term: metrics.current_term,
            committed_end: end(metrics.local_committed.map(|at| at.index)),
            voters: membership.voter_ids().map(|voter| (voter, end(log_end(&voter)))).collect(),
        }
    }

    async fn barrier(&self) -> Result<MetadataOffset, ProposeError> {
        let read = self.raft.ensure_linearizable(ReadPolicy::ReadIndex).await;
        read.map_err(|error| ProposeError::Stopped(error.to_string()))?;
        Ok(self.image.borrow().offset())
    }
}

/// Checks that a snapshot has what the log no longer has.
fn check_covered(purged: Option<raft::LogId>, snapshot: Option<raft::LogId>) -> Result<(), QuorumFault> {
    let offset = |at: Option<raft::LogId>| MetadataOffset(at.map_or(0, |at| at.index));
    match purged <= snapshot {
        true => Ok(()),
        false => Err(QuorumFault::SnapshotMissing { purged: offset(purged), snapshot: offset(snapshot) }),
    }
}

/// Returns what an entry takes in frames: its parts with their heads, and the entry's own head. *Units*: bytes.
fn framed_bytes(group: usize) -> u64 {
    let group = u64::try_from(group).unwrap_or(u64::MAX);
    group.saturating_add(256).saturating_add(group / 32)
}

fn stopped(error: impl std::fmt::Display) -> QuorumFault {
    QuorumFault::Stopped(error.to_string())
}

/// Times are long: on one node they never matter, and an idle quorum wakes once a second.
/// No entry is kept behind a snapshot: there is no follower that might need it.
fn raft_config(options: &QuorumOptions) -> Config {
    Config {
        cluster_name: "highwater".to_string(),
        heartbeat_interval: 1000,
        election_timeout_min: 3000,
        election_timeout_max: 6000,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(options.snapshot_entries),
        max_in_snapshot_log_to_keep: 0,
        enable_pre_vote: Some(true),
        enable_leader_restore: Some(false),
        ..Config::default()
    }
}

/// Gives openraft's timers their random numbers: everything that talks to the quorum runs inside.
pub async fn scope<F: Future>(seed: u64, future: F) -> F::Output {
    raft::Runtime::scope(seed, future).await
}
