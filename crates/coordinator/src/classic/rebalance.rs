//! Rebalances: who is waited for, and what happens when all are there or their time is over.

use super::{Classic, Member, State};
use crate::groups::Turn;
use crate::request::Answer;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use types::{ErrorCode, Generation, MemberId};
use wire::join_group_response::{JoinGroupResponse, JoinGroupResponseMember};

impl Classic {
    /// Something has changed: begins a rebalance, or looks whether the one under way is complete.
    pub(super) fn rebalance(&mut self, turn: &mut Turn<'_>) {
        if self.state == State::Preparing { self.complete_if_all_joined(turn) } else { self.prepare(turn) }
    }

    fn prepare(&mut self, turn: &mut Turn<'_>) {
        if self.state == State::Completing {
            // What they had was of the generation before this one.
            self.members.change_all(|_, member| member.assignment = Bytes::new());
        }
        self.fail_syncs(ErrorCode::RebalanceInProgress, turn);
        turn.cancel(&self.sync_timer());
        self.pending_sync.clear();
        self.is_initial = self.state == State::Empty;
        self.enter(State::Preparing, turn);
        if self.is_initial {
            let delay = turn.settings.initial_rebalance_delay;
            self.has_new_member = false;
            self.initial_left = self.rebalance_timeout().saturating_sub(delay);
            turn.arm(self.join_timer(), delay);
        } else if self.all_joined() {
            self.complete(turn);
        } else {
            turn.arm(self.join_timer(), self.rebalance_timeout());
        }
    }

    fn all_joined(&self) -> bool {
        self.pending.is_empty() && self.members.values().all(|member| member.joining.is_some())
    }

    /// Ends the join when nobody is missing; the initial one waits its time.
    pub(super) fn complete_if_all_joined(&mut self, turn: &mut Turn<'_>) {
        if self.state == State::Preparing && !self.is_initial && self.all_joined() {
            self.complete(turn);
        }
    }

    /// The time for joining is over.
    pub(crate) fn on_join_timer(&mut self, turn: &mut Turn<'_>) {
        if self.state != State::Preparing {
            return;
        }
        if self.is_initial && self.has_new_member && self.initial_left > Duration::ZERO {
            self.has_new_member = false;
            let delay = turn.settings.initial_rebalance_delay.min(self.initial_left);
            self.initial_left = self.initial_left.saturating_sub(delay);
            turn.arm(self.join_timer(), delay);
        } else {
            self.complete(turn);
        }
    }

    /// Ends the join: who is not there is forgotten, but for static members; the rest gets the next generation.
    fn complete(&mut self, turn: &mut Turn<'_>) {
        turn.cancel(&self.join_timer());
        let gone = |(_, member): &(&MemberId, &Member)| member.joining.is_none() && member.instance.is_none();
        let gone: Vec<MemberId> = self.members.iter().filter(gone).map(|(id, _)| id.clone()).collect();
        gone.iter().for_each(|id| self.forget(id, turn));
        if !self.elect_leader() && !self.members.is_empty() {
            // Only static members that are away: their sessions decide.
            turn.arm(self.join_timer(), self.rebalance_timeout());
            return;
        }
        self.is_initial = false;
        self.generation = self.generation.next();
        if self.members.is_empty() {
            self.protocol = None;
            self.set_topics(None);
            self.enter(State::Empty, turn);
            turn.write(self.record(&BTreeMap::new()));
            return;
        }
        self.protocol = self.choose_protocol();
        self.note_topics();
        self.enter(State::Completing, turn);
        self.release_joins(turn);
        self.pending_sync = self.members.keys().cloned().collect();
        turn.arm(self.sync_timer(), self.rebalance_timeout());
    }

    fn release_joins(&mut self, turn: &mut Turn<'_>) {
        let ids: Vec<MemberId> = self.members.keys().cloned().collect();
        for id in ids {
            let response = self.joined(&id);
            self.touch(&id, turn);
            let release = |member: &mut Member| {
                member.is_new = false;
                member.joining.take()
            };
            if let Some(token) = self.members.change(&id, release).flatten() {
                turn.reply(token, Ok(self.told(response)));
            }
        }
    }

    /// Returns what a member is told of this generation; its leader asks for the others.
    pub(super) fn joined(&self, member: &MemberId) -> JoinGroupResponse {
        JoinGroupResponse {
            generation_id: self.generation.0,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            leader: self.leader.as_ref().map(MemberId::to_string).unwrap_or_default(),
            member_id: member.to_string(),
            ..JoinGroupResponse::default()
        }
    }

