//! A transactional producer of either protocol, one request at a time.
//!
//! It keeps the rules of the clients that there are: what has no answer is asked again, on another connection, with the same
//! sequence; a transaction is committed only if all of it was acknowledged; where something of it has no answer it is aborted, and
//! a producer of the old protocol then asks for an epoch of its own before it goes on. So does one that learns that a topic was made
//! anew: what it wrote by name may be in either, and another first sequence of one epoch would be taken for a repeat.

use super::ledger::{Begun, Identity, Part};
use super::plan::Kind;
use super::process::{Halt, Known, Note, Process, Role, Stop};
use super::{GROUP, INPUT, millis_of, now};
use crate::clock::wall;
use crate::witness::{text, value};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use types::{ErrorCode, ProducerEpoch, ProducerId, Sequence, Uuid};
use wire::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use wire::produce_request::{PartitionProduceData, TopicProduceData};
use wire::record::{BatchBuilder, Codec};
use wire::txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
use wire::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest, ProduceRequest,
    Records, Request, TxnOffsetCommitRequest,
};

/// Times that a request of a transaction is tried before the transaction is aborted.
const TRIES: u64 = 8;
/// First version of InitProducerId in which a producer says who it was.
const SAYS_WHO: i16 = 3;
/// First version of Produce that names topics by their ids.
const PRODUCE_BY_ID: i16 = 13;

/// In which versions a producer speaks.
#[derive(Clone, Copy, Debug)]
struct Versions {
    is_new: bool,
    init: i16,
    add: i16,
    produce: i16,
    add_offsets: i16,
    offsets: i16,
    end: i16,
}

/// What an answer comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Done,
    /// It is asked again; whether it was done may be open.
    Again,
    /// It was not done, and the transaction has to be aborted.
    Refused,
    /// The producer is none any more.
    Fenced,
}

/// What became of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Done,
    Refused,
    /// Nobody knows.
    Open,
}

/// Records for one partition.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) topic: String,
    pub(super) id: Uuid,
    pub(super) partition: i32,
    pub(super) numbers: Vec<u64>,
}

/// The producer.
pub(super) struct Producer {
    pub(super) process: Process,
    timeout: Duration,
    versions: Versions,
    identity: Option<Identity>,
    /// The next sequence of each partition.
    sequences: BTreeMap<(Uuid, i32), i32>,
    /// The topics that it has written to in this epoch.
    topics: BTreeMap<String, Uuid>,
    /// It has to ask for another epoch.
    is_spoilt: bool,
    value_max: u64,
}

impl Producer {
    pub(super) fn new(process: Process, kind: Kind, timeout: Duration, value_max: u64) -> Producer {
        let versions = versions(&process, kind);
        process.note(format_args!("begins: {versions:?}"));
        Producer {
            process,
            timeout,
            versions,
            identity: None,
            sequences: BTreeMap::new(),
            topics: BTreeMap::new(),
            is_spoilt: false,
            value_max,
        }
    }

