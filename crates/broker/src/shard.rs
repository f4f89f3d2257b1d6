//! A shard: one thread that owns partitions. Messages in, decisions by the pure cores, effects out.

mod checkpoints;
pub(crate) mod compaction;
mod deletes;
mod fetches;
mod groups;
mod history;
mod image;
pub(crate) mod message;
pub(crate) mod open_txns;
mod pages;
mod positions;
mod produces;
pub(crate) mod router;
pub(crate) mod sendings;
mod tails;
pub(crate) mod threads;
pub(crate) mod transactions;
pub(crate) mod txns;

use crate::departed::Departed;
use crate::group_memory::GroupMemory;
use crate::groups::GroupJobSender;
use crate::jobs::{Job, JobSender};
use crate::probe::Probes;
use crate::publish::Published;
use crate::room::Rooms;
use crate::transactions::TxnJobSender;
use crate::unwritten::{Held, Unwritten};
use env::Clock;
use log::pages::PageClient;
use log::retain::ClockWatch;
use log::wal::WalClient;
use message::ShardMessage;
use partition::{Effect, Partition};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::timeout;
use types::{BrokerId, ErrorCode, LogKey, Now, Offset, WallTime};

/// Messages handled in one turn, so that one sync covers what came together.
const TURN_MAX: usize = 256;
/// Effects for which room is kept from one time to the next.
const EFFECTS_KEPT: usize = 1024;

/// The state of one shard. Nobody else touches it.
pub(crate) struct Shard {
    pub(crate) broker: BrokerId,
    pub(crate) clock: Arc<dyn Clock>,
    id: usize,
    router: router::Router,
    pub(crate) published: Arc<Published>,
    pub(crate) wal: WalClient,
    pages: pages::Pages,
    rooms: Rooms,
    pub(crate) jobs: JobSender,
    pub(crate) probes: Arc<Probes>,
    pub(crate) settings: ShardSettings,
    departed: Arc<Departed>,
    partitions: BTreeMap<LogKey, Slot>,
    produces: produces::Produces,
    fetches: fetches::Fetches,
    deletes: deletes::Deletes,
    coordinators: groups::Coordinators,
    transactions: transactions::TxnCoordinators,
    /// Empty; keeps its room for the next effects.
    spare_effects: Vec<Effect>,
    /// Frames of this turn, on their way to the write-ahead log as one message.
    frames: Vec<log::wal::Frame>,
    /// Somebody waits for one of them, and not for what follows it.
    is_awaited: bool,
    /// What each submitted ticket makes durable, oldest first.
    submitted: VecDeque<Submitted>,
    durable_ticket: u64,
    /// Partitions changed since their last cut.
    changed: BTreeSet<LogKey>,
    removed: Vec<Job>,
    clock_watch: ClockWatch,
    waiting_cuts: Vec<checkpoints::WaitingCut>,
    tails: tails::Tails,
    failed: bool,
}

/// Numbers a shard needs of the configuration.
#[derive(Clone, Debug)]
pub(crate) struct ShardSettings {
    /// Tails kept for readers after they are safely in segments, of all logs. *Units*: bytes.
    pub(crate) tail_cache_bytes: u64,
    /// Small tails that may stay in the state, of all logs. *Units*: bytes.
    pub(crate) small_tails_bytes: u64,
    /// Budget of what is in no segment yet.
    pub(crate) unwritten: Arc<Unwritten>,
    /// Budget of what groups hold.
    pub(crate) group_memory: Arc<GroupMemory>,
    /// Budget of what transactional ids hold.
    pub(crate) txn_memory: Arc<GroupMemory>,
    /// Producers that one log may know (P11).
    pub(crate) max_producers: usize,
}

/// A partition with what the shell needs beside it.
pub(crate) struct Slot {
    pub(crate) partition: Partition,
    pub(crate) config: Arc<config::TopicConfig>,
    /// What the log holds of the budget of unwritten bytes.
    pub(crate) held: Held,
    /// From where a client has asked for records last, and when.
    pub(crate) last_fetch: Option<(Offset, WallTime)>,
}

