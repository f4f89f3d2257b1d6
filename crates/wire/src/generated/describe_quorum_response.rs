// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of DescribeQuorum, API key 55.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeQuorumResponse {
    /// `int16`, versions 0 to 2.
    pub error_code: i16,
    /// `string`, version 2; null in version 2; dropped where a version lacks it.
    pub error_message: Option<String>,
    /// `[]TopicData`, versions 0 to 2.
    pub topics: Vec<TopicData>,
    /// `[]Node`, version 2.
    pub nodes: Vec<Node>,
}

impl Default for DescribeQuorumResponse {
    fn default() -> DescribeQuorumResponse {
        DescribeQuorumResponse {
            error_code: 0,
            error_message: Some(String::new()),
            topics: Vec::new(),
            nodes: Vec::new(),
        }
    }
}

impl DescribeQuorumResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let error_code = reader.i16()?;
        let error_message = if version >= 2 { reader.nullable_string(true)? } else { Some(String::new()) };
        let topics = reader.array(true, 3, |reader| TopicData::read(reader, version))?;
        let nodes = if version >= 2 {
            reader.array(true, 6, |reader| Node::read(reader, version))?
        } else {
            Vec::new()
        };
        reader.tags(|_, _| Ok(false))?;
        Ok(DescribeQuorumResponse { error_code, error_message, topics, nodes })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i16(self.error_code);
        if version >= 2 {
            out.put_nullable_string(self.error_message.as_deref(), true)?;
        }
        out.put_len(self.topics.len(), true)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        if version >= 2 {
            out.put_len(self.nodes.len(), true)?;
            for item in &self.nodes {
                item.write(out, version)?;
            }
        } else if !self.nodes.is_empty() {
            return Err(EncodeError::UnsupportedField { field: "DescribeQuorumResponse.nodes", version });
        }
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
        for item in &self.topics {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicData {
    /// `string`, versions 0 to 2.
    pub topic_name: String,
    /// `[]PartitionData`, versions 0 to 2.
    pub partitions: Vec<PartitionData>,
}

impl TopicData {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let topic_name = reader.string(true)?;
        let partitions = reader.array(true, 25, |reader| PartitionData::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(TopicData { topic_name, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.topic_name, true)?;
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

/// Part of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionData {
    /// `int32`, versions 0 to 2.
    pub partition_index: i32,
    /// `int16`, versions 0 to 2.
    pub error_code: i16,
    /// `string`, version 2; null in version 2; dropped where a version lacks it.
    pub error_message: Option<String>,
    /// `int32`, versions 0 to 2.
    pub leader_id: i32,
    /// `int32`, versions 0 to 2.
    pub leader_epoch: i32,
    /// `int64`, versions 0 to 2.
    pub high_watermark: i64,
    /// `[]ReplicaState`, versions 0 to 2.
    pub current_voters: Vec<ReplicaState>,
    /// `[]ReplicaState`, versions 0 to 2.
    pub observers: Vec<ReplicaState>,
}

impl Default for PartitionData {
    fn default() -> PartitionData {
        PartitionData {
            partition_index: 0,
            error_code: 0,
            error_message: Some(String::new()),
            leader_id: 0,
            leader_epoch: 0,
            high_watermark: 0,
            current_voters: Vec::new(),
            observers: Vec::new(),
        }
    }
}

impl PartitionData {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let partition_index = reader.i32()?;
        let error_code = reader.i16()?;
        let error_message = if version >= 2 { reader.nullable_string(true)? } else { Some(String::new()) };
        let leader_id = reader.i32()?;
        let leader_epoch = reader.i32()?;
        let high_watermark = reader.i64()?;
        let current_voters = reader.array(true, 13, |reader| ReplicaState::read(reader, version))?;
        let observers = reader.array(true, 13, |reader| ReplicaState::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(PartitionData {
            partition_index,
            error_code,
            error_message,
            leader_id,
            leader_epoch,
            high_watermark,
            current_voters,
            observers,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.partition_index);
        out.put_i16(self.error_code);
        if version >= 2 {
            out.put_nullable_string(self.error_message.as_deref(), true)?;
        }
        out.put_i32(self.leader_id);
        out.put_i32(self.leader_epoch);
        out.put_i64(self.high_watermark);
        out.put_len(self.current_voters.len(), true)?;
        for item in &self.current_voters {
            item.write(out, version)?;
        }
        out.put_len(self.observers.len(), true)?;
        for item in &self.observers {
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
#[derive(Clone, PartialEq, Debug)]
pub struct ReplicaState {
    /// `int32`, versions 0 to 2.
    pub replica_id: i32,
    /// `uuid`, version 2.
    pub replica_directory_id: Uuid,
    /// `int64`, versions 0 to 2.
    pub log_end_offset: i64,
    /// `int64`, versions 1 to 2; default -1; dropped where a version lacks it.
    pub last_fetch_timestamp: i64,
    /// `int64`, versions 1 to 2; default -1; dropped where a version lacks it.
    pub last_caught_up_timestamp: i64,
}

impl Default for ReplicaState {
    fn default() -> ReplicaState {
        ReplicaState {
            replica_id: 0,
            replica_directory_id: Uuid::ZERO,
            log_end_offset: 0,
            last_fetch_timestamp: -1,
            last_caught_up_timestamp: -1,
        }
    }
}

impl ReplicaState {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let replica_id = reader.i32()?;
        let replica_directory_id = if version >= 2 { reader.uuid()? } else { Uuid::ZERO };
        let log_end_offset = reader.i64()?;
        let last_fetch_timestamp = if version >= 1 { reader.i64()? } else { -1 };
        let last_caught_up_timestamp = if version >= 1 { reader.i64()? } else { -1 };
        reader.tags(|_, _| Ok(false))?;
        Ok(ReplicaState {
            replica_id,
            replica_directory_id,
            log_end_offset,
            last_fetch_timestamp,
            last_caught_up_timestamp,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.replica_id);
        if version >= 2 {
            out.put_uuid(self.replica_directory_id);
        } else if !self.replica_directory_id.is_zero() {
            return Err(EncodeError::UnsupportedField {
                field: "ReplicaState.replica_directory_id",
                version,
            });
        }
        out.put_i64(self.log_end_offset);
        if version >= 1 {
            out.put_i64(self.last_fetch_timestamp);
        }
        if version >= 1 {
            out.put_i64(self.last_caught_up_timestamp);
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; version 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Node {
    /// `int32`, version 2.
    pub node_id: i32,
    /// `[]Listener`, version 2.
    pub listeners: Vec<Listener>,
}

impl Node {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let node_id = reader.i32()?;
        let listeners = reader.array(true, 5, |reader| Listener::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(Node { node_id, listeners })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.node_id);
        out.put_len(self.listeners.len(), true)?;
        for item in &self.listeners {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; version 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Listener {
    /// `string`, version 2.
    pub name: String,
    /// `string`, version 2.
    pub host: String,
    /// `uint16`, version 2.
    pub port: u16,
}

impl Listener {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let name = reader.string(true)?;
        let host = reader.string(true)?;
        let port = reader.u16()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(Listener { name, host, port })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.name, true)?;
        out.put_string(&self.host, true)?;
        out.put_u16(self.port);
        out.put_varint(0);
        Ok(())
    }
}

impl Message for DescribeQuorumResponse {
    const NAME: &'static str = "DescribeQuorumResponse";
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

impl ApiMessage for DescribeQuorumResponse {
    const KEY: i16 = 55;
}
