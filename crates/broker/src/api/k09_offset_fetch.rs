//! OffsetFetch, 1 to 10. KIP-447, 709, 848, 1251. Answered by coordinator::Groups.
//!
//! With `require_stable` an offset that is in a transaction is not told yet (KIP-447).

use super::groups::Room;
use super::topics::{self, TopicRef};
use crate::context::Context;
use crate::publish::Published;
use coordinator::{Answer, FetchedOffset, Request};
use std::sync::Arc;
use types::{ErrorCode, GroupEpoch, GroupId, MemberId, TopicId, Uuid};
use wire::offset_fetch_request::{OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use wire::offset_fetch_response::{
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};

/// First version with a code for the group.
const GROUP_CODE_FROM: i16 = 2;
/// First version with several groups.
const GROUPS_FROM: i16 = 8;
/// First version that names topics by id.
const TOPIC_IDS_FROM: i16 = 10;

/// What a partition takes in an answer, beside its text. *Units*: bytes.
const PARTITION_BYTES: usize = 500;
/// What a group takes. *Units*: bytes.
const GROUP_BYTES: usize = 1 << 10;

/// Returns what an answer takes at most, but for what is committed.
pub(super) fn answer_bytes(_: &Context, request: &OffsetFetchRequest) -> usize {
    let single = request
        .topics
        .iter()
        .flatten()
        .map(|t| 4 * t.name.len() + t.partition_indexes.len() * PARTITION_BYTES);
    let many = request.groups.iter().flat_map(|group| group.topics.iter().flatten());
    let many = many.map(|t| 4 * t.name.len() + t.partition_indexes.len() * PARTITION_BYTES);
    GROUP_BYTES * (1 + request.groups.len()) + single.chain(many).sum::<usize>()
}

pub(super) async fn offset_fetch(
    context: Arc<Context>,
    request: OffsetFetchRequest,
    version: i16,
    bytes: usize,
) -> Result<OffsetFetchResponse, usize> {
    let mut room = Room::new(bytes);
    if version < GROUPS_FROM {
        let topics = request.topics.map(|topics| {
            let each = topics.into_iter().map(|topic| OffsetFetchRequestTopics {
                name: topic.name,
                partition_indexes: topic.partition_indexes,
                ..OffsetFetchRequestTopics::default()
            });
            each.collect()
        });
        let group =
            OffsetFetchRequestGroup { group_id: request.group_id, topics, member_id: None, member_epoch: -1 };
        let found = fetch(&context, group, (version, request.require_stable), &mut room).await;
        return room.end(found.map(single));
    }
    let mut groups = Some(Vec::with_capacity(request.groups.len()));
    for group in request.groups {
        let found = fetch(&context, group, (version, request.require_stable), &mut room).await;
        groups = groups.zip(found).map(|(mut groups, found)| {
            groups.push(found);
            groups
        });
    }
    let whole = |groups| OffsetFetchResponse { groups, ..OffsetFetchResponse::default() };
    room.end(groups.map(whole))
}

/// Answers one group, if there is room for it.
async fn fetch(
    context: &Context,
    group: OffsetFetchRequestGroup,
    (version, require_stable): (i16, bool),
    room: &mut Room,
) -> Option<OffsetFetchResponseGroup> {
    let published = context.published();
    let by_id = version >= TOPIC_IDS_FROM;
    let named = group.topics.as_ref().map(|topics| {
        let known = topics.iter().filter_map(|topic| Some((name_of(&published, topic, by_id)?, topic)));
        let each =
            known.flat_map(|(name, topic)| topic.partition_indexes.iter().map(move |p| (name.clone(), *p)));
        each.collect()
    });
    let request = Request::FetchOffsets {
        group: GroupId::from(group.group_id.as_str()),
        partitions: named,
        member: group.member_id.as_deref().map(MemberId::from),
        epoch: GroupEpoch(group.member_epoch),
        require_stable,
    };
    let found = match room.ask(context, request).await? {
        Ok(Answer::Offsets(found)) => found,
        Ok(_) => Vec::new(),
        Err(code) => return Some(refused(group, code, version)),
    };
    let topics = match group.topics {
        Some(asked) => in_order(&published, asked, found, by_id),
        None => grouped(&published, found, by_id),
    };
    let group_id = group.group_id;
    Some(OffsetFetchResponseGroup { group_id, topics, ..OffsetFetchResponseGroup::default() })
}

/// Returns the name of a topic that is asked for; nothing for an id that names none.
fn name_of(published: &Published, topic: &OffsetFetchRequestTopics, by_id: bool) -> Option<String> {
    if !by_id {
        return Some(topic.name.clone());
    }
    topics::topic(published, TopicRef::Id(topic.topic_id)).ok().map(|topic| topic.name.to_string())
}

/// Puts what was found in the order of the request.
fn in_order(
    published: &Published,
    asked: Vec<OffsetFetchRequestTopics>,
    found: Vec<FetchedOffset>,
    by_id: bool,
) -> Vec<OffsetFetchResponseTopics> {
    let mut found = found.into_iter();
    let each = asked.into_iter().map(|topic| {
        let is_known = name_of(published, &topic, by_id).is_some();
        let partitions = topic.partition_indexes.iter().map(|index| match is_known {
            true => found.next().map_or_else(|| nothing(*index, ErrorCode::UnknownServerError), partition),
            false => nothing(*index, ErrorCode::UnknownTopicId),
        });
        let partitions = partitions.collect();
        OffsetFetchResponseTopics { name: topic.name, topic_id: topic.topic_id, partitions }
    });
    each.collect()
}

/// Puts all that a group has under their topics. Where topics have ids, those without one are not shown.
fn grouped(published: &Published, found: Vec<FetchedOffset>, by_id: bool) -> Vec<OffsetFetchResponseTopics> {
    let mut topics: Vec<OffsetFetchResponseTopics> = Vec::new();
    for offset in found {
        let id = published.image.topics().by_name(&offset.topic).map_or(TopicId::default(), |topic| topic.id);
        if by_id && id.0 == Uuid::ZERO {
            continue;
        }
        if topics.last().is_none_or(|last| last.name != offset.topic) {
            let (name, topic_id) = (offset.topic.clone(), id.0);
            topics.push(OffsetFetchResponseTopics { name, topic_id, partitions: Vec::new() });
        }
        if let Some(last) = topics.last_mut() {
            last.partitions.push(partition(offset));
        }
    }
    topics
}

fn partition(found: FetchedOffset) -> OffsetFetchResponsePartitions {
    let code = if found.is_unstable { ErrorCode::UnstableOffsetCommit } else { ErrorCode::None };
    OffsetFetchResponsePartitions {
        partition_index: found.partition,
        committed_offset: found.offset.0,
        committed_leader_epoch: found.leader_epoch,
        metadata: Some(found.metadata),
        error_code: code.code(),
    }
}

fn nothing(partition_index: i32, code: ErrorCode) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: -1,
        committed_leader_epoch: -1,
        metadata: Some(String::new()),
        error_code: code.code(),
    }
}

