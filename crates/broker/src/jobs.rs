//! The data directory's thread: checkpoints, cuts, deletions, one after another.
//!
//! Everything that touches partition folders goes through here in order, so that a deletion never
//! overtakes the checkpoint that still writes to the folder, nor the other way round. A job that finds no room first
//! has a part of the reserve given up for it; with nothing left it is held, in its order, and tried again every second
//! (W-12). Tests: tests/storage.

mod compaction;

pub(crate) use compaction::Compactor;

use crate::probe::Probes;
use crate::shard::compaction::CompactMessage;
use crate::shard::message::{ShardCut, ShardMessage};
use crate::shard::router::Router;
use crate::space::Space;
use crate::unwritten::Unwritten;
use env::{Clock, Marks, Random};
use log::directory::{Checkpoint, Directory};
use log::fault::FileFault;
use log::log::Swaps;
use log::pages::PageHandle;
use log::segments::{FileCut, Placement, SegmentId, SegmentMeta};
use log::wal::WalHandle;
use metadata::Metadata;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};
use types::{LogKey, Millis};

/// Unwritten tails below this go into the state instead of a segment, save at a clean stop.
const SMALL_TAIL_BYTES: u64 = 16 * 1024;
/// The same, on a disk that has no room for segments.
const STATE_TAIL_MAX: u64 = 1024 * 1024;
/// Files that are unlinked in one step.
const SWEEP_STEP: usize = 64;
/// Pause between two such steps.
const SWEEP_PAUSE: Duration = Duration::from_millis(50);
/// Pause before a job is tried again that found the disk full.
const FULL_PAUSE: Duration = Duration::from_secs(1);
/// Pause before a checkpoint for the sake of memory is tried again that freed too little.
const MEMORY_PAUSE: Duration = Duration::from_secs(1);
/// Bytes of the reserve that are written in one step.
const RESERVE_STEP: usize = 1 << 20;
/// Pause between two such steps.
const RESERVE_PAUSE: Duration = Duration::from_millis(20);
/// A part of the reserve that segments do not get: it is for deletions and the state.
const KEPT_FROM_SEGMENTS: u64 = 1;
/// How long a folder that was set aside is kept (W-14).
const KEEP_STRAYS: Millis = Millis(7 * 24 * 60 * 60 * 1000);

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
    /// Files of compacted segments that a state names, or never will.
    SwapSegments {
        /// The partition.
        key: LogKey,
        /// The segments.
        swaps: Swaps,
    },
    /// A segment file of a truncated log.
    CutFile(FileCut),
    /// The transaction index of the last of these segments, which are all of the log up to it, is made anew.
    RebuildTxnIndex {
        /// The partition.
        key: LogKey,
        /// The segments.
        segments: Vec<SegmentMeta>,
        /// Who waits for it.
        done: Option<Arc<Notify>>,
    },
    /// A folder that no log claims is set aside.
    StrayFolder(String),
    /// The folder of a page-cache log that is about to be written for the first time.
    OpenPages {
        /// The partition.
        key: LogKey,
        /// Its folder.
        folder: Arc<str>,
    },
    /// Take a checkpoint: page-cache logs have more that is synced than the state says.
    Checkpoint,
    /// Folders that were set aside long enough ago go. *Invariant*: the wall clock can be believed.
    ExpireStrays,
    /// Somebody else has found no room: a part of the reserve goes.
    GiveUpReserve,
    /// Take a last checkpoint and end. Answered with the reason if files have failed meanwhile.
    Stop(oneshot::Sender<Result<(), String>>),
}

impl Job {
    /// Says whether it may overtake jobs that wait for room: it makes room, or ends everything.
    fn is_urgent(&self) -> bool {
        matches!(self, Job::RemoveLog { .. } | Job::ExpireStrays | Job::GiveUpReserve | Job::Stop(_))
    }

    /// Returns the log that it removes.
    fn removes(&self) -> Option<LogKey> {
        if let Job::RemoveLog { key, .. } = self { Some(*key) } else { None }
    }
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
    pub(crate) pages: PageHandle,
    pub(crate) router: Router,
    pub(crate) metadata: Metadata,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) marks: Marks,
    pub(crate) probes: Arc<Probes>,
    pub(crate) space: Arc<Space>,
    pub(crate) unwritten: Arc<Unwritten>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) compactor: Compactor,
    pub(crate) todo: Todo,
}

