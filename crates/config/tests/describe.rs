//! What DescribeConfigs and CreateTopics show.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use config::{
    BrokerConfig, ConfigSource, Described, Kind, Layers, describe_broker, describe_client_metrics,
    describe_group, describe_topic,
};
use std::collections::BTreeMap;

/// The order in which Kafka 4.3.1 answers CreateTopics.
const KAFKAS_ORDER: &[&str] = &[
    "compression.type",
    "remote.log.delete.on.disable",
    "leader.replication.throttled.replicas",
    "remote.storage.enable",
    "min.insync.replicas",
    "segment.jitter.ms",
    "remote.log.copy.disable",
    "local.retention.ms",
    "cleanup.policy",
    "flush.ms",
    "follower.replication.throttled.replicas",
    "compression.lz4.level",
    "compression.gzip.level",
    "retention.ms",
    "segment.bytes",
    "compression.zstd.level",
    "flush.messages",
    "file.delete.delay.ms",
    "max.compaction.lag.ms",
    "max.message.bytes",
    "min.compaction.lag.ms",
    "message.timestamp.type",
    "local.retention.bytes",
    "preallocate",
    "index.interval.bytes",
    "min.cleanable.dirty.ratio",
    "unclean.leader.election.enable",
    "delete.retention.ms",
    "retention.bytes",
    "message.timestamp.after.max.ms",
    "message.timestamp.before.max.ms",
    "segment.ms",
    "segment.index.bytes",
];

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn broker(entries: &[(&str, &str)]) -> BrokerConfig {
    BrokerConfig::from_layers(&Layers { file: map(entries), ..Layers::default() }).unwrap().0
}

fn entry<'a>(all: &'a [Described], name: &str) -> &'a Described {
    all.iter().find(|d| d.name == name).unwrap()
}

/// Protects: a topic shows all of Kafka's settings, in Kafka's order, and ours after them.
#[test]
fn the_list_is_kafkas() {
    let names: Vec<&str> = describe_topic(&map(&[]), &broker(&[])).iter().map(|d| d.name).collect();
    let (kafkas, ours) = names.split_at(KAFKAS_ORDER.len());
    assert_eq!(kafkas, KAFKAS_ORDER);
    assert_eq!(ours, ["highwater.durability"]);
}

/// Protects: each value says where it comes from, and what would count without it.
#[test]
fn sources_and_synonyms() {
    let broker = broker(&[("log.cleanup.policy", "compact"), ("log.retention.hours", "2")]);
    let all =
        describe_topic(&map(&[("cleanup.policy", "compact,delete"), ("retention.bytes", "5")]), &broker);
    let policy = entry(&all, "cleanup.policy");
    assert_eq!(
        (policy.value.as_deref(), policy.source),
        (Some("compact,delete"), ConfigSource::DynamicTopic)
    );
    let synonyms: Vec<_> =
        policy.synonyms.iter().map(|s| (s.name, s.value.as_deref(), s.source.code())).collect();
    assert_eq!(
        synonyms,
        [
            ("cleanup.policy", Some("compact,delete"), 1),
            ("log.cleanup.policy", Some("compact"), 4),
            ("log.cleanup.policy", Some("delete"), 5)
        ]
    );
    let retention = entry(&all, "retention.ms");
    assert_eq!((retention.value.as_deref(), retention.source), (Some("7200000"), ConfigSource::StaticBroker));
    assert_eq!(retention.synonyms[0].name, "log.retention.hours");
    assert_eq!(retention.synonyms[0].value.as_deref(), Some("2"));
    let segment = entry(&all, "segment.bytes");
    assert_eq!((segment.source, segment.kind.code(), segment.read_only), (ConfigSource::Default, 3, false));
    assert_eq!(segment.synonyms[0].name, "log.segment.bytes");
}

/// Protects: a value is shown in one form, however it was written.
#[test]
fn values_have_one_form() {
    let own =
        map(&[("cleanup.policy", " compact , delete"), ("preallocate", "TRUE"), ("retention.ms", " 5000 ")]);
    let all = describe_topic(&own, &broker(&[]));
    let value = |name| entry(&all, name).value.clone().unwrap();
    assert_eq!(value("cleanup.policy"), "compact,delete");
    assert_eq!((value("preallocate").as_str(), value("retention.ms").as_str()), ("true", "5000"));
    assert_eq!(value("min.cleanable.dirty.ratio"), "0.5");
}

