//! The quorum's log as openraft sees it.
//!
//! Entries are readable when append returns; openraft hears "stored" only after the sync (W-13). A
//! change is made in memory and submitted under one lock, so that frames have the order of the
//! changes. *Concurrency*: the lock is never held across a wait. Tests: quorum/tests.rs.

use super::log_content::{LogContent, LogDamage};
use super::raft::{Entry, LogId, QuorumTypes, Vote};
use super::storage::{QuorumFrame, QuorumRecovered, QuorumStorage, StorageFailed, Ticket};
use bytes::Bytes;
use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend, RaftLogReader};
use std::fmt::Debug;
use std::io;
use std::ops::RangeBounds;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The quorum's log. Cloning shares it.
#[derive(Clone)]
pub(crate) struct LogStore {
    storage: Arc<dyn QuorumStorage>,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    content: LogContent,
    last: Option<Ticket>,
}

impl LogStore {
    pub(super) fn recover(
        storage: Arc<dyn QuorumStorage>,
        recovered: &QuorumRecovered,
    ) -> Result<LogStore, LogDamage> {
        let shared = Shared { content: LogContent::recover(recovered)?, last: None };
        Ok(LogStore { storage, shared: Arc::new(Mutex::new(shared)) })
    }

    /// Returns how many bytes the entries take.
    pub(super) fn bytes(&self) -> usize {
        self.lock().content.bytes()
    }

    /// Returns the last position that the log no longer has.
    pub(super) fn purged(&self) -> Option<LogId> {
        self.lock().content.purged()
    }

    pub(super) async fn checkpoint_bytes(&self) -> Result<Bytes, StorageFailed> {
        let (bytes, last) = {
            let shared = self.lock();
            (shared.content.checkpoint(), shared.last)
        };
        if let Some(ticket) = last {
            self.storage.durable(ticket).await?;
        }
        Ok(bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the log and submits the change's frames, in one step.
    fn change(&self, change: impl FnOnce(&mut LogContent) -> Vec<QuorumFrame>) -> Ticket {
        let mut shared = self.lock();
        let frames = change(&mut shared.content);
        let ticket = self.storage.submit(frames);
        shared.last = Some(ticket);
        ticket
    }

    async fn durable(&self, ticket: Ticket) -> Result<(), io::Error> {
        self.storage.durable(ticket).await.map_err(io::Error::other)
    }
}

impl RaftLogReader<QuorumTypes> for LogStore {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> Result<Vec<Entry>, io::Error> {
        Ok(self.lock().content.entries(range))
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        Ok(self.lock().content.vote())
    }
}

impl RaftLogStorage<QuorumTypes> for LogStore {
    type LogReader = LogStore;

    async fn get_log_state(&mut self) -> Result<LogState<QuorumTypes>, io::Error> {
        let shared = self.lock();
        Ok(LogState { last_purged_log_id: shared.content.purged(), last_log_id: shared.content.last() })
    }

    async fn get_log_reader(&mut self) -> LogStore {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        let ticket = self.change(|content| vec![content.set_vote(*vote)]);
        self.durable(ticket).await
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<QuorumTypes>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let ticket =
            self.change(|content| entries.into_iter().flat_map(|entry| content.append(entry)).collect());
        let durable = self.storage.durable(ticket);
        tokio::spawn(async move { callback.io_completed(durable.await.map_err(io::Error::other)) });
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> Result<(), io::Error> {
        let ticket = self.change(|content| vec![content.truncate_after(last)]);
        self.durable(ticket).await
    }

    async fn purge(&mut self, upto: LogId) -> Result<(), io::Error> {
        self.change(|content| vec![content.purge(upto)]);
        Ok(())
    }
}
