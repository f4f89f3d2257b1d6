//! A partition under random transactions, marks, syncs, truncations and restarts, against a model and a full scan.
//!
//! Several producers of one partition, each with an epoch of its own for each transaction (TV2) or one for all (TV1), a coordinator
//! that ends them, that repeats itself, and that is late. After each step: what is open, the aborted list and the last stable offset
//! are those of a scan of all batches, the last stable offset has not gone back, nobody is answered before his batch is durable,
//! and what came too late is in no transaction but its own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use log::log::Log;
use log::producers::AbortedTxn;
use log::wal::Frame;
use partition::{
    AckEnd, AckToken, AppendInput, Effect, EndTxn, EndTxnInput, Leadership, Origin, Partition, ReplicaSet,
    RequiredAcks, TransactionVersion, TxnEnded, Verification, VerificationGuard,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::{BTreeMap, BTreeSet};
use types::{
    BrokerId, ErrorCode, LeaderEpoch, LogKey, Monotonic, Now, Offset, PartitionEpoch, ProducerEpoch,
    ProducerId, Sequence, WallTime,
};
use wire::record::{Batch, BatchBuilder, Codec, ControlKind, ControlRecord, Records};

const NOW: Now = Now { mono: Monotonic(0), wall: WallTime(1_000) };

#[derive(Clone, Debug)]
enum Step {
    /// Begins or goes on with its transaction.
    Write {
        id: i64,
    },
    /// Sends the first batch of a transaction that has ended since its verification began.
    Late {
        id: i64,
    },
    End {
        id: i64,
        commit: bool,
    },
    /// Sends the last mark again, or that of the transaction before.
    Repeat {
        id: i64,
        stale: bool,
    },
    /// A coordinator takes over.
    Elect,
    Plain {
        id: i64,
    },
    Sync {
        but: u64,
    },
    Truncate {
        back: usize,
    },
    /// The process ends; what was synced comes back.
    Restart,
    Retain,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..4i64).prop_map(|id| Step::Write { id }),
        2 => (0..4i64).prop_map(|id| Step::Late { id }),
        5 => (0..4i64, any::<bool>()).prop_map(|(id, commit)| Step::End { id, commit }),
        3 => (0..4i64, any::<bool>()).prop_map(|(id, stale)| Step::Repeat { id, stale }),
        1 => Just(Step::Elect),
        1 => (0..4i64).prop_map(|id| Step::Plain { id }),
        4 => (0..4u64).prop_map(|but| Step::Sync { but }),
        1 => (0..4usize).prop_map(|back| Step::Truncate { back }),
        1 => Just(Step::Restart),
        1 => Just(Step::Retain),
    ]
}

/// What a producer and its coordinator know.
#[derive(Clone, Copy, Debug, Default)]
struct Producer {
    epoch: i16,
    /// A transaction has begun.
    is_open: bool,
    last_mark: Option<EndTxn>,
    mark_before: Option<EndTxn>,
    /// The guard of a verification that has begun and not ended, with the epoch it was for.
    late: Option<(VerificationGuard, i16)>,
}

struct World {
    partition: Partition,
    effects: Vec<Effect>,
    frames: Vec<Frame>,
    producers: BTreeMap<i64, Producer>,
    coordinator_epoch: i32,
    last_token: u64,
    /// Who waits, and the end of his batch; of a repeated mark, that of the first is somewhere before.
    waiting: BTreeMap<AckToken, Option<Offset>>,
    stable: Offset,
    serial: i64,
}

fn leadership() -> Leadership {
    let me = BrokerId(1);
    let replicas = ReplicaSet::new(vec![me], vec![me], PartitionEpoch(0));
    Leadership { broker: me, leader: Some(me), leader_epoch: LeaderEpoch(1), replicas, min_isr: 1 }
}

/// Even ones have an epoch for each transaction.
fn version_of(id: i64) -> TransactionVersion {
    TransactionVersion(if id % 2 == 0 { 2 } else { 1 })
}

