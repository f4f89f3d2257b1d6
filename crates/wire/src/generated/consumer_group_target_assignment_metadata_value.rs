// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerGroupTargetAssignmentMetadataValue`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::{Rope, Tags};
use crate::stored::Stored;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupTargetAssignmentMetadataValue {
    /// `int32`, version 0.
    pub assignment_epoch: i32,
    /// `int64`, version 0; tag 0.
    pub assignment_timestamp: i64,
}

impl ConsumerGroupTargetAssignmentMetadataValue {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let assignment_epoch = reader.i32()?;
        let mut assignment_timestamp = 0;
        reader.tags(|tag, reader| {
            match tag {
                0 => {
                    assignment_timestamp = reader.i64()?;
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(ConsumerGroupTargetAssignmentMetadataValue { assignment_epoch, assignment_timestamp })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.assignment_epoch);
        let mut tags = Tags::default();
        if self.assignment_timestamp != 0 {
            tags.add(0, |out| {
                out.put_i64(self.assignment_timestamp);
                Ok(())
            })?;
        }
        out.put_tags(tags)?;
        Ok(())
    }
}

impl Message for ConsumerGroupTargetAssignmentMetadataValue {
    const NAME: &'static str = "ConsumerGroupTargetAssignmentMetadataValue";
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

impl Stored for ConsumerGroupTargetAssignmentMetadataValue {}
