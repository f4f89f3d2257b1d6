//! Settings of one topic: what the code receives, and how it is made of overrides and defaults.
//!
//! A value is the topic's own, else the broker's setting that is its synonym, else the table's default.
//! *Source*: LogConfig of Kafka 4.3.1, whose messages are kept. Tests: `tests/topic.rs`.

use crate::broker::BrokerConfig;
use crate::error::{ConfigError, Notice};
use crate::property::{Class, Property, Update, Value, split_list};
use crate::sources::{self, Overrides, Sources};
use crate::table;
use std::collections::BTreeMap;
use types::Millis;

/// The setting that says what an acknowledgement means.
pub const DURABILITY: &str = "highwater.durability";
/// The settings of a topic that stay what they were when it was created.
pub const FIXED_AT_CREATION: &[&str] = &[DURABILITY];

/// What an acknowledgement of a topic's batch means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Durability {
    /// The batch is on stable storage.
    #[default]
    Fsync,
    /// The batch is in the page cache: it survives a killed process, not a power cut (W-16).
    PageCache,
}

impl Durability {
    /// Returns the setting's value.
    pub fn name(self) -> &'static str {
        match self {
            Durability::Fsync => "fsync",
            Durability::PageCache => "page-cache",
        }
    }
}

/// What happens to old data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CleanupPolicy {
    /// Segments beyond retention are deleted.
    pub delete: bool,
    /// The latest record of each key is kept.
    pub compact: bool,
}

/// Whose clock stamps records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TimestampType {
    /// The producer's.
    #[default]
    CreateTime,
    /// The broker's.
    LogAppendTime,
}

/// Codec in which batches are to be stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Compression {
    /// As the producer sent them.
    #[default]
    Producer,
    /// Not compressed.
    Uncompressed,
    /// gzip.
    Gzip,
    /// snappy.
    Snappy,
    /// lz4.
    Lz4,
    /// zstd.
    Zstd,
}

/// The settings of one topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicConfig {
    /// Age beyond which whole segments are deleted; `None` keeps them.
    pub retention_ms: Option<Millis>,
    /// Size of a partition beyond which its oldest segments are deleted; `None` keeps them. *Units*: bytes.
    pub retention_bytes: Option<u64>,
    /// Size at which a segment is closed. *Units*: bytes.
    pub segment_bytes: u32,
    /// Age at which a segment is closed.
    pub segment_ms: Millis,
    /// Largest shortening of `segment_ms`; each log has its own part of it.
    pub segment_jitter_ms: Millis,
    /// Largest size of a segment's index. *Units*: bytes.
    pub segment_index_bytes: u32,
    /// Bytes of a segment between two index entries.
    pub index_interval_bytes: u32,
    /// Largest batch that is taken. *Units*: bytes.
    pub max_message_bytes: u32,
    /// In-sync replicas that acks=all needs, as set; see [`TopicConfig::effective_min_isr`].
    pub min_insync_replicas: u32,
    /// Whose clock stamps records.
    pub message_timestamp_type: TimestampType,
    /// How far a producer's timestamp may lie in the past.
    pub message_timestamp_before_max_ms: Millis,
    /// How far a producer's timestamp may lie in the future.
    pub message_timestamp_after_max_ms: Millis,
    /// What happens to old data.
    pub cleanup_policy: CleanupPolicy,
    /// Codec in which batches are to be stored.
    pub compression_type: Compression,
    /// Effort of gzip; `None` is its own choice.
    pub compression_gzip_level: Option<i32>,
    /// Effort of zstd.
    pub compression_zstd_level: i32,
    /// Time between the renaming of a deleted segment and its removal.
    pub file_delete_delay_ms: Millis,
    /// What an acknowledgement means; fixed when the topic is created.
    pub durability: Durability,
    /// When and how the log is compacted, if it is.
    pub compaction: CompactionConfig,
}

/// When and how a log is compacted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CompactionConfig {
    /// Share of dirty bytes above which it is. *Units*: millionths.
    pub min_dirty_millionths: u32,
    /// Age below which a segment is left alone.
    pub min_lag_ms: Millis,
    /// Age of a dirty segment from which on the log does not wait for the share.
    pub max_lag_ms: Millis,
    /// Time that a tombstone stays.
    pub delete_retention_ms: Millis,
}

