//! Orphans: transactions that a partition has open and that no coordinator runs (X16). Nothing ends one by itself.
//!
//! After a start the partitions are asked what they have open, once; then the coordinators, until all of them can say,
//! whether they run it. What nobody runs and is open still is logged, counted and remembered; only a command ends it.
//! A coordinator lets nothing into a partition that it does not run from before that on: what is not run after it was seen
//! open has ended in between, or is an orphan. Where nothing is open nobody is asked. Tests: tests/storage/orphans.rs.

use crate::api::{look_at_txns, txn_coordinators};
use crate::context::Context;
use crate::shard::message::ShardMessage;
use crate::shard::open_txns::{OpenTxn, OpenTxns};
use crate::shard::transactions::{TxnQuestion, TxnTold};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use types::{ErrorCode, LogKey, ProducerId};

/// Lines that one look writes to the log.
const LINES_MAX: usize = 10;
/// Transactions of one partition that are looked at.
const OF_PARTITION_MAX: usize = 10_000;
/// Transactions about which coordinators are asked at a time.
const AT_ONCE: usize = 1_000;
/// Pauses while coordinators cannot say: the first, and the longest.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// A transaction that is run, and by whose coordinator; nothing for an orphan.
pub(crate) type Owner = Option<(LogKey, Arc<str>)>;

/// Orphans that were found.
#[derive(Default, Debug)]
pub(crate) struct Orphans(Mutex<BTreeSet<OpenTxn>>);

impl Orphans {
    fn set(&self, found: impl Iterator<Item = OpenTxn>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found.collect();
    }

    fn all(&self) -> Vec<OpenTxn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

/// Looks for orphans after a start.
pub(crate) async fn find(context: Arc<Context>) {
    let (open, beyond) = open_txns(&context, None, OF_PARTITION_MAX).await;
    if beyond > 0 {
        tracing::warn!(beyond, "partitions have more transactions open than are looked at");
    }
    if open.is_empty() {
        return;
    }
    let mut pause = PAUSE;
    let orphans = loop {
        match orphans(&context, &open).await {
            Ok(orphans) => break orphans,
            Err(code) => tracing::debug!(code = code.name(), "coordinators cannot say yet what they run"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    };
    tell(&context, &orphans);
    context.probes.orphans.set(orphans.into_iter());
}

/// Returns those of what was seen open that no coordinator runs and that are open still.
async fn orphans(context: &Context, open: &[OpenTxn]) -> Result<Vec<OpenTxn>, ErrorCode> {
    let owners = owners(context, &places(open)).await?;
    let not_run = open.iter().zip(owners).filter(|(_, owner)| owner.is_none());
    Ok(still_open(context, not_run.map(|(one, _)| *one).collect()).await)
}

/// Returns how many of the orphans that were found are open still.
pub(crate) async fn left(context: &Context) -> usize {
    let known = context.probes.orphans.all();
    if known.is_empty() {
        return 0;
    }
    let left = still_open(context, known).await;
    let count = left.len();
    context.probes.orphans.set(left.into_iter());
    count
}

pub(crate) async fn still_open(context: &Context, seen: Vec<OpenTxn>) -> Vec<OpenTxn> {
    if seen.is_empty() {
        return seen;
    }
    let keys: BTreeSet<LogKey> = seen.iter().map(|one| one.key).collect();
    let (now, _) = open_txns(context, Some(keys.into_iter().collect()), OF_PARTITION_MAX).await;
    let place = |one: &OpenTxn| (one.key, one.producer, one.first);
    let now: BTreeSet<_> = now.iter().map(place).collect();
    seen.into_iter().filter(|one| now.contains(&place(one))).collect()
}

fn tell(context: &Context, orphans: &[OpenTxn]) {
    let published = context.published();
    for one in orphans.iter().take(LINES_MAX) {
        let topic = published.image.topics().by_id(one.key.topic_id).map_or("?", |topic| topic.name.as_str());
        let (partition, start_offset) = (one.key.partition.0, one.first.0);
        let (producer, epoch) = (one.producer.0, one.epoch.0);
        tracing::warn!(
            topic,
            partition,
            start_offset,
            producer,
            epoch,
            "a transaction is open that no coordinator runs: readers of committed data wait at its first record until it is ended by \
             `highwater txn abort --topic TOPIC --partition PARTITION --start-offset OFFSET`"
        );
    }
    if let Some(more @ 1..) = orphans.len().checked_sub(LINES_MAX) {
        tracing::warn!(more, "further transactions are open that no coordinator runs");
    }
}

/// Asks partitions, or all of them, what they have open: at most so many of each; says how many there are beyond.
pub(crate) async fn open_txns(
    context: &Context,
    keys: Option<Vec<LogKey>>,
    most: usize,
) -> (Vec<OpenTxn>, usize) {
    let (mut all, mut beyond) = (Vec::new(), 0);
    for shard in 0..context.router.len() {
        let of_shard = |keys: &Vec<LogKey>| -> Vec<LogKey> {
            keys.iter().filter(|key| context.router.shard_of(key) == shard).copied().collect()
        };
        let keys = keys.as_ref().map(of_shard);
        if keys.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let (reply, answer) = oneshot::channel();
        context.router.send(shard, ShardMessage::OpenTxns(OpenTxns { keys, most, reply }));
        let (found, more) = answer.await.unwrap_or_default();
        all.extend(found);
        beyond += more;
    }
    (all, beyond)
}

/// Returns whose is open where.
pub(crate) fn places(open: &[OpenTxn]) -> Vec<(ProducerId, LogKey)> {
    open.iter().map(|one| (one.producer, one.key)).collect()
}

/// Asks all coordinators who runs what is open, in its order: whose latest record, committed or on its way, has it.
///
/// # Errors
/// Not every coordinator can say now.
pub(crate) async fn owners(
    context: &Context,
    open: &[(ProducerId, LogKey)],
) -> Result<Vec<Owner>, ErrorCode> {
    let mut owners: Vec<Owner> = vec![None; open.len()];
    for coordinator in txn_coordinators(&context.published()) {
        for (open, owners) in open.chunks(AT_ONCE).zip(owners.chunks_mut(AT_ONCE)) {
            let asked = TxnQuestion::Owners(open.to_vec());
            match look_at_txns(context, coordinator, asked, usize::MAX).await? {
                TxnTold::Owners(found) => {
                    for (owner, id) in owners.iter_mut().zip(found) {
                        *owner = owner.take().or(id.map(|id| (coordinator, id)));
                    }
                }
                _ => return Err(ErrorCode::UnknownServerError),
            }
        }
    }
    Ok(owners)
}
