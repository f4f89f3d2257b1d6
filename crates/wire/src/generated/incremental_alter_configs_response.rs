// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of IncrementalAlterConfigs, API key 44.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct IncrementalAlterConfigsResponse {
    /// `int32`, versions 0 to 1.
    pub throttle_time_ms: i32,
    /// `[]AlterConfigsResourceResponse`, versions 0 to 1.
    pub responses: Vec<AlterConfigsResourceResponse>,
}

impl IncrementalAlterConfigsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let throttle_time_ms = reader.i32()?;
        let responses =
            reader.array(flexible, 6, |reader| AlterConfigsResourceResponse::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(IncrementalAlterConfigsResponse { throttle_time_ms, responses })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        out.put_i32(self.throttle_time_ms);
        out.put_len(self.responses.len(), flexible)?;
        for item in &self.responses {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.responses {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterConfigsResourceResponse {
    /// `int16`, versions 0 to 1.
    pub error_code: i16,
    /// `string`, versions 0 to 1; null in versions 0 to 1.
    pub error_message: Option<String>,
    /// `int8`, versions 0 to 1.
    pub resource_type: i8,
    /// `string`, versions 0 to 1.
    pub resource_name: String,
}

impl Default for AlterConfigsResourceResponse {
    fn default() -> AlterConfigsResourceResponse {
        AlterConfigsResourceResponse {
            error_code: 0,
            error_message: Some(String::new()),
            resource_type: 0,
            resource_name: String::new(),
        }
    }
}

impl AlterConfigsResourceResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let error_code = reader.i16()?;
        let error_message = reader.nullable_string(flexible)?;
        let resource_type = reader.i8()?;
        let resource_name = reader.string(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AlterConfigsResourceResponse { error_code, error_message, resource_type, resource_name })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        out.put_i16(self.error_code);
        out.put_nullable_string(self.error_message.as_deref(), flexible)?;
        out.put_i8(self.resource_type);
        out.put_string(&self.resource_name, flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for IncrementalAlterConfigsResponse {
    const NAME: &'static str = "IncrementalAlterConfigsResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 1;
    const FLEXIBLE_FROM: i16 = 1;

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

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for IncrementalAlterConfigsResponse {
    const KEY: i16 = 44;
}
