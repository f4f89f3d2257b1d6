//! SyncGroup: the leader gives the assignment, everyone gets theirs.

use super::join::own;
use super::{Classic, State};
use crate::groups::{Then, Turn};
use crate::record::GroupRecord;
use crate::request::{Answer, Token};
use bytes::Bytes;
use std::collections::BTreeMap;
use types::{ErrorCode, Generation, InstanceId, MemberId};
use wire::sync_group_request::SyncGroupRequest;
use wire::sync_group_response::SyncGroupResponse;

impl Classic {
    /// Takes the leader's assignment, or lets a member wait for it.
    pub(crate) fn sync(&mut self, token: Token, request: &SyncGroupRequest, turn: &mut Turn<'_>) {
        if let Err(code) = self.try_sync(token, request, turn) {
            turn.reply(token, Err(code));
        }
    }

    fn try_sync(
        &mut self,
        token: Token,
        request: &SyncGroupRequest,
        turn: &mut Turn<'_>,
    ) -> Result<(), ErrorCode> {
        let id = MemberId::from(request.member_id.as_str());
        let instance = request.group_instance_id.as_deref().map(InstanceId::from);
        self.check_current(&id, instance.as_ref(), Generation(request.generation_id))?;
        let differs = |said: &Option<String>, known: &Option<String>| matches!((said, known), (Some(said), Some(known)) if said != known);
        if differs(&request.protocol_type, &self.protocol_type)
            || differs(&request.protocol_name, &self.protocol)
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        let outcome = self.outcome(&id, request, turn);
        if outcome.as_ref().is_some_and(|record| record.size() > turn.settings.operation_max) {
            return Err(ErrorCode::UnknownServerError);
        }
        let assignments = request.assignments.iter().map(|one| one.assignment.len()).sum();
        if self.state == State::Completing
            && self.leader.as_ref() == Some(&id)
            && !turn.has_room(self.growth_by(assignments), false)
        {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        match self.state {
            State::Empty => return Err(ErrorCode::UnknownMemberId),
            State::Preparing => return Err(ErrorCode::RebalanceInProgress),
            State::Completing => self.wait_for_assignment(&id, token, turn),
            State::Stable => {
                self.pending_sync.remove(&id);
                self.touch(&id, turn);
                turn.reply(token, Ok(Answer::Sync(self.synced(&id))));
            }
        }
        if let Some(record) = outcome {
            turn.write(record);
            turn.then(Then::Synced { group: self.id.clone() });
        }
        Ok(())
    }

    /// Makes the record of what the leader has assigned.
    fn outcome(&self, id: &MemberId, request: &SyncGroupRequest, turn: &Turn<'_>) -> Option<GroupRecord> {
        if self.state != State::Completing || self.leader.as_ref() != Some(id) {
            return None;
        }
        let given = request.assignments.iter();
        let given: BTreeMap<MemberId, Bytes> =
            given.map(|one| (MemberId::from(one.member_id.as_str()), own(&one.assignment))).collect();
        Some(Classic { since: turn.now.wall, ..self.clone() }.record(&given))
    }

    fn wait_for_assignment(&mut self, id: &MemberId, token: Token, turn: &mut Turn<'_>) {
        self.pending_sync.remove(id);
        if let Some(Some(before)) = self.members.change(id, |member| member.syncing.replace(token)) {
            turn.reply(before, Err(ErrorCode::RebalanceInProgress));
        }
    }

    fn synced(&self, id: &MemberId) -> SyncGroupResponse {
        SyncGroupResponse {
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            assignment: self.members.get(id).map(|member| member.assignment.clone()).unwrap_or_default(),
            ..SyncGroupResponse::default()
        }
    }

    /// The assignment is stored, or could not be: whoever waits for it is told.
    pub(crate) fn release_syncs(&mut self, outcome: Result<(), ErrorCode>, turn: &mut Turn<'_>) {
        if let Err(code) = outcome {
            return self.fail_syncs(code, turn);
        }
        let ids: Vec<MemberId> = self.members.keys().cloned().collect();
        for id in ids {
            self.touch(&id, turn);
            let response = self.synced(&id);
            if let Some(token) = self.members.change(&id, |member| member.syncing.take()).flatten() {
                turn.reply(token, Ok(Answer::Sync(response)));
            }
        }
    }

    /// Who has not asked for its assignment by now is gone.
    pub(crate) fn on_sync_timer(&mut self, turn: &mut Turn<'_>) {
        let late = std::mem::take(&mut self.pending_sync);
        if !matches!(self.state, State::Completing | State::Stable) || late.is_empty() {
            return;
        }
        late.iter().for_each(|id| self.forget(id, turn));
        self.rebalance(turn);
    }
}
