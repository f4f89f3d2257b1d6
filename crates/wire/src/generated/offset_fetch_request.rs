// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of OffsetFetch, API key 9.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; versions 1 to 10.
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetFetchRequest {
    /// `string`, versions 1 to 7.
    pub group_id: String,
    /// `[]OffsetFetchRequestTopic`, versions 1 to 7; null in versions 2 to 7.
    pub topics: Option<Vec<OffsetFetchRequestTopic>>,
    /// `[]OffsetFetchRequestGroup`, versions 8 to 10.
    pub groups: Vec<OffsetFetchRequestGroup>,
    /// `bool`, versions 7 to 10.
    pub require_stable: bool,
}

impl Default for OffsetFetchRequest {
    fn default() -> OffsetFetchRequest {
        OffsetFetchRequest {
            group_id: String::new(),
            topics: Some(Vec::new()),
            groups: Vec::new(),
            require_stable: false,
        }
    }
}

impl OffsetFetchRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let group_id = if version <= 7 { reader.string(flexible)? } else { String::new() };
        let topics = if version <= 7 {
            if version >= 2 {
                reader.nullable_array(flexible, 3, |reader| OffsetFetchRequestTopic::read(reader, version))?
            } else {
                Some(reader.array(flexible, 3, |reader| OffsetFetchRequestTopic::read(reader, version))?)
            }
        } else {
            Some(Vec::new())
        };
        let groups = if version >= 8 {
            reader.array(flexible, 3, |reader| OffsetFetchRequestGroup::read(reader, version))?
        } else {
            Vec::new()
        };
        let require_stable = if version >= 7 { reader.bool()? } else { false };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetFetchRequest { group_id, topics, groups, require_stable })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        if version <= 7 {
            out.put_string(&self.group_id, flexible)?;
        } else if !self.group_id.is_empty() {
            return Err(EncodeError::UnsupportedField { field: "OffsetFetchRequest.group_id", version });
        }
        if version <= 7 {
            if version < 2 && self.topics.is_none() {
                return Err(EncodeError::UnexpectedNull { field: "OffsetFetchRequest.topics", version });
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
        } else if self.topics != Some(Vec::new()) {
            return Err(EncodeError::UnsupportedField { field: "OffsetFetchRequest.topics", version });
        }
        if version >= 8 {
            out.put_len(self.groups.len(), flexible)?;
            for item in &self.groups {
                item.write(out, version)?;
            }
        } else if !self.groups.is_empty() {
            return Err(EncodeError::UnsupportedField { field: "OffsetFetchRequest.groups", version });
        }
        if version >= 7 {
            out.put_bool(self.require_stable);
        } else if self.require_stable {
            return Err(EncodeError::UnsupportedField {
                field: "OffsetFetchRequest.require_stable",
                version,
            });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 1 to 7.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetFetchRequestTopic {
    /// `string`, versions 1 to 7.
    pub name: String,
    /// `[]int32`, versions 1 to 7.
    pub partition_indexes: Vec<i32>,
}

impl OffsetFetchRequestTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let name = reader.string(flexible)?;
        let partition_indexes = reader.array(flexible, 4, |reader| reader.i32())?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(OffsetFetchRequestTopic { name, partition_indexes })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        out.put_string(&self.name, flexible)?;
        out.put_len(self.partition_indexes.len(), flexible)?;
        for item in &self.partition_indexes {
            out.put_i32(*item);
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 8 to 10.
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetFetchRequestGroup {
    /// `string`, versions 8 to 10.
    pub group_id: String,
    /// `string`, versions 9 to 10; null in versions 9 to 10; default null; dropped where a version lacks it.
    pub member_id: Option<String>,
    /// `int32`, versions 9 to 10; default -1; dropped where a version lacks it.
    pub member_epoch: i32,
    /// `[]OffsetFetchRequestTopics`, versions 8 to 10; null in versions 8 to 10.
    pub topics: Option<Vec<OffsetFetchRequestTopics>>,
}

impl Default for OffsetFetchRequestGroup {
    fn default() -> OffsetFetchRequestGroup {
        OffsetFetchRequestGroup {
            group_id: String::new(),
            member_id: None,
            member_epoch: -1,
            topics: Some(Vec::new()),
        }
    }
}

impl OffsetFetchRequestGroup {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let group_id = reader.string(true)?;
        let member_id = if version >= 9 { reader.nullable_string(true)? } else { None };
        let member_epoch = if version >= 9 { reader.i32()? } else { -1 };
        let topics =
            reader.nullable_array(true, 3, |reader| OffsetFetchRequestTopics::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(OffsetFetchRequestGroup { group_id, member_id, member_epoch, topics })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.group_id, true)?;
        if version >= 9 {
            out.put_nullable_string(self.member_id.as_deref(), true)?;
        }
        if version >= 9 {
            out.put_i32(self.member_epoch);
        }
        match &self.topics {
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

/// Part of the message; versions 8 to 10.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetFetchRequestTopics {
    /// `string`, versions 8 to 9; dropped where a version lacks it.
    pub name: String,
    /// `uuid`, version 10; dropped where a version lacks it.
    pub topic_id: Uuid,
    /// `[]int32`, versions 8 to 10.
    pub partition_indexes: Vec<i32>,
}

impl OffsetFetchRequestTopics {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let name = if version <= 9 { reader.string(true)? } else { String::new() };
        let topic_id = if version >= 10 { reader.uuid()? } else { Uuid::ZERO };
        let partition_indexes = reader.array(true, 4, |reader| reader.i32())?;
        reader.tags(|_, _| Ok(false))?;
        Ok(OffsetFetchRequestTopics { name, topic_id, partition_indexes })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if version <= 9 {
            out.put_string(&self.name, true)?;
        }
        if version >= 10 {
            out.put_uuid(self.topic_id);
        }
        out.put_len(self.partition_indexes.len(), true)?;
        for item in &self.partition_indexes {
            out.put_i32(*item);
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for OffsetFetchRequest {
    const NAME: &'static str = "OffsetFetchRequest";
    const MIN: i16 = 1;
    const MAX: i16 = 10;
    const FLEXIBLE_FROM: i16 = 6;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(1..=10).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(1..=10).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for OffsetFetchRequest {
    const KEY: i16 = 9;
}

impl Request for OffsetFetchRequest {
    type Response = super::offset_fetch_response::OffsetFetchResponse;
}
