//! DescribeLogDirs, 1 to 5. KIP-113, 827, 1066.
//!
//! There is one directory. A partition's size counts what lies in segments and what is only in the write-ahead log
//! or in memory. A partition that is offline because of damage is left out, as Kafka leaves out what it could not
//! load; a directory that has failed is KAFKA_STORAGE_ERROR without partitions. Tests: tests/wire/log_dirs.rs.

use super::topics::{self, TopicRef};
use crate::context::Context;
use crate::publish::Published;
use crate::shard::message::{LogSize, ShardMessage};
use metadata::image::TopicImage;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use tokio::sync::oneshot;
use types::{ErrorCode, LogKey};
use wire::describe_log_dirs_request::{DescribableLogDirTopic, DescribeLogDirsRequest};
use wire::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
};

/// What a topic takes in a request and its answer, without its name. *Units*: bytes.
const TOPIC_BYTES: usize = 350;
/// What a partition takes there. *Units*: bytes.
const PARTITION_BYTES: usize = 250;

/// Returns what an answer takes at most. All partitions are given whatever they take: nobody can ask for less.
pub(super) fn answer_bytes(context: &Context, request: &DescribeLogDirsRequest) -> usize {
    let Some(asked) = &request.topics else {
        let published = context.published();
        let known = |topic: &TopicImage| TOPIC_BYTES + topic.partition_count() * PARTITION_BYTES;
        let all = published.image.topics().iter().map(known).sum::<usize>();
        return (TOPIC_BYTES + all).min(context.admission.answer_max());
    };
    let size =
        |t: &DescribableLogDirTopic| TOPIC_BYTES + 3 * t.topic.len() + t.partitions.len() * PARTITION_BYTES;
    TOPIC_BYTES + asked.iter().map(size).sum::<usize>()
}

pub(super) async fn describe_log_dirs(
    context: Arc<Context>,
    request: DescribeLogDirsRequest,
    _: i16,
) -> DescribeLogDirsResponse {
    let log_dir = context.config.data_dir.display().to_string();
    let mut result = DescribeLogDirsResult { log_dir, ..DescribeLogDirsResult::default() };
    if context.failure.borrow().is_some() {
        result.error_code = ErrorCode::KafkaStorageError.code();
    } else {
        let published = context.published();
        let keys = request.topics.as_ref().map(|asked| resolve(&published, asked));
        result.topics = topics(&published, sizes(&context, keys).await);
        let (disk, path) = (&context.env.disk, &context.config.data_dir);
        result.total_bytes = shown(disk.total_bytes(path));
        result.usable_bytes = shown(disk.free_bytes(path));
    }
    DescribeLogDirsResponse { results: vec![result], ..DescribeLogDirsResponse::default() }
}

/// Finds the partitions that are asked for; what is not there is left out, as Kafka does.
fn resolve(published: &Published, asked: &[DescribableLogDirTopic]) -> BTreeSet<LogKey> {
    let keys = asked.iter().flat_map(|asked| {
        let topic = topics::topic(published, TopicRef::Name(&asked.topic)).ok();
        topic.into_iter().flat_map(|topic| {
            let find = |index: &i32| topics::partition(topic, *index).ok().map(|(key, _)| key);
            asked.partitions.iter().filter_map(find)
        })
    });
    keys.collect()
}

/// Asks every shard that owns one of these partitions; without any named, for all that it has.
pub(crate) async fn sizes(context: &Context, keys: Option<BTreeSet<LogKey>>) -> Vec<LogSize> {
    let mut shards: BTreeMap<usize, Option<Vec<LogKey>>> = BTreeMap::new();
    match keys {
        None => shards.extend((0..context.router.len()).map(|shard| (shard, None))),
        Some(keys) => {
            for key in keys {
                let of_shard = shards.entry(context.router.shard_of(&key)).or_default();
                of_shard.get_or_insert_default().push(key);
            }
        }
    }
    let mut replies = Vec::with_capacity(shards.len());
    for (shard, keys) in shards {
        let (reply, answer) = oneshot::channel();
        context.router.send(shard, ShardMessage::LogSizes { keys, reply });
        replies.push(answer);
    }
    let mut all = Vec::new();
    for reply in replies {
        all.append(&mut reply.await.unwrap_or_default());
    }
    all
}

fn topics(published: &Published, mut sizes: Vec<LogSize>) -> Vec<DescribeLogDirsTopic> {
    sizes.sort_unstable_by_key(|size| size.key);
    let mut topics: BTreeMap<&str, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
    for LogSize { key, bytes, .. } in sizes {
        let Some(topic) = published.image.topics().by_id(key.topic_id) else { continue };
        topics.entry(topic.name.as_str()).or_default().push(DescribeLogDirsPartition {
            partition_index: key.partition.0,
            partition_size: i64::try_from(bytes).unwrap_or(i64::MAX),
            ..DescribeLogDirsPartition::default()
        });
    }
    let topic = |(name, partitions): (&str, _)| DescribeLogDirsTopic { name: name.to_owned(), partitions };
    topics.into_iter().map(topic).collect()
}

/// Returns a size as Kafka gives it: -1 if it cannot be told.
fn shown(bytes: io::Result<u64>) -> i64 {
    bytes.map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX))
}
