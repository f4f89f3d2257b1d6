//! The window against a model of a broker, and its rules one by one.

use super::identity::Identity;
use super::window::{Answer, Verdict, Window};
use bytes::Bytes;
use types::{ErrorCode, Offset, ProducerEpoch, ProducerId, Sequence};

fn identity(id: i64) -> Identity {
    Identity { id: ProducerId(id), epoch: ProducerEpoch(0) }
}

/// A window under an identity, with batches of two records each on the wire; tickets count from 0.
fn window(batches: u32) -> Window<u32> {
    let mut window = Window::new(true);
    assert!(window.needs_identity() && !window.is_open());
    window.adopt(identity(1));
    for ticket in 0..batches {
        window.push(ticket, Bytes::new(), 2);
        window.mark_in_doubt(window.len() - 1);
    }
    window
}

fn stored(offset: i64) -> Answer {
    Answer { code: 0, base_offset: Offset(offset) }
}

fn failed(code: ErrorCode) -> Answer {
    Answer { code: code.code(), base_offset: Offset::NONE }
}

/// Protects: sequence numbers go up by the number of records, across acknowledgements.
#[test]
fn sequences_count_records() {
    let mut window = window(2);
    assert!(matches!(window.on_answer(0, stored(0)), Some(Verdict::Acked(0, Offset(0)))));
    assert!(matches!(window.on_answer(0, stored(2)), Some(Verdict::Acked(1, Offset(2)))));
    window.on_drained();
    assert_eq!(window.next_sequence(), Sequence(4));
    assert!(window.is_open());
}

/// Protects: a batch that the broker knows already is acknowledged, not sent under new numbers.
#[test]
fn a_duplicate_is_acknowledged() {
    let mut window = window(1);
    let answer = window.on_answer(0, failed(ErrorCode::DuplicateSequenceNumber));
    assert!(matches!(answer, Some(Verdict::Acked(0, Offset::NONE))));
}

/// Protects: behind a batch that must be sent again, "out of order" keeps the batch and its numbers.
#[test]
fn what_follows_a_retry_is_kept() {
    let mut window = window(3);
    assert!(matches!(window.on_answer(0, failed(ErrorCode::NotLeaderOrFollower)), Some(Verdict::Kept)));
    assert!(matches!(window.on_answer(1, failed(ErrorCode::OutOfOrderSequenceNumber)), Some(Verdict::Kept)));
    assert!(matches!(window.on_answer(2, failed(ErrorCode::OutOfOrderSequenceNumber)), Some(Verdict::Kept)));
    window.on_drained();
    assert_eq!((window.len(), window.next_sequence()), (3, Sequence(6)));
}

/// Protects: after a refused batch its numbers are given to the batches that came behind it.
#[test]
fn numbers_of_a_refused_batch_are_used_again() {
    let mut window = window(3);
    assert!(matches!(window.on_answer(0, stored(0)), Some(Verdict::Acked(0, _))));
    assert!(matches!(window.on_answer(0, failed(ErrorCode::MessageTooLarge)), Some(Verdict::Refused(1))));
    assert!(!window.is_open(), "nothing may be sent into the gap");
    assert!(matches!(
        window.on_answer(0, failed(ErrorCode::OutOfOrderSequenceNumber)),
        Some(Verdict::Fresh(2))
    ));
    window.on_drained();
    assert!(window.is_open());
    assert_eq!(window.next_sequence(), Sequence(2));
}

/// Protects: a broker that does not know the producer any more gets the batch under a new identity.
#[test]
fn an_unknown_producer_takes_a_new_identity() {
    let mut window = window(2);
    assert!(matches!(window.on_answer(0, failed(ErrorCode::UnknownProducerId)), Some(Verdict::Fresh(0))));
    assert!(!window.needs_identity(), "not before the rest has its answer");
    assert!(matches!(window.on_answer(0, failed(ErrorCode::UnknownProducerId)), Some(Verdict::Fresh(1))));
    window.on_drained();
    assert!(window.needs_identity() && !window.is_open());
    window.adopt(identity(2));
    assert_eq!((window.is_open(), window.next_sequence()), (true, Sequence(0)));
}

/// Protects: a gap that the broker sees and we do not is told, not papered over.
#[test]
fn a_gap_at_the_head_is_refused() {
    let mut window = window(1);
    let answer = window.on_answer(0, failed(ErrorCode::OutOfOrderSequenceNumber));
    assert!(matches!(answer, Some(Verdict::Refused(0))));
    window.on_drained();
    assert!(window.needs_identity());
}

