//! Heartbeat, 0 to 4. KIP-345. Decided by coordinator::Groups.

use super::groups::ask;
use crate::context::Context;
use coordinator::Request;
use std::sync::Arc;
use types::{ErrorCode, Generation, GroupId, InstanceId, MemberId};
use wire::heartbeat_request::HeartbeatRequest;
use wire::heartbeat_response::HeartbeatResponse;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, _: &HeartbeatRequest) -> usize {
    128
}

pub(super) async fn heartbeat(context: Arc<Context>, request: HeartbeatRequest, _: i16) -> HeartbeatResponse {
    let request = Request::Heartbeat {
        group: GroupId::from(request.group_id.as_str()),
        member: MemberId::from(request.member_id.as_str()),
        instance: request.group_instance_id.as_deref().map(InstanceId::from),
        generation: Generation(request.generation_id),
    };
    let code = match ask(&context, request).await {
        Ok(_) => ErrorCode::None,
        // A member that waits is not turned away while its coordinator reads its log. *Source*: GroupCoordinatorService.
        Err(ErrorCode::CoordinatorLoadInProgress) => ErrorCode::None,
        Err(code) => code,
    };
    HeartbeatResponse { error_code: code.code(), ..HeartbeatResponse::default() }
}