/// What the thread has still to do, beside what comes in.
pub(crate) struct Todo {
    /// Jobs that found no room, oldest first.
    held: VecDeque<Job>,
    /// Folders to be made whose names are other logs', until those are removed.
    unnamed: Vec<Job>,
    /// Whether the last checkpoint found no room.
    abandoned: bool,
    /// When files that wait to be unlinked are, if there are any.
    sweep_at: Option<Instant>,
    /// When the reserve gets its next piece, if it is being filled.
    fill_at: Option<Instant>,
    /// When what found no room is tried again, if something has.
    retry_at: Option<Instant>,
    /// No checkpoint for the sake of memory comes before.
    memory_not_before: Instant,
    /// Whether a checkpoint was asked for.
    asked: bool,
    /// Who waits for the end, once it was asked for.
    stop: Option<oneshot::Sender<Result<(), String>>>,
}

impl Todo {
    /// Begins with what a start has left over.
    pub(crate) fn new() -> Todo {
        let now = Instant::now();
        Todo {
            held: VecDeque::new(),
            unnamed: Vec::new(),
            abandoned: false,
            sweep_at: Some(now),
            fill_at: Some(now),
            retry_at: None,
            memory_not_before: now,
            asked: false,
            stop: None,
        }
    }

    /// Says whether something waits for room.
    fn is_short(&self) -> bool {
        self.abandoned || !self.held.is_empty()
    }

    fn sweep_soon(&mut self) {
        self.sweep_at.get_or_insert_with(|| Instant::now() + SWEEP_PAUSE);
    }
}

/// What is due.
enum Due {
    Job(Job),
    Checkpoint,
    /// What found no room is tried again.
    Retry,
    Sweep,
    Reserve,
    /// A step of a compaction, or a look for one.
    Compact,
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

impl JobFault {
    fn is_full(&self) -> bool {
        matches!(self, JobFault::File(fault) if fault.is_full())
    }
}

impl Jobs {
    /// Works until told to stop, or until the directory fails; then says why.
    pub(crate) async fn run(mut self, failed: oneshot::Sender<String>) {
        while self.todo.stop.is_none() {
            match self.turn().await {
                Ok(()) => self.space.set_full(self.todo.is_short()),
                Err(JobFault::Stopped) => return,
                Err(JobFault::File(fault)) => {
                    drop(self);
                    let _ = failed.send(fault.to_string());
                    return;
                }
            }
        }
        let last = match self.checkpoint(0).await {
            // A full disk, or a part that has gone: as after a crash, the next start replays.
            Err(fault) if fault.is_full() || matches!(fault, JobFault::Stopped) => {
                tracing::error!(%fault, "there was no last checkpoint; the next start replays");
                Ok(())
            }
            outcome => outcome.map_err(|fault| fault.to_string()),
        };
        let done = self.todo.stop.take();
        drop(self);
        if let Some(done) = done {
            let _ = done.send(last);
        }
    }

    /// Does the next thing that is due.
    async fn turn(&mut self) -> Result<(), JobFault> {
        match self.due().await? {
            Due::Job(job) => self.take(job)?,
            Due::Checkpoint => {
                self.compactor.is_passed_over = true;
                self.checkpoint_or_later().await?;
            }
            Due::Retry => self.retry().await?,
            Due::Sweep => {
                let more = self.directory.sweep(SWEEP_STEP)?;
                self.todo.sweep_at = more.then(|| Instant::now() + SWEEP_PAUSE);
            }
            Due::Reserve => self.fill_reserve()?,
            Due::Compact => self.compact().await?,
        }
        Ok(())
    }

