//! ConsumerGroupHeartbeat: a client joins, a member goes on, a member leaves.

use super::member::{Has, Member, Phase, Said, holds};
use super::plan::Plan;
use super::reconcile::Reconcile;
use super::request::{Heartbeat, Refused, check_regex, unknown_instance};
use super::told::{HeartbeatAnswer, are_same};
use crate::assign::Assignment;
use crate::record::ConsumerRecord;
use std::sync::Arc;
use std::time::Duration;
use types::{ErrorCode, GroupEpoch, InstanceId, MemberId};
use wire::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;

/// While a group settles its members ask again after this time at most.
const SETTLING_INTERVAL: Duration = Duration::from_millis(500);

/// What has become of a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Changed {
    /// Topics that it reads have come or gone.
    pub(super) topics: bool,
    /// Its regular expression has changed.
    pub(super) other: bool,
}

impl Plan<'_> {
    /// Decides on a heartbeat of a member that joins or goes on.
    ///
    /// # Errors
    /// The code and text for the client.
    pub(crate) fn heartbeat(&mut self, heartbeat: &Heartbeat) -> Result<HeartbeatAnswer, Refused> {
        self.check_room(&heartbeat.member, self.settings.consumer_max_size)?;
        let id = &heartbeat.member;
        let gives_up_place = self.gives_up_place(heartbeat);
        let before = self.take_in(heartbeat)?;
        let changed = self.update(id, &before.said, &heartbeat.said(&before.said))?;
        if self.is_unborn() && !changed.topics {
            self.begin();
        }
        self.look(changed.topics || gives_up_place);
        self.assign();
        self.reconcile(id, heartbeat.owned.as_ref(), changed.topics || changed.other);
        let member = self.members.get(id).cloned().unwrap_or_default();
        let has = &member.has;
        let is_told = heartbeat.epoch == GroupEpoch::JOINS
            || heartbeat.is_full()
            || !are_same(&has.assigned, &before.has.assigned);
        let response = ConsumerGroupHeartbeatResponse {
            error_code: ErrorCode::None.code(),
            error_message: None,
            member_id: Some(id.to_string()),
            member_epoch: has.epoch.0,
            heartbeat_interval_ms: crate::classic::millis(self.interval(id, has)),
            assignment: None,
            throttle_time_ms: 0,
        };
        Ok(HeartbeatAnswer::new(response, is_told.then_some(member)))
    }

    /// Returns when the member is to show itself again: soon if it waits for others, or others may wait for it.
    fn interval(&self, id: &MemberId, has: &Has) -> Duration {
        let regex = self.members.get(id).and_then(|member| member.said.regex.as_ref());
        let is_resolved = regex.is_none_or(|regex| self.regexes.contains_key(regex));
        let interval = self.times.heartbeat_interval;
        let settles = self.is_assigning()
            || has.phase != Phase::Stable
            || !is_resolved
            || self.assigned_since().is_some_and(|since| since < interval);
        if settles { interval.min(SETTLING_INTERVAL) } else { interval }
    }

    pub(super) fn has(&self, id: &MemberId) -> Has {
        self.members.get(id).map(|member| member.has.clone()).unwrap_or_default()
    }

    pub(super) fn check_room(&self, id: &MemberId, max: usize) -> Result<(), Refused> {
        if self.members.len() < max || self.members.contains_key(id) {
            return Ok(());
        }
        let message = format!("The consumer group has reached its maximum capacity of {max} members.");
        Err(Refused::new(ErrorCode::GroupMaxSizeReached, message))
    }

    /// Finds the member, or makes it; a static member takes the place of the one that has paused. Returns it as it was.
    fn take_in(&mut self, heartbeat: &Heartbeat) -> Result<Arc<Member>, Refused> {
        let joins = heartbeat.epoch == GroupEpoch::JOINS;
        let id = &heartbeat.member;
        let known = match &heartbeat.instance {
            Some(instance) if joins => return self.take_in_static(id, instance),
            Some(instance) => {
                let known = self.check_instance(id, instance)?;
                Some(known)
            }
            None => self.members.get(id).cloned(),
        };
        match known {
            // It has begun anew, and has given up whatever it had.
            Some(member) if joins => Ok(member),
            Some(member) => {
                check_epoch(&member.has, heartbeat)?;
                Ok(member)
            }
            None if joins => Ok(Arc::default()),
            None => Err(unknown(&self.id, id)),
        }
    }

    /// Says whether a member takes another's place: what it had itself is for others then.
    fn gives_up_place(&self, heartbeat: &Heartbeat) -> bool {
        let holder = heartbeat.instance.as_ref().and_then(|instance| self.statics.get(instance));
        holder.is_some_and(|holder| *holder != heartbeat.member)
            && self.members.contains_key(&heartbeat.member)
    }

    fn take_in_static(&mut self, id: &MemberId, instance: &InstanceId) -> Result<Arc<Member>, Refused> {
        let Some(old) = self.statics.get(instance).cloned() else { return Ok(Arc::default()) };
        let before = self.members.get(&old).cloned().unwrap_or_default();
        if before.has.epoch != GroupEpoch::PAUSES && !before.said.is_classic() {
            let message = format!(
                "Static member {id} with instance id {instance} cannot join the group because the instance id is owned by {old} member."
            );
            return Err(Refused::new(ErrorCode::UnreleasedInstanceId, message));
        }
        Ok(self.replace(&old, id, &before))
    }

    /// Finds the member of an instance.
    pub(super) fn check_instance(
        &self,
        id: &MemberId,
        instance: &InstanceId,
    ) -> Result<Arc<Member>, Refused> {
        let known = self.statics.get(instance).ok_or_else(|| unknown_instance(instance))?;
        if known != id {
            let message =
                format!("Static member {id} with instance id {instance} was fenced by member {known}.");
            return Err(Refused::new(ErrorCode::FencedInstanceId, message));
        }
        Ok(self.members.get(id).cloned().unwrap_or_default())
    }

    /// Gives all that a static member has to its new id (C3).
    pub(super) fn replace(&mut self, old: &MemberId, new: &MemberId, before: &Member) -> Arc<Member> {
        let target = self.target.get(old).cloned().unwrap_or_default();
        let has = Has { epoch: GroupEpoch::JOINS, previous: GroupEpoch::JOINS, ..before.has.clone() };
        self.write_removal(old);
        self.write(before.said.record(new));
        self.write(super::target::target_record(new.clone(), &target));
        self.write(has.record(new));
        Arc::new(Member { said: before.said.clone(), has })
    }

    /// Notes what a member says of itself; says what that changes.
    pub(super) fn update(&mut self, id: &MemberId, before: &Said, said: &Said) -> Result<Changed, Refused> {
        let is_new = !self.members.contains_key(id);
        let changed = Changed { topics: before.topics != said.topics, other: before.regex != said.regex };
        if changed.other
            && let Some(regex) = &said.regex
        {
            check_regex(regex)?;
        }
        if !is_new && before == said {
            return Ok(changed);
        }
        self.write(said.record(id));
        if !changed.other {
            return Ok(changed);
        }
        self.forget_regexes();
        if let Some(regex) = &said.regex
            && !self.regexes.contains_key(regex)
        {
            self.resolve_new(regex);
        }
        Ok(Changed { topics: true, other: true })
    }

    /// Moves a member one step towards its target.
    pub(super) fn reconcile(&mut self, id: &MemberId, owned: Option<&Assignment>, topics_changed: bool) {
        let Some(member) = self.members.get(id).cloned() else { return };
        if !topics_changed && member.has.is_reconciled(self.assignment_epoch) {
            return;
        }
        let target = self.target.get(id).cloned().unwrap_or_default();
        let subscribed = self.subscribed(&member.said, self.topics);
        let step = Reconcile {
            has: &member.has,
            epoch: self.assignment_epoch,
            target: &target,
            subscribed: &subscribed,
            owned,
            is_free: &|topic, partition| self.is_free(topic, partition),
        };
        let has = step.next();
        if has != member.has {
            self.write(has.record(id));
        }
    }

    /// Lets a member go that says so.
    ///
    /// # Errors
    /// The code and text for the client.
    pub(crate) fn leave(&mut self, heartbeat: &Heartbeat) -> Result<HeartbeatAnswer, Refused> {
        let (id, epoch) = (&heartbeat.member, heartbeat.epoch);
        let member = match &heartbeat.instance {
            Some(instance) => self.check_instance(id, instance)?,
            None => self.members.get(id).cloned().ok_or_else(|| unknown(&self.id, id))?,
        };
        if epoch == GroupEpoch::PAUSES {
            // It keeps what it has for when it comes back; what it was to give up, it has given up.
            let (phase, revoking) = (Phase::Stable, super::member::Owned::new());
            let has = Has { epoch, phase, revoking, ..member.has.clone() };
            self.write(has.record(id));
        } else {
            self.remove_members(std::slice::from_ref(id));
        }
        let response = ConsumerGroupHeartbeatResponse {
            error_code: ErrorCode::None.code(),
            error_message: None,
            member_id: Some(id.to_string()),
            member_epoch: epoch.0,
            assignment: None,
            ..ConsumerGroupHeartbeatResponse::default()
        };
        Ok(response.into())
    }

    /// Removes members: the others get what these had.
    pub(crate) fn remove_members(&mut self, ids: &[MemberId]) {
        ids.iter().for_each(|id| self.write_removal(id));
        self.forget_regexes();
        // What becomes a classic group is in the generation that its members know.
        if !self.must_downgrade() {
            self.raise_epoch();
        }
    }

    pub(super) fn write_removal(&mut self, id: &MemberId) {
        self.write(ConsumerRecord::Current(id.clone(), None));
        self.write(ConsumerRecord::Target(id.clone(), None));
        self.write(ConsumerRecord::Member(id.clone(), None));
    }
}

