// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of Metadata, API key 3.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; versions 0 to 13.
#[derive(Clone, PartialEq, Debug)]
pub struct MetadataResponse {
    /// `int32`, versions 3 to 13; dropped where a version lacks it.
    pub throttle_time_ms: i32,
    /// `[]MetadataResponseBroker`, versions 0 to 13.
    pub brokers: Vec<MetadataResponseBroker>,
    /// `string`, versions 2 to 13; null in versions 2 to 13; default null; dropped where a version lacks it.
    pub cluster_id: Option<String>,
    /// `int32`, versions 1 to 13; default -1; dropped where a version lacks it.
    pub controller_id: i32,
    /// `[]MetadataResponseTopic`, versions 0 to 13.
    pub topics: Vec<MetadataResponseTopic>,
    /// `int32`, versions 8 to 10; default -2147483648.
    pub cluster_authorized_operations: i32,
    /// `int16`, version 13; dropped where a version lacks it.
    pub error_code: i16,
}

impl Default for MetadataResponse {
    fn default() -> MetadataResponse {
        MetadataResponse {
            throttle_time_ms: 0,
            brokers: Vec::new(),
            cluster_id: None,
            controller_id: -1,
            topics: Vec::new(),
            cluster_authorized_operations: -2147483648,
            error_code: 0,
        }
    }
}

impl MetadataResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let throttle_time_ms = if version >= 3 { reader.i32()? } else { 0 };
        let brokers = reader.array(flexible, 10, |reader| MetadataResponseBroker::read(reader, version))?;
        let cluster_id = if version >= 2 { reader.nullable_string(flexible)? } else { None };
        let controller_id = if version >= 1 { reader.i32()? } else { -1 };
        let topics = reader.array(flexible, 8, |reader| MetadataResponseTopic::read(reader, version))?;
        let cluster_authorized_operations =
            if (8..=10).contains(&version) { reader.i32()? } else { -2147483648 };
        let error_code = if version >= 13 { reader.i16()? } else { 0 };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(MetadataResponse {
            throttle_time_ms,
            brokers,
            cluster_id,
            controller_id,
            topics,
            cluster_authorized_operations,
            error_code,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version >= 3 {
            out.put_i32(self.throttle_time_ms);
        }
        out.put_len(self.brokers.len(), flexible)?;
        for item in &self.brokers {
            item.write(out, version)?;
        }
        if version >= 2 {
            out.put_nullable_string(self.cluster_id.as_deref(), flexible)?;
        }
        if version >= 1 {
            out.put_i32(self.controller_id);
        }
        out.put_len(self.topics.len(), flexible)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        if (8..=10).contains(&version) {
            out.put_i32(self.cluster_authorized_operations);
        } else if self.cluster_authorized_operations != -2147483648 {
            return Err(EncodeError::UnsupportedField {
                field: "MetadataResponse.cluster_authorized_operations",
                version,
            });
        }
        if version >= 13 {
            out.put_i16(self.error_code);
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.topics {
            item.show_errors(visit);
        }
        visit(self.error_code);
    }
}

/// Part of the message; versions 0 to 13.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct MetadataResponseBroker {
    /// `int32`, versions 0 to 13.
    pub node_id: i32,
    /// `string`, versions 0 to 13.
    pub host: String,
    /// `int32`, versions 0 to 13.
    pub port: i32,
    /// `string`, versions 1 to 13; null in versions 1 to 13; default null; dropped where a version lacks it.
    pub rack: Option<String>,
}

