// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of OffsetDelete, API key 47.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetDeleteRequest {
    /// `string`, version 0.
    pub group_id: String,
    /// `[]OffsetDeleteRequestTopic`, version 0.
    pub topics: Vec<OffsetDeleteRequestTopic>,
}

impl OffsetDeleteRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let group_id = reader.string(false)?;
        let topics = reader.array(false, 6, |reader| OffsetDeleteRequestTopic::read(reader, version))?;
        Ok(OffsetDeleteRequest { group_id, topics })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.group_id, false)?;
        out.put_len(self.topics.len(), false)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        Ok(())
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetDeleteRequestTopic {
    /// `string`, version 0.
    pub name: String,
    /// `[]OffsetDeleteRequestPartition`, version 0.
    pub partitions: Vec<OffsetDeleteRequestPartition>,
}

impl OffsetDeleteRequestTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let name = reader.string(false)?;
        let partitions =
            reader.array(false, 4, |reader| OffsetDeleteRequestPartition::read(reader, version))?;
        Ok(OffsetDeleteRequestTopic { name, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.name, false)?;
        out.put_len(self.partitions.len(), false)?;
        for item in &self.partitions {
            item.write(out, version)?;
        }
        Ok(())
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetDeleteRequestPartition {
    /// `int32`, version 0.
    pub partition_index: i32,
}

impl OffsetDeleteRequestPartition {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let partition_index = reader.i32()?;
        Ok(OffsetDeleteRequestPartition { partition_index })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.partition_index);
        Ok(())
    }
}

impl Message for OffsetDeleteRequest {
    const NAME: &'static str = "OffsetDeleteRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;

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

impl ApiMessage for OffsetDeleteRequest {
    const KEY: i16 = 47;
}

impl Request for OffsetDeleteRequest {
    type Response = super::offset_delete_response::OffsetDeleteResponse;
}