impl World {
    fn new() -> World {
        World {
            partition: Partition::new(Log::new(LogKey::default()), leadership()),
            effects: Vec::new(),
            frames: Vec::new(),
            producers: BTreeMap::new(),
            coordinator_epoch: 0,
            last_token: 0,
            waiting: BTreeMap::new(),
            stable: Offset::ZERO,
            serial: 0,
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Write { id } => self.write(id),
            Step::Late { id } => self.late(id),
            Step::End { id, commit } => self.end(id, commit),
            Step::Repeat { id, stale } => self.repeat(id, stale),
            Step::Elect => self.coordinator_epoch += 1,
            Step::Plain { id } => self.plain(id),
            Step::Sync { but } => self.sync(but),
            Step::Truncate { back } => self.truncate(back),
            Step::Restart => self.restart(),
            Step::Retain => self.retain(),
        }
        self.check();
    }

    fn producer(&mut self, id: i64) -> &mut Producer {
        self.producers.entry(id).or_default()
    }

    fn next_sequence(&self, id: i64, epoch: i16) -> i32 {
        let entry = self.partition.log().producers().get(ProducerId(id));
        let last = entry.filter(|entry| entry.epoch.0 == epoch).and_then(|entry| entry.window.last());
        last.map_or(0, |last| last.last_sequence().0 + 1)
    }

    fn batch(&mut self, id: i64, epoch: i16, transactional: bool) -> Batch {
        self.serial += 1;
        let sequence = Sequence(self.next_sequence(id, epoch));
        let builder = BatchBuilder::new(Codec::None).producer(ProducerId(id), ProducerEpoch(epoch), sequence);
        let mut builder = builder.transactional(transactional);
        builder.push(WallTime(self.serial), None, Some(b"value"), &[]);
        Batch::from_wire(&builder.build().unwrap()).unwrap()
    }

    fn append(&mut self, batch: Batch, guard: Option<VerificationGuard>) -> Result<Offset, ErrorCode> {
        self.last_token += 1;
        let (token, acks) = (AckToken(self.last_token), RequiredAcks::All);
        let input = AppendInput {
            batch,
            acks,
            origin: Origin::Client,
            max_producers: 10,
            resume: None,
            guard,
            token,
        };
        let appended = self.partition.append(input, NOW, &mut self.effects);
        let base = appended.map_err(|refused| refused.code())?.base;
        self.waiting.insert(token, Some(base.plus(1)));
        Ok(base)
    }

    fn begin(&mut self, id: i64, epoch: i16) -> Option<VerificationGuard> {
        let first = Sequence(self.next_sequence(id, epoch));
        match self.partition.begin_verification(ProducerId(id), ProducerEpoch(epoch), first) {
            Verification::AlreadyOpen => None,
            Verification::Begun(guard) => Some(guard),
        }
    }

    fn write(&mut self, id: i64) {
        let epoch = self.producer(id).epoch;
        let guard = self.begin(id, epoch);
        let batch = self.batch(id, epoch, true);
        self.append(batch, guard).unwrap();
        self.producer(id).is_open = true;
        // Another verification of the same producer begins, whose answer is late.
        if let Some(guard) = guard {
            self.producer(id).late = Some((guard, epoch));
        }
    }

    /// A batch of an ended transaction never gets in, nor one whose guard is of another verification.
    fn late(&mut self, id: i64) {
        let producer = *self.producer(id);
        let Some((guard, epoch)) = producer.late.filter(|_| !producer.is_open) else { return };
        let batch = self.batch(id, epoch, true);
        let refused = self.append(batch, Some(guard)).unwrap_err();
        let codes = [ErrorCode::InvalidTxnState, ErrorCode::InvalidProducerEpoch];
        assert!(codes.contains(&refused), "{refused:?}");
    }

    fn end_txn(&mut self, end: EndTxn) -> Result<TxnEnded, ErrorCode> {
        self.last_token += 1;
        let token = AckToken(self.last_token);
        let input = EndTxnInput { end, max_producers: 10, token };
        let ended =
            self.partition.end_txn(input, NOW, &mut self.effects).map_err(|refused| refused.code())?;
        let end = match ended {
            TxnEnded::Written(offset) => Some(offset.plus(1)),
            TxnEnded::Nothing => None,
        };
        self.waiting.insert(token, end);
        Ok(ended)
    }

