//! The data directory's thread: checkpoints, cuts, deletions, one after another.
//!
//! Everything that touches partition folders goes through here in order, so that a deletion never
//! overtakes the checkpoint that still writes to the folder, nor the other way round.

use crate::probe::Probes;
use crate::shard::message::{ShardCut, ShardMessage};
use crate::shard::router::Router;
use crate::space::Space;
use env::{Clock, Marks};
use log::directory::{Checkpoint, Directory};
use log::fault::FileFault;
use log::segments::{FileCut, Placement, SegmentId};
use log::wal::WalHandle;
use metadata::Metadata;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use types::LogKey;

/// Unwritten tails below this go into the state instead of a segment, save at a clean stop.
const SMALL_TAIL_BYTES: u64 = 16 * 1024;
/// Files that are unlinked in one step.
const SWEEP_STEP: usize = 64;
/// Pause between two such steps.
const SWEEP_PAUSE: Duration = Duration::from_millis(50);
/// Pause before a job is tried again that found the disk full.
const FULL_PAUSE: Duration = Duration::from_secs(1);

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
    /// A segment file of a truncated log.
    CutFile(FileCut),
    /// A folder that no log claims is set aside.
    StrayFolder(String),
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
    pub(crate) inbox: mpsc::UnboundedReceiver<Job>,
    pub(crate) wal: WalHandle,
    pub(crate) router: Router,
    pub(crate) metadata: Metadata,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) marks: Marks,
    pub(crate) probes: Arc<Probes>,
    pub(crate) space: Arc<Space>,
    /// Who waits for the end, once it was asked for.
    pub(crate) stop: Option<oneshot::Sender<()>>,
    /// Whether files wait to be unlinked.
    pub(crate) garbage: bool,
}

/// Why a job did not end.
#[derive(Debug, thiserror::Error)]
enum JobFault {
    /// Files.
    #[error("{0}")]
    File(#[from] FileFault),
    /// The write-ahead log, a shard or the metadata has stopped.
    #[error("a part of the broker has stopped")]
    Stopped,
}

impl Jobs {
    /// Works until told to stop, or until the directory fails; then says why.
    pub(crate) async fn run(mut self, failed: oneshot::Sender<String>) {
        while self.stop.is_none() {
            match self.turn().await {
                Ok(()) => self.space.set_full(false),
                Err(JobFault::Stopped) => return,
                // A full disk abandons the job; nothing was recycled, and it is tried again (W-12).
                Err(JobFault::File(fault)) if fault.is_full() => {
                    tracing::error!(%fault, "the disk is full: the job is tried again");
                    self.space.set_full(true);
                    tokio::time::sleep(FULL_PAUSE).await;
                    self.wal.retry_filling();
                }
                Err(JobFault::File(fault)) => {
                    let _ = failed.send(fault.to_string());
                    return;
                }
            }
        }
        if let Err(fault) = self.checkpoint(0).await {
            tracing::error!(%fault, "the last checkpoint failed; the next start replays");
        }
        if let Some(done) = self.stop.take() {
            let _ = done.send(());
        }
    }

    /// Does the next thing that is due.
    async fn turn(&mut self) -> Result<(), JobFault> {
        let wal = self.wal.clone();
        let garbage = self.garbage;
        let job = tokio::select! {
            biased;
            job = self.inbox.recv() => Some(job.ok_or(JobFault::Stopped)?),
            _ = wal.checkpoint_wanted() => None,
            () = tokio::time::sleep(SWEEP_PAUSE), if garbage => {
                self.garbage = self.directory.sweep(SWEEP_STEP)?;
                return Ok(());
            }
        };
        match job {
            Some(job) => Ok(self.work(job)?),
            None => self.checkpoint(SMALL_TAIL_BYTES).await,
        }
    }

