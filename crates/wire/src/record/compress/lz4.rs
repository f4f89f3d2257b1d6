//! The LZ4 frame by Kafka's rules.
//!
//! ```text
//! magic 04 22 4d 18 | flags | block descriptor | content size u64 le, if flagged | header checksum
//! block: size u32 le, high bit: stored | bytes | checksum u32 le, if flagged
//! end:   size 0 | content checksum u32 le, if flagged
//! ```
//!
//! Flags: bits 7-6 version 1, 5 independent blocks (must be set: Kafka's clients cannot read linked ones), 4
//! block checksums, 3 content size, 2 content checksum, 1-0 must be 0 (no dictionary). Descriptor: bits 6-4
//! largest block, 4 to 7 for 64 KiB to 4 MiB, others 0. All checksums are verified; nothing may follow the
//! frame. Source: `Lz4BlockInputStream`. Tests: `crates/wire/tests/record_codec.rs`.

use super::CodecError;
use super::xxh32::{Xxh32, xxh32};
use bytes::Buf;
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use std::io::{self, Write};

const MAGIC: u32 = 0x184d_2204;
const VERSION_BITS: u8 = 0xc0;
const VERSION_1: u8 = 0x40;
const INDEPENDENT: u8 = 0x20;
const BLOCK_CHECKSUM: u8 = 0x10;
const CONTENT_SIZE: u8 = 0x08;
const CONTENT_CHECKSUM: u8 = 0x04;
const RESERVED: u8 = 0x03;
const STORED: u32 = 0x8000_0000;
/// One byte of a match's length makes at most 255: nothing grows faster.
const MAX_GROWTH: usize = 255;

/// The blocks of a frame.
pub(super) struct Blocks<'a> {
    rest: &'a [u8],
    flags: u8,
    block_bytes: usize,
    content_left: Option<u64>,
    content: Xxh32,
    ended: bool,
}

impl<'a> Blocks<'a> {
    /// Reads the frame's head.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Blocks<'a>, CodecError> {
        read_head(bytes).ok_or(CodecError::Corrupt)
    }

    /// Puts the next block that holds something into `window`; returns its length, 0 at the end.
    pub(super) fn next(&mut self, budget: usize, window: &mut Vec<u8>) -> Result<usize, CodecError> {
        while !self.ended {
            let size = self.rest.try_get_u32_le().map_err(|_| CodecError::Corrupt)?;
            if size == 0 {
                self.finish()?;
                break;
            }
            let block = self.take(size & !STORED)?;
            let got = if size & STORED == 0 {
                self.unpack(block, budget, window)?
            } else {
                copy(block, budget, window)?
            };
            self.account(window.get(..got).unwrap_or_default())?;
            if got > 0 {
                return Ok(got);
            }
        }
        Ok(0)
    }

    fn take(&mut self, size: u32) -> Result<&'a [u8], CodecError> {
        let size = usize::try_from(size).map_err(|_| CodecError::Corrupt)?;
        let (block, rest) = self.rest.split_at_checked(size).ok_or(CodecError::Corrupt)?;
        self.rest = rest;
        if size > self.block_bytes {
            return Err(CodecError::Corrupt);
        }
        if self.flags & BLOCK_CHECKSUM != 0 {
            self.checksum(xxh32(block))?;
        }
        Ok(block)
    }

    fn checksum(&mut self, expected: u32) -> Result<(), CodecError> {
        match self.rest.try_get_u32_le() {
            Ok(found) if found == expected => Ok(()),
            _ => Err(CodecError::Corrupt),
        }
    }

    /// Decompresses into at most the budget and one byte, so that an excess shows.
    fn unpack(&self, block: &[u8], budget: usize, window: &mut Vec<u8>) -> Result<usize, CodecError> {
        let room = self.block_bytes.min(block.len().saturating_mul(MAX_GROWTH));
        let allowed = room.min(budget.saturating_add(1));
        if window.len() < allowed {
            window.resize(allowed, 0);
        }
        let space = window.get_mut(..allowed).unwrap_or_default();
        match lz4_flex::block::decompress_into(block, space) {
            Ok(got) => Ok(got),
            Err(_) if allowed < room => Err(CodecError::OverCap),
            Err(_) => Err(CodecError::Corrupt),
        }
    }

    fn account(&mut self, content: &[u8]) -> Result<(), CodecError> {
        if self.flags & CONTENT_CHECKSUM != 0 {
            self.content.update(content);
        }
        if let Some(left) = self.content_left {
            let used = u64::try_from(content.len()).unwrap_or(u64::MAX);
            self.content_left = Some(left.checked_sub(used).ok_or(CodecError::Corrupt)?);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), CodecError> {
        self.ended = true;
        if self.flags & CONTENT_CHECKSUM != 0 {
            self.checksum(self.content.finish())?;
        }
        let complete = self.content_left.is_none_or(|left| left == 0) && self.rest.is_empty();
        if complete { Ok(()) } else { Err(CodecError::Corrupt) }
    }
}

fn copy(block: &[u8], budget: usize, window: &mut Vec<u8>) -> Result<usize, CodecError> {
    if block.len() > budget {
        return Err(CodecError::OverCap);
    }
    if window.len() < block.len() {
        window.resize(block.len(), 0);
    }
    window.get_mut(..block.len()).unwrap_or_default().copy_from_slice(block);
    Ok(block.len())
}

fn read_head(bytes: &[u8]) -> Option<Blocks<'_>> {
    let mut rest = bytes;
    if rest.try_get_u32_le().ok()? != MAGIC {
        return None;
    }
    let described = rest;
    let flags = rest.try_get_u8().ok()?;
    if flags & VERSION_BITS != VERSION_1 || flags & INDEPENDENT == 0 || flags & RESERVED != 0 {
        return None;
    }
    let block_bytes = block_bytes(rest.try_get_u8().ok()?)?;
    let content_left = match flags & CONTENT_SIZE {
        0 => None,
        _ => Some(rest.try_get_u64_le().ok()?),
    };
    let described = described.get(..described.len() - rest.len())?;
    let checksum = xxh32(described).to_le_bytes()[1];
    if rest.try_get_u8().ok()? != checksum {
        return None;
    }
    Some(Blocks { rest, flags, block_bytes, content_left, content: Xxh32::default(), ended: false })
}

fn block_bytes(descriptor: u8) -> Option<usize> {
    match descriptor {
        0x40 => Some(64 * 1024),
        0x50 => Some(256 * 1024),
        0x60 => Some(1024 * 1024),
        0x70 => Some(4 * 1024 * 1024),
        _ => None,
    }
}

/// Compresses into a frame of independent blocks of 64 KiB without checksums, as Kafka's producers do.
pub(super) fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = encoder(Vec::new());
    encoder.write_all(bytes)?;
    encoder.finish().map_err(io_error)
}

/// Writes such a frame.
pub(super) type Encoder<W> = FrameEncoder<W>;

/// Starts such a frame.
pub(super) fn encoder<W: Write>(out: W) -> Encoder<W> {
    let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
    FrameEncoder::with_frame_info(info, out)
}

/// Returns the output's own error, if it was that.
pub(super) fn io_error(error: lz4_flex::frame::Error) -> io::Error {
    match error {
        lz4_flex::frame::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}
