//! ConsumerGroupHeartbeat, 0 to 1. KIP-848, 1082. Decided by coordinator::Groups.

use super::groups::ask;
use super::k11_join_group::From;
use super::{Holds, Refused, admit_answer};
use crate::admission::Admitted;
use crate::context::Context;
use coordinator::{Answer, Request};
use std::sync::Arc;
use types::ErrorCode;
use wire::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use wire::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;

/// What an answer takes, beside an assignment. *Units*: bytes.
const ANSWER_BYTES: usize = 4 << 10;

/// What a topic takes in an answer, beside its partitions. *Units*: bytes.
const TOPIC_BYTES: usize = 128;

/// Returns what an answer takes at most.
fn answer_bytes(response: &ConsumerGroupHeartbeatResponse) -> usize {
    let texts = [&response.member_id, &response.error_message];
    let topics = response.assignment.iter().flat_map(|assignment| &assignment.topic_partitions);
    let topics = topics.map(|topic| TOPIC_BYTES + 8 * topic.partitions.len());
    ANSWER_BYTES + 3 * texts.into_iter().flatten().map(String::len).sum::<usize>() + topics.sum::<usize>()
}

pub(super) async fn consumer_group_heartbeat(
    context: Arc<Context>,
    request: ConsumerGroupHeartbeatRequest,
    _: i16,
    from: From,
    _holds: Holds,
) -> Result<(ConsumerGroupHeartbeatResponse, Admitted), Refused> {
    let response = decided(&context, request, from).await;
    let admitted = admit_answer(&context, answer_bytes(&response)).await?;
    Ok((response, admitted))
}

async fn decided(
    context: &Context,
    request: ConsumerGroupHeartbeatRequest,
    from: From,
) -> ConsumerGroupHeartbeatResponse {
    if !context.published().serves_consumer_protocol() {
        return refused(ErrorCode::UnsupportedVersion);
    }
    let request =
        Request::ConsumerHeartbeat { request, caller: from.caller(), fresh: context.env.random.uuid() };
    match ask(context, request).await {
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
