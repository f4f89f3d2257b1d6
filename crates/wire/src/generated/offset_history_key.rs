// Written by `cargo xtask codegen` from schema/; do not edit.

//! `OffsetHistoryKey`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetHistoryKey {
    /// `string`, version 0.
    pub group: String,
    /// `string`, version 0.
    pub topic: String,
    /// `int32`, version 0.
    pub partition: i32,
}

impl OffsetHistoryKey {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let group = reader.string(false)?;
        let topic = reader.string(false)?;
        let partition = reader.i32()?;
        Ok(OffsetHistoryKey { group, topic, partition })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.group, false)?;
        out.put_string(&self.topic, false)?;
        out.put_i32(self.partition);
        Ok(())
    }
}

impl Message for OffsetHistoryKey {
    const NAME: &'static str = "OffsetHistoryKey";
    const MIN: i16 = 0;
    const MAX: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;

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

impl Stored for OffsetHistoryKey {}
