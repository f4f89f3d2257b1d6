// Written by `cargo xtask codegen` from schema/; do not edit.

//! `OffsetHistoryValue`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::{Rope, Tags};
use crate::stored::Stored;
use types::Uuid;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetHistoryValue {
    /// `int64`, version 0.
    pub at: i64,
    /// `uuid`, version 0.
    pub topic_id: Uuid,
    /// `int64`, version 0; default -1.
    pub from_offset: i64,
    /// `int64`, version 0; default -1.
    pub from_at: i64,
    /// `int64`, version 0; default -1.
    pub offset: i64,
    /// `int32`, version 0; default -1.
    pub leader_epoch: i32,
    /// `string`, version 0.
    pub metadata: String,
    /// `string`, version 0.
    pub member_id: String,
    /// `string`, version 0; null in version 0.
    pub instance_id: Option<String>,
    /// `string`, version 0.
    pub client_id: String,
    /// `string`, version 0.
    pub client_host: String,
    /// `int64`, version 0; tag 0; default -1.
    pub producer_id: i64,
    /// `bool`, version 0; tag 1.
    pub aborted: bool,
}

impl Default for OffsetHistoryValue {
    fn default() -> OffsetHistoryValue {
        OffsetHistoryValue {
            at: 0,
            topic_id: Uuid::ZERO,
            from_offset: -1,
            from_at: -1,
            offset: -1,
            leader_epoch: -1,
            metadata: String::new(),
            member_id: String::new(),
            instance_id: Some(String::new()),
            client_id: String::new(),
            client_host: String::new(),
            producer_id: -1,
            aborted: false,
        }
    }
}

impl OffsetHistoryValue {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let at = reader.i64()?;
        let topic_id = reader.uuid()?;
        let from_offset = reader.i64()?;
        let from_at = reader.i64()?;
        let offset = reader.i64()?;
        let leader_epoch = reader.i32()?;
        let metadata = reader.string(true)?;
        let member_id = reader.string(true)?;
        let instance_id = reader.nullable_string(true)?;
        let client_id = reader.string(true)?;
        let client_host = reader.string(true)?;
        let mut producer_id = -1;
        let mut aborted = false;
        reader.tags(|tag, reader| {
            match tag {
                0 => {
                    producer_id = reader.i64()?;
                }
                1 => {
                    aborted = reader.bool()?;
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(OffsetHistoryValue {
            at,
            topic_id,
            from_offset,
            from_at,
            offset,
            leader_epoch,
            metadata,
            member_id,
            instance_id,
            client_id,
            client_host,
            producer_id,
            aborted,
        })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i64(self.at);
        out.put_uuid(self.topic_id);
        out.put_i64(self.from_offset);
        out.put_i64(self.from_at);
        out.put_i64(self.offset);
        out.put_i32(self.leader_epoch);
        out.put_string(&self.metadata, true)?;
        out.put_string(&self.member_id, true)?;
        out.put_nullable_string(self.instance_id.as_deref(), true)?;
        out.put_string(&self.client_id, true)?;
        out.put_string(&self.client_host, true)?;
        let mut tags = Tags::default();
        if self.producer_id != -1 {
            tags.add(0, |out| {
                out.put_i64(self.producer_id);
                Ok(())
            })?;
        }
        if self.aborted {
            tags.add(1, |out| {
                out.put_bool(self.aborted);
                Ok(())
            })?;
        }
        out.put_tags(tags)?;
        Ok(())
    }
}

impl Message for OffsetHistoryValue {
    const NAME: &'static str = "OffsetHistoryValue";
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

impl Stored for OffsetHistoryValue {}
