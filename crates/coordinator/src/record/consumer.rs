//! The records of a group of the consumer protocol (KIP-848), in Kafka's own key and value formats.
//!
//! The partition metadata of a group (type 4), which Kafka wrote before 4.1, means nothing any more. Tests: ../record.rs.

use super::{RECORD_BYTES, RecordFault};
use bytes::Bytes;
use types::{GroupId, MemberId};
use wire::Stored;
use wire::consumer_group_current_member_assignment_key::ConsumerGroupCurrentMemberAssignmentKey;
use wire::consumer_group_current_member_assignment_value::ConsumerGroupCurrentMemberAssignmentValue;
use wire::consumer_group_member_metadata_key::ConsumerGroupMemberMetadataKey;
use wire::consumer_group_member_metadata_value::ConsumerGroupMemberMetadataValue;
use wire::consumer_group_metadata_key::ConsumerGroupMetadataKey;
use wire::consumer_group_metadata_value::ConsumerGroupMetadataValue;
use wire::consumer_group_regular_expression_key::ConsumerGroupRegularExpressionKey;
use wire::consumer_group_regular_expression_value::ConsumerGroupRegularExpressionValue;
use wire::consumer_group_target_assignment_member_key::ConsumerGroupTargetAssignmentMemberKey;
use wire::consumer_group_target_assignment_member_value::ConsumerGroupTargetAssignmentMemberValue;
use wire::consumer_group_target_assignment_metadata_key::ConsumerGroupTargetAssignmentMetadataKey;
use wire::consumer_group_target_assignment_metadata_value::ConsumerGroupTargetAssignmentMetadataValue;

/// Type of the record of a group's epoch.
pub(super) const EPOCH: i16 = 3;
/// Type of what a member says of itself.
pub(super) const MEMBER: i16 = 5;
/// Type of the epoch of the target assignment.
pub(super) const TARGET_EPOCH: i16 = 6;
/// Type of what a member is to have.
pub(super) const TARGET: i16 = 7;
/// Type of what a member has.
pub(super) const CURRENT: i16 = 8;
/// Type of what a regular expression stands for.
pub(super) const REGEX: i16 = 16;
/// Version of all values.
const VALUE: i16 = 0;
/// What a topic takes in an assignment, beside its partitions. *Units*: bytes.
const TOPIC_BYTES: usize = 24;

/// One record; without a value there is no such thing any more.
#[derive(Clone, PartialEq, Debug)]
pub enum ConsumerRecord {
    /// The group, and the version that it is at.
    Epoch(Option<ConsumerGroupMetadataValue>),
    /// What a member says of itself.
    Member(MemberId, Option<ConsumerGroupMemberMetadataValue>),
    /// The version of the target assignment.
    TargetEpoch(Option<ConsumerGroupTargetAssignmentMetadataValue>),
    /// What a member is to have.
    Target(MemberId, Option<ConsumerGroupTargetAssignmentMemberValue>),
    /// What a member has.
    Current(MemberId, Option<ConsumerGroupCurrentMemberAssignmentValue>),
    /// The topics that a regular expression stands for.
    Regex(String, Option<ConsumerGroupRegularExpressionValue>),
}

impl ConsumerRecord {
    /// Says whether it takes something away.
    pub(crate) fn is_end(&self) -> bool {
        match self {
            ConsumerRecord::Epoch(value) => value.is_none(),
            ConsumerRecord::Member(_, value) => value.is_none(),
            ConsumerRecord::TargetEpoch(value) => value.is_none(),
            ConsumerRecord::Target(_, value) => value.is_none(),
            ConsumerRecord::Current(_, value) => value.is_none(),
            ConsumerRecord::Regex(_, value) => value.is_none(),
        }
    }

    /// Returns about how much it takes in a batch. *Units*: bytes.
    pub(super) fn size(&self) -> usize {
        let texts = |texts: &[String]| texts.iter().map(|text| text.len() + 2).sum::<usize>();
        match self {
            ConsumerRecord::Epoch(_) | ConsumerRecord::TargetEpoch(_) => RECORD_BYTES,
            ConsumerRecord::Member(id, value) => {
                let said = value.as_ref().map_or(0, |value| {
                    let classic =
                        value.classic_member_metadata.iter().flat_map(|one| &one.supported_protocols);
                    let classic: usize = classic.map(|one| one.name.len() + one.metadata.len()).sum();
                    let regex = value.subscribed_topic_regex.as_ref().map_or(0, String::len);
                    texts(&value.subscribed_topic_names) + regex + value.client_id.len() + classic
                });
                RECORD_BYTES + id.as_str().len() + said
            }
            ConsumerRecord::Target(id, value) => {
                let topics = value.iter().flat_map(|value| &value.topic_partitions);
                let topics: usize = topics.map(|topic| TOPIC_BYTES + 4 * topic.partitions.len()).sum();
                RECORD_BYTES + id.as_str().len() + topics
            }
            ConsumerRecord::Current(id, value) => {
                let topics = value.iter().flat_map(|value| {
                    value.assigned_partitions.iter().chain(&value.partitions_pending_revocation)
                });
                let topics: usize = topics.map(|topic| TOPIC_BYTES + 8 * topic.partitions.len()).sum();
                RECORD_BYTES + id.as_str().len() + topics
            }
            ConsumerRecord::Regex(regex, value) => {
                RECORD_BYTES + regex.len() + value.as_ref().map_or(0, |value| texts(&value.topics))
            }
        }
    }

