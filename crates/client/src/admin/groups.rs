//! Groups: who is in them, what they have committed. Tests: `crates/cli/tests/command_line.rs`.

use super::coordinators::Coordinated;
use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::error::{ClientError, accepted};
use bytes::Bytes;
use std::collections::BTreeMap;
use types::{ErrorCode, Offset};
use wire::consumer_protocol_assignment::ConsumerProtocolAssignment;
use wire::describe_groups_response::DescribedGroupMember;
use wire::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use wire::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use wire::{
    ConsumerGroupDescribeRequest, DeleteGroupsRequest, DescribeGroupsRequest, ListGroupsRequest,
    OffsetCommitRequest, OffsetFetchRequest, Stored,
};

/// First version of OffsetFetch with many groups.
const GROUPS_FROM: i16 = 8;
/// First version of OffsetFetch and OffsetCommit that names topics by id.
const TOPIC_IDS_FROM: i16 = 10;

/// One group of a list.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct GroupListing {
    /// Its id.
    pub group: String,
    /// The kind of its members, `consumer` for consumers; empty if it never had any.
    pub protocol_type: String,
    /// Kafka's name of its state.
    pub state: String,
}

/// A group in full.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupDescription {
    /// Its id.
    pub group: String,
    /// Kafka's name of its state.
    pub state: String,
    /// The kind of its members.
    pub protocol_type: String,
    /// The protocol that its members have agreed on; the assignor of a group of the consumer protocol.
    pub protocol: String,
    /// Its members.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupMember {
    /// Its id.
    pub id: String,
    /// Its instance, if it is static.
    pub instance: Option<String>,
    /// What its client calls itself.
    pub client_id: String,
    /// Its address.
    pub host: String,
    /// Partitions that it was given, if it is a consumer.
    pub assignment: Vec<(String, Vec<i32>)>,
}

/// An offset that a group has committed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CommittedOffset {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset of the next record to read.
    pub offset: Offset,
    /// What was kept with it.
    pub metadata: String,
}

/// An offset to be committed in the name of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewOffset {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset of the next record to read.
    pub offset: Offset,
    /// The leader epoch of the record before it; -1 if it is not known.
    pub leader_epoch: i32,
    /// What is kept with it.
    pub metadata: String,
}

impl Cluster {
    /// Lists the groups of all brokers.
    ///
    /// # Errors
    /// `Refused`, `Unsupported`, and as `any`.
    pub async fn list_groups(&self) -> Result<Vec<GroupListing>, ClientError> {
        self.retrying(|| self.list_groups_once()).await
    }

    async fn list_groups_once(&self) -> Result<Vec<GroupListing>, ClientError> {
        let mut all = Vec::new();
        for broker in self.metadata(Some(&[])).await?.brokers {
            let answer = self.broker(broker.node_id).await?.call(&ListGroupsRequest::default()).await?;
            accepted(answer.error_code, None, || format!("groups of broker {}", broker.node_id))?;
            all.extend(answer.groups.into_iter().map(|found| GroupListing {
                group: found.group_id,
                protocol_type: found.protocol_type,
                state: found.group_state,
            }));
        }
        all.sort();
        Ok(all)
    }

    /// Describes a group.
    ///
    /// # Errors
    /// `Refused` with `GROUP_ID_NOT_FOUND` if there is none, `Unsupported`, and as `any`.
    pub async fn describe_group(&self, group: &str) -> Result<GroupDescription, ClientError> {
        self.retrying(|| self.describe_group_once(group)).await
    }

    async fn describe_group_once(&self, group: &str) -> Result<GroupDescription, ClientError> {
        let coordinator = self.coordinator(group).await?;
        if let Some(found) = describe_consumer_group(&coordinator, group).await? {
            return Ok(found);
        }
        let request =
            DescribeGroupsRequest { groups: vec![group.to_owned()], ..DescribeGroupsRequest::default() };
        let answer = coordinator.call(&request).await?;
        let found = answer.groups.into_iter().next();
        let found = found.ok_or_else(|| ClientError::Incomplete(format!("group '{group}'")))?;
        accepted(found.error_code, found.error_message.as_deref(), || format!("group '{group}'"))?;
        Ok(GroupDescription {
            group: found.group_id,
            state: found.group_state,
            protocol_type: found.protocol_type,
            protocol: found.protocol_data,
            members: found.members.into_iter().map(member).collect(),
        })
    }

    /// Returns what a group has committed, by topic and partition; nothing for a group that is not there.
    ///
    /// # Errors
    /// `Refused`, `Unsupported`, and as `any`.
    pub async fn group_offsets(&self, group: &str) -> Result<Vec<CommittedOffset>, ClientError> {
        self.retrying(|| self.group_offsets_once(group)).await
    }

