// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of DescribeProducers, API key 61.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeProducersResponse {
    /// `int32`, version 0.
    pub throttle_time_ms: i32,
    /// `[]TopicResponse`, version 0.
    pub topics: Vec<TopicResponse>,
}

impl DescribeProducersResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let throttle_time_ms = reader.i32()?;
        let topics = reader.array(true, 3, |reader| TopicResponse::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(DescribeProducersResponse { throttle_time_ms, topics })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.throttle_time_ms);
        out.put_len(self.topics.len(), true)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.topics {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicResponse {
    /// `string`, version 0.
    pub name: String,
    /// `[]PartitionResponse`, version 0.
    pub partitions: Vec<PartitionResponse>,
}

impl TopicResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let name = reader.string(true)?;
        let partitions = reader.array(true, 9, |reader| PartitionResponse::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(TopicResponse { name, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.name, true)?;
        out.put_len(self.partitions.len(), true)?;
        for item in &self.partitions {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.partitions {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartitionResponse {
    /// `int32`, version 0.
    pub partition_index: i32,
    /// `int16`, version 0.
    pub error_code: i16,
    /// `string`, version 0; null in version 0; default null.
    pub error_message: Option<String>,
    /// `[]ProducerState`, version 0.
    pub active_producers: Vec<ProducerState>,
}

impl PartitionResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let partition_index = reader.i32()?;
        let error_code = reader.i16()?;
        let error_message = reader.nullable_string(true)?;
        let active_producers = reader.array(true, 37, |reader| ProducerState::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(PartitionResponse { partition_index, error_code, error_message, active_producers })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.partition_index);
        out.put_i16(self.error_code);
        out.put_nullable_string(self.error_message.as_deref(), true)?;
        out.put_len(self.active_producers.len(), true)?;
        for item in &self.active_producers {
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
#[derive(Clone, PartialEq, Debug)]
pub struct ProducerState {
    /// `int64`, version 0.
    pub producer_id: i64,
    /// `int32`, version 0.
    pub producer_epoch: i32,
    /// `int32`, version 0; default -1.
    pub last_sequence: i32,
    /// `int64`, version 0; default -1.
    pub last_timestamp: i64,
    /// `int32`, version 0.
    pub coordinator_epoch: i32,
    /// `int64`, version 0; default -1.
    pub current_txn_start_offset: i64,
}

impl Default for ProducerState {
    fn default() -> ProducerState {
        ProducerState {
            producer_id: 0,
            producer_epoch: 0,
            last_sequence: -1,
            last_timestamp: -1,
            coordinator_epoch: 0,
            current_txn_start_offset: -1,
        }
    }
}

impl ProducerState {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let producer_id = reader.i64()?;
        let producer_epoch = reader.i32()?;
        let last_sequence = reader.i32()?;
        let last_timestamp = reader.i64()?;
        let coordinator_epoch = reader.i32()?;
        let current_txn_start_offset = reader.i64()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ProducerState {
            producer_id,
            producer_epoch,
            last_sequence,
            last_timestamp,
            coordinator_epoch,
            current_txn_start_offset,
        })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i64(self.producer_id);
        out.put_i32(self.producer_epoch);
        out.put_i32(self.last_sequence);
        out.put_i64(self.last_timestamp);
        out.put_i32(self.coordinator_epoch);
        out.put_i64(self.current_txn_start_offset);
        out.put_varint(0);
        Ok(())
    }
}

impl Message for DescribeProducersResponse {
    const NAME: &'static str = "DescribeProducersResponse";
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

impl ApiMessage for DescribeProducersResponse {
    const KEY: i16 = 61;
}
