//! Brokers of an image: registrations, epochs, and the counter behind D-18's derivation.

use super::ApplyError;
use crate::{BrokerRegistration, DirectoryVerdict};
use std::collections::BTreeMap;
use std::sync::Arc;
use types::{BrokerEpoch, BrokerId, DirectoryId, MetadataOffset};

/// All brokers that ever registered.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BrokersImage {
    by_id: Arc<BTreeMap<BrokerId, BrokerImage>>,
}

/// One broker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerImage {
    /// What it said of itself when it last started.
    pub registration: BrokerRegistration,
    /// Its incarnation: the offset of its last registration.
    pub epoch: BrokerEpoch,
    /// Whether it is gone until it registers again.
    pub fenced: bool,
    /// How often it registered or was fenced; leader epochs are derived from it (D-18).
    pub moves: u32,
}

impl BrokerImage {
    /// Returns the directories in which new partitions may be put.
    pub fn usable_directories(&self) -> impl Iterator<Item = DirectoryId> + '_ {
        let usable = |verdict| !matches!(verdict, DirectoryVerdict::Damaged);
        self.registration.directories.iter().filter(move |d| usable(d.verdict)).map(|d| d.id)
    }
}

impl BrokersImage {
    /// Returns a broker.
    pub fn get(&self, id: BrokerId) -> Option<&BrokerImage> {
        self.by_id.get(&id)
    }

    /// Returns all brokers in order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (BrokerId, &BrokerImage)> {
        self.by_id.iter().map(|(id, broker)| (*id, broker))
    }

    /// Returns the brokers that are not fenced, in order of their ids.
    pub fn active(&self) -> impl Iterator<Item = (BrokerId, &BrokerImage)> {
        self.iter().filter(|(_, broker)| !broker.fenced)
    }

    /// Says whether the broker is registered and not fenced.
    pub fn is_active(&self, id: BrokerId) -> bool {
        self.get(id).is_some_and(|broker| !broker.fenced)
    }

    pub(super) fn register(&mut self, registration: BrokerRegistration, offset: MetadataOffset) {
        let id = registration.broker;
        let moves = self.get(id).map_or(0, |old| old.moves) + 1;
        let epoch = BrokerEpoch(i64::try_from(offset.0).unwrap_or(i64::MAX));
        let broker = BrokerImage { registration, epoch, fenced: false, moves };
        Arc::make_mut(&mut self.by_id).insert(id, broker);
    }

    pub(super) fn fence(&mut self, id: BrokerId, epoch: BrokerEpoch) -> Result<(), ApplyError> {
        let known = |broker: &&mut BrokerImage| broker.epoch == epoch;
        let brokers = Arc::make_mut(&mut self.by_id);
        let broker = brokers.get_mut(&id).filter(known).ok_or(ApplyError::NoSuchBroker(id))?;
        if !broker.fenced {
            broker.fenced = true;
            broker.moves += 1;
        }
        Ok(())
    }

    pub(super) fn restore(&mut self, broker: BrokerImage) {
        Arc::make_mut(&mut self.by_id).insert(broker.registration.broker, broker);
    }

    pub(crate) fn changed(&self, newer: &BrokersImage) -> Vec<BrokerId> {
        if Arc::ptr_eq(&self.by_id, &newer.by_id) {
            return Vec::new();
        }
        newer.iter().filter(|(id, broker)| self.get(*id) != Some(broker)).map(|(id, _)| id).collect()
    }
}
