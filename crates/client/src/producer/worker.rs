//! The worker of one partition: carries out what the window decides.
//!
//! It runs sessions, each on one connection to the partition's leader. A session first sends again what
//! the one before left without an outcome, then goes on with new batches; it ends when the connection is
//! lost or an answer asks for a new try. Between sessions it pauses, longer each time, and gives up on
//! batches whose time is over. *Concurrency*: one task, the only owner of its window.

use super::outcome::{Outcome, Refusal};
use super::window::{Answer, Verdict, Window};
use super::{Acks, Context, NewRecord, Submission};
use crate::cluster::Leader;
use crate::error::{BrokerError, ClientError, Lost};
use crate::pending::Pending;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use types::{ErrorCode, Offset};
use wire::Records;
use wire::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use wire::produce_response::{PartitionProduceResponse, ProduceResponse};
use wire::record::BatchBuilder;

pub(super) struct Worker {
    context: Arc<Context>,
    topic: String,
    partition: i32,
    submissions: mpsc::Receiver<Submission>,
    ended: bool,
    fresh: VecDeque<Submission>,
    returned: Vec<Submission>,
    window: Window<Submission>,
    pause: Duration,
}

/// How a session ended.
enum Ended {
    /// Everything has its outcome, or only a new identity is missing.
    Idle,
    /// To be tried again.
    Failed(ClientError),
}

impl Worker {
    pub(super) fn new(
        context: Arc<Context>,
        (topic, partition): (String, i32),
        submissions: mpsc::Receiver<Submission>,
    ) -> Worker {
        let (window, pause) =
            (Window::new(context.options.idempotent), context.cluster.options().backoff_min);
        let (fresh, returned) = (VecDeque::new(), Vec::new());
        Worker { context, topic, partition, submissions, ended: false, fresh, returned, window, pause }
    }

    /// Works until the producer is closed and every batch has its outcome.
    pub(super) async fn run(mut self) {
        loop {
            if self.window.is_empty() && self.fresh.is_empty() {
                match self.submissions.recv().await {
                    Some(submission) => self.fresh.push_back(submission),
                    None => return,
                }
            }
            let ended = match self.connect().await {
                Ok(leader) => self.session(&leader).await,
                Err(error) => Ended::Failed(error),
            };
            if let Ended::Failed(error) = ended {
                self.on_failure(error).await;
            }
        }
    }

    async fn connect(&mut self) -> Result<Leader, ClientError> {
        let cluster = &self.context.cluster;
        let leader = cluster.leader(&self.topic, self.partition).await?;
        if self.window.needs_identity() {
            let identity = self.context.identities.take(cluster, self.window.identity()).await?;
            self.window.adopt(identity);
        }
        Ok(leader)
    }

    async fn on_failure(&mut self, error: ClientError) {
        // The leader is the right one where only the transaction before has not ended yet.
        if error.code() != Some(ErrorCode::ConcurrentTransactions) {
            self.context.cluster.forget(&self.topic);
        }
        if !error.is_retriable() {
            for submission in self.fresh.drain(..) {
                let _gone = submission.reply.send(Outcome::Refused(Refusal::Client(error.clone())));
            }
        }
        self.expire(&error);
        if !(self.window.is_empty() && self.fresh.is_empty()) {
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(self.context.cluster.options().backoff_max);
        }
    }

