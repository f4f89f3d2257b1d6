//! CreateTopics, 2 to 7. KIP-195, 464, 525, 599. Decided by metadata::controller::topics.

use crate::context::Context;
use config::{ConfigSource, Durability, TopicConfig, describe_topic};
use metadata::controller::{CreateTopic, CreateTopics, CreatedTopic, TopicCreation, TopicRules};
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
    let topics = request.topics.into_iter().map(create_topic).collect();
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
    response.topics = created.into_iter().map(|topic| result(&context, topic)).collect();
    response
}

/// Creates topics with the broker's defaults because somebody asked for them. Failures show in the
/// metadata answer, where the topic is missing.
pub(super) async fn create_on_demand(context: &Arc<Context>, names: Vec<TopicName>) {
    let topics = names.iter().map(|name| CreateTopic {
        name: name.to_string(),
        partitions: -1,
        replication_factor: -1,
        assignments: Vec::new(),
        configs: Vec::new(),
    });
    let request = CreateTopics { topics: topics.collect(), validate_only: false };
    match context.metadata.create_topics(request, rules(context)).await {
        Ok(created) => {
            for refusal in created.iter().filter_map(|topic| topic.result.as_ref().err()) {
                tracing::info!(code = %refusal.code, reason = %refusal.message, "topic was not created on demand");
            }
            settle(context, ON_DEMAND_WAIT).await;
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
    let broker = context.config.clone();
    let check = move |overrides: &BTreeMap<String, String>| {
        let config = TopicConfig::from_overrides(overrides, &broker).map_err(|error| error.to_string())?;
        refuse_page_cache(config.durability)
    };
    TopicRules {
        partitions: i32::try_from(context.config.topics.num_partitions).unwrap_or(i32::MAX),
        replication_factor: i16::try_from(context.config.topics.default_replication_factor)
            .unwrap_or(i16::MAX),
        check_configs: Arc::new(check),
    }
}

/// An acknowledgement that promises less than a sync is not built yet (W-16).
pub(crate) fn refuse_page_cache(durability: Durability) -> Result<(), String> {
    match durability {
        Durability::Fsync => Ok(()),
        Durability::PageCache => {
            Err("highwater.durability is refused: page-cache logs are not built yet; leave it at fsync"
                .to_string())
        }
    }
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
    let described = describe_topic(&set, &context.config);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: nobody believes to have a page-cache log, or worse, gets one by accident (W-16).
    #[test]
    fn page_cache_is_refused_by_name() {
        assert!(
            refuse_page_cache(Durability::PageCache).is_err_and(|text| text.contains("highwater.durability"))
        );
        assert_eq!(refuse_page_cache(Durability::Fsync), Ok(()));
    }
}
