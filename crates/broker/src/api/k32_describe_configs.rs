//! DescribeConfigs, 1 to 4 (KIP-133, 226, 569), of topics, groups, this broker, all brokers, and of client metrics, which
//! have no settings of their own yet.
//!
//! *Source*: ConfigHelper of Kafka 4.3.1. Tests: tests/wire/settings.rs.

use super::resources::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC};
use crate::context::Context;
use crate::publish::Published;
use config::{
    Described, Overrides, describe_broker, describe_client_metrics, describe_every_broker, describe_group,
    describe_topic,
};
use metadata::ConfigResource;
use std::collections::BTreeSet;
use std::sync::Arc;
use types::{ErrorCode, TopicName};
use wire::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use wire::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};

/// What a resource takes in an answer, without its name and its settings. *Units*: bytes.
const RESOURCE_BYTES: usize = 450;
/// What a sentence takes beside that where the resource is no topic. *Units*: bytes.
const REFUSAL_BYTES: usize = 500;
/// What a setting takes, and with its synonyms. *Units*: bytes.
const SETTING_BYTES: (usize, usize) = (300, 700);
/// What a setting's sentence takes beside that. *Units*: bytes.
const SENTENCE_BYTES: usize = 400;
/// Settings of a topic, a group or a subscription, and those of a broker, at most.
const SETTINGS_MAX: (usize, usize) = (100, 450);
/// How often a stored value may stand in an answer: as a value and in synonyms.
const VALUE_TIMES: usize = 4;

/// Kafka's sentence for a type that it does not know.
const UNKNOWN_TYPE: &str = "This most likely occurs because of a request being malformed by the client library or the \
     message was sent to an incompatible broker. See the broker logs for more details.";

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(context: &Context, request: &DescribeConfigsRequest) -> usize {
    let published = context.published();
    let each = if request.include_synonyms { SETTING_BYTES.1 } else { SETTING_BYTES.0 };
    let each = if request.include_documentation { each + SENTENCE_BYTES } else { each };
    let mut seen = BTreeSet::new();
    let size = |resource: &DescribeConfigsResource| {
        let (most, values) = stored_bytes(&published, resource);
        let keys = resource.configuration_keys.as_ref().map_or(0, Vec::len);
        let rows = if keys == 0 { most } else { keys.min(most) };
        let refusal = if resource.resource_type == TOPIC { 0 } else { REFUSAL_BYTES };
        RESOURCE_BYTES + refusal + 5 * resource.resource_name.len() + rows * each + VALUE_TIMES * values
    };
    let once = request.resources.iter().filter(|r| seen.insert((r.resource_type, r.resource_name.as_str())));
    once.map(size).sum()
}

/// Returns how many settings a resource has, at most, and the bytes of the values that somebody has set.
fn stored_bytes(published: &Published, resource: &DescribeConfigsResource) -> (usize, usize) {
    let image = &published.image;
    let bytes = |settings: &Overrides| settings.values().map(String::len).sum::<usize>();
    let of_brokers = || {
        let own = image.configs().of(&ConfigResource::Broker(published.broker.node_id));
        bytes(image.configs().of(&ConfigResource::BrokerDefault)) + bytes(own)
    };
    let name = resource.resource_name.as_str();
    match resource.resource_type {
        TOPIC => match image.topics().by_name(name) {
            Some(topic) => (SETTINGS_MAX.0, of_brokers() + bytes(image.topic_settings(topic.id))),
            None => (0, 0),
        },
        BROKER if name.is_empty() || name.parse() == Ok(published.broker.node_id.0) => {
            (SETTINGS_MAX.1, of_brokers() + published.broker.sources.text_bytes())
        }
        GROUP => (SETTINGS_MAX.0, of_brokers() + bytes(of_group(published, name))),
        CLIENT_METRICS => (SETTINGS_MAX.0, of_brokers()),
        _ => (0, 0),
    }
}

pub(super) async fn describe_configs(
    context: Arc<Context>,
    request: DescribeConfigsRequest,
    _: i16,
) -> DescribeConfigsResponse {
    let (synonyms, documentation) = (request.include_synonyms, request.include_documentation);
    let published = context.published();
    // A resource that is asked for many times is described once (A6).
    let mut seen = BTreeSet::new();
    let once =
        request.resources.into_iter().filter(|r| seen.insert((r.resource_type, r.resource_name.clone())));
    let results = once.map(|resource| describe(&published, resource, (synonyms, documentation)));
    DescribeConfigsResponse { results: results.collect(), ..DescribeConfigsResponse::default() }
}

