// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerGroupPartitionMetadataKey`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;

/// Body of the message; version 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupPartitionMetadataKey {
    /// `string`, version 4.
    pub group_id: String,
}

impl ConsumerGroupPartitionMetadataKey {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let group_id = reader.string(false)?;
        Ok(ConsumerGroupPartitionMetadataKey { group_id })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.group_id, false)?;
        Ok(())
    }
}

impl Message for ConsumerGroupPartitionMetadataKey {
    const NAME: &'static str = "ConsumerGroupPartitionMetadataKey";
    const MIN: i16 = 4;
    const MAX: i16 = 4;
    const FLEXIBLE_FROM: i16 = i16::MAX;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(4..=4).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(4..=4).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for ConsumerGroupPartitionMetadataKey {}
