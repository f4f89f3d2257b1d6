//! P8 under random interleavings: one idempotent client with up to five batches on the way, and a log that is deleted and made again.
//!
//! The client sends in order over one connection and resends what was refused or left unknown, the oldest first, as Java, librdkafka and
//! franz-go do. Whatever comes between: each log holds a run of the client's batches without gap, double or step back, and what was
//! acknowledged is in the log that acknowledged it.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may panic")]

use log::append::{AppendAs, AppendRefused, Appended, Origin};
use log::log::Log;
use log::producers::{ProducerRefused, ResumePoint};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use types::{LeaderEpoch, LogKey, Monotonic, Now, Offset, ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::record::{Batch, BatchBuilder, Codec};

const ID: ProducerId = ProducerId(7);
const IN_FLIGHT: usize = 5;

#[derive(Clone, Copy, Debug)]
enum Step {
    Send,
    /// The oldest request on the connection reaches the broker.
    Deliver,
    Sync,
    Delete,
    Create,
    /// Another client's record comes in between.
    Other,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Send),
        8 => Just(Step::Deliver),
        3 => Just(Step::Sync),
        1 => Just(Step::Delete),
        2 => Just(Step::Create),
        1 => Just(Step::Other),
    ]
}

/// A log while it exists.
struct Life {
    log: Log,
    /// Batches in the order of the log: sequence and where it ends.
    stored: Vec<(i32, Offset)>,
    acked: BTreeSet<i32>,
}

#[derive(Default)]
struct World {
    life: Option<Life>,
    past: Vec<Life>,
    point: Option<ResumePoint>,
    /// Sequences on the connection.
    on_way: VecDeque<i32>,
    /// Sent, and neither acknowledged nor to be sent again.
    waiting: BTreeSet<i32>,
    again: BTreeSet<i32>,
    next: i32,
}

fn batch(sequence: i32) -> Batch {
    let mut builder = BatchBuilder::new(Codec::None).producer(ID, ProducerEpoch(0), Sequence(sequence));
    builder.push(WallTime(0), None, Some(b"value"), &[]);
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}

impl World {
    fn take(&mut self, step: Step) {
        match step {
            Step::Send => self.send(),
            Step::Deliver => self.deliver(),
            Step::Sync => self.sync(),
            Step::Delete => self.delete(),
            Step::Create if self.life.is_none() => {
                let log = Log::new(LogKey::default());
                self.life = Some(Life { log, stored: Vec::new(), acked: BTreeSet::new() });
            }
            Step::Create => {}
            Step::Other => {
                let mut other = BatchBuilder::new(Codec::None);
                other.push(WallTime(0), None, None, &[]);
                let other = Batch::from_wire(&other.build().unwrap()).unwrap();
                self.life
                    .iter_mut()
                    .for_each(|life| drop(life.log.append(other.clone(), &how(None)).unwrap()));
            }
        }
    }

    /// What has to go again goes first, and new batches only behind it.
    fn send(&mut self) {
        let sequence = match self.again.pop_first() {
            Some(sequence) => sequence,
            None if self.waiting.len() < IN_FLIGHT => {
                self.next += 1;
                self.next - 1
            }
            None => return,
        };
        self.waiting.insert(sequence);
        self.on_way.push_back(sequence);
    }

    fn deliver(&mut self) {
        let Some(sequence) = self.on_way.pop_front() else { return };
        let point = self.point;
        let Some(life) = &mut self.life else { return self.send_again(sequence) };
        match life.log.append(batch(sequence), &how(point)) {
            Ok(Appended::Written { next, .. }) => life.stored.push((sequence, next)),
            Ok(Appended::Duplicate { .. } | Appended::Buffered { .. }) => {
                panic!("{sequence} is sent again only when it was refused or unknown")
            }
            Err(AppendRefused::Producer(
                ProducerRefused::OutOfOrder { .. } | ProducerRefused::Unknown { .. },
            )) => {
                let lowest = self.waiting.iter().chain(&self.again).min();
                assert_ne!(
                    lowest,
                    Some(&sequence),
                    "the oldest batch is never out of order, nor its producer unknown"
                );
                self.send_again(sequence);
            }
            Err(refused) => panic!("{sequence}: {refused}"),
        }
    }

    fn send_again(&mut self, sequence: i32) {
        self.waiting.remove(&sequence);
        self.again.insert(sequence);
    }

    /// Commits everything and acknowledges it.
    fn sync(&mut self) {
        let Some(life) = &mut self.life else { return };
        let change = life.log.change();
        life.log.on_durable(change);
        life.log.set_high_watermark(life.log.durable_end());
        for (sequence, _) in &life.stored {
            if life.acked.insert(*sequence) {
                assert!(self.waiting.remove(sequence));
            }
        }
    }

    fn delete(&mut self) {
        let Some(life) = self.life.take() else { return };
        for (id, point) in life.log.resume_points() {
            assert_eq!(id, ID);
            self.point = point;
        }
        let unknown = life.stored.iter().map(|(sequence, _)| *sequence).filter(|s| !life.acked.contains(s));
        unknown.for_each(|sequence| self.send_again(sequence));
        self.past.push(life);
    }

    /// Lets everything go through.
    fn finish(&mut self) {
        self.take(Step::Create);
        for _ in 0..200 {
            self.send();
            self.deliver();
        }
        while !self.on_way.is_empty() {
            self.deliver();
        }
        self.sync();
        while let Some(sequence) = self.again.pop_first() {
            self.waiting.insert(sequence);
            self.on_way.push_back(sequence);
            self.deliver();
            self.sync();
        }
        self.delete();
    }

    fn check(&self) {
        for life in &self.past {
            let run: Vec<i32> = life.stored.iter().map(|(sequence, _)| *sequence).collect();
            assert!(run.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{run:?}");
            assert!(life.acked.iter().all(|sequence| run.contains(sequence)));
        }
        let mut acked: BTreeMap<i32, usize> = BTreeMap::new();
        self.past.iter().flat_map(|life| &life.acked).for_each(|s| *acked.entry(*s).or_default() += 1);
        assert_eq!(acked.len(), usize::try_from(self.next).unwrap(), "each is acknowledged in the end");
        assert!(acked.values().all(|count| *count == 1), "by one log");
    }
}

fn how(resume: Option<ResumePoint>) -> AppendAs {
    let now = Now { mono: Monotonic(0), wall: WallTime(0) };
    AppendAs {
        origin: Origin::Client,
        leader_epoch: LeaderEpoch(0),
        now,
        max_producers: 9,
        resume,
        verified: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, rng_seed: RngSeed::Fixed(8), failure_persistence: None, ..ProptestConfig::default() })]

    /// Protects: whatever is refused or left unknown around a deletion, nothing is lost, doubled or moved, and the client is never told
    /// something that ends it (P8).
    #[test]
    fn a_client_goes_on(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::default();
        steps.into_iter().for_each(|step| world.take(step));
        world.finish();
        world.check();
    }
}
