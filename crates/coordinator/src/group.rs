//! A group, of either protocol, and the offsets that were committed in its name.

use crate::classic::{CONSUMER, Classic, State};
use crate::consumer::Consumer;
use crate::held::Held;
use crate::offsets::Offsets;
use crate::pending::Pending;
use crate::record::{ConsumerRecord, GroupRecord};
use std::collections::BTreeSet;
use std::time::Duration;
use types::{GroupId, Monotonic, Now, TopicId, WallTime};

/// What kind of group it is. A group without members may become the other at any time.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Its members agree among themselves.
    Classic(Box<Classic>),
    /// The coordinator assigns (KIP-848).
    Consumer(Box<Consumer>),
}

/// A group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) kind: Kind,
    pub(crate) offsets: Offsets,
    /// What is committed in transactions that are open.
    pub(crate) pending: Pending,
    /// What it held when that was looked at. *Units*: bytes.
    pub(crate) noted: usize,
    /// Since when it has been seen to have neither members nor offsets, and for how long it had none before.
    pub(crate) bare_since: Option<(Monotonic, Duration)>,
    /// When its last record was written; of a group that was loaded.
    pub(crate) written_at: Option<WallTime>,
}

impl Group {
    /// Makes a group of which nothing is known.
    pub(crate) fn new(id: &GroupId) -> Group {
        Group {
            kind: Kind::Classic(Box::new(Classic::new(id.clone()))),
            offsets: Offsets::default(),
            pending: Pending::default(),
            noted: 0,
            bare_since: None,
            written_at: None,
        }
    }

    /// Returns what it holds. *Units*: bytes.
    pub(crate) fn bytes(&self) -> usize {
        let kind = match &self.kind {
            Kind::Classic(classic) => classic.id().heap() + classic.bytes(),
            Kind::Consumer(consumer) => consumer.id().heap() + consumer.bytes(),
        };
        kind + self.offsets.bytes() + self.pending.bytes()
    }

    /// Returns the same, counted from the beginning.
    pub(crate) fn recount(&self) -> usize {
        let kind = match &self.kind {
            Kind::Classic(classic) => classic.id().heap() + classic.recount(),
            Kind::Consumer(consumer) => consumer.id().heap() + consumer.recount(),
        };
        kind + self.offsets.recount() + self.pending.recount()
    }

    /// Takes over a record of the group itself.
    pub(crate) fn apply(&mut self, record: &GroupRecord) {
        self.bare_since = None;
        let id = record.group().clone();
        match (record, &mut self.kind) {
            (GroupRecord::Group { value: Some(value), .. }, Kind::Classic(classic)) => classic.apply(value),
            (GroupRecord::Group { value: Some(value), .. }, Kind::Consumer(_)) => {
                let mut classic = Classic::new(id);
                classic.apply(value);
                self.kind = Kind::Classic(Box::new(classic));
            }
            (GroupRecord::Group { value: None, .. }, Kind::Classic(_))
            | (GroupRecord::Consumer { record: ConsumerRecord::Epoch(None), .. }, Kind::Consumer(_)) => {
                // Offsets may be left, or come later: they have tombstones of their own.
                self.kind = Kind::Classic(Box::new(Classic::new(id)));
            }
            (GroupRecord::Consumer { record, .. }, Kind::Consumer(consumer)) => consumer.apply(record),
            (GroupRecord::Consumer { record, .. }, Kind::Classic(_)) if !record.is_end() => {
                let mut consumer = Consumer::new(id);
                consumer.apply(record);
                self.kind = Kind::Consumer(Box::new(consumer));
            }
            // What it was before it became what it is.
            (GroupRecord::Group { .. } | GroupRecord::Consumer { .. } | GroupRecord::Offset { .. }, _) => {}
        }
    }

    /// Returns the group, if it is a classic one.
    pub(crate) fn classic(&self) -> Option<&Classic> {
        if let Kind::Classic(classic) = &self.kind { Some(classic) } else { None }
    }

    /// Returns the group, if it is a classic one.
    pub(crate) fn classic_mut(&mut self) -> Option<&mut Classic> {
        if let Kind::Classic(classic) = &mut self.kind { Some(classic) } else { None }
    }

    /// Returns the group, if it is of the consumer protocol.
    pub(crate) fn consumer(&self) -> Option<&Consumer> {
        if let Kind::Consumer(consumer) = &self.kind { Some(consumer) } else { None }
    }

