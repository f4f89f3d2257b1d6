// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of LeaveGroup, API key 13.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LeaveGroupRequest {
    /// `string`, versions 0 to 5.
    pub group_id: String,
    /// `string`, versions 0 to 2.
    pub member_id: String,
    /// `[]MemberIdentity`, versions 3 to 5.
    pub members: Vec<MemberIdentity>,
}

impl LeaveGroupRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let group_id = reader.string(flexible)?;
        let member_id = if version <= 2 { reader.string(flexible)? } else { String::new() };
        let members = if version >= 3 {
            reader.array(flexible, 3, |reader| MemberIdentity::read(reader, version))?
        } else {
            Vec::new()
        };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(LeaveGroupRequest { group_id, member_id, members })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_string(&self.group_id, flexible)?;
        if version <= 2 {
            out.put_string(&self.member_id, flexible)?;
        } else if !self.member_id.is_empty() {
            return Err(EncodeError::UnsupportedField { field: "LeaveGroupRequest.member_id", version });
        }
        if version >= 3 {
            out.put_len(self.members.len(), flexible)?;
            for item in &self.members {
                item.write(out, version)?;
            }
        } else if !self.members.is_empty() {
            return Err(EncodeError::UnsupportedField { field: "LeaveGroupRequest.members", version });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 3 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct MemberIdentity {
    /// `string`, versions 3 to 5.
    pub member_id: String,
    /// `string`, versions 3 to 5; null in versions 3 to 5; default null.
    pub group_instance_id: Option<String>,
    /// `string`, version 5; null in version 5; default null; dropped where a version lacks it.
    pub reason: Option<String>,
}

impl MemberIdentity {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let member_id = reader.string(flexible)?;
        let group_instance_id = reader.nullable_string(flexible)?;
        let reason = if version >= 5 { reader.nullable_string(flexible)? } else { None };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(MemberIdentity { member_id, group_instance_id, reason })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_string(&self.member_id, flexible)?;
        out.put_nullable_string(self.group_instance_id.as_deref(), flexible)?;
        if version >= 5 {
            out.put_nullable_string(self.reason.as_deref(), flexible)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for LeaveGroupRequest {
    const NAME: &'static str = "LeaveGroupRequest";
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
}

impl ApiMessage for LeaveGroupRequest {
    const KEY: i16 = 13;
}

impl Request for LeaveGroupRequest {
    type Response = super::leave_group_response::LeaveGroupResponse;
}
