//! The settings of a topic, a group or this broker as DescribeConfigs and CreateTopics show them.
//!
//! Each entry carries its value, where it comes from, and the settings that would count if it were not
//! there. *Source*: KIP-226, ConfigHelper of Kafka 4.3.1. Tests: `tests/describe.rs`.

use crate::broker::BrokerConfig;
use crate::property::{Kind, Property, Update};
use crate::sources::{Layer, Setting, Sources};
use crate::table;
use crate::topic::{TopicView, is_fixed};
use std::collections::BTreeMap;

/// Where a shown value comes from, with the number it has on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(i8)]
pub enum ConfigSource {
    /// The topic's own setting.
    DynamicTopic = 1,
    /// Changed for this broker alone while it runs.
    DynamicBroker = 2,
    /// Changed for all brokers while they run.
    DynamicDefaultBroker = 3,
    /// The broker's file or command line.
    StaticBroker = 4,
    /// The table.
    Default = 5,
    /// The group's own setting.
    DynamicGroup = 8,
}

/// A setting that gives, or would give, a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Synonym {
    /// Name of that setting.
    pub name: &'static str,
    /// Its value; `None` when it is secret.
    pub value: Option<String>,
    /// Where it is set.
    pub source: ConfigSource,
}

/// One setting as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Described {
    /// Its name.
    pub name: &'static str,
    /// Its value; `None` when it has none or is secret.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: ConfigSource,
    /// Whether it cannot be changed now.
    pub read_only: bool,
    /// Whether it is secret.
    pub sensitive: bool,
    /// Its type.
    pub kind: Kind,
    /// What counts, in order. *Shape*: the first one gives the value.
    pub synonyms: Vec<Synonym>,
    /// Why its value does not act, if it does not.
    pub idle: Option<&'static str>,
    /// What it is, in a sentence.
    pub text: &'static str,
}

/// Shows every setting of a topic, in Kafka's order, ours at the end.
///
/// *Shape*: one entry per row of [`table::TOPIC`]; overrides that are no topic settings are left out.
pub fn describe_topic(overrides: &BTreeMap<String, String>, broker: &BrokerConfig) -> Vec<Described> {
    let view = TopicView { overrides, broker: &broker.sources };
    let entry = |row| own_entry(row, view, (ConfigSource::DynamicTopic, is_fixed(row)));
    table::TOPIC.iter().map(entry).collect()
}

/// Shows every setting of a group, in the order of Kafka's replies.
///
/// *Shape*: one entry per row of [`table::GROUP`]; overrides that are no group settings are left out.
pub fn describe_group(overrides: &BTreeMap<String, String>, broker: &BrokerConfig) -> Vec<Described> {
    let view = TopicView { overrides, broker: &broker.sources };
    let entry = |row: &'static Property| {
        let mut entry = own_entry(row, view, (ConfigSource::DynamicGroup, false));
        // Unlike a topic's, a default behind which no broker's setting stands is listed.
        let default = row.default.filter(|_| row.synonyms.is_empty());
        entry.synonyms.extend(default.map(|default| synonym(row, default, ConfigSource::Default)));
        entry
    };
    table::GROUP.iter().map(entry).collect()
}

/// Shows a setting that a topic or a group may have set, behind which a broker's setting stands.
fn own_entry(
    property: &'static Property,
    view: TopicView<'_>,
    (of_own, read_only): (ConfigSource, bool),
) -> Described {
    let own = view.overrides.get(property.name);
    let inherited = view.broker.chosen(property.synonyms.iter().map(|s| s.name));
    let source = match (own, inherited) {
        (Some(_), _) => of_own,
        (None, Some((_, setting))) => source_of(setting.layer),
        (None, None) => ConfigSource::Default,
    };
    let mut synonyms = Vec::new();
    synonyms.extend(own.map(|value| Synonym {
        name: property.name,
        value: Some(property.normal(value)),
        source: of_own,
    }));
    let first = property.synonyms.first().into_iter();
    synonyms.extend(first.flat_map(|s| broker_synonyms(s.name, view.broker)));
    described(property, Some(view.text(property)), source, read_only, synonyms)
}

/// Shows every setting of a subscription to client metrics, of which there is none.
pub fn describe_client_metrics() -> Vec<Described> {
    let default = |row: &Property| row.default.map(str::to_owned);
    let entry = |row| described(row, default(row), ConfigSource::Default, false, Vec::new());
    table::CLIENT_METRICS.iter().map(entry).collect()
}

/// Shows every setting of this broker. *Shape*: the broker's rows of the table, in its order.
pub fn describe_broker(broker: &BrokerConfig) -> Vec<Described> {
    table::broker_properties().map(|property| broker_entry(property, broker)).collect()
}

