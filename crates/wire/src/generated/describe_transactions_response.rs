// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of DescribeTransactions, API key 65.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeTransactionsResponse {
    /// `int32`, version 0.
    pub throttle_time_ms: i32,
    /// `[]TransactionState`, version 0.
    pub transaction_states: Vec<TransactionState>,
}

impl DescribeTransactionsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let throttle_time_ms = reader.i32()?;
        let transaction_states = reader.array(true, 28, |reader| TransactionState::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(DescribeTransactionsResponse { throttle_time_ms, transaction_states })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.throttle_time_ms);
        out.put_len(self.transaction_states.len(), true)?;
        for item in &self.transaction_states {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.transaction_states {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TransactionState {
    /// `int16`, version 0.
    pub error_code: i16,
    /// `string`, version 0.
    pub transactional_id: String,
    /// `string`, version 0.
    pub transaction_state: String,
    /// `int32`, version 0.
    pub transaction_timeout_ms: i32,
    /// `int64`, version 0.
    pub transaction_start_time_ms: i64,
    /// `int64`, version 0.
    pub producer_id: i64,
    /// `int16`, version 0.
    pub producer_epoch: i16,
    /// `[]TopicData`, version 0.
    pub topics: Vec<TopicData>,
}

impl TransactionState {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let error_code = reader.i16()?;
        let transactional_id = reader.string(true)?;
        let transaction_state = reader.string(true)?;
        let transaction_timeout_ms = reader.i32()?;
        let transaction_start_time_ms = reader.i64()?;
        let producer_id = reader.i64()?;
        let producer_epoch = reader.i16()?;
        let topics = reader.array(true, 3, |reader| TopicData::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(TransactionState {
            error_code,
            transactional_id,
            transaction_state,
            transaction_timeout_ms,
            transaction_start_time_ms,
            producer_id,
            producer_epoch,
            topics,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i16(self.error_code);
        out.put_string(&self.transactional_id, true)?;
        out.put_string(&self.transaction_state, true)?;
        out.put_i32(self.transaction_timeout_ms);
        out.put_i64(self.transaction_start_time_ms);
        out.put_i64(self.producer_id);
        out.put_i16(self.producer_epoch);
        out.put_len(self.topics.len(), true)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicData {
    /// `string`, version 0.
    pub topic: String,
    /// `[]int32`, version 0.
    pub partitions: Vec<i32>,
}

impl TopicData {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let topic = reader.string(true)?;
        let partitions = reader.array(true, 4, |reader| reader.i32())?;
        reader.tags(|_, _| Ok(false))?;
        Ok(TopicData { topic, partitions })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.topic, true)?;
        out.put_len(self.partitions.len(), true)?;
        for item in &self.partitions {
            out.put_i32(*item);
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for DescribeTransactionsResponse {
    const NAME: &'static str = "DescribeTransactionsResponse";
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

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for DescribeTransactionsResponse {
    const KEY: i16 = 65;
}
