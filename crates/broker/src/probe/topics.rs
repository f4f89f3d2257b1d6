//! Counters per topic, of a bounded number of topics.
//!
//! Only topics that exist have a label, so no request can make one; of those the first [`TOPICS_MAX`], all others are
//! summed. A deleted topic gives its label back. Tests: below, tests/storage/metrics.rs.

use super::Counter;
use super::inventory::TOPICS_MAX;
use metadata::MetadataDelta;
use metadata::image::ChunkedMap;
use std::sync::Arc;
use types::{ErrorCode, TopicId};

/// What is counted per topic, and for all of them.
#[derive(Default, Debug)]
pub(crate) struct TopicProbes {
    pub(super) messages_in: Counter,
    pub(super) bytes_in: Counter,
    pub(super) bytes_out: Counter,
    pub(super) bytes_rejected: Counter,
    pub(super) produces: Counter,
    pub(super) fetches: Counter,
    pub(super) failed_produces: Counter,
    pub(super) failed_fetches: Counter,
}

/// What one partition of a request came with, or got.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Amount {
    /// Records.
    pub(crate) records: u64,
    /// Bytes of their batches.
    pub(crate) bytes: u64,
}

impl TopicProbes {
    /// Counts a batch by how it ended.
    pub(super) fn produced(&self, code: ErrorCode, amount: Amount) {
        self.produces.inc();
        match code {
            ErrorCode::None => {
                self.messages_in.add(amount.records);
                self.bytes_in.add(amount.bytes);
                return;
            }
            ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => {
                self.bytes_rejected.add(amount.bytes);
            }
            _ => {}
        }
        self.failed_produces.inc();
    }

    /// Counts a read by how it ended.
    pub(super) fn fetched(&self, result: Result<u64, ErrorCode>) {
        self.fetches.inc();
        match result {
            Ok(bytes) => self.bytes_out.add(bytes),
            Err(_) => self.failed_fetches.inc(),
        }
    }
}

/// The topics of an image with their counters.
#[derive(Clone, Default, Debug)]
pub(crate) struct TopicLabels {
    own: ChunkedMap<TopicId, Arc<TopicProbes>>,
    others: Arc<TopicProbes>,
}

impl TopicLabels {
    /// Returns those of a newer image: counters of topics that stay are the same.
    pub(crate) fn next(&self, delta: &MetadataDelta) -> TopicLabels {
        let mut next = self.clone();
        for topic in &delta.deleted {
            next.own.remove(&topic.id);
        }
        for id in &delta.created {
            if next.own.len() >= TOPICS_MAX {
                break;
            }
            next.own.insert(*id, Arc::default());
        }
        next
    }

    /// Returns the counters of a topic that exists.
    pub(crate) fn of(&self, topic: TopicId) -> &TopicProbes {
        self.own.get(&topic).unwrap_or(&self.others)
    }

    /// Lists the topics with counters of their own.
    pub(super) fn own(&self) -> impl Iterator<Item = (TopicId, &TopicProbes)> {
        self.own.iter().map(|(id, probes)| (*id, probes.as_ref()))
    }

    /// Returns the counters of all others.
    pub(super) fn others(&self) -> &TopicProbes {
        &self.others
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Uuid;

    fn id(number: usize) -> TopicId {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
        TopicId(Uuid::from_random(bytes))
    }

    /// Protects: however many topics there are, labels stay few; a topic that stays keeps its counters.
    #[test]
    fn labels_have_a_cap() {
        let created = (0..TOPICS_MAX + 5).map(id).collect();
        let first = TopicLabels::default().next(&MetadataDelta { created, ..MetadataDelta::default() });
        assert_eq!(first.own().count(), TOPICS_MAX);
        let kept = std::ptr::from_ref(first.of(id(1)));
        let second = first.next(&MetadataDelta { created: vec![id(9_999)], ..MetadataDelta::default() });
        assert!(std::ptr::eq(kept, second.of(id(1))));
        assert!(std::ptr::eq(second.of(id(9_999)), second.others()));
        assert!(std::ptr::eq(first.others(), second.others()));
    }
}
