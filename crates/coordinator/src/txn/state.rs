//! What is known of one transactional id, and its record in `__transaction_state`.
//!
//! *Shape*: Kafka's TransactionLogValue 1, with tagged fields of ours: the topics' ids; the producer's last epoch, by which a
//! resent InitProducerId is told from a fenced one after a restart too (X9); and its client, for people. Tests: below, tests/txn/.

use crate::record::RecordFault;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use types::{LogKey, Millis, ProducerEpoch, ProducerId, TopicId, WallTime};
use wire::Stored as _;
use wire::transaction_log_key::TransactionLogKey;
use wire::transaction_log_value::{PartitionsSchema, TransactionLogValue};

/// Type of the records' keys, and the version of their values that is written.
const KEY: i16 = 0;
const VALUE: i16 = 1;
/// What a record takes beside its texts and partitions, generously. *Units*: bytes.
const RECORD_BYTES: usize = 128;
/// What a topic takes beside its name and partitions, and what a partition takes. *Units*: bytes.
const TOPIC_BYTES: usize = 32;
const PARTITION_BYTES: usize = 4;
/// What is noted of each text about a client. *Units*: bytes.
const CLIENT_MAX: usize = 255;

/// The last epoch that a producer has; of the one before it the next is a new id's first.
pub(super) const EPOCH_MAX: i16 = i16::MAX;

/// How far the transaction of a transactional id is. *Source*: Kafka's TransactionState.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TxnState {
    /// There was none since the producer began.
    Empty,
    /// It has partitions, or may have.
    Ongoing,
    /// It is decided that it is committed; marks are on their way.
    PrepareCommit,
    /// It is decided that it is aborted; marks are on their way.
    PrepareAbort,
    /// It is committed everywhere.
    CompleteCommit,
    /// It is aborted everywhere.
    CompleteAbort,
}

/// All of them, each at the number that Kafka gives it.
const STATES: [TxnState; 6] = [
    TxnState::Empty,
    TxnState::Ongoing,
    TxnState::PrepareCommit,
    TxnState::PrepareAbort,
    TxnState::CompleteCommit,
    TxnState::CompleteAbort,
];

impl TxnState {
    /// Returns Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            TxnState::Empty => "Empty",
            TxnState::Ongoing => "Ongoing",
            TxnState::PrepareCommit => "PrepareCommit",
            TxnState::PrepareAbort => "PrepareAbort",
            TxnState::CompleteCommit => "CompleteCommit",
            TxnState::CompleteAbort => "CompleteAbort",
        }
    }

    /// Finds the state with Kafka's name.
    pub fn by_name(name: &str) -> Option<TxnState> {
        STATES.into_iter().find(|state| state.name() == name)
    }

    /// Says whether its end is decided and not everywhere yet.
    pub fn is_ending(self) -> bool {
        matches!(self, TxnState::PrepareCommit | TxnState::PrepareAbort)
    }

    /// Says whether it is over, or was none.
    pub fn is_over(self) -> bool {
        !self.is_ending() && self != TxnState::Ongoing
    }

    fn code(self) -> i8 {
        STATES.iter().zip(0_i8..).find(|(state, _)| **state == self).map_or(0, |(_, code)| code)
    }
}

/// A topic of a transaction. *Shape*: the id is zero in records that others have written; then the name counts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TxnTopic {
    /// Its name when it was added.
    pub name: Arc<str>,
    /// Its id.
    pub id: TopicId,
}

/// Partitions by topic.
pub type TxnPartitions = BTreeMap<TxnTopic, BTreeSet<i32>>;

/// How a transaction is run: by the calls of old, or with an epoch of its own (KIP-890).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Protocol {
    /// Partitions are added by calls of their own; the epoch stays.
    V1,
    /// Partitions are added by what is written to them; each end raises the epoch.
    V2,
}

impl Protocol {
    /// Returns the number of the feature level `transaction.version` that it comes with.
    pub fn level(self) -> i16 {
        match self {
            Protocol::V1 => 0,
            Protocol::V2 => 2,
        }
    }
}

/// Who a producer is on the network, for people: nothing is decided by it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TxnClient {
    /// What it calls itself (client.id).
    pub id: Arc<str>,
    /// Where it comes from; empty where that was not noted.
    pub host: Arc<str>,
}

impl TxnClient {
    /// Notes a client, long texts cut.
    pub fn new(id: &str, host: &str) -> TxnClient {
        let cut = |text: &str| Arc::from(&text[..text.floor_char_boundary(CLIENT_MAX)]);
        TxnClient { id: cut(id), host: cut(host) }
    }
}

