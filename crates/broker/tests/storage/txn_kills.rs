//! Kills on the way of a transaction's end: PREPARE is durable, some marks are, all marks are; and once more in the recovery.
//!
//! A kill comes just before a certain frame of the write-ahead log is written (`CrashDisk::cut_before`), so it hits what it is
//! aimed at, and what the killed broker left is read and compared. For that each frame is a group of its own here. A broker that is set
//! otherwise writes PREPARE and marks that come within 2 ms as one group, which is there whole or not at all: these states
//! are rarer there, but whenever marks are late or more than a group holds, a kill meets them.

use crate::batches::in_transaction;
use crate::client::{Client, FETCH, fetch_request, one, produce_request};
use crate::harness::Broker;
use crate::machine::{env_of, open, root, until};
use crate::txn_client::{PRODUCE_1, PRODUCE_2, init};
use bytes::Bytes;
use config::BrokerConfig;
use coordinator::txn::{TxnRecord, TxnState};
use env::crash::CrashDisk;
use types::ErrorCode;
use wire::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use wire::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use wire::offset_fetch_response::OffsetFetchResponseGroup;
use wire::record::{Batches, Records};
use wire::txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
use wire::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, DescribeTransactionsRequest, EndTxnRequest,
    EndTxnResponse, FindCoordinatorRequest, OffsetFetchRequest, ProduceRequest, TxnOffsetCommitRequest,
};

/// Partitions of the topic.
const PARTITIONS: i32 = 2;
/// Marks of a transaction: one for each partition, and one for the group's.
const MARKS: usize = 3;
/// What the transaction commits for the group.
const OFFSET: i64 = 7;
/// Bytes of a group of the write-ahead log before its only frame's payload.
const HEADERS: usize = 72 + 48;
/// Answers after which a client asks again.
const LATER: [ErrorCode; 4] = [
    ErrorCode::CoordinatorLoadInProgress,
    ErrorCode::CoordinatorNotAvailable,
    ErrorCode::NotCoordinator,
    ErrorCode::ConcurrentTransactions,
];

fn is_later(code: i16) -> bool {
    LATER.iter().any(|later| later.code() == code)
}

/// What is written when a transaction ends, in this order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Prepare,
    Mark,
    Complete,
}

/// Says which step a batch is, if it is any.
fn step_of(batch: &Bytes) -> Option<Step> {
    let span = Batches::new(batch).next()?.ok()?;
    if span.header.attributes.is_control() {
        return Some(Step::Mark);
    }
    let record = Records::open(&batch.slice(span.range), 1 << 20).ok()?.next()?.ok()?;
    match TxnRecord::decode(record.key, record.value).ok()??.txn?.state {
        TxnState::PrepareCommit | TxnState::PrepareAbort => Some(Step::Prepare),
        TxnState::CompleteCommit | TxnState::CompleteAbort => Some(Step::Complete),
        _ => None,
    }
}

/// Kills before the `number`-th frame of a step.
fn kill_before(disk: &CrashDisk, (step, number): (Step, usize)) {
    let mut left = number;
    disk.cut_before(Box::new(move |_, bytes| {
        let frame = bytes.get(HEADERS..).filter(|_| bytes.starts_with(b"HWWG"));
        let is_it = frame.is_some_and(|frame| step_of(&Bytes::copy_from_slice(frame)) == Some(step));
        left -= usize::from(is_it);
        left == 0
    }));
}

/// Counts the steps that a disk holds: PREPARE, marks, Complete.
fn found(disk: &CrashDisk) -> [usize; 3] {
    let logs = open(&disk.fork()).logs;
    let batches = logs.iter().flat_map(|log| log.tail().after(log.log_start()));
    let steps: Vec<Step> = batches.filter_map(|one| step_of(&one.batch.to_bytes())).collect();
    [Step::Prepare, Step::Mark, Step::Complete].map(|step| steps.iter().filter(|one| **one == step).count())
}

fn one_frame_a_group(config: &mut BrokerConfig) {
    config.storage.wal.group_bytes_max = 1;
}

fn start(disk: &CrashDisk) -> Broker {
    Broker::start_on(env_of(disk), &root(), one_frame_a_group)
}

/// Lets a broker run until its disk's kill.
fn run_until_killed(disk: &CrashDisk) {
    if let Ok(broker) = Broker::try_start_on(env_of(disk), &root(), one_frame_a_group) {
        let _killed = broker.ended();
    }
    disk.kill();
}

/// How a transaction is run, and how it ends.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// Each transaction has an epoch of its own (KIP-890).
    is_new: bool,
    commit: bool,
}

/// A killed broker's disk with an open transaction, and whose it is.
struct Open {
    way: Way,
    disk: CrashDisk,
    producer: (i64, i16),
}

