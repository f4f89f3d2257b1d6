//! What is counted of compaction.

use crate::shard::compaction::Survey;
use log::directory::CompactEnd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The last look at the logs, and the last compaction.
#[derive(Default, Debug)]
pub(crate) struct CleanerProbes {
    /// Largest share of dirty bytes of a log. *Units*: percent.
    pub(super) max_dirty: AtomicU64,
    /// Longest wait of a log beyond `max.compaction.lag.ms`. *Units*: s.
    pub(super) max_delay: AtomicU64,
    /// Logs that could not be compacted and are left alone for a while.
    pub(super) uncleanable: AtomicU64,
    /// What the last compaction left of the bytes that it read. *Units*: percent.
    pub(super) recopy: AtomicU64,
    /// How long the last compaction took. *Units*: s.
    pub(super) clean_time: AtomicU64,
    /// How full the memory for its keys was. *Units*: percent.
    pub(super) buffer: AtomicU64,
    /// Compactions that have ended.
    pub(super) compactions: AtomicU64,
    /// Records that they took away.
    pub(super) records: AtomicU64,
}

impl CleanerProbes {
    /// Notes a look at the logs.
    pub(crate) fn looked(&self, survey: &Survey, uncleanable: usize) {
        self.max_dirty.store(percent(survey.max_dirty_ratio), Ordering::Relaxed);
        let delay = u64::try_from(survey.max_overdue_ms / 1000).unwrap_or(0);
        self.max_delay.store(delay, Ordering::Relaxed);
        self.uncleanable.store(uncleanable as u64, Ordering::Relaxed);
    }

    /// Notes a compaction.
    pub(crate) fn ended(&self, end: &CompactEnd, took: Duration) {
        let recopy = end.stats.bytes_kept.saturating_mul(100) / end.stats.bytes_read.max(1);
        self.recopy.store(recopy, Ordering::Relaxed);
        self.clean_time.store(took.as_secs(), Ordering::Relaxed);
        self.buffer.store(percent(end.map_utilization), Ordering::Relaxed);
        self.compactions.fetch_add(1, Ordering::Relaxed);
        self.records.fetch_add(end.stats.records_gone, Ordering::Relaxed);
    }

    /// Returns the value of a metric.
    pub(super) fn value(&self, name: &str) -> Option<u64> {
        let value = match name {
            "kafka_log_logcleanermanager_max_dirty_percent" => &self.max_dirty,
            "kafka_log_logcleanermanager_uncleanable_partitions_count" => &self.uncleanable,
            "kafka_log_logcleaner_cleaner_recopy_percent" => &self.recopy,
            "kafka_log_logcleaner_max_clean_time_secs" => &self.clean_time,
            "kafka_log_logcleaner_max_buffer_utilization_percent" => &self.buffer,
            "kafka_log_logcleaner_max_compaction_delay_secs" => &self.max_delay,
            "highwater_compactions_total" => &self.compactions,
            "highwater_compacted_records_total" => &self.records,
            _ => return None,
        };
        Some(value.load(Ordering::Relaxed))
    }
}

/// Returns a share between 0 and 1 in percent, without its fraction.
fn percent(share: f64) -> u64 {
    (1_u32..=100).take_while(|n| f64::from(*n) <= share * 100.0).last().map_or(0, u64::from)
}
