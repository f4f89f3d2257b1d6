//! Administration: topics, settings, offsets, the cluster itself.
//!
//! Asking is tried again while a broker may come back; changing is not, because a lost answer leaves
//! open whether the change was made. Tests: `tests/client/admin.rs`.

mod coordinators;
mod groups;
mod log_dirs;
mod offset_history;
mod partitions;
mod records;
mod transaction_log;
mod transactions;

use crate::cluster::Cluster;
use crate::error::{ClientError, accepted};
use std::collections::BTreeMap;
use types::{ErrorCode, Offset, Uuid, WallTime};
use wire::create_topics_request::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use wire::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};
use wire::describe_cluster_request::DescribeClusterRequest;
use wire::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use wire::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use wire::list_offsets_response::ListOffsetsPartitionResponse;

pub(crate) use coordinators::Coordinated;
pub use groups::{CommittedOffset, GroupDescription, GroupListing, GroupMember, NewOffset};
pub use log_dirs::{LogDir, LogInDir};
pub use offset_history::{OffsetHistory, OffsetNote};
pub use records::DeletedRecords;
pub use transaction_log::{TRANSACTION_STATE_TOPIC, TransactionNote, TransactionStage};
pub use transactions::{PartitionProducer, TransactionDescription, TransactionFilter, TransactionListing};

/// Topics whose settings are asked for in one request.
const TOPICS_AT_ONCE: usize = 500;

/// Kafka's number for a topic as an owner of settings.
const TOPIC_RESOURCE: i8 = 2;
/// Kafka's number for a broker as an owner of settings.
const BROKER_RESOURCE: i8 = 4;

/// A topic to be created.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; none leaves it to the broker.
    pub partitions: Option<i32>,
    /// How many replicas; none leaves it to the broker.
    pub replication: Option<i16>,
    /// Settings that differ from the broker's.
    pub configs: BTreeMap<String, String>,
}

/// What the broker made of a `NewTopic`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreatedTopic {
    /// Its id.
    pub id: Uuid,
    /// How many partitions, `-1` if the broker does not say.
    pub partitions: i32,
    /// How many replicas, `-1` if the broker does not say.
    pub replication: i16,
}

/// One topic of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicListing {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: Uuid,
    /// How many partitions.
    pub partitions: usize,
    /// Replicas of its first partition.
    pub replication: usize,
    /// Whether the brokers keep it for themselves.
    pub internal: bool,
}

/// A topic in full.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicDescription {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: Uuid,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionDescription>,
    /// Its settings, by name.
    pub configs: Vec<ConfigEntry>,
}

/// A partition in full.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionDescription {
    /// Its number.
    pub partition: i32,
    /// Broker that leads it, `-1` for none.
    pub leader: i32,
    /// Number of that leadership.
    pub leader_epoch: i32,
    /// Brokers that hold it.
    pub replicas: Vec<i32>,
    /// Those that are in sync.
    pub isr: Vec<i32>,
    /// First offset, if the leader answers.
    pub earliest: Option<Offset>,
    /// First offset after the last committed record, if the leader answers.
    pub latest: Option<Offset>,
}

/// One setting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigEntry {
    /// Its name.
    pub name: String,
    /// Its value; none for a secret.
    pub value: Option<String>,
    /// Kafka's number for where the value comes from: 1 the topic, 4 the broker's file, 5 the default.
    pub source: i8,
}

impl ConfigEntry {
    /// Says whether the value was set on the topic itself.
    pub fn is_own(&self) -> bool {
        self.source == 1
    }
}

/// Which offset of a partition is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OffsetAt {
    /// The first.
    Earliest,
    /// The one after the last committed record.
    Latest,
    /// Where readers of committed data end: the first offset of the first open transaction, or as `Latest`.
    LastStable,
    /// The first record of that time or later.
    Time(WallTime),
}

impl OffsetAt {
    fn on_wire(self) -> i64 {
        match self {
            OffsetAt::Latest | OffsetAt::LastStable => -1,
            OffsetAt::Earliest => -2,
            OffsetAt::Time(time) => time.0.max(0),
        }
    }
}

