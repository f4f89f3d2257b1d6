//! Members of the classic protocol in a group of the consumer protocol: what JoinGroup, SyncGroup, Heartbeat and LeaveGroup do
//! there. They get what the coordinator assigns, in the form that their own leader would have given it (KIP-848).

use super::Consumer;
use super::member::{ClassicSaid, Member, Owned, Phase, Said, plain};
use super::plan::Plan;
use super::request::{GROUP_BYTES, MEMBER_BYTES, Refused};
use crate::assign::Assignment;
use crate::classic::{CONSUMER, KNOWN_ID_FROM, REBALANCE_TIMEOUT_FROM, length, own};
use crate::held::Held;
use crate::request::{Caller, Topics};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use types::{ErrorCode, GroupEpoch, InstanceId, MemberId, Uuid};
use wire::consumer_protocol_assignment::{ConsumerProtocolAssignment, TopicPartition};
use wire::consumer_protocol_subscription::ConsumerProtocolSubscription;
use wire::join_group_request::JoinGroupRequest;
use wire::join_group_response::JoinGroupResponse;
use wire::sync_group_request::SyncGroupRequest;
use wire::sync_group_response::SyncGroupResponse;
use wire::{Message, Stored};

/// A JoinGroup, read for a group of the consumer protocol.
pub(crate) struct ClassicJoin {
    pub(crate) member: MemberId,
    is_new: bool,
    needs_known_id: bool,
    said: Said,
    subscription: ConsumerProtocolSubscription,
}

impl ClassicJoin {
    /// Reads a request. `fresh` makes the id of a new member.
    ///
    /// # Errors
    /// `INCONSISTENT_GROUP_PROTOCOL`: it is no consumer, or what it subscribes to cannot be read.
    pub(crate) fn read(
        request: JoinGroupRequest,
        caller: Caller,
        fresh: Uuid,
    ) -> Result<ClassicJoin, ErrorCode> {
        let protocols: Vec<(String, Bytes)> =
            request.protocols.into_iter().map(|p| (p.name, own(&p.metadata))).collect();
        let Some((_, metadata)) = protocols.first().filter(|_| request.protocol_type == CONSUMER) else {
            return Err(ErrorCode::InconsistentGroupProtocol);
        };
        let subscription = ConsumerProtocolSubscription::from_peer(metadata.clone())
            .map_err(|_| ErrorCode::InconsistentGroupProtocol)?;
        let session_timeout = length(request.session_timeout_ms);
        let has_rebalance_timeout = caller.version >= REBALANCE_TIMEOUT_FROM;
        let said = Said {
            instance: request.group_instance_id.as_deref().map(InstanceId::from),
            rack: subscription.rack_id.clone(),
            client_id: caller.client_id,
            client_host: caller.host,
            topics: subscription.topics.iter().cloned().collect(),
            regex: None,
            rebalance_timeout: if has_rebalance_timeout {
                length(request.rebalance_timeout_ms)
            } else {
                session_timeout
            },
            assignor: None,
            classic: Some(ClassicSaid { session_timeout, protocols }),
        };
        let is_new = request.member_id.is_empty();
        let member = match request.member_id.as_str() {
            "" => MemberId::from(fresh.to_string().as_str()),
            id => MemberId::from(id),
        };
        let needs_known_id = is_new && said.instance.is_none() && caller.version >= KNOWN_ID_FROM;
        Ok(ClassicJoin { member, is_new, needs_known_id, said, subscription })
    }

    /// Returns by how much the group grows, and whether by somebody who was not in it. *Units*: bytes.
    pub(crate) fn growth(&self, group: Option<&Consumer>) -> (usize, bool) {
        let Some(group) = group else { return (GROUP_BYTES + MEMBER_BYTES + self.said.heap(), true) };
        let instance = self.said.instance.as_ref().and_then(|instance| group.statics.get(instance));
        match group.members.get(&self.member).or_else(|| group.members.get(instance?)) {
            Some(known) => (self.said.heap().saturating_sub(known.said.heap()), false),
            None => (MEMBER_BYTES + self.said.heap(), true),
        }
    }

    /// Returns what the client says of itself. *Units*: bytes.
    pub(crate) fn size(&self) -> usize {
        let protocols = self.said.classic.iter().flat_map(|classic| &classic.protocols);
        protocols.map(|(name, metadata)| name.len() + metadata.len()).sum()
    }
}

