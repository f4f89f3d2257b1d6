//! What a shard can be told and asked.

use super::compaction::CompactMessage;
use super::open_txns::{OpenTxn, OpenTxns};
use super::sendings::SentMarks;
use super::transactions::{TxnAsk, TxnLook, TxnSizes, TxnsDone};
use super::txns::{BeginVerification, DescribeProducers, EndVerification, WriteMarkers};
use crate::history::Notes;
use crate::publish::Published;
use crate::room::{HasRoom, Room};
use crate::unwritten::Claim;
use coordinator::{Counts, Due, Groups};
use log::aborted::AbortedPlan;
use log::cut::LogCut;
use log::log::Log;
use log::read_plan::{ReadPlan, TimePlan};
use log::segments::{FileCut, Placement, SegmentId, SegmentMeta};
use log::txn_index::TxnIndexMeta;
use log::wal::Reservation;
use partition::{
    DeleteUpTo, Diverging, FetchInput, FetchToken, Isolation, OffsetQuery, Partition, Pointers, RequiredAcks,
    VerificationGuard,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::{Notify, oneshot};
use types::{ErrorCode, GroupId, LeaderEpoch, LogKey, Offset, WallTime};
use wire::record::Batch;

/// A message to a shard. Senders never wait; what may be in flight is bounded by admission.
pub(crate) enum ShardMessage {
    /// Append the batches of one Produce request that belong to this shard.
    Append(Append),
    /// Plan the reads of one Fetch request that belong to this shard.
    Fetch(Fetch),
    /// A fetch no longer waits.
    Unpark {
        /// Which one.
        token: FetchToken,
        /// Where it was parked.
        keys: Vec<LogKey>,
    },
    /// Answer offset queries.
    Offsets(Offsets),
    /// Delete the records of a partition up to an offset.
    Delete(Delete),
    /// End transactions with marks.
    WriteMarkers(WriteMarkers),
    /// Begin to verify the first batches of transactions.
    BeginVerification(BeginVerification),
    /// Verifications that have failed.
    EndVerification(EndVerification),
    /// Tell the producers of a partition.
    DescribeProducers(DescribeProducers),
    /// Tell the transactions that partitions have open.
    OpenTxns(OpenTxns),
    /// Ask a coordinator.
    Groups(Box<GroupAsk>),
    /// What a coordinator had asked for is done.
    GroupsDone(GroupsDone),
    /// Ask a coordinator of transactions.
    TxnAsk(Box<TxnAsk>),
    /// Look at what one knows.
    TxnLook(TxnLook),
    /// What one had asked for is done.
    TxnsDone(TxnsDone),
    /// New metadata, with recovered logs for partitions that it may name (at start only).
    Image {
        /// The image.
        published: Arc<Published>,
        /// Logs found by recovery.
        logs: Vec<Log>,
    },
    /// The write-ahead log has synced everything up to this ticket.
    Synced(u64),
    /// The write-ahead log has failed.
    WalFailed,
    /// Cut every changed log for a checkpoint.
    Cut {
        /// Unwritten tails below this go with the cut instead of into a segment. *Units*: bytes.
        small_tail_bytes: u64,
        /// Where the cut goes once it is durable.
        reply: oneshot::Sender<ShardCut>,
    },
    /// The checkpoint that holds these cuts is durable.
    Checkpointed {
        /// The logs with the changes of their cuts.
        changes: Vec<(LogKey, u64)>,
        /// Told when the shard has acted on it.
        done: oneshot::Sender<()>,
    },
    /// The checkpoint with these cuts was given up; they are taken again.
    CheckpointAbandoned {
        /// The logs with the changes of their cuts.
        changes: Vec<(LogKey, u64)>,
        /// Told when the shard has acted on it.
        done: oneshot::Sender<()>,
    },
    /// A segment file of a truncated log was cut; the segment as it is now, if it is still there.
    FileCut {
        /// The job.
        cut: FileCut,
        /// The segment.
        segment: Option<SegmentMeta>,
    },
    /// Hand-overs of page-cache logs that are written.
    Written(Vec<(LogKey, u64)>),
    /// There was no room for what a page-cache log has handed over.
    NoRoom {
        /// Which log.
        key: LogKey,
        /// Where, in a sentence.
        reason: String,
    },
    /// Hand all of the page-cache logs over and note their cuts: what is written by then will be synced.
    SyncPages(oneshot::Sender<()>),
    /// It is synced, but for these logs, whose batches were not all in their files.
    PagesSynced(Arc<BTreeSet<LogKey>>),
    /// Apply retention to what is due.
    Retain,
    /// Compaction asks, or says how far it is.
    Compact(CompactMessage),
    /// A transaction index of a segment is not what it should be: it is made anew.
    TxnIndexUnfit {
        /// The log.
        key: LogKey,
        /// The segment.
        base: SegmentId,
        /// Told when it is.
        done: Option<Arc<Notify>>,
    },
    /// A transaction index was made anew.
    TxnIndexBuilt {
        /// The log.
        key: LogKey,
        /// The segment.
        base: SegmentId,
        /// What the state is to know of it.
        index: Option<TxnIndexMeta>,
        /// Told when the log knows.
        done: Option<Arc<Notify>>,
    },
    /// A read found damage.
    Damaged {
        /// Where.
        key: LogKey,
        /// What.
        reason: String,
        /// Told when the partition is offline.
        done: Option<oneshot::Sender<()>>,
    },
    /// Report the sizes of logs that are online.
    LogSizes {
        /// Which; all without any named.
        keys: Option<Vec<LogKey>>,
        /// Where they go.
        reply: oneshot::Sender<Vec<LogSize>>,
    },
    /// Report where partitions stand; those that are not here are left out.
    Positions {
        /// Which.
        keys: Vec<LogKey>,
        /// Where they go.
        reply: oneshot::Sender<Vec<Position>>,
    },
    /// Report what groups have committed.
    CommittedOffsets {
        /// At most so many.
        most: usize,
        /// Where they go.
        reply: oneshot::Sender<CommittedOffsets>,
    },
    /// Report sizes for the metrics.
    Sizes(oneshot::Sender<Sizes>),
    /// End the shard's loop.
    Stop,
}

/// Batches of one request, all of one shard.
pub(crate) struct Append {
    /// The batches.
    pub(crate) parts: Vec<AppendPart>,
    /// Whom the answer waits for.
    pub(crate) acks: RequiredAcks,
    /// Room in the write-ahead log; given back when every batch is durable or given up.
    pub(crate) room: Arc<Reservation>,
    /// Room in memory; given back when the logs have taken the batches over.
    pub(crate) claim: Arc<Claim>,
    /// Where the answers go, in the order of `parts`, once all of them are known.
    pub(crate) reply: oneshot::Sender<Vec<AppendAnswer>>,
}

/// One batch for one partition.
pub(crate) struct AppendPart {
    /// Where it goes.
    pub(crate) key: LogKey,
    /// The batch, checked.
    pub(crate) batch: Batch,
    /// With what guard its transaction was verified, if it was.
    pub(crate) guard: Option<VerificationGuard>,
}

/// Where the answers of appended batches go, in their order, once all of them are known.
pub(crate) enum AppendReply {
    /// To a task that waits.
    Asker(oneshot::Sender<Vec<AppendAnswer>>),
    /// To the coordinator of a transaction that ends.
    Coordinator(Box<SentMarks>),
}

/// How one batch ended.
#[derive(Clone, Debug)]
pub(crate) struct AppendAnswer {
    /// Kafka's code.
    pub(crate) code: ErrorCode,
    /// A sentence, when there is something to say.
    pub(crate) message: Option<String>,
    /// Offset of the first record, or none.
    pub(crate) base: Offset,
    /// First offset of the log, or none.
    pub(crate) log_start: Offset,
}

/// Reads of one request, all of one shard.
pub(crate) struct Fetch {
    /// The reads.
    pub(crate) parts: Vec<FetchPart>,
    /// A client asks, not this broker itself.
    pub(crate) is_client: bool,
    /// Leave this waiting on each partition until more can be read.
    pub(crate) park: Option<Arc<FetchWake>>,
    /// Where the answers go, in the order of `parts`.
    pub(crate) reply: oneshot::Sender<Vec<FetchPartAnswer>>,
}

/// One read.
#[derive(Clone, Copy)]
pub(crate) struct FetchPart {
    /// Where.
    pub(crate) key: LogKey,
    /// What.
    pub(crate) input: FetchInput,
    /// Bytes that are enough for an answer.
    pub(crate) enough: u64,
}

/// What one read found.
pub(crate) struct FetchPartAnswer {
    /// The read, or Kafka's code.
    pub(crate) result: Result<FetchFound, ErrorCode>,
}

/// A planned read.
pub(crate) struct FetchFound {
    /// How to get the bytes.
    pub(crate) plan: ReadPlan,
    /// Where the aborted transactions are that a reader of committed data may meet.
    pub(crate) aborted: AbortedPlan,
    /// Positions at that moment.
    pub(crate) pointers: Pointers,
    /// Where the asker's log departs.
    pub(crate) diverging: Option<Diverging>,
    /// Bytes that could be read, up to the asker's bound, counted up to what it calls enough.
    pub(crate) available: u64,
}

/// A long poll's countdown, shared by the shards it waits on.
#[derive(Debug)]
pub(crate) struct FetchWake {
    /// Its name on every shard.
    pub(crate) token: FetchToken,
    missing: AtomicI64,
    notify: Notify,
}

impl FetchWake {
    /// Makes a countdown of bytes.
    pub(crate) fn new(token: FetchToken, missing: i64) -> FetchWake {
        FetchWake { token, missing: AtomicI64::new(missing), notify: Notify::new() }
    }

    /// Counts bytes that became readable; wakes the fetch when enough have.
    pub(crate) fn count(&self, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX / 2);
        if self.missing.fetch_sub(bytes, Ordering::AcqRel) <= bytes {
            self.notify.notify_one();
        }
    }

    /// Waits until enough bytes have become readable.
    pub(crate) async fn woken(&self) {
        self.notify.notified().await;
    }
}

