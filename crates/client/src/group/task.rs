//! The task that keeps up a membership: it carries out one step after the other, over a connection of its own, so
//! that a heartbeat never waits behind a fetch. The consumer's commits go over the same connection.

use super::GroupOptions;
use super::membership::{Answer, Change, Heartbeat, Membership, Pauses, Place, Step};
use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::error::{BrokerError, ClientError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use types::{ErrorCode, Monotonic, Uuid};
use wire::ConsumerGroupHeartbeatRequest;
use wire::consumer_group_heartbeat_request::TopicPartitions;
use wire::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;

/// What a member may act with: the coordinator, and its epoch.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) connection: Connection,
    pub(super) epoch: i32,
}

/// The membership, with the task that keeps it up.
#[derive(Debug)]
pub(super) struct Shared {
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    cluster: Cluster,
    options: GroupOptions,
    began: Instant,
    state: Mutex<State>,
    /// The task has something to do.
    wake: Notify,
    /// There may be a change.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    membership: Membership,
    coordinator: Option<Connection>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Starts the task.
    pub(super) fn start(cluster: &Cluster, options: &GroupOptions) -> Shared {
        let pauses = Pauses { min: cluster.options().backoff_min, max: cluster.options().backoff_max };
        let state = State { membership: Membership::new(pauses), coordinator: None };
        let inner = Arc::new(Inner {
            cluster: cluster.clone(),
            options: options.clone(),
            began: Instant::now(),
            state: Mutex::new(state),
            wake: Notify::new(),
            changed: Notify::new(),
        });
        let task = tokio::spawn(run(inner.clone()));
        Shared { inner, task }
    }

    /// Hands out the next change.
    ///
    /// # Errors
    /// Why the membership is over, once all changes are handed out.
    pub(super) fn take_change(&self) -> Result<Option<Change>, ClientError> {
        let mut state = self.inner.state();
        match (state.membership.take_change(), state.membership.failure()) {
            (None, Some(error)) => Err(error),
            (change, _) => Ok(change),
        }
    }

    /// Says whether a change, or the end, waits to be looked at.
    pub(super) fn has_change(&self) -> bool {
        self.inner.state().has_change()
    }

    /// Waits until there may be a change.
    pub(super) async fn changed(&self) {
        if !self.has_change() {
            self.inner.changed.notified().await;
        }
    }

    /// Gives back what was asked for.
    pub(super) fn release(&self, life: u64) {
        self.inner.state().membership.release(self.inner.now(), life);
        self.inner.wake.notify_one();
    }

    /// Returns what a commit of this life needs.
    ///
    /// # Errors
    /// `Fenced` when that life is over; one that passes while there is no coordinator.
    pub(super) fn seat(&self, life: u64) -> Result<Seat, ClientError> {
        let state = self.inner.state();
        if let Some(error) = state.membership.failure() {
            return Err(error);
        }
        let group = self.inner.options.group.clone();
        let epoch = state.membership.epoch_in(life).ok_or(ClientError::Fenced { group })?;
        match &state.coordinator {
            Some(connection) => Ok(Seat { connection: connection.clone(), epoch }),
            None => Err(self.inner.refused(ErrorCode::CoordinatorNotAvailable)),
        }
    }

    /// Passes an answer on; a lost connection is looked for anew.
    pub(super) fn heard<T>(&self, answer: Result<T, ClientError>) -> Result<T, ClientError> {
        if answer.as_ref().is_err_and(ClientError::is_outcome_unknown) {
            self.inner.lose();
        }
        answer
    }

    /// Does what a refusal asks for: finds the coordinator again, or learns the new epoch.
    pub(super) fn on_refused(&self, error: &ClientError) {
        match super::code(error) {
            Some(ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable) => self.inner.lose(),
            Some(ErrorCode::StaleMemberEpoch) => self.inner.state().membership.hurry(self.inner.now()),
            _ => return,
        }
        self.inner.wake.notify_one();
    }

    /// Leaves, and waits for the coordinator's word until the deadline.
    pub(super) async fn leave(mut self, deadline: Instant) {
        self.inner.state().membership.leave(self.inner.now());
        self.inner.wake.notify_one();
        let _best_effort = timeout_at(deadline, &mut self.task).await;
    }
}

