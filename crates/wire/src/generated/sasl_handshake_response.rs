// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of SaslHandshake, API key 17.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SaslHandshakeResponse {
    /// `int16`, versions 0 to 1.
    pub error_code: i16,
    /// `[]string`, versions 0 to 1.
    pub mechanisms: Vec<String>,
}

impl SaslHandshakeResponse {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let error_code = reader.i16()?;
        let mechanisms = reader.array(false, 2, |reader| reader.string(false))?;
        Ok(SaslHandshakeResponse { error_code, mechanisms })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i16(self.error_code);
        out.put_len(self.mechanisms.len(), false)?;
        for item in &self.mechanisms {
            out.put_string(item, false)?;
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for SaslHandshakeResponse {
    const NAME: &'static str = "SaslHandshakeResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 1;
    const FLEXIBLE_FROM: i16 = i16::MAX;

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

impl ApiMessage for SaslHandshakeResponse {
    const KEY: i16 = 17;
}
