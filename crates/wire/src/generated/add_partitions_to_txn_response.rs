// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of AddPartitionsToTxn, API key 24.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnResponse {
    /// `int32`, versions 0 to 5.
    pub throttle_time_ms: i32,
    /// `int16`, versions 4 to 5; dropped where a version lacks it.
    pub error_code: i16,
    /// `[]AddPartitionsToTxnResult`, versions 4 to 5.
    pub results_by_transaction: Vec<AddPartitionsToTxnResult>,
    /// `[]AddPartitionsToTxnTopicResult`, versions 0 to 3.
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult>,
}

impl AddPartitionsToTxnResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let throttle_time_ms = reader.i32()?;
        let error_code = if version >= 4 { reader.i16()? } else { 0 };
        let results_by_transaction = if version >= 4 {
            reader.array(flexible, 3, |reader| AddPartitionsToTxnResult::read(reader, version))?
        } else {
            Vec::new()
        };
        let results_by_topic_v3_and_below = if version <= 3 {
            reader.array(flexible, 3, |reader| AddPartitionsToTxnTopicResult::read(reader, version))?
        } else {
            Vec::new()
        };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AddPartitionsToTxnResponse {
            throttle_time_ms,
            error_code,
            results_by_transaction,
            results_by_topic_v3_and_below,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        out.put_i32(self.throttle_time_ms);
        if version >= 4 {
            out.put_i16(self.error_code);
        }
        if version >= 4 {
            out.put_len(self.results_by_transaction.len(), flexible)?;
            for item in &self.results_by_transaction {
                item.write(out, version)?;
            }
        } else if !self.results_by_transaction.is_empty() {
            return Err(EncodeError::UnsupportedField {
                field: "AddPartitionsToTxnResponse.results_by_transaction",
                version,
            });
        }
        if version <= 3 {
            out.put_len(self.results_by_topic_v3_and_below.len(), flexible)?;
            for item in &self.results_by_topic_v3_and_below {
                item.write(out, version)?;
            }
        } else if !self.results_by_topic_v3_and_below.is_empty() {
            return Err(EncodeError::UnsupportedField {
                field: "AddPartitionsToTxnResponse.results_by_topic_v3_and_below",
                version,
            });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

/// Part of the message; versions 4 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnResult {
    /// `string`, versions 4 to 5.
    pub transactional_id: String,
    /// `[]AddPartitionsToTxnTopicResult`, versions 4 to 5.
    pub topic_results: Vec<AddPartitionsToTxnTopicResult>,
}

impl AddPartitionsToTxnResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let transactional_id = reader.string(true)?;
        let topic_results =
            reader.array(true, 3, |reader| AddPartitionsToTxnTopicResult::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(AddPartitionsToTxnResult { transactional_id, topic_results })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.transactional_id, true)?;
        out.put_len(self.topic_results.len(), true)?;
        for item in &self.topic_results {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnTopicResult {
    /// `string`, versions 0 to 5.
    pub name: String,
    /// `[]AddPartitionsToTxnPartitionResult`, versions 0 to 5.
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
}

impl AddPartitionsToTxnTopicResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let name = reader.string(flexible)?;
        let results_by_partition =
            reader.array(flexible, 6, |reader| AddPartitionsToTxnPartitionResult::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AddPartitionsToTxnTopicResult { name, results_by_partition })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        out.put_string(&self.name, flexible)?;
        out.put_len(self.results_by_partition.len(), flexible)?;
        for item in &self.results_by_partition {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 0 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnPartitionResult {
    /// `int32`, versions 0 to 5.
    pub partition_index: i32,
    /// `int16`, versions 0 to 5.
    pub partition_error_code: i16,
}

impl AddPartitionsToTxnPartitionResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let partition_index = reader.i32()?;
        let partition_error_code = reader.i16()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AddPartitionsToTxnPartitionResult { partition_index, partition_error_code })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        out.put_i32(self.partition_index);
        out.put_i16(self.partition_error_code);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for AddPartitionsToTxnResponse {
    const NAME: &'static str = "AddPartitionsToTxnResponse";
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

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for AddPartitionsToTxnResponse {
    const KEY: i16 = 24;
}
