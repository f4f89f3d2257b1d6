// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of OffsetDelete, API key 47.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetDeleteResponse {
    /// `int16`, version 0.
    pub error_code: i16,
    /// `int32`, version 0.
    pub throttle_time_ms: i32,
    /// `[]OffsetDeleteResponseTopic`, version 0.
    pub topics: Vec<OffsetDeleteResponseTopic>,
}

impl OffsetDeleteResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let error_code = reader.i16()?;
        let throttle_time_ms = reader.i32()?;
        let topics = reader.array(false, 6, |reader| OffsetDeleteResponseTopic::read(reader, version))?;
        Ok(OffsetDeleteResponse { error_code, throttle_time_ms, topics })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i16(self.error_code);
        out.put_i32(self.throttle_time_ms);
        out.put_len(self.topics.len(), false)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
        for item in &self.topics {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetDeleteResponseTopic {
    /// `string`, version 0.
    pub name: String,
    /// `[]OffsetDeleteResponsePartition`, version 0.
    pub partitions: Vec<OffsetDeleteResponsePartition>,
}

impl OffsetDeleteResponseTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let name = reader.string(false)?;
        let partitions =
            reader.array(false, 6, |reader| OffsetDeleteResponsePartition::read(reader, version))?;
        Ok(OffsetDeleteResponseTopic { name, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.name, false)?;
        out.put_len(self.partitions.len(), false)?;
        for item in &self.partitions {
            item.write(out, version)?;
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.partitions {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetDeleteResponsePartition {
    /// `int32`, version 0.
    pub partition_index: i32,
    /// `int16`, version 0.
    pub error_code: i16,
}

impl OffsetDeleteResponsePartition {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let partition_index = reader.i32()?;
        let error_code = reader.i16()?;
        Ok(OffsetDeleteResponsePartition { partition_index, error_code })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.partition_index);
        out.put_i16(self.error_code);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for OffsetDeleteResponse {
    const NAME: &'static str = "OffsetDeleteResponse";
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

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for OffsetDeleteResponse {
    const KEY: i16 = 47;
}
