//! Feature levels of an image.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The finalised feature levels.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FeaturesImage {
    levels: Arc<BTreeMap<String, i16>>,
}

impl FeaturesImage {
    /// Returns the level of a feature; 0 if it is not finalised.
    pub fn level(&self, name: &str) -> i16 {
        self.levels.get(name).copied().unwrap_or(0)
    }

    /// Returns all levels in order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i16)> {
        self.levels.iter().map(|(name, level)| (name.as_str(), *level))
    }

    /// Returns the levels that clients are told: those of Kafka's features.
    pub fn announced(&self) -> impl Iterator<Item = (&str, i16)> {
        self.iter().filter(|(name, _)| !name.starts_with("highwater."))
    }

    pub(super) fn set(&mut self, name: &str, level: i16) {
        let levels = Arc::make_mut(&mut self.levels);
        if level == 0 {
            levels.remove(name);
        } else {
            levels.insert(name.to_string(), level);
        }
    }
}
