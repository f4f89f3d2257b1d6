// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of InitProducerId, API key 22.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 6.
#[derive(Clone, PartialEq, Debug)]
pub struct InitProducerIdResponse {
    /// `int32`, versions 0 to 6.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 to 6.
    pub error_code: i16,
    /// `int64`, versions 0 to 6; default -1.
    pub producer_id: i64,
    /// `int16`, versions 0 to 6.
    pub producer_epoch: i16,
    /// `int64`, version 6; default -1.
    pub ongoing_txn_producer_id: i64,
    /// `int16`, version 6; default -1.
    pub ongoing_txn_producer_epoch: i16,
}

impl Default for InitProducerIdResponse {
    fn default() -> InitProducerIdResponse {
        InitProducerIdResponse {
            throttle_time_ms: 0,
            error_code: 0,
            producer_id: -1,
            producer_epoch: 0,
            ongoing_txn_producer_id: -1,
            ongoing_txn_producer_epoch: -1,
        }
    }
}

impl InitProducerIdResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let throttle_time_ms = reader.i32()?;
        let error_code = reader.i16()?;
        let producer_id = reader.i64()?;
        let producer_epoch = reader.i16()?;
        let ongoing_txn_producer_id = if version >= 6 { reader.i64()? } else { -1 };
        let ongoing_txn_producer_epoch = if version >= 6 { reader.i16()? } else { -1 };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(InitProducerIdResponse {
            throttle_time_ms,
            error_code,
            producer_id,
            producer_epoch,
            ongoing_txn_producer_id,
            ongoing_txn_producer_epoch,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i32(self.throttle_time_ms);
        out.put_i16(self.error_code);
        out.put_i64(self.producer_id);
        out.put_i16(self.producer_epoch);
        if version >= 6 {
            out.put_i64(self.ongoing_txn_producer_id);
        } else if self.ongoing_txn_producer_id != -1 {
            return Err(EncodeError::UnsupportedField {
                field: "InitProducerIdResponse.ongoing_txn_producer_id",
                version,
            });
        }
        if version >= 6 {
            out.put_i16(self.ongoing_txn_producer_epoch);
        } else if self.ongoing_txn_producer_epoch != -1 {
            return Err(EncodeError::UnsupportedField {
                field: "InitProducerIdResponse.ongoing_txn_producer_epoch",
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
    }
}

impl Message for InitProducerIdResponse {
    const NAME: &'static str = "InitProducerIdResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 6;
    const FLEXIBLE_FROM: i16 = 2;

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

impl ApiMessage for InitProducerIdResponse {
    const KEY: i16 = 22;
}
