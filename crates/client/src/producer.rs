//! Writing: batches in, one outcome per batch out.
//!
//! Each partition has a worker of its own (`worker`) with a window of at most five batches that wait for
//! an answer (`window`). An idempotent producer sends the very same bytes again, with the same sequence
//! numbers and in the same order, until it has an answer, across lost connections and broker restarts:
//! the broker drops what it has already. Without idempotence nothing is sent twice: what got no answer is
//! reported as unknown. Source: KIP-98, KIP-360. Tests: `producer/tests.rs`, `tests/client/producer.rs`.

mod identity;
mod outcome;
mod window;
mod worker;

#[cfg(test)]
mod tests;

pub use outcome::{Delivery, Outcome, Refusal};

use crate::cluster::Cluster;
use crate::error::ClientError;
use bytes::Bytes;
use identity::Identities;
pub(crate) use identity::Identity;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use types::WallTime;
use wire::record::Codec;

/// When a broker answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acks {
    /// Never.
    None,
    /// When the leader has stored the batch.
    Leader,
    /// When every in-sync replica has stored the batch.
    All,
}

impl Acks {
    pub(crate) fn on_wire(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

/// How a producer behaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProducerOptions {
    /// When the broker answers; idempotence needs `All`.
    pub acks: Acks,
    /// Whether a batch is stored once however often it is sent.
    pub idempotent: bool,
    /// Most batches of one partition that wait for an answer: 1 to 5.
    pub in_flight: usize,
    /// Most batches of one partition that wait to be sent; `submit` waits beyond that.
    pub queue: usize,
    /// Codec of the batches.
    pub codec: Codec,
    /// How long a batch may take from `submit` to its outcome.
    pub delivery_timeout: Duration,
}

impl Default for ProducerOptions {
    fn default() -> ProducerOptions {
        ProducerOptions {
            acks: Acks::All,
            idempotent: true,
            in_flight: 5,
            queue: 16,
            codec: Codec::None,
            delivery_timeout: Duration::from_secs(120),
        }
    }
}

/// A record to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewRecord {
    /// Its time.
    pub timestamp: WallTime,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value; none is a tombstone.
    pub value: Option<Bytes>,
    /// Its headers, in order.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}

/// One batch on its way to a worker.
struct Submission {
    records: Vec<NewRecord>,
    deadline: Instant,
    reply: oneshot::Sender<Outcome>,
}

/// Writes batches to partitions.
#[derive(Debug)]
pub struct Producer {
    context: Arc<Context>,
    workers: Mutex<BTreeMap<(String, i32), Worker>>,
}

/// What the workers of one producer share.
#[derive(Debug)]
struct Context {
    cluster: Cluster,
    options: ProducerOptions,
    identities: Identities,
    /// The transactional id under which batches are sent, if they are part of a transaction.
    transactional_id: Option<String>,
}

#[derive(Debug)]
struct Worker {
    queue: mpsc::Sender<Submission>,
    task: JoinHandle<()>,
}

impl Producer {
    /// Makes a producer. It asks for its producer id when the first batch is sent.
    pub fn new(cluster: Cluster, options: ProducerOptions) -> Producer {
        let identities = Identities::default();
        let context = Context { cluster, options, identities, transactional_id: None };
        Producer { context: Arc::new(context), workers: Mutex::default() }
    }

    /// Makes a producer for one transaction; its identity is good for no other.
    pub(crate) fn of_transaction(
        cluster: Cluster,
        options: &ProducerOptions,
        transactional_id: String,
        identity: Identity,
    ) -> Producer {
        let options = ProducerOptions { acks: Acks::All, idempotent: true, ..options.clone() };
        let identities = Identities::of_transaction(identity);
        let context = Context { cluster, options, identities, transactional_id: Some(transactional_id) };
        Producer { context: Arc::new(context), workers: Mutex::default() }
    }

    /// Takes one batch for a partition. Batches of a partition are stored in the order of these calls.
    /// Waits while the partition's queue is full.
    ///
    /// # Errors
    /// `Closed` when the worker is gone.
    pub async fn submit(
        &self,
        topic: &str,
        partition: i32,
        records: Vec<NewRecord>,
    ) -> Result<Delivery, ClientError> {
        let queue = self.queue(topic, partition);
        let (reply, outcome) = oneshot::channel();
        let deadline = Instant::now() + self.context.options.delivery_timeout;
        queue.send(Submission { records, deadline, reply }).await.map_err(|_| ClientError::Closed)?;
        Ok(Delivery::new(outcome))
    }

    /// Returns the queue of a partition's worker, started when it is first needed.
    fn queue(&self, topic: &str, partition: i32) -> mpsc::Sender<Submission> {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (topic.to_owned(), partition);
        let start = |key: &(String, i32)| {
            let (queue, submissions) = mpsc::channel(self.context.options.queue.max(1));
            let worker = worker::Worker::new(self.context.clone(), key.clone(), submissions);
            Worker { queue, task: tokio::spawn(worker.run()) }
        };
        workers.entry(key.clone()).or_insert_with(|| start(&key)).queue.clone()
    }

    /// Waits until every batch has its outcome, and ends the workers.
    pub async fn close(self) {
        let workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        let tasks: Vec<JoinHandle<()>> = workers.into_values().map(|worker| worker.task).collect();
        for task in tasks {
            let _ended = task.await;
        }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        let workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        workers.values().for_each(|worker| worker.task.abort());
    }
}
