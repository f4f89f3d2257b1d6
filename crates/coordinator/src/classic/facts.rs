//! A classic group as it stands at a moment.

use super::{CONSUMER, Classic, Member, State, subscribed};
use crate::facts::{Facts, MemberFacts, Owes};
use crate::timers::Timers;
use bytes::Bytes;
use std::sync::Arc;
use types::{MemberId, Monotonic};
use wire::Stored;
use wire::consumer_protocol_assignment::ConsumerProtocolAssignment;

impl Classic {
    /// Returns how many partitions its members have at most, as their assignments are long. The name of a topic is told once.
    pub(crate) fn shown(&self) -> usize {
        self.members.values().map(|member| member.assignment.len() / size_of::<i32>()).sum()
    }

    /// Says what is known of it; its offsets are known elsewhere.
    pub(crate) fn facts(&self, timers: &Timers, now: Monotonic) -> Facts {
        let deadline = match self.state {
            State::Preparing => timers.due(&self.join_timer()),
            State::Completing => timers.due(&self.sync_timer()),
            State::Empty | State::Stable => None,
        };
        Facts {
            protocol: "classic",
            protocol_type: self.protocol_type().to_owned(),
            state: self.state.name(),
            since: self.since,
            generation: self.generation.0,
            target_epoch: None,
            awaits_first: self.state == State::Preparing && self.is_initial,
            rebalance_left: deadline.map(|due| due.since(now)),
            pending: self.pending.len(),
            members: self
                .members
                .iter()
                .map(|(id, member)| self.of_member(id, member, timers, now))
                .collect(),
            offsets: Vec::new(),
            in_transactions: Vec::new(),
        }
    }

    fn of_member(&self, id: &MemberId, member: &Member, timers: &Timers, now: Monotonic) -> MemberFacts {
        let waits = member.joining.is_some() || member.syncing.is_some();
        let due = timers.due(&self.session(id)).filter(|_| !waits);
        let is_consumer = self.protocol_type() == CONSUMER;
        let metadata = member.protocols.first().map(|(_, metadata)| metadata.clone());
        MemberFacts {
            member: id.clone(),
            instance: member.instance.clone(),
            client_id: member.client_id.clone(),
            host: member.client_host.clone(),
            session_timeout: member.session_timeout,
            silent: due.map(|due| member.session_timeout.saturating_sub(due.since(now))),
            owes: self.owes(id, member),
            owes_for: None,
            epoch: None,
            topics: metadata.filter(|_| is_consumer).and_then(subscribed),
            assigned: if is_consumer { assigned(member.assignment.clone()) } else { Vec::new() },
        }
    }

    fn owes(&self, id: &MemberId, member: &Member) -> Owes {
        match self.state {
            State::Preparing if member.joining.is_none() => Owes::Join,
            State::Completing if self.pending_sync.contains(id) && self.leader.as_ref() == Some(id) => {
                Owes::Assignment
            }
            State::Completing | State::Stable if self.pending_sync.contains(id) => Owes::Sync,
            _ => Owes::Nothing,
        }
    }
}

/// Reads what a consumer was given, as far as it can be read.
fn assigned(assignment: Bytes) -> Vec<(Arc<str>, i32)> {
    let read = ConsumerProtocolAssignment::from_peer(assignment).unwrap_or_default();
    let of_topic = |topic: wire::consumer_protocol_assignment::TopicPartition| {
        let name: Arc<str> = topic.topic.into();
        topic.partitions.into_iter().map(move |partition| (name.clone(), partition))
    };
    read.assigned_partitions.into_iter().flat_map(of_topic).collect()
}