impl Default for CompactionConfig {
    fn default() -> CompactionConfig {
        CompactionConfig {
            min_dirty_millionths: 500_000,
            min_lag_ms: Millis(0),
            max_lag_ms: Millis(i64::MAX),
            delete_retention_ms: Millis(86_400_000),
        }
    }
}

impl Default for TopicConfig {
    /// Returns what a topic has without any setting.
    fn default() -> TopicConfig {
        TopicConfig {
            retention_ms: Some(Millis(604_800_000)),
            retention_bytes: None,
            segment_bytes: 1 << 30,
            segment_ms: Millis(604_800_000),
            segment_jitter_ms: Millis(0),
            segment_index_bytes: 10 << 20,
            index_interval_bytes: 4096,
            max_message_bytes: 1_048_588,
            min_insync_replicas: 1,
            message_timestamp_type: TimestampType::CreateTime,
            message_timestamp_before_max_ms: Millis(i64::MAX),
            message_timestamp_after_max_ms: Millis(3_600_000),
            cleanup_policy: CleanupPolicy { delete: true, compact: false },
            compression_type: Compression::Producer,
            compression_gzip_level: None,
            compression_zstd_level: 3,
            file_delete_delay_ms: Millis(60_000),
            durability: Durability::Fsync,
            compaction: CompactionConfig::default(),
        }
    }
}

impl TopicConfig {
    /// Returns what a topic has under the preset `tiny`.
    pub fn tiny() -> TopicConfig {
        TopicConfig { segment_bytes: 64 << 10, max_message_bytes: 48 << 10, ..TopicConfig::default() }
    }

    /// Builds a topic's settings of its own values and the broker's.
    ///
    /// # Errors
    /// `UnknownTopicSetting`, `Refused` or `Invalid`; all of them are INVALID_CONFIG to a client.
    pub fn from_overrides(
        overrides: &BTreeMap<String, String>,
        broker: &BrokerConfig,
    ) -> Result<TopicConfig, ConfigError> {
        build(overrides, &broker.sources)
    }

    /// Builds a topic's settings of what is stored for it. A value that cannot be taken, alone or together with those
    /// before it, is left out, and returned with the reason.
    pub fn from_stored(overrides: &Overrides, broker: &BrokerConfig) -> (TopicConfig, Vec<ConfigError>) {
        if let Ok(config) = TopicConfig::from_overrides(overrides, broker) {
            return (config, Vec::new());
        }
        let (mut taken, mut config, mut refused) =
            (Overrides::new(), broker.topic_defaults.clone(), Vec::new());
        for (name, value) in overrides {
            taken.insert(name.clone(), value.clone());
            match TopicConfig::from_overrides(&taken, broker) {
                Ok(with) => config = with,
                Err(error) => {
                    taken.remove(name);
                    refused.push(error);
                }
            }
        }
        (config, refused)
    }

    /// Returns what to store for a topic that is created now: its own values, and the broker's default
    /// for what is fixed at creation, where that differs from the table's. So a later change of the
    /// broker's default never changes what an acknowledgement of an existing topic means.
    pub fn at_creation(
        overrides: &BTreeMap<String, String>,
        broker: &BrokerConfig,
    ) -> BTreeMap<String, String> {
        let mut stored = overrides.clone();
        if broker.default_durability == Durability::PageCache {
            stored.entry(DURABILITY.to_owned()).or_insert_with(|| Durability::PageCache.name().to_owned());
        }
        stored
    }

    /// Lists a topic's own values that are accepted and do not act, to be shown where the topic is.
    pub fn idle(overrides: &BTreeMap<String, String>) -> Vec<Notice> {
        let notice = |(name, value): (&String, &String)| {
            let property = table::topic_property(name)?;
            let reason = property.idle(value).filter(|_| property.default != Some(value.trim()))?;
            Some(Notice::idle(name, reason))
        };
        overrides.iter().filter_map(notice).collect()
    }

    /// Returns how many in-sync replicas acks=all needs: the setting, but never more than there are.
    pub fn effective_min_isr(&self, replicas: u32) -> u32 {
        self.min_insync_replicas.min(replicas)
    }
}