/// Offset queries of one request, all of one shard.
pub(crate) struct Offsets {
    /// The queries.
    pub(crate) parts: Vec<OffsetsPart>,
    /// Where the answers go, in the order of `parts`.
    pub(crate) reply: oneshot::Sender<Vec<OffsetsPartAnswer>>,
}

/// One query.
#[derive(Clone, Copy)]
pub(crate) struct OffsetsPart {
    /// Where.
    pub(crate) key: LogKey,
    /// What.
    pub(crate) query: OffsetQuery,
    /// Where a search by time begins.
    pub(crate) from: Offset,
    /// What the asker may see.
    pub(crate) isolation: Isolation,
    /// The leadership it knows.
    pub(crate) epoch: Option<LeaderEpoch>,
}

/// One answer, or how to find it.
pub(crate) enum OffsetsPartAnswer {
    /// Kafka's code.
    Refused(ErrorCode),
    /// An offset and its epoch.
    Known(Offset, Option<LeaderEpoch>),
    /// Look into a batch or a segment.
    Look(TimePlan),
    /// There is none.
    Nothing,
}

/// A deletion of records.
pub(crate) struct Delete {
    /// Where.
    pub(crate) key: LogKey,
    /// Up to where.
    pub(crate) up_to: DeleteUpTo,
    /// Room in the write-ahead log for its frame.
    pub(crate) room: Arc<Reservation>,
    /// Told the log start once it is durable, or Kafka's code.
    pub(crate) reply: oneshot::Sender<Result<Offset, ErrorCode>>,
}

