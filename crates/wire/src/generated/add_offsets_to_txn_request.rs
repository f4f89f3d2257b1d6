// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of AddOffsetsToTxn, API key 25.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddOffsetsToTxnRequest {
    /// `string`, versions 0 to 4.
    pub transactional_id: String,
    /// `int64`, versions 0 to 4.
    pub producer_id: i64,
    /// `int16`, versions 0 to 4.
    pub producer_epoch: i16,
    /// `string`, versions 0 to 4.
    pub group_id: String,
}

impl AddOffsetsToTxnRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let transactional_id = reader.string(flexible)?;
        let producer_id = reader.i64()?;
        let producer_epoch = reader.i16()?;
        let group_id = reader.string(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AddOffsetsToTxnRequest { transactional_id, producer_id, producer_epoch, group_id })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        out.put_string(&self.transactional_id, flexible)?;
        out.put_i64(self.producer_id);
        out.put_i16(self.producer_epoch);
        out.put_string(&self.group_id, flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for AddOffsetsToTxnRequest {
    const NAME: &'static str = "AddOffsetsToTxnRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 4;
    const FLEXIBLE_FROM: i16 = 3;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for AddOffsetsToTxnRequest {
    const KEY: i16 = 25;
}

impl Request for AddOffsetsToTxnRequest {
    type Response = super::add_offsets_to_txn_response::AddOffsetsToTxnResponse;
}