    /// Says whether a member leads a generation.
    pub(crate) fn is_led(&self, generation: Generation, member: &MemberId) -> bool {
        self.generation == generation && self.leader.as_ref() == Some(member)
    }

    /// Makes the answer to a join: who leads has to know who the others are.
    pub(super) fn told(&self, response: JoinGroupResponse) -> Answer {
        if response.leader == response.member_id { Answer::Leads(response) } else { Answer::Join(response) }
    }

    pub(crate) fn all_members(&self) -> Vec<JoinGroupResponseMember> {
        let protocol = self.protocol.as_deref();
        let each = self.members.iter().map(|(id, member)| JoinGroupResponseMember {
            member_id: id.to_string(),
            group_instance_id: member.instance.as_ref().map(ToString::to_string),
            metadata: member.metadata(protocol),
        });
        each.collect()
    }

    /// Makes sure that the leader is somebody who has joined; says whether there is one.
    fn elect_leader(&mut self) -> bool {
        let joined = |id: &MemberId| self.members.get(id).is_some_and(|member| member.joining.is_some());
        if !self.leader.as_ref().is_some_and(joined) {
            let other = self.members.iter().find(|(_, member)| member.joining.is_some());
            match other {
                Some((id, _)) => self.leader = Some(id.clone()),
                None if self.members.is_empty() => self.leader = None,
                None => return false,
            }
        }
        self.leader.is_some()
    }

    /// Returns the protocols that every member can do.
    fn common_protocols(&self) -> BTreeSet<&str> {
        let mut members = self.members.values();
        let names = |member: &'_ Member| -> BTreeSet<String> {
            member.protocols.iter().map(|(n, _)| n.clone()).collect()
        };
        let Some(first) = members.next() else { return BTreeSet::new() };
        let mut common: BTreeSet<&str> = first.protocols.iter().map(|(name, _)| name.as_str()).collect();
        for member in members {
            let names = names(member);
            common.retain(|name| names.contains(*name));
        }
        common
    }

    /// Says whether a joining client speaks something that all members speak.
    pub(super) fn can_join(&self, protocol_type: &str, protocols: &[(String, bytes::Bytes)]) -> bool {
        if self.members.is_empty() {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        let common = self.common_protocols();
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols.iter().any(|(name, _)| common.contains(name.as_str()))
    }

    /// Chooses the protocol that most members like best among those that all can do.
    pub(super) fn choose_protocol(&self) -> Option<String> {
        let common = self.common_protocols();
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            let best =
                member.protocols.iter().map(|(name, _)| name.as_str()).find(|name| common.contains(name));
            *votes.entry(best?).or_default() += 1;
        }
        let most = votes.values().max().copied()?;
        votes.iter().find(|(_, count)| **count == most).map(|(name, _)| (*name).to_owned())
    }

    /// Forgets a member. Who waits in its name is told that it is not known.
    pub(super) fn forget(&mut self, id: &MemberId, turn: &mut Turn<'_>) {
        turn.cancel(&self.session(id));
        self.pending_sync.remove(id);
        let Some(member) = self.members.remove(id) else { return };
        if let Some(instance) = &member.instance {
            self.statics.remove(instance);
        }
        if self.leader.as_ref() == Some(id) {
            self.leader = None;
        }
        let waiting = member.joining.into_iter().chain(member.syncing);
        waiting.for_each(|token| turn.reply(token, Err(ErrorCode::UnknownMemberId)));
    }

    /// A session has ended: of a client that got an id and never joined, or of a member.
    pub(crate) fn on_session_timer(&mut self, id: &MemberId, turn: &mut Turn<'_>) {
        if self.pending.remove(id).is_some() {
            return self.complete_if_all_joined(turn);
        }
        let Some(member) = self.members.get(id) else { return };
        let waits = member.joining.is_some() || member.syncing.is_some();
        // A new member that waits has to show itself once in a while; others get their time anew with the answer.
        if member.is_new || !waits {
            self.forget(id, turn);
            self.rebalance(turn);
        }
    }

    /// Ends the wait for an assignment. Who waited could not send heartbeats: its session begins anew.
    pub(super) fn fail_syncs(&mut self, code: ErrorCode, turn: &mut Turn<'_>) {
        let ids: Vec<MemberId> = self.members.keys().cloned().collect();
        for id in ids {
            if let Some(token) = self.members.change(&id, |member| member.syncing.take()).flatten() {
                self.touch(&id, turn);
                turn.reply(token, Err(code));
            }
        }
    }
}
