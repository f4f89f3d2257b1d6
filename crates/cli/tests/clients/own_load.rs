//! Load by our own client on a thread of its own, with a ledger of what was sent and answered.
//!
//! Each partition has one lane that numbers its records from 0 and always keeps several batches without an answer; the producer
//! sends them again until they are answered, across any restart. So at the end each partition must read as all numbers in order.

use bytes::Bytes;
use client::{ClientOptions, Cluster, Consumer, ConsumerOptions, NewRecord, NewTopic, OffsetAt, Outcome};
use client::{Producer, ProducerOptions, StartAt};
use env::net::Net;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use types::{Offset, WallTime};

const PARTITIONS: i32 = 4;
/// Most batches of a lane that have no outcome: more than are sent at once, so that some wait.
const OUTSTANDING_MAX: usize = 8;
/// Longer than any restart.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(90);
/// An acknowledgement that does not come within this time will not come.
const PATIENCE: Duration = Duration::from_secs(100);

/// A batch: its partition and the number of its first record.
pub(crate) type BatchKey = (i32, u64);

/// What was sent and answered.
#[derive(Debug, Default)]
struct Entries {
    sent: BTreeMap<i32, u64>,
    outstanding: BTreeSet<BatchKey>,
    /// Batches in the order of their acknowledgements, with the offset that was told.
    acknowledged: Vec<(BatchKey, Offset)>,
    given_up: Vec<String>,
    stop: bool,
}

/// The entries, and a bell for every change.
#[derive(Debug, Default)]
struct Ledger {
    entries: Mutex<Entries>,
    changed: Condvar,
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap()
    }

    /// Waits until the entries are as wanted.
    fn wait(&self, what: &str, wanted: impl Fn(&Entries) -> bool) {
        let open = |entries: &mut Entries| !wanted(entries) && entries.given_up.is_empty();
        let (entries, late) = self.changed.wait_timeout_while(self.lock(), PATIENCE, open).unwrap();
        assert!(entries.given_up.is_empty(), "given up: {:?}", entries.given_up);
        assert!(!late.timed_out(), "{what} does not happen; {} acknowledged", entries.acknowledged.len());
    }

    fn on_outcome(&self, key: BatchKey, outcome: Outcome) {
        let mut entries = self.lock();
        entries.outstanding.remove(&key);
        match outcome {
            Outcome::Acked(offset) => entries.acknowledged.push((key, offset)),
            other => entries.given_up.push(format!("{key:?}: {other:?}")),
        }
        self.changed.notify_all();
    }
}

/// A running load on a topic of its own.
pub(crate) struct OwnLoad {
    address: String,
    topic: String,
    ledger: Arc<Ledger>,
    thread: Option<JoinHandle<()>>,
}

impl OwnLoad {
    /// Creates the topic and starts.
    pub(crate) fn start(address: &str, topic: &str) -> OwnLoad {
        let ledger = Arc::new(Ledger::default());
        let (lanes, to, name) = (ledger.clone(), address.to_owned(), topic.to_owned());
        let run = move || runtime().block_on(run(&to, &name, lanes));
        let thread = std::thread::Builder::new().spawn(run).unwrap();
        OwnLoad { address: address.to_owned(), topic: topic.to_owned(), ledger, thread: Some(thread) }
    }

    /// Waits for so many more acknowledged batches.
    pub(crate) fn until_acknowledged(&self, more: usize) {
        let due = self.ledger.lock().acknowledged.len() + more;
        self.ledger.wait("an acknowledgement", |entries| entries.acknowledged.len() >= due);
    }

    /// Returns the batches that have no answer yet.
    pub(crate) fn outstanding(&self) -> BTreeSet<BatchKey> {
        self.ledger.lock().outstanding.clone()
    }

    /// Waits until each of these batches has its answer.
    pub(crate) fn until_answered(&self, batches: &BTreeSet<BatchKey>) {
        self.ledger.wait("the answer to a resend", |entries| entries.outstanding.is_disjoint(batches));
    }

    /// Stops sending and waits for every answer.
    pub(crate) fn finish(&mut self) {
        self.ledger.lock().stop = true;
        self.ledger.changed.notify_all();
        self.thread.take().unwrap().join().unwrap();
        let entries = self.ledger.lock();
        assert!(entries.given_up.is_empty(), "given up: {:?}", entries.given_up);
        assert!(entries.outstanding.is_empty(), "never answered: {:?}", entries.outstanding);
    }

    /// Reads everything back after `finish`: each record once, in order, unchanged, at the offset that was told.
    pub(crate) fn judge(&self) -> Result<usize, String> {
        let found = runtime().block_on(read_back(&self.address, &self.topic));
        let entries = self.ledger.lock();
        for (partition, sent) in &entries.sent {
            judge_partition(*partition, *sent, &found[partition])?;
        }
        for ((partition, first), offset) in &entries.acknowledged {
            // Each partition holds its numbers from 0 on, so a number is its offset.
            if *offset != Offset::NONE && u64::try_from(offset.0) != Ok(*first) {
                return Err(format!("{partition}:{first} was told to be at {offset}"));
            }
        }
        Ok(entries.acknowledged.len())
    }
}

