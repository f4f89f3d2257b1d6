// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of DescribeTransactions, API key 65.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeTransactionsRequest {
    /// `[]string`, version 0.
    pub transactional_ids: Vec<String>,
}

impl DescribeTransactionsRequest {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let transactional_ids = reader.array(true, 1, |reader| reader.string(true))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(DescribeTransactionsRequest { transactional_ids })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_len(self.transactional_ids.len(), true)?;
        for item in &self.transactional_ids {
            out.put_string(item, true)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for DescribeTransactionsRequest {
    const NAME: &'static str = "DescribeTransactionsRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;

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

impl ApiMessage for DescribeTransactionsRequest {
    const KEY: i16 = 65;
}

impl Request for DescribeTransactionsRequest {
    type Response = super::describe_transactions_response::DescribeTransactionsResponse;
}
