// Written by `cargo xtask codegen` from schema/; do not edit.

//! `TransactionLogValue`, stored with two bytes in front of it.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::{Rope, Tags};
use crate::stored::Stored;
use types::Uuid;

/// Body of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug)]
pub struct TransactionLogValue {
    /// `int64`, versions 0 to 1.
    pub producer_id: i64,
    /// `int64`, version 1; tag 0; default -1.
    pub previous_producer_id: i64,
    /// `int64`, version 1; tag 1; default -1.
    pub next_producer_id: i64,
    /// `int16`, versions 0 to 1.
    pub producer_epoch: i16,
    /// `int16`, version 1; tag 3; default -1.
    pub next_producer_epoch: i16,
    /// `int32`, versions 0 to 1.
    pub transaction_timeout_ms: i32,
    /// `int8`, versions 0 to 1.
    pub transaction_status: i8,
    /// `[]PartitionsSchema`, versions 0 to 1; null in versions 0 to 1.
    pub transaction_partitions: Option<Vec<PartitionsSchema>>,
    /// `int64`, versions 0 to 1.
    pub transaction_last_update_timestamp_ms: i64,
    /// `int64`, versions 0 to 1.
    pub transaction_start_timestamp_ms: i64,
    /// `int16`, version 1; tag 2.
    pub client_transaction_version: i16,
    /// `int16`, version 1; tag 10001; default -1; dropped where a version lacks it.
    pub last_producer_epoch: i16,
    /// `string`, version 1; tag 10002; dropped where a version lacks it.
    pub client_id: String,
    /// `string`, version 1; tag 10003; dropped where a version lacks it.
    pub client_host: String,
}

impl Default for TransactionLogValue {
    fn default() -> TransactionLogValue {
        TransactionLogValue {
            producer_id: 0,
            previous_producer_id: -1,
            next_producer_id: -1,
            producer_epoch: 0,
            next_producer_epoch: -1,
            transaction_timeout_ms: 0,
            transaction_status: 0,
            transaction_partitions: Some(Vec::new()),
            transaction_last_update_timestamp_ms: 0,
            transaction_start_timestamp_ms: 0,
            client_transaction_version: 0,
            last_producer_epoch: -1,
            client_id: String::new(),
            client_host: String::new(),
        }
    }
}