    async fn due(&mut self) -> Result<Due, JobFault> {
        match self.todo.is_short() || self.space.is_reserve_short() {
            true => _ = self.todo.retry_at.get_or_insert_with(|| Instant::now() + FULL_PAUSE),
            false => self.todo.retry_at = None,
        }
        let Todo { retry_at, fill_at, sweep_at, .. } = self.todo;
        let compact_at = self.compactor.at().filter(|_| !self.todo.is_short());
        // Under load there is always a checkpoint due.
        let is_compaction_next =
            self.compactor.is_passed_over && compact_at.is_some_and(|at| at <= Instant::now());
        let (wal, unwritten, not_before) =
            (self.wal.clone(), self.unwritten.clone(), self.todo.memory_not_before);
        let memory = async move {
            sleep_until(not_before).await;
            unwritten.checkpoint_wanted().await;
        };
        let due = tokio::select! {
            biased;
            job = self.inbox.recv() => Due::Job(job.ok_or(JobFault::Stopped)?),
            () = std::future::ready(()), if is_compaction_next => Due::Compact,
            () = std::future::ready(()), if self.todo.asked && !self.todo.abandoned => Due::Checkpoint,
            _ = wal.checkpoint_wanted(), if !self.todo.abandoned => Due::Checkpoint,
            () = memory, if !self.todo.abandoned => Due::Checkpoint,
            () = reached(retry_at) => Due::Retry,
            () = reached(fill_at) => Due::Reserve,
            () = reached(sweep_at) => Due::Sweep,
            () = reached(compact_at) => Due::Compact,
        };
        Ok(due)
    }

    /// Runs a job. One that finds no room is held, and so is what comes after it, but for what makes room.
    fn take(&mut self, job: Job) -> Result<(), FileFault> {
        let waits = !self.todo.held.is_empty() && !job.is_urgent();
        match &job {
            Job::OpenPages { key, folder } if self.directory.is_taken(*key, folder) => {
                self.todo.unnamed.push(job);
                return Ok(());
            }
            Job::OpenPages { key, .. } if waits => {
                self.pages.refuse(*key, "the disk is full".to_owned());
                return Ok(());
            }
            _ => {}
        }
        let removed = job.removes();
        if waits || !self.try_job(&job)? {
            self.hold(job);
        } else {
            self.finish(job);
        }
        removed.map_or(Ok(()), |key| self.take_unnamed(key))
    }

    /// Makes the folders that waited for a name, now that this log is gone.
    fn take_unnamed(&mut self, removed: LogKey) -> Result<(), FileFault> {
        let mut unnamed = std::mem::take(&mut self.todo.unnamed);
        unnamed.retain(|job| !matches!(job, Job::OpenPages { key, .. } if *key == removed));
        unnamed.into_iter().try_for_each(|job| self.take(job))
    }

    /// Keeps a job until there is room; of looking for old strays, one is enough.
    fn hold(&mut self, job: Job) {
        let is_expiry = |job: &Job| matches!(job, Job::ExpireStrays);
        if !is_expiry(&job) || !self.todo.held.iter().any(is_expiry) {
            self.todo.held.push_back(job);
        }
    }

    /// Runs the jobs that were held, as far as there is room; those that make room do not wait for others.
    fn take_held(&mut self) -> Result<(), FileFault> {
        for job in std::mem::take(&mut self.todo.held) {
            let waits = !self.todo.held.is_empty() && !job.is_urgent();
            if waits || !self.try_job(&job)? {
                self.todo.held.push_back(job);
            } else {
                self.finish(job);
            }
        }
        Ok(())
    }

    /// Says whether a job has ended, or has to wait for room.
    fn try_job(&mut self, job: &Job) -> Result<bool, FileFault> {
        match self.with_room(0, |jobs| jobs.work(job)) {
            Ok(()) => Ok(true),
            Err(fault) if fault.is_full() => {
                tracing::error!(%fault, "the disk is full: the job is tried again");
                Ok(false)
            }
            Err(fault) => Err(fault),
        }
    }

    fn finish(&mut self, job: Job) {
        if let Job::Stop(done) = job {
            self.todo.stop = Some(done);
        }
        self.todo.sweep_soon();
    }

    /// Runs a step, again and again while the reserve has something to give up for it, but for `keep` quarters.
    fn with_room<T>(
        &mut self,
        keep: u64,
        mut step: impl FnMut(&mut Jobs) -> Result<T, FileFault>,
    ) -> Result<T, FileFault> {
        loop {
            match step(self) {
                Err(fault) if fault.is_full() && self.give_up_reserve(keep)? => {}
                outcome => return outcome,
            }
        }
    }

