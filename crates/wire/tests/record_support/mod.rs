//! What the tests of the record batch share: Java's vectors and the records that are in them.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

use bytes::Bytes;
use types::{Millis, WallTime};
use wire::record::{BatchBuilder, CheckRules, Codec, TimestampRules, batch_crc};

/// Time of the first record of the vectors.
pub const T: i64 = 1_700_000_000_000;

/// A header: key and value.
pub type Header = (Vec<u8>, Option<Vec<u8>>);

/// A record as a test states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    pub timestamp: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<Header>,
}

pub fn stated(
    timestamp: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[(&str, Option<&str>)],
) -> Stated {
    let headers =
        headers.iter().map(|(k, v)| (k.as_bytes().to_vec(), v.map(|v| v.as_bytes().to_vec()))).collect();
    Stated { timestamp, key: key.map(<[u8]>::to_vec), value: value.map(<[u8]>::to_vec), headers }
}

/// The records of the vectors named `*-small`.
pub fn small() -> Vec<Stated> {
    vec![
        stated(T, Some(b"k0"), Some(b"v0"), &[]),
        stated(T + 5, None, Some(b"value one"), &[("h1", Some("x")), ("h2", None)]),
        stated(T - 3, Some(b"k2"), None, &[("h1", Some(""))]),
        stated(T + 1000, Some(b""), Some(b""), &[]),
        stated(T + 2, Some("größe".as_bytes()), Some(&[b'a'; 200]), &[]),
    ]
}

/// The records of the vectors named `*-large`.
pub fn large() -> Vec<Stated> {
    let value = b"0123456789abcdef".repeat(3125);
    (0..3).map(|i| stated(T + i, None, Some(&value), &[])).collect()
}

/// Puts records into a builder.
pub fn fill(mut builder: BatchBuilder, records: &[Stated]) -> BatchBuilder {
    for record in records {
        let headers: Vec<_> = record.headers.iter().map(|(k, v)| (k.as_slice(), v.as_deref())).collect();
        builder.push(WallTime(record.timestamp), record.key.as_deref(), record.value.as_deref(), &headers);
    }
    builder
}

/// Builds a batch of records.
pub fn batch(codec: Codec, records: &[Stated]) -> Bytes {
    fill(BatchBuilder::new(codec), records).build().unwrap()
}

/// Reads a batch back.
pub fn read(batch: &Bytes) -> Vec<Stated> {
    let records = wire::record::Records::open(batch, 1 << 24).unwrap();
    records
        .map(|record| {
            let record = record.unwrap();
            let headers =
                record.headers.into_iter().map(|(k, v)| (k.to_vec(), v.map(|v| v.to_vec()))).collect();
            let (key, value) = (record.key.map(|k| k.to_vec()), record.value.map(|v| v.to_vec()));
            Stated { timestamp: record.timestamp.0, key, value, headers }
        })
        .collect()
}

/// Rules that the vectors satisfy; the clock stands at `T + 500`.
pub fn rules() -> CheckRules {
    CheckRules {
        max_batch_bytes: 1 << 20,
        max_decompressed_bytes: 1 << 22,
        zstd_allowed: true,
        keys_required: false,
        timestamps: TimestampRules::Create {
            now: WallTime(T + 500),
            before_max: Millis(i64::MAX),
            after_max: Millis(3_600_000),
        },
    }
}

/// Changes bytes at a place, CRC made right again.
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

/// Replaces the records of a batch by these bytes, for a codec and a count.
pub fn with_payload(codec: Codec, count: i32, payload: &[u8]) -> Bytes {
    let mut head = batch(Codec::None, &small())[..61].to_vec();
    head[22] = codec.id();
    head[23..27].copy_from_slice(&(count - 1).to_be_bytes());
    head[57..61].copy_from_slice(&count.to_be_bytes());
    head.extend_from_slice(payload);
    sealed(head)
}

/// Java's batch of this name.
pub fn vector(name: &str) -> Bytes {
    vectors()
        .into_iter()
        .find(|(n, _)| n == name)
        .map(|(_, bytes)| bytes)
        .unwrap_or_else(|| panic!("no vector {name}"))
}

/// All of Java's batches.
pub fn vectors() -> Vec<(String, Bytes)> {
    let text = include_str!("../../../../golden/record/vectors.txt");
    let line = |line: &str| {
        let (name, hex) = line.split_once(' ').unwrap();
        (name.to_owned(), unhex(hex))
    };
    text.lines().map(line).collect()
}

pub fn unhex(hex: &str) -> Bytes {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}
