//! Changes of settings while brokers run: the changes of one resource are taken together or not at all.
//!
//! Input is what is stored for the resource and the changes; output is what is to be stored, as raw texts by name.
//! Values are checked as they will be together, before anything is stored. What is fixed when a topic is created
//! stays: it cannot be changed, and a whole replacement keeps it.
//! *Source*: KIP-339, ConfigAdminManager, DynamicBrokerConfig and ConfigurationControlManager of Kafka 4.3.1, whose
//! codes and messages are kept; recorded in `golden/settings/alterations-4.3.1.tsv`. Tests: `tests/alter.rs`.

use crate::broker::BrokerConfig;
use crate::error::ConfigError;
use crate::group::checked_group;
use crate::property::{Kind, Property, split_list};
use crate::sources::{Dynamic, Overrides};
use crate::table;
use crate::topic::{self, DURABILITY, FIXED_AT_CREATION, TopicConfig};
use std::collections::BTreeSet;
use types::ErrorCode;

/// What a change does, with its number on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i8)]
pub enum AlterOp {
    /// The value is set.
    Set = 0,
    /// The value is removed, so that the default counts.
    Delete = 1,
    /// Entries are added to a list.
    Append = 2,
    /// Entries are taken out of a list.
    Subtract = 3,
}

impl AlterOp {
    /// Returns the operation with this number.
    pub fn of(code: i8) -> Option<AlterOp> {
        [AlterOp::Set, AlterOp::Delete, AlterOp::Append, AlterOp::Subtract]
            .into_iter()
            .find(|op| *op as i8 == code)
    }

    fn name(self) -> &'static str {
        match self {
            AlterOp::Set => "SET",
            AlterOp::Delete => "DELETE",
            AlterOp::Append => "APPEND",
            AlterOp::Subtract => "SUBTRACT",
        }
    }
}

/// One change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alteration {
    /// Name of the setting.
    pub name: String,
    /// What happens to it.
    pub op: AlterOp,
    /// The value, or the entries of a list; not looked at where the value is removed.
    pub value: Option<String>,
}

/// Why the changes of a resource are refused, all of them.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AlterError {
    /// A setting is named twice.
    #[error("Error due to duplicate config keys")]
    Duplicate,
    /// Settings are to be set, and there is no value.
    #[error("Null value not supported for : {}", .names.join(", "))]
    NoValue {
        /// The settings.
        names: Vec<String>,
    },
    /// Entries for a setting of a topic or a group that is no list.
    #[error("Can't {op} to key {name} because its type is not LIST.")]
    NoList {
        /// The operation.
        op: &'static str,
        /// The setting.
        name: String,
    },
    /// Entries for a broker setting that is no list.
    #[error("Config value {op} is not allowed for config key: {name}")]
    NoListOfBroker {
        /// The operation.
        op: String,
        /// The setting.
        name: String,
    },
    /// Entries for a broker setting that does not exist.
    #[error("Unknown config name: {name}")]
    Unknown {
        /// The setting.
        name: String,
    },
    /// What an acknowledgement means was to be changed.
    #[error(
        "highwater.durability is refused: it is fixed when a topic is created; make a topic with the other one, and \
         copy the records"
    )]
    FixedDurability,
    /// A topic's settings as they would be are wrong.
    #[error(transparent)]
    Topic(ConfigError),
    /// A group's settings as they would be are wrong.
    #[error(transparent)]
    Group(ConfigError),
    /// A broker's settings as they would be are wrong.
    #[error(transparent)]
    Broker(ConfigError),
    /// A topic's own settings would not go with the broker's.
    #[error("the settings of a topic would not go with it: {0}")]
    Dependent(ConfigError),
}

impl AlterError {
    /// Returns the code that clients get.
    pub fn code(&self) -> ErrorCode {
        match self {
            AlterError::Duplicate
            | AlterError::NoValue { .. }
            | AlterError::Broker(_)
            | AlterError::Dependent(_) => ErrorCode::InvalidRequest,
            AlterError::NoList { .. }
            | AlterError::NoListOfBroker { .. }
            | AlterError::Unknown { .. }
            | AlterError::FixedDurability
            | AlterError::Topic(_)
            | AlterError::Group(_) => ErrorCode::InvalidConfig,
        }
    }
}

