// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of UpdateFeatures, API key 57.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;

/// Body of the message; versions 0 to 2.
#[derive(Clone, PartialEq, Debug)]
pub struct UpdateFeaturesResponse {
    /// `int32`, versions 0 to 2.
    pub throttle_time_ms: i32,
    /// `int16`, versions 0 to 2.
    pub error_code: i16,
    /// `string`, versions 0 to 2; null in versions 0 to 2.
    pub error_message: Option<String>,
    /// `[]UpdatableFeatureResult`, versions 0 to 1; dropped where a version lacks it.
    pub results: Vec<UpdatableFeatureResult>,
}

impl Default for UpdateFeaturesResponse {
    fn default() -> UpdateFeaturesResponse {
        UpdateFeaturesResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(String::new()),
            results: Vec::new(),
        }
    }
}

impl UpdateFeaturesResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let throttle_time_ms = reader.i32()?;
        let error_code = reader.i16()?;
        let error_message = reader.nullable_string(true)?;
        let results = if version <= 1 {
            reader.array(true, 5, |reader| UpdatableFeatureResult::read(reader, version))?
        } else {
            Vec::new()
        };
        reader.tags(|_, _| Ok(false))?;
        Ok(UpdateFeaturesResponse { throttle_time_ms, error_code, error_message, results })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.throttle_time_ms);
        out.put_i16(self.error_code);
        out.put_nullable_string(self.error_message.as_deref(), true)?;
        if version <= 1 {
            out.put_len(self.results.len(), true)?;
            for item in &self.results {
                item.write(out, version)?;
            }
        }
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
        for item in &self.results {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug)]
pub struct UpdatableFeatureResult {
    /// `string`, versions 0 to 1.
    pub feature: String,
    /// `int16`, versions 0 to 1.
    pub error_code: i16,
    /// `string`, versions 0 to 1; null in versions 0 to 1.
    pub error_message: Option<String>,
}

impl Default for UpdatableFeatureResult {
    fn default() -> UpdatableFeatureResult {
        UpdatableFeatureResult { feature: String::new(), error_code: 0, error_message: Some(String::new()) }
    }
}

impl UpdatableFeatureResult {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let feature = reader.string(true)?;
        let error_code = reader.i16()?;
        let error_message = reader.nullable_string(true)?;
        reader.tags(|_, _| Ok(false))?;
        Ok(UpdatableFeatureResult { feature, error_code, error_message })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.feature, true)?;
        out.put_i16(self.error_code);
        out.put_nullable_string(self.error_message.as_deref(), true)?;
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

impl Message for UpdateFeaturesResponse {
    const NAME: &'static str = "UpdateFeaturesResponse";
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

impl ApiMessage for UpdateFeaturesResponse {
    const KEY: i16 = 57;
}
