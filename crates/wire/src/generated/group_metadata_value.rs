// Written by `cargo xtask codegen` from schema/; do not edit.

//! `GroupMetadataValue`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use crate::stored::Stored;
use bytes::Bytes;

/// Body of the message; versions 0 to 4.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupMetadataValue {
    /// `string`, versions 0 to 4.
    pub protocol_type: String,
    /// `int32`, versions 0 to 4.
    pub generation: i32,
    /// `string`, versions 0 to 4; null in versions 0 to 4.
    pub protocol: Option<String>,
    /// `string`, versions 0 to 4; null in versions 0 to 4.
    pub leader: Option<String>,
    /// `int64`, versions 2 to 4; default -1; dropped where a version lacks it.
    pub current_state_timestamp: i64,
    /// `[]MemberMetadata`, versions 0 to 4.
    pub members: Vec<MemberMetadata>,
}

impl Default for GroupMetadataValue {
    fn default() -> GroupMetadataValue {
        GroupMetadataValue {
            protocol_type: String::new(),
            generation: 0,
            protocol: Some(String::new()),
            leader: Some(String::new()),
            current_state_timestamp: -1,
            members: Vec::new(),
        }
    }
}

impl GroupMetadataValue {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let protocol_type = reader.string(flexible)?;
        let generation = reader.i32()?;
        let protocol = reader.nullable_string(flexible)?;
        let leader = reader.nullable_string(flexible)?;
        let current_state_timestamp = if version >= 2 { reader.i64()? } else { -1 };
        let members = reader.array(flexible, 15, |reader| MemberMetadata::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(GroupMetadataValue {
            protocol_type,
            generation,
            protocol,
            leader,
            current_state_timestamp,
            members,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_string(&self.protocol_type, flexible)?;
        out.put_i32(self.generation);
        out.put_nullable_string(self.protocol.as_deref(), flexible)?;
        out.put_nullable_string(self.leader.as_deref(), flexible)?;
        if version >= 2 {
            out.put_i64(self.current_state_timestamp);
        }
        out.put_len(self.members.len(), flexible)?;
        for item in &self.members {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 0 to 4.
#[derive(Clone, PartialEq, Debug)]
pub struct MemberMetadata {
    /// `string`, versions 0 to 4.
    pub member_id: String,
    /// `string`, versions 3 to 4; null in versions 3 to 4; default null; dropped where a version lacks it.
    pub group_instance_id: Option<String>,
    /// `string`, versions 0 to 4.
    pub client_id: String,
    /// `string`, versions 0 to 4.
    pub client_host: String,
    /// `int32`, versions 1 to 4; default -1; dropped where a version lacks it.
    pub rebalance_timeout: i32,
    /// `int32`, versions 0 to 4.
    pub session_timeout: i32,
    /// `bytes`, versions 0 to 4.
    pub subscription: Bytes,
    /// `bytes`, versions 0 to 4.
    pub assignment: Bytes,
}

impl Default for MemberMetadata {
    fn default() -> MemberMetadata {
        MemberMetadata {
            member_id: String::new(),
            group_instance_id: None,
            client_id: String::new(),
            client_host: String::new(),
            rebalance_timeout: -1,
            session_timeout: 0,
            subscription: Bytes::new(),
            assignment: Bytes::new(),
        }
    }
}

impl MemberMetadata {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let member_id = reader.string(flexible)?;
        let group_instance_id = if version >= 3 { reader.nullable_string(flexible)? } else { None };
        let client_id = reader.string(flexible)?;
        let client_host = reader.string(flexible)?;
        let rebalance_timeout = if version >= 1 { reader.i32()? } else { -1 };
        let session_timeout = reader.i32()?;
        let subscription = reader.bytes(flexible)?;
        let assignment = reader.bytes(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(MemberMetadata {
            member_id,
            group_instance_id,
            client_id,
            client_host,
            rebalance_timeout,
            session_timeout,
            subscription,
            assignment,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_string(&self.member_id, flexible)?;
        if version >= 3 {
            out.put_nullable_string(self.group_instance_id.as_deref(), flexible)?;
        }
        out.put_string(&self.client_id, flexible)?;
        out.put_string(&self.client_host, flexible)?;
        if version >= 1 {
            out.put_i32(self.rebalance_timeout);
        }
        out.put_i32(self.session_timeout);
        out.put_bytes(&self.subscription, flexible)?;
        out.put_bytes(&self.assignment, flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for GroupMetadataValue {
    const NAME: &'static str = "GroupMetadataValue";
    const MIN: i16 = 0;
    const MAX: i16 = 4;
    const FLEXIBLE_FROM: i16 = 4;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for GroupMetadataValue {}
