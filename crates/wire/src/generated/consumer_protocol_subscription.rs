// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerProtocolSubscription`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;
use bytes::Bytes;

/// Body of the message; versions 0 to 3.
#[derive(Clone, PartialEq, Debug)]
pub struct ConsumerProtocolSubscription {
    /// `[]string`, versions 0 to 3.
    pub topics: Vec<String>,
    /// `bytes`, versions 0 to 3; null in versions 0 to 3; default null.
    pub user_data: Option<Bytes>,
    /// `[]TopicPartition`, versions 1 to 3; dropped where a version lacks it.
    pub owned_partitions: Vec<TopicPartition>,
    /// `int32`, versions 2 to 3; default -1; dropped where a version lacks it.
    pub generation_id: i32,
    /// `string`, version 3; null in version 3; default null; dropped where a version lacks it.
    pub rack_id: Option<String>,
}

impl Default for ConsumerProtocolSubscription {
    fn default() -> ConsumerProtocolSubscription {
        ConsumerProtocolSubscription {
            topics: Vec::new(),
            user_data: None,
            owned_partitions: Vec::new(),
            generation_id: -1,
            rack_id: None,
        }
    }
}

impl ConsumerProtocolSubscription {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let topics = reader.array(false, 2, |reader| reader.string(false))?;
        let user_data = reader.nullable_bytes(false)?;
        let owned_partitions = if version >= 1 {
            reader.array(false, 6, |reader| TopicPartition::read(reader, version))?
        } else {
            Vec::new()
        };
        let generation_id = if version >= 2 { reader.i32()? } else { -1 };
        let rack_id = if version >= 3 { reader.nullable_string(false)? } else { None };
        Ok(ConsumerProtocolSubscription { topics, user_data, owned_partitions, generation_id, rack_id })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_len(self.topics.len(), false)?;
        for item in &self.topics {
            out.put_string(item, false)?;
        }
        out.put_nullable_bytes(self.user_data.as_ref(), false)?;
        if version >= 1 {
            out.put_len(self.owned_partitions.len(), false)?;
            for item in &self.owned_partitions {
                item.write(out, version)?;
            }
        }
        if version >= 2 {
            out.put_i32(self.generation_id);
        }
        if version >= 3 {
            out.put_nullable_string(self.rack_id.as_deref(), false)?;
        }
        Ok(())
    }
}

/// Part of the message; versions 1 to 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicPartition {
    /// `string`, versions 1 to 3.
    pub topic: String,
    /// `[]int32`, versions 1 to 3.
    pub partitions: Vec<i32>,
}

impl TopicPartition {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let topic = reader.string(false)?;
        let partitions = reader.array(false, 4, |reader| reader.i32())?;
        Ok(TopicPartition { topic, partitions })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.topic, false)?;
        out.put_len(self.partitions.len(), false)?;
        for item in &self.partitions {
            out.put_i32(*item);
        }
        Ok(())
    }
}

impl Message for ConsumerProtocolSubscription {
    const NAME: &'static str = "ConsumerProtocolSubscription";
    const MIN: i16 = 0;
    const MAX: i16 = 3;
    const FLEXIBLE_FROM: i16 = i16::MAX;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=3).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=3).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for ConsumerProtocolSubscription {}
