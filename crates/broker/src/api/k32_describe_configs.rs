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
