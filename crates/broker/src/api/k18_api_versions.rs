//! ApiVersions, 0 to 4 (KIP-35, 511, 584).
//!
//! Answered before anything else; an unknown version is answered in version 0 with
//! UNSUPPORTED_VERSION and this API's own range, so that a newer client asks again lower.

use super::table::{self, Api};
use super::{Accepted, Call, Refused, Response};
use crate::context::Context;
use metadata::controller::{Feature, GROUP_VERSION, METADATA_VERSION, TRANSACTION_VERSION};
use std::sync::Arc;
use types::ErrorCode;
use wire::api_versions_request::ApiVersionsRequest;
use wire::api_versions_response::{
    ApiVersion, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, _: &ApiVersionsRequest) -> usize {
    wire::APIS.len() * 64 + 1024
}

pub(super) async fn api_versions(
    context: Arc<Context>,
    request: ApiVersionsRequest,
    version: i16,
) -> ApiVersionsResponse {
    if version >= 3
        && !(is_software(&request.client_software_name) && is_software(&request.client_software_version))
    {
        return ApiVersionsResponse {
            error_code: ErrorCode::InvalidRequest.code(),
            ..ApiVersionsResponse::default()
        };
    }
    let published = context.published();
    let features = published.image.features();
    ApiVersionsResponse {
        api_keys: table::served().map(row).collect(),
        supported_features: supported(version),
        finalized_features_epoch: i64::try_from(published.image.offset().0).unwrap_or(i64::MAX),
        finalized_features: features
            .announced()
            .map(|(name, level)| FinalizedFeatureKey {
                name: name.to_string(),
                max_version_level: level,
                min_version_level: level,
            })
            .collect(),
        ..ApiVersionsResponse::default()
    }
}

/// Lists the features that clients are told of; others are announced when their APIs exist (D-16). Clients that ask by an
/// older version than 4 cannot read of one that begins at 0.
fn supported(version: i16) -> Vec<SupportedFeatureKey> {
    let told = [GROUP_VERSION, METADATA_VERSION, TRANSACTION_VERSION]
        .into_iter()
        .filter(|feature| version >= 4 || feature.min > 0);
    let key = |feature: Feature| SupportedFeatureKey {
        name: feature.name.to_string(),
        min_version: feature.min,
        max_version: feature.max,
    };
    told.map(key).collect()
}

/// Answers a version that is not served.
pub(super) fn unsupported(call: &Call) -> Result<Accepted, Refused> {
    let response = ApiVersionsResponse {
        error_code: ErrorCode::UnsupportedVersion.code(),
        api_keys: table::find(table::API_VERSIONS_KEY).map(row).into_iter().collect(),
        ..ApiVersionsResponse::default()
    };
    if let Some(probes) = call.context.probes.api(table::API_VERSIONS_KEY) {
        probes.responded(&response);
    }
    let chunks = wire::response_frame(call.header.id.correlation_id, &response, 0)?;
    Ok(Box::pin(std::future::ready(Ok(Some(Response { chunks, admitted: None })))))
}

fn row(api: Api) -> ApiVersion {
    ApiVersion { api_key: api.info.key, min_version: api.announced_min(), max_version: api.info.max }
}

/// `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?`, as Kafka asks of name and version (KIP-511).
fn is_software(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    ends(text.chars().next())
        && ends(text.chars().last())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
}

#[cfg(test)]
mod tests {
    use super::is_software;

    /// Protects: names that could inject into logs are refused (A39), real ones are not.
    #[test]
    fn software_names_follow_kafkas_pattern() {
        for good in ["librdkafka", "apache-kafka-java", "4.3.1", "kgo", "a"] {
            assert!(is_software(good), "{good}");
        }
        for bad in ["", "-x", "x-", "a b", "a\nb", "ü"] {
            assert!(!is_software(bad), "{bad}");
        }
    }
}
