// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of ApiVersions, API key 18.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ApiVersionsRequest {
    /// `string`, versions 3 to 4; dropped where a version lacks it.
    pub client_software_name: String,
    /// `string`, versions 3 to 4; dropped where a version lacks it.
    pub client_software_version: String,
}

impl ApiVersionsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let client_software_name = if version >= 3 { reader.string(flexible)? } else { String::new() };
        let client_software_version = if version >= 3 { reader.string(flexible)? } else { String::new() };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(ApiVersionsRequest { client_software_name, client_software_version })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        if version >= 3 {
            out.put_string(&self.client_software_name, flexible)?;
        }
        if version >= 3 {
            out.put_string(&self.client_software_version, flexible)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for ApiVersionsRequest {
    const NAME: &'static str = "ApiVersionsRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 4;
    const FLEXIBLE_FROM: i16 = 3;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for ApiVersionsRequest {
    const KEY: i16 = 18;
}

impl Request for ApiVersionsRequest {
    type Response = super::api_versions_response::ApiVersionsResponse;
}
