// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of DeleteAcls, API key 31.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 1 to 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteAclsResponse {
    /// `int32`, versions 1 to 3.
    pub throttle_time_ms: i32,
    /// `[]DeleteAclsFilterResult`, versions 1 to 3.
    pub filter_results: Vec<DeleteAclsFilterResult>,
}

impl DeleteAclsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let throttle_time_ms = reader.i32()?;
        let filter_results =
            reader.array(flexible, 5, |reader| DeleteAclsFilterResult::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DeleteAclsResponse { throttle_time_ms, filter_results })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i32(self.throttle_time_ms);
        out.put_len(self.filter_results.len(), flexible)?;
        for item in &self.filter_results {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.filter_results {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 1 to 3.
#[derive(Clone, PartialEq, Debug)]
pub struct DeleteAclsFilterResult {
    /// `int16`, versions 1 to 3.
    pub error_code: i16,
    /// `string`, versions 1 to 3; null in versions 1 to 3.
    pub error_message: Option<String>,
    /// `[]DeleteAclsMatchingAcl`, versions 1 to 3.
    pub matching_acls: Vec<DeleteAclsMatchingAcl>,
}

impl Default for DeleteAclsFilterResult {
    fn default() -> DeleteAclsFilterResult {
        DeleteAclsFilterResult {
            error_code: 0,
            error_message: Some(String::new()),
            matching_acls: Vec::new(),
        }
    }
}

impl DeleteAclsFilterResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let error_code = reader.i16()?;
        let error_message = reader.nullable_string(flexible)?;
        let matching_acls =
            reader.array(flexible, 11, |reader| DeleteAclsMatchingAcl::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DeleteAclsFilterResult { error_code, error_message, matching_acls })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i16(self.error_code);
        out.put_nullable_string(self.error_message.as_deref(), flexible)?;
        out.put_len(self.matching_acls.len(), flexible)?;
        for item in &self.matching_acls {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
        for item in &self.matching_acls {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 1 to 3.
#[derive(Clone, PartialEq, Debug)]
pub struct DeleteAclsMatchingAcl {
    /// `int16`, versions 1 to 3.
    pub error_code: i16,
    /// `string`, versions 1 to 3; null in versions 1 to 3.
    pub error_message: Option<String>,
    /// `int8`, versions 1 to 3.
    pub resource_type: i8,
    /// `string`, versions 1 to 3.
    pub resource_name: String,
    /// `int8`, versions 1 to 3; default 3.
    pub pattern_type: i8,
    /// `string`, versions 1 to 3.
    pub principal: String,
    /// `string`, versions 1 to 3.
    pub host: String,
    /// `int8`, versions 1 to 3.
    pub operation: i8,
    /// `int8`, versions 1 to 3.
    pub permission_type: i8,
}

impl Default for DeleteAclsMatchingAcl {
    fn default() -> DeleteAclsMatchingAcl {
        DeleteAclsMatchingAcl {
            error_code: 0,
            error_message: Some(String::new()),
            resource_type: 0,
            resource_name: String::new(),
            pattern_type: 3,
            principal: String::new(),
            host: String::new(),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl DeleteAclsMatchingAcl {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let error_code = reader.i16()?;
        let error_message = reader.nullable_string(flexible)?;
        let resource_type = reader.i8()?;
        let resource_name = reader.string(flexible)?;
        let pattern_type = reader.i8()?;
        let principal = reader.string(flexible)?;
        let host = reader.string(flexible)?;
        let operation = reader.i8()?;
        let permission_type = reader.i8()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DeleteAclsMatchingAcl {
            error_code,
            error_message,
            resource_type,
            resource_name,
            pattern_type,
            principal,
            host,
            operation,
            permission_type,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i16(self.error_code);
        out.put_nullable_string(self.error_message.as_deref(), flexible)?;
        out.put_i8(self.resource_type);
        out.put_string(&self.resource_name, flexible)?;
        out.put_i8(self.pattern_type);
        out.put_string(&self.principal, flexible)?;
        out.put_string(&self.host, flexible)?;
        out.put_i8(self.operation);
        out.put_i8(self.permission_type);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for DeleteAclsResponse {
    const NAME: &'static str = "DeleteAclsResponse";
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

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for DeleteAclsResponse {
    const KEY: i16 = 31;
}
