//! JoinGroup: a client becomes a member, or a member asks for another rebalance.

use super::{Classic, Member, State, length};
use crate::groups::{Then, Turn};
use crate::held::Held;
use crate::request::{Answer, Caller, Token};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use types::{ErrorCode, GroupId, InstanceId, MemberId, Uuid};
use wire::join_group_request::JoinGroupRequest;
use wire::join_group_response::JoinGroupResponse;

/// How long a member may take that was never told its id: a client that gave up asks again with none.
const NEW_MEMBER_TIMEOUT: Duration = Duration::from_secs(300);

/// The most bytes that an id may have in a record.
const ID_MAX: usize = 0x7fff;
/// What a member takes beside what it says of itself, and a group beside its members. *Units*: bytes.
const PLACE_BYTES: usize = 1024;
const GROUP_BYTES: usize = 4096;

/// First version whose clients come back with the id that they are given (KIP-394).
pub(crate) const KNOWN_ID_FROM: i16 = 4;
/// First version whose leader can be told to assign nothing (KIP-814).
const SKIP_FROM: i16 = 9;
/// First version that says how long a rebalance may take.
pub(crate) const REBALANCE_TIMEOUT_FROM: i16 = 1;

/// A request to join.
#[derive(Clone, Debug)]
pub(crate) struct Join {
    token: Token,
    group: GroupId,
    id: MemberId,
    version: i16,
    protocol_type: String,
    fresh: Uuid,
    member: Member,
}

impl Join {
    /// Reads a request. `fresh` makes the id of a new member.
    pub(crate) fn new(token: Token, request: JoinGroupRequest, caller: Caller, fresh: Uuid) -> Join {
        let session_timeout = length(request.session_timeout_ms);
        let rebalance_timeout = match caller.version >= REBALANCE_TIMEOUT_FROM {
            true => length(request.rebalance_timeout_ms),
            false => session_timeout,
        };
        let member = Member {
            instance: request.group_instance_id.as_deref().map(InstanceId::from),
            client_id: caller.client_id,
            client_host: caller.host,
            rebalance_timeout,
            session_timeout,
            protocols: request.protocols.into_iter().map(|p| (p.name, own(&p.metadata))).collect(),
            joining: Some(token),
            is_new: true,
            ..Member::default()
        };
        let (group, id) =
            (GroupId::from(request.group_id.as_str()), MemberId::from(request.member_id.as_str()));
        let protocol_type = request.protocol_type;
        Join { token, group, id, version: caller.version, protocol_type, fresh, member }
    }

    /// Returns the group that it is about.
    pub(crate) fn group(&self) -> &GroupId {
        &self.group
    }

    /// Returns what the client says of itself. *Units*: bytes.
    pub(crate) fn size(&self) -> usize {
        self.member.protocols.iter().map(|(name, metadata)| name.len() + metadata.len()).sum()
    }

    /// Says whether the id that is made for it can be written: it is the client's name, or its instance, and more.
    pub(crate) fn has_writable_id(&self) -> bool {
        !self.is_new() || self.fresh_id().as_str().len() <= ID_MAX
    }

    /// Returns by how much the group grows, and whether by somebody who was not in it. *Units*: bytes.
    pub(crate) fn growth(&self, group: Option<&Classic>) -> (usize, bool) {
        let (id, said) = (self.place(group).unwrap_or(&self.id), &self.member);
        let is_known = group.is_some_and(|group| group.members.contains_key(id));
        match group {
            Some(group) if is_known => (group.growth(id, said), false),
            Some(_) => (PLACE_BYTES + said.heap(), true),
            None => (GROUP_BYTES + PLACE_BYTES + said.heap(), true),
        }
    }

