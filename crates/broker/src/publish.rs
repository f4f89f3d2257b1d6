//! From metadata images to shards and handlers.
//!
//! A new image goes to every shard first and becomes visible to handlers afterwards, so that a
//! handler never names a partition that its shard does not know yet.

use crate::probe::TopicLabels;
use crate::shard::message::ShardMessage;
use crate::shard::router::Router;
use config::{BrokerConfig, ConsumerTimes, Dynamic, Notice, Overrides, TopicConfig};
use env::Clock;
use metadata::controller::GROUP_VERSION;
use metadata::image::ChunkedMap;
use metadata::{ConfigResource, MetadataDelta, MetadataImage};
use std::sync::Arc;
use tokio::sync::watch;
use types::{BrokerId, TopicId, WallTime};

/// What handlers and shards see of the metadata: one image, and the settings that follow from it.
#[derive(Debug)]
pub(crate) struct Published {
    /// The image.
    pub(crate) image: Arc<MetadataImage>,
    /// Settings of this broker: those it was started with, and over them what the image has for it and for all brokers.
    /// *Invariant*: another one only when those have changed.
    pub(crate) broker: Arc<BrokerConfig>,
    /// What was said about them.
    notices: Vec<Notice>,
    /// Settings of the topics that differ from the defaults.
    configs: ChunkedMap<TopicId, Arc<TopicConfig>>,
    default: Arc<TopicConfig>,
    /// Times of the groups that have settings of their own.
    groups: ChunkedMap<String, ConsumerTimes>,
    /// Counters of the topics.
    pub(crate) topic_probes: TopicLabels,
    /// When the image was taken over.
    pub(crate) applied_at: WallTime,
    /// Stored settings that could not be taken, so far.
    pub(crate) errors: u64,
}

impl Published {
    /// Builds the settings of an image, all of them, for a broker that was started with these.
    pub(crate) fn new(image: Arc<MetadataImage>, started_with: &BrokerConfig, now: WallTime) -> Published {
        Published::empty(Arc::new(started_with.clone()), Vec::new(), 0).next(image, now)
    }

    fn empty(broker: Arc<BrokerConfig>, notices: Vec<Notice>, errors: u64) -> Published {
        Published {
            image: Arc::default(),
            default: Arc::new(broker.topic_defaults.clone()),
            broker,
            notices,
            configs: ChunkedMap::default(),
            groups: ChunkedMap::default(),
            topic_probes: TopicLabels::default(),
            applied_at: WallTime(0),
            errors,
        }
    }

    /// Builds the settings of a newer image: those that did not change are kept (D-18), unless the broker's own settings
    /// changed, from which all others follow.
    pub(crate) fn next(&self, image: Arc<MetadataImage>, now: WallTime) -> Published {
        let topic_probes = self.topic_probes.next(&MetadataDelta::between(&self.image, &image));
        Published { topic_probes, applied_at: now, ..self.next_settings(image) }
    }

    fn next_settings(&self, image: Arc<MetadataImage>) -> Published {
        if self.broker_settings_differ(&image) {
            let (broker, notices, refused) = self.broker_with(&image);
            return Published::empty(broker, notices, self.errors + refused).with_own_settings(image);
        }
        let (broker, default) = (self.broker.clone(), self.default.clone());
        let (notices, configs, groups) = (self.notices.clone(), self.configs.clone(), self.groups.clone());
        let before = Published::empty(self.broker.clone(), notices, self.errors);
        Published { image: self.image.clone(), broker, default, configs, groups, ..before }
            .with_own_settings(image)
    }

    /// Returns the broker's settings under an image that may be newer: decisions are made on it before it is published.
    pub(crate) fn broker_at(&self, image: &MetadataImage) -> Arc<BrokerConfig> {
        match self.broker_settings_differ(image) {
            true => Arc::new(self.broker.with_stored(&stored(image, self.broker.node_id)).0),
            false => self.broker.clone(),
        }
    }

    fn broker_settings_differ(&self, image: &MetadataImage) -> bool {
        let mut resources =
            [ConfigResource::BrokerDefault, ConfigResource::Broker(self.broker.node_id)].into_iter();
        resources.any(|resource| self.image.configs().of(&resource) != image.configs().of(&resource))
    }

    fn broker_with(&self, image: &MetadataImage) -> (Arc<BrokerConfig>, Vec<Notice>, u64) {
        let (config, notices, refused) = self.broker.with_stored(&stored(image, self.broker.node_id));
        for notice in notices.iter().filter(|notice| !self.notices.contains(notice)) {
            tracing::warn!("{notice}");
        }
        for error in &refused {
            tracing::error!(%error, "a stored setting of brokers cannot be taken; what counts without it is used");
        }
        (Arc::new(config), notices, refused.len() as u64)
    }

    fn with_own_settings(mut self, image: Arc<MetadataImage>) -> Published {
        for resource in MetadataDelta::between(&self.image, &image).configs {
            let settings = image.configs().of(&resource);
            match resource {
                ConfigResource::Topic(id) => self.set_topic(id, settings),
                ConfigResource::Group(name) => self.set_group(name, settings),
                ConfigResource::BrokerDefault | ConfigResource::Broker(_) => {}
            }
        }
        self.image = image;
        self
    }

