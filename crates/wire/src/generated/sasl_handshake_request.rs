// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of SaslHandshake, API key 17.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SaslHandshakeRequest {
    /// `string`, versions 0 to 1.
    pub mechanism: String,
}

impl SaslHandshakeRequest {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mechanism = reader.string(false)?;
        Ok(SaslHandshakeRequest { mechanism })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.mechanism, false)?;
        Ok(())
    }
}

impl Message for SaslHandshakeRequest {
    const NAME: &'static str = "SaslHandshakeRequest";
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
}

impl ApiMessage for SaslHandshakeRequest {
    const KEY: i16 = 17;
}

impl Request for SaslHandshakeRequest {
    type Response = super::sasl_handshake_response::SaslHandshakeResponse;
}
