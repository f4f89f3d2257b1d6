// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of DescribeGroups, API key 15.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;
use bytes::Bytes;

/// Body of the message; versions 0 to 6.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeGroupsResponse {
    /// `int32`, versions 1 to 6; dropped where a version lacks it.
    pub throttle_time_ms: i32,
    /// `[]DescribedGroup`, versions 0 to 6.
    pub groups: Vec<DescribedGroup>,
}

impl DescribeGroupsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let throttle_time_ms = if version >= 1 { reader.i32()? } else { 0 };
        let groups = reader.array(flexible, 12, |reader| DescribedGroup::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeGroupsResponse { throttle_time_ms, groups })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        if version >= 1 {
            out.put_i32(self.throttle_time_ms);
        }
        out.put_len(self.groups.len(), flexible)?;
        for item in &self.groups {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.groups {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 0 to 6.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribedGroup {
    /// `int16`, versions 0 to 6.
    pub error_code: i16,
    /// `string`, version 6; null in version 6; default null.
    pub error_message: Option<String>,
    /// `string`, versions 0 to 6.
    pub group_id: String,
    /// `string`, versions 0 to 6.
    pub group_state: String,
    /// `string`, versions 0 to 6.
    pub protocol_type: String,
    /// `string`, versions 0 to 6.
    pub protocol_data: String,
    /// `[]DescribedGroupMember`, versions 0 to 6.
    pub members: Vec<DescribedGroupMember>,
    /// `int32`, versions 3 to 6; default -2147483648.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup {
    fn default() -> DescribedGroup {
        DescribedGroup {
            error_code: 0,
            error_message: None,
            group_id: String::new(),
            group_state: String::new(),
            protocol_type: String::new(),
            protocol_data: String::new(),
            members: Vec::new(),
            authorized_operations: -2147483648,
        }
    }
}

impl DescribedGroup {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let error_code = reader.i16()?;
        let error_message = if version >= 6 { reader.nullable_string(flexible)? } else { None };
        let group_id = reader.string(flexible)?;
        let group_state = reader.string(flexible)?;
        let protocol_type = reader.string(flexible)?;
        let protocol_data = reader.string(flexible)?;
        let members = reader.array(flexible, 7, |reader| DescribedGroupMember::read(reader, version))?;
        let authorized_operations = if version >= 3 { reader.i32()? } else { -2147483648 };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribedGroup {
            error_code,
            error_message,
            group_id,
            group_state,
            protocol_type,
            protocol_data,
            members,
            authorized_operations,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        out.put_i16(self.error_code);
        if version >= 6 {
            out.put_nullable_string(self.error_message.as_deref(), flexible)?;
        } else if self.error_message.is_some() {
            return Err(EncodeError::UnsupportedField { field: "DescribedGroup.error_message", version });
        }
        out.put_string(&self.group_id, flexible)?;
        out.put_string(&self.group_state, flexible)?;
        out.put_string(&self.protocol_type, flexible)?;
        out.put_string(&self.protocol_data, flexible)?;
        out.put_len(self.members.len(), flexible)?;
        for item in &self.members {
            item.write(out, version)?;
        }
        if version >= 3 {
            out.put_i32(self.authorized_operations);
        } else if self.authorized_operations != -2147483648 {
            return Err(EncodeError::UnsupportedField {
                field: "DescribedGroup.authorized_operations",
                version,
            });
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

/// Part of the message; versions 0 to 6.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribedGroupMember {
    /// `string`, versions 0 to 6.
    pub member_id: String,
    /// `string`, versions 4 to 6; null in versions 4 to 6; default null; dropped where a version lacks it.
    pub group_instance_id: Option<String>,
    /// `string`, versions 0 to 6.
    pub client_id: String,
    /// `string`, versions 0 to 6.
    pub client_host: String,
    /// `bytes`, versions 0 to 6.
    pub member_metadata: Bytes,
    /// `bytes`, versions 0 to 6.
    pub member_assignment: Bytes,
}

impl DescribedGroupMember {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let member_id = reader.string(flexible)?;
        let group_instance_id = if version >= 4 { reader.nullable_string(flexible)? } else { None };
        let client_id = reader.string(flexible)?;
        let client_host = reader.string(flexible)?;
        let member_metadata = reader.bytes(flexible)?;
        let member_assignment = reader.bytes(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribedGroupMember {
            member_id,
            group_instance_id,
            client_id,
            client_host,
            member_metadata,
            member_assignment,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        out.put_string(&self.member_id, flexible)?;
        if version >= 4 {
            out.put_nullable_string(self.group_instance_id.as_deref(), flexible)?;
        }
        out.put_string(&self.client_id, flexible)?;
        out.put_string(&self.client_host, flexible)?;
        out.put_bytes(&self.member_metadata, flexible)?;
        out.put_bytes(&self.member_assignment, flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for DescribeGroupsResponse {
    const NAME: &'static str = "DescribeGroupsResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 6;
    const FLEXIBLE_FROM: i16 = 5;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for DescribeGroupsResponse {
    const KEY: i16 = 15;
}
