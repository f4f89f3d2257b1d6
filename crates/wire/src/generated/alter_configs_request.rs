// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of AlterConfigs, API key 33.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterConfigsRequest {
    /// `[]AlterConfigsResource`, versions 0 to 2.
    pub resources: Vec<AlterConfigsResource>,
    /// `bool`, versions 0 to 2.
    pub validate_only: bool,
}

impl AlterConfigsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let resources = reader.array(flexible, 4, |reader| AlterConfigsResource::read(reader, version))?;
        let validate_only = reader.bool()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AlterConfigsRequest { resources, validate_only })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_len(self.resources.len(), flexible)?;
        for item in &self.resources {
            item.write(out, version)?;
        }
        out.put_bool(self.validate_only);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterConfigsResource {
    /// `int8`, versions 0 to 2.
    pub resource_type: i8,
    /// `string`, versions 0 to 2.
    pub resource_name: String,
    /// `[]AlterableConfig`, versions 0 to 2.
    pub configs: Vec<AlterableConfig>,
}

impl AlterConfigsResource {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let resource_type = reader.i8()?;
        let resource_name = reader.string(flexible)?;
        let configs = reader.array(flexible, 3, |reader| AlterableConfig::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AlterConfigsResource { resource_type, resource_name, configs })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_i8(self.resource_type);
        out.put_string(&self.resource_name, flexible)?;
        out.put_len(self.configs.len(), flexible)?;
        for item in &self.configs {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterableConfig {
    /// `string`, versions 0 to 2.
    pub name: String,
    /// `string`, versions 0 to 2; null in versions 0 to 2.
    pub value: Option<String>,
}

impl Default for AlterableConfig {
    fn default() -> AlterableConfig {
        AlterableConfig { name: String::new(), value: Some(String::new()) }
    }
}

impl AlterableConfig {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let name = reader.string(flexible)?;
        let value = reader.nullable_string(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AlterableConfig { name, value })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        out.put_string(&self.name, flexible)?;
        out.put_nullable_string(self.value.as_deref(), flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for AlterConfigsRequest {
    const NAME: &'static str = "AlterConfigsRequest";
    const MIN: i16 = 0;
    const MAX: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;

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

impl ApiMessage for AlterConfigsRequest {
    const KEY: i16 = 33;
}

impl Request for AlterConfigsRequest {
    type Response = super::alter_configs_response::AlterConfigsResponse;
}
