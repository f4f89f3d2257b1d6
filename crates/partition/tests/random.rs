//! The partition under random inputs: whatever comes in whatever order, its invariants hold after every
//! step (R5, R8, W-15) and each waiter ends exactly once.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use log::log::Log;
use log::read_plan::ReadPlan;
use log::retain::{ClockState, RetainRules};
use log::segments::PlaceRules;
use partition::{
    AckEnd, AckToken, AppendInput, Effect, FetchInput, FetchToken, Isolation, Leadership, Origin, Partition,
    ReplicaSet, RequiredAcks,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::{BTreeMap, BTreeSet};
use types::{
    BrokerId, LeaderEpoch, LogKey, Millis, Monotonic, Now, Offset, PartitionEpoch, PartitionId,
    ProducerEpoch, ProducerId, Sequence, TopicId, Uuid, WallTime,
};
use wire::record::{Batch, BatchBuilder, Codec};

const ME: BrokerId = BrokerId(1);
const OTHER: BrokerId = BrokerId(2);
const NOW: Now = Now { mono: Monotonic(0), wall: WallTime(1_000) };
const KEY: LogKey = LogKey { topic_id: TopicId(Uuid([7; 16])), partition: PartitionId(0) };

#[derive(Clone, Debug)]
enum Step {
    Append {
        records: usize,
        acks_all: bool,
    },
    Produce {
        id: i64,
        records: usize,
    },
    /// Sends a batch with a sequence so far off what is next.
    Stray {
        id: i64,
        by: i32,
    },
    /// The write-ahead log has synced all but the last so many changes.
    Sync {
        but: u64,
    },
    Elect {
        me: bool,
    },
    /// The controller commits another in-sync set under the same leadership.
    InSync {
        both: bool,
        min: usize,
    },
    Truncate {
        back: usize,
    },
    Park {
        token: u64,
    },
    Unpark {
        token: u64,
    },
    Checkpoint,
    Retain {
        bytes: u64,
    },
    Fetch {
        from: i64,
        committed: bool,
        max_bytes: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..4usize, any::<bool>()).prop_map(|(records, acks_all)| Step::Append { records, acks_all }),
        6 => (0..3i64, 1..4usize).prop_map(|(id, records)| Step::Produce { id, records }),
        2 => (0..3i64, -8..3i32).prop_map(|(id, by)| Step::Stray { id, by }),
        6 => (0..4u64).prop_map(|but| Step::Sync { but }),
        1 => any::<bool>().prop_map(|me| Step::Elect { me }),
        3 => (any::<bool>(), 1..3usize).prop_map(|(both, min)| Step::InSync { both, min }),
        1 => (0..4usize).prop_map(|back| Step::Truncate { back }),
        1 => (0..4u64).prop_map(|token| Step::Park { token }),
        1 => (0..4u64).prop_map(|token| Step::Unpark { token }),
        1 => Just(Step::Checkpoint),
        1 => (0..800u64).prop_map(|bytes| Step::Retain { bytes }),
        2 => (-1..40i64, any::<bool>(), 0..400usize)
            .prop_map(|(from, committed, max_bytes)| Step::Fetch { from, committed, max_bytes }),
    ]
}

/// The partition beside what is known of it from outside.
struct World {
    partition: Partition,
    effects: Vec<Effect>,
    next_token: u64,
    next_sequence: BTreeMap<i64, i32>,
    /// Who waits: where the batch ends, and under which leadership it was appended.
    waiting: BTreeMap<AckToken, (Offset, LeaderEpoch)>,
    parked: BTreeSet<FetchToken>,
    high_watermark: Offset,
    in_sync: usize,
    min_isr: usize,
    /// Ends that answers may have in this step.
    allowed: Vec<AckEnd>,
}

fn leadership(epoch: i32, leader: BrokerId, isr: Vec<BrokerId>, min_isr: usize) -> Leadership {
    let replicas = ReplicaSet::new(vec![ME, OTHER], isr, PartitionEpoch(0));
    Leadership { broker: ME, leader: Some(leader), leader_epoch: LeaderEpoch(epoch), replicas, min_isr }
}

impl World {
    fn new() -> World {
        World {
            partition: Partition::new(Log::new(KEY), leadership(1, ME, vec![ME], 1)),
            effects: Vec::new(),
            next_token: 0,
            next_sequence: BTreeMap::new(),
            waiting: BTreeMap::new(),
            parked: BTreeSet::new(),
            high_watermark: Offset::ZERO,
            in_sync: 1,
            min_isr: 1,
            allowed: vec![AckEnd::Committed],
        }
    }

