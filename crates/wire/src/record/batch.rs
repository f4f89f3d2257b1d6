//! One batch in memory, and the batches of a run of bytes.
//!
//! A `Batch` is its parsed head and the bytes from the magic on, shared with the frame they came in.
//! The 16 bytes before the magic are made from the head, so stamping an offset copies nothing.
//! Only a change of timestamps (log append time, a wrong max timestamp) copies, because the CRC covers
//! them. Source: D-5; `DefaultRecordBatch.setMaxTimestamp`. Tests: `crates/wire/tests/record_batch.rs`.

use super::header::{BatchHeader, CRC_START, HEADER_BYTES, HeaderError, TimestampType};
use bytes::{BufMut, Bytes, BytesMut};
use std::ops::Range;
use types::{LeaderEpoch, Offset, WallTime};

/// Bytes before the magic: base offset, length, leader epoch.
const PREFIX_BYTES: usize = 16;

/// One whole batch, its bytes shared with whatever they came from.
///
/// *Invariant*: the body is as long as the head says; the head equals the bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    header: BatchHeader,
    body: Bytes,
}

impl Batch {
    /// Takes exactly one batch. The CRC and the records are not looked at: see `check`.
    ///
    /// # Errors
    /// The head is none, bytes are missing, or bytes follow the batch (`Length` with the batch's length).
    pub fn from_wire(bytes: &Bytes) -> Result<Batch, HeaderError> {
        let header = BatchHeader::parse(bytes)?;
        let (needed, have) = (header.size(), bytes.len());
        if have < needed {
            return Err(HeaderError::Truncated { needed, have });
        }
        if have > needed {
            return Err(HeaderError::Length(header.batch_length));
        }
        Ok(Batch { header, body: bytes.slice(PREFIX_BYTES..) })
    }

    /// Returns the head as numbers.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// Returns the bytes of the whole batch.
    pub fn size(&self) -> usize {
        PREFIX_BYTES + self.body.len()
    }

    /// Stamps the offset of the first record and the epoch of the leader. Copies nothing.
    pub fn place(&mut self, base_offset: Offset, leader_epoch: LeaderEpoch) {
        self.header.base_offset = base_offset;
        self.header.leader_epoch = leader_epoch;
    }

    /// Makes the time of the append the time of all records. Copies the batch and renews its CRC.
    pub fn set_append_time(&mut self, now: WallTime) {
        self.set_timestamps(TimestampType::Append, now);
    }

    /// Sets meaning and maximum of the timestamps; copies the batch and renews its CRC if that is a change.
    pub fn set_timestamps(&mut self, kind: TimestampType, max: WallTime) {
        if self.header.timestamp_type() == kind && self.header.max_timestamp == max {
            return;
        }
        self.header.attributes = self.header.attributes.with_timestamp_type(kind);
        self.header.max_timestamp = max;
        let mut body = BytesMut::from(&self.body[..]);
        body[5..7].copy_from_slice(&self.header.attributes.0.to_be_bytes());
        body[19..27].copy_from_slice(&max.0.to_be_bytes());
        self.header.crc = crc_fast::crc32_iscsi(&body[CRC_START - PREFIX_BYTES..]);
        body[1..5].copy_from_slice(&self.header.crc.to_be_bytes());
        self.body = body.freeze();
    }

    /// Returns the 16 bytes before the magic, as they are now.
    pub fn prefix(&self) -> [u8; 16] {
        self.header.prefix()
    }

    /// Returns the bytes from the magic on.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns the bytes of the records, as they are compressed.
    pub(super) fn records(&self) -> &[u8] {
        self.body.get(HEADER_BYTES - PREFIX_BYTES..).unwrap_or_default()
    }

    /// Returns the batch as two slices to be sent one after the other.
    pub fn parts(&self) -> (Bytes, Bytes) {
        (Bytes::copy_from_slice(&self.prefix()), self.body.clone())
    }

    /// Appends the batch to `out`.
    pub fn write_to(&self, out: &mut impl BufMut) {
        out.put_slice(&self.prefix());
        out.put_slice(&self.body);
    }

    /// Returns the batch as one piece. Copies it.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.size());
        self.write_to(&mut out);
        Bytes::from(out)
    }

    /// Returns the same batch in memory of its own, so that it no longer pins the frame it came in (W-17).
    pub fn detached(&self) -> Batch {
        Batch { header: self.header, body: Bytes::copy_from_slice(&self.body) }
    }

    /// Says whether the CRC is right.
    pub fn verify_crc(&self) -> bool {
        crc_fast::crc32_iscsi(&self.body[CRC_START - PREFIX_BYTES..]) == self.header.crc
    }
}

/// Returns the CRC-32C that the batch at the head of `batch` should carry; `batch` ends where it ends.
pub fn batch_crc(batch: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(batch.get(CRC_START..).unwrap_or_default())
}

/// Says whether `batch`, the bytes of one whole batch, carries the right CRC.
pub fn verify_crc(batch: &[u8]) -> bool {
    match batch.get(CRC_START - 4..CRC_START) {
        Some(stored) => stored == batch_crc(batch).to_be_bytes(),
        None => false,
    }
}

/// Where a batch lies in a run of bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BatchSpan {
    /// Its head.
    pub header: BatchHeader,
    /// Its bytes, counted from the start of the run.
    pub range: Range<usize>,
}

/// Walks the batches of a run of bytes, such as a piece of a segment.
///
/// *Shape*: spans in order, each beginning where the last ended. Ends after the first error; a run that
/// stops inside a batch gives `Truncated` last. CRCs are not verified.
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    bytes: &'a [u8],
    at: usize,
    failed: bool,
}

impl<'a> Batches<'a> {
    /// Starts at the head of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Batches<'a> {
        Batches { bytes, at: 0, failed: false }
    }

    /// Returns how many bytes whole batches have taken so far.
    pub fn position(&self) -> usize {
        self.at
    }

    fn step(&mut self, rest: &[u8]) -> Result<BatchSpan, HeaderError> {
        let header = BatchHeader::parse(rest)?;
        let (needed, have) = (header.size(), rest.len());
        if have < needed {
            return Err(HeaderError::Truncated { needed, have });
        }
        let range = self.at..self.at + needed;
        self.at = range.end;
        Ok(BatchSpan { header, range })
    }
}

impl Iterator for Batches<'_> {
    type Item = Result<BatchSpan, HeaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty() && !self.failed)?;
        let item = self.step(rest);
        self.failed = item.is_err();
        Some(item)
    }
}

const _: () = assert!(HEADER_BYTES > CRC_START && CRC_START > PREFIX_BYTES);
