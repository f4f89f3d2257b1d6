//! Transactions, and expiry at its edges: what the scripts cannot reach.

use super::*;
use types::{Millis, ProducerEpoch};
use wire::record::{Batch, BatchBuilder, Codec, ControlKind};

const ID: ProducerId = ProducerId(7);
const EPOCH: ProducerEpoch = ProducerEpoch(0);

const TERMS: Terms = Terms { cap: 1, resume: None, verified: None };

/// Terms of a batch that its coordinator has confirmed, where the producer has begun with this sequence.
fn verified(lowest: i32) -> Terms {
    Terms { verified: Some(Sequence(lowest)), ..TERMS }
}

fn end(epoch: i16, coordinator_epoch: i32, version: i16) -> EndTxn {
    EndTxn {
        producer_id: ID,
        producer_epoch: ProducerEpoch(epoch),
        kind: ControlKind::Commit,
        coordinator_epoch,
        transaction_version: TransactionVersion(version),
    }
}

fn header(offset: i64, sequence: i32, transactional: bool) -> BatchHeader {
    let builder = BatchBuilder::new(Codec::None).producer(ID, EPOCH, Sequence(sequence));
    let mut builder = builder.transactional(transactional);
    builder.push(WallTime(0), None, None, &[]);
    place(&builder.build().unwrap(), offset)
}

fn marker(offset: i64, epoch: i16, kind: ControlKind) -> (BatchHeader, Option<ControlRecord>) {
    let control = ControlRecord { kind, coordinator_epoch: 3 };
    let bytes = control.to_batch(ID, ProducerEpoch(epoch), WallTime(0)).unwrap();
    (place(&bytes, offset), Some(control))
}

fn place(bytes: &bytes::Bytes, offset: i64) -> BatchHeader {
    let mut batch = Batch::from_wire(bytes).unwrap();
    batch.place(Offset(offset), types::LeaderEpoch(0));
    *batch.header()
}

fn state(producers: &Producers) -> Vec<(ProducerId, ProducerEntry)> {
    producers.assert_invariants();
    producers.iter().map(|(id, entry)| (id, entry.clone())).collect()
}

/// Protects: a transaction is open from its first batch to its marker; only an abort leaves a trace (T3).
#[test]
fn transactions_open_and_end() {
    let mut producers = Producers::default();
    producers.apply(&header(10, 0, true), None, WallTime(0));
    producers.apply(&header(11, 1, true), None, WallTime(0));
    assert_eq!(producers.first_open(), Some(Offset(10)));
    let (mark, control) = marker(12, 0, ControlKind::Abort);
    let aborted = AbortedTxn {
        last_offset: Offset(12),
        first_offset: Offset(10),
        producer_id: ID,
        last_stable_offset: Offset(13),
    };
    assert_eq!(producers.apply(&mark, control, WallTime(0)), Some(aborted));
    assert_eq!(producers.first_open(), None);
    producers.apply(&header(13, 2, true), None, WallTime(0));
    let (mark, control) = marker(14, 0, ControlKind::Commit);
    assert_eq!(producers.apply(&mark, control, WallTime(0)), None);
    assert_eq!(producers.get(ID).unwrap().coordinator_epoch, 3);
}

/// Protects: inside an open transaction its producer writes nothing else (P12).
#[test]
fn nothing_outside_an_open_transaction() {
    let mut producers = Producers::default();
    producers.apply(&header(10, 0, true), None, WallTime(0));
    assert_eq!(producers.check(&header(11, 1, false), &TERMS), Err(ProducerRefused::InTransaction));
    assert_eq!(producers.check(&header(11, 1, true), &TERMS), Ok(Verdict::Fresh));
}

/// Protects: a marker of a higher epoch begins that epoch, which goes on with sequence 0 (KIP-890).
#[test]
fn markers_raise_the_epoch() {
    let mut producers = Producers::default();
    producers.apply(&header(10, 0, true), None, WallTime(0));
    let (mark, control) = marker(11, 1, ControlKind::Commit);
    producers.apply(&mark, control, WallTime(0));
    let stale = ProducerRefused::StaleEpoch { known: ProducerEpoch(1), found: EPOCH };
    assert_eq!(producers.check(&header(12, 1, true), &TERMS), Err(stale));
    let mut next = header(12, 0, true);
    next.producer_epoch = ProducerEpoch(1);
    assert_eq!(producers.check(&next, &TERMS), Err(ProducerRefused::NotInTransaction));
    assert_eq!(producers.check(&next, &verified(0)), Ok(Verdict::Fresh));
}

