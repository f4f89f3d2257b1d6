// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerGroupCurrentMemberAssignmentValue`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::{Rope, Tags};
use crate::stored::Stored;
use types::Uuid;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupCurrentMemberAssignmentValue {
    /// `int32`, version 0.
    pub member_epoch: i32,
    /// `int32`, version 0.
    pub previous_member_epoch: i32,
    /// `int8`, version 0.
    pub state: i8,
    /// `[]TopicPartitions`, version 0.
    pub assigned_partitions: Vec<TopicPartitions>,
    /// `[]TopicPartitions`, version 0.
    pub partitions_pending_revocation: Vec<TopicPartitions>,
}

impl ConsumerGroupCurrentMemberAssignmentValue {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let member_epoch = reader.i32()?;
        let previous_member_epoch = reader.i32()?;
        let state = reader.i8()?;
        let assigned_partitions = reader.array(true, 18, |reader| TopicPartitions::read(reader, version))?;
        let partitions_pending_revocation =
            reader.array(true, 18, |reader| TopicPartitions::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ConsumerGroupCurrentMemberAssignmentValue {
            member_epoch,
            previous_member_epoch,
            state,
            assigned_partitions,
            partitions_pending_revocation,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.member_epoch);
        out.put_i32(self.previous_member_epoch);
        out.put_i8(self.state);
        out.put_len(self.assigned_partitions.len(), true)?;
        for item in &self.assigned_partitions {
            item.write(out, version)?;
        }
        out.put_len(self.partitions_pending_revocation.len(), true)?;
        for item in &self.partitions_pending_revocation {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug)]
pub struct TopicPartitions {
    /// `uuid`, version 0.
    pub topic_id: Uuid,
    /// `[]int32`, version 0.
    pub partitions: Vec<i32>,
    /// `[]int32`, version 0; null in version 0; tag 0.
    pub assignment_epochs: Option<Vec<i32>>,
}

impl Default for TopicPartitions {
    fn default() -> TopicPartitions {
        TopicPartitions { topic_id: Uuid::ZERO, partitions: Vec::new(), assignment_epochs: Some(Vec::new()) }
    }
}

impl TopicPartitions {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let topic_id = reader.uuid()?;
        let partitions = reader.array(true, 4, |reader| reader.i32())?;
        let mut assignment_epochs = Some(Vec::new());
        reader.tags(|tag, reader| {
            match tag {
                0 => {
                    assignment_epochs = reader.nullable_array(true, 4, |reader| reader.i32())?;
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(TopicPartitions { topic_id, partitions, assignment_epochs })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_uuid(self.topic_id);
        out.put_len(self.partitions.len(), true)?;
        for item in &self.partitions {
            out.put_i32(*item);
        }
        let mut tags = Tags::default();
        if self.assignment_epochs != Some(Vec::new()) {
            tags.add(0, |out| {
                match &self.assignment_epochs {
                    Some(items) => {
                        out.put_len(items.len(), true)?;
                        for item in items {
                            out.put_i32(*item);
                        }
                    }
                    None => out.put_null(true),
                }
                Ok(())
            })?;
        }
        out.put_tags(tags)?;
        Ok(())
    }
}

impl Message for ConsumerGroupCurrentMemberAssignmentValue {
    const NAME: &'static str = "ConsumerGroupCurrentMemberAssignmentValue";
    const MIN: i16 = 0;
    const MAX: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for ConsumerGroupCurrentMemberAssignmentValue {}
