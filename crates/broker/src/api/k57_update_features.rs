//! UpdateFeatures, 0 to 2 (KIP-584, 778, 1022). Decided by metadata::controller::features.

use super::k19_create_topics::settle;
use crate::context::Context;
use metadata::controller::{FeatureUpdate, LevelChange, UpdateFeatures};
use std::sync::Arc;
use types::{ErrorCode, Millis};
use wire::update_features_request::{FeatureUpdateKey, UpdateFeaturesRequest};
use wire::update_features_response::{UpdatableFeatureResult, UpdateFeaturesResponse};

/// Last version that answers for each feature as well.
const RESULTS_UP_TO: i16 = 1;

/// What begins the sentence of every refusal.
const ALL_FAILED: &str = "The update failed for all features since the following feature had an error: ";

/// What a feature takes in a request and its answer, without its name. *Units*: bytes.
const FEATURE_BYTES: usize = 400;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &UpdateFeaturesRequest) -> usize {
    let features = request.feature_updates.iter().map(|update| FEATURE_BYTES + 6 * update.feature.len());
    features.sum::<usize>() + FEATURE_BYTES
}

pub(super) async fn update_features(
    context: Arc<Context>,
    request: UpdateFeaturesRequest,
    version: i16,
) -> UpdateFeaturesResponse {
    let names: Vec<String> = request.feature_updates.iter().map(|update| update.feature.clone()).collect();
    let updates = UpdateFeatures {
        updates: request.feature_updates.into_iter().map(update).collect(),
        validate_only: request.validate_only,
        controller: context.config.node_id,
    };
    match context.metadata.update_features(updates).await {
        Ok(Ok(())) => {
            settle(&context, Millis(i64::from(request.timeout_ms)).duration()).await;
            let results = if version <= RESULTS_UP_TO { names } else { Vec::new() };
            let results = results.into_iter().map(updated).collect();
            UpdateFeaturesResponse { results, error_message: None, ..UpdateFeaturesResponse::default() }
        }
        Ok(Err(refusal)) => refused(refusal.code, format!("{ALL_FAILED}{}", refusal.message)),
        Err(unavailable) => refused(unavailable.code(), unavailable.to_string()),
    }
}

/// The kind of an update is a number since version 1; in version 0 it is 1, whatever `allow_downgrade` says, as in Kafka.
fn update(update: FeatureUpdateKey) -> FeatureUpdate {
    let change = match update.upgrade_type {
        1 => Some(LevelChange::Upgrade),
        2 => Some(LevelChange::SafeDowngrade),
        3 => Some(LevelChange::UnsafeDowngrade),
        _ => None,
    };
    FeatureUpdate { name: update.feature, level: update.max_version_level, change }
}

/// Kafka's sentence for no error is its name.
fn updated(feature: String) -> UpdatableFeatureResult {
    let code = ErrorCode::None;
    UpdatableFeatureResult { feature, error_code: code.code(), error_message: Some(code.name().to_string()) }
}

fn refused(code: ErrorCode, message: String) -> UpdateFeaturesResponse {
    UpdateFeaturesResponse {
        error_code: code.code(),
        error_message: Some(message),
        ..UpdateFeaturesResponse::default()
    }
}
