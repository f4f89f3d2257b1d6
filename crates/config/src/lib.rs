//! Settings of a broker and its topics: one table, and the plain structs that code receives.
//!
//! A setting has one entry in [`table`]; the reader of `server.properties`, the validation, the
//! answers to DescribeConfigs and the reference page all come from it. Everything else in Highwater
//! sees [`BrokerConfig`] and [`TopicConfig`], built once, never a name.
#![forbid(unsafe_code)]

mod alter;
mod broker;
mod describe;
mod error;
mod explain;
mod group;
mod history;
mod listener;
mod preset;
mod properties;
mod property;
mod sources;
pub mod table;
mod topic;
mod transactions;

pub use alter::{
    AlterError, AlterOp, Alteration, BrokerAlteration, Scope, alter_group, alter_topic, replace_group,
    replace_topic,
};
pub use broker::{BrokerConfig, CleanerConfig, NetworkConfig, StorageConfig, TopicCreation, WalConfig};
pub use describe::{
    ConfigSource, Described, Synonym, describe_broker, describe_client_metrics, describe_every_broker,
    describe_group, describe_topic,
};
pub use error::{ConfigError, Notice};
pub use explain::{Candidate, Explained};
pub use group::{ConsumerGroupConfig, ConsumerTimes, GroupConfig, MigrationPolicy, TimeLimits};
pub use history::HistoryConfig;
pub use listener::{Endpoint, Listener};
pub use preset::Preset;
pub use properties::parse_properties;
pub use property::{Bounds, Class, Kind, Property, State, Synonymous, Unit, Update, Value};
pub use sources::{Dynamic, Layer, Layers, Overrides, Sources};
pub use topic::{
    CleanupPolicy, CompactionConfig, Compression, DURABILITY, Durability, FIXED_AT_CREATION, TimestampType,
    TopicConfig,
};
pub use transactions::TransactionConfig;