/// What is known of one transactional id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Txn {
    /// The producer.
    pub producer: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// The epoch that the producer had before it asked to go on, -1 if it is another one's.
    pub last_epoch: ProducerEpoch,
    /// The producer before the last step.
    pub previous: ProducerId,
    /// The producer from the end of this transaction on, where the epochs are used up.
    pub next: ProducerId,
    /// How long a transaction may take.
    pub timeout: Millis,
    /// How far it is.
    pub state: TxnState,
    /// Where it writes.
    pub partitions: Arc<TxnPartitions>,
    /// When it began; -1 before the first.
    pub started: WallTime,
    /// When its record was made.
    pub updated: WallTime,
    /// How it is run.
    pub protocol: Protocol,
    /// Whose it is.
    pub client: TxnClient,
}

impl Txn {
    /// Says whether the producer has no epoch left for another transaction: the last one is for fencing it.
    pub(super) fn is_exhausted(&self) -> bool {
        is_exhausted(self.epoch)
    }

    /// Says whether a partition is part of it; of a topic without an id the number counts alone.
    pub(super) fn has(&self, key: &LogKey) -> bool {
        let is_its = |topic: &TxnTopic| topic.id == key.topic_id || topic.id.0.is_zero();
        self.partitions.iter().any(|(topic, all)| is_its(topic) && all.contains(&key.partition.0))
    }

    /// Returns about how much its record takes. *Units*: bytes.
    pub fn size(&self, id: &str) -> usize {
        let topics = self.partitions.iter();
        let each = topics
            .map(|(topic, partitions)| TOPIC_BYTES + topic.name.len() + PARTITION_BYTES * partitions.len());
        RECORD_BYTES + id.len() + self.client.id.len() + self.client.host.len() + each.sum::<usize>()
    }
}

/// Says whether a producer with this epoch has none left for another transaction.
pub(super) fn is_exhausted(epoch: ProducerEpoch) -> bool {
    epoch.0 >= EPOCH_MAX - 1
}

/// A record of `__transaction_state`; without a value the id is gone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TxnRecord {
    /// The transactional id.
    pub id: Arc<str>,
    /// What is known of it.
    pub txn: Option<Arc<Txn>>,
}

/// A value that says what cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a transaction in state {0}")]
pub struct UnknownState(i8);

impl TxnRecord {
    /// Writes key and value.
    ///
    /// # Errors
    /// A text is longer than the format can say.
    pub fn encode(&self) -> Result<(Bytes, Option<Bytes>), RecordFault> {
        let key = TransactionLogKey { transactional_id: self.id.as_ref().to_owned() }.to_stored(KEY)?;
        let value = self.txn.as_deref().map(|txn| value_of(txn).to_stored(VALUE)).transpose()?;
        Ok((key, value))
    }

    /// Reads key and value; nothing if it is of a type that means nothing here, or an id that Kafka has just forgotten.
    ///
    /// # Errors
    /// It is damaged, or of a version that is not known.
    pub fn decode(key: Option<Bytes>, value: Option<Bytes>) -> Result<Option<TxnRecord>, RecordFault> {
        let key = key.ok_or(RecordFault::NoKey)?;
        let kind = key.first_chunk().map(|kind| i16::from_be_bytes(*kind)).ok_or(RecordFault::ShortKey)?;
        if kind != KEY {
            return Ok(None);
        }
        let (key, _) = TransactionLogKey::from_stored(key)?;
        let value = value.map(TransactionLogValue::from_stored).transpose()?;
        let txn = value.map(|(value, _)| txn_of(value).map(Arc::new)).transpose()?;
        Ok(Some(TxnRecord { id: key.transactional_id.into(), txn }))
    }

    /// Returns about how much it takes in a batch. *Units*: bytes.
    pub fn size(&self) -> usize {
        self.txn.as_ref().map_or(RECORD_BYTES + self.id.len(), |txn| txn.size(&self.id))
    }
}

