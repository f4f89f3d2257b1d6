//! Groups of the consumer protocol behind the door: heartbeats that change nothing are answered at once; all else is decided
//! on a draft, whose records go into the batch.

use super::{Batch, Groups, Operation, Then, Turn};
use crate::consumer::{
    ClassicJoin, Consumer, Heartbeat, HeartbeatAnswer, Phase, Plan, Refused, Seen, Told, downgraded,
};
use crate::group::{Group, Kind};
use crate::record::GroupRecord;
use crate::request::{Answer, Caller, Effect, Event, Request, Token, Topics};
use crate::timers::{TimerKey, Timers};
use std::collections::BTreeMap;
use types::{ErrorCode, GroupEpoch, GroupId, InstanceId, MemberId, Now, Uuid};
use wire::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;
use wire::join_group_request::JoinGroupRequest;
use wire::sync_group_request::SyncGroupRequest;

/// The groups of a partition.
type All = BTreeMap<GroupId, Group>;

/// Answers a heartbeat with a refusal.
pub(super) fn refuse(token: Token, refused: Refused, effects: &mut Vec<Effect>) {
    let response = ConsumerGroupHeartbeatResponse {
        error_code: refused.code.code(),
        error_message: Some(refused.message),
        member_id: None,
        assignment: None,
        ..ConsumerGroupHeartbeatResponse::default()
    };
    effects.push(Effect::Reply { token, answer: Ok(Answer::ConsumerHeartbeat(response.into())) });
}

impl Groups {
    /// Takes a heartbeat in: one that changes nothing is answered on what is committed, as reads are.
    pub(super) fn on_heartbeat(&mut self, token: Token, heartbeat: Heartbeat, topics: &dyn Topics, now: Now) {
        let is_moving = self
            .in_flight
            .as_ref()
            .is_some_and(|batch| self.is_moving(batch, heartbeat.group.as_str(), heartbeat.member.as_str()));
        if heartbeat.epoch.0 > 0 && !is_moving && self.answers_at_once(token, &heartbeat, topics, now) {
            return;
        }
        if self.is_full() {
            self.effects.push(Effect::Happened(Event::Refused));
            let why =
                "The coordinator has no memory left for more that waits (highwater.groups.memory.bytes).";
            return refuse(token, Refused::new(ErrorCode::CoordinatorNotAvailable, why), &mut self.effects);
        }
        self.queue.push(Operation::Heartbeat(token, Box::new(heartbeat)));
        self.pump(topics, now);
    }

    fn answers_at_once(
        &mut self,
        token: Token,
        heartbeat: &Heartbeat,
        topics: &dyn Topics,
        now: Now,
    ) -> bool {
        let Groups { settings, looks, groups, timers, effects, .. } = self;
        let Some(Kind::Consumer(consumer)) = groups.get_mut(&heartbeat.group).map(|group| &mut group.kind)
        else {
            return false;
        };
        let mut plan = Plan::new(consumer, now, settings, topics, looks).without_looking();
        let answer = plan.heartbeat(heartbeat);
        if plan.has_records() || plan.would_look() {
            return false;
        }
        match answer {
            Err(refused) => refuse(token, refused, effects),
            Ok(response) => {
                let session = (session_of(consumer.id(), &heartbeat.member), plan.times.session_timeout);
                timers.arm(session.0, now.mono.plus(session.1));
                arm_assignment(&plan, timers);
                effects.push(Effect::Reply { token, answer: Ok(Answer::ConsumerHeartbeat(response)) });
            }
        }
        if let (_, Some(draft)) = plan.end() {
            *consumer = draft;
        }
        true
    }

    /// Says whether what a batch holds changes the place of a member: until it is committed nobody can say what that is.
    pub(super) fn is_moving(&self, batch: &Batch, group: &str, member: &str) -> bool {
        let known = self.groups.get(group).and_then(Group::consumer);
        match (known, batch.drafts.get(group)) {
            (Some(known), Some(draft)) => known.has_other_place(draft, member),
            _ => batch.held.contains(group),
        }
    }

    /// Decides on a heartbeat when its turn has come.
    pub(super) fn decide_heartbeat(
        &mut self,
        token: Token,
        heartbeat: &Heartbeat,
        topics: &dyn Topics,
        now: Now,
        batch: &mut Batch,
    ) {
        let Groups { settings, looks, groups, timers, effects, .. } = self;
        let mut turn = Turn { now, settings, looks, timers, effects, batch };
        match decide(groups, heartbeat, topics, &mut turn) {
            Ok(response) => turn.then(Then::Reply(token, Answer::ConsumerHeartbeat(response))),
            Err(refused) => refuse(token, refused, turn.effects),
        }
    }

