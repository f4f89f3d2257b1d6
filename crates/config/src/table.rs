//! The one table of settings, and how an entry is found in it.
//!
//! The rows are data: `topic` has the topic settings, the other modules the broker settings by area.
//! Invariant: every public setting of Kafka 4.3.1 has a row, and so exactly one [`crate::Class`].
//! A name that is in no row is refused; [`absent`] says why for names that old or foreign files hold.
//! Tests: `tests/table.rs`.

mod broker;
mod coordinator;
mod gone;
mod node;
mod other;
mod security;
mod tiers;
mod topic;

pub use broker::BROKER;
pub use coordinator::COORDINATOR;
pub use node::NODE;
pub use other::{CLIENT_METRICS, GROUP};
pub use security::SECURITY_SETTINGS;
pub use tiers::TIERED_STORAGE;
pub use topic::TOPIC;

use crate::property::Property;
use std::collections::BTreeMap;
use std::sync::LazyLock;

type Index = BTreeMap<&'static str, &'static Property>;

static BROKER_INDEX: LazyLock<Index> = LazyLock::new(|| broker_properties().map(|p| (p.name, p)).collect());
static GROUP_INDEX: LazyLock<Index> = LazyLock::new(|| GROUP.iter().map(|p| (p.name, p)).collect());
static TOPIC_INDEX: LazyLock<Index> = LazyLock::new(|| TOPIC.iter().map(|p| (p.name, p)).collect());

/// Returns the entry of a broker setting.
pub fn broker_property(name: &str) -> Option<&'static Property> {
    BROKER_INDEX.get(name).copied()
}

/// Returns the entry of a topic setting.
pub fn topic_property(name: &str) -> Option<&'static Property> {
    TOPIC_INDEX.get(name).copied()
}

/// Returns the entry of a group setting.
pub fn group_property(name: &str) -> Option<&'static Property> {
    GROUP_INDEX.get(name).copied()
}

/// Lists every broker setting, in the order in which they are shown.
pub fn broker_properties() -> impl Iterator<Item = &'static Property> {
    NODE.iter().chain(BROKER).chain(COORDINATOR).chain(SECURITY_SETTINGS).chain(TIERED_STORAGE)
}

/// Returns what became of a broker setting that Kafka 4.3.1 does not have, when the name is a known one.
pub fn absent(name: &str) -> Option<&'static str> {
    let gone = gone::GONE.iter().find(|(once, _)| *once == name);
    let family = || gone::FAMILIES.iter().find(|(start, _)| name.starts_with(start));
    gone.or_else(family).map(|(_, why)| *why)
}

/// Lists the names, and beginnings of names with a `*`, that [`absent`] knows, with their reasons.
pub fn absentees() -> impl Iterator<Item = (String, &'static str)> {
    let families = gone::FAMILIES.iter().map(|(start, why)| (format!("{start}*"), *why));
    families.chain(gone::GONE.iter().map(|(name, why)| ((*name).to_owned(), *why)))
}
