//! The transactional producer against a coordinator that follows a script: ends that get lost, refusals, fencing.

use crate::scripted::{Asked, Reply, TOPIC, TOPIC_ID, cluster, cluster_with, options, start, start_at_level};
use bytes::Bytes;
use client::{
    ClientError, GroupMembership, NewOffset, NewRecord, TransactionError, TransactionOptions,
    TransactionOutcome, TransactionalProducer,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use types::{ErrorCode, Offset, WallTime};
use wire::find_coordinator_response::Coordinator;
use wire::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use wire::record::BatchHeader;
use wire::txn_offset_commit_response::{TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic};
use wire::{
    EndTxnRequest, EndTxnResponse, FindCoordinatorRequest, FindCoordinatorResponse, InitProducerIdRequest,
    InitProducerIdResponse, ProduceRequest, ProduceResponse, TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};

const ID: &str = "mover";
const PRODUCER: i64 = 900;

/// What the broker does at a step instead of what is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    /// Refuses.
    Refuse(ErrorCode),
    /// Does it, and hangs up instead of answering.
    DoAndHangUp,
    /// Does it, and never answers.
    DoInSilence,
}

/// A broker that coordinates one transactional id.
#[derive(Default)]
struct Model {
    epoch: i16,
    /// Steps as they were seen, in order.
    seen: Vec<String>,
    /// Faults by step, each for one request, the last one first.
    faults: Vec<(&'static str, Fault)>,
}

impl Model {
    fn fault(&mut self, step: &str) -> Option<Fault> {
        let at = self.faults.iter().rposition(|(of, _)| *of == step)?;
        Some(self.faults.remove(at).1)
    }

    fn reply(&mut self, asked: &Asked) -> Reply {
        let (step, note) = step(asked);
        self.seen.push(note);
        let fault = self.fault(step);
        let code = match fault {
            Some(Fault::Refuse(code)) => code,
            _ => ErrorCode::None,
        };
        let reply = self.carry_out(asked, step, code.code());
        match fault {
            Some(Fault::DoAndHangUp) => Reply::HangUp,
            Some(Fault::DoInSilence) => Reply::Nothing,
            _ => reply,
        }
    }

    fn carry_out(&mut self, asked: &Asked, step: &str, error_code: i16) -> Reply {
        match step {
            "find" => {
                let found = Coordinator { error_code, node_id: 1, ..Default::default() };
                asked.answer(&FindCoordinatorResponse { coordinators: vec![found], ..Default::default() })
            }
            "init" => {
                let (producer_id, producer_epoch) = (PRODUCER, self.epoch);
                asked.answer(&InitProducerIdResponse {
                    error_code,
                    producer_id,
                    producer_epoch,
                    ..Default::default()
                })
            }
            "produce" => {
                let partition = PartitionProduceResponse { error_code, base_offset: 7, ..Default::default() };
                let partition_responses = vec![partition];
                let topic =
                    TopicProduceResponse { topic_id: TOPIC_ID, partition_responses, ..Default::default() };
                asked.answer(&ProduceResponse { responses: vec![topic], ..Default::default() })
            }
            "offsets" => {
                let partition = TxnOffsetCommitResponsePartition { partition_index: 0, error_code };
                let topic =
                    TxnOffsetCommitResponseTopic { name: TOPIC.to_owned(), partitions: vec![partition] };
                asked.answer(&TxnOffsetCommitResponse { topics: vec![topic], ..Default::default() })
            }
            _ => self.end(asked, error_code),
        }
    }

