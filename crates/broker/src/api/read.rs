//! Carries out read plans: slices of the tail at once, files on a thread that may block.

use crate::context::Context;
use crate::shard::message::{Fetch, FetchPart, ShardMessage};
use bytes::Bytes;
use log::aborted::{AbortedPlan, is_met};
use log::producers::AbortedTxn;
use log::read_plan::{ReadPlan, TimePlan};
use log::reader::{FoundTime, ReadFault};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use types::{ErrorCode, LogKey, Offset, WallTime};
use wire::record::{Batch, find_timestamp, first_with_max_timestamp};

/// How often a read is planned at most.
const PLANS_MAX: usize = 4;
/// How long a read waits for a transaction index to be made anew.
const REMAKE_WAIT: Duration = Duration::from_secs(10);
/// Most bytes that a look into one batch may produce.
const DECOMPRESSED_MAX: usize = 256 << 20;

/// What a read found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The batches.
    pub(crate) batches: Vec<Batch>,
    /// Aborted transactions of which they may hold records, for a reader of committed data, in the order of their marks.
    pub(crate) aborted: Vec<AbortedTxn>,
}

/// How a read is carried out.
pub(crate) struct Plan {
    /// The batches.
    pub(crate) plan: ReadPlan,
    /// Where the aborted transactions are.
    pub(crate) aborted: AbortedPlan,
}

/// Reads what was planned. A file that has gone since then, and damage, are met with a second plan:
/// the first may have been outdated.
///
/// # Errors
/// `KAFKA_STORAGE_ERROR`; damage that is met twice takes the partition offline as well.
pub(crate) async fn read(context: &Arc<Context>, part: FetchPart, plan: Plan) -> Result<Found, ErrorCode> {
    let mut plan = plan;
    for tried in 0..PLANS_MAX {
        match carry_out(context, part, plan).await {
            Ok(found) => return Ok(found),
            Err(ReadFault::Damage(_)) if tried == 0 => {}
            // Its segments were compacted, cut or deleted meanwhile.
            Err(ReadFault::Gone) if tried + 1 < PLANS_MAX => {}
            Err(ReadFault::TxnIndex(base)) if tried + 1 < PLANS_MAX => {
                remade(context, part.key, base).await?;
            }
            Err(fault) => return Err(failed(context, part.key, &fault).await),
        }
        plan = ask_plan(context, part).await?;
    }
    Err(ErrorCode::KafkaStorageError)
}

/// Plans a read of the broker's own, and carries it out.
///
/// # Errors
/// As for [`read`], and what the partition refuses.
pub(crate) async fn plan_and_read(context: &Arc<Context>, part: FetchPart) -> Result<Vec<Batch>, ErrorCode> {
    let plan = ask_plan(context, part).await?;
    read(context, part, plan).await.map(|found| found.batches)
}

async fn carry_out(context: &Arc<Context>, part: FetchPart, plan: Plan) -> Result<Found, ReadFault> {
    let (key, from) = (part.key, part.input.offset);
    let batches = match plan.plan {
        ReadPlan::Empty => Vec::new(),
        ReadPlan::Tail(batches) => batches,
        ReadPlan::File(file) => {
            let reader = context.reader.clone();
            blocking(context, move || reader.read(key, &file)).await.unwrap_or(Err(ReadFault::Gone))?
        }
    };
    let Some(upper) = batches.last().map(|last| last.header().next_offset()) else {
        return Ok(Found::default());
    };
    let aborted = match plan.aborted.files.is_empty() {
        true => plan.aborted.memory.into_iter().filter(|txn| is_met(txn, from, upper)).collect(),
        false => {
            let reader = context.reader.clone();
            let look = move || reader.aborted(key, &plan.aborted, (from, upper));
            blocking(context, look).await.unwrap_or(Err(ReadFault::Gone))?
        }
    };
    Ok(Found { batches, aborted })
}

/// Waits until a transaction index is made anew.
///
/// # Errors
/// `KAFKA_STORAGE_ERROR`: it cannot be now. Asked again, it is tried again.
async fn remade(context: &Context, key: LogKey, base: Offset) -> Result<(), ErrorCode> {
    let done = Arc::new(Notify::new());
    let unfit = ShardMessage::TxnIndexUnfit { key, base, done: Some(done.clone()) };
    context.router.send_to_owner(&key, unfit);
    tokio::time::timeout(REMAKE_WAIT, done.notified()).await.map_err(|_| ErrorCode::KafkaStorageError)
}

