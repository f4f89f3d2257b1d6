// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of Produce, API key 0.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::records::Records;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; versions 3 to 13.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ProduceRequest {
    /// `string`, versions 3 to 13; null in versions 3 to 13; default null.
    pub transactional_id: Option<String>,
    /// `int16`, versions 3 to 13.
    pub acks: i16,
    /// `int32`, versions 3 to 13.
    pub timeout_ms: i32,
    /// `[]TopicProduceData`, versions 3 to 13.
    pub topic_data: Vec<TopicProduceData>,
}

impl ProduceRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let transactional_id = reader.nullable_string(flexible)?;
        let acks = reader.i16()?;
        let timeout_ms = reader.i32()?;
        let topic_data = reader.array(flexible, 3, |reader| TopicProduceData::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(ProduceRequest { transactional_id, acks, timeout_ms, topic_data })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        out.put_nullable_string(self.transactional_id.as_deref(), flexible)?;
        out.put_i16(self.acks);
        out.put_i32(self.timeout_ms);
        out.put_len(self.topic_data.len(), flexible)?;
        for item in &self.topic_data {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 3 to 13.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicProduceData {
    /// `string`, versions 3 to 12; dropped where a version lacks it.
    pub name: String,
    /// `uuid`, version 13; dropped where a version lacks it.
    pub topic_id: Uuid,
    /// `[]PartitionProduceData`, versions 3 to 13.
    pub partition_data: Vec<PartitionProduceData>,
}

impl TopicProduceData {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let name = if version <= 12 { reader.string(flexible)? } else { String::new() };
        let topic_id = if version >= 13 { reader.uuid()? } else { Uuid::ZERO };
        let partition_data =
            reader.array(flexible, 6, |reader| PartitionProduceData::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(TopicProduceData { name, topic_id, partition_data })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version <= 12 {
            out.put_string(&self.name, flexible)?;
        }
        if version >= 13 {
            out.put_uuid(self.topic_id);
        }
        out.put_len(self.partition_data.len(), flexible)?;
        for item in &self.partition_data {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 3 to 13.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartitionProduceData {
    /// `int32`, versions 3 to 13.
    pub index: i32,
    /// `records`, versions 3 to 13; null in versions 3 to 13; default null.
    pub records: Option<Records>,
}

impl PartitionProduceData {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let index = reader.i32()?;
        let records = reader.nullable_records(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(PartitionProduceData { index, records })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        out.put_i32(self.index);
        out.put_nullable_records(self.records.as_ref(), flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for ProduceRequest {
    const NAME: &'static str = "ProduceRequest";
    const MIN: i16 = 3;
    const MAX: i16 = 13;
    const FLEXIBLE_FROM: i16 = 9;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(3..=13).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(3..=13).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for ProduceRequest {
    const KEY: i16 = 0;
}

impl Request for ProduceRequest {
    type Response = super::produce_response::ProduceResponse;
}
