//! Records as objects, for clients and tools. The broker's path never makes them.
//!
//! A compressed batch is decompressed whole, up to a cap; keys, values and headers are slices of that, or of
//! the batch itself. Source: `DefaultRecord`. Tests: `crates/wire/tests/record_codec.rs`.

use super::compress::{CodecError, decompress};
use super::error::RecordDefect;
use super::header::{BatchHeader, HEADER_BYTES, HeaderError, TimestampType};
use super::varint::Gather;
use super::walk::WalkError;
use bytes::{Buf, Bytes};
use types::{Offset, WallTime};

/// A batch that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// Its head is none.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Bytes are missing.
    #[error("the batch is cut short")]
    Truncated,
    /// The number of the codec is unknown.
    #[error("compression type {0} is unknown")]
    UnknownCodec(u8),
    /// Decompression failed.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// A record's structure is wrong.
    #[error("record {index}: {defect}")]
    Record {
        /// Which record of the batch, from 0.
        index: i32,
        /// What is wrong with it.
        defect: RecordDefect,
    },
}

impl ReadError {
    pub(super) fn at(index: i32, error: WalkError) -> ReadError {
        match error {
            WalkError::Codec(error) => ReadError::Codec(error),
            WalkError::Defect(defect) => ReadError::Record { index, defect },
        }
    }
}

/// One record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Position in the log.
    pub offset: Offset,
    /// The producer's time, or the append's; `-1` for none.
    pub timestamp: WallTime,
    /// Key, if any.
    pub key: Option<Bytes>,
    /// Value; none is a tombstone.
    pub value: Option<Bytes>,
    /// Headers in order; a key may come twice. Keys should be UTF-8, which nobody checks.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}

/// The records of a batch, in order. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Records {
    header: BatchHeader,
    rest: Bytes,
    index: i32,
}

impl Records {
    /// Opens the batch at the head of `batch`, decompressing at most `cap` bytes. The CRC is not verified.
    ///
    /// # Errors
    /// The head is none, bytes are missing, or decompression fails.
    pub fn open(batch: &Bytes, cap: usize) -> Result<Records, ReadError> {
        let header = BatchHeader::parse(batch)?;
        if batch.len() < header.size() {
            return Err(ReadError::Truncated);
        }
        let codec = header.codec().ok_or(ReadError::UnknownCodec(header.attributes.codec_id()))?;
        let rest = decompress(codec, &batch.slice(HEADER_BYTES..header.size()), cap)?;
        Ok(Records { header, rest, index: 0 })
    }

    /// Returns the head of the batch.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    fn read(&mut self) -> Result<Record, RecordDefect> {
        let length = number(&mut self.rest, 32)?;
        let length = usize::try_from(length).map_err(|_| RecordDefect::Length)?;
        if length > self.rest.len() {
            return Err(RecordDefect::Truncated);
        }
        let mut body = self.rest.split_to(length);
        body.try_get_u8().map_err(|_| RecordDefect::Length)?;
        let time_delta = number(&mut body, 64)?;
        let offset_delta = number(&mut body, 32)?;
        let record = Record {
            offset: Offset(self.header.base_offset.0.saturating_add(offset_delta)),
            timestamp: self.timestamp(time_delta)?,
            key: nullable(&mut body, RecordDefect::KeyLength)?,
            value: nullable(&mut body, RecordDefect::ValueLength)?,
            headers: headers(&mut body)?,
        };
        if body.is_empty() { Ok(record) } else { Err(RecordDefect::Length) }
    }

    fn timestamp(&self, delta: i64) -> Result<WallTime, RecordDefect> {
        if self.header.timestamp_type() == TimestampType::Append {
            return Ok(self.header.max_timestamp);
        }
        let sum = self.header.base_timestamp.0.checked_add(delta);
        sum.map(WallTime).ok_or(RecordDefect::TimestampDelta(delta))
    }
}

impl Iterator for Records {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.index >= self.header.record_count {
            return None;
        }
        let index = self.index;
        let record = self.read();
        self.index = if record.is_ok() { index + 1 } else { i32::MAX };
        Some(record.map_err(|defect| ReadError::Record { index, defect }))
    }
}

pub(super) fn number(bytes: &mut Bytes, bits: u32) -> Result<i64, RecordDefect> {
    let mut gather = Gather::default();
    loop {
        let byte = bytes.try_get_u8().map_err(|_| RecordDefect::Length)?;
        if let Some(number) = gather.push(byte, bits).map_err(|_| RecordDefect::Number)? {
            return Ok(number);
        }
    }
}

fn nullable(bytes: &mut Bytes, defect: fn(i64) -> RecordDefect) -> Result<Option<Bytes>, RecordDefect> {
    match number(bytes, 32)? {
        -1 => Ok(None),
        length => take(bytes, length, defect).map(Some),
    }
}

fn take(bytes: &mut Bytes, length: i64, defect: fn(i64) -> RecordDefect) -> Result<Bytes, RecordDefect> {
    let length = usize::try_from(length).map_err(|_| defect(length))?;
    if length > bytes.len() {
        return Err(RecordDefect::Length);
    }
    Ok(bytes.split_to(length))
}

fn headers(bytes: &mut Bytes) -> Result<Vec<(Bytes, Option<Bytes>)>, RecordDefect> {
    let count = number(bytes, 32)?;
    let possible = usize::try_from(count).ok().filter(|count| *count <= bytes.len() / 2);
    let possible = possible.ok_or(RecordDefect::HeaderCount(count))?;
    let mut headers = Vec::with_capacity(possible.min(64));
    for _ in 0..possible {
        let length = number(bytes, 32)?;
        let key = take(bytes, length, RecordDefect::HeaderKeyLength)?;
        headers.push((key, nullable(bytes, RecordDefect::HeaderValueLength)?));
    }
    Ok(headers)
}
