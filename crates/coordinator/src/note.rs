//! Notes for the history of offsets: who moved which offset, when, from where to where.
//!
//! They are made of the records of a batch and of what was committed before it. Nothing depends on them: a shell that
//! cannot store them drops them. Format: `OffsetHistoryKey` 0 and `OffsetHistoryValue` 0 (schema/stored), a value of a
//! newer version only adds to this one. An offset that is taken away is noted as -1, by nobody if it
//! has expired or its group or topic is gone. What is committed in a transaction is noted when that ends: at the time from
//! which on it counts, or as aborted; by nobody if another coordinator has loaded it meanwhile.
//! Tests: tests/script/notes.rs.

use crate::record::{GroupRecord, RecordFault};
use crate::request::Caller;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use types::{GroupId, InstanceId, MemberId, Offset, ProducerId, TopicId, WallTime};
use wire::Stored;
use wire::offset_history_key::OffsetHistoryKey;
use wire::offset_history_value::OffsetHistoryValue;

/// Version of key and value that is written.
const VERSION: i16 = 0;

/// Who moves offsets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Who {
    /// Which member; nobody if empty: an assigning consumer, or an operator.
    pub member: MemberId,
    /// Its instance.
    pub instance: Option<InstanceId>,
    /// What its client calls itself.
    pub client_id: String,
    /// Its address, as Kafka writes it.
    pub host: String,
}

impl Who {
    /// Makes one of whoever is no member.
    pub(crate) fn outside(caller: Caller) -> Who {
        let member = MemberId::from("");
        Who { member, instance: None, client_id: caller.client_id, host: caller.host }
    }
}

/// What was committed before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Before {
    /// The offset.
    pub offset: Offset,
    /// When it was committed.
    pub at: WallTime,
    /// The topic that it was committed for; zero if that is not known.
    pub topic_id: TopicId,
}

/// One offset that a batch moves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// Where its record stands in the batch.
    pub record: usize,
    /// When.
    pub at: WallTime,
    /// From where; nothing if there was none.
    pub from: Option<Before>,
    /// By whom; nobody takes away what expires or is deleted.
    pub who: Option<Arc<Who>>,
    /// In what transaction, if in one.
    pub txn: Option<NotedTxn>,
}

/// A transaction that has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotedTxn {
    /// Whose.
    pub producer: ProducerId,
    /// It was aborted: the offset has not moved.
    pub is_aborted: bool,
}

/// Records of a batch that somebody has asked for.
pub(crate) type Asked = (Range<usize>, Who);

/// Makes the notes of a batch; `before` says what is committed.
pub(crate) fn notes(
    records: &[GroupRecord],
    asked: &[Asked],
    before: impl Fn(&GroupId, &str, i32) -> Option<Before>,
    now: WallTime,
) -> Vec<Note> {
    let mut asked = asked.iter().map(|(range, who)| (range, Arc::new(who.clone()))).peekable();
    let mut moved: BTreeMap<(&str, &str, i32), Option<Before>> = BTreeMap::new();
    let mut notes = Vec::with_capacity(records.len());
    for (at, record) in records.iter().enumerate() {
        let GroupRecord::Offset { group, topic, partition, value } = record else { continue };
        while asked.next_if(|(range, _)| range.end <= at).is_some() {}
        let who = asked.peek().filter(|(range, _)| range.contains(&at)).map(|(_, who)| who.clone());
        let after = value.as_ref().map(|value| Before {
            offset: Offset(value.offset),
            at: WallTime(value.commit_timestamp),
            topic_id: TopicId(value.topic_id),
        });
        let earlier = moved.insert((group.as_str(), topic, *partition), after);
        let from = earlier.unwrap_or_else(|| before(group, topic, *partition));
        notes.push(Note { record: at, at: now, from: of_same_topic(from, after), who, txn: None });
    }
    notes
}

/// Leaves out what was committed to another topic of that name: a namesake of a deleted topic inherits nothing.
pub(crate) fn of_same_topic(from: Option<Before>, after: Option<Before>) -> Option<Before> {
    from.filter(|from| from.topic_id.0.is_zero() || after.is_none_or(|after| after.topic_id == from.topic_id))
}

impl Note {
    /// Writes key and value of the note of a record of the same batch.
    ///
    /// # Errors
    /// A text is longer than the format can say.
    pub fn encode(&self, records: &[GroupRecord]) -> Result<Option<(Bytes, Bytes)>, RecordFault> {
        let Some(GroupRecord::Offset { group, topic, partition, value }) = records.get(self.record) else {
            return Ok(None);
        };
        let key = OffsetHistoryKey { group: group.to_string(), topic: topic.clone(), partition: *partition };
        let id = value.as_ref().map(|value| TopicId(value.topic_id));
        let mut note = OffsetHistoryValue {
            at: self.at.0,
            topic_id: id.or(self.from.map(|from| from.topic_id)).unwrap_or(TopicId(types::Uuid::ZERO)).0,
            ..OffsetHistoryValue::default()
        };
        if let Some(from) = self.from {
            (note.from_offset, note.from_at) = (from.offset.0, from.at.0);
        }
        if let Some(value) = value {
            (note.offset, note.leader_epoch) = (value.offset, value.leader_epoch);
            note.metadata = value.metadata.clone();
        }
        if let Some(txn) = self.txn {
            (note.producer_id, note.aborted) = (txn.producer.0, txn.is_aborted);
        }
        if let Some(who) = &self.who {
            note.member_id = who.member.to_string();
            note.instance_id = who.instance.as_ref().map(InstanceId::to_string);
            (note.client_id, note.client_host) = (who.client_id.clone(), who.host.clone());
        }
        Ok(Some((key.to_stored(VERSION)?, note.to_stored(VERSION)?)))
    }
}
