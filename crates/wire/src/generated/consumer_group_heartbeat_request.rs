// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of ConsumerGroupHeartbeat, API key 68.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug)]
pub struct ConsumerGroupHeartbeatRequest {
    /// `string`, versions 0 to 1.
    pub group_id: String,
    /// `string`, versions 0 to 1.
    pub member_id: String,
    /// `int32`, versions 0 to 1.
    pub member_epoch: i32,
    /// `string`, versions 0 to 1; null in versions 0 to 1; default null.
    pub instance_id: Option<String>,
    /// `string`, versions 0 to 1; null in versions 0 to 1; default null.
    pub rack_id: Option<String>,
    /// `int32`, versions 0 to 1; default -1.
    pub rebalance_timeout_ms: i32,
    /// `[]string`, versions 0 to 1; null in versions 0 to 1; default null.
    pub subscribed_topic_names: Option<Vec<String>>,
    /// `string`, version 1; null in version 1; default null.
    pub subscribed_topic_regex: Option<String>,
    /// `string`, versions 0 to 1; null in versions 0 to 1; default null.
    pub server_assignor: Option<String>,
    /// `[]TopicPartitions`, versions 0 to 1; null in versions 0 to 1; default null.
    pub topic_partitions: Option<Vec<TopicPartitions>>,
}

impl Default for ConsumerGroupHeartbeatRequest {
    fn default() -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest {
            group_id: String::new(),
            member_id: String::new(),
            member_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            subscribed_topic_names: None,
            subscribed_topic_regex: None,
            server_assignor: None,
            topic_partitions: None,
        }
    }
}

impl ConsumerGroupHeartbeatRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let group_id = reader.string(true)?;
        let member_id = reader.string(true)?;
        let member_epoch = reader.i32()?;
        let instance_id = reader.nullable_string(true)?;
        let rack_id = reader.nullable_string(true)?;
        let rebalance_timeout_ms = reader.i32()?;
        let subscribed_topic_names = reader.nullable_array(true, 1, |reader| reader.string(true))?;
        let subscribed_topic_regex = if version >= 1 { reader.nullable_string(true)? } else { None };
        let server_assignor = reader.nullable_string(true)?;
        let topic_partitions =
            reader.nullable_array(true, 18, |reader| TopicPartitions::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ConsumerGroupHeartbeatRequest {
            group_id,
            member_id,
            member_epoch,
            instance_id,
            rack_id,
            rebalance_timeout_ms,
            subscribed_topic_names,
            subscribed_topic_regex,
            server_assignor,
            topic_partitions,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.group_id, true)?;
        out.put_string(&self.member_id, true)?;
        out.put_i32(self.member_epoch);
        out.put_nullable_string(self.instance_id.as_deref(), true)?;
        out.put_nullable_string(self.rack_id.as_deref(), true)?;
        out.put_i32(self.rebalance_timeout_ms);
        match &self.subscribed_topic_names {
            Some(items) => {
                out.put_len(items.len(), true)?;
                for item in items {
                    out.put_string(item, true)?;
                }
            }
            None => out.put_null(true),
        }
        if version >= 1 {
            out.put_nullable_string(self.subscribed_topic_regex.as_deref(), true)?;
        } else if self.subscribed_topic_regex.is_some() {
            return Err(EncodeError::UnsupportedField {
                field: "ConsumerGroupHeartbeatRequest.subscribed_topic_regex",
                version,
            });
        }
        out.put_nullable_string(self.server_assignor.as_deref(), true)?;
        match &self.topic_partitions {
            Some(items) => {
                out.put_len(items.len(), true)?;
                for item in items {
                    item.write(out, version)?;
                }
            }
            None => out.put_null(true),
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicPartitions {
    /// `uuid`, versions 0 to 1.
    pub topic_id: Uuid,
    /// `[]int32`, versions 0 to 1.
    pub partitions: Vec<i32>,
}

impl TopicPartitions {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let topic_id = reader.uuid()?;
        let partitions = reader.array(true, 4, |reader| reader.i32())?;
        reader.tags(|_, _| Ok(false))?;
        Ok(TopicPartitions { topic_id, partitions })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_uuid(self.topic_id);
        out.put_len(self.partitions.len(), true)?;
        for item in &self.partitions {
            out.put_i32(*item);
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for ConsumerGroupHeartbeatRequest {
    const NAME: &'static str = "ConsumerGroupHeartbeatRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for ConsumerGroupHeartbeatRequest {
    const KEY: i16 = 68;
}

impl Request for ConsumerGroupHeartbeatRequest {
    type Response = super::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;
}
