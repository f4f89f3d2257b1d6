//! Broker settings that change while the broker runs: what they become, and in which order they count.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use config::{
    Bounds, BrokerConfig, Class, ConfigError, ConfigSource, Described, Dynamic, Kind, Layers, Overrides,
    Property, State, TopicConfig, Update, describe_broker, describe_every_broker, describe_topic, table,
};
use std::collections::BTreeMap;

fn map(entries: &[(&str, &str)]) -> Overrides {
    entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn broker(set: &[(&str, &str)]) -> BrokerConfig {
    BrokerConfig::from_layers(&Layers { set: map(set), ..Layers::default() }).unwrap().0
}

fn dynamic(every: &[(&str, &str)], this: &[(&str, &str)]) -> Dynamic {
    Dynamic { every_broker: map(every), this_broker: map(this) }
}

fn entry<'a>(all: &'a [Described], name: &str) -> &'a Described {
    all.iter().find(|d| d.name == name).unwrap()
}

/// Protects: a change for this broker beats one for all, which beats `--set`; taking it back restores what was.
#[test]
fn what_changed_last_counts() {
    let base = broker(&[("log.retention.ms", "4")]);
    let retention = |d: &Dynamic| base.with_dynamic(d).unwrap().0.topic_defaults.retention_ms.map(|m| m.0);
    assert_eq!(retention(&dynamic(&[], &[])), Some(4));
    assert_eq!(retention(&dynamic(&[("log.retention.ms", "7")], &[])), Some(7));
    assert_eq!(retention(&dynamic(&[("log.retention.ms", "7")], &[("log.retention.ms", "5")])), Some(5));
    let (changed, _) = base.with_dynamic(&dynamic(&[("log.retention.ms", "7")], &[])).unwrap();
    assert_eq!(changed.with_dynamic(&Dynamic::default()).unwrap().0, base);
}

/// Returns a valid value that is not the default.
fn other(row: &Property) -> String {
    let default = row.default.unwrap_or("");
    match (row.kind, row.bounds) {
        (_, Bounds::OneOf(these)) => (*these.iter().find(|t| **t != default).unwrap()).to_owned(),
        (Kind::Boolean, _) => (default != "true").to_string(),
        _ if row.name == "max.connections.per.ip.overrides" => "127.0.0.1:7".to_owned(),
        (Kind::List | Kind::Text | Kind::Class | Kind::Password, _) => "other".to_owned(),
        _ if row.name == "log.segment.bytes" => "2097152".to_owned(),
        (Kind::Double, Bounds::Within(..)) => "0.7".to_owned(),
        _ if row.name == "log.cleaner.io.buffer.load.factor" => "0.7".to_owned(),
        _ => "7".to_owned(),
    }
}

/// Protects: every setting that is enforced and can change at runtime changes what the broker's parts receive.
#[test]
fn each_enforced_setting_changes_a_struct() {
    let base = broker(&[]);
    let rows: Vec<&Property> = table::broker_properties()
        .filter(|row| row.class() == Class::Enforced && row.update != Update::ReadOnly)
        .collect();
    assert!(rows.len() > 12, "{}", rows.len());
    for row in rows {
        let value = other(row);
        let (changed, notices) = base.with_dynamic(&dynamic(&[(row.name, &value)], &[])).unwrap();
        let same = (&changed.network, &changed.topic_defaults, &changed.storage, &changed.groups)
            == (&base.network, &base.topic_defaults, &base.storage, &base.groups);
        assert!(!same, "{}={value} changes nothing", row.name);
        let is_exception =
            matches!(row.state, State::ActsExcept(values, _) if values.contains(&value.as_str()));
        assert_eq!(notices.len(), usize::from(is_exception), "{notices:?}");
    }
}

/// Protects: a change that is accepted and does not act is named, and only once it is made.
#[test]
fn idle_changes_are_named() {
    let base = broker(&[("num.network.threads", "9")]);
    let (_, notices) =
        base.with_dynamic(&dynamic(&[("log.cleaner.threads", "2")], &[("num.io.threads", "9")])).unwrap();
    let named: Vec<&str> = notices.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(named, ["log.cleaner.threads", "num.io.threads"]);
}

/// Protects: what needs a start, what belongs to one broker, what is unknown and what is refused is not stored.
#[test]
fn refusals() {
    let base = broker(&[]);
    let refused = |d: &Dynamic| base.with_dynamic(d).unwrap_err();
    let fixed = refused(&dynamic(&[], &[("num.partitions", "5"), ("node.id", "7")]));
    assert_eq!(
        fixed,
        ConfigError::NotDynamic { names: vec!["node.id".to_owned(), "num.partitions".to_owned()] }
    );
    let unknown = refused(&dynamic(&[("nope", "5")], &[]));
    assert!(matches!(unknown, ConfigError::Unknown { .. }), "{unknown}");
    let refusals = [("super.users", "User:a"), ("ssl.keystore.location", "/x"), ("cordoned.log.dirs", "/x")];
    for (name, value) in refusals {
        let error = refused(&dynamic(&[], &[(name, value)]));
        assert!(error.to_string().starts_with(&format!("{name} is refused: ")), "{error}");
    }
    let single = refused(&dynamic(&[("cordoned.log.dirs", "")], &[]));
    assert_eq!(single, ConfigError::OnlyPerBroker { names: vec!["cordoned.log.dirs".to_owned()] });
}

