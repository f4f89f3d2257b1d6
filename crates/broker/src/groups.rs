//! What coordinators need done outside of their shard: their log read, and room for their records waited for.
//!
//! A shard never waits; these jobs do, each as a task of the shard's thread, and send it a message when they are done.
//! Tests: tests/wire/groups.rs, tests/storage/groups.rs.

use crate::api::read;
use crate::context::Context;
use crate::history::Notes;
use crate::room::NeedsRoom;
use crate::shard::message::{FetchPart, GroupsDone, GroupsOutcome, ShardMessage};
use coordinator::{GroupRecord, Logged, RecordFault};
use partition::{FetchInput, Isolation};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::mpsc;
use types::{ErrorCode, LogKey, Offset, OffsetRange};
use wire::record::{Batch, BatchHeader, ControlKind, ControlRecord, Record, Records};

/// Bytes of a log that are read at a time.
const LOAD_BYTES: usize = 4 << 20;
/// Most bytes that one batch may expand to.
const EXPANDED_MAX: usize = 256 << 20;
/// Pause before the log is looked at again of which not everything is committed yet.
const LOAD_PAUSE: Duration = Duration::from_millis(10);

/// A job of one coordinator.
pub(crate) struct GroupJob {
    /// Of which partition.
    pub(crate) key: LogKey,
    /// Of which of its coordinators on this shard; the answer says so as well.
    pub(crate) serial: u64,
    /// What.
    pub(crate) task: GroupTask,
}

/// What a coordinator needs done.
pub(crate) enum GroupTask {
    /// Read its log from one offset to another, and say what the records are.
    Load(OffsetRange),
    /// Wait for room for a batch.
    Room(Box<NeedsRoom>),
    /// Take room for notes alone, if there is some.
    Notes(Notes),
}

/// The way to whoever does them.
pub(crate) type GroupJobSender = mpsc::UnboundedSender<GroupJob>;

/// Does jobs until no shard sends any.
pub(crate) async fn work(mut inbox: mpsc::UnboundedReceiver<GroupJob>, context: Arc<Context>) {
    while let Some(GroupJob { key, serial, task }) = inbox.recv().await {
        let context = context.clone();
        tokio::task::spawn_local(async move {
            let tell = |what| {
                let done = GroupsDone { key, serial, what };
                context.router.send_to_owner(&key, ShardMessage::GroupsDone(done));
            };
            match task {
                GroupTask::Load(range) => {
                    let tell_records = |records| tell(GroupsOutcome::Records(records));
                    let is_loaded = load(&context, key, range, decode, &tell_records).await;
                    tell(if is_loaded { GroupsOutcome::Loaded } else { GroupsOutcome::NotLoaded });
                }
                GroupTask::Room(needs) => {
                    tell(GroupsOutcome::Room(Box::new(context.rooms.take(*needs).await)));
                }
                GroupTask::Notes(notes) => {
                    if let Some(room) = context.rooms.take_for_notes(&notes).await {
                        tell(GroupsOutcome::Notes(Box::new((notes, room))));
                    }
                }
            }
        });
    }
}

/// What a record is, nothing if it is of a kind that means nothing here.
pub(crate) type Found<R> = Result<Option<R>, RecordFault>;

/// Says what a record of a batch is.
pub(crate) type Decode<R> = fn(&BatchHeader, Record) -> Found<R>;

fn decode(header: &BatchHeader, record: Record) -> Found<Logged> {
    let producer = header.producer_id;
    if header.is_control() {
        let mark = ControlRecord::decode(&record);
        return Ok(mark.map(|mark| Logged::Ended { producer, commit: mark.kind == ControlKind::Commit }));
    }
    let (at, txn) = (record.timestamp, header.is_transactional().then_some(producer));
    Ok(GroupRecord::decode(record.key, record.value)?.map(|record| Logged::Record { record, at, txn }))
}

/// Reads a coordinator's log, a few batches at a time; says whether all of it was read. While the coordinator takes some in, the
/// next are read.
pub(crate) async fn load<R: Send + 'static>(
    context: &Arc<Context>,
    key: LogKey,
    range: OffsetRange,
    decode: Decode<R>,
    tell: &impl Fn(Vec<R>),
) -> bool {
    let (mut next, mut records) = (range.base, Vec::new());
    while next < range.next {
        match read_some(context, key, next, decode, || tell(std::mem::take(&mut records))).await {
            Ok((after, found)) => {
                if after == next {
                    tokio::time::sleep(LOAD_PAUSE).await;
                }
                (next, records) = (after, found);
            }
            Err(reason) => {
                tracing::error!(partition = %key, reason, "what this partition coordinates cannot be loaded");
                return false;
            }
        }
    }
    tell(records);
    true
}

/// Reads the batches from an offset on; returns the offset after them, and their records. Says when the reading has begun.
async fn read_some<R: Send + 'static>(
    context: &Arc<Context>,
    key: LogKey,
    from: Offset,
    decode: Decode<R>,
    begun: impl FnOnce(),
) -> Result<(Offset, Vec<R>), String> {
    let input = FetchInput {
        offset: from,
        current_epoch: None,
        last_fetched_epoch: None,
        isolation: Isolation::ReadUncommitted,
        max_bytes: LOAD_BYTES,
        at_least_one: true,
    };
    let part = FetchPart { key, input, enough: 1 };
    let name = |code: ErrorCode| code.name().to_owned();
    let plan = read::ask_plan(context, part).await.map_err(name)?;
    let mut reading = std::pin::pin!(async {
        let batches = read::read(context, part, plan).await.map_err(name)?.batches;
        let decoded = read::blocking(context, move || decode_all(from, &batches, decode)).await;
        decoded.unwrap_or_else(|| Err("the broker stops".to_owned()))
    });
    let first = futures_util::poll!(reading.as_mut());
    begun();
    match first {
        Poll::Ready(done) => done,
        Poll::Pending => reading.await,
    }
}

fn decode_all<R>(from: Offset, batches: &[Batch], decode: Decode<R>) -> Result<(Offset, Vec<R>), String> {
    let (mut next, mut all) = (from, Vec::new());
    for batch in batches {
        next = next.max(batch.header().next_offset());
        let records = Records::open(&batch.to_bytes(), EXPANDED_MAX).map_err(|error| error.to_string())?;
        for record in records {
            let record = record.map_err(|error| error.to_string())?;
            let at = record.offset;
            match decode(batch.header(), record) {
                Ok(Some(record)) => all.push(record),
                // A kind that another build has written: it is kept in the log, and means nothing here.
                Ok(None) => tracing::debug!(%at, "a record of another kind"),
                Err(fault) => return Err(format!("the record at offset {at}: {fault}")),
            }
        }
    }
    Ok((next, all))
}