impl Open {
    fn new(way: Way) -> Open {
        let disk = CrashDisk::new();
        let broker = start(&disk);
        let mut client = broker.connect();
        client.create("topic", PARTITIONS);
        let group = FindCoordinatorRequest { key: "group".into(), ..FindCoordinatorRequest::default() };
        assert_eq!(client.call(&group, 3).error_code, 0);
        let producer = init(&mut client, "id", 60_000);
        fill(&mut client, way, producer);
        let disk = disk.fork();
        disk.kill();
        drop(client);
        broker.stop();
        Open { way, disk, producer }
    }

    fn end(&self) -> (EndTxnRequest, i16) {
        let (producer_id, producer_epoch) = self.producer;
        let committed = self.way.commit;
        let end = EndTxnRequest { transactional_id: "id".into(), producer_id, producer_epoch, committed };
        (end, if self.way.is_new { 5 } else { 4 })
    }

    /// Ends the transaction, and kills on the way; returns the disk.
    fn killed(&self, before: (Step, usize)) -> CrashDisk {
        let disk = self.disk.fork();
        let broker = start(&disk);
        kill_before(&disk, before);
        let (end, version) = self.end();
        let mut client = broker.connect();
        until("the end is taken", || {
            client.try_call(&end, version).is_none_or(|told| !is_later(told.error_code))
        });
        let _killed = broker.ended();
        disk.kill();
        disk
    }

    /// Starts a broker on what a kill left, asks again, and judges: all or nothing, nothing twice, nothing open.
    fn judge(&self, disk: &CrashDisk) {
        let broker = start(disk);
        let mut client = broker.connect();
        let first = self.end_again(&mut client);
        let (id, epoch) = self.producer;
        assert_eq!(first, if self.way.is_new { (id, epoch + 1) } else { (-1, -1) });
        assert_eq!(self.end_again(&mut client), first, "a repeat has the same answer");
        let ids = vec!["id".to_owned()];
        let describe = DescribeTransactionsRequest { transactional_ids: ids };
        let wanted = if self.way.commit { "CompleteCommit" } else { "CompleteAbort" };
        until("it is complete", || {
            client.call(&describe, 0).transaction_states[0].transaction_state == wanted
        });
        let count = usize::from(self.way.commit);
        for partition in 0..PARTITIONS {
            assert_eq!(read(&mut client, partition), (count, 1), "partition {partition}");
        }
        assert_eq!(committed(&mut client), if self.way.commit { OFFSET } else { -1 });
        let next = if self.way.is_new { first } else { self.producer };
        let sequence = i32::from(!self.way.is_new);
        assert_eq!(write_all(&mut client, self.way, next, sequence), [0; PARTITIONS as usize]);
        drop(client);
        broker.stop();
    }

    /// Asks for the end until it is told.
    fn end_again(&self, client: &mut Client) -> (i64, i16) {
        let (end, version) = self.end();
        let mut answer = EndTxnResponse::default();
        until("the end is answered", || {
            answer = client.call(&end, version);
            !is_later(answer.error_code)
        });
        assert_eq!(answer.error_code, 0);
        (answer.producer_id, answer.producer_epoch)
    }
}

/// Writes to both partitions and commits for the group.
fn fill(client: &mut Client, way: Way, producer: (i64, i16)) {
    assert_eq!(write_all(client, way, producer, 0), [0; PARTITIONS as usize]);
    let (producer_id, producer_epoch) = producer;
    let (transactional_id, group_id) = ("id".to_owned(), "group".to_owned());
    if !way.is_new {
        let add = AddOffsetsToTxnRequest {
            transactional_id: transactional_id.clone(),
            group_id: group_id.clone(),
            producer_id,
            producer_epoch,
        };
        assert_eq!(client.call(&add, 3).error_code, 0);
    }
    let partition = TxnOffsetCommitRequestPartition { committed_offset: OFFSET, ..Default::default() };
    let topics = vec![TxnOffsetCommitRequestTopic { name: "topic".into(), partitions: vec![partition] }];
    let commit = TxnOffsetCommitRequest {
        transactional_id,
        group_id,
        producer_id,
        producer_epoch,
        topics,
        ..Default::default()
    };
    let answer = client.call(&commit, if way.is_new { 5 } else { 4 });
    assert_eq!(answer.topics[0].partitions[0].error_code, 0);
}

/// Writes a record to each partition; returns the codes.
fn write_all(client: &mut Client, way: Way, (id, epoch): (i64, i16), sequence: i32) -> Vec<i16> {
    if !way.is_new {
        let partitions = (0..PARTITIONS).collect();
        let add = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: "id".into(),
            v3_and_below_producer_id: id,
            v3_and_below_producer_epoch: epoch,
            v3_and_below_topics: vec![AddPartitionsToTxnTopic { name: "topic".into(), partitions }],
            ..AddPartitionsToTxnRequest::default()
        };
        let added = client.call(&add, 3);
        assert!(
            added.results_by_topic_v3_and_below[0]
                .results_by_partition
                .iter()
                .all(|p| p.partition_error_code == 0)
        );
    }
    let batch = in_transaction(id, epoch, sequence);
    let parts: Vec<(i32, &Bytes)> = (0..PARTITIONS).map(|at| (at, &batch)).collect();
    let produce = ProduceRequest { transactional_id: Some("id".into()), ..produce_request("topic", &parts) };
    let answer = client.call(&produce, if way.is_new { PRODUCE_2 } else { PRODUCE_1 });
    answer.responses[0].partition_responses.iter().map(|one| one.error_code).collect()
}