/// A request to the coordinator of a partition of `__consumer_offsets`.
pub(crate) struct GroupAsk {
    /// Which partition.
    pub(crate) key: LogKey,
    /// What.
    pub(crate) request: coordinator::Request,
    /// Memory that is given back once the coordinator counts the request as its own.
    pub(crate) holds: Option<crate::api::Holds>,
    /// Where the answer goes.
    pub(crate) reply: oneshot::Sender<Result<coordinator::Answer, ErrorCode>>,
}

/// The outcome of a job of a coordinator.
pub(crate) struct GroupsDone {
    /// Of which partition.
    pub(crate) key: LogKey,
    /// Of which of its coordinators on this shard.
    pub(crate) serial: u64,
    /// What.
    pub(crate) what: GroupsOutcome,
}

/// What became of a job of a coordinator.
pub(crate) enum GroupsOutcome {
    /// More of its log was read.
    Records(Vec<coordinator::Logged>),
    /// All of its log was read.
    Loaded,
    /// Its log cannot be read.
    NotLoaded,
    /// There is room for its batch.
    Room(Box<HasRoom>),
    /// Its batch is not written.
    NotWritten(ErrorCode),
    /// There is room for notes that come alone.
    Notes(Box<(Notes, Room)>),
}

/// What a log takes on the disk, and will.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LogSize {
    /// Which log.
    pub(crate) key: LogKey,
    /// *Units*: bytes.
    pub(crate) bytes: u64,
    /// Bytes that retention leaves it; nothing where it has no limit.
    pub(crate) retention_bytes: Option<u64>,
    /// Segments that have files.
    pub(crate) segments: u64,
    /// First offset.
    pub(crate) start: Offset,
    /// Offset that the next record gets.
    pub(crate) end: Offset,
}

/// Where a partition stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    /// Which one.
    pub(crate) key: LogKey,
    /// It is served.
    pub(crate) is_online: bool,
    /// First offset.
    pub(crate) log_start: Offset,
    /// End of what readers of committed data can read.
    pub(crate) last_stable: Offset,
    /// End of what can be read.
    pub(crate) high_watermark: Offset,
    /// From where a client has asked for records last, and when.
    pub(crate) last_fetch: Option<(Offset, WallTime)>,
}

