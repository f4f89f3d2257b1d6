//! LeaveGroup, 0 to 5. KIP-345, 800. Decided by coordinator::Groups.

use super::groups::ask;
use crate::context::Context;
use coordinator::{Answer, Request};
use std::sync::Arc;
use types::{ErrorCode, GroupId, InstanceId, MemberId};
use wire::leave_group_request::{LeaveGroupRequest, MemberIdentity};
use wire::leave_group_response::{LeaveGroupResponse, MemberResponse};

/// First version with several members.
const MEMBERS_FROM: i16 = 3;
/// What a member takes in a request and its answer, without its names. *Units*: bytes.
const MEMBER_BYTES: usize = 400;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &LeaveGroupRequest) -> usize {
    let names = |m: &MemberIdentity| m.member_id.len() + m.group_instance_id.as_ref().map_or(0, String::len);
    let each = request.members.iter().map(|member| MEMBER_BYTES + 4 * names(member));
    MEMBER_BYTES + 4 * request.member_id.len() + each.sum::<usize>()
}

pub(super) async fn leave_group(
    context: Arc<Context>,
    request: LeaveGroupRequest,
    version: i16,
) -> LeaveGroupResponse {
    let members = if version >= MEMBERS_FROM {
        request.members
    } else {
        vec![MemberIdentity { member_id: request.member_id, ..MemberIdentity::default() }]
    };
    let named = members.iter().map(|member| {
        (MemberId::from(member.member_id.as_str()), member.group_instance_id.as_deref().map(InstanceId::from))
    });
    let group = GroupId::from(request.group_id.as_str());
    let codes = match ask(&context, Request::Leave { group, members: named.collect() }).await {
        Ok(Answer::Leave(codes)) => codes,
        Ok(_) => Vec::new(),
        Err(code) => return LeaveGroupResponse { error_code: code.code(), ..LeaveGroupResponse::default() },
    };
    if version < MEMBERS_FROM {
        let code = codes.first().copied().unwrap_or(ErrorCode::None);
        return LeaveGroupResponse { error_code: code.code(), ..LeaveGroupResponse::default() };
    }
    let each = members.into_iter().zip(codes).map(|(member, code)| MemberResponse {
        member_id: member.member_id,
        group_instance_id: member.group_instance_id,
        error_code: code.code(),
    });
    LeaveGroupResponse { members: each.collect(), ..LeaveGroupResponse::default() }
}
