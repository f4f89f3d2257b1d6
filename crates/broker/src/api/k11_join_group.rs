//! JoinGroup, 0 to 9. KIP-62, 345, 394, 559, 800, 814. Decided by coordinator::Groups.

use super::groups::{ask_patiently, ask_within};
use super::{Call, Holds, Refused, admit_answer};
use crate::admission::Admitted;
use crate::context::Context;
use crate::net::connection::Load;
use coordinator::{Answer, Caller, Request};
use std::sync::Arc;
use tokio::sync::watch;
use types::{ErrorCode, Generation, GroupId, MemberId};
use wire::join_group_request::JoinGroupRequest;
use wire::join_group_response::JoinGroupResponse;

/// First version in which the name of the protocol may be missing.
const NO_PROTOCOL_FROM: i16 = 7;

/// What an answer takes, beside the others that a leader is told of. *Units*: bytes.
const ANSWER_BYTES: usize = 4 << 10;

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
            Caller { client_id, host: format!("/{}", call.peer.host()), version: call.header.id.api_version };
        From { caller, load: call.peer.load.subscribe() }
    }
}

pub(super) async fn join_group(
    context: Arc<Context>,
    request: JoinGroupRequest,
    version: i16,
    from: From,
    holds: Holds,
) -> Result<(JoinGroupResponse, Admitted), Refused> {
    let (group, member_id) = (GroupId::from(request.group_id.as_str()), request.member_id.clone());
    let request = Request::Join { request, caller: from.caller, fresh: context.env.random.uuid() };
    let answer = ask_patiently(&context, request, holds, from.load).await;
    let known =
        |response: &JoinGroupResponse| ANSWER_BYTES + 3 * (response.member_id.len() + response.leader.len());
    let (mut response, admitted) = match answer {
        Ok(Answer::Leads(response)) => lead(&context, group, response).await?,
        Ok(Answer::Join(response)) => {
            let admitted = admit_answer(&context, known(&response)).await?;
            (response, admitted)
        }
        other => {
            let response = refused(other.err().unwrap_or(ErrorCode::UnknownServerError), member_id);
            let admitted = admit_answer(&context, known(&response)).await?;
            (response, admitted)
        }
    };
    if version < NO_PROTOCOL_FROM {
        response.protocol_name.get_or_insert_default();
    } else if response.error_code != ErrorCode::None.code() {
        response.protocol_name = None;
    }
    Ok((response, admitted))
}

/// Tells a leader who the others are, once there is room for that.
async fn lead(
    context: &Context,
    group: GroupId,
    response: JoinGroupResponse,
) -> Result<(JoinGroupResponse, Admitted), Refused> {
    let (member, generation) =
        (MemberId::from(response.member_id.as_str()), Generation(response.generation_id));
    let known = ANSWER_BYTES + 6 * response.member_id.len();
    let (told, admitted) = ask_within(context, Request::Members { group, member, generation }, known).await?;
    let response = match told {
        Ok(Answer::Members(members)) => JoinGroupResponse { members, ..response },
        Ok(_) => refused(ErrorCode::UnknownServerError, response.member_id),
        Err(code) => refused(code, response.member_id),
    };
    Ok((response, admitted))
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
