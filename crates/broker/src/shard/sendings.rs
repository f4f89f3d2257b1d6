//! The marks that coordinators of transactions have sent and not heard of.
//!
//! The marks of one sending go to each shard as one message, unless they are more than 4,096. A shard answers when all of a
//! message are committed or refused; the coordinator hears of them when all shards have answered. Room for a message is taken as
//! for those of clients ([`crate::markers`]).
//! Tests: tests/wire/transactions.rs, tests/storage/transactions.rs.

use super::Shard;
use super::message::{AppendAnswer, AppendReply, ShardMessage};
use super::router::Router;
use super::transactions::{TxnsDone, TxnsOutcome};
use super::txns::{Marker, WriteMarkers};
use crate::markers;
use crate::publish::Published;
use crate::room::Room;
use crate::transactions::TxnTask;
use config::Durability;
use coordinator::txn::{Mark, Marked, TxnTopic};
use partition::{EndTxn, TransactionVersion};
use std::collections::BTreeMap;
use std::sync::Arc;
use types::{ErrorCode, LogKey, PartitionId, TopicId};
use wire::record::ControlKind;

/// What became of marks.
pub(crate) type MarkEnds = Vec<(TxnTopic, i32, Marked)>;

/// One sending.
pub(super) struct Sending {
    id: Arc<str>,
    /// What became of each so far.
    ends: MarkEnds,
    /// Messages that are not answered.
    missing: usize,
}

/// Marks of one sending that go to one shard.
pub(crate) struct SentMarks {
    /// The coordinator's partition.
    pub(crate) key: LogKey,
    /// Which of its coordinators.
    pub(crate) serial: u64,
    /// Which sending.
    number: u64,
    end: EndTxn,
    /// Where they go. *Invariant*: all of one shard, and at least one.
    places: Vec<(TxnTopic, LogKey)>,
}

impl SentMarks {
    /// Returns what they take. *Units*: bytes.
    pub(crate) fn bytes(&self) -> u64 {
        markers::bytes(self.places.len())
    }

    /// Tells the coordinator what became of them.
    pub(super) fn answered(self, answers: &[AppendAnswer], router: &Router) {
        let each = self.places.into_iter().zip(answers);
        let ends = each.map(|((topic, key), answer)| (topic, key.partition.0, marked(answer.code))).collect();
        let what = TxnsOutcome::Marked { number: self.number, ends };
        let done = TxnsDone { key: self.key, serial: self.serial, what };
        router.send_to_owner(&self.key, ShardMessage::TxnsDone(done));
    }
}

impl Shard {
    /// Sends the marks of a transaction.
    pub(super) fn send_marks(&mut self, key: LogKey, serial: u64, mark: Mark) {
        let Some(sendings) = self.transactions.sendings_of(key) else { return };
        let (mut ends, mut shards) = (Vec::new(), BTreeMap::<usize, Vec<_>>::new());
        for (topic, partition, place) in places(&mark, &self.published) {
            match place {
                Ok(key) => shards.entry(self.router.shard_of(&key)).or_default().push((topic.clone(), key)),
                Err(end) => ends.push((topic.clone(), partition, end)),
            }
        }
        let (number, end) = (mark.number, end_of(&mark));
        let sent = |places| Box::new(SentMarks { key, serial, number, end, places });
        let messages: Vec<Box<SentMarks>> = shards.into_values().flat_map(in_messages).map(sent).collect();
        let missing = messages.len().max(1);
        if messages.is_empty() {
            let what = TxnsOutcome::Marked { number, ends: Vec::new() };
            self.router.send(self.id, ShardMessage::TxnsDone(TxnsDone { key, serial, what }));
        }
        sendings.insert(number, Sending { id: mark.id, ends, missing });
        for sent in messages {
            match self.rooms.room_now(sent.bytes()) {
                Some(room) => self.hand_over_marks(sent, room),
                None => self.transactions.job(key, serial, TxnTask::Mark(sent)),
            }
        }
    }

    /// Sends marks for which there is room.
    pub(super) fn hand_over_marks(&self, sent: Box<SentMarks>, Room { claim, reservation }: Room) {
        let Some(shard) = sent.places.first().map(|(_, key)| self.router.shard_of(key)) else { return };
        let marker = |(_, key): &(TxnTopic, LogKey)| Marker { key: *key, end: sent.end, of_client: false };
        let markers = sent.places.iter().map(marker).collect();
        let (room, claim) = (Arc::new(reservation), Arc::new(claim));
        let message = WriteMarkers { markers, room, claim, reply: AppendReply::Coordinator(sent) };
        self.router.send(shard, ShardMessage::WriteMarkers(message));
    }
}

/// Cuts what goes to one shard into what goes at once.
fn in_messages<T>(mut places: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    std::iter::from_fn(move || {
        let later = places.split_off(places.len().min(markers::AT_ONCE));
        Some(std::mem::replace(&mut places, later)).filter(|some| !some.is_empty())
    })
}

/// Notes an answer; returns the sending once all have come.
pub(super) fn answered(
    sendings: &mut BTreeMap<u64, Sending>,
    number: u64,
    ends: MarkEnds,
) -> Option<(Arc<str>, MarkEnds)> {
    let sending = sendings.get_mut(&number)?;
    sending.ends.extend(ends);
    sending.missing = sending.missing.saturating_sub(1);
    if sending.missing > 0 {
        return None;
    }
    sendings.remove(&number).map(|sending| (sending.id, sending.ends))
}

/// Says for each partition of a transaction where its mark goes, or that it is not sent, and why.
fn places<'a>(
    mark: &'a Mark,
    published: &'a Published,
) -> impl Iterator<Item = (&'a TxnTopic, i32, Result<LogKey, Marked>)> {
    let topics = published.image.topics();
    let id_of = |topic: &TxnTopic| match topic.id.0.is_zero() {
        true => topics.id_of(&topic.name),
        false => Some(topic.id),
    };
    // The image is at least as new as the one that the coordinator was loaded under: what it does not have is gone (X11).
    let key = move |id: TopicId, partition: i32| {
        let key = LogKey { topic_id: id, partition: PartitionId(partition) };
        topics.by_id(id).and_then(|topic| topic.partition(key.partition)).map(|_| key)
    };
    // Its files are no part of the write-ahead log: they may keep a mark whose PREPARE is lost.
    let is_later =
        |key: &LogKey| !mark.is_stored && published.config(key.topic_id).durability == Durability::PageCache;
    mark.partitions.iter().flat_map(move |(topic, partitions)| {
        let id = id_of(topic);
        partitions.iter().map(move |partition| {
            let place = match id.and_then(|id| key(id, *partition)) {
                Some(key) if is_later(&key) => Err(Marked::Later),
                Some(key) => Ok(key),
                None => Err(Marked::Gone),
            };
            (topic, *partition, place)
        })
    })
}

fn end_of(mark: &Mark) -> EndTxn {
    EndTxn {
        producer_id: mark.producer.id,
        producer_epoch: mark.producer.epoch,
        kind: if mark.commit { ControlKind::Commit } else { ControlKind::Abort },
        coordinator_epoch: mark.coordinator.0,
        transaction_version: TransactionVersion(mark.protocol.level()),
    }
}

fn marked(code: ErrorCode) -> Marked {
    match code {
        ErrorCode::None => Marked::Written,
        ErrorCode::TransactionCoordinatorFenced => Marked::Fenced,
        // A topic that has just gone is found to be gone the next time.
        _ => Marked::Again,
    }
}
