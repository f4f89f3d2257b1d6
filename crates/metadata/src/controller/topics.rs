//! CreateTopics.
//!
//! Order per topic as in Kafka: duplicate in the request, the metadata topic's name, name rules,
//! collision, existence, settings, then counts or assignment. Beyond Kafka, two names of one request
//! that collide are refused as well. Source: ControllerApis.createTopics,
//! ReplicationControlManager.createTopics. Tests: tests/controller.rs.

use super::placement::{self, Placed};
use super::{ConfigCheck, Decision, Refusal};
use crate::image::{CONSUMER_OFFSETS, OFFSET_HISTORY, folded};
use crate::{ConfigResource, MetadataImage, PartitionState, Record};
use std::collections::{BTreeMap, BTreeSet};
use types::{
    BrokerId, ErrorCode, LeaderEpoch, LogKey, MAX_TOPIC_NAME_BYTES, PartitionEpoch, PartitionId, TopicId,
    TopicName, TopicNameError, Uuid,
};

/// Most partitions that one operation may create or delete. *Source*: Kafka's MAX_PARTITIONS_PER_BATCH.
pub const MAX_PARTITIONS_PER_OPERATION: usize = 10_000;

const METADATA_TOPIC: &str = "__cluster_metadata";

/// A request for topics.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CreateTopics {
    /// The topics.
    pub topics: Vec<CreateTopic>,
    /// Whether everything is checked and nothing is done.
    pub validate_only: bool,
}

/// A request for one topic.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CreateTopic {
    /// Its name as the client sent it.
    pub name: String,
    /// Count of partitions; -1 = the default.
    pub partitions: i32,
    /// Replicas of each partition; -1 = the default.
    pub replication_factor: i16,
    /// Partition to brokers, instead of counts. *Shape*: empty if counts are given.
    pub assignments: Vec<(i32, Vec<BrokerId>)>,
    /// Settings; a missing value is refused as Kafka does.
    pub configs: Vec<(String, Option<String>)>,
}

/// What a topic gets that does not say otherwise, and which settings are legal.
#[derive(Clone)]
pub struct TopicRules {
    /// Count of partitions for -1.
    pub partitions: i32,
    /// Replication factor for -1.
    pub replication_factor: i16,
    /// Checks a topic's settings.
    pub check_configs: ConfigCheck,
}

/// The answer for one topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreatedTopic {
    /// The name as the client sent it.
    pub name: String,
    /// What was, or would be, created.
    pub result: Result<TopicCreation, Refusal>,
}

/// A topic that was, or would be, created.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicCreation {
    /// Its id.
    pub id: TopicId,
    /// Count of partitions.
    pub partitions: i32,
    /// Replicas of each.
    pub replication_factor: i16,
    /// Its settings that differ from the defaults.
    pub configs: BTreeMap<String, String>,
}

/// Decides on a request for topics; `new_id` draws a random id per topic.
///
/// The answers come in order of the request, one per name.
pub fn create_topics(
    image: &MetadataImage,
    request: &CreateTopics,
    rules: &TopicRules,
    new_id: &mut dyn FnMut() -> TopicId,
) -> Decision<Vec<CreatedTopic>> {
    let unique = unique(request);
    if total_partitions(request, rules) > MAX_PARTITIONS_PER_OPERATION {
        let refuse = |name: &str| CreatedTopic { name: name.to_string(), result: Err(too_many()) };
        let answer = unique.into_iter().map(|(topic, _)| refuse(&topic.name)).collect();
        return Decision { records: Vec::new(), answer };
    }
    let mut decided = Decision { records: Vec::new(), answer: Vec::new() };
    let mut accepted = BTreeMap::new();
    for (topic, times) in unique {
        let creator = Creator { image, topic, rules };
        let result = match times {
            1 => creator.create(&mut accepted, &mut decided.records, new_id),
            _ => Err(Refusal::new(ErrorCode::InvalidRequest, "Duplicate topic name.")),
        };
        decided.answer.push(CreatedTopic { name: topic.name.clone(), result });
    }
    if request.validate_only {
        decided.records.clear();
    }
    decided
}

