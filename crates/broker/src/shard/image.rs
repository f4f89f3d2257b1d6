//! From a metadata image to the partitions of a shard.

use super::{Shard, Slot};
use crate::jobs::Job;
use crate::publish::Published;
use config::Durability;
use log::log::Log;
use metadata::image::{PartitionImage, TopicImage};
use metadata::{ConfigResource, MetadataDelta};
use partition::{Leadership, Partition, ReplicaSet};
use std::collections::BTreeMap;
use std::sync::Arc;
use types::{BrokerId, ErrorCode, LogKey, PartitionId};

impl Shard {
    /// Takes over new metadata. `logs` are those that recovery found for this shard; only the first
    /// image comes with any.
    pub(super) fn on_image(&mut self, published: Arc<Published>, logs: Vec<Log>) {
        let delta = MetadataDelta::between(&self.published.image, &published.image);
        let all_configs = !Arc::ptr_eq(&self.published.broker, &published.broker);
        let mut recovered: BTreeMap<LogKey, Log> = logs.into_iter().map(|log| (log.key(), log)).collect();
        self.published = published;
        for topic in &delta.deleted {
            let name: Arc<str> = topic.name.as_str().into();
            for (partition, _) in topic.partitions() {
                self.remove(topic.key(partition), &name);
            }
        }
        for key in delta.partitions.iter().copied() {
            if self.router.shard_of(&key) == self.id {
                let log = recovered.remove(&key);
                self.change(key, log);
            }
        }
        debug_assert!(recovered.is_empty(), "strays were set aside before the shards started");
        self.update_configs(&delta.configs);
        if all_configs {
            let keys: Vec<LogKey> = self.partitions.keys().copied().collect();
            keys.into_iter().for_each(|key| self.update_config(key));
        }
        self.update_groups(&delta.partitions, !delta.deleted.is_empty());
        self.update_txns(&delta.partitions);
        self.departed.handled(self.id, self.published.image.offset());
    }

    fn change(&mut self, key: LogKey, log: Option<Log>) {
        let published = self.published.clone();
        let Some(topic) = published.image.topics().by_id(key.topic_id) else { return };
        let Some(image) = topic.partition(key.partition) else { return };
        if !image.state.replicas.iter().any(|replica| replica.broker == self.broker) {
            return;
        }
        let leadership = leadership(self.broker, &published, topic, image);
        if let Some(slot) = self.partitions.get_mut(&key) {
            let mut effects = Vec::new();
            slot.partition.on_leadership(leadership, &mut effects);
            return self.run_effects(key, effects);
        }
        let config = published.config(key.topic_id).clone();
        let mut log = log.unwrap_or_else(|| new_log(key, topic, config.durability));
        log.set_folder(&folder_name(topic, key.partition));
        self.changed.insert(key);
        let mut partition = Partition::new(log, leadership);
        if self.failed {
            partition.on_failed(&mut Vec::new());
        }
        self.note_unsynced(partition.log());
        if partition.log().unwritten_bytes() > 0 {
            // The state may hold its tail; a clean stop leaves none there.
            self.tails.unplaced.insert(key);
        }
        let held = self.settings.unwritten.account(partition.log().is_page_cache());
        let mut slot = Slot { partition, config, held, last_fetch: None };
        slot.count_unwritten();
        self.partitions.insert(key, slot);
    }

    /// The topic was deleted, durably: end its waiters, leave where its producers go on, say so in the log, and
    /// let its files go.
    fn remove(&mut self, key: LogKey, name: &Arc<str>) {
        let Some(mut slot) = self.partitions.remove(&key) else { return };
        if slot.partition.is_failed() {
            self.probes.offline_partitions.dec();
        }
        self.tails.forget(key);
        self.deletes.end(key, ErrorCode::UnknownTopicOrPartition);
        self.resign_groups(key);
        self.resign_txns(key);
        let mut effects = Vec::new();
        slot.partition.on_deleted(&mut effects);
        self.run_effects(key, effects);
        if !slot.partition.is_failed() {
            let points = slot.partition.log().resume_points();
            self.departed.leave(&(name.clone(), key.partition), points, self.clock.now().mono);
        }
        let folder = slot.partition.log().folder().map(Arc::from);
        self.frames.push(slot.partition.log_mut().remove());
        self.changed.remove(&key);
        // The folder goes once the frame is durable.
        self.removed.push(Job::RemoveLog { key, folder });
    }

    fn update_configs(&mut self, changed: &[ConfigResource]) {
        for resource in changed {
            let ConfigResource::Topic(topic_id) = *resource else { continue };
            let all = LogKey { topic_id, partition: PartitionId(0) }..=LogKey {
                topic_id,
                partition: PartitionId(i32::MAX),
            };
            let keys: Vec<LogKey> = self.partitions.range(all).map(|(key, _)| *key).collect();
            keys.into_iter().for_each(|key| self.update_config(key));
        }
    }

