// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerGroupMetadataValue`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::{Rope, Tags};
use crate::stored::Stored;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupMetadataValue {
    /// `int32`, version 0.
    pub epoch: i32,
    /// `int64`, version 0; tag 0.
    pub metadata_hash: i64,
}

impl ConsumerGroupMetadataValue {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let epoch = reader.i32()?;
        let mut metadata_hash = 0;
        reader.tags(|tag, reader| {
            match tag {
                0 => {
                    metadata_hash = reader.i64()?;
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(ConsumerGroupMetadataValue { epoch, metadata_hash })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.epoch);
        let mut tags = Tags::default();
        if self.metadata_hash != 0 {
            tags.add(0, |out| {
                out.put_i64(self.metadata_hash);
                Ok(())
            })?;
        }
        out.put_tags(tags)?;
        Ok(())
    }
}

impl Message for ConsumerGroupMetadataValue {
    const NAME: &'static str = "ConsumerGroupMetadataValue";
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

impl Stored for ConsumerGroupMetadataValue {}
