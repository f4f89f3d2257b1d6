//! A node's metadata on a disk that forgets, with the part of the data directory that it needs.

use bytes::{Buf, Bytes};
use env::crash::CrashDisk;
use env::{Clock, Disk, Env, OpenMode, Random, Spawn, ThreadMain};
use log::wal::{WalHandle, WalHome, WalOptions, WalPosition, WalWriter};
use metadata::controller::{
    CreateTopic, CreateTopics, DeleteTopic, FeatureUpdate, LevelChange, TopicRules, UpdateFeatures,
};
use metadata::quorum::{
    self, MetadataQuorum, QuorumFrame, QuorumFrameKind, QuorumOptions, QuorumRecovered, QuorumStorage,
    RaftQuorum, Space, StorageFailed, StorageFull, Ticket, Voter, VoterAddress, WalStorage,
};
use metadata::{
    BrokerRegistration, DirectoryVerdict, Metadata, MetadataImage, MetadataOptions, Record,
    RecoveredDirectory,
};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use types::{BrokerEpoch, BrokerId, DirectoryId, Now, ProducerId, TopicId, Uuid};

const DIRECTORY: DirectoryId = DirectoryId(Uuid([5; 16]));
const CLUSTER: Uuid = Uuid([6; 16]);

type Error = Box<dyn std::error::Error>;

/// A metadata operation that was refused or cannot be done any more.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failed(String);

fn failed(error: impl std::fmt::Display) -> Failed {
    Failed(error.to_string())
}

/// Drives a future and all its threads, which are tasks here, on one thread.
pub(crate) fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, future)
}

struct Tasks;

impl Spawn for Tasks {
    fn thread(&self, _: &str, main: ThreadMain) {
        tokio::task::spawn_local(main());
    }

    fn blocking(&self, job: Box<dyn FnOnce() + Send>) {
        job();
    }
}

/// Random numbers that come in one order.
struct Counted(AtomicU64);

impl Random for Counted {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            *byte = next.to_be_bytes()[0];
        }
    }
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Now {
        Now::default()
    }
}

fn env_on(disk: &CrashDisk) -> Env {
    Env {
        clock: Arc::new(Stopped),
        random: Arc::new(Counted(AtomicU64::new(disk.ops().wrapping_mul(1000)))),
        disk: Arc::new(disk.clone()),
        spawn: Arc::new(Tasks),
        net: env::net::Net::Real,
        marks: env::Marks::default(),
    }
}

fn directory() -> PathBuf {
    PathBuf::from("/data")
}

fn wal_home(env: &Env) -> WalHome {
    let options = WalOptions::tiny();
    let (disk, random) = (env.disk.clone(), env.random.clone());
    WalHome { disk, random, dir: directory().join("wal"), directory_id: DIRECTORY, options }
}

/// Makes a disk with a formatted data directory, all of it durable.
pub(crate) fn disk_with_empty_directory() -> CrashDisk {
    let disk = CrashDisk::new();
    let env = env_on(&disk);
    disk.create_dir(&directory()).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    let writer = WalWriter::create(wal_home(&env)).unwrap();
    write_state(&disk, writer.end(), &Bytes::new()).unwrap();
    drop(writer);
    disk.kill();
    disk
}

/// The state file: the WAL's mark, then the quorum's part.
fn write_state(disk: &CrashDisk, mark: WalPosition, quorum: &Bytes) -> std::io::Result<()> {
    let (state, temporary) = (directory().join("state"), directory().join("state.tmp"));
    let mut bytes = Vec::new();
    mark.encode(&mut bytes);
    bytes.extend_from_slice(quorum);
    let file = disk.open(&temporary, OpenMode::Create)?;
    file.set_size(0)?;
    file.write_at(&bytes, 0)?;
    file.sync()?;
    disk.rename(&temporary, &state)?;
    disk.sync_dir(&directory())
}

fn read_state(disk: &CrashDisk) -> Result<(WalPosition, Bytes), Error> {
    let file = disk.open(&directory().join("state"), OpenMode::Write)?;
    file.sync()?;
    disk.sync_dir(&directory())?;
    let mut bytes = vec![0; usize::try_from(file.size()?)?];
    file.read_at(&mut bytes, 0)?;
    let mut bytes = Bytes::from(bytes);
    let mark = WalPosition::decode(&mut bytes)?;
    Ok((mark, bytes.copy_to_bytes(bytes.remaining())))
}

/// The WAL, watched: which votes became durable.
struct Watched {
    wal: Arc<WalStorage>,
    votes: Mutex<Vec<(Ticket, u64)>>,
    durable: Arc<AtomicU64>,
}

impl QuorumStorage for Watched {
    fn submit(&self, frames: Vec<QuorumFrame>) -> Ticket {
        let vote = frames.iter().find(|frame| frame.kind == QuorumFrameKind::Vote).map(|frame| frame.term);
        let ticket = self.wal.submit(frames);
        self.votes.lock().unwrap().extend(vote.map(|term| (ticket, term)));
        ticket
    }

    fn reserve(&self, bytes: u64) -> Result<Space, StorageFull> {
        self.wal.reserve(bytes)
    }

    fn durable(&self, ticket: Ticket) -> Pin<Box<dyn Future<Output = Result<(), StorageFailed>> + Send>> {
        let term =
            self.votes.lock().unwrap().iter().rev().find(|(at, _)| *at <= ticket).map(|(_, term)| *term);
        let (done, durable) = (self.wal.durable(ticket), self.durable.clone());
        Box::pin(async move {
            done.await?;
            durable.fetch_max(term.unwrap_or(0), Ordering::Relaxed);
            Ok(())
        })
    }
}