/// Protects: what is stored never stops a start: what this build cannot take is left out and named, alone or together with
/// other values, and all else counts.
#[test]
fn stored_values_that_cannot_be_taken_are_left_out() {
    let base = broker(&[]);
    let stored = dynamic(
        &[("of.a.newer.build", "1"), ("log.retention.ms", "7"), ("message.max.bytes", "99999999999")],
        &[("node.id", "5"), ("max.connections", "9")],
    );
    let (config, _, refused) = base.with_stored(&stored);
    let named: Vec<_> = refused.iter().filter_map(ConfigError::name).collect();
    assert_eq!(named, ["message.max.bytes", "of.a.newer.build", "node.id"]);
    let right = dynamic(&[("log.retention.ms", "7")], &[("max.connections", "9")]);
    assert_eq!(config, base.with_dynamic(&right).unwrap().0);
    assert!(base.with_stored(&right).2.is_empty());
    let own = map(&[("of.a.newer.build", "1"), ("retention.ms", "7"), ("segment.bytes", "x")]);
    let (topic, refused) = TopicConfig::from_stored(&own, &base);
    assert_eq!((topic.retention_ms.map(|m| m.0), topic.segment_bytes), (Some(7), 1 << 30));
    assert_eq!(
        refused.iter().filter_map(ConfigError::name).collect::<Vec<_>>(),
        ["of.a.newer.build", "segment.bytes"]
    );
}

/// Protects: limits of some addresses are read by address, IPv6 among them, and a name or a wrong number is refused.
#[test]
fn limits_of_some_addresses() {
    let base = broker(&[]);
    let with = |text| base.with_dynamic(&dynamic(&[("max.connections.per.ip.overrides", text)], &[]));
    let limits = with(" 10.0.0.1:5, ::1:7").unwrap().0.network.max_connections_per_ip_overrides;
    let shown: Vec<String> = limits.iter().map(|(address, count)| format!("{address} {count}")).collect();
    assert_eq!(shown, ["10.0.0.1 5", "::1 7"]);
    let shut = |name, value| base.with_dynamic(&dynamic(&[(name, value)], &[]));
    assert!(shut("max.connections", "0").is_err() && shut("max.connections.per.ip", "0").is_err());
    let some = [("max.connections.per.ip", "0"), ("max.connections.per.ip.overrides", "10.0.0.1:1")];
    assert!(base.with_dynamic(&dynamic(&some, &[])).is_ok(), "those who are allowed can take it back");
    for wrong in ["a", "host:5", "127.0.0.1:a", "127.0.0.1:-1", "127.0.0.1"] {
        assert!(matches!(with(wrong), Err(ConfigError::Invalid { .. })), "{wrong}");
    }
}

/// Protects: DescribeConfigs shows a change as dynamic, of this broker or of all, with what it shadows.
#[test]
fn changes_are_described() {
    let base = broker(&[("log.retention.ms", "4")]);
    let both = dynamic(&[("log.retention.ms", "7"), ("num.io.threads", "9")], &[("log.retention.ms", "5")]);
    let (changed, _) = base.with_dynamic(&both).unwrap();
    let sources = |d: &Described| -> Vec<(&str, String, i8)> {
        d.synonyms.iter().map(|s| (s.name, s.value.clone().unwrap(), s.source.code())).collect()
    };
    let all = describe_broker(&changed);
    let retention = entry(&all, "log.retention.ms");
    assert_eq!((retention.value.as_deref(), retention.source), (Some("5"), ConfigSource::DynamicBroker));
    let layers = [("5", 2), ("7", 3), ("4", 4)];
    let mut expected = layers.map(|(value, code)| ("log.retention.ms", value.to_owned(), code)).to_vec();
    expected.push(("log.retention.hours", "168".to_owned(), 5));
    assert_eq!(sources(retention), expected);
    let topic = describe_topic(&BTreeMap::new(), &changed);
    let retention = entry(&topic, "retention.ms");
    assert_eq!((retention.value.as_deref(), retention.source), (Some("5"), ConfigSource::DynamicBroker));
    let for_all = describe_every_broker(&changed);
    let names: Vec<(&str, i8)> = for_all.iter().map(|d| (d.name, d.source.code())).collect();
    assert_eq!(names, [("num.io.threads", 3), ("log.retention.ms", 3)]);
    assert_eq!(entry(&for_all, "log.retention.ms").value.as_deref(), Some("7"));
}
