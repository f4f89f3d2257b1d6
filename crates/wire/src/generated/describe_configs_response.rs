// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of DescribeConfigs, API key 32.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 1 to 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeConfigsResponse {
    /// `int32`, versions 1 to 4.
    pub throttle_time_ms: i32,
    /// `[]DescribeConfigsResult`, versions 1 to 4.
    pub results: Vec<DescribeConfigsResult>,
}

impl DescribeConfigsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let throttle_time_ms = reader.i32()?;
        let results = reader.array(flexible, 7, |reader| DescribeConfigsResult::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeConfigsResponse { throttle_time_ms, results })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_i32(self.throttle_time_ms);
        out.put_len(self.results.len(), flexible)?;
        for item in &self.results {
            item.write(out, version)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.results {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 1 to 4.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeConfigsResult {
    /// `int16`, versions 1 to 4.
    pub error_code: i16,
    /// `string`, versions 1 to 4; null in versions 1 to 4.
    pub error_message: Option<String>,
    /// `int8`, versions 1 to 4.
    pub resource_type: i8,
    /// `string`, versions 1 to 4.
    pub resource_name: String,
    /// `[]DescribeConfigsResourceResult`, versions 1 to 4.
    pub configs: Vec<DescribeConfigsResourceResult>,
}

impl Default for DescribeConfigsResult {
    fn default() -> DescribeConfigsResult {
        DescribeConfigsResult {
            error_code: 0,
            error_message: Some(String::new()),
            resource_type: 0,
            resource_name: String::new(),
            configs: Vec::new(),
        }
    }
}

impl DescribeConfigsResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let error_code = reader.i16()?;
        let error_message = reader.nullable_string(flexible)?;
        let resource_type = reader.i8()?;
        let resource_name = reader.string(flexible)?;
        let configs =
            reader.array(flexible, 9, |reader| DescribeConfigsResourceResult::read(reader, version))?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeConfigsResult { error_code, error_message, resource_type, resource_name, configs })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_i16(self.error_code);
        out.put_nullable_string(self.error_message.as_deref(), flexible)?;
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

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

/// Part of the message; versions 1 to 4.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeConfigsResourceResult {
    /// `string`, versions 1 to 4.
    pub name: String,
    /// `string`, versions 1 to 4; null in versions 1 to 4.
    pub value: Option<String>,
    /// `bool`, versions 1 to 4.
    pub read_only: bool,
    /// `int8`, versions 1 to 4; default -1.
    pub config_source: i8,
    /// `bool`, versions 1 to 4.
    pub is_sensitive: bool,
    /// `[]DescribeConfigsSynonym`, versions 1 to 4.
    pub synonyms: Vec<DescribeConfigsSynonym>,
    /// `int8`, versions 3 to 4; dropped where a version lacks it.
    pub config_type: i8,
    /// `string`, versions 3 to 4; null in versions 3 to 4; dropped where a version lacks it.
    pub documentation: Option<String>,
}

impl Default for DescribeConfigsResourceResult {
    fn default() -> DescribeConfigsResourceResult {
        DescribeConfigsResourceResult {
            name: String::new(),
            value: Some(String::new()),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
            synonyms: Vec::new(),
            config_type: 0,
            documentation: Some(String::new()),
        }
    }
}

impl DescribeConfigsResourceResult {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let name = reader.string(flexible)?;
        let value = reader.nullable_string(flexible)?;
        let read_only = reader.bool()?;
        let config_source = reader.i8()?;
        let is_sensitive = reader.bool()?;
        let synonyms = reader.array(flexible, 4, |reader| DescribeConfigsSynonym::read(reader, version))?;
        let config_type = if version >= 3 { reader.i8()? } else { 0 };
        let documentation =
            if version >= 3 { reader.nullable_string(flexible)? } else { Some(String::new()) };
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeConfigsResourceResult {
            name,
            value,
            read_only,
            config_source,
            is_sensitive,
            synonyms,
            config_type,
            documentation,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_string(&self.name, flexible)?;
        out.put_nullable_string(self.value.as_deref(), flexible)?;
        out.put_bool(self.read_only);
        out.put_i8(self.config_source);
        out.put_bool(self.is_sensitive);
        out.put_len(self.synonyms.len(), flexible)?;
        for item in &self.synonyms {
            item.write(out, version)?;
        }
        if version >= 3 {
            out.put_i8(self.config_type);
        }
        if version >= 3 {
            out.put_nullable_string(self.documentation.as_deref(), flexible)?;
        }
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 1 to 4.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeConfigsSynonym {
    /// `string`, versions 1 to 4.
    pub name: String,
    /// `string`, versions 1 to 4; null in versions 1 to 4.
    pub value: Option<String>,
    /// `int8`, versions 1 to 4.
    pub source: i8,
}

impl Default for DescribeConfigsSynonym {
    fn default() -> DescribeConfigsSynonym {
        DescribeConfigsSynonym { name: String::new(), value: Some(String::new()), source: 0 }
    }
}

impl DescribeConfigsSynonym {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let name = reader.string(flexible)?;
        let value = reader.nullable_string(flexible)?;
        let source = reader.i8()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(DescribeConfigsSynonym { name, value, source })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        out.put_string(&self.name, flexible)?;
        out.put_nullable_string(self.value.as_deref(), flexible)?;
        out.put_i8(self.source);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

impl Message for DescribeConfigsResponse {
    const NAME: &'static str = "DescribeConfigsResponse";
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

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for DescribeConfigsResponse {
    const KEY: i16 = 32;
}
