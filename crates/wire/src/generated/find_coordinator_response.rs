// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of FindCoordinator, API key 10.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 6.
#[derive(Clone, PartialEq, Debug)]
pub struct FindCoordinatorResponse {
    /// `int32`, versions 1 to 6; dropped where a version lacks it.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 to 3.
    pub error_code: i16,
    /// `string`, versions 1 to 3; null in versions 1 to 3; dropped where a version lacks it.
    pub error_message: Option<String>,
    /// `int32`, versions 0 to 3.
    pub node_id: i32,
    /// `string`, versions 0 to 3.
    pub host: String,
    /// `int32`, versions 0 to 3.
    pub port: i32,
    /// `[]Coordinator`, versions 4 to 6.
    pub coordinators: Vec<Coordinator>,
}

impl Default for FindCoordinatorResponse {
    fn default() -> FindCoordinatorResponse {
        FindCoordinatorResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(String::new()),
            node_id: 0,
            host: String::new(),
            port: 0,
            coordinators: Vec::new(),
        }
    }
}

impl FindCoordinatorResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let throttle_time_ms = if version >= 1 { reader.i32()? } else { 0 };
        let error_code = if version <= 3 { reader.i16()? } else { 0 };
        let error_message =
            if (1..=3).contains(&version) { reader.nullable_string(flexible)? } else { Some(String::new()) };
        let node_id = if version <= 3 { reader.i32()? } else { 0 };
        let host = if version <= 3 { reader.string(flexible)? } else { String::new() };
        let port = if version <= 3 { reader.i32()? } else { 0 };
        let coordinators = if version >= 4 {
            reader.array(flexible, 14, |reader| Coordinator::read(reader, version))?
        } else {
            Vec::new()
        };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(FindCoordinatorResponse {
            throttle_time_ms,
            error_code,
            error_message,
            node_id,
            host,
            port,
            coordinators,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        if version >= 1 {
            out.put_i32(self.throttle_time_ms);
        }
        if version <= 3 {
            out.put_i16(self.error_code);
        } else if self.error_code != 0 {
            return Err(EncodeError::UnsupportedField {
                field: "FindCoordinatorResponse.error_code",
                version,
            });
        }
        if (1..=3).contains(&version) {
            out.put_nullable_string(self.error_message.as_deref(), flexible)?;
        }
        if version <= 3 {
            out.put_i32(self.node_id);
        } else if self.node_id != 0 {
            return Err(EncodeError::UnsupportedField { field: "FindCoordinatorResponse.node_id", version });
        }
        if version <= 3 {
            out.put_string(&self.host, flexible)?;
        } else if !self.host.is_empty() {
            return Err(EncodeError::UnsupportedField { field: "FindCoordinatorResponse.host", version });
        }
        if version <= 3 {
            out.put_i32(self.port);
        } else if self.port != 0 {
            return Err(EncodeError::UnsupportedField { field: "FindCoordinatorResponse.port", version });
        }
        if version >= 4 {
            out.put_len(self.coordinators.len(), flexible)?;
            for item in &self.coordinators {
                item.write(out, version)?;
            }
        } else if !self.coordinators.is_empty() {
            return Err(EncodeError::UnsupportedField {
                field: "FindCoordinatorResponse.coordinators",
                version,
            });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
        for item in &self.coordinators {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 4 to 6.
#[derive(Clone, PartialEq, Debug)]
pub struct Coordinator {
    /// `string`, versions 4 to 6.
    pub key: String,
    /// `int32`, versions 4 to 6.
    pub node_id: i32,
    /// `string`, versions 4 to 6.
    pub host: String,
    /// `int32`, versions 4 to 6.
    pub port: i32,
    /// `int16`, versions 4 to 6.
    pub error_code: i16,
    /// `string`, versions 4 to 6; null in versions 4 to 6.
    pub error_message: Option<String>,
}

impl Default for Coordinator {
    fn default() -> Coordinator {
        Coordinator {
            key: String::new(),
            node_id: 0,
            host: String::new(),
            port: 0,
            error_code: 0,
            error_message: Some(String::new()),
        }
    }
}

impl Coordinator {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let key = reader.string(true)?;
        let node_id = reader.i32()?;
        let host = reader.string(true)?;
        let port = reader.i32()?;
        let error_code = reader.i16()?;
        let error_message = reader.nullable_string(true)?;
        reader.tags(|_, _| Ok(false))?;
        Ok(Coordinator { key, node_id, host, port, error_code, error_message })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.key, true)?;
        out.put_i32(self.node_id);
        out.put_string(&self.host, true)?;
        out.put_i32(self.port);
        out.put_i16(self.error_code);
        out.put_nullable_string(self.error_message.as_deref(), true)?;
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for FindCoordinatorResponse {
    const NAME: &'static str = "FindCoordinatorResponse";
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

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for FindCoordinatorResponse {
    const KEY: i16 = 10;
}
