// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of Fetch, API key 1.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::{Rope, Tags};
use types::Uuid;

/// Body of the message; versions 4 to 18.
#[derive(Clone, PartialEq, Debug)]
pub struct FetchRequest {
    /// `string`, versions 12 to 18; null in versions 12 to 18; tag 0; default null; dropped where a version lacks it.
    pub cluster_id: Option<String>,
    /// `int32`, versions 4 to 14; default -1.
    pub replica_id: i32,
    /// `ReplicaState`, versions 15 to 18; tag 1.
    pub replica_state: ReplicaState,
    /// `int32`, versions 4 to 18.
    pub max_wait_ms: i32,
    /// `int32`, versions 4 to 18.
    pub min_bytes: i32,
    /// `int32`, versions 4 to 18; default 2147483647.
    pub max_bytes: i32,
    /// `int8`, versions 4 to 18.
    pub isolation_level: i8,
    /// `int32`, versions 7 to 18; dropped where a version lacks it.
    pub session_id: i32,
    /// `int32`, versions 7 to 18; default -1; dropped where a version lacks it.
    pub session_epoch: i32,
    /// `[]FetchTopic`, versions 4 to 18.
    pub topics: Vec<FetchTopic>,
    /// `[]ForgottenTopic`, versions 7 to 18.
    pub forgotten_topics_data: Vec<ForgottenTopic>,
    /// `string`, versions 11 to 18; dropped where a version lacks it.
    pub rack_id: String,
}

impl Default for FetchRequest {
    fn default() -> FetchRequest {
        FetchRequest {
            cluster_id: None,
            replica_id: -1,
            replica_state: ReplicaState::default(),
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: 2147483647,
            isolation_level: 0,
            session_id: 0,
            session_epoch: -1,
            topics: Vec::new(),
            forgotten_topics_data: Vec::new(),
            rack_id: String::new(),
        }
    }
}

