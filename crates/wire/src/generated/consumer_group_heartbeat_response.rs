// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of ConsumerGroupHeartbeat, API key 68.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupHeartbeatResponse {
    /// `int32`, versions 0 to 1.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 to 1.
    pub error_code: i16,
    /// `string`, versions 0 to 1; null in versions 0 to 1; default null.
    pub error_message: Option<String>,
    /// `string`, versions 0 to 1; null in versions 0 to 1; default null.
    pub member_id: Option<String>,
    /// `int32`, versions 0 to 1.
    pub member_epoch: i32,
    /// `int32`, versions 0 to 1.
    pub heartbeat_interval_ms: i32,
    /// `Assignment`, versions 0 to 1; null in versions 0 to 1; default null.
    pub assignment: Option<Assignment>,
}

impl ConsumerGroupHeartbeatResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let throttle_time_ms = reader.i32()?;
        let error_code = reader.i16()?;
        let error_message = reader.nullable_string(true)?;
        let member_id = reader.nullable_string(true)?;
        let member_epoch = reader.i32()?;
        let heartbeat_interval_ms = reader.i32()?;
        let assignment = reader.nullable_struct(|reader| Assignment::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ConsumerGroupHeartbeatResponse {
            throttle_time_ms,
            error_code,
            error_message,
            member_id,
            member_epoch,
            heartbeat_interval_ms,
            assignment,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.throttle_time_ms);
        out.put_i16(self.error_code);
        out.put_nullable_string(self.error_message.as_deref(), true)?;
        out.put_nullable_string(self.member_id.as_deref(), true)?;
        out.put_i32(self.member_epoch);
        out.put_i32(self.heartbeat_interval_ms);
        match &self.assignment {
            Some(value) => {
                out.put_i8(1);
                value.write(out, version)?;
            }
            None => out.put_i8(-1),
        }
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

/// Part of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Assignment {
    /// `[]TopicPartitions`, versions 0 to 1.
    pub topic_partitions: Vec<TopicPartitions>,
}

impl Assignment {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let topic_partitions = reader.array(true, 18, |reader| TopicPartitions::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(Assignment { topic_partitions })
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

/// Part of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicPartitions {
    /// `uuid`, versions 0 to 1.
    pub topic_id: Uuid,
    /// `[]int32`, versions 0 to 1.
    pub partitions: Vec<i32>,
}

impl TopicPartitions {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let topic_id = reader.uuid()?;
        let partitions = reader.array(true, 4, |reader| reader.i32())?;
        reader.tags(|_, _| Ok(false))?;
        Ok(TopicPartitions { topic_id, partitions })
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

impl Message for ConsumerGroupHeartbeatResponse {
    const NAME: &'static str = "ConsumerGroupHeartbeatResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for ConsumerGroupHeartbeatResponse {
    const KEY: i16 = 68;
}
