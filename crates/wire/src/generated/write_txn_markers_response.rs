// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of WriteTxnMarkers, API key 27.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 1 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WriteTxnMarkersResponse {
    /// `[]WritableTxnMarkerResult`, versions 1 to 2.
    pub markers: Vec<WritableTxnMarkerResult>,
}

impl WriteTxnMarkersResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let markers = reader.array(true, 10, |reader| WritableTxnMarkerResult::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(WriteTxnMarkersResponse { markers })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_len(self.markers.len(), true)?;
        for item in &self.markers {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.markers {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 1 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WritableTxnMarkerResult {
    /// `int64`, versions 1 to 2.
    pub producer_id: i64,
    /// `[]WritableTxnMarkerTopicResult`, versions 1 to 2.
    pub topics: Vec<WritableTxnMarkerTopicResult>,
}

impl WritableTxnMarkerResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let producer_id = reader.i64()?;
        let topics = reader.array(true, 3, |reader| WritableTxnMarkerTopicResult::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(WritableTxnMarkerResult { producer_id, topics })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i64(self.producer_id);
        out.put_len(self.topics.len(), true)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.topics {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 1 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WritableTxnMarkerTopicResult {
    /// `string`, versions 1 to 2.
    pub name: String,
    /// `[]WritableTxnMarkerPartitionResult`, versions 1 to 2.
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
}

impl WritableTxnMarkerTopicResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let name = reader.string(true)?;
        let partitions =
            reader.array(true, 7, |reader| WritableTxnMarkerPartitionResult::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(WritableTxnMarkerTopicResult { name, partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.name, true)?;
        out.put_len(self.partitions.len(), true)?;
        for item in &self.partitions {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.partitions {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 1 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WritableTxnMarkerPartitionResult {
    /// `int32`, versions 1 to 2.
    pub partition_index: i32,
    /// `int16`, versions 1 to 2.
    pub error_code: i16,
}

impl WritableTxnMarkerPartitionResult {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let partition_index = reader.i32()?;
        let error_code = reader.i16()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(WritableTxnMarkerPartitionResult { partition_index, error_code })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.partition_index);
        out.put_i16(self.error_code);
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for WriteTxnMarkersResponse {
    const NAME: &'static str = "WriteTxnMarkersResponse";
    const MIN: i16 = 1;
    const MAX: i16 = 2;
    const FLEXIBLE_FROM: i16 = 1;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(1..=2).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for WriteTxnMarkersResponse {
    const KEY: i16 = 27;
}