    fn work(&mut self, job: Job) -> Result<(), FileFault> {
        match job {
            Job::RemoveLog { key, folder } => self.directory.remove_log(key, folder.as_deref())?,
            Job::DeleteSegments { key, segments } => self.directory.delete_segments(key, &segments)?,
            Job::CutFile(cut) => {
                let segment = self.directory.cut_file(&cut, self.clock.now().wall)?;
                self.router.send_to_owner(&cut.key, ShardMessage::FileCut { cut, segment });
            }
            Job::StrayFolder(folder) => self.directory.stray_folder(&folder)?,
            Job::Stop(done) => self.stop = Some(done),
        }
        self.garbage = true;
        Ok(())
    }

    async fn checkpoint(&mut self, small_tail_bytes: u64) -> Result<(), JobFault> {
        let marks = self.marks.clone();
        marks.begin("checkpoint");
        self.take_checkpoint(small_tail_bytes).await?;
        marks.end("checkpoint");
        Ok(())
    }

    /// Takes a checkpoint in the order of W-6.
    async fn take_checkpoint(&mut self, small_tail_bytes: u64) -> Result<(), JobFault> {
        let mark = self.wal.mark().await.map_err(|_| JobFault::Stopped)?;
        let ShardCut { cuts, placements } = self.cut_all(small_tail_bytes).await?;
        let changes: Vec<(LogKey, u64)> = cuts.iter().map(|cut| (cut.key, cut.change)).collect();
        let written = self.write(mark, cuts, &placements).await;
        if let Err(fault) = written {
            self.tell_shards(&changes, |own| {
                ShardMessage::CheckpointAbandoned(own.into_iter().map(|(key, _)| key).collect())
            });
            return Err(fault);
        }
        self.wal.recycle_below(mark);
        // The pressure is told anew once the files are back.
        self.wal.mark().await.map_err(|_| JobFault::Stopped)?;
        self.tell_shards(&changes, ShardMessage::Checkpointed);
        for (key, segment) in self.directory.reader().take_unfit_indexes() {
            self.directory.rebuild_indexes(key, &segment)?;
        }
        self.probes.checkpoints.inc();
        Ok(())
    }

    async fn write(
        &mut self,
        mark: log::wal::WalPosition,
        cuts: Vec<log::cut::LogCut>,
        placements: &[Placement],
    ) -> Result<(), JobFault> {
        let quorum = self.metadata.checkpoint_bytes().await.map_err(|_| JobFault::Stopped)?;
        // A removal that these cuts know of goes first: a namesake may be about to get the folder.
        while let Ok(job) = self.inbox.try_recv() {
            self.work(job)?;
        }
        for placement in placements {
            self.place(placement)?;
        }
        let wall = self.clock.now().wall;
        let (placements, removed, quorum) = (Vec::new(), Vec::new(), Some(quorum));
        self.directory.checkpoint(&Checkpoint { cuts, placements, removed, quorum, mark, wall })?;
        Ok(())
    }

    /// Writes and syncs what one log adds to its segments.
    fn place(&mut self, placement: &Placement) -> Result<(), FileFault> {
        let directory = &mut self.directory;
        if placement.writes.iter().any(|write| write.roll) {
            self.marks.around("roll", || directory.place(placement))
        } else {
            directory.place(placement)
        }
    }

    fn tell_shards(&self, changes: &[(LogKey, u64)], message: impl Fn(Vec<(LogKey, u64)>) -> ShardMessage) {
        for shard in 0..self.router.len() {
            let own = changes.iter().filter(|(key, _)| self.router.shard_of(key) == shard).copied().collect();
            self.router.send(shard, message(own));
        }
    }

    async fn cut_all(&self, small_tail_bytes: u64) -> Result<ShardCut, JobFault> {
        let mut replies = Vec::new();
        for shard in 0..self.router.len() {
            let (reply, cut) = oneshot::channel();
            self.router.send(shard, ShardMessage::Cut { small_tail_bytes, reply });
            replies.push(cut);
        }
        let mut all = ShardCut::default();
        for reply in replies {
            let mut cut = reply.await.map_err(|_| JobFault::Stopped)?;
            all.cuts.append(&mut cut.cuts);
            all.placements.append(&mut cut.placements);
        }
        Ok(all)
    }
}