/// Answers a group as a whole: with its code alone where it has a place, else at each partition.
fn refused(group: OffsetFetchRequestGroup, code: ErrorCode, version: i16) -> OffsetFetchResponseGroup {
    if version >= GROUP_CODE_FROM {
        let (group_id, error_code) = (group.group_id, code.code());
        return OffsetFetchResponseGroup { group_id, error_code, ..OffsetFetchResponseGroup::default() };
    }
    let topics = group.topics.unwrap_or_default().into_iter().map(|topic| OffsetFetchResponseTopics {
        partitions: topic.partition_indexes.iter().map(|index| nothing(*index, code)).collect(),
        name: topic.name,
        topic_id: topic.topic_id,
    });
    OffsetFetchResponseGroup { group_id: group.group_id, topics: topics.collect(), error_code: code.code() }
}

/// Writes the answer of a version with one group.
fn single(group: OffsetFetchResponseGroup) -> OffsetFetchResponse {
    let topics = group.topics.into_iter().map(|topic| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(single_partition).collect(),
    });
    OffsetFetchResponse {
        topics: topics.collect(),
        error_code: group.error_code,
        ..OffsetFetchResponse::default()
    }
}

fn single_partition(found: OffsetFetchResponsePartitions) -> OffsetFetchResponsePartition {
    OffsetFetchResponsePartition {
        partition_index: found.partition_index,
        committed_offset: found.committed_offset,
        committed_leader_epoch: found.committed_leader_epoch,
        metadata: found.metadata,
        error_code: found.error_code,
    }
}
