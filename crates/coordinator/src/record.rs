//! The records of `__consumer_offsets`, in Kafka's own key and value formats.
//!
//! A key begins with the type of its record, a value with its version. Offsets are written as version 4, the one that names
//! the topic's id; every version that Kafka 4.3.1 reads is read. *Source*: Kafka's GroupCoordinatorRecordSerde. Tests: below.

mod consumer;

use crate::request::CommitOffset;
use bytes::Bytes;
use types::{GroupId, WallTime};
use wire::Stored;
use wire::group_metadata_key::GroupMetadataKey;
use wire::group_metadata_value::{GroupMetadataValue, MemberMetadata};
use wire::offset_commit_key::OffsetCommitKey;
use wire::offset_commit_value::OffsetCommitValue;

pub use consumer::ConsumerRecord;

/// Type of an offset's record; 0 is an older one with the same fields.
const OFFSET: i16 = 1;
/// Type of a classic group's record.
const GROUP: i16 = 2;
/// Version of an offset that is written.
const OFFSET_VALUE: i16 = 4;
/// Version of a group that is written: the newest that old readers can skip through.
const GROUP_VALUE: i16 = 3;
/// What a record takes in a batch, beside its texts. *Units*: bytes.
const RECORD_BYTES: usize = 96;

/// One record.
#[derive(Clone, PartialEq, Debug)]
pub enum GroupRecord {
    /// A committed offset; without a value there is none any more.
    Offset {
        /// Whose.
        group: GroupId,
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The offset.
        value: Option<OffsetCommitValue>,
    },
    /// A classic group after a rebalance; without a value there is none any more.
    Group {
        /// Its id.
        group: GroupId,
        /// What it is.
        value: Option<GroupMetadataValue>,
    },
    /// Something of a group of the consumer protocol.
    Consumer {
        /// Its id.
        group: GroupId,
        /// What.
        record: ConsumerRecord,
    },
}

