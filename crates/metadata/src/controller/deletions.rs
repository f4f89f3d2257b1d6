//! DeleteTopics, by name or by id.
//!
//! Source: ControllerApis.deleteTopics. Kafka shuffles the answers so that their order does not
//! tell absent topics from forbidden ones; here they come in order of the request, because the
//! caller has removed what the client may not see. Tests: tests/controller.rs.

use super::topics::{MAX_PARTITIONS_PER_OPERATION, too_many};
use super::{Decision, Refusal};
use crate::{MetadataImage, Record};
use std::collections::{BTreeMap, BTreeSet};
use types::{ErrorCode, TopicId};

/// One topic to delete, as the client named it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeleteTopic {
    /// Its name, if given.
    pub name: Option<String>,
    /// Its id; zero if not given.
    pub id: TopicId,
}

/// The answer for one topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeletedTopic {
    /// Its name: as given, or found by id.
    pub name: Option<String>,
    /// Its id: as given, or found by name.
    pub id: TopicId,
    /// What is wrong, if something is.
    pub result: Result<(), Refusal>,
}

/// Decides on a request to delete topics. Duplicates are answered once, and not deleted.
pub fn delete_topics(image: &MetadataImage, topics: &[DeleteTopic]) -> Decision<Vec<DeletedTopic>> {
    let resolved = unique(topics).into_iter().map(|(topic, times)| resolve(image, topic, times)).collect();
    let mut answer = refuse_named_twice(topics, resolved);
    let doomed = answer.iter().filter(|topic| topic.result.is_ok()).map(|topic| topic.id);
    let doomed: Vec<TopicId> = doomed.collect();
    let size = |id: &TopicId| image.topics().by_id(*id).map_or(0, |topic| topic.partition_count());
    if doomed.iter().map(size).sum::<usize>().max(doomed.len()) > MAX_PARTITIONS_PER_OPERATION {
        answer.iter_mut().filter(|t| t.result.is_ok()).for_each(|t| t.result = Err(too_many()));
        return Decision { records: Vec::new(), answer };
    }
    let records = doomed.into_iter().map(|id| Record::TopicDeleted { id }).collect();
    Decision { records, answer }
}

/// Returns each way of naming a topic once, in order, with how often it came.
fn unique(topics: &[DeleteTopic]) -> Vec<(&DeleteTopic, usize)> {
    let mut places: BTreeMap<(&Option<String>, TopicId), usize> = BTreeMap::new();
    let mut unique: Vec<(&DeleteTopic, usize)> = Vec::new();
    for topic in topics {
        let place = *places.entry((&topic.name, topic.id)).or_insert(unique.len());
        match unique.get_mut(place) {
            Some((_, times)) => *times += 1,
            None => unique.push((topic, 1)),
        }
    }
    unique
}

fn resolve(image: &MetadataImage, topic: &DeleteTopic, times: usize) -> DeletedTopic {
    let refuse = |code, message: &str| DeletedTopic {
        name: topic.name.clone(),
        id: topic.id,
        result: Err(Refusal::new(code, message)),
    };
    let invalid = |message| refuse(ErrorCode::InvalidRequest, message);
    let found = match (&topic.name, topic.id.0.is_zero()) {
        (None, true) => return invalid("Neither topic name nor id were specified."),
        (Some(_), false) => return invalid("You may not specify both topic name and topic id."),
        (Some(_), true) if times > 1 => return invalid("Duplicate topic name."),
        (None, false) if times > 1 => return invalid("Duplicate topic id."),
        (Some(name), true) => image.topics().by_name(name),
        (None, false) => image.topics().by_id(topic.id),
    };
    match found {
        Some(found) => DeletedTopic { name: Some(found.name.to_string()), id: found.id, result: Ok(()) },
        None if topic.name.is_some() => {
            refuse(ErrorCode::UnknownTopicOrPartition, "This server does not host this topic-partition.")
        }
        None => refuse(ErrorCode::UnknownTopicId, "This server does not host this topic ID."),
    }
}

/// Refuses a topic that was given by name and by id as well; only the name is answered.
fn refuse_named_twice(topics: &[DeleteTopic], mut answer: Vec<DeletedTopic>) -> Vec<DeletedTopic> {
    let given_ids: BTreeSet<TopicId> = topics.iter().filter(|t| t.name.is_none()).map(|t| t.id).collect();
    let given_names: BTreeSet<&str> = topics.iter().filter_map(|t| t.name.as_deref()).collect();
    let mut twice = BTreeSet::new();
    for topic in answer.iter().filter(|topic| topic.result.is_ok() && given_ids.contains(&topic.id)) {
        if topic.name.as_deref().is_some_and(|name| given_names.contains(name)) {
            twice.insert(topic.id);
        }
    }
    let mut seen = BTreeSet::new();
    answer.retain(|topic| topic.result.is_err() || !twice.contains(&topic.id) || seen.insert(topic.id));
    for topic in answer.iter_mut().filter(|topic| topic.result.is_ok() && twice.contains(&topic.id)) {
        let message = "The provided topic name maps to an ID that was already supplied.";
        topic.result = Err(Refusal::new(ErrorCode::InvalidRequest, message));
    }
    answer
}
