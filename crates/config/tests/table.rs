//! The table against the facts of Kafka 4.3.1, and against itself.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use config::{Bounds, Kind, Property, State, Unit, table};
use std::collections::BTreeSet;

const FACTS: &str = include_str!("facts/kafka-4.3.1.tsv");

/// Defaults that differ from Kafka's on purpose (D-13, D-17, one combined node, no Java classes).
const OUR_DEFAULTS: &[&str] = &[
    "process.roles",
    "node.id",
    "controller.listener.names",
    "listeners",
    "log.dir",
    "log.dirs",
    "metric.reporters",
    "max.connections",
    "max.connections.per.ip",
];

fn facts() -> impl Iterator<Item = [&'static str; 5]> {
    FACTS.lines().filter(|l| !l.starts_with('#')).map(|line| {
        let mut fields = line.split('\t');
        std::array::from_fn(|_| fields.next().unwrap_or(""))
    })
}

fn find(scope: &str, name: &str) -> Option<&'static Property> {
    if scope == "topic" { table::topic_property(name) } else { table::broker_property(name) }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "BOOLEAN",
        Kind::Text => "STRING",
        Kind::Int => "INT",
        Kind::Short => "SHORT",
        Kind::Long => "LONG",
        Kind::Double => "DOUBLE",
        Kind::List => "LIST",
        Kind::Class => "CLASS",
        Kind::Password => "PASSWORD",
    }
}

/// Protects: every public setting of Kafka 4.3.1 is either in the table or refused with its reason.
#[test]
fn no_setting_of_kafka_is_unknown() {
    for [scope, name, ..] in facts() {
        assert!(find(scope, name).is_some() || table::refused_family(name).is_some(), "{scope} {name}");
    }
}

/// Protects: types, defaults and bounds are Kafka's, so that a file for Kafka means the same here.
#[test]
fn rows_agree_with_kafka() {
    for [scope, name, kind, default, validator] in facts() {
        let Some(row) = find(scope, name) else { continue };
        assert_eq!(kind_name(row.kind), kind, "{name}");
        if !OUR_DEFAULTS.contains(&name) {
            let expected = Some(default).filter(|d| !d.starts_with('<'));
            assert_eq!(row.default, expected, "{name}");
        }
        if let Some(least) = validator.strip_prefix('[').and_then(|v| v.strip_suffix(",...]")) {
            assert_eq!(row.bounds, Bounds::From(least.parse().unwrap()), "{name}");
        }
    }
}

/// Protects: a name has one entry, its default passes its own check, and it has a sentence.
#[test]
fn rows_are_sound() {
    let all = || table::broker_properties().chain(table::TOPIC);
    let broker: BTreeSet<_> = table::broker_properties().map(|p| p.name).collect();
    assert_eq!(broker.len(), table::broker_properties().count());
    assert_eq!(table::TOPIC.iter().map(|p| p.name).collect::<BTreeSet<_>>().len(), table::TOPIC.len());
    for row in all() {
        assert!(row.text.len() > 15 && row.text.ends_with('.'), "{}", row.name);
        if let Some(default) = row.default {
            assert!(row.check(default).is_ok(), "{}: {default}", row.name);
        }
        for synonym in row.synonyms {
            let broker = table::broker_property(synonym.name);
            assert!(broker.is_some(), "{}: {}", row.name, synonym.name);
        }
    }
}

/// Protects: a topic setting and its broker default say the same about whether they act.
#[test]
fn synonyms_share_their_state() {
    for row in table::TOPIC {
        let Some(first) = row.synonyms.first().and_then(|s| table::broker_property(s.name)) else { continue };
        let same = std::mem::discriminant(&first.state) == std::mem::discriminant(&row.state);
        assert!(same, "{}: {:?} against {:?}", row.name, row.state, first.state);
    }
}

/// Protects: what is refused names a way out.
#[test]
fn refusals_name_the_fix() {
    for row in table::broker_properties().chain(table::TOPIC) {
        if let State::Refused(why) = row.state {
            assert!(why.contains("remove it"), "{}: {why}", row.name);
        }
    }
}

/// Protects: units come from the names, with exceptions where a name does not end in one.
#[test]
fn units() {
    let unit = |name: &str| table::broker_property(name).unwrap().unit();
    assert_eq!(unit("log.retention.hours"), Unit::Hours);
    assert_eq!(unit("highwater.memory.max"), Unit::Bytes);
    assert_eq!(unit("offsets.load.buffer.size"), Unit::Bytes);
    assert_eq!(unit("num.partitions"), Unit::Plain);
}
