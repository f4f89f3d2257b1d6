//! Where a batch may come from, and that a refusal leaves no trace.

use super::*;
use types::{LogKey, Monotonic, ProducerEpoch, ProducerId, Sequence};
use wire::record::{BatchBuilder, Codec};

fn batch(offset: i64, epoch: i32, sequence: i32) -> Batch {
    let builder = BatchBuilder::new(Codec::None).placed(Offset(offset), LeaderEpoch(epoch));
    let mut builder = builder.producer(ProducerId(7), ProducerEpoch(0), Sequence(sequence));
    builder.push(WallTime(0), None, Some(b"value"), &[]);
    builder.push(WallTime(0), None, Some(b"value"), &[]);
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}

fn how(origin: Origin, epoch: i32) -> AppendAs {
    let now = Now { mono: Monotonic(0), wall: WallTime(9) };
    AppendAs { origin, leader_epoch: LeaderEpoch(epoch), now, max_producers: 1, resume: None, verified: None }
}

fn written(answer: Result<Appended, AppendRefused>) -> (i64, i64) {
    match answer {
        Ok(Appended::Written { base, next, .. }) => (base.0, next.0),
        other => panic!("{other:?}"),
    }
}

/// Protects: a client's batch gets offset and epoch from the leader; the frame holds the bytes as stored.
#[test]
fn clients_batches_are_placed() {
    let mut log = Log::new(LogKey::default());
    assert_eq!(written(log.append(batch(99, 77, 0), &how(Origin::Client, 3))), (0, 2));
    let Ok(Appended::Written { frame, .. }) = log.append(batch(99, 77, 2), &how(Origin::Client, 3)) else {
        panic!("a batch in sequence");
    };
    assert_eq!((frame.change, frame.base_offset, frame.leader_epoch), (2, Offset(2), LeaderEpoch(3)));
    assert_eq!(frame.payload(), batch(2, 3, 2).to_bytes());
}

/// Protects: a replica stores the leader's bytes unchanged, and only where they belong.
#[test]
fn replicas_batches_keep_their_place() {
    let mut log = Log::new(LogKey::default());
    assert_eq!(written(log.append(batch(0, 5, 40), &how(Origin::Replica, 0))), (0, 2));
    assert_eq!(log.latest_epoch(), LeaderEpoch(5));
    let gap = AppendRefused::NotContiguous { expected: Offset(2), found: Offset(3) };
    assert_eq!(log.append(batch(3, 5, 42), &how(Origin::Replica, 0)), Err(gap));
    let stale = AppendRefused::StaleLeaderEpoch { known: LeaderEpoch(5), found: LeaderEpoch(4) };
    assert_eq!(log.append(batch(2, 4, 42), &how(Origin::Replica, 0)), Err(stale));
    assert_eq!(written(log.append(batch(2, 6, 42), &how(Origin::Replica, 0))), (2, 4));
}

/// Protects: an older leader appends nothing (R2, R13), and a coordinator's batch passes no producer check.
#[test]
fn leaders_and_coordinators() {
    let mut log = Log::new(LogKey::default());
    log.start_epoch(LeaderEpoch(4));
    let stale = AppendRefused::StaleLeaderEpoch { known: LeaderEpoch(4), found: LeaderEpoch(3) };
    assert_eq!(log.append(batch(0, 0, 0), &how(Origin::Client, 3)), Err(stale));
    assert!(log.append(batch(0, 0, 40), &how(Origin::Client, 4)).is_err(), "an unknown producer");
    assert_eq!((log.change(), log.log_end()), (0, Offset(0)));
    assert_eq!(written(log.append(batch(0, 0, 40), &how(Origin::Coordinator, 4))), (0, 2));
}

/// Protects: offsets never wrap, and a batch covers at least one.
#[test]
fn offsets_are_checked() {
    let mut header = *batch(0, 0, 0).header();
    header.last_offset_delta = -1;
    assert_eq!(next_of(&header), Err(AppendRefused::Offsets(-1)));
    header.last_offset_delta = 1;
    header.base_offset = Offset(i64::MAX - 1);
    assert_eq!(next_of(&header), Err(AppendRefused::Offsets(1)));
    header.base_offset = Offset(i64::MAX - 2);
    assert_eq!(next_of(&header), Ok(Offset(i64::MAX)));
}

/// Protects: the codes that clients get.
#[test]
fn codes() {
    let found = Sequence(1);
    let producer = |refused: ProducerRefused| AppendRefused::from(refused).code();
    assert_eq!(producer(ProducerRefused::Unknown { found }), ErrorCode::UnknownProducerId);
    assert_eq!(
        producer(ProducerRefused::Duplicate { expected: found, found }),
        ErrorCode::DuplicateSequenceNumber
    );
    assert_eq!(
        producer(ProducerRefused::OutOfOrder { expected: found, found }),
        ErrorCode::OutOfOrderSequenceNumber
    );
    assert_eq!(producer(ProducerRefused::InTransaction), ErrorCode::InvalidTxnState);
    assert_eq!(producer(ProducerRefused::TooMany), ErrorCode::ThrottlingQuotaExceeded);
}
