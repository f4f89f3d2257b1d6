//! DescribeQuorum, 0 to 2 (KIP-595, 836, 853): who decides on metadata, and how far its log is.
//!
//! The log is shown as partition 0 of `__cluster_metadata`, as in Kafka; its offsets count groups of
//! records. Voters are reached where clients are: there is no listener for controllers (D-8).

use crate::context::Context;
use metadata::quorum::{QuorumStatus, Voter};
use std::sync::Arc;
use types::{BrokerId, ErrorCode, MetadataOffset, Uuid};
use wire::describe_quorum_request::{DescribeQuorumRequest, TopicData as AskedTopic};
use wire::describe_quorum_response::{
    DescribeQuorumResponse, Listener, Node, PartitionData, ReplicaState, TopicData,
};

const TOPIC: &str = "__cluster_metadata";
const PARTITION: i32 = 0;
const NOT_HOSTED: &str = "This server does not host this topic-partition.";

/// First version with directories and nodes.
const NODES_FROM: i16 = 2;

/// What a partition takes in a request and its answer. *Units*: bytes.
const PARTITION_BYTES: usize = 320;
/// What a topic takes in a request and its answer, without its name. *Units*: bytes.
const TOPIC_BYTES: usize = 160;
/// What a voter takes: its state, and its listeners. *Units*: bytes.
const VOTER_BYTES: usize = 1200;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(context: &Context, request: &DescribeQuorumRequest) -> usize {
    let topic = |topic: &AskedTopic| {
        TOPIC_BYTES + 3 * topic.topic_name.len() + topic.partitions.len() * PARTITION_BYTES
    };
    let voters = context.published().image.brokers().iter().count() + 1;
    voters * VOTER_BYTES + request.topics.iter().map(topic).sum::<usize>()
}

pub(super) async fn describe_quorum(
    context: Arc<Context>,
    request: DescribeQuorumRequest,
    version: i16,
) -> DescribeQuorumResponse {
    if !is_the_log(&request.topics) {
        let topics = request.topics.into_iter().map(not_hosted).collect();
        return DescribeQuorumResponse { topics, ..DescribeQuorumResponse::default() };
    }
    let status = context.metadata.quorum_status();
    match status.leader.filter(|leader| leader.node == context.config.node_id) {
        Some(leader) => described(&context, leader, &status, version >= NODES_FROM),
        None => DescribeQuorumResponse {
            error_code: ErrorCode::NotLeaderOrFollower.code(),
            error_message: Some("This node does not lead the metadata quorum.".to_string()),
            ..DescribeQuorumResponse::default()
        },
    }
}

/// Kafka answers about its one log alone, asked for once.
fn is_the_log(topics: &[AskedTopic]) -> bool {
    match topics {
        [topic] => {
            topic.topic_name == TOPIC
                && matches!(topic.partitions[..], [ref p] if p.partition_index == PARTITION)
        }
        _ => false,
    }
}

fn not_hosted(topic: AskedTopic) -> TopicData {
    let refused = |index| PartitionData {
        partition_index: index,
        error_code: ErrorCode::UnknownTopicOrPartition.code(),
        error_message: Some(NOT_HOSTED.to_string()),
        ..PartitionData::default()
    };
    let partitions = topic.partitions.iter().map(|partition| refused(partition.partition_index));
    TopicData { partitions: partitions.collect(), topic_name: topic.topic_name }
}

fn described(
    context: &Context,
    leader: Voter,
    status: &QuorumStatus,
    with_nodes: bool,
) -> DescribeQuorumResponse {
    let now = context.env.clock.now().wall.0;
    // A leader has fetched and caught up now; of others nothing is known.
    let seen = |voter: Voter| if voter == leader { now } else { -1 };
    let state = |(voter, log_end): &(Voter, MetadataOffset)| ReplicaState {
        replica_id: voter.node.0,
        replica_directory_id: if with_nodes { voter.directory.0 } else { Uuid::ZERO },
        log_end_offset: offset(*log_end),
        last_fetch_timestamp: seen(*voter),
        last_caught_up_timestamp: seen(*voter),
    };
    let partition = PartitionData {
        leader_id: leader.node.0,
        leader_epoch: i32::try_from(status.term).unwrap_or(i32::MAX),
        high_watermark: offset(status.committed_end),
        current_voters: status.voters.iter().map(state).collect(),
        ..PartitionData::default()
    };
    DescribeQuorumResponse {
        topics: vec![TopicData { topic_name: TOPIC.to_string(), partitions: vec![partition] }],
        nodes: status
            .voters
            .iter()
            .filter(|_| with_nodes)
            .map(|(voter, _)| node(context, voter.node))
            .collect(),
        ..DescribeQuorumResponse::default()
    }
}

fn node(context: &Context, id: BrokerId) -> Node {
    let published = context.published();
    let endpoints = published.image.brokers().get(id).map(|broker| &broker.registration.endpoints);
    let listener = |endpoint: &metadata::Endpoint| Listener {
        name: endpoint.listener.clone(),
        host: endpoint.host.clone(),
        port: endpoint.port,
    };
    Node { node_id: id.0, listeners: endpoints.into_iter().flatten().map(listener).collect() }
}

fn offset(offset: MetadataOffset) -> i64 {
    i64::try_from(offset.0).unwrap_or(i64::MAX)
}
