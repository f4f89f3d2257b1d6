//! A member of a group of the consumer protocol: what it says of itself, and what it has.
//!
//! Each half is one record. A member of the classic protocol has a place in such a group too, while a group changes over
//! (KIP-848, online migration); it is told by what it says of itself. Tests: ../../tests/consumer.rs.

use crate::assign::Assignment;
use crate::classic::{length, millis, own};
use crate::held::{Held, text, tree};
use crate::record::ConsumerRecord;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use types::{GroupEpoch, InstanceId, MemberId, TopicId};
use wire::consumer_group_current_member_assignment_value::{
    ConsumerGroupCurrentMemberAssignmentValue, TopicPartitions,
};
use wire::consumer_group_member_metadata_value::{
    ClassicMemberMetadata, ClassicProtocol, ConsumerGroupMemberMetadataValue,
};

/// Partitions by topic, each with the epoch at which its owner got it.
pub(crate) type Owned = BTreeMap<TopicId, BTreeMap<i32, GroupEpoch>>;

/// One member.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Member {
    /// What it says of itself.
    pub(crate) said: Said,
    /// What it has.
    pub(crate) has: Has,
}

/// What a member says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Said {
    pub(crate) instance: Option<InstanceId>,
    pub(crate) rack: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    /// The topics that it names.
    pub(crate) topics: BTreeSet<String>,
    /// A regular expression for more of them.
    pub(crate) regex: Option<String>,
    pub(crate) rebalance_timeout: Duration,
    /// The assignor that it prefers.
    pub(crate) assignor: Option<String>,
    /// What only a member of the classic protocol says.
    pub(crate) classic: Option<ClassicSaid>,
}

/// What a member of the classic protocol says besides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ClassicSaid {
    pub(crate) session_timeout: Duration,
    /// What it can do, best first, each with its subscription.
    pub(crate) protocols: Vec<(String, Bytes)>,
}

impl Held for Said {
    fn heap(&self) -> usize {
        let classic = self.classic.iter().flat_map(|classic| &classic.protocols);
        let protocols: usize =
            classic.map(|(name, said)| size_of::<(String, Bytes)>() + text(name) + said.len()).sum();
        let texts = text(&self.client_id) + text(&self.client_host);
        let said = self.rack.heap() + self.regex.heap() + self.assignor.heap() + self.instance.heap();
        texts + said + protocols + self.topics.heap()
    }
}

impl Held for Has {
    /// Who owns a partition is noted twice: here, and by partition.
    fn heap(&self) -> usize {
        let topic = |partitions: &BTreeMap<i32, GroupEpoch>| {
            tree::<i32, GroupEpoch>(partitions.len()) + tree::<i32, MemberId>(partitions.len())
        };
        let owned = |owned: &Owned| {
            tree::<TopicId, BTreeMap<i32, GroupEpoch>>(owned.len()) + owned.values().map(topic).sum::<usize>()
        };
        owned(&self.assigned) + owned(&self.revoking)
    }
}

impl Held for Member {
    fn heap(&self) -> usize {
        self.said.heap() + self.has.heap()
    }
}

/// How far a member is on its way to its target.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Phase {
    /// It has what it is to have.
    #[default]
    Stable,
    /// It has to give partitions up first.
    Unrevoked,
    /// Others have to give up partitions that it is to have.
    Unreleased,
}

/// What a member has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Has {
    /// The epoch of the target assignment that it has taken over.
    pub(crate) epoch: GroupEpoch,
    /// The one before: an answer that told of the new one may have been lost.
    pub(crate) previous: GroupEpoch,
    pub(crate) phase: Phase,
    /// What it may read.
    pub(crate) assigned: Owned,
    /// What it has to give up, and may still be reading.
    pub(crate) revoking: Owned,
}

impl Default for Has {
    fn default() -> Has {
        let (epoch, previous) = (GroupEpoch::JOINS, GroupEpoch::LEAVES);
        Has { epoch, previous, phase: Phase::Stable, assigned: Owned::new(), revoking: Owned::new() }
    }
}

impl Has {
    /// Moves to an epoch.
    pub(crate) fn at(self, epoch: GroupEpoch) -> Has {
        Has { previous: self.epoch, epoch, ..self }
    }

    /// Says whether it has all that a target assignment gives it.
    pub(crate) fn is_reconciled(&self, target: GroupEpoch) -> bool {
        self.phase == Phase::Stable && self.epoch == target
    }

    /// Returns all that nobody else may read, by topic.
    pub(crate) fn held(&self) -> Assignment {
        let mut held = Assignment::new();
        self.all().for_each(|(topic, partition)| {
            held.entry(topic).or_default().insert(partition);
        });
        held
    }

    /// Returns all partitions that nobody else may read.
    pub(crate) fn all(&self) -> impl Iterator<Item = (TopicId, i32)> {
        let each = self.assigned.iter().chain(&self.revoking);
        each.flat_map(|(topic, partitions)| partitions.keys().map(|partition| (*topic, *partition)))
    }