    /// Notes for how long it has had neither members nor offsets, if it has none: the end of the last one is its last record. A
    /// clock that was set back does not make that longer.
    pub(crate) fn loaded(&mut self, now: Now) {
        let Some(at) = self.written_at.take() else { return };
        if self.is_bare() {
            let before = u64::try_from(now.wall.0.saturating_sub(at.0)).unwrap_or(0);
            self.bare_since = Some((now.mono, Duration::from_millis(before)));
        }
    }

    /// Says whether it has no members, nor anybody on the way to be one.
    pub(crate) fn is_deserted(&self) -> bool {
        match &self.kind {
            Kind::Classic(classic) => classic.state() == State::Empty && classic.is_idle(),
            Kind::Consumer(consumer) => consumer.is_empty(),
        }
    }

    /// Says whether it has no members.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.kind {
            Kind::Classic(classic) => classic.state() == State::Empty,
            Kind::Consumer(consumer) => consumer.is_empty(),
        }
    }

    /// Says whether there is nothing of it worth keeping.
    pub(crate) fn is_void(&self) -> bool {
        let has_none = match &self.kind {
            Kind::Classic(classic) => classic.is_idle() && !classic.has_record(),
            Kind::Consumer(consumer) => consumer.is_new(),
        };
        has_none && self.has_no_offsets()
    }

    /// Says whether nothing is committed in its name, nor is in a transaction.
    pub(crate) fn has_no_offsets(&self) -> bool {
        self.offsets.is_empty() && self.pending.is_empty()
    }

    /// Says whether it has neither members nor offsets.
    pub(crate) fn is_bare(&self) -> bool {
        self.is_deserted() && self.has_no_offsets()
    }

    /// Returns all partitions of which an offset is committed or in a transaction.
    pub(crate) fn places(&self) -> BTreeSet<(&str, i32)> {
        self.offsets.keys().chain(self.pending.keys()).collect()
    }

    /// Says whether an offset of a partition is committed or in a transaction.
    pub(crate) fn has_place(&self, topic: &str, partition: i32) -> bool {
        self.offsets.has(topic, partition) || self.pending.has(topic, partition)
    }

    /// Says the same of the topic that has its name now, if there is one.
    pub(crate) fn has_place_of(&self, topic: &str, partition: i32, id: Option<TopicId>) -> bool {
        let has = self.offsets.has_of(topic, partition, id) || self.pending.has_of(topic, partition, id);
        id.is_some() && has
    }

    /// Returns since when nobody has used it: it has had no members, and nothing was committed.
    pub(crate) fn idle_since(&self) -> WallTime {
        let since = self.classic().map_or(WallTime(0), Classic::since);
        self.offsets.latest().map_or(since, |latest| latest.max(since))
    }

    /// Returns how many members it has.
    pub(crate) fn members(&self) -> usize {
        match &self.kind {
            Kind::Classic(classic) => classic.members().count(),
            Kind::Consumer(consumer) => consumer.members().count(),
        }
    }

    /// Says whether its consumers read a topic.
    pub(crate) fn reads(&self, topic: &str) -> bool {
        match &self.kind {
            Kind::Classic(classic) => classic.reads(topic),
            Kind::Consumer(consumer) => consumer.reads(topic),
        }
    }

    /// Returns the kind of its members; empty if it never had any.
    pub(crate) fn protocol_type(&self) -> &str {
        self.classic().map_or(CONSUMER, Classic::protocol_type)
    }

    /// Returns Kafka's names of its kind and of its state.
    pub(crate) fn names(&self) -> (&'static str, &'static str) {
        match &self.kind {
            Kind::Classic(classic) => ("classic", classic.state().name()),
            Kind::Consumer(consumer) => ("consumer", consumer.stage().name()),
        }
    }

    /// Makes the records that end it, but for its offsets.
    pub(crate) fn end_records(&self, id: &GroupId) -> Vec<GroupRecord> {
        match &self.kind {
            Kind::Classic(_) => vec![GroupRecord::Group { group: id.clone(), value: None }],
            Kind::Consumer(consumer) => {
                let each = consumer.end_records().into_iter();
                each.map(|record| GroupRecord::Consumer { group: id.clone(), record }).collect()
            }
        }
    }
}
