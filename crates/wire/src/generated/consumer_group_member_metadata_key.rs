// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerGroupMemberMetadataKey`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;

/// Body of the message; version 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupMemberMetadataKey {
    /// `string`, version 5.
    pub group_id: String,
    /// `string`, version 5.
    pub member_id: String,
}

impl ConsumerGroupMemberMetadataKey {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let group_id = reader.string(false)?;
        let member_id = reader.string(false)?;
        Ok(ConsumerGroupMemberMetadataKey { group_id, member_id })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.group_id, false)?;
        out.put_string(&self.member_id, false)?;
        Ok(())
    }
}

impl Message for ConsumerGroupMemberMetadataKey {
    const NAME: &'static str = "ConsumerGroupMemberMetadataKey";
    const MIN: i16 = 5;
    const MAX: i16 = 5;
    const FLEXIBLE_FROM: i16 = i16::MAX;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(5..=5).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(5..=5).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for ConsumerGroupMemberMetadataKey {}
