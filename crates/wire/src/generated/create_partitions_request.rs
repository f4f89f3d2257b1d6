// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of CreatePartitions, API key 37.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreatePartitionsRequest {
    /// `[]CreatePartitionsTopic`, versions 0 to 3.
    pub topics: Vec<CreatePartitionsTopic>,
    /// `int32`, versions 0 to 3.
    pub timeout_ms: i32,
    /// `bool`, versions 0 to 3.
    pub validate_only: bool,
}

impl CreatePartitionsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let topics = reader.array(flexible, 7, |reader| CreatePartitionsTopic::read(reader, version))?;
        let timeout_ms = reader.i32()?;
        let validate_only = reader.bool()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(CreatePartitionsRequest { topics, timeout_ms, validate_only })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
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

/// Part of the message; versions 0 to 3.
#[derive(Clone, PartialEq, Debug)]
pub struct CreatePartitionsTopic {
    /// `string`, versions 0 to 3.
    pub name: String,
    /// `int32`, versions 0 to 3.
    pub count: i32,
    /// `[]CreatePartitionsAssignment`, versions 0 to 3; null in versions 0 to 3.
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
}

impl Default for CreatePartitionsTopic {
    fn default() -> CreatePartitionsTopic {
        CreatePartitionsTopic { name: String::new(), count: 0, assignments: Some(Vec::new()) }
    }
}

impl CreatePartitionsTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let name = reader.string(flexible)?;
        let count = reader.i32()?;
        let assignments =
            reader.nullable_array(flexible, 2, |reader| CreatePartitionsAssignment::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(CreatePartitionsTopic { name, count, assignments })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_string(&self.name, flexible)?;
        out.put_i32(self.count);
        match &self.assignments {
            Some(items) => {
                out.put_len(items.len(), flexible)?;
                for item in items {
                    item.write(out, version)?;
                }
            }
            None => out.put_null(flexible),
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 0 to 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreatePartitionsAssignment {
    /// `[]int32`, versions 0 to 3.
    pub broker_ids: Vec<i32>,
}

impl CreatePartitionsAssignment {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let broker_ids = reader.array(flexible, 4, |reader| reader.i32())?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(CreatePartitionsAssignment { broker_ids })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
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

impl Message for CreatePartitionsRequest {
    const NAME: &'static str = "CreatePartitionsRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 3;
    const FLEXIBLE_FROM: i16 = 2;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=3).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=3).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for CreatePartitionsRequest {
    const KEY: i16 = 37;
}

impl Request for CreatePartitionsRequest {
    type Response = super::create_partitions_response::CreatePartitionsResponse;
}
