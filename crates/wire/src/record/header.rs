//! The 61 bytes at the head of a batch.
//!
//! ```text
//! byte  0  base offset          i64   outside the CRC, stamped by the leader
//!       8  batch length         i32   bytes after this field
//!      12  leader epoch         i32   outside the CRC, stamped by the leader
//!      16  magic                i8    always 2
//!      17  crc                  u32   CRC-32C of all that follows
//!      21  attributes           i16   see `Attributes`
//!      23  last offset delta    i32
//!      27  base timestamp       i64
//!      35  max timestamp        i64
//!      43  producer id          i64   -1: not idempotent
//!      51  producer epoch       i16
//!      53  base sequence        i32
//!      57  record count         i32
//!      61  records, compressed as one piece by the codec of the attributes
//! ```
//!
//! All numbers are big-endian. *Invariant* of a parsed header: magic is 2 and the batch length holds at
//! least a header. Source: KIP-98, `DefaultRecordBatch`. Tests: `crates/wire/tests/record_batch.rs`.

use super::compress::Codec;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, WallTime};

/// Bytes of a batch before its records.
pub const HEADER_BYTES: usize = 61;
/// Bytes that the batch length does not count: base offset and the length itself.
pub const OVERHEAD_BYTES: usize = 12;
/// The only format there is.
pub(super) const MAGIC: i8 = 2;
/// Where the bytes begin that the CRC covers, counted from the start of the batch.
pub(super) const CRC_START: usize = 21;
/// Smallest batch length: a header without records.
const MIN_LENGTH: i32 = 49;

const CODEC_BITS: i16 = 0x07;
const APPEND_TIME_BIT: i16 = 0x08;
const TRANSACTIONAL_BIT: i16 = 0x10;
const CONTROL_BIT: i16 = 0x20;
const DELETE_HORIZON_BIT: i16 = 0x40;

/// What the timestamps of a batch mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimestampType {
    /// Each record carries the time its producer gave it.
    Create,
    /// All records have the time of the append, which is the batch's max timestamp.
    Append,
}

/// Attribute bits: 0-2 codec, 3 append time, 4 transactional, 5 control, 6 delete horizon; others unused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attributes(pub i16);

impl Attributes {
    /// Returns the number of the codec, which may be one that nobody knows.
    pub fn codec_id(self) -> u8 {
        u8::try_from(self.0 & CODEC_BITS).unwrap_or(0)
    }

    /// Returns the codec, or nothing when its number is unknown.
    pub fn codec(self) -> Option<Codec> {
        Codec::from_id(self.codec_id())
    }

    /// Returns the meaning of the timestamps.
    pub fn timestamp_type(self) -> TimestampType {
        if self.0 & APPEND_TIME_BIT == 0 { TimestampType::Create } else { TimestampType::Append }
    }

    /// Says whether the batch belongs to a transaction.
    pub fn is_transactional(self) -> bool {
        self.0 & TRANSACTIONAL_BIT != 0
    }

    /// Says whether the batch holds control records, which consumers never show.
    pub fn is_control(self) -> bool {
        self.0 & CONTROL_BIT != 0
    }

    /// Says whether the base timestamp is the time at which tombstones may go (a compacted batch).
    pub fn has_delete_horizon(self) -> bool {
        self.0 & DELETE_HORIZON_BIT != 0
    }

    /// Returns the bits that a client may not set: unused ones and the compactor's.
    pub fn foreign_bits(self) -> i16 {
        self.0 & !(CODEC_BITS | APPEND_TIME_BIT | TRANSACTIONAL_BIT | CONTROL_BIT)
    }

    /// Returns the same attributes with another meaning of timestamps.
    pub fn with_timestamp_type(self, kind: TimestampType) -> Attributes {
        match kind {
            TimestampType::Create => Attributes(self.0 & !APPEND_TIME_BIT),
            TimestampType::Append => Attributes(self.0 | APPEND_TIME_BIT),
        }
    }

