//! A topic's settings: Kafka's names, bounds and messages.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use config::{BrokerConfig, Compression, ConfigError, Durability, Layers, TimestampType, TopicConfig};
use std::collections::BTreeMap;

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn broker(entries: &[(&str, &str)]) -> BrokerConfig {
    BrokerConfig::from_layers(&Layers { file: map(entries), ..Layers::default() }).unwrap().0
}

fn topic(entries: &[(&str, &str)]) -> Result<TopicConfig, ConfigError> {
    TopicConfig::from_overrides(&map(entries), &broker(&[]))
}

fn refusal(name: &str, value: &str) -> String {
    topic(&[(name, value)]).expect_err("it is refused").to_string()
}

/// Protects: a topic's own value beats the broker's, which beats the table's.
#[test]
fn layers_of_a_topic() {
    let broker =
        broker(&[("log.retention.minutes", "5"), ("log.segment.bytes", "2097152"), ("log.roll.hours", "2")]);
    let own = map(&[("segment.bytes", "1048576")]);
    let config = TopicConfig::from_overrides(&own, &broker).unwrap();
    assert_eq!(config.retention_ms.map(|m| m.0), Some(300_000));
    assert_eq!(config.segment_bytes, 1_048_576);
    assert_eq!(config.segment_ms.0, 7_200_000);
    assert_eq!(config.index_interval_bytes, 4096);
}

/// Protects: messages are those of Kafka 4.3.1, which clients show to their users.
#[test]
fn messages_are_kafkas() {
    let cases = [
        ("retention.ms", "-2", "Value must be at least -1"),
        ("retention.ms", "abc", "Not a number of type LONG"),
        ("cleanup.policy", "foo", "String must be one of: compact, delete"),
        ("segment.bytes", "100", "Value must be at least 1048576"),
        ("segment.bytes", "99999999999", "Not a number of type INT"),
        ("min.insync.replicas", "0", "Value must be at least 1"),
        ("min.insync.replicas", "1.5", "Not a number of type INT"),
        (
            "compression.type",
            "None",
            "String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer",
        ),
        ("message.timestamp.type", "foo", "String must be one of: CreateTime, LogAppendTime"),
        ("preallocate", "maybe", "Expected value to be either true or false"),
        ("min.cleanable.dirty.ratio", "2.0", "Value must be no more than 1"),
        ("max.message.bytes", "-1", "Value must be at least 0"),
        ("compression.gzip.level", "20", "Value must be between 1 and 9 or equal to -1"),
        ("compression.zstd.level", "99", "Value must be no more than 22"),
    ];
    for (name, value, problem) in cases {
        assert_eq!(
            refusal(name, value),
            format!("Invalid value {value} for configuration {name}: {problem}")
        );
    }
    assert_eq!(refusal("nope", "1"), "Unknown topic config name: nope");
    assert_eq!(refusal("internal.segment.bytes", "1"), "Unknown topic config name: internal.segment.bytes");
    assert!(refusal("leader.replication.throttled.replicas", "x").contains("[partitionId]:[brokerId]"));
}

/// Protects: values that Kafka takes are taken.
#[test]
fn values_that_pass() {
    for (name, value) in [
        ("retention.ms", " 5000 "),
        ("retention.bytes", "-1"),
        ("cleanup.policy", ""),
        ("cleanup.policy", "compact, delete"),
        ("min.insync.replicas", "3"),
        ("leader.replication.throttled.replicas", "*"),
        ("leader.replication.throttled.replicas", "0:1,1:2"),
        ("preallocate", "TRUE"),
        ("local.retention.ms", "-2"),
        ("remote.storage.enable", "false"),
    ] {
        assert!(topic(&[(name, value)]).is_ok(), "{name}={value}");
    }
}

