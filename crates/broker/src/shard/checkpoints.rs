//! A shard's part in checkpoints and retention.
//!
//! The cut of every changed log is taken in one turn, at the log's end of that moment; it is handed
//! out once the write-ahead log has synced everything up to it (W-6).

use super::message::{LogSize, ShardCut, ShardMessage, Sizes};
use super::tails::small_limit;
use super::{Shard, Slot};
use crate::jobs::Job;
use crate::probe::inventory::LOGS_MAX;
use log::log::Log;
use log::producers::ExpireRules;
use log::retain::{ClockState, RetainRules};
use log::segments::{FileCut, PlaceRules, SegmentMeta};
use std::collections::BTreeSet;
use tokio::sync::oneshot;
use types::{LogKey, Millis, Now};

/// Segments that retention gives up in one turn of one partition.
const SEGMENTS_PER_TURN: usize = 16;

/// Producers that are looked at in one turn of one partition.
const PRODUCERS_PER_TURN: usize = 10_000;
/// Shortest life of an idle producer.
const SEVEN_DAYS: Millis = Millis(7 * 24 * 60 * 60 * 1000);

/// A cut that waits for its changes to be durable.
pub(super) struct WaitingCut {
    ticket: u64,
    cut: ShardCut,
    reply: oneshot::Sender<ShardCut>,
}

impl Shard {
    pub(super) fn on_cut(&mut self, small_tail_bytes: u64, reply: oneshot::Sender<ShardCut>) {
        self.submit();
        let mut cut = ShardCut::default();
        // A tail of which the state had room for in an earlier checkpoint may have to go into a segment now.
        let mut keys = std::mem::take(&mut self.changed);
        keys.extend(&self.tails.unplaced);
        let small_tail_bytes = self.small_limit(&keys, small_tail_bytes);
        for key in keys {
            let Some(slot) = self.partitions.get_mut(&key) else { continue };
            let rules = place_rules(key, &slot.config);
            // What is damaged on disk is not written to: its tail stays in the state.
            let small_tail_bytes = if slot.partition.is_failed() { u64::MAX } else { small_tail_bytes };
            if let Some((log_cut, placement)) = slot.partition.cut(&rules, small_tail_bytes) {
                cut.cuts.push(log_cut);
                cut.placements.push(placement);
            }
        }
        let ticket = self.submitted.back().map_or(self.durable_ticket, |last| last.ticket);
        self.waiting_cuts.push(WaitingCut { ticket, cut, reply });
        self.release_cuts();
        if self.failed {
            self.give_up_cuts();
        }
    }

    /// The write-ahead log has failed: what a cut waits for never becomes durable.
    pub(super) fn give_up_cuts(&mut self) {
        self.waiting_cuts.clear();
    }

    /// Returns the largest tail that stays in the state.
    fn small_limit(&self, keys: &BTreeSet<LogKey>, most: u64) -> u64 {
        let slots = keys.iter().filter_map(|key| self.partitions.get(key));
        let in_state = |slot: &&Slot| !slot.partition.is_failed() && !slot.partition.log().is_page_cache();
        let tails = slots.filter(in_state);
        let tails = tails.map(|slot| slot.partition.log().unwritten_bytes()).collect();
        small_limit(tails, most, self.settings.small_tails_bytes)
    }

    pub(super) fn release_cuts(&mut self) {
        let durable = self.durable_ticket;
        for mut ready in self.waiting_cuts.extract_if(.., |waiting| waiting.ticket <= durable) {
            for cut in &mut ready.cut.cuts {
                if let Some(slot) = self.partitions.get(&cut.key) {
                    slot.partition.log().refresh_cut(cut);
                }
            }
            let _ = ready.reply.send(ready.cut);
        }
    }

