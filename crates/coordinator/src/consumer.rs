//! A group of the consumer protocol (KIP-848): its members say what they read, the coordinator says who reads what.
//!
//! Three versions follow one another: the group's epoch rises when members or topics change, the target assignment is made for
//! an epoch, and each member moves to it on its own, step by step. All of it is records: nothing else changes this state, so
//! a decision is made on a [`Plan`], a draft that its own records have changed already.
//! *Invariants* ([`Consumer::check`]): a partition is held by one member at most; it is in the target of one member at most;
//! member epoch <= assignment epoch <= group epoch. *Source*: Kafka 4.3.1, GroupMetadataManager and ConsumerGroup.
//! Tests: tests/consumer.rs, tests/migration.rs.

mod classic_member;
mod facts;
mod heartbeat;
mod looks;
mod member;
mod migrate;
mod plan;
mod reconcile;
mod request;
mod target;
mod told;

use crate::assign::Assignment;
use crate::classic::DEADLINE_BYTES;
use crate::held::{Counted, Held, tree};
use crate::record::ConsumerRecord;
use crate::request::{ConsumerDescription, ConsumerMemberDescription, Topics};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use types::{ErrorCode, GroupEpoch, GroupId, InstanceId, MemberId, TopicId, WallTime};

pub(crate) use classic_member::{ClassicJoin, Told};
pub(crate) use heartbeat::unknown;
pub(crate) use looks::{Looks, Seen};
pub(crate) use member::{Has, Member, Phase, Said};
pub(crate) use migrate::downgraded;
pub(crate) use plan::Plan;
pub(crate) use request::{Heartbeat, Refused};
pub use told::HeartbeatAnswer;

/// What the name of a topic takes beside its text. *Units*: bytes.
const NAME_BYTES: usize = 64;

/// Where a group stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// It has no members.
    Empty,
    /// Its target assignment has to be made anew.
    Assigning,
    /// Members are on their way to it.
    Reconciling,
    /// Every member has what it is to have.
    Stable,
}

impl Stage {
    /// Returns Kafka's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Stage::Empty => "Empty",
            Stage::Assigning => "Assigning",
            Stage::Reconciling => "Reconciling",
            Stage::Stable => "Stable",
        }
    }
}

impl Held for Assignment {
    fn heap(&self) -> usize {
        let partitions: usize = self.values().map(|partitions| tree::<i32, ()>(partitions.len())).sum();
        tree::<TopicId, BTreeSet<i32>>(self.len()) + partitions
    }
}

/// A group of the consumer protocol. It is cheap to copy: what is large in it is shared.
#[derive(Clone, Debug)]
pub(crate) struct Consumer {
    id: GroupId,
    epoch: GroupEpoch,
    /// Of the topics that it reads, as they were when the epoch was raised.
    topics_hash: i64,
    assignment_epoch: GroupEpoch,
    /// When the target assignment was made.
    assigned_at: WallTime,
    members: Counted<BTreeMap<MemberId, Arc<Member>>>,
    target: Counted<BTreeMap<MemberId, Arc<Assignment>>>,
    /// What regular expressions stand for.
    regexes: Counted<BTreeMap<String, Arc<BTreeSet<String>>>>,
    /// Follows from the members.
    statics: BTreeMap<InstanceId, MemberId>,
    /// Follows from what the members have.
    owners: BTreeMap<TopicId, Arc<BTreeMap<i32, MemberId>>>,
    seen: Seen,
}

impl PartialEq for Consumer {
    fn eq(&self, other: &Consumer) -> bool {
        let of = |one: &Consumer| (one.epoch, one.topics_hash, one.assignment_epoch, one.assigned_at);
        of(self) == of(other)
            && self.members == other.members
            && self.target == other.target
            && self.regexes == other.regexes
            && self.statics == other.statics
            && self.owners == other.owners
    }
}

impl Consumer {
    /// Makes a group without members.
    pub(crate) fn new(id: GroupId) -> Consumer {
        Consumer {
            id,
            epoch: GroupEpoch(0),
            topics_hash: 0,
            assignment_epoch: GroupEpoch(0),
            assigned_at: WallTime(0),
            members: Counted::default(),
            target: Counted::default(),
            regexes: Counted::default(),
            statics: BTreeMap::new(),
            owners: BTreeMap::new(),
            seen: Seen::default(),
        }
    }

    /// Returns its id.
    pub(crate) fn id(&self) -> &GroupId {
        &self.id
    }

    /// Says whether it has no members.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Says whether there is nothing of it: it has no record. In a compacted log any record may be the first.
    pub(crate) fn is_new(&self) -> bool {
        self.epoch.max(self.assignment_epoch) == GroupEpoch(0)
            && self.members.is_empty()
            && self.target.is_empty()
            && self.regexes.is_empty()
    }

