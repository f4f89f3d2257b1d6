// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of CreateTopics, API key 19.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 2 to 7.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateTopicsRequest {
    /// `[]CreatableTopic`, versions 2 to 7.
    pub topics: Vec<CreatableTopic>,
    /// `int32`, versions 2 to 7; default 60000.
    pub timeout_ms: i32,
    /// `bool`, versions 2 to 7.
    pub validate_only: bool,
}

impl Default for CreateTopicsRequest {
    fn default() -> CreateTopicsRequest {
        CreateTopicsRequest { topics: Vec::new(), timeout_ms: 60000, validate_only: false }
    }
}

impl CreateTopicsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let topics = reader.array(flexible, 10, |reader| CreatableTopic::read(reader, version))?;
        let timeout_ms = reader.i32()?;
        let validate_only = reader.bool()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(CreateTopicsRequest { topics, timeout_ms, validate_only })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        out.put_len(self.topics.len(), flexible)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        out.put_i32(self.timeout_ms);
        out.put_bool(self.validate_only);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 2 to 7.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreatableTopic {
    /// `string`, versions 2 to 7.
    pub name: String,
    /// `int32`, versions 2 to 7.
    pub num_partitions: i32,
    /// `int16`, versions 2 to 7.
    pub replication_factor: i16,
    /// `[]CreatableReplicaAssignment`, versions 2 to 7.
    pub assignments: Vec<CreatableReplicaAssignment>,
    /// `[]CreatableTopicConfig`, versions 2 to 7.
    pub configs: Vec<CreatableTopicConfig>,
}

impl CreatableTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let name = reader.string(flexible)?;
        let num_partitions = reader.i32()?;
        let replication_factor = reader.i16()?;
        let assignments =
            reader.array(flexible, 6, |reader| CreatableReplicaAssignment::read(reader, version))?;
        let configs = reader.array(flexible, 3, |reader| CreatableTopicConfig::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(CreatableTopic { name, num_partitions, replication_factor, assignments, configs })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        out.put_string(&self.name, flexible)?;
        out.put_i32(self.num_partitions);
        out.put_i16(self.replication_factor);
        out.put_len(self.assignments.len(), flexible)?;
        for item in &self.assignments {
            item.write(out, version)?;
        }
        out.put_len(self.configs.len(), flexible)?;
        for item in &self.configs {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 2 to 7.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreatableReplicaAssignment {
    /// `int32`, versions 2 to 7.
    pub partition_index: i32,
    /// `[]int32`, versions 2 to 7.
    pub broker_ids: Vec<i32>,
}

impl CreatableReplicaAssignment {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let partition_index = reader.i32()?;
        let broker_ids = reader.array(flexible, 4, |reader| reader.i32())?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(CreatableReplicaAssignment { partition_index, broker_ids })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        out.put_i32(self.partition_index);
        out.put_len(self.broker_ids.len(), flexible)?;
        for item in &self.broker_ids {
            out.put_i32(*item);
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 2 to 7.
#[derive(Clone, PartialEq, Debug)]
pub struct CreatableTopicConfig {
    /// `string`, versions 2 to 7.
    pub name: String,
    /// `string`, versions 2 to 7; null in versions 2 to 7.
    pub value: Option<String>,
}

impl Default for CreatableTopicConfig {
    fn default() -> CreatableTopicConfig {
        CreatableTopicConfig { name: String::new(), value: Some(String::new()) }
    }
}

impl CreatableTopicConfig {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let name = reader.string(flexible)?;
        let value = reader.nullable_string(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(CreatableTopicConfig { name, value })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        out.put_string(&self.name, flexible)?;
        out.put_nullable_string(self.value.as_deref(), flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for CreateTopicsRequest {
    const NAME: &'static str = "CreateTopicsRequest";
    const MIN: i16 = 2;
    const MAX: i16 = 7;
    const FLEXIBLE_FROM: i16 = 5;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(2..=7).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(2..=7).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for CreateTopicsRequest {
    const KEY: i16 = 19;
}

impl Request for CreateTopicsRequest {
    type Response = super::create_topics_response::CreateTopicsResponse;
}