impl Slot {
    /// Counts what the log holds of the budget of unwritten bytes. What is offline takes nothing in any more: it must
    /// not keep others from it.
    fn count_unwritten(&mut self) {
        let is_failed = self.partition.is_failed();
        self.held.set(if is_failed { 0 } else { self.partition.log().unwritten_bytes() });
    }
}

struct Submitted {
    ticket: u64,
    changes: Vec<(LogKey, u64)>,
    jobs: Vec<Job>,
}

impl Shard {
    /// Makes a shard without partitions; the first image brings them.
    pub(crate) fn new(parts: ShardParts) -> Shard {
        Shard {
            broker: parts.broker,
            clock: parts.clock,
            id: parts.id,
            router: parts.router,
            published: parts.published,
            wal: parts.wal,
            pages: pages::Pages::new(parts.pages),
            rooms: parts.rooms,
            jobs: parts.jobs,
            probes: parts.probes,
            settings: parts.settings,
            departed: parts.departed,
            partitions: BTreeMap::new(),
            produces: produces::Produces::default(),
            fetches: fetches::Fetches::default(),
            deletes: deletes::Deletes::default(),
            coordinators: groups::Coordinators::new(parts.group_jobs),
            transactions: transactions::TxnCoordinators::new(parts.txn_jobs),
            spare_effects: Vec::new(),
            frames: Vec::new(),
            is_awaited: false,
            submitted: VecDeque::new(),
            durable_ticket: 0,
            changed: BTreeSet::new(),
            removed: Vec::new(),
            clock_watch: parts.clock_watch,
            waiting_cuts: Vec::new(),
            tails: tails::Tails::default(),
            failed: false,
        }
    }