    fn take(&mut self, step: &Step) {
        self.allowed = vec![AckEnd::Committed];
        match *step {
            Step::Append { records, acks_all } => {
                let acks = if acks_all { RequiredAcks::All } else { RequiredAcks::Leader };
                self.append(batch(BatchBuilder::new(Codec::None), records), acks);
            }
            Step::Produce { id, records } => {
                let sequence = self.next_sequence.get(&id).copied().unwrap_or(0);
                if self.append(sequenced(id, sequence, records), RequiredAcks::Leader) {
                    self.next_sequence.insert(id, sequence + i32::try_from(records).unwrap());
                }
            }
            Step::Stray { id, by } => {
                let sequence = self.next_sequence.get(&id).map_or(0, |next| (next + by).max(0));
                // By chance it may be the right one, or a resend.
                if self.append(sequenced(id, sequence, 1), RequiredAcks::Leader)
                    && self.next_sequence.get(&id).is_none_or(|next| *next == sequence)
                {
                    self.next_sequence.insert(id, sequence + 1);
                }
            }
            Step::Sync { but } => self.sync(but),
            Step::Elect { me } => self.elect(if me { ME } else { OTHER }),
            Step::InSync { both, min } => self.in_sync(both, min),
            Step::Truncate { back } => self.truncate(back),
            Step::Park { token } if self.parked.insert(FetchToken(token)) => {
                self.partition.park(FetchToken(token), Isolation::ReadUncommitted);
            }
            Step::Park { .. } => {}
            Step::Unpark { token } => {
                self.parked.remove(&FetchToken(token));
                self.partition.unpark(FetchToken(token));
            }
            Step::Checkpoint => self.checkpoint(),
            Step::Retain { bytes } => self.retain(bytes),
            Step::Fetch { from, committed, max_bytes } => self.fetch(from, committed, max_bytes),
        }
        self.check();
    }

    fn append(&mut self, batch: Batch, acks: RequiredAcks) -> bool {
        let token = AckToken(self.next_token);
        self.next_token += 1;
        let records = i64::from(batch.header().record_count);
        let before = (self.partition.log().change(), self.partition.pointers());
        let input = AppendInput {
            origin: Origin::Client,
            batch,
            acks,
            max_producers: 100,
            resume: None,
            guard: None,
            token,
        };
        let Ok(appended) = self.partition.append(input, NOW, &mut self.effects) else {
            let after = (self.partition.log().change(), self.partition.pointers());
            assert!(after == before && self.effects.is_empty(), "a refusal leaves no trace");
            return false;
        };
        let epoch = self.partition.leadership().leader_epoch;
        self.waiting.insert(token, (appended.base.plus(records), epoch));
        true
    }

    fn sync(&mut self, but: u64) {
        let change = self.partition.log().change();
        let through = change.saturating_sub(but).max(self.partition.log().durable_change());
        self.partition.on_durable(through, &mut self.effects);
    }

    fn elect(&mut self, leader: BrokerId) {
        let epoch = self.partition.leadership().leader_epoch.next();
        (self.in_sync, self.min_isr) = (1, 1);
        self.allowed.push(AckEnd::Unknown);
        let leadership = leadership(epoch.0, leader, vec![leader], 1);
        self.partition.on_leadership(leadership, &mut self.effects);
    }

    fn in_sync(&mut self, both: bool, min: usize) {
        if !self.partition.is_leader() {
            return;
        }
        let isr = if both { vec![ME, OTHER] } else { vec![ME] };
        (self.in_sync, self.min_isr) = (isr.len(), min);
        let epoch = self.partition.leadership().leader_epoch;
        self.partition.on_leadership(leadership(epoch.0, ME, isr, min), &mut self.effects);
    }

    /// Cuts the last batches that are not committed.
    fn truncate(&mut self, back: usize) {
        let ends: Vec<Offset> =
            self.partition.log().tail().after(self.high_watermark).map(|batch| batch.base()).collect();
        let bases = ends.into_iter().filter(|base| *base >= self.high_watermark);
        let Some(to) = bases.rev().nth(back) else { return };
        self.allowed = vec![AckEnd::Lost];
        self.partition.truncate(to, &mut self.effects);
        let producers = self.partition.log().producers();
        let next = |id: i64| {
            let window = &producers.get(ProducerId(id))?.window;
            Some(window.last()?.last_sequence().plus(1).0)
        };
        self.next_sequence = (0..3).filter_map(|id| Some((id, next(id)?))).collect();
    }

    fn checkpoint(&mut self) {
        let rules = PlaceRules {
            segment_bytes: 300,
            segment_ms: Millis(1 << 40),
            index_interval_bytes: 100,
            segment_index_bytes: 4096,
        };
        self.sync(0);
        if let Some((cut, _)) = self.partition.cut(&rules, 0) {
            self.partition.log_mut().checkpointed(cut.change);
            self.partition.log_mut().evict(100);
        }
    }

