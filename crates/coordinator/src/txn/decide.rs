//! What a request comes to, given what is known of its transactional id. *Source*: KIP-98, 360, 588, 890; Kafka 4.3.1,
//! TransactionCoordinator and TransactionMetadata, by what it answers (golden/exchange). Tests: tests/txn/.
//!
//! Differs from Kafka: a producer that goes on with another epoch than that of the open transaction is fenced, and does not
//! abort it: it may be a packet that was delayed (X1).
//! An end is a repeat only of one that has raised this very epoch (T7), and nobody is told the last epoch (P10).

use super::request::{Producer, TxnAnswer};
use super::state::{EPOCH_MAX, Protocol, Txn, TxnClient, TxnPartitions, TxnState, is_exhausted};
use std::sync::Arc;
use types::{ErrorCode, Millis, Mutant, ProducerEpoch, ProducerId, WallTime};

/// No epoch.
const NO_EPOCH: ProducerEpoch = ProducerEpoch(-1);
/// When a transaction began that never did.
const NEVER: WallTime = WallTime(-1);

/// What is to be done.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing is written.
    Say(TxnAnswer),
    /// This is written; then that is said.
    Write(Arc<Txn>, TxnAnswer),
    /// The transaction is aborted first, under an epoch that fences its producer; then it is decided again.
    Abort(Arc<Txn>),
    /// An end is on its way: it is decided again when that is done.
    Hold,
}

type Decided = Result<Step, ErrorCode>;

fn write(txn: Txn, answer: TxnAnswer) -> Decided {
    Ok(Step::Write(Arc::new(txn), answer))
}

/// A client's producer begins, or goes on.
pub(super) fn init(
    known: Option<&Txn>,
    (timeout, expected, fresh): (Millis, Option<Producer>, Option<ProducerId>),
    client: &TxnClient,
    now: WallTime,
) -> Decided {
    let Some(txn) = known else {
        let Some(id) = fresh else { return Ok(Step::Say(TxnAnswer::NeedsId)) };
        return begin(first(id, timeout, client, now));
    };
    if !expected.is_none_or(|expected| may_go_on(txn, expected)) {
        return Err(ErrorCode::ProducerFenced);
    }
    if txn.state.is_ending() {
        return Ok(Step::Hold);
    }
    if txn.state == TxnState::Ongoing {
        let is_its = |expected: Producer| expected == Producer { id: txn.producer, epoch: txn.epoch };
        return if expected.is_none_or(is_its) {
            Ok(Step::Abort(Arc::new(fence(txn, now))))
        } else {
            Err(ErrorCode::ProducerFenced)
        };
    }
    let last = expected.map_or(NO_EPOCH, |expected| expected.epoch);
    let idle = Txn {
        previous: txn.producer,
        next: ProducerId::NONE,
        timeout,
        state: TxnState::Empty,
        partitions: Arc::default(),
        started: NEVER,
        updated: now,
        client: client.clone(),
        ..txn.clone()
    };
    // Nobody is given the last epoch: it is there to fence whoever has the one before it.
    let asks_again = last == txn.last_epoch && txn.epoch.0 == EPOCH_MAX;
    let goes_on = expected.is_none_or(|expected| expected.epoch == txn.epoch) || asks_again;
    if txn.is_exhausted() && goes_on {
        let Some(id) = fresh else { return Ok(Step::Say(TxnAnswer::NeedsId)) };
        return begin(Txn { producer: id, epoch: ProducerEpoch(0), last_epoch: last, ..idle });
    }
    if expected.is_none() || last == txn.epoch {
        return begin(Txn { epoch: next_epoch(txn.epoch), last_epoch: last, ..idle });
    }
    // It asks again for what it was given and has not heard (X9), however often.
    let again = Txn { previous: txn.previous, ..idle };
    if last == txn.last_epoch { begin(again) } else { Err(ErrorCode::ProducerFenced) }
}

fn begin(txn: Txn) -> Decided {
    let producer = Producer { id: txn.producer, epoch: txn.epoch };
    write(txn, TxnAnswer::Producer(producer))
}

fn first(id: ProducerId, timeout: Millis, client: &TxnClient, now: WallTime) -> Txn {
    Txn {
        producer: id,
        epoch: ProducerEpoch(0),
        last_epoch: NO_EPOCH,
        previous: ProducerId::NONE,
        next: ProducerId::NONE,
        timeout,
        state: TxnState::Empty,
        partitions: Arc::default(),
        started: NEVER,
        updated: now,
        protocol: Protocol::V1,
        client: client.clone(),
    }
}

