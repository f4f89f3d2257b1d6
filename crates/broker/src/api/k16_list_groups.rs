//! ListGroups, 0 to 5. KIP-518, 848. Answered by every coordinator of this broker.

use super::groups::Room;
use crate::context::Context;
use coordinator::{Answer, Listed, Request};
use metadata::image::CONSUMER_OFFSETS;
use std::sync::Arc;
use types::{ErrorCode, LogKey};
use wire::list_groups_request::ListGroupsRequest;
use wire::list_groups_response::{ListGroupsResponse, ListedGroup};

/// What an answer takes before any group is known. *Units*: bytes.
const ANSWER_BYTES: usize = 64 << 10;

/// Returns what an answer takes, as far as that can be known before.
pub(super) fn answer_bytes(_: &Context, _: &ListGroupsRequest) -> usize {
    ANSWER_BYTES
}

pub(super) async fn list_groups(
    context: Arc<Context>,
    request: ListGroupsRequest,
    _: i16,
    bytes: usize,
) -> Result<ListGroupsResponse, usize> {
    let (mut response, mut room, mut is_whole) = (ListGroupsResponse::default(), Room::new(bytes), true);
    for key in led(&context) {
        match room.ask_at(&context, key, Request::List).await {
            None => is_whole = false,
            Some(Ok(Answer::Groups(groups))) => {
                let shown = groups.into_iter().filter(|group| is_asked_for(&request, group));
                response.groups.extend(shown.map(listed));
            }
            Some(Ok(_) | Err(ErrorCode::NotCoordinator)) => {}
            Some(Err(code)) => response.error_code = code.code(),
        }
    }
    room.end(is_whole.then_some(response))
}

/// Returns the partitions whose coordinators are here.
fn led(context: &Context) -> Vec<LogKey> {
    let published = context.published();
    let topic = published.image.topics().by_name(CONSUMER_OFFSETS);
    topic.map(|topic| topic.partitions().map(|(id, _)| topic.key(id)).collect()).unwrap_or_default()
}

/// Applies the filters; case does not matter.
fn is_asked_for(request: &ListGroupsRequest, group: &Listed) -> bool {
    let has = |filter: &[String], name: &str| {
        filter.is_empty() || filter.iter().any(|f| f.eq_ignore_ascii_case(name))
    };
    has(&request.states_filter, group.state) && has(&request.types_filter, group.kind)
}

fn listed(group: Listed) -> ListedGroup {
    ListedGroup {
        group_id: group.group.to_string(),
        protocol_type: group.protocol_type,
        group_state: group.state.to_owned(),
        group_type: group.kind.to_owned(),
    }
}