/// Counts the batches that a reader of committed data gets of a partition, and all marks there.
fn read(client: &mut Client, partition: i32) -> (usize, usize) {
    let mut request = wire::FetchRequest { isolation_level: 1, ..fetch_request("topic", 0) };
    request.topics[0].partitions[0].partition = partition;
    let data = one(client.call(&request, FETCH));
    assert_eq!(data.last_stable_offset, data.high_watermark, "nothing is open");
    let aborted = data.aborted_transactions.unwrap_or_default();
    let bytes = data.records.unwrap_or_default().into_bytes();
    let headers: Vec<_> = Batches::new(&bytes).map(|span| span.unwrap().header).collect();
    let marks = headers.iter().filter(|header| header.attributes.is_control()).count();
    let is_aborted = |first| aborted.iter().any(|txn| txn.first_offset == first);
    let seen = headers.iter().filter(|h| !h.attributes.is_control() && !is_aborted(h.base_offset.0)).count();
    (seen, marks)
}

/// Returns what the group has committed; nothing of it may be open.
fn committed(client: &mut Client) -> i64 {
    let topic = OffsetFetchRequestTopics {
        name: "topic".into(),
        partition_indexes: vec![0],
        ..OffsetFetchRequestTopics::default()
    };
    let group_id = "group".to_owned();
    let group = OffsetFetchRequestGroup { group_id, topics: Some(vec![topic]), ..Default::default() };
    let fetch = OffsetFetchRequest { groups: vec![group], require_stable: true, ..Default::default() };
    let mut group = OffsetFetchResponseGroup::default();
    until("its coordinator has loaded", || {
        group = client.call(&fetch, 9).groups.remove(0);
        group.error_code != ErrorCode::CoordinatorLoadInProgress.code()
    });
    assert_eq!(group.error_code, 0);
    let partition = &group.topics[0].partitions[0];
    assert_eq!(partition.error_code, 0, "nothing is unstable");
    partition.committed_offset
}

/// Each kill on the way of an end, and what it leaves.
const KILLS: [((Step, usize), [usize; 3]); 5] = [
    ((Step::Prepare, 1), [0, 0, 0]),
    ((Step::Mark, 1), [1, 0, 0]),
    ((Step::Mark, 2), [1, 1, 0]),
    ((Step::Mark, 3), [1, 2, 0]),
    ((Step::Complete, 1), [1, MARKS, 0]),
];

/// A start is killed after so many operations of the disk, while its logs are read: coordinators have not begun to load.
const REPLAY: [u64; 3] = [0, 4, 8];

/// Kills at each place, and again at each place that the recovery comes to.
fn kill_everywhere(way: Way) {
    let open = Open::new(way);
    for (place, left) in KILLS {
        let disk = open.killed(place);
        assert_eq!(found(&disk), left, "{way:?} {place:?}");
        open.judge(&disk.fork());
        for more in REPLAY {
            let disk = disk.fork();
            disk.cut_after(disk.ops() + more);
            run_until_killed(&disk);
            assert_eq!(found(&disk), left, "{way:?} {place:?} and after {more} operations of a start");
            open.judge(&disk);
        }
        // What was not decided is not ended by a recovery.
        let later = KILLS.iter().filter(|(_, then)| left[0] == 1 && then[0] == 1 && then[1] >= left[1]);
        for (_, then) in later {
            let disk = disk.fork();
            // Marks that are there are not written again.
            let next =
                if then[1] == MARKS { (Step::Complete, 1) } else { (Step::Mark, then[1] - left[1] + 1) };
            kill_before(&disk, next);
            run_until_killed(&disk);
            assert_eq!(found(&disk), *then, "{way:?} {place:?} and {next:?}");
            open.judge(&disk);
        }
    }
}

/// Protects: T1, T4, X4: killed with PREPARE durable, between marks, before Complete, and once more in the recovery, a committed
/// transaction becomes whole, in its partitions and its group, each mark once; who asks again for the end is told it.
#[test]
fn a_commit_that_is_killed_on_its_way_becomes_whole() {
    kill_everywhere(Way { is_new: true, commit: true });
}

/// Protects: the same with the protocol of old.
#[test]
fn a_commit_of_old_that_is_killed_on_its_way_becomes_whole() {
    kill_everywhere(Way { is_new: false, commit: true });
}

/// Protects: T1, T4, X4: the same of an abort, of which nothing is seen.
#[test]
fn an_abort_that_is_killed_on_its_way_becomes_whole() {
    kill_everywhere(Way { is_new: true, commit: false });
}
