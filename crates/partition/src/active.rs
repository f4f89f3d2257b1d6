//! The producers of a partition, as DescribeProducers shows them.
//!
//! State is kept longer than Kafka keeps it (W-9); what Kafka would have dropped is left out, an open transaction never.
//! Source: KIP-664; `UnifiedLog.activeProducers`, `ProducerStateManager.isProducerExpired`. Tests: `tests/transactions.rs`.

use crate::Partition;
use log::producers::ProducerEntry;
use types::{Millis, Offset, ProducerEpoch, ProducerId, Sequence, WallTime};

/// One producer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ActiveProducer {
    /// Who.
    pub producer_id: ProducerId,
    /// Its incarnation.
    pub producer_epoch: ProducerEpoch,
    /// Its last sequence, -1 for none.
    pub last_sequence: Sequence,
    /// Time of its last record, or of the mark that ended its last transaction.
    pub last_timestamp: WallTime,
    /// Epoch of the coordinator that wrote the last mark, -1 for none.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction.
    pub txn_start: Option<Offset>,
}

impl Partition {
    /// Lists the producers that have written within `expiration`, or have a transaction open.
    pub fn active_producers(&self, now: WallTime, expiration: Millis) -> Vec<ActiveProducer> {
        let is_shown = |entry: &ProducerEntry| {
            entry.open_txn.is_some() || now.0.saturating_sub(entry.appended.0) < expiration.0
        };
        let producers = self.log.producers().iter();
        producers.filter(|(_, entry)| is_shown(entry)).map(|(id, entry)| shown(id, entry)).collect()
    }
}

fn shown(producer_id: ProducerId, entry: &ProducerEntry) -> ActiveProducer {
    let last = entry.window.last();
    // Once it has ended a transaction, its mark is the last that it has here.
    let has_ended = entry.coordinator_epoch >= 0 && entry.open_txn.is_none();
    ActiveProducer {
        producer_id,
        producer_epoch: entry.epoch,
        last_sequence: last.map_or(Sequence(-1), |last| last.last_sequence()),
        last_timestamp: last.filter(|_| !has_ended).map_or(entry.appended, |last| last.timestamp),
        coordinator_epoch: entry.coordinator_epoch,
        txn_start: entry.open_txn,
    }
}
