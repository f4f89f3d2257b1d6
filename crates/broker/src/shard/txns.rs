//! Transactions as the partitions of a shard see them: marks, verifications, and who has one open.
//!
//! What a call of a coordinator ends here comes as one message and becomes frames of one turn, which the write-ahead log
//! takes as one group. A mark is answered once it is committed, in a page-cache log once it is synced. What decides is
//! `partition`. Tests: shard/txns/tests.rs, tests/storage/transactions.rs.

use super::Shard;
use super::message::{AppendAnswer, AppendReply};
use crate::jobs::Job;
use crate::unwritten::Claim;
use log::segments::{SegmentId, SegmentMeta};
use log::txn_index::TxnIndexMeta;
use log::wal::Reservation;
use partition::{
    ActiveProducer, AppendRefused, EndTxn, EndTxnInput, Partition, RequiredAcks, TxnEnded, Verification,
    VerificationGuard,
};
use std::sync::Arc;
use tokio::sync::{Notify, oneshot};
use types::{ErrorCode, LogKey, Now, Offset, ProducerEpoch, ProducerId, Sequence};

/// Marks of one call of a coordinator, all of one shard.
pub(crate) struct WriteMarkers {
    /// The marks. *Invariant*: no partition has two of one producer.
    pub(crate) markers: Vec<Marker>,
    /// Room in the write-ahead log; given back when every mark is durable or given up.
    pub(crate) room: Arc<Reservation>,
    /// Room in memory; given back when the logs have taken the marks over.
    pub(crate) claim: Arc<Claim>,
    /// Where the answers go, in the order of `markers`, once all of them are known.
    pub(crate) reply: AppendReply,
}

/// One mark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marker {
    /// Where.
    pub(crate) key: LogKey,
    /// What.
    pub(crate) end: EndTxn,
    /// A client has sent it: whatever it says, it makes no coordinator and no producer older than they are.
    pub(crate) of_client: bool,
}

/// First batches of one Produce request, all of one shard.
pub(crate) struct BeginVerification {
    /// The batches.
    pub(crate) parts: Vec<Unverified>,
    /// Where the answers go, in the order of `parts`.
    pub(crate) reply: oneshot::Sender<Vec<Begun>>,
}

/// What is to be done before a transactional batch is appended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Begun {
    /// Nothing: its transaction is open there.
    Open,
    /// Its coordinator is asked; it is appended with this guard.
    Ask(VerificationGuard),
    /// It is refused.
    Refused(ErrorCode),
    /// It has come by a connection that its producer has given up.
    Late,
}

/// A transactional batch whose transaction may not be open where it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unverified {
    /// Where it goes.
    pub(crate) key: LogKey,
    /// Whose it is.
    pub(crate) producer_id: ProducerId,
    /// Of which incarnation.
    pub(crate) producer_epoch: ProducerEpoch,
    /// Its first sequence.
    pub(crate) first: Sequence,
    /// By which connection it has come, where its epoch does not tell what was delayed.
    pub(crate) connection: Option<u64>,
}

/// Verifications that have failed: their batches are not appended.
pub(crate) struct EndVerification(pub(crate) Vec<(LogKey, ProducerId, VerificationGuard)>);

/// A question for the producers of a partition.
pub(crate) struct DescribeProducers {
    /// Which.
    pub(crate) key: LogKey,
    /// Most that there is room for.
    pub(crate) most: usize,
    /// Where they go, or Kafka's code.
    pub(crate) reply: oneshot::Sender<Result<Producers, ErrorCode>>,
}

/// The producers of a partition.
#[derive(Debug)]
pub(crate) enum Producers {
    /// All of them.
    All(Vec<ActiveProducer>),
    /// There are so many at most, which is more than there is room for.
    TooMany(usize),
}

impl Producers {
    /// Returns how many there are, or may be.
    pub(crate) fn len(&self) -> usize {
        match self {
            Producers::All(producers) => producers.len(),
            Producers::TooMany(count) => *count,
        }
    }
}

impl Shard {
    pub(super) fn on_write_markers(&mut self, message: WriteMarkers, now: Now) {
        let WriteMarkers { markers, room, claim, reply } = message;
        let request = self.produces.begin(markers.len(), room, reply);
        for marker in markers {
            self.write_marker(request, marker, now);
        }
        drop(claim);
        self.produces.finish_if_complete(request, &self.router);
    }

