// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of DeleteRecords, API key 21.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteRecordsRequest {
    /// `[]DeleteRecordsTopic`, versions 0 to 2.
    pub topics: Vec<DeleteRecordsTopic>,
    /// `int32`, versions 0 to 2.
    pub timeout_ms: i32,
}

impl DeleteRecordsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let topics = reader.array(flexible, 3, |reader| DeleteRecordsTopic::read(reader, version))?;
        let timeout_ms = reader.i32()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DeleteRecordsRequest { topics, timeout_ms })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_len(self.topics.len(), flexible)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        out.put_i32(self.timeout_ms);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteRecordsTopic {
    /// `string`, versions 0 to 2.
    pub name: String,
    /// `[]DeleteRecordsPartition`, versions 0 to 2.
    pub partitions: Vec<DeleteRecordsPartition>,
}

impl DeleteRecordsTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let name = reader.string(flexible)?;
        let partitions =
            reader.array(flexible, 12, |reader| DeleteRecordsPartition::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DeleteRecordsTopic { name, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
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

/// Part of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteRecordsPartition {
    /// `int32`, versions 0 to 2.
    pub partition_index: i32,
    /// `int64`, versions 0 to 2.
    pub offset: i64,
}

impl DeleteRecordsPartition {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let partition_index = reader.i32()?;
        let offset = reader.i64()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DeleteRecordsPartition { partition_index, offset })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i32(self.partition_index);
        out.put_i64(self.offset);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for DeleteRecordsRequest {
    const NAME: &'static str = "DeleteRecordsRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for DeleteRecordsRequest {
    const KEY: i16 = 21;
}

impl Request for DeleteRecordsRequest {
    type Response = super::delete_records_response::DeleteRecordsResponse;
}
