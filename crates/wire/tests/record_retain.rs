//! Records taken out of a batch, as compaction does it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::record::{Batch, BatchBuilder, Codec, Filtered, Record, Records, TimestampType};

const CAP: usize = 1 << 20;

/// Records 0 to 9; key `k<n>`, every third one a tombstone, times that fall.
fn batch(codec: Codec) -> Batch {
    let mut builder = BatchBuilder::new(codec)
        .producer(ProducerId(7), ProducerEpoch(2), Sequence(30))
        .transactional(true)
        .placed(Offset(500), LeaderEpoch(4));
    for n in 0..10_i64 {
        let value = [b'v'; 90];
        let value = (n % 3 > 0).then_some(&value[..]);
        let headers: &[(&[u8], Option<&[u8]>)] = &[(b"h", Some(b"1")), (b"h", None)];
        builder.push(WallTime(5_000 - n), Some(format!("k{n}").as_bytes()), value, headers);
    }
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}

fn records(batch: &Batch) -> Vec<Record> {
    Records::open(&batch.to_bytes(), CAP).unwrap().map(Result::unwrap).collect()
}

fn keep(batch: &Batch, wanted: &[i64]) -> Filtered {
    Filtered::of(batch, CAP, |record| {
        let n = record.offset.0 - 500;
        assert_eq!(record.key, Some(format!("k{n}").as_bytes()));
        assert_eq!(record.has_value, n % 3 > 0);
        wanted.contains(&n)
    })
    .unwrap()
}

/// Protects: what stays keeps offset, time, key, value and headers with every codec, the batch keeps its offsets, sequences,
/// epochs and flags, and its CRC is right.
#[test]
fn what_stays_is_unchanged() {
    for codec in Codec::ALL {
        for horizon in [None, Some(WallTime(90_000))] {
            let before = batch(codec);
            let filtered = keep(&before, &[1, 4, 8]);
            assert!(!filtered.is_whole() && !filtered.is_empty() && !filtered.has_tombstones());
            let after = Batch::from_wire(&filtered.build(horizon).unwrap()).unwrap();
            let wanted: Vec<Record> = records(&before)
                .into_iter()
                .filter(|record| [501, 504, 508].contains(&record.offset.0))
                .collect();
            assert_eq!(records(&after), wanted, "{codec} {horizon:?}");
            let (old, new) = (before.header(), after.header());
            assert!(after.verify_crc());
            assert_eq!((new.base_offset, new.last_offset()), (old.base_offset, old.last_offset()));
            assert_eq!((new.producer_id, new.producer_epoch), (old.producer_id, old.producer_epoch));
            assert_eq!((new.base_sequence, new.last_sequence()), (old.base_sequence, old.last_sequence()));
            assert_eq!((new.leader_epoch, new.codec()), (old.leader_epoch, old.codec()));
            assert!(new.is_transactional() && new.record_count == 3);
            assert_eq!(new.max_timestamp, WallTime(4_999));
            assert_eq!(new.delete_horizon(), horizon);
        }
    }
}

/// Protects: a batch of which all stays is told apart, tombstones that stay are seen, and one that gets a horizon again
/// reads the same.
#[test]
fn whole_batches_and_tombstones_are_told() {
    let before = batch(Codec::Lz4);
    let all: Vec<i64> = (0..10).collect();
    let filtered = keep(&before, &all);
    assert!(filtered.is_whole() && filtered.has_tombstones() && filtered.len() == 10);
    let marked = Batch::from_wire(&filtered.build(Some(WallTime(77))).unwrap()).unwrap();
    assert_eq!(records(&marked), records(&before));
    let again = Batch::from_wire(&keep(&marked, &[0, 9]).build(None).unwrap()).unwrap();
    assert_eq!(again.header().delete_horizon(), Some(WallTime(77)));
    assert_eq!(records(&again).iter().map(|record| record.timestamp.0).collect::<Vec<_>>(), [5_000, 4_991]);
    assert!(keep(&before, &[]).is_empty() && keep(&before, &[]).build(None).is_err());
}

/// Protects: records of an append-time batch keep the append's time.
#[test]
fn append_time_stays() {
    let mut before = batch(Codec::None);
    before.set_append_time(WallTime(123_456));
    let after = Batch::from_wire(&keep(&before, &[2]).build(Some(WallTime(200_000))).unwrap()).unwrap();
    assert_eq!(after.header().timestamp_type(), TimestampType::Append);
    assert_eq!(records(&after)[0].timestamp, WallTime(123_456));
}

/// Protects: A18: a batch that decompresses to more than the cap, or whose records are none, is an error.
#[test]
fn what_cannot_be_read_is_an_error() {
    assert!(Filtered::of(&batch(Codec::Gzip), 100, |_| true).is_err());
    let mut bytes = batch(Codec::None).to_bytes().to_vec();
    bytes[61] = 0x7f;
    let broken = Batch::from_wire(&bytes.into()).unwrap();
    assert!(Filtered::of(&broken, CAP, |_| true).is_err());
}

/// Protects: an emptied batch has Kafka's head: no codec, no horizon, no base time; the largest time stays.
#[test]
fn emptied_batches_have_kafkas_head() {
    let marked = keep(&batch(Codec::Zstd), &[0]).build(Some(WallTime(99))).unwrap();
    let marked = Batch::from_wire(&marked).unwrap();
    let empty = Batch::from_wire(&marked.header().emptied()).unwrap();
    let head = empty.header();
    assert!(empty.verify_crc() && head.is_transactional());
    assert_eq!((head.codec(), head.delete_horizon(), head.record_count), (Some(Codec::None), None, 0));
    assert_eq!((head.base_timestamp, head.max_timestamp), (WallTime(-1), WallTime(5_000)));
    assert_eq!((head.last_offset(), head.last_sequence()), (Offset(509), Sequence(39)));
}
