// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of FindCoordinator, API key 10.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 6.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FindCoordinatorRequest {
    /// `string`, versions 0 to 3.
    pub key: String,
    /// `int8`, versions 1 to 6.
    pub key_type: i8,
    /// `[]string`, versions 4 to 6.
    pub coordinator_keys: Vec<String>,
}

impl FindCoordinatorRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let key = if version <= 3 { reader.string(flexible)? } else { String::new() };
        let key_type = if version >= 1 { reader.i8()? } else { 0 };
        let coordinator_keys = if version >= 4 {
            reader.array(flexible, 1, |reader| reader.string(flexible))?
        } else {
            Vec::new()
        };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(FindCoordinatorRequest { key, key_type, coordinator_keys })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        if version <= 3 {
            out.put_string(&self.key, flexible)?;
        } else if !self.key.is_empty() {
            return Err(EncodeError::UnsupportedField { field: "FindCoordinatorRequest.key", version });
        }
        if version >= 1 {
            out.put_i8(self.key_type);
        } else if self.key_type != 0 {
            return Err(EncodeError::UnsupportedField { field: "FindCoordinatorRequest.key_type", version });
        }
        if version >= 4 {
            out.put_len(self.coordinator_keys.len(), flexible)?;
            for item in &self.coordinator_keys {
                out.put_string(item, flexible)?;
            }
        } else if !self.coordinator_keys.is_empty() {
            return Err(EncodeError::UnsupportedField {
                field: "FindCoordinatorRequest.coordinator_keys",
                version,
            });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for FindCoordinatorRequest {
    const NAME: &'static str = "FindCoordinatorRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 6;
    const FLEXIBLE_FROM: i16 = 3;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for FindCoordinatorRequest {
    const KEY: i16 = 10;
}

impl Request for FindCoordinatorRequest {
    type Response = super::find_coordinator_response::FindCoordinatorResponse;
}