    /// Asks until there is an answer that says something; `limit` bounds how often.
    async fn insist<R: Request + Clone + 'static>(
        &mut self,
        asks: (Role, i16, Note, u64),
        body: R,
        judge: impl Fn(&R::Response) -> Verdict,
    ) -> Result<(Verdict, Option<R::Response>), Halt> {
        let (role, version, note, limit) = asks;
        for _ in 0..limit {
            match self.process.ask(role, body.clone(), version, note.clone()).await {
                Ok(answer) => match judge(&answer) {
                    Verdict::Again => {}
                    verdict => return Ok((verdict, Some(answer))),
                },
                Err(Stop::Halt(halt)) => return Err(halt),
                Err(Stop::Lost) => {}
            }
            if self.process.shared.is_over() {
                return Err(Halt::Over);
            }
            self.process.pause().await;
        }
        Ok((Verdict::Again, None))
    }

    /// Makes sure that it has a producer id and an epoch that it may use.
    pub(super) async fn ready(&mut self) -> Result<(), Halt> {
        if self.identity.is_some() && !self.is_spoilt {
            return Ok(());
        }
        let expected = self.identity.filter(|_| self.versions.init >= SAYS_WHO);
        let request = InitProducerIdRequest {
            transactional_id: Some(self.process.host.clone()),
            transaction_timeout_ms: millis_of(self.timeout),
            producer_id: expected.map_or(-1, |identity| identity.id),
            producer_epoch: expected.map_or(-1, |identity| identity.epoch),
            ..InitProducerIdRequest::default()
        };
        let note = Note::Init(self.process.host.clone());
        let asks = (Role::Coordinator, self.versions.init, note, u64::MAX);
        let (verdict, answer) = self.insist(asks, request, |answer| verdict(answer.error_code)).await?;
        let identity = answer
            .filter(|_| verdict == Verdict::Done)
            .map(|answer| Identity { id: answer.producer_id, epoch: answer.producer_epoch });
        match identity {
            Some(identity) => {
                self.take(identity);
                Ok(())
            }
            None => Err(Halt::Fenced),
        }
    }

    fn take(&mut self, identity: Identity) {
        self.process.note(format_args!("is {identity:?}"));
        self.process.shared.ledger.borrow_mut().on_given(&self.process.name, identity);
        if self.identity != Some(identity) {
            self.sequences.clear();
            self.topics.clear();
        }
        (self.identity, self.is_spoilt) = (Some(identity), false);
    }

    /// Begins a transaction in the ledger; nothing is sent.
    pub(super) fn begin(&self) -> usize {
        let by = Begun {
            transactional_id: self.process.host.clone(),
            process: self.process.name.clone(),
            producer: self.identity.unwrap_or_default(),
            timeout: self.timeout,
        };
        self.process.shared.ledger.borrow_mut().begin(by)
    }

    /// Writes records, batch by batch; says whether all were stored.
    pub(super) async fn write(&mut self, txn: usize, batches: Vec<Batch>) -> Result<bool, Halt> {
        let is_known = |batch: &Batch| self.topics.get(&batch.topic).is_none_or(|id| *id == batch.id);
        if !batches.iter().all(is_known) {
            self.is_spoilt = true;
            return Ok(false);
        }
        self.topics.extend(batches.iter().map(|batch| (batch.topic.clone(), batch.id)));
        if !self.versions.is_new && self.add_partitions(txn, &batches).await? != Step::Done {
            return Ok(false);
        }
        for batch in batches {
            match self.produce(txn, batch).await? {
                Step::Done => {}
                Step::Refused | Step::Open => return Ok(false),
            }
        }
        Ok(true)
    }

    async fn add_partitions(&mut self, txn: usize, batches: &[Batch]) -> Result<Step, Halt> {
        let identity = self.identity.unwrap_or_default();
        let mut topics: BTreeMap<String, Vec<i32>> = BTreeMap::new();
        for batch in batches {
            topics.entry(batch.topic.clone()).or_default().push(batch.partition);
        }
        let topic = |(name, partitions)| AddPartitionsToTxnTopic { name, partitions };
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.process.host.clone(),
            v3_and_below_producer_id: identity.id,
            v3_and_below_producer_epoch: identity.epoch,
            v3_and_below_topics: topics.into_iter().map(topic).collect(),
            ..AddPartitionsToTxnRequest::default()
        };
        let asks = (Role::Coordinator, self.versions.add, Note::Touch(txn), TRIES);
        let (verdict, answer) = self
            .insist(asks, request, |answer| {
                let topics = answer.results_by_topic_v3_and_below.iter();
                worst(
                    topics
                        .flat_map(|topic| topic.results_by_partition.iter().map(|p| p.partition_error_code)),
                )
            })
            .await?;
        self.process.note(format_args!("transaction {txn} adds: {verdict:?} {answer:?}"));
        self.step(verdict)
    }

    /// Says what a verdict is for the transaction.
    fn step(&mut self, verdict: Verdict) -> Result<Step, Halt> {
        match verdict {
            Verdict::Done => Ok(Step::Done),
            Verdict::Refused => Ok(Step::Refused),
            Verdict::Again => Ok(Step::Open),
            Verdict::Fenced => {
                self.process.shared.ledger.borrow_mut().counts_mut().fenced += 1;
                Err(Halt::Fenced)
            }
        }
    }

    async fn produce(&mut self, txn: usize, batch: Batch) -> Result<Step, Halt> {
        let place = (batch.id, batch.partition);
        let sequence = self.sequences.get(&place).copied().unwrap_or(0);
        let (index, numbers) = (batch.partition, batch.numbers);
        let records = Some(Records::from_parts(vec![self.records(&numbers, sequence)]));
        let is_by_id = self.versions.produce >= PRODUCE_BY_ID;
        let data = TopicProduceData {
            name: if is_by_id { String::new() } else { batch.topic.clone() },
            topic_id: if is_by_id { batch.id } else { Uuid::ZERO },
            partition_data: vec![PartitionProduceData { index, records }],
        };
        let request = ProduceRequest {
            transactional_id: Some(self.process.host.clone()),
            acks: -1,
            timeout_ms: 1000,
            topic_data: vec![data],
        };
        let asks = (Role::Data, self.versions.produce, Note::Parts(txn, numbers.clone()), TRIES);
        let ledger = self.process.shared.ledger.clone();
        let asked = self.insist(asks, request, |answer| {
            let topics = answer.responses.iter();
            let mut parts = topics.clone().flat_map(|topic| &topic.partition_responses);
            let is_full = parts.any(|part| part.error_code == ErrorCode::KafkaStorageError.code());
            ledger.borrow_mut().counts_mut().full += u64::from(is_full);
            worst(topics.flat_map(|topic| topic.partition_responses.iter().map(|p| p.error_code)))
        });
        let (verdict, answer) = asked.await?;
        // An earlier copy of what is refused may be stored.
        self.is_spoilt |= verdict != Verdict::Done;
        let told = answer.and_then(|mut answer| answer.responses.pop()?.partition_responses.pop());
        let (code, offset) = told.map_or((None, -1), |told| (Some(told.error_code), told.base_offset));
        let at = (&batch.topic, index);
        self.process.note(format_args!(
            "transaction {txn} writes {numbers:?} to {at:?}: {verdict:?} {code:?} {offset}"
        ));
        self.tell(verdict, &numbers, Some(offset));
        if verdict == Verdict::Done {
            self.sequences.insert(place, sequence + i32::try_from(numbers.len()).unwrap_or(0));
        }
        self.step(verdict)
    }

    /// Tells the ledger what became of parts.
    fn tell(&self, verdict: Verdict, numbers: &[u64], offset: Option<i64>) {
        let mut ledger = self.process.shared.ledger.borrow_mut();
        for (number, index) in numbers.iter().zip(0..) {
            match verdict {
                Verdict::Done => ledger.on_acked(*number, offset.map(|offset| offset + index)),
                Verdict::Refused | Verdict::Fenced => ledger.on_refused(*number),
                Verdict::Again => {}
            }
        }
    }

    fn records(&self, numbers: &[u64], sequence: i32) -> Bytes {
        let Identity { id, epoch } = self.identity.unwrap_or_default();
        let builder = BatchBuilder::new(Codec::None).transactional(true);
        let mut builder = builder.producer(ProducerId(id), ProducerEpoch(epoch), Sequence(sequence));
        for number in numbers {
            let len = usize::try_from(self.process.random.between(16, self.value_max)).unwrap_or(16);
            builder.push(wall(now()), None, Some(&value(*number, len)), &[]);
        }
        builder.build().unwrap_or_default()
    }

    /// Puts offsets of the input into the transaction; says whether that was done.
    pub(super) async fn commit_offsets(
        &mut self,
        txn: usize,
        offsets: &BTreeMap<i32, i64>,
    ) -> Result<bool, Halt> {
        let Identity { id, epoch } = self.identity.unwrap_or_default();
        if !self.versions.is_new {
            let request = AddOffsetsToTxnRequest {
                transactional_id: self.process.host.clone(),
                producer_id: id,
                producer_epoch: epoch,
                group_id: GROUP.to_owned(),
            };
            let asks = (Role::Coordinator, self.versions.add_offsets, Note::Touch(txn), TRIES);
            let (verdict, _) = self.insist(asks, request, |answer| verdict(answer.error_code)).await?;
            if self.step(verdict)? != Step::Done {
                return Ok(false);
            }
        }
        let mut numbers = Vec::new();
        let mut partitions = Vec::new();
        for (partition, offset) in offsets {
            let number = self.process.shared.ledger.borrow_mut().add(txn, Part::Offset(*partition, *offset));
            numbers.push(number);
            partitions.push(TxnOffsetCommitRequestPartition {
                partition_index: *partition,
                committed_offset: *offset,
                committed_metadata: Some(text(number)),
                ..TxnOffsetCommitRequestPartition::default()
            });
        }
        let request = TxnOffsetCommitRequest {
            transactional_id: self.process.host.clone(),
            group_id: GROUP.to_owned(),
            producer_id: id,
            producer_epoch: epoch,
            topics: vec![TxnOffsetCommitRequestTopic { name: INPUT.to_owned(), partitions }],
            ..TxnOffsetCommitRequest::default()
        };
        let asks = (Role::Data, self.versions.offsets, Note::Parts(txn, numbers.clone()), TRIES);
        let asked = self.insist(asks, request, |answer| {
            worst(answer.topics.iter().flat_map(|topic| topic.partitions.iter().map(|p| p.error_code)))
        });
        let (verdict, _) = asked.await?;
        self.process.note(format_args!("transaction {txn} commits {offsets:?}, {numbers:?}: {verdict:?}"));
        self.tell(verdict, &numbers, None);
        let step = self.step(verdict)?;
        self.is_spoilt |= step == Step::Open;
        Ok(step == Step::Done)
    }

    /// Ends a transaction; says how it ended, if that is known.
    pub(super) async fn end(&mut self, txn: usize, commit: bool) -> Result<Option<bool>, Halt> {
        let Identity { id, epoch } = self.identity.unwrap_or_default();
        let request = EndTxnRequest {
            transactional_id: self.process.host.clone(),
            producer_id: id,
            producer_epoch: epoch,
            committed: commit,
        };
        let note = Note::End(txn, commit);
        let asks = (Role::Coordinator, self.versions.end, note, u64::MAX);
        let (verdict, answer) = self.insist(asks, request, |answer| verdict(answer.error_code)).await?;
        let answer = answer.unwrap_or_default();
        self.process
            .note(format_args!("transaction {txn} ends, commit {commit}: {verdict:?} {}", answer.error_code));
        match verdict {
            Verdict::Done => {
                let witness = self.process.shared.stage.machine.witness();
                let mut ledger = self.process.shared.ledger.borrow_mut();
                ledger.on_ended(txn, commit, |number| witness.is_durable(number));
                drop(ledger);
                if self.versions.is_new {
                    self.take(Identity { id: answer.producer_id, epoch: answer.producer_epoch });
                }
                Ok(Some(commit))
            }
            Verdict::Fenced => self.step(verdict).map(|_| None),
            // Its time was over, or nothing was begun.
            _ => {
                if commit {
                    self.process.shared.ledger.borrow_mut().on_not_committed(txn);
                }
                self.is_spoilt = true;
                Ok(None)
            }
        }
    }

    /// Tries to go on after it was fenced: whoever was only too slow may, as the same producer in a new epoch.
    pub(super) async fn revive(&mut self) -> Result<(), Halt> {
        if self.versions.init < SAYS_WHO || self.process.random.percent(50) {
            return Err(Halt::Fenced);
        }
        self.is_spoilt = true;
        self.ready().await
    }

    /// Returns the topics that there are.
    pub(super) async fn topics(&mut self) -> Result<Option<Known>, Halt> {
        match self.process.topics().await {
            Ok(known) => Ok(Some(known)),
            Err(Stop::Lost) => Ok(None),
            Err(Stop::Halt(halt)) => Err(halt),
        }
    }
}

