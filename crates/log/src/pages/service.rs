//! The thread that writes page-cache logs, and what shards and the directory's thread hold of it.
//!
//! Idle, a hand-over is written at once; busy, the next turn takes all that waits, merged per log. Each client hears once
//! per turn what of its logs is written. A log is written once its folder was named ([`PageHandle::open`]); until then its
//! hand-overs wait here. After a refusal for want of room nothing of that log's older generations is written. A fault is told to
//! every client, and nothing is written any more (W-11). Tests: `service/tests.rs`.

mod run;
#[cfg(test)]
mod tests;

use super::writer::{Dirty, PageWriter};
use crate::fault::FileFault;
use crate::log::PageWrite;
use env::Spawn;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Notify, mpsc, oneshot};
use types::LogKey;

/// Hears what became of what a client has submitted.
///
/// *Concurrency*: called on the writer's thread (`failed` perhaps on the caller's); it must not block.
pub trait PageSink: Send + Sync {
    /// These logs' hand-overs up to these are written.
    fn written(&self, done: Vec<(LogKey, u64)>);
    /// There was no room for a log: none of its hand-overs that was not reported as written is in its files, and none will be.
    fn refused(&self, key: LogKey, reason: String);
    /// The writer is gone: what was not reported may or may not be written (W-11). It may be said twice.
    fn failed(&self, fault: Arc<FileFault>);
}

/// When a sync is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageLimits {
    /// So much is written and not handed over to be synced. *Units*: bytes.
    pub bytes: u64,
    /// So many files are.
    pub files: usize,
}

/// What is sent to the thread.
enum Command {
    Register(usize, Arc<dyn PageSink>),
    Submit(usize, Vec<PageWrite>),
    Open(LogKey, PathBuf),
    Refuse(LogKey, String),
    Forget(LogKey, Box<dyn FnOnce() + Send>),
    TakeDirty(oneshot::Sender<Dirty>),
}

/// The writer's thread, as others see it. Cloning shares it.
#[derive(Clone)]
pub struct PageHandle {
    commands: mpsc::UnboundedSender<Command>,
    clients: Arc<AtomicUsize>,
    news: Arc<News>,
}

/// What the thread says to whoever syncs.
#[derive(Debug, Default)]
struct News {
    /// Something is dirty.
    dirty: Notify,
    /// So much is dirty that a sync is wanted.
    wanted: Notify,
}

/// Starts the thread of a writer.
pub fn start(spawn: &dyn Spawn, writer: PageWriter, limits: PageLimits) -> PageHandle {
    let (commands, inbox) = mpsc::unbounded_channel();
    let handle = PageHandle { commands, clients: Arc::default(), news: Arc::default() };
    let news = handle.news.clone();
    let main = move || Box::pin(run::Service::new(writer, limits, inbox, news).run()) as _;
    spawn.thread("pages", Box::new(main));
    handle
}

impl PageHandle {
    /// Makes a client whose hand-overs are reported to `sink`.
    pub fn register(&self, sink: Arc<dyn PageSink>) -> PageClient {
        let id = self.clients.fetch_add(1, Ordering::Relaxed);
        let client = PageClient { id, handle: self.clone(), sink };
        client.send(Command::Register(id, client.sink.clone()));
        client
    }

    /// Says where a log's folder is: it is there and safe.
    pub fn open(&self, key: LogKey, folder: PathBuf) {
        let _ = self.commands.send(Command::Open(key, folder));
    }

    /// Says that a log's folder could not be made: what waits for it is refused.
    pub fn refuse(&self, key: LogKey, reason: String) {
        let _ = self.commands.send(Command::Refuse(key, reason));
    }

    /// Closes the files of a removed log; `done` is called when nothing of it is written any more.
    pub fn forget(&self, key: LogKey, done: Box<dyn FnOnce() + Send>) {
        let _ = self.commands.send(Command::Forget(key, done));
    }

    /// Takes the files that were written, everything submitted before included; nothing after a fault.
    pub async fn take_dirty(&self) -> Option<Dirty> {
        let (answer, dirty) = oneshot::channel();
        self.commands.send(Command::TakeDirty(answer)).ok()?;
        dirty.await.ok()
    }

    /// Has a sync come, in its time, for something that this thread has not written.
    pub fn ask_sync(&self) {
        self.news.dirty.notify_one();
    }

    /// Has a sync come now.
    pub fn hurry_sync(&self) {
        self.news.dirty.notify_one();
        self.news.wanted.notify_one();
    }

    /// Waits until something was written that is not handed over, or a sync was asked for.
    pub async fn dirtied(&self) {
        self.news.dirty.notified().await;
    }

    /// Waits until a sync is wanted.
    pub async fn sync_wanted(&self) {
        self.news.wanted.notified().await;
    }
}

impl std::fmt::Debug for PageHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PageHandle").finish_non_exhaustive()
    }
}

/// One submitter: a shard. *Concurrency*: of one thread, so that its hand-overs have one order.
pub struct PageClient {
    id: usize,
    handle: PageHandle,
    sink: Arc<dyn PageSink>,
}

impl PageClient {
    /// Hands batches over to be written.
    pub fn submit(&self, writes: Vec<PageWrite>) {
        self.send(Command::Submit(self.id, writes));
    }

    /// Returns the writer's thread.
    pub fn handle(&self) -> &PageHandle {
        &self.handle
    }

    fn send(&self, command: Command) {
        if self.handle.commands.send(command).is_err() {
            self.sink.failed(Arc::new(FileFault::Closed));
        }
    }
}

impl std::fmt::Debug for PageClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PageClient").field("id", &self.id).finish_non_exhaustive()
    }
}
