//! CreateTopics, 2 to 7. KIP-195, 464, 525, 599. Decided by metadata::controller::topics.

use super::alter::too_long;
use crate::context::Context;
use config::{BrokerConfig, ConfigSource, DURABILITY, Durability, TopicConfig, describe_topic};
use metadata::MetadataImage;
use metadata::controller::{CreateTopic, CreateTopics, CreatedTopic, TopicCreation, TopicRules};
use metadata::image::is_internal;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use types::{BrokerId, ErrorCode, Millis, TopicName};
use wire::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use wire::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult, CreateTopicsResponse};

/// A topic made on demand has to be there within this time.
const ON_DEMAND_WAIT: Duration = Duration::from_secs(10);

/// What a topic takes in a request and its answer, its settings among it. *Units*: bytes.
const TOPIC_BYTES: usize = 8 << 10;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &CreateTopicsRequest) -> usize {
    request.topics.iter().map(|topic| TOPIC_BYTES + 3 * topic.name.len()).sum()
}

pub(super) async fn create_topics(
    context: Arc<Context>,
    request: CreateTopicsRequest,
    _: i16,
) -> CreateTopicsResponse {
    let names: Vec<String> = request.topics.iter().map(|topic| topic.name.clone()).collect();
    let validate_only = request.validate_only;
    let mut topics: Vec<CreateTopic> = request.topics.into_iter().map(create_topic).collect();
    let refusals: Vec<CreatableTopicResult> = topics.iter().filter_map(internal_refusal).collect();
    topics.retain(|topic| internal_refusal(topic).is_none());
    topics.iter_mut().for_each(|topic| fixed_at_creation(topic, &context.config));
    let created =
        context.metadata.create_topics(CreateTopics { topics, validate_only }, rules(&context)).await;
    let mut response = CreateTopicsResponse::default();
    let created = match created {
        Ok(created) => created,
        Err(unavailable) => {
            response.topics = names.into_iter().map(|name| refused(name, unavailable.code(), None)).collect();
            return response;
        }
    };
    settle(&context, Millis(i64::from(request.timeout_ms)).duration()).await;
    response.topics = created.into_iter().map(|topic| result(&context, topic)).chain(refusals).collect();
    response
}

/// Creates topics with the broker's defaults because somebody asked for them. Failures show in the
/// metadata answer, where the topic is missing.
pub(super) async fn create_on_demand(context: &Arc<Context>, names: Vec<TopicName>) {
    let topics = names.iter().map(|name| {
        let (partitions, replication_factor) = (-1, -1);
        let (assignments, configs) = (Vec::new(), Vec::new());
        let name = name.to_string();
        let mut topic = CreateTopic { name, partitions, replication_factor, assignments, configs };
        fixed_at_creation(&mut topic, &context.config);
        topic
    });
    create(context, topics.collect()).await;
    settle(context, ON_DEMAND_WAIT).await;
}

/// Creates topics for which nobody waits who could be told why one is not.
pub(super) async fn create(context: &Context, topics: Vec<CreateTopic>) {
    let request = CreateTopics { topics, validate_only: false };
    match context.metadata.create_topics(request, rules(context)).await {
        Ok(created) => {
            for refusal in created.iter().filter_map(|topic| topic.result.as_ref().err()) {
                tracing::info!(code = %refusal.code, reason = %refusal.message, "topic was not created on demand");
            }
        }
        Err(unavailable) => tracing::warn!(%unavailable, "topic was not created on demand"),
    }
}

/// Waits until shards and handlers see what the metadata says now.
pub(super) async fn settle(context: &Context, within: Duration) {
    let offset = context.metadata.image().borrow().offset();
    context.published_at(offset, within).await;
}

fn rules(context: &Context) -> TopicRules {
    let published = context.published();
    let check = move |image: &MetadataImage, overrides: &BTreeMap<String, String>| {
        let broker = published.broker_at(image);
        TopicConfig::from_overrides(overrides, &broker).map_err(|error| error.to_string())?;
        too_long(overrides).map_or(Ok(()), Err)
    };
    TopicRules {
        partitions: i32::try_from(context.config.topics.num_partitions).unwrap_or(i32::MAX),
        replication_factor: i16::try_from(context.config.topics.default_replication_factor)
            .unwrap_or(i16::MAX),
        check_configs: Arc::new(check),
    }
}

/// Adds what is fixed at creation and comes from the broker's own settings, so that a later change of those never
/// changes what an acknowledgement of the topic means. Internal topics are always fsync (W-16).
fn fixed_at_creation(topic: &mut CreateTopic, broker: &BrokerConfig) {
    if is_internal(&topic.name) {
        return;
    }
    let own = topic.configs.iter().map(|(name, value)| (name.clone(), value.clone().unwrap_or_default()));
    let own: BTreeMap<String, String> = own.collect();
    let added =
        TopicConfig::at_creation(&own, broker).into_iter().filter(|(name, _)| !own.contains_key(name));
    topic.configs.extend(added.map(|(name, value)| (name, Some(value))));
}

/// Says why an internal topic cannot be created like this.
fn internal_refusal(topic: &CreateTopic) -> Option<CreatableTopicResult> {
    let weak = |(name, value): &(String, Option<String>)| {
        name == DURABILITY && value.as_deref().map(str::trim) == Some(Durability::PageCache.name())
    };
    (is_internal(&topic.name) && topic.configs.iter().any(weak)).then(|| {
        let message = format!("{DURABILITY}=page-cache is refused: internal topics are always fsync.");
        refused(topic.name.clone(), ErrorCode::InvalidConfig, Some(message))
    })
}

fn create_topic(topic: CreatableTopic) -> CreateTopic {
    let assignment = |a: wire::create_topics_request::CreatableReplicaAssignment| {
        (a.partition_index, a.broker_ids.into_iter().map(BrokerId).collect())
    };
    CreateTopic {
        name: topic.name,
        partitions: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignments: topic.assignments.into_iter().map(assignment).collect(),
        configs: topic.configs.into_iter().map(|config| (config.name, config.value)).collect(),
    }
}

fn result(context: &Context, topic: CreatedTopic) -> CreatableTopicResult {
    match topic.result {
        Ok(created) => CreatableTopicResult {
            name: topic.name,
            topic_id: created.id.0,
            error_message: None,
            num_partitions: created.partitions,
            replication_factor: created.replication_factor,
            configs: Some(configs(context, &created)),
            ..CreatableTopicResult::default()
        },
        Err(refusal) => refused(topic.name, refusal.code, Some(refusal.message)),
    }
}

fn configs(context: &Context, created: &TopicCreation) -> Vec<CreatableTopicConfigs> {
    let set: BTreeMap<String, String> = created.configs.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    let described = describe_topic(&set, &context.published().broker);
    described
        .into_iter()
        .map(|config| CreatableTopicConfigs {
            name: config.name.to_string(),
            value: config.value,
            read_only: config.read_only,
            config_source: ConfigSource::code(config.source),
            is_sensitive: config.sensitive,
        })
        .collect()
}

fn refused(name: String, code: ErrorCode, message: Option<String>) -> CreatableTopicResult {
    CreatableTopicResult {
        name,
        error_code: code.code(),
        error_message: message,
        configs: Some(Vec::new()),
        ..CreatableTopicResult::default()
    }
}