    /// Returns where it stands.
    pub(crate) fn stage(&self) -> Stage {
        let is_there = |member: &Arc<Member>| member.has.is_reconciled(self.assignment_epoch);
        if self.members.is_empty() {
            Stage::Empty
        } else if self.epoch > self.assignment_epoch {
            Stage::Assigning
        } else if self.members.values().all(is_there) {
            Stage::Stable
        } else {
            Stage::Reconciling
        }
    }

    /// Takes over a record.
    pub(crate) fn apply(&mut self, record: &ConsumerRecord) {
        match record {
            ConsumerRecord::Epoch(Some(value)) => {
                (self.epoch, self.topics_hash) = (GroupEpoch(value.epoch), value.metadata_hash);
            }
            // The end of the group: whoever holds it lets it go.
            ConsumerRecord::Epoch(None) => *self = Consumer::new(self.id.clone()),
            ConsumerRecord::Member(id, Some(value)) => self.set_said(id, value.into()),
            ConsumerRecord::Member(id, None) => self.remove(id),
            ConsumerRecord::TargetEpoch(Some(value)) => {
                self.assignment_epoch = GroupEpoch(value.assignment_epoch);
                self.assigned_at = WallTime(value.assignment_timestamp);
            }
            ConsumerRecord::TargetEpoch(None) => self.assignment_epoch = GroupEpoch(0),
            ConsumerRecord::Target(id, Some(value)) => {
                let topic = |topic: &target::StoredTopic| {
                    (TopicId(topic.topic_id), topic.partitions.iter().copied().collect())
                };
                let target = value.topic_partitions.iter().map(topic).collect();
                self.target.insert(id.clone(), Arc::new(target));
            }
            ConsumerRecord::Target(id, None) => _ = self.target.remove(id),
            ConsumerRecord::Current(id, Some(value)) => self.set_has(id, value.into()),
            ConsumerRecord::Current(id, None) => {
                if self.members.contains_key(id) {
                    self.set_has(id, Has::default());
                }
            }
            ConsumerRecord::Regex(regex, Some(value)) => {
                let topics = value.topics.iter().cloned().collect();
                self.regexes.insert(regex.clone(), Arc::new(topics));
            }
            ConsumerRecord::Regex(regex, None) => _ = self.regexes.remove(regex),
        }
    }

    fn set_said(&mut self, id: &MemberId, said: Said) {
        let member = self.members.get(id).cloned().unwrap_or_default();
        if let Some(instance) = &member.said.instance
            && self.statics.get(instance) == Some(id)
        {
            self.statics.remove(instance);
        }
        if let Some(instance) = &said.instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        self.members.insert(id.clone(), Arc::new(Member { said, has: member.has.clone() }));
    }

    fn set_has(&mut self, id: &MemberId, has: Has) {
        let member = self.members.get(id).cloned().unwrap_or_default();
        self.release(id, &member.has);
        for (topic, partition) in has.all() {
            let owners = Arc::make_mut(self.owners.entry(topic).or_default());
            owners.insert(partition, id.clone());
        }
        self.members.insert(id.clone(), Arc::new(Member { has, said: member.said.clone() }));
    }

    fn release(&mut self, id: &MemberId, has: &Has) {
        for (topic, partition) in has.all() {
            let Some(owners) = self.owners.get_mut(&topic) else { continue };
            if owners.get(&partition) == Some(id) {
                Arc::make_mut(owners).remove(&partition);
            }
            if owners.is_empty() {
                self.owners.remove(&topic);
            }
        }
    }

    fn remove(&mut self, id: &MemberId) {
        let Some(member) = self.members.remove(id) else { return };
        self.release(id, &member.has);
        if let Some(instance) = &member.said.instance
            && self.statics.get(instance) == Some(id)
        {
            self.statics.remove(instance);
        }
    }

    /// Says whether nobody holds a partition.
    fn is_free(&self, topic: TopicId, partition: i32) -> bool {
        !self.owners.get(&topic).is_some_and(|owners| owners.contains_key(&partition))
    }

    /// Returns the names of the topics that a member reads.
    fn names<'a>(&'a self, said: &'a Said) -> impl Iterator<Item = &'a String> {
        let resolved = said.regex.as_ref().and_then(|regex| self.regexes.get(regex));
        said.topics.iter().chain(resolved.into_iter().flat_map(|topics| topics.iter()))
    }

    /// Returns the ids of the topics that a member reads; only of those that there are.
    fn subscribed(&self, said: &Said, topics: &dyn Topics) -> BTreeSet<TopicId> {
        self.names(said).filter_map(|name| topics.id_of(name)).collect()
    }