    /// Gives up on batches whose time is over.
    fn expire(&mut self, error: &ClientError) {
        let now = Instant::now();
        while let Some(late) = (0..self.window.len()).find(|i| self.is_late(*i, now)) {
            let Some(sent) = self.window.expire(late) else { break };
            let outcome = if sent.in_doubt { Outcome::Unknown } else { not_sent(error) };
            let _gone = sent.ticket.reply.send(outcome);
        }
        let (late, fresh): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.fresh).into_iter().partition(|submission| submission.deadline <= now);
        self.fresh = fresh;
        for submission in late {
            let _gone = submission.reply.send(not_sent(error));
        }
        self.window.on_drained();
    }

    fn is_late(&self, index: usize, now: Instant) -> bool {
        self.window.get(index).is_some_and(|sent| sent.ticket.deadline <= now)
    }

    /// Sends, and applies answers, until there is nothing to do or a new try is needed.
    async fn session(&mut self, leader: &Leader) -> Ended {
        let mut line: VecDeque<Pending<ProduceRequest>> = VecDeque::new();
        let mut again: Option<ClientError> = None;
        for index in 0..self.window.len() {
            match self.send(leader, index) {
                Ok(pending) => line.extend(pending),
                Err(error) => return self.lost(error),
            }
        }
        loop {
            if again.is_none()
                && let Err(error) = self.send_fresh(leader, &mut line)
            {
                return self.lost(error);
            }
            if line.is_empty() {
                self.on_drained();
                if let Some(error) = again {
                    return Ended::Failed(error);
                }
                if self.ended || !self.window.is_empty() || self.window.needs_identity() {
                    return Ended::Idle;
                }
                if !self.fresh.is_empty() {
                    continue;
                }
            }
            tokio::select! {
                biased;
                answer = next_answer(&mut line) => {
                    line.pop_front();
                    match self.on_answer(leader, answer, line.len()) {
                        Ok(None) => {}
                        Ok(Some(retry)) => again = again.or(Some(retry)),
                        Err(error) => return self.lost(error),
                    }
                }
                submission = self.submissions.recv(), if !self.ended && self.has_room() => match submission {
                    Some(submission) => self.fresh.push_back(submission),
                    None => self.ended = true,
                },
            }
        }
    }

    fn has_room(&self) -> bool {
        self.fresh.len() < self.context.options.in_flight.max(1)
    }

    /// The connection is gone: without idempotence what was on the wire may not be sent again.
    fn lost(&mut self, error: ClientError) -> Ended {
        self.restore();
        let doubt = Answer { code: ErrorCode::NetworkException.code(), base_offset: Offset::NONE };
        let mut index = 0;
        while !self.context.options.idempotent && index < self.window.len() {
            match self.window.on_answer(index, doubt) {
                Some(Verdict::Unknown(submission)) => drop(submission.reply.send(Outcome::Unknown)),
                _ => index += 1,
            }
        }
        self.window.on_drained();
        Ended::Failed(error)
    }

    fn on_drained(&mut self) {
        self.window.on_drained();
        self.restore();
    }

    /// Puts batches that are to be numbered anew before all others, in their order.
    fn restore(&mut self) {
        for submission in self.returned.drain(..).rev() {
            self.fresh.push_front(submission);
        }
    }

    fn send_fresh(
        &mut self,
        leader: &Leader,
        line: &mut VecDeque<Pending<ProduceRequest>>,
    ) -> Result<(), ClientError> {
        let limit = u64::try_from(self.context.options.in_flight.clamp(1, 5)).unwrap_or(1);
        while self.window.has_room(limit) && self.window.is_open() && self.returned.is_empty() {
            let Some(submission) = self.fresh.pop_front() else { break };
            let (bytes, count) = match self.encode(&submission.records) {
                Ok(encoded) => encoded,
                Err(error) => {
                    let _gone = submission.reply.send(Outcome::Refused(Refusal::Client(error)));
                    continue;
                }
            };
            self.window.push(submission, bytes, count);
            line.extend(self.send(leader, self.window.len() - 1)?);
        }
        Ok(())
    }

    fn encode(&self, records: &[NewRecord]) -> Result<(Bytes, i32), ClientError> {
        let transactional = self.context.transactional_id.is_some();
        let mut batch = BatchBuilder::new(self.context.options.codec).transactional(transactional);
        if let Some(identity) = self.window.identity() {
            batch = batch.producer(identity.id, identity.epoch, self.window.next_sequence());
        }
        for record in records {
            let headers: Vec<(&[u8], Option<&[u8]>)> =
                record.headers.iter().map(|(name, value)| (name.as_ref(), value.as_deref())).collect();
            batch.push(record.timestamp, record.key.as_deref(), record.value.as_deref(), &headers);
        }
        let count = i32::try_from(records.len()).unwrap_or(i32::MAX);
        Ok((batch.build().map_err(|error| ClientError::Build(Arc::new(error)))?, count))
    }

    /// Puts one batch of the window on the wire. Without acks its outcome is there at once.
    fn send(
        &mut self,
        leader: &Leader,
        index: usize,
    ) -> Result<Option<Pending<ProduceRequest>>, ClientError> {
        let Some(sent) = self.window.get(index) else { return Ok(None) };
        let request = self.request(leader, sent.bytes.clone());
        if self.context.options.acks == Acks::None {
            leader.connection.send_unanswered(&request)?;
            self.apply(index, Answer { code: 0, base_offset: Offset::NONE }, None);
            return Ok(None);
        }
        let pending = leader.connection.start(&request)?;
        self.window.mark_in_doubt(index);
        Ok(Some(pending))
    }

    fn request(&self, leader: &Leader, bytes: Bytes) -> ProduceRequest {
        let data = PartitionProduceData { index: self.partition, records: Some(Records::from(bytes)) };
        let (name, topic_id) = (self.topic.clone(), leader.topic_id);
        let timeout = self.context.cluster.options().request_timeout;
        ProduceRequest {
            transactional_id: self.context.transactional_id.clone(),
            acks: self.context.options.acks.on_wire(),
            timeout_ms: i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX),
            topic_data: vec![TopicProduceData { name, topic_id, partition_data: vec![data] }],
        }
    }

    /// Applies the answer to the first batch that waits for one, `waiting` others wait behind it.
    /// Returns why a new try is needed, if one is.
    fn on_answer(
        &mut self,
        leader: &Leader,
        answer: Result<ProduceResponse, ClientError>,
        waiting: usize,
    ) -> Result<Option<ClientError>, ClientError> {
        let index = self.window.len().saturating_sub(waiting + 1);
        let Some(mine) = self.mine(leader, answer?) else {
            leader.connection.fail(Lost::Unasked);
            return Err(leader.connection.lost(Lost::Unasked));
        };
        let error = BrokerError::of(mine.error_code, mine.error_message.as_deref());
        let base_offset = if mine.base_offset < 0 { Offset::NONE } else { Offset(mine.base_offset) };
        let kept = self.apply(index, Answer { code: mine.error_code, base_offset }, error.clone());
        let what = || format!("partition {} of topic '{}'", self.partition, self.topic);
        Ok(error.filter(|_| kept).map(|error| ClientError::refused(what(), error)))
    }

    fn mine(&self, leader: &Leader, answer: ProduceResponse) -> Option<PartitionProduceResponse> {
        let is_mine =
            |name: &str, id| if name.is_empty() { id == leader.topic_id } else { name == self.topic };
        let topic = answer.responses.into_iter().find(|topic| is_mine(&topic.name, topic.topic_id))?;
        topic.partition_responses.into_iter().find(|partition| partition.index == self.partition)
    }

    /// Carries out the window's verdict; says whether the batch is kept.
    fn apply(&mut self, index: usize, answer: Answer, error: Option<BrokerError>) -> bool {
        match self.window.on_answer(index, answer) {
            Some(Verdict::Acked(submission, offset)) => {
                self.pause = self.context.cluster.options().backoff_min;
                let _gone = submission.reply.send(Outcome::Acked(offset));
            }
            Some(Verdict::Refused(submission)) => {
                let error = error.unwrap_or(BrokerError { code: answer.code, message: None });
                let _gone = submission.reply.send(Outcome::Refused(Refusal::Broker(error)));
            }
            Some(Verdict::Fresh(submission)) => self.returned.push(submission),
            Some(Verdict::Unknown(submission)) => {
                let _gone = submission.reply.send(Outcome::Unknown);
            }
            Some(Verdict::Kept) => return true,
            None => {}
        }
        false
    }
}

fn not_sent(error: &ClientError) -> Outcome {
    Outcome::Refused(Refusal::NotSent(error.clone()))
}

/// Waits for the answer to the first request of the line; for ever if there is none.
async fn next_answer(line: &mut VecDeque<Pending<ProduceRequest>>) -> Result<ProduceResponse, ClientError> {
    match line.front_mut() {
        Some(pending) => pending.answer().await,
        None => std::future::pending().await,
    }
}