fn versions(process: &Process, kind: Kind) -> Versions {
    let random = &process.random;
    let between = |least: u64, most: u64| i16::try_from(random.between(least, most)).unwrap_or(0);
    let is_new = match kind {
        Kind::Old => false,
        Kind::New => true,
        Kind::Mixed => random.percent(50),
    };
    if is_new {
        let (produce, add_offsets) = (between(12, 13), 4);
        return Versions { is_new, init: 5, add: 3, produce, add_offsets, offsets: 5, end: 5 };
    }
    Versions {
        is_new,
        init: between(0, 5),
        add: between(0, 3),
        produce: between(3, 11),
        add_offsets: between(0, 4),
        offsets: between(0, 4),
        end: between(0, 4),
    }
}

/// Returns the gravest of the verdicts.
fn worst(codes: impl Iterator<Item = i16>) -> Verdict {
    let verdicts: Vec<Verdict> = codes.map(verdict).collect();
    let order = [Verdict::Fenced, Verdict::Refused, Verdict::Again];
    order.into_iter().find(|verdict| verdicts.contains(verdict)).unwrap_or(Verdict::Done)
}

fn verdict(code: i16) -> Verdict {
    match ErrorCode::from_code(code) {
        Some(ErrorCode::None) => Verdict::Done,
        Some(
            ErrorCode::NotCoordinator
            | ErrorCode::CoordinatorNotAvailable
            | ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::ConcurrentTransactions
            | ErrorCode::NotLeaderOrFollower
            | ErrorCode::NotEnoughReplicas
            | ErrorCode::NotEnoughReplicasAfterAppend
            | ErrorCode::KafkaStorageError
            | ErrorCode::RequestTimedOut
            | ErrorCode::UnknownServerError,
        ) => Verdict::Again,
        Some(
            ErrorCode::ProducerFenced | ErrorCode::InvalidProducerEpoch | ErrorCode::InvalidProducerIdMapping,
        ) => Verdict::Fenced,
        _ => Verdict::Refused,
    }
}
