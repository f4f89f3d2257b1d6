//! Taking records out of a batch, for the compactor.
//!
//! What stays keeps its bytes: key, value, headers and offset, and so do offsets, sequence and producer of the batch. Count,
//! length, CRC and the largest timestamp are those of what stays; the codec is the batch's own. With a delete horizon the
//! base timestamp is that time and the deltas are counted from it (KIP-534). A batch is decompressed whole, up to a cap.
//! Source: `MemoryRecords.filterTo`, `MemoryRecordsBuilder` of Kafka 4.3.1. Tests: `crates/wire/tests/record_retain.rs`.

use super::batch::Batch;
use super::builder::BuildError;
use super::check::NO_TIMESTAMP;
use super::compress::{Codec, compress, decompress};
use super::error::RecordDefect;
use super::header::{BatchHeader, HEADER_BYTES, OVERHEAD_BYTES, TimestampType};
use super::reader::ReadError;
use super::varint::{Gather, put_varint, varint_len};
use bytes::Bytes;
use std::ops::Range;
use types::{Offset, WallTime};

/// A record as the compactor judges it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyedRecord<'a> {
    /// Position in the log.
    pub offset: Offset,
    /// Its key, if it has one.
    pub key: Option<&'a [u8]>,
    /// Whether it has a value; without one it is a tombstone.
    pub has_value: bool,
}

/// A record that stays: where it lies in the decompressed records.
#[derive(Clone, Debug)]
struct Kept {
    /// With the length before it.
    whole: Range<usize>,
    /// From the attributes to the time.
    attributes: u8,
    time_delta: i64,
    /// What follows the time.
    rest: Range<usize>,
}

/// A batch of which some records stay.
#[derive(Clone, Debug)]
pub struct Filtered {
    header: BatchHeader,
    records: Bytes,
    kept: Vec<Kept>,
    has_tombstones: bool,
}

