//! A transaction over partitions of one shard, over a real write-ahead log: verification, marks, answers.

use super::*;
use crate::departed::Departed;
use crate::group_memory::GroupMemory;
use crate::jobs::JobSender;
use crate::probe::Probes;
use crate::publish::Published;
use crate::room::Rooms;
use crate::shard::message::{Append, AppendPart, GroupAsk, GroupsDone, GroupsOutcome, ShardMessage};
use crate::shard::router::Router;
use crate::shard::{ShardParts, ShardSettings};
use crate::unwritten::Unwritten;
use config::BrokerConfig;
use coordinator::{Answer, GroupRecord, Logged, Request};
use env::Env;
use env::crash::CrashDisk;
use log::directory::{Directory, DirectoryOptions};
use log::fault::FileFault;
use log::pages::{PageLimits, PageSink, PageWriter};
use log::retain::ClockWatch;
use log::wal::{WalFault, WalHandle, WalOptions, WalSink};
use metadata::{MetadataImage, PartitionState, Record, Replica};
use partition::TransactionVersion;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use types::{
    BrokerId, DirectoryId, GroupEpoch, LeaderEpoch, MetadataOffset, Millis, PartitionEpoch, PartitionId,
    TopicId, TopicName, Uuid, WallTime,
};
use wire::offset_commit_value::OffsetCommitValue;
use wire::record::{Batch, BatchBuilder, Codec, ControlKind};

const ID: ProducerId = ProducerId(7);
const ME: BrokerId = BrokerId(1);

fn key(partition: i32) -> LogKey {
    LogKey { topic_id: TopicId(Uuid([9; 16])), partition: PartitionId(partition) }
}

/// Tells the shard what its threads tell; counts the groups of the write-ahead log before it hears of them.
struct Sink(mpsc::UnboundedSender<ShardMessage>, Arc<AtomicU64>);

impl WalSink for Sink {
    fn synced(&self, through: u64) {
        self.1.fetch_add(1, Ordering::SeqCst);
        let _ = self.0.send(ShardMessage::Synced(through));
    }
    fn failed(&self, _: Arc<WalFault>) {}
}

impl PageSink for Sink {
    fn written(&self, done: Vec<(LogKey, u64)>) {
        let _ = self.0.send(ShardMessage::Written(done));
    }
    fn refused(&self, _: LogKey, _: String) {}
    fn failed(&self, _: Arc<FileFault>) {}
}

/// A shard that leads two partitions of one topic.
struct Desk {
    shard: mpsc::UnboundedSender<ShardMessage>,
    wal: WalHandle,
    groups: Arc<AtomicU64>,
    unwritten: Arc<Unwritten>,
}

fn image() -> MetadataImage {
    let state = PartitionState {
        replicas: vec![Replica { broker: ME, directory: DirectoryId::default() }],
        isr: vec![ME],
        elr: Vec::new(),
        leader: Some(ME),
        leader_epoch: LeaderEpoch(0),
        partition_epoch: PartitionEpoch(0),
    };
    let name = TopicName::new("t").unwrap();
    let partition = |n| Record::PartitionChanged { key: key(n), state: state.clone() };
    let records = [Record::TopicCreated { name, id: key(0).topic_id }, partition(0), partition(1)];
    MetadataImage::default().apply(&records, MetadataOffset(1)).unwrap()
}