    fn write_marker(&mut self, request: u64, Marker { key, end, of_client }: Marker, now: Now) {
        let (token, max_producers) = (self.produces.token(), self.settings.max_producers);
        let mut effects = std::mem::take(&mut self.spare_effects);
        let ended = match self.partitions.get_mut(&key) {
            None => Err(self.absent(key)),
            Some(slot) => {
                let log_start = slot.partition.pointers().log_start;
                let end = if of_client { no_newer(end, &slot.partition) } else { end };
                let ended =
                    slot.partition.end_txn(EndTxnInput { end, max_producers, token }, now, &mut effects);
                ended.map(|ended| (ended, log_start)).map_err(|refused: AppendRefused| {
                    tracing::debug!(partition = %key, producer = end.producer_id.0, %refused, "a transaction is not ended");
                    refused.code()
                })
            }
        };
        let answer = match ended {
            Ok((TxnEnded::Written(base), log_start)) => Ok((base, log_start)),
            Ok((TxnEnded::Nothing, log_start)) => Ok((Offset::NONE, log_start)),
            Err(code) => Err(AppendAnswer::refused(code, None)),
        };
        let is_page_cache =
            self.partitions.get(&key).is_some_and(|slot| slot.partition.log().is_page_cache());
        if answer.is_ok() && is_page_cache {
            self.sync_pages_now(key);
        }
        if answer.as_ref().is_ok_and(|(base, _)| *base != Offset::NONE) {
            self.await_mark(key, &end, token);
        }
        self.produces.answer(request, token, answer);
        self.run_effects(key, effects);
    }

    pub(super) fn on_begin_verification(&mut self, message: BeginVerification) {
        let answers = message.parts.iter().map(|part| self.begin_verification(part)).collect();
        let _ = message.reply.send(answers);
    }

    fn begin_verification(&mut self, part: &Unverified) -> Begun {
        let Some(slot) = self.partitions.get_mut(&part.key) else {
            return Begun::Refused(self.absent(part.key));
        };
        let partition = &mut slot.partition;
        if let Err(refused) = partition.may_append(RequiredAcks::Leader) {
            return Begun::Refused(refused.code());
        }
        let (id, epoch) = (part.producer_id, part.producer_epoch);
        if part.connection.is_some_and(|connection| partition.is_late(id, epoch, connection)) {
            return Begun::Late;
        }
        match partition.begin_verification(id, epoch, part.first) {
            Verification::AlreadyOpen => Begun::Open,
            Verification::Begun(guard) => Begun::Ask(guard),
        }
    }

    pub(super) fn on_end_verification(&mut self, EndVerification(ended): EndVerification) {
        for (key, producer_id, guard) in ended {
            if let Some(slot) = self.partitions.get_mut(&key) {
                slot.partition.end_verification(producer_id, guard);
            }
        }
    }

    /// Has a transaction index made anew from the log's batches up to the end of its segment.
    pub(super) fn on_txn_index_unfit(&self, key: LogKey, base: SegmentId, done: Option<Arc<Notify>>) {
        let Some(slot) = self.partitions.get(&key).filter(|slot| !slot.partition.is_failed()) else { return };
        let up_to = slot.partition.log().segments().iter().take_while(|segment| segment.base <= base);
        let segments: Vec<SegmentMeta> = up_to.cloned().collect();
        if segments.last().is_some_and(|last| last.base == base && last.sealed) {
            tracing::warn!(partition = %key, segment = base.0, "a transaction index is missing or wrong: it is made anew");
            self.jobs.send(Job::RebuildTxnIndex { key, segments, done });
        }
    }

    pub(super) fn on_txn_index_built(&mut self, key: LogKey, base: SegmentId, index: Option<TxnIndexMeta>) {
        if let Some(slot) = self.partitions.get_mut(&key) {
            slot.partition.log_mut().set_txn_index(base, index);
            self.changed.insert(key);
        }
    }

    pub(super) fn on_describe_producers(&self, message: DescribeProducers, now: Now) {
        let DescribeProducers { key, most, reply } = message;
        let _ = reply.send(self.active_producers(key, most, now));
    }

    fn active_producers(&self, key: LogKey, most: usize, now: Now) -> Result<Producers, ErrorCode> {
        let slot = self.partitions.get(&key).ok_or_else(|| self.absent(key))?;
        slot.partition.may_append(RequiredAcks::Leader).map_err(|refused| refused.code())?;
        let expiration = self.published.broker.storage.producer_id_expiration_ms;
        match slot.partition.log().producers().len() {
            count if count > most => Ok(Producers::TooMany(count)),
            _ => Ok(Producers::All(slot.partition.active_producers(now.wall, expiration))),
        }
    }
}

/// Returns a mark as of no newer coordinator and no newer producer than the partition has heard of, but for the next epoch where a
/// transaction is open: what comes from coordinators and producers later would be refused for ever.
fn no_newer(end: EndTxn, partition: &Partition) -> EndTxn {
    let known = partition.log().producers().get(end.producer_id);
    let (epoch, coordinator) = known.map_or((0, 0), |entry| {
        let next = i16::from(entry.open_txn.is_some());
        (entry.epoch.0.saturating_add(next), entry.newest_coordinator().max(0))
    });
    let producer_epoch = end.producer_epoch.min(ProducerEpoch(epoch));
    EndTxn { producer_epoch, coordinator_epoch: end.coordinator_epoch.min(coordinator), ..end }
}

#[cfg(test)]
mod tests;