    /// Returns the same attributes with another codec.
    pub fn with_codec(self, codec: Codec) -> Attributes {
        Attributes(self.0 & !CODEC_BITS | i16::from(codec.id()))
    }

    /// Returns the same attributes with the mark that the base timestamp is a delete horizon.
    pub fn with_delete_horizon(self) -> Attributes {
        Attributes(self.0 | DELETE_HORIZON_BIT)
    }

    pub(super) fn new(codec: Codec, transactional: bool, control: bool) -> Attributes {
        let flags = if transactional { TRANSACTIONAL_BIT } else { 0 } | if control { CONTROL_BIT } else { 0 };
        Attributes(i16::from(codec.id()) | flags)
    }
}

/// A head that is no head of a format 2 batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeaderError {
    /// The bytes end before the batch does. `needed` is a lower bound as long as the head is incomplete.
    #[error("the batch needs {needed} bytes and has {have}")]
    Truncated {
        /// Bytes that the batch takes.
        needed: usize,
        /// Bytes that are there.
        have: usize,
    },
    /// The batch length cannot hold a header.
    #[error("batch length {0} is impossible")]
    Length(i32),
    /// The format is not 2.
    #[error("batch format {0} is not supported")]
    Magic(i8),
}

/// The head of a batch as numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchHeader {
    /// Offset of the first record that the batch had when it was written.
    pub base_offset: Offset,
    /// Bytes of the batch after the length field.
    pub batch_length: i32,
    /// Epoch of the leader that appended it.
    pub leader_epoch: LeaderEpoch,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Codec and flags.
    pub attributes: Attributes,
    /// Last offset less base offset; stays when compaction takes the last record.
    pub last_offset_delta: i32,
    /// What the timestamp deltas of the records count from.
    pub base_timestamp: WallTime,
    /// Largest timestamp, or the time of the append.
    pub max_timestamp: WallTime,
    /// Who wrote it, `-1` for a producer without idempotence.
    pub producer_id: ProducerId,
    /// Incarnation of the producer.
    pub producer_epoch: ProducerEpoch,
    /// Sequence of the first record.
    pub base_sequence: Sequence,
    /// Number of records.
    pub record_count: i32,
}

impl BatchHeader {
    /// Parses the head of `bytes`; what follows the head is not looked at, so it may be missing.
    ///
    /// # Errors
    /// The head is incomplete, of another format, or gives an impossible length.
    pub fn parse(bytes: &[u8]) -> Result<BatchHeader, HeaderError> {
        let Some(mut head) = bytes.get(..HEADER_BYTES) else {
            return Err(BatchHeader::short(bytes));
        };
        let base_offset = Offset(head.get_i64());
        let batch_length = head.get_i32();
        let leader_epoch = LeaderEpoch(head.get_i32());
        let magic = head.get_i8();
        refuse(magic, batch_length)?;
        Ok(BatchHeader {
            base_offset,
            batch_length,
            leader_epoch,
            crc: head.get_u32(),
            attributes: Attributes(head.get_i16()),
            last_offset_delta: head.get_i32(),
            base_timestamp: WallTime(head.get_i64()),
            max_timestamp: WallTime(head.get_i64()),
            producer_id: ProducerId(head.get_i64()),
            producer_epoch: ProducerEpoch(head.get_i16()),
            base_sequence: Sequence(head.get_i32()),
            record_count: head.get_i32(),
        })
    }

    /// Names what is wrong with a head of less than 61 bytes: a wrong format or length if it can be seen.
    fn short(bytes: &[u8]) -> HeaderError {
        let length = bytes.get(8..12).map_or(MIN_LENGTH, |mut b| b.get_i32());
        let magic = bytes.get(16).map_or(MAGIC, |b| b.cast_signed());
        let needed = OVERHEAD_BYTES + usize::try_from(length).unwrap_or(0);
        refuse(magic, length).err().unwrap_or(HeaderError::Truncated { needed, have: bytes.len() })
    }

