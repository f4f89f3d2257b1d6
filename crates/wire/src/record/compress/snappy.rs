//! Snappy in the two forms that are in use.
//!
//! ```text
//! xerial: 82 53 4e 41 50 50 59 00 | version i32 | oldest reader's version i32 | blocks
//! block:  length i32 | raw snappy
//! raw:    one raw snappy block, its length is that of the batch (librdkafka, franz-go)
//! ```
//!
//! Source: snappy-java's `SnappyOutputStream`. Tests: `crates/wire/tests/record_codec.rs`.

use super::CodecError;
use bytes::Buf;
use std::io::{self, Write};

const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
const HEADER_BYTES: usize = 16;
/// Bytes that Kafka's producers put in a block.
pub(super) const BLOCK_BYTES: usize = 32 * 1024;
/// A copy of 3 bytes makes at most 64: nothing grows faster.
const MAX_GROWTH: usize = 22;

/// The blocks of a payload.
pub(super) struct Blocks<'a> {
    rest: &'a [u8],
    framed: bool,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Blocks<'a> {
        match bytes.get(HEADER_BYTES..) {
            Some(rest) if bytes.starts_with(&MAGIC) => Blocks { rest, framed: true },
            _ => Blocks { rest: bytes, framed: false },
        }
    }

    /// Puts the next block that holds something into `window`; returns its length, 0 at the end.
    pub(super) fn next(&mut self, budget: usize, window: &mut Vec<u8>) -> Result<usize, CodecError> {
        while !self.rest.is_empty() {
            let block = self.take()?;
            let length = declared(block, budget)?;
            if window.len() < length {
                window.resize(length, 0);
            }
            let got = snap::raw::Decoder::new().decompress(block, window).map_err(|_| CodecError::Corrupt)?;
            if got > 0 {
                return Ok(got);
            }
        }
        Ok(0)
    }

    fn take(&mut self) -> Result<&'a [u8], CodecError> {
        if !self.framed {
            return Ok(std::mem::take(&mut self.rest));
        }
        let length = self.rest.try_get_i32().map_err(|_| CodecError::Corrupt)?;
        let length = usize::try_from(length).ok().filter(|l| *l > 0).ok_or(CodecError::Corrupt)?;
        let (block, rest) = self.rest.split_at_checked(length).ok_or(CodecError::Corrupt)?;
        self.rest = rest;
        Ok(block)
    }
}

/// Returns the length that `block` says it grows to, once that is possible and allowed.
fn declared(block: &[u8], budget: usize) -> Result<usize, CodecError> {
    let length = snap::raw::decompress_len(block).map_err(|_| CodecError::Corrupt)?;
    if length / MAX_GROWTH > block.len() {
        return Err(CodecError::Corrupt);
    }
    if length > budget { Err(CodecError::OverCap) } else { Ok(length) }
}

/// Compresses into xerial framing.
pub(super) fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(HEADER_BYTES + bytes.len() / 2);
    write_head(&mut out)?;
    for block in bytes.chunks(BLOCK_BYTES) {
        write_block(block, &mut out)?;
    }
    Ok(out)
}

/// Writes what xerial framing begins with.
pub(super) fn write_head(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&MAGIC)?;
    out.write_all(&1i32.to_be_bytes())?;
    out.write_all(&1i32.to_be_bytes())
}

/// Writes one block, unless it is empty.
pub(super) fn write_block(block: &[u8], out: &mut impl Write) -> io::Result<()> {
    if block.is_empty() {
        return Ok(());
    }
    let packed = snap::raw::Encoder::new().compress_vec(block)?;
    let length = i32::try_from(packed.len()).map_err(io::Error::other)?;
    out.write_all(&length.to_be_bytes())?;
    out.write_all(&packed)
}
