//! The metadata of this node, as the broker uses it.
//!
//! One task makes one decision at a time on the newest image, has its records agreed, and answers once
//! the local image contains them. It runs with openraft on a thread of its own. Callers are on
//! any thread. Start order is W-14's: log, own registration, then everything else. Tests:
//! tests/crash_quorum.rs.

use crate::controller::{
    self, AlterConfigs, CreatePartitions, CreateTopics, CreatedPartitions, CreatedTopic, Decision,
    DeleteTopic, DeletedTopic, ProducerIdBlock, Refusal, TopicRules, UnsupportedLevel, UpdateFeatures,
};
use crate::quorum::{
    self, MetadataQuorum, ProposeError, QuorumFault, QuorumOptions, QuorumRecovered, QuorumStatus,
    QuorumStorage, RaftQuorum, StorageFailed, Voter, VoterAddress,
};
use crate::times::DecisionTimes;
use crate::{BrokerRegistration, MetadataImage, Record};
use bytes::Bytes;
use env::{Clock, Env, Random};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use types::{BrokerEpoch, BrokerId, ErrorCode, MetadataOffset, Monotonic, TopicId, Uuid};

/// Requests that wait for a decision before senders wait too.
const MAILBOX: usize = 256;

/// What a node needs for its metadata.
#[derive(Clone, Debug)]
pub struct MetadataOptions {
    /// The data directory; snapshots go to its folder `metadata`.
    pub directory: PathBuf,
    /// This node with this directory.
    pub voter: Voter,
    /// Where other voters reach this one.
    pub address: VoterAddress,
    /// The cluster's id.
    pub cluster_id: Uuid,
    /// Entries after which a snapshot is taken.
    pub snapshot_entries: u64,
    /// Bytes of entries after which a snapshot is taken.
    pub snapshot_bytes: usize,
}

impl MetadataOptions {
    /// Makes options with the usual snapshot limits: 2,000 entries or 1 MiB.
    pub fn new(directory: PathBuf, voter: Voter, cluster_id: Uuid) -> MetadataOptions {
        let address = VoterAddress::default();
        MetadataOptions {
            directory,
            voter,
            address,
            cluster_id,
            snapshot_entries: 2000,
            snapshot_bytes: 1 << 20,
        }
    }
}

