// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of Heartbeat, API key 12.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct HeartbeatRequest {
    /// `string`, versions 0 to 4.
    pub group_id: String,
    /// `int32`, versions 0 to 4.
    pub generation_id: i32,
    /// `string`, versions 0 to 4.
    pub member_id: String,
    /// `string`, versions 3 to 4; null in versions 3 to 4; default null.
    pub group_instance_id: Option<String>,
}

impl HeartbeatRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let group_id = reader.string(flexible)?;
        let generation_id = reader.i32()?;
        let member_id = reader.string(flexible)?;
        let group_instance_id = if version >= 3 { reader.nullable_string(flexible)? } else { None };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(HeartbeatRequest { group_id, generation_id, member_id, group_instance_id })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_string(&self.group_id, flexible)?;
        out.put_i32(self.generation_id);
        out.put_string(&self.member_id, flexible)?;
        if version >= 3 {
            out.put_nullable_string(self.group_instance_id.as_deref(), flexible)?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::UnsupportedField {
                field: "HeartbeatRequest.group_instance_id",
                version,
            });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for HeartbeatRequest {
    const NAME: &'static str = "HeartbeatRequest";
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

impl ApiMessage for HeartbeatRequest {
    const KEY: i16 = 12;
}

impl Request for HeartbeatRequest {
    type Response = super::heartbeat_response::HeartbeatResponse;
}
