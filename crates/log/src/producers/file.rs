//! Producer state as files beside the segments: our own, and Kafka's for its tools.
//!
//! Both are written at a roll, named by the offset below which they know every batch. Ours, big-endian, no padding:
//!
//! ```text
//! <offset>.producers      magic u32 "HWPS", version u16 = 1, CRC32C u32 of all that follows
//!                         topic id 16 bytes, partition i32, offset i64
//!                         u32 count, each: producer id i64, then its entry as in a log's cut (cut.rs)
//! <offset>.snapshot       version u16 = 1, CRC32C u32 of all that follows
//!                         u32 count, each: producer id i64, epoch i16, last sequence i32, last offset i64, last offset less
//!                         first of that batch i32, timestamp i64, coordinator epoch i32, open transaction's first offset i64
//! ```
//!
//! The second is never read: it knows one batch of a producer where we need five.
//! Source: W-9; `ProducerStateManager.writeSnapshot`, ProducerSnapshot.json of Kafka 4.3.1. Tests: below, and
//! `dump_log_segments_finds_no_fault` with Kafka's own reader.

use super::{ProducerEntry, Producers};
use crate::cut::{producer_list_of, put_producer_list};
use bytes::{Buf, BufMut, Bytes};
use types::{LogKey, Offset, ProducerId};

/// First bytes of our file: "HWPS".
const MAGIC: u32 = 0x4857_5053;
const VERSION: u16 = 1;
/// Bytes before what the CRC covers.
const HEAD_BYTES: usize = 10;
const KAFKA_VERSION: u16 = 1;
/// Kafka's "no sequence", "no offset", "no time".
const NONE: i64 = -1;

/// Returns the bytes of our file.
pub(crate) fn encode(key: LogKey, offset: Offset, producers: &[(ProducerId, ProducerEntry)]) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_slice(&key.topic_id.0.0);
    body.put_i32(key.partition.0);
    body.put_i64(offset.0);
    put_producer_list(&mut body, producers);
    let mut file = Vec::with_capacity(HEAD_BYTES + body.len());
    file.put_u32(MAGIC);
    file.put_u16(VERSION);
    file.put_u32(crc_fast::crc32_iscsi(&body));
    file.extend(body);
    file
}

/// Reads our file; nothing if it is not one of this log and offset, whole and unchanged.
pub(crate) fn decode(mut file: Bytes, key: LogKey, offset: Offset) -> Option<Producers> {
    let head = (file.try_get_u32().ok()?, file.try_get_u16().ok()?);
    let crc = file.try_get_u32().ok()?;
    if head != (MAGIC, VERSION) || crc != crc_fast::crc32_iscsi(&file) {
        return None;
    }
    let mut topic_id = [0; 16];
    file.try_copy_to_slice(&mut topic_id).ok()?;
    let found = (topic_id, file.try_get_i32().ok()?, file.try_get_i64().ok()?);
    if found != (key.topic_id.0.0, key.partition.0, offset.0) {
        return None;
    }
    let producers = producer_list_of(&mut file).ok()?;
    (!file.has_remaining()).then(|| Producers::restore(producers, Vec::new()))
}

/// Returns the bytes of Kafka's file.
pub(crate) fn encode_kafka(producers: &[(ProducerId, ProducerEntry)]) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_u32(u32::try_from(producers.len()).unwrap_or(u32::MAX));
    for (id, entry) in producers {
        let last = entry.window.last();
        body.put_i64(id.0);
        body.put_i16(entry.epoch.0);
        body.put_i32(last.map_or(-1, |last| last.last_sequence().0));
        body.put_i64(last.map_or(NONE, |last| last.last_offset().0));
        body.put_i32(last.map_or(0, |last| last.last_delta));
        body.put_i64(last.map_or(NONE, |last| last.timestamp.0));
        body.put_i32(entry.coordinator_epoch);
        body.put_i64(entry.open_txn.map_or(NONE, |first| first.0));
    }
    let mut file = Vec::with_capacity(body.len() + 6);
    file.put_u16(KAFKA_VERSION);
    file.put_u32(crc_fast::crc32_iscsi(&body));
    file.extend(body);
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::producers::SequencedBatch;
    use types::{PartitionId, ProducerEpoch, Sequence, TopicId, Uuid, WallTime};

    const KEY: LogKey = LogKey { topic_id: TopicId(Uuid([0xaa; 16])), partition: PartitionId(3) };

    fn some() -> Vec<(ProducerId, ProducerEntry)> {
        let mut entry = ProducerEntry::new(ProducerEpoch(2), WallTime(3));
        let batch = SequencedBatch {
            base_sequence: Sequence(i32::MAX),
            last_delta: 1,
            base_offset: Offset(40),
            timestamp: WallTime(5),
        };
        entry.window.push(batch);
        vec![(ProducerId(7), entry), (ProducerId(8), ProducerEntry::new(ProducerEpoch(0), WallTime(9)))]
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Protects: the bytes of both files; a change of ours needs a new version.
    #[test]
    fn bytes_of_version_1() {
        let ours = encode(KEY, Offset(0x2a), &some());
        let text = concat!(
            "485750530001",
            "CRCCRCCR",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "00000003",
            "000000000000002a",
            "00000002",
            "0000000000000007",
            "0002",
            "ffffffff",
            "0000000000000003",
            "ffffffffffffffff",
            "01",
            "7fffffff",
            "00000001",
            "0000000000000028",
            "0000000000000005",
            "0000000000000008",
            "0000",
            "ffffffff",
            "0000000000000009",
            "ffffffffffffffff",
            "00",
        );
        let crc = format!("{:08x}", crc_fast::crc32_iscsi(&ours[HEAD_BYTES..]));
        assert_eq!(hex(&ours), text.replace("CRCCRCCR", &crc));
        let kafkas = encode_kafka(&some());
        let text = concat!(
            "0001",
            "CRCCRCCR",
            "00000002",
            "0000000000000007",
            "0002",
            "00000000",
            "0000000000000029",
            "00000001",
            "0000000000000005",
            "ffffffff",
            "ffffffffffffffff",
            "0000000000000008",
            "0000",
            "ffffffff",
            "ffffffffffffffff",
            "00000000",
            "ffffffffffffffff",
            "ffffffff",
            "ffffffffffffffff",
        );
        let crc = format!("{:08x}", crc_fast::crc32_iscsi(&kafkas[6..]));
        assert_eq!(hex(&kafkas), text.replace("CRCCRCCR", &crc));
    }

    /// Protects: a file comes back as it was written; a damaged, torn, longer or foreign one is none.
    #[test]
    fn only_whole_files_of_the_log_are_read() {
        let file = encode(KEY, Offset(42), &some());
        let read = |bytes: &[u8]| decode(Bytes::copy_from_slice(bytes), KEY, Offset(42));
        let found: Vec<_> = read(&file).unwrap().iter().map(|(id, entry)| (id, entry.clone())).collect();
        assert_eq!(found, some());
        for at in 0..file.len() {
            let mut hurt = file.clone();
            hurt[at] ^= 0x10;
            assert!(read(&hurt).is_none() && read(&file[..at]).is_none(), "byte {at}");
        }
        assert!(read(&[&file[..], &[0]].concat()).is_none());
        assert!(decode(file.clone().into(), KEY, Offset(43)).is_none());
        let other = LogKey { partition: PartitionId(4), ..KEY };
        assert!(decode(file.into(), other, Offset(42)).is_none());
    }
}
