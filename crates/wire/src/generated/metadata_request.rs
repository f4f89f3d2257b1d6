// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of Metadata, API key 3.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; versions 0 to 13.
#[derive(Clone, PartialEq, Debug)]
pub struct MetadataRequest {
    /// `[]MetadataRequestTopic`, versions 0 to 13; null in versions 1 to 13.
    pub topics: Option<Vec<MetadataRequestTopic>>,
    /// `bool`, versions 4 to 13; default true.
    pub allow_auto_topic_creation: bool,
    /// `bool`, versions 8 to 10.
    pub include_cluster_authorized_operations: bool,
    /// `bool`, versions 8 to 13.
    pub include_topic_authorized_operations: bool,
}

impl Default for MetadataRequest {
    fn default() -> MetadataRequest {
        MetadataRequest {
            topics: Some(Vec::new()),
            allow_auto_topic_creation: true,
            include_cluster_authorized_operations: false,
            include_topic_authorized_operations: false,
        }
    }
}

impl MetadataRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let topics = if version >= 1 {
            reader.nullable_array(flexible, 2, |reader| MetadataRequestTopic::read(reader, version))?
        } else {
            Some(reader.array(flexible, 2, |reader| MetadataRequestTopic::read(reader, version))?)
        };
        let allow_auto_topic_creation = if version >= 4 { reader.bool()? } else { true };
        let include_cluster_authorized_operations =
            if (8..=10).contains(&version) { reader.bool()? } else { false };
        let include_topic_authorized_operations = if version >= 8 { reader.bool()? } else { false };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(MetadataRequest {
            topics,
            allow_auto_topic_creation,
            include_cluster_authorized_operations,
            include_topic_authorized_operations,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version < 1 && self.topics.is_none() {
            return Err(EncodeError::UnexpectedNull { field: "MetadataRequest.topics", version });
        }
        match &self.topics {
            Some(items) => {
                out.put_len(items.len(), flexible)?;
                for item in items {
                    item.write(out, version)?;
                }
            }
            None => out.put_null(flexible),
        }
        if version >= 4 {
            out.put_bool(self.allow_auto_topic_creation);
        } else if !self.allow_auto_topic_creation {
            return Err(EncodeError::UnsupportedField {
                field: "MetadataRequest.allow_auto_topic_creation",
                version,
            });
        }
        if (8..=10).contains(&version) {
            out.put_bool(self.include_cluster_authorized_operations);
        } else if self.include_cluster_authorized_operations {
            return Err(EncodeError::UnsupportedField {
                field: "MetadataRequest.include_cluster_authorized_operations",
                version,
            });
        }
        if version >= 8 {
            out.put_bool(self.include_topic_authorized_operations);
        } else if self.include_topic_authorized_operations {
            return Err(EncodeError::UnsupportedField {
                field: "MetadataRequest.include_topic_authorized_operations",
                version,
            });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 0 to 13.
#[derive(Clone, PartialEq, Debug)]
pub struct MetadataRequestTopic {
    /// `uuid`, versions 10 to 13; dropped where a version lacks it.
    pub topic_id: Uuid,
    /// `string`, versions 0 to 13; null in versions 10 to 13.
    pub name: Option<String>,
}

impl Default for MetadataRequestTopic {
    fn default() -> MetadataRequestTopic {
        MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some(String::new()) }
    }
}

impl MetadataRequestTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let topic_id = if version >= 10 { reader.uuid()? } else { Uuid::ZERO };
        let name =
            if version >= 10 { reader.nullable_string(flexible)? } else { Some(reader.string(flexible)?) };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(MetadataRequestTopic { topic_id, name })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version >= 10 {
            out.put_uuid(self.topic_id);
        }
        if version < 10 && self.name.is_none() {
            return Err(EncodeError::UnexpectedNull { field: "MetadataRequestTopic.name", version });
        }
        out.put_nullable_string(self.name.as_deref(), flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for MetadataRequest {
    const NAME: &'static str = "MetadataRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 13;
    const FLEXIBLE_FROM: i16 = 9;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=13).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=13).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for MetadataRequest {
    const KEY: i16 = 3;
}

impl Request for MetadataRequest {
    type Response = super::metadata_response::MetadataResponse;
}
