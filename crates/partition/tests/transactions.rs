//! Transactions in a partition by script: guards, marks, the last stable offset, who is woken and who is shown. Random inputs
//! are in txn_model.rs.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use log::log::Log;
use log::segments::PlaceRules;
use partition::{
    AckEnd, AckToken, ActiveProducer, AppendInput, AppendRefused, DeleteUpTo, Effect, EndTxn, EndTxnInput,
    FetchToken, Isolation, Leadership, Origin, Partition, ReplicaSet, RequiredAcks, TransactionVersion,
    TxnEnded, Verification, VerificationGuard,
};
use types::{
    BrokerId, ErrorCode, LeaderEpoch, LogKey, Millis, Monotonic, Mutant, Now, Offset, PartitionEpoch,
    ProducerEpoch, ProducerId, Sequence, WallTime,
};
use wire::record::{Batch, BatchBuilder, Codec, ControlKind};

const ID: ProducerId = ProducerId(7);
const NOW: Now = Now { mono: Monotonic(0), wall: WallTime(1_000) };
const PLACE: PlaceRules = PlaceRules {
    segment_bytes: 1 << 20,
    segment_ms: Millis(i64::MAX),
    index_interval_bytes: 4096,
    segment_index_bytes: 1 << 16,
};

/// A partition with what came out of it.
struct Desk {
    partition: Partition,
    effects: Vec<Effect>,
    last_token: u64,
}

impl Desk {
    fn new() -> Desk {
        Desk::of(Log::new(LogKey::default()))
    }

    fn of(log: Log) -> Desk {
        Desk { partition: Partition::new(log, leadership(1)), effects: Vec::new(), last_token: 0 }
    }

    fn token(&mut self) -> AckToken {
        self.last_token += 1;
        AckToken(self.last_token)
    }

    fn append(&mut self, batch: Batch, guard: Option<VerificationGuard>) -> Result<i64, ErrorCode> {
        let (origin, acks, token) = (Origin::Client, RequiredAcks::All, self.token());
        let input = AppendInput { batch, acks, origin, max_producers: 10_000, resume: None, guard, token };
        let appended = self.partition.append(input, NOW, &mut self.effects);
        appended.map(|appended| appended.base.0).map_err(|refused| refused.code())
    }

    fn begin(&mut self, epoch: i16, sequence: i32) -> Option<VerificationGuard> {
        match self.partition.begin_verification(ID, ProducerEpoch(epoch), Sequence(sequence)) {
            Verification::AlreadyOpen => None,
            Verification::Begun(guard) => Some(guard),
        }
    }

    /// Appends a verified batch of a transaction.
    fn write(&mut self, epoch: i16, sequence: i32) -> i64 {
        let guard = self.begin(epoch, sequence);
        self.append(batch(epoch, sequence, true), guard).unwrap()
    }

    fn end(&mut self, end: EndTxn) -> Result<TxnEnded, AppendRefused> {
        let token = self.token();
        let input = EndTxnInput { end, max_producers: 10_000, token };
        self.partition.end_txn(input, NOW, &mut self.effects)
    }

    fn sync(&mut self) {
        let change = self.partition.log().change();
        self.partition.on_durable(change, &mut self.effects);
    }

    /// Takes what became of those who wait.
    fn ends(&mut self) -> Vec<(u64, AckEnd)> {
        let ended = std::mem::take(&mut self.effects).into_iter().filter_map(|effect| match effect {
            Effect::Acked { token, end } => Some((token.0, end)),
            Effect::Wal(_) | Effect::Buffered | Effect::Wake { .. } => None,
        });
        ended.collect()
    }

    fn woken(&mut self) -> Vec<(u64, u64)> {
        let woken = std::mem::take(&mut self.effects).into_iter().filter_map(|effect| match effect {
            Effect::Wake { token, bytes } => Some((token.0, bytes)),
            Effect::Wal(_) | Effect::Buffered | Effect::Acked { .. } => None,
        });
        woken.collect()
    }

    fn stable(&self) -> (i64, i64) {
        let pointers = self.partition.pointers();
        (pointers.last_stable.0, pointers.high_watermark.0)
    }
}

fn leadership(epoch: i32) -> Leadership {
    let me = BrokerId(1);
    let replicas = ReplicaSet::new(vec![me], vec![me], PartitionEpoch(0));
    Leadership { broker: me, leader: Some(me), leader_epoch: LeaderEpoch(epoch), replicas, min_isr: 1 }
}

