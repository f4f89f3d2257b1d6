//! From metadata images to shards and handlers.
//!
//! A new image goes to every shard first and becomes visible to handlers afterwards, so that a
//! handler never names a partition that its shard does not know yet.

use crate::shard::message::ShardMessage;
use crate::shard::router::Router;
use config::{BrokerConfig, TopicConfig};
use metadata::image::ChunkedMap;
use metadata::{ConfigResource, MetadataDelta, MetadataImage};
use std::sync::Arc;
use tokio::sync::watch;
use types::TopicId;

/// What handlers and shards see of the metadata: one image, and the settings that follow from it.
#[derive(Debug)]
pub(crate) struct Published {
    /// The image.
    pub(crate) image: Arc<MetadataImage>,
    /// Settings of the topics that differ from the defaults.
    configs: ChunkedMap<TopicId, Arc<TopicConfig>>,
    default: Arc<TopicConfig>,
}

impl Published {
    /// Builds the settings of an image, all of them.
    pub(crate) fn new(image: Arc<MetadataImage>, broker: &BrokerConfig) -> Published {
        let default = Arc::new(broker.topic_defaults.clone());
        let empty = Published { image: Arc::default(), configs: ChunkedMap::default(), default };
        empty.next(image, broker)
    }

    /// Builds the settings of a newer image: those that did not change are kept (D-18).
    pub(crate) fn next(&self, image: Arc<MetadataImage>, broker: &BrokerConfig) -> Published {
        let mut configs = self.configs.clone();
        for resource in MetadataDelta::between(&self.image, &image).configs {
            let ConfigResource::Topic(id) = resource else { continue };
            configs.remove(&id);
            let settings = image.configs().of(&resource);
            if settings.is_empty() {
                continue;
            }
            match TopicConfig::from_overrides(settings, broker) {
                Ok(config) => {
                    configs.insert(id, Arc::new(config));
                }
                // They were checked when they were set: the broker's own settings have changed since.
                Err(error) => tracing::error!(topic = %id, %error, "settings do not fit; defaults are used"),
            }
        }
        Published { image, configs, default: self.default.clone() }
    }

    /// Returns the settings of a topic.
    pub(crate) fn config(&self, topic: TopicId) -> &Arc<TopicConfig> {
        self.configs.get(&topic).unwrap_or(&self.default)
    }
}

/// Publishes every new image until the metadata ends.
pub(crate) async fn publish_all(
    mut images: watch::Receiver<Arc<MetadataImage>>,
    published: watch::Sender<Arc<Published>>,
    router: Router,
    config: Arc<BrokerConfig>,
) {
    loop {
        let image = images.borrow_and_update().clone();
        if image.offset() > published.borrow().image.offset() {
            let next = published.borrow().next(image, &config);
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
        let first = Published::new(Arc::new(image), &broker);
        let changes = [set(two, "3000"), Record::TopicDeleted { id: one }];
        let changed = Arc::new(first.image.apply(&changes[..1], MetadataOffset(2)).unwrap());
        let second = first.next(changed, &broker);
        assert!(Arc::ptr_eq(first.config(one), second.config(one)));
        assert_eq!(second.config(two).retention_ms, Some(types::Millis(3000)));
        let gone = Arc::new(second.image.apply(&changes[1..], MetadataOffset(3)).unwrap());
        assert!(Arc::ptr_eq(second.next(gone, &broker).config(one), &first.default));
    }
}
