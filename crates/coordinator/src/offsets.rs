//! The committed offsets of one group.

use crate::facts::GroupOffset;
use crate::held::{Held, text, tree};
use crate::note::Before;
use crate::record::GroupRecord;
use crate::request::{FetchedOffset, Topics};
use std::collections::BTreeMap;
use types::{GroupId, Offset, TopicId, WallTime};
use wire::offset_commit_value::OffsetCommitValue;

/// One committed offset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Committed {
    offset: Offset,
    leader_epoch: i32,
    metadata: String,
    at: WallTime,
    /// The topic that it was committed for; zero if the record does not say it.
    topic_id: TopicId,
}

impl From<&OffsetCommitValue> for Committed {
    fn from(value: &OffsetCommitValue) -> Committed {
        Committed {
            offset: Offset(value.offset),
            leader_epoch: value.leader_epoch,
            metadata: value.metadata.clone(),
            at: WallTime(value.commit_timestamp),
            topic_id: TopicId(value.topic_id),
        }
    }
}

impl Committed {
    /// Returns when it was committed.
    pub(crate) fn at(&self) -> WallTime {
        self.at
    }

    /// Makes a record of it again.
    pub(crate) fn record(&self, group: &GroupId, topic: &str, partition: i32) -> GroupRecord {
        let value = OffsetCommitValue {
            offset: self.offset.0,
            leader_epoch: self.leader_epoch,
            metadata: self.metadata.clone(),
            commit_timestamp: self.at.0,
            topic_id: self.topic_id.0,
            ..OffsetCommitValue::default()
        };
        GroupRecord::Offset { group: group.clone(), topic: topic.to_owned(), partition, value: Some(value) }
    }

    /// Returns it as it is noted.
    pub(crate) fn noted(&self) -> Before {
        Before { offset: self.offset, at: self.at, topic_id: self.topic_id }
    }

    /// Says whether it is of the topic that has its name now; a namesake of a deleted topic inherits nothing.
    pub(crate) fn is_of(&self, topic: Option<TopicId>) -> bool {
        self.topic_id.0.is_zero() || topic.is_none_or(|id| id == self.topic_id)
    }
}

impl Held for Committed {
    fn heap(&self) -> usize {
        text(&self.metadata)
    }
}

/// The offsets of one group, by topic and partition.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Offsets {
    topics: BTreeMap<String, BTreeMap<i32, Committed>>,
    /// How many there are.
    count: usize,
    /// What the texts and the trees of partitions hold. *Units*: bytes.
    heap: usize,
}

impl Offsets {
    pub(crate) fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    pub(crate) fn set(&mut self, topic: &str, partition: i32, committed: Committed) {
        self.heap += text(&committed.metadata);
        let (before, more) = match self.topics.get_mut(topic) {
            Some(partitions) => {
                let nodes = nodes(partitions);
                (partitions.insert(partition, committed), self::nodes(partitions) - nodes)
            }
            None => {
                let partitions = BTreeMap::from([(partition, committed)]);
                let more = text(topic) + nodes(&partitions);
                self.topics.insert(topic.to_owned(), partitions);
                (None, more)
            }
        };
        self.heap += more;
        match before {
            Some(before) => self.heap = self.heap.saturating_sub(text(&before.metadata)),
            None => self.count += 1,
        }
    }

    pub(crate) fn remove(&mut self, topic: &str, partition: i32) {
        let Some(partitions) = self.topics.get_mut(topic) else { return };
        let nodes = nodes(partitions);
        let Some(before) = partitions.remove(&partition) else { return };
        let mut less = text(&before.metadata) + nodes - self::nodes(partitions);
        if partitions.is_empty() {
            self.topics.remove(topic);
            less += text(topic);
        }
        self.count -= 1;
        self.heap = self.heap.saturating_sub(less);
    }

    /// Returns what they hold. *Units*: bytes.
    pub(crate) fn bytes(&self) -> usize {
        tree::<String, BTreeMap<i32, Committed>>(self.topics.len()) + self.heap
    }

    /// Returns the same, counted from the beginning.
    pub(crate) fn recount(&self) -> usize {
        let of = |partitions: &BTreeMap<i32, Committed>| {
            nodes(partitions) + partitions.values().map(|one| text(&one.metadata)).sum::<usize>()
        };
        let each = self.topics.iter().map(|(topic, partitions)| text(topic) + of(partitions));
        tree::<String, BTreeMap<i32, Committed>>(self.topics.len()) + each.sum::<usize>()
    }

    /// Returns by how much a commit makes them larger, and whether it is of a partition that has none. *Units*: bytes.
    pub(crate) fn growth(&self, topic: &str, partition: i32, metadata: &str) -> (usize, bool) {
        let known = self.topics.get(topic).map(|partitions| partitions.get(&partition));
        match known {
            Some(Some(before)) => (text(metadata).saturating_sub(text(&before.metadata)), false),
            Some(None) => (tree::<i32, Committed>(1) + text(metadata), true),
            None => {
                let nodes = tree::<i32, Committed>(1) + tree::<String, BTreeMap<i32, Committed>>(1);
                (text(topic) + nodes + text(metadata), true)
            }
        }
    }