    fn give_up_reserve(&mut self, keep: u64) -> Result<bool, FileFault> {
        self.todo.fill_at = None;
        let gave = self.directory.give_up_reserve(keep)?;
        self.space.set_reserve(self.directory.reserve_bytes(), true);
        if gave {
            let left = self.directory.reserve_bytes();
            tracing::warn!(left, "the disk is full: a part of the reserve was given up, produce is refused");
        }
        Ok(gave)
    }

    /// Writes the next piece of the reserve. With no room it waits for space to return.
    fn fill_reserve(&mut self) -> Result<(), FileFault> {
        let (filling, is_short) = match self.directory.fill_reserve(RESERVE_STEP) {
            Ok(more) => (more, more && self.space.is_reserve_short()),
            Err(fault) if fault.is_full() => (false, true),
            Err(fault) => return Err(fault),
        };
        self.todo.fill_at = filling.then(|| Instant::now() + RESERVE_PAUSE);
        self.space.set_reserve(self.directory.reserve_bytes(), is_short);
        Ok(())
    }

    /// Tries again what has found no room; makes the reserve whole when what is free suffices for that and for what is
    /// not in segments yet.
    async fn retry(&mut self) -> Result<(), JobFault> {
        self.todo.retry_at = None;
        self.take_held()?;
        if self.todo.abandoned {
            self.checkpoint_or_later().await?;
        }
        let needed = self.directory.reserve_missing().saturating_add(self.unwritten.held_bytes());
        if !self.todo.is_short() && self.directory.free_bytes() >= needed {
            self.todo.fill_at.get_or_insert_with(Instant::now);
        }
        Ok(())
    }

    fn work(&mut self, job: &Job) -> Result<(), FileFault> {
        match job {
            Job::RemoveLog { key, folder } => self.directory.remove_log(*key, folder.as_deref()),
            Job::DeleteSegments { key, segments } => self.directory.delete_segments(*key, segments),
            Job::SwapSegments { key, swaps } => self.swap_segments(*key, swaps),
            Job::CutFile(cut) => {
                let segment = self.directory.cut_file(cut, self.clock.now().wall)?;
                self.router.send_to_owner(&cut.key, ShardMessage::FileCut { cut: *cut, segment });
                Ok(())
            }
            Job::RebuildTxnIndex { key, segments, done } => {
                let rebuilt = self.directory.rebuild_txn_index(*key, segments)?;
                if let (Some(index), Some(last)) = (rebuilt, segments.last()) {
                    let (key, base, done) = (*key, last.base, done.clone());
                    let built = ShardMessage::TxnIndexBuilt { key, base, index, done };
                    self.router.send_to_owner(&key, built);
                }
                Ok(())
            }
            Job::StrayFolder(folder) => self.directory.stray_folder(folder),
            Job::ExpireStrays => {
                let expired = self.directory.expire_strays(self.clock.now().wall, KEEP_STRAYS)?;
                if expired > 0 {
                    tracing::warn!(expired, "folders that nobody claimed for seven days are deleted");
                }
                Ok(())
            }
            Job::GiveUpReserve => self.give_up_reserve(0).map(|_| ()),
            Job::OpenPages { key, folder } => self.open_pages(*key, folder),
            Job::Checkpoint => {
                self.todo.asked = true;
                Ok(())
            }
            Job::Stop(_) => Ok(()),
        }
    }

    fn swap_segments(&mut self, key: LogKey, swaps: &Swaps) -> Result<(), FileFault> {
        self.directory.drop_swaps(key, &swaps.void)?;
        self.directory.swap_segments(key, &swaps.named)?;
        self.tell_owner(key, CompactMessage::Swapped { key, bases: swaps.named.clone() });
        Ok(())
    }

    /// Makes the folder of a page-cache log and says so to its writer. With no room, what waits for it is refused, and the
    /// next batch tries again: the reserve is not for it.
    fn open_pages(&mut self, key: LogKey, folder: &str) -> Result<(), FileFault> {
        match self.directory.open_pages(key, folder) {
            Ok(Some(path)) => self.pages.open(key, path),
            Ok(None) => {}
            Err(fault) => {
                self.pages.refuse(key, fault.to_string());
                return if fault.is_full() { Ok(()) } else { Err(fault) };
            }
        }
        Ok(())
    }

