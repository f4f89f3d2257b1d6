// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of DescribeCluster, API key 60.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeClusterResponse {
    /// `int32`, versions 0 to 2.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 to 2.
    pub error_code: i16,
    /// `string`, versions 0 to 2; null in versions 0 to 2; default null.
    pub error_message: Option<String>,
    /// `int8`, versions 1 to 2; default 1.
    pub endpoint_type: i8,
    /// `string`, versions 0 to 2.
    pub cluster_id: String,
    /// `int32`, versions 0 to 2; default -1.
    pub controller_id: i32,
    /// `[]DescribeClusterBroker`, versions 0 to 2.
    pub brokers: Vec<DescribeClusterBroker>,
    /// `int32`, versions 0 to 2; default -2147483648.
    pub cluster_authorized_operations: i32,
}

impl Default for DescribeClusterResponse {
    fn default() -> DescribeClusterResponse {
        DescribeClusterResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            endpoint_type: 1,
            cluster_id: String::new(),
            controller_id: -1,
            brokers: Vec::new(),
            cluster_authorized_operations: -2147483648,
        }
    }
}

impl DescribeClusterResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let throttle_time_ms = reader.i32()?;
        let error_code = reader.i16()?;
        let error_message = reader.nullable_string(true)?;
        let endpoint_type = if version >= 1 { reader.i8()? } else { 1 };
        let cluster_id = reader.string(true)?;
        let controller_id = reader.i32()?;
        let brokers = reader.array(true, 11, |reader| DescribeClusterBroker::read(reader, version))?;
        let cluster_authorized_operations = reader.i32()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(DescribeClusterResponse {
            throttle_time_ms,
            error_code,
            error_message,
            endpoint_type,
            cluster_id,
            controller_id,
            brokers,
            cluster_authorized_operations,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.throttle_time_ms);
        out.put_i16(self.error_code);
        out.put_nullable_string(self.error_message.as_deref(), true)?;
        if version >= 1 {
            out.put_i8(self.endpoint_type);
        } else if self.endpoint_type != 1 {
            return Err(EncodeError::UnsupportedField {
                field: "DescribeClusterResponse.endpoint_type",
                version,
            });
        }
        out.put_string(&self.cluster_id, true)?;
        out.put_i32(self.controller_id);
        out.put_len(self.brokers.len(), true)?;
        for item in &self.brokers {
            item.write(out, version)?;
        }
        out.put_i32(self.cluster_authorized_operations);
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

/// Part of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeClusterBroker {
    /// `int32`, versions 0 to 2.
    pub broker_id: i32,
    /// `string`, versions 0 to 2.
    pub host: String,
    /// `int32`, versions 0 to 2.
    pub port: i32,
    /// `string`, versions 0 to 2; null in versions 0 to 2; default null.
    pub rack: Option<String>,
    /// `bool`, version 2.
    pub is_fenced: bool,
}

impl DescribeClusterBroker {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let broker_id = reader.i32()?;
        let host = reader.string(true)?;
        let port = reader.i32()?;
        let rack = reader.nullable_string(true)?;
        let is_fenced = if version >= 2 { reader.bool()? } else { false };
        reader.tags(|_, _| Ok(false))?;
        Ok(DescribeClusterBroker { broker_id, host, port, rack, is_fenced })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.broker_id);
        out.put_string(&self.host, true)?;
        out.put_i32(self.port);
        out.put_nullable_string(self.rack.as_deref(), true)?;
        if version >= 2 {
            out.put_bool(self.is_fenced);
        } else if self.is_fenced {
            return Err(EncodeError::UnsupportedField { field: "DescribeClusterBroker.is_fenced", version });
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for DescribeClusterResponse {
    const NAME: &'static str = "DescribeClusterResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 2;
    const FLEXIBLE_FROM: i16 = 0;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for DescribeClusterResponse {
    const KEY: i16 = 60;
}
