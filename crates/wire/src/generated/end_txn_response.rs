// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of EndTxn, API key 26.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug)]
pub struct EndTxnResponse {
    /// `int32`, versions 0 to 5.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 to 5.
    pub error_code: i16,
    /// `int64`, version 5; default -1; dropped where a version lacks it.
    pub producer_id: i64,
    /// `int16`, version 5; default -1; dropped where a version lacks it.
    pub producer_epoch: i16,
}

impl Default for EndTxnResponse {
    fn default() -> EndTxnResponse {
        EndTxnResponse { throttle_time_ms: 0, error_code: 0, producer_id: -1, producer_epoch: -1 }
    }
}

impl EndTxnResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let throttle_time_ms = reader.i32()?;
        let error_code = reader.i16()?;
        let producer_id = if version >= 5 { reader.i64()? } else { -1 };
        let producer_epoch = if version >= 5 { reader.i16()? } else { -1 };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(EndTxnResponse { throttle_time_ms, error_code, producer_id, producer_epoch })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        out.put_i32(self.throttle_time_ms);
        out.put_i16(self.error_code);
        if version >= 5 {
            out.put_i64(self.producer_id);
        }
        if version >= 5 {
            out.put_i16(self.producer_epoch);
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for EndTxnResponse {
    const NAME: &'static str = "EndTxnResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 5;
    const FLEXIBLE_FROM: i16 = 3;

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

impl ApiMessage for EndTxnResponse {
    const KEY: i16 = 26;
}