    fn set_topic(&mut self, id: TopicId, settings: &Overrides) {
        if settings.is_empty() {
            self.configs.remove(&id);
            return;
        }
        let (config, refused) = TopicConfig::from_stored(settings, &self.broker);
        self.errors += refused.len() as u64;
        for error in refused {
            // They were checked when they were set: another build did, or what the broker is started with has changed.
            tracing::error!(topic = %id, %error, "a stored setting of a topic cannot be taken; its default is used");
        }
        self.configs.insert(id, Arc::new(config));
    }

    fn set_group(&mut self, name: String, settings: &Overrides) {
        if settings.is_empty() {
            self.groups.remove(&name);
        } else {
            self.groups.insert(name, self.broker.groups.consumer.times_of(settings));
        }
    }

    /// Returns the times of a group of the consumer protocol: its own within the broker's limits, else the broker's.
    pub(crate) fn consumer_group(&self, group: &str) -> ConsumerTimes {
        self.groups.get(group).copied().unwrap_or_else(|| self.broker.groups.consumer.times())
    }

    /// Says whether the consumer protocol is served: the cluster's level of features and the broker's settings have it.
    pub(crate) fn serves_consumer_protocol(&self) -> bool {
        self.broker.groups.consumer.enabled && self.image.features().level(GROUP_VERSION.name) >= 1
    }

    /// Returns the settings of a topic.
    pub(crate) fn config(&self, topic: TopicId) -> &Arc<TopicConfig> {
        self.configs.get(&topic).unwrap_or(&self.default)
    }
}

/// Returns what an image has for a broker.
pub(crate) fn stored(image: &MetadataImage, broker: BrokerId) -> Dynamic {
    let of = |resource| -> Overrides { image.configs().of(&resource).clone() };
    Dynamic {
        every_broker: of(ConfigResource::BrokerDefault),
        this_broker: of(ConfigResource::Broker(broker)),
    }
}

