//! A shard's part in compaction: which of its logs is due, and the new segments that its logs take.
//!
//! The passes over the files run on the directory's thread (`jobs/compaction.rs`); here nothing is read or written. A clock that
//! has jumped lets nothing be compacted by age, as it lets nothing be deleted. Tests: below, tests/wire/compaction.rs.

use super::Shard;
use super::checkpoints::place_rules;
use config::{CleanerConfig, TopicConfig};
use log::compact::{CompactPlan, CompactRules};
use log::log::Replacement;
use log::retain::ClockState;
use log::segments::SegmentId;
use std::collections::BTreeSet;
use tokio::sync::oneshot;
use types::{LogKey, Now, Offset};

/// Most bytes that one batch may decompress to in a compaction.
const DECOMPRESSED_MAX: usize = 64 << 20;

/// What the directory's thread asks and says.
pub(crate) enum CompactMessage {
    /// Which log is the dirtiest of those that are due.
    Survey {
        /// Logs that are left out.
        skip: BTreeSet<LogKey>,
        /// Where the answer goes.
        reply: oneshot::Sender<Survey>,
    },
    /// A segment is made; answered with whether the log has taken it.
    Made {
        /// The segment.
        made: Box<Replacement>,
        /// Where the answer goes.
        reply: oneshot::Sender<bool>,
    },
    /// A compaction has ended.
    Ended {
        /// Of which log.
        key: LogKey,
        /// First offset that it has not seen.
        cleaned: Offset,
    },
    /// Files have taken their names.
    Swapped {
        /// Of which log.
        key: LogKey,
        /// Which.
        bases: Vec<SegmentId>,
    },
}

/// What a shard knows of its logs.
#[derive(Default)]
pub(crate) struct Survey {
    /// The settings of this moment.
    pub(crate) cleaner: CleanerConfig,
    /// Largest share of dirty bytes of a log, due or not.
    pub(crate) max_dirty_ratio: f64,
    /// Longest time for which a log has waited beyond `max.compaction.lag.ms`. *Units*: ms.
    pub(crate) max_overdue_ms: i64,
    /// The dirtiest log that is due, with its share.
    pub(crate) best: Option<(f64, Box<CompactPlan>)>,
}

impl Survey {
    /// Takes what another shard knows into this one.
    pub(crate) fn join(&mut self, other: Survey) {
        self.cleaner = other.cleaner;
        self.max_dirty_ratio = self.max_dirty_ratio.max(other.max_dirty_ratio);
        self.max_overdue_ms = self.max_overdue_ms.max(other.max_overdue_ms);
        let ratio = |best: &Option<(f64, Box<CompactPlan>)>| best.as_ref().map_or(-1.0, |best| best.0);
        if ratio(&other.best) > ratio(&self.best) {
            self.best = other.best;
        }
    }
}

impl Shard {
    pub(super) fn on_compact(&mut self, message: CompactMessage, now: Now) {
        match message {
            CompactMessage::Survey { skip, reply } => {
                let _ = reply.send(self.survey(&skip, now));
            }
            CompactMessage::Made { made, reply } => {
                let _ = reply.send(self.take_made(*made));
            }
            CompactMessage::Ended { key, cleaned } => {
                if let Some(slot) = self.partitions.get_mut(&key) {
                    slot.partition.log_mut().compacted(cleaned);
                    self.changed.insert(key);
                }
            }
            CompactMessage::Swapped { key, bases } => {
                if let Some(slot) = self.partitions.get_mut(&key) {
                    slot.partition.log_mut().swapped(&bases);
                    self.changed.insert(key);
                }
            }
        }
    }

    fn survey(&mut self, skip: &BTreeSet<LogKey>, now: Now) -> Survey {
        let cleaner = self.published.broker.storage.cleaner;
        let mut survey = Survey { cleaner, ..Survey::default() };
        if !cleaner.enabled || self.failed || self.clock_watch.observe(now) != ClockState::Steady {
            return survey;
        }
        let mut best: Option<(f64, LogKey)> = None;
        for (key, slot) in &self.partitions {
            if !slot.config.cleanup_policy.compact || slot.partition.is_failed() || skip.contains(key) {
                continue;
            }
            let rules = compact_rules(&slot.config);
            let cleanable = slot.partition.log().cleanable(&rules, now.wall);
            let ratio = cleanable.dirty_ratio();
            survey.max_dirty_ratio = survey.max_dirty_ratio.max(ratio);
            survey.max_overdue_ms = survey.max_overdue_ms.max(cleanable.overdue.0);
            if cleanable.is_due(&rules) && best.is_none_or(|(most, _)| ratio > most) {
                best = Some((ratio, *key));
            }
        }
        survey.best = best.and_then(|(ratio, key)| {
            let slot = self.partitions.get(&key)?;
            let (rules, place) = (compact_rules(&slot.config), place_rules(key, &slot.config));
            let plan = slot.partition.log().compaction(&rules, &place, (now.wall, DECOMPRESSED_MAX))?;
            Some((ratio, Box::new(plan)))
        });
        survey
    }

    fn take_made(&mut self, made: Replacement) -> bool {
        let key = made.key;
        let Some(slot) = self.partitions.get_mut(&key).filter(|slot| !slot.partition.is_failed()) else {
            return false;
        };
        let is_taken = slot.partition.log_mut().replace_segments(made);
        self.changed.insert(key);
        is_taken
    }
}

fn compact_rules(config: &TopicConfig) -> CompactRules {
    let compaction = config.compaction;
    CompactRules {
        min_dirty_ratio: f64::from(compaction.min_dirty_millionths) / 1e6,
        min_lag: compaction.min_lag_ms,
        max_lag: compaction.max_lag_ms,
        delete_retention: compaction.delete_retention_ms,
    }
}
