// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of OffsetCommit, API key 8.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; versions 2 to 10.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetCommitResponse {
    /// `int32`, versions 3 to 10; dropped where a version lacks it.
    pub throttle_time_ms: i32,
    /// `[]OffsetCommitResponseTopic`, versions 2 to 10.
    pub topics: Vec<OffsetCommitResponseTopic>,
}

impl OffsetCommitResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let throttle_time_ms = if version >= 3 { reader.i32()? } else { 0 };
        let topics = reader.array(flexible, 3, |reader| OffsetCommitResponseTopic::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetCommitResponse { throttle_time_ms, topics })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        if version >= 3 {
            out.put_i32(self.throttle_time_ms);
        }
        out.put_len(self.topics.len(), flexible)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.topics {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 2 to 10.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetCommitResponseTopic {
    /// `string`, versions 2 to 9; dropped where a version lacks it.
    pub name: String,
    /// `uuid`, version 10; dropped where a version lacks it.
    pub topic_id: Uuid,
    /// `[]OffsetCommitResponsePartition`, versions 2 to 10.
    pub partitions: Vec<OffsetCommitResponsePartition>,
}

impl OffsetCommitResponseTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let name = if version <= 9 { reader.string(flexible)? } else { String::new() };
        let topic_id = if version >= 10 { reader.uuid()? } else { Uuid::ZERO };
        let partitions =
            reader.array(flexible, 6, |reader| OffsetCommitResponsePartition::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetCommitResponseTopic { name, topic_id, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        if version <= 9 {
            out.put_string(&self.name, flexible)?;
        }
        if version >= 10 {
            out.put_uuid(self.topic_id);
        }
        out.put_len(self.partitions.len(), flexible)?;
        for item in &self.partitions {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.partitions {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 2 to 10.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetCommitResponsePartition {
    /// `int32`, versions 2 to 10.
    pub partition_index: i32,
    /// `int16`, versions 2 to 10.
    pub error_code: i16,
}

impl OffsetCommitResponsePartition {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let partition_index = reader.i32()?;
        let error_code = reader.i16()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetCommitResponsePartition { partition_index, error_code })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        out.put_i32(self.partition_index);
        out.put_i16(self.error_code);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for OffsetCommitResponse {
    const NAME: &'static str = "OffsetCommitResponse";
    const MIN: i16 = 2;
    const MAX: i16 = 10;
    const FLEXIBLE_FROM: i16 = 8;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(2..=10).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(2..=10).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for OffsetCommitResponse {
    const KEY: i16 = 8;
}
