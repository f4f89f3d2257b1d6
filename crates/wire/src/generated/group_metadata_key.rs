// Written by `cargo xtask codegen` from schema/; do not edit.

//! `GroupMetadataKey`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;

/// Body of the message; version 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct GroupMetadataKey {
    /// `string`, version 2.
    pub group: String,
}

impl GroupMetadataKey {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let group = reader.string(false)?;
        Ok(GroupMetadataKey { group })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.group, false)?;
        Ok(())
    }
}

impl Message for GroupMetadataKey {
    const NAME: &'static str = "GroupMetadataKey";
    const MIN: i16 = 2;
    const MAX: i16 = 2;
    const FLEXIBLE_FROM: i16 = i16::MAX;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(2..=2).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(2..=2).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for GroupMetadataKey {}
