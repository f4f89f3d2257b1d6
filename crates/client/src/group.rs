//! Reading as a member of a group: the coordinator deals out the partitions, the group keeps the offsets (KIP-848).
//!
//! `GroupConsumer::poll` hands out records and, between them, what changes: partitions that were given, that are to be
//! given back (commit, then poll again), that are lost. A task of its own keeps up the membership (`task`), whose
//! decisions are pure (`membership`); committed offsets are asked for and told in `offsets`.
//!
//! *At least once*: commit what has been worked on, never what was only read. A commit for partitions that
//! were lost meanwhile is refused here already, before the coordinator is asked.
//! Tests: `group/tests.rs`, `tests/client/group.rs`.

mod membership;
mod offsets;
mod task;
#[cfg(test)]
mod tests;

use crate::backoff::Backoff;
use crate::cluster::Cluster;
use crate::consumer::{Consumed, Consumer, ConsumerOptions, StartAt};
use crate::error::{BrokerError, ClientError};
use crate::transaction::GroupMembership;
use membership::{Change, Place};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use task::Shared;
use tokio::time::{Instant, timeout};
use types::{ErrorCode, Offset, Uuid};

/// How long a member that leaves waits for the coordinator's word.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where a partition is begun that the group has committed nothing for, or whose committed offset is not in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reset {
    /// At the first record there is.
    #[default]
    Earliest,
    /// After the last one.
    Latest,
}

/// Which group, and how to read in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupOptions {
    /// The group.
    pub group: String,
    /// Who this member is; drawn anew by each.
    pub member: Uuid,
    /// The topics that it wants to read.
    pub topics: Vec<String>,
    /// Where partitions without a usable committed offset are begun.
    pub reset: Reset,
    /// How long the coordinator waits for partitions that it asks back.
    pub rebalance_timeout: Duration,
    /// How it reads.
    pub consumer: ConsumerOptions,
}

impl GroupOptions {
    /// Returns the usual ones.
    pub fn new(group: &str, member: Uuid, topics: &[String]) -> GroupOptions {
        GroupOptions {
            group: group.to_owned(),
            member,
            topics: topics.to_vec(),
            reset: Reset::default(),
            rebalance_timeout: Duration::from_secs(45),
            consumer: ConsumerOptions::default(),
        }
    }
}

/// A partition by its topic's name.
pub type TopicPartition = (String, i32);

/// What a poll found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupEvent {
    /// Records; none if none came in time.
    Records(Vec<Consumed>),
    /// Partitions that this member reads from now on.
    Assigned(Vec<TopicPartition>),
    /// Partitions that are given back by the next poll; until then their offsets can be committed.
    Revoking(Vec<TopicPartition>),
    /// Partitions that others may read already; their offsets can no longer be committed.
    Lost(Vec<TopicPartition>),
    /// A partition goes on elsewhere: its next offset was not in the log.
    Reset {
        /// The partition.
        partition: TopicPartition,
        /// Where it was to go on.
        from: Offset,
        /// Where it goes on.
        to: Offset,
    },
}

/// A member of a group that reads. Dropping it without `leave` is how a member dies.
#[derive(Debug)]
pub struct GroupConsumer {
    cluster: Cluster,
    options: GroupOptions,
    consumer: Consumer,
    shared: Shared,
    names: BTreeMap<Uuid, String>,
    /// Given, and not begun.
    waiting: BTreeSet<Place>,
    /// The life whose partitions are read here.
    life: u64,
    /// A change has been handed out that the next poll answers.
    revoking: bool,
}

impl GroupConsumer {
    /// Becomes a member; the first partitions come with a later poll.
    pub fn join(cluster: Cluster, options: GroupOptions) -> GroupConsumer {
        GroupConsumer {
            consumer: Consumer::new(cluster.clone(), options.consumer.clone()),
            shared: Shared::start(&cluster, &options),
            cluster,
            options,
            names: BTreeMap::new(),
            waiting: BTreeSet::new(),
            life: 0,
            revoking: false,
        }
    }