/// An offset that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartitionOffset {
    /// The partition.
    pub partition: i32,
    /// The offset; none when no record is that late.
    pub offset: Option<Offset>,
    /// Time of the record there, `-1` if none.
    pub timestamp: WallTime,
}

/// The cluster and its brokers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterDescription {
    /// Its id.
    pub id: String,
    /// Broker that decides for it.
    pub controller: i32,
    /// Brokers: number and address.
    pub brokers: Vec<(i32, String)>,
}

impl Cluster {
    /// Creates a topic. *Shape*: when it returns, the broker names the topic: Kafka's answer comes before that.
    ///
    /// # Errors
    /// `Refused` with the broker's reason; `Lost` leaves open whether it was created.
    pub async fn create_topic(&self, topic: &NewTopic) -> Result<CreatedTopic, ClientError> {
        let config = |(name, value): (&String, &String)| CreatableTopicConfig {
            name: name.clone(),
            value: Some(value.clone()),
        };
        let wanted = CreatableTopic {
            name: topic.name.clone(),
            num_partitions: topic.partitions.unwrap_or(-1),
            replication_factor: topic.replication.unwrap_or(-1),
            assignments: Vec::new(),
            configs: topic.configs.iter().map(config).collect(),
        };
        let request =
            CreateTopicsRequest { topics: vec![wanted], timeout_ms: self.timeout_ms(), validate_only: false };
        let connection = self.retrying(|| self.any()).await?;
        let answer = connection.call(&request).await?;
        let what = || format!("topic '{}'", topic.name);
        let made = answer.topics.into_iter().find(|made| made.name == topic.name);
        let made = made.ok_or_else(|| ClientError::Incomplete(what()))?;
        accepted(made.error_code, made.error_message.as_deref(), what)?;
        self.forget(&topic.name);
        self.retrying(|| self.named(&topic.name)).await?;
        Ok(CreatedTopic {
            id: made.topic_id,
            partitions: made.num_partitions,
            replication: made.replication_factor,
        })
    }

    /// Looks for a topic that was just created; while it is not named, it has no leader either.
    async fn named(&self, topic: &str) -> Result<(), ClientError> {
        match self.topic(topic).await {
            Err(ClientError::UnknownTopic(topic)) => Err(ClientError::NoLeader { topic, partition: 0 }),
            other => other.map(|_| ()),
        }
    }

    /// Deletes a topic with all its records.
    ///
    /// # Errors
    /// `UnknownTopic`, `Refused`; `Lost` leaves open whether it was deleted.
    pub async fn delete_topic(&self, name: &str) -> Result<(), ClientError> {
        let request = DeleteTopicsRequest {
            topics: vec![DeleteTopicState { name: Some(name.to_owned()), topic_id: Uuid::ZERO }],
            topic_names: vec![name.to_owned()],
            timeout_ms: self.timeout_ms(),
        };
        let connection = self.retrying(|| self.any()).await?;
        let answer = connection.call(&request).await?;
        let gone = answer.responses.iter().find(|gone| gone.name.as_deref() == Some(name));
        let gone = gone.ok_or_else(|| ClientError::Incomplete(format!("topic '{name}'")))?;
        self.forget(name);
        if gone.error_code == ErrorCode::UnknownTopicOrPartition.code() {
            return Err(ClientError::UnknownTopic(name.to_owned()));
        }
        accepted(gone.error_code, gone.error_message.as_deref(), || format!("topic '{name}'"))
    }

    /// Lists all topics by name.
    ///
    /// # Errors
    /// As `metadata`.
    pub async fn list_topics(&self) -> Result<Vec<TopicListing>, ClientError> {
        let answer = self.retrying(|| self.metadata(None)).await?;
        let listing = |topic: wire::metadata_response::MetadataResponseTopic| {
            let replication = topic.partitions.first().map_or(0, |p| p.replica_nodes.len());
            let (id, internal, partitions) = (topic.topic_id, topic.is_internal, topic.partitions.len());
            Some(TopicListing { name: topic.name?, id, partitions, replication, internal })
        };
        let mut topics: Vec<TopicListing> = answer.topics.into_iter().filter_map(listing).collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(topics)
    }

