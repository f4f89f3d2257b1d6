//! CreatePartitions: more partitions for topics that exist.
//!
//! Order per topic as in Kafka: duplicate in the request, existence, count, assignments, then the place of each
//! new partition. New partitions have as many replicas as the topic's first. Beyond Kafka, a request for more
//! partitions than one operation may create is refused before any is placed.
//! Source: ControllerApis.createPartitions, ReplicationControlManager.createPartitions (KIP-195).
//! Tests: tests/controller/partitions.rs.

use super::placement::{self, Placed};
use super::topics::{MAX_PARTITIONS_PER_OPERATION, add_partitions, too_many};
use super::{Decision, Refusal};
use crate::image::TopicImage;
use crate::{MetadataImage, Record};
use std::collections::BTreeMap;
use types::{BrokerId, ErrorCode, PartitionId};

/// A request for more partitions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CreatePartitions {
    /// The topics.
    pub topics: Vec<MorePartitions>,
    /// Whether everything is checked and nothing is done.
    pub validate_only: bool,
}

/// A request for more partitions of one topic.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MorePartitions {
    /// Its name as the client sent it.
    pub name: String,
    /// How many it is to have then.
    pub count: i32,
    /// Brokers of each new partition, in order; nothing leaves it to the controller.
    pub assignments: Option<Vec<Vec<BrokerId>>>,
}

/// The answer for one topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreatedPartitions {
    /// The name as the client sent it.
    pub name: String,
    /// What is wrong, if something is. *Shape*: no message says nothing that the code does not.
    pub result: Result<(), Refusal>,
}

/// Decides on a request for more partitions. The answers come in order of the request, one per name.
pub fn create_partitions(
    image: &MetadataImage,
    request: &CreatePartitions,
) -> Decision<Vec<CreatedPartitions>> {
    let unique = unique(&request.topics);
    let more = unique.iter().map(|(topic, _)| added(image, topic)).fold(0, usize::saturating_add);
    let mut decided = Decision { records: Vec::new(), answer: Vec::new() };
    for (topic, times) in unique {
        let result = match times {
            1 if more > MAX_PARTITIONS_PER_OPERATION => Err(too_many()),
            1 => grow(image, topic, &mut decided.records),
            _ => Err(Refusal::new(ErrorCode::InvalidRequest, "Duplicate topic name.")),
        };
        decided.answer.push(CreatedPartitions { name: topic.name.clone(), result });
    }
    if request.validate_only {
        decided.records.clear();
    }
    decided
}

/// Returns the first of each name, in order, with how often the name came.
fn unique(topics: &[MorePartitions]) -> Vec<(&MorePartitions, usize)> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unique: Vec<(&MorePartitions, usize)> = Vec::new();
    for topic in topics {
        let place = *places.entry(&topic.name).or_insert(unique.len());
        match unique.get_mut(place) {
            Some((_, times)) => *times += 1,
            None => unique.push((topic, 1)),
        }
    }
    unique
}

/// Returns how many partitions a topic would get.
fn added(image: &MetadataImage, topic: &MorePartitions) -> usize {
    let known = image.topics().by_name(&topic.name).map(TopicImage::partition_count);
    known.map_or(0, |have| usize::try_from(topic.count).unwrap_or(0).saturating_sub(have))
}

fn grow(image: &MetadataImage, asked: &MorePartitions, records: &mut Vec<Record>) -> Result<(), Refusal> {
    let unknown = || Refusal::new(ErrorCode::UnknownTopicOrPartition, "");
    let topic = image.topics().by_name(&asked.name).ok_or_else(unknown)?;
    let have = i32::try_from(topic.partition_count()).unwrap_or(i32::MAX);
    check_count(asked, have)?;
    let placed = place(image, topic, asked, have)?;
    add_partitions(records, topic.id, have, placed);
    Ok(())
}

fn check_count(asked: &MorePartitions, have: i32) -> Result<(), Refusal> {
    let MorePartitions { name, count, .. } = asked;
    let message = match *count {
        count if count > have => return Ok(()),
        count if count == have => format!("Topic already has {have} partition(s)."),
        _ => {
            format!("The topic {name} currently has {have} partition(s); {count} would not be an increase.")
        }
    };
    Err(Refusal::new(ErrorCode::InvalidPartitions, message))
}

fn place(
    image: &MetadataImage,
    topic: &TopicImage,
    asked: &MorePartitions,
    have: i32,
) -> Result<Vec<Placed>, Refusal> {
    let factor = topic.partition(PartitionId(0)).map_or(0, |first| first.state.replicas.len());
    let Some(assignments) = &asked.assignments else {
        let factor = i16::try_from(factor).unwrap_or(i16::MAX);
        return placement::spread(image.brokers(), topic.id, have..asked.count, factor);
    };
    let (more, given) = (asked.count - have, assignments.len());
    if usize::try_from(more).ok() != Some(given) {
        let message = format!(
            "Attempted to add {more} additional partition(s), but only {given} assignment(s) were specified."
        );
        return Err(Refusal::new(ErrorCode::InvalidReplicaAssignment, message));
    }
    let each = (have..).zip(assignments);
    each.map(|(partition, ids)| placement::place_one(image.brokers(), partition, ids, Some(factor))).collect()
}
