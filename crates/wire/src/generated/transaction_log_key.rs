// Written by `cargo xtask codegen` from schema/; do not edit.

//! `TransactionLogKey`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TransactionLogKey {
    /// `string`, version 0.
    pub transactional_id: String,
}

impl TransactionLogKey {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let transactional_id = reader.string(false)?;
        Ok(TransactionLogKey { transactional_id })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.transactional_id, false)?;
        Ok(())
    }
}

impl Message for TransactionLogKey {
    const NAME: &'static str = "TransactionLogKey";
    const MIN: i16 = 0;
    const MAX: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for TransactionLogKey {}
