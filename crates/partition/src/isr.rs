//! The replicas of a partition, which of them are in sync, and how far each is durable.

use std::collections::BTreeMap;
use types::{BrokerId, Offset, PartitionEpoch};

/// Replica and in-sync sets as the controller committed them, with the durable ends the leader knows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReplicaSet {
    /// Brokers that hold a replica, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// The in-sync ones.
    pub isr: Vec<BrokerId>,
    /// Version of the in-sync set.
    pub partition_epoch: PartitionEpoch,
    durable: BTreeMap<BrokerId, Offset>,
}

impl ReplicaSet {
    /// Makes the sets; nothing is known of any replica's durable end yet.
    pub fn new(replicas: Vec<BrokerId>, isr: Vec<BrokerId>, partition_epoch: PartitionEpoch) -> ReplicaSet {
        ReplicaSet { replicas, isr, partition_epoch, durable: BTreeMap::new() }
    }

    /// Takes note of how far a replica is durable.
    pub fn on_durable(&mut self, broker: BrokerId, end: Offset) {
        self.durable.insert(broker, end);
    }

    /// Returns the smallest durable end over the in-sync set, if all of them are known.
    pub fn durable_everywhere(&self) -> Option<Offset> {
        self.isr.iter().map(|broker| self.durable.get(broker).copied()).min().flatten()
    }

    /// Says whether the in-sync set is large enough. The minimum never exceeds the replica count.
    pub fn has_min_isr(&self, min_isr: usize) -> bool {
        self.isr.len() >= min_isr.min(self.replicas.len())
    }
}
