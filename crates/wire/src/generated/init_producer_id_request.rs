// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of InitProducerId, API key 22.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 6.
#[derive(Clone, PartialEq, Debug)]
pub struct InitProducerIdRequest {
    /// `string`, versions 0 to 6; null in versions 0 to 6.
    pub transactional_id: Option<String>,
    /// `int32`, versions 0 to 6.
    pub transaction_timeout_ms: i32,
    /// `int64`, versions 3 to 6; default -1.
    pub producer_id: i64,
    /// `int16`, versions 3 to 6; default -1.
    pub producer_epoch: i16,
    /// `bool`, version 6.
    pub enable2_pc: bool,
    /// `bool`, version 6.
    pub keep_prepared_txn: bool,
}

impl Default for InitProducerIdRequest {
    fn default() -> InitProducerIdRequest {
        InitProducerIdRequest {
            transactional_id: Some(String::new()),
            transaction_timeout_ms: 0,
            producer_id: -1,
            producer_epoch: -1,
            enable2_pc: false,
            keep_prepared_txn: false,
        }
    }
}

impl InitProducerIdRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let transactional_id = reader.nullable_string(flexible)?;
        let transaction_timeout_ms = reader.i32()?;
        let producer_id = if version >= 3 { reader.i64()? } else { -1 };
        let producer_epoch = if version >= 3 { reader.i16()? } else { -1 };
        let enable2_pc = if version >= 6 { reader.bool()? } else { false };
        let keep_prepared_txn = if version >= 6 { reader.bool()? } else { false };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(InitProducerIdRequest {
            transactional_id,
            transaction_timeout_ms,
            producer_id,
            producer_epoch,
            enable2_pc,
            keep_prepared_txn,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_nullable_string(self.transactional_id.as_deref(), flexible)?;
        out.put_i32(self.transaction_timeout_ms);
        if version >= 3 {
            out.put_i64(self.producer_id);
        } else if self.producer_id != -1 {
            return Err(EncodeError::UnsupportedField {
                field: "InitProducerIdRequest.producer_id",
                version,
            });
        }
        if version >= 3 {
            out.put_i16(self.producer_epoch);
        } else if self.producer_epoch != -1 {
            return Err(EncodeError::UnsupportedField {
                field: "InitProducerIdRequest.producer_epoch",
                version,
            });
        }
        if version >= 6 {
            out.put_bool(self.enable2_pc);
        } else if self.enable2_pc {
            return Err(EncodeError::UnsupportedField { field: "InitProducerIdRequest.enable2_pc", version });
        }
        if version >= 6 {
            out.put_bool(self.keep_prepared_txn);
        } else if self.keep_prepared_txn {
            return Err(EncodeError::UnsupportedField {
                field: "InitProducerIdRequest.keep_prepared_txn",
                version,
            });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for InitProducerIdRequest {
    const NAME: &'static str = "InitProducerIdRequest";
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
}

impl ApiMessage for InitProducerIdRequest {
    const KEY: i16 = 22;
}

impl Request for InitProducerIdRequest {
    type Response = super::init_producer_id_response::InitProducerIdResponse;
}
