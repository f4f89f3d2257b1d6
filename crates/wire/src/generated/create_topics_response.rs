// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of CreateTopics, API key 19.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::{Rope, Tags};
use types::Uuid;

/// Body of the message; versions 2 to 7.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreateTopicsResponse {
    /// `int32`, versions 2 to 7.
    pub throttle_time_ms: i32,
    /// `[]CreatableTopicResult`, versions 2 to 7.
    pub topics: Vec<CreatableTopicResult>,
}

impl CreateTopicsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let throttle_time_ms = reader.i32()?;
        let topics = reader.array(flexible, 6, |reader| CreatableTopicResult::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(CreateTopicsResponse { throttle_time_ms, topics })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        out.put_i32(self.throttle_time_ms);
        out.put_len(self.topics.len(), flexible)?;
        for item in &self.topics {
            item.write(out, version)?;
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
    }
}

/// Part of the message; versions 2 to 7.
#[derive(Clone, PartialEq, Debug)]
pub struct CreatableTopicResult {
    /// `string`, versions 2 to 7.
    pub name: String,
    /// `uuid`, version 7; dropped where a version lacks it.
    pub topic_id: Uuid,
    /// `int16`, versions 2 to 7.
    pub error_code: i16,
    /// `string`, versions 2 to 7; null in versions 2 to 7.
    pub error_message: Option<String>,
    /// `int16`, versions 5 to 7; tag 0; dropped where a version lacks it.
    pub topic_config_error_code: i16,
    /// `int32`, versions 5 to 7; default -1; dropped where a version lacks it.
    pub num_partitions: i32,
    /// `int16`, versions 5 to 7; default -1; dropped where a version lacks it.
    pub replication_factor: i16,
    /// `[]CreatableTopicConfigs`, versions 5 to 7; null in versions 5 to 7; dropped where a version lacks it.
    pub configs: Option<Vec<CreatableTopicConfigs>>,
}

impl Default for CreatableTopicResult {
    fn default() -> CreatableTopicResult {
        CreatableTopicResult {
            name: String::new(),
            topic_id: Uuid::ZERO,
            error_code: 0,
            error_message: Some(String::new()),
            topic_config_error_code: 0,
            num_partitions: -1,
            replication_factor: -1,
            configs: Some(Vec::new()),
        }
    }
}

impl CreatableTopicResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let name = reader.string(flexible)?;
        let topic_id = if version >= 7 { reader.uuid()? } else { Uuid::ZERO };
        let error_code = reader.i16()?;
        let error_message = reader.nullable_string(flexible)?;
        let mut topic_config_error_code = 0;
        let num_partitions = if version >= 5 { reader.i32()? } else { -1 };
        let replication_factor = if version >= 5 { reader.i16()? } else { -1 };
        let configs = if version >= 5 {
            reader.nullable_array(flexible, 6, |reader| CreatableTopicConfigs::read(reader, version))?
        } else {
            Some(Vec::new())
        };
        if flexible {
            reader.tags(|tag, reader| {
                match tag {
                    0 => {
                        topic_config_error_code = reader.i16()?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(CreatableTopicResult {
            name,
            topic_id,
            error_code,
            error_message,
            topic_config_error_code,
            num_partitions,
            replication_factor,
            configs,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        out.put_string(&self.name, flexible)?;
        if version >= 7 {
            out.put_uuid(self.topic_id);
        }
        out.put_i16(self.error_code);
        out.put_nullable_string(self.error_message.as_deref(), flexible)?;
        if version >= 5 {
            out.put_i32(self.num_partitions);
        }
        if version >= 5 {
            out.put_i16(self.replication_factor);
        }
        if version >= 5 {
            match &self.configs {
                Some(items) => {
                    out.put_len(items.len(), flexible)?;
                    for item in items {
                        item.write(out, version)?;
                    }
                }
                None => out.put_null(flexible),
            }
        }
        let mut tags = Tags::default();
        if version >= 5 && self.topic_config_error_code != 0 {
            tags.add(0, |out| {
                out.put_i16(self.topic_config_error_code);
                Ok(())
            })?;
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

/// Part of the message; versions 5 to 7.
#[derive(Clone, PartialEq, Debug)]
pub struct CreatableTopicConfigs {
    /// `string`, versions 5 to 7.
    pub name: String,
    /// `string`, versions 5 to 7; null in versions 5 to 7.
    pub value: Option<String>,
    /// `bool`, versions 5 to 7.
    pub read_only: bool,
    /// `int8`, versions 5 to 7; default -1.
    pub config_source: i8,
    /// `bool`, versions 5 to 7.
    pub is_sensitive: bool,
}

impl Default for CreatableTopicConfigs {
    fn default() -> CreatableTopicConfigs {
        CreatableTopicConfigs {
            name: String::new(),
            value: Some(String::new()),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
        }
    }
}

impl CreatableTopicConfigs {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let name = reader.string(true)?;
        let value = reader.nullable_string(true)?;
        let read_only = reader.bool()?;
        let config_source = reader.i8()?;
        let is_sensitive = reader.bool()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(CreatableTopicConfigs { name, value, read_only, config_source, is_sensitive })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.name, true)?;
        out.put_nullable_string(self.value.as_deref(), true)?;
        out.put_bool(self.read_only);
        out.put_i8(self.config_source);
        out.put_bool(self.is_sensitive);
        out.put_varint(0);
        Ok(())
    }
}

impl Message for CreateTopicsResponse {
    const NAME: &'static str = "CreateTopicsResponse";
    const MIN: i16 = 2;
    const MAX: i16 = 7;
    const FLEXIBLE_FROM: i16 = 5;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(2..=7).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(2..=7).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for CreateTopicsResponse {
    const KEY: i16 = 19;
}
