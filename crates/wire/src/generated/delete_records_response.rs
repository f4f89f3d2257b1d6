// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of DeleteRecords, API key 21.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteRecordsResponse {
    /// `int32`, versions 0 to 2.
    pub throttle_time_ms: i32,
    /// `[]DeleteRecordsTopicResult`, versions 0 to 2.
    pub topics: Vec<DeleteRecordsTopicResult>,
}

impl DeleteRecordsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let throttle_time_ms = reader.i32()?;
        let topics = reader.array(flexible, 3, |reader| DeleteRecordsTopicResult::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DeleteRecordsResponse { throttle_time_ms, topics })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i32(self.throttle_time_ms);
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

/// Part of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteRecordsTopicResult {
    /// `string`, versions 0 to 2.
    pub name: String,
    /// `[]DeleteRecordsPartitionResult`, versions 0 to 2.
    pub partitions: Vec<DeleteRecordsPartitionResult>,
}

impl DeleteRecordsTopicResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let name = reader.string(flexible)?;
        let partitions =
            reader.array(flexible, 14, |reader| DeleteRecordsPartitionResult::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DeleteRecordsTopicResult { name, partitions })
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

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.partitions {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteRecordsPartitionResult {
    /// `int32`, versions 0 to 2.
    pub partition_index: i32,
    /// `int64`, versions 0 to 2.
    pub low_watermark: i64,
    /// `int16`, versions 0 to 2.
    pub error_code: i16,
}

impl DeleteRecordsPartitionResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let partition_index = reader.i32()?;
        let low_watermark = reader.i64()?;
        let error_code = reader.i16()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DeleteRecordsPartitionResult { partition_index, low_watermark, error_code })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i32(self.partition_index);
        out.put_i64(self.low_watermark);
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

impl Message for DeleteRecordsResponse {
    const NAME: &'static str = "DeleteRecordsResponse";
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

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for DeleteRecordsResponse {
    const KEY: i16 = 21;
}