    /// Returns whose place it takes: that of its instance, if that has one.
    fn place<'a>(&self, group: Option<&'a Classic>) -> Option<&'a MemberId> {
        group?.statics.get(self.member.instance.as_ref()?)
    }

    /// Returns how long the client may be silent.
    pub(crate) fn session_timeout(&self) -> Duration {
        self.member.session_timeout
    }

    /// Says whether the client has no id yet.
    pub(crate) fn is_new(&self) -> bool {
        self.id.is_empty()
    }

    /// Makes an id that says whose it is.
    fn fresh_id(&self) -> MemberId {
        let name = self.member.instance.as_ref().map_or(self.member.client_id.as_str(), InstanceId::as_str);
        MemberId::from(format!("{name}-{}", dashed(self.fresh)).as_str())
    }
}

/// Copies bytes: as part of a request they would keep all of it in memory.
pub(crate) fn own(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// Writes an id as Java does.
fn dashed(id: Uuid) -> String {
    let hex: String = id.0.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

impl Classic {
    /// Lets a client join.
    pub(crate) fn join(&mut self, join: Join, turn: &mut Turn<'_>) {
        let token = join.token;
        if let Err(code) = self.try_join(join, turn) {
            turn.reply(token, Err(code));
        }
    }

    fn try_join(&mut self, join: Join, turn: &mut Turn<'_>) -> Result<(), ErrorCode> {
        if !self.has_place(&join.id, turn.settings.max_size) {
            self.pending.remove(&join.id);
            self.forget(&join.id, turn);
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        if !self.can_join(&join.protocol_type, &join.member.protocols) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        if join.is_new() { self.join_new(join, turn) } else { self.join_known(join, turn) }
    }

    /// Says whether the group takes a member in, who may be one already.
    fn has_place(&self, id: &MemberId, max: usize) -> bool {
        match self.state {
            State::Empty => true,
            State::Preparing => {
                let joining = || self.members.values().filter(|member| member.joining.is_some()).count();
                self.members.get(id).is_some_and(|member| member.joining.is_some()) || joining() < max
            }
            State::Completing | State::Stable => self.members.contains_key(id) || self.members.len() < max,
        }
    }

    fn join_new(&mut self, join: Join, turn: &mut Turn<'_>) -> Result<(), ErrorCode> {
        let id = join.fresh_id();
        let known = join.member.instance.as_ref().and_then(|instance| self.statics.get(instance)).cloned();
        match known {
            Some(old) => self.replace(&old, &id, join, turn),
            // With an id of its own a client that asks again is the same member (C5).
            None if join.member.instance.is_none() && join.version >= KNOWN_ID_FROM => {
                turn.arm(self.session(&id), join.member.session_timeout);
                self.pending.insert(id.clone(), ());
                let response = JoinGroupResponse {
                    error_code: ErrorCode::MemberIdRequired.code(),
                    generation_id: -1,
                    member_id: id.to_string(),
                    ..JoinGroupResponse::default()
                };
                turn.reply(join.token, Ok(Answer::Join(response)));
            }
            None => self.add(&id, join, turn),
        }
        Ok(())
    }

    fn join_known(&mut self, join: Join, turn: &mut Turn<'_>) -> Result<(), ErrorCode> {
        let id = join.id.clone();
        if self.pending.contains_key(&id) && join.member.instance.is_none() {
            self.pending.remove(&id);
            self.add(&id, join, turn);
            return Ok(());
        }
        self.check_member(&id, join.member.instance.as_ref())?;
        let Some(member) = self.members.get(&id) else { return Err(ErrorCode::UnknownMemberId) };
        let is_same = member.protocols == join.member.protocols;
        let is_leader = self.leader.as_ref() == Some(&id);
        let needs_nothing = match self.state {
            State::Empty => return Err(ErrorCode::UnknownMemberId),
            State::Preparing => false,
            // Its answer was lost on the way.
            State::Completing => is_same,
            // The leader asks when what is to be assigned has changed.
            State::Stable => is_same && !is_leader,
        };
        if needs_nothing {
            turn.reply(join.token, Ok(self.told(self.joined(&id))));
        } else {
            self.update(&id, join.member, turn);
            self.rebalance(turn);
        }
        Ok(())
    }

    fn add(&mut self, id: &MemberId, join: Join, turn: &mut Turn<'_>) {
        self.has_new_member |= self.state == State::Preparing && self.is_initial;
        if self.members.is_empty() {
            self.protocol_type = Some(join.protocol_type);
        }
        if let Some(instance) = &join.member.instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        self.leader.get_or_insert_with(|| id.clone());
        self.members.insert(id.clone(), join.member);
        turn.arm(self.session(id), NEW_MEMBER_TIMEOUT);
        self.rebalance(turn);
    }

    /// Takes over what a member says of itself now. An earlier request that still waits is told to ask again.
    fn update(&mut self, id: &MemberId, said: Member, turn: &mut Turn<'_>) {
        self.members.change(id, |member| {
            if let Some(token) = member.joining.take() {
                turn.reply(token, Err(ErrorCode::RebalanceInProgress));
            }
            let (assignment, syncing, is_new) =
                (std::mem::take(&mut member.assignment), member.syncing, member.is_new);
            *member = Member { assignment, syncing, is_new, ..said };
        });
    }

    /// A static member has come back under a new id (C3); who still has the old one is fenced (C4).
    fn replace(&mut self, old: &MemberId, new: &MemberId, join: Join, turn: &mut Turn<'_>) {
        let mut next = self.clone();
        let told = next.leader.clone();
        next.rename(old, new, &join.member);
        if self.state == State::Stable && next.choose_protocol() == self.protocol {
            // Nothing changes for the others: its new id is stored, and no rebalance follows.
            let assignments = next.members.iter().map(|(id, member)| (id.clone(), member.assignment.clone()));
            let assignments: BTreeMap<MemberId, Bytes> = assignments.collect();
            let record = next.record(&assignments);
            if record.size() <= turn.settings.operation_max {
                turn.write(record);
                let told = if join.version >= SKIP_FROM { None } else { told };
                let (group, old, new) = (self.id.clone(), old.clone(), new.clone());
                return turn.then(Then::Replaced { group, old, new, member: join.member, told });
            }
        }
        self.take_over(old, new, &join.member, turn);
        self.rebalance(turn);
    }

    /// Puts a static member's new id in the place of its old one.
    fn rename(&mut self, old: &MemberId, new: &MemberId, said: &Member) {
        // Once the record is applied, the new id is there already.
        let before = self.members.remove(old).or_else(|| self.members.remove(new));
        let Some(before) = before else { return };
        let member = Member { assignment: before.assignment, is_new: false, ..said.clone() };
        self.members.insert(new.clone(), member);
        if let Some(instance) = &said.instance {
            self.statics.insert(instance.clone(), new.clone());
        }
        if self.leader.as_ref() == Some(old) {
            self.leader = Some(new.clone());
        }
        if self.pending_sync.remove(old) {
            self.pending_sync.insert(new.clone());
        }
    }

    /// Does so, and fences who waits under the old id.
    fn take_over(&mut self, old: &MemberId, new: &MemberId, said: &Member, turn: &mut Turn<'_>) {
        turn.cancel(&self.session(old));
        self.members.change(old, |member| {
            let waiting = member.joining.take().into_iter().chain(member.syncing.take());
            waiting.for_each(|token| turn.reply(token, Err(ErrorCode::FencedInstanceId)));
        });
        self.rename(old, new, said);
        self.touch(new, turn);
    }

    /// The new id of a static member is stored: it goes on where it was. A client that cannot be told to assign nothing is
    /// told of the leader from before, so that it does not take itself for one.
    pub(crate) fn replaced(
        &mut self,
        (old, new): (&MemberId, &MemberId),
        member: Member,
        told: Option<MemberId>,
        turn: &mut Turn<'_>,
    ) {
        let token = member.joining;
        self.take_over(old, new, &Member { joining: None, ..member }, turn);
        let is_leader = self.leader.as_ref() == Some(new);
        let mut response = self.joined(new);
        match told {
            Some(leader) => response.leader = leader.to_string(),
            None => response.skip_assignment = is_leader,
        }
        if let Some(token) = token {
            turn.reply(token, Ok(self.told(response)));
        }
    }
}
