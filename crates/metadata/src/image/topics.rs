//! Topics and partitions of an image, found by name and by id.

use super::{ApplyError, ChunkedMap};
use crate::PartitionState;
use std::sync::Arc;
use types::{LogKey, PartitionId, TopicId, TopicName};

/// All topics. *Invariant*: all maps name the same topics; `by_folded` has those whose name has a
/// dot or an underscore, under the name with every dot made an underscore.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TopicsImage {
    by_name: ChunkedMap<TopicName, TopicId>,
    by_id: ChunkedMap<TopicId, Arc<TopicImage>>,
    by_folded: ChunkedMap<String, TopicName>,
    partition_count: usize,
}

/// One topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicImage {
    /// Its name.
    pub name: TopicName,
    /// Its identity.
    pub id: TopicId,
    partitions: ChunkedMap<PartitionId, Arc<PartitionImage>>,
}

/// One partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionImage {
    /// What its last record said.
    pub state: PartitionState,
    /// The leader's count of registrations and fencings when that record was written (D-18).
    pub leader_moves: u32,
}

impl TopicImage {
    /// Returns a partition.
    pub fn partition(&self, partition: PartitionId) -> Option<&PartitionImage> {
        self.partitions.get(&partition).map(Arc::as_ref)
    }

    /// Returns the partitions in order of their numbers.
    pub fn partitions(&self) -> impl Iterator<Item = (PartitionId, &PartitionImage)> {
        self.partitions.iter().map(|(partition, image)| (*partition, image.as_ref()))
    }

    /// Returns the partitions from a number on, for paging.
    pub fn partitions_from(
        &self,
        first: PartitionId,
    ) -> impl Iterator<Item = (PartitionId, &PartitionImage)> {
        self.partitions.iter_from(&first).map(|(partition, image)| (*partition, image.as_ref()))
    }

    /// Returns how many partitions there are.
    pub fn partition_count(&self) -> usize {
        self.partitions.len()
    }

    /// Returns the key of one of its partitions.
    pub fn key(&self, partition: PartitionId) -> LogKey {
        LogKey { topic_id: self.id, partition }
    }

    /// Says whether this topic is internal.
    pub fn is_internal(&self) -> bool {
        is_internal(self.name.as_str())
    }

    pub(crate) fn changed_partitions(&self, newer: &TopicImage, mut visit: impl FnMut(PartitionId)) {
        self.partitions.diff(&newer.partitions, |partition, _, _| visit(*partition));
    }
}

/// Returns what a name has in common with those it collides with, if it can collide at all.
pub(crate) fn folded(name: &TopicName) -> Option<String> {
    name.as_str().contains(['.', '_']).then(|| name.as_str().replace('.', "_"))
}

/// The topic that holds the offsets of groups, and the groups.
pub const CONSUMER_OFFSETS: &str = "__consumer_offsets";
/// The topic that holds the states of transactions.
pub const TRANSACTION_STATE: &str = "__transaction_state";

/// The topic that notes every commit: who, when, from which offset to which.
pub const OFFSET_HISTORY: &str = "__highwater_offset_history";

/// Says whether a topic of this name is internal: Kafka's, and our own.
pub fn is_internal(name: &str) -> bool {
    matches!(name, CONSUMER_OFFSETS | OFFSET_HISTORY | TRANSACTION_STATE | "__share_group_state")
}

impl TopicsImage {
    /// Returns the topic with this name.
    pub fn by_name(&self, name: &str) -> Option<&TopicImage> {
        self.by_id(self.id_of(name)?)
    }

    /// Returns the topic with this id.
    pub fn by_id(&self, id: TopicId) -> Option<&TopicImage> {
        self.by_id.get(&id).map(Arc::as_ref)
    }

    /// Returns the id of the topic with this name.
    pub fn id_of(&self, name: &str) -> Option<TopicId> {
        self.by_name.get(name).copied()
    }

    /// Returns a topic whose name differs from this one only in dots and underscores.
    pub fn colliding(&self, name: &TopicName) -> Option<&TopicName> {
        self.by_folded.get(&folded(name)?).filter(|other| *other != name)
    }

    /// Returns the topics in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &TopicImage> {
        self.by_name.iter().filter_map(|(_, id)| self.by_id(*id))
    }

    /// Returns the topics in order of their names, from a name on (itself included), for paging.
    pub fn iter_from(&self, name: &str) -> impl Iterator<Item = &TopicImage> {
        self.by_name.iter_from(name).filter_map(|(_, id)| self.by_id(*id))
    }

    /// Returns how many topics there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Says whether there are no topics.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Returns how many partitions all topics have together.
    pub fn partition_count(&self) -> usize {
        self.partition_count
    }

    pub(super) fn create(&mut self, name: &TopicName, id: TopicId) -> Result<(), ApplyError> {
        if self.by_name.get(name.as_str()).is_some() || self.by_id.get(&id).is_some() {
            return Err(ApplyError::TopicTaken { name: name.to_string(), id });
        }
        self.by_name.insert(name.clone(), id);
        if let Some(folded) = folded(name) {
            self.by_folded.insert(folded, name.clone());
        }
        let topic = TopicImage { name: name.clone(), id, partitions: ChunkedMap::default() };
        self.by_id.insert(id, Arc::new(topic));
        Ok(())
    }

    pub(super) fn delete(&mut self, id: TopicId) -> Result<(), ApplyError> {
        let topic = self.by_id.remove(&id).ok_or(ApplyError::NoSuchTopic(id))?;
        self.by_name.remove(topic.name.as_str());
        if let Some(folded) = folded(&topic.name) {
            self.by_folded.remove(&folded);
        }
        self.partition_count -= topic.partition_count();
        Ok(())
    }

    pub(super) fn set_partition(&mut self, key: LogKey, partition: PartitionImage) -> Result<(), ApplyError> {
        let shared = self.by_id.get_mut(&key.topic_id).ok_or(ApplyError::NoSuchTopic(key.topic_id))?;
        let topic = Arc::make_mut(shared);
        if topic.partitions.insert(key.partition, Arc::new(partition)).is_none() {
            self.partition_count += 1;
        }
        Ok(())
    }

    pub(crate) fn diff<'a>(
        &'a self,
        newer: &'a TopicsImage,
        mut visit: impl FnMut(TopicId, Option<&'a Arc<TopicImage>>, Option<&'a Arc<TopicImage>>),
    ) {
        self.by_id.diff(&newer.by_id, |id, old, new| visit(*id, old, new));
    }
}
