//! How far groups are behind: positions of partitions, and the age of the first record that a group has not read.
//!
//! A shard answers from memory. The age needs the record itself: it is read as a fetch reads it, and the time of a
//! record at an offset is remembered for as long as the metrics show it. Tests: tests/wire/lag.rs.

use crate::api::read;
use crate::context::Context;
use crate::publish::Published;
use crate::shard::message::{CommittedOffsets, FetchPart, Position, ShardMessage};
use coordinator::{PartitionFacts, Presence};
use partition::{FetchInput, Isolation};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use types::{GroupId, LogKey, MemberId, Offset, PartitionId, ProducerId, WallTime};
use wire::record::{Batch, Records};

/// Records whose age one answer reads at most: the rest is left open.
const READS_MAX: usize = 100;
/// Most bytes that a batch may expand to.
const EXPANDED_MAX: usize = 64 << 20;
/// Pause between two looks for records that groups have skipped: many log starts move at a time.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// A partition that a group reads, and what it has committed there.
#[derive(Clone, Debug)]
pub(crate) struct Reads {
    /// The group.
    pub(crate) group: GroupId,
    /// The topic.
    pub(crate) topic: String,
    /// The partition.
    pub(crate) partition: i32,
    /// The offset, and when it was committed.
    pub(crate) committed: Option<(Offset, WallTime)>,
    /// Who has it.
    pub(crate) owner: Option<MemberId>,
    /// Whose transaction has an offset of it, and since when.
    pub(crate) in_transaction: Option<(ProducerId, WallTime)>,
}

/// Times of records that groups have not read, by where they are.
#[derive(Default, Debug)]
pub(crate) struct UnreadTimes(Mutex<BTreeMap<(LogKey, Offset), WallTime>>);

impl UnreadTimes {
    fn get(&self, at: (LogKey, Offset)) -> Option<WallTime> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&at).copied()
    }

    /// Keeps these and no other.
    fn keep(&self, times: BTreeMap<(LogKey, Offset), WallTime>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = times;
    }
}

/// Returns what groups have committed, in their order, up to so many; the rest is counted.
async fn committed(context: &Context, most: usize) -> CommittedOffsets {
    let mut all = CommittedOffsets::default();
    for shard in 0..context.router.len() {
        let (reply, answer) = oneshot::channel();
        context.router.send(shard, ShardMessage::CommittedOffsets { most, reply });
        let mut of_shard = answer.await.unwrap_or_default();
        all.offsets.append(&mut of_shard.offsets);
        all.beyond += of_shard.beyond;
    }
    all.offsets
        .sort_by(|(a, one), (b, two)| (a, &one.topic, one.partition).cmp(&(b, &two.topic, two.partition)));
    let over = all.offsets.len().saturating_sub(most);
    all.offsets.truncate(most);
    all.beyond += over as u64;
    all
}

/// Says how partitions stand for groups. `keep`: the times of their records are remembered for the next time.
pub(crate) async fn facts(
    context: &Arc<Context>,
    reads: Vec<Reads>,
    keep: bool,
) -> Vec<(GroupId, PartitionFacts)> {
    let standing = standing(context, reads).await;
    if keep {
        context.probes.skipped.note(&standing);
    }
    let (mut all, mut times, mut left) = (Vec::with_capacity(standing.len()), BTreeMap::new(), READS_MAX);
    for (group, key, mut facts) in standing {
        if let (Some(key), Some(1..), Some((committed, _))) = (key, facts.lag(), facts.committed) {
            let at = (key, committed.max(facts.log_start));
            facts.first_unread_at = match context.unread_times.get(at) {
                None if left > 0 => {
                    left -= 1;
                    time_of(context, at).await
                }
                known => known,
            };
            times.extend(facts.first_unread_at.map(|time| (at, time)));
        }
        all.push((group, facts));
    }
    if keep {
        context.unread_times.keep(times);
    }
    all
}

