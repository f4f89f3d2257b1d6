//! JoinGroup, 0 to 9. KIP-62, 345, 394, 559, 800, 814. Decided by coordinator::Groups.

use super::Call;
use super::groups::ask_patiently;
use crate::context::Context;
use crate::net::connection::Load;
use coordinator::{Answer, Caller, Request};
use std::sync::Arc;
use tokio::sync::watch;
use types::ErrorCode;
use wire::join_group_request::JoinGroupRequest;
use wire::join_group_response::JoinGroupResponse;

/// First version in which the name of the protocol may be missing.
const NO_PROTOCOL_FROM: i16 = 7;

/// What an answer takes, beside what members say of themselves, which is held by their group. *Units*: bytes.
const ANSWER_BYTES: usize = 4 << 10;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &JoinGroupRequest) -> usize {
    ANSWER_BYTES + 3 * request.member_id.len()
}

/// Who sends a request, and whether it is still there.
pub(super) struct From {
    caller: Caller,
    load: watch::Receiver<Load>,
}

impl From {
    /// Returns what tells whether the client is there.
    pub(super) fn load(self) -> watch::Receiver<Load> {
        self.load
    }

    /// Returns who sends it.
    pub(super) fn caller(self) -> Caller {
        self.caller
    }

    /// Notes who sends this call.
    pub(super) fn new(call: &Call) -> From {
        let client_id = call.header.client_id.as_deref().unwrap_or_default().to_owned();
        let caller =
            Caller { client_id, host: format!("/{}", call.host), version: call.header.id.api_version };
        From { caller, load: call.load.clone() }
    }
}

pub(super) async fn join_group(
    context: Arc<Context>,
    request: JoinGroupRequest,
    version: i16,
    from: From,
) -> JoinGroupResponse {
    let member_id = request.member_id.clone();
    let request = Request::Join { request, caller: from.caller, fresh: context.env.random.uuid() };
    let mut response = match ask_patiently(&context, request, from.load).await {
        Ok(Answer::Join(response)) => response,
        Ok(_) => refused(ErrorCode::UnknownServerError, member_id),
        Err(code) => refused(code, member_id),
    };
    if version < NO_PROTOCOL_FROM {
        response.protocol_name.get_or_insert_default();
    } else if response.error_code != ErrorCode::None.code() {
        response.protocol_name = None;
    }
    response
}

fn refused(code: ErrorCode, member_id: String) -> JoinGroupResponse {
    // Who finds no place has to begin anew.
    let member_id = if code == ErrorCode::GroupMaxSizeReached { String::new() } else { member_id };
    JoinGroupResponse {
        error_code: code.code(),
        generation_id: -1,
        member_id,
        ..JoinGroupResponse::default()
    }
}