    /// Handles messages until every sender is gone or one says stop.
    pub(crate) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<ShardMessage>) {
        loop {
            let due = [self.groups_due(), self.txns_due()].into_iter().flatten().min();
            let first = match due {
                None => inbox.recv().await,
                // However much comes, what is due does not wait for it.
                Some(wait) if wait.is_zero() => {
                    self.on_time();
                    continue;
                }
                Some(wait) => match timeout(wait, inbox.recv()).await {
                    Ok(first) => first,
                    Err(_) => {
                        self.on_time();
                        continue;
                    }
                },
            };
            let Some(first) = first else { return };
            let now = self.clock.now();
            if self.handle(first, now) == Turn::Stop {
                return;
            }
            for _ in 1..TURN_MAX {
                let Ok(next) = inbox.try_recv() else { break };
                if self.handle(next, now) == Turn::Stop {
                    return;
                }
            }
            self.submit();
        }
    }

    /// Lets coordinators act on their deadlines.
    fn on_time(&mut self) {
        let now = self.clock.now();
        self.on_groups_time(now);
        self.on_txns_time(now);
        self.submit();
    }

    fn handle(&mut self, message: ShardMessage, now: Now) -> Turn {
        match message {
            ShardMessage::Append(append) => self.on_append(append, now),
            ShardMessage::Fetch(fetch) => self.on_fetch(fetch, now),
            ShardMessage::Unpark { token, keys } => self.on_unpark(token, &keys),
            ShardMessage::Offsets(query) => self.on_offsets(query),
            ShardMessage::Delete(delete) => self.on_delete(delete),
            ShardMessage::WriteMarkers(markers) => self.on_write_markers(markers, now),
            ShardMessage::BeginVerification(parts) => self.on_begin_verification(parts),
            ShardMessage::EndVerification(ended) => self.on_end_verification(ended),
            ShardMessage::DescribeProducers(ask) => self.on_describe_producers(ask, now),
            ShardMessage::OpenTxns(ask) => self.on_open_txns(ask),
            ShardMessage::Groups(ask) => self.on_groups(*ask, now),
            ShardMessage::GroupsDone(done) => self.on_groups_done(done, now),
            ShardMessage::TxnAsk(ask) => self.on_txn_ask(*ask, now),
            ShardMessage::TxnLook(look) => self.on_txn_look(look, now),
            ShardMessage::TxnsDone(done) => self.on_txns_done(done, now),
            ShardMessage::Image { published, logs } => self.on_image(published, logs),
            ShardMessage::Synced(ticket) => self.on_synced(ticket),
            ShardMessage::WalFailed => self.on_wal_failed(),
            ShardMessage::Cut { small_tail_bytes, reply } => self.on_cut(small_tail_bytes, reply),
            ShardMessage::Checkpointed { changes, done } => {
                self.on_checkpointed(&changes);
                let _ = done.send(());
            }
            ShardMessage::CheckpointAbandoned { changes, done } => {
                self.on_checkpoint_abandoned(&changes);
                let _ = done.send(());
            }
            ShardMessage::FileCut { cut, segment } => self.on_file_cut(&cut, segment),
            ShardMessage::Written(done) => self.on_written(done),
            ShardMessage::NoRoom { key, reason } => self.on_no_room(key, &reason),
            ShardMessage::SyncPages(reply) => self.on_sync_pages(reply),
            ShardMessage::PagesSynced(uncovered) => self.on_pages_synced(&uncovered),
            ShardMessage::Retain => self.on_retain(now),
            ShardMessage::Compact(message) => self.on_compact(message, now),
            ShardMessage::TxnIndexUnfit { key, base, done } => self.on_txn_index_unfit(key, base, done),
            ShardMessage::TxnIndexBuilt { key, base, index, done } => {
                self.on_txn_index_built(key, base, index);
                done.inspect(|done| done.notify_one());
            }
            ShardMessage::Damaged { key, reason, done } => {
                self.on_damaged(key, &reason);
                if let Some(done) = done {
                    let _ = done.send(());
                }
            }
            ShardMessage::LogSizes { keys, reply } => self.on_log_sizes(keys.as_deref(), reply),
            ShardMessage::Positions { keys, reply } => self.on_positions(&keys, reply),
            ShardMessage::CommittedOffsets { most, reply } => self.on_committed_offsets(most, reply),
            ShardMessage::Sizes(reply) => self.on_sizes(reply),
            ShardMessage::Stop => return Turn::Stop,
        }
        Turn::Go
    }

    /// Runs the effects of one partition.
    fn run_effects(&mut self, key: LogKey, mut effects: Vec<Effect>) {
        if effects.iter().any(adds_unwritten)
            && let Some(slot) = self.partitions.get_mut(&key)
        {
            slot.count_unwritten();
        }
        for effect in effects.drain(..) {
            trace_effect(&key, &effect);
            match effect {
                Effect::Wal(frame) => {
                    self.changed.insert(key);
                    self.frames.push(frame);
                    self.is_awaited = true;
                }
                Effect::Buffered => self.pages.note_buffered(key),
                Effect::Acked { token, end } if self.on_records_acked(token, end) => {}
                Effect::Acked { token, end } if self.on_txns_acked(token, end) => {}
                Effect::Acked { token, end } => {
                    // Before whoever has ended the transaction hears of it.
                    self.on_mark_acked(token, end);
                    self.produces.on_acked(token, end, &self.router);
                }
                Effect::Wake { token, bytes } => self.fetches.on_wake(token, bytes),
            }
        }
        if effects.capacity() <= EFFECTS_KEPT {
            self.spare_effects = effects;
        }
    }

    /// Hands this turn's frames to the write-ahead log as one message, and what is appended because they have their place there as
    /// another; the batches of page-cache logs go to their writer.
    fn submit(&mut self) {
        self.hand_over_pages();
        while !self.frames.is_empty() || !self.removed.is_empty() {
            self.submit_frames();
        }
    }

    fn submit_frames(&mut self) {
        let frames = std::mem::take(&mut self.frames);
        let changes = frames.iter().map(|frame| (frame.key, frame.change)).collect();
        let is_awaited = std::mem::take(&mut self.is_awaited) || !self.removed.is_empty();
        let ticket = if is_awaited { self.wal.submit(frames) } else { self.wal.submit_followed(frames) };
        let jobs = std::mem::take(&mut self.removed);
        self.submitted.push_back(Submitted { ticket, changes, jobs });
        self.after_submit();
    }

    fn on_synced(&mut self, through: u64) {
        self.durable_ticket = self.durable_ticket.max(through);
        while self.submitted.front().is_some_and(|first| first.ticket <= through) {
            let Some(done) = self.submitted.pop_front() else { break };
            for (key, change) in done.changes {
                self.on_durable(key, change);
            }
            done.jobs.into_iter().for_each(|job| self.send_job(job));
        }
        self.release_cuts();
    }

    fn on_durable(&mut self, key: LogKey, change: u64) {
        let Some(slot) = self.partitions.get_mut(&key) else { return };
        let mut effects = std::mem::take(&mut self.spare_effects);
        slot.partition.on_durable(change, &mut effects);
        for cut in slot.partition.log_mut().take_file_cuts() {
            self.jobs.send(Job::CutFile(cut));
        }
        self.run_effects(key, effects);
        self.settle_deletes(key);
    }

    /// The directory has failed (W-11): nobody is told "stored", nobody is told "not stored".
    fn on_wal_failed(&mut self) {
        self.failed = true;
        let keys: Vec<LogKey> = self.partitions.keys().copied().collect();
        for key in keys {
            self.fail(key);
        }
        self.give_up_cuts();
    }

    fn on_damaged(&mut self, key: LogKey, reason: &str) {
        tracing::error!(partition = %key, reason, "partition is offline: damage was found and is not served");
        self.fail(key);
    }

    fn fail(&mut self, key: LogKey) {
        let Some(slot) = self.partitions.get_mut(&key) else { return };
        if slot.partition.is_failed() {
            return;
        }
        self.probes.offline_partitions.inc();
        let mut effects = std::mem::take(&mut self.spare_effects);
        slot.partition.on_failed(&mut effects);
        slot.count_unwritten();
        self.run_effects(key, effects);
        self.deletes.end(key, ErrorCode::KafkaStorageError);
        self.resign_groups(key);
        self.resign_txns(key);
    }
}

