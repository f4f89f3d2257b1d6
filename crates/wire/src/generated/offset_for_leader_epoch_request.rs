// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of OffsetForLeaderEpoch, API key 23.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 2 to 4.
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetForLeaderEpochRequest {
    /// `int32`, versions 3 to 4; default -2; dropped where a version lacks it.
    pub replica_id: i32,
    /// `[]OffsetForLeaderTopic`, versions 2 to 4.
    pub topics: Vec<OffsetForLeaderTopic>,
}

impl Default for OffsetForLeaderEpochRequest {
    fn default() -> OffsetForLeaderEpochRequest {
        OffsetForLeaderEpochRequest { replica_id: -2, topics: Vec::new() }
    }
}

impl OffsetForLeaderEpochRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let replica_id = if version >= 3 { reader.i32()? } else { -2 };
        let topics = reader.array(flexible, 3, |reader| OffsetForLeaderTopic::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetForLeaderEpochRequest { replica_id, topics })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        if version >= 3 {
            out.put_i32(self.replica_id);
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
}

/// Part of the message; versions 2 to 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetForLeaderTopic {
    /// `string`, versions 2 to 4.
    pub topic: String,
    /// `[]OffsetForLeaderPartition`, versions 2 to 4.
    pub partitions: Vec<OffsetForLeaderPartition>,
}

impl OffsetForLeaderTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let topic = reader.string(flexible)?;
        let partitions =
            reader.array(flexible, 12, |reader| OffsetForLeaderPartition::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetForLeaderTopic { topic, partitions })
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
}

/// Part of the message; versions 2 to 4.
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetForLeaderPartition {
    /// `int32`, versions 2 to 4.
    pub partition: i32,
    /// `int32`, versions 2 to 4; default -1.
    pub current_leader_epoch: i32,
    /// `int32`, versions 2 to 4.
    pub leader_epoch: i32,
}

impl Default for OffsetForLeaderPartition {
    fn default() -> OffsetForLeaderPartition {
        OffsetForLeaderPartition { partition: 0, current_leader_epoch: -1, leader_epoch: 0 }
    }
}

impl OffsetForLeaderPartition {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let partition = reader.i32()?;
        let current_leader_epoch = reader.i32()?;
        let leader_epoch = reader.i32()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetForLeaderPartition { partition, current_leader_epoch, leader_epoch })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_i32(self.partition);
        out.put_i32(self.current_leader_epoch);
        out.put_i32(self.leader_epoch);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for OffsetForLeaderEpochRequest {
    const NAME: &'static str = "OffsetForLeaderEpochRequest";
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
}

impl ApiMessage for OffsetForLeaderEpochRequest {
    const KEY: i16 = 23;
}

impl Request for OffsetForLeaderEpochRequest {
    type Response = super::offset_for_leader_epoch_response::OffsetForLeaderEpochResponse;
}