fn batch(epoch: i16, sequence: i32, transactional: bool) -> Batch {
    let builder = BatchBuilder::new(Codec::None).producer(ID, ProducerEpoch(epoch), Sequence(sequence));
    let mut builder = builder.transactional(transactional);
    builder.push(WallTime(900), None, Some(b"value"), &[]);
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}

fn commit(epoch: i16) -> EndTxn {
    EndTxn {
        producer_id: ID,
        producer_epoch: ProducerEpoch(epoch),
        kind: ControlKind::Commit,
        coordinator_epoch: 3,
        transaction_version: TransactionVersion(2),
    }
}

/// Protects: X2: a mark that was appended while a batch was under verification voids its guard; the batch of the ended
/// transaction stays out, whichever version it was run under, and however late the answer comes.
#[test]
fn a_mark_voids_the_guard() {
    for version in [1, 2] {
        let mut desk = Desk::new();
        let late = desk.begin(0, 0);
        let epoch = if version == 1 { 0 } else { 1 };
        desk.end(EndTxn { transaction_version: TransactionVersion(version), ..commit(epoch) }).unwrap();
        let refused = desk.append(batch(0, 0, true), late);
        let code = if version == 1 { ErrorCode::InvalidTxnState } else { ErrorCode::InvalidProducerEpoch };
        assert_eq!(refused, Err(code), "version {version}");
        let next = desk.begin(epoch, 0);
        assert_ne!(next, late);
        assert_eq!(desk.append(batch(epoch, 0, true), late), Err(ErrorCode::InvalidTxnState));
        assert_eq!(desk.append(batch(epoch, 0, true), next), Ok(1));
        assert_eq!(desk.begin(epoch, 1), None, "from here on the open transaction is the proof");
    }
}

/// Protects: a first batch that was held back until the transaction before had its mark is stored; the mark is no end of its own
/// transaction. A mark that is, however late its coordinator's answer, voids the guard (X2).
#[test]
fn a_mark_of_the_transaction_before_leaves_the_guard() {
    let second = |epoch| EndTxn { transaction_version: TransactionVersion(2), ..commit(epoch) };
    let mut desk = Desk::new();
    desk.write(0, 0);
    let next = desk.begin(1, 0);
    assert_eq!(desk.end(second(1)), Ok(TxnEnded::Written(Offset(1))));
    assert_eq!(desk.end(second(1)), Ok(TxnEnded::Nothing), "again");
    assert_eq!(desk.append(batch(1, 0, true), next), Ok(2));
    desk.end(second(2)).unwrap();
    let late = desk.begin(2, 0);
    desk.end(second(3)).unwrap();
    assert_eq!(desk.append(batch(2, 0, true), late), Err(ErrorCode::InvalidProducerEpoch));
}

/// Protects: X2: a mark with nothing to end voids the guard as well: it says that no transaction is open.
#[test]
fn a_repeated_mark_voids_the_guard() {
    let mut desk = Desk::new();
    desk.write(0, 0);
    let old = EndTxn { transaction_version: TransactionVersion(1), ..commit(0) };
    assert_eq!(desk.end(old), Ok(TxnEnded::Written(Offset(1))));
    let guard = desk.begin(0, 1);
    assert_eq!(desk.end(old), Ok(TxnEnded::Nothing));
    assert_eq!(desk.append(batch(0, 1, true), guard), Err(ErrorCode::InvalidTxnState));
}

/// Protects: X2: the lowest sequence under verification comes first; a later one that was confirmed before it does not slip in.
#[test]
fn a_later_batch_does_not_slip_in_front() {
    let mut desk = Desk::new();
    desk.append(batch(0, 0, false), None).unwrap();
    let guard = desk.begin(0, 2);
    assert_eq!(desk.begin(0, 1), guard, "one verification of one producer");
    assert_eq!(desk.append(batch(0, 2, true), guard), Err(ErrorCode::OutOfOrderSequenceNumber));
    assert_eq!(desk.append(batch(0, 1, true), guard), Ok(1));
    assert_eq!(desk.append(batch(0, 2, true), guard), Ok(2), "part of the transaction");
}