    fn end(&mut self, id: i64, commit: bool) {
        let (producer, coordinator_epoch) = (*self.producer(id), self.coordinator_epoch);
        let transaction_version = version_of(id);
        let epoch = producer.epoch + i16::from(transaction_version.has_epoch_per_transaction());
        let end = EndTxn {
            producer_id: ProducerId(id),
            producer_epoch: ProducerEpoch(epoch),
            kind: if commit { ControlKind::Commit } else { ControlKind::Abort },
            coordinator_epoch,
            transaction_version,
        };
        if !producer.is_open {
            return;
        }
        assert!(matches!(self.end_txn(end), Ok(TxnEnded::Written(_))));
        let last_mark = producer.last_mark;
        let new =
            Producer { epoch, is_open: false, last_mark: Some(end), mark_before: last_mark, ..producer };
        self.producers.insert(id, new);
    }

    /// A mark that was written already does not end another transaction, and appends nothing.
    fn repeat(&mut self, id: i64, stale: bool) {
        let producer = *self.producer(id);
        let mark = if stale { producer.mark_before } else { producer.last_mark };
        // Of TV1 a repeat cannot be told from the end of the next transaction: its coordinator sends none by then.
        let Some(mark) = mark.filter(|_| !producer.is_open || id % 2 == 0) else { return };
        let change = self.partition.log().change();
        match self.end_txn(mark) {
            Ok(ended) => assert_eq!(ended, TxnEnded::Nothing),
            Err(code) => assert!(
                [ErrorCode::InvalidProducerEpoch, ErrorCode::TransactionCoordinatorFenced].contains(&code),
                "{code:?}"
            ),
        }
        assert_eq!(self.partition.log().change(), change);
    }

    fn plain(&mut self, id: i64) {
        let producer = *self.producer(id);
        let batch = self.batch(id, producer.epoch, false);
        let outcome = self.append(batch, None);
        assert_eq!(outcome.is_err(), producer.is_open, "{outcome:?}");
        if let Err(code) = outcome {
            assert_eq!(code, ErrorCode::InvalidTxnState);
        }
    }

    fn sync(&mut self, but: u64) {
        let change = self.partition.log().change();
        let through = change.saturating_sub(but).max(self.partition.log().durable_change());
        self.partition.on_durable(through, &mut self.effects);
    }

    /// Takes the last batches away that are not committed: what their producers know goes back with them.
    fn truncate(&mut self, back: usize) {
        let mark = self.partition.pointers().high_watermark;
        let bases: Vec<Offset> = self.partition.log().tail().after(mark).map(|batch| batch.base()).collect();
        let Some(to) = bases.into_iter().rev().nth(back) else { return };
        self.partition.truncate(to, &mut self.effects);
        self.keep_frames();
        self.relearn();
    }

    fn restart(&mut self) {
        self.keep_frames();
        let durable = self.partition.log().durable_change();
        self.frames.retain(|frame| frame.change <= durable);
        let mut log = Log::new(LogKey::default());
        for frame in &self.frames {
            log.replay(frame, NOW.wall).unwrap();
        }
        log.recovered();
        log.assert_invariants();
        self.partition = Partition::new(log, leadership());
        self.waiting.clear();
        self.relearn();
    }

    fn retain(&mut self) {
        let (retention_ms, clock) = (None, log::retain::ClockState::Steady);
        let rules =
            log::retain::RetainRules { retention_ms, retention_bytes: Some(0), max_segments: 1, clock };
        let before = self.partition.pointers();
        self.partition.retain(&rules, NOW.wall, &mut self.effects);
        let start = self.partition.pointers().log_start;
        assert!(start <= before.last_stable.max(before.log_start), "{before:?}");
    }

    /// Coordinators and producers go on with what the log has.
    fn relearn(&mut self) {
        for (id, producer) in &mut self.producers {
            let entry = self.partition.log().producers().get(ProducerId(*id));
            *producer = Producer {
                epoch: entry.map_or(0, |entry| entry.epoch.0),
                is_open: entry.is_some_and(|entry| entry.open_txn.is_some()),
                ..Producer::default()
            };
        }
    }

