// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of DescribeQuorum, API key 55.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeQuorumRequest {
    /// `[]TopicData`, versions 0 to 2.
    pub topics: Vec<TopicData>,
}

impl DescribeQuorumRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let topics = reader.array(true, 3, |reader| TopicData::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(DescribeQuorumRequest { topics })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_len(self.topics.len(), true)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicData {
    /// `string`, versions 0 to 2.
    pub topic_name: String,
    /// `[]PartitionData`, versions 0 to 2.
    pub partitions: Vec<PartitionData>,
}

impl TopicData {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let topic_name = reader.string(true)?;
        let partitions = reader.array(true, 5, |reader| PartitionData::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(TopicData { topic_name, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.topic_name, true)?;
        out.put_len(self.partitions.len(), true)?;
        for item in &self.partitions {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartitionData {
    /// `int32`, versions 0 to 2.
    pub partition_index: i32,
}

impl PartitionData {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let partition_index = reader.i32()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(PartitionData { partition_index })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.partition_index);
        out.put_varint(0);
        Ok(())
    }
}

impl Message for DescribeQuorumRequest {
    const NAME: &'static str = "DescribeQuorumRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 2;
    const FLEXIBLE_FROM: i16 = 0;

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

impl ApiMessage for DescribeQuorumRequest {
    const KEY: i16 = 55;
}

impl Request for DescribeQuorumRequest {
    type Response = super::describe_quorum_response::DescribeQuorumResponse;
}