/// Says whether a producer may be the one that is known: itself, or itself before its epochs were used up.
fn may_go_on(txn: &Txn, expected: Producer) -> bool {
    expected.id == txn.producer
        || is_for_the_next(txn, expected)
        || (expected.id == txn.previous && is_exhausted(expected.epoch))
}

fn next_epoch(epoch: ProducerEpoch) -> ProducerEpoch {
    ProducerEpoch(epoch.0.saturating_add(1))
}

/// Returns who the producer is from the end of this transaction on.
fn after(txn: &Txn) -> Producer {
    match txn.next {
        ProducerId::NONE => Producer { id: txn.producer, epoch: txn.epoch },
        next => Producer { id: next, epoch: ProducerEpoch(0) },
    }
}

/// Says whether a producer was told that this transaction ends, and asks for its next one while it does.
fn is_for_the_next(txn: &Txn, producer: Producer) -> bool {
    txn.state.is_ending() && producer == after(txn)
}

/// Checks who asks.
fn of(known: Option<&Txn>, producer: Producer) -> Result<&Txn, ErrorCode> {
    let is_known = |txn: &&Txn| txn.producer == producer.id || is_for_the_next(txn, producer);
    let txn = known.filter(is_known).ok_or(ErrorCode::InvalidProducerIdMapping)?;
    if txn.epoch == producer.epoch || is_for_the_next(txn, producer) {
        Ok(txn)
    } else {
        Err(ErrorCode::ProducerFenced)
    }
}

/// Partitions become part of the transaction.
pub(super) fn add(
    known: Option<&Txn>,
    producer: Producer,
    partitions: &TxnPartitions,
    protocol: Protocol,
    now: WallTime,
) -> Decided {
    let txn = of(known, producer)?;
    if txn.state.is_ending() {
        return Ok(Step::Hold);
    }
    let mut all = TxnPartitions::clone(&txn.partitions);
    for (topic, more) in partitions {
        all.entry(topic.clone()).or_default().extend(more);
    }
    if txn.state == TxnState::Ongoing && all == *txn.partitions {
        return Ok(Step::Say(TxnAnswer::Done));
    }
    let started = if txn.state == TxnState::Ongoing { txn.started } else { now };
    let (state, previous) = (TxnState::Ongoing, txn.producer);
    let ongoing =
        Txn { state, previous, partitions: Arc::new(all), started, updated: now, protocol, ..txn.clone() };
    write(ongoing, TxnAnswer::Done)
}

/// Are these partitions part of the transaction?
pub(super) fn verify(known: Option<&Txn>, producer: Producer, partitions: &TxnPartitions) -> Decided {
    let txn = of(known, producer)?;
    if txn.state.is_ending() {
        return Ok(Step::Hold);
    }
    let has = |topic, partition| {
        let there = txn.partitions.get(topic).is_some_and(|there| there.contains(partition));
        if there { ErrorCode::None } else { ErrorCode::TransactionAbortable }
    };
    let codes =
        partitions.iter().flat_map(|(topic, each)| each.iter().map(move |partition| has(topic, partition)));
    Ok(Step::Say(TxnAnswer::Partitions(codes.collect())))
}