/// Decides on changes of a topic's settings: what is to be stored.
///
/// # Errors
/// `AlterError`, naming the first thing that is wrong; then nothing is to be changed.
pub fn alter_topic(
    stored: &Overrides,
    changes: &[Alteration],
    broker: &BrokerConfig,
) -> Result<Overrides, AlterError> {
    check_form(changes)?;
    let after = applied(stored, changes, list_of_topic)?;
    checked_topic(stored, after, broker)
}

/// Decides on a whole replacement of a topic's settings: what is to be stored.
///
/// # Errors
/// As [`alter_topic`].
pub fn replace_topic(
    stored: &Overrides,
    entries: &[(String, Option<String>)],
    broker: &BrokerConfig,
) -> Result<Overrides, AlterError> {
    let mut after = replacement(entries)?;
    for name in FIXED_AT_CREATION {
        if let Some(fixed) = stored.get(*name) {
            after.entry((*name).to_owned()).or_insert_with(|| fixed.clone());
        }
    }
    checked_topic(stored, after, broker)
}

fn checked_topic(
    stored: &Overrides,
    after: Overrides,
    broker: &BrokerConfig,
) -> Result<Overrides, AlterError> {
    TopicConfig::from_overrides(&after, broker).map_err(AlterError::Topic)?;
    let durability = |of: &Overrides| topic::durability(of.get(DURABILITY).map_or("", |d| d.trim()));
    if durability(stored) == durability(&after) { Ok(after) } else { Err(AlterError::FixedDurability) }
}

/// Decides on changes of a group's settings: what is to be stored.
///
/// # Errors
/// `AlterError`, naming the first thing that is wrong; then nothing is to be changed.
pub fn alter_group(
    stored: &Overrides,
    changes: &[Alteration],
    broker: &BrokerConfig,
) -> Result<Overrides, AlterError> {
    check_form(changes)?;
    checked_group(&applied(stored, changes, list_of_group)?, broker).map_err(AlterError::Group)
}

/// Decides on a whole replacement of a group's settings: what is to be stored.
///
/// # Errors
/// As [`alter_group`].
pub fn replace_group(
    entries: &[(String, Option<String>)],
    broker: &BrokerConfig,
) -> Result<Overrides, AlterError> {
    checked_group(&replacement(entries)?, broker).map_err(AlterError::Group)
}

/// Whose settings a change of broker settings concerns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// All brokers: the resource with the empty name.
    EveryBroker,
    /// This broker.
    ThisBroker,
}

/// A change of broker settings, with all that it is checked against.
#[derive(Clone, Copy, Debug)]
pub struct BrokerAlteration<'a> {
    /// Whose settings.
    pub scope: Scope,
    /// The broker's settings.
    pub broker: &'a BrokerConfig,
    /// What is stored for brokers.
    pub stored: &'a Dynamic,
    /// What topics have set for themselves: they must still be possible.
    pub topics: &'a [&'a Overrides],
}

impl BrokerAlteration<'_> {
    /// Decides on changes: what is to be stored for the scope.
    ///
    /// # Errors
    /// `AlterError`, naming the first thing that is wrong; then nothing is to be changed.
    pub fn alter(&self, changes: &[Alteration]) -> Result<Overrides, AlterError> {
        check_form(changes)?;
        self.checked(applied(self.of_scope(), changes, list_of_broker)?)
    }

    /// Decides on a whole replacement: what is to be stored for the scope.
    ///
    /// # Errors
    /// As [`BrokerAlteration::alter`].
    pub fn replace(&self, entries: &[(String, Option<String>)]) -> Result<Overrides, AlterError> {
        self.checked(replacement(entries)?)
    }

    fn of_scope(&self) -> &Overrides {
        match self.scope {
            Scope::EveryBroker => &self.stored.every_broker,
            Scope::ThisBroker => &self.stored.this_broker,
        }
    }

    fn checked(&self, after: Overrides) -> Result<Overrides, AlterError> {
        let mut dynamic = self.stored.clone();
        match self.scope {
            Scope::EveryBroker => dynamic.every_broker.clone_from(&after),
            Scope::ThisBroker => dynamic.this_broker.clone_from(&after),
        }
        let (config, _) = self.broker.with_dynamic(&dynamic).map_err(AlterError::Broker)?;
        for own in self.topics {
            match TopicConfig::from_overrides(own, &config) {
                // What is so already must not keep others from being changed.
                Err(error) if self.was_possible(own) => return Err(AlterError::Dependent(error)),
                _ => {}
            }
        }
        Ok(after)
    }

    fn was_possible(&self, own: &Overrides) -> bool {
        let (before, ..) = self.broker.with_stored(self.stored);
        TopicConfig::from_overrides(own, &before).is_ok()
    }
}