    /// Takes over from a draft what is not stored.
    pub(super) fn keep_seen(&mut self, id: &GroupId, draft: &Consumer) {
        if let Some(Kind::Consumer(consumer)) = self.groups.get_mut(id).map(|group| &mut group.kind) {
            debug_assert!(**consumer == *draft, "group {id} is what was decided");
            consumer.set_seen(draft.seen());
        }
    }
}

fn decide(
    groups: &mut All,
    heartbeat: &Heartbeat,
    topics: &dyn Topics,
    turn: &mut Turn<'_>,
) -> Result<HeartbeatAnswer, Refused> {
    let (id, member) = (&heartbeat.group, &heartbeat.member);
    if heartbeat.epoch != GroupEpoch::JOINS && known(groups, id, turn).is_none() {
        return Err(heartbeat.unknown());
    }
    if heartbeat.epoch < GroupEpoch::JOINS {
        return plan(groups, id, Missing::Refused, topics, turn, |plan| plan.leave(heartbeat));
    }
    let missing = if heartbeat.epoch == GroupEpoch::JOINS { Missing::Made } else { Missing::Refused };
    let before = known(groups, id, turn).and_then(|consumer| consumer.held(member).cloned());
    check_room(groups, heartbeat, turn)?;
    let response = plan(groups, id, missing, topics, turn, |plan| {
        let response = plan.heartbeat(heartbeat)?;
        Ok((response, plan.times, plan.held(member).cloned(), plan.rebalance_timeout(member)))
    });
    let (response, times, now, timeout) = response?;
    turn.arm(session_of(id, member), times.session_timeout);
    if before != now {
        let key = rebalance_of(id, member);
        match now.map(|has| has.phase) {
            Some(Phase::Unrevoked) => turn.arm(key, timeout),
            _ => turn.cancel(&key),
        }
    }
    Ok(response)
}

/// Says whether there is room for what a member says of itself.
///
/// # Errors
/// `COORDINATOR_NOT_AVAILABLE`: it is new, or says more than before, and there is none.
fn check_room(groups: &All, heartbeat: &Heartbeat, turn: &mut Turn<'_>) -> Result<(), Refused> {
    let (bytes, is_new) = heartbeat.growth(known(groups, &heartbeat.group, turn));
    if turn.has_room(bytes, is_new) {
        return Ok(());
    }
    let why = "The coordinator has no memory left for more than it holds (highwater.groups.memory.bytes).";
    Err(Refused::new(ErrorCode::CoordinatorNotAvailable, why))
}

/// Returns a group of the consumer protocol, with what was written in this batch.
fn known<'a>(groups: &'a All, id: &GroupId, turn: &'a Turn<'_>) -> Option<&'a Consumer> {
    let draft = turn.batch.drafts.get(id).map(|draft| &**draft);
    draft.or_else(|| groups.get(id).and_then(Group::consumer))
}

/// What to do about a group of the consumer protocol that is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// Make it, or change a classic one to it.
    Made,
    /// `GROUP_ID_NOT_FOUND`.
    Refused,
}