/// A record that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordFault {
    /// It has no key.
    #[error("it has no key")]
    NoKey,
    /// The key is too short to say what it is.
    #[error("its key is too short")]
    ShortKey,
    /// Key or value cannot be read.
    #[error("it cannot be read: {0}")]
    Decode(#[from] wire::DecodeError),
    /// Key or value cannot be written.
    #[error("it cannot be written: {0}")]
    Encode(#[from] wire::EncodeError),
    /// A transaction's record says what cannot be.
    #[error(transparent)]
    State(#[from] crate::txn::UnknownState),
}

impl GroupRecord {
    /// Makes the record of a commit.
    pub(crate) fn offset(group: &GroupId, commit: CommitOffset, now: WallTime) -> GroupRecord {
        let value = OffsetCommitValue {
            offset: commit.offset.0,
            leader_epoch: commit.leader_epoch,
            metadata: commit.metadata,
            commit_timestamp: now.0,
            topic_id: commit.topic_id.0,
            ..OffsetCommitValue::default()
        };
        let (topic, partition) = (commit.topic, commit.partition);
        GroupRecord::Offset { group: group.clone(), topic, partition, value: Some(value) }
    }

    /// Makes the record that takes an offset away.
    pub(crate) fn no_offset(group: &GroupId, topic: &str, partition: i32) -> GroupRecord {
        GroupRecord::Offset { group: group.clone(), topic: topic.to_owned(), partition, value: None }
    }

    /// Returns about how much the record of a commit takes in a batch. *Units*: bytes.
    pub(crate) fn offset_size(group: &GroupId, commit: &CommitOffset) -> usize {
        RECORD_BYTES + group.as_str().len() + commit.topic.len() + commit.metadata.len()
    }

    /// Returns the group that it is about.
    pub fn group(&self) -> &GroupId {
        match self {
            GroupRecord::Offset { group, .. }
            | GroupRecord::Group { group, .. }
            | GroupRecord::Consumer { group, .. } => group,
        }
    }

    /// Returns about how much it takes in a batch. *Units*: bytes.
    pub fn size(&self) -> usize {
        let own = match self {
            GroupRecord::Offset { topic, value, .. } => {
                topic.len() + value.as_ref().map_or(0, |v| v.metadata.len())
            }
            GroupRecord::Group { value, .. } => {
                let members = value.iter().flat_map(|value| &value.members);
                let names = |m: &MemberMetadata| {
                    let instance = m.group_instance_id.as_ref().map_or(0, String::len);
                    2 * m.member_id.len() + instance + m.client_id.len() + m.client_host.len()
                };
                members.map(|m| RECORD_BYTES + names(m) + m.subscription.len() + m.assignment.len()).sum()
            }
            GroupRecord::Consumer { record, .. } => record.size(),
        };
        RECORD_BYTES + self.group().as_str().len() + own
    }

    /// Writes key and value.
    ///
    /// # Errors
    /// A text is longer than the format can say.
    pub fn encode(&self) -> Result<(Bytes, Option<Bytes>), RecordFault> {
        match self {
            GroupRecord::Offset { group, topic, partition, value } => {
                let key =
                    OffsetCommitKey { group: group.to_string(), topic: topic.clone(), partition: *partition };
                let value = value.as_ref().map(|value| value.to_stored(OFFSET_VALUE)).transpose()?;
                Ok((key.to_stored(OFFSET)?, value))
            }
            GroupRecord::Group { group, value } => {
                let value = value.as_ref().map(|value| value.to_stored(GROUP_VALUE)).transpose()?;
                Ok((GroupMetadataKey { group: group.to_string() }.to_stored(GROUP)?, value))
            }
            GroupRecord::Consumer { group, record } => record.encode(group),
        }
    }

    /// Reads key and value; nothing if it is of a type that means nothing here.
    ///
    /// # Errors
    /// It is damaged, or of a version that is not known.
    pub fn decode(key: Option<Bytes>, value: Option<Bytes>) -> Result<Option<GroupRecord>, RecordFault> {
        let key = key.ok_or(RecordFault::NoKey)?;
        let kind = key.first_chunk().map(|kind| i16::from_be_bytes(*kind)).ok_or(RecordFault::ShortKey)?;
        match kind {
            0 | OFFSET => {
                let (key, _) = OffsetCommitKey::from_stored(key)?;
                let value = value.map(OffsetCommitValue::from_stored).transpose()?.map(|(value, _)| value);
                let group = GroupId::from(key.group.as_str());
                Ok(Some(GroupRecord::Offset { group, topic: key.topic, partition: key.partition, value }))
            }
            GROUP => {
                let (key, _) = GroupMetadataKey::from_stored(key)?;
                let value = value.map(GroupMetadataValue::from_stored).transpose()?.map(|(value, _)| value);
                Ok(Some(GroupRecord::Group { group: GroupId::from(key.group.as_str()), value }))
            }
            kind => {
                let found = ConsumerRecord::decode(kind, key, value)?;
                Ok(found.map(|(group, record)| GroupRecord::Consumer { group, record }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{Offset, TopicId, Uuid};

    fn again(record: &GroupRecord) -> GroupRecord {
        let (key, value) = record.encode().unwrap();
        GroupRecord::decode(Some(key), value).unwrap().unwrap()
    }

    /// Protects: what is written is read as it was, the topic's id too.
    #[test]
    fn records_are_read_as_they_were_written() {
        let group = GroupId::from("g");
        let commit = CommitOffset {
            topic: "t".into(),
            topic_id: TopicId(Uuid([7; 16])),
            partition: 3,
            offset: Offset(12),
            leader_epoch: 4,
            metadata: "m".into(),
        };
        let member =
            MemberMetadata { member_id: "c-1".into(), rebalance_timeout: 5, ..MemberMetadata::default() };
        let value = GroupMetadataValue {
            protocol_type: "consumer".into(),
            generation: 9,
            current_state_timestamp: 77,
            members: vec![member],
            ..GroupMetadataValue::default()
        };
        let records = [
            GroupRecord::offset(&group, commit, WallTime(5)),
            GroupRecord::no_offset(&group, "t", 3),
            GroupRecord::Group { group: group.clone(), value: Some(value) },
            GroupRecord::Group { group, value: None },
        ];
        for record in &records {
            assert_eq!(&again(record), record);
        }
    }

    /// Protects: a record of another kind is passed over; one that is cut short is not taken for none.
    #[test]
    fn damage_is_told_from_other_kinds() {
        let key = |bytes: &'static [u8]| Some(Bytes::from_static(bytes));
        assert!(GroupRecord::decode(key(&[0, 99]), None).unwrap().is_none());
        assert!(GroupRecord::decode(None, None).is_err());
        assert!(GroupRecord::decode(key(&[0]), None).is_err());
        assert!(GroupRecord::decode(key(&[0, 2, 0, 9, 1]), None).is_err());
    }
}
