//! The producer over real sockets: outcomes, and the same batch again after a lost connection.

use crate::scripted::{Asked, Reply, TOPIC, TOPIC_ID, cluster, start};
use bytes::Bytes;
use client::{NewRecord, Outcome, Producer, ProducerOptions, Refusal};
use std::sync::{Arc, Mutex};
use types::{ErrorCode, Offset, WallTime};
use wire::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use wire::record::{Batch, BatchHeader, verify_crc};
use wire::{ProduceRequest, ProduceResponse};

/// What a scripted broker has stored.
type Log = Arc<Mutex<Vec<Bytes>>>;

fn record(text: &str) -> Vec<NewRecord> {
    let value = Some(Bytes::copy_from_slice(text.as_bytes()));
    vec![NewRecord { timestamp: WallTime(1), key: None, value, headers: Vec::new() }]
}

fn batch(asked: &Asked) -> Bytes {
    let request: ProduceRequest = asked.read();
    assert_eq!((request.acks, request.topic_data[0].topic_id), (-1, TOPIC_ID));
    request.topic_data[0].partition_data[0].records.clone().unwrap().into_bytes()
}

fn answer(asked: &Asked, code: ErrorCode, base_offset: i64) -> Reply {
    let partition = PartitionProduceResponse { error_code: code.code(), base_offset, ..Default::default() };
    let topic = TopicProduceResponse {
        topic_id: TOPIC_ID,
        partition_responses: vec![partition],
        ..Default::default()
    };
    asked.answer(&ProduceResponse { responses: vec![topic], ..Default::default() })
}

/// Stores a batch unless its sequence is stored already; returns its offset.
fn store(log: &Log, bytes: &Bytes) -> i64 {
    let mut log = log.lock().unwrap();
    let header = |bytes: &Bytes| BatchHeader::parse(bytes).unwrap();
    let known = log.iter().position(|b| {
        (header(b).producer_id, header(b).base_sequence)
            == (header(bytes).producer_id, header(bytes).base_sequence)
    });
    let at = known.unwrap_or_else(|| {
        assert!(verify_crc(bytes) && Batch::from_wire(bytes).is_ok());
        log.push(bytes.clone());
        log.len() - 1
    });
    i64::try_from(at).unwrap()
}

async fn outcomes(producer: &Producer, count: usize) -> Vec<Outcome> {
    let mut deliveries = Vec::new();
    for index in 0..count {
        deliveries.push(producer.submit(TOPIC, 0, record(&format!("record {index}"))).await.unwrap());
    }
    let mut outcomes = Vec::new();
    for delivery in deliveries {
        outcomes.push(delivery.await);
    }
    outcomes
}

fn offsets(outcomes: &[Outcome]) -> Vec<i64> {
    let offset = |outcome: &Outcome| match outcome {
        Outcome::Acked(Offset(offset)) => *offset,
        other => panic!("{other:?}"),
    };
    outcomes.iter().map(offset).collect()
}

/// Protects: batches of a partition are stored in the order of submission and say their offsets.
#[tokio::test]
async fn batches_are_acknowledged_in_order() {
    let log = Log::default();
    let stored = log.clone();
    let address = start(move |asked| answer(asked, ErrorCode::None, store(&stored, &batch(asked)))).await;
    let producer = Producer::new(cluster(&address), ProducerOptions::default());
    assert_eq!(offsets(&outcomes(&producer, 20).await), (0..20).collect::<Vec<i64>>());
    let sequences: Vec<i32> =
        log.lock().unwrap().iter().map(|b| BatchHeader::parse(b).unwrap().base_sequence.0).collect();
    assert_eq!(sequences, (0..20).collect::<Vec<i32>>());
}