/// Asks the shard for the way to what is to be read.
///
/// # Errors
/// What the shard answers.
pub(crate) async fn ask_plan(context: &Context, part: FetchPart) -> Result<Plan, ErrorCode> {
    let (reply, answers) = oneshot::channel();
    let fetch = ShardMessage::Fetch(Fetch { parts: vec![part], is_client: false, park: None, reply });
    context.router.send_to_owner(&part.key, fetch);
    let answer = answers.await.unwrap_or_default().pop();
    let found = answer.map_or(Err(ErrorCode::NotLeaderOrFollower), |answer| answer.result)?;
    Ok(Plan { plan: found.plan, aborted: found.aborted })
}

/// What a look into one place found.
pub(super) enum Looked {
    /// The record.
    Found(FoundTime),
    /// The plan was outdated: ask for another.
    Again,
    /// It is not there; the search goes on from this offset.
    NotBefore(Offset),
}

/// Looks for the record that an offset query asks for; without a target, for the largest timestamp.
///
/// # Errors
/// As for [`read`].
pub(super) async fn find(
    context: &Arc<Context>,
    key: LogKey,
    target: Option<WallTime>,
    plan: TimePlan,
    is_last_try: bool,
) -> Result<Looked, ErrorCode> {
    let (found, next) = match plan {
        TimePlan::None => return Ok(Looked::NotBefore(Offset(i64::MAX))),
        TimePlan::Tail(batch) => {
            let next = batch.header().next_offset();
            (blocking(context, move || Ok(find_in(&batch, target))).await, next)
        }
        TimePlan::File(file) => {
            let (reader, next) = (context.reader.clone(), file.bound);
            (blocking(context, move || reader.find_time(key, &file)).await, next)
        }
    };
    match found.unwrap_or(Err(ReadFault::Gone)) {
        Ok(Some(found)) => Ok(Looked::Found(found)),
        Ok(None) => Ok(Looked::NotBefore(next)),
        Err(ReadFault::Gone | ReadFault::Damage(_)) if !is_last_try => Ok(Looked::Again),
        Err(fault) => Err(failed(context, key, &fault).await),
    }
}

/// Looks into a batch of the tail, which was walked when it came.
fn find_in(batch: &Batch, target: Option<WallTime>) -> Option<FoundTime> {
    let (bytes, leader_epoch) = (batch.to_bytes(), batch.header().leader_epoch);
    let found = match target {
        Some(target) => find_timestamp(&bytes, target, Offset::ZERO, DECOMPRESSED_MAX),
        None => first_with_max_timestamp(&bytes, DECOMPRESSED_MAX),
    };
    let found = found.ok().flatten()?;
    Some(FoundTime { offset: found.offset, timestamp: found.timestamp, leader_epoch })
}

/// Runs a job that may block; nothing if it was dropped on the way out.
pub(crate) async fn blocking<T: Send + 'static>(
    context: &Context,
    job: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, result) = oneshot::channel();
    context.env.spawn.blocking(Box::new(move || {
        let _ = done.send(job());
    }));
    result.await.ok()
}

/// Acts on a read that failed with a fresh plan too; returns what the client is told. Damage has taken the partition
/// offline by then, so that the client never knows it before the metrics do.
async fn failed(context: &Context, key: LogKey, fault: &ReadFault) -> ErrorCode {
    match fault {
        ReadFault::Damage(_) => {
            let (done, is_offline) = oneshot::channel();
            let (reason, done) = (fault.to_string(), Some(done));
            context.router.send_to_owner(&key, ShardMessage::Damaged { key, reason, done });
            // A shard that has stopped takes nothing offline.
            let _ = is_offline.await;
        }
        ReadFault::Gone | ReadFault::Open { .. } | ReadFault::Io { .. } | ReadFault::TxnIndex(_) => {
            tracing::error!(partition = %key, %fault, "read failed");
        }
    }
    ErrorCode::KafkaStorageError
}

/// Returns the batches as the parts of a response, without copying them.
pub(super) fn records(batches: &[Batch]) -> wire::Records {
    let parts: Vec<Bytes> = batches.iter().flat_map(|batch| <[Bytes; 2]>::from(batch.parts())).collect();
    wire::Records::from_parts(parts)
}
