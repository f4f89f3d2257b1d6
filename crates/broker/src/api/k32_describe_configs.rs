//! DescribeConfigs, 1 to 4, of topics and of this broker (KIP-133, 226, 569).

use crate::context::Context;
use config::{Described, describe_broker, describe_topic};
use std::collections::BTreeSet;
use std::sync::Arc;
use types::{ErrorCode, TopicName};
use wire::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use wire::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// What a resource takes in an answer, without its name and its settings. *Units*: bytes.
const RESOURCE_BYTES: usize = 400;
/// What a setting takes, and with its synonyms. *Units*: bytes.
const SETTING_BYTES: (usize, usize) = (300, 700);
/// Settings of a resource, at most.
const SETTINGS_MAX: usize = 100;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(context: &Context, request: &DescribeConfigsRequest) -> usize {
    let published = context.published();
    let each = if request.include_synonyms { SETTING_BYTES.1 } else { SETTING_BYTES.0 };
    let mut seen = BTreeSet::new();
    let size = |resource: &DescribeConfigsResource| {
        let is_known = match resource.resource_type {
            TOPIC => published.image.topics().by_name(&resource.resource_name).is_some(),
            kind => kind == BROKER && resource.resource_name.parse() == Ok(context.config.node_id.0),
        };
        let keys = resource.configuration_keys.as_ref().map_or(SETTINGS_MAX, Vec::len);
        let rows = if is_known { keys.min(SETTINGS_MAX) } else { 0 };
        RESOURCE_BYTES + 3 * resource.resource_name.len() + rows * each
    };
    let once = request.resources.iter().filter(|r| seen.insert((r.resource_type, r.resource_name.as_str())));
    once.map(size).sum()
}

pub(super) async fn describe_configs(
    context: Arc<Context>,
    request: DescribeConfigsRequest,
    _: i16,
) -> DescribeConfigsResponse {
    let synonyms = request.include_synonyms;
    // A resource that is asked for many times is described once (A6).
    let mut seen = BTreeSet::new();
    let once =
        request.resources.into_iter().filter(|r| seen.insert((r.resource_type, r.resource_name.clone())));
    let results = once.map(|resource| describe(&context, resource, synonyms));
    DescribeConfigsResponse { results: results.collect(), ..DescribeConfigsResponse::default() }
}

fn describe(context: &Context, resource: DescribeConfigsResource, synonyms: bool) -> DescribeConfigsResult {
    let found = match resource.resource_type {
        TOPIC => topic(context, &resource.resource_name),
        BROKER => broker(context, &resource.resource_name),
        _ => Err((ErrorCode::InvalidRequest, "Only topics and this broker are described.".to_string())),
    };
    let keys: Option<BTreeSet<String>> = resource.configuration_keys.map(|keys| keys.into_iter().collect());
    let (code, message, configs) = match found {
        Ok(configs) => (ErrorCode::None, None, configs),
        Err((code, message)) => (code, Some(message), Vec::new()),
    };
    let wanted =
        configs.into_iter().filter(|config| keys.as_ref().is_none_or(|keys| keys.contains(config.name)));
    DescribeConfigsResult {
        error_code: code.code(),
        error_message: message,
        resource_type: resource.resource_type,
        resource_name: resource.resource_name,
        configs: wanted.map(|config| row(config, synonyms)).collect(),
    }
}

fn topic(context: &Context, name: &str) -> Result<Vec<Described>, (ErrorCode, String)> {
    TopicName::new(name).map_err(|error| (ErrorCode::InvalidTopicException, error.to_string()))?;
    let published = context.published();
    let topic = published.image.topics().by_name(name);
    let topic =
        topic.ok_or_else(|| (ErrorCode::UnknownTopicOrPartition, format!("There is no topic {name}.")))?;
    Ok(describe_topic(published.image.topic_settings(topic.id), &context.config))
}

/// Describes this broker; the empty name asks for cluster-wide dynamic settings, of which there are none.
fn broker(context: &Context, name: &str) -> Result<Vec<Described>, (ErrorCode, String)> {
    let id = context.config.node_id.0;
    if name.is_empty() {
        return Ok(Vec::new());
    }
    if name.parse() != Ok(id) {
        let message = format!("Unexpected broker id, expected {id} or empty string, but received {name}");
        return Err((ErrorCode::InvalidRequest, message));
    }
    Ok(describe_broker(&context.config))
}

fn row(config: Described, synonyms: bool) -> DescribeConfigsResourceResult {
    let synonym = |s: config::Synonym| DescribeConfigsSynonym {
        name: s.name.to_string(),
        value: s.value,
        source: s.source.code(),
    };
    DescribeConfigsResourceResult {
        name: config.name.to_string(),
        value: if config.sensitive { None } else { config.value },
        read_only: config.read_only,
        config_source: config.source.code(),
        is_sensitive: config.sensitive,
        synonyms: if synonyms { config.synonyms.into_iter().map(synonym).collect() } else { Vec::new() },
        config_type: config.kind.code(),
        documentation: None,
    }
}
