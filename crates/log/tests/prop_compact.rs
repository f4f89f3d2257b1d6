//! Compaction against a list of records: random keys, tombstones, codecs, producers, sizes of the map, clocks and rounds.
#![allow(missing_docs, clippy::unwrap_used)]

use log::compact::{Filter, FilterRules, KeyMap, LastBatch, Mapper};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeMap;
use types::{LeaderEpoch, Millis, Offset, ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::record::{Batch, BatchBuilder, Codec, Record, Records};

const KEEP: i64 = 100;
const CAP: usize = 1 << 20;

#[derive(Clone, Debug)]
enum Step {
    /// A batch: codec, producer, and for each record a key and whether it has a value.
    Append { codec: usize, producer: Option<i64>, records: Vec<(u8, bool)> },
    /// A new leader.
    Lead,
    /// Compacts all but the last `left` batches with a map of so many slots, `later` after the last time.
    Compact { left: usize, slots: u64, later: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let records = prop::collection::vec((0..12u8, prop::bool::weighted(0.75)), 1..6);
    prop_oneof![
        12 => (0..5usize, prop::option::of(0..3i64), records)
            .prop_map(|(codec, producer, records)| Step::Append { codec, producer, records }),
        1 => Just(Step::Lead),
        2 => (0..4usize, 9..30u64, 0..80i64)
            .prop_map(|(left, slots, later)| Step::Compact { left, slots, later }),
    ]
}

#[derive(Default)]
struct World {
    batches: Vec<Batch>,
    end: i64,
    epoch: i32,
    now: i64,
    cleaned: i64,
    sequences: BTreeMap<i64, i32>,
    /// What was appended: value of each key, none for a tombstone.
    latest: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    last_batches: BTreeMap<ProducerId, LastBatch>,
    /// When each tombstone was first compacted, by offset.
    met: BTreeMap<i64, i64>,
}

impl World {
    fn append(&mut self, codec: usize, producer: Option<i64>, records: &[(u8, bool)]) {
        let mut builder =
            BatchBuilder::new(Codec::ALL[codec]).placed(Offset(self.end), LeaderEpoch(self.epoch));
        if let Some(id) = producer {
            let sequence = self.sequences.entry(id).or_default();
            builder = builder.producer(ProducerId(id), ProducerEpoch(0), Sequence(*sequence));
            *sequence += i32::try_from(records.len()).unwrap();
        }
        for (n, (key, has_value)) in (0..).zip(records) {
            let key = format!("key-{key}").into_bytes();
            let value = has_value.then(|| format!("value-{}", self.end + n).into_bytes());
            builder.push(WallTime(5_000 + self.end - n), Some(&key), value.as_deref(), &[]);
            self.latest.insert(key, value);
        }
        self.batches.push(Batch::from_wire(&builder.build().unwrap()).unwrap());
        self.end += i64::try_from(records.len()).unwrap();
        if let Some(id) = producer {
            let last = LastBatch { offset: Some(Offset(self.end - 1)), epoch: ProducerEpoch(0) };
            self.last_batches.insert(ProducerId(id), last);
        }
    }

    fn compact(&mut self, left: usize, slots: u64) {
        let count = self.batches.len().saturating_sub(left);
        let keys = KeyMap::new([7; 16], 100, slots * 24, 0.9);
        let mut mapper = Mapper::new(keys, Offset(self.cleaned), &[], CAP);
        let _taken = self.batches[..count].iter().all(|batch| mapper.take(batch));
        let rules = FilterRules {
            now: WallTime(self.now),
            delete_retention: Millis(KEEP),
            max_decompressed_bytes: CAP,
            last_batches: self.last_batches.clone(),
            aborted: Vec::new(),
        };
        let mut filter = Filter::new(mapper, rules);
        let mut out = Vec::new();
        self.batches[..count].iter().for_each(|batch| filter.take(batch, &mut out).unwrap());
        filter.end_segment(&mut out).unwrap();
        self.judge(count, &out, filter.cleaned_to().0);
        self.cleaned = filter.cleaned_to().0;
        self.batches.splice(..count, out);
    }

    /// Compares what is left of the first `count` batches with what was there.
    fn judge(&mut self, count: usize, out: &[Batch], cleaned: i64) {
        let before = &self.batches[..count];
        assert!(out.iter().all(Batch::verify_crc));
        let follows = |pair: &[Batch]| pair[0].header().next_offset() == pair[1].header().base_offset;
        assert!(out.windows(2).all(follows), "a gap");
        let end = |batches: &[Batch]| batches.last().map(|batch| batch.header().next_offset());
        assert_eq!(end(out), end(before));
        let size = |batches: &[Batch]| batches.iter().map(Batch::size).sum::<usize>();
        let horizons = out.iter().filter(|batch| batch.header().delete_horizon().is_some()).count();
        assert!(size(out) <= size(before) + horizons * 64, "it grows");
        let (old, new) = (records(before), records(out));
        assert!(new.windows(2).all(|pair| pair[0].offset < pair[1].offset));
        assert!(new.iter().all(|record| old.contains(record)), "a record has changed");
        let beyond = |record: &&Record| record.offset.0 >= cleaned;
        assert!(old.iter().filter(beyond).eq(new.iter().filter(beyond)), "beyond the clean point");
        self.judge_dirty(&new, cleaned);
        self.judge_tombstones(&old, &new);
    }

    /// Below the clean point each key is there once at most.
    fn judge_dirty(&self, new: &[Record], cleaned: i64) {
        let mut seen = BTreeMap::new();
        for record in new.iter().filter(|record| record.offset.0 < cleaned) {
            let earlier = seen.insert(record.key.clone(), record.offset);
            assert_eq!(earlier, None, "twice below the clean point");
        }
    }

    /// A tombstone that is the latest of its key stays for its time.
    fn judge_tombstones(&mut self, old: &[Record], new: &[Record]) {
        let offsets: Vec<i64> = new.iter().map(|record| record.offset.0).collect();
        for record in old.iter().filter(|record| record.value.is_none()) {
            let is_latest = old.iter().all(|other| other.key != record.key || other.offset <= record.offset);
            let first = *self.met.entry(record.offset.0).or_insert(self.now);
            let is_kept = offsets.contains(&record.offset.0);
            assert!(!is_latest || is_kept || self.now >= first + KEEP, "a tombstone went early");
        }
    }

    /// Whoever reads all gets the latest value of every key.
    fn judge_all(&self) {
        let mut read: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
        for record in records(&self.batches) {
            read.insert(record.key.unwrap().to_vec(), record.value.map(|value| value.to_vec()));
        }
        let values = |map: &BTreeMap<Vec<u8>, Option<Vec<u8>>>| {
            map.iter()
                .filter(|(_, value)| value.is_some())
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(values(&read), values(&self.latest));
        for (id, last) in &self.last_batches {
            let of = |batch: &&Batch| batch.header().producer_id == *id;
            let found = self.batches.iter().rfind(of).unwrap().header();
            assert_eq!(Some(found.last_offset()), last.offset);
            assert_eq!(found.last_sequence().0 + 1, self.sequences[&id.0], "the next sequence is known");
        }
    }
}

fn records(batches: &[Batch]) -> Vec<Record> {
    batches
        .iter()
        .flat_map(|batch| Records::open(&batch.to_bytes(), CAP).unwrap())
        .map(Result::unwrap)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, rng_seed: RngSeed::Fixed(20_261_126), ..ProptestConfig::default() })]

    /// Protects: after any rounds of compaction a reader gets the latest value of every key, at its offset and in its order, what
    /// lies beyond the clean point is untouched, tombstones stay for their time, and producers go on with their sequences.
    #[test]
    fn the_latest_value_of_every_key_is_there(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World { now: 1000, ..World::default() };
        for step in steps {
            match step {
                Step::Append { codec, producer, records } => world.append(codec, producer, &records),
                Step::Lead => world.epoch += 1,
                Step::Compact { left, slots, later } => {
                    world.now += later;
                    world.compact(left, slots);
                    world.judge_all();
                }
            }
        }
    }
}
