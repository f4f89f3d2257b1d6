// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of SyncGroup, API key 14.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;
use bytes::Bytes;

/// Body of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SyncGroupRequest {
    /// `string`, versions 0 to 5.
    pub group_id: String,
    /// `int32`, versions 0 to 5.
    pub generation_id: i32,
    /// `string`, versions 0 to 5.
    pub member_id: String,
    /// `string`, versions 3 to 5; null in versions 3 to 5; default null.
    pub group_instance_id: Option<String>,
    /// `string`, version 5; null in version 5; default null; dropped where a version lacks it.
    pub protocol_type: Option<String>,
    /// `string`, version 5; null in version 5; default null; dropped where a version lacks it.
    pub protocol_name: Option<String>,
    /// `[]SyncGroupRequestAssignment`, versions 0 to 5.
    pub assignments: Vec<SyncGroupRequestAssignment>,
}

impl SyncGroupRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let group_id = reader.string(flexible)?;
        let generation_id = reader.i32()?;
        let member_id = reader.string(flexible)?;
        let group_instance_id = if version >= 3 { reader.nullable_string(flexible)? } else { None };
        let protocol_type = if version >= 5 { reader.nullable_string(flexible)? } else { None };
        let protocol_name = if version >= 5 { reader.nullable_string(flexible)? } else { None };
        let assignments =
            reader.array(flexible, 3, |reader| SyncGroupRequestAssignment::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(SyncGroupRequest {
            group_id,
            generation_id,
            member_id,
            group_instance_id,
            protocol_type,
            protocol_name,
            assignments,
        })
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
                field: "SyncGroupRequest.group_instance_id",
                version,
            });
        }
        if version >= 5 {
            out.put_nullable_string(self.protocol_type.as_deref(), flexible)?;
        }
        if version >= 5 {
            out.put_nullable_string(self.protocol_name.as_deref(), flexible)?;
        }
        out.put_len(self.assignments.len(), flexible)?;
        for item in &self.assignments {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SyncGroupRequestAssignment {
    /// `string`, versions 0 to 5.
    pub member_id: String,
    /// `bytes`, versions 0 to 5.
    pub assignment: Bytes,
}

impl SyncGroupRequestAssignment {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let member_id = reader.string(flexible)?;
        let assignment = reader.bytes(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(SyncGroupRequestAssignment { member_id, assignment })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_string(&self.member_id, flexible)?;
        out.put_bytes(&self.assignment, flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for SyncGroupRequest {
    const NAME: &'static str = "SyncGroupRequest";
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

impl ApiMessage for SyncGroupRequest {
    const KEY: i16 = 14;
}

impl Request for SyncGroupRequest {
    type Response = super::sync_group_response::SyncGroupResponse;
}