/// Protects: each step can be taken back exactly, markers included (R14).
#[test]
fn undo_is_exact() {
    let mut producers = Producers::default();
    let mut before = vec![(Offset(0), state(&producers))];
    for offset in 0..20 {
        before.push((Offset(offset), state(&producers)));
        let kind = if offset % 8 == 3 { ControlKind::Abort } else { ControlKind::Commit };
        let (mark, control) = marker(offset, i16::try_from(offset / 8).unwrap(), kind);
        let mut data = header(offset, i32::try_from(offset).unwrap(), offset % 8 < 4);
        data.producer_epoch = mark.producer_epoch;
        let (batch, control) = if offset % 4 == 3 { (mark, control) } else { (data, None) };
        producers.apply(&batch, control, WallTime(offset));
    }
    for (to, known) in before.into_iter().rev() {
        producers.undo_from(to);
        assert_eq!(state(&producers), known, "{to}");
    }
}

/// Protects: an old producer stays while its last batch is in the log or its transaction is open, and is
/// looked at again later.
#[test]
fn expiry_waits_for_the_data() {
    let rules = ExpireRules { keep: Millis(800), max_checked: 10 };
    let mut producers = Producers::default();
    producers.apply(&header(10, 0, false), None, WallTime(100));
    assert_eq!(producers.expire(&rules, WallTime(899), Offset(11)), 0, "young");
    assert_eq!(producers.expire(&rules, WallTime(900), Offset(10)), 0, "its batch is there");
    assert_eq!(producers.expire(&rules, WallTime(999), Offset(11)), 0, "not looked at every time");
    assert_eq!(producers.expire(&rules, WallTime(1000), Offset(11)), 1);
    assert!(producers.is_empty() && producers.next_due().is_none());
    producers.apply(&header(20, 0, true), None, WallTime(0));
    assert_eq!(producers.expire(&rules, WallTime(9_000), Offset(30)), 0, "its transaction is open");
    producers.assert_invariants();
}

/// Protects: T3: a transaction counts as open until its mark is below the high watermark, and is open again if the mark is
/// taken back; the same after a restart with the steps that lead back.
#[test]
fn open_until_the_mark_is_committed() {
    let mut producers = Producers::default();
    producers.apply(&header(10, 0, true), None, WallTime(0));
    producers.settle(Offset(11));
    let (mark, control) = marker(11, 1, ControlKind::Abort);
    producers.apply(&mark, control, WallTime(0));
    assert_eq!((producers.first_open(), producers.first_unstable()), (None, Some(Offset(10))));
    let steps = producers.undo_steps().cloned().collect();
    let restarted = Producers::restore(state(&producers), steps);
    restarted.assert_invariants();
    assert_eq!(restarted.first_unstable(), Some(Offset(10)));
    let mut cut = restarted.clone();
    cut.undo_from(Offset(11));
    assert_eq!((cut.first_open(), cut.first_unstable()), (Some(Offset(10)), Some(Offset(10))));
    cut.assert_invariants();
    producers.settle(Offset(11));
    assert_eq!(producers.first_unstable(), Some(Offset(10)), "the mark is not below it");
    producers.settle(Offset(12));
    assert_eq!(producers.first_unstable(), None);
    producers.assert_invariants();
}

/// Protects: X2, X3: the first batch of a transaction is refused without its coordinator's word, one behind a lower sequence
/// that has begun here waits for that, and one of a newer epoch is not part of the older one's transaction.
#[test]
fn first_batches_need_the_coordinators_word() {
    let mut producers = Producers::default();
    assert_eq!(producers.check(&header(10, 0, true), &TERMS), Err(ProducerRefused::NotInTransaction));
    assert_eq!(producers.check(&header(10, 0, true), &verified(0)), Ok(Verdict::Fresh));
    let behind = ProducerRefused::OutOfOrder { expected: Sequence(0), found: Sequence(1) };
    producers.apply(&header(5, 0, false), None, WallTime(0));
    assert_eq!(producers.check(&header(10, 1, true), &verified(0)), Err(behind));
    assert_eq!(producers.check(&header(10, 1, true), &verified(1)), Ok(Verdict::Fresh));
    producers.apply(&header(10, 1, true), None, WallTime(0));
    let mut newer = header(11, 0, true);
    newer.producer_epoch = ProducerEpoch(1);
    assert_eq!(producers.check(&newer, &TERMS), Err(ProducerRefused::NotInTransaction));
}