/// Returns what a client is told that is not a member.
pub(crate) fn unknown(group: &types::GroupId, id: &MemberId) -> Refused {
    Refused::new(ErrorCode::UnknownMemberId, format!("Member {id} is not a member of group {group}."))
}

/// Says whether a member knows where it stands. One that comes from the epoch before is heard if it has not more than it may
/// have: the answer that told it of the next one may have been lost.
fn check_epoch(has: &Has, heartbeat: &Heartbeat) -> Result<(), Refused> {
    let fenced = |how: &str| {
        let message = format!(
            "The consumer group member has a {how} member epoch ({}) than the one known by the group coordinator ({}). The member must abandon all its partitions and rejoin.",
            heartbeat.epoch, has.epoch
        );
        Err(Refused::new(ErrorCode::FencedMemberEpoch, message))
    };
    if heartbeat.epoch > has.epoch {
        return fenced("greater");
    }
    let owned = heartbeat.owned.as_ref();
    let has_no_more = || {
        let mut all = owned?.iter().flat_map(|(topic, each)| each.iter().map(|p| (*topic, *p)));
        Some(all.all(|(topic, partition)| holds(&has.assigned, topic, partition).is_some()))
    };
    let was_told_late = || heartbeat.epoch == has.previous && has_no_more() == Some(true);
    if heartbeat.epoch < has.epoch && !was_told_late() { fenced("smaller") } else { Ok(()) }
}
