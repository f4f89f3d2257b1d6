// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of DeleteGroups, API key 42.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteGroupsRequest {
    /// `[]string`, versions 0 to 2.
    pub groups_names: Vec<String>,
}

impl DeleteGroupsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let groups_names = reader.array(flexible, 1, |reader| reader.string(flexible))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DeleteGroupsRequest { groups_names })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_len(self.groups_names.len(), flexible)?;
        for item in &self.groups_names {
            out.put_string(item, flexible)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for DeleteGroupsRequest {
    const NAME: &'static str = "DeleteGroupsRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for DeleteGroupsRequest {
    const KEY: i16 = 42;
}

impl Request for DeleteGroupsRequest {
    type Response = super::delete_groups_response::DeleteGroupsResponse;
}
