// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of AddPartitionsToTxn, API key 24.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnRequest {
    /// `[]AddPartitionsToTxnTransaction`, versions 4 to 5.
    pub transactions: Vec<AddPartitionsToTxnTransaction>,
    /// `string`, versions 0 to 3.
    pub v3_and_below_transactional_id: String,
    /// `int64`, versions 0 to 3.
    pub v3_and_below_producer_id: i64,
    /// `int16`, versions 0 to 3.
    pub v3_and_below_producer_epoch: i16,
    /// `[]AddPartitionsToTxnTopic`, versions 0 to 3.
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic>,
}

impl AddPartitionsToTxnRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let transactions = if version >= 4 {
            reader.array(flexible, 14, |reader| AddPartitionsToTxnTransaction::read(reader, version))?
        } else {
            Vec::new()
        };
        let v3_and_below_transactional_id =
            if version <= 3 { reader.string(flexible)? } else { String::new() };
        let v3_and_below_producer_id = if version <= 3 { reader.i64()? } else { 0 };
        let v3_and_below_producer_epoch = if version <= 3 { reader.i16()? } else { 0 };
        let v3_and_below_topics = if version <= 3 {
            reader.array(flexible, 3, |reader| AddPartitionsToTxnTopic::read(reader, version))?
        } else {
            Vec::new()
        };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AddPartitionsToTxnRequest {
            transactions,
            v3_and_below_transactional_id,
            v3_and_below_producer_id,
            v3_and_below_producer_epoch,
            v3_and_below_topics,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        if version >= 4 {
            out.put_len(self.transactions.len(), flexible)?;
            for item in &self.transactions {
                item.write(out, version)?;
            }
        } else if !self.transactions.is_empty() {
            return Err(EncodeError::UnsupportedField {
                field: "AddPartitionsToTxnRequest.transactions",
                version,
            });
        }
        if version <= 3 {
            out.put_string(&self.v3_and_below_transactional_id, flexible)?;
        } else if !self.v3_and_below_transactional_id.is_empty() {
            return Err(EncodeError::UnsupportedField {
                field: "AddPartitionsToTxnRequest.v3_and_below_transactional_id",
                version,
            });
        }
        if version <= 3 {
            out.put_i64(self.v3_and_below_producer_id);
        } else if self.v3_and_below_producer_id != 0 {
            return Err(EncodeError::UnsupportedField {
                field: "AddPartitionsToTxnRequest.v3_and_below_producer_id",
                version,
            });
        }
        if version <= 3 {
            out.put_i16(self.v3_and_below_producer_epoch);
        } else if self.v3_and_below_producer_epoch != 0 {
            return Err(EncodeError::UnsupportedField {
                field: "AddPartitionsToTxnRequest.v3_and_below_producer_epoch",
                version,
            });
        }
        if version <= 3 {
            out.put_len(self.v3_and_below_topics.len(), flexible)?;
            for item in &self.v3_and_below_topics {
                item.write(out, version)?;
            }
        } else if !self.v3_and_below_topics.is_empty() {
            return Err(EncodeError::UnsupportedField {
                field: "AddPartitionsToTxnRequest.v3_and_below_topics",
                version,
            });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 4 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnTransaction {
    /// `string`, versions 4 to 5.
    pub transactional_id: String,
    /// `int64`, versions 4 to 5.
    pub producer_id: i64,
    /// `int16`, versions 4 to 5.
    pub producer_epoch: i16,
    /// `bool`, versions 4 to 5.
    pub verify_only: bool,
    /// `[]AddPartitionsToTxnTopic`, versions 4 to 5.
    pub topics: Vec<AddPartitionsToTxnTopic>,
}

impl AddPartitionsToTxnTransaction {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let transactional_id = reader.string(true)?;
        let producer_id = reader.i64()?;
        let producer_epoch = reader.i16()?;
        let verify_only = reader.bool()?;
        let topics = reader.array(true, 3, |reader| AddPartitionsToTxnTopic::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(AddPartitionsToTxnTransaction {
            transactional_id,
            producer_id,
            producer_epoch,
            verify_only,
            topics,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.transactional_id, true)?;
        out.put_i64(self.producer_id);
        out.put_i16(self.producer_epoch);
        out.put_bool(self.verify_only);
        out.put_len(self.topics.len(), true)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnTopic {
    /// `string`, versions 0 to 5.
    pub name: String,
    /// `[]int32`, versions 0 to 5.
    pub partitions: Vec<i32>,
}

impl AddPartitionsToTxnTopic {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let name = reader.string(flexible)?;
        let partitions = reader.array(flexible, 4, |reader| reader.i32())?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AddPartitionsToTxnTopic { name, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        out.put_string(&self.name, flexible)?;
        out.put_len(self.partitions.len(), flexible)?;
        for item in &self.partitions {
            out.put_i32(*item);
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for AddPartitionsToTxnRequest {
    const NAME: &'static str = "AddPartitionsToTxnRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 5;
    const FLEXIBLE_FROM: i16 = 3;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for AddPartitionsToTxnRequest {
    const KEY: i16 = 24;
}

impl Request for AddPartitionsToTxnRequest {
    type Response = super::add_partitions_to_txn_response::AddPartitionsToTxnResponse;
}
