// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of SyncGroup, API key 14.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;
use bytes::Bytes;

/// Body of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SyncGroupResponse {
    /// `int32`, versions 1 to 5; dropped where a version lacks it.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 to 5.
    pub error_code: i16,
    /// `string`, version 5; null in version 5; default null; dropped where a version lacks it.
    pub protocol_type: Option<String>,
    /// `string`, version 5; null in version 5; default null; dropped where a version lacks it.
    pub protocol_name: Option<String>,
    /// `bytes`, versions 0 to 5.
    pub assignment: Bytes,
}

impl SyncGroupResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let throttle_time_ms = if version >= 1 { reader.i32()? } else { 0 };
        let error_code = reader.i16()?;
        let protocol_type = if version >= 5 { reader.nullable_string(flexible)? } else { None };
        let protocol_name = if version >= 5 { reader.nullable_string(flexible)? } else { None };
        let assignment = reader.bytes(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(SyncGroupResponse { throttle_time_ms, error_code, protocol_type, protocol_name, assignment })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        if version >= 1 {
            out.put_i32(self.throttle_time_ms);
        }
        out.put_i16(self.error_code);
        if version >= 5 {
            out.put_nullable_string(self.protocol_type.as_deref(), flexible)?;
        }
        if version >= 5 {
            out.put_nullable_string(self.protocol_name.as_deref(), flexible)?;
        }
        out.put_bytes(&self.assignment, flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for SyncGroupResponse {
    const NAME: &'static str = "SyncGroupResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 5;
    const FLEXIBLE_FROM: i16 = 4;

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

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for SyncGroupResponse {
    const KEY: i16 = 14;
}
