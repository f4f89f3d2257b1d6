//! Batches as the tests send and read them.

use crate::client::Client;
use bytes::Bytes;
use std::time::{SystemTime, UNIX_EPOCH};
use types::{ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::record::{BatchBuilder, Batches, Codec, Records, batch_crc};

/// Returns the time of this machine: the broker refuses what lies far from it.
#[allow(clippy::disallowed_methods, reason = "the broker under test has the real clock, too")]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// A batch of these values.
pub fn batch(values: &[&str]) -> Bytes {
    filled(BatchBuilder::new(Codec::None), values)
}

/// A batch with one value of so many bytes.
pub fn sized(bytes: usize) -> Bytes {
    batch(&["x".repeat(bytes).as_str()])
}

/// A batch whose records have these timestamps.
pub fn timed(timestamps: &[i64]) -> Bytes {
    let mut builder = BatchBuilder::new(Codec::None);
    for timestamp in timestamps {
        builder.push(WallTime(*timestamp), Some(b"key"), Some(b"value"), &[]);
    }
    builder.build().unwrap()
}

/// A batch of an idempotent producer.
pub fn sequenced(id: i64, epoch: i16, sequence: i32, records: usize) -> Bytes {
    let empty = BatchBuilder::new(Codec::None);
    let builder = empty.producer(ProducerId(id), ProducerEpoch(epoch), Sequence(sequence));
    let values: Vec<String> = (0..records).map(|n| format!("{id}/{epoch}/{sequence}+{n}")).collect();
    filled(builder, &values.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A batch of a transaction, of one record.
pub fn in_transaction(id: i64, epoch: i16, sequence: i32) -> Bytes {
    let empty = BatchBuilder::new(Codec::None).transactional(true);
    filled(empty.producer(ProducerId(id), ProducerEpoch(epoch), Sequence(sequence)), &["in a transaction"])
}

fn filled(mut builder: BatchBuilder, values: &[&str]) -> Bytes {
    for value in values {
        builder.push(WallTime(now_ms()), Some(b"key"), Some(value.as_bytes()), &[]);
    }
    builder.build().unwrap()
}

/// Changes bytes of a batch and makes its length and CRC right again.
pub fn patched(batch: &Bytes, at: usize, bytes: &[u8]) -> Bytes {
    let mut copy = batch.to_vec();
    copy[at..at + bytes.len()].copy_from_slice(bytes);
    sealed(copy)
}

/// Makes length and CRC of a batch right.
pub fn sealed(mut batch: Vec<u8>) -> Bytes {
    let length = i32::try_from(batch.len() - 12).unwrap();
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    let crc = batch_crc(&batch);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
    Bytes::from(batch)
}

/// A batch with these bytes for records, as one record.
pub fn with_payload(codec: u8, payload: &[u8]) -> Bytes {
    let mut head = batch(&["x"])[..61].to_vec();
    head[22] = codec;
    head.extend_from_slice(payload);
    sealed(head)
}

/// Offset and value of every record that a fetch returned.
pub fn records(bytes: &Bytes) -> Vec<(i64, String)> {
    let mut all = Vec::new();
    for span in Batches::new(bytes) {
        let Ok(span) = span else { break };
        for record in Records::open(&bytes.slice(span.range), 1 << 24).unwrap() {
            let record = record.unwrap();
            all.push((record.offset.0, String::from_utf8(record.value.unwrap().to_vec()).unwrap()));
        }
    }
    all
}

/// Offset and value of every record of a fetched partition.
pub fn fetched(data: &wire::fetch_response::PartitionData) -> Vec<(i64, String)> {
    records(&data.records.clone().unwrap_or_default().into_bytes())
}

/// First offset of every batch of a fetched partition.
pub fn bases(data: &wire::fetch_response::PartitionData) -> Vec<i64> {
    let bytes = data.records.clone().unwrap_or_default().into_bytes();
    Batches::new(&bytes).map(|span| span.unwrap().header.base_offset.0).collect()
}

/// Reads partition 0 of a topic from the start, as many fetches as it takes.
pub fn read_all(client: &mut Client, topic: &str) -> Vec<(i64, String)> {
    let end = client.end(topic);
    let mut all: Vec<(i64, String)> = Vec::new();
    let mut next = 0;
    while next < end {
        let data = client.fetch(topic, next);
        assert_eq!(data.error_code, 0);
        let page = fetched(&data);
        next = page.last().expect("a fetch below the high watermark returns records").0 + 1;
        all.extend(page);
    }
    all
}
