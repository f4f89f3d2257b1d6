//! From metadata images to shards and handlers.
//!
//! A new image goes to every shard first and becomes visible to handlers afterwards, so that a
//! handler never names a partition that its shard does not know yet.

use crate::shard::message::ShardMessage;
use crate::shard::router::Router;
use config::{BrokerConfig, TopicConfig};
use metadata::{ConfigResource, MetadataImage};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;
use types::TopicId;

/// What handlers and shards see of the metadata: one image, and the settings that follow from it.
#[derive(Debug)]
pub(crate) struct Published {
    /// The image.
    pub(crate) image: Arc<MetadataImage>,
    /// Settings of the topics that differ from the defaults.
    configs: BTreeMap<TopicId, Arc<TopicConfig>>,
    default: Arc<TopicConfig>,
}

impl Published {
    /// Builds the settings of an image.
    pub(crate) fn new(image: Arc<MetadataImage>, broker: &BrokerConfig) -> Published {
        let default = Arc::new(broker.topic_defaults.clone());
        let mut configs = BTreeMap::new();
        for (resource, settings) in image.configs().iter() {
            let ConfigResource::Topic(id) = resource else { continue };
            match TopicConfig::from_overrides(settings, broker) {
                Ok(config) => {
                    configs.insert(*id, Arc::new(config));
                }
                // They were checked when they were set: the broker's own settings have changed since.
                Err(error) => tracing::error!(topic = %id, %error, "settings do not fit; defaults are used"),
            }
        }
        Published { image, configs, default }
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
            let next = Arc::new(Published::new(image, &config));
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
