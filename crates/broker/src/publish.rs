//! From metadata images to shards and handlers.
//!
//! A new image goes to every shard first and becomes visible to handlers afterwards, so that a
//! handler never names a partition that its shard does not know yet.

use crate::probe::TopicLabels;
use crate::shard::message::ShardMessage;
use crate::shard::router::Router;
use config::{BrokerConfig, Dynamic, Notice, Overrides, TopicConfig};
use env::Clock;
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
            return Published::empty(broker, notices, self.errors + refused).with_topics(image);
        }
        let (broker, default) = (self.broker.clone(), self.default.clone());
        let (notices, configs) = (self.notices.clone(), self.configs.clone());
        let before = Published::empty(self.broker.clone(), notices, self.errors);
        Published { image: self.image.clone(), broker, default, configs, ..before }.with_topics(image)
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

    fn with_topics(mut self, image: Arc<MetadataImage>) -> Published {
        for resource in MetadataDelta::between(&self.image, &image).configs {
            let ConfigResource::Topic(id) = resource else { continue };
            self.configs.remove(&id);
            let settings = image.configs().of(&resource);
            if settings.is_empty() {
                continue;
            }
            let (config, refused) = TopicConfig::from_stored(settings, &self.broker);
            self.errors += refused.len() as u64;
            for error in refused {
                // They were checked when they were set: another build did, or what the broker is started with has changed.
                tracing::error!(topic = %id, %error, "a stored setting of a topic cannot be taken; its default is used");
            }
            self.configs.insert(id, Arc::new(config));
        }
        self.image = image;
        self
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
