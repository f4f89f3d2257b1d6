//! Changes of settings.
//!
//! Who knows the settings decides what is to be stored, on the image of the moment ([`SettingsRule`]); here its answer
//! becomes records. So two changes that are sent at the same time both count, and each resource of a request is taken
//! whole or not at all. Source: ConfigurationControlManager.incrementalAlterConfigs. Tests: tests/controller.rs.

use super::{Decision, Refusal};
use crate::image::Settings;
use crate::{ConfigResource, MetadataImage, Record};
use std::collections::BTreeSet;
use std::sync::Arc;
use types::{BrokerId, ErrorCode, MetadataOffset};

/// Groups that may have settings of their own: they are in memory and in every snapshot.
pub const MAX_GROUPS_WITH_SETTINGS: usize = 10_000;

/// Longest name of a group that may have settings of its own. *Units*: bytes.
pub const MAX_GROUP_NAME: usize = 1_000;

/// Decides what is to be stored for a resource that has these settings now.
pub type SettingsRule = Arc<dyn Fn(&MetadataImage, &Settings) -> Result<Settings, Refusal> + Send + Sync>;

/// A request to change settings.
#[derive(Clone, Debug, Default)]
pub struct AlterConfigs {
    /// What happens to each resource. *Shape*: no resource twice.
    pub resources: Vec<AlterResource>,
    /// Whether everything is checked and nothing is done.
    pub validate_only: bool,
}

/// A change of one resource, all or nothing.
#[derive(Clone)]
pub struct AlterResource {
    /// Whose settings.
    pub of: ConfigOwner,
    /// What they become.
    pub rule: SettingsRule,
}

impl std::fmt::Debug for AlterResource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlterResource").field("of", &self.of).finish_non_exhaustive()
    }
}

/// Whose settings, as a client names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConfigOwner {
    /// A topic's, by its name.
    Topic(String),
    /// A broker's.
    Broker(BrokerId),
    /// All brokers'.
    EveryBroker,
    /// A group's; the group need not exist.
    Group(String),
}

impl ConfigOwner {
    /// Finds the resource; a topic may not exist.
    fn resource(&self, image: &MetadataImage) -> Option<ConfigResource> {
        match self {
            ConfigOwner::Topic(name) => image.topics().id_of(name).map(ConfigResource::Topic),
            ConfigOwner::Broker(id) => Some(ConfigResource::Broker(*id)),
            ConfigOwner::EveryBroker => Some(ConfigResource::BrokerDefault),
            ConfigOwner::Group(name) => Some(ConfigResource::Group(name.clone())),
        }
    }
}

/// Decides on changes of settings; one answer per resource, in order of the request.
///
/// Each resource is decided with what the request changes before it, so that what is stored goes together.
pub fn alter_configs(image: &MetadataImage, request: &AlterConfigs) -> Decision<Vec<Result<(), Refusal>>> {
    let mut decided = Decision { records: Vec::new(), answer: Vec::new() };
    let mut current = image.clone();
    for change in &request.resources {
        let result = alter(&current, change).and_then(|records| {
            current = with(&current, &records)?;
            decided.records.extend(records);
            Ok(())
        });
        decided.answer.push(result);
    }
    if request.validate_only {
        decided.records.clear();
    }
    decided
}

/// Kafka looks at the settings of a topic before it looks whether there is such a topic.
fn alter(image: &MetadataImage, change: &AlterResource) -> Result<Vec<Record>, Refusal> {
    let resource = change.of.resource(image);
    let none = Settings::new();
    let before = resource.as_ref().map_or(&none, |resource| image.configs().of(resource));
    let after = (change.rule)(image, before)?;
    if before.is_empty() && !after.is_empty() {
        check_room(image, &change.of)?;
    }
    match (resource, &change.of) {
        (Some(resource), _) => Ok(difference(&resource, before, &after)),
        (None, of) => Err(no_such_topic(of)),
    }
}

/// A group need not exist to have settings: unlike topics nothing else bounds how many names there are.
fn check_room(image: &MetadataImage, of: &ConfigOwner) -> Result<(), Refusal> {
    let ConfigOwner::Group(name) = of else { return Ok(()) };
    if name.len() > MAX_GROUP_NAME {
        let length = name.len();
        let message = format!(
            "The name of the group has {length} bytes; settings are stored for names of {MAX_GROUP_NAME} at most."
        );
        return Err(Refusal::new(ErrorCode::InvalidRequest, message));
    }
    if image.configs().groups() >= MAX_GROUPS_WITH_SETTINGS {
        let message = format!(
            "{MAX_GROUPS_WITH_SETTINGS} groups have settings of their own already; take back those of groups that are not used any more."
        );
        return Err(Refusal::new(ErrorCode::PolicyViolation, message));
    }
    Ok(())
}

fn no_such_topic(of: &ConfigOwner) -> Refusal {
    let name = if let ConfigOwner::Topic(name) = of { name.as_str() } else { "" };
    Refusal::new(ErrorCode::UnknownTopicOrPartition, format!("The topic '{name}' does not exist."))
}

fn difference(resource: &ConfigResource, before: &Settings, after: &Settings) -> Vec<Record> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    let record = |name: &String| Record::ConfigChanged {
        resource: resource.clone(),
        key: name.clone(),
        value: after.get(name).cloned(),
    };
    changed.map(record).collect()
}

/// Returns the image that the records would make.
fn with(image: &MetadataImage, records: &[Record]) -> Result<MetadataImage, Refusal> {
    if records.is_empty() {
        return Ok(image.clone());
    }
    let next = MetadataOffset(image.offset().0.saturating_add(1));
    image.apply(records, next).map_err(|error| Refusal::new(ErrorCode::UnknownServerError, error.to_string()))
}