impl MetadataResponseBroker {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let node_id = reader.i32()?;
        let host = reader.string(flexible)?;
        let port = reader.i32()?;
        let rack = if version >= 1 { reader.nullable_string(flexible)? } else { None };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(MetadataResponseBroker { node_id, host, port, rack })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        out.put_i32(self.node_id);
        out.put_string(&self.host, flexible)?;
        out.put_i32(self.port);
        if version >= 1 {
            out.put_nullable_string(self.rack.as_deref(), flexible)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 0 to 13.
#[derive(Clone, PartialEq, Debug)]
pub struct MetadataResponseTopic {
    /// `int16`, versions 0 to 13.
    pub error_code: i16,
    /// `string`, versions 0 to 13; null in versions 12 to 13.
    pub name: Option<String>,
    /// `uuid`, versions 10 to 13; dropped where a version lacks it.
    pub topic_id: Uuid,
    /// `bool`, versions 1 to 13; dropped where a version lacks it.
    pub is_internal: bool,
    /// `[]MetadataResponsePartition`, versions 0 to 13.
    pub partitions: Vec<MetadataResponsePartition>,
    /// `int32`, versions 8 to 13; default -2147483648.
    pub topic_authorized_operations: i32,
}

impl Default for MetadataResponseTopic {
    fn default() -> MetadataResponseTopic {
        MetadataResponseTopic {
            error_code: 0,
            name: Some(String::new()),
            topic_id: Uuid::ZERO,
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: -2147483648,
        }
    }
}

impl MetadataResponseTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let error_code = reader.i16()?;
        let name =
            if version >= 12 { reader.nullable_string(flexible)? } else { Some(reader.string(flexible)?) };
        let topic_id = if version >= 10 { reader.uuid()? } else { Uuid::ZERO };
        let is_internal = if version >= 1 { reader.bool()? } else { false };
        let partitions =
            reader.array(flexible, 18, |reader| MetadataResponsePartition::read(reader, version))?;
        let topic_authorized_operations = if version >= 8 { reader.i32()? } else { -2147483648 };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(MetadataResponseTopic {
            error_code,
            name,
            topic_id,
            is_internal,
            partitions,
            topic_authorized_operations,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        out.put_i16(self.error_code);
        if version < 12 && self.name.is_none() {
            return Err(EncodeError::UnexpectedNull { field: "MetadataResponseTopic.name", version });
        }
        out.put_nullable_string(self.name.as_deref(), flexible)?;
        if version >= 10 {
            out.put_uuid(self.topic_id);
        }
        if version >= 1 {
            out.put_bool(self.is_internal);
        }
        out.put_len(self.partitions.len(), flexible)?;
        for item in &self.partitions {
            item.write(out, version)?;
        }
        if version >= 8 {
            out.put_i32(self.topic_authorized_operations);
        } else if self.topic_authorized_operations != -2147483648 {
            return Err(EncodeError::UnsupportedField {
                field: "MetadataResponseTopic.topic_authorized_operations",
                version,
            });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
        for item in &self.partitions {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 0 to 13.
#[derive(Clone, PartialEq, Debug)]
pub struct MetadataResponsePartition {
    /// `int16`, versions 0 to 13.
    pub error_code: i16,
    /// `int32`, versions 0 to 13.
    pub partition_index: i32,
    /// `int32`, versions 0 to 13.
    pub leader_id: i32,
    /// `int32`, versions 7 to 13; default -1; dropped where a version lacks it.
    pub leader_epoch: i32,
    /// `[]int32`, versions 0 to 13.
    pub replica_nodes: Vec<i32>,
    /// `[]int32`, versions 0 to 13.
    pub isr_nodes: Vec<i32>,
    /// `[]int32`, versions 5 to 13; dropped where a version lacks it.
    pub offline_replicas: Vec<i32>,
}

impl Default for MetadataResponsePartition {
    fn default() -> MetadataResponsePartition {
        MetadataResponsePartition {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            offline_replicas: Vec::new(),
        }
    }
}

impl MetadataResponsePartition {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let error_code = reader.i16()?;
        let partition_index = reader.i32()?;
        let leader_id = reader.i32()?;
        let leader_epoch = if version >= 7 { reader.i32()? } else { -1 };
        let replica_nodes = reader.array(flexible, 4, |reader| reader.i32())?;
        let isr_nodes = reader.array(flexible, 4, |reader| reader.i32())?;
        let offline_replicas =
            if version >= 5 { reader.array(flexible, 4, |reader| reader.i32())? } else { Vec::new() };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(MetadataResponsePartition {
            error_code,
            partition_index,
            leader_id,
            leader_epoch,
            replica_nodes,
            isr_nodes,
            offline_replicas,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        out.put_i16(self.error_code);
        out.put_i32(self.partition_index);
        out.put_i32(self.leader_id);
        if version >= 7 {
            out.put_i32(self.leader_epoch);
        }
        out.put_len(self.replica_nodes.len(), flexible)?;
        for item in &self.replica_nodes {
            out.put_i32(*item);
        }
        out.put_len(self.isr_nodes.len(), flexible)?;
        for item in &self.isr_nodes {
            out.put_i32(*item);
        }
        if version >= 5 {
            out.put_len(self.offline_replicas.len(), flexible)?;
            for item in &self.offline_replicas {
                out.put_i32(*item);
            }
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for MetadataResponse {
    const NAME: &'static str = "MetadataResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 13;
    const FLEXIBLE_FROM: i16 = 9;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=13).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=13).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for MetadataResponse {
    const KEY: i16 = 3;
}