pub(super) fn too_many() -> Refusal {
    Refusal::new(ErrorCode::PolicyViolation, "Excessively large number of partitions per request.")
}

/// Returns the first topic of each name, in order, with how often the name came.
fn unique(request: &CreateTopics) -> Vec<(&CreateTopic, usize)> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unique: Vec<(&CreateTopic, usize)> = Vec::new();
    for topic in &request.topics {
        let place = *places.entry(&topic.name).or_insert(unique.len());
        match unique.get_mut(place) {
            Some((_, times)) => *times += 1,
            None => unique.push((topic, 1)),
        }
    }
    unique
}

/// Names that this request has taken so far, by what they collide on.
type Accepted = BTreeMap<String, TopicName>;

fn total_partitions(request: &CreateTopics, rules: &TopicRules) -> usize {
    let count = |topic: &CreateTopic| match topic.partitions {
        _ if !topic.assignments.is_empty() => topic.assignments.len(),
        -1 => usize::try_from(rules.partitions).unwrap_or(0),
        asked => usize::try_from(asked).unwrap_or(0),
    };
    request.topics.iter().map(count).fold(0, usize::saturating_add)
}

struct Creator<'a> {
    image: &'a MetadataImage,
    topic: &'a CreateTopic,
    rules: &'a TopicRules,
}

impl Creator<'_> {
    fn create(
        &self,
        accepted: &mut Accepted,
        records: &mut Vec<Record>,
        new_id: &mut dyn FnMut() -> TopicId,
    ) -> Result<TopicCreation, Refusal> {
        let name = self.check_name(accepted)?;
        let configs = self.check_configs()?;
        let id = beside(self.image, &self.topic.name, new_id());
        let placed = self.place(id)?;
        let replicas = placed.first().map_or(0, |partition| partition.replicas.len());
        let creation = TopicCreation {
            id,
            partitions: i32::try_from(placed.len()).unwrap_or(i32::MAX),
            replication_factor: i16::try_from(replicas).unwrap_or(i16::MAX),
            configs,
        };
        if let Some(folded) = folded(&name) {
            accepted.insert(folded, name.clone());
        }
        add_records(records, name, &creation, placed);
        Ok(creation)
    }

    fn check_name(&self, accepted: &Accepted) -> Result<TopicName, Refusal> {
        let text = &self.topic.name;
        if text == METADATA_TOPIC {
            return Err(Refusal::new(ErrorCode::TopicAuthorizationFailed, "Authorization failed."));
        }
        let name = TopicName::new(text).map_err(|error| topic_name_refusal(text, error))?;
        if self.image.topics().id_of(text).is_some() {
            let message = format!("Topic '{text}' already exists.");
            return Err(Refusal::new(ErrorCode::TopicAlreadyExists, message));
        }
        let of_request = folded(&name).and_then(|folded| accepted.get(&folded));
        match self.image.topics().colliding(&name).or(of_request) {
            Some(other) => {
                let message = format!("Topic '{text}' collides with existing topic: {other}");
                Err(Refusal::new(ErrorCode::InvalidTopicException, message))
            }
            None => Ok(name),
        }
    }

    fn check_configs(&self) -> Result<BTreeMap<String, String>, Refusal> {
        let invalid = |message| Refusal::new(ErrorCode::InvalidConfig, message);
        let missing = self.topic.configs.iter().filter(|(_, value)| value.is_none());
        let missing: BTreeSet<&str> = missing.map(|(key, _)| key.as_str()).collect();
        if !missing.is_empty() {
            let keys = missing.into_iter().collect::<Vec<_>>().join(",");
            return Err(invalid(format!("Null value not supported for topic configs: {keys}")));
        }
        let given = self.topic.configs.iter().cloned();
        let configs = given.filter_map(|(key, value)| Some((key, value?))).collect();
        (self.rules.check_configs)(self.image, &configs).map_err(invalid)?;
        Ok(configs)
    }

    fn place(&self, id: TopicId) -> Result<Vec<Placed>, Refusal> {
        let topic = self.topic;
        if !topic.assignments.is_empty() {
            return self.place_as_assigned();
        }
        if topic.replication_factor < -1 || topic.replication_factor == 0 {
            let message = "Replication factor must be larger than 0, or -1 to use the default value.";
            return Err(Refusal::new(ErrorCode::InvalidReplicationFactor, message));
        }
        if topic.partitions < -1 || topic.partitions == 0 {
            let message = "Number of partitions was set to an invalid non-positive value.";
            return Err(Refusal::new(ErrorCode::InvalidPartitions, message));
        }
        let partitions = if topic.partitions == -1 { self.rules.partitions } else { topic.partitions };
        let factor = if topic.replication_factor == -1 {
            self.rules.replication_factor
        } else {
            topic.replication_factor
        };
        placement::spread(self.image.brokers(), id, 0..partitions, factor)
    }

    fn place_as_assigned(&self) -> Result<Vec<Placed>, Refusal> {
        let counts = [
            (i32::from(self.topic.replication_factor), "replication factor"),
            (self.topic.partitions, "numPartitions"),
        ];
        if let Some((_, name)) = counts.iter().find(|(count, _)| *count != -1) {
            let message =
                format!("A manual partition assignment was specified, but {name} was not set to -1.");
            return Err(Refusal::new(ErrorCode::InvalidRequest, message));
        }
        placement::as_assigned(self.image.brokers(), &self.topic.assignments)
    }
}

