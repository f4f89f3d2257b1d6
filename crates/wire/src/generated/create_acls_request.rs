// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of CreateAcls, API key 30.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 1 to 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreateAclsRequest {
    /// `[]AclCreation`, versions 1 to 3.
    pub creations: Vec<AclCreation>,
}

impl CreateAclsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let creations = reader.array(flexible, 8, |reader| AclCreation::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(CreateAclsRequest { creations })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_len(self.creations.len(), flexible)?;
        for item in &self.creations {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 1 to 3.
#[derive(Clone, PartialEq, Debug)]
pub struct AclCreation {
    /// `int8`, versions 1 to 3.
    pub resource_type: i8,
    /// `string`, versions 1 to 3.
    pub resource_name: String,
    /// `int8`, versions 1 to 3; default 3.
    pub resource_pattern_type: i8,
    /// `string`, versions 1 to 3.
    pub principal: String,
    /// `string`, versions 1 to 3.
    pub host: String,
    /// `int8`, versions 1 to 3.
    pub operation: i8,
    /// `int8`, versions 1 to 3.
    pub permission_type: i8,
}

impl Default for AclCreation {
    fn default() -> AclCreation {
        AclCreation {
            resource_type: 0,
            resource_name: String::new(),
            resource_pattern_type: 3,
            principal: String::new(),
            host: String::new(),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl AclCreation {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let resource_type = reader.i8()?;
        let resource_name = reader.string(flexible)?;
        let resource_pattern_type = reader.i8()?;
        let principal = reader.string(flexible)?;
        let host = reader.string(flexible)?;
        let operation = reader.i8()?;
        let permission_type = reader.i8()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AclCreation {
            resource_type,
            resource_name,
            resource_pattern_type,
            principal,
            host,
            operation,
            permission_type,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i8(self.resource_type);
        out.put_string(&self.resource_name, flexible)?;
        out.put_i8(self.resource_pattern_type);
        out.put_string(&self.principal, flexible)?;
        out.put_string(&self.host, flexible)?;
        out.put_i8(self.operation);
        out.put_i8(self.permission_type);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for CreateAclsRequest {
    const NAME: &'static str = "CreateAclsRequest";
    const MIN: i16 = 1;
    const MAX: i16 = 3;
    const FLEXIBLE_FROM: i16 = 2;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for CreateAclsRequest {
    const KEY: i16 = 30;
}

impl Request for CreateAclsRequest {
    type Response = super::create_acls_response::CreateAclsResponse;
}
