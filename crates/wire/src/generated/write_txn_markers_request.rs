// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of WriteTxnMarkers, API key 27.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 1 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WriteTxnMarkersRequest {
    /// `[]WritableTxnMarker`, versions 1 to 2.
    pub markers: Vec<WritableTxnMarker>,
}

impl WriteTxnMarkersRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let markers = reader.array(true, 17, |reader| WritableTxnMarker::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(WriteTxnMarkersRequest { markers })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_len(self.markers.len(), true)?;
        for item in &self.markers {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 1 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WritableTxnMarker {
    /// `int64`, versions 1 to 2.
    pub producer_id: i64,
    /// `int16`, versions 1 to 2.
    pub producer_epoch: i16,
    /// `bool`, versions 1 to 2.
    pub transaction_result: bool,
    /// `[]WritableTxnMarkerTopic`, versions 1 to 2.
    pub topics: Vec<WritableTxnMarkerTopic>,
    /// `int32`, versions 1 to 2.
    pub coordinator_epoch: i32,
    /// `int8`, version 2; dropped where a version lacks it.
    pub transaction_version: i8,
}

impl WritableTxnMarker {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let producer_id = reader.i64()?;
        let producer_epoch = reader.i16()?;
        let transaction_result = reader.bool()?;
        let topics = reader.array(true, 3, |reader| WritableTxnMarkerTopic::read(reader, version))?;
        let coordinator_epoch = reader.i32()?;
        let transaction_version = if version >= 2 { reader.i8()? } else { 0 };
        reader.tags(|_, _| Ok(false))?;
        Ok(WritableTxnMarker {
            producer_id,
            producer_epoch,
            transaction_result,
            topics,
            coordinator_epoch,
            transaction_version,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i64(self.producer_id);
        out.put_i16(self.producer_epoch);
        out.put_bool(self.transaction_result);
        out.put_len(self.topics.len(), true)?;
        for item in &self.topics {
            item.write(out, version)?;
        }
        out.put_i32(self.coordinator_epoch);
        if version >= 2 {
            out.put_i8(self.transaction_version);
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 1 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WritableTxnMarkerTopic {
    /// `string`, versions 1 to 2.
    pub name: String,
    /// `[]int32`, versions 1 to 2.
    pub partition_indexes: Vec<i32>,
}

impl WritableTxnMarkerTopic {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let name = reader.string(true)?;
        let partition_indexes = reader.array(true, 4, |reader| reader.i32())?;
        reader.tags(|_, _| Ok(false))?;
        Ok(WritableTxnMarkerTopic { name, partition_indexes })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.name, true)?;
        out.put_len(self.partition_indexes.len(), true)?;
        for item in &self.partition_indexes {
            out.put_i32(*item);
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for WriteTxnMarkersRequest {
    const NAME: &'static str = "WriteTxnMarkersRequest";
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
}

impl ApiMessage for WriteTxnMarkersRequest {
    const KEY: i16 = 27;
}

impl Request for WriteTxnMarkersRequest {
    type Response = super::write_txn_markers_response::WriteTxnMarkersResponse;
}
