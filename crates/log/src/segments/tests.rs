//! Placement, one reason to roll at a time.

use super::*;
use crate::tail::TailBatch;
use types::{LeaderEpoch, Millis};
use wire::record::{Batch, BatchBuilder, Codec};

const LARGE: PlaceRules = PlaceRules {
    segment_bytes: 1 << 30,
    segment_ms: Millis(i64::MAX),
    index_interval_bytes: 4096,
    segment_index_bytes: 10 << 20,
};

/// Makes batches of one record each, from offset 0, with these timestamps.
fn batches(timestamps: &[i64]) -> Vec<TailBatch> {
    let make = |(offset, timestamp): (i64, &i64)| {
        let mut builder = BatchBuilder::new(Codec::None).placed(Offset(offset), LeaderEpoch(0));
        builder.push(WallTime(*timestamp), None, Some(b"value"), &[]);
        let batch = Batch::from_wire(&builder.build().unwrap()).unwrap();
        TailBatch { batch, appended: WallTime(50) }
    };
    (0..).zip(timestamps).map(make).collect()
}

/// Places batches in an empty log; returns the offsets that each segment covers.
fn ranges(timestamps: &[i64], rules: &PlaceRules) -> Vec<(i64, i64)> {
    let (segments, _) = place(&Segments::default(), batches(timestamps).iter(), (rules, &[]));
    segments.iter().map(|segment| (segment.base.0, segment.next.0)).collect()
}

/// Protects: a segment ends before the batch that would make it larger than `segment.bytes`.
#[test]
fn rolls_by_size() {
    let size = batches(&[1])[0].size();
    let rules = |bytes| PlaceRules { segment_bytes: bytes, ..LARGE };
    assert_eq!(ranges(&[1; 4], &rules(2 * size)), [(0, 2), (2, 4)]);
    assert_eq!(ranges(&[1; 4], &rules(2 * size - 1)), [(0, 1), (1, 2), (2, 3), (3, 4)]);
    assert_eq!(ranges(&[1; 2], &rules(1)), [(0, 1), (1, 2)], "a batch larger than a segment gets its own");
}

/// Protects: `segment.ms` counts from the first batch's timestamp, as in Kafka; no timestamp, no roll.
#[test]
fn rolls_by_time() {
    let rules = PlaceRules { segment_ms: Millis(100), ..LARGE };
    assert_eq!(ranges(&[1000, 1100, 1101, 1000, 1202], &rules), [(0, 2), (2, 4), (4, 5)]);
    assert_eq!(ranges(&[-1, 5000], &rules), [(0, 2)]);
}

/// Protects: a full index ends a segment.
#[test]
fn rolls_when_an_index_is_full() {
    let rules = PlaceRules { index_interval_bytes: 0, segment_index_bytes: 36, ..LARGE };
    assert_eq!(
        ranges(&[1, 2, 3, 4, 5, 6, 7], &rules),
        [(0, 3), (3, 6), (6, 7)],
        "three time entries, one is kept"
    );
    let rules = PlaceRules { index_interval_bytes: 0, segment_index_bytes: 24, ..LARGE };
    assert_eq!(ranges(&[1, 1, 1, 1, 1, 1], &rules).first(), Some(&(0, 2)));
}

/// Protects: index entries are Kafka's: last offset and position of the batch that crosses the interval.
#[test]
fn index_entries() {
    let all = batches(&[10, 30, 20, 40]);
    let size = u32::try_from(all[0].size()).unwrap();
    let rules = PlaceRules { index_interval_bytes: u64::from(size), ..LARGE };
    let (segments, writes) = place(&Segments::default(), all.iter(), (&rules, &[]));
    assert_eq!(writes.len(), 1);
    assert_eq!(writes[0].index, [(2, 2 * size)]);
    assert_eq!(writes[0].times, [(30, 1)]);
    let segment = segments.last().unwrap();
    assert_eq!((segment.max_timestamp, segment.max_timestamp_offset), (WallTime(40), Offset(3)));
    assert_eq!(segment.unindexed_bytes, u64::from(2 * size));
}

/// Protects: a placement goes on exactly where the one before ended, a roll of it included.
#[test]
fn placements_go_on() {
    let all = batches(&[10, 30, 20, 40, 50, 60]);
    let size = all[0].size();
    let rules = PlaceRules { index_interval_bytes: size, segment_bytes: 4 * size, ..LARGE };
    let (whole, whole_writes) = place(&Segments::default(), all.iter(), (&rules, &[]));
    let (first, first_writes) = place(&Segments::default(), all[..4].iter(), (&rules, &[]));
    let (second, writes) = place(&first, all[4..].iter(), (&rules, &[]));
    assert_eq!(whole, second);
    assert_eq!((writes[0].base, writes[0].at, writes[0].roll), (Offset(0), 4 * size, true));
    assert!(writes[0].batches.is_empty(), "only sealed");
    let times: Vec<_> = first_writes[0].times.iter().chain(&writes[0].times).copied().collect();
    assert_eq!(whole_writes[0].times, times);
    assert_eq!((writes[1].base, writes[1].at, writes[1].roll), (Offset(4), 0, false));
}

/// Protects: a truncation names every file it touches and marks the one that is too long (R14).
#[test]
fn truncation_marks_files() {
    let rules = PlaceRules { segment_bytes: 2 * batches(&[1])[0].size(), ..LARGE };
    let (mut segments, _) = place(&Segments::default(), batches(&[1; 6]).iter(), (&rules, &[]));
    assert_eq!(segments.clone().cut_end(Offset(6)), []);
    assert_eq!(segments.clone().cut_end(Offset(4)), [Offset(4)], "cut between two segments");
    assert_eq!(segments.cut_end(Offset(3)), [Offset(2), Offset(4)]);
    let last = segments.last().unwrap();
    assert_eq!((last.base, last.next, last.sealed, last.uncut), (Offset(2), Offset(3), false, true));
    assert!(segments.has_uncut());
}
