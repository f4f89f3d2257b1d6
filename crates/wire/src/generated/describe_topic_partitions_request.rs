// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of DescribeTopicPartitions, API key 75.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeTopicPartitionsRequest {
    /// `[]TopicRequest`, version 0.
    pub topics: Vec<TopicRequest>,
    /// `int32`, version 0; default 2000.
    pub response_partition_limit: i32,
    /// `Cursor`, version 0; null in version 0; default null.
    pub cursor: Option<Cursor>,
}

impl Default for DescribeTopicPartitionsRequest {
    fn default() -> DescribeTopicPartitionsRequest {
        DescribeTopicPartitionsRequest { topics: Vec::new(), response_partition_limit: 2000, cursor: None }
    }
}

impl DescribeTopicPartitionsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let topics = reader.array(true, 2, |reader| TopicRequest::read(reader, version))?;
        let response_partition_limit = reader.i32()?;
        let cursor = reader.nullable_struct(|reader| Cursor::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(DescribeTopicPartitionsRequest { topics, response_partition_limit, cursor })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_len(self.topics.len(), true)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        out.put_i32(self.response_partition_limit);
        match &self.cursor {
            Some(value) => {
                out.put_i8(1);
                value.write(out, version)?;
            }
            None => out.put_i8(-1),
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicRequest {
    /// `string`, version 0.
    pub name: String,
}

impl TopicRequest {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let name = reader.string(true)?;
        reader.tags(|_, _| Ok(false))?;
        Ok(TopicRequest { name })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.name, true)?;
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Cursor {
    /// `string`, version 0.
    pub topic_name: String,
    /// `int32`, version 0.
    pub partition_index: i32,
}

impl Cursor {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let topic_name = reader.string(true)?;
        let partition_index = reader.i32()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(Cursor { topic_name, partition_index })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.topic_name, true)?;
        out.put_i32(self.partition_index);
        out.put_varint(0);
        Ok(())
    }
}

impl Message for DescribeTopicPartitionsRequest {
    const NAME: &'static str = "DescribeTopicPartitionsRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;

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

impl ApiMessage for DescribeTopicPartitionsRequest {
    const KEY: i16 = 75;
}

impl Request for DescribeTopicPartitionsRequest {
    type Response = super::describe_topic_partitions_response::DescribeTopicPartitionsResponse;
}
