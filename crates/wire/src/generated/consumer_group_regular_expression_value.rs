// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerGroupRegularExpressionValue`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupRegularExpressionValue {
    /// `[]string`, version 0.
    pub topics: Vec<String>,
    /// `int64`, version 0.
    pub version: i64,
    /// `int64`, version 0.
    pub timestamp: i64,
}

impl ConsumerGroupRegularExpressionValue {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let topics = reader.array(true, 1, |reader| reader.string(true))?;
        let own_version = reader.i64()?;
        let timestamp = reader.i64()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ConsumerGroupRegularExpressionValue { topics, version: own_version, timestamp })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_len(self.topics.len(), true)?;
        for item in &self.topics {
            out.put_string(item, true)?;
        }
        out.put_i64(self.version);
        out.put_i64(self.timestamp);
        out.put_varint(0);
        Ok(())
    }
}

impl Message for ConsumerGroupRegularExpressionValue {
    const NAME: &'static str = "ConsumerGroupRegularExpressionValue";
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

impl Stored for ConsumerGroupRegularExpressionValue {}
