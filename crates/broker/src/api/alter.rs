//! Changes of settings, as IncrementalAlterConfigs and AlterConfigs ask for them.
//!
//! What concerns the request is checked here, in Kafka's order: a resource that comes twice, its type, its name. What a change
//! comes to is decided by crate config on the image of the moment, one decision at a time, so no update is lost; each
//! resource changes whole or not at all, and its answer stands where it was asked. *Source*: ConfigAdminManager of Kafka
//! 4.3.1. Tests: tests/wire/settings.rs.

use super::k19_create_topics::settle;
use super::resources::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC};
use crate::context::Context;
use crate::publish::{Published, stored};
use config::{
    AlterError, AlterOp, Alteration, BrokerAlteration, Overrides, Scope, TopicConfig, alter_group,
    alter_topic, replace_group, replace_topic,
};
use metadata::controller::{AlterConfigs, AlterResource, ConfigOwner, Refusal, topic_name_refusal};
use metadata::{ConfigResource, MetadataImage};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use types::{ErrorCode, TopicName};

/// Shards and handlers have to see a change within this time; it is made whether they do or not.
const SEEN_WITHIN: Duration = Duration::from_secs(10);

/// Longest value: older versions of DescribeConfigs cannot carry a longer one.
const VALUE_MAX: usize = i16::MAX as usize;

/// What a resource takes in a request and its answer, without names and values. *Units*: bytes.
const RESOURCE_BYTES: usize = 900;
/// What a setting takes, without its name and value. *Units*: bytes.
const SETTING_BYTES: usize = 250;

/// Returns what a request's resource and its part of the answer take at most. *Units*: bytes.
pub(super) fn resource_bytes<'a>(
    name: &str,
    settings: impl Iterator<Item = (&'a str, Option<&'a str>)>,
) -> usize {
    let texts = settings.map(|(name, value)| SETTING_BYTES + 4 * (name.len() + value.map_or(0, str::len)));
    RESOURCE_BYTES + 5 * name.len() + texts.sum::<usize>()
}

/// A resource and what is to happen to its settings.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) kind: i8,
    pub(super) name: String,
    /// Nothing if an operation has no meaning.
    pub(super) change: Option<Change>,
}

/// What is to happen to settings.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// These are changed.
    Some(Vec<Alteration>),
    /// These are all that are to be set.
    Whole(Vec<(String, Option<String>)>),
}

/// What became of a resource.
pub(super) struct Answered {
    pub(super) kind: i8,
    pub(super) name: String,
    pub(super) code: ErrorCode,
    pub(super) message: Option<String>,
}

/// Makes the changes, or says what would become of them; one answer per resource, in order.
pub(super) async fn alter(context: &Context, asked: Vec<Asked>, validate_only: bool) -> Vec<Answered> {
    let mut times: BTreeMap<(i8, &str), usize> = BTreeMap::new();
    for one in &asked {
        *times.entry((one.kind, &one.name)).or_default() += 1;
    }
    let published = context.published();
    let prepare = |one: &Asked| match times.get(&(one.kind, one.name.as_str())) {
        Some(1) => prepared(&published, one),
        _ => Err(invalid("Each resource must appear at most once.")),
    };
    let prepared: Vec<Result<AlterResource, Refusal>> = asked.iter().map(prepare).collect();
    let resources = prepared.iter().filter_map(|one| one.as_ref().ok().cloned()).collect();
    let mut decided = decide(context, resources, validate_only).await.into_iter();
    let unanswered = || Err(Refusal::new(ErrorCode::UnknownServerError, ""));
    let results = prepared.into_iter().map(|one| one.and_then(|_| decided.next().unwrap_or_else(unanswered)));
    let results: Vec<Result<(), Refusal>> = results.collect();
    if !validate_only {
        asked.iter().zip(&results).for_each(|(one, result)| say(one, result));
    }
    asked.into_iter().zip(results).map(answered).collect()
}

async fn decide(
    context: &Context,
    resources: Vec<AlterResource>,
    validate_only: bool,
) -> Vec<Result<(), Refusal>> {
    let count = resources.len();
    if count == 0 {
        return Vec::new();
    }
    match context.metadata.alter_configs(AlterConfigs { resources, validate_only }).await {
        Ok(results) => {
            settle(context, SEEN_WITHIN).await;
            results
        }
        Err(unavailable) => vec![Err(Refusal::new(unavailable.code(), unavailable.to_string())); count],
    }
}

/// Notes what was changed, and what of it does not act.
fn say(asked: &Asked, result: &Result<(), Refusal>) {
    let Some(change) = &asked.change else { return };
    let names: Vec<&str> = match change {
        Change::Some(changes) => changes.iter().map(|change| change.name.as_str()).collect(),
        Change::Whole(entries) => entries.iter().map(|(name, _)| name.as_str()).collect(),
    };
    let (kind, name) = (asked.kind, &asked.name);
    match result {
        Ok(()) => tracing::info!(kind, name, settings = names.join(","), "settings were changed"),
        Err(refusal) => tracing::info!(kind, name, reason = refusal.message, "settings were not changed"),
    }
    if let (TOPIC, Ok(())) = (asked.kind, result) {
        for notice in TopicConfig::idle(&values(change)) {
            tracing::warn!(topic = asked.name, "{notice}");
        }
    }
}

fn values(change: &Change) -> Overrides {
    match change {
        Change::Some(changes) => {
            let set = changes.iter().filter(|change| change.op != AlterOp::Delete);
            set.filter_map(|change| Some((change.name.clone(), change.value.clone()?))).collect()
        }
        Change::Whole(entries) => {
            entries.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect()
        }
    }
}

