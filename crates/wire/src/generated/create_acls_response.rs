// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of CreateAcls, API key 30.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 1 to 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreateAclsResponse {
    /// `int32`, versions 1 to 3.
    pub throttle_time_ms: i32,
    /// `[]AclCreationResult`, versions 1 to 3.
    pub results: Vec<AclCreationResult>,
}

impl CreateAclsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let throttle_time_ms = reader.i32()?;
        let results = reader.array(flexible, 4, |reader| AclCreationResult::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(CreateAclsResponse { throttle_time_ms, results })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i32(self.throttle_time_ms);
        out.put_len(self.results.len(), flexible)?;
        for item in &self.results {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.results {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 1 to 3.
#[derive(Clone, PartialEq, Debug)]
pub struct AclCreationResult {
    /// `int16`, versions 1 to 3.
    pub error_code: i16,
    /// `string`, versions 1 to 3; null in versions 1 to 3.
    pub error_message: Option<String>,
}

impl Default for AclCreationResult {
    fn default() -> AclCreationResult {
        AclCreationResult { error_code: 0, error_message: Some(String::new()) }
    }
}

impl AclCreationResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let error_code = reader.i16()?;
        let error_message = reader.nullable_string(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AclCreationResult { error_code, error_message })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i16(self.error_code);
        out.put_nullable_string(self.error_message.as_deref(), flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for CreateAclsResponse {
    const NAME: &'static str = "CreateAclsResponse";
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

impl ApiMessage for CreateAclsResponse {
    const KEY: i16 = 30;
}
