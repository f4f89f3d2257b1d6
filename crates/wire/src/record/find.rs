//! Looking up a time inside a batch, for ListOffsets.
//!
//! A streaming walk with an output cap that stops at the record; the batch was checked when it was stored,
//! but bytes from a disk are not believed either. Source: `FileRecords.searchForTimestamp`,
//! `RecordBatch.offsetOfMaxTimestamp`. Tests: `crates/wire/tests/record_batch.rs`.

use super::check::{NO_TIMESTAMP, timestamp};
use super::compress::{Codec, Inflate};
use super::header::{BatchHeader, HEADER_BYTES, TimestampType};
use super::reader::ReadError;
use super::walk::{Source, step};
use types::{Offset, WallTime};

/// A record found by time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FoundRecord {
    /// Its offset.
    pub offset: Offset,
    /// Its time, the append's if the batch says so.
    pub timestamp: WallTime,
}

/// Returns the first record at or after the offset `from` whose time is `target` or later.
///
/// `batch` holds one whole batch; at most `cap` bytes are decompressed.
///
/// # Errors
/// The batch cannot be read.
pub fn find_timestamp(
    batch: &[u8],
    target: WallTime,
    from: Offset,
    cap: usize,
) -> Result<Option<FoundRecord>, ReadError> {
    find(batch, cap, |record| record.offset >= from && record.timestamp >= target)
}

/// Returns the first record with the batch's max timestamp; nothing if no record has one.
///
/// `batch` holds one whole batch; at most `cap` bytes are decompressed.
///
/// # Errors
/// The batch cannot be read.
pub fn first_with_max_timestamp(batch: &[u8], cap: usize) -> Result<Option<FoundRecord>, ReadError> {
    let max = BatchHeader::parse(batch)?.max_timestamp;
    if max == NO_TIMESTAMP {
        return Ok(None);
    }
    find(batch, cap, |record| record.timestamp == max)
}

fn find(
    batch: &[u8],
    cap: usize,
    wanted: impl Fn(&FoundRecord) -> bool,
) -> Result<Option<FoundRecord>, ReadError> {
    let header = BatchHeader::parse(batch)?;
    let codec = header.codec().ok_or(ReadError::UnknownCodec(header.attributes.codec_id()))?;
    let mut records = batch.get(HEADER_BYTES..header.size()).ok_or(ReadError::Truncated)?;
    match codec {
        Codec::None => scan(&header, &mut records, wanted),
        _ => scan(&header, &mut Inflate::new(codec, records, cap)?, wanted),
    }
}

fn scan<S: Source>(
    header: &BatchHeader,
    source: &mut S,
    wanted: impl Fn(&FoundRecord) -> bool,
) -> Result<Option<FoundRecord>, ReadError> {
    for index in 0..header.record_count {
        let step = step(source).map_err(|error| ReadError::at(index, error))?;
        let own = timestamp(header, step).unwrap_or(NO_TIMESTAMP);
        let record = FoundRecord {
            offset: Offset(header.base_offset.0.saturating_add(step.offset_delta)),
            timestamp: if header.timestamp_type() == TimestampType::Append {
                header.max_timestamp
            } else {
                own
            },
        };
        if wanted(&record) {
            return Ok(Some(record));
        }
    }
    Ok(None)
}
