//! The data directory's thread: checkpoints, deletions, renames, one after another.
//!
//! Everything that touches partition folders goes through here in order, so that a deletion never
//! overtakes the checkpoint that still writes to the folder.

use crate::probe::Probes;
use crate::shard::message::{ShardCut, ShardMessage};
use crate::shard::router::Router;
use env::{Clock, Marks};
use log::directory::{Checkpoint, Directory};
use log::fault::FileFault;
use log::segments::{Placement, SegmentId};
use log::wal::WalHandle;
use metadata::Metadata;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use types::LogKey;

/// Unwritten tails below this go into the state instead of a segment, save at a clean stop.
const SMALL_TAIL_BYTES: u64 = 16 * 1024;

/// Something to be done to files.
#[derive(Debug)]
pub(crate) enum Job {
    /// A log whose removal is durable: its folder goes.
    RemoveLog {
        /// Its identity.
        key: LogKey,
        /// Its folder, where no checkpoint has named it yet.
        folder: Option<Arc<str>>,
    },
    /// Segments below a durable log start.
    DeleteSegments {
        /// The partition.
        key: LogKey,
        /// The segments.
        segments: Vec<SegmentId>,
    },
    /// A log that no topic owns, written out: its folder is set aside.
    Stray {
        /// Its identity.
        key: LogKey,
    },
    /// Take a last checkpoint and end.
    Stop(oneshot::Sender<()>),
}

/// The way to the directory's thread.
#[derive(Clone, Debug)]
pub(crate) struct JobSender(mpsc::UnboundedSender<Job>);

impl JobSender {
    /// Makes the way and its end.
    pub(crate) fn channel() -> (JobSender, mpsc::UnboundedReceiver<Job>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (JobSender(sender), receiver)
    }

    /// Sends a job. After a failure of the directory nobody takes it.
    pub(crate) fn send(&self, job: Job) {
        let _ = self.0.send(job);
    }
}

/// The directory's thread.
pub(crate) struct Jobs {
    pub(crate) directory: Directory,
    pub(crate) wal: WalHandle,
    pub(crate) router: Router,
    pub(crate) metadata: Metadata,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) marks: Marks,
    pub(crate) probes: Arc<Probes>,
}

/// Why a checkpoint was not taken.
#[derive(Debug, thiserror::Error)]
enum CheckpointFault {
    /// Files.
    #[error("{0}")]
    File(#[from] FileFault),
    /// The write-ahead log, a shard or the metadata has stopped.
    #[error("a part of the broker has stopped")]
    Stopped,
}

impl Jobs {
    /// Works until told to stop, or until the directory fails; then says why.
    pub(crate) async fn run(
        mut self,
        mut jobs: mpsc::UnboundedReceiver<Job>,
        failed: oneshot::Sender<String>,
    ) {
        let wal = self.wal.clone();
        loop {
            let result = tokio::select! {
                biased;
                job = jobs.recv() => match job {
                    None => return,
                    Some(Job::Stop(done)) => {
                        let result = self.checkpoint(0).await;
                        let _ = done.send(());
                        if let Err(fault) = result {
                            tracing::error!(%fault, "the last checkpoint failed; the next start replays");
                        }
                        return;
                    }
                    Some(job) => self.work(job).await,
                },
                _ = wal.checkpoint_wanted() => self.checkpoint(SMALL_TAIL_BYTES).await,
            };
            match result {
                Ok(()) => {}
                Err(CheckpointFault::Stopped) => return,
                // A full disk abandons the job; nothing was recycled, and it is tried again (W-12).
                Err(CheckpointFault::File(fault)) if fault.is_full() => {
                    tracing::error!("the disk is full: the checkpoint was abandoned and is tried again");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
                Err(CheckpointFault::File(fault)) => {
                    let _ = failed.send(fault.to_string());
                    return;
                }
            }
        }
    }

    async fn work(&mut self, job: Job) -> Result<(), CheckpointFault> {
        match job {
            Job::RemoveLog { key, folder } => self.directory.remove_log(key, folder.as_deref())?,
            Job::DeleteSegments { key, segments } => self.directory.delete_segments(key, &segments)?,
            Job::Stray { key } => self.directory.stray_log(key)?,
            Job::Stop(_) => {}
        }
        Ok(())
    }

    async fn checkpoint(&mut self, small_tail_bytes: u64) -> Result<(), CheckpointFault> {
        let marks = self.marks.clone();
        marks.begin("checkpoint");
        self.take_checkpoint(small_tail_bytes).await?;
        marks.end("checkpoint");
        Ok(())
    }

    /// Takes a checkpoint in the order of W-6.
    async fn take_checkpoint(&mut self, small_tail_bytes: u64) -> Result<(), CheckpointFault> {
        let mark = self.wal.mark().await.map_err(|_| CheckpointFault::Stopped)?;
        let all = self.cut_all(small_tail_bytes).await?;
        let quorum = self.metadata.checkpoint_bytes().await.map_err(|_| CheckpointFault::Stopped)?;
        let changes: Vec<(LogKey, u64)> = all.cuts.iter().map(|cut| (cut.key, cut.change)).collect();
        let ShardCut { cuts, placements } = all;
        let wall = self.clock.now().wall;
        let placed = self.place_all(&placements);
        let (placements, removed, quorum) = (Vec::new(), Vec::new(), Some(quorum));
        let checkpoint = Checkpoint { cuts, placements, removed, quorum, mark, wall };
        if let Err(fault) = placed.and_then(|()| self.directory.checkpoint(&checkpoint)) {
            self.tell_shards(&changes, |own| {
                ShardMessage::CheckpointAbandoned(own.into_iter().map(|(key, _)| key).collect())
            });
            return Err(fault.into());
        }
        self.wal.recycle_below(mark);
        // The pressure is told anew once the files are back.
        self.wal.mark().await.map_err(|_| CheckpointFault::Stopped)?;
        self.tell_shards(&changes, ShardMessage::Checkpointed);
        self.probes.checkpoints.inc();
        Ok(())
    }

    /// Writes and syncs what goes into segments.
    fn place_all(&mut self, placements: &[Placement]) -> Result<(), FileFault> {
        let directory = &mut self.directory;
        for placement in placements {
            if placement.writes.iter().any(|write| write.roll) {
                self.marks.around("roll", || directory.place(placement))?;
            } else {
                directory.place(placement)?;
            }
        }
        Ok(())
    }

    fn tell_shards(&self, changes: &[(LogKey, u64)], message: impl Fn(Vec<(LogKey, u64)>) -> ShardMessage) {
        for shard in 0..self.router.len() {
            let own = changes.iter().filter(|(key, _)| self.router.shard_of(key) == shard).copied().collect();
            self.router.send(shard, message(own));
        }
    }

    async fn cut_all(&self, small_tail_bytes: u64) -> Result<ShardCut, CheckpointFault> {
        let mut replies = Vec::new();
        for shard in 0..self.router.len() {
            let (reply, cut) = oneshot::channel();
            self.router.send(shard, ShardMessage::Cut { small_tail_bytes, reply });
            replies.push(cut);
        }
        let mut all = ShardCut::default();
        for reply in replies {
            let mut cut = reply.await.map_err(|_| CheckpointFault::Stopped)?;
            all.cuts.append(&mut cut.cuts);
            all.placements.append(&mut cut.placements);
        }
        Ok(all)
    }
}