    /// Makes its record.
    pub(crate) fn record(&self, id: &MemberId) -> ConsumerRecord {
        let value = ConsumerGroupCurrentMemberAssignmentValue {
            member_epoch: self.epoch.0,
            previous_member_epoch: self.previous.0,
            state: match self.phase {
                Phase::Stable => 0,
                Phase::Unrevoked => 1,
                Phase::Unreleased => 2,
            },
            assigned_partitions: stored(&self.assigned),
            partitions_pending_revocation: stored(&self.revoking),
        };
        ConsumerRecord::Current(id.clone(), Some(value))
    }
}

impl From<&ConsumerGroupCurrentMemberAssignmentValue> for Has {
    fn from(value: &ConsumerGroupCurrentMemberAssignmentValue) -> Has {
        let epoch = GroupEpoch(value.member_epoch);
        Has {
            epoch,
            previous: GroupEpoch(value.previous_member_epoch),
            phase: match value.state {
                0 => Phase::Stable,
                1 => Phase::Unrevoked,
                // One that a later build has written: what it is to have is looked at anew.
                _ => Phase::Unreleased,
            },
            assigned: restored(&value.assigned_partitions, epoch),
            revoking: restored(&value.partitions_pending_revocation, epoch),
        }
    }
}

fn stored(owned: &Owned) -> Vec<TopicPartitions> {
    let one = |(topic, partitions): (&TopicId, &BTreeMap<i32, GroupEpoch>)| TopicPartitions {
        topic_id: topic.0,
        partitions: partitions.keys().copied().collect(),
        assignment_epochs: Some(partitions.values().map(|epoch| epoch.0).collect()),
    };
    owned.iter().map(one).collect()
}

/// Reads partitions. Before Kafka 4.3 they had no epochs of their own: the member's is the latest that it can be.
fn restored(stored: &[TopicPartitions], epoch: GroupEpoch) -> Owned {
    let one = |topic: &TopicPartitions| {
        let epochs = topic.assignment_epochs.as_deref().unwrap_or_default();
        let epochs = epochs.iter().map(|epoch| GroupEpoch(*epoch)).chain(std::iter::repeat(epoch));
        (TopicId(topic.topic_id), topic.partitions.iter().copied().zip(epochs).collect())
    };
    stored.iter().map(one).collect()
}

/// Returns partitions without their epochs.
pub(crate) fn plain(owned: &Owned) -> Assignment {
    owned.iter().map(|(topic, partitions)| (*topic, partitions.keys().copied().collect())).collect()
}

/// Says whether a topic's partition is among these.
pub(crate) fn holds(owned: &Owned, topic: TopicId, partition: i32) -> Option<GroupEpoch> {
    owned.get(&topic).and_then(|partitions| partitions.get(&partition)).copied()
}

impl Said {
    /// Says whether it speaks the classic protocol.
    pub(crate) fn is_classic(&self) -> bool {
        self.classic.is_some()
    }

    /// Makes its record.
    pub(crate) fn record(&self, id: &MemberId) -> ConsumerRecord {
        let classic = self.classic.as_ref().map(|classic| ClassicMemberMetadata {
            session_timeout_ms: millis(classic.session_timeout),
            supported_protocols: classic.protocols.iter().map(protocol).collect(),
        });
        let value = ConsumerGroupMemberMetadataValue {
            instance_id: self.instance.as_ref().map(InstanceId::to_string),
            rack_id: self.rack.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            subscribed_topic_names: self.topics.iter().cloned().collect(),
            subscribed_topic_regex: self.regex.clone(),
            rebalance_timeout_ms: millis(self.rebalance_timeout),
            server_assignor: self.assignor.clone(),
            classic_member_metadata: classic,
        };
        ConsumerRecord::Member(id.clone(), Some(value))
    }
}

fn protocol((name, metadata): &(String, Bytes)) -> ClassicProtocol {
    ClassicProtocol { name: name.clone(), metadata: metadata.clone() }
}

impl From<&ConsumerGroupMemberMetadataValue> for Said {
    fn from(value: &ConsumerGroupMemberMetadataValue) -> Said {
        let classic = value.classic_member_metadata.as_ref().map(|classic| ClassicSaid {
            session_timeout: length(classic.session_timeout_ms),
            protocols: classic
                .supported_protocols
                .iter()
                .map(|p| (p.name.clone(), own(&p.metadata)))
                .collect(),
        });
        Said {
            instance: value.instance_id.as_deref().map(InstanceId::from),
            rack: value.rack_id.clone(),
            client_id: value.client_id.clone(),
            client_host: value.client_host.clone(),
            topics: value.subscribed_topic_names.iter().cloned().collect(),
            regex: value.subscribed_topic_regex.clone().filter(|regex| !regex.is_empty()),
            rebalance_timeout: length(value.rebalance_timeout_ms),
            assignor: value.server_assignor.clone(),
            classic,
        }
    }
}