/// Protects: X3: a batch of no transaction is not appended, and leaves no trace; nor does one outside of an open one (P12), or of
/// an older epoch (P9).
#[test]
fn nothing_enters_or_leaves_a_transaction() {
    let mut desk = Desk::new();
    assert_eq!(desk.append(batch(0, 0, true), None), Err(ErrorCode::InvalidTxnState));
    assert_eq!(desk.append(batch(0, 0, true), Some(VerificationGuard(0))), Err(ErrorCode::InvalidTxnState));
    assert_eq!(desk.partition.log().change(), 0);
    desk.write(1, 0);
    assert_eq!(desk.append(batch(1, 1, false), None), Err(ErrorCode::InvalidTxnState));
    assert_eq!(desk.append(batch(0, 0, true), None), Err(ErrorCode::InvalidProducerEpoch));
    assert_eq!(desk.partition.log().log_end(), Offset(1));
}

/// Protects: part of X2 where the epoch does not tell a delayed batch: what comes by an earlier connection than its producer's latest
/// is late, in that epoch and under that leadership; a stale epoch is left to Kafka's code.
#[test]
fn an_earlier_connection_is_late() {
    let mut desk = Desk::new();
    let mut is_late = |epoch, connection| desk.partition.is_late(ID, ProducerEpoch(epoch), connection);
    assert_eq!([5, 7, 7, 6].map(|connection| is_late(1, connection)), [false, false, false, true]);
    assert!(!is_late(0, 3), "an older epoch");
    assert!(is_late(1, 6), "it has changed nothing");
    assert_eq!([2, 1].map(|connection| is_late(2, connection)), [false, true], "the client has begun anew");
    desk.write(3, 0);
    assert!(!desk.partition.is_late(ID, ProducerEpoch(2), 1), "older than what the log has");
    desk.partition.on_leadership(leadership(2), &mut desk.effects);
    assert!(!desk.partition.is_late(ID, ProducerEpoch(3), 1), "connections go with the leadership");
}

/// Protects: guards go with the leadership, a newer incarnation voids an older one's, and a failed verification gives its own up.
#[test]
fn guards_end() {
    let mut desk = Desk::new();
    let first = desk.begin(0, 0);
    desk.partition.on_leadership(leadership(2), &mut desk.effects);
    assert_eq!(desk.append(batch(0, 0, true), first), Err(ErrorCode::InvalidTxnState));
    let (older, newer) = (desk.begin(0, 0), desk.begin(1, 0));
    assert!(first < older && older < newer);
    assert_eq!(desk.append(batch(0, 0, true), older), Err(ErrorCode::InvalidTxnState));
    let late = desk.begin(0, 0);
    assert_eq!(
        desk.append(batch(0, 0, true), late),
        Err(ErrorCode::InvalidTxnState),
        "older than one that came"
    );
    desk.partition.end_verification(ID, late.unwrap());
    assert_eq!(desk.append(batch(1, 0, true), newer), Ok(0));
    desk.end(commit(2)).unwrap();
    let failed = desk.begin(2, 0);
    desk.partition.end_verification(ID, failed.unwrap());
    assert_eq!(desk.append(batch(2, 0, true), failed), Err(ErrorCode::InvalidTxnState));
}

/// Protects: of two batches that are under verification together, the one that is refused, as it was held too long at the
/// coordinator, takes nothing from the other: that one waits for it, and both are stored when it is sent again.
#[test]
fn a_refusal_leaves_the_guard_of_a_batch_beside_it() {
    let mut desk = Desk::new();
    let (first, second) = (desk.begin(0, 0), desk.begin(0, 1));
    assert_eq!(first, second);
    desk.partition.end_verification(ID, first.unwrap());
    let out_of_order = desk.append(batch(0, 1, true), second);
    assert_eq!(out_of_order, Err(ErrorCode::OutOfOrderSequenceNumber), "clients send it again");
    let again = desk.begin(0, 0);
    assert_eq!(desk.append(batch(0, 0, true), again), Ok(0));
    assert_eq!(desk.begin(0, 1), None);
    assert_eq!(desk.append(batch(0, 1, true), None), Ok(1));
}

/// Protects: memory for guards is bounded: of a flood of ids the oldest guards are void, the newest are not.
#[test]
fn guards_have_a_cap() {
    let mut desk = Desk::new();
    let first = desk.begin(0, 0);
    for id in 0..1_000 {
        let flood = ProducerId(1_000 + id);
        desk.partition.begin_verification(flood, ProducerEpoch(0), Sequence(0));
    }
    assert_eq!(desk.append(batch(0, 0, true), first), Err(ErrorCode::InvalidTxnState));
    let again = desk.begin(0, 0);
    assert_eq!(desk.append(batch(0, 0, true), again), Ok(0));
}

