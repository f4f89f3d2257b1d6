// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of ListConfigResources, API key 74.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListConfigResourcesRequest {
    /// `[]int8`, version 1.
    pub resource_types: Vec<i8>,
}

impl ListConfigResourcesRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let resource_types =
            if version >= 1 { reader.array(true, 1, |reader| reader.i8())? } else { Vec::new() };
        reader.tags(|_, _| Ok(false))?;
        Ok(ListConfigResourcesRequest { resource_types })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if version >= 1 {
            out.put_len(self.resource_types.len(), true)?;
            for item in &self.resource_types {
                out.put_i8(*item);
            }
        } else if !self.resource_types.is_empty() {
            return Err(EncodeError::UnsupportedField {
                field: "ListConfigResourcesRequest.resource_types",
                version,
            });
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for ListConfigResourcesRequest {
    const NAME: &'static str = "ListConfigResourcesRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for ListConfigResourcesRequest {
    const KEY: i16 = 74;
}

impl Request for ListConfigResourcesRequest {
    type Response = super::list_config_resources_response::ListConfigResourcesResponse;
}
