//! Headers of requests and responses, written by hand.
//!
//! Request header v1: api key, api version, correlation id, client id (int16 length, null allowed);
//! v2 adds tagged fields at the end, the client id keeps its old form. Response header v0:
//! correlation id; v1 adds tagged fields. The response to ApiVersions always has v0, so that a client
//! that guessed the version wrong can read it. Source: KIP-482, KIP-511; Kafka's `RequestHeader`.
//! Tests: `tests/wire/header.rs`, golden/wire/header.

use crate::error::{DecodeError, EncodeError};
use crate::generated::api::ApiKey;
use crate::reader::Reader;
use crate::rope::Rope;

/// First part of every request: enough to know how to read the rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestId {
    /// Number of the API.
    pub api_key: i16,
    /// Version of the request and of its response.
    pub api_version: i16,
    /// Number that the response repeats.
    pub correlation_id: i32,
}

impl RequestId {
    /// Bytes that it takes at the start of a frame.
    pub const SIZE: usize = 8;

    /// Reads the first eight bytes of a frame.
    ///
    /// # Errors
    /// `Truncated` for a frame that is shorter.
    pub fn decode(reader: &mut Reader) -> Result<RequestId, DecodeError> {
        let left = reader.remaining();
        if left < RequestId::SIZE {
            return Err(DecodeError::Truncated { wanted: RequestId::SIZE, left });
        }
        let (api_key, api_version) = (reader.i16()?, reader.i16()?);
        Ok(RequestId { api_key, api_version, correlation_id: reader.i32()? })
    }
}

/// Header of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestHeader {
    /// What is asked, and in which version.
    pub id: RequestId,
    /// Name that the client gives itself.
    pub client_id: Option<String>,
}

impl RequestHeader {
    /// Reads a header; its form follows from key and version. An unknown key or version is read as
    /// far as `id` and has no client id: the caller refuses it.
    ///
    /// # Errors
    /// `Truncated`, `InvalidUtf8`, `NegativeLength`, `TagOrder`.
    pub fn decode(reader: &mut Reader) -> Result<RequestHeader, DecodeError> {
        let id = RequestId::decode(reader)?;
        let Some(version) = request_header_version(id.api_key, id.api_version) else {
            return Ok(RequestHeader { id, client_id: None });
        };
        let client_id = reader.nullable_string(false)?;
        if version >= 2 {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(RequestHeader { id, client_id })
    }

    /// Writes a header in the form that its key and version ask for.
    ///
    /// # Errors
    /// `TooLong` client id.
    pub fn encode(&self, out: &mut Rope) -> Result<(), EncodeError> {
        out.put_i16(self.id.api_key);
        out.put_i16(self.id.api_version);
        out.put_i32(self.id.correlation_id);
        out.put_nullable_string(self.client_id.as_deref(), false)?;
        if request_header_version(self.id.api_key, self.id.api_version) == Some(2) {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Header of a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResponseHeader {
    /// Number of the request that is answered.
    pub correlation_id: i32,
}

impl ResponseHeader {
    /// Reads a header of version 0 or 1.
    ///
    /// # Errors
    /// `Truncated`, `TagOrder`.
    pub fn decode(reader: &mut Reader, header_version: i16) -> Result<ResponseHeader, DecodeError> {
        let correlation_id = reader.i32()?;
        if header_version >= 1 {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(ResponseHeader { correlation_id })
    }

    /// Writes a header of version 0 or 1.
    pub fn encode(&self, out: &mut Rope, header_version: i16) {
        out.put_i32(self.correlation_id);
        if header_version >= 1 {
            out.put_varint(0);
        }
    }
}

/// Returns the header version of a request, or none for a key or version that the schemas lack.
pub fn request_header_version(api_key: i16, api_version: i16) -> Option<i16> {
    let api = ApiKey::from_code(api_key).filter(|api| api.in_schema(api_version))?;
    Some(if api_version >= api.info().flexible_from { 2 } else { 1 })
}

/// Returns the header version of the response to a request. ApiVersions is always 0.
pub fn response_header_version(api_key: i16, api_version: i16) -> i16 {
    match ApiKey::from_code(api_key) {
        None | Some(ApiKey::ApiVersions) => 0,
        Some(api) => i16::from(api_version >= api.info().flexible_from),
    }
}