    /// Waits for records or a change, up to the options' `max_wait`. Gives back what the poll before was asked for.
    /// May be dropped before it returns: what it had read is read again only by another member.
    ///
    /// # Errors
    /// The group's refusal; else as `Consumer::poll`.
    pub async fn poll(&mut self) -> Result<GroupEvent, ClientError> {
        if std::mem::take(&mut self.revoking) {
            self.shared.release(self.life);
        }
        if let Some(event) = self.change().await? {
            return Ok(event);
        }
        self.begin().await?;
        if !self.consumer.is_idle() {
            return self.read().await;
        }
        let _nothing_new = timeout(self.options.consumer.max_wait, self.shared.changed()).await;
        Ok(self.change().await?.unwrap_or(GroupEvent::Records(Vec::new())))
    }

    /// Takes in the next change.
    async fn change(&mut self) -> Result<Option<GroupEvent>, ClientError> {
        let Some(change) = self.shared.take_change()? else { return Ok(None) };
        Ok(Some(match change {
            Change::Assigned(places) => {
                let named = self.named(&places).await;
                self.waiting.extend(places);
                GroupEvent::Assigned(named)
            }
            Change::Revoking(places) => {
                self.revoking = true;
                GroupEvent::Revoking(self.forget(&places).await)
            }
            Change::Lost(places) => {
                self.life += 1;
                GroupEvent::Lost(self.forget(&places).await)
            }
        }))
    }

    async fn forget(&mut self, places: &BTreeSet<Place>) -> Vec<TopicPartition> {
        let named = self.named(places).await;
        self.waiting.retain(|place| !places.contains(place));
        named.iter().for_each(|(topic, partition)| self.consumer.unassign(topic, *partition));
        named
    }

    /// Names partitions; those of a topic that is not known, or is gone, have no name yet.
    async fn named(&mut self, places: &BTreeSet<Place>) -> Vec<TopicPartition> {
        if places.iter().any(|(id, _)| !self.names.contains_key(id)) {
            self.learn_names().await;
        }
        let name = |(id, partition): &Place| Some((self.names.get(id)?.clone(), *partition));
        places.iter().filter_map(name).collect()
    }

    async fn learn_names(&mut self) {
        for name in &self.options.topics {
            self.cluster.forget(name);
            if let Ok(topic) = self.cluster.topic(name).await {
                self.names.insert(topic.id, name.clone());
            }
        }
    }

