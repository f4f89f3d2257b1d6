//! What the broker counts. Names and meanings are in `inventory.rs`, from which docs/book/metrics.md comes; `text.rs`
//! writes what /metrics answers.
//!
//! Counting takes no lock and looks up no label: an API is found by its number, a topic by its id in the image that the
//! request uses anyway. Nothing that a client sends becomes a label (A39), but the names of topics and
//! groups that exist, up to a cap. Tests: in the parts, tests/storage/metrics.rs.

mod cleaner;
mod groups;
mod invalid;
pub mod inventory;
mod listeners;
mod skipped;
mod text;
mod times;
mod topics;
mod txns;

pub(crate) use invalid::Invalid;
pub(crate) use listeners::{ListenerProbes, Open};
pub(crate) use text::Scrape;
pub(crate) use times::Counts;
pub(crate) use topics::{Amount, TopicLabels, TopicProbes};

use invalid::InvalidProbes;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use times::Distribution;
use types::ErrorCode;
use wire::{ApiInfo, Message};

/// Kafka's codes are -1 to 133.
const CODES: usize = 135;

/// A number that only rises.
#[derive(Default, Debug)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Counts one.
    pub(crate) fn inc(&self) {
        self.add(1);
    }

    /// Counts several.
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// Returns the sum.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that rises and falls.
#[derive(Default, Debug)]
pub(crate) struct Gauge(AtomicU64);