    async fn group_offsets_once(&self, group: &str) -> Result<Vec<CommittedOffset>, ClientError> {
        let connection = self.coordinator(group).await?;
        let version = connection.version::<OffsetFetchRequest>()?;
        let mut request = OffsetFetchRequest::default();
        if version < GROUPS_FROM {
            request.group_id = group.to_owned();
            request.topics = None;
        } else {
            let all =
                OffsetFetchRequestGroup { group_id: group.to_owned(), ..OffsetFetchRequestGroup::default() };
            request.groups = vec![OffsetFetchRequestGroup { topics: None, ..all }];
        }
        let answer = connection.call(&request).await?;
        accepted(answer.error_code, None, || format!("offsets of group '{group}'"))?;
        let mut offsets = Vec::new();
        for topic in answer.topics {
            let each = topic.partitions.into_iter();
            offsets.extend(
                each.map(|p| committed(&topic.name, (p.partition_index, p.committed_offset), p.metadata)),
            );
        }
        let names = if version >= TOPIC_IDS_FROM { self.topic_names().await? } else { BTreeMap::new() };
        for found in answer.groups {
            accepted(found.error_code, None, || format!("offsets of group '{group}'"))?;
            for topic in found.topics {
                let name = names.get(&topic.topic_id).unwrap_or(&topic.name).clone();
                let each = topic.partitions.into_iter();
                offsets.extend(
                    each.map(|p| committed(&name, (p.partition_index, p.committed_offset), p.metadata)),
                );
            }
        }
        offsets.retain(|one| one.offset >= Offset::ZERO);
        offsets.sort();
        Ok(offsets)
    }

    /// Returns what a group has committed of some partitions of a topic, once no transaction that is just ending has a say in it.
    ///
    /// # Errors
    /// `Refused`, with `UNSTABLE_OFFSET_COMMIT` when it does not end in time; `UnknownTopic`, and as `any`.
    pub async fn stable_group_offsets(
        &self,
        group: &str,
        topic: &str,
        partitions: &[i32],
    ) -> Result<BTreeMap<i32, Offset>, ClientError> {
        self.retrying(|| self.stable_group_offsets_once(group, topic, partitions)).await
    }

    async fn stable_group_offsets_once(
        &self,
        group: &str,
        topic: &str,
        partitions: &[i32],
    ) -> Result<BTreeMap<i32, Offset>, ClientError> {
        let topic_id = self.topic(topic).await?.id;
        let wanted = OffsetFetchRequestTopics {
            name: topic.to_owned(),
            topic_id,
            partition_indexes: partitions.to_vec(),
        };
        let one = OffsetFetchRequestGroup {
            group_id: group.to_owned(),
            topics: Some(vec![wanted]),
            ..OffsetFetchRequestGroup::default()
        };
        let request =
            OffsetFetchRequest { groups: vec![one], require_stable: true, ..OffsetFetchRequest::default() };
        let answer = self.coordinator(group).await?.call(&request).await?;
        let what = || format!("offsets of group '{group}'");
        let mut offsets = BTreeMap::new();
        for found in answer.groups {
            accepted(found.error_code, None, what)?;
            for partition in found.topics.into_iter().flat_map(|topic| topic.partitions) {
                accepted(partition.error_code, None, what)?;
                if partition.committed_offset >= 0 {
                    offsets.insert(partition.partition_index, Offset(partition.committed_offset));
                }
            }
        }
        Ok(offsets)
    }

    async fn topic_names(&self) -> Result<BTreeMap<types::Uuid, String>, ClientError> {
        Ok(self.list_topics().await?.into_iter().map(|topic| (topic.id, topic.name)).collect())
    }

    /// Deletes a group with its offsets.
    ///
    /// # Errors
    /// `Refused` if it has members or is not there, `Unsupported`, and as `any`.
    pub async fn delete_group(&self, group: &str) -> Result<(), ClientError> {
        let request = DeleteGroupsRequest { groups_names: vec![group.to_owned()] };
        let answer = self.retrying(|| self.coordinator(group)).await?.call(&request).await?;
        let result = answer.results.first();
        let result = result.ok_or_else(|| ClientError::Incomplete(format!("group '{group}'")))?;
        accepted(result.error_code, None, || format!("group '{group}'"))
    }

