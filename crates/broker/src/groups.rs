//! What coordinators need done outside of their shard: their log read, and room made for their records.
//!
//! A shard never waits; these jobs do, each as a task of the shard's thread, and send it a message when they are done.
//! Tests: tests/wire/groups.rs, tests/storage/groups.rs.

use crate::api::read;
use crate::context::Context;
use crate::history::Notes;
use crate::shard::message::{FetchPart, GroupRoom, GroupsDone, GroupsOutcome, NotesRoom, ShardMessage};
use bytes::Bytes;
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
/// Part of the write-ahead log that one batch may take, in eighths, as for Produce.
const WAL_EIGHTHS: u64 = 3;
/// What a file of the write-ahead log needs beside the largest batch, generously (W-4).
const FILE_OVERHEAD: u64 = 16 << 10;
/// What a batch costs in the write-ahead log beside its bytes, at most.
const FRAME_OVERHEAD: u64 = 128;

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
    /// Take room in memory and in the write-ahead log for a batch, and for the notes of it, if there are any.
    Room(Bytes, Option<Notes>),
    /// Take room for notes alone, if there is some.
    Notes(Notes),
}

/// The way to whoever does them.
pub(crate) type GroupJobSender = mpsc::UnboundedSender<GroupJob>;

/// Returns the largest batch that a coordinator may write: each is written into one file of the write-ahead log. *Units*: bytes.
pub(crate) fn batch_max(wal: &config::WalConfig) -> u64 {
    wal.file_bytes.saturating_sub(FILE_OVERHEAD)
}

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
                GroupTask::Room(batch, notes) => {
                    tell(GroupsOutcome::Room(room(&context, batch, notes).await));
                }
                GroupTask::Notes(notes) => {
                    if let Some(room) = room_for_notes(&context, notes).await {
                        tell(GroupsOutcome::Notes(Box::new(room)));
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

/// Waits for room for a batch. A full disk that refuses produce does not refuse what coordinators write (W-12), but its notes,
/// which may be lost.
///
/// # Errors
/// It never fits: nothing is written.
pub(crate) async fn room(
    context: &Arc<Context>,
    batch: Bytes,
    notes: Option<Notes>,
) -> Result<Box<GroupRoom>, ErrorCode> {
    let most = context.wal.stats().capacity_bytes() / 8 * WAL_EIGHTHS;
    let mut bytes = batch.len() as u64;
    if bytes > most.min(batch_max(&context.config.storage.wal)) {
        return Err(ErrorCode::MessageTooLarge);
    }
    let batch = Batch::from_wire(&batch).map_err(|_| ErrorCode::UnknownServerError)?;
    let notes = notes.filter(|notes| {
        let fits = !context.space.is_short() && bytes + FRAME_OVERHEAD + notes.bytes() <= most;
        if !fits {
            context.probes.history.missed(notes.count);
        }
        fits
    });
    bytes += notes.as_ref().map_or(0, |notes| notes.bytes() + FRAME_OVERHEAD);
    context.space.take(bytes);
    let claim = context.unwritten.admit(bytes).await;
    let reservation = context.wal.reserve_later(bytes + FRAME_OVERHEAD).await;
    Ok(Box::new(GroupRoom { batch, notes, claim, reservation }))
}

/// Waits for room for notes that come alone; on a full disk there is none for them.
async fn room_for_notes(context: &Arc<Context>, notes: Notes) -> Option<NotesRoom> {
    let most = context.wal.stats().capacity_bytes() / 8 * WAL_EIGHTHS;
    let bytes = notes.bytes() + FRAME_OVERHEAD;
    if context.space.is_short() || bytes > most {
        context.probes.history.missed(notes.count);
        return None;
    }
    context.space.take(bytes);
    let claim = context.unwritten.admit(bytes).await;
    let reservation = context.wal.reserve_later(bytes).await;
    Some(NotesRoom { notes, claim, reservation })
}