    /// Returns what is committed, for a note.
    pub(crate) fn before(&self, topic: &str, partition: i32) -> Option<Before> {
        Some(self.topics.get(topic)?.get(&partition)?.noted())
    }

    /// Returns those of topics that are there, for whoever looks.
    pub(crate) fn shown(&self, topics: &dyn Topics) -> impl Iterator<Item = GroupOffset> {
        let each = self.topics.iter().map(|(topic, partitions)| (topic, topics.id_of(topic), partitions));
        each.flat_map(|(topic, id, partitions)| {
            let of = partitions.iter().filter(move |(_, committed)| committed.is_of(id));
            of.map(move |(partition, committed)| GroupOffset {
                topic: topic.clone(),
                topic_id: committed.topic_id,
                partition: *partition,
                offset: committed.offset,
                at: committed.at,
            })
        })
    }

    pub(crate) fn has(&self, topic: &str, partition: i32) -> bool {
        self.topics.get(topic).is_some_and(|partitions| partitions.contains_key(&partition))
    }

    /// Says whether a partition has one, of the topic that has its name now.
    pub(crate) fn has_of(&self, topic: &str, partition: i32, id: Option<TopicId>) -> bool {
        let found = self.topics.get(topic).and_then(|partitions| partitions.get(&partition));
        found.is_some_and(|committed| committed.is_of(id))
    }

    /// Returns all partitions that have one.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, i32)> {
        self.topics
            .iter()
            .flat_map(|(topic, partitions)| partitions.keys().map(move |p| (topic.as_str(), *p)))
    }

    /// Returns all partitions that have one, with when it was committed.
    pub(crate) fn times(&self) -> impl Iterator<Item = (&str, i32, WallTime)> {
        self.topics
            .iter()
            .flat_map(|(topic, partitions)| partitions.iter().map(move |(p, c)| (topic.as_str(), *p, c.at)))
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Returns when the last of them was committed.
    pub(crate) fn latest(&self) -> Option<WallTime> {
        self.times().map(|(_, _, at)| at).max()
    }

    /// Returns those of topics that are gone, or that a namesake has replaced.
    pub(crate) fn of_gone_topics(&self, topics: &dyn Topics) -> impl Iterator<Item = (&str, i32)> {
        let each = self.topics.iter().map(|(topic, partitions)| (topic, topics.id_of(topic), partitions));
        each.flat_map(|(topic, id, partitions)| {
            let gone = partitions.iter().filter(move |(_, committed)| id.is_none() || !committed.is_of(id));
            gone.map(move |(partition, _)| (topic.as_str(), *partition))
        })
    }

    /// Returns what that answer takes at most, decoded and encoded. *Units*: bytes.
    pub(crate) fn answer_bytes(&self, asked: Option<&[(String, i32)]>, each: usize) -> usize {
        let size = |topic: &str, one: Option<&Committed>| {
            each + 2 * topic.len() + 3 * one.map_or(0, |one| one.metadata.len())
        };
        match asked {
            Some(asked) => {
                let find = |topic: &str, partition| self.topics.get(topic)?.get(partition);
                asked.iter().map(|(topic, partition)| size(topic, find(topic, partition))).sum()
            }
            // A text counts with what it holds.
            None => {
                let topics = self.topics.iter();
                3 * self.heap + topics.map(|(topic, all)| all.len() * size(topic, None)).sum::<usize>()
            }
        }
    }

    /// Answers OffsetFetch.
    pub(crate) fn fetch(&self, asked: Option<&[(String, i32)]>, topics: &dyn Topics) -> Vec<FetchedOffset> {
        let one = |topic: &str, partition: i32| {
            let committed = self.topics.get(topic).and_then(|partitions| partitions.get(&partition));
            let committed = committed.filter(|committed| committed.is_of(topics.id_of(topic)));
            committed.map(|committed| fetched(topic, partition, committed))
        };
        match asked {
            Some(asked) => {
                asked.iter().map(|(topic, p)| one(topic, *p).unwrap_or_else(|| nothing(topic, *p))).collect()
            }
            None => self.keys().filter_map(|(topic, partition)| one(topic, partition)).collect(),
        }
    }
}

/// Returns what the tree of a topic's partitions takes. *Units*: bytes.
fn nodes(partitions: &BTreeMap<i32, Committed>) -> usize {
    tree::<i32, Committed>(partitions.len())
}

/// Answers OffsetFetch for a group that has none.
pub(crate) fn none(asked: Option<&[(String, i32)]>) -> Vec<FetchedOffset> {
    asked.unwrap_or_default().iter().map(|(topic, partition)| nothing(topic, *partition)).collect()
}

/// Answers OffsetFetch for a partition that has none.
pub(crate) fn nothing(topic: &str, partition: i32) -> FetchedOffset {
    FetchedOffset {
        topic: topic.to_owned(),
        partition,
        offset: Offset::NONE,
        leader_epoch: -1,
        metadata: String::new(),
        is_unstable: false,
    }
}

fn fetched(topic: &str, partition: i32, committed: &Committed) -> FetchedOffset {
    FetchedOffset {
        topic: topic.to_owned(),
        partition,
        offset: committed.offset,
        leader_epoch: committed.leader_epoch,
        metadata: committed.metadata.clone(),
        is_unstable: false,
    }
}
