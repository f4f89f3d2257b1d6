//! The guard of a producer's first batch of a transaction (X2, X3).
//!
//! Before it is appended, its coordinator is asked whether this partition is part of the transaction. The guard is what the
//! partition hands out before that question and wants to see after it: a mark that was appended meanwhile has cleared it, so
//! that a batch of an ended transaction is refused however late the answer comes. Meanwhile the lowest sequence with which
//! the producer has come is remembered: a later batch does not slip in front of it. The append of a first batch clears the
//! guard too: from then on the open transaction is the proof. Batches that are on their way together share the guard: one of
//! them that the coordinator refuses, for it was held too long, takes nothing from the others. A mark of `transaction.version` 2
//! has the epoch of the next transaction, whose first batch may be held back at the coordinator until this mark is written: its
//! guard stays.
//!
//! In memory alone, and gone with the leadership. *Invariant*: at most [`PRODUCERS_MAX`] producers are remembered, about 150
//! bytes each; of one more the oldest guard is void, and its batch is refused as one of no transaction.
//! Source: KIP-890; `VerificationGuard`, `VerificationStateEntry` of Kafka 4.3.1. One difference: a newer epoch gets a new
//! guard. Tests: `tests/transactions.rs`.

use crate::{EndTxn, Partition};
use log::producers::ProducerEntry;
use std::collections::BTreeMap;
use types::{Mutant, ProducerEpoch, ProducerId, Sequence};
use wire::record::BatchHeader;

/// Most producers whose first batches may be under verification.
const PRODUCERS_MAX: usize = 1000;

/// Names one verification of one producer here. *Invariant*: never handed out again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct VerificationGuard(pub u64);

/// Whether a batch has to be verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verification {
    /// The producer's transaction is open here: its coordinator knows of this partition.
    AlreadyOpen,
    /// Ask the coordinator, and append with this guard.
    Begun(VerificationGuard),
}

/// The verifications under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verifications {
    producers: BTreeMap<ProducerId, Pending>,
    /// Oldest first.
    by_age: BTreeMap<VerificationGuard, ProducerId>,
    last: u64,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    guard: VerificationGuard,
    epoch: ProducerEpoch,
    lowest: Sequence,
    /// Batches whose answer is awaited, or was good.
    batches: u32,
}

impl Verifications {
    fn begin(&mut self, id: ProducerId, epoch: ProducerEpoch, first: Sequence) -> VerificationGuard {
        match self.producers.get_mut(&id) {
            Some(pending) if pending.epoch == epoch => {
                pending.lowest = pending.lowest.min(first);
                pending.batches += 1;
                return pending.guard;
            }
            // Its append fails whatever the coordinator says: a newer incarnation has come.
            Some(pending) if pending.epoch > epoch => return self.next(),
            _ => {}
        }
        self.end(id);
        let guard = self.next();
        self.producers.insert(id, Pending { guard, epoch, lowest: first, batches: 1 });
        self.by_age.insert(guard, id);
        if self.producers.len() > PRODUCERS_MAX
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.producers.remove(&oldest);
        }
        guard
    }

    fn next(&mut self) -> VerificationGuard {
        self.last += 1;
        VerificationGuard(self.last)
    }

    /// Returns the lowest sequence of the verification that a batch was appended with, if that is the one under way.
    pub(crate) fn verified(
        &self,
        header: &BatchHeader,
        guard: Option<VerificationGuard>,
    ) -> Option<Sequence> {
        let pending = self.producers.get(&header.producer_id)?;
        let is_it = Some(pending.guard) == guard && pending.epoch == header.producer_epoch;
        is_it.then_some(pending.lowest)
    }

    /// Makes a guard void whose transaction may be the one that a mark ends.
    pub(crate) fn on_mark(&mut self, end: &EndTxn) {
        let is_of_the_next = |pending: &Pending| {
            end.transaction_version.has_epoch_per_transaction() && pending.epoch >= end.producer_epoch
        };
        let stays = self.producers.get(&end.producer_id).is_some_and(is_of_the_next);
        if !stays && !Mutant::GuardOutlivesMark.is_on() {
            self.end(end.producer_id);
        }
    }

    /// Makes a producer's guard void.
    pub(crate) fn end(&mut self, id: ProducerId) {
        if let Some(pending) = self.producers.remove(&id) {
            self.by_age.remove(&pending.guard);
        }
    }

    /// Makes all guards void; none is handed out again.
    pub(crate) fn end_all(&mut self) {
        self.producers.clear();
        self.by_age.clear();
    }
}

impl Partition {
    /// Says whether a transactional batch that begins with this sequence has to be verified with the producer's coordinator.
    pub fn begin_verification(
        &mut self,
        id: ProducerId,
        epoch: ProducerEpoch,
        first: Sequence,
    ) -> Verification {
        let is_part = |entry: &ProducerEntry| entry.open_txn.is_some() && entry.epoch == epoch;
        match self.log.producers().get(id).is_some_and(is_part) {
            true => Verification::AlreadyOpen,
            false => Verification::Begun(self.verifications.begin(id, epoch, first)),
        }
    }

    /// A batch is not appended, for its verification has failed; the last one of a guard makes it void.
    pub fn end_verification(&mut self, id: ProducerId, guard: VerificationGuard) {
        let Some(pending) = self.verifications.producers.get_mut(&id).filter(|p| p.guard == guard) else {
            return;
        };
        pending.batches -= 1;
        if pending.batches == 0 {
            self.verifications.end(id);
        }
    }
}
