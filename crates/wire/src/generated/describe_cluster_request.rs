// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of DescribeCluster, API key 60.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeClusterRequest {
    /// `bool`, versions 0 to 2.
    pub include_cluster_authorized_operations: bool,
    /// `int8`, versions 1 to 2; default 1.
    pub endpoint_type: i8,
    /// `bool`, version 2.
    pub include_fenced_brokers: bool,
}

impl Default for DescribeClusterRequest {
    fn default() -> DescribeClusterRequest {
        DescribeClusterRequest {
            include_cluster_authorized_operations: false,
            endpoint_type: 1,
            include_fenced_brokers: false,
        }
    }
}

impl DescribeClusterRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let include_cluster_authorized_operations = reader.bool()?;
        let endpoint_type = if version >= 1 { reader.i8()? } else { 1 };
        let include_fenced_brokers = if version >= 2 { reader.bool()? } else { false };
        reader.tags(|_, _| Ok(false))?;
        Ok(DescribeClusterRequest {
            include_cluster_authorized_operations,
            endpoint_type,
            include_fenced_brokers,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_bool(self.include_cluster_authorized_operations);
        if version >= 1 {
            out.put_i8(self.endpoint_type);
        } else if self.endpoint_type != 1 {
            return Err(EncodeError::UnsupportedField {
                field: "DescribeClusterRequest.endpoint_type",
                version,
            });
        }
        if version >= 2 {
            out.put_bool(self.include_fenced_brokers);
        } else if self.include_fenced_brokers {
            return Err(EncodeError::UnsupportedField {
                field: "DescribeClusterRequest.include_fenced_brokers",
                version,
            });
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for DescribeClusterRequest {
    const NAME: &'static str = "DescribeClusterRequest";
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
}

impl ApiMessage for DescribeClusterRequest {
    const KEY: i16 = 60;
}

impl Request for DescribeClusterRequest {
    type Response = super::describe_cluster_response::DescribeClusterResponse;
}
