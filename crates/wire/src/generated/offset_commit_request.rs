// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of OffsetCommit, API key 8.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; versions 2 to 10.
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetCommitRequest {
    /// `string`, versions 2 to 10.
    pub group_id: String,
    /// `int32`, versions 2 to 10; default -1.
    pub generation_id_or_member_epoch: i32,
    /// `string`, versions 2 to 10.
    pub member_id: String,
    /// `string`, versions 7 to 10; null in versions 7 to 10; default null.
    pub group_instance_id: Option<String>,
    /// `int64`, versions 2 to 4; default -1; dropped where a version lacks it.
    pub retention_time_ms: i64,
    /// `[]OffsetCommitRequestTopic`, versions 2 to 10.
    pub topics: Vec<OffsetCommitRequestTopic>,
}

impl Default for OffsetCommitRequest {
    fn default() -> OffsetCommitRequest {
        OffsetCommitRequest {
            group_id: String::new(),
            generation_id_or_member_epoch: -1,
            member_id: String::new(),
            group_instance_id: None,
            retention_time_ms: -1,
            topics: Vec::new(),
        }
    }
}

impl OffsetCommitRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let group_id = reader.string(flexible)?;
        let generation_id_or_member_epoch = reader.i32()?;
        let member_id = reader.string(flexible)?;
        let group_instance_id = if version >= 7 { reader.nullable_string(flexible)? } else { None };
        let retention_time_ms = if version <= 4 { reader.i64()? } else { -1 };
        let topics = reader.array(flexible, 3, |reader| OffsetCommitRequestTopic::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetCommitRequest {
            group_id,
            generation_id_or_member_epoch,
            member_id,
            group_instance_id,
            retention_time_ms,
            topics,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        out.put_string(&self.group_id, flexible)?;
        out.put_i32(self.generation_id_or_member_epoch);
        out.put_string(&self.member_id, flexible)?;
        if version >= 7 {
            out.put_nullable_string(self.group_instance_id.as_deref(), flexible)?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::UnsupportedField {
                field: "OffsetCommitRequest.group_instance_id",
                version,
            });
        }
        if version <= 4 {
            out.put_i64(self.retention_time_ms);
        }
        out.put_len(self.topics.len(), flexible)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 2 to 10.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetCommitRequestTopic {
    /// `string`, versions 2 to 9; dropped where a version lacks it.
    pub name: String,
    /// `uuid`, version 10; dropped where a version lacks it.
    pub topic_id: Uuid,
    /// `[]OffsetCommitRequestPartition`, versions 2 to 10.
    pub partitions: Vec<OffsetCommitRequestPartition>,
}

impl OffsetCommitRequestTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let name = if version <= 9 { reader.string(flexible)? } else { String::new() };
        let topic_id = if version >= 10 { reader.uuid()? } else { Uuid::ZERO };
        let partitions =
            reader.array(flexible, 14, |reader| OffsetCommitRequestPartition::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetCommitRequestTopic { name, topic_id, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        if version <= 9 {
            out.put_string(&self.name, flexible)?;
        }
        if version >= 10 {
            out.put_uuid(self.topic_id);
        }
        out.put_len(self.partitions.len(), flexible)?;
        for item in &self.partitions {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 2 to 10.
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetCommitRequestPartition {
    /// `int32`, versions 2 to 10.
    pub partition_index: i32,
    /// `int64`, versions 2 to 10.
    pub committed_offset: i64,
    /// `int32`, versions 6 to 10; default -1; dropped where a version lacks it.
    pub committed_leader_epoch: i32,
    /// `string`, versions 2 to 10; null in versions 2 to 10.
    pub committed_metadata: Option<String>,
}

impl Default for OffsetCommitRequestPartition {
    fn default() -> OffsetCommitRequestPartition {
        OffsetCommitRequestPartition {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            committed_metadata: Some(String::new()),
        }
    }
}

impl OffsetCommitRequestPartition {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let partition_index = reader.i32()?;
        let committed_offset = reader.i64()?;
        let committed_leader_epoch = if version >= 6 { reader.i32()? } else { -1 };
        let committed_metadata = reader.nullable_string(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetCommitRequestPartition {
            partition_index,
            committed_offset,
            committed_leader_epoch,
            committed_metadata,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        out.put_i32(self.partition_index);
        out.put_i64(self.committed_offset);
        if version >= 6 {
            out.put_i32(self.committed_leader_epoch);
        }
        out.put_nullable_string(self.committed_metadata.as_deref(), flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for OffsetCommitRequest {
    const NAME: &'static str = "OffsetCommitRequest";
    const MIN: i16 = 2;
    const MAX: i16 = 10;
    const FLEXIBLE_FROM: i16 = 8;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(2..=10).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(2..=10).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for OffsetCommitRequest {
    const KEY: i16 = 8;
}

impl Request for OffsetCommitRequest {
    type Response = super::offset_commit_response::OffsetCommitResponse;
}
