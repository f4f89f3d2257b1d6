// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of ListGroups, API key 16.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListGroupsResponse {
    /// `int32`, versions 1 to 5; dropped where a version lacks it.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 to 5.
    pub error_code: i16,
    /// `[]ListedGroup`, versions 0 to 5.
    pub groups: Vec<ListedGroup>,
}

impl ListGroupsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let throttle_time_ms = if version >= 1 { reader.i32()? } else { 0 };
        let error_code = reader.i16()?;
        let groups = reader.array(flexible, 3, |reader| ListedGroup::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(ListGroupsResponse { throttle_time_ms, error_code, groups })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        if version >= 1 {
            out.put_i32(self.throttle_time_ms);
        }
        out.put_i16(self.error_code);
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
        visit(self.error_code);
    }
}

/// Part of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListedGroup {
    /// `string`, versions 0 to 5.
    pub group_id: String,
    /// `string`, versions 0 to 5.
    pub protocol_type: String,
    /// `string`, versions 4 to 5; dropped where a version lacks it.
    pub group_state: String,
    /// `string`, version 5; dropped where a version lacks it.
    pub group_type: String,
}

impl ListedGroup {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let group_id = reader.string(flexible)?;
        let protocol_type = reader.string(flexible)?;
        let group_state = if version >= 4 { reader.string(flexible)? } else { String::new() };
        let group_type = if version >= 5 { reader.string(flexible)? } else { String::new() };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(ListedGroup { group_id, protocol_type, group_state, group_type })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        out.put_string(&self.group_id, flexible)?;
        out.put_string(&self.protocol_type, flexible)?;
        if version >= 4 {
            out.put_string(&self.group_state, flexible)?;
        }
        if version >= 5 {
            out.put_string(&self.group_type, flexible)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for ListGroupsResponse {
    const NAME: &'static str = "ListGroupsResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 5;
    const FLEXIBLE_FROM: i16 = 3;

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

impl ApiMessage for ListGroupsResponse {
    const KEY: i16 = 16;
}
