//! DeleteTopics, 1 to 6 (KIP-516: by id from 6). Decided by metadata::controller::topics.

use super::k19_create_topics::settle;
use crate::context::Context;
use metadata::controller::{DeleteTopic, DeletedTopic};
use std::sync::Arc;
use types::{ErrorCode, Millis, TopicId};
use wire::delete_topics_request::DeleteTopicsRequest;
use wire::delete_topics_response::{DeletableTopicResult, DeleteTopicsResponse};

/// First version that names topics one by one, by name or by id.
const STATES_FROM: i16 = 6;

/// What a topic takes in a request and its answer, without its name. *Units*: bytes.
const TOPIC_BYTES: usize = 600;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &DeleteTopicsRequest) -> usize {
    let states = request.topics.iter().map(|topic| topic.name.as_ref().map_or(0, String::len));
    let names = request.topic_names.iter().map(String::len);
    states.chain(names).map(|name| TOPIC_BYTES + 3 * name).sum()
}

pub(super) async fn delete_topics(
    context: Arc<Context>,
    request: DeleteTopicsRequest,
    version: i16,
) -> DeleteTopicsResponse {
    let timeout = Millis(i64::from(request.timeout_ms)).duration();
    let topics = if version >= STATES_FROM {
        request.topics.into_iter().map(|t| DeleteTopic { name: t.name, id: TopicId(t.topic_id) }).collect()
    } else {
        let named = |name| DeleteTopic { name: Some(name), id: TopicId::default() };
        request.topic_names.into_iter().map(named).collect::<Vec<_>>()
    };
    let mut response = DeleteTopicsResponse::default();
    if !context.config.topics.delete_enabled {
        response.responses =
            topics.iter().map(|t| refused(t, ErrorCode::TopicDeletionDisabled, None)).collect();
        return response;
    }
    match context.metadata.delete_topics(topics.clone()).await {
        Ok(deleted) => {
            settle(&context, timeout).await;
            response.responses = deleted.into_iter().map(result).collect();
        }
        Err(unavailable) => {
            response.responses = topics.iter().map(|t| refused(t, unavailable.code(), None)).collect();
        }
    }
    response
}

fn result(deleted: DeletedTopic) -> DeletableTopicResult {
    let (code, message) = match deleted.result {
        Ok(()) => (ErrorCode::None, None),
        Err(refusal) => (refusal.code, Some(refusal.message)),
    };
    DeletableTopicResult {
        name: deleted.name,
        topic_id: deleted.id.0,
        error_code: code.code(),
        error_message: message,
    }
}

fn refused(topic: &DeleteTopic, code: ErrorCode, message: Option<String>) -> DeletableTopicResult {
    let topic = topic.clone();
    DeletableTopicResult {
        name: topic.name,
        topic_id: topic.id.0,
        error_code: code.code(),
        error_message: message,
    }
}