impl Gauge {
    /// Counts one more.
    pub(crate) fn inc(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one less.
    pub(crate) fn dec(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns the number.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A counter for each of Kafka's codes.
#[derive(Debug)]
pub(crate) struct CodeCounters([Counter; CODES]);

impl CodeCounters {
    fn new() -> CodeCounters {
        CodeCounters(std::array::from_fn(|_| Counter::default()))
    }

    /// Counts a code; no other number comes from this broker.
    pub(crate) fn add(&self, code: i16, count: u64) {
        let counter = usize::try_from(i32::from(code) + 1).ok().and_then(|at| self.0.get(at));
        if let Some(counter) = counter {
            counter.add(count);
        }
    }

    /// Lists the codes that were counted.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (ErrorCode, u64)> {
        let counted = (-1..).zip(&self.0).map(|(code, counter)| (code, counter.get()));
        counted
            .filter(|(_, count)| *count > 0)
            .filter_map(|(code, count)| Some((ErrorCode::from_code(code)?, count)))
    }
}

/// What is counted per API.
#[derive(Debug)]
pub(crate) struct ApiProbes {
    info: &'static ApiInfo,
    /// By version, from the oldest.
    versions: Vec<Counter>,
    errors: CodeCounters,
    /// *Units*: us.
    total_time: Distribution,
    /// *Units*: bytes.
    sizes: Distribution,
}

impl ApiProbes {
    fn new(info: &'static ApiInfo) -> ApiProbes {
        ApiProbes {
            info,
            versions: (info.min..=info.max).map(|_| Counter::default()).collect(),
            errors: CodeCounters::new(),
            total_time: Distribution::new(),
            sizes: Distribution::new(),
        }
    }

    /// Counts a request that was accepted.
    pub(crate) fn accepted(&self, version: i16, bytes: usize) {
        let version = usize::try_from(i32::from(version) - i32::from(self.info.min)).ok();
        if let Some(counter) = version.and_then(|at| self.versions.get(at)) {
            counter.inc();
        }
        self.sizes.observe(bytes as u64);
    }

    /// Counts how long a request took to be answered.
    pub(crate) fn answered(&self, took: Duration) {
        self.total_time.observe(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Counts the codes of a response.
    pub(crate) fn responded<R: Message>(&self, response: &R) {
        let (mut last, mut count) = (0, 0);
        // Most are the same: one addition for all of them.
        response.errors(&mut |code| {
            if code != last {
                self.errors.add(last, std::mem::take(&mut count));
                last = code;
            }
            count += 1;
        });
        self.errors.add(last, count);
    }
}

/// The counters of one broker.
#[derive(Debug)]
pub(crate) struct Probes {
    /// By key; nothing for one that is not known.
    apis: Vec<Option<ApiProbes>>,
    /// All topics together, those that do not exist too.
    topics: TopicProbes,
    /// Batches by how they ended; `NONE` is an acknowledgement.
    batches: CodeCounters,
    /// Record bytes accepted from producers.
    pub(crate) produce_bytes: Counter,
    /// Record bytes sent to consumers.
    pub(crate) fetch_bytes: Counter,
    /// Connections by listener.
    listeners: Vec<Arc<ListenerProbes>>,
    /// Batches by what is wrong with them.
    invalid: InvalidProbes,
    /// Connections closed for being idle.
    pub(crate) connections_expired: Counter,
    /// Connections refused by a cap, or closed for what they sent.
    pub(crate) connections_refused: Counter,
    /// Partitions offline because of damage or a failed directory.
    pub(crate) offline_partitions: Gauge,
    /// Checkpoints completed.
    pub(crate) checkpoints: Counter,
    /// Compaction.
    pub(crate) cleaner: cleaner::CleanerProbes,
    /// The history of offsets.
    pub(crate) history: crate::history::HistoryProbes,
    /// Groups.
    pub(crate) groups: groups::GroupProbes,
    /// Transactions.
    pub(crate) txns: txns::TxnProbes,
    /// Transactions that no coordinator runs, as found after the start.
    pub(crate) orphans: crate::orphans::Orphans,
    /// What groups can never read.
    pub(crate) skipped: skipped::SkippedProbes,
}

impl Probes {
    /// Makes all counters of a broker with these listeners.
    pub(crate) fn new<'a>(listeners: impl IntoIterator<Item = &'a str>) -> Probes {
        let keys = wire::APIS.iter().map(|info| info.key + 1).max().unwrap_or(0);
        let info = |key| wire::APIS.iter().find(|info| info.key == key);
        Probes {
            apis: (0..keys).map(|key| info(key).map(ApiProbes::new)).collect(),
            topics: TopicProbes::default(),
            batches: CodeCounters::new(),
            produce_bytes: Counter::default(),
            fetch_bytes: Counter::default(),
            listeners: listeners.into_iter().map(|name| Arc::new(ListenerProbes::new(name))).collect(),
            invalid: InvalidProbes::default(),
            connections_expired: Counter::default(),
            connections_refused: Counter::default(),
            offline_partitions: Gauge::default(),
            checkpoints: Counter::default(),
            cleaner: cleaner::CleanerProbes::default(),
            history: crate::history::HistoryProbes::default(),
            groups: groups::GroupProbes::default(),
            txns: txns::TxnProbes::default(),
            orphans: crate::orphans::Orphans::default(),
            skipped: skipped::SkippedProbes::default(),
        }
    }

    /// Returns the counters of an API.
    pub(crate) fn api(&self, key: i16) -> Option<&ApiProbes> {
        usize::try_from(key).ok().and_then(|key| self.apis.get(key)).and_then(Option::as_ref)
    }

    /// Counts how a batch ended. The topic is that of the partition, if it exists.
    pub(crate) fn produced(&self, topic: Option<&TopicProbes>, code: ErrorCode, amount: Amount) {
        self.batches.add(code.code(), 1);
        self.topics.produced(code, amount);
        if let Some(topic) = topic {
            topic.produced(code, amount);
        }
    }

    /// Counts what is wrong with a batch.
    pub(crate) fn found_invalid(&self, invalid: Invalid) {
        self.invalid.count(invalid);
    }

    /// Returns the counters of a listener.
    pub(crate) fn listener(&self, name: &str) -> Option<&Arc<ListenerProbes>> {
        self.listeners.iter().find(|listener| listener.name() == name)
    }

    /// Counts how a read ended, with the bytes that it got.
    pub(crate) fn fetched(&self, topic: Option<&TopicProbes>, result: Result<u64, ErrorCode>) {
        self.fetch_bytes.add(result.unwrap_or(0));
        self.topics.fetched(result);
        if let Some(topic) = topic {
            topic.fetched(result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::fetch_response::{FetchResponse, FetchableTopicResponse, PartitionData};

    /// Protects: every code of a response is counted, in whatever order they come.
    #[test]
    fn codes_of_a_response_are_counted() {
        let probes = Probes::new([]);
        let codes = [0, 3, 3, 0, -1, 3];
        let data = |code| PartitionData { error_code: code, ..PartitionData::default() };
        let topic = FetchableTopicResponse {
            partitions: codes.into_iter().map(data).collect(),
            ..FetchableTopicResponse::default()
        };
        let api = probes.api(1).unwrap();
        api.responded(&FetchResponse { responses: vec![topic], ..FetchResponse::default() });
        let counted: Vec<(ErrorCode, u64)> = api.errors.counted().collect();
        let wanted = [
            (ErrorCode::UnknownServerError, 1),
            (ErrorCode::None, 3),
            (ErrorCode::UnknownTopicOrPartition, 3),
        ];
        assert_eq!(counted, wanted, "with the code of the whole response");
    }

    /// Protects: every code has a counter; a number or a version that no table has is not counted.
    #[test]
    fn every_code_has_a_counter() {
        let codes = CodeCounters::new();
        (i16::MIN..=i16::MAX).for_each(|code| codes.add(code, 1));
        let known = (-1..=i16::MAX).filter_map(ErrorCode::from_code).count();
        assert_eq!((codes.counted().count(), known), (CODES, CODES));
        let probes = Probes::new([]);
        assert!(probes.api(-1).is_none() && probes.api(i16::MAX).is_none());
        probes.api(0).unwrap().accepted(i16::MIN, 1);
    }
}