impl TransactionLogValue {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let producer_id = reader.i64()?;
        let mut previous_producer_id = -1;
        let mut next_producer_id = -1;
        let producer_epoch = reader.i16()?;
        let mut next_producer_epoch = -1;
        let transaction_timeout_ms = reader.i32()?;
        let transaction_status = reader.i8()?;
        let transaction_partitions =
            reader.nullable_array(flexible, 3, |reader| PartitionsSchema::read(reader, version))?;
        let transaction_last_update_timestamp_ms = reader.i64()?;
        let transaction_start_timestamp_ms = reader.i64()?;
        let mut client_transaction_version = 0;
        let mut last_producer_epoch = -1;
        let mut client_id = String::new();
        let mut client_host = String::new();
        if flexible {
            reader.tags(|tag, reader| {
                match tag {
                    0 => {
                        previous_producer_id = reader.i64()?;
                    }
                    1 => {
                        next_producer_id = reader.i64()?;
                    }
                    2 => {
                        client_transaction_version = reader.i16()?;
                    }
                    3 => {
                        next_producer_epoch = reader.i16()?;
                    }
                    10001 => {
                        last_producer_epoch = reader.i16()?;
                    }
                    10002 => {
                        client_id = reader.string(true)?;
                    }
                    10003 => {
                        client_host = reader.string(true)?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(TransactionLogValue {
            producer_id,
            previous_producer_id,
            next_producer_id,
            producer_epoch,
            next_producer_epoch,
            transaction_timeout_ms,
            transaction_status,
            transaction_partitions,
            transaction_last_update_timestamp_ms,
            transaction_start_timestamp_ms,
            client_transaction_version,
            last_producer_epoch,
            client_id,
            client_host,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        out.put_i64(self.producer_id);
        out.put_i16(self.producer_epoch);
        out.put_i32(self.transaction_timeout_ms);
        out.put_i8(self.transaction_status);
        match &self.transaction_partitions {
            Some(items) => {
                out.put_len(items.len(), flexible)?;
                for item in items {
                    item.write(out, version)?;
                }
            }
            None => out.put_null(flexible),
        }
        out.put_i64(self.transaction_last_update_timestamp_ms);
        out.put_i64(self.transaction_start_timestamp_ms);
        let mut tags = Tags::default();
        if self.previous_producer_id != -1 {
            if version >= 1 {
                tags.add(0, |out| {
                    out.put_i64(self.previous_producer_id);
                    Ok(())
                })?;
            } else {
                return Err(EncodeError::UnsupportedField {
                    field: "TransactionLogValue.previous_producer_id",
                    version,
                });
            }
        }
        if self.next_producer_id != -1 {
            if version >= 1 {
                tags.add(1, |out| {
                    out.put_i64(self.next_producer_id);
                    Ok(())
                })?;
            } else {
                return Err(EncodeError::UnsupportedField {
                    field: "TransactionLogValue.next_producer_id",
                    version,
                });
            }
        }
        if self.client_transaction_version != 0 {
            if version >= 1 {
                tags.add(2, |out| {
                    out.put_i16(self.client_transaction_version);
                    Ok(())
                })?;
            } else {
                return Err(EncodeError::UnsupportedField {
                    field: "TransactionLogValue.client_transaction_version",
                    version,
                });
            }
        }
        if self.next_producer_epoch != -1 {
            if version >= 1 {
                tags.add(3, |out| {
                    out.put_i16(self.next_producer_epoch);
                    Ok(())
                })?;
            } else {
                return Err(EncodeError::UnsupportedField {
                    field: "TransactionLogValue.next_producer_epoch",
                    version,
                });
            }
        }
        if version >= 1 && self.last_producer_epoch != -1 {
            tags.add(10001, |out| {
                out.put_i16(self.last_producer_epoch);
                Ok(())
            })?;
        }
        if version >= 1 && !self.client_id.is_empty() {
            tags.add(10002, |out| {
                out.put_string(&self.client_id, true)?;
                Ok(())
            })?;
        }
        if version >= 1 && !self.client_host.is_empty() {
            tags.add(10003, |out| {
                out.put_string(&self.client_host, true)?;
                Ok(())
            })?;
        }
        if flexible {
            out.put_tags(tags)?;
        }
        Ok(())
    }
}

/// Part of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartitionsSchema {
    /// `string`, versions 0 to 1.
    pub topic: String,
    /// `[]int32`, versions 0 to 1.
    pub partition_ids: Vec<i32>,
    /// `uuid`, version 1; tag 10000; dropped where a version lacks it.
    pub topic_id: Uuid,
}

impl PartitionsSchema {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let topic = reader.string(flexible)?;
        let partition_ids = reader.array(flexible, 4, |reader| reader.i32())?;
        let mut topic_id = Uuid::ZERO;
        if flexible {
            reader.tags(|tag, reader| {
                match tag {
                    10000 => {
                        topic_id = reader.uuid()?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(PartitionsSchema { topic, partition_ids, topic_id })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        out.put_string(&self.topic, flexible)?;
        out.put_len(self.partition_ids.len(), flexible)?;
        for item in &self.partition_ids {
            out.put_i32(*item);
        }
        let mut tags = Tags::default();
        if version >= 1 && !self.topic_id.is_zero() {
            tags.add(10000, |out| {
                out.put_uuid(self.topic_id);
                Ok(())
            })?;
        }
        if flexible {
            out.put_tags(tags)?;
        }
        Ok(())
    }
}

impl Message for TransactionLogValue {
    const NAME: &'static str = "TransactionLogValue";
    const MIN: i16 = 0;
    const MAX: i16 = 1;
    const FLEXIBLE_FROM: i16 = 1;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl Stored for TransactionLogValue {}
