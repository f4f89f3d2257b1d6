//! The life of a broker: open, recover, register, serve, drain, stop (W-14).

use crate::admission::Admission;
use crate::context::Context;
use crate::departed::Departed;
use crate::descriptors::Descriptors;
use crate::group_memory::GroupMemory;
use crate::jobs::{Compactor, Job, JobSender, Jobs, Todo};
use crate::lag::UnreadTimes;
use crate::net::listener::{NewConnection, Places, accept_all};
use crate::net::peer_log::PeerLog;
use crate::pages::{self, SyncRequests};
use crate::probe::Probes;
use crate::producer_ids::ProducerIds;
use crate::publish::{Published, publish_all};
use crate::room::Rooms;
use crate::session::FetchSessions;
use crate::shard::message::ShardMessage;
use crate::shard::router::Router;
use crate::shard::threads::{Mailboxes, RecoveredLogs};
use crate::space::{self, Space};
use crate::start::{self, Banner, ServeError};
use crate::strays::set_strays_aside;
use crate::unwritten::Unwritten;
use config::{BrokerConfig, Durability};
use env::net::Listener;
use env::{DiskLock, Env};
use log::directory::{Directory, DirectoryOptions, Format, Opened, RecoveryReport};
use log::fault::FileFault;
use log::reader::ReaderOptions;
use log::retain::{ClockState, ClockWatch};
use log::wal::{self, WalHandle};
use metadata::quorum::{QuorumRecovered, Voter, WalStorage};
use metadata::{
    BrokerRegistration, DirectoryVerdict, Endpoint, Metadata, MetadataOptions, RecoveredDirectory,
};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use types::Millis;

/// A stop waits this long for requests that are being answered.
const DRAIN_MAX: Duration = Duration::from_millis(800);
/// A wall clock that differs by more from the monotonic one has jumped.
const CLOCK_JUMP: Millis = Millis(60 * 60 * 1000);
/// Nothing is deleted by age until the clock has run steadily for so long after a jump.
const CLOCK_HOLD: Duration = Duration::from_secs(60 * 60);
/// A broker that was down for longer is taken for one whose clock has jumped.
const LONGEST_STOP: Millis = Millis(30 * 24 * 60 * 60 * 1000);
/// Part of the memory budget that the keys of a compaction may take beside it, at most.
const COMPACT_MEMORY_SHARE: u64 = 4;
/// Part of the memory budget that groups may hold beside it, when nothing is set.
const GROUP_MEMORY_SHARE: u64 = 4;
/// And of that again, what transactional ids may hold beside it.
const TXN_MEMORY_SHARE: u64 = 4;
/// Part of the machine's memory that the broker budgets for itself when nothing is set.
const MEMORY_SHARE: u64 = 2;
/// The budget is cut into so many parts; see admission.rs for those of frames and responses.
const MEMORY_PARTS: u64 = 16;
/// Parts for bytes that no segment holds yet.
const UNWRITTEN_PARTS: u64 = 3;
/// Upper bound of that default. *Units*: bytes.
const MEMORY_DEFAULT_MAX: u64 = 4 << 30;

/// Security protocol of a listener without any, as Kafka numbers it.
const PLAINTEXT: i16 = 0;

/// Said where the space of the write-ahead log is not its own (W-7, W-12).
const COPY_ON_WRITE: &str = "the file system of the data directory copies on write: on a full disk the write-ahead log may \
     fail, and the broker then stops. Keep space free, or use a file system that overwrites in place (ext4, XFS)";

/// Serves until `shutdown` fires or the data directory fails. `ready` is called once clients are served.
///
/// *Concurrency*: runs inside a `LocalSet` of a current-thread runtime; other threads come from `env`.
///
/// # Errors
/// Why it could not start, or why it stopped by itself.
pub async fn serve(
    config: BrokerConfig,
    env: Env,
    shutdown: oneshot::Receiver<()>,
    ready: impl FnOnce(Banner) + Send + 'static,
) -> Result<(), ServeError> {
    let config = Arc::new(config);
    let sockets = Sockets::open(&config, &env).await?;
    let opened = open(&config, &env, sockets.descriptors)?;
    let recovery = start::describe(&opened.report);
    let broker = Broker::start(config, &env, opened, &sockets).await?;
    ready(broker.banner(&sockets, recovery));
    broker.run(sockets, shutdown).await
}

/// The sockets, bound before anything is touched, so that a taken port costs nothing.
struct Sockets {
    /// *Invariant*: at least one.
    clients: Vec<ClientSocket>,
    http: Option<tokio::net::TcpListener>,
    notices: Vec<String>,
    descriptors: Descriptors,
}

