//! What differs between two images, for the broker to act on.
//!
//! Made by comparing, not by remembering records: skipping images or restarting from a snapshot
//! gives the same answer. Cost follows what differs (shared parts are skipped), except that a
//! broker's registration or fencing walks through all partitions once. Tests: tests/prop_image.rs.

use crate::image::{TopicImage, TopicsImage};
use crate::{ConfigResource, MetadataImage};
use std::collections::BTreeSet;
use std::sync::Arc;
use types::{BrokerId, LogKey, TopicId};

/// What differs between an older and a newer image.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MetadataDelta {
    /// Topics only the newer one has.
    pub created: Vec<TopicId>,
    /// Topics only the older one has, as they were.
    pub deleted: Vec<Arc<TopicImage>>,
    /// Partitions that are new, or whose state or leadership differs; in order, none twice.
    pub partitions: Vec<LogKey>,
    /// Resources whose settings differ; those of deleted topics included.
    pub configs: Vec<ConfigResource>,
    /// Brokers that are new, registered again or fenced.
    pub brokers: Vec<BrokerId>,
    /// Whether feature levels differ.
    pub features: bool,
}

impl MetadataDelta {
    /// Compares two images.
    pub fn between(old: &MetadataImage, new: &MetadataImage) -> MetadataDelta {
        let mut delta = MetadataDelta {
            configs: old.configs().changed(new.configs()),
            brokers: old.brokers().changed(new.brokers()),
            features: old.features() != new.features(),
            ..MetadataDelta::default()
        };
        let mut partitions = BTreeSet::new();
        delta.compare_topics(old.topics(), new.topics(), &mut partitions);
        if delta.brokers.iter().any(|id| moves(old, *id) != moves(new, *id)) {
            compare_leaderships(old, new, &mut partitions);
        }
        delta.partitions = partitions.into_iter().collect();
        delta
    }

    /// Says whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == MetadataDelta::default()
    }

    fn compare_topics(&mut self, old: &TopicsImage, new: &TopicsImage, partitions: &mut BTreeSet<LogKey>) {
        old.diff(new, |id, before, after| match (before, after) {
            (Some(before), None) => self.deleted.push(before.clone()),
            (None, Some(after)) => {
                self.created.push(id);
                partitions.extend(after.partitions().map(|(partition, _)| after.key(partition)));
            }
            (Some(before), Some(after)) => before.changed_partitions(after, |partition| {
                partitions.insert(after.key(partition));
            }),
            (None, None) => {}
        });
    }
}

fn moves(image: &MetadataImage, broker: BrokerId) -> u32 {
    image.brokers().get(broker).map_or(0, |b| b.moves)
}

fn compare_leaderships(old: &MetadataImage, new: &MetadataImage, changed: &mut BTreeSet<LogKey>) {
    for topic in new.topics().iter() {
        for (partition, image) in topic.partitions() {
            let key = topic.key(partition);
            if old.leadership_of(key) != Some(new.leadership(image)) {
                changed.insert(key);
            }
        }
    }
}
