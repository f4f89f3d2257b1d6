//! DescribeGroups, 0 to 6. KIP-430, 345, 1043. Answered by coordinator::Groups.

use super::authorized::{GROUP_OPERATIONS, operations};
use super::groups::Room;
use crate::context::Context;
use coordinator::{Answer, Description, MemberDescription, Request};
use std::sync::Arc;
use types::{ErrorCode, GroupId};
use wire::describe_groups_request::DescribeGroupsRequest;
use wire::describe_groups_response::{DescribeGroupsResponse, DescribedGroup, DescribedGroupMember};

/// First version whose clients know that a group may not be there.
const NOT_FOUND_FROM: i16 = 6;
/// State of a group that is not there.
const DEAD: &str = "Dead";
/// What a group takes in an answer, beside what its members say of themselves. *Units*: bytes.
const GROUP_BYTES: usize = 2 << 10;

/// Returns what an answer takes at most, but for what the groups hold.
pub(super) fn answer_bytes(_: &Context, request: &DescribeGroupsRequest) -> usize {
    request.groups.iter().map(|group| GROUP_BYTES + 4 * group.len()).sum()
}

pub(super) async fn describe_groups(
    context: Arc<Context>,
    request: DescribeGroupsRequest,
    version: i16,
    bytes: usize,
) -> Result<DescribeGroupsResponse, usize> {
    let (mut response, mut room, mut is_whole) = (DescribeGroupsResponse::default(), Room::new(bytes), true);
    for group in request.groups {
        let told = room.ask(&context, Request::Describe(GroupId::from(group.as_str()))).await;
        is_whole &= told.is_some();
        let Some(answer) = told else { continue };
        let mut described = match answer {
            Ok(Answer::Description(description)) => describe(group, description),
            Ok(Answer::OtherProtocol) => {
                let message = format!("Group {group} is not a classic group.");
                absent(group, message, version)
            }
            Ok(_) => refused(group, ErrorCode::UnknownServerError),
            Err(ErrorCode::GroupIdNotFound) => {
                let message = format!("Group {group} not found.");
                absent(group, message, version)
            }
            Err(code) => refused(group, code),
        };
        let shows = request.include_authorized_operations && described.error_code == ErrorCode::None.code();
        described.authorized_operations = operations(shows, GROUP_OPERATIONS);
        response.groups.push(described);
    }
    room.end(is_whole.then_some(response))
}

fn describe(group_id: String, description: Description) -> DescribedGroup {
    DescribedGroup {
        group_id,
        group_state: description.state.to_owned(),
        protocol_type: description.protocol_type,
        protocol_data: description.protocol,
        members: description.members.into_iter().map(member).collect(),
        ..DescribedGroup::default()
    }
}

fn member(member: MemberDescription) -> DescribedGroupMember {
    DescribedGroupMember {
        member_id: member.member_id.to_string(),
        group_instance_id: member.instance.map(|instance| instance.to_string()),
        client_id: member.client_id,
        client_host: member.client_host,
        member_metadata: member.metadata,
        member_assignment: member.assignment,
    }
}

fn absent(group_id: String, message: String, version: i16) -> DescribedGroup {
    let mut described = DescribedGroup { group_state: DEAD.to_owned(), ..DescribedGroup::default() };
    if version >= NOT_FOUND_FROM {
        described.error_code = ErrorCode::GroupIdNotFound.code();
        described.error_message = Some(message);
    }
    DescribedGroup { group_id, ..described }
}

fn refused(group_id: String, code: ErrorCode) -> DescribedGroup {
    DescribedGroup { group_id, error_code: code.code(), ..DescribedGroup::default() }
}