/// Protects: a connection lost at any point, before or after the batch was stored, loses and doubles nothing,
/// because the same bytes are sent again.
#[tokio::test]
async fn the_same_batch_is_sent_again() {
    for hang_up_at in 0..6u32 {
        for store_first in [true, false] {
            let (log, resent) = (Log::default(), Arc::new(Mutex::new(Vec::new())));
            let (stored, again, seen) = (log.clone(), resent.clone(), Arc::new(Mutex::new(0u32)));
            let address = start(move |asked| {
                let (bytes, mut seen) = (batch(asked), seen.lock().unwrap());
                *seen += 1;
                if *seen == hang_up_at + 1 {
                    again.lock().unwrap().push(bytes.clone());
                    if store_first {
                        store(&stored, &bytes);
                    }
                    return Reply::HangUp;
                }
                again.lock().unwrap().push(bytes.clone());
                answer(asked, ErrorCode::None, store(&stored, &bytes))
            });
            let producer = Producer::new(cluster(&address.await), ProducerOptions::default());
            assert_eq!(offsets(&outcomes(&producer, 10).await), (0..10).collect::<Vec<i64>>());
            assert_eq!(log.lock().unwrap().len(), 10);
            let resent = resent.lock().unwrap();
            let lost = resent.get(usize::try_from(hang_up_at).unwrap()).unwrap();
            assert!(resent.iter().filter(|bytes| *bytes == lost).count() >= 2, "the same bytes came again");
        }
    }
}

/// Protects: a refusal is told with the broker's code, and what follows is stored under the numbers it left.
#[tokio::test]
async fn a_refused_batch_leaves_no_gap() {
    let log = Log::default();
    let stored = log.clone();
    let address = start(move |asked| {
        let bytes = batch(asked);
        let sequence = BatchHeader::parse(&bytes).unwrap().base_sequence.0;
        let due = i32::try_from(stored.lock().unwrap().len()).unwrap();
        let refused = bytes.windows(8).any(|w| w == b"record 2");
        match (refused, sequence == due) {
            (true, true) => answer(asked, ErrorCode::InvalidRecord, -1),
            (false, true) => answer(asked, ErrorCode::None, store(&stored, &bytes)),
            (_, false) => answer(asked, ErrorCode::OutOfOrderSequenceNumber, -1),
        }
    });
    let producer = Producer::new(cluster(&address.await), ProducerOptions::default());
    let mut outcomes = outcomes(&producer, 6).await;
    let refused = outcomes.remove(2);
    assert!(matches!(&refused, Outcome::Refused(Refusal::Broker(e)) if e.code == 87), "{refused:?}");
    assert_eq!(offsets(&outcomes), (0..5).collect::<Vec<i64>>());
    assert_eq!(log.lock().unwrap().len(), 5);
}

/// Protects: without idempotence a batch whose answer was lost is unknown, and is sent once only.
#[tokio::test]
async fn without_idempotence_nothing_is_sent_twice() {
    let count = Arc::new(Mutex::new(0));
    let seen = count.clone();
    let address = start(move |asked| {
        batch(asked);
        *seen.lock().unwrap() += 1;
        Reply::HangUp
    });
    let options = ProducerOptions { idempotent: false, in_flight: 1, ..ProducerOptions::default() };
    let producer = Producer::new(cluster(&address.await), options);
    let outcomes = outcomes(&producer, 1).await;
    assert!(matches!(outcomes[..], [Outcome::Unknown]), "{outcomes:?}");
    producer.close().await;
    assert_eq!(*count.lock().unwrap(), 1);
}

/// Protects: a topic that does not exist is refused by name, at once.
#[tokio::test]
async fn an_unknown_partition_is_refused() {
    let address = start(|_| Reply::Nothing).await;
    let producer = Producer::new(cluster(&address), ProducerOptions::default());
    let outcome = producer.submit(TOPIC, 9, record("x")).await.unwrap().await;
    assert!(
        matches!(&outcome, Outcome::Refused(Refusal::Client(e)) if e.to_string().contains("no partition 9"))
    );
}
