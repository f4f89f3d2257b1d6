// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of Produce, API key 0.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::{Rope, Tags};
use types::Uuid;

/// Body of the message; versions 3 to 13.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ProduceResponse {
    /// `[]TopicProduceResponse`, versions 3 to 13.
    pub responses: Vec<TopicProduceResponse>,
    /// `int32`, versions 3 to 13.
    pub throttle_time_ms: i32,
    /// `[]NodeEndpoint`, versions 10 to 13; tag 0.
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl ProduceResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let responses = reader.array(flexible, 3, |reader| TopicProduceResponse::read(reader, version))?;
        let throttle_time_ms = reader.i32()?;
        let mut node_endpoints = Vec::new();
        if flexible {
            reader.tags(|tag, reader| {
                match tag {
                    0 if version >= 10 => {
                        node_endpoints =
                            reader.array(true, 11, |reader| NodeEndpoint::read(reader, version))?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(ProduceResponse { responses, throttle_time_ms, node_endpoints })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        out.put_len(self.responses.len(), flexible)?;
        for item in &self.responses {
            item.write(out, version)?;
        }
        out.put_i32(self.throttle_time_ms);
        let mut tags = Tags::default();
        if !self.node_endpoints.is_empty() {
            if version >= 10 {
                tags.add(0, |out| {
                    out.put_len(self.node_endpoints.len(), true)?;
                    for item in &self.node_endpoints {
                        item.write(out, version)?;
                    }
                    Ok(())
                })?;
            } else {
                return Err(EncodeError::UnsupportedField {
                    field: "ProduceResponse.node_endpoints",
                    version,
                });
            }
        }
        if flexible {
            out.put_tags(tags)?;
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.responses {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 3 to 13.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicProduceResponse {
    /// `string`, versions 3 to 12; dropped where a version lacks it.
    pub name: String,
    /// `uuid`, version 13; dropped where a version lacks it.
    pub topic_id: Uuid,
    /// `[]PartitionProduceResponse`, versions 3 to 13.
    pub partition_responses: Vec<PartitionProduceResponse>,
}

impl TopicProduceResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let name = if version <= 12 { reader.string(flexible)? } else { String::new() };
        let topic_id = if version >= 13 { reader.uuid()? } else { Uuid::ZERO };
        let partition_responses =
            reader.array(flexible, 22, |reader| PartitionProduceResponse::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(TopicProduceResponse { name, topic_id, partition_responses })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version <= 12 {
            out.put_string(&self.name, flexible)?;
        }
        if version >= 13 {
            out.put_uuid(self.topic_id);
        }
        out.put_len(self.partition_responses.len(), flexible)?;
        for item in &self.partition_responses {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.partition_responses {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 3 to 13.
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionProduceResponse {
    /// `int32`, versions 3 to 13.
    pub index: i32,
    /// `int16`, versions 3 to 13.
    pub error_code: i16,
    /// `int64`, versions 3 to 13.
    pub base_offset: i64,
    /// `int64`, versions 3 to 13; default -1.
    pub log_append_time_ms: i64,
    /// `int64`, versions 5 to 13; default -1; dropped where a version lacks it.
    pub log_start_offset: i64,
    /// `[]BatchIndexAndErrorMessage`, versions 8 to 13; dropped where a version lacks it.
    pub record_errors: Vec<BatchIndexAndErrorMessage>,
    /// `string`, versions 8 to 13; null in versions 8 to 13; default null; dropped where a version lacks it.
    pub error_message: Option<String>,
    /// `LeaderIdAndEpoch`, versions 10 to 13; tag 0.
    pub current_leader: LeaderIdAndEpoch,
}

impl Default for PartitionProduceResponse {
    fn default() -> PartitionProduceResponse {
        PartitionProduceResponse {
            index: 0,
            error_code: 0,
            base_offset: 0,
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Vec::new(),
            error_message: None,
            current_leader: LeaderIdAndEpoch::default(),
        }
    }
}

impl PartitionProduceResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let index = reader.i32()?;
        let error_code = reader.i16()?;
        let base_offset = reader.i64()?;
        let log_append_time_ms = reader.i64()?;
        let log_start_offset = if version >= 5 { reader.i64()? } else { -1 };
        let record_errors = if version >= 8 {
            reader.array(flexible, 6, |reader| BatchIndexAndErrorMessage::read(reader, version))?
        } else {
            Vec::new()
        };
        let error_message = if version >= 8 { reader.nullable_string(flexible)? } else { None };
        let mut current_leader = LeaderIdAndEpoch::default();
        if flexible {
            reader.tags(|tag, reader| {
                match tag {
                    0 if version >= 10 => {
                        current_leader = LeaderIdAndEpoch::read(reader, version)?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(PartitionProduceResponse {
            index,
            error_code,
            base_offset,
            log_append_time_ms,
            log_start_offset,
            record_errors,
            error_message,
            current_leader,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        out.put_i32(self.index);
        out.put_i16(self.error_code);
        out.put_i64(self.base_offset);
        out.put_i64(self.log_append_time_ms);
        if version >= 5 {
            out.put_i64(self.log_start_offset);
        }
        if version >= 8 {
            out.put_len(self.record_errors.len(), flexible)?;
            for item in &self.record_errors {
                item.write(out, version)?;
            }
        }
        if version >= 8 {
            out.put_nullable_string(self.error_message.as_deref(), flexible)?;
        }
        let mut tags = Tags::default();
        if self.current_leader != Default::default() {
            if version >= 10 {
                tags.add(0, |out| {
                    self.current_leader.write(out, version)?;
                    Ok(())
                })?;
            } else {
                return Err(EncodeError::UnsupportedField {
                    field: "PartitionProduceResponse.current_leader",
                    version,
                });
            }
        }
        if flexible {
            out.put_tags(tags)?;
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

/// Part of the message; versions 8 to 13.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BatchIndexAndErrorMessage {
    /// `int32`, versions 8 to 13.
    pub batch_index: i32,
    /// `string`, versions 8 to 13; null in versions 8 to 13; default null.
    pub batch_index_error_message: Option<String>,
}

impl BatchIndexAndErrorMessage {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let batch_index = reader.i32()?;
        let batch_index_error_message = reader.nullable_string(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(BatchIndexAndErrorMessage { batch_index, batch_index_error_message })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        out.put_i32(self.batch_index);
        out.put_nullable_string(self.batch_index_error_message.as_deref(), flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 10 to 13.
#[derive(Clone, PartialEq, Debug)]
pub struct LeaderIdAndEpoch {
    /// `int32`, versions 10 to 13; default -1.
    pub leader_id: i32,
    /// `int32`, versions 10 to 13; default -1.
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> LeaderIdAndEpoch {
        LeaderIdAndEpoch { leader_id: -1, leader_epoch: -1 }
    }
}

impl LeaderIdAndEpoch {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let leader_id = reader.i32()?;
        let leader_epoch = reader.i32()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(LeaderIdAndEpoch { leader_id, leader_epoch })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.leader_id);
        out.put_i32(self.leader_epoch);
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 10 to 13.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NodeEndpoint {
    /// `int32`, versions 10 to 13.
    pub node_id: i32,
    /// `string`, versions 10 to 13.
    pub host: String,
    /// `int32`, versions 10 to 13.
    pub port: i32,
    /// `string`, versions 10 to 13; null in versions 10 to 13; default null.
    pub rack: Option<String>,
}

impl NodeEndpoint {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let node_id = reader.i32()?;
        let host = reader.string(true)?;
        let port = reader.i32()?;
        let rack = reader.nullable_string(true)?;
        reader.tags(|_, _| Ok(false))?;
        Ok(NodeEndpoint { node_id, host, port, rack })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.node_id);
        out.put_string(&self.host, true)?;
        out.put_i32(self.port);
        out.put_nullable_string(self.rack.as_deref(), true)?;
        out.put_varint(0);
        Ok(())
    }
}

impl Message for ProduceResponse {
    const NAME: &'static str = "ProduceResponse";
    const MIN: i16 = 3;
    const MAX: i16 = 13;
    const FLEXIBLE_FROM: i16 = 9;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(3..=13).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(3..=13).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for ProduceResponse {
    const KEY: i16 = 0;
}