    /// Raises the epoch once for each; the same request again gets the same answer.
    fn end(&mut self, asked: &Asked, error_code: i16) -> Reply {
        let request: EndTxnRequest = asked.read();
        if error_code == 0 && request.producer_epoch == self.epoch {
            self.epoch += 1;
        }
        let same = error_code != 0 || request.producer_epoch + 1 == self.epoch;
        let error_code = if same { error_code } else { ErrorCode::ProducerFenced.code() };
        let (producer_id, producer_epoch) = (PRODUCER, self.epoch);
        asked.answer(&EndTxnResponse { error_code, producer_id, producer_epoch, ..Default::default() })
    }
}

/// Names a step, and notes what matters of it.
fn step(asked: &Asked) -> (&'static str, String) {
    if asked.is::<FindCoordinatorRequest>() {
        let request: FindCoordinatorRequest = asked.read();
        return ("find", format!("find {} {}", request.key_type, request.coordinator_keys[0]));
    }
    if asked.is::<InitProducerIdRequest>() {
        let request: InitProducerIdRequest = asked.read();
        assert_eq!((request.transactional_id.as_deref(), request.transaction_timeout_ms), (Some(ID), 60_000));
        return ("init", format!("init {}/{}", request.producer_id, request.producer_epoch));
    }
    if asked.is::<ProduceRequest>() {
        let request: ProduceRequest = asked.read();
        assert_eq!((request.transactional_id.as_deref(), request.acks), (Some(ID), -1));
        let records = request.topic_data[0].partition_data[0].records.clone().unwrap().into_bytes();
        let header = BatchHeader::parse(&records).unwrap();
        assert!(header.is_transactional() && header.producer_id.0 == PRODUCER);
        return ("produce", format!("produce {}/{}", header.producer_epoch.0, header.base_sequence.0));
    }
    if asked.is::<TxnOffsetCommitRequest>() {
        let request: TxnOffsetCommitRequest = asked.read();
        assert_eq!((request.transactional_id.as_str(), request.producer_id), (ID, PRODUCER));
        let facts = format!("{} {} {}", request.group_id, request.generation_id, request.member_id);
        let offset = request.topics[0].partitions[0].committed_offset;
        return ("offsets", format!("offsets {} of {facts}: {offset}", request.producer_epoch));
    }
    let request: EndTxnRequest = asked.read();
    assert_eq!((request.transactional_id.as_str(), request.producer_id), (ID, PRODUCER));
    let what = if request.committed { "commit" } else { "abort" };
    ("end", format!("{what} {}", request.producer_epoch))
}

async fn broker(faults: &[(&'static str, Fault)]) -> (String, Arc<Mutex<Model>>) {
    let faults = faults.iter().rev().copied().collect();
    let model = Arc::new(Mutex::new(Model { faults, ..Model::default() }));
    let script = model.clone();
    let address = start(move |asked| script.lock().unwrap().reply(asked)).await;
    (address, model)
}

fn seen(model: &Arc<Mutex<Model>>) -> Vec<String> {
    std::mem::take(&mut model.lock().unwrap().seen)
}

fn producer(address: &str) -> TransactionalProducer {
    TransactionalProducer::new(cluster(address), TransactionOptions::new(ID))
}

fn records(count: usize) -> Vec<NewRecord> {
    let value = Some(Bytes::from_static(b"v"));
    vec![NewRecord { timestamp: WallTime(1), key: None, value, headers: Vec::new() }; count]
}

const BEGIN: [&str; 3] = ["find 1 mover", "init -1/-1", "produce 0/0"];

/// Protects: a transaction is found, begun, written and committed, and the next one has the epoch that the commit returned, with
/// sequences from 0 again.
#[tokio::test]
async fn each_transaction_has_an_epoch_of_its_own() {
    let (address, model) = broker(&[]).await;
    let mut producer = producer(&address);
    for _ in 0..2 {
        producer.send(TOPIC, 0, records(2)).await.unwrap();
        producer.send(TOPIC, 0, records(1)).await.unwrap();
        let stored = producer.flush().await.unwrap();
        assert_eq!(
            stored.iter().map(|b| (b.offset, b.records)).collect::<Vec<_>>(),
            [(Offset(7), 2), (Offset(7), 1)]
        );
        assert_eq!(producer.commit().await.unwrap(), TransactionOutcome::Committed);
    }
    let expected = ["produce 0/2", "commit 0", "produce 1/0", "produce 1/2", "commit 1"];
    assert_eq!(seen(&model), [&BEGIN[..], &expected].concat());
}

/// Protects: a transaction in which nothing was sent ends without a question.
#[tokio::test]
async fn nothing_sent_is_nothing_to_end() {
    let (address, model) = broker(&[]).await;
    let mut producer = producer(&address);
    assert_eq!(producer.commit().await.unwrap(), TransactionOutcome::Committed);
    assert_eq!(producer.abort().await.unwrap(), TransactionOutcome::Aborted);
    assert_eq!(seen(&model), [""; 0]);
}

/// Protects: a commit whose answer was lost is asked for again, under the same epoch, and is told as what it was.
#[tokio::test]
async fn a_lost_answer_is_asked_for_again() {
    let (address, model) = broker(&[("end", Fault::DoAndHangUp)]).await;
    let mut producer = producer(&address);
    producer.send(TOPIC, 0, records(1)).await.unwrap();
    assert_eq!(producer.commit().await.unwrap(), TransactionOutcome::Committed);
    let seen = seen(&model);
    assert_eq!(seen.iter().filter(|step| *step == "commit 0").count(), 2, "{seen:?}");
    producer.send(TOPIC, 0, records(1)).await.unwrap();
    assert_eq!(producer.abort().await.unwrap(), TransactionOutcome::Aborted);
}

/// Protects: an end without any answer in time is unknown, nothing is sent before it is settled, and settling tells what it was,
/// though it is called an abort then.
#[tokio::test]
async fn an_unknown_end_is_settled_first() {
    let (address, model) = broker(&[("end", Fault::DoInSilence)]).await;
    let impatient = client::ClientOptions {
        request_timeout: Duration::from_millis(700),
        call_timeout: Duration::from_millis(700),
        ..options()
    };
    let mut producer =
        TransactionalProducer::new(cluster_with(&address, impatient), TransactionOptions::new(ID));
    producer.send(TOPIC, 0, records(1)).await.unwrap();
    assert_eq!(producer.commit().await.unwrap(), TransactionOutcome::Unknown);
    let refused = producer.send(TOPIC, 0, records(1)).await;
    assert!(matches!(refused, Err(TransactionError::Undecided)), "{refused:?}");
    assert_eq!(producer.abort().await.unwrap(), TransactionOutcome::Committed);
    assert!(!seen(&model).iter().any(|step| step.starts_with("abort")));
    producer.send(TOPIC, 0, records(1)).await.unwrap();
    assert_eq!(producer.commit().await.unwrap(), TransactionOutcome::Committed);
}

/// Protects: what is not stored makes a transaction that can only be aborted, after which the producer goes on.
#[tokio::test]
async fn a_refused_batch_is_aborted() {
    let refusals =
        [ErrorCode::TransactionAbortable, ErrorCode::InvalidProducerEpoch, ErrorCode::MessageTooLarge];
    for code in refusals {
        let (address, model) = broker(&[("produce", Fault::Refuse(code))]).await;
        let mut producer = producer(&address);
        producer.send(TOPIC, 0, records(1)).await.unwrap();
        let refused = producer.commit().await.unwrap_err();
        assert!(refused.must_abort() && refused.to_string().contains(code.name()), "{refused}");
        assert!(producer.send(TOPIC, 0, records(1)).await.unwrap_err().must_abort());
        assert_eq!(producer.abort().await.unwrap(), TransactionOutcome::Aborted);
        producer.send(TOPIC, 0, records(1)).await.unwrap();
        assert_eq!(producer.commit().await.unwrap(), TransactionOutcome::Committed);
        assert_eq!(seen(&model)[2..], ["produce 0/0", "abort 0", "produce 1/0", "commit 1"]);
    }
}

/// Protects: a coordinator that cannot commit it says so, and an abort is what is left.
#[tokio::test]
async fn a_commit_may_have_to_become_an_abort() {
    let (address, model) = broker(&[("end", Fault::Refuse(ErrorCode::TransactionAbortable))]).await;
    let mut producer = producer(&address);
    producer.send(TOPIC, 0, records(1)).await.unwrap();
    assert!(producer.commit().await.unwrap_err().must_abort());
    assert_eq!(producer.abort().await.unwrap(), TransactionOutcome::Aborted);
    assert_eq!(seen(&model)[3..], ["commit 0", "abort 0"]);
}

/// Protects: a producer whose id another one has taken over is done, and asks nothing any more.
#[tokio::test]
async fn a_fenced_producer_is_done() {
    for code in [ErrorCode::ProducerFenced, ErrorCode::InvalidProducerEpoch] {
        let (address, model) = broker(&[("end", Fault::Refuse(code))]).await;
        let mut producer = producer(&address);
        producer.send(TOPIC, 0, records(1)).await.unwrap();
        assert!(matches!(producer.commit().await, Err(TransactionError::Fenced(id)) if id == ID));
        seen(&model);
        assert!(matches!(producer.send(TOPIC, 0, records(1)).await, Err(TransactionError::Fenced(_))));
        assert!(matches!(producer.abort().await, Err(TransactionError::Fenced(_))));
        assert_eq!(seen(&model), [""; 0]);
    }
}

/// Protects: a transaction that the coordinator has aborted because its time was over is told as aborted, and the producer
/// goes on with its id and epoch (KIP-588); one that is fenced then is told so.
#[tokio::test]
async fn a_transaction_out_of_time_is_aborted() {
    let late = ("end", Fault::Refuse(ErrorCode::InvalidTxnState));
    let (address, model) = broker(&[late]).await;
    let mut producer = producer(&address);
    producer.send(TOPIC, 0, records(1)).await.unwrap();
    assert_eq!(producer.commit().await.unwrap(), TransactionOutcome::Aborted);
    model.lock().unwrap().epoch = 1;
    producer.send(TOPIC, 0, records(1)).await.unwrap();
    assert_eq!(producer.commit().await.unwrap(), TransactionOutcome::Committed);
    assert_eq!(seen(&model)[4..], ["init 900/0", "produce 1/0", "commit 1"]);
    model.lock().unwrap().faults = vec![("init", Fault::Refuse(ErrorCode::ProducerFenced)), late];
    producer.send(TOPIC, 0, records(1)).await.unwrap();
    assert_eq!(producer.commit().await.unwrap(), TransactionOutcome::Aborted);
    assert!(matches!(producer.send(TOPIC, 0, records(1)).await, Err(TransactionError::Fenced(_))));
}

/// Protects: refusals that pass are waited out at every step, and a coordinator that has moved is looked for again.
#[tokio::test]
async fn what_passes_is_waited_out() {
    let wait = Fault::Refuse(ErrorCode::ConcurrentTransactions);
    let faults = [
        ("find", Fault::Refuse(ErrorCode::CoordinatorNotAvailable)),
        ("init", wait),
        ("init", Fault::Refuse(ErrorCode::NotCoordinator)),
        ("produce", wait),
        ("end", Fault::Refuse(ErrorCode::CoordinatorLoadInProgress)),
    ];
    let (address, model) = broker(&faults).await;
    let mut producer = producer(&address);
    producer.send(TOPIC, 0, records(1)).await.unwrap();
    assert_eq!(producer.commit().await.unwrap(), TransactionOutcome::Committed);
    let expected = [
        "find 1 mover",
        "find 1 mover",
        "init -1/-1",
        "init -1/-1",
        "find 1 mover",
        "init -1/-1",
        "produce 0/0",
        "produce 0/0",
        "commit 0",
        "commit 0",
    ];
    assert_eq!(seen(&model), expected);
}

/// Protects: offsets go to the group's coordinator with what the group needs to know the member, and a member that the group
/// does not know makes the transaction one that can only be aborted.
#[tokio::test]
async fn offsets_carry_the_member() {
    let (address, model) = broker(&[("offsets", Fault::Refuse(ErrorCode::CoordinatorLoadInProgress))]).await;
    let mut producer = producer(&address);
    let membership =
        GroupMembership { group: "g".to_owned(), generation: 4, member: "m".to_owned(), instance: None };
    let offset = NewOffset {
        topic: TOPIC.to_owned(),
        partition: 0,
        offset: Offset(12),
        leader_epoch: -1,
        metadata: String::new(),
    };
    producer.send_offsets(&membership, std::slice::from_ref(&offset)).await.unwrap();
    assert_eq!(producer.commit().await.unwrap(), TransactionOutcome::Committed);
    let twice = ["find 0 g", "offsets 0 of g 4 m: 12", "offsets 0 of g 4 m: 12", "commit 0"];
    assert_eq!(seen(&model)[2..], twice);
    model.lock().unwrap().faults = vec![("offsets", Fault::Refuse(ErrorCode::IllegalGeneration))];
    assert!(producer.send_offsets(&membership, &[offset]).await.unwrap_err().must_abort());
    assert!(producer.commit().await.unwrap_err().must_abort());
    assert_eq!(producer.abort().await.unwrap(), TransactionOutcome::Aborted);
}

/// Protects: nothing is sent to a broker that does not run transactions as of KIP-890.
#[tokio::test]
async fn an_older_broker_is_refused() {
    let model = Arc::new(Mutex::new(Model::default()));
    let script = model.clone();
    let address = start_at_level(1, move |asked| script.lock().unwrap().reply(asked)).await;
    let refused = producer(&address).send(TOPIC, 0, records(1)).await;
    assert!(matches!(refused, Err(TransactionError::Client(ClientError::Unsupported { .. }))), "{refused:?}");
    assert_eq!(seen(&model), ["find 1 mover"]);
}