/// Publishes every new image until the metadata ends.
pub(crate) async fn publish_all(
    mut images: watch::Receiver<Arc<MetadataImage>>,
    published: watch::Sender<Arc<Published>>,
    router: Router,
    clock: Arc<dyn Clock>,
) {
    loop {
        let image = images.borrow_and_update().clone();
        if image.offset() > published.borrow().image.offset() {
            let next = published.borrow().next(image, clock.now().wall);
            let next = Arc::new(next);
            for shard in 0..router.len() {
                router.send(shard, ShardMessage::Image { published: next.clone(), logs: Vec::new() });
            }
            published.send_replace(next);
        }
        if images.changed().await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metadata::Record;
    use types::{MetadataOffset, TopicName, Uuid};

    const NOW: WallTime = WallTime(1);

    fn set(id: TopicId, value: &str) -> Record {
        let (key, value) = ("retention.ms".to_string(), Some(value.to_string()));
        Record::ConfigChanged { resource: ConfigResource::Topic(id), key, value }
    }

    /// Protects: a change of the metadata costs what it changes: the settings of other topics stay the very same (D-18).
    #[test]
    fn unchanged_settings_are_kept() {
        let broker = BrokerConfig::tiny(std::path::Path::new("/nowhere")).unwrap();
        let (one, two) = (TopicId(Uuid::from_random([1; 16])), TopicId(Uuid::from_random([2; 16])));
        let named = |id, name| Record::TopicCreated { id, name: TopicName::new(name).unwrap() };
        let records = [named(one, "one"), named(two, "two"), set(one, "1000"), set(two, "2000")];
        let image = MetadataImage::default().apply(&records, MetadataOffset(1)).unwrap();
        let first = Published::new(Arc::new(image), &broker, NOW);
        let changes = [set(two, "3000"), Record::TopicDeleted { id: one }];
        let changed = Arc::new(first.image.apply(&changes[..1], MetadataOffset(2)).unwrap());
        let second = first.next(changed, NOW);
        assert!(Arc::ptr_eq(first.config(one), second.config(one)));
        assert_eq!(second.config(two).retention_ms, Some(types::Millis(3000)));
        let gone = Arc::new(second.image.apply(&changes[1..], MetadataOffset(3)).unwrap());
        assert!(Arc::ptr_eq(second.next(gone, NOW).config(one), &first.default));
    }

    /// Protects: metadata that this program cannot take is counted, and stays counted when the broker's settings change.
    #[test]
    fn what_cannot_be_taken_is_counted() {
        let broker = BrokerConfig::tiny(std::path::Path::new("/nowhere")).unwrap();
        let id = TopicId(Uuid::from_random([1; 16]));
        let named = Record::TopicCreated { id, name: TopicName::new("one").unwrap() };
        let image = MetadataImage::default().apply(&[named, set(id, "many")], MetadataOffset(1)).unwrap();
        let first = Published::new(Arc::new(image), &broker, NOW);
        assert_eq!((first.errors, first.applied_at), (1, NOW));
        let (key, value) = ("log.segment.bytes".to_string(), Some("few".to_string()));
        let change = Record::ConfigChanged { resource: ConfigResource::BrokerDefault, key, value };
        let changed = Arc::new(first.image.apply(&[change], MetadataOffset(2)).unwrap());
        let second = first.next(changed, WallTime(2));
        assert_eq!((second.errors, second.applied_at), (3, WallTime(2)), "the topic's is looked at again");
        let same = Arc::new(second.image.apply(&[], MetadataOffset(3)).unwrap());
        assert_eq!(second.next(same, WallTime(3)).errors, 3);
    }

    /// Protects: a group of the consumer protocol has its own times from the next image on, within the broker's limits, and the
    /// broker's again once they are taken back; a change of the broker's settings reaches those that have their own.
    #[test]
    fn a_group_has_its_own_times() {
        let broker = BrokerConfig::tiny(std::path::Path::new("/nowhere")).unwrap();
        let session = |p: &Published, group: &str| p.consumer_group(group).session_timeout.0;
        let set = |value: Option<&str>| Record::ConfigChanged {
            resource: ConfigResource::Group("g".to_string()),
            key: "consumer.session.timeout.ms".to_string(),
            value: value.map(str::to_string),
        };
        let image = MetadataImage::default().apply(&[set(Some("50000"))], MetadataOffset(1)).unwrap();
        let first = Published::new(Arc::new(image), &broker, NOW);
        assert_eq!((session(&first, "g"), session(&first, "other")), (50_000, 45_000));
        let every = Record::ConfigChanged {
            resource: ConfigResource::BrokerDefault,
            key: "group.consumer.assignment.interval.ms".to_string(),
            value: Some("7".to_string()),
        };
        let changed = Arc::new(first.image.apply(&[every], MetadataOffset(2)).unwrap());
        let second = first.next(changed, NOW);
        let interval = second.consumer_group("g").assignment_interval.0;
        assert_eq!((interval, session(&second, "g")), (7, 50_000));
        let beyond = Arc::new(second.image.apply(&[set(Some("99000"))], MetadataOffset(3)).unwrap());
        let third = second.next(beyond, NOW);
        assert_eq!(session(&third, "g"), 60_000, "the limit");
        let back = Arc::new(third.image.apply(&[set(None)], MetadataOffset(4)).unwrap());
        assert_eq!(session(&third.next(back, NOW), "g"), 45_000);
    }

    /// Protects: the consumer protocol is served only where the cluster's level of features has it and the broker's settings
    /// have not switched it off.
    #[test]
    fn the_consumer_protocol_needs_level_and_setting() {
        let mut broker = BrokerConfig::tiny(std::path::Path::new("/nowhere")).unwrap();
        let level = Record::FeatureLevel { name: GROUP_VERSION.name.to_string(), level: 1 };
        let old = Arc::new(MetadataImage::default().apply(&[], MetadataOffset(1)).unwrap());
        let new = Arc::new(old.apply(&[level], MetadataOffset(2)).unwrap());
        let serves = |broker: &BrokerConfig, image: &Arc<MetadataImage>| {
            Published::new(image.clone(), broker, NOW).serves_consumer_protocol()
        };
        assert_eq!([serves(&broker, &old), serves(&broker, &new)], [false, true]);
        broker.groups.consumer.enabled = false;
        assert!(!serves(&broker, &new));
    }

    /// Protects: a change of a broker's settings reaches every topic that does not set its own, and is undone by taking it
    /// back; a decision on a newer image sees it before it is published.
    #[test]
    fn a_change_of_the_broker_reaches_topics() {
        let broker = BrokerConfig::tiny(std::path::Path::new("/nowhere")).unwrap();
        let (own, other) = (TopicId(Uuid::from_random([1; 16])), TopicId(Uuid::from_random([2; 16])));
        let named = |id, name| Record::TopicCreated { id, name: TopicName::new(name).unwrap() };
        let image = MetadataImage::default()
            .apply(&[named(own, "own"), named(other, "other"), set(own, "1000")], MetadataOffset(1))
            .unwrap();
        let first = Published::new(Arc::new(image), &broker, NOW);
        let change = |value: Option<&str>| Record::ConfigChanged {
            resource: ConfigResource::BrokerDefault,
            key: "log.segment.bytes".to_string(),
            value: value.map(str::to_string),
        };
        let changed = Arc::new(first.image.apply(&[change(Some("8192"))], MetadataOffset(2)).unwrap());
        assert_eq!(first.broker_at(&changed).topic_defaults.segment_bytes, 8192);
        let second = first.next(changed, NOW);
        let bytes = |p: &Published| [own, other].map(|id| p.config(id).segment_bytes);
        assert_eq!((bytes(&first), bytes(&second)), ([65536; 2], [8192; 2]));
        assert_eq!(second.config(own).retention_ms, Some(types::Millis(1000)));
        let back = Arc::new(second.image.apply(&[change(None)], MetadataOffset(3)).unwrap());
        assert_eq!(bytes(&second.next(back, NOW)), [65536; 2]);
    }
}
