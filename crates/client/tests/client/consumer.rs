//! The consumer against a broker that hands out good and bad batches.

use crate::scripted::{Asked, Reply, TOPIC, TOPIC_ID, cluster, start};
use bytes::{Bytes, BytesMut};
use client::{BatchFault, ClientError, Consumer, ConsumerOptions, Isolation, StartAt};
use types::{ErrorCode, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use wire::record::{BatchBuilder, Codec};
use wire::{FetchRequest, FetchResponse, Records};

/// A batch of three records that begins at an offset.
fn batch(base: i64) -> Bytes {
    let mut builder = BatchBuilder::new(Codec::None).placed(Offset(base), LeaderEpoch(1));
    (0..3).for_each(|i| builder.push(WallTime(i), None, Some(format!("v{}", base + i).as_bytes()), &[]));
    builder.build().unwrap()
}

fn answer(asked: &Asked, code: ErrorCode, bytes: Bytes) -> Reply {
    let partition = PartitionData {
        error_code: code.code(),
        high_watermark: 9,
        records: Some(Records::from(bytes)),
        ..Default::default()
    };
    let topic =
        FetchableTopicResponse { topic_id: TOPIC_ID, partitions: vec![partition], ..Default::default() };
    asked.answer(&FetchResponse { responses: vec![topic], ..Default::default() })
}

async fn consumer(address: &str, from: i64) -> Consumer {
    let mut consumer = Consumer::new(cluster(address), ConsumerOptions::default());
    consumer.assign(TOPIC, 0, StartAt::Offset(Offset(from))).await.unwrap();
    consumer
}

async fn read(bytes: Bytes, from: i64) -> (Consumer, Result<Vec<i64>, ClientError>) {
    let address = start(move |asked| answer(asked, ErrorCode::None, bytes.clone())).await;
    let mut consumer = consumer(&address, from).await;
    let records = consumer.poll().await.map(|list| list.iter().map(|c| c.record.offset.0).collect());
    (consumer, records)
}

/// Protects: records before the wanted offset are not shown, though their batch came whole.
#[tokio::test]
async fn reading_starts_inside_a_batch() {
    let (consumer, offsets) = read([batch(0), batch(3)].concat().into(), 2).await;
    assert_eq!(offsets.unwrap(), [2, 3, 4, 5]);
    assert_eq!(consumer.position(TOPIC, 0), Some(Offset(6)));
    assert!(!consumer.is_at_end());
}

/// Protects: a batch cut short at the end of an answer is left for the next one.
#[tokio::test]
async fn a_cut_batch_is_left_for_later() {
    let mut bytes = [batch(0), batch(3)].concat();
    bytes.truncate(bytes.len() - 1);
    let (consumer, offsets) = read(bytes.into(), 0).await;
    assert_eq!(offsets.unwrap(), [0, 1, 2]);
    assert_eq!(consumer.position(TOPIC, 0), Some(Offset(3)));
}

/// Protects: a flipped bit is never handed out.
#[tokio::test]
async fn a_damaged_batch_is_refused() {
    let mut bytes = BytesMut::from(&batch(0)[..]);
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let (consumer, offsets) = read(bytes.freeze(), 0).await;
    let error = offsets.unwrap_err();
    assert!(matches!(error, ClientError::BadBatch { fault: BatchFault::Crc, .. }), "{error}");
    assert_eq!(consumer.position(TOPIC, 0), Some(Offset(0)));
}

/// Protects: a batch that was read already does not move the position back, nor come again.
#[tokio::test]
async fn an_old_batch_is_passed_over() {
    let (consumer, offsets) = read([batch(0), batch(3), batch(0)].concat().into(), 0).await;
    assert_eq!(offsets.unwrap(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(consumer.position(TOPIC, 0), Some(Offset(6)));
}

/// Protects: an offset outside the log is said plainly and not replaced by another one.
#[tokio::test]
async fn an_offset_outside_the_log_is_an_error() {
    let address = start(|asked| answer(asked, ErrorCode::OffsetOutOfRange, Bytes::new())).await;
    let error = consumer(&address, 77).await.poll().await.unwrap_err();
    assert!(matches!(error, ClientError::OffsetOutOfRange { offset: 77, .. }), "{error}");
}

/// Protects: a leader that moved, or a connection that was lost, is asked again from the same position.
#[tokio::test]
async fn reading_goes_on_after_a_fault() {
    let tries = std::sync::atomic::AtomicU32::new(0);
    let address = start(move |asked| {
        let request: FetchRequest = asked.read();
        assert_eq!(request.topics[0].partitions[0].fetch_offset, 3);
        match tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => answer(asked, ErrorCode::NotLeaderOrFollower, Bytes::new()),
            1 => Reply::HangUp,
            _ => answer(asked, ErrorCode::None, batch(3)),
        }
    });
    let records = consumer(&address.await, 3).await.poll().await.unwrap();
    assert_eq!(records.len(), 3);
    assert_eq!(records[0].record.value.as_deref(), Some(b"v3".as_slice()));
}

/// Protects: a reader of committed data says so, passes over what was aborted, and is at the end where a transaction is open.
#[tokio::test]
async fn a_reader_of_committed_data_passes_over_aborted_batches() {
    let transactional = |producer: i64, base: i64| {
        let (id, epoch) = (ProducerId(producer), ProducerEpoch(0));
        let builder = BatchBuilder::new(Codec::None).producer(id, epoch, Sequence(0)).transactional(true);
        let mut builder = builder.placed(Offset(base), LeaderEpoch(1));
        builder.push(WallTime(0), None, Some(b"v"), &[]);
        builder.build().unwrap()
    };
    let address = start(move |asked| {
        let request: FetchRequest = asked.read();
        assert_eq!(request.isolation_level, 1);
        let partition = PartitionData {
            high_watermark: 9,
            last_stable_offset: 3,
            aborted_transactions: Some(vec![AbortedTransaction { producer_id: 5, first_offset: 0 }]),
            records: Some(Records::from(Bytes::from(
                [transactional(5, 0), transactional(6, 1), transactional(5, 2)].concat(),
            ))),
            ..Default::default()
        };
        let topic =
            FetchableTopicResponse { topic_id: TOPIC_ID, partitions: vec![partition], ..Default::default() };
        asked.answer(&FetchResponse { responses: vec![topic], ..Default::default() })
    });
    let options = ConsumerOptions { isolation: Isolation::Committed, ..ConsumerOptions::default() };
    let mut consumer = Consumer::new(cluster(&address.await), options);
    consumer.assign(TOPIC, 0, StartAt::Offset(Offset(0))).await.unwrap();
    let records = consumer.poll().await.unwrap();
    assert_eq!(records.iter().map(|read| read.record.offset.0).collect::<Vec<_>>(), [1]);
    assert_eq!((consumer.position(TOPIC, 0), consumer.is_at_end()), (Some(Offset(3)), true));
}
