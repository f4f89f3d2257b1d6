//! Transactions: which there are, who has them open, and marks that end those which nobody runs. KIP-664.
//! Tests: `crates/cli/tests/transactions.rs`.

use super::coordinators::Coordinated;
use crate::cluster::Cluster;
use crate::error::{BrokerError, ClientError, accepted};
use std::collections::BTreeMap;
use types::{Offset, WallTime};
use wire::describe_producers_request::{DescribeProducersRequest, TopicRequest};
use wire::describe_producers_response::ProducerState;
use wire::describe_transactions_request::DescribeTransactionsRequest;
use wire::list_transactions_request::ListTransactionsRequest;
use wire::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic, WriteTxnMarkersRequest};

/// Which transactional ids are wanted. *Shape*: an empty list wants all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TransactionFilter {
    /// In a state with one of Kafka's names.
    pub states: Vec<String>,
    /// Of one of these producers.
    pub producers: Vec<i64>,
    /// Whose transaction began longer ago. *Units*: ms.
    pub longer_than_ms: Option<i64>,
    /// Whose whole name matches.
    pub pattern: Option<String>,
}

/// One transactional id of a list.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TransactionListing {
    /// The id.
    pub id: String,
    /// The broker that coordinates it.
    pub coordinator: i32,
    /// Its producer.
    pub producer_id: i64,
    /// Kafka's name of its state.
    pub state: String,
}

/// A transactional id in full.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionDescription {
    /// The id.
    pub id: String,
    /// The broker that coordinates it.
    pub coordinator: i32,
    /// Kafka's name of its state.
    pub state: String,
    /// Its producer.
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
    /// How long a transaction may take. *Units*: ms.
    pub timeout_ms: i32,
    /// When the last transaction began; none before the first.
    pub started: Option<WallTime>,
    /// Partitions of the transaction that is open or ending.
    pub partitions: Vec<(String, Vec<i32>)>,
}

impl TransactionDescription {
    /// Says whether a partition is part of its transaction.
    pub fn has(&self, topic: &str, partition: i32) -> bool {
        self.partitions.iter().any(|(name, all)| name == topic && all.contains(&partition))
    }
}

/// A producer that a partition knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartitionProducer {
    /// Its id.
    pub id: i64,
    /// Its epoch.
    pub epoch: i16,
    /// Time of its last record, as its client gave it.
    pub last_timestamp: WallTime,
    /// Epoch of the coordinator that ended its last transaction there, `-1` if none has.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction.
    pub txn_start: Option<Offset>,
}

impl Cluster {
    /// Lists transactional ids of all brokers; also returns names of states that no broker knows.
    ///
    /// # Errors
    /// `Refused`, `Unsupported`, and as `any`; `Encode` for a filter that a broker is too old for.
    pub async fn list_transactions(
        &self,
        filter: &TransactionFilter,
    ) -> Result<(Vec<TransactionListing>, Vec<String>), ClientError> {
        self.retrying(|| self.list_transactions_once(filter)).await
    }

    async fn list_transactions_once(
        &self,
        filter: &TransactionFilter,
    ) -> Result<(Vec<TransactionListing>, Vec<String>), ClientError> {
        let request = ListTransactionsRequest {
            state_filters: filter.states.clone(),
            producer_id_filters: filter.producers.clone(),
            duration_filter: filter.longer_than_ms.unwrap_or(-1),
            transactional_id_pattern: filter.pattern.clone(),
        };
        let (mut all, mut unknown) = (Vec::new(), Vec::new());
        for broker in self.metadata(Some(&[])).await?.brokers {
            let coordinator = broker.node_id;
            let answer = self.broker(coordinator).await?.call(&request).await?;
            accepted(answer.error_code, None, || format!("transactions of broker {coordinator}"))?;
            unknown = answer.unknown_state_filters;
            all.extend(answer.transaction_states.into_iter().map(|found| TransactionListing {
                id: found.transactional_id,
                coordinator,
                producer_id: found.producer_id,
                state: found.transaction_state,
            }));
        }
        all.sort();
        Ok((all, unknown))
    }

    /// Describes a transactional id.
    ///
    /// # Errors
    /// `Refused` with `TRANSACTIONAL_ID_NOT_FOUND` if there is none, `Unsupported`, and as `any`.
    pub async fn describe_transaction(&self, id: &str) -> Result<TransactionDescription, ClientError> {
        self.retrying(|| self.describe_transaction_once(id)).await
    }

