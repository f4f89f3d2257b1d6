// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of DescribeLogDirs, API key 35.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 1 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeLogDirsResponse {
    /// `int32`, versions 1 to 5.
    pub throttle_time_ms: i32,
    /// `int16`, versions 3 to 5; dropped where a version lacks it.
    pub error_code: i16,
    /// `[]DescribeLogDirsResult`, versions 1 to 5.
    pub results: Vec<DescribeLogDirsResult>,
}

impl DescribeLogDirsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let throttle_time_ms = reader.i32()?;
        let error_code = if version >= 3 { reader.i16()? } else { 0 };
        let results = reader.array(flexible, 5, |reader| DescribeLogDirsResult::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeLogDirsResponse { throttle_time_ms, error_code, results })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i32(self.throttle_time_ms);
        if version >= 3 {
            out.put_i16(self.error_code);
        }
        out.put_len(self.results.len(), flexible)?;
        for item in &self.results {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
        for item in &self.results {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 1 to 5.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeLogDirsResult {
    /// `int16`, versions 1 to 5.
    pub error_code: i16,
    /// `string`, versions 1 to 5.
    pub log_dir: String,
    /// `[]DescribeLogDirsTopic`, versions 1 to 5.
    pub topics: Vec<DescribeLogDirsTopic>,
    /// `int64`, versions 4 to 5; default -1; dropped where a version lacks it.
    pub total_bytes: i64,
    /// `int64`, versions 4 to 5; default -1; dropped where a version lacks it.
    pub usable_bytes: i64,
    /// `bool`, version 5; dropped where a version lacks it.
    pub is_cordoned: bool,
}

impl Default for DescribeLogDirsResult {
    fn default() -> DescribeLogDirsResult {
        DescribeLogDirsResult {
            error_code: 0,
            log_dir: String::new(),
            topics: Vec::new(),
            total_bytes: -1,
            usable_bytes: -1,
            is_cordoned: false,
        }
    }
}

impl DescribeLogDirsResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let error_code = reader.i16()?;
        let log_dir = reader.string(flexible)?;
        let topics = reader.array(flexible, 3, |reader| DescribeLogDirsTopic::read(reader, version))?;
        let total_bytes = if version >= 4 { reader.i64()? } else { -1 };
        let usable_bytes = if version >= 4 { reader.i64()? } else { -1 };
        let is_cordoned = if version >= 5 { reader.bool()? } else { false };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeLogDirsResult { error_code, log_dir, topics, total_bytes, usable_bytes, is_cordoned })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i16(self.error_code);
        out.put_string(&self.log_dir, flexible)?;
        out.put_len(self.topics.len(), flexible)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        if version >= 4 {
            out.put_i64(self.total_bytes);
        }
        if version >= 4 {
            out.put_i64(self.usable_bytes);
        }
        if version >= 5 {
            out.put_bool(self.is_cordoned);
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

/// Part of the message; versions 1 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeLogDirsTopic {
    /// `string`, versions 1 to 5.
    pub name: String,
    /// `[]DescribeLogDirsPartition`, versions 1 to 5.
    pub partitions: Vec<DescribeLogDirsPartition>,
}

impl DescribeLogDirsTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let name = reader.string(flexible)?;
        let partitions =
            reader.array(flexible, 21, |reader| DescribeLogDirsPartition::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeLogDirsTopic { name, partitions })
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

/// Part of the message; versions 1 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeLogDirsPartition {
    /// `int32`, versions 1 to 5.
    pub partition_index: i32,
    /// `int64`, versions 1 to 5.
    pub partition_size: i64,
    /// `int64`, versions 1 to 5.
    pub offset_lag: i64,
    /// `bool`, versions 1 to 5.
    pub is_future_key: bool,
}

impl DescribeLogDirsPartition {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let partition_index = reader.i32()?;
        let partition_size = reader.i64()?;
        let offset_lag = reader.i64()?;
        let is_future_key = reader.bool()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeLogDirsPartition { partition_index, partition_size, offset_lag, is_future_key })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i32(self.partition_index);
        out.put_i64(self.partition_size);
        out.put_i64(self.offset_lag);
        out.put_bool(self.is_future_key);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for DescribeLogDirsResponse {
    const NAME: &'static str = "DescribeLogDirsResponse";
    const MIN: i16 = 1;
    const MAX: i16 = 5;
    const FLEXIBLE_FROM: i16 = 2;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(1..=5).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(1..=5).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for DescribeLogDirsResponse {
    const KEY: i16 = 35;
}
