//! Requests and answers about the offsets that a group has committed, of a member with its epoch.

use super::task::Seat;
use super::{GroupOptions, TopicPartition};
use crate::error::{ClientError, accepted};
use std::collections::BTreeMap;
use types::{Offset, Uuid};
use wire::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use wire::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use wire::{OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse};

/// First version of OffsetFetch and OffsetCommit that knows a member's epoch.
const MEMBER_EPOCHS_FROM: i16 = 9;
/// First version of OffsetFetch and OffsetCommit that names topics by id.
const TOPIC_IDS_FROM: i16 = 10;

/// Partitions of a topic.
type ByTopic = [(Uuid, String, Vec<i32>)];

fn knows_epochs(version: i16, seat: &Seat, api: &'static str) -> Result<(), ClientError> {
    match version >= MEMBER_EPOCHS_FROM {
        true => Ok(()),
        false => Err(ClientError::Unsupported { address: seat.connection.address().into(), api }),
    }
}

/// Asks for offsets.
pub(super) fn fetch_request(
    seat: &Seat,
    options: &GroupOptions,
    partitions: &ByTopic,
) -> Result<OffsetFetchRequest, ClientError> {
    let version = seat.connection.version::<OffsetFetchRequest>()?;
    knows_epochs(version, seat, "OffsetFetch")?;
    let topic = |(topic_id, name, list): &(Uuid, String, Vec<i32>)| OffsetFetchRequestTopics {
        name: name.clone(),
        topic_id: *topic_id,
        partition_indexes: list.clone(),
    };
    let group = OffsetFetchRequestGroup {
        group_id: options.group.clone(),
        member_id: Some(options.member.to_string()),
        member_epoch: seat.epoch,
        topics: Some(partitions.iter().map(topic).collect()),
    };
    Ok(OffsetFetchRequest { groups: vec![group], require_stable: true, ..OffsetFetchRequest::default() })
}

/// Returns the offsets that there are.
pub(super) fn committed(
    answer: OffsetFetchResponse,
    group: &str,
    names: &BTreeMap<Uuid, String>,
) -> Result<BTreeMap<TopicPartition, Offset>, ClientError> {
    let what = || format!("offsets of group '{group}'");
    let found = answer.groups.into_iter().next().ok_or_else(|| ClientError::Incomplete(what()))?;
    accepted(found.error_code, None, what)?;
    let mut offsets = BTreeMap::new();
    for topic in found.topics {
        let name = names.get(&topic.topic_id).unwrap_or(&topic.name);
        for partition in topic.partitions {
            accepted(partition.error_code, None, what)?;
            if partition.committed_offset >= 0 {
                let place = (name.clone(), partition.partition_index);
                offsets.insert(place, Offset(partition.committed_offset));
            }
        }
    }
    Ok(offsets)
}

/// Asks to commit offsets.
pub(super) fn commit_request(
    seat: &Seat,
    options: &GroupOptions,
    partitions: &ByTopic,
    offsets: &BTreeMap<TopicPartition, Offset>,
) -> Result<OffsetCommitRequest, ClientError> {
    let version = seat.connection.version::<OffsetCommitRequest>()?;
    knows_epochs(version, seat, "OffsetCommit")?;
    let by_id = version >= TOPIC_IDS_FROM;
    let topic = |(topic_id, name, list): &(Uuid, String, Vec<i32>)| {
        let partition = |partition: &i32| {
            let offset = offsets.get(&(name.clone(), *partition))?;
            Some(OffsetCommitRequestPartition {
                partition_index: *partition,
                committed_offset: offset.0,
                committed_leader_epoch: -1,
                ..OffsetCommitRequestPartition::default()
            })
        };
        OffsetCommitRequestTopic {
            name: if by_id { String::new() } else { name.clone() },
            topic_id: if by_id { *topic_id } else { Uuid::ZERO },
            partitions: list.iter().filter_map(partition).collect(),
        }
    };
    Ok(OffsetCommitRequest {
        group_id: options.group.clone(),
        generation_id_or_member_epoch: seat.epoch,
        member_id: options.member.to_string(),
        topics: partitions.iter().map(topic).collect(),
        ..OffsetCommitRequest::default()
    })
}

/// Fails for the first partition that was not committed.
pub(super) fn all_committed(answer: &OffsetCommitResponse, group: &str) -> Result<(), ClientError> {
    for partition in answer.topics.iter().flat_map(|topic| &topic.partitions) {
        let what = || format!("offset of partition {} in group '{group}'", partition.partition_index);
        accepted(partition.error_code, None, what)?;
    }
    Ok(())
}