    /// Begins to read what was given, from where the group stands.
    async fn begin(&mut self) -> Result<(), ClientError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let places = self.waiting.clone();
        let named = self.named(&places).await;
        let Some(offsets) = self.committed(&named).await? else { return Ok(()) };
        for (topic, partition) in named {
            let committed = offsets.get(&(topic.clone(), partition)).copied();
            let start = committed.map_or(self.reset(), StartAt::Offset);
            self.consumer.assign(&topic, partition, start).await?;
        }
        let names = &self.names;
        self.waiting.retain(|(id, _)| !names.contains_key(id));
        Ok(())
    }

    fn reset(&self) -> StartAt {
        match self.options.reset {
            Reset::Earliest => StartAt::Beginning,
            Reset::Latest => StartAt::End,
        }
    }

    /// Returns what the group has committed; nothing if a change must be looked at first.
    async fn committed(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Option<BTreeMap<TopicPartition, Offset>>, ClientError> {
        let mut backoff = Backoff::new(self.cluster.options());
        loop {
            match self.committed_once(partitions).await {
                Err(error) if passes(&error) => self.shared.on_refused(&error),
                Err(error) if is_over(&error) => return Ok(None),
                other => return other.map(Some),
            }
            if self.shared.has_change() || !backoff.pause().await {
                return Ok(None);
            }
        }
    }

    async fn committed_once(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Offset>, ClientError> {
        let seat = self.shared.seat(self.life)?;
        let request = offsets::fetch_request(&seat, &self.options, &self.by_topic(partitions))?;
        let answer = self.shared.heard(seat.connection.call(&request).await)?;
        offsets::committed(answer, &self.options.group, &self.names)
    }

    /// Sorts by topic, with ids.
    fn by_topic(&self, partitions: &[TopicPartition]) -> Vec<(Uuid, String, Vec<i32>)> {
        let of = |(id, name): (&Uuid, &String)| {
            let mine = partitions.iter().filter(|(topic, _)| topic == name);
            (*id, name.clone(), mine.map(|(_, partition)| *partition).collect::<Vec<i32>>())
        };
        self.names.iter().map(of).filter(|(_, _, list)| !list.is_empty()).collect()
    }

    async fn read(&mut self) -> Result<GroupEvent, ClientError> {
        match self.consumer.poll().await {
            Err(ClientError::OffsetOutOfRange { topic, partition, offset }) => {
                self.consumer.assign(&topic, partition, self.reset()).await?;
                let to = self.consumer.position(&topic, partition).unwrap_or(Offset::NONE);
                Ok(GroupEvent::Reset { partition: (topic, partition), from: Offset(offset), to })
            }
            other => other.map(GroupEvent::Records),
        }
    }

    /// Commits offsets of the next records to be read. Tries again until the call's time-out.
    ///
    /// # Errors
    /// `Fenced` when the partitions are no longer this member's; `Refused`; `Lost` leaves open whether they were committed.
    pub async fn commit(&mut self, offsets: &BTreeMap<TopicPartition, Offset>) -> Result<(), ClientError> {
        if offsets.is_empty() {
            return Ok(());
        }
        let mut backoff = Backoff::new(self.cluster.options());
        loop {
            let error = match self.commit_once(offsets).await {
                Err(error) if is_over(&error) => return Err(self.fenced()),
                Err(error) if passes(&error) => error,
                other => return other,
            };
            self.shared.on_refused(&error);
            if !backoff.pause().await {
                return Err(error);
            }
        }
    }

    async fn commit_once(&self, offsets: &BTreeMap<TopicPartition, Offset>) -> Result<(), ClientError> {
        let partitions: Vec<TopicPartition> = offsets.keys().cloned().collect();
        let seat = self.shared.seat(self.life)?;
        let request = offsets::commit_request(&seat, &self.options, &self.by_topic(&partitions), offsets)?;
        let answer = self.shared.heard(seat.connection.call(&request).await)?;
        offsets::all_committed(&answer, &self.options.group)
    }

    /// Returns what a transaction needs to commit offsets in this member's name.
    ///
    /// # Errors
    /// `Fenced` when the partitions are no longer this member's; `Refused` while there is no coordinator.
    pub fn membership(&self) -> Result<GroupMembership, ClientError> {
        let seat = self.shared.seat(self.life)?;
        let (group, member) = (self.options.group.clone(), self.options.member.to_string());
        Ok(GroupMembership { group, generation: seat.epoch, member, instance: None })
    }

    fn fenced(&self) -> ClientError {
        ClientError::Fenced { group: self.options.group.clone() }
    }

    /// Says whether it has partitions, has begun them all, and read each to the high watermark last seen.
    pub fn is_at_end(&self) -> bool {
        !self.consumer.is_idle()
            && self.waiting.is_empty()
            && self.consumer.is_at_end()
            && !self.shared.has_change()
    }

    /// Leaves the group: others get the partitions at once. Commits nothing.
    pub async fn leave(self) {
        let deadline = Instant::now() + LEAVE_TIMEOUT;
        self.shared.leave(deadline).await;
    }
}

/// Says whether a refusal is over as soon as the coordinator was found again or has told the new epoch.
fn passes(error: &ClientError) -> bool {
    error.is_retriable() || code(error) == Some(ErrorCode::StaleMemberEpoch)
}

/// Says whether the coordinator no longer knows the member.
fn is_over(error: &ClientError) -> bool {
    let gone = [ErrorCode::UnknownMemberId, ErrorCode::FencedMemberEpoch, ErrorCode::GroupIdNotFound];
    matches!(error, ClientError::Fenced { .. }) || code(error).is_some_and(|code| gone.contains(&code))
}

fn code(error: &ClientError) -> Option<ErrorCode> {
    match error {
        ClientError::Refused { error, .. } => BrokerError::known(error),
        _ => None,
    }
}
