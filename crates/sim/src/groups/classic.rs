//! A member of the classic protocol: joins, syncs, reads until it is told to join again. It gives up all that it has before it
//! joins (the eager way); the leader deals out all partitions of all topics in turn.

use super::ledger::Asked;
use super::process::{Known, Process, Stop};
use super::reading::{Place, Reading, Seat, Standing};
use super::{HEARTBEAT, REBALANCE, SESSION, millis_of, now};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use types::ErrorCode;
use wire::consumer_protocol_assignment::{ConsumerProtocolAssignment, TopicPartition};
use wire::consumer_protocol_subscription::ConsumerProtocolSubscription;
use wire::join_group_request::JoinGroupRequestProtocol;
use wire::leave_group_request::MemberIdentity;
use wire::sync_group_request::SyncGroupRequestAssignment;
use wire::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, Stored, SyncGroupRequest,
};

/// The one protocol of all members.
const PROTOCOL: &str = "in-turn";
const CONSUMER: &str = "consumer";
/// Version of subscriptions and assignments.
const EMBEDDED: i16 = 3;
/// Interval at which a member looks at the topics.
const REFRESH: Duration = Duration::from_millis(250);

/// The process as a member.
pub(super) struct Classic {
    id: String,
    instance: Option<String>,
    generation: i32,
    known: Known,
    next_beat: Duration,
    next_look: Duration,
}

impl Classic {
    pub(super) fn new(instance: Option<String>) -> Classic {
        let (next_beat, next_look) = (Duration::ZERO, Duration::ZERO);
        Classic { id: String::new(), instance, generation: -1, known: Known::new(), next_beat, next_look }
    }

    fn seat(&self) -> Seat {
        let (member, instance) = (self.id.clone(), self.instance.clone());
        Seat { member, instance, epoch: self.generation, fetches_as_member: false }
    }

    /// Lives until the process ends, or the scenario is over.
    pub(super) async fn live(&mut self, process: &mut Process, reading: &mut Reading) -> Result<(), Stop> {
        while !process.shared.is_over() {
            let step = match self.generation {
                -1 => self.enter(process, reading).await,
                _ => self.stay(process, reading).await,
            };
            match step {
                Err(Stop::Lost) | Ok(()) => process.shared.pause(&process.random).await,
                Err(ends) => return Err(ends),
            }
        }
        Ok(())
    }

    /// Has to join again.
    async fn give_up(&mut self, process: &mut Process, reading: &mut Reading) -> Result<(), Stop> {
        let seat = self.seat();
        let committed = match process.random.percent(60) {
            true => reading.commit(process, &seat, false).await.map(drop),
            false => Ok(()),
        };
        reading.release_all(process);
        self.generation = -1;
        committed
    }

    /// Joins, and takes what it is given.
    async fn enter(&mut self, process: &mut Process, reading: &mut Reading) -> Result<(), Stop> {
        self.known = process.topics().await?;
        process.ready().await?;
        let joined = process.ask(&self.join_request(process)).await?;
        process.note(format_args!("{} joins: {} {}", reading.name, joined.error_code, joined.generation_id));
        match ErrorCode::from_code(joined.error_code) {
            Some(ErrorCode::None) => {}
            Some(ErrorCode::MemberIdRequired) => {
                self.id = joined.member_id;
                return Ok(());
            }
            code => return self.refused(code),
        }
        self.id.clone_from(&joined.member_id);
        let is_leader = joined.leader == joined.member_id && !joined.skip_assignment;
        let assignments = if is_leader { self.deal(&joined) } else { Vec::new() };
        let request = SyncGroupRequest {
            group_id: process.group.clone(),
            generation_id: joined.generation_id,
            member_id: self.id.clone(),
            group_instance_id: self.instance.clone(),
            protocol_type: joined.protocol_type.clone(),
            protocol_name: joined.protocol_name.clone(),
            assignments,
        };
        let sent = process.ready().await?;
        let synced = process.ask(&request).await?;
        process.note(format_args!("{} syncs: {}", reading.name, synced.error_code));
        if synced.error_code != 0 {
            return self.refused(ErrorCode::from_code(synced.error_code));
        }
        self.generation = joined.generation_id;
        let places = self.places(synced.assignment);
        process.note(format_args!("{} is given {places:?}", reading.name));
        self.shown(process, reading, sent);
        reading.take(process, places, sent);
        (self.next_beat, self.next_look) = (now() + HEARTBEAT, now() + HEARTBEAT);
        Ok(())
    }

    fn shown(&self, process: &Process, reading: &Reading, sent: Asked) {
        process.shared.ledger.borrow_mut().on_shown(&reading.name, sent, SESSION, now());
    }

    /// Is not let in; what passes is tried again.
    fn refused(&mut self, code: Option<ErrorCode>) -> Result<(), Stop> {
        if matches!(code, Some(ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId)) {
            self.id.clear();
        }
        Ok(())
    }