/// Why the metadata did not start.
#[derive(Debug, thiserror::Error)]
pub enum MetadataFault {
    /// The quorum did not start.
    #[error(transparent)]
    Quorum(#[from] QuorumFault),
    /// The log belongs to another cluster.
    #[error("the data directory belongs to cluster {directory}, its metadata to cluster {metadata}")]
    OtherCluster {
        /// The id in the directory's format file.
        directory: Uuid,
        /// The id in the metadata.
        metadata: Uuid,
    },
    /// A newer program has raised a feature level.
    #[error(transparent)]
    Level(#[from] UnsupportedLevel),
    /// The thread ended before it said anything.
    #[error("the metadata thread has ended")]
    ThreadEnded,
}

impl MetadataFault {
    /// Says whether what is stored is damaged.
    pub fn is_damage(&self) -> bool {
        let MetadataFault::Quorum(fault) = self else { return false };
        matches!(fault, QuorumFault::Log(_) | QuorumFault::Snapshot(_) | QuorumFault::SnapshotMissing { .. })
    }
}

/// The metadata cannot be changed now. Whether the change was made is not known, unless the error says so.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MetadataUnavailable {
    /// Nothing was changed: another node leads.
    #[error("this node does not lead the metadata quorum")]
    NotLeader,
    /// Nothing was changed: the request makes too many records.
    #[error("the request makes more metadata than can be agreed on at once")]
    TooLarge,
    /// Nothing was changed: the write-ahead log has no room until a checkpoint is done.
    #[error("the write-ahead log has no room for metadata until a checkpoint is done")]
    Full,
    /// The quorum has stopped, by request or because its storage failed; the outcome is unknown.
    #[error("the metadata quorum has stopped")]
    Stopped,
}

impl MetadataUnavailable {
    /// Returns Kafka's code.
    pub fn code(&self) -> ErrorCode {
        match self {
            MetadataUnavailable::NotLeader => ErrorCode::NotController,
            MetadataUnavailable::TooLarge => ErrorCode::PolicyViolation,
            MetadataUnavailable::Full => ErrorCode::KafkaStorageError,
            MetadataUnavailable::Stopped => ErrorCode::RequestTimedOut,
        }
    }
}

impl From<ProposeError> for MetadataUnavailable {
    fn from(error: ProposeError) -> MetadataUnavailable {
        match error {
            ProposeError::NotLeader => MetadataUnavailable::NotLeader,
            ProposeError::TooLarge(_) => MetadataUnavailable::TooLarge,
            ProposeError::Full(_) => MetadataUnavailable::Full,
            ProposeError::Stopped(_) => MetadataUnavailable::Stopped,
        }
    }
}

type Answer<T> = Result<T, MetadataUnavailable>;
type Reply<T> = oneshot::Sender<Answer<T>>;

enum Command {
    CreateTopics(CreateTopics, TopicRules, Reply<Vec<CreatedTopic>>),
    CreatePartitions(CreatePartitions, Reply<Vec<CreatedPartitions>>),
    DeleteTopics(Vec<DeleteTopic>, Reply<Vec<DeletedTopic>>),
    AlterConfigs(AlterConfigs, Reply<Vec<Result<(), Refusal>>>),
    UpdateFeatures(UpdateFeatures, Reply<Result<(), Refusal>>),
    RegisterBroker(BrokerRegistration, Reply<Result<BrokerEpoch, Refusal>>),
    FenceBroker(BrokerId, BrokerEpoch, Reply<()>),
    AllocateProducerIds(BrokerId, BrokerEpoch, Reply<Result<ProducerIdBlock, Refusal>>),
    Barrier(Reply<MetadataOffset>),
    Stop(oneshot::Sender<()>),
}

/// The metadata of this node. Cloning shares it.
#[derive(Clone)]
pub struct Metadata {
    commands: mpsc::Sender<(Monotonic, Command)>,
    clock: Arc<dyn Clock>,
    times: Arc<DecisionTimes>,
    image: watch::Receiver<Arc<MetadataImage>>,
    quorum: RaftQuorum,
}

#[allow(clippy::missing_errors_doc)]
impl Metadata {
    /// Starts on a thread of its own; returns once this node leads and its image holds everything
    /// that was ever agreed.
    ///
    /// # Errors
    /// Damage, a foreign directory, failed storage.
    pub async fn start(
        env: &Env,
        options: MetadataOptions,
        storage: Arc<dyn QuorumStorage>,
        recovered: QuorumRecovered,
    ) -> Result<Metadata, MetadataFault> {
        let (started, result) = oneshot::channel();
        let thread_env = env.clone();
        let main = move || -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
            let seed = thread_env.random.next_u64();
            Box::pin(quorum::scope(seed, run(thread_env, options, storage, recovered, started)))
        };
        env.spawn.thread("metadata", Box::new(main));
        result.await.unwrap_or(Err(MetadataFault::ThreadEnded))
    }

    /// Returns the image as it moves on.
    pub fn image(&self) -> watch::Receiver<Arc<MetadataImage>> {
        self.image.clone()
    }

    /// Creates topics; one answer per name, in order of the request.
    pub async fn create_topics(&self, request: CreateTopics, rules: TopicRules) -> Answer<Vec<CreatedTopic>> {
        self.ask(|reply| Command::CreateTopics(request, rules, reply)).await
    }

    /// Adds partitions to topics; one answer per name, in order of the request.
    pub async fn create_partitions(&self, request: CreatePartitions) -> Answer<Vec<CreatedPartitions>> {
        self.ask(|reply| Command::CreatePartitions(request, reply)).await
    }

    /// Deletes topics; one answer per name or id, in order of the request.
    pub async fn delete_topics(&self, topics: Vec<DeleteTopic>) -> Answer<Vec<DeletedTopic>> {
        self.ask(|reply| Command::DeleteTopics(topics, reply)).await
    }

    /// Changes settings, each resource whole or not at all; one answer per resource, in order of the request.
    pub async fn alter_configs(&self, request: AlterConfigs) -> Answer<Vec<Result<(), Refusal>>> {
        self.ask(|reply| Command::AlterConfigs(request, reply)).await
    }

    /// Updates feature levels, all or none.
    pub async fn update_features(&self, request: UpdateFeatures) -> Answer<Result<(), Refusal>> {
        self.ask(|reply| Command::UpdateFeatures(request, reply)).await
    }

    /// Returns how long decisions take.
    pub fn times(&self) -> &DecisionTimes {
        &self.times
    }

    /// Returns who leads the quorum, who votes, and how far the log is.
    pub fn quorum_status(&self) -> QuorumStatus {
        self.quorum.status()
    }

