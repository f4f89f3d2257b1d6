//! The table against the facts of Kafka 4.3.1, and against itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use config::{Bounds, Class, Kind, Property, State, Unit, Update, table};
use std::collections::BTreeSet;

const FACTS: &str = include_str!("../../../golden/settings/kafka-4.3.1.tsv");

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

/// What Kafka can change while it runs and Highwater only at a start: sockets are opened once.
const OUR_UPDATE_MODES: &[&str] = &["listeners", "listener.security.protocol.map"];

/// Validators whose text names no bounds: such settings are refused, or checked where they are read.
const WITHOUT_BOUNDS: &[&str] = &["non-empty string", "non-empty list", "non-null string", ""];

/// One setting of Kafka 4.3.1.
struct Fact {
    scope: &'static str,
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    validator: &'static str,
    update: &'static str,
    synonyms: &'static str,
}

fn facts() -> impl Iterator<Item = Fact> {
    FACTS.lines().filter(|l| !l.starts_with('#')).map(|line| {
        let fields: Vec<&'static str> = line.split('\t').collect();
        let [scope, name, kind, default, _importance, validator, update, synonyms] = fields[..] else {
            panic!("{line}")
        };
        Fact { scope, name, kind, default, validator, update, synonyms }
    })
}

fn find(fact: &Fact) -> Option<&'static Property> {
    if fact.scope == "topic" { table::topic_property(fact.name) } else { table::broker_property(fact.name) }
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

/// Writes bounds as Kafka's validators do.
fn validator(bounds: Bounds) -> String {
    match bounds {
        Bounds::Any => String::new(),
        Bounds::From(least) => format!("[{least},...]"),
        Bounds::Within(least, most) => format!("[{least},...,{most}]"),
        Bounds::WithinOrMinusOne(least, most) => format!("[{least},...,{most}] or -1"),
        Bounds::OneOf(these) | Bounds::OneOfInAnyCase(these) => format!("[{}]", these.join(", ")),
        Bounds::ThrottledReplicas => "[partitionId]:[brokerId],[partitionId]:[brokerId],...".to_owned(),
    }
}

/// Protects: every public setting of Kafka 4.3.1 is in exactly one of the four classes, because it has exactly one row.
#[test]
fn every_setting_of_kafka_has_a_class() {
    let rows: Vec<&str> = table::broker_properties().map(|row| row.name).collect();
    assert!(facts().count() > 370);
    for fact in facts() {
        assert!(find(&fact).is_some(), "{} {} is in none of the four classes", fact.scope, fact.name);
        if fact.scope == "broker" {
            assert_eq!(rows.iter().filter(|name| **name == fact.name).count(), 1, "{}", fact.name);
        }
    }
}

/// Protects: no row is a setting that nobody has: it is Kafka's, read by Kafka's authorizer, or ours.
#[test]
fn every_row_is_somebodys() {
    let known: BTreeSet<(bool, &str)> = facts().map(|f| (f.scope == "topic", f.name)).collect();
    let of_the_authorizer = ["super.users", "allow.everyone.if.no.acl.found"];
    let rows = table::broker_properties()
        .map(|r| (false, r.name))
        .chain(table::TOPIC.iter().map(|r| (true, r.name)));
    for (is_topic, name) in rows {
        let ours = name.starts_with("highwater.") || of_the_authorizer.contains(&name);
        assert!(ours || known.contains(&(is_topic, name)), "{name}");
    }
}

/// Parts of the names of settings that ask for protection.
const PROTECTION: &[&str] = &[
    "ssl.",
    "sasl.",
    "security.",
    "delegation.token.",
    ".policy",
    ".quota.callback",
    "authorizer",
    "principal",
    "super.users",
    ".acl.",
    "connections.max.reauth.ms",
];

/// Names that have such a part and ask for none.
const NO_PROTECTION: &[&str] =
    &["group.consumer.migration.policy", "log.cleanup.policy", "listener.security.protocol.map"];

/// Protects: what asks for protection is refused, so that nobody believes to be protected who is not.
#[test]
fn nothing_that_asks_for_protection_is_accepted() {
    let asks =
        |name: &str| !NO_PROTECTION.contains(&name) && PROTECTION.iter().any(|word| name.contains(word));
    let asking: Vec<&Property> = table::broker_properties().filter(|row| asks(row.name)).collect();
    assert!(asking.len() > 80, "{}", asking.len());
    for row in asking {
        assert_eq!(row.class(), Class::Refused, "{}", row.name);
    }
}

/// Protects: types, defaults, bounds, update modes and synonyms are Kafka's, so that a file for Kafka means the same here.
#[test]
fn rows_agree_with_kafka() {
    for fact in facts() {
        let Some(row) = find(&fact) else { continue };
        let name = fact.name;
        assert_eq!(kind_name(row.kind), fact.kind, "{name}");
        if !OUR_DEFAULTS.contains(&name) {
            let expected = Some(fact.default).filter(|d| !d.starts_with('<'));
            assert_eq!(row.default, expected, "{name}");
        }
        let expected = fact.validator.trim_start_matches("(case insensitive) ");
        if !WITHOUT_BOUNDS.contains(&expected) && row.bounds != Bounds::Any {
            assert!(
                validator(row.bounds).eq_ignore_ascii_case(expected),
                "{name}: {:?} {expected}",
                row.bounds
            );
        }
        if expected.starts_with('[') {
            assert_ne!(row.bounds, Bounds::Any, "{name}: {expected}");
        }
        if fact.scope == "topic" {
            assert_eq!(row.update, Update::ClusterWide, "{name}");
            let names: Vec<&str> = row.synonyms.iter().map(|s| s.name).collect();
            assert_eq!(names.join(","), fact.synonyms, "{name}");
        } else if OUR_UPDATE_MODES.contains(&name) {
            assert_eq!(row.update, Update::ReadOnly, "{name}");
        } else {
            assert_eq!(row.update.name(), fact.update, "{name}");
        }
    }
}

/// Protects: the book's pages and answers name four classes, and each is in use.
#[test]
fn four_classes() {
    let used: BTreeSet<&str> =
        table::broker_properties().chain(table::TOPIC).map(|r| r.class().name()).collect();
    assert_eq!(used.len(), 4, "{used:?}");
    for row in table::broker_properties().chain(table::TOPIC) {
        assert_eq!(row.reason().is_none(), matches!(row.state, State::Acts), "{}", row.name);
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
        if let State::Refused(why) | State::Unprotected(why) = row.state {
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