impl Plan<'_> {
    /// Decides on a JoinGroup.
    ///
    /// # Errors
    /// The code for the client.
    pub(crate) fn classic_join(&mut self, join: &ClassicJoin) -> Result<JoinGroupResponse, ErrorCode> {
        let code = |refused: Refused| refused.code;
        let id = &join.member;
        self.check_room(id, self.settings.consumer_max_size).map_err(code)?;
        if !self.can_speak(&join.said) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        if join.needs_known_id {
            return Ok(JoinGroupResponse {
                error_code: ErrorCode::MemberIdRequired.code(),
                generation_id: -1,
                member_id: id.to_string(),
                ..JoinGroupResponse::default()
            });
        }
        let before = self.take_in_classic(join).map_err(code)?;
        let changed = self.update(id, &before.said, &join.said).map_err(code)?;
        self.look(changed.topics);
        self.assign();
        let owned = self.ids_of(&join.subscription);
        self.reconcile(id, Some(&owned), changed.topics);
        Ok(JoinGroupResponse {
            generation_id: self.has(id).epoch.0,
            protocol_type: Some(CONSUMER.to_owned()),
            protocol_name: protocol_of(&join.said).map(str::to_owned),
            member_id: id.to_string(),
            ..JoinGroupResponse::default()
        })
    }

    fn take_in_classic(&mut self, join: &ClassicJoin) -> Result<Arc<Member>, Refused> {
        let id = &join.member;
        let Some(instance) = &join.said.instance else {
            return Ok(self.members.get(id).cloned().unwrap_or_default());
        };
        if !join.is_new {
            return self.check_instance(id, instance);
        }
        match self.statics.get(instance).cloned() {
            None => Ok(Arc::default()),
            Some(old) => {
                let before = self.members.get(&old).cloned().unwrap_or_default();
                Ok(self.replace(&old, id, &before))
            }
        }
    }

    /// Says whether a joining member can do something that all members of the classic protocol can do.
    fn can_speak(&self, said: &Said) -> bool {
        let names = |said: &Said, name: &str| {
            said.classic.iter().flat_map(|classic| &classic.protocols).any(|(known, _)| known == name)
        };
        let mut others = self.members.values().filter(|member| member.said.is_classic());
        let offered: Vec<&str> =
            said.classic.iter().flat_map(|c| c.protocols.iter().map(|(name, _)| name.as_str())).collect();
        if self.is_empty() {
            return !offered.is_empty();
        }
        let is_common = |name: &&str| others.clone().all(|member| names(&member.said, name));
        let found = offered.iter().any(is_common);
        found || others.next().is_none()
    }

    fn ids_of(&self, subscription: &ConsumerProtocolSubscription) -> Assignment {
        let each = subscription.owned_partitions.iter();
        each.filter_map(|t| Some((self.topics.id_of(&t.topic)?, t.partitions.iter().copied().collect())))
            .collect()
    }
}

/// Returns the protocol that a member is told it uses.
fn protocol_of(said: &Said) -> Option<&str> {
    said.classic.as_ref().and_then(|classic| classic.protocols.first()).map(|(name, _)| name.as_str())
}

/// What a member of the classic protocol has to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    /// How long its session lasts from now on.
    pub(crate) session: Duration,
    /// It has to join again within this time.
    pub(crate) rejoin: Option<Duration>,
}

impl Consumer {
    /// Finds a member of the classic protocol in a generation.
    fn classic(
        &self,
        id: &MemberId,
        instance: Option<&InstanceId>,
        generation: i32,
    ) -> Result<(&Member, Duration), ErrorCode> {
        let (_, member) = self.member(id, instance)?;
        let classic = member.said.classic.as_ref().ok_or(ErrorCode::UnknownMemberId)?;
        match member.has.epoch == GroupEpoch(generation) {
            true => Ok((member, classic.session_timeout)),
            false => Err(ErrorCode::IllegalGeneration),
        }
    }

    /// Answers Heartbeat: a member joins again when there is a new assignment, when it has to give partitions up, and when those
    /// that it waits for are free.
    ///
    /// # Errors
    /// The code for this member and generation.
    pub(crate) fn classic_heartbeat(
        &self,
        id: &MemberId,
        instance: Option<&InstanceId>,
        generation: i32,
    ) -> Result<Told, ErrorCode> {
        let (member, session) = self.classic(id, instance, generation)?;
        let must_rejoin = member.has.epoch < self.assignment_epoch
            || member.has.phase == Phase::Unrevoked
            || (member.has.phase == Phase::Unreleased && !self.waits(id, member));
        Ok(Told { session, rejoin: must_rejoin.then_some(member.said.rebalance_timeout) })
    }