/// What groups have committed.
#[derive(Default, Debug)]
pub(crate) struct CommittedOffsets {
    /// By group.
    pub(crate) offsets: Vec<(GroupId, coordinator::GroupOffset)>,
    /// How many there are beyond these.
    pub(crate) beyond: u64,
}

/// Every changed log of a shard, cut in one turn, with what must be written first.
#[derive(Default)]
pub(crate) struct ShardCut {
    /// The cuts.
    pub(crate) cuts: Vec<LogCut>,
    /// Bytes that must be in segments before the cuts are.
    pub(crate) placements: Vec<Placement>,
}

/// Sizes of a shard, for the metrics.
#[derive(Clone, Default, Debug)]
pub(crate) struct Sizes {
    /// Partitions owned.
    pub(crate) partitions: u64,
    /// Bytes that are only in the write-ahead log and in memory.
    pub(crate) unwritten_bytes: u64,
    /// Bytes held for readers.
    pub(crate) tail_bytes: u64,
    /// Partitions led.
    pub(crate) led: u64,
    /// Led ones with fewer replicas in sync than there are.
    pub(crate) under_replicated: u64,
    /// Led ones with fewer in sync than may commit.
    pub(crate) under_min_isr: u64,
    /// Led ones with just enough in sync to commit.
    pub(crate) at_min_isr: u64,
    /// Producers known, one per partition.
    pub(crate) producers: u64,
    /// Produce requests that wait.
    pub(crate) waiting_produces: u64,
    /// Fetches that wait.
    pub(crate) waiting_fetches: u64,
    /// Groups.
    pub(crate) groups: GroupSizes,
    /// Transactional ids.
    pub(crate) txns: TxnSizes,
    /// The oldest open transaction of each partition that has one, up to a cap.
    pub(crate) open_txns: Vec<OpenTxn>,
}

/// Sums over coordinators of groups.
#[derive(Clone, Default, Debug)]
pub(crate) struct GroupSizes {
    /// What there is.
    pub(crate) counts: Counts,
    /// What goes within a day.
    pub(crate) due: Due,
    /// Offsets of groups without members.
    pub(crate) idle: u64,
    /// Partitions of the offsets topic whose groups are served, and those whose groups are being loaded.
    pub(crate) active: u64,
    pub(crate) loading: u64,
}

impl GroupSizes {
    /// Adds a coordinator.
    pub(crate) fn count(&mut self, groups: &Groups, is_loaded: bool) {
        if is_loaded {
            self.active += 1;
        } else {
            self.loading += 1;
        }
        self.counts.add(&groups.counts());
        self.idle += groups.idle().map(|(_, _, count)| count as u64).sum::<u64>();
        self.add_due(groups.due());
    }

    /// Adds those of another shard.
    pub(crate) fn add(&mut self, other: &GroupSizes) {
        self.counts.add(&other.counts);
        self.idle += other.idle;
        self.active += other.active;
        self.loading += other.loading;
        self.add_due(other.due);
    }

    fn add_due(&mut self, due: Due) {
        self.due.offsets += due.offsets;
        self.due.groups += due.groups;
        self.due.next = self.due.next.into_iter().chain(due.next).min();
    }
}

impl Sizes {
    /// Adds those of another shard.
    pub(crate) fn add(&mut self, other: &Sizes) {
        self.partitions += other.partitions;
        self.unwritten_bytes += other.unwritten_bytes;
        self.tail_bytes += other.tail_bytes;
        self.led += other.led;
        self.under_replicated += other.under_replicated;
        self.under_min_isr += other.under_min_isr;
        self.at_min_isr += other.at_min_isr;
        self.producers += other.producers;
        self.waiting_produces += other.waiting_produces;
        self.waiting_fetches += other.waiting_fetches;
        self.groups.add(&other.groups);
        self.txns.add(&other.txns);
        self.open_txns.extend(&other.open_txns);
    }

    /// Adds one partition.
    pub(crate) fn count(&mut self, partition: &Partition) {
        let (log, leadership) = (partition.log(), partition.leadership());
        self.partitions += 1;
        self.unwritten_bytes += log.unwritten_bytes();
        self.tail_bytes += log.tail_bytes();
        self.producers += log.producers().len() as u64;
        if partition.is_leader() {
            let (in_sync, all) = (leadership.replicas.isr.len(), leadership.replicas.replicas.len());
            self.led += 1;
            self.under_replicated += u64::from(in_sync < all);
            self.under_min_isr += u64::from(in_sync < leadership.min_isr);
            self.at_min_isr += u64::from(in_sync == leadership.min_isr);
        }
    }
}
