//! A group of the consumer protocol as it stands at a moment.

use super::{Consumer, Member, Phase, Stage};
use crate::facts::{Facts, MemberFacts, Owes};
use crate::request::Topics;
use crate::timers::{TimerKey, Timers};
use std::sync::Arc;
use types::{MemberId, Monotonic};

impl Consumer {
    /// Says what is known of it; its offsets are known elsewhere.
    pub(crate) fn facts(&self, topics: &dyn Topics, timers: &Timers, now: Monotonic) -> Facts {
        let assign = TimerKey::Assign(self.id.clone());
        let due = timers.due(&assign).filter(|_| self.stage() == Stage::Assigning);
        Facts {
            protocol: "consumer",
            protocol_type: crate::classic::CONSUMER.to_owned(),
            state: self.stage().name(),
            since: self.assigned_at,
            generation: self.epoch.0,
            target_epoch: Some(self.assignment_epoch.0),
            awaits_first: false,
            rebalance_left: due.map(|due| due.since(now)),
            pending: 0,
            members: self
                .members
                .iter()
                .map(|(id, one)| self.of_member(id, one, topics, (timers, now)))
                .collect(),
            offsets: Vec::new(),
            in_transactions: Vec::new(),
        }
    }

    fn of_member(
        &self,
        id: &MemberId,
        member: &Member,
        topics: &dyn Topics,
        (timers, now): (&Timers, Monotonic),
    ) -> MemberFacts {
        let said = &member.said;
        let of_classic = said.classic.as_ref().map(|classic| classic.session_timeout);
        let session_timeout = of_classic.unwrap_or_else(|| topics.times(self.id.as_str()).session_timeout);
        let session = timers.due(&TimerKey::Session(self.id.clone(), id.clone()));
        let rebalance = timers.due(&TimerKey::Rebalance(self.id.clone(), id.clone()));
        let owes = match member.has.phase {
            Phase::Unrevoked => Owes::Revocation,
            Phase::Stable | Phase::Unreleased if rebalance.is_some() && said.classic.is_some() => Owes::Join,
            Phase::Stable if member.has.epoch < self.assignment_epoch => Owes::Epoch,
            Phase::Stable | Phase::Unreleased => Owes::Nothing,
        };
        let of_regex = said.regex.as_ref().and_then(|regex| self.regexes.get(regex));
        let subscribed = said.topics.iter().chain(of_regex.into_iter().flat_map(|names| names.iter()));
        let each = member.has.assigned.iter();
        let assigned = each.filter_map(|(topic, all)| Some((Arc::from(topics.name_of(*topic)?), all)));
        MemberFacts {
            member: id.clone(),
            instance: said.instance.clone(),
            client_id: said.client_id.clone(),
            host: said.client_host.clone(),
            session_timeout,
            silent: session.map(|due| session_timeout.saturating_sub(due.since(now))),
            owes,
            owes_for: rebalance.map(|due| said.rebalance_timeout.saturating_sub(due.since(now))),
            epoch: Some(member.has.epoch.0),
            topics: Some(subscribed.cloned().collect()),
            assigned: assigned
                .flat_map(|(name, all): (Arc<str>, _)| {
                    all.keys().map(move |partition| (name.clone(), *partition))
                })
                .collect(),
        }
    }
}
