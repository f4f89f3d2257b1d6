// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of ListTransactions, API key 66.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListTransactionsResponse {
    /// `int32`, versions 0 to 2.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 to 2.
    pub error_code: i16,
    /// `[]string`, versions 0 to 2.
    pub unknown_state_filters: Vec<String>,
    /// `[]TransactionState`, versions 0 to 2.
    pub transaction_states: Vec<TransactionState>,
}

impl ListTransactionsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let throttle_time_ms = reader.i32()?;
        let error_code = reader.i16()?;
        let unknown_state_filters = reader.array(true, 1, |reader| reader.string(true))?;
        let transaction_states = reader.array(true, 11, |reader| TransactionState::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ListTransactionsResponse {
            throttle_time_ms,
            error_code,
            unknown_state_filters,
            transaction_states,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.throttle_time_ms);
        out.put_i16(self.error_code);
        out.put_len(self.unknown_state_filters.len(), true)?;
        for item in &self.unknown_state_filters {
            out.put_string(item, true)?;
        }
        out.put_len(self.transaction_states.len(), true)?;
        for item in &self.transaction_states {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

/// Part of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TransactionState {
    /// `string`, versions 0 to 2.
    pub transactional_id: String,
    /// `int64`, versions 0 to 2.
    pub producer_id: i64,
    /// `string`, versions 0 to 2.
    pub transaction_state: String,
}

impl TransactionState {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let transactional_id = reader.string(true)?;
        let producer_id = reader.i64()?;
        let transaction_state = reader.string(true)?;
        reader.tags(|_, _| Ok(false))?;
        Ok(TransactionState { transactional_id, producer_id, transaction_state })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.transactional_id, true)?;
        out.put_i64(self.producer_id);
        out.put_string(&self.transaction_state, true)?;
        out.put_varint(0);
        Ok(())
    }
}

impl Message for ListTransactionsResponse {
    const NAME: &'static str = "ListTransactionsResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 2;
    const FLEXIBLE_FROM: i16 = 0;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for ListTransactionsResponse {
    const KEY: i16 = 66;
}