    /// Says whether others hold partitions that a member is to have.
    fn waits(&self, id: &MemberId, member: &Member) -> bool {
        let target = self.target.get(id).cloned().unwrap_or_default();
        let mut all = target.iter().flat_map(|(topic, each)| each.iter().map(|p| (*topic, *p)));
        all.any(|(topic, p)| {
            super::member::holds(&member.has.assigned, topic, p).is_none() && !self.is_free(topic, p)
        })
    }

    /// Answers SyncGroup.
    ///
    /// # Errors
    /// The code for this member and generation; `REBALANCE_IN_PROGRESS` with the time that it has to join again in.
    pub(crate) fn classic_sync(
        &self,
        request: &SyncGroupRequest,
        topics: &dyn Topics,
    ) -> Result<(SyncGroupResponse, Told), ErrorCode> {
        let id = MemberId::from(request.member_id.as_str());
        let instance = request.group_instance_id.as_deref().map(InstanceId::from);
        let (member, session) = self.classic(&id, instance.as_ref(), request.generation_id)?;
        let differs = |said: &Option<String>, known: Option<&str>| said.is_some() && said.as_deref() != known;
        if differs(&request.protocol_type, Some(CONSUMER))
            || differs(&request.protocol_name, protocol_of(&member.said))
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        let must_rejoin = member.has.epoch < self.assignment_epoch && member.has.phase != Phase::Unrevoked;
        let response = SyncGroupResponse {
            protocol_type: request.protocol_type.clone(),
            protocol_name: request.protocol_name.clone(),
            assignment: written(&plain(&member.has.assigned), version_of(&member.said), topics),
            ..SyncGroupResponse::default()
        };
        Ok((response, Told { session, rejoin: must_rejoin.then_some(member.said.rebalance_timeout) }))
    }

    /// Finds who is meant by LeaveGroup: an operator names the instance alone.
    pub(crate) fn classic_leaving(
        &self,
        id: &MemberId,
        instance: Option<&InstanceId>,
    ) -> Result<MemberId, ErrorCode> {
        if let (true, Some(instance)) = (id.is_empty(), instance) {
            return self.statics.get(instance).cloned().ok_or(ErrorCode::UnknownMemberId);
        }
        self.member(id, instance).map(|(id, _)| id.clone())
    }
}

/// Returns the version of the consumer's embedded protocol that a member speaks.
fn version_of(said: &Said) -> i16 {
    let metadata = said.classic.as_ref().and_then(|classic| classic.protocols.first());
    let version =
        metadata.and_then(|(_, metadata)| metadata.first_chunk().map(|two| i16::from_be_bytes(*two)));
    version.unwrap_or(0).clamp(ConsumerProtocolAssignment::MIN, ConsumerProtocolAssignment::MAX)
}

/// Writes an assignment as a leader of the classic protocol does.
pub(super) fn written(assignment: &Assignment, version: i16, topics: &dyn Topics) -> Bytes {
    let each = assignment.iter().filter_map(|(topic, partitions)| {
        let topic = topics.name_of(*topic)?.to_owned();
        Some(TopicPartition { topic, partitions: partitions.iter().copied().collect() })
    });
    let value = ConsumerProtocolAssignment { assigned_partitions: each.collect(), user_data: None };
    value.to_stored(version).unwrap_or_default()
}

/// Writes what a member has as a leader of the classic protocol would give it, in the form that the member reads.
pub(super) fn written_for(said: &Said, owned: &Owned, topics: &dyn Topics) -> Bytes {
    written(&plain(owned), version_of(said), topics)
}

/// Reads an assignment of the classic protocol.
pub(super) fn read(bytes: &Bytes) -> Option<(BTreeMap<String, Vec<i32>>, bool)> {
    if bytes.is_empty() {
        return Some((BTreeMap::new(), false));
    }
    let value = ConsumerProtocolAssignment::from_peer(bytes.clone()).ok()?;
    let has_user_data = value.user_data.is_some_and(|data| !data.is_empty());
    let each = value.assigned_partitions.into_iter().map(|topic| (topic.topic, topic.partitions));
    Some((each.collect(), has_user_data))
}
