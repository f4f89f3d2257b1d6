//! What the scripts cannot reach yet: transactions, and expiry at its edges.

use super::*;
use types::{Millis, ProducerEpoch};
use wire::record::{Batch, BatchBuilder, Codec};

const ID: ProducerId = ProducerId(7);
const EPOCH: ProducerEpoch = ProducerEpoch(0);

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
    assert_eq!(producers.check(&header(11, 1, false), 1, None), Err(ProducerRefused::InTransaction));
    assert_eq!(producers.check(&header(11, 1, true), 1, None), Ok(Verdict::Fresh));
}

/// Protects: a marker of a higher epoch begins that epoch, which goes on with sequence 0 (KIP-890).
#[test]
fn markers_raise_the_epoch() {
    let mut producers = Producers::default();
    producers.apply(&header(10, 0, true), None, WallTime(0));
    let (mark, control) = marker(11, 1, ControlKind::Commit);
    producers.apply(&mark, control, WallTime(0));
    let stale = ProducerRefused::StaleEpoch { known: ProducerEpoch(1), found: EPOCH };
    assert_eq!(producers.check(&header(12, 1, true), 1, None), Err(stale));
    let mut next = header(12, 0, true);
    next.producer_epoch = ProducerEpoch(1);
    assert_eq!(producers.check(&next, 1, None), Ok(Verdict::Fresh));
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
