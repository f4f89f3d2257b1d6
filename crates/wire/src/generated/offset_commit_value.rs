// Written by `cargo xtask codegen` from schema/; do not edit.

//! `OffsetCommitValue`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::{Rope, Tags};
use crate::stored::Stored;
use types::Uuid;

/// Body of the message; versions 0 to 4.
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetCommitValue {
    /// `int64`, versions 0 to 4.
    pub offset: i64,
    /// `int32`, versions 3 to 4; default -1; dropped where a version lacks it.
    pub leader_epoch: i32,
    /// `string`, versions 0 to 4.
    pub metadata: String,
    /// `int64`, versions 0 to 4.
    pub commit_timestamp: i64,
    /// `int64`, version 1; default -1; dropped where a version lacks it.
    pub expire_timestamp: i64,
    /// `uuid`, version 4; tag 0; dropped where a version lacks it.
    pub topic_id: Uuid,
}

impl Default for OffsetCommitValue {
    fn default() -> OffsetCommitValue {
        OffsetCommitValue {
            offset: 0,
            leader_epoch: -1,
            metadata: String::new(),
            commit_timestamp: 0,
            expire_timestamp: -1,
            topic_id: Uuid::ZERO,
        }
    }
}

impl OffsetCommitValue {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let offset = reader.i64()?;
        let leader_epoch = if version >= 3 { reader.i32()? } else { -1 };
        let metadata = reader.string(flexible)?;
        let commit_timestamp = reader.i64()?;
        let expire_timestamp = if version == 1 { reader.i64()? } else { -1 };
        let mut topic_id = Uuid::ZERO;
        if flexible {
            reader.tags(|tag, reader| {
                match tag {
                    0 => {
                        topic_id = reader.uuid()?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(OffsetCommitValue { offset, leader_epoch, metadata, commit_timestamp, expire_timestamp, topic_id })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_i64(self.offset);
        if version >= 3 {
            out.put_i32(self.leader_epoch);
        }
        out.put_string(&self.metadata, flexible)?;
        out.put_i64(self.commit_timestamp);
        if version == 1 {
            out.put_i64(self.expire_timestamp);
        }
        let mut tags = Tags::default();
        if version >= 4 && !self.topic_id.is_zero() {
            tags.add(0, |out| {
                out.put_uuid(self.topic_id);
                Ok(())
            })?;
        }
        if flexible {
            out.put_tags(tags)?;
        }
        Ok(())
    }
}

impl Message for OffsetCommitValue {
    const NAME: &'static str = "OffsetCommitValue";
    const MIN: i16 = 0;
    const MAX: i16 = 4;
    const FLEXIBLE_FROM: i16 = 4;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for OffsetCommitValue {}
