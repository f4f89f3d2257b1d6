//! A member of the consumer protocol (KIP-848): heartbeats that say what it reads and answer what it is to read. It gives up
//! first, says so with the next heartbeat, and takes what is new.

use super::process::{Process, Stop};
use super::reading::{Place, Reading, Seat, Standing};
use super::{HEARTBEAT, REBALANCE, SESSION, millis_of, now};
use env::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use types::{ErrorCode, Uuid};
use wire::ConsumerGroupHeartbeatRequest;
use wire::consumer_group_heartbeat_request::TopicPartitions;
use wire::consumer_group_heartbeat_response::{Assignment, ConsumerGroupHeartbeatResponse};

/// Epoch of whoever leaves for good.
const LEAVING: i32 = -1;
/// Epoch of a static member that will be back.
const LEAVING_FOR_NOW: i32 = -2;

/// The process as a member.
pub(super) struct Consumer {
    id: String,
    instance: Option<String>,
    epoch: i32,
    /// What the coordinator has heard of what it reads; nothing when it may have heard nothing.
    told: Option<BTreeSet<Place>>,
    next_beat: Duration,
}

impl Consumer {
    pub(super) fn new(instance: Option<String>, process: &Process) -> Consumer {
        let mut bytes = [0; 16];
        process.random.fill(&mut bytes);
        let id = Uuid::from_random(bytes).to_string();
        Consumer { id, instance, epoch: 0, told: None, next_beat: Duration::ZERO }
    }

    fn seat(&self) -> Seat {
        let (member, instance) = (self.id.clone(), self.instance.clone());
        Seat { member, instance, epoch: self.epoch, fetches_as_member: true }
    }

    /// Lives until the process ends, or the scenario is over.
    pub(super) async fn live(&mut self, process: &mut Process, reading: &mut Reading) -> Result<(), Stop> {
        while !process.shared.is_over() {
            let step = self.step(process, reading).await;
            match step {
                Err(Stop::Lost) | Ok(()) => process.shared.pause(&process.random).await,
                Err(ends) => return Err(ends),
            }
        }
        Ok(())
    }

    async fn step(&mut self, process: &mut Process, reading: &mut Reading) -> Result<(), Stop> {
        // Whoever wakes up may do so in the middle of a commit.
        if process.random.percent(25) {
            let standing = reading.commit(process, &self.seat(), true).await?;
            self.heed(process, reading, standing);
        }
        if now() >= self.next_beat {
            self.beat(process, reading).await?;
        }
        if self.epoch == 0 {
            return Ok(());
        }
        let standing = reading.work(process, &self.seat()).await?;
        self.heed(process, reading, standing);
        Ok(())
    }

    fn heed(&mut self, process: &Process, reading: &mut Reading, standing: Standing) {
        match standing {
            Standing::Good => {}
            Standing::Stale => self.next_beat = now(),
            Standing::Out => self.begin_anew(process, reading),
        }
    }

    /// All that it had is lost; the same process joins again.
    fn begin_anew(&mut self, process: &Process, reading: &mut Reading) {
        process.note(format_args!("{} is out", reading.name));
        reading.release_all(process);
        (self.epoch, self.told, self.next_beat) = (0, None, now());
    }

    async fn beat(&mut self, process: &mut Process, reading: &mut Reading) -> Result<(), Stop> {
        let sent = process.ready().await?;
        let places = reading.places();
        let request = self.request(process, &places);
        let answer = match process.ask(&request).await {
            Ok(answer) => answer,
            Err(stop) => {
                self.told = None;
                return Err(stop);
            }
        };
        match ErrorCode::from_code(answer.error_code) {
            Some(ErrorCode::None) => {
                process.shared.ledger.borrow_mut().on_shown(&reading.name, sent, SESSION, now());
                self.told = Some(places);
                self.take(process, reading, answer, sent).await
            }
            Some(ErrorCode::UnknownMemberId | ErrorCode::FencedMemberEpoch | ErrorCode::GroupIdNotFound) => {
                self.begin_anew(process, reading);
                Ok(())
            }
            code => {
                process.note(format_args!("{} beats: {code:?}", reading.name));
                self.told = None;
                self.next_beat = now() + HEARTBEAT / 2;
                Ok(())
            }
        }
    }

    fn request(&self, process: &Process, places: &BTreeSet<Place>) -> ConsumerGroupHeartbeatRequest {
        let is_full = self.told.is_none();
        let is_news = self.told.as_ref() != Some(places);
        let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
        places.iter().for_each(|(topic, partition)| topics.entry(*topic).or_default().push(*partition));
        let topics =
            topics.into_iter().map(|(topic_id, partitions)| TopicPartitions { topic_id, partitions });
        ConsumerGroupHeartbeatRequest {
            group_id: process.group.clone(),
            member_id: self.id.clone(),
            member_epoch: self.epoch,
            instance_id: self.instance.clone(),
            rebalance_timeout_ms: if is_full { millis_of(REBALANCE) } else { -1 },
            subscribed_topic_names: is_full.then(|| process.shared.topics.to_vec()),
            topic_partitions: is_news.then(|| topics.collect()),
            ..ConsumerGroupHeartbeatRequest::default()
        }
    }

    /// Does what an answer says.
    async fn take(
        &mut self,
        process: &mut Process,
        reading: &mut Reading,
        answer: ConsumerGroupHeartbeatResponse,
        sent: super::ledger::Asked,
    ) -> Result<(), Stop> {
        self.epoch = answer.member_epoch;
        self.next_beat = now() + HEARTBEAT;
        let Some(assignment) = answer.assignment else { return Ok(()) };
        let target = places(assignment);
        let has = reading.places();
        process.note(format_args!("{} has {target:?} at epoch {}", reading.name, self.epoch));
        let new: Vec<Place> = target.difference(&has).copied().collect();
        reading.take(process, new, sent);
        let gone: BTreeSet<Place> = has.difference(&target).copied().collect();
        let seat = self.seat();
        let committed = match !gone.is_empty() && process.random.percent(60) {
            true => reading.commit(process, &seat, false).await,
            false => Ok(Standing::Good),
        };
        reading.release(process, &gone);
        if self.told.as_ref() != Some(&reading.places()) {
            self.next_beat = now();
        }
        let standing = committed?;
        self.heed(process, reading, standing);
        Ok(())
    }

    /// Leaves the group; whether that is heard does not matter.
    pub(super) async fn leave(&self, process: &mut Process) {
        let request = ConsumerGroupHeartbeatRequest {
            group_id: process.group.clone(),
            member_id: self.id.clone(),
            member_epoch: if self.instance.is_some() { LEAVING_FOR_NOW } else { LEAVING },
            instance_id: self.instance.clone(),
            ..ConsumerGroupHeartbeatRequest::default()
        };
        if process.ready().await.is_ok() {
            let _ = process.ask(&request).await;
        }
    }
}

fn places(assignment: Assignment) -> BTreeSet<Place> {
    let each = assignment.topic_partitions.into_iter();
    each.flat_map(|topic| topic.partitions.into_iter().map(move |p| (topic.topic_id, p))).collect()
}
