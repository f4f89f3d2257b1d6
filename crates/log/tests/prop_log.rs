//! The log against a list of batches: random appends, syncs, checkpoints, crashes, truncations, start moves,
//! evictions and reads (W-5, W-6, W-8, W-9; R13, R14, T1, T2 of reliability.md).
#![allow(missing_docs, unreachable_pub, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod log_model;

use log_model::world::{Wanted, World};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use types::{Offset, ProducerEpoch, ProducerId, WallTime};

#[derive(Clone, Debug)]
enum Step {
    Append { count: i32, timestamp: i64, bytes: usize },
    Produce { id: i64, count: i32, timestamp: i64 },
    NewEpoch { id: i64, sequence: i32 },
    Resend { nth: usize, count: Option<i32> },
    Skip { id: i64, by: i32 },
    Sync { count: usize },
    RaiseHighWatermark { steps: usize },
    BeginCheckpoint { small_tail_bytes: u64 },
    EndCheckpoint,
    AbandonCheckpoint { writes: usize },
    CutFiles,
    Truncate { back: usize },
    MoveStart { by: i64 },
    Retain { limit: u64, now: i64 },
    Evict { budget: u64 },
    Crash { survive: usize, placed: usize },
    Read { from: i64, bound: i64 },
    Time { target: i64, bound: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let timestamp = || prop_oneof![4 => 0i64..20_000, 1 => Just(-1i64)];
    prop_oneof![
        4 => (1..4i32, timestamp(), 0..200usize)
            .prop_map(|(count, timestamp, bytes)| Step::Append { count, timestamp, bytes }),
        8 => (0..3i64, 1..4i32, timestamp())
            .prop_map(|(id, count, timestamp)| Step::Produce { id, count, timestamp }),
        1 => (0..3i64, 0..2i32).prop_map(|(id, sequence)| Step::NewEpoch { id, sequence }),
        2 => (0..12usize, prop::option::of(1..5i32)).prop_map(|(nth, count)| Step::Resend { nth, count }),
        1 => (0..4i64, -3..4i32).prop_map(|(id, by)| Step::Skip { id, by }),
        6 => (0..6usize).prop_map(|count| Step::Sync { count }),
        4 => (0..6usize).prop_map(|steps| Step::RaiseHighWatermark { steps }),
        3 => prop_oneof![Just(0u64), Just(300u64)].prop_map(|b| Step::BeginCheckpoint { small_tail_bytes: b }),
        3 => Just(Step::EndCheckpoint),
        1 => (0..3usize).prop_map(|writes| Step::AbandonCheckpoint { writes }),
        2 => Just(Step::CutFiles),
        2 => (0..6usize).prop_map(|back| Step::Truncate { back }),
        1 => (1..12i64).prop_map(|by| Step::MoveStart { by }),
        1 => (0..4_000u64, 0..20_000i64).prop_map(|(limit, now)| Step::Retain { limit, now }),
        1 => (0..600u64).prop_map(|budget| Step::Evict { budget }),
        1 => (0..4usize, 0..5usize).prop_map(|(survive, placed)| Step::Crash { survive, placed }),
        2 => (-1..60i64, 0..60i64).prop_map(|(from, bound)| Step::Read { from, bound }),
        2 => (-1..21_000i64, 0..60i64).prop_map(|(target, bound)| Step::Time { target, bound }),
    ]
}

/// Returns the epoch and the next sequence of a producer of the test.
fn next_of(world: &World, id: i64) -> (ProducerEpoch, i32) {
    match world.model.producers().get(&ProducerId(id)) {
        Some((epoch, _, window)) => (*epoch, window.last().unwrap().last_sequence().0 + 1),
        None => (ProducerEpoch(0), 0),
    }
}

fn take(world: &mut World, step: &Step) {
    let plain = Wanted {
        id: ProducerId(-1),
        epoch: ProducerEpoch(0),
        sequence: 0,
        count: 1,
        timestamp: 500,
        bytes: 20,
    };
    match *step {
        Step::Append { count, timestamp, bytes } => {
            world.append(&Wanted { count, timestamp, bytes, ..plain });
        }
        Step::Produce { id, count, timestamp } => {
            let (epoch, sequence) = next_of(world, id);
            world.append(&Wanted { id: ProducerId(id), epoch, sequence, count, timestamp, ..plain });
        }
        Step::NewEpoch { id, sequence } => {
            let epoch = ProducerEpoch(next_of(world, id).0.0 + 1);
            world.append(&Wanted { id: ProducerId(id), epoch, sequence, ..plain });
        }
        Step::Resend { nth, count } => resend(world, nth, count, plain),
        Step::Skip { id, by } => {
            let (epoch, sequence) = next_of(world, id);
            world.append(&Wanted { id: ProducerId(id), epoch, sequence: (sequence + by).max(0), ..plain });
        }
        Step::Sync { count } => world.make_durable(count),
        Step::RaiseHighWatermark { steps } => world.raise_high_watermark(steps),
        Step::BeginCheckpoint { small_tail_bytes } => world.begin_checkpoint(small_tail_bytes),
        Step::EndCheckpoint => world.end_checkpoint(),
        Step::AbandonCheckpoint { writes } => world.abandon_checkpoint(writes),
        Step::CutFiles => world.cut_files(),
        Step::Truncate { back } => world.truncate(back),
        Step::MoveStart { by } => world.move_start(world.model.start.plus(by)),
        Step::Retain { limit, now } => world.retain(limit, now),
        Step::Evict { budget } => {
            world.log.evict(budget);
        }
        Step::Crash { survive, placed } => world.crash(survive, placed),
        Step::Read { from, bound } => world.check_read(Offset(from), Offset(bound)),
        Step::Time { target, bound } => world.check_time(WallTime(target), Offset(bound)),
    }
}

fn resend(world: &mut World, nth: usize, count: Option<i32>, plain: Wanted) {
    let of_producers = world.model.batches.iter().rev().filter(|(batch, _)| batch.header().has_producer());
    let Some((batch, _)) = of_producers.clone().nth(nth) else { return };
    let header = *batch.header();
    world.append(&Wanted {
        id: header.producer_id,
        epoch: header.producer_epoch,
        sequence: header.base_sequence.0,
        count: count.unwrap_or(header.record_count),
        ..plain
    });
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    /// Protects: whatever happens in whatever order, the log is the list of batches it should be, and so
    /// it is again after a crash.
    #[test]
    fn log_equals_list(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for step in &steps {
            take(&mut world, step);
            world.check();
        }
        world.crash(0, 0);
        world.check();
    }
}