/// A listener for clients, and what they are told of it.
struct ClientSocket {
    socket: Listener,
    advertised: Endpoint,
}

impl ClientSocket {
    async fn open(listener: &config::Listener, env: &Env) -> Result<ClientSocket, ServeError> {
        let address = listener.bind.to_string();
        let listen = |error| ServeError::Listen { address: address.clone(), error, setting: "--listen" };
        let socket = env.net.listen(&address).await.map_err(listen)?;
        let bound = socket.local_addr().map_err(listen)?;
        let told = &listener.advertised;
        let advertised = Endpoint {
            listener: listener.name.clone(),
            host: told.host.clone(),
            port: if told.port == 0 { bound.port() } else { told.port },
            security: PLAINTEXT,
        };
        Ok(ClientSocket { socket, advertised })
    }
}

impl Sockets {
    async fn open(config: &BrokerConfig, env: &Env) -> Result<Sockets, ServeError> {
        let mut clients = Vec::with_capacity(config.listeners.len());
        for listener in &config.listeners {
            clients.push(ClientSocket::open(listener, env).await?);
        }
        let descriptors = Descriptors::share(env.spawn.descriptors());
        let mut sockets = Sockets { clients, http: None, notices: Vec::new(), descriptors };
        sockets.open_http(config).await?;
        Ok(sockets)
    }

    /// Returns where clients find this broker, by the listeners' names.
    fn endpoints(&self) -> Vec<Endpoint> {
        self.clients.iter().map(|client| client.advertised.clone()).collect()
    }

    /// Returns the addresses that clients are told.
    fn addresses(&self) -> Vec<String> {
        let address = |client: &ClientSocket| {
            let Endpoint { host, port, .. } = client.advertised.clone();
            config::Endpoint { host, port }.to_string()
        };
        self.clients.iter().map(address).collect()
    }

    async fn open_http(&mut self, config: &BrokerConfig) -> Result<(), ServeError> {
        let Some(endpoint) = &config.http_listener else { return Ok(()) };
        let address = endpoint.to_string();
        match env::net::bind(&address).await {
            Ok(http) => self.http = Some(http),
            Err(error) if config.http_listener_is_set => {
                return Err(ServeError::Listen { address, error, setting: "highwater.http.listener" });
            }
            Err(error) => self.notices.push(format!("no HTTP port: {address}: {error}")),
        }
        Ok(())
    }
}

fn open(config: &BrokerConfig, env: &Env, descriptors: Descriptors) -> Result<Opened, ServeError> {
    let wal = &config.storage.wal;
    let options = DirectoryOptions {
        wal: log::wal::WalOptions {
            first_file_bytes: wal.first_file_bytes,
            file_bytes: wal.file_bytes,
            pool_bytes: wal.pool_bytes,
            checkpoint_bytes: wal.checkpoint_bytes,
            group_bytes_max: wal.group_bytes_max,
            ..log::wal::WalOptions::default()
        },
        reader: ReaderOptions { open_segments: descriptors.segments, ..ReaderOptions::default() },
        ..DirectoryOptions::default()
    };
    let open = || Directory::open(env, &config.data_dir, config.node_id, &options);
    Ok(env.marks.around("recovery", open)?)
}

/// A broker that is up.
struct Broker {
    context: Arc<Context>,
    jobs: JobSender,
    jobs_failed: oneshot::Receiver<String>,
    connections: Vec<mpsc::UnboundedSender<NewConnection>>,
    page_syncs: SyncRequests,
    stop: watch::Sender<bool>,
    clock_watch: ClockWatch,
    /// What the user should know of the data directory.
    notice: Option<String>,
    /// Nobody else opens the directory while a thread of this broker may write to it.
    lock: Option<Box<dyn DiskLock>>,
}

