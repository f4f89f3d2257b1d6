//! The group of a proof: members that read the topic and commit what they have worked on, while they are killed.
//!
//! A member that is killed says nothing to anybody: its tasks and its connection end, at a random moment, or with a commit
//! on its way. Another one takes its place. When
//! the load is over nobody is killed any more, and the group reads to the end.

use super::group_accounts::{GroupAccounts, Offsets};
use super::load::client_options;
use super::seeded::Seeded;
use crate::failure::Failure;
use client::{
    ClientError, Cluster, Consumed, GroupConsumer, GroupEvent, GroupOptions, OffsetAt, TopicPartition,
};
use env::{Env, net::Net};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, timeout};
use types::Offset;

/// The group of every proof.
const GROUP: &str = "prove-group";
/// Settings that let a group notice the death of a member between two kills of the broker: a session begins anew with each start.
pub(super) const SETTINGS: [(&str, &str); 4] = [
    ("group.consumer.min.session.timeout.ms", "100"),
    ("group.consumer.session.timeout.ms", "400"),
    ("group.consumer.min.heartbeat.interval.ms", "10"),
    ("group.consumer.heartbeat.interval.ms", "80"),
];
/// Time between two deaths of members. *Units*: milliseconds.
const LIFE_MS: (u64, u64) = (500, 3500);
/// One of so many pieces of work ends in the member's death.
const DEATHS: u64 = 10;
/// Longest time that the commit of such a piece has. *Units*: microseconds.
const CUT_MAX_US: u64 = 1500;
/// Longest time from a member's work to its commit: deaths fall in between. *Units*: milliseconds.
const MOMENT_MAX_MS: u64 = 40;
/// How long a member waits for records.
const MAX_WAIT: Duration = Duration::from_millis(100);
/// Pause before a member that failed is replaced.
const PAUSE_FAILED: Duration = Duration::from_millis(200);
/// Pause between two looks at how far the group is.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A group that commits nothing for this long does not reach the end.
const STALL_MAX: Duration = Duration::from_secs(60);

/// What the members are to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Read, and die now and then.
    Strike,
    /// Read.
    Finish,
    /// Leave.
    Leave,
}

/// How a member ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ended {
    Left,
    Died,
}

/// Whether a member dies at a piece of work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Death {
    None,
    /// Before it commits.
    Before,
    /// So long after it began to commit.
    Within(Duration),
}

impl Death {
    fn draw(moments: &mut Seeded) -> Death {
        match moments.between(0, 1) {
            0 => Death::Before,
            _ => Death::Within(Duration::from_micros(moments.between(0, CUT_MAX_US))),
        }
    }
}

/// The group. Clones share it.
#[derive(Clone)]
pub(super) struct Group {
    address: String,
    topic: String,
    phase: Arc<watch::Sender<Phase>>,
    /// A member is to die now.
    strike: Arc<Notify>,
    accounts: Arc<Mutex<GroupAccounts>>,
}