fn answered((asked, result): (Asked, Result<(), Refusal>)) -> Answered {
    let Asked { kind, name, .. } = asked;
    match result {
        Ok(()) => Answered { kind, name, code: ErrorCode::None, message: None },
        Err(Refusal { code, message }) => {
            Answered { kind, name, code, message: Some(message).filter(|message| !message.is_empty()) }
        }
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, message)
}

/// Checks type and name of a resource, and how its change is decided.
fn prepared(published: &Arc<Published>, asked: &Asked) -> Result<AlterResource, Refusal> {
    let Some(change) = asked.change.clone() else {
        return Err(Refusal::new(ErrorCode::UnknownServerError, ""));
    };
    let published = published.clone();
    match asked.kind {
        TOPIC => {
            check_topic_name(&asked.name)?;
            let rule = move |image: &MetadataImage, before: &Overrides| {
                bounded(topic_settings(&published, image, before, &change))
            };
            Ok(AlterResource { of: ConfigOwner::Topic(asked.name.clone()), rule: Arc::new(rule) })
        }
        BROKER => {
            let (of, scope) = broker_owner(&published, &asked.name)?;
            let rule = move |image: &MetadataImage, _: &Overrides| {
                bounded(broker_settings(&published, image, scope, &change))
            };
            Ok(AlterResource { of, rule: Arc::new(rule) })
        }
        BROKER_LOGGER => Err(logger_refusal(&published, &asked.name, &change)),
        GROUP if asked.name.is_empty() => Err(invalid("Default group resources are not allowed.")),
        GROUP => {
            let rule = move |image: &MetadataImage, before: &Overrides| {
                bounded(group_settings(&published, image, before, &change))
            };
            Ok(AlterResource { of: ConfigOwner::Group(asked.name.clone()), rule: Arc::new(rule) })
        }
        CLIENT_METRICS => Err(invalid(
            "Subscriptions to client metrics cannot be changed: client metrics are not built yet.",
        )),
        other => Err(invalid(format!("Unknown resource type {other}"))),
    }
}

fn check_topic_name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(invalid("Default topic resources are not allowed."));
    }
    TopicName::new(name).map(drop).map_err(|error| topic_name_refusal(name, error))
}

/// The empty name stands for all brokers.
fn broker_owner(published: &Published, name: &str) -> Result<(ConfigOwner, Scope), Refusal> {
    if name.is_empty() {
        return Ok((ConfigOwner::EveryBroker, Scope::EveryBroker));
    }
    check_this_node(published, name)?;
    Ok((ConfigOwner::Broker(published.broker.node_id), Scope::ThisBroker))
}

fn check_this_node(published: &Published, name: &str) -> Result<(), Refusal> {
    let id = published.broker.node_id;
    match name.parse::<i32>() {
        Err(_) => Err(invalid(format!("Node id must be an integer, but it is: {name}"))),
        Ok(other) if other != id.0 => {
            Err(invalid(format!("Unexpected broker id, expected {id}, but received {name}")))
        }
        Ok(_) => Ok(()),
    }
}

/// There are no loggers whose levels could be changed.
fn logger_refusal(published: &Published, name: &str, change: &Change) -> Refusal {
    if let Err(refusal) = check_this_node(published, name) {
        return refusal;
    }
    match change {
        Change::Some(changes) => {
            let logger = changes.first().map_or("root", |change| change.name.as_str());
            Refusal::new(ErrorCode::InvalidConfig, format!("Logger {logger} does not exist!"))
        }
        Change::Whole(_) => invalid(format!("Unknown resource type {BROKER_LOGGER}")),
    }
}

fn topic_settings(
    published: &Published,
    image: &MetadataImage,
    before: &Overrides,
    change: &Change,
) -> Result<Overrides, AlterError> {
    let broker = published.broker_at(image);
    match change {
        Change::Some(changes) => alter_topic(before, changes, &broker),
        Change::Whole(entries) => replace_topic(before, entries, &broker),
    }
}

fn group_settings(
    published: &Published,
    image: &MetadataImage,
    before: &Overrides,
    change: &Change,
) -> Result<Overrides, AlterError> {
    let broker = published.broker_at(image);
    match change {
        Change::Some(changes) => alter_group(before, changes, &broker),
        Change::Whole(entries) => replace_group(entries, &broker),
    }
}

fn broker_settings(
    published: &Published,
    image: &MetadataImage,
    scope: Scope,
    change: &Change,
) -> Result<Overrides, AlterError> {
    let stored = stored(image, published.broker.node_id);
    let of_topics = |(resource, settings)| matches!(resource, &ConfigResource::Topic(_)).then_some(settings);
    let topics: Vec<&Overrides> = image.configs().iter().filter_map(of_topics).collect();
    let alteration = BrokerAlteration { scope, broker: &published.broker, stored: &stored, topics: &topics };
    match change {
        Change::Some(changes) => alteration.alter(changes),
        Change::Whole(entries) => alteration.replace(entries),
    }
}

fn bounded(after: Result<Overrides, AlterError>) -> Result<Overrides, Refusal> {
    let after = after.map_err(|error| Refusal::new(error.code(), error.to_string()))?;
    match too_long(&after) {
        Some(message) => Err(Refusal::new(ErrorCode::InvalidConfig, message)),
        None => Ok(after),
    }
}

/// Says which of these settings has a value that no answer could carry.
pub(super) fn too_long(settings: &Overrides) -> Option<String> {
    let (name, value) = settings.iter().find(|(_, value)| value.len() > VALUE_MAX)?;
    let length = value.len();
    Some(format!("The value of {name} has {length} bytes; at most {VALUE_MAX} are stored."))
}
