// Written by `cargo xtask codegen` from schema/; do not edit.

//! The request of UpdateFeatures, API key 57.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message, Request};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug)]
pub struct UpdateFeaturesRequest {
    /// `int32`, versions 0 to 2; default 60000.
    pub timeout_ms: i32,
    /// `[]FeatureUpdateKey`, versions 0 to 2.
    pub feature_updates: Vec<FeatureUpdateKey>,
    /// `bool`, versions 1 to 2.
    pub validate_only: bool,
}

impl Default for UpdateFeaturesRequest {
    fn default() -> UpdateFeaturesRequest {
        UpdateFeaturesRequest { timeout_ms: 60000, feature_updates: Vec::new(), validate_only: false }
    }
}

impl UpdateFeaturesRequest {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let timeout_ms = reader.i32()?;
        let feature_updates = reader.array(true, 5, |reader| FeatureUpdateKey::read(reader, version))?;
        let validate_only = if version >= 1 { reader.bool()? } else { false };
        reader.tags(|_, _| Ok(false))?;
        Ok(UpdateFeaturesRequest { timeout_ms, feature_updates, validate_only })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.timeout_ms);
        out.put_len(self.feature_updates.len(), true)?;
        for item in &self.feature_updates {
            item.write(out, version)?;
        }
        if version >= 1 {
            out.put_bool(self.validate_only);
        } else if self.validate_only {
            return Err(EncodeError::UnsupportedField {
                field: "UpdateFeaturesRequest.validate_only",
                version,
            });
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug)]
pub struct FeatureUpdateKey {
    /// `string`, versions 0 to 2.
    pub feature: String,
    /// `int16`, versions 0 to 2.
    pub max_version_level: i16,
    /// `bool`, version 0.
    pub allow_downgrade: bool,
    /// `int8`, versions 1 to 2; default 1.
    pub upgrade_type: i8,
}

impl Default for FeatureUpdateKey {
    fn default() -> FeatureUpdateKey {
        FeatureUpdateKey {
            feature: String::new(),
            max_version_level: 0,
            allow_downgrade: false,
            upgrade_type: 1,
        }
    }
}

impl FeatureUpdateKey {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let feature = reader.string(true)?;
        let max_version_level = reader.i16()?;
        let allow_downgrade = if version <= 0 { reader.bool()? } else { false };
        let upgrade_type = if version >= 1 { reader.i8()? } else { 1 };
        reader.tags(|_, _| Ok(false))?;
        Ok(FeatureUpdateKey { feature, max_version_level, allow_downgrade, upgrade_type })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.feature, true)?;
        out.put_i16(self.max_version_level);
        if version <= 0 {
            out.put_bool(self.allow_downgrade);
        } else if self.allow_downgrade {
            return Err(EncodeError::UnsupportedField { field: "FeatureUpdateKey.allow_downgrade", version });
        }
        if version >= 1 {
            out.put_i8(self.upgrade_type);
        } else if self.upgrade_type != 1 {
            return Err(EncodeError::UnsupportedField { field: "FeatureUpdateKey.upgrade_type", version });
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for UpdateFeaturesRequest {
    const NAME: &'static str = "UpdateFeaturesRequest";
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

impl ApiMessage for UpdateFeaturesRequest {
    const KEY: i16 = 57;
}

impl Request for UpdateFeaturesRequest {
    type Response = super::update_features_response::UpdateFeaturesResponse;
}