/// Protects: T3: the last stable offset is the begin of the oldest transaction whose mark is not below the high watermark.
#[test]
fn the_last_stable_offset_waits_for_the_committed_mark() {
    let mut desk = Desk::new();
    desk.append(batch(0, 0, false), None).unwrap();
    desk.sync();
    desk.write(0, 1);
    assert_eq!(desk.stable(), (1, 1));
    desk.sync();
    assert_eq!(desk.stable(), (1, 2), "open");
    desk.end(commit(1)).unwrap();
    assert_eq!(desk.stable(), (1, 2), "its mark is in the log, and not durable");
    desk.sync();
    assert_eq!(desk.stable(), (3, 3));
}

/// Protects: DeleteRecords goes up to the high watermark also where a transaction is open; the last stable offset is then where
/// the log begins.
#[test]
fn deletions_pass_an_open_transaction() {
    let mut desk = Desk::new();
    desk.write(0, 0);
    desk.write(0, 1);
    desk.sync();
    let to = desk.partition.delete_target(DeleteUpTo::HighWatermark, true).unwrap();
    desk.partition.move_start(to, &mut desk.effects);
    assert_eq!(desk.stable(), (2, 2));
    desk.end(EndTxn { kind: ControlKind::Abort, ..commit(1) }).unwrap();
    desk.sync();
    assert_eq!(desk.stable(), (3, 3));
}

/// Protects: X4: a repeat is as good as the mark, appends nothing, and is not answered before the first one is committed.
#[test]
fn a_repeated_mark_waits_for_the_first() {
    let mut desk = Desk::new();
    desk.write(0, 0);
    desk.sync();
    desk.ends();
    assert_eq!(desk.end(commit(1)), Ok(TxnEnded::Written(Offset(1))));
    assert_eq!(desk.end(commit(1)), Ok(TxnEnded::Nothing));
    assert_eq!((desk.ends(), desk.partition.log().log_end()), (vec![], Offset(2)));
    desk.sync();
    assert_eq!(desk.ends(), [(2, AckEnd::Committed), (3, AckEnd::Committed)]);
    assert_eq!(desk.end(commit(1)), Ok(TxnEnded::Nothing));
    assert_eq!(desk.ends(), [(4, AckEnd::Committed)], "at once");
}

/// Protects: X5, KIP-1228: marks that come too late have Kafka's codes and change nothing.
#[test]
fn marks_that_come_too_late_are_refused() {
    let mut desk = Desk::new();
    desk.write(0, 0);
    desk.end(commit(1)).unwrap();
    desk.write(1, 0);
    let (change, stable) = (desk.partition.log().change(), desk.stable());
    let mut code = |end| desk.end(end).unwrap_err().code();
    assert_eq!(code(commit(0)), ErrorCode::InvalidProducerEpoch);
    assert_eq!(code(commit(1)), ErrorCode::InvalidProducerEpoch, "it has ended the transaction before");
    let zombie = EndTxn { coordinator_epoch: 2, ..commit(2) };
    assert_eq!(code(zombie), ErrorCode::TransactionCoordinatorFenced);
    assert_eq!((desk.partition.log().change(), desk.stable()), (change, stable));
    desk.partition.on_failed(&mut Vec::new());
    assert_eq!(desk.end(commit(2)).unwrap_err().code(), ErrorCode::KafkaStorageError);
}

/// Protects: a mark in a page-cache log is answered once it is synced, not once it is written (W-16): its coordinator forgets the
/// transaction then. What there was no room for is answered as not stored.
#[test]
fn a_mark_in_a_page_cache_log_waits_for_the_sync() {
    let mut desk = Desk::of(Log::page_cache(LogKey::default()));
    let created = desk.partition.log_mut().created().unwrap();
    desk.write(0, 0);
    desk.end(commit(1)).unwrap();
    let serial = desk.partition.log_mut().hand_over(&PLACE).unwrap().serial;
    desk.partition.on_durable(created.change, &mut desk.effects);
    desk.partition.on_written(serial, &mut desk.effects);
    assert_eq!((desk.ends(), desk.stable()), (vec![(1, AckEnd::Committed)], (2, 2)));
    assert!(desk.partition.log_mut().begin_sync());
    assert_eq!(desk.end(commit(1)), Ok(TxnEnded::Nothing));
    assert!(desk.partition.log_mut().pages_synced() && desk.ends().is_empty());
    desk.partition.on_pages_synced(&mut desk.effects);
    assert_eq!(desk.ends(), [(2, AckEnd::Committed), (3, AckEnd::Committed)]);
    desk.write(1, 0);
    desk.end(commit(2)).unwrap();
    desk.partition.log_mut().hand_over(&PLACE).unwrap();
    desk.partition.on_no_room(&mut desk.effects);
    assert_eq!(desk.ends(), [(4, AckEnd::NoRoom), (5, AckEnd::NoRoom)]);
}