    /// Writes key and value.
    ///
    /// # Errors
    /// A text is longer than the format can say.
    pub(super) fn encode(&self, group: &GroupId) -> Result<(Bytes, Option<Bytes>), RecordFault> {
        let group_id = group.to_string();
        Ok(match self {
            ConsumerRecord::Epoch(value) => {
                (ConsumerGroupMetadataKey { group_id }.to_stored(EPOCH)?, stored(value)?)
            }
            ConsumerRecord::Member(member, value) => {
                let key = ConsumerGroupMemberMetadataKey { group_id, member_id: member.to_string() };
                (key.to_stored(MEMBER)?, stored(value)?)
            }
            ConsumerRecord::TargetEpoch(value) => {
                let key = ConsumerGroupTargetAssignmentMetadataKey { group_id };
                (key.to_stored(TARGET_EPOCH)?, stored(value)?)
            }
            ConsumerRecord::Target(member, value) => {
                let key = ConsumerGroupTargetAssignmentMemberKey { group_id, member_id: member.to_string() };
                (key.to_stored(TARGET)?, stored(value)?)
            }
            ConsumerRecord::Current(member, value) => {
                let key = ConsumerGroupCurrentMemberAssignmentKey { group_id, member_id: member.to_string() };
                (key.to_stored(CURRENT)?, stored(value)?)
            }
            ConsumerRecord::Regex(regex, value) => {
                let key = ConsumerGroupRegularExpressionKey { group_id, regular_expression: regex.clone() };
                (key.to_stored(REGEX)?, stored(value)?)
            }
        })
    }

    /// Reads key and value of a type; nothing if it is not of the consumer protocol.
    ///
    /// # Errors
    /// It is damaged, or of a version that is not known.
    pub(super) fn decode(
        kind: i16,
        key: Bytes,
        value: Option<Bytes>,
    ) -> Result<Option<(GroupId, ConsumerRecord)>, RecordFault> {
        let (group, record) = match kind {
            EPOCH => {
                let (key, _) = ConsumerGroupMetadataKey::from_stored(key)?;
                (key.group_id, ConsumerRecord::Epoch(read(value)?))
            }
            MEMBER => {
                let (key, _) = ConsumerGroupMemberMetadataKey::from_stored(key)?;
                (key.group_id, ConsumerRecord::Member(member(&key.member_id), read(value)?))
            }
            TARGET_EPOCH => {
                let (key, _) = ConsumerGroupTargetAssignmentMetadataKey::from_stored(key)?;
                (key.group_id, ConsumerRecord::TargetEpoch(read(value)?))
            }
            TARGET => {
                let (key, _) = ConsumerGroupTargetAssignmentMemberKey::from_stored(key)?;
                (key.group_id, ConsumerRecord::Target(member(&key.member_id), read(value)?))
            }
            CURRENT => {
                let (key, _) = ConsumerGroupCurrentMemberAssignmentKey::from_stored(key)?;
                (key.group_id, ConsumerRecord::Current(member(&key.member_id), read(value)?))
            }
            REGEX => {
                let (key, _) = ConsumerGroupRegularExpressionKey::from_stored(key)?;
                (key.group_id, ConsumerRecord::Regex(key.regular_expression, read(value)?))
            }
            _ => return Ok(None),
        };
        Ok(Some((GroupId::from(group.as_str()), record)))
    }
}

fn member(id: &str) -> MemberId {
    MemberId::from(id)
}

fn stored<T: Stored>(value: &Option<T>) -> Result<Option<Bytes>, RecordFault> {
    Ok(value.as_ref().map(|value| value.to_stored(VALUE)).transpose()?)
}

fn read<T: Stored>(value: Option<Bytes>) -> Result<Option<T>, RecordFault> {
    Ok(value.map(T::from_stored).transpose()?.map(|(value, _)| value))
}
