// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of ListOffsets, API key 2.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 1 to 11.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListOffsetsRequest {
    /// `int32`, versions 1 to 11.
    pub replica_id: i32,
    /// `int8`, versions 2 to 11.
    pub isolation_level: i8,
    /// `[]ListOffsetsTopic`, versions 1 to 11.
    pub topics: Vec<ListOffsetsTopic>,
    /// `int32`, versions 10 to 11; dropped where a version lacks it.
    pub timeout_ms: i32,
}

impl ListOffsetsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let replica_id = reader.i32()?;
        let isolation_level = if version >= 2 { reader.i8()? } else { 0 };
        let topics = reader.array(flexible, 3, |reader| ListOffsetsTopic::read(reader, version))?;
        let timeout_ms = if version >= 10 { reader.i32()? } else { 0 };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(ListOffsetsRequest { replica_id, isolation_level, topics, timeout_ms })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        out.put_i32(self.replica_id);
        if version >= 2 {
            out.put_i8(self.isolation_level);
        } else if self.isolation_level != 0 {
            return Err(EncodeError::UnsupportedField {
                field: "ListOffsetsRequest.isolation_level",
                version,
            });
        }
        out.put_len(self.topics.len(), flexible)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        if version >= 10 {
            out.put_i32(self.timeout_ms);
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 1 to 11.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListOffsetsTopic {
    /// `string`, versions 1 to 11.
    pub name: String,
    /// `[]ListOffsetsPartition`, versions 1 to 11.
    pub partitions: Vec<ListOffsetsPartition>,
}

impl ListOffsetsTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let name = reader.string(flexible)?;
        let partitions = reader.array(flexible, 12, |reader| ListOffsetsPartition::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(ListOffsetsTopic { name, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        out.put_string(&self.name, flexible)?;
        out.put_len(self.partitions.len(), flexible)?;
        for item in &self.partitions {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 1 to 11.
#[derive(Clone, PartialEq, Debug)]
pub struct ListOffsetsPartition {
    /// `int32`, versions 1 to 11.
    pub partition_index: i32,
    /// `int32`, versions 4 to 11; default -1; dropped where a version lacks it.
    pub current_leader_epoch: i32,
    /// `int64`, versions 1 to 11.
    pub timestamp: i64,
}

impl Default for ListOffsetsPartition {
    fn default() -> ListOffsetsPartition {
        ListOffsetsPartition { partition_index: 0, current_leader_epoch: -1, timestamp: 0 }
    }
}

impl ListOffsetsPartition {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let partition_index = reader.i32()?;
        let current_leader_epoch = if version >= 4 { reader.i32()? } else { -1 };
        let timestamp = reader.i64()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(ListOffsetsPartition { partition_index, current_leader_epoch, timestamp })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        out.put_i32(self.partition_index);
        if version >= 4 {
            out.put_i32(self.current_leader_epoch);
        }
        out.put_i64(self.timestamp);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for ListOffsetsRequest {
    const NAME: &'static str = "ListOffsetsRequest";
    const MIN: i16 = 1;
    const MAX: i16 = 11;
    const FLEXIBLE_FROM: i16 = 6;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(1..=11).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(1..=11).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for ListOffsetsRequest {
    const KEY: i16 = 2;
}

impl Request for ListOffsetsRequest {
    type Response = super::list_offsets_response::ListOffsetsResponse;
}