    /// Returns the 16 bytes before the magic, which the CRC does not cover.
    pub fn prefix(&self) -> [u8; 16] {
        let mut prefix = [0; 16];
        prefix[..8].copy_from_slice(&self.base_offset.0.to_be_bytes());
        prefix[8..12].copy_from_slice(&self.batch_length.to_be_bytes());
        prefix[12..].copy_from_slice(&self.leader_epoch.0.to_be_bytes());
        prefix
    }

    /// Writes a batch of this head and `records`, its CRC computed; the length must already fit.
    pub(super) fn seal(&self, records: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(HEADER_BYTES + records.len());
        out.put_slice(&self.prefix());
        out.put_i8(MAGIC);
        out.put_u32(0);
        out.put_i16(self.attributes.0);
        out.put_i32(self.last_offset_delta);
        out.put_i64(self.base_timestamp.0);
        out.put_i64(self.max_timestamp.0);
        out.put_i64(self.producer_id.0);
        out.put_i16(self.producer_epoch.0);
        out.put_i32(self.base_sequence.0);
        out.put_i32(self.record_count);
        out.put_slice(records);
        let crc = crc_fast::crc32_iscsi(&out[CRC_START..]);
        out[CRC_START - 4..CRC_START].copy_from_slice(&crc.to_be_bytes());
        out.freeze()
    }

    /// Returns a batch with the offsets, epochs and producer of this head and no records, as compaction leaves one whose
    /// records are all gone (`DefaultRecordBatch.writeEmptyHeader`). Its length and CRC are right.
    pub fn emptied(&self) -> Bytes {
        let attributes = Attributes(self.attributes.0 & !(CODEC_BITS | DELETE_HORIZON_BIT));
        let base_timestamp = WallTime(-1);
        BatchHeader { batch_length: MIN_LENGTH, attributes, base_timestamp, record_count: 0, ..*self }
            .seal(&[])
    }

    /// Returns the time from which on tombstones and marks of this batch may go, if compaction has set one.
    pub fn delete_horizon(&self) -> Option<WallTime> {
        self.attributes.has_delete_horizon().then_some(self.base_timestamp)
    }

    /// Returns the bytes of the whole batch, on the wire and on disk.
    pub fn size(&self) -> usize {
        OVERHEAD_BYTES + usize::try_from(self.batch_length).unwrap_or(0)
    }

    /// Returns the last offset of the batch, inclusive.
    pub fn last_offset(&self) -> Offset {
        Offset(self.base_offset.0.saturating_add(i64::from(self.last_offset_delta)))
    }

    /// Returns the first offset after the batch.
    pub fn next_offset(&self) -> Offset {
        Offset(self.last_offset().0.saturating_add(1))
    }

    /// Returns the sequence of the last record, `-1` without a producer id.
    pub fn last_sequence(&self) -> Sequence {
        if self.has_producer() { self.base_sequence.plus(self.last_offset_delta) } else { Sequence(-1) }
    }

    /// Says whether an idempotent producer wrote the batch.
    pub fn has_producer(&self) -> bool {
        self.producer_id.0 >= 0
    }

    /// Returns the codec, or nothing when its number is unknown.
    pub fn codec(&self) -> Option<Codec> {
        self.attributes.codec()
    }

    /// Returns the meaning of the timestamps.
    pub fn timestamp_type(&self) -> TimestampType {
        self.attributes.timestamp_type()
    }

    /// Says whether the batch belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes.is_transactional()
    }

    /// Says whether the batch holds control records.
    pub fn is_control(&self) -> bool {
        self.attributes.is_control()
    }
}

/// Refuses a format or a length that no batch has.
fn refuse(magic: i8, batch_length: i32) -> Result<(), HeaderError> {
    if magic != MAGIC {
        return Err(HeaderError::Magic(magic));
    }
    if batch_length < MIN_LENGTH {
        return Err(HeaderError::Length(batch_length));
    }
    Ok(())
}
