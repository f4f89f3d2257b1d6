//! What coordinators of transactions need done outside of their shard: their log read, room made for their records, marks
//! written.
//!
//! As for groups ([`crate::groups`]), each is a task of the shard's thread, which sends the shard a message when it is done.
//! Tests: tests/wire/transactions.rs, tests/storage/transactions.rs.

use crate::context::Context;
use crate::groups::{self, Found};
use crate::markers;
use crate::shard::message::ShardMessage;
use crate::shard::transactions::{TxnsDone, TxnsOutcome};
use crate::shard::txns::Marker;
use bytes::Bytes;
use config::Durability;
use coordinator::txn::{Mark, Marked, TxnRecord, TxnTopic};
use partition::{EndTxn, TransactionVersion};
use std::sync::Arc;
use tokio::sync::mpsc;
use types::{ErrorCode, LogKey, OffsetRange, PartitionId, TopicId};
use wire::record::{BatchHeader, ControlKind, Record};

/// A job of one coordinator of transactions.
pub(crate) struct TxnJob {
    /// Of which partition.
    pub(crate) key: LogKey,
    /// Of which of its coordinators on this shard; the answer says so as well.
    pub(crate) serial: u64,
    /// What.
    pub(crate) task: TxnTask,
}

/// What a coordinator needs done.
pub(crate) enum TxnTask {
    /// Read its log from one offset to another, and say what the records are.
    Load(OffsetRange),
    /// Take room in memory and in the write-ahead log for a batch.
    Room {
        /// The batch.
        batch: Bytes,
        /// More follows at once; the answer says so as well.
        is_followed: bool,
    },
    /// Write marks.
    Mark(Mark),
}

/// The way to whoever does them.
pub(crate) type TxnJobSender = mpsc::UnboundedSender<TxnJob>;

/// Does jobs until no shard sends any.
pub(crate) async fn work(mut inbox: mpsc::UnboundedReceiver<TxnJob>, context: Arc<Context>) {
    while let Some(TxnJob { key, serial, task }) = inbox.recv().await {
        let context = context.clone();
        tokio::task::spawn_local(async move {
            let tell = |what| {
                let done = TxnsDone { key, serial, what };
                context.router.send_to_owner(&key, ShardMessage::TxnsDone(done));
            };
            match task {
                TxnTask::Load(range) => {
                    let tell_records = |records| tell(TxnsOutcome::Records(records));
                    let is_loaded = groups::load(&context, key, range, decode, &tell_records).await;
                    tell(if is_loaded { TxnsOutcome::Loaded } else { TxnsOutcome::NotLoaded });
                }
                TxnTask::Room { batch, is_followed } => {
                    let room = groups::room(&context, batch, None).await;
                    tell(TxnsOutcome::Room { room, is_followed });
                }
                TxnTask::Mark(mark) => {
                    let ends = write(&context, &mark).await;
                    tell(TxnsOutcome::Marked { id: mark.id, number: mark.number, ends });
                }
            }
        });
    }
}

fn decode(header: &BatchHeader, record: Record) -> Found<TxnRecord> {
    // Nobody's transaction is recorded here in a transaction.
    if header.is_control() { Ok(None) } else { TxnRecord::decode(record.key, record.value) }
}

/// Writes the marks of one transaction; says what became of each.
async fn write(context: &Context, mark: &Mark) -> Vec<(TxnTopic, i32, Marked)> {
    let published = context.published();
    let topics = published.image.topics();
    let id_of = |topic: &TxnTopic| match topic.id.0.is_zero() {
        true => topics.id_of(&topic.name),
        false => Some(topic.id),
    };
    let end = EndTxn {
        producer_id: mark.producer.id,
        producer_epoch: mark.producer.epoch,
        kind: if mark.commit { ControlKind::Commit } else { ControlKind::Abort },
        coordinator_epoch: mark.coordinator.0,
        transaction_version: TransactionVersion(mark.protocol.level()),
    };
    // The image is at least as new as the one that the coordinator was loaded under: what it does not have is gone (X11).
    let key = |id: TopicId, partition: i32| {
        let key = LogKey { topic_id: id, partition: PartitionId(partition) };
        topics.by_id(id).and_then(|topic| topic.partition(key.partition)).map(|_| key)
    };
    // Its files are no part of the write-ahead log: they may keep a mark whose PREPARE is lost.
    let is_later =
        |key: &LogKey| !mark.is_stored && published.config(key.topic_id).durability == Durability::PageCache;
    let (mut ends, mut asked, mut markers) = (Vec::new(), Vec::new(), Vec::new());
    for (topic, partitions) in &mark.partitions {
        for partition in partitions {
            match id_of(topic).and_then(|id| key(id, *partition)) {
                Some(key) if is_later(&key) => ends.push((topic.clone(), *partition, Marked::Later)),
                Some(key) => {
                    asked.push((topic.clone(), *partition));
                    markers.push(Marker { key, end, of_client: false });
                }
                None => ends.push((topic.clone(), *partition, Marked::Gone)),
            }
        }
    }
    let codes = markers::write(context, &markers).await;
    ends.extend(
        asked.into_iter().zip(codes).map(|((topic, partition), code)| (topic, partition, marked(code))),
    );
    ends
}

fn marked(code: ErrorCode) -> Marked {
    match code {
        ErrorCode::None => Marked::Written,
        ErrorCode::TransactionCoordinatorFenced => Marked::Fenced,
        // A topic that has just gone is found to be gone the next time.
        _ => Marked::Again,
    }
}