/// Protects: tiered storage is refused by name, not accepted and forgotten.
#[test]
fn tiered_storage_is_refused() {
    for (name, value) in
        [("remote.storage.enable", "true"), ("local.retention.ms", "5"), ("remote.log.copy.disable", "true")]
    {
        let text = refusal(name, value);
        assert!(text.contains(name) && text.contains("no tiered storage"), "{text}");
    }
}

/// Protects: a batch that cannot fit into a file of the write-ahead log is refused at the setting (W-4).
#[test]
fn a_message_fits_the_write_ahead_log() {
    assert!(topic(&[("max.message.bytes", "33546240")]).is_ok());
    assert!(refusal("max.message.bytes", "33546241").starts_with("max.message.bytes is refused: "));
    let tiny = BrokerConfig::tiny(std::path::Path::new("/t")).unwrap();
    assert!(TopicConfig::from_overrides(&map(&[("max.message.bytes", "516096")]), &tiny).is_ok());
    assert!(TopicConfig::from_overrides(&map(&[("max.message.bytes", "516097")]), &tiny).is_err());
}

/// Protects: settings that exclude each other are refused together.
#[test]
fn compaction_lags_agree() {
    let text =
        topic(&[("min.compaction.lag.ms", "10"), ("max.compaction.lag.ms", "5")]).unwrap_err().to_string();
    assert!(text.contains("min.compaction.lag.ms") && text.contains("max.compaction.lag.ms"), "{text}");
}

/// Protects: words become the values that code decides by.
#[test]
fn words() {
    let config = topic(&[
        ("compression.type", "lz4"),
        ("message.timestamp.type", "LogAppendTime"),
        ("highwater.durability", "page-cache"),
        ("retention.ms", "-1"),
        ("retention.bytes", "0"),
    ])
    .unwrap();
    let both = topic(&[("cleanup.policy", "compact,delete")]).unwrap().cleanup_policy;
    assert!(both.delete && both.compact);
    assert_eq!(config.compression_type, Compression::Lz4);
    assert_eq!(config.message_timestamp_type, TimestampType::LogAppendTime);
    assert_eq!(config.durability, Durability::PageCache);
    assert_eq!(config.durability.name(), "page-cache");
    assert_eq!((config.retention_ms, config.retention_bytes), (None, Some(0)));
    let none = topic(&[("cleanup.policy", "")]).unwrap().cleanup_policy;
    assert!(!none.delete && !none.compact);
}

/// Protects: durability is fsync unless said otherwise, and the broker's default counts at creation
/// only, so that changing it later weakens no existing topic.
#[test]
fn durability_default() {
    assert_eq!(topic(&[]).unwrap().durability, Durability::Fsync);
    let weak = broker(&[("highwater.durability", "page-cache")]);
    let of =
        |stored: &BTreeMap<String, String>| TopicConfig::from_overrides(stored, &weak).unwrap().durability;
    assert_eq!(of(&map(&[])), Durability::Fsync);
    assert_eq!(of(&TopicConfig::at_creation(&map(&[]), &weak)), Durability::PageCache);
    let own = map(&[("highwater.durability", "fsync")]);
    assert_eq!(of(&TopicConfig::at_creation(&own, &weak)), Durability::Fsync);
    assert_eq!(TopicConfig::at_creation(&map(&[]), &broker(&[])), map(&[]));
}

/// Protects: acks=all never waits for more replicas than there are.
#[test]
fn min_isr_is_capped() {
    let config = topic(&[("min.insync.replicas", "3")]).unwrap();
    assert_eq!((config.effective_min_isr(1), config.effective_min_isr(5)), (1, 3));
}

/// Protects: what is accepted and does not act is said where the topic is shown.
#[test]
fn idle_settings_are_named() {
    let own = map(&[
        ("cleanup.policy", "compact"),
        ("compression.type", "producer"),
        ("flush.ms", "1"),
        ("retention.ms", "5"),
    ]);
    let named: Vec<String> = TopicConfig::idle(&own).into_iter().map(|n| n.name).collect();
    assert_eq!(named, ["flush.ms"]);
}