impl Broker {
    async fn start(
        config: Arc<BrokerConfig>,
        env: &Env,
        opened: Opened,
        sockets: &Sockets,
    ) -> Result<Broker, ServeError> {
        let Opened { mut directory, format, mut logs, quorum, wal, report, .. } = opened;
        let wal = wal::start(&*env.spawn, env.clock.clone(), wal);
        let page_writer = pages::start_writer(&config, env, sockets.descriptors.page_files);
        let metadata = start_metadata(&config, env, &format, &wal, quorum).await?;
        register(&metadata, &config, env, (&format, &report), sockets).await?;
        let image = metadata.image().borrow().clone();
        set_strays_aside(&mut directory, &mut logs, &image, &report, env)
            .map_err(|fault| storage_failed(&fault))?;
        directory.open_reserve(config.storage.disk_reserve_bytes).map_err(|fault| storage_failed(&fault))?;
        let lock = directory.take_lock();
        let notice = (!directory.overwrites_in_place()).then(|| COPY_ON_WRITE.to_string());
        let first = Arc::new(Published::new(image, &config, env.clock.now().wall));
        let (failed, failure) = watch::channel(None);
        let (published_to, published) = watch::channel(first.clone());
        let (jobs, jobs_inbox) = JobSender::channel();
        let space = Arc::new(Space::default());
        space.set_reserve(directory.reserve_bytes(), false);
        let unwritten = Unwritten::new(memory(&config, env) / MEMORY_PARTS * UNWRITTEN_PARTS);
        let clock_watch = clock_watch(env, &report);
        let recovered = RecoveredLogs { logs, clock_watch: clock_watch.clone() };
        let mailboxes = Mailboxes::new(config.shards.map_or_else(|| env.spawn.cores(), |n| n as usize));
        let router = mailboxes.router.clone();
        let (stop, stopping) = watch::channel(false);
        let (network, connections) = (&config.network, sockets.descriptors.connections);
        sockets.descriptors.warn_beyond(first.broker.network.max_connections as usize);
        let probes = Arc::new(Probes::new(sockets.clients.iter().map(|c| c.advertised.listener.as_str())));
        let rooms = Rooms::new(&wal, &unwritten, &space, &probes, &config.storage.wal);
        let context = Arc::new(Context {
            admission: Admission::new(memory(&config, env)),
            places: Places::new(connections),
            peer_log: PeerLog::default(),
            sessions: FetchSessions::new(network.fetch_session_slots as usize),
            reader: directory.reader(),
            env: env.clone(),
            router: router.clone(),
            metadata: metadata.clone(),
            published,
            probes,
            wal,
            pages: page_writer.clone(),
            failure,
            stop: stopping,
            space,
            unwritten,
            rooms,
            group_memory: GroupMemory::new(group_memory(&config, env)),
            txn_memory: GroupMemory::new(group_memory(&config, env) / TXN_MEMORY_SHARE),
            next_fetch: AtomicU64::new(1),
            next_connection: AtomicU64::new(1),
            producer_ids: ProducerIds::default(),
            departed: Arc::new(Departed::new(router.len())),
            unread_times: UnreadTimes::default(),
            config,
        });
        let publishing = publish_all(metadata.image(), published_to, router.clone(), env.clock.clone());
        tokio::task::spawn_local(publishing);
        let failed = Arc::new(failed);
        let page_syncs = pages::start_syncs(env, &page_writer, (&router, &jobs), &failed);
        let connections = mailboxes.start(&context, &jobs, &failed, &first, recovered);
        act_on(&report, &router, &jobs);
        let jobs_failed = start_jobs(&context, directory, jobs_inbox);
        Ok(Broker { context, jobs, jobs_failed, connections, page_syncs, stop, clock_watch, notice, lock })
    }

    fn banner(&self, sockets: &Sockets, recovery: String) -> Banner {
        let mut addresses = sockets.addresses();
        Banner {
            data_dir: self.context.config.data_dir.clone(),
            acknowledgement: acknowledgement(self.context.config.default_durability).to_string(),
            client_address: addresses.remove(0),
            other_addresses: addresses,
            http_address: sockets
                .http
                .as_ref()
                .and_then(|http| http.local_addr().ok())
                .map(|a| a.to_string()),
            recovery,
            notices: sockets.notices.iter().chain(&self.notice).cloned().collect(),
        }
    }

    async fn run(self, sockets: Sockets, shutdown: oneshot::Receiver<()>) -> Result<(), ServeError> {
        let _until_all_has_ended = self.lock;
        let stopping = self.context.stop.clone();
        for client in sockets.clients {
            let listener = (client.advertised.listener.into(), client.socket);
            let (shards, context) = (self.connections.clone(), self.context.clone());
            tokio::task::spawn_local(accept_all(listener, shards, context, stopping.clone()));
        }
        drop(self.connections);
        if let Some(http) = sockets.http {
            tokio::task::spawn_local(crate::admin_http::serve(http, self.context.clone(), stopping));
        }
        tokio::task::spawn_local(retain_regularly(self.context.clone(), self.jobs.clone(), self.clock_watch));
        tokio::task::spawn_local(crate::lag::count_skipped(self.context.clone()));
        tokio::task::spawn_local(crate::orphans::find(self.context.clone()));
        tokio::task::spawn_local(space::watch(self.context.clone(), self.jobs.clone()));
        let (mut failure, mut jobs_failed) = (self.context.failure.clone(), self.jobs_failed);
        let failed = tokio::select! {
            biased;
            reason = failure.wait_for(Option::is_some) => reason.ok().and_then(|reason| reason.clone()),
            Ok(reason) = &mut jobs_failed => Some(reason),
            reason = self.context.metadata.failed() => Some(reason),
            _ = shutdown => None,
        };
        let _ = self.stop.send(true);
        if let Some(reason) = failed {
            // Answers that are due now leave; nothing more is promised.
            drain(&self.context).await;
            return Err(ServeError::Storage(reason));
        }
        drain(&self.context).await;
        self.page_syncs.sync().await;
        let last = end_jobs(&self.jobs, jobs_failed).await;
        let failed = self.context.failure.borrow().clone();
        self.context.metadata.stop().await;
        self.context.wal.stop().await;
        for shard in 0..self.context.router.len() {
            self.context.router.send(shard, ShardMessage::Stop);
        }
        // What failed while the broker stopped was not promised to anybody, but it is no clean stop (W-11).
        match failed.or(last.err()) {
            Some(reason) => Err(ServeError::Storage(reason)),
            None => Ok(()),
        }
    }
}