    pub(super) fn on_checkpointed(&mut self, changes: &[(LogKey, u64)]) {
        self.tails.begin_round();
        for (key, change) in changes {
            let Some(slot) = self.partitions.get_mut(key) else { continue };
            let log = slot.partition.log_mut();
            log.checkpointed(*change);
            self.tails.note(*key, cached_bytes(log));
            match log.unwritten_bytes() {
                0 => self.tails.unplaced.remove(key),
                _ => self.tails.unplaced.insert(*key),
            };
            for cut in log.take_file_cuts() {
                self.jobs.send(Job::CutFile(cut));
            }
            let segments = log.take_deletable();
            if !segments.is_empty() {
                self.jobs.send(Job::DeleteSegments { key: *key, segments });
            }
            // After the deletion of what had these names before.
            let swaps = log.take_swaps();
            if !swaps.is_empty() {
                self.jobs.send(Job::SwapSegments { key: *key, swaps });
            }
            if log.has_dead_segments() {
                // Its start moved after the cut: on a full disk nothing else would bring the checkpoint that lets them go.
                self.jobs.send(Job::Checkpoint);
            }
            slot.count_unwritten();
            self.settle_deletes(*key);
        }
        self.evict();
    }

    /// Drops written batches from memory until all logs together keep to their budget.
    fn evict(&mut self) {
        for (key, keeps) in self.tails.plan(self.settings.tail_cache_bytes) {
            let Some(slot) = self.partitions.get_mut(&key) else { continue };
            let log = slot.partition.log_mut();
            log.evict(log.unwritten_bytes() + keeps);
            self.tails.shrunk(key, cached_bytes(log));
        }
    }

    pub(super) fn on_file_cut(&mut self, cut: &FileCut, segment: Option<SegmentMeta>) {
        if let Some(slot) = self.partitions.get_mut(&cut.key) {
            let log = slot.partition.log_mut();
            log.file_cut(cut, segment);
            if log.is_page_cache() && log.unwritten_bytes() > 0 {
                // Its batches have waited for the cut.
                self.pages.note_buffered(cut.key);
            }
            slot.count_unwritten();
            self.changed.insert(cut.key);
        }
    }

    pub(super) fn on_checkpoint_abandoned(&mut self, changes: &[(LogKey, u64)]) {
        for (key, _) in changes {
            if let Some(slot) = self.partitions.get_mut(key) {
                slot.partition.log_mut().abandon_cut();
                self.changed.insert(*key);
            }
        }
    }

    pub(super) fn on_retain(&mut self, now: Now) {
        self.evict_idle_groups(now);
        let clock = self.clock_watch.observe(now);
        if let ClockState::Jumped { by } = clock {
            tracing::warn!(by_ms = by.0, "the wall clock has jumped: nothing is deleted by age for now");
        }
        let holds = |slot: &Slot| {
            let log = slot.partition.log();
            // What is damaged is kept whole for whoever repairs it.
            !slot.partition.is_failed() && (log.size_bytes() > 0 || !log.producers().is_empty())
        };
        let keys: Vec<LogKey> =
            self.partitions.iter().filter(|(_, slot)| holds(slot)).map(|(key, _)| *key).collect();
        let (mut again, expiration) = (false, self.published.broker.storage.producer_id_expiration_ms);
        for key in keys {
            let Some(slot) = self.partitions.get_mut(&key) else { continue };
            if clock == ClockState::Steady {
                let rules = expire_rules(&slot.config, expiration);
                if slot.partition.log_mut().expire_producers(&rules, now.wall) > 0 {
                    self.changed.insert(key);
                }
            }
            if !slot.config.cleanup_policy.delete {
                continue;
            }
            let rules = retain_rules(&slot.config, clock);
            let mut effects = Vec::new();
            let more = slot.partition.retain(&rules, now.wall, &mut effects).more;
            if !effects.is_empty() {
                self.probes.skipped.moved.notify_one();
            }
            self.run_effects(key, effects);
            if more {
                again = true;
            }
        }
        if again {
            // The rest in a later turn: deletion is paced.
            self.router.send(self.id, ShardMessage::Retain);
        }
    }

