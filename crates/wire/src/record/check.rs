//! What a client's batch must be before anything of it is stored (D-5, W-15).
//!
//! In this order: exactly one batch; format and length; CRC; attributes; no control bit; size; codec; count
//! and producer; then one walk over all records through a bounded decompressor: structure, offset deltas,
//! timestamps, keys. Nothing is kept of what is decompressed.
//!
//! As Kafka does, `admit` mends what a client may get wrong: a max timestamp that is not that of the records,
//! and the timestamp type of the topic. Stricter than Kafka 4.3.1: unused attribute bits, offset deltas,
//! bytes after the batch or after the last record, timestamps that overflow, lz4 frames that its own
//! consumer cannot read. Source: `LogValidator`, `UnifiedLog.analyzeAndValidateRecords`.
//! Tests: `crates/wire/tests/record_check.rs`.

use super::batch::{Batch, batch_crc};
use super::compress::{Codec, CodecError, Inflate};
use super::error::{BatchError, RecordDefect, RecordError, RecordFault};
use super::header::{BatchHeader, HEADER_BYTES, HeaderError, TimestampType};
use super::walk::{Source, Step, WalkError, at_end, step};
use bytes::Bytes;
use types::{Millis, WallTime};

/// The wire's "no timestamp".
pub(super) const NO_TIMESTAMP: WallTime = WallTime(-1);
/// How many refused records are named.
const MAX_RECORD_ERRORS: usize = 1_000;

/// What the topic and the request ask of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CheckRules {
    /// Largest batch, `max.message.bytes`.
    pub max_batch_bytes: usize,
    /// Largest output of decompression.
    pub max_decompressed_bytes: usize,
    /// Whether the request's version knows zstd (Produce v7).
    pub zstd_allowed: bool,
    /// Whether each record needs a key (compaction).
    pub keys_required: bool,
    /// What timestamps the topic wants.
    pub timestamps: TimestampRules,
}

/// What timestamps a topic wants (`message.timestamp.type` and its bounds).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimestampRules {
    /// CreateTime: the producer's, within bounds; "none" is always allowed.
    Create {
        /// The broker's time.
        now: WallTime,
        /// How far back a timestamp may lie.
        before_max: Millis,
        /// How far ahead a timestamp may lie.
        after_max: Millis,
    },
    /// LogAppendTime: the broker's.
    Append {
        /// The broker's time.
        now: WallTime,
    },
}

/// A batch that may be stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Checked {
    /// Its head, as the client wrote it.
    pub header: BatchHeader,
    /// Largest timestamp of its records, `-1` if none has one.
    pub max_timestamp: WallTime,
}

/// Checks a client's batch and makes it ready for its offset, timestamps set as the topic wants them.
///
/// # Errors
/// The first reason to refuse it, in the order given above.
pub fn admit(bytes: &Bytes, rules: &CheckRules) -> Result<Batch, BatchError> {
    let checked = check(bytes, rules)?;
    let mut batch = Batch::from_wire(bytes)?;
    match rules.timestamps {
        TimestampRules::Create { .. } => batch.set_timestamps(TimestampType::Create, checked.max_timestamp),
        TimestampRules::Append { now } => batch.set_timestamps(TimestampType::Append, now),
    }
    Ok(batch)
}

/// Checks a client's batch.
///
/// # Errors
/// The first reason to refuse it, in the order given above.
pub fn check(bytes: &Bytes, rules: &CheckRules) -> Result<Checked, BatchError> {
    let header = one_batch(bytes)?;
    check_crc(bytes, &header)?;
    check_attributes(&header)?;
    let size = header.size();
    if size > rules.max_batch_bytes {
        return Err(BatchError::TooLarge { size, max: rules.max_batch_bytes });
    }
    let codec = check_codec(&header, rules)?;
    check_counts(&header)?;
    check_producer(&header)?;
    let records = bytes.get(HEADER_BYTES..).unwrap_or_default();
    let max_timestamp = walk_records(&header, codec, records, rules)?;
    Ok(Checked { header, max_timestamp })
}

fn one_batch(bytes: &[u8]) -> Result<BatchHeader, BatchError> {
    if bytes.is_empty() {
        return Err(BatchError::NoBatch);
    }
    let header = BatchHeader::parse(bytes)?;
    let (needed, have) = (header.size(), bytes.len());
    match bytes.get(needed..) {
        None => Err(HeaderError::Truncated { needed, have }.into()),
        Some([]) if header.base_offset.0 != 0 => Err(BatchError::BaseOffset(header.base_offset.0)),
        Some([]) => Ok(header),
        Some(rest) if BatchHeader::parse(rest).is_ok() => Err(BatchError::SecondBatch),
        Some(rest) => Err(BatchError::TrailingBytes(rest.len())),
    }
}

fn check_crc(bytes: &[u8], header: &BatchHeader) -> Result<(), BatchError> {
    let (stored, computed) = (header.crc, batch_crc(bytes));
    if stored == computed { Ok(()) } else { Err(BatchError::Crc { stored, computed }) }
}

fn check_attributes(header: &BatchHeader) -> Result<(), BatchError> {
    let foreign = header.attributes.foreign_bits();
    if foreign != 0 {
        return Err(BatchError::Attributes(foreign));
    }
    if header.is_control() { Err(BatchError::Control) } else { Ok(()) }
}

fn check_codec(header: &BatchHeader, rules: &CheckRules) -> Result<Codec, BatchError> {
    let codec = header.codec().ok_or(BatchError::UnknownCodec(header.attributes.codec_id()))?;
    if codec == Codec::Zstd && !rules.zstd_allowed { Err(BatchError::ZstdTooEarly) } else { Ok(codec) }
}

