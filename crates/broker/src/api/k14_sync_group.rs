//! SyncGroup, 0 to 5. KIP-345, 559. Decided by coordinator::Groups.

use super::groups::ask_patiently;
use super::k11_join_group::From;
use super::{Holds, Refused, admit_answer};
use crate::admission::Admitted;
use crate::context::Context;
use coordinator::{Answer, Request};
use std::sync::Arc;
use types::ErrorCode;
use wire::sync_group_request::SyncGroupRequest;
use wire::sync_group_response::SyncGroupResponse;

/// First version that names the protocol.
const PROTOCOL_FROM: i16 = 5;
/// What an answer takes, beside the assignment. *Units*: bytes.
const ANSWER_BYTES: usize = 1 << 10;

pub(super) async fn sync_group(
    context: Arc<Context>,
    request: SyncGroupRequest,
    version: i16,
    from: From,
    holds: Holds,
) -> Result<(SyncGroupResponse, Admitted), Refused> {
    let response = synced(&context, request, version, from, holds).await;
    // Until then it is what the group holds.
    let admitted = admit_answer(&context, ANSWER_BYTES + 2 * response.assignment.len()).await?;
    Ok((response, admitted))
}

async fn synced(
    context: &Context,
    request: SyncGroupRequest,
    version: i16,
    from: From,
    holds: Holds,
) -> SyncGroupResponse {
    let names_none = request.protocol_type.is_none() || request.protocol_name.is_none();
    let answer = if version >= PROTOCOL_FROM && names_none {
        Err(ErrorCode::InconsistentGroupProtocol)
    } else {
        ask_patiently(context, Request::Sync(request), holds, from.load()).await
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