/// The transaction ends.
pub(super) fn end(
    known: Option<&Txn>,
    producer: Producer,
    (commit, protocol, fresh): (bool, Protocol, Option<ProducerId>),
    now: WallTime,
) -> Decided {
    let txn = known.ok_or(ErrorCode::InvalidProducerIdMapping)?;
    let is_taken = Mutant::EndOfAnyEpoch.is_on() && txn.state == TxnState::Ongoing;
    let producer = if is_taken { Producer { epoch: txn.epoch, ..producer } } else { producer };
    if protocol == Protocol::V2 && is_for_the_next(txn, producer) {
        return Ok(Step::Hold);
    }
    let is_before = producer.epoch.0.checked_add(1) == Some(txn.epoch.0) && producer.id == txn.producer;
    let is_before_new_id =
        producer.id == txn.previous && producer.epoch.0 == EPOCH_MAX - 1 && txn.epoch.0 == 0;
    // Its epoch was raised by the end that it asks for; where nothing was ended, or another one's epoch, by a producer that has
    // begun again.
    let has_ended = txn.state != TxnState::Empty && txn.last_epoch == producer.epoch;
    let is_repeat = protocol == Protocol::V2 && has_ended && (is_before || is_before_new_id);
    if producer.id != txn.producer && !is_before_new_id {
        return Err(ErrorCode::InvalidProducerIdMapping);
    }
    if !is_repeat && (producer.epoch != txn.epoch || producer.id != txn.producer) {
        return Err(ErrorCode::ProducerFenced);
    }
    let ends_so = match txn.state {
        TxnState::PrepareCommit | TxnState::CompleteCommit => Some(true),
        TxnState::PrepareAbort | TxnState::CompleteAbort => Some(false),
        TxnState::Empty | TxnState::Ongoing => None,
    };
    match txn.state {
        TxnState::Ongoing if is_repeat => Err(ErrorCode::ProducerFenced),
        TxnState::Ongoing => prepare(txn, (commit, protocol, fresh), now),
        _ if txn.state.is_ending() && ends_so == Some(commit) => Ok(Step::Hold),
        _ if txn.state.is_ending() => Err(ErrorCode::InvalidTxnState),
        _ if protocol == Protocol::V1 || is_repeat => {
            let is_old = is_before_new_id && Mutant::OverflowRepeatNamesOldId.is_on();
            let id = if is_old { txn.previous } else { txn.producer };
            if ends_so == Some(commit) {
                after_end(txn, id, fresh, now)
            } else {
                Err(ErrorCode::InvalidTxnState)
            }
        }
        // Nothing was written: there is nothing to commit, but the producer may have lost what it sent.
        _ if commit => Err(ErrorCode::InvalidTxnState),
        _ => prepare(&Txn { started: now, ..txn.clone() }, (false, protocol, fresh), now),
    }
}

/// Says who the producer is after an end that it asks for again; one that was fenced with the last epoch gets a new id (P10).
fn after_end(txn: &Txn, id: ProducerId, fresh: Option<ProducerId>, now: WallTime) -> Decided {
    if txn.epoch.0 < EPOCH_MAX {
        return Ok(Step::Say(TxnAnswer::Producer(Producer { id, epoch: txn.epoch })));
    }
    let Some(fresh) = fresh else { return Ok(Step::Say(TxnAnswer::NeedsId)) };
    begin(Txn { producer: fresh, epoch: ProducerEpoch(0), previous: id, updated: now, ..txn.clone() })
}

fn prepare(
    txn: &Txn,
    (commit, protocol, fresh): (bool, Protocol, Option<ProducerId>),
    now: WallTime,
) -> Decided {
    let state = if commit { TxnState::PrepareCommit } else { TxnState::PrepareAbort };
    let mut ending = Txn { state, previous: txn.producer, updated: now, protocol, ..txn.clone() };
    if protocol == Protocol::V2 {
        (ending.epoch, ending.last_epoch) = (next_epoch(txn.epoch), txn.epoch);
        if txn.is_exhausted() {
            let Some(id) = fresh else { return Ok(Step::Say(TxnAnswer::NeedsId)) };
            ending.next = id;
        }
    }
    let after = after(&ending);
    let id = if Mutant::OverflowNamesOldId.is_on() { txn.producer } else { after.id };
    write(ending, TxnAnswer::Producer(Producer { id, epoch: after.epoch }))
}

/// Aborts, under an epoch that the producer does not have.
pub(super) fn fence(txn: &Txn, now: WallTime) -> Txn {
    let is_twice = Mutant::EpochRaisedTwice.is_on();
    Txn {
        state: TxnState::PrepareAbort,
        previous: txn.producer,
        epoch: if is_twice { ProducerEpoch(txn.epoch.0.wrapping_add(2)) } else { next_epoch(txn.epoch) },
        last_epoch: txn.epoch,
        updated: now,
        ..txn.clone()
    }
}

/// Returns what a transaction is once its end is everywhere.
pub(super) fn complete(txn: &Txn, now: WallTime) -> Txn {
    let is_commit = txn.state == TxnState::PrepareCommit;
    let Producer { id, epoch } = after(txn);
    Txn {
        producer: id,
        epoch,
        previous: txn.producer,
        next: ProducerId::NONE,
        state: if is_commit { TxnState::CompleteCommit } else { TxnState::CompleteAbort },
        partitions: Arc::default(),
        updated: now,
        ..txn.clone()
    }
}
