//! Offsets of one group that were committed in transactions which have not ended.
//!
//! They are hidden. When their transaction is committed they are the group's, unless a later record of the log has settled
//! the partition: what counts of a partition is the last record of it that is not of an aborted transaction. So a compacted log
//! says the same. A plain commit overtakes what is pending, which stays pending until its transaction ends; the end of an
//! offset takes it away. *Source*: KIP-98; `OffsetMetadataManager.replay` of Kafka 4.3.1, by what it answers. Tests:
//! tests/script/transactions.rs, tests/script/txn_replay.rs.

use crate::facts::PendingOffset;
use crate::held::{Counted, Held, text, tree};
use crate::note::Who;
use crate::offsets::Committed;
use crate::request::Topics;
use std::collections::BTreeMap;
use std::sync::Arc;
use types::{ProducerId, TopicId};

/// An offset of a transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Waiting {
    /// Which record of the log it is: a later one has a larger number.
    pub(crate) number: u64,
    /// A later record has settled the partition: it does not count however its transaction ends.
    pub(crate) is_overtaken: bool,
    /// What is committed if the transaction is.
    pub(crate) committed: Committed,
}

impl Held for Waiting {
    fn heap(&self) -> usize {
        self.committed.heap()
    }
}

type Places = Counted<BTreeMap<i32, Waiting>>;

/// What one producer has committed in its transaction.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct InTxn {
    topics: Counted<BTreeMap<String, Places>>,
    /// Who has sent the last of it, as far as that is known.
    who: Option<Arc<Who>>,
}

impl Held for InTxn {
    fn heap(&self) -> usize {
        self.topics.bytes() + self.who.heap()
    }
}

impl Held for Who {
    fn heap(&self) -> usize {
        self.member.heap() + self.instance.heap() + text(&self.client_id) + text(&self.host)
    }
}

impl InTxn {
    fn waiting(&self, topic: &str, partition: i32) -> Option<&Waiting> {
        self.topics.get(topic)?.get(&partition)
    }

    fn each(&self) -> impl Iterator<Item = (&str, i32, &Waiting)> {
        let topics = self.topics.iter();
        topics
            .flat_map(|(topic, places)| places.iter().map(move |(place, one)| (topic.as_str(), *place, one)))
    }
}

/// What a transaction has left that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Each offset, with its topic and partition.
    pub(crate) offsets: Vec<(String, i32, Waiting)>,
    /// Who has sent the last of it.
    pub(crate) who: Option<Arc<Who>>,
}

