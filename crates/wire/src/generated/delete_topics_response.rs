// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of DeleteTopics, API key 20.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; versions 1 to 6.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteTopicsResponse {
    /// `int32`, versions 1 to 6.
    pub throttle_time_ms: i32,
    /// `[]DeletableTopicResult`, versions 1 to 6.
    pub responses: Vec<DeletableTopicResult>,
}

impl DeleteTopicsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let throttle_time_ms = reader.i32()?;
        let responses = reader.array(flexible, 4, |reader| DeletableTopicResult::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DeleteTopicsResponse { throttle_time_ms, responses })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_i32(self.throttle_time_ms);
        out.put_len(self.responses.len(), flexible)?;
        for item in &self.responses {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.responses {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 1 to 6.
#[derive(Clone, PartialEq, Debug)]
pub struct DeletableTopicResult {
    /// `string`, versions 1 to 6; null in version 6.
    pub name: Option<String>,
    /// `uuid`, version 6; dropped where a version lacks it.
    pub topic_id: Uuid,
    /// `int16`, versions 1 to 6.
    pub error_code: i16,
    /// `string`, versions 5 to 6; null in versions 5 to 6; default null; dropped where a version lacks it.
    pub error_message: Option<String>,
}

impl Default for DeletableTopicResult {
    fn default() -> DeletableTopicResult {
        DeletableTopicResult {
            name: Some(String::new()),
            topic_id: Uuid::ZERO,
            error_code: 0,
            error_message: None,
        }
    }
}

impl DeletableTopicResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let name =
            if version >= 6 { reader.nullable_string(flexible)? } else { Some(reader.string(flexible)?) };
        let topic_id = if version >= 6 { reader.uuid()? } else { Uuid::ZERO };
        let error_code = reader.i16()?;
        let error_message = if version >= 5 { reader.nullable_string(flexible)? } else { None };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DeletableTopicResult { name, topic_id, error_code, error_message })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        if version < 6 && self.name.is_none() {
            return Err(EncodeError::UnexpectedNull { field: "DeletableTopicResult.name", version });
        }
        out.put_nullable_string(self.name.as_deref(), flexible)?;
        if version >= 6 {
            out.put_uuid(self.topic_id);
        }
        out.put_i16(self.error_code);
        if version >= 5 {
            out.put_nullable_string(self.error_message.as_deref(), flexible)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for DeleteTopicsResponse {
    const NAME: &'static str = "DeleteTopicsResponse";
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

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for DeleteTopicsResponse {
    const KEY: i16 = 20;
}
