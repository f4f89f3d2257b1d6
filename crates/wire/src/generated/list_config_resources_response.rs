// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of ListConfigResources, API key 74.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListConfigResourcesResponse {
    /// `int32`, versions 0 to 1.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 to 1.
    pub error_code: i16,
    /// `[]ConfigResource`, versions 0 to 1.
    pub config_resources: Vec<ConfigResource>,
}

impl ListConfigResourcesResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let throttle_time_ms = reader.i32()?;
        let error_code = reader.i16()?;
        let config_resources = reader.array(true, 2, |reader| ConfigResource::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ListConfigResourcesResponse { throttle_time_ms, error_code, config_resources })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.throttle_time_ms);
        out.put_i16(self.error_code);
        out.put_len(self.config_resources.len(), true)?;
        for item in &self.config_resources {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

/// Part of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug)]
pub struct ConfigResource {
    /// `string`, versions 0 to 1.
    pub resource_name: String,
    /// `int8`, version 1; default 16; dropped where a version lacks it.
    pub resource_type: i8,
}

impl Default for ConfigResource {
    fn default() -> ConfigResource {
        ConfigResource { resource_name: String::new(), resource_type: 16 }
    }
}

impl ConfigResource {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let resource_name = reader.string(true)?;
        let resource_type = if version >= 1 { reader.i8()? } else { 16 };
        reader.tags(|_, _| Ok(false))?;
        Ok(ConfigResource { resource_name, resource_type })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.resource_name, true)?;
        if version >= 1 {
            out.put_i8(self.resource_type);
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for ListConfigResourcesResponse {
    const NAME: &'static str = "ListConfigResourcesResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;

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

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for ListConfigResourcesResponse {
    const KEY: i16 = 74;
}
