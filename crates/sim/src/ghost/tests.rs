//! The ghost must catch what it is there for: each test injects one anomaly.

use super::{Ghost, Seen};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::record::{BatchBuilder, Batches, Codec};

/// A batch of two values as a broker would serve it.
fn batch(base: i64, sequence: i32, values: [u64; 2]) -> Seen {
    let mut builder =
        BatchBuilder::new(Codec::None).producer(ProducerId(1), ProducerEpoch(0), Sequence(sequence));
    for value in values {
        builder.push(WallTime(0), None, Some(&value.to_be_bytes()), &[]);
    }
    let bytes = builder.build().unwrap();
    let mut header = Batches::new(&bytes).next().unwrap().unwrap().header;
    (header.base_offset, header.leader_epoch) = (Offset(base), LeaderEpoch(1));
    Seen { header, values: values.to_vec() }
}

/// A run in which everything is as it should be, up to the final judgement.
fn sound() -> Ghost {
    let mut ghost = Ghost::default();
    (1..=4).for_each(|number| ghost.on_sent(number, 0));
    ghost.on_batch(0, batch(0, 0, [1, 2]), |_| true);
    (1..=2).for_each(|number| ghost.on_acked(number, Some(i64::try_from(number).unwrap() - 1), true));
    ghost.on_acked(3, Some(2), true);
    ghost.on_acked(4, Some(3), true);
    ghost
}

fn rule(ghost: &mut Ghost) -> &'static str {
    ghost.finish().unwrap_err().rule
}

/// Protects: a sound run is not accused.
#[test]
fn a_sound_run_passes() {
    let mut ghost = sound();
    ghost.on_batch(0, batch(2, 2, [3, 4]), |_| true);
    ghost.on_batch(0, batch(2, 2, [3, 4]), |_| true);
    ghost.on_end(0, 4);
    assert!(ghost.is_all_seen());
    assert_eq!(ghost.finish(), Ok(()));
}

/// Protects: an acknowledged value that cannot be read is a loss.
#[test]
fn a_loss_is_caught() {
    assert_eq!(rule(&mut sound()), "R10");
}

/// Protects: a value in two places is caught.
#[test]
fn a_double_is_caught() {
    let mut ghost = sound();
    ghost.on_batch(0, batch(2, 2, [3, 4]), |_| true);
    ghost.on_batch(0, batch(4, 4, [3, 4]), |_| true);
    assert_eq!(rule(&mut ghost), "R10", "it was acknowledged elsewhere");
    let mut ghost = Ghost::default();
    (1..=2).for_each(|number| ghost.on_sent(number, 0));
    ghost.on_batch(0, batch(0, 0, [1, 2]), |_| true);
    ghost.on_batch(0, batch(2, 2, [1, 2]), |_| true);
    assert_eq!(rule(&mut ghost), "T1");
}

/// Protects: values out of order, and offsets or sequences with gaps, are caught.
#[test]
fn disorder_is_caught() {
    let mut ghost = Ghost::default();
    for number in 1..=2 {
        ghost.on_sent(number, 0);
        ghost.on_acked(number, None, true);
    }
    ghost.on_batch(0, batch(0, 0, [2, 1]), |_| true);
    assert_eq!(rule(&mut ghost), "T1");
    let mut ghost = sound();
    ghost.on_batch(0, batch(2, 3, [3, 4]), |_| true);
    assert_eq!(rule(&mut ghost), "T1");
    let mut ghost = Ghost::default();
    (1..=2).for_each(|number| ghost.on_sent(number, 0));
    (1..=2).for_each(|number| ghost.on_acked(number, None, true));
    ghost.on_batch(0, batch(1, 0, [1, 2]), |_| true);
    assert_eq!(rule(&mut ghost), "R13");
}

/// Protects: an acknowledgement or an answer to a consumer before the sync is caught.
#[test]
fn early_answers_are_caught() {
    let mut ghost = Ghost::default();
    ghost.on_sent(1, 0);
    ghost.on_acked(1, Some(0), false);
    assert_eq!(ghost.check().unwrap_err().rule, "R9");
    let mut ghost = Ghost::default();
    (1..=2).for_each(|number| ghost.on_sent(number, 0));
    ghost.on_batch(0, batch(0, 0, [1, 2]), |_| false);
    assert_eq!(ghost.check().unwrap_err().rule, "R8");
}

/// Protects: refused values, bytes that change, ends that go back and missing answers are caught.
#[test]
fn other_lies_are_caught() {
    let mut ghost = sound();
    ghost.on_batch(0, batch(0, 0, [1, 3]), |_| true);
    assert_eq!(ghost.check().unwrap_err().rule, "R12");
    let mut ghost = sound();
    ghost.on_sent(5, 0);
    ghost.on_refused(5);
    ghost.on_batch(0, batch(2, 2, [3, 5]), |_| true);
    assert_eq!(ghost.check().unwrap_err().rule, "R11");
    let mut ghost = sound();
    ghost.on_end(0, 4);
    ghost.on_end(0, 3);
    assert_eq!(ghost.check().unwrap_err().rule, "R8");
    let mut ghost = sound();
    ghost.on_sent(5, 0);
    assert_eq!(rule(&mut ghost), "R16");
}