fn broker_entry(property: &'static Property, broker: &BrokerConfig) -> Described {
    let mut synonyms = broker_synonyms(property.name, &broker.sources);
    if property.name == "broker.id" {
        // It is the node's number, by whichever name that was set.
        let value = Some(broker.node_id.to_string());
        if synonyms.first().is_none_or(|s| s.source == ConfigSource::Default) {
            let own =
                Synonym { name: property.name, value: value.clone(), source: ConfigSource::StaticBroker };
            synonyms.insert(0, own);
        }
        return described(property, value, ConfigSource::StaticBroker, true, synonyms);
    }
    let explicit = broker.sources.explicit(property.name);
    let source = explicit.map_or(ConfigSource::Default, |s| source_of(s.layer));
    let value = explicit.map(|s| s.value.clone()).or_else(|| property.default.map(str::to_owned));
    described(property, value, source, property.update == Update::ReadOnly, synonyms)
}

fn described(
    property: &'static Property,
    value: Option<String>,
    source: ConfigSource,
    read_only: bool,
    synonyms: Vec<Synonym>,
) -> Described {
    let sensitive = property.is_sensitive();
    let idle = value.as_deref().and_then(|v| property.idle(v));
    let value = value.filter(|_| !sensitive).map(|v| property.normal(&v));
    Described {
        name: property.name,
        value,
        source,
        read_only,
        sensitive,
        kind: property.kind,
        synonyms,
        idle,
        text: property.text,
    }
}

/// Lists what counts for a broker setting, and what would: its own values and those of the settings that stand for it (hours
/// for milliseconds), by layer, then defaults. As in Kafka, a default of another name stands only behind a value of its own.
fn broker_synonyms(name: &str, settings: &Sources) -> Vec<Synonym> {
    let family = family(name);
    let rows = family.iter().filter_map(|name| table::broker_property(name));
    let mut all: Vec<Synonym> = rows.clone().flat_map(|row| explicit_synonyms(row, settings)).collect();
    all.sort_by_key(|s| s.source);
    all.extend(rows.filter_map(|row| Some(synonym(row, row.default?, ConfigSource::Default))));
    let foreign = |s: &Synonym| s.name != name && s.source == ConfigSource::Default;
    let kept = all.iter().position(|s| !foreign(s)).unwrap_or(all.len());
    all.split_off(kept)
}

/// Of several static layers, which are one source to a client, the value that counts is shown.
fn explicit_synonyms(row: &'static Property, settings: &Sources) -> Vec<Synonym> {
    let given = settings.all(row.name).iter();
    let mut all: Vec<Synonym> = given.map(|s| synonym(row, &s.value, source_of(s.layer))).collect();
    all.dedup_by_key(|s| s.source);
    all
}

fn synonym(row: &'static Property, value: &str, source: ConfigSource) -> Synonym {
    Synonym { name: row.name, value: Some(value.to_owned()).filter(|_| !row.is_sensitive()), source }
}

/// Returns the broker settings of which one stands for the other, the most exact first; often it is alone.
fn family(name: &str) -> Vec<&str> {
    let has_name = |row: &&Property| row.synonyms.iter().any(|s| s.name == name);
    match table::TOPIC.iter().filter(has_name).find(|row| row.synonyms.len() > 1) {
        Some(row) => row.synonyms.iter().map(|s| s.name).collect(),
        None => vec![name],
    }
}

/// Shows the settings that were changed for all brokers. *Shape*: only those, by name.
pub fn describe_every_broker(broker: &BrokerConfig) -> Vec<Described> {
    table::broker_properties().filter_map(|property| every_broker_entry(property, &broker.sources)).collect()
}

fn every_broker_entry(property: &'static Property, sources: &Sources) -> Option<Described> {
    let is_for_all = |s: &&Setting| s.layer == Layer::EveryBroker;
    let value = sources.all(property.name).iter().find(is_for_all)?.value.clone();
    let source = ConfigSource::DynamicDefaultBroker;
    let shown = Some(value.clone()).filter(|_| !property.is_sensitive());
    let synonyms = vec![Synonym { name: property.name, value: shown, source }];
    Some(described(property, Some(value), source, false, synonyms))
}

fn source_of(layer: Layer) -> ConfigSource {
    match layer {
        Layer::Default => ConfigSource::Default,
        Layer::Preset | Layer::File | Layer::Flag | Layer::Set => ConfigSource::StaticBroker,
        Layer::EveryBroker => ConfigSource::DynamicDefaultBroker,
        Layer::ThisBroker => ConfigSource::DynamicBroker,
        Layer::Topic => ConfigSource::DynamicTopic,
    }
}

impl ConfigSource {
    /// Returns the number that stands on the wire.
    pub fn code(self) -> i8 {
        self as i8
    }
}

impl Kind {
    /// Returns the number that stands on the wire.
    pub fn code(self) -> i8 {
        self as i8
    }
}
