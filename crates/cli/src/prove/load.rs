//! The load: each producer writes to every partition, as fast as it is answered.

use super::check::Fate;
use super::ledger::Ledger;
use super::seeded::Seeded;
use super::value::{Lane, key, value};
use bytes::Bytes;
use client::{ClientOptions, Cluster, NewRecord, Outcome, Producer, ProducerOptions};
use env::{Clock, net::Net};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use types::Offset;

/// Most batches of a lane that have no outcome: more than a producer sends at once, so that some wait.
const OUTSTANDING_MAX: usize = 8;
/// Most records of one batch.
const RECORDS_MAX: u64 = 12;
/// How long a place among the outstanding stays taken by a batch that was refused.
const PAUSE_REFUSED: Duration = Duration::from_millis(50);
/// How long a batch may take; longer than any restart.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(90);

/// What the lanes share.
#[derive(Clone)]
pub(super) struct Load {
    pub(super) seed: u64,
    pub(super) topic: String,
    /// Whether records have keys.
    pub(super) keys: bool,
    pub(super) ledger: Ledger,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stop: watch::Receiver<bool>,
}

impl Load {
    /// Starts one producer; the set's tasks end after `stop`, when every batch has its outcome.
    pub(super) fn start(&self, address: &str, producer: u32, partitions: u32, tasks: &mut JoinSet<()>) {
        let options = client_options(format!("prove-{producer}"));
        let cluster = Cluster::new(Net::Real, &[address.to_owned()], options);
        let options = ProducerOptions { delivery_timeout: DELIVERY_TIMEOUT, ..ProducerOptions::default() };
        let shared = Arc::new(Producer::new(cluster, options));
        for partition in 0..partitions {
            tasks.spawn(self.clone().lane(shared.clone(), Lane { producer, partition }));
        }
    }

    async fn lane(self, producer: Arc<Producer>, lane: Lane) {
        let stream = u64::from(lane.producer) << 32 | u64::from(lane.partition);
        let mut sizes = Seeded::new(self.seed ^ 0x51_2e, stream);
        let mut waiting: JoinSet<()> = JoinSet::new();
        let mut next = 0u64;
        while !*self.stop.borrow() {
            if waiting.len() >= OUTSTANDING_MAX {
                waiting.join_next().await;
                continue;
            }
            let count = sizes.between(1, RECORDS_MAX);
            let records = (next..next + count).map(|number| self.record(lane, number)).collect();
            let index = self.ledger.on_sent(lane, next, u32::try_from(count).unwrap_or(0));
            next += count;
            let partition = i32::try_from(lane.partition).unwrap_or(0);
            let Ok(delivery) = producer.submit(&self.topic, partition, records).await else { break };
            let (ledger, clock) = (self.ledger.clone(), self.clock.clone());
            waiting.spawn(async move {
                let outcome = delivery.await;
                let (fate, reason) = told(outcome);
                ledger.on_outcome(index, fate, &reason, clock.now().mono);
                if fate == Fate::Refused {
                    tokio::time::sleep(PAUSE_REFUSED).await;
                }
            });
        }
        while waiting.join_next().await.is_some() {}
    }

    fn record(&self, lane: Lane, number: u64) -> NewRecord {
        let value = Bytes::from(value(self.seed, lane, number));
        let key = self.keys.then(|| Bytes::from(key(lane, number)));
        NewRecord { timestamp: self.clock.now().wall, key, value: Some(value), headers: Vec::new() }
    }
}

/// Waits over any restart, and looks often.
pub(super) fn client_options(client_id: String) -> ClientOptions {
    ClientOptions {
        client_id,
        call_timeout: DELIVERY_TIMEOUT,
        request_timeout: Duration::from_secs(20),
        backoff_max: Duration::from_millis(100),
        ..ClientOptions::default()
    }
}

fn told(outcome: Outcome) -> (Fate, String) {
    match outcome {
        Outcome::Acked(base) => (Fate::Acked((base != Offset::NONE).then_some(base.0)), String::new()),
        Outcome::Refused(why) => (Fate::Refused, why.to_string()),
        Outcome::Unknown => (Fate::Unknown, String::new()),
    }
}
