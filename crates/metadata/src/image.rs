//! The cluster's metadata at one offset: immutable, shared, cheap to copy.
//!
//! An image is the fold of all records up to its offset. Its parts share what has not changed with
//! earlier images, so that keeping two of them costs little and comparing them costs what differs.
//! Effective leaderships follow D-18: see [`MetadataImage::leadership`]. Source: KIP-500's image.
//! Tests: tests/prop_image.rs, tests/controller.rs.

mod brokers;
mod chunked;
mod configs;
mod features;
mod producer_ids;
mod snapshot;
mod topics;

pub use brokers::{BrokerImage, BrokersImage};
pub use chunked::ChunkedMap;
pub use configs::{ConfigsImage, Settings};
pub use features::FeaturesImage;
pub use producer_ids::ProducerIdsImage;
pub(crate) use topics::folded;
pub use topics::{
    CONSUMER_OFFSETS, OFFSET_HISTORY, PartitionImage, TRANSACTION_STATE, TopicImage, TopicsImage, is_internal,
};

use crate::{ConfigResource, Record};
use types::{BrokerId, LeaderEpoch, LogKey, MetadataOffset, TopicId, Uuid};

/// The cluster's metadata at one offset.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MetadataImage {
    offset: MetadataOffset,
    cluster_id: Option<Uuid>,
    topics: TopicsImage,
    brokers: BrokersImage,
    configs: ConfigsImage,
    features: FeaturesImage,
    producer_ids: ProducerIdsImage,
}

/// Who leads a partition, and in which epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leadership {
    /// The leader; none while the broker that led is fenced.
    pub leader: Option<BrokerId>,
    /// The epoch in force.
    pub epoch: LeaderEpoch,
}

/// A record that does not fit the image before it: the log is damaged, or a decision was wrong.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ApplyError {
    /// Records for an offset that the image already contains.
    #[error("the image is at offset {image} already, offset {offset} cannot be applied")]
    OldOffset {
        /// The image's offset.
        image: MetadataOffset,
        /// The records' offset.
        offset: MetadataOffset,
    },
    /// A second cluster id.
    #[error("the cluster already has the id {0}")]
    ClusterIdTaken(Uuid),
    /// A topic that does not exist.
    #[error("there is no topic with the id {0}")]
    NoSuchTopic(TopicId),
    /// A topic whose name or id is taken.
    #[error("topic {name} ({id}) exists already")]
    TopicTaken {
        /// The name.
        name: String,
        /// The id.
        id: TopicId,
    },
    /// A broker that has never registered, or not with this epoch.
    #[error("broker {0} is not registered with that epoch")]
    NoSuchBroker(BrokerId),
    /// An epoch of a partition would go back.
    #[error("an epoch of partition {0} would go back")]
    EpochGoesBack(LogKey),
    /// The free producer ids would grow.
    #[error("producer ids would be handed out again")]
    ProducerIdsGoBack,
}

impl MetadataImage {
    /// Returns the offset of the last record group in this image; 0 before the first.
    pub fn offset(&self) -> MetadataOffset {
        self.offset
    }

    /// Returns the cluster's id, once it is agreed.
    pub fn cluster_id(&self) -> Option<Uuid> {
        self.cluster_id
    }

    /// Returns the topics.
    pub fn topics(&self) -> &TopicsImage {
        &self.topics
    }

    /// Returns the brokers.
    pub fn brokers(&self) -> &BrokersImage {
        &self.brokers
    }

    /// Returns the settings.
    pub fn configs(&self) -> &ConfigsImage {
        &self.configs
    }

    /// Returns the feature levels.
    pub fn features(&self) -> &FeaturesImage {
        &self.features
    }

    /// Returns the state of the producer ids.
    pub fn producer_ids(&self) -> ProducerIdsImage {
        self.producer_ids
    }

    /// Returns a partition.
    pub fn partition(&self, key: LogKey) -> Option<&PartitionImage> {
        self.topics.by_id(key.topic_id)?.partition(key.partition)
    }

    /// Returns the settings of a topic that differ from the defaults.
    pub fn topic_settings(&self, id: TopicId) -> &Settings {
        self.configs.of(&ConfigResource::Topic(id))
    }

    /// Derives who leads a partition and in which epoch (D-18).
    ///
    /// The epoch is that of the partition's last record plus the registrations and fencings of its
    /// leader since; nobody leads while the leader is fenced.
    pub fn leadership(&self, partition: &PartitionImage) -> Leadership {
        let recorded = Leadership { leader: partition.state.leader, epoch: partition.state.leader_epoch };
        let Some(broker) = partition.state.leader.and_then(|leader| self.brokers.get(leader)) else {
            return recorded;
        };
        let moves = broker.moves.saturating_sub(partition.leader_moves);
        let epoch = LeaderEpoch(recorded.epoch.0.saturating_add_unsigned(moves));
        Leadership { leader: recorded.leader.filter(|_| !broker.fenced), epoch }
    }

    /// Returns who leads the partition with this key, if there is such a partition.
    pub fn leadership_of(&self, key: LogKey) -> Option<Leadership> {
        Some(self.leadership(self.partition(key)?))
    }

    /// Returns the image after records that were agreed on together at this offset.
    ///
    /// # Errors
    /// A record that does not fit, which means damage; the image is as it was.
    pub fn apply(&self, records: &[Record], offset: MetadataOffset) -> Result<MetadataImage, ApplyError> {
        if offset <= self.offset {
            return Err(ApplyError::OldOffset { image: self.offset, offset });
        }
        let mut next = MetadataImage { offset, ..self.clone() };
        for record in records {
            next.apply_one(record)?;
        }
        Ok(next)
    }

    fn apply_one(&mut self, record: &Record) -> Result<(), ApplyError> {
        match record {
            Record::ClusterId(id) => self.set_cluster_id(*id),
            Record::FeatureLevel { name, level } => {
                self.features.set(name, *level);
                Ok(())
            }
            Record::BrokerRegistered(registration) => {
                self.brokers.register(registration.clone(), self.offset);
                Ok(())
            }
            Record::BrokerFenced { broker, epoch } => self.brokers.fence(*broker, *epoch),
            Record::TopicCreated { name, id } => self.topics.create(name, *id),
            Record::TopicDeleted { id } => {
                self.configs.clear(&ConfigResource::Topic(*id));
                self.topics.delete(*id)
            }
            Record::PartitionChanged { key, state } => self.set_partition(*key, state),
            Record::ConfigChanged { resource, key, value } => {
                self.configs.set(resource, key, value.as_deref());
                Ok(())
            }
            Record::ProducerIdBlock { next, .. } => self.producer_ids.advance(*next),
        }
    }

    fn set_cluster_id(&mut self, id: Uuid) -> Result<(), ApplyError> {
        match self.cluster_id.replace(id) {
            Some(taken) if taken != id => Err(ApplyError::ClusterIdTaken(taken)),
            _ => Ok(()),
        }
    }

    fn set_partition(&mut self, key: LogKey, state: &crate::PartitionState) -> Result<(), ApplyError> {
        let goes_back = self.partition(key).is_some_and(|old| {
            state.leader_epoch < self.leadership(old).epoch
                || state.partition_epoch <= old.state.partition_epoch
        });
        if goes_back {
            return Err(ApplyError::EpochGoesBack(key));
        }
        let leader = state.leader.and_then(|leader| self.brokers.get(leader));
        let partition = PartitionImage { state: state.clone(), leader_moves: leader.map_or(0, |l| l.moves) };
        self.topics.set_partition(key, partition)
    }
}