/// Refuses a name with Kafka's sentence for the broken rule.
pub fn topic_name_refusal(name: &str, error: TopicNameError) -> Refusal {
    let what = match error {
        TopicNameError::Empty => "the empty string is not allowed".to_string(),
        TopicNameError::Dots => format!("'{name}' is not allowed"),
        TopicNameError::TooLong => {
            format!("the length of '{name}' is longer than the max allowed length {MAX_TOPIC_NAME_BYTES}")
        }
        TopicNameError::BadCharacter => {
            format!(
                "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
            )
        }
    };
    Refusal::new(ErrorCode::InvalidTopicException, format!("Topic name is invalid: {what}"))
}

/// Gives the two topics of committed offsets the same first half of their ids: shards own partitions by it, so a commit
/// and its note in the history are appended by one shard.
fn beside(image: &MetadataImage, name: &str, id: TopicId) -> TopicId {
    let other = match name {
        CONSUMER_OFFSETS => OFFSET_HISTORY,
        OFFSET_HISTORY => CONSUMER_OFFSETS,
        _ => return id,
    };
    let Some(other) = image.topics().id_of(other) else { return id };
    let mut bytes = id.0.0;
    bytes[..8].copy_from_slice(&other.0.0[..8]);
    TopicId(Uuid(bytes))
}

fn add_records(records: &mut Vec<Record>, name: TopicName, creation: &TopicCreation, placed: Vec<Placed>) {
    let topic_id = creation.id;
    records.push(Record::TopicCreated { name, id: topic_id });
    for (key, value) in &creation.configs {
        let resource = ConfigResource::Topic(topic_id);
        records.push(Record::ConfigChanged { resource, key: key.clone(), value: Some(value.clone()) });
    }
    add_partitions(records, topic_id, 0, placed);
}

/// Adds the records of new partitions, numbered from `first` on.
pub(super) fn add_partitions(records: &mut Vec<Record>, topic_id: TopicId, first: i32, placed: Vec<Placed>) {
    for (partition, placed) in (first..).map(PartitionId).zip(placed) {
        let state = PartitionState {
            leader: placed.isr.first().copied(),
            replicas: placed.replicas,
            isr: placed.isr,
            elr: Vec::new(),
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
        };
        records.push(Record::PartitionChanged { key: LogKey { topic_id, partition }, state });
    }
}