/// Checks every override and builds the struct; also used for the broker's own defaults.
pub(crate) fn build(
    overrides: &BTreeMap<String, String>,
    broker: &Sources,
) -> Result<TopicConfig, ConfigError> {
    for (name, value) in overrides {
        check_override(name, value, broker)?;
    }
    let view = TopicView { overrides, broker };
    view.check_lags()?;
    view.check_compactable()?;
    view.check_message_fits_wal()?;
    view.config()
}

fn check_override(name: &str, value: &str, broker: &Sources) -> Result<(), ConfigError> {
    let property = table::topic_property(name)
        .ok_or_else(|| ConfigError::UnknownTopicSetting { name: name.to_owned() })?;
    sources::check(property, value, broker.preset())
}

/// A topic's values by name: its own over the broker's over the table's.
#[derive(Clone, Copy)]
pub(crate) struct TopicView<'a> {
    pub(crate) overrides: &'a BTreeMap<String, String>,
    pub(crate) broker: &'a Sources,
}

impl TopicView<'_> {
    /// Returns the effective value as text.
    pub(crate) fn text(&self, property: &Property) -> String {
        if let Some(own) = self.overrides.get(property.name) {
            return own.trim().to_owned();
        }
        let inherited = self.broker.chosen(property.synonyms.iter().map(|s| s.name));
        match inherited {
            Some((name, setting)) => converted(property, name, &setting.value),
            None => property.default.unwrap_or("").to_owned(),
        }
    }

    fn value(&self, name: &str) -> Result<(String, Value), ConfigError> {
        let property = table::topic_property(name)
            .ok_or_else(|| ConfigError::UnknownTopicSetting { name: name.to_owned() })?;
        let text = self.text(property);
        let value = property.read(&text)?;
        Ok((text, value))
    }

    fn number(&self, name: &str) -> Result<i64, ConfigError> {
        match self.value(name)? {
            (_, Value::Number(number)) => Ok(number),
            (text, _) => Err(ConfigError::invalid(name, &text, "it is not a number")),
        }
    }

    fn millis(&self, name: &str) -> Result<Millis, ConfigError> {
        self.number(name).map(Millis)
    }

    fn count(&self, name: &str) -> Result<u32, ConfigError> {
        let number = self.number(name)?;
        u32::try_from(number)
            .map_err(|_| ConfigError::invalid(name, &number.to_string(), "Value must be at least 0"))
    }

    fn config(&self) -> Result<TopicConfig, ConfigError> {
        let retention_ms = self.number("retention.ms")?;
        Ok(TopicConfig {
            retention_ms: (retention_ms >= 0).then_some(Millis(retention_ms)),
            retention_bytes: u64::try_from(self.number("retention.bytes")?).ok(),
            segment_bytes: self.count("segment.bytes")?,
            segment_ms: self.millis("segment.ms")?,
            segment_jitter_ms: self.millis("segment.jitter.ms")?,
            segment_index_bytes: self.count("segment.index.bytes")?,
            index_interval_bytes: self.count("index.interval.bytes")?,
            max_message_bytes: self.count("max.message.bytes")?,
            min_insync_replicas: self.count("min.insync.replicas")?,
            message_timestamp_type: timestamp_type(&self.value("message.timestamp.type")?.0),
            message_timestamp_before_max_ms: self.millis("message.timestamp.before.max.ms")?,
            message_timestamp_after_max_ms: self.millis("message.timestamp.after.max.ms")?,
            cleanup_policy: cleanup_policy(&self.value("cleanup.policy")?.0),
            compression_type: compression(&self.value("compression.type")?.0),
            compression_gzip_level: Some(self.level("compression.gzip.level")?).filter(|level| *level >= 0),
            compression_zstd_level: self.level("compression.zstd.level")?,
            file_delete_delay_ms: self.millis("file.delete.delay.ms")?,
            durability: durability(&self.value(DURABILITY)?.0),
            compaction: CompactionConfig {
                min_dirty_millionths: self.millionths("min.cleanable.dirty.ratio")?,
                min_lag_ms: self.millis("min.compaction.lag.ms")?,
                max_lag_ms: self.millis("max.compaction.lag.ms")?,
                delete_retention_ms: self.millis("delete.retention.ms")?,
            },
        })
    }

    fn level(&self, name: &str) -> Result<i32, ConfigError> {
        let number = self.number(name)?;
        i32::try_from(number)
            .map_err(|_| ConfigError::invalid(name, &number.to_string(), "Not a number of type INT"))
    }

    fn millionths(&self, name: &str) -> Result<u32, ConfigError> {
        match self.value(name)? {
            (_, Value::Double(share)) => Ok(millionths(share)),
            (text, _) => Err(ConfigError::invalid(name, &text, "it is not a number")),
        }
    }

    /// The files of a page-cache log are not swapped: see docs/adr/2026-11-26-compaction.md.
    fn check_compactable(&self) -> Result<(), ConfigError> {
        let compacts = cleanup_policy(&self.value("cleanup.policy")?.0).compact;
        if !compacts || durability(&self.value(DURABILITY)?.0) != Durability::PageCache {
            return Ok(());
        }
        let why = "a topic with highwater.durability=page-cache cannot be compacted; use fsync, or cleanup.policy=delete";
        Err(ConfigError::refused("cleanup.policy", why))
    }

    fn check_lags(&self) -> Result<(), ConfigError> {
        let (least, most) = (self.number("min.compaction.lag.ms")?, self.number("max.compaction.lag.ms")?);
        if least <= most {
            return Ok(());
        }
        Err(ConfigError::Lags { least, most })
    }

    /// A batch is written into one file of the write-ahead log (W-4).
    fn check_message_fits_wal(&self) -> Result<(), ConfigError> {
        let file = self.broker.number("highwater.wal.file.bytes")?;
        let most = file - crate::broker::WAL_OVERHEAD_BYTES;
        let size = self.number("max.message.bytes")?;
        if size <= most {
            return Ok(());
        }
        let own = self.overrides.contains_key("max.message.bytes");
        let name = if own { "max.message.bytes" } else { "message.max.bytes" };
        let why = format!(
            "a batch of {size} bytes does not fit into a file of the write-ahead log; set at most {most}, or a \
             larger highwater.wal.file.bytes on the broker"
        );
        Err(ConfigError::refused(name, why))
    }
}

