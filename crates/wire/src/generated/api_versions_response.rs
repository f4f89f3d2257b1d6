// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of ApiVersions, API key 18.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::{Rope, Tags};

/// Body of the message; versions 0 to 4.
#[derive(Clone, PartialEq, Debug)]
pub struct ApiVersionsResponse {
    /// `int16`, versions 0 to 4.
    pub error_code: i16,
    /// `[]ApiVersion`, versions 0 to 4.
    pub api_keys: Vec<ApiVersion>,
    /// `int32`, versions 1 to 4; dropped where a version lacks it.
    pub throttle_time_ms: i32,
    /// `[]SupportedFeatureKey`, versions 3 to 4; tag 0; dropped where a version lacks it.
    pub supported_features: Vec<SupportedFeatureKey>,
    /// `int64`, versions 3 to 4; tag 1; default -1; dropped where a version lacks it.
    pub finalized_features_epoch: i64,
    /// `[]FinalizedFeatureKey`, versions 3 to 4; tag 2; dropped where a version lacks it.
    pub finalized_features: Vec<FinalizedFeatureKey>,
    /// `bool`, versions 3 to 4; tag 3; dropped where a version lacks it.
    pub zk_migration_ready: bool,
}

impl Default for ApiVersionsResponse {
    fn default() -> ApiVersionsResponse {
        ApiVersionsResponse {
            error_code: 0,
            api_keys: Vec::new(),
            throttle_time_ms: 0,
            supported_features: Vec::new(),
            finalized_features_epoch: -1,
            finalized_features: Vec::new(),
            zk_migration_ready: false,
        }
    }
}

impl ApiVersionsResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let error_code = reader.i16()?;
        let api_keys = reader.array(flexible, 6, |reader| ApiVersion::read(reader, version))?;
        let throttle_time_ms = if version >= 1 { reader.i32()? } else { 0 };
        let mut supported_features = Vec::new();
        let mut finalized_features_epoch = -1;
        let mut finalized_features = Vec::new();
        let mut zk_migration_ready = false;
        if flexible {
            reader.tags(|tag, reader| {
                match tag {
                    0 => {
                        supported_features =
                            reader.array(true, 6, |reader| SupportedFeatureKey::read(reader, version))?;
                    }
                    1 => {
                        finalized_features_epoch = reader.i64()?;
                    }
                    2 => {
                        finalized_features =
                            reader.array(true, 6, |reader| FinalizedFeatureKey::read(reader, version))?;
                    }
                    3 => {
                        zk_migration_ready = reader.bool()?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(ApiVersionsResponse {
            error_code,
            api_keys,
            throttle_time_ms,
            supported_features,
            finalized_features_epoch,
            finalized_features,
            zk_migration_ready,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        out.put_i16(self.error_code);
        out.put_len(self.api_keys.len(), flexible)?;
        for item in &self.api_keys {
            item.write(out, version)?;
        }
        if version >= 1 {
            out.put_i32(self.throttle_time_ms);
        }
        let mut tags = Tags::default();
        if version >= 3 && !self.supported_features.is_empty() {
            tags.add(0, |out| {
                out.put_len(self.supported_features.len(), true)?;
                for item in &self.supported_features {
                    item.write(out, version)?;
                }
                Ok(())
            })?;
        }
        if version >= 3 && self.finalized_features_epoch != -1 {
            tags.add(1, |out| {
                out.put_i64(self.finalized_features_epoch);
                Ok(())
            })?;
        }
        if version >= 3 && !self.finalized_features.is_empty() {
            tags.add(2, |out| {
                out.put_len(self.finalized_features.len(), true)?;
                for item in &self.finalized_features {
                    item.write(out, version)?;
                }
                Ok(())
            })?;
        }
        if version >= 3 && self.zk_migration_ready {
            tags.add(3, |out| {
                out.put_bool(self.zk_migration_ready);
                Ok(())
            })?;
        }
        if flexible {
            out.put_tags(tags)?;
        }
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

/// Part of the message; versions 0 to 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ApiVersion {
    /// `int16`, versions 0 to 4.
    pub api_key: i16,
    /// `int16`, versions 0 to 4.
    pub min_version: i16,
    /// `int16`, versions 0 to 4.
    pub max_version: i16,
}

impl ApiVersion {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let api_key = reader.i16()?;
        let min_version = reader.i16()?;
        let max_version = reader.i16()?;
        if flexible {
            reader.tags(|_, _| Ok(false))?;
        }
        Ok(ApiVersion { api_key, min_version, max_version })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        out.put_i16(self.api_key);
        out.put_i16(self.min_version);
        out.put_i16(self.max_version);
        if flexible {
            out.put_varint(0);
        }
        Ok(())
    }
}

/// Part of the message; versions 3 to 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SupportedFeatureKey {
    /// `string`, versions 3 to 4.
    pub name: String,
    /// `int16`, versions 3 to 4.
    pub min_version: i16,
    /// `int16`, versions 3 to 4.
    pub max_version: i16,
}

impl SupportedFeatureKey {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let name = reader.string(true)?;
        let min_version = reader.i16()?;
        let max_version = reader.i16()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(SupportedFeatureKey { name, min_version, max_version })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.name, true)?;
        out.put_i16(self.min_version);
        out.put_i16(self.max_version);
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 3 to 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FinalizedFeatureKey {
    /// `string`, versions 3 to 4.
    pub name: String,
    /// `int16`, versions 3 to 4.
    pub max_version_level: i16,
    /// `int16`, versions 3 to 4.
    pub min_version_level: i16,
}

impl FinalizedFeatureKey {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let name = reader.string(true)?;
        let max_version_level = reader.i16()?;
        let min_version_level = reader.i16()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(FinalizedFeatureKey { name, max_version_level, min_version_level })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.name, true)?;
        out.put_i16(self.max_version_level);
        out.put_i16(self.min_version_level);
        out.put_varint(0);
        Ok(())
    }
}

impl Message for ApiVersionsResponse {
    const NAME: &'static str = "ApiVersionsResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 4;
    const FLEXIBLE_FROM: i16 = 3;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for ApiVersionsResponse {
    const KEY: i16 = 18;
}