impl State {
    fn has_change(&self) -> bool {
        self.membership.has_change() || self.membership.failure().is_some()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Monotonic {
        Monotonic::default().plus(self.began.elapsed())
    }

    fn refused(&self, code: ErrorCode) -> ClientError {
        let error = BrokerError { code: code.code(), message: None };
        ClientError::refused(format!("group '{}'", self.options.group), error)
    }

    /// The coordinator is not where it was.
    fn lose(&self) {
        let mut state = self.state();
        if state.coordinator.take().is_some() {
            state.membership.on_lost(self.now());
        }
        drop(state);
        self.wake.notify_one();
    }

    async fn find(&self) {
        match self.cluster.dial_coordinator(&self.options.group).await {
            Ok(connection) => {
                let mut state = self.state();
                state.coordinator = Some(connection);
                state.membership.on_found(self.now());
            }
            Err(error @ (ClientError::Unsupported { .. } | ClientError::Encode(_))) => self.fail(error),
            Err(error @ ClientError::Refused { .. }) if !error.is_retriable() => self.fail(error),
            Err(_) => self.state().membership.on_lost(self.now()),
        }
    }

    fn fail(&self, error: ClientError) {
        self.state().membership.on_failure(error);
    }

    async fn beat(&self, beat: Heartbeat) {
        let coordinator = self.state().coordinator.clone();
        let Some(connection) = coordinator else { return self.state().membership.on_lost(self.now()) };
        let answer = connection.call(&self.request(beat)).await;
        let now = self.now();
        match answer {
            Ok(answer) => self.state().membership.on_answer(now, self.read(answer)),
            Err(ClientError::Lost { .. }) => {
                let mut state = self.state();
                state.coordinator = None;
                state.membership.on_lost(now);
            }
            Err(error) => self.fail(error),
        }
    }

    fn request(&self, beat: Heartbeat) -> ConsumerGroupHeartbeatRequest {
        let (full, options) = (beat.full, &self.options);
        let timeout = i32::try_from(options.rebalance_timeout.as_millis()).unwrap_or(i32::MAX);
        ConsumerGroupHeartbeatRequest {
            group_id: options.group.clone(),
            member_id: options.member.to_string(),
            member_epoch: beat.epoch,
            rebalance_timeout_ms: if full { timeout } else { -1 },
            subscribed_topic_names: full.then(|| options.topics.clone()),
            topic_partitions: beat.owned.map(|owned| by_topic(&owned)),
            ..ConsumerGroupHeartbeatRequest::default()
        }
    }

    fn read(&self, answer: ConsumerGroupHeartbeatResponse) -> Answer {
        let topics = answer.assignment.map(|assignment| assignment.topic_partitions);
        let places = topics.map(|topics| {
            let of = |topic: wire::consumer_group_heartbeat_response::TopicPartitions| {
                topic.partitions.into_iter().map(move |partition| (topic.topic_id, partition))
            };
            topics.into_iter().flat_map(of).collect::<BTreeSet<Place>>()
        });
        let interval = u64::try_from(answer.heartbeat_interval_ms).unwrap_or(0);
        Answer {
            error: BrokerError::of(answer.error_code, answer.error_message.as_deref()),
            epoch: answer.member_epoch,
            interval: Duration::from_millis(interval),
            assignment: places,
        }
    }
}

fn by_topic(owned: &BTreeSet<Place>) -> Vec<TopicPartitions> {
    let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
    owned.iter().for_each(|(topic, partition)| topics.entry(*topic).or_default().push(*partition));
    topics.into_iter().map(|(topic_id, partitions)| TopicPartitions { topic_id, partitions }).collect()
}

async fn run(inner: Arc<Inner>) {
    loop {
        let step = inner.state().membership.next(inner.now());
        match step {
            Step::End => break,
            Step::Find => inner.find().await,
            Step::Beat(beat) => inner.beat(beat).await,
            Step::Wait(until) => {
                let pause = until.since(inner.now());
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = inner.wake.notified() => {}
                }
            }
        }
        if inner.state().has_change() {
            inner.changed.notify_one();
        }
    }
}