    async fn describe_transaction_once(&self, id: &str) -> Result<TransactionDescription, ClientError> {
        let coordinator = self.coordinator_of(Coordinated::Transactions(id)).await?;
        let request = DescribeTransactionsRequest { transactional_ids: vec![id.to_owned()] };
        let answer = self.broker(coordinator).await?.call(&request).await?;
        let found = answer.transaction_states.into_iter().next();
        let what = || format!("transactional id '{id}'");
        let found = found.ok_or_else(|| ClientError::Incomplete(what()))?;
        accepted(found.error_code, None, what)?;
        let began = found.transaction_start_time_ms;
        Ok(TransactionDescription {
            id: found.transactional_id,
            coordinator,
            state: found.transaction_state,
            producer_id: found.producer_id,
            producer_epoch: found.producer_epoch,
            timeout_ms: found.transaction_timeout_ms,
            started: (began >= 0).then_some(WallTime(began)),
            partitions: found.topics.into_iter().map(|topic| (topic.topic, topic.partitions)).collect(),
        })
    }

    /// Returns the producers that partitions of a topic know, by partition.
    ///
    /// # Errors
    /// `UnknownTopic`, `Refused`, `Unsupported`, and as `leader`.
    pub async fn partition_producers(
        &self,
        topic: &str,
        partitions: &[i32],
    ) -> Result<BTreeMap<i32, Vec<PartitionProducer>>, ClientError> {
        self.retrying(|| self.partition_producers_once(topic, partitions)).await
    }

    async fn partition_producers_once(
        &self,
        topic: &str,
        partitions: &[i32],
    ) -> Result<BTreeMap<i32, Vec<PartitionProducer>>, ClientError> {
        let mut by_leader = BTreeMap::new();
        for partition in partitions {
            let connection = self.leader(topic, *partition).await?.connection;
            let address = connection.address().to_owned();
            let (_, list) = by_leader.entry(address).or_insert((connection, Vec::new()));
            list.push(*partition);
        }
        let mut found = BTreeMap::new();
        for (connection, partition_indexes) in by_leader.into_values() {
            let topics = vec![TopicRequest { name: topic.to_owned(), partition_indexes }];
            let answer = connection.call(&DescribeProducersRequest { topics }).await?;
            for partition in answer.topics.into_iter().flat_map(|topic| topic.partitions) {
                let index = partition.partition_index;
                let what = || format!("producers of {topic}-{index}");
                accepted(partition.error_code, partition.error_message.as_deref(), what)
                    .inspect_err(|_| self.forget(topic))?;
                found.insert(index, partition.active_producers.iter().map(producer).collect());
            }
        }
        Ok(found)
    }

    /// Ends a producer's transaction in a partition by an abort mark, as Kafka's abort tool does. A broker of Highwater
    /// aborts it in all its partitions if a coordinator runs it.
    ///
    /// # Errors
    /// `Refused`, `UnknownTopic`, and as `leader`; `Lost` leaves open whether it was done.
    pub async fn abort_transaction(
        &self,
        topic: &str,
        partition: i32,
        producer: &PartitionProducer,
    ) -> Result<(), ClientError> {
        let connection = self.retrying(|| self.leader(topic, partition)).await?.connection;
        let topics =
            vec![WritableTxnMarkerTopic { name: topic.to_owned(), partition_indexes: vec![partition] }];
        let mark = WritableTxnMarker {
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            transaction_result: false,
            topics,
            coordinator_epoch: producer.coordinator_epoch.max(0),
            transaction_version: 0,
        };
        let answer = connection.call(&WriteTxnMarkersRequest { markers: vec![mark] }).await?;
        let topics = answer.markers.into_iter().flat_map(|marker| marker.topics);
        let result = topics.flat_map(|topic| topic.partitions).next();
        let what = || format!("the transaction of producer {} in {topic}-{partition}", producer.id);
        let result = result.ok_or_else(|| ClientError::Incomplete(what()))?;
        match BrokerError::of(result.error_code, None) {
            Some(error) => Err(ClientError::refused(what(), error)),
            None => Ok(()),
        }
    }
}

fn producer(state: &ProducerState) -> PartitionProducer {
    PartitionProducer {
        id: state.producer_id,
        epoch: i16::try_from(state.producer_epoch).unwrap_or(-1),
        last_timestamp: WallTime(state.last_timestamp),
        coordinator_epoch: state.coordinator_epoch,
        txn_start: (state.current_txn_start_offset >= 0).then_some(Offset(state.current_txn_start_offset)),
    }
}
