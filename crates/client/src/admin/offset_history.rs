//! The history of a group's offsets, as Highwater notes it in `__highwater_offset_history`.
//!
//! The notes of a group lie in the partition that its coordinator has of the offsets topic. What a newer broker writes is
//! read as far as it is known; what cannot be read is counted. Tests: `crates/cli/tests/group_history.rs`.

use crate::cluster::Cluster;
use crate::consumer::{Consumed, Consumer, ConsumerOptions, StartAt};
use crate::error::{ClientError, accepted};
use std::collections::BTreeMap;
use types::{Offset, ProducerId, Uuid, WallTime};
use wire::Stored;
use wire::leave_group_request::{LeaveGroupRequest, MemberIdentity};
use wire::offset_delete_request::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use wire::offset_history_key::OffsetHistoryKey;
use wire::offset_history_value::OffsetHistoryValue;

/// Where the notes are.
const HISTORY: &str = "__highwater_offset_history";

/// One note: an offset of a group has moved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffsetNote {
    /// When.
    pub at: WallTime,
    /// The topic.
    pub topic: String,
    /// The topic of that name at that time.
    pub topic_id: Uuid,
    /// The partition.
    pub partition: i32,
    /// From where, and when that was committed; nothing if there was no offset.
    pub from: Option<(Offset, WallTime)>,
    /// To where; nothing if the offset was taken away.
    pub to: Option<Offset>,
    /// The leader epoch that was committed with it; -1 if none was.
    pub leader_epoch: i32,
    /// What was kept with it.
    pub metadata: String,
    /// Which member; empty for an assigning consumer, an operator, and for what was taken away.
    pub member: String,
    /// Its instance, if it is static.
    pub instance: Option<String>,
    /// What its client calls itself.
    pub client_id: String,
    /// Its address.
    pub host: String,
    /// Whose transaction it was committed in, if in one.
    pub producer: Option<ProducerId>,
    /// That transaction was aborted: the offset has not moved.
    pub is_aborted: bool,
}

/// The notes of a group, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OffsetHistory {
    /// Those that are kept.
    pub notes: Vec<OffsetNote>,
    /// Nothing is kept of earlier times; none if nothing was deleted yet.
    pub since: Option<WallTime>,
    /// Records that could not be read.
    pub unreadable: u64,
}

impl Cluster {
    /// Returns the history of a group's offsets, all that is kept of it.
    ///
    /// # Errors
    /// `UnknownTopic` if there is no history, and as `Consumer::poll`.
    pub async fn group_history(&self, group: &str) -> Result<OffsetHistory, ClientError> {
        let partitions = self.partitions(HISTORY).await?;
        let partition = coordinator_partition(group, partitions.len());
        let first = self.offset(HISTORY, partition, crate::OffsetAt::Earliest).await?.offset;
        let mut consumer = Consumer::new(self.clone(), ConsumerOptions::default());
        consumer.assign(HISTORY, partition, StartAt::Beginning).await?;
        let mut history = OffsetHistory::default();
        let is_whole = first.is_none_or(|first| first == Offset::ZERO);
        while !consumer.is_at_end() {
            for consumed in consumer.poll().await? {
                if !is_whole && history.since.is_none() {
                    history.since = Some(consumed.record.timestamp);
                }
                match read(consumed) {
                    Some((of, note)) if of == group => history.notes.push(note),
                    Some(_) => {}
                    None => history.unreadable += 1,
                }
            }
        }
        Ok(history)
    }

    /// Takes offsets of a group away.
    ///
    /// # Errors
    /// `Refused` for the first that stays, `Unsupported`, and as `any`.
    pub async fn delete_group_offsets(
        &self,
        group: &str,
        partitions: &[(String, i32)],
    ) -> Result<(), ClientError> {
        let mut topics: BTreeMap<&str, Vec<OffsetDeleteRequestPartition>> = BTreeMap::new();
        for (topic, partition) in partitions {
            let one = OffsetDeleteRequestPartition { partition_index: *partition };
            topics.entry(topic).or_default().push(one);
        }
        let topics = topics
            .into_iter()
            .map(|(name, partitions)| OffsetDeleteRequestTopic { name: name.to_owned(), partitions });
        let request = OffsetDeleteRequest { group_id: group.to_owned(), topics: topics.collect() };
        let answer = self.retrying(|| self.coordinator(group)).await?.call(&request).await?;
        accepted(answer.error_code, None, || format!("offsets of group '{group}'"))?;
        for partition in answer.topics.iter().flat_map(|topic| &topic.partitions) {
            let what = || format!("offset of partition {} in group '{group}'", partition.partition_index);
            accepted(partition.error_code, None, what)?;
        }
        Ok(())
    }

    /// Sends members away; those that live join again by themselves.
    ///
    /// # Errors
    /// `Refused`, `Unsupported`, and as `any`.
    pub async fn remove_members(&self, group: &str, members: &[String]) -> Result<(), ClientError> {
        let one = |member: &String| MemberIdentity { member_id: member.clone(), ..MemberIdentity::default() };
        let request = LeaveGroupRequest {
            group_id: group.to_owned(),
            members: members.iter().map(one).collect(),
            ..LeaveGroupRequest::default()
        };
        let answer = self.retrying(|| self.coordinator(group)).await?.call(&request).await?;
        accepted(answer.error_code, None, || format!("members of group '{group}'"))
    }
}

/// Returns the partition of a group. *Source*: Kafka's GroupCoordinatorService: Java's hash of the name, without its sign.
fn coordinator_partition(group: &str, count: usize) -> i32 {
    let add = |hash: i32, unit: u16| hash.wrapping_mul(31).wrapping_add(i32::from(unit));
    let hash = group.encode_utf16().fold(0, add).checked_abs().unwrap_or(0);
    hash % i32::try_from(count.max(1)).unwrap_or(i32::MAX)
}

/// Reads a record; returns whose note it is.
fn read(consumed: Consumed) -> Option<(String, OffsetNote)> {
    let key = OffsetHistoryKey::from_peer(consumed.record.key?).ok()?;
    let value = OffsetHistoryValue::from_peer(consumed.record.value?).ok()?;
    let offset = |offset: i64| (offset >= 0).then_some(Offset(offset));
    let note = OffsetNote {
        at: WallTime(value.at),
        topic: key.topic,
        topic_id: value.topic_id,
        partition: key.partition,
        from: offset(value.from_offset).map(|from| (from, WallTime(value.from_at))),
        to: offset(value.offset),
        leader_epoch: value.leader_epoch,
        metadata: value.metadata,
        member: value.member_id,
        instance: value.instance_id,
        client_id: value.client_id,
        host: value.client_host,
        producer: (value.producer_id >= 0).then_some(ProducerId(value.producer_id)),
        is_aborted: value.aborted,
    };
    Some((key.group, note))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: notes are looked for where the broker puts them: Kafka's partition of a group.
    #[test]
    fn groups_have_kafkas_partitions() {
        let found =
            ["", "g", "group", "my-group", "\u{e9}t\u{e9}"].map(|group| coordinator_partition(group, 50));
        // Java: Math.abs("g".hashCode()) % 50 and so on.
        assert_eq!(found, [0, 3, 47, 12, 42]);
    }
}