    /// Describes a topic: partitions, offsets, settings.
    ///
    /// # Errors
    /// `UnknownTopic`, and as `metadata` and `topic_configs`.
    pub async fn describe_topic(&self, name: &str) -> Result<TopicDescription, ClientError> {
        self.forget(name);
        let known = self.retrying(|| self.topic(name)).await?;
        let answer = self.metadata(Some(&[name])).await?;
        let topic = answer.topics.into_iter().find(|topic| topic.name.as_deref() == Some(name));
        let topic = topic.ok_or_else(|| ClientError::UnknownTopic(name.to_owned()))?;
        let earliest = self.offsets(name, OffsetAt::Earliest).await.unwrap_or_default();
        let latest = self.offsets(name, OffsetAt::Latest).await.unwrap_or_default();
        let at = |list: &[PartitionOffset], partition| {
            list.iter().find(|found| found.partition == partition).and_then(|found| found.offset)
        };
        let describe = |p: wire::metadata_response::MetadataResponsePartition| PartitionDescription {
            partition: p.partition_index,
            leader: p.leader_id,
            leader_epoch: p.leader_epoch,
            replicas: p.replica_nodes,
            isr: p.isr_nodes,
            earliest: at(&earliest, p.partition_index),
            latest: at(&latest, p.partition_index),
        };
        let mut partitions: Vec<PartitionDescription> = topic.partitions.into_iter().map(describe).collect();
        partitions.sort_by_key(|p| p.partition);
        let configs = self.topic_configs(name).await?;
        Ok(TopicDescription { name: name.to_owned(), id: known.id, partitions, configs })
    }

    /// Returns the settings of a topic by name.
    ///
    /// # Errors
    /// `Refused`, `Unsupported`, and as `any`.
    pub async fn topic_configs(&self, topic: &str) -> Result<Vec<ConfigEntry>, ClientError> {
        self.configs(TOPIC_RESOURCE, topic).await
    }

    /// Returns one setting of each of these topics, by the topic's name; a topic that is gone is left out.
    ///
    /// # Errors
    /// `Unsupported`, and as `any`.
    pub async fn setting_of_topics(
        &self,
        topics: &[String],
        setting: &str,
    ) -> Result<BTreeMap<String, String>, ClientError> {
        let mut found = BTreeMap::new();
        for some in topics.chunks(TOPICS_AT_ONCE) {
            let resource = |topic: &String| DescribeConfigsResource {
                resource_type: TOPIC_RESOURCE,
                resource_name: topic.clone(),
                configuration_keys: Some(vec![setting.to_owned()]),
            };
            let resources = some.iter().map(resource).collect();
            let request = DescribeConfigsRequest { resources, ..DescribeConfigsRequest::default() };
            let answer = self.any().await?.call(&request).await?;
            for topic in answer.results {
                let value = topic.configs.into_iter().find(|config| config.name == setting);
                if let Some(value) = value.and_then(|config| config.value) {
                    found.insert(topic.resource_name, value);
                }
            }
        }
        Ok(found)
    }

    /// Returns the settings of a broker by name.
    ///
    /// # Errors
    /// `Refused`, `Unsupported`, and as `any`.
    pub async fn broker_configs(&self, broker: i32) -> Result<Vec<ConfigEntry>, ClientError> {
        self.configs(BROKER_RESOURCE, &broker.to_string()).await
    }