/// Checks what concerns the request alone: no name twice, and a value wherever one is needed.
fn check_form(changes: &[Alteration]) -> Result<(), AlterError> {
    let named =
        changes.iter().map(|change| (&change.name, change.op == AlterOp::Delete || change.value.is_some()));
    check_names(named)
}

fn check_names<'a>(named: impl Iterator<Item = (&'a String, bool)>) -> Result<(), AlterError> {
    let (mut seen, mut without) = (BTreeSet::new(), Vec::new());
    for (name, has_value) in named {
        if !seen.insert(name) {
            return Err(AlterError::Duplicate);
        }
        if !has_value {
            without.push(name.clone());
        }
    }
    if without.is_empty() { Ok(()) } else { Err(AlterError::NoValue { names: without }) }
}

fn replacement(entries: &[(String, Option<String>)]) -> Result<Overrides, AlterError> {
    check_names(entries.iter().map(|(name, value)| (name, value.is_some())))?;
    Ok(entries.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect())
}

/// Carries the changes out on what is stored; `list_of` finds the entry of a setting that is a list.
fn applied(
    stored: &Overrides,
    changes: &[Alteration],
    list_of: impl Fn(&Alteration) -> Result<&'static Property, AlterError>,
) -> Result<Overrides, AlterError> {
    let mut after = stored.clone();
    for change in changes {
        let value = change.value.clone().unwrap_or_default();
        match change.op {
            AlterOp::Delete => {
                after.remove(&change.name);
            }
            AlterOp::Set => {
                after.insert(change.name.clone(), value);
            }
            AlterOp::Append | AlterOp::Subtract => {
                let property = list_of(change)?;
                let before = stored.get(&change.name).map(String::as_str).or(property.default);
                after.insert(change.name.clone(), changed_list(before.unwrap_or(""), change.op, &value));
            }
        }
    }
    Ok(after)
}

fn changed_list(before: &str, op: AlterOp, value: &str) -> String {
    let (mut entries, named) = (split_list(before.trim()), split_list(value.trim()));
    if op == AlterOp::Subtract {
        let named: BTreeSet<String> = named.into_iter().collect();
        entries.retain(|entry| !named.contains(entry));
    } else {
        let mut there: BTreeSet<String> = entries.iter().cloned().collect();
        entries.extend(named.into_iter().filter(|entry| there.insert(entry.clone())));
    }
    entries.join(",")
}

fn list_of_topic(change: &Alteration) -> Result<&'static Property, AlterError> {
    let list = table::topic_property(&change.name).filter(|p| p.kind == Kind::List);
    list.ok_or_else(|| AlterError::NoList { op: change.op.name(), name: change.name.clone() })
}

/// No setting of a group is a list.
fn list_of_group(change: &Alteration) -> Result<&'static Property, AlterError> {
    Err(AlterError::NoList { op: change.op.name(), name: change.name.clone() })
}

fn list_of_broker(change: &Alteration) -> Result<&'static Property, AlterError> {
    let name = change.name.clone();
    match table::broker_property(&change.name) {
        Some(property) if property.kind == Kind::List => Ok(property),
        Some(_) => Err(AlterError::NoListOfBroker { op: change.op.name().to_ascii_lowercase(), name }),
        None => Err(AlterError::Unknown { name }),
    }
}