impl Desk {
    /// Starts a shard as a task of this thread.
    fn start() -> Desk {
        let disk = Arc::new(CrashDisk::new());
        let env = Env { disk: disk.clone(), ..Env::real() };
        let options = DirectoryOptions { wal: WalOptions::tiny(), ..DirectoryOptions::default() };
        let opened = Directory::open(&env, Path::new("/data"), ME, &options).unwrap();
        let wal = log::wal::start(&*env.spawn, env.clock.clone(), opened.wal);
        let limits = PageLimits { bytes: 1 << 20, files: 9 };
        let pages = log::pages::start(&*env.spawn, PageWriter::new(disk, 9), limits);
        let (shard, inbox) = mpsc::unbounded_channel();
        let groups = Arc::<AtomicU64>::default();
        let sink = Arc::new(Sink(shard.clone(), groups.clone()));
        let broker = BrokerConfig::tiny(Path::new("/data")).unwrap();
        let published = Published::new(Arc::default(), &broker, WallTime(0));
        let unwritten = Unwritten::new(1 << 20);
        let settings = ShardSettings {
            tail_cache_bytes: 1 << 20,
            small_tails_bytes: 1 << 20,
            unwritten: unwritten.clone(),
            group_memory: GroupMemory::new(1 << 20),
            txn_memory: GroupMemory::new(1 << 20),
            max_producers: 100,
        };
        let probes = Arc::new(Probes::new([]));
        let parts = ShardParts {
            id: 0,
            router: Router::new(vec![shard.clone()]),
            published: Arc::new(published),
            broker: ME,
            clock: env.clock.clone(),
            wal: wal.register(sink.clone()),
            pages: pages.register(sink),
            rooms: Rooms::new(&wal, &unwritten, &Arc::default(), &probes, &broker.storage.wal),
            jobs: JobSender::channel().0,
            probes,
            settings,
            departed: Arc::new(Departed::new(1)),
            clock_watch: ClockWatch::new(env.clock.now(), Millis(1000), Duration::from_secs(1)),
            group_jobs: mpsc::unbounded_channel().0,
            txn_jobs: mpsc::unbounded_channel().0,
        };
        tokio::task::spawn_local(Shard::new(parts).run(inbox));
        let published = Arc::new(Published::new(Arc::new(image()), &broker, WallTime(0)));
        let _ = shard.send(ShardMessage::Image { published, logs: Vec::new() });
        Desk { shard, wal, groups, unwritten }
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> ShardMessage) -> T {
        let (reply, answer) = oneshot::channel();
        let _ = self.shard.send(message(reply));
        answer.await.unwrap()
    }

    async fn room(&self) -> (Arc<Reservation>, Arc<Claim>) {
        let reserved = self.wal.reserve_later(4096).await;
        (Arc::new(reserved), Arc::new(self.unwritten.admit(1024).await))
    }

    async fn begin(&self, partitions: &[i32]) -> Vec<Begun> {
        let part = |n: &i32| Unverified {
            key: key(*n),
            producer_id: ID,
            producer_epoch: ProducerEpoch(0),
            first: Sequence(0),
            connection: None,
        };
        let parts = partitions.iter().map(part).collect();
        self.ask(|reply| ShardMessage::BeginVerification(BeginVerification { parts, reply })).await
    }

    /// Writes the first batch of a transaction to a partition.
    async fn append(&self, partition: i32, guard: Option<VerificationGuard>) -> ErrorCode {
        let builder = BatchBuilder::new(Codec::None).transactional(true);
        let mut builder = builder.producer(ID, ProducerEpoch(0), Sequence(0));
        builder.push(WallTime(1), None, Some(b"value"), &[]);
        let batch = Batch::from_wire(&builder.build().unwrap()).unwrap();
        let (room, claim) = self.room().await;
        let (parts, acks) = (vec![AppendPart { key: key(partition), batch, guard }], RequiredAcks::All);
        let answers: Vec<AppendAnswer> =
            self.ask(|reply| ShardMessage::Append(Append { parts, acks, room, claim, reply })).await;
        answers[0].code
    }

    /// Writes marks of this epoch to partitions.
    async fn mark(&self, partitions: &[i32], epoch: i16) -> Vec<ErrorCode> {
        let end = EndTxn {
            producer_id: ID,
            producer_epoch: ProducerEpoch(epoch),
            kind: ControlKind::Commit,
            coordinator_epoch: 0,
            transaction_version: TransactionVersion(2),
        };
        let markers = partitions.iter().map(|n| Marker { key: key(*n), end, of_client: false }).collect();
        let (room, claim) = self.room().await;
        let message = |reply| {
            let reply = AppendReply::Asker(reply);
            ShardMessage::WriteMarkers(WriteMarkers { markers, room, claim, reply })
        };
        self.ask(message).await.into_iter().map(|answer| answer.code).collect()
    }

    async fn open(&self, partition: i32) -> Option<Offset> {
        let key = key(partition);
        let ask = |reply| ShardMessage::DescribeProducers(DescribeProducers { key, most: 10, reply });
        match self.ask(ask).await.unwrap() {
            Producers::All(producers) => producers.first().and_then(|producer| producer.txn_start),
            Producers::TooMany(_) => panic!("there is one"),
        }
    }
}

fn on_a_shard(test: impl AsyncFnOnce(Desk)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async { test(Desk::start()).await });
}

