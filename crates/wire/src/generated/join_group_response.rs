// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of JoinGroup, API key 11.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;
use bytes::Bytes;

/// Body of the message; versions 0 to 9.
#[derive(Clone, PartialEq, Debug)]
pub struct JoinGroupResponse {
    /// `int32`, versions 2 to 9; dropped where a version lacks it.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 to 9.
    pub error_code: i16,
    /// `int32`, versions 0 to 9; default -1.
    pub generation_id: i32,
    /// `string`, versions 7 to 9; null in versions 7 to 9; default null; dropped where a version lacks it.
    pub protocol_type: Option<String>,
    /// `string`, versions 0 to 9; null in versions 7 to 9.
    pub protocol_name: Option<String>,
    /// `string`, versions 0 to 9.
    pub leader: String,
    /// `bool`, version 9.
    pub skip_assignment: bool,
    /// `string`, versions 0 to 9.
    pub member_id: String,
    /// `[]JoinGroupResponseMember`, versions 0 to 9.
    pub members: Vec<JoinGroupResponseMember>,
}

impl Default for JoinGroupResponse {
    fn default() -> JoinGroupResponse {
        JoinGroupResponse {
            throttle_time_ms: 0,
            error_code: 0,
            generation_id: -1,
            protocol_type: None,
            protocol_name: Some(String::new()),
            leader: String::new(),
            skip_assignment: false,
            member_id: String::new(),
            members: Vec::new(),
        }
    }
}

impl JoinGroupResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let throttle_time_ms = if version >= 2 { reader.i32()? } else { 0 };
        let error_code = reader.i16()?;
        let generation_id = reader.i32()?;
        let protocol_type = if version >= 7 { reader.nullable_string(flexible)? } else { None };
        let protocol_name =
            if version >= 7 { reader.nullable_string(flexible)? } else { Some(reader.string(flexible)?) };
        let leader = reader.string(flexible)?;
        let skip_assignment = if version >= 9 { reader.bool()? } else { false };
        let member_id = reader.string(flexible)?;
        let members = reader.array(flexible, 4, |reader| JoinGroupResponseMember::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(JoinGroupResponse {
            throttle_time_ms,
            error_code,
            generation_id,
            protocol_type,
            protocol_name,
            leader,
            skip_assignment,
            member_id,
            members,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        if version >= 2 {
            out.put_i32(self.throttle_time_ms);
        }
        out.put_i16(self.error_code);
        out.put_i32(self.generation_id);
        if version >= 7 {
            out.put_nullable_string(self.protocol_type.as_deref(), flexible)?;
        }
        if version < 7 && self.protocol_name.is_none() {
            return Err(EncodeError::UnexpectedNull { field: "JoinGroupResponse.protocol_name", version });
        }
        out.put_nullable_string(self.protocol_name.as_deref(), flexible)?;
        out.put_string(&self.leader, flexible)?;
        if version >= 9 {
            out.put_bool(self.skip_assignment);
        } else if self.skip_assignment {
            return Err(EncodeError::UnsupportedField {
                field: "JoinGroupResponse.skip_assignment",
                version,
            });
        }
        out.put_string(&self.member_id, flexible)?;
        out.put_len(self.members.len(), flexible)?;
        for item in &self.members {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

/// Part of the message; versions 0 to 9.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct JoinGroupResponseMember {
    /// `string`, versions 0 to 9.
    pub member_id: String,
    /// `string`, versions 5 to 9; null in versions 5 to 9; default null; dropped where a version lacks it.
    pub group_instance_id: Option<String>,
    /// `bytes`, versions 0 to 9.
    pub metadata: Bytes,
}

impl JoinGroupResponseMember {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let member_id = reader.string(flexible)?;
        let group_instance_id = if version >= 5 { reader.nullable_string(flexible)? } else { None };
        let metadata = reader.bytes(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(JoinGroupResponseMember { member_id, group_instance_id, metadata })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        out.put_string(&self.member_id, flexible)?;
        if version >= 5 {
            out.put_nullable_string(self.group_instance_id.as_deref(), flexible)?;
        }
        out.put_bytes(&self.metadata, flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for JoinGroupResponse {
    const NAME: &'static str = "JoinGroupResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 9;
    const FLEXIBLE_FROM: i16 = 6;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=9).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=9).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for JoinGroupResponse {
    const KEY: i16 = 11;
}
