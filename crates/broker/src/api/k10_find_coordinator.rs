//! FindCoordinator, 0 to 6. There is no coordinator until groups and transactions exist.

use crate::context::Context;
use std::sync::Arc;
use types::ErrorCode;
use wire::find_coordinator_request::FindCoordinatorRequest;
use wire::find_coordinator_response::{Coordinator, FindCoordinatorResponse};

const SENTENCE: &str = "This broker has no groups and no transactions yet.";

/// What a key takes in a request and its answer, beside its bytes. *Units*: bytes.
const KEY_BYTES: usize = 220;

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
    let code = ErrorCode::CoordinatorNotAvailable.code();
    if version >= 4 {
        let coordinators = request.coordinator_keys.into_iter().map(|key| Coordinator {
            key,
            node_id: -1,
            host: String::new(),
            port: -1,
            error_code: code,
            error_message: None,
        });
        return FindCoordinatorResponse {
            coordinators: coordinators.collect(),
            ..FindCoordinatorResponse::default()
        };
    }
    FindCoordinatorResponse {
        error_code: code,
        error_message: Some(SENTENCE.to_string()),
        node_id: -1,
        port: -1,
        ..FindCoordinatorResponse::default()
    }
}