/// Says what an acknowledgement means for topics that do not say it themselves.
fn acknowledgement(durability: Durability) -> &'static str {
    match durability {
        Durability::Fsync => "acks=all and acks=1 mean: synced to stable storage on this node",
        Durability::PageCache => {
            "acks=all and acks=1 mean, for topics created without highwater.durability: in the page cache of this \
             node; they survive kill -9, NOT a power cut"
        }
    }
}

/// Has the directory's thread take its last checkpoint and end.
async fn end_jobs(jobs: &JobSender, mut failed: oneshot::Receiver<String>) -> Result<(), String> {
    let (done, stopped) = oneshot::channel();
    jobs.send(Job::Stop(done));
    match stopped.await {
        Ok(last) => last,
        // It has ended by itself: it says why, unless another part has failed, which says so.
        // Not awaited: it may have been, to its end.
        Err(_) => failed.try_recv().map_or(Ok(()), Err),
    }
}

/// Starts the directory's thread; returns where it says why it has failed.
fn start_jobs(
    context: &Context,
    directory: Directory,
    inbox: mpsc::UnboundedReceiver<Job>,
) -> oneshot::Receiver<String> {
    let worker = Jobs {
        directory,
        inbox,
        wal: context.wal.clone(),
        pages: context.pages.clone(),
        router: context.router.clone(),
        metadata: context.metadata.clone(),
        clock: context.env.clock.clone(),
        marks: context.env.marks.clone(),
        probes: context.probes.clone(),
        space: context.space.clone(),
        unwritten: context.unwritten.clone(),
        random: context.env.random.clone(),
        compactor: Compactor::new(
            context.config.storage.cleaner,
            memory(&context.config, &context.env) / COMPACT_MEMORY_SHARE,
        ),
        todo: Todo::new(),
    };
    let (fail, failed) = oneshot::channel();
    context.env.spawn.thread("directory", Box::new(move || Box::pin(worker.run(fail))));
    failed
}

fn storage_failed(fault: &FileFault) -> ServeError {
    ServeError::Storage(fault.to_string())
}

/// Waits until every connection has answered what it had accepted, within reason.
async fn drain(context: &Context) {
    let _ = tokio::time::timeout(DRAIN_MAX, context.places.all_free()).await;
}

/// Starts to watch the wall clock, beginning with what the directory remembers of it.
fn clock_watch(env: &Env, report: &RecoveryReport) -> ClockWatch {
    let mut watch = ClockWatch::new(env.clock.now(), CLOCK_JUMP, CLOCK_HOLD);
    if let Some(last) = report.last_wall {
        watch.started_after(last, LONGEST_STOP);
    }
    watch
}

async fn retain_regularly(context: Arc<Context>, jobs: JobSender, mut clock_watch: ClockWatch) {
    let every = context.config.storage.retention_check_interval_ms.duration().max(Duration::from_millis(1));
    let began = context.env.clock.now().mono;
    loop {
        tokio::time::sleep(every).await;
        for shard in 0..context.router.len() {
            context.router.send(shard, ShardMessage::Retain);
        }
        let now = context.env.clock.now();
        if strays_may_go(clock_watch.observe(now), now.mono.since(began)) {
            jobs.send(Job::ExpireStrays);
        }
    }
}

/// Says whether the clock can be believed when it calls a folder old. A clock that is days off at a start looks as if the
/// broker had been stopped for long; within this time it is set right, which is seen as a jump.
fn strays_may_go(clock: ClockState, running: Duration) -> bool {
    clock == ClockState::Steady && running >= CLOCK_HOLD
}