    /// Registers a broker's new incarnation; returns its epoch.
    pub async fn register_broker(
        &self,
        registration: BrokerRegistration,
    ) -> Answer<Result<BrokerEpoch, Refusal>> {
        self.ask(|reply| Command::RegisterBroker(registration, reply)).await
    }

    /// Fences a broker's incarnation; nothing happens if it has another one.
    pub async fn fence_broker(&self, broker: BrokerId, epoch: BrokerEpoch) -> Answer<()> {
        self.ask(|reply| Command::FenceBroker(broker, epoch, reply)).await
    }

    /// Hands out producer ids that nobody got before.
    pub async fn allocate_producer_ids(
        &self,
        broker: BrokerId,
        epoch: BrokerEpoch,
    ) -> Answer<Result<ProducerIdBlock, Refusal>> {
        self.ask(|reply| Command::AllocateProducerIds(broker, epoch, reply)).await
    }

    /// Waits until the local image holds everything that was agreed before the call.
    pub async fn metadata_barrier(&self) -> Answer<MetadataOffset> {
        self.ask(Command::Barrier).await
    }

    /// Returns the quorum's part of the directory's checkpoint, once all of it is durable. To be
    /// called after the checkpoint's mark is taken.
    ///
    /// # Errors
    /// The storage has failed.
    pub async fn checkpoint_bytes(&self) -> Result<Bytes, StorageFailed> {
        self.quorum.checkpoint_bytes().await
    }

    /// Waits until the metadata has ended by itself: its storage has failed, or it found damage. Says why. A stop
    /// that was asked for is none.
    pub async fn failed(&self) -> String {
        self.quorum.failed().await
    }

    /// Says whether a snapshot has found no room on the disk since this was last asked; it is tried again (W-12).
    pub fn has_found_no_room(&self) -> bool {
        self.quorum.has_found_no_room()
    }

    /// Stops the thread; what waits is answered as unknown.
    pub async fn stop(&self) {
        let (reply, done) = oneshot::channel();
        if self.commands.send((self.clock.now().mono, Command::Stop(reply))).await.is_ok() {
            done.await.unwrap_or_default();
        }
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        let sent = self.commands.send((self.clock.now().mono, command(reply))).await;
        sent.map_err(|_| MetadataUnavailable::NotLeader)?;
        answer.await.unwrap_or(Err(MetadataUnavailable::Stopped))
    }
}

impl std::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metadata").field("offset", &self.image.borrow().offset()).finish_non_exhaustive()
    }
}

/// The thread: starts the quorum, says how that went, decides until it is told to stop.
async fn run(
    env: Env,
    options: MetadataOptions,
    storage: Arc<dyn QuorumStorage>,
    recovered: QuorumRecovered,
    started: oneshot::Sender<Result<Metadata, MetadataFault>>,
) {
    let quorum = match start_quorum(&env, &options, storage, recovered).await {
        Ok(quorum) => quorum,
        Err(fault) => {
            // The starter may have given up; then nobody needs the reason.
            let _ = started.send(Err(fault));
            return;
        }
    };
    let (commands, mailbox) = mpsc::channel(MAILBOX);
    let (clock, times) = (env.clock, Arc::<DecisionTimes>::default());
    let (image, shared) = (quorum.image(), quorum.clone());
    let metadata = Metadata { commands, clock: clock.clone(), times: times.clone(), image, quorum: shared };
    let (random, cluster_id) = (env.random, options.cluster_id);
    let decider = Decider { quorum: quorum.clone(), random, clock, times, cluster_id };
    if started.send(Ok(metadata)).is_ok() {
        let stop = decider.serve(mailbox).await;
        quorum.stop().await;
        if let Some(done) = stop {
            let _ = done.send(());
        }
    } else {
        quorum.stop().await;
    }
}

async fn start_quorum(
    env: &Env,
    options: &MetadataOptions,
    storage: Arc<dyn QuorumStorage>,
    recovered: QuorumRecovered,
) -> Result<RaftQuorum, MetadataFault> {
    let quorum_options = QuorumOptions {
        snapshots: options.directory.join("metadata"),
        voter: options.voter,
        address: options.address.clone(),
        snapshot_entries: options.snapshot_entries,
        snapshot_bytes: options.snapshot_bytes,
    };
    let quorum = RaftQuorum::start(env.disk.clone(), quorum_options, storage, recovered).await?;
    let image = quorum.image().borrow().clone();
    if let Err(fault) = check_image(&image, options.cluster_id) {
        quorum.stop().await;
        return Err(fault);
    }
    let missing = controller::bootstrap(&image, options.cluster_id);
    if !missing.is_empty() {
        quorum.propose(missing).await.map_err(|error| QuorumFault::Stopped(error.to_string()))?;
    }
    Ok(quorum)
}

