//! FindCoordinator, 0 to 6. There is no coordinator until groups and transactions exist.

use crate::context::Context;
use std::sync::Arc;
use types::ErrorCode;
use wire::find_coordinator_request::FindCoordinatorRequest;
use wire::find_coordinator_response::{Coordinator, FindCoordinatorResponse};

const SENTENCE: &str = "This broker has no groups and no transactions yet.";

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
