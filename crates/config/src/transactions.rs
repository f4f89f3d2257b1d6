//! Settings of transactions: limits, times, and the topic of their states.
//!
//! *Source*: TransactionLogConfig, TransactionStateManagerConfig and AddPartitionsToTxnConfig of Kafka 4.3.1.

use crate::error::ConfigError;
use crate::sources::Sources;
use types::Millis;

/// Limits of transactions, and the topic that holds their states.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionConfig {
    /// Partitions of the topic, when it is created.
    pub partitions: u32,
    /// Replicas of the topic; as many as there are brokers at most.
    pub replication_factor: u32,
    /// In-sync replicas that the topic needs; as many as there are brokers at most.
    pub min_isr: u32,
    /// Size of a segment of the topic. *Units*: bytes.
    pub segment_bytes: u32,
    /// Longest time that a transaction may take.
    pub max_timeout: Millis,
    /// Idle time after which an id is forgotten.
    pub id_expiration: Millis,
    /// How long a request waits for an end that is on its way.
    pub hold: Millis,
}

impl TransactionConfig {
    /// Returns the settings of the topic, where there are so many brokers.
    pub fn topic_settings(&self, brokers: u32) -> Vec<(String, Option<String>)> {
        let min_isr = self.min_isr.min(brokers).max(1).to_string();
        let segment_bytes = self.segment_bytes.to_string();
        let all = [
            ("cleanup.policy", "compact"),
            ("compression.type", "uncompressed"),
            ("min.insync.replicas", &min_isr),
            ("segment.bytes", &segment_bytes),
            ("unclean.leader.election.enable", "false"),
        ];
        all.map(|(name, value)| (name.to_owned(), Some(value.to_owned()))).into()
    }

    pub(crate) fn of(settings: &Sources) -> Result<TransactionConfig, ConfigError> {
        Ok(TransactionConfig {
            partitions: settings.count("transaction.state.log.num.partitions")?,
            replication_factor: settings.count("transaction.state.log.replication.factor")?,
            min_isr: settings.count("transaction.state.log.min.isr")?,
            segment_bytes: settings.count("transaction.state.log.segment.bytes")?,
            max_timeout: Millis(settings.number("transaction.max.timeout.ms")?),
            id_expiration: Millis(settings.number("transactional.id.expiration.ms")?),
            hold: Millis(settings.number("add.partitions.to.txn.retry.backoff.max.ms")?),
        })
    }
}
