// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerGroupRegularExpressionKey`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;

/// Body of the message; version 16.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupRegularExpressionKey {
    /// `string`, version 16.
    pub group_id: String,
    /// `string`, version 16.
    pub regular_expression: String,
}

impl ConsumerGroupRegularExpressionKey {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let group_id = reader.string(false)?;
        let regular_expression = reader.string(false)?;
        Ok(ConsumerGroupRegularExpressionKey { group_id, regular_expression })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.group_id, false)?;
        out.put_string(&self.regular_expression, false)?;
        Ok(())
    }
}

impl Message for ConsumerGroupRegularExpressionKey {
    const NAME: &'static str = "ConsumerGroupRegularExpressionKey";
    const MIN: i16 = 16;
    const MAX: i16 = 16;
    const FLEXIBLE_FROM: i16 = i16::MAX;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(16..=16).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(16..=16).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for ConsumerGroupRegularExpressionKey {}
