// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of DescribeTopicPartitions, API key 75.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeTopicPartitionsResponse {
    /// `int32`, version 0.
    pub throttle_time_ms: i32,
    /// `[]DescribeTopicPartitionsResponseTopic`, version 0.
    pub topics: Vec<DescribeTopicPartitionsResponseTopic>,
    /// `Cursor`, version 0; null in version 0; default null.
    pub next_cursor: Option<Cursor>,
}

impl DescribeTopicPartitionsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let throttle_time_ms = reader.i32()?;
        let topics =
            reader.array(true, 26, |reader| DescribeTopicPartitionsResponseTopic::read(reader, version))?;
        let next_cursor = reader.nullable_struct(|reader| Cursor::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(DescribeTopicPartitionsResponse { throttle_time_ms, topics, next_cursor })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.throttle_time_ms);
        out.put_len(self.topics.len(), true)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        match &self.next_cursor {
            Some(value) => {
                out.put_i8(1);
                value.write(out, version)?;
            }
            None => out.put_i8(-1),
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
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeTopicPartitionsResponseTopic {
    /// `int16`, version 0.
    pub error_code: i16,
    /// `string`, version 0; null in version 0.
    pub name: Option<String>,
    /// `uuid`, version 0.
    pub topic_id: Uuid,
    /// `bool`, version 0.
    pub is_internal: bool,
    /// `[]DescribeTopicPartitionsResponsePartition`, version 0.
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    /// `int32`, version 0; default -2147483648.
    pub topic_authorized_operations: i32,
}

impl Default for DescribeTopicPartitionsResponseTopic {
    fn default() -> DescribeTopicPartitionsResponseTopic {
        DescribeTopicPartitionsResponseTopic {
            error_code: 0,
            name: Some(String::new()),
            topic_id: Uuid::ZERO,
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: -2147483648,
        }
    }
}

impl DescribeTopicPartitionsResponseTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let error_code = reader.i16()?;
        let name = reader.nullable_string(true)?;
        let topic_id = reader.uuid()?;
        let is_internal = reader.bool()?;
        let partitions = reader
            .array(true, 20, |reader| DescribeTopicPartitionsResponsePartition::read(reader, version))?;
        let topic_authorized_operations = reader.i32()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(DescribeTopicPartitionsResponseTopic {
            error_code,
            name,
            topic_id,
            is_internal,
            partitions,
            topic_authorized_operations,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i16(self.error_code);
        out.put_nullable_string(self.name.as_deref(), true)?;
        out.put_uuid(self.topic_id);
        out.put_bool(self.is_internal);
        out.put_len(self.partitions.len(), true)?;
        for item in &self.partitions {
            item.write(out, version)?;
        }
        out.put_i32(self.topic_authorized_operations);
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
        for item in &self.partitions {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeTopicPartitionsResponsePartition {
    /// `int16`, version 0.
    pub error_code: i16,
    /// `int32`, version 0.
    pub partition_index: i32,
    /// `int32`, version 0.
    pub leader_id: i32,
    /// `int32`, version 0; default -1.
    pub leader_epoch: i32,
    /// `[]int32`, version 0.
    pub replica_nodes: Vec<i32>,
    /// `[]int32`, version 0.
    pub isr_nodes: Vec<i32>,
    /// `[]int32`, version 0; null in version 0; default null.
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// `[]int32`, version 0; null in version 0; default null.
    pub last_known_elr: Option<Vec<i32>>,
    /// `[]int32`, version 0.
    pub offline_replicas: Vec<i32>,
}

impl Default for DescribeTopicPartitionsResponsePartition {
    fn default() -> DescribeTopicPartitionsResponsePartition {
        DescribeTopicPartitionsResponsePartition {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            eligible_leader_replicas: None,
            last_known_elr: None,
            offline_replicas: Vec::new(),
        }
    }
}

impl DescribeTopicPartitionsResponsePartition {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let error_code = reader.i16()?;
        let partition_index = reader.i32()?;
        let leader_id = reader.i32()?;
        let leader_epoch = reader.i32()?;
        let replica_nodes = reader.array(true, 4, |reader| reader.i32())?;
        let isr_nodes = reader.array(true, 4, |reader| reader.i32())?;
        let eligible_leader_replicas = reader.nullable_array(true, 4, |reader| reader.i32())?;
        let last_known_elr = reader.nullable_array(true, 4, |reader| reader.i32())?;
        let offline_replicas = reader.array(true, 4, |reader| reader.i32())?;
        reader.tags(|_, _| Ok(false))?;
        Ok(DescribeTopicPartitionsResponsePartition {
            error_code,
            partition_index,
            leader_id,
            leader_epoch,
            replica_nodes,
            isr_nodes,
            eligible_leader_replicas,
            last_known_elr,
            offline_replicas,
        })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i16(self.error_code);
        out.put_i32(self.partition_index);
        out.put_i32(self.leader_id);
        out.put_i32(self.leader_epoch);
        out.put_len(self.replica_nodes.len(), true)?;
        for item in &self.replica_nodes {
            out.put_i32(*item);
        }
        out.put_len(self.isr_nodes.len(), true)?;
        for item in &self.isr_nodes {
            out.put_i32(*item);
        }
        match &self.eligible_leader_replicas {
            Some(items) => {
                out.put_len(items.len(), true)?;
                for item in items {
                    out.put_i32(*item);
                }
            }
            None => out.put_null(true),
        }
        match &self.last_known_elr {
            Some(items) => {
                out.put_len(items.len(), true)?;
                for item in items {
                    out.put_i32(*item);
                }
            }
            None => out.put_null(true),
        }
        out.put_len(self.offline_replicas.len(), true)?;
        for item in &self.offline_replicas {
            out.put_i32(*item);
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
pub struct Cursor {
    /// `string`, version 0.
    pub topic_name: String,
    /// `int32`, version 0.
    pub partition_index: i32,
}

impl Cursor {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let topic_name = reader.string(true)?;
        let partition_index = reader.i32()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(Cursor { topic_name, partition_index })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.topic_name, true)?;
        out.put_i32(self.partition_index);
        out.put_varint(0);
        Ok(())
    }
}

impl Message for DescribeTopicPartitionsResponse {
    const NAME: &'static str = "DescribeTopicPartitionsResponse";
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

impl ApiMessage for DescribeTopicPartitionsResponse {
    const KEY: i16 = 75;
}
