//! The transaction index of a segment: the aborted transactions whose marks it holds.
//!
//! ```text
//! <base>.txnindex    34 bytes an entry, in the order of the marks, big-endian:
//!                    version i16 = 0 | producer id i64 | first offset i64 | last offset i64, the mark's
//!                    | last stable offset i64, once the transaction had ended
//! ```
//!
//! Kafka's file, entry for entry; but it is written whole when the segment is sealed, and synced then. Until then, and until all
//! of the segment is below the high watermark, the entries are in memory and in the state. The state holds count and CRC32C of
//! each index ([`TxnIndexMeta`]): one that is missing or wrong is noticed when it is read, and made anew from the batches (X13).
//! *Invariant*: a segment is sealed at 4,096 entries, so that what is read of one at a time is bounded.
//! Source: `TransactionIndex`, `AbortedTxn` of Kafka 4.3.1; docs/adr/2026-11-26-transaction-indexes.md. Tests: below,
//! `crates/log/tests/crash_directory/transactions.rs`.

use crate::layout::TXN_ENTRY_BYTES;
use crate::producers::AbortedTxn;
use bytes::Buf;
use types::{Offset, ProducerId};

/// Most entries of one segment.
pub(crate) const ENTRIES_MAX: usize = 4096;
const VERSION: i16 = 0;

/// What the state knows of an index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TxnIndexMeta {
    /// How many entries it has. *Invariant*: not zero.
    pub entries: u32,
    /// CRC32C of all of its bytes.
    pub crc: u32,
    /// The lowest first offset.
    pub first: Offset,
}

impl TxnIndexMeta {
    /// Describes the index with these entries; nothing without any.
    pub(crate) fn of(entries: &[AbortedTxn]) -> Option<TxnIndexMeta> {
        let first = entries.iter().map(|txn| txn.first_offset).min()?;
        let crc = crc_fast::crc32_iscsi(&encode(entries));
        Some(TxnIndexMeta { entries: u32::try_from(entries.len()).unwrap_or(u32::MAX), crc, first })
    }

    /// Returns how long the file is. *Units*: bytes.
    pub(crate) fn bytes(&self) -> u64 {
        u64::from(self.entries) * u64::from(TXN_ENTRY_BYTES)
    }
}

/// Returns the bytes of entries.
pub(crate) fn encode(entries: &[AbortedTxn]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * TXN_ENTRY_BYTES as usize);
    for txn in entries {
        out.extend_from_slice(&VERSION.to_be_bytes());
        let numbers = [txn.producer_id.0, txn.first_offset.0, txn.last_offset.0, txn.last_stable_offset.0];
        numbers.iter().for_each(|number| out.extend_from_slice(&number.to_be_bytes()));
    }
    out
}

/// Reads an index; nothing if it is not the one that the state knows.
pub(crate) fn decode(bytes: &[u8], known: &TxnIndexMeta) -> Option<Vec<AbortedTxn>> {
    if bytes.len() as u64 != known.bytes() || crc_fast::crc32_iscsi(bytes) != known.crc {
        return None;
    }
    bytes.chunks_exact(TXN_ENTRY_BYTES as usize).map(entry).collect()
}

fn entry(mut bytes: &[u8]) -> Option<AbortedTxn> {
    if bytes.try_get_i16().ok()? != VERSION {
        return None;
    }
    Some(AbortedTxn {
        producer_id: ProducerId(bytes.try_get_i64().ok()?),
        first_offset: Offset(bytes.try_get_i64().ok()?),
        last_offset: Offset(bytes.try_get_i64().ok()?),
        last_stable_offset: Offset(bytes.try_get_i64().ok()?),
    })
}

/// Returns the transactions whose marks lie in `[base, next)`; `all` is in the order of the marks.
pub(crate) fn within(all: &[AbortedTxn], base: Offset, next: Offset) -> &[AbortedTxn] {
    let first = all.partition_point(|txn| txn.last_offset < base);
    let end = all.partition_point(|txn| txn.last_offset < next);
    all.get(first..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<AbortedTxn> {
        let txn = |last: i64| AbortedTxn {
            last_offset: Offset(last),
            first_offset: Offset(last - 9),
            producer_id: ProducerId(7),
            last_stable_offset: Offset(last + 1),
        };
        vec![txn(0x20), txn(0x30)]
    }

    /// Protects: the bytes of an index are those that Kafka wrote (golden/transactions/README.md).
    #[test]
    fn bytes_are_kafkas() {
        let mut files: Vec<(&str, Vec<AbortedTxn>)> = Vec::new();
        let text = include_str!("../../../golden/transactions/indexes.txt");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["file", _, bytes] => files.push((bytes, Vec::new())),
                ["aborted", "0", ref numbers @ ..] => {
                    let numbers: Vec<i64> = numbers.iter().map(|number| number.parse().unwrap()).collect();
                    files.last_mut().unwrap().1.push(AbortedTxn {
                        producer_id: ProducerId(numbers[0]),
                        first_offset: Offset(numbers[1]),
                        last_offset: Offset(numbers[2]),
                        last_stable_offset: Offset(numbers[3]),
                    });
                }
                _ => panic!("no line of an index: {line}"),
            }
        }
        assert!(files.iter().any(|(_, entries)| entries.len() > 1));
        for (kafkas, entries) in files {
            let bytes = encode(&entries);
            assert_eq!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), kafkas);
            assert_eq!(decode(&bytes, &TxnIndexMeta::of(&entries).unwrap()), Some(entries));
        }
    }

    /// Protects: X13: an index is believed only if it is, byte for byte, the one that was written.
    #[test]
    fn another_index_is_noticed() {
        let bytes = encode(&some());
        let known = TxnIndexMeta::of(&some()).unwrap();
        assert_eq!((known.entries, known.first), (2, Offset(0x17)));
        assert_eq!(decode(&bytes, &known), Some(some()));
        for at in 0..bytes.len() {
            let mut hurt = bytes.clone();
            hurt[at] ^= 1;
            assert!(decode(&hurt, &known).is_none() && decode(&bytes[..at], &known).is_none(), "byte {at}");
        }
        assert_eq!(TxnIndexMeta::of(&[]), None);
    }
}
