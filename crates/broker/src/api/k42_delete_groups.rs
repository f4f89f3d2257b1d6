//! DeleteGroups, 0 to 2. KIP-229. Decided by coordinator::Groups.

use super::groups::ask;
use crate::context::Context;
use coordinator::Request;
use std::collections::BTreeSet;
use std::sync::Arc;
use types::{ErrorCode, GroupId};
use wire::delete_groups_request::DeleteGroupsRequest;
use wire::delete_groups_response::{DeletableGroupResult, DeleteGroupsResponse};

/// What a group takes in a request and its answer, without its name. *Units*: bytes.
const GROUP_BYTES: usize = 200;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &DeleteGroupsRequest) -> usize {
    request.groups_names.iter().map(|group| GROUP_BYTES + 4 * group.len()).sum()
}

pub(super) async fn delete_groups(
    context: Arc<Context>,
    request: DeleteGroupsRequest,
    _: i16,
) -> DeleteGroupsResponse {
    let mut response = DeleteGroupsResponse::default();
    let mut seen = BTreeSet::new();
    for group_id in request.groups_names {
        // A name that stands twice is one group, as for Kafka.
        if !seen.insert(group_id.clone()) {
            continue;
        }
        let answer = ask(&context, Request::Delete(GroupId::from(group_id.as_str()))).await;
        let code = answer.err().unwrap_or(ErrorCode::None);
        response.results.push(DeletableGroupResult { group_id, error_code: code.code() });
    }
    response
}
