//! The shared WAL of the data directory as the quorum's storage (W-13).
//!
//! Frames go out under [`QUORUM_KEY`]; the index stands in the base offset and the term in the leader
//! epoch, so that tools can show them without knowing the payload.

use super::log_content::LogDamage;
use super::storage::{
    QuorumFrame, QuorumFrameKind, QuorumRecovered, QuorumStorage, Space, StorageFailed, StorageFull, Ticket,
};
use bytes::Bytes;
use log::wal::{Frame, FrameKind, QUORUM_KEY, WalClient, WalFault, WalHandle, WalSink};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use types::{LeaderEpoch, Offset};

/// The shared WAL as the quorum's storage.
pub struct WalStorage {
    client: Mutex<WalClient>,
    progress: watch::Receiver<Progress>,
}

#[derive(Default)]
struct Progress {
    synced: u64,
    failed: Option<String>,
}

struct Sink(watch::Sender<Progress>);

impl WalSink for Sink {
    fn synced(&self, through: u64) {
        self.0.send_modify(|progress| progress.synced = progress.synced.max(through));
    }

    fn failed(&self, fault: Arc<WalFault>) {
        self.0.send_modify(|progress| progress.failed = Some(fault.to_string()));
    }
}

impl WalStorage {
    /// Becomes a client of the WAL.
    pub fn register(wal: &WalHandle) -> Arc<WalStorage> {
        let (sender, progress) = watch::channel(Progress::default());
        let client = Mutex::new(wal.register(Arc::new(Sink(sender))));
        Arc::new(WalStorage { client, progress })
    }

    fn client(&self) -> MutexGuard<'_, WalClient> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QuorumStorage for WalStorage {
    fn submit(&self, frames: Vec<QuorumFrame>) -> Ticket {
        Ticket(self.client().submit(frames.into_iter().map(to_wal).collect()))
    }

    fn durable(&self, ticket: Ticket) -> Pin<Box<dyn Future<Output = Result<(), StorageFailed>> + Send>> {
        let mut progress = self.progress.clone();
        Box::pin(async move {
            let done = |progress: &Progress| progress.synced >= ticket.0 || progress.failed.is_some();
            match progress.wait_for(done).await {
                Ok(progress) if progress.synced >= ticket.0 => Ok(()),
                Ok(progress) => Err(StorageFailed(progress.failed.clone().unwrap_or_default())),
                Err(_) => Err(StorageFailed("the write-ahead log is closed".to_string())),
            }
        })
    }

    fn reserve(&self, bytes: u64) -> Result<Space, StorageFull> {
        let reserved = self.client().handle().reserve_control(bytes);
        reserved.map(|reservation| Space::holding(Box::new(reservation))).map_err(|_| StorageFull)
    }
}

impl QuorumRecovered {
    /// Takes what the directory's recovery found: the quorum's part of the state, and its frames.
    ///
    /// # Errors
    /// A frame that is none of the quorum's.
    pub fn from_wal(checkpoint: Bytes, frames: &[Frame]) -> Result<QuorumRecovered, LogDamage> {
        let frames = frames.iter().map(from_wal).collect::<Result<_, _>>()?;
        Ok(QuorumRecovered { checkpoint, frames })
    }
}

fn to_wal(frame: QuorumFrame) -> Frame {
    let kind = match frame.kind {
        QuorumFrameKind::Append => FrameKind::QuorumAppend,
        QuorumFrameKind::Truncate => FrameKind::QuorumTruncate,
        QuorumFrameKind::Vote => FrameKind::QuorumVote,
        QuorumFrameKind::Purge => FrameKind::QuorumPurge,
    };
    Frame {
        key: QUORUM_KEY,
        change: frame.change,
        kind,
        base_offset: Offset(i64::try_from(frame.index).unwrap_or(i64::MAX)),
        leader_epoch: LeaderEpoch(i32::try_from(frame.term).unwrap_or(i32::MAX)),
        parts: [frame.payload, Bytes::new()],
    }
}

fn from_wal(frame: &Frame) -> Result<QuorumFrame, LogDamage> {
    let kind = match frame.kind {
        FrameKind::QuorumAppend => QuorumFrameKind::Append,
        FrameKind::QuorumTruncate => QuorumFrameKind::Truncate,
        FrameKind::QuorumVote => QuorumFrameKind::Vote,
        FrameKind::QuorumPurge => QuorumFrameKind::Purge,
        FrameKind::Append
        | FrameKind::Truncate
        | FrameKind::LogStart
        | FrameKind::Removed
        | FrameKind::Created => {
            return Err(LogDamage::ForeignFrame { change: frame.change });
        }
    };
    Ok(QuorumFrame {
        change: frame.change,
        kind,
        index: u64::try_from(frame.base_offset.0).unwrap_or_default(),
        term: u64::try_from(frame.leader_epoch.0).unwrap_or_default(),
        payload: frame.payload(),
    })
}