/// Protects: without idempotence a batch that may be stored is never sent again.
#[test]
fn doubt_without_idempotence_is_unknown() {
    for code in [ErrorCode::RequestTimedOut, ErrorCode::KafkaStorageError, ErrorCode::NetworkException] {
        let mut window: Window<u32> = Window::new(false);
        window.push(0, Bytes::new(), 1);
        assert!(matches!(window.on_answer(0, failed(code)), Some(Verdict::Unknown(0))), "{code}");
        let mut window = super::tests::window(1);
        assert!(matches!(window.on_answer(0, failed(code)), Some(Verdict::Kept)), "{code}");
        assert!(window.get(0).unwrap().in_doubt);
    }
}

/// Protects: a batch given up on leaves a gap that only a new identity can cross.
#[test]
fn an_expired_batch_takes_a_new_identity() {
    let mut window = window(2);
    assert!(window.expire(0).unwrap().in_doubt);
    assert!(!window.is_open());
    assert!(matches!(window.on_answer(0, stored(2)), Some(Verdict::Acked(1, _))));
    window.on_drained();
    assert!(window.needs_identity());
}

/// A broker that keeps the last five batches of a producer, as Kafka's does.
#[derive(Default)]
struct Model {
    log: Vec<u32>,
    recent: Vec<(Sequence, Offset)>,
    next: i32,
}

impl Model {
    fn append(&mut self, ticket: u32, sequence: Sequence) -> Answer {
        if let Some((_, offset)) = self.recent.iter().rev().take(5).find(|(known, _)| *known == sequence) {
            return Answer { code: 0, base_offset: *offset };
        }
        if sequence != Sequence(self.next) {
            return failed(ErrorCode::OutOfOrderSequenceNumber);
        }
        let offset = Offset(i64::try_from(self.log.len()).unwrap());
        self.log.push(ticket);
        self.recent.push((sequence, offset));
        self.next += 1;
        Answer { code: 0, base_offset: offset }
    }
}

/// A cheap random number, for the model's faults.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Protects: whatever is lost on the way, each batch is in the log once, in order.
#[test]
fn every_batch_is_stored_once_and_in_order() {
    for seed in 0..300 {
        let (mut state, mut model) = (seed, Model::default());
        let mut window: Window<u32> = Window::new(true);
        window.adopt(identity(1));
        let (mut numbers, mut fresh, mut acked) = (Vec::new(), 0u32, Vec::new());
        while acked.len() < 60 {
            while window.has_room(5) && window.is_open() && fresh < 60 {
                numbers.push((fresh, window.next_sequence()));
                window.push(fresh, Bytes::new(), 1);
                fresh += 1;
            }
            session(&mut window, &numbers, &mut model, &mut state, &mut acked);
            window.on_drained();
        }
        assert_eq!(model.log, (0..60).collect::<Vec<u32>>(), "seed {seed}");
    }
}

/// Sends the whole window over a connection on which requests and answers may be lost from any point on,
/// and on which the broker may ask for another try.
fn session(
    window: &mut Window<u32>,
    numbers: &[(u32, Sequence)],
    model: &mut Model,
    state: &mut u64,
    acked: &mut Vec<u32>,
) {
    let sent = window.len();
    let (arrive, answered) = (random(state) % 7, random(state) % 7);
    let mut answers = Vec::new();
    for index in 0..sent {
        window.mark_in_doubt(index);
        let ticket = window.get(index).unwrap().ticket;
        let sequence = numbers.iter().find(|(known, _)| *known == ticket).unwrap().1;
        if u64::try_from(index).unwrap() < arrive {
            answers.push(match random(state) % 10 {
                0 => failed(ErrorCode::NotLeaderOrFollower),
                1 => {
                    model.append(ticket, sequence);
                    failed(ErrorCode::RequestTimedOut)
                }
                _ => model.append(ticket, sequence),
            });
        }
    }
    let mut index = 0;
    for answer in answers.into_iter().take(usize::try_from(answered).unwrap()) {
        match window.on_answer(index, answer) {
            Some(Verdict::Acked(ticket, _)) => acked.push(ticket),
            Some(Verdict::Kept) => index += 1,
            other => panic!("{other:?}"),
        }
    }
}
