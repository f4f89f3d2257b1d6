//! CreatePartitions, 0 to 3. KIP-195, 599. Decided by metadata::controller::partitions.
//!
//! Answered once handlers and shards see the new partitions. Tests: tests/wire/partitions.rs.

use super::k19_create_topics::settle;
use crate::context::Context;
use metadata::controller::{CreatePartitions, CreatedPartitions, MorePartitions};
use std::sync::Arc;
use types::{BrokerId, ErrorCode, Millis};
use wire::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsTopic,
};
use wire::create_partitions_response::{CreatePartitionsResponse, CreatePartitionsTopicResult};

/// What a topic takes in a request and its answer, without its name. *Units*: bytes.
const TOPIC_BYTES: usize = 600;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &CreatePartitionsRequest) -> usize {
    request.topics.iter().map(|topic| TOPIC_BYTES + 5 * topic.name.len()).sum()
}

pub(super) async fn create_partitions(
    context: Arc<Context>,
    request: CreatePartitionsRequest,
    _: i16,
) -> CreatePartitionsResponse {
    let timeout = Millis(i64::from(request.timeout_ms)).duration();
    let names: Vec<String> = request.topics.iter().map(|topic| topic.name.clone()).collect();
    let topics = request.topics.into_iter().map(more_partitions).collect();
    let asked = CreatePartitions { topics, validate_only: request.validate_only };
    let results = match context.metadata.create_partitions(asked).await {
        Ok(created) => {
            settle(&context, timeout).await;
            created.into_iter().map(result).collect()
        }
        Err(unavailable) => {
            let message = Some(unavailable.to_string());
            let refuse = |name| refused(name, unavailable.code(), message.clone());
            names.into_iter().map(refuse).collect()
        }
    };
    CreatePartitionsResponse { results, ..CreatePartitionsResponse::default() }
}

fn more_partitions(topic: CreatePartitionsTopic) -> MorePartitions {
    let brokers = |one: CreatePartitionsAssignment| one.broker_ids.into_iter().map(BrokerId).collect();
    let assignments = topic.assignments.map(|all| all.into_iter().map(brokers).collect());
    MorePartitions { name: topic.name, count: topic.count, assignments }
}

fn result(created: CreatedPartitions) -> CreatePartitionsTopicResult {
    match created.result {
        Ok(()) => refused(created.name, ErrorCode::None, None),
        Err(refusal) => {
            let message = Some(refusal.message).filter(|message| !message.is_empty());
            refused(created.name, refusal.code, message)
        }
    }
}

fn refused(name: String, code: ErrorCode, error_message: Option<String>) -> CreatePartitionsTopicResult {
    CreatePartitionsTopicResult { name, error_code: code.code(), error_message }
}
