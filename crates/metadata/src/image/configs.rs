//! Settings of an image that differ from the defaults.

use super::ChunkedMap;
use crate::ConfigResource;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Settings of one resource: name to value. *Shape*: only what was set, in order of the names.
pub type Settings = BTreeMap<String, String>;

/// All settings that were set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConfigsImage {
    by_resource: ChunkedMap<ConfigResource, Arc<Settings>>,
    /// How many of them are groups.
    groups: usize,
}

static NO_SETTINGS: Settings = Settings::new();

impl ConfigsImage {
    /// Returns what was set for a resource.
    pub fn of(&self, resource: &ConfigResource) -> &Settings {
        self.by_resource.get(resource).map_or(&NO_SETTINGS, Arc::as_ref)
    }

    /// Returns all resources that have settings, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&ConfigResource, &Settings)> {
        self.by_resource.iter().map(|(resource, settings)| (resource, settings.as_ref()))
    }

    /// Returns how many groups have settings.
    pub fn groups(&self) -> usize {
        self.groups
    }

    pub(super) fn set(&mut self, resource: &ConfigResource, key: &str, value: Option<&str>) {
        let mut settings = self.of(resource).clone();
        match value {
            Some(value) => settings.insert(key.to_string(), value.to_string()),
            None => settings.remove(key),
        };
        if settings.is_empty() {
            self.clear(resource);
        } else {
            let before = self.by_resource.insert(resource.clone(), Arc::new(settings));
            self.groups += usize::from(before.is_none() && is_group(resource));
        }
    }

    pub(super) fn clear(&mut self, resource: &ConfigResource) {
        let before = self.by_resource.remove(resource);
        self.groups -= usize::from(before.is_some() && is_group(resource));
    }

    pub(crate) fn changed(&self, newer: &ConfigsImage) -> Vec<ConfigResource> {
        let mut changed = Vec::new();
        self.by_resource.diff(&newer.by_resource, |resource, _, _| changed.push(resource.clone()));
        changed
    }
}

fn is_group(resource: &ConfigResource) -> bool {
    matches!(resource, ConfigResource::Group(_))
}