/// Turns the value of a broker setting into that of the topic setting (hours to milliseconds).
pub(crate) fn converted(property: &Property, broker_name: &str, value: &str) -> String {
    let factor = property.synonyms.iter().find(|s| s.name == broker_name).map_or(1, |s| s.factor);
    match value.parse::<i64>() {
        Ok(number) if factor != 1 && number >= 0 => number.saturating_mul(factor).to_string(),
        Ok(_) if factor != 1 => "-1".to_owned(),
        _ => value.to_owned(),
    }
}

/// Returns a share in millionths.
pub(crate) fn millionths(share: f64) -> u32 {
    format!("{:.0}", (share * 1e6).clamp(0.0, 1e6)).parse().unwrap_or(0)
}

fn timestamp_type(text: &str) -> TimestampType {
    match text {
        "LogAppendTime" => TimestampType::LogAppendTime,
        _ => TimestampType::CreateTime,
    }
}

fn cleanup_policy(text: &str) -> CleanupPolicy {
    let policies = split_list(text);
    let has = |name: &str| policies.iter().any(|p| p == name);
    CleanupPolicy { delete: has("delete"), compact: has("compact") }
}

fn compression(text: &str) -> Compression {
    match text {
        "uncompressed" => Compression::Uncompressed,
        "gzip" => Compression::Gzip,
        "snappy" => Compression::Snappy,
        "lz4" => Compression::Lz4,
        "zstd" => Compression::Zstd,
        _ => Compression::Producer,
    }
}

pub(crate) fn durability(text: &str) -> Durability {
    match text {
        "page-cache" => Durability::PageCache,
        _ => Durability::Fsync,
    }
}

/// Says whether a topic setting can only be given when the topic is created.
pub(crate) fn is_fixed(property: &Property) -> bool {
    property.update == Update::ReadOnly || property.class() == Class::Refused
}
