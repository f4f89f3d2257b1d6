// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of Fetch, API key 1.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::records::Records;
use crate::rope::{Rope, Tags};
use types::Uuid;

/// Body of the message; versions 4 to 18.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FetchResponse {
    /// `int32`, versions 4 to 18.
    pub throttle_time_ms: i32,
    /// `int16`, versions 7 to 18; dropped where a version lacks it.
    pub error_code: i16,
    /// `int32`, versions 7 to 18.
    pub session_id: i32,
    /// `[]FetchableTopicResponse`, versions 4 to 18.
    pub responses: Vec<FetchableTopicResponse>,
    /// `[]NodeEndpoint`, versions 16 to 18; tag 0.
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl FetchResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let throttle_time_ms = reader.i32()?;
        let error_code = if version >= 7 { reader.i16()? } else { 0 };
        let session_id = if version >= 7 { reader.i32()? } else { 0 };
        let responses = reader.array(flexible, 3, |reader| FetchableTopicResponse::read(reader, version))?;
        let mut node_endpoints = Vec::new();
        if flexible {
            reader.tags(|tag, reader| {
                match tag {
                    0 if version >= 16 => {
                        node_endpoints =
                            reader.array(true, 11, |reader| NodeEndpoint::read(reader, version))?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(FetchResponse { throttle_time_ms, error_code, session_id, responses, node_endpoints })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        out.put_i32(self.throttle_time_ms);
        if version >= 7 {
            out.put_i16(self.error_code);
        }
        if version >= 7 {
            out.put_i32(self.session_id);
        } else if self.session_id != 0 {
            return Err(EncodeError::UnsupportedField { field: "FetchResponse.session_id", version });
        }
        out.put_len(self.responses.len(), flexible)?;
        for item in &self.responses {
            item.write(out, version)?;
        }
        let mut tags = Tags::default();
        if !self.node_endpoints.is_empty() {
            if version >= 16 {
                tags.add(0, |out| {
                    out.put_len(self.node_endpoints.len(), true)?;
                    for item in &self.node_endpoints {
                        item.write(out, version)?;
                    }
                    Ok(())
                })?;
            } else {
                return Err(EncodeError::UnsupportedField { field: "FetchResponse.node_endpoints", version });
            }
        }
        if flexible {
            out.put_tags(tags)?;
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
        for item in &self.responses {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 4 to 18.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FetchableTopicResponse {
    /// `string`, versions 4 to 12; dropped where a version lacks it.
    pub topic: String,
    /// `uuid`, versions 13 to 18; dropped where a version lacks it.
    pub topic_id: Uuid,
    /// `[]PartitionData`, versions 4 to 18.
    pub partitions: Vec<PartitionData>,
}

impl FetchableTopicResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let topic = if version <= 12 { reader.string(flexible)? } else { String::new() };
        let topic_id = if version >= 13 { reader.uuid()? } else { Uuid::ZERO };
        let partitions = reader.array(flexible, 30, |reader| PartitionData::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(FetchableTopicResponse { topic, topic_id, partitions })
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

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.partitions {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 4 to 18.
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionData {
    /// `int32`, versions 4 to 18.
    pub partition_index: i32,
    /// `int16`, versions 4 to 18.
    pub error_code: i16,
    /// `int64`, versions 4 to 18.
    pub high_watermark: i64,
    /// `int64`, versions 4 to 18; default -1.
    pub last_stable_offset: i64,
    /// `int64`, versions 5 to 18; default -1; dropped where a version lacks it.
    pub log_start_offset: i64,
    /// `EpochEndOffset`, versions 12 to 18; tag 0.
    pub diverging_epoch: EpochEndOffset,
    /// `LeaderIdAndEpoch`, versions 12 to 18; tag 1.
    pub current_leader: LeaderIdAndEpoch,
    /// `SnapshotId`, versions 12 to 18; tag 2.
    pub snapshot_id: SnapshotId,
    /// `[]AbortedTransaction`, versions 4 to 18; null in versions 4 to 18.
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// `int32`, versions 11 to 18; default -1.
    pub preferred_read_replica: i32,
    /// `records`, versions 4 to 18; null in versions 4 to 18; default null.
    pub records: Option<Records>,
}

impl Default for PartitionData {
    fn default() -> PartitionData {
        PartitionData {
            partition_index: 0,
            error_code: 0,
            high_watermark: 0,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
            aborted_transactions: Some(Vec::new()),
            preferred_read_replica: -1,
            records: None,
        }
    }
}

impl PartitionData {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let partition_index = reader.i32()?;
        let error_code = reader.i16()?;
        let high_watermark = reader.i64()?;
        let last_stable_offset = reader.i64()?;
        let log_start_offset = if version >= 5 { reader.i64()? } else { -1 };
        let mut diverging_epoch = EpochEndOffset::default();
        let mut current_leader = LeaderIdAndEpoch::default();
        let mut snapshot_id = SnapshotId::default();
        let aborted_transactions =
            reader.nullable_array(flexible, 16, |reader| AbortedTransaction::read(reader, version))?;
        let preferred_read_replica = if version >= 11 { reader.i32()? } else { -1 };
        let records = reader.nullable_records(flexible)?;
        if flexible {
            reader.tags(|tag, reader| {
                match tag {
                    0 => {
                        diverging_epoch = EpochEndOffset::read(reader, version)?;
                    }
                    1 => {
                        current_leader = LeaderIdAndEpoch::read(reader, version)?;
                    }
                    2 => {
                        snapshot_id = SnapshotId::read(reader, version)?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(PartitionData {
            partition_index,
            error_code,
            high_watermark,
            last_stable_offset,
            log_start_offset,
            diverging_epoch,
            current_leader,
            snapshot_id,
            aborted_transactions,
            preferred_read_replica,
            records,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        out.put_i32(self.partition_index);
        out.put_i16(self.error_code);
        out.put_i64(self.high_watermark);
        out.put_i64(self.last_stable_offset);
        if version >= 5 {
            out.put_i64(self.log_start_offset);
        }
        match &self.aborted_transactions {
            Some(items) => {
                out.put_len(items.len(), flexible)?;
                for item in items {
                    item.write(out, version)?;
                }
            }
            None => out.put_null(flexible),
        }
        if version >= 11 {
            out.put_i32(self.preferred_read_replica);
        } else if self.preferred_read_replica != -1 {
            return Err(EncodeError::UnsupportedField {
                field: "PartitionData.preferred_read_replica",
                version,
            });
        }
        out.put_nullable_records(self.records.as_ref(), flexible)?;
        let mut tags = Tags::default();
        if self.diverging_epoch != Default::default() {
            if version >= 12 {
                tags.add(0, |out| {
                    self.diverging_epoch.write(out, version)?;
                    Ok(())
                })?;
            } else {
                return Err(EncodeError::UnsupportedField {
                    field: "PartitionData.diverging_epoch",
                    version,
                });
            }
        }
        if self.current_leader != Default::default() {
            if version >= 12 {
                tags.add(1, |out| {
                    self.current_leader.write(out, version)?;
                    Ok(())
                })?;
            } else {
                return Err(EncodeError::UnsupportedField { field: "PartitionData.current_leader", version });
            }
        }
        if self.snapshot_id != Default::default() {
            if version >= 12 {
                tags.add(2, |out| {
                    self.snapshot_id.write(out, version)?;
                    Ok(())
                })?;
            } else {
                return Err(EncodeError::UnsupportedField { field: "PartitionData.snapshot_id", version });
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

/// Part of the message; versions 12 to 18.
#[derive(Clone, PartialEq, Debug)]
pub struct EpochEndOffset {
    /// `int32`, versions 12 to 18; default -1.
    pub epoch: i32,
    /// `int64`, versions 12 to 18; default -1.
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> EpochEndOffset {
        EpochEndOffset { epoch: -1, end_offset: -1 }
    }
}

impl EpochEndOffset {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let epoch = reader.i32()?;
        let end_offset = reader.i64()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(EpochEndOffset { epoch, end_offset })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.epoch);
        out.put_i64(self.end_offset);
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 12 to 18.
#[derive(Clone, PartialEq, Debug)]
pub struct LeaderIdAndEpoch {
    /// `int32`, versions 12 to 18; default -1.
    pub leader_id: i32,
    /// `int32`, versions 12 to 18; default -1.
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

/// Part of the message; versions 12 to 18.
#[derive(Clone, PartialEq, Debug)]
pub struct SnapshotId {
    /// `int64`, versions 12 to 18; default -1.
    pub end_offset: i64,
    /// `int32`, versions 12 to 18; default -1.
    pub epoch: i32,
}

impl Default for SnapshotId {
    fn default() -> SnapshotId {
        SnapshotId { end_offset: -1, epoch: -1 }
    }
}

impl SnapshotId {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let end_offset = reader.i64()?;
        let epoch = reader.i32()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(SnapshotId { end_offset, epoch })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i64(self.end_offset);
        out.put_i32(self.epoch);
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 4 to 18.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AbortedTransaction {
    /// `int64`, versions 4 to 18.
    pub producer_id: i64,
    /// `int64`, versions 4 to 18.
    pub first_offset: i64,
}

impl AbortedTransaction {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let producer_id = reader.i64()?;
        let first_offset = reader.i64()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AbortedTransaction { producer_id, first_offset })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        out.put_i64(self.producer_id);
        out.put_i64(self.first_offset);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 16 to 18.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NodeEndpoint {
    /// `int32`, versions 16 to 18.
    pub node_id: i32,
    /// `string`, versions 16 to 18.
    pub host: String,
    /// `int32`, versions 16 to 18.
    pub port: i32,
    /// `string`, versions 16 to 18; null in versions 16 to 18; default null.
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

impl Message for FetchResponse {
    const NAME: &'static str = "FetchResponse";
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

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for FetchResponse {
    const KEY: i16 = 1;
}