    /// Commits offsets in the name of a group that has no members.
    ///
    /// # Errors
    /// `Refused` for the first partition that is not committed, `UnknownTopic`, `Unsupported`, and as `any`.
    pub async fn set_group_offsets(&self, group: &str, offsets: &[NewOffset]) -> Result<(), ClientError> {
        let connection = self.retrying(|| self.coordinator(group)).await?;
        let by_id = connection.version::<OffsetCommitRequest>()? >= TOPIC_IDS_FROM;
        let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
        for one in offsets {
            topics.entry(&one.topic).or_default().push(OffsetCommitRequestPartition {
                partition_index: one.partition,
                committed_offset: one.offset.0,
                committed_leader_epoch: one.leader_epoch,
                committed_metadata: Some(one.metadata.clone()),
            });
        }
        let mut request = OffsetCommitRequest {
            group_id: group.to_owned(),
            generation_id_or_member_epoch: -1,
            ..OffsetCommitRequest::default()
        };
        for (name, partitions) in topics {
            let mut topic = OffsetCommitRequestTopic { partitions, ..OffsetCommitRequestTopic::default() };
            if by_id {
                topic.topic_id = self.topic(name).await?.id;
            } else {
                name.clone_into(&mut topic.name);
            }
            request.topics.push(topic);
        }
        let answer = connection.call(&request).await?;
        for partition in answer.topics.iter().flat_map(|topic| &topic.partitions) {
            let what = || format!("offset of partition {} in group '{group}'", partition.partition_index);
            accepted(partition.error_code, None, what)?;
        }
        Ok(())
    }

    /// Returns a connection to the coordinator of a group.
    pub(super) async fn coordinator(&self, group: &str) -> Result<Connection, ClientError> {
        let node = self.coordinator_of(Coordinated::Group(group)).await?;
        self.broker(node).await
    }

    /// Makes a new connection to the coordinator of a group.
    ///
    /// # Errors
    /// `Refused`, `Unreachable`, `Lost`, `Incomplete`.
    pub async fn dial_coordinator(&self, group: &str) -> Result<Connection, ClientError> {
        let node = self.coordinator_of(Coordinated::Group(group)).await?;
        self.dial(node).await
    }
}

/// Describes a group of the consumer protocol (KIP-848); nothing if it is of the classic one, or the broker has none other.
async fn describe_consumer_group(
    coordinator: &Connection,
    group: &str,
) -> Result<Option<GroupDescription>, ClientError> {
    if coordinator.version::<ConsumerGroupDescribeRequest>().is_err() {
        return Ok(None);
    }
    let group_ids = vec![group.to_owned()];
    let request = ConsumerGroupDescribeRequest { group_ids, ..ConsumerGroupDescribeRequest::default() };
    let found = coordinator.call(&request).await?.groups.into_iter().next();
    let found = found.ok_or_else(|| ClientError::Incomplete(format!("group '{group}'")))?;
    let others = [ErrorCode::GroupIdNotFound, ErrorCode::UnsupportedVersion].map(ErrorCode::code);
    if others.contains(&found.error_code) {
        return Ok(None);
    }
    accepted(found.error_code, found.error_message.as_deref(), || format!("group '{group}'"))?;
    Ok(Some(GroupDescription {
        group: found.group_id,
        state: found.group_state,
        protocol_type: "consumer".to_owned(),
        protocol: found.assignor_name,
        members: found.members.into_iter().map(consumer_member).collect(),
    }))
}

fn consumer_member(member: wire::consumer_group_describe_response::Member) -> GroupMember {
    let assignment = member.assignment.topic_partitions.into_iter();
    GroupMember {
        id: member.member_id,
        instance: member.instance_id,
        client_id: member.client_id,
        host: member.client_host,
        assignment: assignment.map(|topic| (topic.topic_name, topic.partitions)).collect(),
    }
}

fn member(found: DescribedGroupMember) -> GroupMember {
    GroupMember {
        id: found.member_id,
        instance: found.group_instance_id,
        client_id: found.client_id,
        host: found.client_host,
        assignment: assignment(found.member_assignment),
    }
}

/// Reads the assignment of a consumer; other members' means nothing to us.
fn assignment(bytes: Bytes) -> Vec<(String, Vec<i32>)> {
    let read = ConsumerProtocolAssignment::from_peer(bytes).unwrap_or_default();
    read.assigned_partitions.into_iter().map(|topic| (topic.topic, topic.partitions)).collect()
}

fn committed(topic: &str, (partition, offset): (i32, i64), metadata: Option<String>) -> CommittedOffset {
    CommittedOffset {
        topic: topic.to_owned(),
        partition,
        offset: Offset(offset),
        metadata: metadata.unwrap_or_default(),
    }
}
