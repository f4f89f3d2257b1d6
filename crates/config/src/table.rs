//! The one table of settings, and how an entry is found in it.
//!
//! The rows are data: `topic` has the topic settings, the other modules the broker settings by area.
//! A name that is in no row is refused; [`refused_family`] says why for the families that Highwater
//! does not have at all. Tests: `tests/table.rs`.

mod broker;
mod coordinator;
mod node;
mod topic;

pub use broker::BROKER;
pub use coordinator::COORDINATOR;
pub use node::NODE;
pub use topic::TOPIC;

use crate::property::Property;

/// Returns the entry of a broker setting.
pub fn broker_property(name: &str) -> Option<&'static Property> {
    broker_properties().find(|p| p.name == name)
}

/// Returns the entry of a topic setting.
pub fn topic_property(name: &str) -> Option<&'static Property> {
    TOPIC.iter().find(|p| p.name == name)
}

/// Lists every broker setting, in the order in which they are shown.
pub fn broker_properties() -> impl Iterator<Item = &'static Property> {
    NODE.iter().chain(BROKER).chain(COORDINATOR)
}

const NO_SECURITY: &str = "authentication, encryption and access rules are not built yet; remove it";

/// Families of settings that are refused as a whole: beginning of the name, reason.
const FAMILIES: &[(&str, &str)] = &[
    ("ssl.", NO_SECURITY),
    ("sasl.", NO_SECURITY),
    ("delegation.token.", NO_SECURITY),
    ("listener.name.", NO_SECURITY),
    ("principal.builder.class", NO_SECURITY),
    ("security.providers", NO_SECURITY),
    ("super.users", NO_SECURITY),
    ("allow.everyone.if.no.acl.found", NO_SECURITY),
    ("connections.max.reauth.ms", NO_SECURITY),
    ("remote.log.", "there is no tiered storage; remove it"),
    ("remote.", "there is no tiered storage; remove it"),
    ("rsm.config.", "there is no tiered storage; remove it"),
    ("rlmm.config.", "there is no tiered storage; remove it"),
    ("zookeeper.", "there is no ZooKeeper, as in Kafka since 4.0; remove it"),
    ("confluent.", "this is a setting of another product; remove it"),
];

/// Returns why a whole family of settings is refused, when the name belongs to one.
pub fn refused_family(name: &str) -> Option<&'static str> {
    FAMILIES.iter().find(|(start, _)| name.starts_with(start)).map(|(_, why)| *why)
}
