// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerGroupCurrentMemberAssignmentKey`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;

/// Body of the message; version 8.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupCurrentMemberAssignmentKey {
    /// `string`, version 8.
    pub group_id: String,
    /// `string`, version 8.
    pub member_id: String,
}

impl ConsumerGroupCurrentMemberAssignmentKey {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let group_id = reader.string(false)?;
        let member_id = reader.string(false)?;
        Ok(ConsumerGroupCurrentMemberAssignmentKey { group_id, member_id })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.group_id, false)?;
        out.put_string(&self.member_id, false)?;
        Ok(())
    }
}

impl Message for ConsumerGroupCurrentMemberAssignmentKey {
    const NAME: &'static str = "ConsumerGroupCurrentMemberAssignmentKey";
    const MIN: i16 = 8;
    const MAX: i16 = 8;
    const FLEXIBLE_FROM: i16 = i16::MAX;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(8..=8).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(8..=8).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for ConsumerGroupCurrentMemberAssignmentKey {}
