//! Feature levels: what a new cluster starts with, and how they are changed.
//!
//! `metadata.version`, `group.version` (1: the consumer protocol of KIP-848) and `transaction.version` (2: each transaction has an
//! epoch of its own, KIP-890) are finalised. `highwater.version` numbers our own derivations, D-18's among them; clients
//! are not told of it. *Invariant*: a cluster keeps its levels until somebody updates them, whatever
//! newer levels its broker supports. Source: FeatureControlManager, MetadataVersion. Tests:
//! tests/controller.rs.

use super::{Decision, Refusal};
use crate::image::FeaturesImage;
use crate::{MetadataImage, Record};
use std::collections::BTreeMap;
use std::fmt::Display;
use types::{BrokerId, ErrorCode, Uuid};

/// A feature that is supported here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Feature {
    /// Its name.
    pub name: &'static str,
    /// Lowest level.
    pub min: i16,
    /// Highest level; a new cluster starts with it.
    pub max: i16,
    /// Levels that brought something that a lower one would lose. *Shape*: rising.
    lossy: &'static [i16],
}

/// Kafka's levels of the metadata, as far as its 4.3 goes. *Source*: MetadataVersion.didMetadataChange.
pub const METADATA_VERSION: Feature =
    Feature { name: "metadata.version", min: 7, max: 30, lossy: &[7, 8, 11, 13, 14, 15, 17, 23, 30] };

/// The protocol of groups: at 1 also the consumer protocol (KIP-848). Lowering it loses no metadata, as in Kafka.
pub const GROUP_VERSION: Feature = Feature { name: "group.version", min: 0, max: 1, lossy: &[] };

const HIGHWATER_VERSION: Feature = Feature { name: "highwater.version", min: 1, max: 1, lossy: &[1] };

/// How clients run transactions. The broker goes by the versions of their requests, as Kafka does.
pub const TRANSACTION_VERSION: Feature = Feature { name: "transaction.version", min: 0, max: 2, lossy: &[] };

const FEATURES: [Feature; 4] = [GROUP_VERSION, HIGHWATER_VERSION, METADATA_VERSION, TRANSACTION_VERSION];

/// A level that the directory has and this program does not know: a newer one has upgraded it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the data directory has {name} {level}, which this version does not support; start the newer version again"
)]
pub struct UnsupportedLevel {
    /// The feature.
    pub name: String,
    /// Its level.
    pub level: i16,
}

/// What an update may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LevelChange {
    /// Raise the level.
    Upgrade,
    /// Lower it, unless that loses something.
    SafeDowngrade,
    /// Lower it in any case.
    UnsafeDowngrade,
}

/// One feature to be updated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeatureUpdate {
    /// Its name.
    pub name: String,
    /// The level that it is to have.
    pub level: i16,
    /// What may be done for that; none for a kind that is not known.
    pub change: Option<LevelChange>,
}

/// Features to be updated, all or none. *Shape*: of several updates of one feature the last counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UpdateFeatures {
    /// The updates.
    pub updates: Vec<FeatureUpdate>,
    /// Nothing is changed.
    pub validate_only: bool,
    /// Who decides; for the sentences of refusals.
    pub controller: BrokerId,
}

/// Decides what a new cluster has: its id and its feature levels.
pub fn bootstrap(image: &MetadataImage, cluster_id: Uuid) -> Vec<Record> {
    if image.cluster_id().is_some() {
        return Vec::new();
    }
    let levels = FEATURES.iter().map(|feature| level(feature.name, feature.max));
    [Record::ClusterId(cluster_id)].into_iter().chain(levels).collect()
}

/// Checks that every level of an image is supported here.
///
/// # Errors
/// The first that is not.
pub fn check_levels(features: &FeaturesImage) -> Result<(), UnsupportedLevel> {
    let is_supported = |name: &str, level| find(name).is_some_and(|f| (f.min..=f.max).contains(&level));
    match features.iter().find(|(name, level)| !is_supported(name, *level)) {
        Some((name, level)) => Err(UnsupportedLevel { name: name.to_string(), level }),
        None => Ok(()),
    }
}

/// Decides on updates of feature levels.
///
/// # Errors
/// `INVALID_UPDATE_VERSION` for the first feature, by name, that cannot have its level.
pub fn update_features(image: &MetadataImage, request: &UpdateFeatures) -> Result<Decision<()>, Refusal> {
    let updates: BTreeMap<&str, &FeatureUpdate> =
        request.updates.iter().map(|update| (update.name.as_str(), update)).collect();
    let mut records = Vec::new();
    for (name, update) in updates {
        let current = image.features().level(name);
        check(update, current, request.controller)?;
        if update.level != current {
            records.push(level(name, update.level));
        }
    }
    if request.validate_only {
        records.clear();
    }
    Ok(Decision { records, answer: () })
}

/// Makes Kafka's checks, in Kafka's order.
fn check(update: &FeatureUpdate, current: i16, controller: BrokerId) -> Result<(), Refusal> {
    let invalid = |why: &dyn Display| {
        let FeatureUpdate { name, level, .. } = update;
        refused(format!("Invalid update version {level} for feature {name}. {why}"))
    };
    let Some(change) = update.change else {
        return Err(invalid(&"The controller does not support the given upgrade type."));
    };
    if update.level < 0 {
        return Err(invalid(&"A feature version cannot be less than 0."));
    }
    if let Some(why) = unsupported(find(&update.name), update.level, controller) {
        return Err(invalid(&why));
    }
    let up = change == LevelChange::Upgrade;
    match find(&update.name) {
        None => Err(invalid(&format!("Feature {} not found.", update.name))),
        Some(_) if update.level < current && up => Err(invalid(
            &"Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
        )),
        Some(_) if update.level > current && !up => Err(invalid(&"Can't downgrade to a newer version.")),
        Some(feature) => keeps_metadata(&feature, current, update.level, change),
    }
}

/// Says why a level is out of range.
fn unsupported(feature: Option<Feature>, level: i16, controller: BrokerId) -> Option<String> {
    let (min, max) = feature.map_or((0, 0), |feature| (feature.min, feature.max));
    if (min..=max).contains(&level) {
        return None;
    }
    Some(match (max, min == max) {
        (0, _) => format!("Local controller {controller} does not support this feature."),
        (_, true) => format!("Local controller {controller} only supports versions {max}"),
        (_, false) => format!("Local controller {controller} only supports versions {min}-{max}"),
    })
}

/// Refuses to lower a level below one that brought something.
fn keeps_metadata(feature: &Feature, current: i16, level: i16, change: LevelChange) -> Result<(), Refusal> {
    let loses = feature.lossy.iter().any(|lossy| level < *lossy && *lossy <= current);
    if !loses {
        return Ok(());
    }
    let why = match change {
        LevelChange::UnsafeDowngrade => "Unsafe metadata downgrade is not supported in this version.",
        LevelChange::Upgrade | LevelChange::SafeDowngrade => {
            "Refusing to perform the requested downgrade because it might delete metadata information."
        }
    };
    Err(refused(format!("Unsupported {} downgrade from {current} to {level}. {why}", feature.name)))
}

fn refused(message: String) -> Refusal {
    Refusal::new(ErrorCode::InvalidUpdateVersion, message)
}

fn find(name: &str) -> Option<Feature> {
    FEATURES.into_iter().find(|feature| feature.name == name)
}

fn level(name: &str, level: i16) -> Record {
    Record::FeatureLevel { name: name.to_string(), level }
}