/// Why a resource is not described, with Kafka's sentence, which may be empty.
type Undescribed = (ErrorCode, String);

fn describe(
    published: &Published,
    resource: DescribeConfigsResource,
    (synonyms, documentation): (bool, bool),
) -> DescribeConfigsResult {
    let name = resource.resource_name.as_str();
    let found = match resource.resource_type {
        TOPIC => topic(published, name),
        BROKER => broker(published, name),
        BROKER_LOGGER => check_logger(published, name).map(|()| Vec::new()),
        GROUP if name.is_empty() => invalid("Group name must not be empty"),
        GROUP => Ok(describe_group(of_group(published, name), &published.broker)),
        CLIENT_METRICS if name.is_empty() => invalid("Client metrics subscription name must not be empty"),
        CLIENT_METRICS => Ok(describe_client_metrics()),
        _ => invalid(UNKNOWN_TYPE),
    };
    let (code, message, configs) = match found {
        Ok(configs) => (ErrorCode::None, String::new(), configs),
        Err((code, message)) => (code, message, Vec::new()),
    };
    // No names ask for all, as none at all do.
    let keys = resource.configuration_keys.filter(|keys| !keys.is_empty());
    let keys: Option<BTreeSet<String>> = keys.map(|keys| keys.into_iter().collect());
    let wanted =
        configs.into_iter().filter(|config| keys.as_ref().is_none_or(|keys| keys.contains(config.name)));
    DescribeConfigsResult {
        error_code: code.code(),
        error_message: Some(message),
        resource_type: resource.resource_type,
        resource_name: resource.resource_name,
        configs: wanted.map(|config| row(config, synonyms, documentation)).collect(),
    }
}

fn invalid<T>(message: impl Into<String>) -> Result<T, Undescribed> {
    Err((ErrorCode::InvalidRequest, message.into()))
}

fn topic(published: &Published, name: &str) -> Result<Vec<Described>, Undescribed> {
    TopicName::new(name).map_err(|error| {
        let refusal = metadata::controller::topic_name_refusal(name, error);
        (refusal.code, refusal.message)
    })?;
    let topic = published.image.topics().by_name(name);
    let topic = topic.ok_or((ErrorCode::UnknownTopicOrPartition, String::new()))?;
    Ok(describe_topic(published.image.topic_settings(topic.id), &published.broker))
}

/// Returns what was set for a group; it need not exist.
fn of_group<'a>(published: &'a Published, name: &str) -> &'a Overrides {
    published.image.configs().of(&ConfigResource::Group(name.to_owned()))
}

/// Describes this broker; the empty name asks for what was changed for all of them.
fn broker(published: &Published, name: &str) -> Result<Vec<Described>, Undescribed> {
    if name.is_empty() {
        return Ok(describe_every_broker(&published.broker));
    }
    check_id(published, name, " or empty string")?;
    Ok(describe_broker(&published.broker))
}

fn check_logger(published: &Published, name: &str) -> Result<(), Undescribed> {
    match name {
        "" => invalid("Broker id must not be empty"),
        name => check_id(published, name, ""),
    }
}

fn check_id(published: &Published, name: &str, or: &str) -> Result<(), Undescribed> {
    let id = published.broker.node_id;
    match name.parse::<i32>() {
        Err(_) => invalid(format!("Broker id must be an integer, but it is: {name}")),
        Ok(other) if other != id.0 => {
            invalid(format!("Unexpected broker id, expected {id}{or}, but received {name}"))
        }
        Ok(_) => Ok(()),
    }
}

fn row(config: Described, synonyms: bool, documentation: bool) -> DescribeConfigsResourceResult {
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
        documentation: documentation.then(|| documentation_of(config.text, config.idle)),
    }
}

/// Says what a setting is, and why its value does not act where that is so.
fn documentation_of(text: &str, idle: Option<&str>) -> String {
    idle.map_or_else(|| text.to_string(), |why| format!("{text} Accepted and does not act: {why}."))
}
