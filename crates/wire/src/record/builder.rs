//! Building batches: for our client, for coordinators and for tests.
//!
//! The result is what Kafka's producer would write: base offset 0, leader epoch -1, times counted from the
//! first record, records compressed as one piece. Source: `MemoryRecordsBuilder`.
//! Tests: `crates/wire/tests/record_codec.rs`, against Java's bytes.

use super::check::NO_TIMESTAMP;
use super::compress::{Codec, compress};
use super::header::{Attributes, BatchHeader, HEADER_BYTES, OVERHEAD_BYTES};
use super::varint::{VARINT_MAX, put_varint, varint_len};
use bytes::Bytes;
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, WallTime};

/// A batch that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// It has no records.
    #[error("a batch needs at least one record")]
    Empty,
    /// It is larger than the format can say.
    #[error("the batch is too large")]
    TooLarge,
    /// Two timestamps lie further apart than the format can say.
    #[error("the timestamps lie too far apart")]
    TimeSpan,
    /// The codec's library failed.
    #[error("compression failed")]
    Compress(#[from] std::io::Error),
}

/// A header to be written: key and value.
pub(super) type HeaderRef<'a> = (&'a [u8], Option<&'a [u8]>);

/// Gathers records for one batch.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    codec: Codec,
    transactional: bool,
    control: bool,
    producer: (ProducerId, ProducerEpoch, Sequence),
    leader_epoch: LeaderEpoch,
    base_offset: Offset,
    base_timestamp: WallTime,
    max_timestamp: WallTime,
    time_span_ok: bool,
    count: usize,
    records: Vec<u8>,
}

impl BatchBuilder {
    /// Starts an empty batch.
    pub fn new(codec: Codec) -> BatchBuilder {
        BatchBuilder {
            codec,
            transactional: false,
            control: false,
            producer: (ProducerId::NONE, ProducerEpoch(-1), Sequence(-1)),
            leader_epoch: LeaderEpoch::UNKNOWN,
            base_offset: Offset::ZERO,
            base_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
            time_span_ok: true,
            count: 0,
            records: Vec::new(),
        }
    }

    /// Makes it a batch of an idempotent producer.
    #[must_use]
    pub fn producer(mut self, id: ProducerId, epoch: ProducerEpoch, base_sequence: Sequence) -> BatchBuilder {
        self.producer = (id, epoch, base_sequence);
        self
    }

    /// Makes it part of a transaction, or not.
    #[must_use]
    pub fn transactional(mut self, transactional: bool) -> BatchBuilder {
        self.transactional = transactional;
        self
    }

    /// Places it in a log; clients leave this to the broker.
    #[must_use]
    pub fn placed(mut self, base_offset: Offset, leader_epoch: LeaderEpoch) -> BatchBuilder {
        self.base_offset = base_offset;
        self.leader_epoch = leader_epoch;
        self
    }

    /// Makes it a batch of control records.
    pub(super) fn control(mut self) -> BatchBuilder {
        self.control = true;
        self
    }

    /// Adds a record.
    pub fn push(
        &mut self,
        timestamp: WallTime,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&[u8], Option<&[u8]>)],
    ) {
        if self.count == 0 {
            self.base_timestamp = timestamp;
        }
        let delta = timestamp.0.checked_sub(self.base_timestamp.0);
        self.time_span_ok &= delta.is_some();
        self.max_timestamp = self.max_timestamp.max(timestamp);
        let (time, offset) = (delta.unwrap_or(0), wide(self.count));
        let length = body_len(time, offset, (key, value), headers);
        self.records.reserve(VARINT_MAX + length);
        put_varint(&mut self.records, wide(length));
        self.records.push(0);
        put_varint(&mut self.records, time);
        put_varint(&mut self.records, offset);
        self.put(key);
        self.put(value);
        put_varint(&mut self.records, wide(headers.len()));
        for (name, content) in headers {
            self.put(Some(name));
            self.put(*content);
        }
        self.count += 1;
    }

    fn put(&mut self, bytes: Option<&[u8]>) {
        put_varint(&mut self.records, bytes.map_or(-1, |b| wide(b.len())));
        self.records.extend_from_slice(bytes.unwrap_or_default());
    }

    /// Returns the number of records.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Says whether there are no records yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the bytes of the batch if it is not compressed: what it has at most, but for a few bytes.
    pub fn estimated_size(&self) -> usize {
        HEADER_BYTES + self.records.len()
    }

    /// Writes the batch.
    ///
    /// # Errors
    /// There is no record, or the format cannot hold what there is.
    pub fn build(self) -> Result<Bytes, BuildError> {
        if self.count == 0 {
            return Err(BuildError::Empty);
        }
        if !self.time_span_ok {
            return Err(BuildError::TimeSpan);
        }
        let records = match self.codec {
            Codec::None => None,
            codec => Some(compress(codec, &self.records)?),
        };
        let records = records.as_deref().unwrap_or(&self.records);
        let header = self.header(records.len())?;
        Ok(header.seal(records))
    }

    fn header(&self, records_len: usize) -> Result<BatchHeader, BuildError> {
        let fit = |number: usize| i32::try_from(number).map_err(|_| BuildError::TooLarge);
        let record_count = fit(self.count)?;
        let (producer_id, producer_epoch, base_sequence) = self.producer;
        Ok(BatchHeader {
            base_offset: self.base_offset,
            batch_length: fit(HEADER_BYTES - OVERHEAD_BYTES + records_len)?,
            leader_epoch: self.leader_epoch,
            crc: 0,
            attributes: Attributes::new(self.codec, self.transactional, self.control),
            last_offset_delta: record_count - 1,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer_id,
            producer_epoch,
            base_sequence,
            record_count,
        })
    }
}

fn body_len(
    time: i64,
    offset: i64,
    pair: (Option<&[u8]>, Option<&[u8]>),
    headers: &[HeaderRef<'_>],
) -> usize {
    let field = |bytes: Option<&[u8]>| bytes.map_or(1, |bytes| varint_len(wide(bytes.len())) + bytes.len());
    let headers_len: usize = headers.iter().map(|(name, content)| field(Some(name)) + field(*content)).sum();
    let numbers = 1 + varint_len(time) + varint_len(offset) + varint_len(wide(headers.len()));
    numbers + field(pair.0) + field(pair.1) + headers_len
}

/// A length as the number it is written as; what cannot be is caught by the size of the batch.
fn wide(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
