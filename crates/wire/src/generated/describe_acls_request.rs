// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of DescribeAcls, API key 29.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 1 to 3.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeAclsRequest {
    /// `int8`, versions 1 to 3.
    pub resource_type_filter: i8,
    /// `string`, versions 1 to 3; null in versions 1 to 3.
    pub resource_name_filter: Option<String>,
    /// `int8`, versions 1 to 3; default 3.
    pub pattern_type_filter: i8,
    /// `string`, versions 1 to 3; null in versions 1 to 3.
    pub principal_filter: Option<String>,
    /// `string`, versions 1 to 3; null in versions 1 to 3.
    pub host_filter: Option<String>,
    /// `int8`, versions 1 to 3.
    pub operation: i8,
    /// `int8`, versions 1 to 3.
    pub permission_type: i8,
}

impl Default for DescribeAclsRequest {
    fn default() -> DescribeAclsRequest {
        DescribeAclsRequest {
            resource_type_filter: 0,
            resource_name_filter: Some(String::new()),
            pattern_type_filter: 3,
            principal_filter: Some(String::new()),
            host_filter: Some(String::new()),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl DescribeAclsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let resource_type_filter = reader.i8()?;
        let resource_name_filter = reader.nullable_string(flexible)?;
        let pattern_type_filter = reader.i8()?;
        let principal_filter = reader.nullable_string(flexible)?;
        let host_filter = reader.nullable_string(flexible)?;
        let operation = reader.i8()?;
        let permission_type = reader.i8()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeAclsRequest {
            resource_type_filter,
            resource_name_filter,
            pattern_type_filter,
            principal_filter,
            host_filter,
            operation,
            permission_type,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i8(self.resource_type_filter);
        out.put_nullable_string(self.resource_name_filter.as_deref(), flexible)?;
        out.put_i8(self.pattern_type_filter);
        out.put_nullable_string(self.principal_filter.as_deref(), flexible)?;
        out.put_nullable_string(self.host_filter.as_deref(), flexible)?;
        out.put_i8(self.operation);
        out.put_i8(self.permission_type);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for DescribeAclsRequest {
    const NAME: &'static str = "DescribeAclsRequest";
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

impl ApiMessage for DescribeAclsRequest {
    const KEY: i16 = 29;
}

impl Request for DescribeAclsRequest {
    type Response = super::describe_acls_response::DescribeAclsResponse;
}
