//! The same records with another codec (`compression.type`): the one case in which a batch does not stay as it came (D-5).
//!
//! The records are decompressed and compressed window by window, so memory is bounded by the batch that comes of it.
//! Their bytes stay the same, and with them offsets, timestamps and headers; of the batch's head codec, length and CRC
//! change. Source: `LogValidator.validateMessagesAndAssignOffsets`, KIP-390 for levels. Tests: `crates/wire/tests/record_recompress.rs`.

use super::batch::Batch;
use super::compress::{Codec, CodecError, Deflate, DeflateError, Inflate};
use super::error::BatchError;
use super::header::{HEADER_BYTES, OVERHEAD_BYTES};
use super::walk::Source;

/// A codec, and the effort that it is to make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    /// The codec.
    pub codec: Codec,
    /// Its level: 1 to 9 for gzip, up to 22 for zstd, the others have one; nothing is its usual one.
    pub level: Option<i32>,
}

/// How large things may become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecompressLimits {
    /// Largest output of decompression.
    pub max_decompressed_bytes: usize,
    /// Largest batch, `max.message.bytes`.
    pub max_batch_bytes: usize,
}

/// Compresses the records of a batch with another codec; with its own, the batch stays as it is.
///
/// # Errors
/// `UnknownCodec`, `Undecodable`, `Bomb`; `TooLarge` if what comes of it is larger than the limit.
pub fn recompress(batch: &Batch, to: Target, limits: RecompressLimits) -> Result<Batch, BatchError> {
    let header = batch.header();
    let from = header.codec().ok_or(BatchError::UnknownCodec(header.attributes.codec_id()))?;
    if from == to.codec {
        return Ok(batch.clone());
    }
    let records = turn(batch, (from, to), limits)?;
    let length = i32::try_from(HEADER_BYTES - OVERHEAD_BYTES + records.len());
    let batch_length = length.map_err(|_| too_large(limits))?;
    let mut header = *header;
    header.attributes = header.attributes.with_codec(to.codec);
    header.batch_length = batch_length;
    Ok(Batch::from_wire(&header.seal(&records))?)
}

fn turn(batch: &Batch, (from, to): (Codec, Target), limits: RecompressLimits) -> Result<Vec<u8>, BatchError> {
    let cap = limits.max_decompressed_bytes;
    let decoding = |error| match error {
        CodecError::Corrupt => BatchError::Undecodable(from),
        CodecError::OverCap => BatchError::Bomb { cap },
    };
    let encoding = |error| match error {
        DeflateError::OverCap => too_large(limits),
        DeflateError::Codec => BatchError::Undecodable(to.codec),
    };
    let mut inflate = Inflate::new(from, batch.records(), cap).map_err(decoding)?;
    let most = limits.max_batch_bytes.saturating_sub(HEADER_BYTES);
    let mut deflate = Deflate::new(to.codec, to.level, most).map_err(encoding)?;
    loop {
        let window = inflate.fill().map_err(decoding)?;
        if window.is_empty() {
            return deflate.finish().map_err(encoding);
        }
        deflate.write(window).map_err(encoding)?;
        let used = window.len();
        inflate.consume(used);
    }
}

fn too_large(limits: RecompressLimits) -> BatchError {
    let max = limits.max_batch_bytes;
    BatchError::TooLarge { size: max.saturating_add(1), max }
}
