// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerGroupTargetAssignmentMetadataKey`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;

/// Body of the message; version 6.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupTargetAssignmentMetadataKey {
    /// `string`, version 6.
    pub group_id: String,
}

impl ConsumerGroupTargetAssignmentMetadataKey {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let group_id = reader.string(false)?;
        Ok(ConsumerGroupTargetAssignmentMetadataKey { group_id })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.group_id, false)?;
        Ok(())
    }
}

impl Message for ConsumerGroupTargetAssignmentMetadataKey {
    const NAME: &'static str = "ConsumerGroupTargetAssignmentMetadataKey";
    const MIN: i16 = 6;
    const MAX: i16 = 6;
    const FLEXIBLE_FROM: i16 = i16::MAX;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(6..=6).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(6..=6).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for ConsumerGroupTargetAssignmentMetadataKey {}
