// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerGroupMetadataKey`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;

/// Body of the message; version 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupMetadataKey {
    /// `string`, version 3.
    pub group_id: String,
}

impl ConsumerGroupMetadataKey {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let group_id = reader.string(false)?;
        Ok(ConsumerGroupMetadataKey { group_id })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.group_id, false)?;
        Ok(())
    }
}

impl Message for ConsumerGroupMetadataKey {
    const NAME: &'static str = "ConsumerGroupMetadataKey";
    const MIN: i16 = 3;
    const MAX: i16 = 3;
    const FLEXIBLE_FROM: i16 = i16::MAX;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(3..=3).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(3..=3).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for ConsumerGroupMetadataKey {}