fn guard(begun: Begun) -> Option<VerificationGuard> {
    match begun {
        Begun::Ask(guard) => Some(guard),
        Begun::Open => None,
        other => panic!("{other:?}"),
    }
}

/// Protects: the marks of one call are one group of the write-ahead log, and each is answered, once it is committed, where it stood; a
/// partition that is not there has its code, and a repeat is as good as the first.
#[test]
fn marks_of_one_call_share_a_group() {
    on_a_shard(async |desk| {
        let begun = desk.begin(&[0, 1, 2]).await;
        assert_eq!(begun[2], Begun::Refused(ErrorCode::NotLeaderOrFollower));
        for (partition, begun) in (0..2).zip(begun) {
            assert_eq!(desk.append(partition, guard(begun)).await, ErrorCode::None);
            assert_eq!(desk.open(partition).await, Some(Offset(0)));
        }
        assert_eq!(desk.begin(&[0]).await, [Begun::Open]);
        let count = || desk.groups.load(Ordering::SeqCst);
        let (groups, none, absent) = (count(), ErrorCode::None, ErrorCode::NotLeaderOrFollower);
        assert_eq!(desk.mark(&[1, 2, 0], 1).await, [none, absent, none]);
        assert_eq!(count(), groups + 1);
        assert_eq!((desk.open(0).await, desk.open(1).await), (None, None));
        assert_eq!(desk.mark(&[0, 1], 1).await, [none, none]);
        assert_eq!(count(), groups + 1, "nothing was written");
        let stale = ErrorCode::InvalidProducerEpoch;
        assert_eq!(desk.mark(&[0, 1], 0).await, [stale, stale]);
    });
}

/// Protects: X2, X3: a batch whose verification was overtaken by a mark, or has failed, or never was, is not appended.
#[test]
fn unverified_batches_stay_out() {
    on_a_shard(async |desk| {
        let refused = ErrorCode::InvalidTxnState;
        assert_eq!(desk.append(0, None).await, refused);
        let failed = guard(desk.begin(&[0]).await[0]);
        let ended = vec![(key(0), ID, failed.unwrap())];
        let _ = desk.shard.send(ShardMessage::EndVerification(EndVerification(ended)));
        assert_eq!(desk.append(0, failed).await, refused);
        let overtaken = guard(desk.begin(&[0]).await[0]);
        assert_eq!(desk.mark(&[0], 1).await, [ErrorCode::None]);
        assert_eq!(desk.append(0, overtaken).await, ErrorCode::InvalidProducerEpoch);
        assert_eq!(desk.open(0).await, None);
    });
}

/// Protects: T8: a transaction whose mark is committed while the coordinator of groups still loads what is before it ends once that
/// is loaded.
#[test]
fn a_mark_that_comes_while_groups_are_loaded_is_not_lost() {
    on_a_shard(async |desk| {
        let first = guard(desk.begin(&[0]).await[0]);
        assert_eq!(desk.append(0, first).await, ErrorCode::None);
        let ask = async |request| {
            let message =
                |reply| ShardMessage::Groups(Box::new(GroupAsk { key: key(0), request, holds: None, reply }));
            desk.ask(message).await
        };
        assert_eq!(ask(Request::List).await, Err(ErrorCode::CoordinatorLoadInProgress));
        assert_eq!(desk.mark(&[0], 1).await, [ErrorCode::None]);
        let value =
            OffsetCommitValue { offset: 5, topic_id: key(0).topic_id.0, ..OffsetCommitValue::default() };
        let record =
            GroupRecord::Offset { group: "g".into(), topic: "t".into(), partition: 0, value: Some(value) };
        let pending = Logged::Record { record, at: WallTime(1), txn: Some(ID) };
        for what in [GroupsOutcome::Records(vec![pending]), GroupsOutcome::Loaded] {
            let _ = desk.shard.send(ShardMessage::GroupsDone(GroupsDone { key: key(0), serial: 1, what }));
        }
        let fetch = Request::FetchOffsets {
            group: "g".into(),
            partitions: None,
            member: None,
            epoch: GroupEpoch::LEAVES,
            require_stable: true,
        };
        match ask(fetch).await {
            Ok(Answer::Offsets(found)) => assert_eq!(found[0].offset, Offset(5)),
            other => panic!("{other:?}"),
        }
    });
}
