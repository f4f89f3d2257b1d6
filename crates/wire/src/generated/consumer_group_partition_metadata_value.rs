// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerGroupPartitionMetadataValue`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;
use types::Uuid;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupPartitionMetadataValue {
    /// `[]TopicMetadata`, version 0.
    pub topics: Vec<TopicMetadata>,
}

impl ConsumerGroupPartitionMetadataValue {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let topics = reader.array(true, 23, |reader| TopicMetadata::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ConsumerGroupPartitionMetadataValue { topics })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_len(self.topics.len(), true)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicMetadata {
    /// `uuid`, version 0.
    pub topic_id: Uuid,
    /// `string`, version 0.
    pub topic_name: String,
    /// `int32`, version 0.
    pub num_partitions: i32,
    /// `[]PartitionMetadata`, version 0.
    pub partition_metadata: Vec<PartitionMetadata>,
}

impl TopicMetadata {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let topic_id = reader.uuid()?;
        let topic_name = reader.string(true)?;
        let num_partitions = reader.i32()?;
        let partition_metadata = reader.array(true, 6, |reader| PartitionMetadata::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(TopicMetadata { topic_id, topic_name, num_partitions, partition_metadata })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_uuid(self.topic_id);
        out.put_string(&self.topic_name, true)?;
        out.put_i32(self.num_partitions);
        out.put_len(self.partition_metadata.len(), true)?;
        for item in &self.partition_metadata {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartitionMetadata {
    /// `int32`, version 0.
    pub partition: i32,
    /// `[]string`, version 0.
    pub racks: Vec<String>,
}

impl PartitionMetadata {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let partition = reader.i32()?;
        let racks = reader.array(true, 1, |reader| reader.string(true))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(PartitionMetadata { partition, racks })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.partition);
        out.put_len(self.racks.len(), true)?;
        for item in &self.racks {
            out.put_string(item, true)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for ConsumerGroupPartitionMetadataValue {
    const NAME: &'static str = "ConsumerGroupPartitionMetadataValue";
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
}

impl Stored for ConsumerGroupPartitionMetadataValue {}
