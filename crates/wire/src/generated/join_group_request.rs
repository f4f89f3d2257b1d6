// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of JoinGroup, API key 11.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;
use bytes::Bytes;

/// Body of the message; versions 0 to 9.
#[derive(Clone, PartialEq, Debug)]
pub struct JoinGroupRequest {
    /// `string`, versions 0 to 9.
    pub group_id: String,
    /// `int32`, versions 0 to 9.
    pub session_timeout_ms: i32,
    /// `int32`, versions 1 to 9; default -1; dropped where a version lacks it.
    pub rebalance_timeout_ms: i32,
    /// `string`, versions 0 to 9.
    pub member_id: String,
    /// `string`, versions 5 to 9; null in versions 5 to 9; default null.
    pub group_instance_id: Option<String>,
    /// `string`, versions 0 to 9.
    pub protocol_type: String,
    /// `[]JoinGroupRequestProtocol`, versions 0 to 9.
    pub protocols: Vec<JoinGroupRequestProtocol>,
    /// `string`, versions 8 to 9; null in versions 8 to 9; default null; dropped where a version lacks it.
    pub reason: Option<String>,
}

impl Default for JoinGroupRequest {
    fn default() -> JoinGroupRequest {
        JoinGroupRequest {
            group_id: String::new(),
            session_timeout_ms: 0,
            rebalance_timeout_ms: -1,
            member_id: String::new(),
            group_instance_id: None,
            protocol_type: String::new(),
            protocols: Vec::new(),
            reason: None,
        }
    }
}

impl JoinGroupRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let group_id = reader.string(flexible)?;
        let session_timeout_ms = reader.i32()?;
        let rebalance_timeout_ms = if version >= 1 { reader.i32()? } else { -1 };
        let member_id = reader.string(flexible)?;
        let group_instance_id = if version >= 5 { reader.nullable_string(flexible)? } else { None };
        let protocol_type = reader.string(flexible)?;
        let protocols =
            reader.array(flexible, 3, |reader| JoinGroupRequestProtocol::read(reader, version))?;
        let reason = if version >= 8 { reader.nullable_string(flexible)? } else { None };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(JoinGroupRequest {
            group_id,
            session_timeout_ms,
            rebalance_timeout_ms,
            member_id,
            group_instance_id,
            protocol_type,
            protocols,
            reason,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        out.put_string(&self.group_id, flexible)?;
        out.put_i32(self.session_timeout_ms);
        if version >= 1 {
            out.put_i32(self.rebalance_timeout_ms);
        }
        out.put_string(&self.member_id, flexible)?;
        if version >= 5 {
            out.put_nullable_string(self.group_instance_id.as_deref(), flexible)?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::UnsupportedField {
                field: "JoinGroupRequest.group_instance_id",
                version,
            });
        }
        out.put_string(&self.protocol_type, flexible)?;
        out.put_len(self.protocols.len(), flexible)?;
        for item in &self.protocols {
            item.write(out, version)?;
        }
        if version >= 8 {
            out.put_nullable_string(self.reason.as_deref(), flexible)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 0 to 9.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct JoinGroupRequestProtocol {
    /// `string`, versions 0 to 9.
    pub name: String,
    /// `bytes`, versions 0 to 9.
    pub metadata: Bytes,
}

impl JoinGroupRequestProtocol {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let name = reader.string(flexible)?;
        let metadata = reader.bytes(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(JoinGroupRequestProtocol { name, metadata })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        out.put_string(&self.name, flexible)?;
        out.put_bytes(&self.metadata, flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for JoinGroupRequest {
    const NAME: &'static str = "JoinGroupRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 9;
    const FLEXIBLE_FROM: i16 = 6;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=9).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=9).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for JoinGroupRequest {
    const KEY: i16 = 11;
}

impl Request for JoinGroupRequest {
    type Response = super::join_group_response::JoinGroupResponse;
}
