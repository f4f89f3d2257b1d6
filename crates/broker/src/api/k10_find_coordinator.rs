//! FindCoordinator, 0 to 6. Of groups and of transactions; there are no share groups. KIP-699, 890.
//!
//! The topic that holds what is coordinated is made when somebody looks for a coordinator for the first time.

use super::brokers;
use super::{groups, transactions};
use crate::context::Context;
use crate::publish::Published;
use std::sync::Arc;
use types::{ErrorCode, LogKey};
use wire::find_coordinator_request::FindCoordinatorRequest;
use wire::find_coordinator_response::{Coordinator, FindCoordinatorResponse};

const FOUND: &str = "NONE";
const NOT_AVAILABLE: &str = "The coordinator is not available.";
const INVALID: &str = "This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details.";

/// First version that may ask for the coordinator of shared records.
const SHARE_FROM: i16 = 6;
/// First version with many keys.
const KEYS_FROM: i16 = 4;

/// What a key takes in a request and its answer, beside its bytes. *Units*: bytes.
const KEY_BYTES: usize = 580;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &FindCoordinatorRequest) -> usize {
    let keys = request.coordinator_keys.iter().map(|key| KEY_BYTES + 2 * key.len());
    keys.sum::<usize>() + KEY_BYTES
}

pub(super) async fn find_coordinator(
    context: Arc<Context>,
    request: FindCoordinatorRequest,
    version: i16,
    listener: Arc<str>,
) -> FindCoordinatorResponse {
    let there_is = match kind(request.key_type, version) {
        Ok(Kind::Group) => groups::make_offsets_topic(&context).await.map(|()| Kind::Group),
        Ok(Kind::Transaction) => transactions::make_state_topic(&context).await.map(|()| Kind::Transaction),
        Err(code) => Err(code),
    };
    let published = context.published();
    let find = |key: String| match there_is.and_then(|kind| find(&published, kind, &key, &listener)) {
        Ok(found) => Coordinator { key, ..found },
        Err(code) => refused(key, code, version),
    };
    if version >= KEYS_FROM {
        let coordinators = request.coordinator_keys.into_iter().map(find).collect();
        return FindCoordinatorResponse { coordinators, ..FindCoordinatorResponse::default() };
    }
    let found = find(request.key);
    // With one key Kafka has a word for what is no error.
    let is_found = found.error_code == ErrorCode::None.code();
    let error_message = if is_found { Some(FOUND.to_owned()) } else { found.error_message };
    FindCoordinatorResponse {
        error_code: found.error_code,
        error_message,
        node_id: found.node_id,
        host: found.host,
        port: found.port,
        ..FindCoordinatorResponse::default()
    }
}

/// What is coordinated.
#[derive(Clone, Copy)]
enum Kind {
    Group,
    Transaction,
}

fn kind(key_type: i8, version: i16) -> Result<Kind, ErrorCode> {
    match key_type {
        0 => Ok(Kind::Group),
        1 => Ok(Kind::Transaction),
        2 if version >= SHARE_FROM => Err(ErrorCode::CoordinatorNotAvailable),
        _ => Err(ErrorCode::InvalidRequest),
    }
}

/// Finds the broker that leads the partition of a group or a transactional id.
fn find(published: &Published, kind: Kind, key: &str, listener: &str) -> Result<Coordinator, ErrorCode> {
    let unavailable = ErrorCode::CoordinatorNotAvailable;
    let partition = match kind {
        Kind::Group => groups::coordinator_of(published, key),
        Kind::Transaction => transactions::coordinator_of(published, key),
    };
    let LogKey { topic_id, partition } = partition.map_err(|_| unavailable)?;
    let topic = published.image.topics().by_id(topic_id).ok_or(unavailable)?;
    let image = topic.partition(partition).ok_or(unavailable)?;
    let leader = published.image.leadership(image).leader.ok_or(unavailable)?;
    let node = brokers::active(published, listener).find(|node| node.id == leader.0).ok_or(unavailable)?;
    Ok(Coordinator { node_id: node.id, host: node.host, port: node.port, ..Coordinator::default() })
}

/// Says why there is none, as Kafka does: with many keys it has no sentence for this.
fn refused(key: String, code: ErrorCode, version: i16) -> Coordinator {
    let message = match code {
        ErrorCode::InvalidRequest => INVALID,
        _ if version >= KEYS_FROM => "",
        _ => NOT_AVAILABLE,
    };
    Coordinator {
        key,
        node_id: -1,
        host: String::new(),
        port: -1,
        error_code: code.code(),
        error_message: Some(message.to_string()),
    }
}
