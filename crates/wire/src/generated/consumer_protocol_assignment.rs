// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerProtocolAssignment`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;
use bytes::Bytes;

/// Body of the message; versions 0 to 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerProtocolAssignment {
    /// `[]TopicPartition`, versions 0 to 3.
    pub assigned_partitions: Vec<TopicPartition>,
    /// `bytes`, versions 0 to 3; null in versions 0 to 3; default null.
    pub user_data: Option<Bytes>,
}

impl ConsumerProtocolAssignment {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let assigned_partitions = reader.array(false, 6, |reader| TopicPartition::read(reader, version))?;
        let user_data = reader.nullable_bytes(false)?;
        Ok(ConsumerProtocolAssignment { assigned_partitions, user_data })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_len(self.assigned_partitions.len(), false)?;
        for item in &self.assigned_partitions {
            item.write(out, version)?;
        }
        out.put_nullable_bytes(self.user_data.as_ref(), false)?;
        Ok(())
    }
}

/// Part of the message; versions 0 to 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicPartition {
    /// `string`, versions 0 to 3.
    pub topic: String,
    /// `[]int32`, versions 0 to 3.
    pub partitions: Vec<i32>,
}

impl TopicPartition {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let topic = reader.string(false)?;
        let partitions = reader.array(false, 4, |reader| reader.i32())?;
        Ok(TopicPartition { topic, partitions })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.topic, false)?;
        out.put_len(self.partitions.len(), false)?;
        for item in &self.partitions {
            out.put_i32(*item);
        }
        Ok(())
    }
}

impl Message for ConsumerProtocolAssignment {
    const NAME: &'static str = "ConsumerProtocolAssignment";
    const MIN: i16 = 0;
    const MAX: i16 = 3;
    const FLEXIBLE_FROM: i16 = i16::MAX;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=3).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=3).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for ConsumerProtocolAssignment {}
