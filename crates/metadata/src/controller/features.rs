//! Feature levels, and what a new cluster starts with.
//!
//! Only `metadata.version` is finalised. `group.version` and `transaction.version` wait until their
//! APIs exist (D-16). `highwater.version` numbers our own derivations, D-18's among them; clients
//! are not told of it. Source: FeatureControlManager, MetadataVersion.

use crate::{MetadataImage, Record};
use types::Uuid;

/// Kafka's level of `metadata.version` that Highwater stands for. *Source*: 4.3-IV0.
pub const METADATA_VERSION: i16 = 30;

const HIGHWATER_VERSION: i16 = 1;

/// Decides what is still missing of what every cluster has: its id and its feature levels.
pub fn bootstrap(image: &MetadataImage, cluster_id: Uuid) -> Vec<Record> {
    let mut records = Vec::new();
    if image.cluster_id().is_none() {
        records.push(Record::ClusterId(cluster_id));
    }
    for (name, level) in [("highwater.version", HIGHWATER_VERSION), ("metadata.version", METADATA_VERSION)] {
        if image.features().level(name) == 0 {
            records.push(Record::FeatureLevel { name: name.to_string(), level });
        }
    }
    records
}
