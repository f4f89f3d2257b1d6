//! ConsumerGroupHeartbeat, 0 to 1. KIP-848, 1082. Decided by coordinator::Groups.

use super::groups::ask;
use super::k11_join_group::From;
use crate::context::Context;
use coordinator::{Answer, Request};
use std::sync::Arc;
use types::ErrorCode;
use wire::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use wire::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;

/// What an answer takes, beside an assignment, which is held by its group. *Units*: bytes.
const ANSWER_BYTES: usize = 4 << 10;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &ConsumerGroupHeartbeatRequest) -> usize {
    let regex = request.subscribed_topic_regex.as_ref().map_or(0, String::len);
    ANSWER_BYTES + 3 * (request.member_id.len() + request.group_id.len() + regex)
}

pub(super) async fn consumer_group_heartbeat(
    context: Arc<Context>,
    request: ConsumerGroupHeartbeatRequest,
    _: i16,
    from: From,
) -> ConsumerGroupHeartbeatResponse {
    if !context.published().serves_consumer_protocol() {
        return refused(ErrorCode::UnsupportedVersion);
    }
    let request =
        Request::ConsumerHeartbeat { request, caller: from.caller(), fresh: context.env.random.uuid() };
    match ask(&context, request).await {
        Ok(Answer::ConsumerHeartbeat(response)) => response,
        Ok(_) => refused(ErrorCode::UnknownServerError),
        Err(code) => refused(code),
    }
}

fn refused(code: ErrorCode) -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse {
        error_code: code.code(),
        error_message: None,
        member_id: None,
        assignment: None,
        ..ConsumerGroupHeartbeatResponse::default()
    }
}
