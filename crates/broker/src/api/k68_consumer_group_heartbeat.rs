//! ConsumerGroupHeartbeat, 0 to 1. KIP-848, 1082. Decided by coordinator::Groups.

use super::groups::ask;
use super::k11_join_group::From;
use super::{Holds, Refused, admit_answer};
use crate::admission::Admitted;
use crate::context::Context;
use coordinator::{Answer, HeartbeatAnswer, Request};
use std::sync::Arc;
use types::ErrorCode;
use wire::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use wire::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;

/// What an answer takes, beside an assignment. *Units*: bytes.
const ANSWER_BYTES: usize = 4 << 10;

/// Returns what an answer takes at most.
fn answer_bytes(answer: &HeartbeatAnswer) -> usize {
    let texts = [&answer.response().member_id, &answer.response().error_message];
    let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
    ANSWER_BYTES + 3 * texts + answer.assignment_bytes()
}

pub(super) async fn consumer_group_heartbeat(
    context: Arc<Context>,
    request: ConsumerGroupHeartbeatRequest,
    _: i16,
    from: From,
    _holds: Holds,
) -> Result<(ConsumerGroupHeartbeatResponse, Admitted), Refused> {
    let answer = decided(&context, request, from).await;
    let admitted = admit_answer(&context, answer_bytes(&answer)).await?;
    Ok((answer.whole(), admitted))
}

async fn decided(context: &Context, request: ConsumerGroupHeartbeatRequest, from: From) -> HeartbeatAnswer {
    if !context.published().serves_consumer_protocol() {
        return refused(ErrorCode::UnsupportedVersion);
    }
    let request =
        Request::ConsumerHeartbeat { request, caller: from.caller(), fresh: context.env.random.uuid() };
    match ask(context, request).await {
        Ok(Answer::ConsumerHeartbeat(answer)) => answer,
        Ok(_) => refused(ErrorCode::UnknownServerError),
        Err(code) => refused(code),
    }
}

fn refused(code: ErrorCode) -> HeartbeatAnswer {
    let response = ConsumerGroupHeartbeatResponse {
        error_code: code.code(),
        error_message: None,
        member_id: None,
        assignment: None,
        ..ConsumerGroupHeartbeatResponse::default()
    };
    response.into()
}
