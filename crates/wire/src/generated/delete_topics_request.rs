// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of DeleteTopics, API key 20.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; versions 1 to 6.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteTopicsRequest {
    /// `[]DeleteTopicState`, version 6.
    pub topics: Vec<DeleteTopicState>,
    /// `[]string`, versions 1 to 5; dropped where a version lacks it.
    pub topic_names: Vec<String>,
    /// `int32`, versions 1 to 6.
    pub timeout_ms: i32,
}

impl DeleteTopicsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let topics = if version >= 6 {
            reader.array(flexible, 18, |reader| DeleteTopicState::read(reader, version))?
        } else {
            Vec::new()
        };
        let topic_names = if version <= 5 {
            reader.array(flexible, 1, |reader| reader.string(flexible))?
        } else {
            Vec::new()
        };
        let timeout_ms = reader.i32()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DeleteTopicsRequest { topics, topic_names, timeout_ms })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        if version >= 6 {
            out.put_len(self.topics.len(), flexible)?;
            for item in &self.topics {
                item.write(out, version)?;
            }
        } else if !self.topics.is_empty() {
            return Err(EncodeError::UnsupportedField { field: "DeleteTopicsRequest.topics", version });
        }
        if version <= 5 {
            out.put_len(self.topic_names.len(), flexible)?;
            for item in &self.topic_names {
                out.put_string(item, flexible)?;
            }
        }
        out.put_i32(self.timeout_ms);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; version 6.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteTopicState {
    /// `string`, version 6; null in version 6; default null.
    pub name: Option<String>,
    /// `uuid`, version 6.
    pub topic_id: Uuid,
}

impl DeleteTopicState {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let name = reader.nullable_string(true)?;
        let topic_id = reader.uuid()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(DeleteTopicState { name, topic_id })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_nullable_string(self.name.as_deref(), true)?;
        out.put_uuid(self.topic_id);
        out.put_varint(0);
        Ok(())
    }
}

impl Message for DeleteTopicsRequest {
    const NAME: &'static str = "DeleteTopicsRequest";
    const MIN: i16 = 1;
    const MAX: i16 = 6;
    const FLEXIBLE_FROM: i16 = 4;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(1..=6).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(1..=6).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for DeleteTopicsRequest {
    const KEY: i16 = 20;
}

impl Request for DeleteTopicsRequest {
    type Response = super::delete_topics_response::DeleteTopicsResponse;
}