impl Filtered {
    /// Judges every record of a batch; `keep` says which stay. At most `cap` bytes are decompressed.
    ///
    /// # Errors
    /// The batch cannot be read.
    pub fn of(
        batch: &Batch,
        cap: usize,
        mut keep: impl FnMut(&KeyedRecord<'_>) -> bool,
    ) -> Result<Filtered, ReadError> {
        let header = *batch.header();
        let codec = header.codec().ok_or(ReadError::UnknownCodec(header.attributes.codec_id()))?;
        let body = batch.body();
        let records = decompress(codec, &body.slice(body.len() - batch.records().len()..), cap)?;
        let (mut kept, mut has_tombstones, mut at) = (Vec::new(), false, 0);
        for index in 0..header.record_count {
            let wrong = |defect| ReadError::Record { index, defect };
            let (record, span) = parse(&header, &records, at).map_err(wrong)?;
            at = span.whole.end;
            if keep(&record) {
                has_tombstones |= !record.has_value;
                kept.push(span);
            }
        }
        Ok(Filtered { header, records, kept, has_tombstones })
    }

    /// Returns how many records stay.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Says whether none stays.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Says whether all records stay.
    pub fn is_whole(&self) -> bool {
        usize::try_from(self.header.record_count) == Ok(self.kept.len())
    }

    /// Says whether a tombstone is among those that stay.
    pub fn has_tombstones(&self) -> bool {
        self.has_tombstones
    }

    /// Writes the batch with what stays, with a new delete horizon or with what it had.
    ///
    /// # Errors
    /// Nothing stays, or the format cannot hold what does.
    pub fn build(&self, horizon: Option<WallTime>) -> Result<Bytes, BuildError> {
        if self.kept.is_empty() {
            return Err(BuildError::Empty);
        }
        let mut records = Vec::with_capacity(self.records.len());
        for kept in &self.kept {
            match horizon {
                None => records.extend_from_slice(self.piece(&kept.whole)),
                Some(horizon) => self.put_from(&mut records, kept, horizon)?,
            }
        }
        let header = self.header;
        let codec = header.codec().unwrap_or(Codec::None);
        let records = if codec == Codec::None { records } else { compress(codec, &records)? };
        let fit = |number: usize| i32::try_from(number).map_err(|_| BuildError::TooLarge);
        let attributes = horizon.map_or(header.attributes, |_| header.attributes.with_delete_horizon());
        let header = BatchHeader {
            batch_length: fit(HEADER_BYTES - OVERHEAD_BYTES + records.len())?,
            attributes,
            base_timestamp: horizon.unwrap_or(header.base_timestamp),
            max_timestamp: self.max_timestamp(),
            record_count: fit(self.kept.len())?,
            ..header
        };
        Ok(header.seal(&records))
    }

    /// Appends a record with its time counted from the horizon.
    fn put_from(&self, out: &mut Vec<u8>, kept: &Kept, horizon: WallTime) -> Result<(), BuildError> {
        let time = self.header.base_timestamp.0.checked_add(kept.time_delta);
        let delta = time.and_then(|time| time.checked_sub(horizon.0)).ok_or(BuildError::TimeSpan)?;
        let rest = self.piece(&kept.rest);
        let length = 1 + varint_len(delta) + rest.len();
        put_varint(out, i64::try_from(length).map_err(|_| BuildError::TooLarge)?);
        out.push(kept.attributes);
        put_varint(out, delta);
        out.extend_from_slice(rest);
        Ok(())
    }

    /// Returns the largest time of what stays; the append's time stays what it is.
    fn max_timestamp(&self) -> WallTime {
        if self.header.timestamp_type() == TimestampType::Append {
            return self.header.max_timestamp;
        }
        let times = self.kept.iter().map(|kept| self.header.base_timestamp.0.saturating_add(kept.time_delta));
        times.max().map_or(NO_TIMESTAMP, WallTime)
    }

    fn piece(&self, range: &Range<usize>) -> &[u8] {
        self.records.get(range.clone()).unwrap_or_default()
    }
}

/// Reads the record at a position.
fn parse<'a>(
    header: &BatchHeader,
    records: &'a [u8],
    start: usize,
) -> Result<(KeyedRecord<'a>, Kept), RecordDefect> {
    let mut from = Cursor { bytes: records, at: start };
    let length = usize::try_from(from.number(32)?).map_err(|_| RecordDefect::Length)?;
    let end = from.at.checked_add(length).ok_or(RecordDefect::Length)?;
    from.bytes = records.get(..end).ok_or(RecordDefect::Truncated)?;
    let attributes = from.take(1)?.first().copied().unwrap_or(0);
    let time_delta = from.number(64)?;
    let rest = from.at..end;
    let offset_delta = from.number(32)?;
    let key = from.nullable(RecordDefect::KeyLength)?;
    let has_value = from.nullable(RecordDefect::ValueLength)?.is_some();
    let offset = Offset(header.base_offset.0.saturating_add(offset_delta));
    Ok((KeyedRecord { offset, key, has_value }, Kept { whole: start..end, attributes, time_delta, rest }))
}

/// A place in bytes that are not believed.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], RecordDefect> {
        let end = self.at.checked_add(count).ok_or(RecordDefect::Length)?;
        let taken = self.bytes.get(self.at..end).ok_or(RecordDefect::Length)?;
        self.at = end;
        Ok(taken)
    }

    fn number(&mut self, bits: u32) -> Result<i64, RecordDefect> {
        let mut gather = Gather::default();
        loop {
            let byte = self.take(1)?.first().copied().unwrap_or(0);
            if let Some(number) = gather.push(byte, bits).map_err(|_| RecordDefect::Number)? {
                return Ok(number);
            }
        }
    }

    fn nullable(&mut self, defect: fn(i64) -> RecordDefect) -> Result<Option<&'a [u8]>, RecordDefect> {
        match self.number(32)? {
            -1 => Ok(None),
            length => {
                let length = usize::try_from(length).map_err(|_| defect(length))?;
                self.take(length).map(Some)
            }
        }
    }
}