impl Group {
    /// Makes one for the broker at an address.
    pub(super) fn new(address: &str, topic: &str) -> Group {
        let phase = Arc::new(watch::Sender::new(Phase::Strike));
        Group {
            address: address.to_owned(),
            topic: topic.to_owned(),
            phase,
            strike: Arc::default(),
            accounts: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, GroupAccounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills a member at the next opportunity, beside those that die of themselves.
    pub(super) fn strike(&self) {
        self.strike.notify_one();
    }

    /// Keeps so many members, until they are to leave.
    pub(super) async fn run(self, seed: u64, members: u32) {
        let mut draw = Seeded::new(seed, 0x6772_6f75);
        let (mut tasks, mut phase) = (JoinSet::new(), self.phase.subscribe());
        let mut handles: Vec<AbortHandle> = Vec::new();
        while *phase.borrow() != Phase::Leave {
            handles.retain(|handle| !handle.is_finished());
            while handles.len() < usize::try_from(members).unwrap_or(0) {
                handles.push(tasks.spawn(self.clone().member(Seeded::new(draw.next(), 0x6d65_6d62))));
            }
            let life = Duration::from_millis(draw.between(LIFE_MS.0, LIFE_MS.1));
            tokio::select! {
                () = tokio::time::sleep(life) => self.kill_one(&mut draw, &handles, *phase.borrow()),
                () = self.strike.notified() => self.kill_one(&mut draw, &handles, *phase.borrow()),
                ended = tasks.join_next() => self.on_ended(ended).await,
                _ = phase.changed() => {}
            }
        }
        while let Some(ended) = tasks.join_next().await {
            self.on_ended(Some(ended)).await;
        }
    }

    fn kill_one(&self, draw: &mut Seeded, handles: &[AbortHandle], phase: Phase) {
        let picked = draw.pick(handles).filter(|handle| phase == Phase::Strike && !handle.is_finished());
        if let Some(handle) = picked {
            handle.abort();
            self.lock().killed += 1;
        }
    }

    async fn on_ended(&self, ended: Option<Result<Result<Ended, ClientError>, tokio::task::JoinError>>) {
        match ended {
            Some(Ok(Ok(Ended::Left))) => self.lock().left += 1,
            Some(Ok(Ok(Ended::Died))) => self.lock().killed += 1,
            Some(Ok(Err(error))) => {
                self.lock().failed.note(|| error.to_string());
                tokio::time::sleep(PAUSE_FAILED).await;
            }
            Some(Err(_killed)) => {}
            None => tokio::time::sleep(PAUSE_FAILED).await,
        }
    }

    async fn member(self, mut moments: Seeded) -> Result<Ended, ClientError> {
        let options = client_options("prove-member".to_owned());
        let cluster = Cluster::new(Net::Real, std::slice::from_ref(&self.address), options);
        let id = Env::real().random.uuid();
        let mut options = GroupOptions::new(GROUP, id, std::slice::from_ref(&self.topic));
        options.consumer.max_wait = MAX_WAIT;
        let (mut member, mut phase) = (GroupConsumer::join(cluster, options), self.phase.subscribe());
        loop {
            let event = tokio::select! {
                event = member.poll() => event?,
                _ = phase.wait_for(|phase| *phase == Phase::Leave) => break,
            };
            match event {
                GroupEvent::Records(records) if records.is_empty() => {}
                GroupEvent::Records(records) => {
                    let dies = *phase.borrow() == Phase::Strike && moments.between(1, DEATHS) == 1;
                    let death = if dies { Death::draw(&mut moments) } else { Death::None };
                    let pause = Duration::from_millis(moments.between(0, MOMENT_MAX_MS));
                    self.work(&mut member, records, (pause, death)).await?;
                    if dies {
                        return Ok(Ended::Died);
                    }
                }
                GroupEvent::Reset { partition: (_, partition), from, to } => {
                    let partition = u32::try_from(partition).unwrap_or(u32::MAX);
                    self.lock().on_reset(partition, from.0, to.0);
                }
                GroupEvent::Assigned(_) | GroupEvent::Revoking(_) | GroupEvent::Lost(_) => {}
            }
        }
        member.leave().await;
        Ok(Ended::Left)
    }

    /// Works on records, pauses, then commits that, or is cut off while it does.
    async fn work(
        &self,
        member: &mut GroupConsumer,
        records: Vec<Consumed>,
        (pause, death): (Duration, Death),
    ) -> Result<(), ClientError> {
        let mut next: BTreeMap<TopicPartition, Offset> = BTreeMap::new();
        {
            let mut accounts = self.lock();
            for Consumed { topic, partition, record } in records {
                let value = record.value.unwrap_or_default();
                accounts.on_record(u32::try_from(partition).unwrap_or(u32::MAX), record.offset.0, &value);
                next.insert((topic, partition), record.offset.plus(1));
            }
        }
        tokio::time::sleep(pause).await;
        let due = offsets(next.iter().map(|((_, partition), offset)| (*partition, *offset)));
        let ticket = self.lock().on_commit(&due);
        let committed = match death {
            Death::None => member.commit(&next).await,
            Death::Before => return Ok(()),
            Death::Within(time) => match timeout(time, member.commit(&next)).await {
                Ok(committed) => committed,
                Err(_cut_off) => return Ok(()),
            },
        };
        match committed {
            Ok(()) => self.lock().on_committed(&ticket),
            Err(ClientError::Fenced { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Compares what is committed with the accounts.
    pub(super) async fn check(&self, cluster: &Cluster) -> Result<(), Failure> {
        let certain = self.lock().certain();
        let listed = self.listed(cluster).await?;
        self.lock().on_listed(&certain, &listed);
        Ok(())
    }

    async fn listed(&self, cluster: &Cluster) -> Result<Offsets, Failure> {
        let there = cluster.group_offsets(GROUP).await?;
        let mine = there.iter().filter(|one| one.topic == self.topic);
        Ok(offsets(mine.map(|one| (one.partition, one.offset))))
    }

    /// Kills nobody any more, and waits until the group has committed the end of each partition.
    pub(super) async fn finish(&self, cluster: &Cluster) -> Result<(), Failure> {
        self.phase.send_replace(Phase::Finish);
        let ends = cluster.offsets(&self.topic, OffsetAt::Latest).await?.into_iter();
        let ends = offsets(ends.map(|end| (end.partition, end.offset.unwrap_or(Offset::ZERO))));
        let (mut last, mut since) = (Offsets::new(), Instant::now());
        loop {
            self.check(cluster).await?;
            let there = self.listed(cluster).await?;
            if ends.iter().all(|(partition, end)| *end == 0 || there.get(partition) == Some(end)) {
                break;
            }
            if there != last {
                (last, since) = (there, Instant::now());
            } else if since.elapsed() > STALL_MAX {
                let failed = self.lock().failed.examples.join("; ");
                return Err(Failure::of(format!(
                    "the group does not reach the end: it has committed {last:?} of {ends:?}; {failed}"
                )));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.phase.send_replace(Phase::Leave);
        Ok(())
    }

    /// Returns the accounts as they are.
    pub(super) fn accounts(&self) -> GroupAccounts {
        self.lock().clone()
    }
}

fn offsets(list: impl Iterator<Item = (i32, Offset)>) -> Offsets {
    list.filter_map(|(partition, offset)| Some((u32::try_from(partition).ok()?, offset.0))).collect()
}