impl FetchRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let mut cluster_id = None;
        let replica_id = if version <= 14 { reader.i32()? } else { -1 };
        let mut replica_state = ReplicaState::default();
        let max_wait_ms = reader.i32()?;
        let min_bytes = reader.i32()?;
        let max_bytes = reader.i32()?;
        let isolation_level = reader.i8()?;
        let session_id = if version >= 7 { reader.i32()? } else { 0 };
        let session_epoch = if version >= 7 { reader.i32()? } else { -1 };
        let topics = reader.array(flexible, 3, |reader| FetchTopic::read(reader, version))?;
        let forgotten_topics_data = if version >= 7 {
            reader.array(flexible, 3, |reader| ForgottenTopic::read(reader, version))?
        } else {
            Vec::new()
        };
        let rack_id = if version >= 11 { reader.string(flexible)? } else { String::new() };
        if flexible {
            reader.tags(|tag, reader| {
                match tag {
                    0 => {
                        cluster_id = reader.nullable_string(true)?;
                    }
                    1 if version >= 15 => {
                        replica_state = ReplicaState::read(reader, version)?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(FetchRequest {
            cluster_id,
            replica_id,
            replica_state,
            max_wait_ms,
            min_bytes,
            max_bytes,
            isolation_level,
            session_id,
            session_epoch,
            topics,
            forgotten_topics_data,
            rack_id,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version <= 14 {
            out.put_i32(self.replica_id);
        } else if self.replica_id != -1 {
            return Err(EncodeError::UnsupportedField { field: "FetchRequest.replica_id", version });
        }
        out.put_i32(self.max_wait_ms);
        out.put_i32(self.min_bytes);
        out.put_i32(self.max_bytes);
        out.put_i8(self.isolation_level);
        if version >= 7 {
            out.put_i32(self.session_id);
        }
        if version >= 7 {
            out.put_i32(self.session_epoch);
        }
        out.put_len(self.topics.len(), flexible)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        if version >= 7 {
            out.put_len(self.forgotten_topics_data.len(), flexible)?;
            for item in &self.forgotten_topics_data {
                item.write(out, version)?;
            }
        } else if !self.forgotten_topics_data.is_empty() {
            return Err(EncodeError::UnsupportedField {
                field: "FetchRequest.forgotten_topics_data",
                version,
            });
        }
        if version >= 11 {
            out.put_string(&self.rack_id, flexible)?;
        }
        let mut tags = Tags::default();
        if version >= 12 && self.cluster_id.is_some() {
            tags.add(0, |out| {
                out.put_nullable_string(self.cluster_id.as_deref(), true)?;
                Ok(())
            })?;
        }
        if self.replica_state != Default::default() {
            if version >= 15 {
                tags.add(1, |out| {
                    self.replica_state.write(out, version)?;
                    Ok(())
                })?;
            } else {
                return Err(EncodeError::UnsupportedField { field: "FetchRequest.replica_state", version });
            }
        }
        if flexible {
            out.put_tags(tags)?;
        }
        Ok(())
    }
}

/// Part of the message; versions 15 to 18.
#[derive(Clone, PartialEq, Debug)]
pub struct ReplicaState {
    /// `int32`, versions 15 to 18; default -1.
    pub replica_id: i32,
    /// `int64`, versions 15 to 18; default -1.
    pub replica_epoch: i64,
}

impl Default for ReplicaState {
    fn default() -> ReplicaState {
        ReplicaState { replica_id: -1, replica_epoch: -1 }
    }
}

impl ReplicaState {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let replica_id = reader.i32()?;
        let replica_epoch = reader.i64()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ReplicaState { replica_id, replica_epoch })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.replica_id);
        out.put_i64(self.replica_epoch);
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 4 to 18.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FetchTopic {
    /// `string`, versions 4 to 12; dropped where a version lacks it.
    pub topic: String,
    /// `uuid`, versions 13 to 18; dropped where a version lacks it.
    pub topic_id: Uuid,
    /// `[]FetchPartition`, versions 4 to 18.
    pub partitions: Vec<FetchPartition>,
}

impl FetchTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let topic = if version <= 12 { reader.string(flexible)? } else { String::new() };
        let topic_id = if version >= 13 { reader.uuid()? } else { Uuid::ZERO };
        let partitions = reader.array(flexible, 16, |reader| FetchPartition::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(FetchTopic { topic, topic_id, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version <= 12 {
            out.put_string(&self.topic, flexible)?;
        }
        if version >= 13 {
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

/// Part of the message; versions 4 to 18.
#[derive(Clone, PartialEq, Debug)]
pub struct FetchPartition {
    /// `int32`, versions 4 to 18.
    pub partition: i32,
    /// `int32`, versions 9 to 18; default -1; dropped where a version lacks it.
    pub current_leader_epoch: i32,
    /// `int64`, versions 4 to 18.
    pub fetch_offset: i64,
    /// `int32`, versions 12 to 18; default -1.
    pub last_fetched_epoch: i32,
    /// `int64`, versions 5 to 18; default -1; dropped where a version lacks it.
    pub log_start_offset: i64,
    /// `int32`, versions 4 to 18.
    pub partition_max_bytes: i32,
    /// `uuid`, versions 17 to 18; tag 0; dropped where a version lacks it.
    pub replica_directory_id: Uuid,
    /// `int64`, version 18; tag 1; default 9223372036854775807; dropped where a version lacks it.
    pub high_watermark: i64,
}

impl Default for FetchPartition {
    fn default() -> FetchPartition {
        FetchPartition {
            partition: 0,
            current_leader_epoch: -1,
            fetch_offset: 0,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: 0,
            replica_directory_id: Uuid::ZERO,
            high_watermark: 9223372036854775807,
        }
    }
}

impl FetchPartition {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let partition = reader.i32()?;
        let current_leader_epoch = if version >= 9 { reader.i32()? } else { -1 };
        let fetch_offset = reader.i64()?;
        let last_fetched_epoch = if version >= 12 { reader.i32()? } else { -1 };
        let log_start_offset = if version >= 5 { reader.i64()? } else { -1 };
        let partition_max_bytes = reader.i32()?;
        let mut replica_directory_id = Uuid::ZERO;
        let mut high_watermark = 9223372036854775807;
        if flexible {
            reader.tags(|tag, reader| {
                match tag {
                    0 if version >= 17 => {
                        replica_directory_id = reader.uuid()?;
                    }
                    1 if version >= 18 => {
                        high_watermark = reader.i64()?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(FetchPartition {
            partition,
            current_leader_epoch,
            fetch_offset,
            last_fetched_epoch,
            log_start_offset,
            partition_max_bytes,
            replica_directory_id,
            high_watermark,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        out.put_i32(self.partition);
        if version >= 9 {
            out.put_i32(self.current_leader_epoch);
        }
        out.put_i64(self.fetch_offset);
        if version >= 12 {
            out.put_i32(self.last_fetched_epoch);
        } else if self.last_fetched_epoch != -1 {
            return Err(EncodeError::UnsupportedField {
                field: "FetchPartition.last_fetched_epoch",
                version,
            });
        }
        if version >= 5 {
            out.put_i64(self.log_start_offset);
        }
        out.put_i32(self.partition_max_bytes);
        let mut tags = Tags::default();
        if version >= 17 && !self.replica_directory_id.is_zero() {
            tags.add(0, |out| {
                out.put_uuid(self.replica_directory_id);
                Ok(())
            })?;
        }
        if version >= 18 && self.high_watermark != 9223372036854775807 {
            tags.add(1, |out| {
                out.put_i64(self.high_watermark);
                Ok(())
            })?;
        }
        if flexible {
            out.put_tags(tags)?;
        }
        Ok(())
    }
}

/// Part of the message; versions 7 to 18.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ForgottenTopic {
    /// `string`, versions 7 to 12; dropped where a version lacks it.
    pub topic: String,
    /// `uuid`, versions 13 to 18; dropped where a version lacks it.
    pub topic_id: Uuid,
    /// `[]int32`, versions 7 to 18.
    pub partitions: Vec<i32>,
}

impl ForgottenTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let topic = if version <= 12 { reader.string(flexible)? } else { String::new() };
        let topic_id = if version >= 13 { reader.uuid()? } else { Uuid::ZERO };
        let partitions = reader.array(flexible, 4, |reader| reader.i32())?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(ForgottenTopic { topic, topic_id, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version <= 12 {
            out.put_string(&self.topic, flexible)?;
        }
        if version >= 13 {
            out.put_uuid(self.topic_id);
        }
        out.put_len(self.partitions.len(), flexible)?;
        for item in &self.partitions {
            out.put_i32(*item);
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for FetchRequest {
    const NAME: &'static str = "FetchRequest";
    const MIN: i16 = 4;
    const MAX: i16 = 18;
    const FLEXIBLE_FROM: i16 = 12;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(4..=18).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(4..=18).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for FetchRequest {
    const KEY: i16 = 1;
}

impl Request for FetchRequest {
    type Response = super::fetch_response::FetchResponse;
}