    fn join_request(&self, process: &Process) -> JoinGroupRequest {
        let topics = process.shared.topics.to_vec();
        let subscription = ConsumerProtocolSubscription { topics, ..ConsumerProtocolSubscription::default() };
        let metadata = subscription.to_stored(EMBEDDED).unwrap_or_default();
        JoinGroupRequest {
            group_id: process.group.clone(),
            session_timeout_ms: millis_of(SESSION),
            rebalance_timeout_ms: millis_of(REBALANCE),
            member_id: self.id.clone(),
            group_instance_id: self.instance.clone(),
            protocol_type: CONSUMER.to_owned(),
            protocols: vec![JoinGroupRequestProtocol { name: PROTOCOL.to_owned(), metadata }],
            reason: None,
        }
    }

    /// Deals out all partitions, one to each member in turn.
    fn deal(&self, joined: &JoinGroupResponse) -> Vec<SyncGroupRequestAssignment> {
        let mut members: Vec<&str> = joined.members.iter().map(|member| member.member_id.as_str()).collect();
        members.sort_unstable();
        let all = self.known.iter().flat_map(|(topic, (_, count))| (0..*count).map(move |p| (topic, p)));
        let mut hands: BTreeMap<&str, BTreeMap<&String, Vec<i32>>> = BTreeMap::new();
        for ((topic, partition), member) in all.zip(members.iter().copied().cycle()) {
            hands.entry(member).or_default().entry(topic).or_default().push(partition);
        }
        let written = |member: &str| {
            let hand = hands.remove(member).unwrap_or_default();
            let each =
                hand.into_iter().map(|(t, partitions)| TopicPartition { topic: t.clone(), partitions });
            let value = ConsumerProtocolAssignment { assigned_partitions: each.collect(), user_data: None };
            let assignment = value.to_stored(EMBEDDED).unwrap_or_default();
            SyncGroupRequestAssignment { member_id: member.to_owned(), assignment }
        };
        members.iter().copied().map(written).collect()
    }

    /// Reads an assignment; its topics are those that had the names when the member joined.
    fn places(&self, assignment: Bytes) -> Vec<Place> {
        let read = ConsumerProtocolAssignment::from_peer(assignment).unwrap_or_default();
        let ids = read.assigned_partitions.into_iter().filter_map(|topic| {
            let (id, _) = self.known.get(&topic.topic)?;
            Some((*id, topic.partitions))
        });
        ids.flat_map(|(id, partitions)| partitions.into_iter().map(move |p| (id, p))).collect()
    }

    /// One round of a member that has its partitions.
    async fn stay(&mut self, process: &mut Process, reading: &mut Reading) -> Result<(), Stop> {
        // Whoever wakes up may do so in the middle of a commit.
        if process.random.percent(25) {
            reading.commit(process, &self.seat(), true).await?;
        }
        if now() >= self.next_beat && !self.beat(process, reading).await? {
            return self.give_up(process, reading).await;
        }
        if now() >= self.next_look {
            let known = process.topics().await?;
            self.next_look = now() + REFRESH;
            if known != self.known {
                return self.give_up(process, reading).await;
            }
        }
        let standing = reading.work(process, &self.seat()).await?;
        if standing != Standing::Good {
            // The next heartbeat says what is the matter.
            self.next_beat = now();
        }
        Ok(())
    }

    /// Sends a heartbeat; says whether the member may stay.
    async fn beat(&mut self, process: &mut Process, reading: &mut Reading) -> Result<bool, Stop> {
        let request = HeartbeatRequest {
            group_id: process.group.clone(),
            generation_id: self.generation,
            member_id: self.id.clone(),
            group_instance_id: self.instance.clone(),
        };
        let sent = process.ready().await?;
        let answer = process.ask(&request).await?;
        match ErrorCode::from_code(answer.error_code) {
            Some(ErrorCode::None) => {
                self.shown(process, reading, sent);
                self.next_beat = now() + HEARTBEAT;
                Ok(true)
            }
            Some(ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId) => {
                process.note(format_args!("{} is out: {}", reading.name, answer.error_code));
                self.id.clear();
                Ok(false)
            }
            Some(ErrorCode::RebalanceInProgress | ErrorCode::IllegalGeneration) => Ok(false),
            _ => Ok(true),
        }
    }

    /// Leaves the group; whether that is heard does not matter.
    pub(super) async fn leave(&self, process: &mut Process) {
        let (member_id, group_instance_id) = (self.id.clone(), self.instance.clone());
        let member = MemberIdentity { member_id, group_instance_id, reason: None };
        let group_id = process.group.clone();
        let request = LeaveGroupRequest { group_id, members: vec![member], ..LeaveGroupRequest::default() };
        if process.ready().await.is_ok() {
            let _ = process.ask(&request).await;
        }
    }
}
