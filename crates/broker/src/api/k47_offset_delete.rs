//! OffsetDelete, 0. KIP-496. Decided by coordinator::Groups.

use super::groups::ask;
use super::k11_join_group::From;
use super::topics::{self, TopicRef};
use crate::context::Context;
use coordinator::{Answer, Request};
use std::sync::Arc;
use types::{ErrorCode, GroupId};
use wire::offset_delete_request::{OffsetDeleteRequest, OffsetDeleteRequestTopic};
use wire::offset_delete_response::{
    OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};

/// What a topic takes in a request and its answer, without its name. *Units*: bytes.
const TOPIC_BYTES: usize = 250;
/// What a partition takes there. *Units*: bytes.
const PARTITION_BYTES: usize = 150;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &OffsetDeleteRequest) -> usize {
    let size = |t: &OffsetDeleteRequestTopic| {
        TOPIC_BYTES + 4 * t.name.len() + t.partitions.len() * (PARTITION_BYTES + t.name.len())
    };
    TOPIC_BYTES + request.topics.iter().map(size).sum::<usize>()
}

pub(super) async fn offset_delete(
    context: Arc<Context>,
    request: OffsetDeleteRequest,
    _: i16,
    from: From,
) -> OffsetDeleteResponse {
    let published = context.published();
    let is_known = |name: &str, index: i32| {
        topics::topic(&published, TopicRef::Name(name))
            .is_ok_and(|topic| topics::partition(topic, index).is_ok())
    };
    let all =
        request.topics.iter().flat_map(|t| t.partitions.iter().map(|p| (t.name.clone(), p.partition_index)));
    let partitions = all.filter(|(name, index)| is_known(name, *index)).collect();
    let group = GroupId::from(request.group_id.as_str());
    let delete = Request::DeleteOffsets { group, partitions, caller: from.caller() };
    let mut codes = match ask(&context, delete).await {
        Ok(Answer::Partitions(codes)) => codes.into_iter(),
        Ok(_) => Vec::new().into_iter(),
        Err(code) => {
            return OffsetDeleteResponse { error_code: code.code(), ..OffsetDeleteResponse::default() };
        }
    };
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let code = match is_known(&topic.name, partition.partition_index) {
                true => codes.next().unwrap_or(ErrorCode::UnknownServerError),
                false => ErrorCode::UnknownTopicOrPartition,
            };
            OffsetDeleteResponsePartition {
                partition_index: partition.partition_index,
                error_code: code.code(),
            }
        });
        let partitions = partitions.collect();
        OffsetDeleteResponseTopic { name: topic.name, partitions }
    });
    OffsetDeleteResponse { topics: topics.collect(), ..OffsetDeleteResponse::default() }
}