/// Counts what groups have skipped, each time that a log start has moved. It ends with the broker.
pub(crate) async fn count_skipped(context: Arc<Context>) {
    loop {
        context.probes.skipped.moved.notified().await;
        let (reads, _) = with_lines(&context, &context.published()).await;
        let standing = standing(&context, reads).await;
        context.probes.skipped.note(&standing);
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

/// Lists the partitions of groups that have lines of their own; counts the others.
pub(crate) async fn with_lines(context: &Context, published: &Published) -> (Vec<Reads>, u64) {
    let most = usize::try_from(published.broker.groups.metrics_max).unwrap_or(usize::MAX);
    let found = committed(context, most).await;
    let reads = found.offsets.into_iter().map(|(group, one)| Reads {
        group,
        topic: one.topic,
        partition: one.partition,
        committed: Some((one.offset, one.at)),
        owner: None,
        in_transaction: None,
    });
    (reads.collect(), found.beyond)
}

/// Says how partitions stand, without the times of their records.
async fn standing(context: &Context, reads: Vec<Reads>) -> Vec<(GroupId, Option<LogKey>, PartitionFacts)> {
    let published = context.published();
    let key = |one: &Reads| {
        let topic = published.image.topics().by_name(&one.topic)?;
        let partition = PartitionId(one.partition);
        topic.partition(partition).map(|_| topic.key(partition))
    };
    let keys: Vec<Option<LogKey>> = reads.iter().map(key).collect();
    let positions = positions(context, keys.iter().flatten().copied()).await;
    let each = reads.into_iter().zip(keys).map(|(one, key)| {
        let position = key.and_then(|key| positions.get(&key));
        let (group, facts) = unread(one, key.is_some(), position);
        (group, key, facts)
    });
    each.collect()
}

fn unread(one: Reads, exists: bool, position: Option<&Position>) -> (GroupId, PartitionFacts) {
    let presence = match position {
        _ if !exists => Presence::Gone,
        Some(position) if position.is_online => Presence::Served,
        _ => Presence::Offline,
    };
    let facts = PartitionFacts {
        topic: one.topic,
        partition: one.partition,
        presence,
        committed: one.committed,
        log_start: position.map_or(Offset::ZERO, |position| position.log_start),
        high_watermark: position.map_or(Offset::ZERO, |position| position.high_watermark),
        first_unread_at: None,
        last_fetch: position.and_then(|position| position.last_fetch),
        owner: one.owner,
        in_transaction: one.in_transaction,
    };
    (one.group, facts)
}

pub(crate) async fn positions(
    context: &Context,
    keys: impl Iterator<Item = LogKey>,
) -> BTreeMap<LogKey, Position> {
    let mut shards: BTreeMap<usize, Vec<LogKey>> = BTreeMap::new();
    for key in keys {
        shards.entry(context.router.shard_of(&key)).or_default().push(key);
    }
    let mut all = BTreeMap::new();
    for (shard, keys) in shards {
        let (reply, answer) = oneshot::channel();
        context.router.send(shard, ShardMessage::Positions { keys, reply });
        all.extend(answer.await.unwrap_or_default().into_iter().map(|position| (position.key, position)));
    }
    all
}

/// Reads the time of the first record at an offset or after it.
async fn time_of(context: &Arc<Context>, (key, offset): (LogKey, Offset)) -> Option<WallTime> {
    let input = FetchInput {
        offset,
        current_epoch: None,
        last_fetched_epoch: None,
        isolation: Isolation::ReadUncommitted,
        max_bytes: 1,
        at_least_one: true,
    };
    let batches = read::plan_and_read(context, FetchPart { key, input, enough: 1 }).await.ok()?;
    let batch = batches.into_iter().next()?;
    read::blocking(context, move || time_in(&batch, offset)).await?
}

fn time_in(batch: &Batch, offset: Offset) -> Option<WallTime> {
    let records = Records::open(&batch.to_bytes(), EXPANDED_MAX).ok()?;
    let record = records.map_while(Result::ok).find(|record| record.offset >= offset);
    // What compaction took away, and control records, have the time of their batch.
    Some(record.map_or(batch.header().max_timestamp, |record| record.timestamp))
}
