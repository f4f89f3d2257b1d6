//! Tests of the pure part of compaction: which log is due, and what becomes of each batch.

use super::*;
use crate::producers::AbortedTxn;
use crate::segments::{PlaceRules, SegmentMeta, Segments};
use std::collections::BTreeMap;
use types::{LeaderEpoch, LogKey, Millis, Offset, ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::record::{Batch, BatchBuilder, Codec, ControlKind, ControlRecord, Records};

const NOW: WallTime = WallTime(1_000_000);
const KEEP: Millis = Millis(500);

fn rules() -> CompactRules {
    CompactRules {
        min_dirty_ratio: 0.5,
        min_lag: Millis(0),
        max_lag: Millis(i64::MAX),
        delete_retention: KEEP,
    }
}

/// A segment of ten offsets whose first batch and append are at `time`.
fn segment(n: i64, bytes: u64, time: i64) -> SegmentMeta {
    SegmentMeta {
        next: Offset(n * 10 + 10),
        bytes,
        max_timestamp: WallTime(time),
        first_timestamp: WallTime(time),
        last_appended: WallTime(time),
        sealed: true,
        ..SegmentMeta::empty(Offset(n * 10))
    }
}

/// Sealed segments of so many bytes, and one that grows.
fn segments(bytes: &[u64]) -> Segments {
    let mut list: Vec<SegmentMeta> =
        (0..).zip(bytes).map(|(n, bytes)| segment(n, *bytes, 1000 * (n + 1))).collect();
    let end = Offset(i64::try_from(list.len()).unwrap() * 10);
    list.push(SegmentMeta::empty(end));
    Segments::from_list(list)
}

fn cleanable(from: i64, bound: i64, rules: &CompactRules) -> Cleanable {
    let list = segments(&[100, 200, 300, 400]);
    Cleanable::of(&list, Offset(from), Offset(bound), rules, NOW)
}

/// Protects: nothing of the segment that grows, nor of one that reaches beyond the last stable offset, is compacted.
#[test]
fn only_sealed_and_stable_segments_are_cleanable() {
    let whole = cleanable(0, 40, &rules());
    assert_eq!((whole.until, whole.clean_bytes, whole.dirty_bytes), (Offset(40), 0, 1000));
    let held = cleanable(10, 39, &rules());
    assert_eq!((held.until, held.clean_bytes, held.dirty_bytes), (Offset(30), 100, 500));
    let nothing = cleanable(0, 9, &rules());
    assert_eq!((nothing.until, nothing.dirty_bytes, nothing.is_due(&rules())), (Offset(0), 0, false));
    let list = Segments::from_list(vec![segment(0, 100, 1)]);
    assert_eq!(Cleanable::of(&list, Offset(0), Offset(99), &rules(), NOW).dirty_bytes, 0, "the last one");
}

/// Protects: `min.cleanable.dirty.ratio`: a log is due when more than that share of its bytes is dirty.
#[test]
fn the_dirty_ratio_decides() {
    let half = CompactRules { min_dirty_ratio: 0.4, ..rules() };
    let last_dirty = cleanable(30, 40, &half);
    assert!((last_dirty.dirty_ratio() - 0.4).abs() < 1e-9);
    assert!(!last_dirty.is_due(&half));
    assert!(last_dirty.is_due(&CompactRules { min_dirty_ratio: 0.39, ..rules() }));
    assert!(cleanable(20, 40, &half).is_due(&half));
    assert!(!cleanable(40, 40, &CompactRules { min_dirty_ratio: 0.0, ..rules() }).is_due(&half));
}

/// Protects: `min.compaction.lag.ms`: what is younger is left alone, and what follows it too; a time in the future counts as the
/// append's (A40).
#[test]
fn young_segments_wait() {
    let lag = |lag| CompactRules { min_lag: Millis(lag), ..rules() };
    assert_eq!(cleanable(0, 40, &lag(NOW.0 - 2000)).until, Offset(20));
    assert_eq!(cleanable(0, 40, &lag(NOW.0 - 500)).until, Offset(0));
    let mut list = segments(&[100, 100]).to_vec();
    list[0].max_timestamp = WallTime(i64::MAX);
    let list = Segments::from_list(list);
    let found = Cleanable::of(&list, Offset(0), Offset(99), &lag(1), NOW);
    assert_eq!(found.until, Offset(20));
}

/// Protects: `max.compaction.lag.ms`: a log whose dirty part began too long ago is due, however little of it is dirty.
#[test]
fn old_segments_do_not_wait() {
    let lag = |lag| CompactRules { max_lag: Millis(lag), min_dirty_ratio: 1.0, ..rules() };
    let due = |from, rules: CompactRules| cleanable(from, 40, &rules).is_due(&rules);
    assert!(due(20, lag(NOW.0 - 3001)), "the third segment is of 3000");
    assert!(!due(20, lag(NOW.0 - 3000)));
    assert!(!due(40, lag(1)), "nothing is dirty");
}

fn plan(segments: Vec<SegmentMeta>, segment_bytes: u64) -> CompactPlan {
    CompactPlan {
        key: LogKey::default(),
        segments,
        from: Offset(15),
        log_start: Offset(0),
        high_watermark: Offset(99),
        epochs: [].into(),
        place: PlaceRules {
            segment_bytes,
            segment_ms: Millis(i64::MAX),
            index_interval_bytes: 4096,
            segment_index_bytes: 80,
        },
        filter: filter_rules(),
        aborted: crate::aborted::AbortedPlan::default(),
    }
}

/// Protects: segments are grouped in order up to the size of one, the size of its indexes and the offsets that these can hold.
#[test]
fn groups_fit_one_segment() {
    let list = || (0..5).map(|n| segment(n, 100, 1)).collect::<Vec<_>>();
    assert_eq!(plan(list(), 250).groups(Offset(50)), [0..2, 2..4, 4..5]);
    assert_eq!(plan(list(), 50).groups(Offset(31)), [0..1, 1..2, 2..3, 3..4]);
    let mut indexed = list();
    indexed.iter_mut().for_each(|segment| segment.index_entries = 4);
    assert_eq!(plan(indexed, 9999).groups(Offset(50)), [0..2, 2..4, 4..5]);
    let mut wide = list();
    wide[4].next = Offset(i64::from(i32::MAX) + 11);
    assert_eq!(plan(wide, 9999).groups(Offset(50)), [0..4, 4..5]);
    let mut limited = plan(list(), 250);
    assert_eq!((limited.dirty().len(), limited.most_keys(), limited.is_empty()), (4, 35, false));
    limited.limit(Offset(39));
    assert_eq!((limited.segments.len(), limited.dirty().len()), (3, 2));
    limited.limit(Offset(10));
    assert!(limited.is_empty());
}

fn filter_rules() -> FilterRules {
    FilterRules {
        now: NOW,
        delete_retention: KEEP,
        max_decompressed_bytes: 1 << 20,
        last_batches: BTreeMap::new(),
        aborted: Vec::new(),
    }
}

type Pair<'a> = (&'a str, Option<&'a str>);

/// A batch at an offset, of a producer in a transaction if one is named.
fn batch(base: i64, producer: Option<i64>, pairs: &[Pair<'_>]) -> Batch {
    let mut builder = BatchBuilder::new(Codec::None).placed(Offset(base), LeaderEpoch(1));
    if let Some(id) = producer {
        let sequence = Sequence(i32::try_from(base).unwrap());
        builder = builder.producer(ProducerId(id), ProducerEpoch(0), sequence).transactional(true);
    }
    for (key, value) in pairs {
        builder.push(WallTime(77), Some(key.as_bytes()), value.map(str::as_bytes), &[]);
    }
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}

fn mark(at: i64, id: i64, kind: ControlKind) -> Batch {
    let record = ControlRecord { kind, coordinator_epoch: 3 };
    let bytes = record.to_batch(ProducerId(id), ProducerEpoch(0), WallTime(88)).unwrap();
    let mut batch = Batch::from_wire(&bytes).unwrap();
    batch.place(Offset(at), LeaderEpoch(1));
    batch
}

/// Compacts batches from `from` on.
fn compact(batches: &[Batch], from: i64, rules: &FilterRules) -> (Vec<Batch>, Filter) {
    let keys = KeyMap::new([5; 16], 100, 1 << 16, 0.9);
    let mut mapper = Mapper::new(keys, Offset(from), &rules.aborted, 1 << 20);
    assert!(batches.iter().all(|batch| mapper.take(batch)));
    let mut filter = Filter::new(mapper, rules.clone());
    let mut out = Vec::new();
    batches.iter().for_each(|batch| filter.take(batch, &mut out).unwrap());
    filter.end_segment(&mut out).unwrap();
    let ends = out.windows(2).all(|pair| pair[0].header().next_offset() == pair[1].header().base_offset);
    assert!(ends && out.iter().all(Batch::verify_crc), "contiguous and sound");
    (out, filter)
}

/// Offsets of the records, and the extent of each batch with the number of its records.
fn shape(batches: &[Batch]) -> (Vec<i64>, Vec<(i64, i64, i32)>) {
    let records = batches.iter().flat_map(|batch| Records::open(&batch.to_bytes(), 1 << 20).unwrap());
    let extent = |batch: &Batch| {
        let head = batch.header();
        (head.base_offset.0, head.next_offset().0, head.record_count)
    };
    (records.map(|record| record.unwrap().offset.0).collect(), batches.iter().map(extent).collect())
}

/// Protects: the latest record of each key stays at its offset, earlier ones and those without a key go, and one empty batch
/// stands in for what is gone.
#[test]
fn the_latest_of_each_key_stays() {
    let mut keyless = BatchBuilder::new(Codec::None).placed(Offset(4), LeaderEpoch(1));
    keyless.push(WallTime(5), None, Some(b"v"), &[]);
    let batches = [
        batch(0, None, &[("a", Some("1")), ("b", Some("1"))]),
        batch(2, None, &[("a", Some("2"))]),
        batch(3, None, &[("a", Some("3"))]),
        Batch::from_wire(&keyless.build().unwrap()).unwrap(),
        batch(5, None, &[("a", Some("4")), ("c", Some("1"))]),
    ];
    let (out, filter) = compact(&batches, 0, &filter_rules());
    assert_eq!(shape(&out), (vec![1, 5, 6], vec![(0, 2, 1), (2, 5, 0), (5, 7, 2)]));
    assert_eq!(out[2], batches[4], "untouched");
    assert_eq!((filter.cleaned_to(), filter.stats().records_gone), (Offset(7), 4));
    assert!(!out[1].header().has_producer());
}

/// Protects: a gap never crosses a leader epoch: a reader checks each batch against the epochs.
#[test]
fn a_gap_has_one_leader_epoch() {
    let mut later = batch(1, None, &[("a", Some("2"))]);
    later.place(Offset(1), LeaderEpoch(2));
    let mut last = batch(2, None, &[("a", Some("3"))]);
    last.place(Offset(2), LeaderEpoch(2));
    let (out, _) = compact(&[batch(0, None, &[("a", Some("1"))]), later, last], 0, &filter_rules());
    let epochs: Vec<i32> = out.iter().map(|batch| batch.header().leader_epoch.0).collect();
    assert_eq!((shape(&out).1, epochs), (vec![(0, 1, 0), (1, 2, 0), (2, 3, 1)], vec![1, 2, 2]));
}

/// Protects: KIP-534: a tombstone stays until `delete.retention.ms` after the compaction that first met it, and not longer.
#[test]
fn tombstones_stay_until_their_horizon() {
    let batches = [batch(0, None, &[("a", Some("1")), ("b", Some("1"))]), batch(2, None, &[("a", None)])];
    let (first, _) = compact(&batches, 0, &filter_rules());
    assert_eq!(shape(&first).0, [1, 2]);
    assert_eq!(first[1].header().delete_horizon(), Some(WallTime(NOW.0 + KEEP.0)));
    assert_eq!(first[0].header().delete_horizon(), None, "no tombstone is in it");
    let at = |now| FilterRules { now: WallTime(now), ..filter_rules() };
    let (second, _) = compact(&first, 3, &at(NOW.0 + KEEP.0 - 1));
    assert_eq!(second, first, "nothing changes before, the horizon least of all");
    let (third, _) = compact(&first, 3, &at(NOW.0 + KEEP.0));
    assert_eq!(shape(&third), (vec![1], vec![(0, 2, 1), (2, 3, 0)]));
}

/// Protects: W-9: the last batch of a producer stays, without records if need be, and tells the same sequences.
#[test]
fn the_last_batch_of_a_producer_stays() {
    let batches = [
        batch(0, Some(9), &[("a", Some("1"))]),
        batch(1, Some(9), &[("a", Some("2"))]),
        batch(2, None, &[("a", Some("3"))]),
    ];
    let last = LastBatch { offset: Some(Offset(1)), epoch: ProducerEpoch(0) };
    let rules = FilterRules { last_batches: BTreeMap::from([(ProducerId(9), last)]), ..filter_rules() };
    let (out, _) = compact(&batches, 0, &rules);
    assert_eq!(shape(&out), (vec![2], vec![(0, 1, 0), (1, 2, 0), (2, 3, 1)]));
    let (old, new) = (batches[1].header(), out[1].header());
    assert_eq!((new.producer_id, new.last_sequence()), (old.producer_id, old.last_sequence()));
    assert!(!out[0].header().has_producer());
}

/// Protects: X15: records of an aborted transaction go at once; its mark stays while a record was met, then gets a horizon, then
/// goes, and is named, so that the log forgets the transaction.
#[test]
fn aborted_transactions_go_before_their_mark() {
    let aborted = AbortedTxn {
        last_offset: Offset(2),
        first_offset: Offset(0),
        producer_id: ProducerId(9),
        last_stable_offset: Offset(3),
    };
    let batches = [
        batch(0, Some(9), &[("a", Some("bad"))]),
        batch(1, None, &[("a", Some("good"))]),
        mark(2, 9, ControlKind::Abort),
    ];
    let rules = |now| FilterRules { now: WallTime(now), aborted: vec![aborted], ..filter_rules() };
    let (first, _) = compact(&batches, 0, &rules(NOW.0));
    assert_eq!(shape(&first), (vec![1, 2], vec![(0, 1, 0), (1, 2, 1), (2, 3, 1)]));
    assert_eq!(first[2], batches[2], "a record of it was met");
    let (second, filter) = compact(&first, 3, &rules(NOW.0));
    assert_eq!(second[2].header().delete_horizon(), Some(WallTime(NOW.0 + KEEP.0)));
    assert!(filter.gone_marks().is_empty());
    let (third, filter) = compact(&second, 3, &rules(NOW.0 + KEEP.0));
    assert_eq!(shape(&third), (vec![1], vec![(0, 1, 0), (1, 2, 1), (2, 3, 0)]));
    assert_eq!(filter.gone_marks(), [Offset(2)]);
}

/// Protects: a mark of a committed transaction stays as long as a record of it does.
#[test]
fn committed_transactions_keep_their_mark() {
    let batches = [batch(0, Some(9), &[("a", Some("1"))]), mark(1, 9, ControlKind::Commit)];
    let (out, _) = compact(&batches, 0, &filter_rules());
    assert_eq!(out, batches);
    let newer = [out[0].clone(), out[1].clone(), batch(2, None, &[("a", Some("2"))])];
    let (out, _) = compact(&newer, 2, &filter_rules());
    assert_eq!(shape(&out).1, [(0, 1, 0), (1, 2, 1), (2, 3, 1)]);
    assert_eq!(out[1].header().delete_horizon(), None, "its record was met in this round");
    let (out, _) = compact(&out, 3, &filter_rules());
    assert!(out[1].header().delete_horizon().is_some());
}

/// Protects: memory is bounded: with a full map the compaction goes as far as it knows, loses nothing beyond, and the next one
/// goes on there.
#[test]
fn a_full_map_ends_the_round() {
    let batches: Vec<Batch> = (0..40)
        .map(|n| {
            batch(
                n,
                None,
                &[(
                    ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][usize::try_from(n % 10).unwrap()],
                    Some("v"),
                )],
            )
        })
        .collect();
    let mut mapper = Mapper::new(KeyMap::new([5; 16], 100, 240, 0.5), Offset(0), &[], 1 << 20);
    let taken = batches.iter().take_while(|batch| mapper.take(batch)).count();
    assert_eq!((taken, mapper.end(), mapper.keys().len()), (5, Offset(5), 5));
    let mut filter = Filter::new(mapper, filter_rules());
    let mut out = Vec::new();
    batches.iter().for_each(|batch| filter.take(batch, &mut out).unwrap());
    assert_eq!((shape(&out).0.len(), filter.cleaned_to()), (40, Offset(5)));
}

/// Protects: A18: a batch that cannot be decoded within the cap stays as it is, and so do the earlier records of its keys.
#[test]
fn what_cannot_be_decoded_stays() {
    let large = "x".repeat(3000);
    let mut builder = BatchBuilder::new(Codec::Gzip).placed(Offset(1), LeaderEpoch(1));
    builder.push(WallTime(1), Some(b"a"), Some(large.as_bytes()), &[]);
    let bomb = Batch::from_wire(&builder.build().unwrap()).unwrap();
    let batches = [batch(0, None, &[("a", Some("1"))]), bomb, batch(2, None, &[("b", Some("1"))])];
    let rules = FilterRules { max_decompressed_bytes: 2000, ..filter_rules() };
    let mut mapper = Mapper::new(KeyMap::new([5; 16], 100, 1 << 16, 0.9), Offset(0), &[], 2000);
    assert!(batches.iter().all(|batch| mapper.take(batch)));
    assert_eq!(mapper.unreadable(), 1);
    let mut filter = Filter::new(mapper, rules);
    let mut out = Vec::new();
    batches.iter().for_each(|batch| filter.take(batch, &mut out).unwrap());
    assert_eq!((&out[..], filter.stats().unreadable), (&batches[..], 1));
}
