//! FindCoordinator, 0 to 6. There is no coordinator until groups and transactions exist.

use crate::context::Context;
use std::sync::Arc;
use types::ErrorCode;
use wire::find_coordinator_request::FindCoordinatorRequest;
use wire::find_coordinator_response::{Coordinator, FindCoordinatorResponse};

const NOT_AVAILABLE: &str = "The coordinator is not available.";
const INVALID: &str = "This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details.";

/// Key type of shared records.
const SHARE: i8 = 2;
/// First version that may ask for it.
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
    _: Arc<Context>,
    request: FindCoordinatorRequest,
    version: i16,
) -> FindCoordinatorResponse {
    let (code, message) = refusal(request.key_type, version);
    if version >= KEYS_FROM {
        let coordinators = request.coordinator_keys.into_iter().map(|key| Coordinator {
            key,
            node_id: -1,
            host: String::new(),
            port: -1,
            error_code: code.code(),
            error_message: Some(message.to_string()),
        });
        return FindCoordinatorResponse {
            coordinators: coordinators.collect(),
            ..FindCoordinatorResponse::default()
        };
    }
    FindCoordinatorResponse {
        error_code: code.code(),
        error_message: Some(message.to_string()),
        node_id: -1,
        port: -1,
        ..FindCoordinatorResponse::default()
    }
}

/// Says why there is none, as Kafka does: with many keys it has no sentence for this.
fn refusal(key_type: i8, version: i16) -> (ErrorCode, &'static str) {
    match key_type {
        0..SHARE => {}
        SHARE if version >= SHARE_FROM => {}
        _ => return (ErrorCode::InvalidRequest, INVALID),
    }
    let message = if version >= KEYS_FROM { "" } else { NOT_AVAILABLE };
    (ErrorCode::CoordinatorNotAvailable, message)
}