    /// Gives a partition the settings of its topic; what leadership takes from them, too.
    fn update_config(&mut self, key: LogKey) {
        let config = self.published.config(key.topic_id).clone();
        let Some(slot) = self.partitions.get_mut(&key) else { return };
        let before = std::mem::replace(&mut slot.config, config.clone());
        if before.min_insync_replicas != config.min_insync_replicas {
            self.change(key, None);
        }
    }
}

/// Says who leads a partition, and what a broker needs for it.
fn leadership(
    broker: BrokerId,
    published: &Published,
    topic: &TopicImage,
    image: &PartitionImage,
) -> Leadership {
    let leader = published.image.leadership(image);
    let state = &image.state;
    let replicas: Vec<BrokerId> = state.replicas.iter().map(|replica| replica.broker).collect();
    let config = published.config(topic.id);
    let count = u32::try_from(replicas.len()).unwrap_or(u32::MAX);
    Leadership {
        broker,
        leader: leader.leader,
        leader_epoch: leader.epoch,
        min_isr: config.effective_min_isr(count) as usize,
        replicas: ReplicaSet::new(replicas, state.isr.clone(), state.partition_epoch),
    }
}

/// Makes a log of the kind that its topic was created with; a log that was recovered keeps its own (W-16).
fn new_log(key: LogKey, topic: &TopicImage, durability: Durability) -> Log {
    match durability {
        Durability::PageCache if !topic.is_internal() => Log::page_cache(key),
        Durability::PageCache | Durability::Fsync => Log::new(key),
    }
}

/// Returns the folder of a partition, named as Kafka names it.
fn folder_name(topic: &TopicImage, partition: PartitionId) -> String {
    format!("{}-{}", topic.name, partition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use metadata::{MetadataImage, PartitionState, Record, Replica};
    use partition::RequiredAcks;
    use types::{
        DirectoryId, LeaderEpoch, MetadataOffset, PartitionEpoch, TopicId, TopicName, Uuid, WallTime,
    };

    const ME: BrokerId = BrokerId(1);

    /// A partition with three replicas, of which one is in sync.
    fn records(id: TopicId) -> [Record; 2] {
        let replica = |number| Replica { broker: BrokerId(number), directory: DirectoryId::default() };
        let state = PartitionState {
            replicas: (1..=3).map(replica).collect(),
            isr: vec![ME],
            elr: Vec::new(),
            leader: Some(ME),
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
        };
        let key = LogKey { topic_id: id, partition: PartitionId(0) };
        let name = TopicName::new("topic").unwrap();
        [Record::TopicCreated { id, name }, Record::PartitionChanged { key, state }]
    }

    /// Protects: min.insync.replicas, of the topic or of all brokers, decides at once whether acks=all is taken, and is taken back;
    /// acks=1 does not ask for it.
    #[test]
    fn min_isr_follows_the_setting() {
        let broker = config::BrokerConfig::tiny(std::path::Path::new("/nowhere")).unwrap();
        let id = TopicId(Uuid::from_random([1; 16]));
        let image = MetadataImage::default().apply(&records(id), MetadataOffset(1)).unwrap();
        let mut published = Published::new(Arc::new(image), &broker, WallTime(1));
        let code = |published: &Published, acks| {
            let topic = published.image.topics().by_id(id).unwrap();
            let key = topic.key(PartitionId(0));
            let leads = leadership(ME, published, topic, topic.partition(key.partition).unwrap());
            let may = Partition::new(Log::new(key), leads).may_append(acks);
            may.err().map_or(ErrorCode::None, |refused| refused.code())
        };
        assert_eq!(code(&published, RequiredAcks::All), ErrorCode::None);
        let mut offset = 1;
        for resource in [ConfigResource::Topic(id), ConfigResource::BrokerDefault, ConfigResource::Broker(ME)]
        {
            for (value, wanted) in [(Some("2"), ErrorCode::NotEnoughReplicas), (None, ErrorCode::None)] {
                offset += 1;
                let (key, value) = ("min.insync.replicas".to_owned(), value.map(str::to_owned));
                let change = Record::ConfigChanged { resource: resource.clone(), key, value };
                let image = published.image.apply(&[change], MetadataOffset(offset)).unwrap();
                published = published.next(Arc::new(image), WallTime(1));
                assert_eq!(code(&published, RequiredAcks::All), wanted, "{resource:?}");
                assert_eq!(code(&published, RequiredAcks::Leader), ErrorCode::None, "{resource:?}");
            }
        }
    }
}
