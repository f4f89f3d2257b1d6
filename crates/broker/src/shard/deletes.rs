//! DeleteRecords of a shard: log starts on their way (W-8).
//!
//! A deletion is answered once the log start is where it was asked for and the frame that says so is durable. A
//! page-cache log's start waits for its recovery point (W-16): a sync and a checkpoint are asked for. What lies
//! wholly below a start is let go by a checkpoint, which is asked for as well: on a full disk nothing else would
//! bring one. Tests: tests/wire/delete_records.rs, tests/storage/full_disk.rs.

use super::Shard;
use super::message::Delete;
use crate::jobs::Job;
use log::wal::Reservation;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::oneshot;
use types::{ErrorCode, LogKey, Offset};

/// The deletions that wait.
#[derive(Default)]
pub(super) struct Deletes {
    waiting: BTreeMap<LogKey, Vec<Waiting>>,
}

struct Waiting {
    to: Offset,
    /// The change that has to be durable, once the log start is there.
    change: Option<u64>,
    _room: Arc<Reservation>,
    reply: oneshot::Sender<Result<Offset, ErrorCode>>,
}

impl Deletes {
    /// Ends all that wait for a log: it failed, or its topic was deleted.
    pub(super) fn end(&mut self, key: LogKey, code: ErrorCode) {
        for waiting in self.waiting.remove(&key).unwrap_or_default() {
            let _ = waiting.reply.send(Err(code));
        }
    }
}

impl Shard {
    pub(super) fn on_delete(&mut self, delete: Delete) {
        let Delete { key, up_to, room, reply } = delete;
        let target = match self.partitions.get(&key) {
            Some(slot) => slot.partition.delete_target(up_to, slot.config.cleanup_policy.delete),
            None => {
                let _ = reply.send(Err(self.absent(key)));
                return;
            }
        };
        match target {
            Ok(to) => {
                let waiting = Waiting { to, change: None, _room: room, reply };
                self.deletes.waiting.entry(key).or_default().push(waiting);
                self.settle_deletes(key);
                self.hurry_deletes(key);
            }
            Err(refused) => {
                let _ = reply.send(Err(refused.code()));
            }
        }
    }

    /// Moves the log start as far as it goes now, and answers those whose start is durable.
    pub(super) fn settle_deletes(&mut self, key: LogKey) {
        let Some(mut waiting) = self.deletes.waiting.remove(&key) else { return };
        let Some(slot) = self.partitions.get_mut(&key) else { return };
        let mut effects = Vec::new();
        if let Some(furthest) = waiting.iter().filter(|one| !one.reply.is_closed()).map(|one| one.to).max() {
            slot.partition.move_start(furthest, &mut effects);
        }
        if !effects.is_empty() {
            self.probes.skipped.moved.notify_one();
        }
        slot.count_unwritten();
        let log = slot.partition.log();
        if !effects.is_empty() && log.has_dead_segments() {
            self.jobs.send(Job::Checkpoint);
        }
        let (start, change, durable) = (log.log_start(), log.change(), log.durable_change());
        for one in waiting.iter_mut().filter(|one| one.to <= start) {
            one.change.get_or_insert(change);
        }
        let is_done = |one: &mut Waiting| one.change.is_some_and(|change| change <= durable);
        for done in waiting.extract_if(.., is_done) {
            let _ = done.reply.send(Ok(start));
        }
        waiting.retain(|one| !one.reply.is_closed());
        if !waiting.is_empty() {
            self.deletes.waiting.insert(key, waiting);
        }
        self.run_effects(key, effects);
    }

    /// Asks for the sync and the checkpoint that a deletion waits for, if it does.
    fn hurry_deletes(&mut self, key: LogKey) {
        let Some(waiting) = self.deletes.waiting.get(&key) else { return };
        if waiting.iter().any(|one| one.change.is_none()) {
            self.sync_pages_now(key);
        }
    }
}