fn check_counts(header: &BatchHeader) -> Result<(), BatchError> {
    let (count, last_offset_delta) = (header.record_count, header.last_offset_delta);
    let fits = count > 0 && last_offset_delta == count - 1;
    if fits { Ok(()) } else { Err(BatchError::Count { count, last_offset_delta }) }
}

/// Epoch and sequence count only beside a producer id: some clients leave zeros there without one.
fn check_producer(header: &BatchHeader) -> Result<(), BatchError> {
    let (id, epoch, sequence) = (header.producer_id, header.producer_epoch, header.base_sequence);
    let fits = match id.0 {
        0.. => epoch.0 >= 0 && sequence.0 >= 0,
        -1 => !header.is_transactional(),
        _ => false,
    };
    if fits { Ok(()) } else { Err(BatchError::Producer { id, epoch, sequence }) }
}

fn walk_records(
    header: &BatchHeader,
    codec: Codec,
    records: &[u8],
    rules: &CheckRules,
) -> Result<WallTime, BatchError> {
    let mut judge = Judge::new(header, rules);
    let cap = rules.max_decompressed_bytes;
    if codec == Codec::None {
        let mut source = records;
        judge.walk(&mut source).map_err(|stop| stop.named(codec, cap))?;
    } else {
        let mut source = Inflate::new(codec, records, cap).map_err(|e| codec_error(e, codec, cap))?;
        judge.walk(&mut source).map_err(|stop| stop.named(codec, cap))?;
    }
    judge.verdict()
}

/// Why the walk stopped, and where.
enum Stop {
    Walk(i32, WalkError),
    LeftOver,
}

impl Stop {
    fn named(self, codec: Codec, cap: usize) -> BatchError {
        match self {
            Stop::Walk(_, WalkError::Codec(error)) => codec_error(error, codec, cap),
            Stop::Walk(index, WalkError::Defect(defect)) => BatchError::Record { index, defect },
            Stop::LeftOver => BatchError::LeftOver,
        }
    }
}

fn codec_error(error: CodecError, codec: Codec, cap: usize) -> BatchError {
    match error {
        CodecError::Corrupt => BatchError::Undecodable(codec),
        CodecError::OverCap => BatchError::Bomb { cap },
    }
}

/// Judges the records one by one and remembers what is wrong with them.
struct Judge<'a> {
    header: &'a BatchHeader,
    keys_required: bool,
    append_time_by_producer: bool,
    earliest: WallTime,
    latest: WallTime,
    max_timestamp: WallTime,
    errors: Vec<RecordError>,
}

impl<'a> Judge<'a> {
    fn new(header: &'a BatchHeader, rules: &CheckRules) -> Judge<'a> {
        let by_producer = header.timestamp_type() == TimestampType::Append;
        let (earliest, latest, appends) = match rules.timestamps {
            TimestampRules::Append { .. } => (WallTime(i64::MIN), WallTime(i64::MAX), true),
            TimestampRules::Create { now, before_max, after_max } => (
                WallTime(now.0.saturating_sub(before_max.0)),
                WallTime(now.0.saturating_add(after_max.0)),
                false,
            ),
        };
        Judge {
            header,
            keys_required: rules.keys_required,
            append_time_by_producer: by_producer && appends,
            earliest,
            latest,
            max_timestamp: NO_TIMESTAMP,
            errors: Vec::new(),
        }
    }

    fn walk<S: Source>(&mut self, source: &mut S) -> Result<(), Stop> {
        for index in 0..self.header.record_count {
            let stop = |error| Stop::Walk(index, error);
            let step = step(source).map_err(stop)?;
            self.judge(index, step).map_err(|defect| stop(WalkError::Defect(defect)))?;
        }
        let ended = at_end(source).map_err(|e| Stop::Walk(self.header.record_count, WalkError::Codec(e)))?;
        if ended { Ok(()) } else { Err(Stop::LeftOver) }
    }

    fn judge(&mut self, index: i32, step: Step) -> Result<(), RecordDefect> {
        if step.offset_delta != i64::from(index) {
            return Err(RecordDefect::OffsetDelta(step.offset_delta));
        }
        let timestamp =
            timestamp(self.header, step).ok_or(RecordDefect::TimestampDelta(step.timestamp_delta))?;
        self.max_timestamp = self.max_timestamp.max(timestamp);
        if let Some(fault) = self.fault(timestamp, step.has_key)
            && self.errors.len() < MAX_RECORD_ERRORS
        {
            self.errors.push(RecordError { index, fault });
        }
        Ok(())
    }

    fn fault(&self, timestamp: WallTime, has_key: bool) -> Option<RecordFault> {
        if self.keys_required && !has_key {
            return Some(RecordFault::KeyMissing);
        }
        if self.append_time_by_producer {
            return Some(RecordFault::AppendTimeByProducer);
        }
        let (earliest, latest) = (self.earliest, self.latest);
        let outside = timestamp != NO_TIMESTAMP && !(earliest..=latest).contains(&timestamp);
        outside.then_some(RecordFault::TimeOutOfRange { timestamp, earliest, latest })
    }

    fn verdict(self) -> Result<WallTime, BatchError> {
        if self.errors.is_empty() { Ok(self.max_timestamp) } else { Err(BatchError::Records(self.errors)) }
    }
}

/// Returns the time that the producer gave a record, nothing when it overflows.
pub(super) fn timestamp(header: &BatchHeader, step: Step) -> Option<WallTime> {
    header.base_timestamp.0.checked_add(step.timestamp_delta).map(WallTime)
}