    /// Says whether its members read a topic.
    pub(crate) fn reads(&self, topic: &str) -> bool {
        self.members.values().any(|member| self.names(&member.said).any(|name| name == topic))
    }

    /// Finds a member that a request names; with an instance, the one that it belongs to.
    ///
    /// # Errors
    /// `UNKNOWN_MEMBER_ID`; `FENCED_INSTANCE_ID` when another member has taken the instance over.
    fn member(
        &self,
        id: &MemberId,
        instance: Option<&InstanceId>,
    ) -> Result<(&MemberId, &Arc<Member>), ErrorCode> {
        if let Some(instance) = instance {
            let known = self.statics.get(instance).ok_or(ErrorCode::UnknownMemberId)?;
            if known != id {
                return Err(ErrorCode::FencedInstanceId);
            }
        }
        self.members.get_key_value(id).ok_or(ErrorCode::UnknownMemberId)
    }

    /// Says whether a member is to have another place in a draft of the group than it has.
    pub(crate) fn has_other_place(&self, draft: &Consumer, id: &str) -> bool {
        self.members.get(id) != draft.members.get(id)
    }

    /// Returns what a member has.
    pub(crate) fn held(&self, id: &MemberId) -> Option<&Has> {
        self.members.get(id).map(|member| &member.has)
    }

    /// Returns how long a member may take to give partitions up.
    pub(crate) fn rebalance_timeout(&self, id: &MemberId) -> Duration {
        self.members.get(id).map(|member| member.said.rebalance_timeout).unwrap_or_default()
    }

    /// Says whether a member, whose time for it is over, has not given up what it has to, or has not joined again.
    pub(crate) fn is_late(&self, id: &MemberId) -> bool {
        let is_late = |member: &Arc<Member>| member.said.is_classic() || member.has.phase == Phase::Unrevoked;
        self.members.get(id).is_some_and(is_late)
    }

    /// Returns how far it has looked at what topics there are.
    pub(crate) fn seen(&self) -> Seen {
        self.seen
    }

    /// Notes how far it has looked at what topics there are; that is not stored.
    pub(crate) fn set_seen(&mut self, seen: Seen) {
        self.seen = seen;
    }

