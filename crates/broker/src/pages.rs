//! Page-cache topics (W-16): their writer's thread, and the thread that syncs them.
//!
//! A sync is a cycle: every shard hands over what it has and notes its logs' cuts; the writer gives up the files that it has
//! written since the last time; they are synced here, where neither the write-ahead log nor a checkpoint waits for it; the
//! shards hear of it, and a checkpoint is asked for, which makes the cuts part of the state.

use crate::jobs::{Job, JobSender};
use crate::shard::message::ShardMessage;
use crate::shard::router::Router;
use config::BrokerConfig;
use env::Env;
use log::pages::{Dirty, PageHandle, PageLimits, PageWriter};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// The part of the writer's descriptors that dirty files may have before a sync is begun: half of their share.
const SYNC_AT: usize = 6;
/// A batch is synced at the latest so long after it was written, if the disk keeps up.
const DIRTY_AGE: Duration = Duration::from_secs(30);

/// Starts the thread that writes page-cache logs, with so many descriptors.
pub(crate) fn start_writer(config: &BrokerConfig, env: &Env, descriptors: usize) -> PageHandle {
    let limits = PageLimits { bytes: config.storage.wal.checkpoint_bytes, files: descriptors / SYNC_AT };
    log::pages::start(&*env.spawn, PageWriter::new(env.disk.clone(), descriptors), limits)
}

/// The way to the thread that syncs.
#[derive(Debug)]
pub(crate) struct SyncRequests(mpsc::UnboundedSender<oneshot::Sender<()>>);

impl SyncRequests {
    /// Syncs all that is written; returns when that is done, or cannot be.
    pub(crate) async fn sync(&self) {
        let (done, synced) = oneshot::channel();
        if self.0.send(done).is_ok() {
            let _ = synced.await;
        }
    }
}

/// Starts the thread that syncs page-cache logs.
pub(crate) fn start_syncs(
    env: &Env,
    pages: &PageHandle,
    (router, jobs): (&Router, &JobSender),
    failed: &Arc<watch::Sender<Option<String>>>,
) -> SyncRequests {
    let (requests, inbox) = mpsc::unbounded_channel();
    let syncer = Syncer {
        pages: pages.clone(),
        router: router.clone(),
        jobs: jobs.clone(),
        failed: failed.clone(),
        inbox,
    };
    env.spawn.thread("page-sync", Box::new(move || Box::pin(syncer.run())));
    SyncRequests(requests)
}

struct Syncer {
    pages: PageHandle,
    router: Router,
    jobs: JobSender,
    failed: Arc<watch::Sender<Option<String>>>,
    inbox: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
}

/// A part of the broker has stopped, or the directory has failed.
struct Ended;

impl Syncer {
    /// Syncs when it is time, until the broker goes.
    async fn run(mut self) {
        loop {
            let request = tokio::select! {
                biased;
                request = self.inbox.recv() => match request {
                    Some(request) => Some(request),
                    None => return,
                },
                () = due(&self.pages) => None,
            };
            if self.cycle().await.is_err() {
                return;
            }
            match request {
                // The caller has a checkpoint taken.
                Some(request) => drop(request.send(())),
                None => self.jobs.send(Job::Checkpoint),
            }
        }
    }

    async fn cycle(&self) -> Result<(), Ended> {
        let mut noted = Vec::new();
        for shard in 0..self.router.len() {
            let (reply, answer) = oneshot::channel();
            self.router.send(shard, ShardMessage::SyncPages(reply));
            noted.push(answer);
        }
        for answer in noted {
            answer.await.map_err(|_| Ended)?;
        }
        let dirty = self.pages.take_dirty().await.ok_or(Ended)?;
        self.sync(&dirty)?;
        let uncovered = Arc::new(dirty.uncovered().clone());
        for shard in 0..self.router.len() {
            self.router.send(shard, ShardMessage::PagesSynced(uncovered.clone()));
        }
        Ok(())
    }

    fn sync(&self, dirty: &Dirty) -> Result<(), Ended> {
        let Err(fault) = dirty.sync() else { return Ok(()) };
        self.failed.send_if_modified(|known| known.is_none() && known.replace(fault.to_string()).is_none());
        for shard in 0..self.router.len() {
            self.router.send(shard, ShardMessage::WalFailed);
        }
        Err(Ended)
    }
}

/// Waits until something is written, and then until a sync is wanted or it is old.
async fn due(pages: &PageHandle) {
    pages.dirtied().await;
    let _ = tokio::time::timeout(DIRTY_AGE, pages.sync_wanted()).await;
}
