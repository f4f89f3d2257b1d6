//! Decisions over the metadata: pure functions from an image and a request to records and answers.
//!
//! Nothing here waits, draws random numbers or looks at a clock: ids are handed in. The shell makes
//! one decision at a time on the newest image, has its records agreed, and answers once its own image
//! contains them. A refusal yields no records. Source: the controllers of Kafka 4.3.1
//! (ReplicationControlManager, ClusterControlManager, ProducerIdControlManager, FeatureControlManager),
//! whose order of checks, codes and messages are kept. Tests: tests/controller.rs.

mod brokers;
mod configs;
mod deletions;
mod features;
mod partitions;
mod placement;
mod producer_ids;
mod topics;

pub use brokers::{fence_broker, register_broker};
pub use configs::{
    AlterConfigs, AlterResource, ConfigOwner, MAX_GROUP_NAME, MAX_GROUPS_WITH_SETTINGS, SettingsRule,
    alter_configs,
};
pub use deletions::{DeleteTopic, DeletedTopic, delete_topics};
pub use features::{
    Feature, FeatureUpdate, GROUP_VERSION, LevelChange, METADATA_VERSION, TRANSACTION_VERSION,
    UnsupportedLevel, UpdateFeatures, bootstrap, check_levels, update_features,
};
pub use partitions::{CreatePartitions, CreatedPartitions, MorePartitions, create_partitions};
pub use producer_ids::{PRODUCER_ID_BLOCK_SIZE, ProducerIdBlock, allocate_producer_ids};
pub use topics::{
    CreateTopic, CreateTopics, CreatedTopic, MAX_PARTITIONS_PER_OPERATION, TopicCreation, TopicRules,
    create_topics, topic_name_refusal,
};

use crate::image::Settings;
use crate::{MetadataImage, Record};
use std::sync::Arc;
use types::ErrorCode;

/// Why something is refused: Kafka's code and the sentence that goes with it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Kafka's code.
    pub code: ErrorCode,
    /// What is wrong.
    pub message: String,
}

impl Refusal {
    /// Makes a refusal.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into() }
    }
}

/// Records to be agreed on, and the answer to give once they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision<T> {
    /// The records, together all or nothing. *Shape*: empty if nothing changes.
    pub records: Vec<Record>,
    /// The answer.
    pub answer: T,
}

/// Checks all settings of a topic together, on the image of the moment; the text says which is wrong and why.
pub type ConfigCheck = Arc<dyn Fn(&MetadataImage, &Settings) -> Result<(), String> + Send + Sync>;
