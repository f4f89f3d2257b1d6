// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of ListTransactions, API key 66.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug)]
pub struct ListTransactionsRequest {
    /// `[]string`, versions 0 to 2.
    pub state_filters: Vec<String>,
    /// `[]int64`, versions 0 to 2.
    pub producer_id_filters: Vec<i64>,
    /// `int64`, versions 1 to 2; default -1.
    pub duration_filter: i64,
    /// `string`, version 2; null in version 2; default null.
    pub transactional_id_pattern: Option<String>,
}

impl Default for ListTransactionsRequest {
    fn default() -> ListTransactionsRequest {
        ListTransactionsRequest {
            state_filters: Vec::new(),
            producer_id_filters: Vec::new(),
            duration_filter: -1,
            transactional_id_pattern: None,
        }
    }
}

impl ListTransactionsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let state_filters = reader.array(true, 1, |reader| reader.string(true))?;
        let producer_id_filters = reader.array(true, 8, |reader| reader.i64())?;
        let duration_filter = if version >= 1 { reader.i64()? } else { -1 };
        let transactional_id_pattern = if version >= 2 { reader.nullable_string(true)? } else { None };
        reader.tags(|_, _| Ok(false))?;
        Ok(ListTransactionsRequest {
            state_filters,
            producer_id_filters,
            duration_filter,
            transactional_id_pattern,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_len(self.state_filters.len(), true)?;
        for item in &self.state_filters {
            out.put_string(item, true)?;
        }
        out.put_len(self.producer_id_filters.len(), true)?;
        for item in &self.producer_id_filters {
            out.put_i64(*item);
        }
        if version >= 1 {
            out.put_i64(self.duration_filter);
        } else if self.duration_filter != -1 {
            return Err(EncodeError::UnsupportedField {
                field: "ListTransactionsRequest.duration_filter",
                version,
            });
        }
        if version >= 2 {
            out.put_nullable_string(self.transactional_id_pattern.as_deref(), true)?;
        } else if self.transactional_id_pattern.is_some() {
            return Err(EncodeError::UnsupportedField {
                field: "ListTransactionsRequest.transactional_id_pattern",
                version,
            });
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for ListTransactionsRequest {
    const NAME: &'static str = "ListTransactionsRequest";
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
}

impl ApiMessage for ListTransactionsRequest {
    const KEY: i16 = 66;
}

impl Request for ListTransactionsRequest {
    type Response = super::list_transactions_response::ListTransactionsResponse;
}
