// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of ConsumerGroupDescribe, API key 69.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupDescribeRequest {
    /// `[]string`, versions 0 to 1.
    pub group_ids: Vec<String>,
    /// `bool`, versions 0 to 1.
    pub include_authorized_operations: bool,
}

impl ConsumerGroupDescribeRequest {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let group_ids = reader.array(true, 1, |reader| reader.string(true))?;
        let include_authorized_operations = reader.bool()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ConsumerGroupDescribeRequest { group_ids, include_authorized_operations })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_len(self.group_ids.len(), true)?;
        for item in &self.group_ids {
            out.put_string(item, true)?;
        }
        out.put_bool(self.include_authorized_operations);
        out.put_varint(0);
        Ok(())
    }
}

impl Message for ConsumerGroupDescribeRequest {
    const NAME: &'static str = "ConsumerGroupDescribeRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for ConsumerGroupDescribeRequest {
    const KEY: i16 = 69;
}

impl Request for ConsumerGroupDescribeRequest {
    type Response = super::consumer_group_describe_response::ConsumerGroupDescribeResponse;
}
