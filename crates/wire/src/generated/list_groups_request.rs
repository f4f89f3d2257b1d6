// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of ListGroups, API key 16.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListGroupsRequest {
    /// `[]string`, versions 4 to 5.
    pub states_filter: Vec<String>,
    /// `[]string`, version 5.
    pub types_filter: Vec<String>,
}

impl ListGroupsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let states_filter = if version >= 4 {
            reader.array(flexible, 1, |reader| reader.string(flexible))?
        } else {
            Vec::new()
        };
        let types_filter = if version >= 5 {
            reader.array(flexible, 1, |reader| reader.string(flexible))?
        } else {
            Vec::new()
        };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(ListGroupsRequest { states_filter, types_filter })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        if version >= 4 {
            out.put_len(self.states_filter.len(), flexible)?;
            for item in &self.states_filter {
                out.put_string(item, flexible)?;
            }
        } else if !self.states_filter.is_empty() {
            return Err(EncodeError::UnsupportedField { field: "ListGroupsRequest.states_filter", version });
        }
        if version >= 5 {
            out.put_len(self.types_filter.len(), flexible)?;
            for item in &self.types_filter {
                out.put_string(item, flexible)?;
            }
        } else if !self.types_filter.is_empty() {
            return Err(EncodeError::UnsupportedField { field: "ListGroupsRequest.types_filter", version });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for ListGroupsRequest {
    const NAME: &'static str = "ListGroupsRequest";
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
}

impl ApiMessage for ListGroupsRequest {
    const KEY: i16 = 16;
}

impl Request for ListGroupsRequest {
    type Response = super::list_groups_response::ListGroupsResponse;
}