/// Checks that the metadata is of this cluster and of no newer program.
fn check_image(image: &MetadataImage, cluster_id: Uuid) -> Result<(), MetadataFault> {
    match image.cluster_id().filter(|id| *id != cluster_id) {
        Some(metadata) => Err(MetadataFault::OtherCluster { directory: cluster_id, metadata }),
        None => Ok(controller::check_levels(image.features())?),
    }
}

struct Decider {
    quorum: RaftQuorum,
    random: Arc<dyn Random>,
    clock: Arc<dyn Clock>,
    times: Arc<DecisionTimes>,
    cluster_id: Uuid,
}

impl Decider {
    async fn serve(&self, mut mailbox: mpsc::Receiver<(Monotonic, Command)>) -> Option<oneshot::Sender<()>> {
        while let Some((asked, command)) = mailbox.recv().await {
            let began = self.clock.now().mono;
            self.times.waiting.observe(began.since(asked));
            match command {
                Command::Stop(done) => return Some(done),
                command => self.decide(command).await,
            }
            self.times.deciding.observe(self.clock.now().mono.since(began));
        }
        None
    }

    /// Makes one decision. Who no longer waits for the answer is not answered; that is no error.
    async fn decide(&self, command: Command) {
        let image = self.quorum.image().borrow().clone();
        match command {
            Command::CreateTopics(request, rules, reply) => {
                let mut new_id = || TopicId(self.random.uuid());
                let decision = controller::create_topics(&image, &request, &rules, &mut new_id);
                let _ = reply.send(self.settle(decision).await);
            }
            Command::CreatePartitions(request, reply) => {
                let _ = reply.send(self.settle(controller::create_partitions(&image, &request)).await);
            }
            Command::DeleteTopics(topics, reply) => {
                let _ = reply.send(self.settle(controller::delete_topics(&image, &topics)).await);
            }
            Command::AlterConfigs(request, reply) => {
                let _ = reply.send(self.settle(controller::alter_configs(&image, &request)).await);
            }
            Command::UpdateFeatures(request, reply) => {
                let decision = controller::update_features(&image, &request);
                let _ = reply.send(self.settle_or_refuse(decision).await);
            }
            Command::RegisterBroker(registration, reply) => {
                let _ = reply.send(self.register(&image, registration).await);
            }
            Command::FenceBroker(broker, epoch, reply) => {
                let _ = reply.send(self.settle(controller::fence_broker(&image, broker, epoch)).await);
            }
            Command::AllocateProducerIds(broker, epoch, reply) => {
                let decision = controller::allocate_producer_ids(&image, broker, epoch);
                let _ = reply.send(self.settle_or_refuse(decision).await);
            }
            Command::Barrier(reply) => {
                let _ = reply.send(self.quorum.barrier().await.map_err(MetadataUnavailable::from));
            }
            Command::Stop(_) => {}
        }
    }

    async fn register(
        &self,
        image: &MetadataImage,
        registration: BrokerRegistration,
    ) -> Answer<Result<BrokerEpoch, Refusal>> {
        let broker = registration.broker;
        let decision = controller::register_broker(image, self.cluster_id, registration);
        let settled = self.settle_or_refuse(decision).await?;
        let epoch = self.quorum.image().borrow().brokers().get(broker).map(|broker| broker.epoch);
        Ok(settled.map(|()| epoch.unwrap_or_default()))
    }

    async fn settle_or_refuse<T>(
        &self,
        decision: Result<Decision<T>, Refusal>,
    ) -> Answer<Result<T, Refusal>> {
        match decision {
            Ok(decision) => self.settle(decision).await.map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Has a decision's records agreed, then gives its answer.
    async fn settle<T>(&self, decision: Decision<T>) -> Answer<T> {
        let records: Vec<Record> = decision.records;
        if !records.is_empty() {
            let began = self.clock.now().mono;
            self.quorum.propose(records).await?;
            self.times.committing.observe(self.clock.now().mono.since(began));
        }
        Ok(decision.answer)
    }
}
