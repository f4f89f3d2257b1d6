// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of DescribeConfigs, API key 32.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 1 to 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeConfigsRequest {
    /// `[]DescribeConfigsResource`, versions 1 to 4.
    pub resources: Vec<DescribeConfigsResource>,
    /// `bool`, versions 1 to 4.
    pub include_synonyms: bool,
    /// `bool`, versions 3 to 4.
    pub include_documentation: bool,
}

impl DescribeConfigsRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let resources = reader.array(flexible, 4, |reader| DescribeConfigsResource::read(reader, version))?;
        let include_synonyms = reader.bool()?;
        let include_documentation = if version >= 3 { reader.bool()? } else { false };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeConfigsRequest { resources, include_synonyms, include_documentation })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_len(self.resources.len(), flexible)?;
        for item in &self.resources {
            item.write(out, version)?;
        }
        out.put_bool(self.include_synonyms);
        if version >= 3 {
            out.put_bool(self.include_documentation);
        } else if self.include_documentation {
            return Err(EncodeError::UnsupportedField {
                field: "DescribeConfigsRequest.include_documentation",
                version,
            });
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 1 to 4.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeConfigsResource {
    /// `int8`, versions 1 to 4.
    pub resource_type: i8,
    /// `string`, versions 1 to 4.
    pub resource_name: String,
    /// `[]string`, versions 1 to 4; null in versions 1 to 4.
    pub configuration_keys: Option<Vec<String>>,
}

impl Default for DescribeConfigsResource {
    fn default() -> DescribeConfigsResource {
        DescribeConfigsResource {
            resource_type: 0,
            resource_name: String::new(),
            configuration_keys: Some(Vec::new()),
        }
    }
}

impl DescribeConfigsResource {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let resource_type = reader.i8()?;
        let resource_name = reader.string(flexible)?;
        let configuration_keys = reader.nullable_array(flexible, 1, |reader| reader.string(flexible))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeConfigsResource { resource_type, resource_name, configuration_keys })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_i8(self.resource_type);
        out.put_string(&self.resource_name, flexible)?;
        match &self.configuration_keys {
            Some(items) => {
                out.put_len(items.len(), flexible)?;
                for item in items {
                    out.put_string(item, flexible)?;
                }
            }
            None => out.put_null(flexible),
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for DescribeConfigsRequest {
    const NAME: &'static str = "DescribeConfigsRequest";
    const MIN: i16 = 1;
    const MAX: i16 = 4;
    const FLEXIBLE_FROM: i16 = 4;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(1..=4).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(1..=4).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }
}

impl ApiMessage for DescribeConfigsRequest {
    const KEY: i16 = 32;
}

impl Request for DescribeConfigsRequest {
    type Response = super::describe_configs_response::DescribeConfigsResponse;
}
