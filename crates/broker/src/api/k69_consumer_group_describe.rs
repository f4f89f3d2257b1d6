//! ConsumerGroupDescribe, 0 to 1. KIP-848, 1099. Answered by coordinator::Groups.

use super::authorized::{GROUP_OPERATIONS, operations};
use super::groups::Room;
use crate::context::Context;
use crate::publish::Published;
use coordinator::{Answer, ConsumerDescription, ConsumerMemberDescription, Request};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use types::{ErrorCode, GroupId, TopicId};
use wire::consumer_group_describe_request::ConsumerGroupDescribeRequest;
use wire::consumer_group_describe_response::{
    Assignment, ConsumerGroupDescribeResponse, DescribedGroup, Member, TopicPartitions,
};

/// What a group takes in an answer, beside its members. *Units*: bytes.
const GROUP_BYTES: usize = 2 << 10;
/// Kinds of members.
const CLASSIC: i8 = 0;
const CONSUMER: i8 = 1;

/// Returns what an answer takes at most, but for what the groups hold.
pub(super) fn answer_bytes(_: &Context, request: &ConsumerGroupDescribeRequest) -> usize {
    request.group_ids.iter().map(|group| GROUP_BYTES + 4 * group.len()).sum()
}

pub(super) async fn consumer_group_describe(
    context: Arc<Context>,
    request: ConsumerGroupDescribeRequest,
    _: i16,
    bytes: usize,
) -> Result<ConsumerGroupDescribeResponse, usize> {
    let (mut room, mut is_whole) = (Room::new(bytes), true);
    let (nameless, named): (Vec<String>, Vec<String>) =
        request.group_ids.into_iter().partition(String::is_empty);
    let mut groups: Vec<DescribedGroup> =
        nameless.into_iter().map(|group| refused(group, ErrorCode::InvalidGroupId, None)).collect();
    for group in named {
        if !context.published().serves_consumer_protocol() {
            groups.push(refused(group, ErrorCode::UnsupportedVersion, None));
            continue;
        }
        let told = room.ask(&context, Request::ConsumerDescribe(GroupId::from(group.as_str()))).await;
        is_whole &= told.is_some();
        let Some(answer) = told else { continue };
        let mut described = match answer {
            Ok(Answer::ConsumerDescription(description)) => {
                describe(&context.published(), group, description)
            }
            Ok(Answer::OtherProtocol) => {
                let message = format!("Group {group} is not a consumer group.");
                refused(group, ErrorCode::GroupIdNotFound, Some(message))
            }
            Ok(_) => refused(group, ErrorCode::UnknownServerError, None),
            Err(ErrorCode::GroupIdNotFound) => {
                let message = format!("Group {group} not found.");
                refused(group, ErrorCode::GroupIdNotFound, Some(message))
            }
            Err(code) => refused(group, code, None),
        };
        let shows = request.include_authorized_operations && described.error_code == ErrorCode::None.code();
        described.authorized_operations = operations(shows, GROUP_OPERATIONS);
        groups.push(described);
    }
    let response = ConsumerGroupDescribeResponse { groups, ..ConsumerGroupDescribeResponse::default() };
    room.end(is_whole.then_some(response))
}

fn describe(published: &Published, group_id: String, description: ConsumerDescription) -> DescribedGroup {
    DescribedGroup {
        error_message: None,
        group_id,
        group_state: description.state.to_owned(),
        group_epoch: description.epoch.0,
        assignment_epoch: description.assignment_epoch.0,
        assignor_name: description.assignor.to_owned(),
        members: description.members.into_iter().map(|member| describe_member(published, member)).collect(),
        ..DescribedGroup::default()
    }
}

fn describe_member(published: &Published, member: ConsumerMemberDescription) -> Member {
    Member {
        member_id: member.member_id.to_string(),
        instance_id: member.instance.map(|instance| instance.to_string()),
        rack_id: member.rack,
        member_epoch: member.epoch.0,
        client_id: member.client_id,
        client_host: member.client_host,
        subscribed_topic_names: member.topics,
        subscribed_topic_regex: Some(member.regex.unwrap_or_default()),
        assignment: assignment(published, &member.assigned),
        target_assignment: assignment(published, &member.target),
        member_type: if member.is_classic { CLASSIC } else { CONSUMER },
    }
}

/// Writes an assignment, but for what is of topics that are gone.
fn assignment(published: &Published, topics: &BTreeMap<TopicId, BTreeSet<i32>>) -> Assignment {
    let each = topics.iter().filter_map(|(id, partitions)| {
        let topic_name = published.image.topics().by_id(*id)?.name.to_string();
        let partitions = partitions.iter().copied().collect();
        Some(TopicPartitions { topic_id: id.0, topic_name, partitions })
    });
    Assignment { topic_partitions: each.collect() }
}

fn refused(group_id: String, code: ErrorCode, error_message: Option<String>) -> DescribedGroup {
    DescribedGroup { group_id, error_code: code.code(), error_message, ..DescribedGroup::default() }
}
