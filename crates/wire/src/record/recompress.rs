//! A batch in another codec: what a topic with a codec of its own stores.
//!
//! Records stay byte for byte, and so do offsets, times, producer and sequence; the length, the codec's bits and the CRC are
//! new. What comes out of the old codec is capped. Source: `LogValidator` of Kafka 4.3.1, KIP-390 for levels.
//! Tests: `crates/wire/tests/record_codec.rs`.

use super::batch::Batch;
use super::compress::{Codec, CodecError, compress_at, decompress};
use super::header::{HEADER_BYTES, HeaderError, OVERHEAD_BYTES};
use bytes::Bytes;

/// Why a batch cannot be had in another codec.
#[derive(Debug, thiserror::Error)]
pub enum RecompressError {
    /// Its codec is unknown, or its bytes are not what the codec writes, or more comes out than is allowed.
    #[error(transparent)]
    Read(#[from] CodecError),
    /// The codec's library fails.
    #[error("compression failed")]
    Write(#[from] std::io::Error),
    /// It would be larger than the format can say.
    #[error(transparent)]
    Head(#[from] HeaderError),
}

impl Batch {
    /// Returns the batch in this codec, at a level of the codec or at its usual one; a batch that has it is not touched. At
    /// most `cap` bytes of records are decompressed.
    ///
    /// # Errors
    /// The records cannot be read within the cap, or do not fit the format when they are written.
    pub fn recompressed(
        self,
        codec: Codec,
        level: Option<i32>,
        cap: usize,
    ) -> Result<Batch, RecompressError> {
        let mut header = *self.header();
        let from = header.codec().ok_or(CodecError::Corrupt)?;
        if from == codec {
            return Ok(self);
        }
        let whole = self.to_bytes();
        let records = decompress(from, &whole.slice(HEADER_BYTES..), cap)?;
        let records = Bytes::from(compress_at(codec, level, &records)?);
        let length = i32::try_from(HEADER_BYTES - OVERHEAD_BYTES + records.len());
        header.batch_length = length.map_err(|_| HeaderError::Length(i32::MAX))?;
        header.attributes = header.attributes.with_codec(codec);
        Ok(Batch::from_wire(&header.seal(&records))?)
    }
}