    async fn configs(&self, kind: i8, name: &str) -> Result<Vec<ConfigEntry>, ClientError> {
        let resource = DescribeConfigsResource {
            resource_type: kind,
            resource_name: name.to_owned(),
            configuration_keys: None,
        };
        let request =
            DescribeConfigsRequest { resources: vec![resource], ..DescribeConfigsRequest::default() };
        let answer = self.any().await?.call(&request).await?;
        let result = answer.results.into_iter().find(|result| result.resource_name == name);
        let result = result.ok_or_else(|| ClientError::Incomplete(format!("settings of '{name}'")))?;
        accepted(result.error_code, result.error_message.as_deref(), || format!("settings of '{name}'"))?;
        let entries = result.configs.into_iter();
        let mut entries: Vec<ConfigEntry> =
            entries.map(|c| ConfigEntry { name: c.name, value: c.value, source: c.config_source }).collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Finds an offset in every partition of a topic.
    ///
    /// # Errors
    /// `UnknownTopic`, `Refused`, and as `leader`.
    pub async fn offsets(&self, topic: &str, at: OffsetAt) -> Result<Vec<PartitionOffset>, ClientError> {
        let partitions = self.partitions(topic).await?;
        self.retrying(|| self.find_offsets(topic, &partitions, at)).await
    }

    /// Finds an offset in one partition.
    ///
    /// # Errors
    /// As `offsets`.
    pub async fn offset(
        &self,
        topic: &str,
        partition: i32,
        at: OffsetAt,
    ) -> Result<PartitionOffset, ClientError> {
        let one = [partition];
        let found = self.retrying(|| self.find_offsets(topic, &one, at)).await?;
        let what = || ClientError::Incomplete(format!("offsets of {topic}-{partition}"));
        found.into_iter().next().ok_or_else(what)
    }

    /// Asks each leader once for all its partitions.
    async fn find_offsets(
        &self,
        topic: &str,
        partitions: &[i32],
        at: OffsetAt,
    ) -> Result<Vec<PartitionOffset>, ClientError> {
        let mut by_leader = BTreeMap::new();
        for partition in partitions {
            let connection = self.leader(topic, *partition).await?.connection;
            let (_, list) =
                by_leader.entry(connection.address().to_owned()).or_insert((connection, Vec::new()));
            list.push(*partition);
        }
        let mut found = Vec::with_capacity(partitions.len());
        for (connection, list) in by_leader.into_values() {
            let answer = connection.call(&self.offsets_request(topic, &list, at)).await?;
            let topics = answer.topics.into_iter().filter(|answered| answered.name == topic);
            let answers: Vec<_> = topics.flat_map(|answered| answered.partitions).collect();
            for partition in list {
                found.push(self.offset_of(topic, partition, &answers)?);
            }
        }
        found.sort_by_key(|offset| offset.partition);
        Ok(found)
    }

    fn offsets_request(&self, topic: &str, partitions: &[i32], at: OffsetAt) -> ListOffsetsRequest {
        let wanted = |partition: &i32| ListOffsetsPartition {
            partition_index: *partition,
            timestamp: at.on_wire(),
            ..ListOffsetsPartition::default()
        };
        let partitions = partitions.iter().map(wanted).collect();
        ListOffsetsRequest {
            replica_id: -1,
            isolation_level: i8::from(at == OffsetAt::LastStable),
            topics: vec![ListOffsetsTopic { name: topic.to_owned(), partitions }],
            timeout_ms: self.timeout_ms(),
        }
    }

    fn offset_of(
        &self,
        topic: &str,
        partition: i32,
        answers: &[ListOffsetsPartitionResponse],
    ) -> Result<PartitionOffset, ClientError> {
        let what = || format!("offsets of {topic}-{partition}");
        let found = answers.iter().find(|answer| answer.partition_index == partition);
        let found = found.ok_or_else(|| ClientError::Incomplete(what()))?;
        if found.error_code != 0 {
            self.forget(topic);
        }
        accepted(found.error_code, None, what)?;
        let offset = (found.offset >= 0).then_some(Offset(found.offset));
        Ok(PartitionOffset { partition, offset, timestamp: WallTime(found.timestamp) })
    }

    /// Describes the cluster.
    ///
    /// # Errors
    /// `Refused`, `Unsupported`, and as `any`.
    pub async fn describe_cluster(&self) -> Result<ClusterDescription, ClientError> {
        let request = DescribeClusterRequest::default();
        let connection = self.retrying(|| self.any()).await?;
        let answer = connection.call(&request).await?;
        accepted(answer.error_code, answer.error_message.as_deref(), || "the cluster".to_owned())?;
        let brokers = answer.brokers.into_iter().map(|b| (b.broker_id, format!("{}:{}", b.host, b.port)));
        let (id, controller) = (answer.cluster_id, answer.controller_id);
        Ok(ClusterDescription { id, controller, brokers: brokers.collect() })
    }

    pub(crate) fn timeout_ms(&self) -> i32 {
        i32::try_from(self.options().request_timeout.as_millis()).unwrap_or(i32::MAX)
    }
}
