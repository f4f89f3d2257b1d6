//! Agreed entries become images here.
//!
//! Each entry with records gives one image, which is published before the proposer hears of it.
//! Snapshots are written between two entries, on the quorum's own thread. An entry that does
//! not fit its image stops the quorum: it is damage. Tests: quorum/tests.rs.

use super::raft::{Entry, LogId, Payload, QuorumTypes, Snapshot, SnapshotMeta, StoredMembership};
use super::snapshot::{SaveFault, SavedState, SnapshotFolder};
use crate::{MetadataImage, decode_records};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use openraft::storage::{EntryResponder, RaftStateMachine};
use openraft::{OptionalSend, RaftSnapshotBuilder};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use types::MetadataOffset;

/// The fold of all agreed entries.
pub(crate) struct StateMachine {
    applied: Option<LogId>,
    membership: StoredMembership,
    image: watch::Sender<Arc<MetadataImage>>,
    folder: Arc<SnapshotFolder>,
    /// Set when a snapshot has found no room.
    no_room: Arc<AtomicBool>,
}

impl StateMachine {
    /// Starts empty; openraft installs the current snapshot and applies the entries behind it.
    pub(super) fn new(folder: Arc<SnapshotFolder>) -> (StateMachine, watch::Receiver<Arc<MetadataImage>>) {
        let (image, watch) = watch::channel(Arc::default());
        let (applied, membership, no_room) = (None, StoredMembership::default(), Arc::default());
        (StateMachine { applied, membership, image, folder, no_room }, watch)
    }

    /// Returns the word on whether a snapshot has found no room; who reads it takes it back.
    pub(super) fn no_room(&self) -> Arc<AtomicBool> {
        self.no_room.clone()
    }

    fn apply_entry(&mut self, entry: Entry) -> io::Result<MetadataOffset> {
        let offset = MetadataOffset(entry.log_id.index);
        let records = match entry.payload {
            Payload::Normal(group) => decode_records(&group.0).map_err(io::Error::other)?,
            Payload::Membership(membership) => {
                self.membership = StoredMembership::new(Some(entry.log_id), membership);
                Vec::new()
            }
            Payload::Blank => Vec::new(),
        };
        if offset > MetadataOffset(0) {
            let image = self.image.borrow().apply(&records, offset).map_err(io::Error::other)?;
            self.image.send_replace(Arc::new(image));
        }
        self.applied = Some(entry.log_id);
        Ok(offset)
    }

    fn state(&self) -> SavedState {
        let image = MetadataImage::clone(&self.image.borrow());
        SavedState { applied: self.applied, membership: self.membership.clone(), image }
    }

    fn restore(&mut self, state: SavedState) {
        self.applied = state.applied;
        self.membership = state.membership;
        self.image.send_replace(Arc::new(state.image));
    }
}

impl RaftStateMachine<QuorumTypes> for StateMachine {
    type SnapshotData = Bytes;
    type SnapshotBuilder = Taken;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> Result<(), io::Error>
    where
        S: Stream<Item = Result<EntryResponder<QuorumTypes>, io::Error>> + Unpin + OptionalSend,
    {
        while let Some(next) = entries.next().await {
            let (entry, responder) = next?;
            let offset = self.apply_entry(entry)?;
            if let Some(responder) = responder {
                responder.send(offset);
            }
        }
        Ok(())
    }

    async fn try_create_snapshot_builder(&mut self, force: bool) -> Option<Taken> {
        let state = self.state();
        match self.folder.save(&state) {
            Err(SaveFault::NoRoom(error)) if !force => {
                tracing::warn!(%error, "no room for a metadata snapshot; it is taken later");
                self.no_room.store(true, Ordering::Relaxed);
                None
            }
            saved => Some(Taken { state, saved: Some(saved.map_err(SaveFault::into_io)) }),
        }
    }

    async fn get_snapshot_builder(&mut self) -> Taken {
        let state = self.state();
        let saved = self.folder.save(&state).map_err(SaveFault::into_io);
        Taken { state, saved: Some(saved) }
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, snapshot: Bytes) -> Result<(), io::Error> {
        let state = SavedState::decode(&snapshot).map_err(io::Error::other)?;
        if state.meta() != *meta {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let current = self.folder.current().map_err(io::Error::other)?;
        if current.is_none_or(|current| current.applied < state.applied) {
            self.folder.save(&state).map_err(SaveFault::into_io)?;
        }
        self.restore(state);
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot>, io::Error> {
        let current = self.folder.current().map_err(io::Error::other)?;
        Ok(current.map(|state| Snapshot { meta: state.meta(), snapshot: state.encode().into() }))
    }
}

/// A snapshot that was taken, or what kept it from being taken.
pub(crate) struct Taken {
    state: SavedState,
    saved: Option<io::Result<()>>,
}

impl RaftSnapshotBuilder<QuorumTypes> for Taken {
    type SnapshotData = Bytes;

    async fn build_snapshot(&mut self) -> Result<Snapshot, io::Error> {
        self.saved.take().unwrap_or(Ok(()))?;
        Ok(Snapshot { meta: self.state.meta(), snapshot: self.state.encode().into() })
    }
}