    /// Returns its members.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&MemberId, &Member)> {
        self.members.iter().map(|(id, member)| (id, &**member))
    }

    /// Says whether offsets of these partitions may be committed (C1, C2).
    ///
    /// # Errors
    /// `UNKNOWN_MEMBER_ID`; `STALE_MEMBER_EPOCH` for another epoch than the member's, unless the member has had the partition
    /// from that epoch on, without a break (KIP-1251); `ILLEGAL_GENERATION` for a member of the classic protocol;
    /// `UNSUPPORTED_VERSION` if the client cannot know of epochs.
    pub(crate) fn check_commit(
        &self,
        id: &MemberId,
        epoch: GroupEpoch,
        knows_epochs: bool,
        mut partitions: impl Iterator<Item = (TopicId, i32)>,
    ) -> Result<(), ErrorCode> {
        if epoch.0 < 0 && self.members.is_empty() {
            return Ok(());
        }
        let (_, member) = self.member(id, None)?;
        let is_classic = member.said.is_classic();
        if !is_classic && !knows_epochs {
            return Err(ErrorCode::UnsupportedVersion);
        }
        let has_had = |(topic, partition): (TopicId, i32)| {
            let since = member::holds(&member.has.assigned, topic, partition)
                .or_else(|| member::holds(&member.has.revoking, topic, partition));
            since.is_some_and(|since| since <= epoch)
        };
        let is_current = epoch == member.has.epoch;
        let mut was_current =
            || GroupEpoch(0) <= epoch && epoch < member.has.epoch && partitions.all(has_had);
        match is_current || was_current() {
            true => Ok(()),
            false if is_classic => Err(ErrorCode::IllegalGeneration),
            false => Err(ErrorCode::StaleMemberEpoch),
        }
    }

    /// Says whether a member may ask for the offsets of the group.
    ///
    /// # Errors
    /// `UNKNOWN_MEMBER_ID`, `STALE_MEMBER_EPOCH`.
    pub(crate) fn check_fetch(&self, id: Option<&MemberId>, epoch: GroupEpoch) -> Result<(), ErrorCode> {
        let member = match id {
            None if epoch.0 < 0 => return Ok(()),
            None => return Err(ErrorCode::UnknownMemberId),
            Some(id) => self.member(id, None)?.1,
        };
        if epoch == member.has.epoch { Ok(()) } else { Err(ErrorCode::StaleMemberEpoch) }
    }

    /// Returns what it holds. *Units*: bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.members.bytes() + self.target.bytes() + self.regexes.bytes() + self.fixed_bytes()
    }

    /// Returns the same, counted from the beginning.
    pub(crate) fn recount(&self) -> usize {
        self.members.recount() + self.target.recount() + self.regexes.recount() + self.fixed_bytes()
    }

    /// Returns what can be told without looking at each member; who owns what counts with its owner.
    fn fixed_bytes(&self) -> usize {
        let statics = tree::<InstanceId, MemberId>(self.statics.len());
        let owners = tree::<TopicId, Arc<BTreeMap<i32, MemberId>>>(self.owners.len());
        size_of::<Consumer>() + statics + owners + DEADLINE_BYTES * self.members.len()
    }

    /// Returns how many partitions its members have, and what the names take that their patterns stand for. *Units*: bytes.
    pub(crate) fn shown(&self) -> (usize, usize) {
        let partitions = self.owners.values().map(|owners| owners.len()).sum();
        let topics = self.members.values().filter_map(|member| self.regexes.get(member.said.regex.as_ref()?));
        (partitions, topics.flat_map(|topics| topics.iter()).map(|name| NAME_BYTES + name.len()).sum())
    }

    /// Makes the records that end a group without members.
    pub(crate) fn end_records(&self) -> Vec<ConsumerRecord> {
        let regexes = self.regexes.keys().map(|regex| ConsumerRecord::Regex(regex.clone(), None));
        regexes.chain([ConsumerRecord::TargetEpoch(None), ConsumerRecord::Epoch(None)]).collect()
    }

    /// Returns which assignor most members prefer; the first that is offered, if none does.
    fn assignor(&self, offered: &[crate::assign::Assignor]) -> crate::assign::Assignor {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            if let Some(name) = &member.said.assignor {
                *votes.entry(name).or_default() += 1;
            }
        }
        let most = votes.iter().max_by_key(|(_, votes)| **votes);
        let preferred = most.and_then(|(name, _)| crate::assign::Assignor::by_name(name));
        preferred.or(offered.first().copied()).unwrap_or(crate::assign::Assignor::Uniform)
    }

    /// Describes it as ConsumerGroupDescribe does.
    pub(crate) fn describe(&self, offered: &[crate::assign::Assignor]) -> ConsumerDescription {
        let members = self.members.iter().map(|(id, member)| ConsumerMemberDescription {
            member_id: id.clone(),
            instance: member.said.instance.clone(),
            rack: member.said.rack.clone(),
            epoch: member.has.epoch,
            client_id: member.said.client_id.clone(),
            client_host: member.said.client_host.clone(),
            topics: member.said.topics.iter().cloned().collect(),
            regex: member.said.regex.clone(),
            assigned: member.has.held(),
            target: self.target.get(id).map(|target| (**target).clone()).unwrap_or_default(),
            is_classic: member.said.is_classic(),
        });
        ConsumerDescription {
            state: self.stage().name(),
            epoch: self.epoch,
            assignment_epoch: self.assignment_epoch,
            assignor: self.assignor(offered).name(),
            members: members.collect(),
        }
    }

    /// Checks what must hold of it at any time (KIP-848's invariants).
    ///
    /// # Errors
    /// What does not hold.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut held = BTreeMap::new();
        for (id, member) in self.members.iter() {
            for at in member.has.all() {
                if let Some(other) = held.insert(at, id) {
                    return Err(format!("{at:?} is held by {other} and by {id}"));
                }
                if self.is_free(at.0, at.1) {
                    return Err(format!("{at:?} of {id} counts as free"));
                }
            }
            let reached = member.has.epoch;
            if reached > self.assignment_epoch {
                return Err(format!("{id} is at {reached}, beyond the target {}", self.assignment_epoch));
            }
            if reached.0 > 0 && member.has.phase == Phase::Stable && !member.has.revoking.is_empty() {
                return Err(format!("{id} is stable and gives partitions up"));
            }
        }
        let count: usize = self.owners.values().map(|owners| owners.len()).sum();
        if count != held.len() {
            return Err(format!("{count} partitions have owners, {} are held", held.len()));
        }
        let mut targets = BTreeSet::new();
        for (topic, partitions) in self.target.values().flat_map(|target| target.iter()) {
            if let Some(twice) = partitions.iter().find(|partition| !targets.insert((*topic, **partition))) {
                return Err(format!("partition {twice} of {topic} is in two targets"));
            }
        }
        if let Some(id) = self.target.keys().find(|id| !self.members.contains_key(*id)) {
            return Err(format!("{id} has a target and is no member"));
        }
        match self.assignment_epoch <= self.epoch {
            true => Ok(()),
            false => {
                Err(format!("the assignment {} is beyond the group {}", self.assignment_epoch, self.epoch))
            }
        }
    }
}