impl Drop for OwnLoad {
    fn drop(&mut self) {
        if let Ok(mut entries) = self.ledger.entries.lock() {
            entries.stop = true;
        }
    }
}

/// A partition must hold each number that was sent once and in order.
fn judge_partition(partition: i32, sent: u64, found: &[Bytes]) -> Result<(), String> {
    for (number, value) in (0..).zip(found) {
        if number >= sent || *value != value_of(partition, number) {
            return Err(format!(
                "partition {partition}: where {number} of {sent} is due, there is {value:?}"
            ));
        }
    }
    let lost = u64::try_from(found.len()).ok().filter(|count| *count < sent);
    lost.map_or(Ok(()), |count| Err(format!("partition {partition}: {count} of {sent} are there")))
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn cluster(address: &str) -> Cluster {
    let options = ClientOptions {
        call_timeout: DELIVERY_TIMEOUT,
        request_timeout: Duration::from_secs(20),
        backoff_max: Duration::from_millis(100),
        ..ClientOptions::default()
    };
    Cluster::new(Net::Real, &[address.to_owned()], options)
}

async fn run(address: &str, topic: &str, ledger: Arc<Ledger>) {
    let cluster = cluster(address);
    let name = topic.to_owned();
    let new = NewTopic { name, partitions: Some(PARTITIONS), ..NewTopic::default() };
    cluster.create_topic(&new).await.unwrap();
    let options = ProducerOptions { delivery_timeout: DELIVERY_TIMEOUT, ..ProducerOptions::default() };
    let producer = Arc::new(Producer::new(cluster, options));
    let mut lanes = JoinSet::new();
    for partition in 0..PARTITIONS {
        lanes.spawn(lane(producer.clone(), topic.to_owned(), partition, ledger.clone()));
    }
    lanes.join_all().await;
}

async fn lane(producer: Arc<Producer>, topic: String, partition: i32, ledger: Arc<Ledger>) {
    let (mut waiting, mut next) = (JoinSet::new(), 0);
    loop {
        if waiting.len() >= OUTSTANDING_MAX {
            waiting.join_next().await;
        }
        let (key, count) = ((partition, next), 1 + next % 3);
        {
            let mut entries = ledger.lock();
            if entries.stop {
                break;
            }
            entries.outstanding.insert(key);
            entries.sent.insert(partition, next + count);
        }
        let records = (next..next + count).map(|number| record(partition, number)).collect();
        let delivery = producer.submit(&topic, partition, records).await.unwrap();
        next += count;
        let ledger = ledger.clone();
        waiting.spawn(async move { ledger.on_outcome(key, delivery.await) });
    }
    while waiting.join_next().await.is_some() {}
}

fn record(partition: i32, number: u64) -> NewRecord {
    let value = Some(value_of(partition, number));
    NewRecord { timestamp: WallTime(1_700_000_000_000), key: None, value, headers: Vec::new() }
}

/// The value of a number: what is read is compared with it byte for byte.
fn value_of(partition: i32, number: u64) -> Bytes {
    let mut text = format!("{partition}:{number}:");
    let (mut draw, letters) = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15), number * 31 % 200);
    for _ in 0..letters {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(char::from(b'a' + u8::try_from((draw >> 33) % 26).unwrap()));
    }
    Bytes::from(text)
}

/// Returns the values of each partition, in the order of their offsets, which must rise by one.
async fn read_back(address: &str, topic: &str) -> BTreeMap<i32, Vec<Bytes>> {
    let cluster = cluster(address);
    let mut found = BTreeMap::new();
    for end in cluster.offsets(topic, OffsetAt::Latest).await.unwrap() {
        let (partition, end) = (end.partition, end.offset.unwrap());
        let mut consumer = Consumer::new(cluster.clone(), ConsumerOptions::default());
        consumer.assign(topic, partition, StartAt::Beginning).await.unwrap();
        let mut values: Vec<Bytes> = Vec::new();
        while consumer.position(topic, partition).unwrap() < end {
            for consumed in consumer.poll().await.unwrap() {
                assert_eq!(usize::try_from(consumed.record.offset.0).unwrap(), values.len());
                values.push(consumed.record.value.unwrap());
            }
        }
        found.insert(partition, values);
    }
    found
}

/// Protects: a lost, doubled, reordered or foreign record of a partition is caught.
#[test]
fn own_load_catches_anomalies() {
    let read = |numbers: &[u64]| numbers.iter().map(|n| value_of(0, *n)).collect::<Vec<_>>();
    assert_eq!(judge_partition(0, 3, &read(&[0, 1, 2])), Ok(()));
    for wrong in [&[0, 2][..], &[0, 1, 1, 2], &[0, 2, 1], &[0, 1, 2, 3], &[]] {
        assert!(judge_partition(0, 3, &read(wrong)).is_err(), "{wrong:?}");
    }
}
