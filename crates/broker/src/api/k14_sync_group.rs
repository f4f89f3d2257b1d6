//! SyncGroup, 0 to 5. KIP-345, 559. Decided by coordinator::Groups.

use super::groups::ask_patiently;
use super::k11_join_group::From;
use crate::context::Context;
use coordinator::{Answer, Request};
use std::sync::Arc;
use types::ErrorCode;
use wire::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};
use wire::sync_group_response::SyncGroupResponse;

/// First version that names the protocol.
const PROTOCOL_FROM: i16 = 5;
/// What an answer takes, and a member of an assignment. *Units*: bytes.
const MEMBER_BYTES: usize = 400;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &SyncGroupRequest) -> usize {
    let size =
        |one: &SyncGroupRequestAssignment| MEMBER_BYTES + 2 * (one.member_id.len() + one.assignment.len());
    MEMBER_BYTES + request.assignments.iter().map(size).sum::<usize>()
}

pub(super) async fn sync_group(
    context: Arc<Context>,
    request: SyncGroupRequest,
    version: i16,
    from: From,
) -> SyncGroupResponse {
    let names_none = request.protocol_type.is_none() || request.protocol_name.is_none();
    let answer = if version >= PROTOCOL_FROM && names_none {
        Err(ErrorCode::InconsistentGroupProtocol)
    } else {
        ask_patiently(&context, Request::Sync(request), from.load()).await
    };
    let code = match answer {
        Ok(Answer::Sync(response)) => return response,
        Ok(_) => ErrorCode::UnknownServerError,
        // Nobody knows who the leader is until the log is read: all join again. *Source*: GroupCoordinatorService.
        Err(ErrorCode::CoordinatorLoadInProgress) => ErrorCode::RebalanceInProgress,
        Err(code) => code,
    };
    SyncGroupResponse { error_code: code.code(), ..SyncGroupResponse::default() }
}
