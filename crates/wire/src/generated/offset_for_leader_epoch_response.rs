// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of OffsetForLeaderEpoch, API key 23.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 2 to 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetForLeaderEpochResponse {
    /// `int32`, versions 2 to 4.
    pub throttle_time_ms: i32,
    /// `[]OffsetForLeaderTopicResult`, versions 2 to 4.
    pub topics: Vec<OffsetForLeaderTopicResult>,
}

impl OffsetForLeaderEpochResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let throttle_time_ms = reader.i32()?;
        let topics = reader.array(flexible, 3, |reader| OffsetForLeaderTopicResult::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetForLeaderEpochResponse { throttle_time_ms, topics })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
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

/// Part of the message; versions 2 to 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetForLeaderTopicResult {
    /// `string`, versions 2 to 4.
    pub topic: String,
    /// `[]EpochEndOffset`, versions 2 to 4.
    pub partitions: Vec<EpochEndOffset>,
}

impl OffsetForLeaderTopicResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let topic = reader.string(flexible)?;
        let partitions = reader.array(flexible, 18, |reader| EpochEndOffset::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetForLeaderTopicResult { topic, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_string(&self.topic, flexible)?;
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

/// Part of the message; versions 2 to 4.
#[derive(Clone, PartialEq, Debug)]
pub struct EpochEndOffset {
    /// `int16`, versions 2 to 4.
    pub error_code: i16,
    /// `int32`, versions 2 to 4.
    pub partition: i32,
    /// `int32`, versions 2 to 4; default -1.
    pub leader_epoch: i32,
    /// `int64`, versions 2 to 4; default -1.
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> EpochEndOffset {
        EpochEndOffset { error_code: 0, partition: 0, leader_epoch: -1, end_offset: -1 }
    }
}

impl EpochEndOffset {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let error_code = reader.i16()?;
        let partition = reader.i32()?;
        let leader_epoch = reader.i32()?;
        let end_offset = reader.i64()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(EpochEndOffset { error_code, partition, leader_epoch, end_offset })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_i16(self.error_code);
        out.put_i32(self.partition);
        out.put_i32(self.leader_epoch);
        out.put_i64(self.end_offset);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for OffsetForLeaderEpochResponse {
    const NAME: &'static str = "OffsetForLeaderEpochResponse";
    const MIN: i16 = 2;
    const MAX: i16 = 4;
    const FLEXIBLE_FROM: i16 = 4;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(2..=4).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(2..=4).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for OffsetForLeaderEpochResponse {
    const KEY: i16 = 23;
}