    /// Takes a checkpoint; one that finds no room is given up and tried again (W-12).
    async fn checkpoint_or_later(&mut self) -> Result<(), JobFault> {
        self.todo.asked = false;
        let outcome = self.checkpoint(self.small_tail_bytes()).await;
        self.todo.abandoned = outcome.as_ref().is_err_and(JobFault::is_full);
        if self.unwritten.is_checkpoint_wanted() {
            self.todo.memory_not_before = Instant::now() + MEMORY_PAUSE;
        }
        match outcome {
            Err(fault) if fault.is_full() => {
                tracing::error!(%fault, "the disk is full: the checkpoint is tried again");
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Returns which tails need no segment. After a checkpoint that found no room for one, the state takes all if it can: so
    /// that what lies below a log start is let go.
    fn small_tail_bytes(&self) -> u64 {
        let room = self.directory.free_bytes().saturating_add(self.directory.reserve_bytes());
        let fits = self.unwritten.held_bytes() <= room / 4;
        if self.todo.abandoned && fits { STATE_TAIL_MAX } else { SMALL_TAIL_BYTES }
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
            self.unwritten.forget_placed();
            self.tell_shards(&changes, |changes, done| ShardMessage::CheckpointAbandoned { changes, done })
                .await;
            return Err(fault);
        }
        self.wal.recycle_below(mark);
        // The pressure is told anew once the files are back.
        self.wal.mark().await.map_err(|_| JobFault::Stopped)?;
        self.unwritten.forget_placed();
        self.tell_shards(&changes, |changes, done| ShardMessage::Checkpointed { changes, done }).await;
        for (key, segment) in self.directory.reader().take_unfit_indexes() {
            match self.directory.rebuild_indexes(key, &segment) {
                // It is noted again by the next reader.
                Err(fault) if fault.is_full() => tracing::warn!(%fault, "an index is not rebuilt now"),
                outcome => outcome?,
            }
        }
        for (key, base) in self.directory.reader().take_unfit_txn_indexes() {
            // Most were told by whoever waits for them; a compaction does not wait.
            self.router.send_to_owner(&key, ShardMessage::TxnIndexUnfit { key, base, done: None });
        }
        self.todo.sweep_soon();
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
        self.take_held()?;
        while let Ok(job) = self.inbox.try_recv() {
            self.take(job)?;
        }
        for placement in placements {
            self.name_free(placement).await?;
            self.with_room(KEPT_FROM_SEGMENTS, |jobs| jobs.place(placement))?;
            self.unwritten.placed(placement.bytes());
        }
        let wall = self.clock.now().wall;
        let (placements, removed, quorum) = (Vec::new(), Vec::new(), Some(quorum));
        let checkpoint = Checkpoint { cuts, placements, removed, quorum, mark, wall };
        self.with_room(0, |jobs| jobs.directory.checkpoint(&checkpoint))?;
        Ok(())
    }

    /// Waits until the name of a log's folder is not another log's any more: the shard of that one may be behind with its
    /// removal.
    async fn name_free(&mut self, placement: &Placement) -> Result<(), JobFault> {
        let Some(folder) = placement.folder.as_deref().filter(|_| !placement.is_empty()) else {
            return Ok(());
        };
        while self.directory.is_taken(placement.key, folder) {
            self.space.set_full(self.todo.is_short());
            tokio::select! {
                biased;
                job = self.inbox.recv() => self.take(job.ok_or(JobFault::Stopped)?)?,
                () = sleep(FULL_PAUSE), if !self.todo.held.is_empty() => {}
            }
            // The removal itself may be what waits for room.
            self.take_held()?;
        }
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

    /// Tells every shard what became of its cuts; returns when all of them have acted on it.
    async fn tell_shards(
        &self,
        changes: &[(LogKey, u64)],
        message: impl Fn(Vec<(LogKey, u64)>, oneshot::Sender<()>) -> ShardMessage,
    ) {
        let mut acted = Vec::new();
        for shard in 0..self.router.len() {
            let own = changes.iter().filter(|(key, _)| self.router.shard_of(key) == shard).copied().collect();
            let (done, answer) = oneshot::channel();
            self.router.send(shard, message(own, done));
            acted.push(answer);
        }
        for answer in acted {
            // A shard that has stopped acts on nothing.
            let _ = answer.await;
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

/// Waits for a moment; for ever if there is none.
async fn reached(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