/// Protects: P1 in transactions: a resend of what is stored is answered as stored, also once its transaction has ended.
#[test]
fn resends_of_ended_transactions_are_stored() {
    let mut producers = Producers::default();
    producers.apply(&header(10, 0, true), None, WallTime(0));
    let (mark, control) = marker(11, 0, ControlKind::Commit);
    producers.apply(&mark, control, WallTime(0));
    let stored = SequencedBatch::of(&header(10, 0, true));
    assert_eq!(producers.check(&header(12, 0, true), &TERMS), Ok(Verdict::Stored(stored)));
}

/// Protects: P9 and T6 for what a group's coordinator writes: of an older epoch nothing, and into no transaction that is not
/// open; its records have no sequence.
#[test]
fn coordinators_records_are_fenced() {
    let mut producers = Producers::default();
    producers.apply(&header(10, 0, true), None, WallTime(0));
    let (mark, control) = marker(11, 1, ControlKind::Commit);
    producers.apply(&mark, control, WallTime(0));
    let mut offsets = header(12, 0, true);
    offsets.base_sequence = Sequence(-1);
    let stale = ProducerRefused::StaleEpoch { known: ProducerEpoch(1), found: EPOCH };
    assert_eq!(producers.check_coordinators(&offsets, &verified(0)), Err(stale));
    offsets.producer_epoch = ProducerEpoch(1);
    assert_eq!(producers.check_coordinators(&offsets, &TERMS), Err(ProducerRefused::NotInTransaction));
    assert_eq!(producers.check_coordinators(&offsets, &verified(0)), Ok(()));
    producers.apply(&offsets, None, WallTime(0));
    assert_eq!(producers.get(ID).unwrap().window.last().unwrap().last_sequence(), Sequence(-1));
}

/// Protects: X4, X5, KIP-1228: what ends a transaction, what has ended it before, and what comes too late.
#[test]
fn marks_in_time_and_too_late() {
    let mut producers = Producers::default();
    assert_eq!(producers.check_marker(&end(0, 3, 2), 1), Ok(MarkerVerdict::Append), "unknown here");
    assert_eq!(producers.check_marker(&end(0, 3, 2), 0), Ok(MarkerVerdict::Nothing), "and no room (P11)");
    producers.apply(&header(10, 0, true), None, WallTime(0));
    let late = ProducerRefused::MarkerEpoch { known: EPOCH, found: EPOCH };
    assert_eq!(producers.check_marker(&end(0, 3, 2), 1), Err(late), "of the transaction before");
    assert_eq!(producers.check_marker(&end(0, 3, 1), 1), Ok(MarkerVerdict::Append));
    assert_eq!(producers.check_marker(&end(1, 3, 2), 1), Ok(MarkerVerdict::Append));
    let (mark, control) = marker(11, 1, ControlKind::Commit);
    producers.apply(&mark, control, WallTime(0));
    for version in [1, 2] {
        assert_eq!(producers.check_marker(&end(1, 3, version), 1), Ok(MarkerVerdict::Nothing));
        let stale = ProducerRefused::StaleEpoch { known: ProducerEpoch(1), found: EPOCH };
        assert_eq!(producers.check_marker(&end(0, 3, version), 1), Err(stale));
        let fenced = ProducerRefused::StaleCoordinator { known: 3, found: 2 };
        assert_eq!(producers.check_marker(&end(1, 2, version), 1), Err(fenced));
    }
    assert_eq!(producers.check_marker(&end(2, 3, 2), 1), Ok(MarkerVerdict::Append), "it fences");
}

/// Protects: X5: once a newer coordinator has asked and found nothing to end, an older one's delayed mark does not end the next
/// transaction of the same epoch.
#[test]
fn a_coordinator_that_found_nothing_fences_older_ones() {
    let mut producers = Producers::default();
    producers.apply(&header(10, 0, true), None, WallTime(0));
    let (mark, control) = marker(11, 0, ControlKind::Commit);
    producers.apply(&mark, control, WallTime(0));
    assert_eq!(producers.check_marker(&end(0, 4, 1), 1), Ok(MarkerVerdict::Nothing));
    producers.note_coordinator(&end(0, 4, 1));
    producers.apply(&header(12, 1, true), None, WallTime(0));
    let fenced = ProducerRefused::StaleCoordinator { known: 4, found: 3 };
    assert_eq!(producers.check_marker(&end(0, 3, 1), 1), Err(fenced));
}