/// Says whether an effect stands for bytes that are in no file yet, in the write-ahead log or on their way to a page-cache log's.
fn adds_unwritten(effect: &Effect) -> bool {
    matches!(effect, Effect::Wal(_) | Effect::Buffered)
}

/// Shows an effect to whoever traces: simulation compares runs by it.
fn trace_effect(key: &LogKey, effect: &Effect) {
    match effect {
        Effect::Wal(frame) => {
            let (change, kind, offset, bytes) =
                (frame.change, frame.kind, frame.base_offset, frame.payload_bytes());
            tracing::trace!(%key, change, ?kind, %offset, bytes, "Wal");
        }
        Effect::Buffered => tracing::trace!(%key, "Buffered"),
        Effect::Acked { token, end } => tracing::trace!(%key, token = token.0, ?end, "Acked"),
        Effect::Wake { token, bytes } => tracing::trace!(%key, token = token.0, bytes, "Wake"),
    }
}

/// What a shard is made of.
pub(crate) struct ShardParts {
    pub(crate) id: usize,
    pub(crate) router: router::Router,
    /// The empty image, with the settings of this broker.
    pub(crate) published: Arc<Published>,
    pub(crate) broker: BrokerId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) wal: WalClient,
    pub(crate) pages: PageClient,
    pub(crate) rooms: Rooms,
    pub(crate) jobs: JobSender,
    pub(crate) probes: Arc<Probes>,
    pub(crate) settings: ShardSettings,
    /// Where the producers of deleted partitions go on.
    pub(crate) departed: Arc<Departed>,
    /// Tells jumps of the wall clock.
    pub(crate) clock_watch: ClockWatch,
    /// Does what coordinators need done.
    pub(crate) group_jobs: GroupJobSender,
    /// The same for those of transactions.
    pub(crate) txn_jobs: TxnJobSender,
}

#[derive(PartialEq, Eq)]
enum Turn {
    Go,
    Stop,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: W-5, W-17: an append counts against the budget of unwritten bytes whichever way its bytes go; an answer does not.
    #[test]
    fn appends_of_both_kinds_count_as_unwritten() {
        assert!(adds_unwritten(&Effect::Buffered));
        let wake = Effect::Wake { token: partition::FetchToken(1), bytes: 1 };
        assert!(!adds_unwritten(&wake));
    }
}