    fn keep_frames(&mut self) {
        for effect in std::mem::take(&mut self.effects) {
            match effect {
                Effect::Wal(frame) => self.frames.push(frame),
                Effect::Acked { token, end } => {
                    let end_of = self.waiting.remove(&token).unwrap();
                    let committed = |end| end <= self.partition.pointers().high_watermark;
                    assert!(end_of.is_none_or(|at| (end == AckEnd::Committed) == committed(at)), "{end:?}");
                }
                Effect::Buffered | Effect::Wake { .. } => panic!("nobody waits, and nothing is buffered"),
            }
        }
    }

    fn check(&mut self) {
        self.keep_frames();
        let (log, pointers) = (self.partition.log(), self.partition.pointers());
        log.assert_invariants();
        assert!(pointers.are_ordered() && pointers.last_stable >= self.stable, "{pointers:?}");
        self.stable = pointers.last_stable;
        let batches: Vec<Batch> = log.tail().after(Offset::ZERO).map(|batch| batch.batch.clone()).collect();
        if pointers.log_start == Offset::ZERO {
            let scan = scan(&batches, pointers.high_watermark);
            assert_eq!(log.producers().first_open(), scan.open.values().min().copied());
            assert_eq!(log.aborted(), scan.aborted);
            assert_eq!(pointers.last_stable, scan.stable.min(pointers.high_watermark));
        }
        let open: BTreeSet<i64> =
            self.producers.iter().filter(|(_, p)| p.is_open).map(|(id, _)| *id).collect();
        let known = log.producers().iter().filter(|(_, entry)| entry.open_txn.is_some());
        assert_eq!(known.map(|(id, _)| id.0).collect::<BTreeSet<_>>(), open);
        no_data_behind_its_mark(&batches);
    }
}

#[derive(Debug)]
struct Scan {
    open: BTreeMap<ProducerId, Offset>,
    aborted: Vec<AbortedTxn>,
    /// The begin of the oldest transaction whose mark is not below the high watermark.
    stable: Offset,
}

fn scan(batches: &[Batch], mark: Offset) -> Scan {
    let mut scan = Scan { open: BTreeMap::new(), aborted: Vec::new(), stable: Offset(i64::MAX) };
    for batch in batches {
        let (header, kind) = (*batch.header(), kind_of(batch));
        let base = header.base_offset;
        if kind.is_none() && header.is_transactional() {
            scan.open.entry(header.producer_id).or_insert(base);
        }
        let Some((kind, first_offset)) =
            kind.and_then(|kind| Some((kind, scan.open.remove(&header.producer_id)?)))
        else {
            continue;
        };
        if base >= mark {
            scan.stable = scan.stable.min(first_offset);
        }
        if kind == ControlKind::Abort {
            let last_stable_offset = scan.open.values().min().copied().unwrap_or(base.plus(1));
            let producer_id = header.producer_id;
            scan.aborted.push(AbortedTxn {
                last_offset: base,
                first_offset,
                producer_id,
                last_stable_offset,
            });
        }
    }
    scan.stable = scan.open.values().copied().chain([scan.stable]).min().unwrap();
    scan
}

fn kind_of(batch: &Batch) -> Option<ControlKind> {
    if !batch.header().is_control() {
        return None;
    }
    let record = Records::open(&batch.to_bytes(), 1 << 16).unwrap().next()?.unwrap();
    ControlRecord::decode(&record).map(|control| control.kind)
}

/// T4, T6: with an epoch for each transaction, nothing of an epoch stands behind a mark of a higher one; nor of a lower epoch
/// behind a higher one at all.
fn no_data_behind_its_mark(batches: &[Batch]) {
    let mut epochs: BTreeMap<ProducerId, ProducerEpoch> = BTreeMap::new();
    for header in batches.iter().map(Batch::header) {
        let newest = epochs.entry(header.producer_id).or_insert(header.producer_epoch);
        assert!(header.producer_epoch >= *newest, "{header:?}");
        *newest = header.producer_epoch;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    /// Protects: T2, T3, T4, T6, X2, X4: after any steps in any order, restarts and truncations among them, what a partition knows of
    /// its transactions is what a scan of all its batches finds, and nothing of an ended transaction gets in.
    #[test]
    fn transactions_are_what_a_scan_finds(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
    }
}
