//! Changes of settings.
//!
//! A change is checked together with all other settings of its resource, as they will be after it.
//! Source: ConfigurationControlManager.incrementalAlterConfig. Tests: tests/controller.rs.

use super::{ConfigCheck, Decision, Refusal};
use crate::image::Settings;
use crate::{ConfigResource, MetadataImage, Record};
use std::collections::BTreeSet;
use types::ErrorCode;

/// A request to change settings of one resource, all or nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlterConfigs {
    /// Whose settings.
    pub resource: ConfigResource,
    /// The changes. *Shape*: no name twice.
    pub changes: Vec<ConfigChange>,
    /// Settings of a topic that stay what they were when it was created (W-16).
    pub fixed: &'static [&'static str],
}

/// One change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigChange {
    /// Name of the setting.
    pub key: String,
    /// Its new value; without one it goes back to its default.
    pub value: Option<String>,
}

/// Decides on changes of settings.
///
/// # Errors
/// `INVALID_REQUEST` for a name that comes twice, `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_CONFIG`.
pub fn alter_configs(
    image: &MetadataImage,
    request: &AlterConfigs,
    check: &ConfigCheck,
) -> Result<Decision<()>, Refusal> {
    let mut seen = BTreeSet::new();
    if request.changes.iter().any(|change| !seen.insert(&change.key)) {
        let message = "Error due to duplicate config keys";
        return Err(Refusal::new(ErrorCode::InvalidRequest, message));
    }
    if matches!(&request.resource, ConfigResource::Topic(id) if image.topics().by_id(*id).is_none()) {
        let message = "This server does not host this topic-partition.";
        return Err(Refusal::new(ErrorCode::UnknownTopicOrPartition, message));
    }
    let before = image.configs().of(&request.resource);
    let mut after = before.clone();
    for change in &request.changes {
        match &change.value {
            Some(value) => after.insert(change.key.clone(), value.clone()),
            None => after.remove(&change.key),
        };
    }
    refuse_fixed(request, before)?;
    check(&after).map_err(|message| Refusal::new(ErrorCode::InvalidConfig, message))?;
    let changed = request.changes.iter().filter(|change| before.get(&change.key) != change.value.as_ref());
    let record = |change: &ConfigChange| Record::ConfigChanged {
        resource: request.resource.clone(),
        key: change.key.clone(),
        value: change.value.clone(),
    };
    Ok(Decision { records: changed.map(record).collect(), answer: () })
}

/// Refuses to change what is fixed at creation; saying again what it is is no change.
fn refuse_fixed(request: &AlterConfigs, before: &Settings) -> Result<(), Refusal> {
    if !matches!(request.resource, ConfigResource::Topic(_)) {
        return Ok(());
    }
    let changes = |change: &&ConfigChange| {
        request.fixed.contains(&change.key.as_str()) && before.get(&change.key) != change.value.as_ref()
    };
    match request.changes.iter().find(changes) {
        Some(change) => {
            let message = format!("{} is fixed when a topic is created and cannot be changed.", change.key);
            Err(Refusal::new(ErrorCode::InvalidConfig, message))
        }
        None => Ok(()),
    }
}
