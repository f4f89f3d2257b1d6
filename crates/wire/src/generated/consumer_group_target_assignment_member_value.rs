// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerGroupTargetAssignmentMemberValue`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;
use types::Uuid;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupTargetAssignmentMemberValue {
    /// `[]TopicPartition`, version 0.
    pub topic_partitions: Vec<TopicPartition>,
}

impl ConsumerGroupTargetAssignmentMemberValue {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let topic_partitions = reader.array(true, 18, |reader| TopicPartition::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ConsumerGroupTargetAssignmentMemberValue { topic_partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_len(self.topic_partitions.len(), true)?;
        for item in &self.topic_partitions {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicPartition {
    /// `uuid`, version 0.
    pub topic_id: Uuid,
    /// `[]int32`, version 0.
    pub partitions: Vec<i32>,
}

impl TopicPartition {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let topic_id = reader.uuid()?;
        let partitions = reader.array(true, 4, |reader| reader.i32())?;
        reader.tags(|_, _| Ok(false))?;
        Ok(TopicPartition { topic_id, partitions })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_uuid(self.topic_id);
        out.put_len(self.partitions.len(), true)?;
        for item in &self.partitions {
            out.put_i32(*item);
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for ConsumerGroupTargetAssignmentMemberValue {
    const NAME: &'static str = "ConsumerGroupTargetAssignmentMemberValue";
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

impl Stored for ConsumerGroupTargetAssignmentMemberValue {}
