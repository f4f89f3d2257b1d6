// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of LeaveGroup, API key 13.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LeaveGroupResponse {
    /// `int32`, versions 1 to 5; dropped where a version lacks it.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 to 5.
    pub error_code: i16,
    /// `[]MemberResponse`, versions 3 to 5.
    pub members: Vec<MemberResponse>,
}

impl LeaveGroupResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let throttle_time_ms = if version >= 1 { reader.i32()? } else { 0 };
        let error_code = reader.i16()?;
        let members = if version >= 3 {
            reader.array(flexible, 5, |reader| MemberResponse::read(reader, version))?
        } else {
            Vec::new()
        };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(LeaveGroupResponse { throttle_time_ms, error_code, members })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        if version >= 1 {
            out.put_i32(self.throttle_time_ms);
        }
        out.put_i16(self.error_code);
        if version >= 3 {
            out.put_len(self.members.len(), flexible)?;
            for item in &self.members {
                item.write(out, version)?;
            }
        } else if !self.members.is_empty() {
            return Err(EncodeError::UnsupportedField { field: "LeaveGroupResponse.members", version });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
        for item in &self.members {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 3 to 5.
#[derive(Clone, PartialEq, Debug)]
pub struct MemberResponse {
    /// `string`, versions 3 to 5.
    pub member_id: String,
    /// `string`, versions 3 to 5; null in versions 3 to 5.
    pub group_instance_id: Option<String>,
    /// `int16`, versions 3 to 5.
    pub error_code: i16,
}

impl Default for MemberResponse {
    fn default() -> MemberResponse {
        MemberResponse { member_id: String::new(), group_instance_id: Some(String::new()), error_code: 0 }
    }
}

impl MemberResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let member_id = reader.string(flexible)?;
        let group_instance_id = reader.nullable_string(flexible)?;
        let error_code = reader.i16()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(MemberResponse { member_id, group_instance_id, error_code })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_string(&self.member_id, flexible)?;
        out.put_nullable_string(self.group_instance_id.as_deref(), flexible)?;
        out.put_i16(self.error_code);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for LeaveGroupResponse {
    const NAME: &'static str = "LeaveGroupResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 5;
    const FLEXIBLE_FROM: i16 = 4;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for LeaveGroupResponse {
    const KEY: i16 = 13;
}