async fn start_metadata(
    config: &BrokerConfig,
    env: &Env,
    format: &Format,
    wal: &WalHandle,
    quorum: log::directory::QuorumRecovered,
) -> Result<Metadata, ServeError> {
    let voter = Voter { node: config.node_id, directory: format.directory_id };
    let mut options = MetadataOptions::new(config.data_dir.clone(), voter, format.cluster_id);
    options.snapshot_bytes = usize::try_from(config.storage.metadata_snapshot_bytes).unwrap_or(usize::MAX);
    let quorum = QuorumRecovered::from_wal(quorum.checkpoint, &quorum.frames)
        .map_err(|damage| ServeError::DamagedMetadata(damage.to_string()))?;
    let metadata = Metadata::start(env, options, WalStorage::register(wal), quorum).await;
    metadata.map_err(|fault| match fault.is_damage() {
        true => ServeError::DamagedMetadata(fault.to_string()),
        false => ServeError::Metadata(fault.to_string()),
    })
}

/// Takes damaged logs offline and sets folders aside that nobody claims.
fn act_on(report: &RecoveryReport, router: &Router, jobs: &JobSender) {
    for damaged in &report.damaged {
        let (key, reason) = (damaged.key, damaged.to_string());
        router.send_to_owner(&key, ShardMessage::Damaged { key, reason, done: None });
    }
    for cut in &report.cut_pages {
        let (key, from, bytes) = (cut.key, cut.from, cut.bytes);
        tracing::warn!(partition = %key, %from, bytes, "what the page cache had lost, or damaged, was cut off the end");
    }
    for (key, is_complete) in &report.producers_rebuilt {
        tracing::warn!(partition = %key, is_complete, "the state had no producers for this log; they were made anew");
    }
    for folder in &report.unknown_folders {
        jobs.send(Job::StrayFolder(folder.clone()));
    }
}

async fn register(
    metadata: &Metadata,
    config: &BrokerConfig,
    env: &Env,
    (format, report): (&Format, &RecoveryReport),
    sockets: &Sockets,
) -> Result<(), ServeError> {
    let registration = BrokerRegistration {
        broker: config.node_id,
        incarnation: env.random.uuid(),
        endpoints: sockets.endpoints(),
        rack: config.rack.clone(),
        directories: vec![RecoveredDirectory { id: format.directory_id, verdict: verdict(report) }],
    };
    match metadata.register_broker(registration).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(refusal)) => Err(ServeError::Metadata(refusal.message)),
        Err(unavailable) => Err(ServeError::Metadata(unavailable.to_string())),
    }
}

/// Says what recovery can vouch for. What page-cache topics had in the page cache may be gone with a power cut.
fn verdict(report: &RecoveryReport) -> DirectoryVerdict {
    match report.page_cache_logs {
        0 => DirectoryVerdict::Verified,
        _ => DirectoryVerdict::PageCacheUnproved,
    }
}

/// Returns the memory budget. *Units*: bytes.
pub(crate) fn memory(config: &BrokerConfig, env: &Env) -> u64 {
    let default = || (env.spawn.memory_bytes() / MEMORY_SHARE).min(MEMORY_DEFAULT_MAX);
    config.memory_max.unwrap_or_else(default)
}

/// Returns what groups may hold, beside that budget. *Units*: bytes.
fn group_memory(config: &BrokerConfig, env: &Env) -> u64 {
    config.groups.memory_bytes.unwrap_or_else(|| memory(config, env) / GROUP_MEMORY_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    /// Protects: a wrong clock at a start does not take folders away that were set aside (W-14).
    #[test]
    fn strays_wait_for_a_clock_that_was_steady_for_long() {
        assert!(!strays_may_go(ClockState::Steady, CLOCK_HOLD / 2));
        assert!(strays_may_go(ClockState::Steady, CLOCK_HOLD));
    }

    /// Protects: a stop that comes after the directory's thread has ended by itself, and was seen to, ends the broker in order.
    #[test]
    fn a_stop_after_the_end_of_the_directorys_thread() {
        let (jobs, inbox) = JobSender::channel();
        drop(inbox);
        let (fail, mut failed) = oneshot::channel();
        drop(fail);
        assert!((&mut failed).now_or_never().unwrap().is_err());
        assert_eq!(end_jobs(&jobs, failed).now_or_never().unwrap(), Ok(()));
        let (fail, failed) = oneshot::channel();
        fail.send("why".to_owned()).unwrap();
        assert_eq!(end_jobs(&jobs, failed).now_or_never().unwrap(), Err("why".to_owned()));
    }
}
