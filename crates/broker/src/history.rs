//! The history of offsets: its topic, and what becomes of notes.
//!
//! `__highwater_offset_history` is made on the first commit, beside `__consumer_offsets`: as many partitions, the same shards
//! (`metadata::controller`, `shard::router`), so that a commit and its note are of one group of the write-ahead log. It is an
//! internal topic that is deleted by time and size. Whatever is wrong with it, commits go on: what was not noted is counted.
//! The records: `coordinator::Note`. Tests: tests/wire/history.rs, tests/storage/full_disk.rs.

use crate::api::create_topic_now;
use crate::context::Context;
use crate::probe::Counter;
use bytes::Bytes;
use coordinator::{GroupRecord, Note};
use metadata::controller::CreateTopic;
use metadata::image::{CONSUMER_OFFSETS, OFFSET_HISTORY};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use types::{Monotonic, Now};
use wire::record::{Batch, BatchBuilder, Codec};

/// A first commit waits so long for the topic, then goes on without.
const CREATE_WAIT: Duration = Duration::from_secs(2);
/// Pause between two attempts to make it.
const CREATE_PAUSE: Duration = Duration::from_secs(10);

/// The notes of one batch of a coordinator.
#[derive(Debug)]
pub(crate) struct Notes {
    /// The batch of them.
    pub(crate) batch: Batch,
    /// How many there are.
    pub(crate) count: u64,
}

impl Notes {
    /// Returns their size. *Units*: bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.batch.size() as u64
    }

    /// Makes a batch of notes; nothing if there are none, or one that cannot be written, or if they are larger than a batch may be.
    pub(crate) fn new(records: &[GroupRecord], notes: &[Note], now: Now, max: u64) -> Option<Notes> {
        let mut bytes = 0;
        let mut batch = BatchBuilder::new(Codec::None);
        for note in notes {
            let (key, value) = note.encode(records).ok()??;
            bytes += (key.len() + value.len()) as u64;
            if bytes > max {
                return None;
            }
            batch.push(now.wall, Some(&key), Some(&value), &[]);
        }
        let bytes: Bytes = if notes.is_empty() { return None } else { batch.build().ok()? };
        let batch = Batch::from_wire(&bytes).ok().filter(|batch| batch.size() as u64 <= max)?;
        Some(Notes { batch, count: notes.len() as u64 })
    }
}

/// What became of notes.
#[derive(Default, Debug)]
pub(crate) struct HistoryProbes {
    noted: Counter,
    missed: Counter,
    /// When the topic may be made again, if it could not be made. *Units*: ns of the monotonic clock.
    next_try: AtomicU64,
}

impl HistoryProbes {
    /// Counts notes that are appended.
    pub(crate) fn noted(&self, count: u64) {
        self.noted.add(count);
    }

    /// Counts notes that could not be.
    pub(crate) fn missed(&self, count: u64) {
        self.missed.add(count);
    }

    /// Returns the value of a metric.
    pub(crate) fn value(&self, name: &str) -> Option<u64> {
        match name {
            "highwater_offset_history_notes_total" => Some(self.noted.get()),
            "highwater_offset_history_missed_total" => Some(self.missed.get()),
            _ => None,
        }
    }

    /// Says whether it is this caller's turn to make the topic.
    fn may_try(&self, now: Monotonic) -> bool {
        let (due, next) = (self.next_try.load(Ordering::Relaxed), now.plus(CREATE_PAUSE).0);
        now.0 >= due
            && self.next_try.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// Says whether the topic of the history is there, or none is wanted.
pub(crate) fn is_there(context: &Context) -> bool {
    let is_made = || context.published().image.topics().id_of(OFFSET_HISTORY).is_some();
    !context.config.groups.history.enabled || is_made()
}

/// Makes the topic, if there is none. Commits that come meanwhile do not wait.
pub(crate) async fn make_topic(context: &Context) {
    if is_there(context) {
        return;
    }
    let (published, groups) = (context.published(), &context.config.groups);
    let topics = published.image.topics();
    let Some(offsets) = topics.by_name(CONSUMER_OFFSETS) else { return };
    if !context.probes.history.may_try(context.env.clock.now().mono) {
        return;
    }
    let partitions = i32::try_from(offsets.partitions().count()).unwrap_or(i32::MAX);
    let replicas = published.image.brokers().active().count().min(groups.offsets_replication_factor as usize);
    let topic = CreateTopic {
        name: OFFSET_HISTORY.to_owned(),
        partitions,
        replication_factor: i16::try_from(replicas.max(1)).unwrap_or(i16::MAX),
        assignments: Vec::new(),
        configs: groups.history.topic_settings(),
    };
    let made = tokio::time::timeout(CREATE_WAIT, create_topic_now(context, topic, CREATE_WAIT)).await;
    if made.is_err() {
        tracing::warn!(topic = OFFSET_HISTORY, "commits go on without their history: its topic is not there");
    }
}