    fn retain(&mut self, bytes: u64) {
        let rules = RetainRules {
            retention_ms: None,
            retention_bytes: Some(bytes),
            max_segments: 8,
            clock: ClockState::Steady,
        };
        self.partition.retain(&rules, NOW.wall, &mut self.effects);
    }

    fn fetch(&self, from: i64, committed: bool, max_bytes: usize) {
        let isolation = if committed { Isolation::ReadCommitted } else { Isolation::ReadUncommitted };
        let from = Offset(from);
        let input = FetchInput {
            offset: from,
            current_epoch: None,
            last_fetched_epoch: None,
            isolation,
            max_bytes,
            at_least_one: true,
        };
        let pointers = self.partition.pointers();
        let inside = (pointers.log_start..=pointers.log_end).contains(&from);
        let Ok(answer) = self.partition.fetch(&input) else {
            assert!(!inside || !self.partition.is_leader());
            return;
        };
        let bound = self.partition.bound(isolation);
        assert!(inside && answer.pointers == pointers);
        match answer.plan {
            ReadPlan::Empty => assert!(from >= bound, "progress: something is readable at {from}"),
            ReadPlan::File(file) => {
                assert!(file.from == from && file.bound <= bound && file.from < file.bound);
            }
            ReadPlan::Tail(batches) => {
                let size: usize = batches.iter().map(Batch::size).sum();
                assert!(batches.len() == 1 || size <= max_bytes);
                assert!(batches[0].header().base_offset <= from && from < batches[0].header().next_offset());
                assert!(batches.iter().all(|batch| batch.header().next_offset() <= bound));
            }
        }
    }

    /// Takes the effects in and checks all that must hold.
    fn check(&mut self) {
        let pointers = self.partition.pointers();
        self.partition.log().assert_invariants();
        assert!(pointers.are_ordered(), "{pointers:?}");
        assert!(pointers.high_watermark >= self.high_watermark, "the high watermark never goes back");
        assert!(pointers.high_watermark <= pointers.durable_end.max(pointers.log_start));
        let stands = pointers.high_watermark == self.high_watermark;
        assert!(stands || self.in_sync >= self.min_isr, "it stands still below min ISR");
        for effect in std::mem::take(&mut self.effects) {
            match effect {
                Effect::Wal(_) => {}
                Effect::Buffered => panic!("the log is in the write-ahead log"),
                Effect::Acked { token, end } => self.ended(token, end, pointers.high_watermark),
                Effect::Wake { token, bytes } => assert!(self.parked.contains(&token) && bytes > 0),
            }
        }
        if self.allowed.contains(&AckEnd::Unknown) {
            self.parked.clear();
        }
        assert!(self.waiting.values().all(|(end, _)| *end > pointers.high_watermark), "nobody is forgotten");
        self.high_watermark = pointers.high_watermark;
    }

    fn ended(&mut self, token: AckToken, end: AckEnd, high_watermark: Offset) {
        let (next, epoch) = self.waiting.remove(&token).expect("a waiter ends exactly once");
        assert!(self.allowed.contains(&end), "{end:?} is no end for this step");
        match end {
            AckEnd::Committed => assert!(next <= high_watermark),
            AckEnd::Lost => assert!(next > self.partition.pointers().log_end),
            AckEnd::NoRoom => panic!("there is always room"),
            AckEnd::Unknown => assert!(epoch < self.partition.leadership().leader_epoch),
        }
    }
}

fn batch(mut builder: BatchBuilder, records: usize) -> Batch {
    for _ in 0..records {
        builder.push(WallTime(900), None, Some(b"value"), &[]);
    }
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}

fn sequenced(id: i64, sequence: i32, records: usize) -> Batch {
    let empty = BatchBuilder::new(Codec::None);
    batch(empty.producer(ProducerId(id), ProducerEpoch(0), Sequence(sequence)), records)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    /// Protects: under any order of inputs the pointers keep their order, the high watermark only rises
    /// and only with enough in-sync replicas, readers stay below it, and each waiter ends exactly once.
    #[test]
    fn invariants_hold_after_every_step(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        let mut effects = Vec::new();
        world.partition.on_failed(&mut effects);
        for effect in effects {
            if let Effect::Acked { token, end } = effect {
                assert_eq!(end, AckEnd::Unknown);
                assert!(world.waiting.remove(&token).is_some());
            }
        }
        assert!(world.waiting.is_empty(), "a failure ends everybody");
    }
}