fn value_of(txn: &Txn) -> TransactionLogValue {
    let topic = |(topic, partitions): (&TxnTopic, &BTreeSet<i32>)| PartitionsSchema {
        topic: topic.name.as_ref().to_owned(),
        partition_ids: partitions.iter().copied().collect(),
        topic_id: topic.id.0,
    };
    // As Kafka: a transactional id that has none says null.
    let partitions = txn.partitions.iter().map(topic).collect();
    let has_none = txn.state == TxnState::Empty;
    TransactionLogValue {
        producer_id: txn.producer.0,
        previous_producer_id: txn.previous.0,
        next_producer_id: txn.next.0,
        producer_epoch: txn.epoch.0,
        transaction_timeout_ms: i32::try_from(txn.timeout.0).unwrap_or(i32::MAX),
        transaction_status: txn.state.code(),
        transaction_partitions: (!has_none).then_some(partitions),
        transaction_last_update_timestamp_ms: txn.updated.0,
        transaction_start_timestamp_ms: txn.started.0,
        client_transaction_version: txn.protocol.level(),
        last_producer_epoch: txn.last_epoch.0,
        client_id: txn.client.id.as_ref().to_owned(),
        client_host: txn.client.host.as_ref().to_owned(),
        ..TransactionLogValue::default()
    }
}

fn txn_of(value: TransactionLogValue) -> Result<Txn, UnknownState> {
    let code = value.transaction_status;
    let state = STATES.into_iter().find(|state| state.code() == code).ok_or(UnknownState(code))?;
    let mut partitions = TxnPartitions::new();
    for topic in value.transaction_partitions.into_iter().flatten() {
        let key = TxnTopic { name: topic.topic.into(), id: TopicId(topic.topic_id) };
        partitions.entry(key).or_default().extend(topic.partition_ids);
    }
    Ok(Txn {
        producer: ProducerId(value.producer_id),
        epoch: ProducerEpoch(value.producer_epoch),
        last_epoch: ProducerEpoch(value.last_producer_epoch),
        previous: ProducerId(value.previous_producer_id),
        next: ProducerId(value.next_producer_id),
        timeout: Millis(i64::from(value.transaction_timeout_ms)),
        state,
        partitions: Arc::new(partitions),
        started: WallTime(value.transaction_start_timestamp_ms),
        updated: WallTime(value.transaction_last_update_timestamp_ms),
        protocol: if value.client_transaction_version >= 2 { Protocol::V2 } else { Protocol::V1 },
        client: TxnClient::new(&value.client_id, &value.client_host),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Uuid;

    fn txn() -> Txn {
        let topic = TxnTopic { name: "topic".into(), id: TopicId(Uuid([7; 16])) };
        Txn {
            producer: ProducerId(5),
            epoch: ProducerEpoch(3),
            last_epoch: ProducerEpoch(2),
            previous: ProducerId(4),
            next: ProducerId(6),
            timeout: Millis(60_000),
            state: TxnState::PrepareAbort,
            partitions: Arc::new(TxnPartitions::from([(topic, BTreeSet::from([0, 3]))])),
            started: WallTime(10),
            updated: WallTime(20),
            protocol: Protocol::V2,
            client: TxnClient::new("producer-1", "/10.0.0.1"),
        }
    }

    /// Protects: what is written of a transaction is what is read of it, the last epoch, the topics' ids and the client included (X9).
    #[test]
    fn records_are_read_as_they_were_written() {
        let mut all = vec![TxnRecord { id: "id".into(), txn: None }];
        for state in STATES {
            let partitions = if state == TxnState::Ongoing || state.is_ending() {
                txn().partitions
            } else {
                Arc::default()
            };
            all.push(TxnRecord { id: "id".into(), txn: Some(Arc::new(Txn { state, partitions, ..txn() })) });
        }
        for record in all {
            let (key, value) = record.encode().expect("it is written");
            let read = TxnRecord::decode(Some(key), value).expect("it is read");
            assert_eq!(read, Some(record));
        }
    }

    /// Protects: a client with a long name makes no long record.
    #[test]
    fn a_clients_texts_are_cut() {
        let client = TxnClient::new(&"\u{e9}".repeat(1_000), "/10.0.0.1");
        assert_eq!((client.id.len(), &*client.host), (254, "/10.0.0.1"));
    }

    /// Protects: a state that is not known is an error, not another state.
    #[test]
    fn a_state_that_is_not_known_is_refused() {
        let value = TransactionLogValue { transaction_status: 7, ..value_of(&txn()) };
        let key = TransactionLogKey { transactional_id: "id".into() };
        let stored = (key.to_stored(KEY).expect("key"), value.to_stored(VALUE).expect("value"));
        assert!(matches!(TxnRecord::decode(Some(stored.0), Some(stored.1)), Err(RecordFault::State(_))));
    }
}
