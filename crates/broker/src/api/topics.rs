//! Names and ids of topics, resolved once per request against one image (D-15).

use crate::publish::Published;
use metadata::image::{PartitionImage, TopicImage};
use types::{ErrorCode, LogKey, PartitionId, TopicId, Uuid};

/// How a request names a topic: by name in older versions, by id in newer ones.
#[derive(Clone, Copy, Debug)]
pub(super) enum TopicRef<'a> {
    /// By name.
    Name(&'a str),
    /// By id.
    Id(Uuid),
}

impl<'a> TopicRef<'a> {
    /// Takes the id if the version has one, else the name.
    pub(super) fn new(by_id: bool, name: &'a str, id: Uuid) -> TopicRef<'a> {
        if by_id { TopicRef::Id(id) } else { TopicRef::Name(name) }
    }
}

/// Finds a topic.
///
/// # Errors
/// `UNKNOWN_TOPIC_OR_PARTITION` for a name, `UNKNOWN_TOPIC_ID` for an id.
pub(super) fn topic<'p>(published: &'p Published, topic: TopicRef<'_>) -> Result<&'p TopicImage, ErrorCode> {
    let topics = published.image.topics();
    match topic {
        TopicRef::Name(name) => topics.by_name(name).ok_or(ErrorCode::UnknownTopicOrPartition),
        TopicRef::Id(id) => topics.by_id(TopicId(id)).ok_or(ErrorCode::UnknownTopicId),
    }
}

/// Finds a partition of a topic.
///
/// # Errors
/// `UNKNOWN_TOPIC_OR_PARTITION`.
pub(super) fn partition(topic: &TopicImage, index: i32) -> Result<(LogKey, &PartitionImage), ErrorCode> {
    let id = PartitionId(index);
    let image = topic.partition(id).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    Ok((topic.key(id), image))
}
