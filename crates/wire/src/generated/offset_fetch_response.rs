// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of OffsetFetch, API key 9.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; versions 1 to 10.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetFetchResponse {
    /// `int32`, versions 3 to 10; dropped where a version lacks it.
    pub throttle_time_ms: i32,
    /// `[]OffsetFetchResponseTopic`, versions 1 to 7.
    pub topics: Vec<OffsetFetchResponseTopic>,
    /// `int16`, versions 2 to 7; dropped where a version lacks it.
    pub error_code: i16,
    /// `[]OffsetFetchResponseGroup`, versions 8 to 10.
    pub groups: Vec<OffsetFetchResponseGroup>,
}

impl OffsetFetchResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let throttle_time_ms = if version >= 3 { reader.i32()? } else { 0 };
        let topics = if version <= 7 {
            reader.array(flexible, 3, |reader| OffsetFetchResponseTopic::read(reader, version))?
        } else {
            Vec::new()
        };
        let error_code = if (2..=7).contains(&version) { reader.i16()? } else { 0 };
        let groups = if version >= 8 {
            reader.array(flexible, 5, |reader| OffsetFetchResponseGroup::read(reader, version))?
        } else {
            Vec::new()
        };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetFetchResponse { throttle_time_ms, topics, error_code, groups })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        if version >= 3 {
            out.put_i32(self.throttle_time_ms);
        }
        if version <= 7 {
            out.put_len(self.topics.len(), flexible)?;
            for item in &self.topics {
                item.write(out, version)?;
            }
        } else if !self.topics.is_empty() {
            return Err(EncodeError::UnsupportedField { field: "OffsetFetchResponse.topics", version });
        }
        if (2..=7).contains(&version) {
            out.put_i16(self.error_code);
        }
        if version >= 8 {
            out.put_len(self.groups.len(), flexible)?;
            for item in &self.groups {
                item.write(out, version)?;
            }
        } else if !self.groups.is_empty() {
            return Err(EncodeError::UnsupportedField { field: "OffsetFetchResponse.groups", version });
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
        for item in &self.groups {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 1 to 7.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetFetchResponseTopic {
    /// `string`, versions 1 to 7.
    pub name: String,
    /// `[]OffsetFetchResponsePartition`, versions 1 to 7.
    pub partitions: Vec<OffsetFetchResponsePartition>,
}

impl OffsetFetchResponseTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let name = reader.string(flexible)?;
        let partitions =
            reader.array(flexible, 16, |reader| OffsetFetchResponsePartition::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetFetchResponseTopic { name, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        out.put_string(&self.name, flexible)?;
        out.put_len(self.partitions.len(), flexible)?;
        for item in &self.partitions {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.partitions {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 1 to 7.
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetFetchResponsePartition {
    /// `int32`, versions 1 to 7.
    pub partition_index: i32,
    /// `int64`, versions 1 to 7.
    pub committed_offset: i64,
    /// `int32`, versions 5 to 7; default -1; dropped where a version lacks it.
    pub committed_leader_epoch: i32,
    /// `string`, versions 1 to 7; null in versions 1 to 7.
    pub metadata: Option<String>,
    /// `int16`, versions 1 to 7.
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartition {
    fn default() -> OffsetFetchResponsePartition {
        OffsetFetchResponsePartition {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(String::new()),
            error_code: 0,
        }
    }
}

impl OffsetFetchResponsePartition {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let partition_index = reader.i32()?;
        let committed_offset = reader.i64()?;
        let committed_leader_epoch = if version >= 5 { reader.i32()? } else { -1 };
        let metadata = reader.nullable_string(flexible)?;
        let error_code = reader.i16()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetFetchResponsePartition {
            partition_index,
            committed_offset,
            committed_leader_epoch,
            metadata,
            error_code,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        out.put_i32(self.partition_index);
        out.put_i64(self.committed_offset);
        if version >= 5 {
            out.put_i32(self.committed_leader_epoch);
        }
        out.put_nullable_string(self.metadata.as_deref(), flexible)?;
        out.put_i16(self.error_code);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

/// Part of the message; versions 8 to 10.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetFetchResponseGroup {
    /// `string`, versions 8 to 10.
    pub group_id: String,
    /// `[]OffsetFetchResponseTopics`, versions 8 to 10.
    pub topics: Vec<OffsetFetchResponseTopics>,
    /// `int16`, versions 8 to 10.
    pub error_code: i16,
}

impl OffsetFetchResponseGroup {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let group_id = reader.string(true)?;
        let topics = reader.array(true, 3, |reader| OffsetFetchResponseTopics::read(reader, version))?;
        let error_code = reader.i16()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(OffsetFetchResponseGroup { group_id, topics, error_code })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.group_id, true)?;
        out.put_len(self.topics.len(), true)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        out.put_i16(self.error_code);
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.topics {
            item.show_errors(visit);
        }
        visit(self.error_code);
    }
}

/// Part of the message; versions 8 to 10.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetFetchResponseTopics {
    /// `string`, versions 8 to 9; dropped where a version lacks it.
    pub name: String,
    /// `uuid`, version 10; dropped where a version lacks it.
    pub topic_id: Uuid,
    /// `[]OffsetFetchResponsePartitions`, versions 8 to 10.
    pub partitions: Vec<OffsetFetchResponsePartitions>,
}

impl OffsetFetchResponseTopics {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let name = if version <= 9 { reader.string(true)? } else { String::new() };
        let topic_id = if version >= 10 { reader.uuid()? } else { Uuid::ZERO };
        let partitions =
            reader.array(true, 20, |reader| OffsetFetchResponsePartitions::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(OffsetFetchResponseTopics { name, topic_id, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if version <= 9 {
            out.put_string(&self.name, true)?;
        }
        if version >= 10 {
            out.put_uuid(self.topic_id);
        }
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

/// Part of the message; versions 8 to 10.
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetFetchResponsePartitions {
    /// `int32`, versions 8 to 10.
    pub partition_index: i32,
    /// `int64`, versions 8 to 10.
    pub committed_offset: i64,
    /// `int32`, versions 8 to 10; default -1.
    pub committed_leader_epoch: i32,
    /// `string`, versions 8 to 10; null in versions 8 to 10.
    pub metadata: Option<String>,
    /// `int16`, versions 8 to 10.
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartitions {
    fn default() -> OffsetFetchResponsePartitions {
        OffsetFetchResponsePartitions {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(String::new()),
            error_code: 0,
        }
    }
}

impl OffsetFetchResponsePartitions {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let partition_index = reader.i32()?;
        let committed_offset = reader.i64()?;
        let committed_leader_epoch = reader.i32()?;
        let metadata = reader.nullable_string(true)?;
        let error_code = reader.i16()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(OffsetFetchResponsePartitions {
            partition_index,
            committed_offset,
            committed_leader_epoch,
            metadata,
            error_code,
        })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.partition_index);
        out.put_i64(self.committed_offset);
        out.put_i32(self.committed_leader_epoch);
        out.put_nullable_string(self.metadata.as_deref(), true)?;
        out.put_i16(self.error_code);
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for OffsetFetchResponse {
    const NAME: &'static str = "OffsetFetchResponse";
    const MIN: i16 = 1;
    const MAX: i16 = 10;
    const FLEXIBLE_FROM: i16 = 6;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(1..=10).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(1..=10).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for OffsetFetchResponse {
    const KEY: i16 = 9;
}