/// The offsets of a group that are in transactions, by producer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Pending(Counted<BTreeMap<ProducerId, InTxn>>);

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes in what a producer has committed.
    pub(crate) fn set(&mut self, producer: ProducerId, (topic, partition): (&str, i32), one: Waiting) {
        if !self.0.contains_key(&producer) {
            self.0.insert(producer, InTxn::default());
        }
        self.0.change(&producer, |txn| {
            if !txn.topics.contains_key(topic) {
                txn.topics.insert(topic.to_owned(), Places::default());
            }
            txn.topics.change(topic, |places| places.insert(partition, one));
        });
    }

    /// Notes who has sent what a producer has committed.
    pub(crate) fn sent_by(&mut self, producer: ProducerId, who: &Arc<Who>) {
        self.0.change(&producer, |txn| txn.who = Some(who.clone()));
    }

    /// A record has settled a partition: what is pending of it from before the record numbered `below` counts no more.
    pub(crate) fn overtake(&mut self, topic: &str, partition: i32, below: u64) {
        self.0.change_all(|_, txn| {
            txn.topics.change(topic, |places| {
                places.change(&partition, |one| one.is_overtaken |= one.number < below);
            });
        });
    }

    /// Takes a partition away; returns the producers that have nothing left.
    pub(crate) fn remove(&mut self, topic: &str, partition: i32) -> Vec<ProducerId> {
        self.0.change_all(|_, txn| {
            txn.topics.change(topic, |places| places.remove(&partition));
            if txn.topics.get(topic).is_some_and(|places| places.is_empty()) {
                txn.topics.remove(topic);
            }
        });
        let bare = self.0.iter().filter(|(_, txn)| txn.topics.is_empty()).map(|(producer, _)| *producer);
        let bare: Vec<ProducerId> = bare.collect();
        bare.iter().for_each(|producer| _ = self.0.remove(producer));
        bare
    }

    /// Takes out all of a producer, in the order of topics and partitions.
    pub(crate) fn end(&mut self, producer: ProducerId) -> Option<Ended> {
        let InTxn { topics, who } = self.0.remove(&producer)?;
        let mut offsets = Vec::new();
        for (topic, places) in topics.into_map() {
            offsets.extend(places.into_map().into_iter().map(|(place, one)| (topic.clone(), place, one)));
        }
        Some(Ended { offsets, who })
    }

    /// Says whether a partition is in a transaction, whatever topic has its name.
    pub(crate) fn has(&self, topic: &str, partition: i32) -> bool {
        self.0.values().any(|txn| txn.waiting(topic, partition).is_some())
    }

    /// Says whether a partition is in a transaction, of the topic that has its name now.
    pub(crate) fn has_of(&self, topic: &str, partition: i32, id: Option<TopicId>) -> bool {
        let mut found = self.0.values().filter_map(|txn| txn.waiting(topic, partition));
        found.any(|one| one.committed.is_of(id))
    }

    /// Returns by how much a commit of a producer makes it larger, and whether its transaction has nothing of that partition yet.
    /// *Units*: bytes.
    pub(crate) fn growth(
        &self,
        producer: ProducerId,
        (topic, partition): (&str, i32),
        metadata: &str,
    ) -> (usize, bool) {
        let place = tree::<i32, Waiting>(1) + text(metadata);
        let topic_bytes = text(topic) + tree::<String, Places>(1);
        let Some(txn) = self.0.get(&producer) else {
            return (place + topic_bytes + tree::<ProducerId, InTxn>(1), true);
        };
        match (txn.waiting(topic, partition), txn.topics.contains_key(topic)) {
            (Some(one), _) => (text(metadata).saturating_sub(one.heap()), false),
            (None, true) => (place, true),
            (None, false) => (place + topic_bytes, true),
        }
    }

    fn each(&self) -> impl Iterator<Item = (ProducerId, &str, i32, &Waiting)> {
        self.0.iter().flat_map(|(producer, txn)| txn.each().map(|(topic, p, one)| (*producer, topic, p, one)))
    }

    /// Returns all partitions that are in a transaction; one may be named twice.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, i32)> {
        self.each().map(|(_, topic, partition, _)| (topic, partition))
    }

    /// Returns those of topics that are gone, or that a namesake has replaced; one may be named twice.
    pub(crate) fn of_gone_topics(&self, topics: &dyn Topics) -> impl Iterator<Item = (&str, i32)> {
        let is_gone = |topic: &str, one: &Waiting| {
            let id = topics.id_of(topic);
            id.is_none() || !one.committed.is_of(id)
        };
        let gone = self.each().filter(move |(_, topic, _, one)| is_gone(topic, one));
        gone.map(|(_, topic, partition, _)| (topic, partition))
    }

    /// Returns those of topics that are there, for whoever looks.
    pub(crate) fn shown(&self, topics: &dyn Topics) -> impl Iterator<Item = PendingOffset> {
        let there = self.each().filter(|(_, topic, _, one)| one.committed.is_of(topics.id_of(topic)));
        there.map(|(producer, topic, partition, one)| PendingOffset {
            topic: topic.to_owned(),
            partition,
            producer,
            since: one.committed.at(),
        })
    }

    /// Returns what it takes at most to tell of them. *Units*: bytes.
    pub(crate) fn answer_bytes(&self, each: usize) -> usize {
        self.each().map(|(_, topic, _, _)| each + 2 * topic.len()).sum()
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.values().flat_map(|txn| txn.topics.values()).map(|places| places.len()).sum()
    }

    /// Returns what they hold. *Units*: bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// Returns the same, counted from the beginning.
    pub(crate) fn recount(&self) -> usize {
        let places = |(topic, places): (&String, &Places)| topic.heap() + places.recount();
        let txn = |txn: &InTxn| {
            let nodes = tree::<String, Places>(txn.topics.len());
            nodes + txn.topics.iter().map(places).sum::<usize>() + txn.who.heap()
        };
        tree::<ProducerId, InTxn>(self.0.len()) + self.0.values().map(txn).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::offset_commit_value::OffsetCommitValue;

    /// Protects: W-17: what a commit in a transaction will take is said before, never too little, and again when it replaces another.
    #[test]
    fn a_commit_takes_no_more_than_was_said() {
        let mut pending = Pending::default();
        let (long, longer) = ("x".repeat(100), "x".repeat(1_000));
        let commits =
            [(1, "a", 0, ""), (1, "a", 0, long.as_str()), (1, "a", 0, longer.as_str()), (1, "a", 0, "")];
        let others =
            [(1, "a", 1, long.as_str()), (1, "b", 0, ""), (2, "a", 0, longer.as_str()), (2, "a", 0, "")];
        for (number, (id, topic, partition, metadata)) in (0..).zip(commits.into_iter().chain(others)) {
            let (producer, before) = (ProducerId(id), pending.bytes());
            let is_known =
                pending.0.get(&producer).is_some_and(|txn| txn.waiting(topic, partition).is_some());
            let (growth, is_new) = pending.growth(producer, (topic, partition), metadata);
            let value = OffsetCommitValue { metadata: metadata.to_owned(), ..OffsetCommitValue::default() };
            let waiting = Waiting { number, is_overtaken: false, committed: (&value).into() };
            pending.set(producer, (topic, partition), waiting);
            assert!(pending.bytes() <= before + growth, "{growth} for {topic} {partition} {metadata}");
            assert_eq!((is_new, pending.bytes()), (!is_known, pending.recount()));
        }
    }
}