    pub(super) fn on_log_sizes(&self, keys: Option<&[LogKey]>, reply: oneshot::Sender<Vec<LogSize>>) {
        let size = |(key, slot): (&LogKey, &Slot)| {
            let log = slot.partition.log();
            (!slot.partition.is_failed()).then(|| LogSize {
                key: *key,
                bytes: log.size_bytes(),
                retention_bytes: slot.config.retention_bytes,
                segments: log.segments().len() as u64,
                start: log.log_start(),
                end: log.log_end(),
            })
        };
        let sizes = match keys {
            None => self.partitions.iter().filter_map(size).collect(),
            Some(keys) => keys.iter().filter_map(|key| size((key, self.partitions.get(key)?))).collect(),
        };
        let _ = reply.send(sizes);
    }

    pub(super) fn on_sizes(&self, reply: oneshot::Sender<Sizes>) {
        let mut sizes = Sizes {
            waiting_produces: self.produces.waiting() as u64,
            waiting_fetches: self.fetches.waiting() as u64,
            groups: self.group_sizes(),
            txns: self.txn_sizes(),
            open_txns: self.oldest_txns(LOGS_MAX),
            ..Sizes::default()
        };
        self.partitions.values().for_each(|slot| sizes.count(&slot.partition));
        let _ = reply.send(sizes);
    }
}

/// Returns what a log keeps in memory for readers alone.
pub(super) fn cached_bytes(log: &Log) -> u64 {
    log.tail_bytes().saturating_sub(log.unwritten_bytes())
}

pub(super) fn place_rules(key: LogKey, config: &config::TopicConfig) -> PlaceRules {
    PlaceRules {
        segment_bytes: u64::from(config.segment_bytes),
        segment_ms: Millis(longest_segment(config).0 - jitter(key, config)),
        index_interval_bytes: u64::from(config.index_interval_bytes),
        segment_index_bytes: config.segment_index_bytes,
    }
}

/// Returns the age at which a segment is closed: one that is to be compacted in time must not stay open for longer.
fn longest_segment(config: &config::TopicConfig) -> Millis {
    let most = if config.cleanup_policy.compact { config.compaction.max_lag_ms } else { config.segment_ms };
    config.segment_ms.min(most)
}

/// Returns how much earlier than others a log rolls by age: a fixed part of the setting, spread over the logs, so that
/// they do not roll together. Kafka draws it anew for each segment.
fn jitter(key: LogKey, config: &config::TopicConfig) -> i64 {
    let most = config.segment_jitter_ms.min(longest_segment(config)).0.max(0).unsigned_abs();
    let place = (0..8).zip(key.topic_id.0.0).fold(0, |sum, (n, byte)| sum ^ (u64::from(byte) << (8 * n)));
    let spread =
        place.wrapping_add(u64::from(key.partition.0.unsigned_abs())).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    i64::try_from((u128::from(spread) * u128::from(most)) >> 64).unwrap_or(0)
}

/// A producer lives as long as its last batch, and seven days at least (W-9).
fn expire_rules(config: &config::TopicConfig, setting: Millis) -> ExpireRules {
    let data = match config.retention_ms {
        Some(retention) if config.cleanup_policy.delete => retention,
        _ => Millis(i64::MAX),
    };
    ExpireRules { keep: SEVEN_DAYS.max(setting).max(data), max_checked: PRODUCERS_PER_TURN }
}

fn retain_rules(config: &config::TopicConfig, clock: ClockState) -> RetainRules {
    RetainRules {
        retention_ms: config.retention_ms,
        retention_bytes: config.retention_bytes,
        max_segments: SEGMENTS_PER_TURN,
        clock,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a producer is remembered for the time that is set, and never less than seven days or its data (W-9).
    #[test]
    fn producer_expiration_acts() {
        let topic = |retention_ms| config::TopicConfig { retention_ms, ..config::TopicConfig::default() };
        let keep = |topic: &config::TopicConfig, setting| expire_rules(topic, Millis(setting)).keep;
        let day = SEVEN_DAYS.0 / 7;
        let short = topic(Some(Millis(1)));
        assert_eq!(keep(&short, 1), SEVEN_DAYS);
        assert_eq!(keep(&short, 30 * day), Millis(30 * day));
        assert_eq!(keep(&topic(Some(Millis(60 * day))), 30 * day), Millis(60 * day));
        assert_eq!(keep(&topic(None), 30 * day), Millis(i64::MAX));
    }
}