/// Protects: durability is shown as fixed, and what does not act is marked.
#[test]
fn fixed_and_idle() {
    let all = describe_topic(&map(&[("preallocate", "true")]), &broker(&[]));
    assert!(entry(&all, "highwater.durability").read_only);
    assert!(entry(&all, "preallocate").idle.is_some());
    assert_eq!(entry(&all, "cleanup.policy").idle, None);
    assert_eq!(entry(&all, "retention.ms").idle, None);
}

/// Protects: a broker shows what it was told, as static, and defaults as defaults.
#[test]
fn the_broker_shows_itself() {
    let broker = broker(&[("node.id", "3"), ("num.partitions", "6")]);
    let all = describe_broker(&broker);
    let partitions = entry(&all, "num.partitions");
    assert_eq!((partitions.value.as_deref(), partitions.source), (Some("6"), ConfigSource::StaticBroker));
    assert_eq!(partitions.synonyms.len(), 2);
    assert!(partitions.read_only);
    let id = entry(&all, "broker.id");
    let sources: Vec<_> =
        id.synonyms.iter().map(|s| (s.value.as_deref().unwrap(), s.source.code())).collect();
    assert_eq!((id.value.as_deref(), sources), (Some("3"), vec![("3", 4), ("-1", 5)]));
    assert_eq!(entry(&all, "advertised.listeners").value, None);
    assert_eq!(entry(&all, "log.segment.bytes").kind, Kind::Int);
    assert!(!entry(&all, "log.segment.bytes").read_only);
    let password = entry(&all, "ssl.key.password");
    assert!(password.sensitive && password.value.is_none());
}

/// Protects: as in Kafka, settings that stand for each other are shown together, and a default of another name only behind a
/// value.
#[test]
fn synonyms_of_several_names() {
    let names =
        |d: &Described| -> Vec<(&str, i8)> { d.synonyms.iter().map(|s| (s.name, s.source.code())).collect() };
    let plain = broker(&[]);
    assert_eq!(names(entry(&describe_broker(&plain), "log.retention.ms")), []);
    assert_eq!(names(entry(&describe_broker(&plain), "log.retention.hours")), [("log.retention.hours", 5)]);
    assert_eq!(names(entry(&describe_topic(&map(&[]), &plain), "retention.ms")), []);
    let set = broker(&[("log.retention.ms", "7000000")]);
    let expected = [("log.retention.ms", 4), ("log.retention.hours", 5)];
    assert_eq!(names(entry(&describe_broker(&set), "log.retention.ms")), expected);
    assert_eq!(names(entry(&describe_topic(&map(&[]), &set), "retention.ms")), expected);
}

/// Protects: a group shows its own values before the broker's, with all that stands behind them; client metrics show defaults.
#[test]
fn groups_and_client_metrics() {
    let broker = broker(&[("group.consumer.session.timeout.ms", "46000")]);
    let group = describe_group(&map(&[("consumer.heartbeat.interval.ms", " 6000")]), &broker);
    assert_eq!(group.len(), 17);
    let shown = |name: &str| {
        let row = entry(&group, name);
        let synonyms: Vec<_> = row.synonyms.iter().map(|s| (s.name, s.source.code())).collect();
        (row.value.clone().unwrap(), row.source.code(), synonyms)
    };
    const SESSION: &str = "group.consumer.session.timeout.ms";
    let expected = ("46000".to_owned(), 4, vec![(SESSION, 4), (SESSION, 5)]);
    assert_eq!(shown("consumer.session.timeout.ms"), expected);
    let behind = ("group.consumer.heartbeat.interval.ms", 5);
    let expected = ("6000".to_owned(), 8, vec![("consumer.heartbeat.interval.ms", 8), behind]);
    assert_eq!(shown("consumer.heartbeat.interval.ms"), expected);
    assert_eq!(entry(&group, "share.auto.offset.reset").value.as_deref(), Some("latest"));
    let metrics = describe_client_metrics();
    let shown: Vec<_> =
        metrics.iter().map(|d| (d.name, d.value.as_deref().unwrap(), d.kind.code())).collect();
    assert_eq!(shown, [("interval.ms", "300000", 3), ("match", "", 7), ("metrics", "", 7)]);
    assert!(metrics.iter().all(|d| d.source == ConfigSource::Default && d.synonyms.is_empty()));
    assert!(group.iter().all(|d| !d.read_only && d.idle.is_none()));
}
