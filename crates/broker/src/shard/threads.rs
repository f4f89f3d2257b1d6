//! The threads of the shards: each runs its shard's loop and the connections handed to it.

use super::message::ShardMessage;
use super::router::Router;
use super::{Shard, ShardParts, ShardSettings};
use crate::context::Context;
use crate::jobs::JobSender;
use crate::net::connection;
use crate::net::listener::NewConnection;
use crate::publish::Published;
use log::fault::FileFault;
use log::log::Log;
use log::pages::PageSink;
use log::retain::ClockWatch;
use log::wal::{WalFault, WalSink};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use types::LogKey;

/// Share of the memory budget that keeps recent batches for readers: one sixteenth.
const TAIL_SHARE: u64 = 16;

/// All small tails that the state may hold, at most. *Units*: bytes.
const SMALL_TAILS_MAX: u64 = 8 << 20;
/// And this part of the budget of unwritten bytes at most.
const SMALL_TAILS_SHARE: u64 = 8;

/// Producers that one log may know (P11).
const MAX_PRODUCERS: usize = 100_000;

/// The mailboxes of all shards, before their threads have started.
pub(crate) struct Mailboxes {
    /// The way to the shards.
    pub(crate) router: Router,
    inboxes: Vec<mpsc::UnboundedReceiver<ShardMessage>>,
    senders: Vec<mpsc::UnboundedSender<ShardMessage>>,
}

impl Mailboxes {
    /// Makes the mailboxes of so many shards.
    pub(crate) fn new(count: usize) -> Mailboxes {
        let (senders, inboxes): (Vec<_>, Vec<_>) =
            (0..count.max(1)).map(|_| mpsc::unbounded_channel()).unzip();
        Mailboxes { router: Router::new(senders.clone()), inboxes, senders }
    }

    /// Starts the shards with the first metadata and what recovery found; returns where new
    /// connections go.
    pub(crate) fn start(
        self,
        context: &Arc<Context>,
        jobs: &JobSender,
        failed: &Arc<watch::Sender<Option<String>>>,
        first: &Arc<Published>,
        recovered: RecoveredLogs,
    ) -> Vec<mpsc::UnboundedSender<NewConnection>> {
        let count = self.inboxes.len();
        let mut by_shard: BTreeMap<usize, Vec<Log>> = BTreeMap::new();
        for log in recovered.logs {
            by_shard.entry(self.router.shard_of(&log.key())).or_default().push(log);
        }
        let mut connections = Vec::with_capacity(count);
        for (id, (inbox, sender)) in self.inboxes.into_iter().zip(self.senders).enumerate() {
            let logs = by_shard.remove(&id).unwrap_or_default();
            let _ = sender.send(ShardMessage::Image { published: first.clone(), logs });
            let (connect, connected) = mpsc::unbounded_channel();
            connections.push(connect);
            let thread = ShardThread {
                id,
                count,
                inbox,
                connected,
                sink: Arc::new(ShardSink { shard: sender, failed: failed.clone() }),
                context: context.clone(),
                jobs: jobs.clone(),
                clock_watch: recovered.clock_watch.clone(),
            };
            let main = move || Box::pin(thread.run()) as std::pin::Pin<Box<dyn Future<Output = ()>>>;
            context.env.spawn.thread(&format!("shard-{id}"), Box::new(main));
        }
        connections
    }
}

/// What one thread is made of.
struct ShardThread {
    id: usize,
    count: usize,
    inbox: mpsc::UnboundedReceiver<ShardMessage>,
    connected: mpsc::UnboundedReceiver<NewConnection>,
    sink: Arc<ShardSink>,
    context: Arc<Context>,
    jobs: JobSender,
    clock_watch: ClockWatch,
}

/// What recovery found, as far as shards care.
pub(crate) struct RecoveredLogs {
    /// The logs of all shards.
    pub(crate) logs: Vec<Log>,
    /// A watch that knows the last wall time of the directory.
    pub(crate) clock_watch: ClockWatch,
}

impl ShardThread {
    async fn run(self) {
        let context = self.context;
        let empty = Arc::new(Published::new(Arc::default(), &context.config, context.env.clock.now().wall));
        let budget = crate::run::memory(&context.config, &context.env) / TAIL_SHARE / self.count as u64;
        let small_tails = SMALL_TAILS_MAX.min(context.unwritten.limit() / SMALL_TAILS_SHARE);
        let (group_jobs, jobs_of_groups) = mpsc::unbounded_channel();
        let (txn_jobs, jobs_of_txns) = mpsc::unbounded_channel();
        let shard = Shard::new(ShardParts {
            id: self.id,
            router: context.router.clone(),
            published: empty,
            broker: context.config.node_id,
            clock: context.env.clock.clone(),
            wal: context.wal.register(self.sink.clone()),
            pages: context.pages.register(self.sink),
            rooms: context.rooms.clone(),
            jobs: self.jobs,
            probes: context.probes.clone(),
            departed: context.departed.clone(),
            settings: ShardSettings {
                tail_cache_bytes: budget,
                small_tails_bytes: small_tails / self.count as u64,
                unwritten: context.unwritten.clone(),
                group_memory: context.group_memory.clone(),
                txn_memory: context.txn_memory.clone(),
                max_producers: MAX_PRODUCERS,
            },
            clock_watch: self.clock_watch,
            group_jobs,
            txn_jobs,
        });
        tokio::task::spawn_local(crate::groups::work(jobs_of_groups, context.clone()));
        tokio::task::spawn_local(crate::transactions::work(jobs_of_txns, context.clone()));
        tokio::task::spawn_local(serve_connections(self.connected, context));
        shard.run(self.inbox).await;
    }
}

async fn serve_connections(mut connected: mpsc::UnboundedReceiver<NewConnection>, context: Arc<Context>) {
    while let Some(NewConnection { stream, number, peer, listener, place }) = connected.recv().await {
        match stream.attach() {
            Ok(stream) => {
                let context = context.clone();
                tokio::task::spawn_local(async move {
                    connection::serve(stream, number, (peer, listener), context).await;
                    drop(place);
                });
            }
            Err(error) => tracing::warn!(%peer, %error, "cannot serve a connection"),
        }
    }
}

/// Tells a shard what became of its frames, and of the batches of its page-cache logs.
struct ShardSink {
    shard: mpsc::UnboundedSender<ShardMessage>,
    failed: Arc<watch::Sender<Option<String>>>,
}

impl ShardSink {
    fn fail(&self, reason: &dyn std::fmt::Display) {
        self.failed.send_if_modified(|known| known.is_none() && known.replace(reason.to_string()).is_none());
        let _ = self.shard.send(ShardMessage::WalFailed);
    }
}

impl PageSink for ShardSink {
    fn written(&self, done: Vec<(LogKey, u64)>) {
        let _ = self.shard.send(ShardMessage::Written(done));
    }

    fn refused(&self, key: LogKey, reason: String) {
        let _ = self.shard.send(ShardMessage::NoRoom { key, reason });
    }

    fn failed(&self, fault: Arc<FileFault>) {
        self.fail(&fault);
    }
}

impl WalSink for ShardSink {
    fn synced(&self, through: u64) {
        let _ = self.shard.send(ShardMessage::Synced(through));
    }

    fn failed(&self, fault: Arc<WalFault>) {
        self.fail(&fault);
    }
}
