//! Frames: four bytes of length, a header, a body.
//!
//! The length counts what follows it. Reading a frame off a socket is the shell's work; this file
//! judges the length, and puts whole frames together for one vectored write.
//! Tests: `tests/wire/header.rs`.

use crate::error::{DecodeError, EncodeError};
use crate::header::{RequestHeader, RequestId, ResponseHeader, response_header_version};
use crate::message::ApiMessage;
use crate::reader::Reader;
use crate::rope::Rope;
use bytes::Bytes;

/// Bytes of the length in front of every frame.
pub const LENGTH_SIZE: usize = 4;

/// A frame length that closes the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a frame of {length} bytes; {min} to {max} are legal")]
pub struct FrameLengthError {
    /// What the peer announced.
    pub length: i32,
    /// Least legal length.
    pub min: usize,
    /// Greatest legal length.
    pub max: usize,
}

/// Judges the length of a request frame before anything is allocated for it.
///
/// # Errors
/// For a length below that of the fixed header part, negative ones included, and above
/// `max`.
pub fn request_length(length: [u8; LENGTH_SIZE], max: usize) -> Result<usize, FrameLengthError> {
    let length = i32::from_be_bytes(length);
    let legal = RequestId::SIZE..=max;
    let size = usize::try_from(length).ok().filter(|size| legal.contains(size));
    size.ok_or(FrameLengthError { length, min: RequestId::SIZE, max })
}

/// Puts length, header and body of a response together.
///
/// *Shape*: chunks in order, for one vectored write; large record bytes are shared, not copied.
///
/// # Errors
/// As `Message::encode`, and `TooLong` for 2 GiB or more.
pub fn response_frame<M: ApiMessage>(
    correlation_id: i32,
    body: &M,
    version: i16,
) -> Result<Vec<Bytes>, EncodeError> {
    let mut out = Rope::new();
    out.put_i32(0);
    let header = ResponseHeader { correlation_id };
    header.encode(&mut out, response_header_version(M::KEY, version));
    body.encode(&mut out, version)?;
    closed(out)
}

/// Puts length, header and body of a request together; key and version of the header are set from
/// the body's type and `version`.
///
/// # Errors
/// As `response_frame`.
pub fn request_frame<M: ApiMessage>(
    correlation_id: i32,
    client_id: Option<&str>,
    body: &M,
    version: i16,
) -> Result<Vec<Bytes>, EncodeError> {
    let mut out = Rope::new();
    out.put_i32(0);
    let id = RequestId { api_key: M::KEY, api_version: version, correlation_id };
    RequestHeader { id, client_id: client_id.map(str::to_owned) }.encode(&mut out)?;
    body.encode(&mut out, version)?;
    closed(out)
}

/// Reads a response frame (without its length) whose API and version the caller remembers.
///
/// # Errors
/// As `Message::decode`, and `LeftOver`.
pub fn read_response<M: ApiMessage>(frame: Bytes, version: i16) -> Result<(ResponseHeader, M), DecodeError> {
    let mut reader = Reader::new(frame);
    let header = ResponseHeader::decode(&mut reader, response_header_version(M::KEY, version))?;
    let body = M::decode(&mut reader, version)?;
    reader.finish()?;
    Ok((header, body))
}

/// Writes the length into the first four bytes.
fn closed(mut out: Rope) -> Result<Vec<Bytes>, EncodeError> {
    let len = out.len() - LENGTH_SIZE;
    out.patch_first_i32(i32::try_from(len).map_err(|_| EncodeError::TooLong(len))?);
    Ok(out.into_chunks())
}