/// Protects: a reader of committed data is woken by the mark that lets it read, for all that it can read now, and by nothing that
/// it cannot read; others as before.
#[test]
fn readers_of_committed_data_wake_when_their_bound_moves() {
    let mut desk = Desk::new();
    desk.partition.park(FetchToken(1), Isolation::ReadCommitted);
    desk.partition.park(FetchToken(2), Isolation::ReadUncommitted);
    desk.write(0, 0);
    desk.write(0, 1);
    desk.sync();
    let size = batch(0, 0, true).size() as u64;
    assert_eq!(desk.woken(), [(2, 2 * size)]);
    desk.end(commit(1)).unwrap();
    let (mark, _) = (desk.partition.log().tail().after(Offset(2)).next().unwrap().size(), ());
    desk.sync();
    assert_eq!(desk.woken(), [(2, mark), (1, 2 * size + mark)]);
}

/// Protects: DescribeProducers shows who is open, with where it began, and who has ended, by whom; what Kafka would have dropped
/// is left out, but never an open transaction (W-9).
#[test]
fn producers_are_shown_as_long_as_kafka_keeps_them() {
    let mut desk = Desk::new();
    desk.append(batch(0, 0, false), None).unwrap();
    let shown = |desk: &Desk, wall| desk.partition.active_producers(WallTime(wall), Millis(100));
    let plain = ActiveProducer {
        producer_id: ID,
        producer_epoch: ProducerEpoch(0),
        last_sequence: Sequence(0),
        last_timestamp: WallTime(900),
        coordinator_epoch: -1,
        txn_start: None,
    };
    assert_eq!(shown(&desk, 1_099), [plain]);
    assert_eq!(shown(&desk, 1_100), []);
    desk.write(0, 1);
    let open = ActiveProducer { last_sequence: Sequence(1), txn_start: Some(Offset(1)), ..plain };
    assert_eq!(shown(&desk, 999_999), [open]);
    desk.end(commit(1)).unwrap();
    let ended = ActiveProducer {
        producer_epoch: ProducerEpoch(1),
        last_sequence: Sequence(-1),
        last_timestamp: NOW.wall,
        coordinator_epoch: 3,
        ..plain
    };
    assert_eq!(shown(&desk, 1_099), [ended]);
    assert_eq!(shown(&desk, 1_100), []);
}

/// Protects: rules X2 to X5 and T3 keep the tests that notice when they are broken: each known bug fails at the rule's own assertion.
#[test]
fn known_bugs_are_caught() {
    let caught: [(Mutant, fn(), &str); 9] = [
        (Mutant::WriteByAnyConnection, an_earlier_connection_is_late, "right: [false, false, false, true]"),
        (Mutant::NoGuard, nothing_enters_or_leaves_a_transaction, "right: Err(InvalidTxnState)"),
        (Mutant::NoGuard, a_mark_voids_the_guard, "version 1"),
        (Mutant::GuardOutlivesMark, a_mark_voids_the_guard, "version 1"),
        (Mutant::GuardOutlivesMark, a_repeated_mark_voids_the_guard, "right: Err(InvalidTxnState)"),
        (Mutant::RepeatedMarkRefused, a_repeated_mark_waits_for_the_first, "right: Ok(Nothing)"),
        (Mutant::RepeatedMarkRefused, a_mark_of_the_transaction_before_leaves_the_guard, "again"),
        (Mutant::MarkOfAnyCoordinator, marks_that_come_too_late_are_refused, "unwrap_err"),
        (Mutant::StableIsHighWatermark, the_last_stable_offset_waits_for_the_committed_mark, "open"),
    ];
    for (mutant, script, says) in caught {
        let said = mutant.caught_by(script);
        assert!(said.as_ref().is_some_and(|said| said.contains(says)), "{mutant:?}: {said:?}");
    }
}
