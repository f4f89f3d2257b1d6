// Written by `cargo xtask codegen` from schema/; do not edit.

//! `ConsumerGroupMemberMetadataValue`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::{Rope, Tags};
use crate::stored::Stored;
use bytes::Bytes;

/// Body of the message; version 0.
#[derive(Clone, PartialEq, Debug)]
pub struct ConsumerGroupMemberMetadataValue {
    /// `string`, version 0; null in version 0.
    pub instance_id: Option<String>,
    /// `string`, version 0; null in version 0.
    pub rack_id: Option<String>,
    /// `string`, version 0.
    pub client_id: String,
    /// `string`, version 0.
    pub client_host: String,
    /// `[]string`, version 0.
    pub subscribed_topic_names: Vec<String>,
    /// `string`, version 0; null in version 0.
    pub subscribed_topic_regex: Option<String>,
    /// `int32`, version 0; default -1.
    pub rebalance_timeout_ms: i32,
    /// `string`, version 0; null in version 0.
    pub server_assignor: Option<String>,
    /// `ClassicMemberMetadata`, version 0; null in version 0; tag 0.
    pub classic_member_metadata: Option<ClassicMemberMetadata>,
}

impl Default for ConsumerGroupMemberMetadataValue {
    fn default() -> ConsumerGroupMemberMetadataValue {
        ConsumerGroupMemberMetadataValue {
            instance_id: Some(String::new()),
            rack_id: Some(String::new()),
            client_id: String::new(),
            client_host: String::new(),
            subscribed_topic_names: Vec::new(),
            subscribed_topic_regex: Some(String::new()),
            rebalance_timeout_ms: -1,
            server_assignor: Some(String::new()),
            classic_member_metadata: Some(ClassicMemberMetadata::default()),
        }
    }
}

impl ConsumerGroupMemberMetadataValue {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let instance_id = reader.nullable_string(true)?;
        let rack_id = reader.nullable_string(true)?;
        let client_id = reader.string(true)?;
        let client_host = reader.string(true)?;
        let subscribed_topic_names = reader.array(true, 1, |reader| reader.string(true))?;
        let subscribed_topic_regex = reader.nullable_string(true)?;
        let rebalance_timeout_ms = reader.i32()?;
        let server_assignor = reader.nullable_string(true)?;
        let mut classic_member_metadata = Some(ClassicMemberMetadata::default());
        reader.tags(|tag, reader| {
            match tag {
                0 => {
                    classic_member_metadata = reader
                        .nullable_tagged_struct(|reader| ClassicMemberMetadata::read(reader, version))?;
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(ConsumerGroupMemberMetadataValue {
            instance_id,
            rack_id,
            client_id,
            client_host,
            subscribed_topic_names,
            subscribed_topic_regex,
            rebalance_timeout_ms,
            server_assignor,
            classic_member_metadata,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_nullable_string(self.instance_id.as_deref(), true)?;
        out.put_nullable_string(self.rack_id.as_deref(), true)?;
        out.put_string(&self.client_id, true)?;
        out.put_string(&self.client_host, true)?;
        out.put_len(self.subscribed_topic_names.len(), true)?;
        for item in &self.subscribed_topic_names {
            out.put_string(item, true)?;
        }
        out.put_nullable_string(self.subscribed_topic_regex.as_deref(), true)?;
        out.put_i32(self.rebalance_timeout_ms);
        out.put_nullable_string(self.server_assignor.as_deref(), true)?;
        let mut tags = Tags::default();
        if self.classic_member_metadata != Some(ClassicMemberMetadata::default()) {
            tags.add(0, |out| {
                match &self.classic_member_metadata {
                    Some(value) => {
                        out.put_varint(1);
                        value.write(out, version)?;
                    }
                    None => out.put_varint(0),
                }
                Ok(())
            })?;
        }
        out.put_tags(tags)?;
        Ok(())
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ClassicMemberMetadata {
    /// `int32`, version 0.
    pub session_timeout_ms: i32,
    /// `[]ClassicProtocol`, version 0.
    pub supported_protocols: Vec<ClassicProtocol>,
}

impl ClassicMemberMetadata {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let session_timeout_ms = reader.i32()?;
        let supported_protocols = reader.array(true, 3, |reader| ClassicProtocol::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ClassicMemberMetadata { session_timeout_ms, supported_protocols })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.session_timeout_ms);
        out.put_len(self.supported_protocols.len(), true)?;
        for item in &self.supported_protocols {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; version 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ClassicProtocol {
    /// `string`, version 0.
    pub name: String,
    /// `bytes`, version 0.
    pub metadata: Bytes,
}

impl ClassicProtocol {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let name = reader.string(true)?;
        let metadata = reader.bytes(true)?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ClassicProtocol { name, metadata })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.name, true)?;
        out.put_bytes(&self.metadata, true)?;
        out.put_varint(0);
        Ok(())
    }
}

impl Message for ConsumerGroupMemberMetadataValue {
    const NAME: &'static str = "ConsumerGroupMemberMetadataValue";
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

impl Stored for ConsumerGroupMemberMetadataValue {}
