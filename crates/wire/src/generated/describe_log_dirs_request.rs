// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of DescribeLogDirs, API key 35.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 1 to 5.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeLogDirsRequest {
    /// `[]DescribableLogDirTopic`, versions 1 to 5; null in versions 1 to 5.
    pub topics: Option<Vec<DescribableLogDirTopic>>,
}

impl Default for DescribeLogDirsRequest {
    fn default() -> DescribeLogDirsRequest {
        DescribeLogDirsRequest { topics: Some(Vec::new()) }
    }
}

impl DescribeLogDirsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let topics =
            reader.nullable_array(flexible, 3, |reader| DescribableLogDirTopic::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeLogDirsRequest { topics })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        match &self.topics {
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

/// Part of the message; versions 1 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribableLogDirTopic {
    /// `string`, versions 1 to 5.
    pub topic: String,
    /// `[]int32`, versions 1 to 5.
    pub partitions: Vec<i32>,
}

impl DescribableLogDirTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let topic = reader.string(flexible)?;
        let partitions = reader.array(flexible, 4, |reader| reader.i32())?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribableLogDirTopic { topic, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_string(&self.topic, flexible)?;
        out.put_len(self.partitions.len(), flexible)?;
        for item in &self.partitions {
            out.put_i32(*item);
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for DescribeLogDirsRequest {
    const NAME: &'static str = "DescribeLogDirsRequest";
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
}

impl ApiMessage for DescribeLogDirsRequest {
    const KEY: i16 = 35;
}

impl Request for DescribeLogDirsRequest {
    type Response = super::describe_log_dirs_response::DescribeLogDirsResponse;
}
