//! Why a batch is refused, and what the client is told.
//!
//! Codes are those of Kafka 4.3.1 where it refuses too; where Highwater is stricter (offset deltas, unused
//! bits, bytes left over, undecodable records) it answers INVALID_RECORD, which clients do not retry.
//! Source: `ProduceRequest.validateRecords`, `UnifiedLog`, `LogValidator`; reliability 7.3 A13-A20.
//! Tests: `crates/wire/tests/record_check.rs`.

use super::compress::Codec;
use super::header::HeaderError;
use types::{ErrorCode, ProducerEpoch, ProducerId, Sequence, WallTime};

/// Why a batch from a client is refused; nothing of it is stored.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BatchError {
    /// There are no bytes.
    #[error("there is no record batch")]
    NoBatch,
    /// The head is none, or bytes are missing.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A second batch follows.
    #[error("there is more than one record batch")]
    SecondBatch,
    /// Bytes follow that are no batch.
    #[error("{0} bytes follow the record batch")]
    TrailingBytes(usize),
    /// The base offset is not 0; only the leader gives offsets.
    #[error("base offset of the batch is {0}, not 0")]
    BaseOffset(i64),
    /// The CRC is wrong.
    #[error("CRC of the batch is {computed:#010x}, not {stored:#010x}")]
    Crc {
        /// What the batch says.
        stored: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// Attribute bits are set that a client may not set.
    #[error("attribute bits {0:#06x} of the batch are unknown")]
    Attributes(i16),
    /// Control records come from a client.
    #[error("clients may not write control records")]
    Control,
    /// The batch is larger than the topic allows.
    #[error("the batch has {size} bytes, the limit is {max}")]
    TooLarge {
        /// Bytes of the batch.
        size: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// The number of the codec is unknown.
    #[error("compression type {0} is unknown")]
    UnknownCodec(u8),
    /// The request's version is from before zstd.
    #[error("zstd needs Produce version 7 or later")]
    ZstdTooEarly,
    /// Record count and last offset do not fit.
    #[error("the batch counts {count} records and its last offset delta is {last_offset_delta}")]
    Count {
        /// Records that the batch announces.
        count: i32,
        /// Last offset less first.
        last_offset_delta: i32,
    },
    /// Producer id, epoch and sequence do not fit.
    #[error("producer id {id}, epoch {epoch} and sequence {sequence} do not fit")]
    Producer {
        /// Producer id.
        id: ProducerId,
        /// Its epoch.
        epoch: ProducerEpoch,
        /// First sequence.
        sequence: Sequence,
    },
    /// The compressed bytes are not what the codec writes.
    #[error("the records cannot be decompressed as {0}")]
    Undecodable(Codec),
    /// The records grow beyond the cap.
    #[error("the records decompress to more than {cap} bytes")]
    Bomb {
        /// Bytes allowed.
        cap: usize,
    },
    /// A record's structure is wrong.
    #[error("record {index}: {defect}")]
    Record {
        /// Which record of the batch, from 0.
        index: i32,
        /// What is wrong with it.
        defect: RecordDefect,
    },
    /// Bytes follow the last record.
    #[error("bytes follow the last record")]
    LeftOver,
    /// Records are well formed but not allowed. *Shape*: by index, at least one, at most 1,000.
    #[error("{} records are refused, the first: {}", .0.len(), first(.0))]
    Records(Vec<RecordError>),
}

fn first(errors: &[RecordError]) -> String {
    errors.first().map(ToString::to_string).unwrap_or_default()
}

impl BatchError {
    /// Returns the code for the client.
    pub fn code(&self) -> ErrorCode {
        match self {
            BatchError::Crc { .. }
            | BatchError::TrailingBytes(_)
            | BatchError::Header(HeaderError::Length(_)) => ErrorCode::CorruptMessage,
            BatchError::Header(HeaderError::Magic(magic)) if !(0..2).contains(magic) => {
                ErrorCode::CorruptMessage
            }
            BatchError::TooLarge { .. } | BatchError::Bomb { .. } => ErrorCode::MessageTooLarge,
            BatchError::UnknownCodec(_) | BatchError::ZstdTooEarly => ErrorCode::UnsupportedCompressionType,
            BatchError::Records(errors) if errors.iter().any(|e| e.fault.is_time()) => {
                ErrorCode::InvalidTimestamp
            }
            BatchError::NoBatch
            | BatchError::Header(_)
            | BatchError::SecondBatch
            | BatchError::BaseOffset(_)
            | BatchError::Attributes(_)
            | BatchError::Control
            | BatchError::Count { .. }
            | BatchError::Producer { .. }
            | BatchError::Undecodable(_)
            | BatchError::Record { .. }
            | BatchError::LeftOver
            | BatchError::Records(_) => ErrorCode::InvalidRecord,
        }
    }

    /// Returns the refused records, for the record errors of Produce v8 and later; empty when the batch as
    /// a whole is at fault.
    pub fn record_errors(&self) -> &[RecordError] {
        match self {
            BatchError::Records(errors) => errors,
            _ => &[],
        }
    }
}

/// One record that is not allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("record {index}: {fault}")]
pub struct RecordError {
    /// Which record of the batch, from 0.
    pub index: i32,
    /// Why.
    pub fault: RecordFault,
}

/// Why a well-formed record is not allowed. Shown, it is the message for the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordFault {
    /// A compacted topic needs keys.
    #[error("a compacted topic takes no record without a key")]
    KeyMissing,
    /// The timestamp is outside the topic's bounds.
    #[error("timestamp {timestamp} is not within [{earliest}, {latest}]")]
    TimeOutOfRange {
        /// What the record says.
        timestamp: WallTime,
        /// First time allowed.
        earliest: WallTime,
        /// Last time allowed.
        latest: WallTime,
    },
    /// The producer set the bit that is the broker's.
    #[error("a producer may not set the timestamp type to LogAppendTime")]
    AppendTimeByProducer,
}

impl RecordFault {
    /// Says whether it is about time, which has a code of its own.
    pub fn is_time(self) -> bool {
        !matches!(self, RecordFault::KeyMissing)
    }
}

/// What is wrong with the structure of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordDefect {
    /// The records end before the record does.
    #[error("the records end inside it")]
    Truncated,
    /// A number is longer than its kind allows.
    #[error("a number is too long")]
    Number,
    /// Its length is negative, or its parts do not fill it exactly.
    #[error("its length does not fit its parts")]
    Length,
    /// Attribute bits are set; none is defined.
    #[error("unknown attribute bits {0:#04x}")]
    Attributes(u8),
    /// Its offset is not that of its place.
    #[error("offset delta {0} is not its index")]
    OffsetDelta(i64),
    /// Base timestamp and delta leave the range of times.
    #[error("timestamp delta {0} overflows")]
    TimestampDelta(i64),
    /// The length of the key is below -1.
    #[error("key length {0} is impossible")]
    KeyLength(i64),
    /// The length of the value is below -1.
    #[error("value length {0} is impossible")]
    ValueLength(i64),
    /// The number of headers is negative or larger than the record.
    #[error("header count {0} is impossible")]
    HeaderCount(i64),
    /// The length of a header's key is negative.
    #[error("header key length {0} is impossible")]
    HeaderKeyLength(i64),
    /// The length of a header's value is below -1.
    #[error("header value length {0} is impossible")]
    HeaderValueLength(i64),
}
