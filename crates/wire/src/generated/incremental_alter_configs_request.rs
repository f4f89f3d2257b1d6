// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of IncrementalAlterConfigs, API key 44.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct IncrementalAlterConfigsRequest {
    /// `[]AlterConfigsResource`, versions 0 to 1.
    pub resources: Vec<AlterConfigsResource>,
    /// `bool`, versions 0 to 1.
    pub validate_only: bool,
}

impl IncrementalAlterConfigsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let resources = reader.array(flexible, 4, |reader| AlterConfigsResource::read(reader, version))?;
        let validate_only = reader.bool()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(IncrementalAlterConfigsRequest { resources, validate_only })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
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

/// Part of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterConfigsResource {
    /// `int8`, versions 0 to 1.
    pub resource_type: i8,
    /// `string`, versions 0 to 1.
    pub resource_name: String,
    /// `[]AlterableConfig`, versions 0 to 1.
    pub configs: Vec<AlterableConfig>,
}

impl AlterConfigsResource {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let resource_type = reader.i8()?;
        let resource_name = reader.string(flexible)?;
        let configs = reader.array(flexible, 4, |reader| AlterableConfig::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AlterConfigsResource { resource_type, resource_name, configs })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
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

/// Part of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterableConfig {
    /// `string`, versions 0 to 1.
    pub name: String,
    /// `int8`, versions 0 to 1.
    pub config_operation: i8,
    /// `string`, versions 0 to 1; null in versions 0 to 1.
    pub value: Option<String>,
}

impl Default for AlterableConfig {
    fn default() -> AlterableConfig {
        AlterableConfig { name: String::new(), config_operation: 0, value: Some(String::new()) }
    }
}

impl AlterableConfig {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let name = reader.string(flexible)?;
        let config_operation = reader.i8()?;
        let value = reader.nullable_string(flexible)?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(AlterableConfig { name, config_operation, value })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        out.put_string(&self.name, flexible)?;
        out.put_i8(self.config_operation);
        out.put_nullable_string(self.value.as_deref(), flexible)?;
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for IncrementalAlterConfigsRequest {
    const NAME: &'static str = "IncrementalAlterConfigsRequest";
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

impl ApiMessage for IncrementalAlterConfigsRequest {
    const KEY: i16 = 44;
}

impl Request for IncrementalAlterConfigsRequest {
    type Response = super::incremental_alter_configs_response::IncrementalAlterConfigsResponse;
}