fn voter(node: i32) -> Voter {
    Voter { node: BrokerId(node), directory: DIRECTORY }
}

fn recover(disk: &CrashDisk, env: &Env) -> Result<(WalHandle, QuorumRecovered), Error> {
    let (mark, checkpoint) = read_state(disk)?;
    let mut frames = Vec::new();
    let home = wal_home(env);
    let replayed = log::wal::replay(&home, mark, &mut |view| {
        frames.push(view.frame);
        Ok(())
    })?;
    let wal = log::wal::start(&*env.spawn, env.clock.clone(), WalWriter::resume(home, replayed)?);
    Ok((wal, QuorumRecovered::from_wal(checkpoint, &frames)?))
}

/// Has a record agreed that no decision of ours makes: one of another version of the program.
pub(crate) async fn write_as_another_version(disk: &CrashDisk, record: Record) -> Result<(), Error> {
    let env = env_on(disk);
    let (wal, recovered) = recover(disk, &env)?;
    let options = QuorumOptions {
        snapshots: directory().join("metadata"),
        voter: voter(1),
        address: VoterAddress::default(),
        snapshot_entries: 100,
        snapshot_bytes: 1 << 20,
    };
    let storage = WalStorage::register(&wal);
    quorum::scope(7, async {
        let quorum = RaftQuorum::start(env.disk.clone(), options, storage, recovered).await?;
        quorum.propose(vec![record]).await?;
        quorum.stop().await;
        wal.stop().await;
        Ok(())
    })
    .await
}

/// A node's metadata.
pub(crate) struct Node {
    disk: CrashDisk,
    env: Env,
    wal: WalHandle,
    metadata: Metadata,
    term: Arc<AtomicU64>,
}

impl Node {
    /// Recovers and starts.
    pub(crate) async fn open(disk: &CrashDisk) -> Result<Node, Error> {
        Node::open_as(disk, 1).await
    }

    /// Recovers and starts under a node id.
    pub(crate) async fn open_as(disk: &CrashDisk, node: i32) -> Result<Node, Error> {
        let env = env_on(disk);
        let (wal, recovered) = recover(disk, &env)?;
        let term = Arc::new(AtomicU64::new(0));
        let storage =
            Watched { wal: WalStorage::register(&wal), votes: Mutex::default(), durable: term.clone() };
        let voter = voter(node);
        let options =
            MetadataOptions { snapshot_entries: 5, ..MetadataOptions::new(directory(), voter, CLUSTER) };
        let metadata = Metadata::start(&env, options, Arc::new(storage), recovered).await?;
        Ok(Node { disk: disk.clone(), env, wal, metadata, term })
    }

    pub(crate) fn image(&self) -> MetadataImage {
        MetadataImage::clone(&self.metadata.image().borrow())
    }

    /// Returns the highest term whose vote became durable in this life.
    pub(crate) fn durable_term(&self) -> u64 {
        self.term.load(Ordering::Relaxed)
    }

    pub(crate) async fn register(&self) -> Result<BrokerEpoch, Failed> {
        let registration = BrokerRegistration {
            broker: BrokerId(1),
            incarnation: self.env.random.uuid(),
            endpoints: Vec::new(),
            rack: None,
            directories: vec![RecoveredDirectory { id: DIRECTORY, verdict: DirectoryVerdict::Verified }],
        };
        self.metadata.register_broker(registration).await.map_err(failed)?.map_err(failed)
    }

    pub(crate) async fn create(&self, name: &str, partitions: i32) -> Result<TopicId, Failed> {
        let topic = CreateTopic {
            name: name.to_string(),
            partitions,
            replication_factor: 1,
            ..CreateTopic::default()
        };
        let rules =
            TopicRules { partitions: 1, replication_factor: 1, check_configs: Arc::new(|_, _| Ok(())) };
        let request = CreateTopics { topics: vec![topic], validate_only: false };
        let created = self.metadata.create_topics(request, rules).await.map_err(failed)?.pop();
        Ok(created.ok_or_else(|| failed("no answer"))?.result.map_err(failed)?.id)
    }

    pub(crate) async fn delete(&self, id: TopicId) -> Result<(), Failed> {
        let deleted =
            self.metadata.delete_topics(vec![DeleteTopic { name: None, id }]).await.map_err(failed)?;
        deleted.into_iter().try_for_each(|topic| topic.result.map_err(failed))
    }

    pub(crate) async fn allocate(&self, epoch: BrokerEpoch) -> Result<ProducerId, Failed> {
        let block = self.metadata.allocate_producer_ids(BrokerId(1), epoch).await.map_err(failed)?;
        Ok(block.map_err(failed)?.first)
    }

    pub(crate) async fn upgrade(&self, feature: &str, level: i16) -> Result<(), Failed> {
        let change = Some(LevelChange::Upgrade);
        let updates = vec![FeatureUpdate { name: feature.to_string(), level, change }];
        let request = UpdateFeatures { updates, validate_only: false, controller: BrokerId(1) };
        self.metadata.update_features(request).await.map_err(failed)?.map_err(failed)
    }

    /// Writes the state and gives WAL files back.
    pub(crate) async fn checkpoint(&self) -> Result<(), Failed> {
        let mark = self.wal.mark().await.map_err(failed)?;
        let quorum = self.metadata.checkpoint_bytes().await.map_err(failed)?;
        write_state(&self.disk, mark, &quorum).map_err(failed)?;
        self.wal.recycle_below(mark);
        Ok(())
    }

    pub(crate) async fn stop(&self) {
        self.metadata.stop().await;
        self.wal.stop().await;
    }
}
