// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of DescribeGroups, API key 15.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 6.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeGroupsRequest {
    /// `[]string`, versions 0 to 6.
    pub groups: Vec<String>,
    /// `bool`, versions 3 to 6.
    pub include_authorized_operations: bool,
}

impl DescribeGroupsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let groups = reader.array(flexible, 1, |reader| reader.string(flexible))?;
        let include_authorized_operations = if version >= 3 { reader.bool()? } else { false };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeGroupsRequest { groups, include_authorized_operations })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        out.put_len(self.groups.len(), flexible)?;
        for item in &self.groups {
            out.put_string(item, flexible)?;
        }
        if version >= 3 {
            out.put_bool(self.include_authorized_operations);
        } else if self.include_authorized_operations {
            return Err(EncodeError::UnsupportedField {
                field: "DescribeGroupsRequest.include_authorized_operations",
                version,
            });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for DescribeGroupsRequest {
    const NAME: &'static str = "DescribeGroupsRequest";
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
}

impl ApiMessage for DescribeGroupsRequest {
    const KEY: i16 = 15;
}

impl Request for DescribeGroupsRequest {
    type Response = super::describe_groups_response::DescribeGroupsResponse;
}