/// Decides something on a draft of a group; its records go into the batch. A group in which nobody speaks the consumer
/// protocol any more changes to a classic one.
fn plan<T>(
    groups: &mut All,
    id: &GroupId,
    missing: Missing,
    topics: &dyn Topics,
    turn: &mut Turn<'_>,
    act: impl FnOnce(&mut Plan<'_>) -> Result<T, Refused>,
) -> Result<T, Refused> {
    let (now, settings, looks) = (turn.now, turn.settings, turn.looks);
    let draft = turn.batch.drafts.remove(id);
    let fresh = Consumer::new(id.clone());
    let known = draft.as_deref().or_else(|| groups.get(id).and_then(Group::consumer));
    if known.is_none() && missing == Missing::Refused {
        return Err(Refused::new(ErrorCode::UnknownMemberId, format!("There is no consumer group {id}.")));
    }
    let mut plan = Plan::new(known.unwrap_or(&fresh), now, settings, topics, looks);
    let before = plan.seen();
    let classic = if known.is_none() { groups.get(id).and_then(Group::classic) } else { None };
    let taken_over = match classic {
        Some(classic) if classic.members().next().is_some() => plan.take_over(classic),
        _ => Ok(()),
    };
    let value = taken_over.and_then(|()| act(&mut plan));
    if value.is_err() || !plan.has_records() {
        let seen = if value.is_ok() { plan.seen() } else { before };
        keep(groups, id, draft, seen, turn);
        return value;
    }
    arm_assignment(&plan, turn.timers);
    let back = plan.must_downgrade().then(|| downgraded(&plan, topics));
    let (records, made) = plan.end();
    let records = records.into_iter().map(|record| GroupRecord::Consumer { group: id.clone(), record });
    let is_back = back.is_some();
    let records: Vec<GroupRecord> = records.chain(back.into_iter().flatten()).collect();
    if records.iter().map(GroupRecord::size).sum::<usize>() > settings.operation_max {
        if let Some(draft) = draft {
            turn.batch.drafts.insert(id.clone(), draft);
        }
        return Err(Refused::new(ErrorCode::UnknownServerError, "The group is too large to be stored."));
    }
    if let Some(classic) = groups.get_mut(id).and_then(Group::classic_mut) {
        // It was a classic one until now.
        if classic.has_record() {
            turn.write(GroupRecord::Group { group: id.clone(), value: None });
        }
        turn.hold(id);
        classic.give_way(turn);
    }
    records.into_iter().for_each(|record| turn.write(record));
    match made {
        _ if is_back => turn.then(Then::Downgraded { group: id.clone() }),
        made => _ = made.map(|made| turn.batch.drafts.insert(id.clone(), made)),
    }
    value
}

/// Nothing was written: what was seen is kept all the same.
fn keep(groups: &mut All, id: &GroupId, draft: Option<Box<Consumer>>, seen: Seen, turn: &mut Turn<'_>) {
    if let Some(mut draft) = draft {
        draft.set_seen(seen);
        turn.batch.drafts.insert(id.clone(), draft);
    } else if let Some(Kind::Consumer(consumer)) = groups.get_mut(id).map(|group| &mut group.kind) {
        consumer.set_seen(seen);
    }
}

fn session_of(group: &GroupId, member: &MemberId) -> TimerKey {
    TimerKey::Session(group.clone(), member.clone())
}

fn rebalance_of(group: &GroupId, member: &MemberId) -> TimerKey {
    TimerKey::Rebalance(group.clone(), member.clone())
}

/// A target assignment that has to wait is made when its time has come, also if nobody asks then. One that need not wait is made
/// by the next member that asks.
fn arm_assignment(plan: &Plan<'_>, timers: &mut Timers) {
    let key = TimerKey::Assign(plan.id().clone());
    if plan.is_assigning() && !timers.is_armed(&key) {
        let wait = plan.assignment_wait().unwrap_or(plan.times.heartbeat_interval);
        timers.arm(key, plan.now.mono.plus(wait));
    }
}

/// A coordinator has loaded a group: its members have their whole session to show themselves, and their whole time to give up
/// what they have to.
pub(super) fn loaded(consumer: &Consumer, topics: &dyn Topics, turn: &mut Turn<'_>) {
    let (id, times) = (consumer.id(), topics.times(consumer.id().as_str()));
    for (member, known) in consumer.members() {
        let session = known.said.classic.as_ref().map_or(times.session_timeout, |said| said.session_timeout);
        turn.arm(session_of(id, member), session);
        if known.has.phase == Phase::Unrevoked {
            turn.arm(rebalance_of(id, member), known.said.rebalance_timeout);
        }
    }
    arm_assignment(&Plan::new(consumer, turn.now, turn.settings, topics, turn.looks), turn.timers);
}

/// A member of the classic protocol has shown itself; it may have to join again.
pub(super) fn follow_told(group: &GroupId, member: &MemberId, told: Told, turn: &mut Turn<'_>) {
    turn.arm(session_of(group, member), told.session);
    if let Some(within) = told.rejoin {
        turn.arm_if_absent(rebalance_of(group, member), within);
    }
}

/// A deadline of a group of the consumer protocol is reached.
pub(super) fn on_timer(groups: &mut All, key: &TimerKey, topics: &dyn Topics, turn: &mut Turn<'_>) {
    let Some(id) = key.group().map(GroupId::from) else { return };
    // Whoever has gone in the meantime is not there to be sent away.
    let _ = plan(groups, &id, Missing::Refused, topics, turn, |plan| {
        match key {
            TimerKey::Session(_, member) if plan.held(member).is_some() => {
                plan.remove_members(std::slice::from_ref(member));
            }
            TimerKey::Rebalance(_, member) if plan.is_late(member) => {
                plan.remove_members(std::slice::from_ref(member));
            }
            TimerKey::Assign(_) => plan.assign_in_time(),
            TimerKey::Session(..)
            | TimerKey::Rebalance(..)
            | TimerKey::Join(_)
            | TimerKey::Sync(_)
            | TimerKey::Expire => {}
        }
        Ok(())
    });
}

/// A client of the classic protocol joins a group of the consumer protocol. One without members becomes a classic group first.
pub(super) fn join(
    groups: &mut All,
    (token, request, caller, fresh): (Token, JoinGroupRequest, Caller, Uuid),
    topics: &dyn Topics,
    turn: &mut Turn<'_>,
) -> Result<(), ErrorCode> {
    let id = GroupId::from(request.group_id.as_str());
    if known(groups, &id, turn).is_some_and(Consumer::is_empty) {
        let records = groups.get(&id).map(|group| group.end_records(&id)).unwrap_or_default();
        records.into_iter().for_each(|record| turn.write(record));
        turn.hold(&id);
        let again = Operation::Request(token, Box::new(Request::Join { request, caller, fresh }));
        turn.then(Then::Again(again));
        return Ok(());
    }
    let rebalance_timeout = crate::classic::length(request.rebalance_timeout_ms);
    let session = crate::classic::length(request.session_timeout_ms);
    if !turn.settings.session_timeout.contains(&session) {
        return Err(ErrorCode::InvalidSessionTimeout);
    }
    let join = ClassicJoin::read(request, caller, fresh)?;
    if join.size() > turn.settings.member_max {
        return Err(ErrorCode::InvalidRequest);
    }
    let (bytes, is_new) = join.growth(known(groups, &id, turn));
    if !turn.has_room(bytes, is_new) {
        return Err(ErrorCode::CoordinatorNotAvailable);
    }
    let code = |refused: Refused| refused.code;
    let response = plan(groups, &id, Missing::Refused, topics, turn, |plan| {
        plan.classic_join(&join).map_err(|code| Refused::new(code, ""))
    });
    let response = response.map_err(code)?;
    if response.error_code == ErrorCode::None.code() {
        turn.arm(session_of(&id, &join.member), session);
        turn.arm(rebalance_of(&id, &join.member), rebalance_timeout);
    }
    turn.then(Then::Reply(token, Answer::Join(response)));
    Ok(())
}

/// A member of the classic protocol asks for its assignment.
pub(super) fn sync(
    consumer: &Consumer,
    token: Token,
    request: &SyncGroupRequest,
    topics: &dyn Topics,
    turn: &mut Turn<'_>,
) -> Result<(), ErrorCode> {
    let (response, told) = consumer.classic_sync(request, topics)?;
    let member = MemberId::from(request.member_id.as_str());
    turn.cancel(&rebalance_of(consumer.id(), &member));
    follow_told(consumer.id(), &member, told, turn);
    if told.rejoin.is_some() {
        return Err(ErrorCode::RebalanceInProgress);
    }
    turn.reply(token, Ok(Answer::Sync(response)));
    Ok(())
}

/// Members leave, or are sent away by an operator.
pub(super) fn leave(
    groups: &mut All,
    id: &GroupId,
    who: &[(MemberId, Option<InstanceId>)],
    topics: &dyn Topics,
    turn: &mut Turn<'_>,
) -> Vec<ErrorCode> {
    let left = plan(groups, id, Missing::Refused, topics, turn, |plan| {
        let (mut gone, mut codes) = (Vec::new(), Vec::with_capacity(who.len()));
        for (member, instance) in who {
            match plan.classic_leaving(member, instance.as_ref()) {
                Ok(member) => {
                    if !gone.contains(&member) {
                        gone.push(member);
                    }
                    codes.push(ErrorCode::None);
                }
                Err(code) => codes.push(code),
            }
        }
        if !gone.is_empty() {
            plan.remove_members(&gone);
        }
        Ok(codes)
    });
    left.unwrap_or_else(|refused| vec![refused.code; who.len()])
}
