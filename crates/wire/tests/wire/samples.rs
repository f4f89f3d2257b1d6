// Written by `cargo xtask codegen` from schema/; do not edit.

//! Random messages of every API, format and version, and the type that the oracle has for each.

use crate::sample::{Gen, NoOracle, Sample, Visitor};
use kafka_protocol::messages as oracle;

/// Shows every message type to a visitor.
pub(crate) fn visit(visitor: &mut impl Visitor) {
    visitor.message::<wire::ProduceRequest>();
    visitor.message::<wire::ProduceResponse>();
    visitor.message::<wire::FetchRequest>();
    visitor.message::<wire::FetchResponse>();
    visitor.message::<wire::ListOffsetsRequest>();
    visitor.message::<wire::ListOffsetsResponse>();
    visitor.message::<wire::MetadataRequest>();
    visitor.message::<wire::MetadataResponse>();
    visitor.message::<wire::OffsetCommitRequest>();
    visitor.message::<wire::OffsetCommitResponse>();
    visitor.message::<wire::OffsetFetchRequest>();
    visitor.message::<wire::OffsetFetchResponse>();
    visitor.message::<wire::FindCoordinatorRequest>();
    visitor.message::<wire::FindCoordinatorResponse>();
    visitor.message::<wire::JoinGroupRequest>();
    visitor.message::<wire::JoinGroupResponse>();
    visitor.message::<wire::HeartbeatRequest>();
    visitor.message::<wire::HeartbeatResponse>();
    visitor.message::<wire::LeaveGroupRequest>();
    visitor.message::<wire::LeaveGroupResponse>();
    visitor.message::<wire::SyncGroupRequest>();
    visitor.message::<wire::SyncGroupResponse>();
    visitor.message::<wire::DescribeGroupsRequest>();
    visitor.message::<wire::DescribeGroupsResponse>();
    visitor.message::<wire::ListGroupsRequest>();
    visitor.message::<wire::ListGroupsResponse>();
    visitor.message::<wire::SaslHandshakeRequest>();
    visitor.message::<wire::SaslHandshakeResponse>();
    visitor.message::<wire::ApiVersionsRequest>();
    visitor.message::<wire::ApiVersionsResponse>();
    visitor.message::<wire::CreateTopicsRequest>();
    visitor.message::<wire::CreateTopicsResponse>();
    visitor.message::<wire::DeleteTopicsRequest>();
    visitor.message::<wire::DeleteTopicsResponse>();
    visitor.message::<wire::DeleteRecordsRequest>();
    visitor.message::<wire::DeleteRecordsResponse>();
    visitor.message::<wire::InitProducerIdRequest>();
    visitor.message::<wire::InitProducerIdResponse>();
    visitor.message::<wire::OffsetForLeaderEpochRequest>();
    visitor.message::<wire::OffsetForLeaderEpochResponse>();
    visitor.message::<wire::AddPartitionsToTxnRequest>();
    visitor.message::<wire::AddPartitionsToTxnResponse>();
    visitor.message::<wire::AddOffsetsToTxnRequest>();
    visitor.message::<wire::AddOffsetsToTxnResponse>();
    visitor.message::<wire::EndTxnRequest>();
    visitor.message::<wire::EndTxnResponse>();
    visitor.message::<wire::WriteTxnMarkersRequest>();
    visitor.message::<wire::WriteTxnMarkersResponse>();
    visitor.message::<wire::TxnOffsetCommitRequest>();
    visitor.message::<wire::TxnOffsetCommitResponse>();
    visitor.message::<wire::DescribeAclsRequest>();
    visitor.message::<wire::DescribeAclsResponse>();
    visitor.message::<wire::CreateAclsRequest>();
    visitor.message::<wire::CreateAclsResponse>();
    visitor.message::<wire::DeleteAclsRequest>();
    visitor.message::<wire::DeleteAclsResponse>();
    visitor.message::<wire::DescribeConfigsRequest>();
    visitor.message::<wire::DescribeConfigsResponse>();
    visitor.message::<wire::AlterConfigsRequest>();
    visitor.message::<wire::AlterConfigsResponse>();
    visitor.message::<wire::DescribeLogDirsRequest>();
    visitor.message::<wire::DescribeLogDirsResponse>();
    visitor.message::<wire::CreatePartitionsRequest>();
    visitor.message::<wire::CreatePartitionsResponse>();
    visitor.message::<wire::DeleteGroupsRequest>();
    visitor.message::<wire::DeleteGroupsResponse>();
    visitor.message::<wire::IncrementalAlterConfigsRequest>();
    visitor.message::<wire::IncrementalAlterConfigsResponse>();
    visitor.message::<wire::OffsetDeleteRequest>();
    visitor.message::<wire::OffsetDeleteResponse>();
    visitor.message::<wire::DescribeQuorumRequest>();
    visitor.message::<wire::DescribeQuorumResponse>();
    visitor.message::<wire::UpdateFeaturesRequest>();
    visitor.message::<wire::UpdateFeaturesResponse>();
    visitor.message::<wire::DescribeClusterRequest>();
    visitor.message::<wire::DescribeClusterResponse>();
    visitor.message::<wire::DescribeProducersRequest>();
    visitor.message::<wire::DescribeProducersResponse>();
    visitor.message::<wire::DescribeTransactionsRequest>();
    visitor.message::<wire::DescribeTransactionsResponse>();
    visitor.message::<wire::ListTransactionsRequest>();
    visitor.message::<wire::ListTransactionsResponse>();
    visitor.message::<wire::ConsumerGroupHeartbeatRequest>();
    visitor.message::<wire::ConsumerGroupHeartbeatResponse>();
    visitor.message::<wire::ConsumerGroupDescribeRequest>();
    visitor.message::<wire::ConsumerGroupDescribeResponse>();
    visitor.message::<wire::ListConfigResourcesRequest>();
    visitor.message::<wire::ListConfigResourcesResponse>();
    visitor.message::<wire::DescribeTopicPartitionsRequest>();
    visitor.message::<wire::DescribeTopicPartitionsResponse>();
    visitor.stored::<wire::ConsumerGroupCurrentMemberAssignmentKey>();
    visitor.stored::<wire::ConsumerGroupCurrentMemberAssignmentValue>();
    visitor.stored::<wire::ConsumerGroupMemberMetadataKey>();
    visitor.stored::<wire::ConsumerGroupMemberMetadataValue>();
    visitor.stored::<wire::ConsumerGroupMetadataKey>();
    visitor.stored::<wire::ConsumerGroupMetadataValue>();
    visitor.stored::<wire::ConsumerGroupPartitionMetadataKey>();
    visitor.stored::<wire::ConsumerGroupPartitionMetadataValue>();
    visitor.stored::<wire::ConsumerGroupRegularExpressionKey>();
    visitor.stored::<wire::ConsumerGroupRegularExpressionValue>();
    visitor.stored::<wire::ConsumerGroupTargetAssignmentMemberKey>();
    visitor.stored::<wire::ConsumerGroupTargetAssignmentMemberValue>();
    visitor.stored::<wire::ConsumerGroupTargetAssignmentMetadataKey>();
    visitor.stored::<wire::ConsumerGroupTargetAssignmentMetadataValue>();
    visitor.stored::<wire::ConsumerProtocolAssignment>();
    visitor.stored::<wire::ConsumerProtocolSubscription>();
    visitor.stored::<wire::GroupMetadataKey>();
    visitor.stored::<wire::GroupMetadataValue>();
    visitor.stored::<wire::OffsetCommitKey>();
    visitor.stored::<wire::OffsetCommitValue>();
    visitor.stored::<wire::OffsetHistoryKey>();
    visitor.stored::<wire::OffsetHistoryValue>();
    visitor.stored::<wire::TransactionLogKey>();
    visitor.stored::<wire::TransactionLogValue>();
}

impl Sample for wire::produce_request::ProduceRequest {
    type Oracle = oracle::ProduceRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            transactional_id: random.option(|random| random.string()),
            acks: random.i16(),
            timeout_ms: random.i32(),
            topic_data: random
                .array(|random| wire::produce_request::TopicProduceData::sample(random, version)),
        }
    }
}

impl Sample for wire::produce_request::TopicProduceData {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: if version <= 12 { random.string() } else { String::new() },
            topic_id: if version >= 13 { random.uuid() } else { types::Uuid::ZERO },
            partition_data: random
                .array(|random| wire::produce_request::PartitionProduceData::sample(random, version)),
        }
    }
}

impl Sample for wire::produce_request::PartitionProduceData {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { index: random.i32(), records: random.option(|random| random.records()) }
    }
}

impl Sample for wire::produce_response::ProduceResponse {
    type Oracle = oracle::ProduceResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            responses: random
                .array(|random| wire::produce_response::TopicProduceResponse::sample(random, version)),
            throttle_time_ms: random.i32(),
            node_endpoints: if version >= 10 {
                if random.one_in(2) {
                    random.array(|random| wire::produce_response::NodeEndpoint::sample(random, version))
                } else {
                    Vec::new()
                }
            } else {
                Vec::new()
            },
        }
    }
}

impl Sample for wire::produce_response::TopicProduceResponse {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: if version <= 12 { random.string() } else { String::new() },
            topic_id: if version >= 13 { random.uuid() } else { types::Uuid::ZERO },
            partition_responses: random
                .array(|random| wire::produce_response::PartitionProduceResponse::sample(random, version)),
        }
    }
}

impl Sample for wire::produce_response::PartitionProduceResponse {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            index: random.i32(),
            error_code: random.i16(),
            base_offset: random.i64(),
            log_append_time_ms: random.i64(),
            log_start_offset: if version >= 5 { random.i64() } else { -1 },
            record_errors: if version >= 8 {
                random.array(|random| {
                    wire::produce_response::BatchIndexAndErrorMessage::sample(random, version)
                })
            } else {
                Vec::new()
            },
            error_message: if version >= 8 { random.option(|random| random.string()) } else { None },
            current_leader: if version >= 10 {
                if random.one_in(2) {
                    wire::produce_response::LeaderIdAndEpoch::sample(random, version)
                } else {
                    wire::produce_response::LeaderIdAndEpoch::default()
                }
            } else {
                wire::produce_response::LeaderIdAndEpoch::default()
            },
        }
    }
}

impl Sample for wire::produce_response::BatchIndexAndErrorMessage {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { batch_index: random.i32(), batch_index_error_message: random.option(|random| random.string()) }
    }
}

impl Sample for wire::produce_response::LeaderIdAndEpoch {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { leader_id: random.i32(), leader_epoch: random.i32() }
    }
}

impl Sample for wire::produce_response::NodeEndpoint {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            node_id: random.i32(),
            host: random.string(),
            port: random.i32(),
            rack: random.option(|random| random.string()),
        }
    }
}

impl Sample for wire::fetch_request::FetchRequest {
    type Oracle = oracle::FetchRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            cluster_id: if version >= 12 {
                if random.one_in(2) { random.option(|random| random.string()) } else { None }
            } else {
                None
            },
            replica_id: if version <= 14 { random.i32() } else { -1 },
            replica_state: if version >= 15 {
                if random.one_in(2) {
                    wire::fetch_request::ReplicaState::sample(random, version)
                } else {
                    wire::fetch_request::ReplicaState::default()
                }
            } else {
                wire::fetch_request::ReplicaState::default()
            },
            max_wait_ms: random.i32(),
            min_bytes: random.i32(),
            max_bytes: random.i32(),
            isolation_level: random.i8(),
            session_id: if version >= 7 { random.i32() } else { 0 },
            session_epoch: if version >= 7 { random.i32() } else { -1 },
            topics: random.array(|random| wire::fetch_request::FetchTopic::sample(random, version)),
            forgotten_topics_data: if version >= 7 {
                random.array(|random| wire::fetch_request::ForgottenTopic::sample(random, version))
            } else {
                Vec::new()
            },
            rack_id: if version >= 11 { random.string() } else { String::new() },
        }
    }
}

impl Sample for wire::fetch_request::ReplicaState {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { replica_id: random.i32(), replica_epoch: random.i64() }
    }
}

impl Sample for wire::fetch_request::FetchTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topic: if version <= 12 { random.string() } else { String::new() },
            topic_id: if version >= 13 { random.uuid() } else { types::Uuid::ZERO },
            partitions: random.array(|random| wire::fetch_request::FetchPartition::sample(random, version)),
        }
    }
}

impl Sample for wire::fetch_request::FetchPartition {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            partition: random.i32(),
            current_leader_epoch: if version >= 9 { random.i32() } else { -1 },
            fetch_offset: random.i64(),
            last_fetched_epoch: if version >= 12 { random.i32() } else { -1 },
            log_start_offset: if version >= 5 { random.i64() } else { -1 },
            partition_max_bytes: random.i32(),
            replica_directory_id: if version >= 17 {
                if random.one_in(2) { random.uuid() } else { types::Uuid::ZERO }
            } else {
                types::Uuid::ZERO
            },
            high_watermark: if version >= 18 {
                if random.one_in(2) { random.i64() } else { 9223372036854775807 }
            } else {
                9223372036854775807
            },
        }
    }
}

impl Sample for wire::fetch_request::ForgottenTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topic: if version <= 12 { random.string() } else { String::new() },
            topic_id: if version >= 13 { random.uuid() } else { types::Uuid::ZERO },
            partitions: random.array(|random| random.i32()),
        }
    }
}

impl Sample for wire::fetch_response::FetchResponse {
    type Oracle = oracle::FetchResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            error_code: if version >= 7 { random.i16() } else { 0 },
            session_id: if version >= 7 { random.i32() } else { 0 },
            responses: random
                .array(|random| wire::fetch_response::FetchableTopicResponse::sample(random, version)),
            node_endpoints: if version >= 16 {
                if random.one_in(2) {
                    random.array(|random| wire::fetch_response::NodeEndpoint::sample(random, version))
                } else {
                    Vec::new()
                }
            } else {
                Vec::new()
            },
        }
    }
}

impl Sample for wire::fetch_response::FetchableTopicResponse {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topic: if version <= 12 { random.string() } else { String::new() },
            topic_id: if version >= 13 { random.uuid() } else { types::Uuid::ZERO },
            partitions: random.array(|random| wire::fetch_response::PartitionData::sample(random, version)),
        }
    }
}

impl Sample for wire::fetch_response::PartitionData {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            partition_index: random.i32(),
            error_code: random.i16(),
            high_watermark: random.i64(),
            last_stable_offset: random.i64(),
            log_start_offset: if version >= 5 { random.i64() } else { -1 },
            diverging_epoch: if version >= 12 {
                if random.one_in(2) {
                    wire::fetch_response::EpochEndOffset::sample(random, version)
                } else {
                    wire::fetch_response::EpochEndOffset::default()
                }
            } else {
                wire::fetch_response::EpochEndOffset::default()
            },
            current_leader: if version >= 12 {
                if random.one_in(2) {
                    wire::fetch_response::LeaderIdAndEpoch::sample(random, version)
                } else {
                    wire::fetch_response::LeaderIdAndEpoch::default()
                }
            } else {
                wire::fetch_response::LeaderIdAndEpoch::default()
            },
            snapshot_id: if version >= 12 {
                if random.one_in(2) {
                    wire::fetch_response::SnapshotId::sample(random, version)
                } else {
                    wire::fetch_response::SnapshotId::default()
                }
            } else {
                wire::fetch_response::SnapshotId::default()
            },
            aborted_transactions: random.option(|random| {
                random.array(|random| wire::fetch_response::AbortedTransaction::sample(random, version))
            }),
            preferred_read_replica: if version >= 11 { random.i32() } else { -1 },
            records: random.option(|random| random.records()),
        }
    }
}

impl Sample for wire::fetch_response::EpochEndOffset {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { epoch: random.i32(), end_offset: random.i64() }
    }
}

impl Sample for wire::fetch_response::LeaderIdAndEpoch {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { leader_id: random.i32(), leader_epoch: random.i32() }
    }
}

impl Sample for wire::fetch_response::SnapshotId {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { end_offset: random.i64(), epoch: random.i32() }
    }
}

impl Sample for wire::fetch_response::AbortedTransaction {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { producer_id: random.i64(), first_offset: random.i64() }
    }
}

impl Sample for wire::fetch_response::NodeEndpoint {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            node_id: random.i32(),
            host: random.string(),
            port: random.i32(),
            rack: random.option(|random| random.string()),
        }
    }
}

impl Sample for wire::list_offsets_request::ListOffsetsRequest {
    type Oracle = oracle::ListOffsetsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            replica_id: random.i32(),
            isolation_level: if version >= 2 { random.i8() } else { 0 },
            topics: random
                .array(|random| wire::list_offsets_request::ListOffsetsTopic::sample(random, version)),
            timeout_ms: if version >= 10 { random.i32() } else { 0 },
        }
    }
}

impl Sample for wire::list_offsets_request::ListOffsetsTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            partitions: random
                .array(|random| wire::list_offsets_request::ListOffsetsPartition::sample(random, version)),
        }
    }
}

impl Sample for wire::list_offsets_request::ListOffsetsPartition {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            partition_index: random.i32(),
            current_leader_epoch: if version >= 4 { random.i32() } else { -1 },
            timestamp: random.i64(),
        }
    }
}

impl Sample for wire::list_offsets_response::ListOffsetsResponse {
    type Oracle = oracle::ListOffsetsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: if version >= 2 { random.i32() } else { 0 },
            topics: random.array(|random| {
                wire::list_offsets_response::ListOffsetsTopicResponse::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::list_offsets_response::ListOffsetsTopicResponse {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            partitions: random.array(|random| {
                wire::list_offsets_response::ListOffsetsPartitionResponse::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::list_offsets_response::ListOffsetsPartitionResponse {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            partition_index: random.i32(),
            error_code: random.i16(),
            timestamp: random.i64(),
            offset: random.i64(),
            leader_epoch: if version >= 4 { random.i32() } else { -1 },
        }
    }
}

impl Sample for wire::metadata_request::MetadataRequest {
    type Oracle = oracle::MetadataRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topics: if version >= 1 {
                random.option(|random| {
                    random
                        .array(|random| wire::metadata_request::MetadataRequestTopic::sample(random, version))
                })
            } else {
                Some(
                    random.array(|random| {
                        wire::metadata_request::MetadataRequestTopic::sample(random, version)
                    }),
                )
            },
            allow_auto_topic_creation: if version >= 4 { random.bool() } else { true },
            include_cluster_authorized_operations: if (8..=10).contains(&version) {
                random.bool()
            } else {
                false
            },
            include_topic_authorized_operations: if version >= 8 { random.bool() } else { false },
        }
    }
}

impl Sample for wire::metadata_request::MetadataRequestTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topic_id: if version >= 10 { random.uuid() } else { types::Uuid::ZERO },
            name: if version >= 10 { random.option(|random| random.string()) } else { Some(random.string()) },
        }
    }
}

impl Sample for wire::metadata_response::MetadataResponse {
    type Oracle = oracle::MetadataResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: if version >= 3 { random.i32() } else { 0 },
            brokers: random
                .array(|random| wire::metadata_response::MetadataResponseBroker::sample(random, version)),
            cluster_id: if version >= 2 { random.option(|random| random.string()) } else { None },
            controller_id: if version >= 1 { random.i32() } else { -1 },
            topics: random
                .array(|random| wire::metadata_response::MetadataResponseTopic::sample(random, version)),
            cluster_authorized_operations: if (8..=10).contains(&version) {
                random.i32()
            } else {
                -2147483648
            },
            error_code: if version >= 13 { random.i16() } else { 0 },
        }
    }
}

impl Sample for wire::metadata_response::MetadataResponseBroker {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            node_id: random.i32(),
            host: random.string(),
            port: random.i32(),
            rack: if version >= 1 { random.option(|random| random.string()) } else { None },
        }
    }
}

impl Sample for wire::metadata_response::MetadataResponseTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            error_code: random.i16(),
            name: if version >= 12 { random.option(|random| random.string()) } else { Some(random.string()) },
            topic_id: if version >= 10 { random.uuid() } else { types::Uuid::ZERO },
            is_internal: if version >= 1 { random.bool() } else { false },
            partitions: random
                .array(|random| wire::metadata_response::MetadataResponsePartition::sample(random, version)),
            topic_authorized_operations: if version >= 8 { random.i32() } else { -2147483648 },
        }
    }
}

impl Sample for wire::metadata_response::MetadataResponsePartition {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            error_code: random.i16(),
            partition_index: random.i32(),
            leader_id: random.i32(),
            leader_epoch: if version >= 7 { random.i32() } else { -1 },
            replica_nodes: random.array(|random| random.i32()),
            isr_nodes: random.array(|random| random.i32()),
            offline_replicas: if version >= 5 { random.array(|random| random.i32()) } else { Vec::new() },
        }
    }
}

impl Sample for wire::offset_commit_request::OffsetCommitRequest {
    type Oracle = oracle::OffsetCommitRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            group_id: random.string(),
            generation_id_or_member_epoch: random.i32(),
            member_id: random.string(),
            group_instance_id: if version >= 7 { random.option(|random| random.string()) } else { None },
            retention_time_ms: if version <= 4 { random.i64() } else { -1 },
            topics: random.array(|random| {
                wire::offset_commit_request::OffsetCommitRequestTopic::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_commit_request::OffsetCommitRequestTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: if version <= 9 { random.string() } else { String::new() },
            topic_id: if version >= 10 { random.uuid() } else { types::Uuid::ZERO },
            partitions: random.array(|random| {
                wire::offset_commit_request::OffsetCommitRequestPartition::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_commit_request::OffsetCommitRequestPartition {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            partition_index: random.i32(),
            committed_offset: random.i64(),
            committed_leader_epoch: if version >= 6 { random.i32() } else { -1 },
            committed_metadata: random.option(|random| random.string()),
        }
    }
}

impl Sample for wire::offset_commit_response::OffsetCommitResponse {
    type Oracle = oracle::OffsetCommitResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: if version >= 3 { random.i32() } else { 0 },
            topics: random.array(|random| {
                wire::offset_commit_response::OffsetCommitResponseTopic::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_commit_response::OffsetCommitResponseTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: if version <= 9 { random.string() } else { String::new() },
            topic_id: if version >= 10 { random.uuid() } else { types::Uuid::ZERO },
            partitions: random.array(|random| {
                wire::offset_commit_response::OffsetCommitResponsePartition::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_commit_response::OffsetCommitResponsePartition {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { partition_index: random.i32(), error_code: random.i16() }
    }
}

impl Sample for wire::offset_fetch_request::OffsetFetchRequest {
    type Oracle = oracle::OffsetFetchRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            group_id: if version <= 7 { random.string() } else { String::new() },
            topics: if version <= 7 {
                if version >= 2 {
                    random.option(|random| {
                        random.array(|random| {
                            wire::offset_fetch_request::OffsetFetchRequestTopic::sample(random, version)
                        })
                    })
                } else {
                    Some(random.array(|random| {
                        wire::offset_fetch_request::OffsetFetchRequestTopic::sample(random, version)
                    }))
                }
            } else {
                Some(Vec::new())
            },
            groups: if version >= 8 {
                random.array(|random| {
                    wire::offset_fetch_request::OffsetFetchRequestGroup::sample(random, version)
                })
            } else {
                Vec::new()
            },
            require_stable: if version >= 7 { random.bool() } else { false },
        }
    }
}

impl Sample for wire::offset_fetch_request::OffsetFetchRequestTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.string(), partition_indexes: random.array(|random| random.i32()) }
    }
}

impl Sample for wire::offset_fetch_request::OffsetFetchRequestGroup {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            group_id: random.string(),
            member_id: if version >= 9 { random.option(|random| random.string()) } else { None },
            member_epoch: if version >= 9 { random.i32() } else { -1 },
            topics: random.option(|random| {
                random.array(|random| {
                    wire::offset_fetch_request::OffsetFetchRequestTopics::sample(random, version)
                })
            }),
        }
    }
}

impl Sample for wire::offset_fetch_request::OffsetFetchRequestTopics {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: if version <= 9 { random.string() } else { String::new() },
            topic_id: if version >= 10 { random.uuid() } else { types::Uuid::ZERO },
            partition_indexes: random.array(|random| random.i32()),
        }
    }
}

impl Sample for wire::offset_fetch_response::OffsetFetchResponse {
    type Oracle = oracle::OffsetFetchResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: if version >= 3 { random.i32() } else { 0 },
            topics: if version <= 7 {
                random.array(|random| {
                    wire::offset_fetch_response::OffsetFetchResponseTopic::sample(random, version)
                })
            } else {
                Vec::new()
            },
            error_code: if (2..=7).contains(&version) { random.i16() } else { 0 },
            groups: if version >= 8 {
                random.array(|random| {
                    wire::offset_fetch_response::OffsetFetchResponseGroup::sample(random, version)
                })
            } else {
                Vec::new()
            },
        }
    }
}

impl Sample for wire::offset_fetch_response::OffsetFetchResponseTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            partitions: random.array(|random| {
                wire::offset_fetch_response::OffsetFetchResponsePartition::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_fetch_response::OffsetFetchResponsePartition {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            partition_index: random.i32(),
            committed_offset: random.i64(),
            committed_leader_epoch: if version >= 5 { random.i32() } else { -1 },
            metadata: random.option(|random| random.string()),
            error_code: random.i16(),
        }
    }
}

impl Sample for wire::offset_fetch_response::OffsetFetchResponseGroup {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            group_id: random.string(),
            topics: random.array(|random| {
                wire::offset_fetch_response::OffsetFetchResponseTopics::sample(random, version)
            }),
            error_code: random.i16(),
        }
    }
}

impl Sample for wire::offset_fetch_response::OffsetFetchResponseTopics {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: if version <= 9 { random.string() } else { String::new() },
            topic_id: if version >= 10 { random.uuid() } else { types::Uuid::ZERO },
            partitions: random.array(|random| {
                wire::offset_fetch_response::OffsetFetchResponsePartitions::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_fetch_response::OffsetFetchResponsePartitions {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            partition_index: random.i32(),
            committed_offset: random.i64(),
            committed_leader_epoch: random.i32(),
            metadata: random.option(|random| random.string()),
            error_code: random.i16(),
        }
    }
}

impl Sample for wire::find_coordinator_request::FindCoordinatorRequest {
    type Oracle = oracle::FindCoordinatorRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            key: if version <= 3 { random.string() } else { String::new() },
            key_type: if version >= 1 { random.i8() } else { 0 },
            coordinator_keys: if version >= 4 { random.array(|random| random.string()) } else { Vec::new() },
        }
    }
}

impl Sample for wire::find_coordinator_response::FindCoordinatorResponse {
    type Oracle = oracle::FindCoordinatorResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: if version >= 1 { random.i32() } else { 0 },
            error_code: if version <= 3 { random.i16() } else { 0 },
            error_message: if (1..=3).contains(&version) {
                random.option(|random| random.string())
            } else {
                Some(String::new())
            },
            node_id: if version <= 3 { random.i32() } else { 0 },
            host: if version <= 3 { random.string() } else { String::new() },
            port: if version <= 3 { random.i32() } else { 0 },
            coordinators: if version >= 4 {
                random.array(|random| wire::find_coordinator_response::Coordinator::sample(random, version))
            } else {
                Vec::new()
            },
        }
    }
}

impl Sample for wire::find_coordinator_response::Coordinator {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            key: random.string(),
            node_id: random.i32(),
            host: random.string(),
            port: random.i32(),
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
        }
    }
}

impl Sample for wire::join_group_request::JoinGroupRequest {
    type Oracle = oracle::JoinGroupRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            group_id: random.string(),
            session_timeout_ms: random.i32(),
            rebalance_timeout_ms: if version >= 1 { random.i32() } else { -1 },
            member_id: random.string(),
            group_instance_id: if version >= 5 { random.option(|random| random.string()) } else { None },
            protocol_type: random.string(),
            protocols: random
                .array(|random| wire::join_group_request::JoinGroupRequestProtocol::sample(random, version)),
            reason: if version >= 8 { random.option(|random| random.string()) } else { None },
        }
    }
}

impl Sample for wire::join_group_request::JoinGroupRequestProtocol {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.string(), metadata: random.bytes() }
    }
}

impl Sample for wire::join_group_response::JoinGroupResponse {
    type Oracle = oracle::JoinGroupResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: if version >= 2 { random.i32() } else { 0 },
            error_code: random.i16(),
            generation_id: random.i32(),
            protocol_type: if version >= 7 { random.option(|random| random.string()) } else { None },
            protocol_name: if version >= 7 {
                random.option(|random| random.string())
            } else {
                Some(random.string())
            },
            leader: random.string(),
            skip_assignment: if version >= 9 { random.bool() } else { false },
            member_id: random.string(),
            members: random
                .array(|random| wire::join_group_response::JoinGroupResponseMember::sample(random, version)),
        }
    }
}

impl Sample for wire::join_group_response::JoinGroupResponseMember {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            member_id: random.string(),
            group_instance_id: if version >= 5 { random.option(|random| random.string()) } else { None },
            metadata: random.bytes(),
        }
    }
}

impl Sample for wire::heartbeat_request::HeartbeatRequest {
    type Oracle = oracle::HeartbeatRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            group_id: random.string(),
            generation_id: random.i32(),
            member_id: random.string(),
            group_instance_id: if version >= 3 { random.option(|random| random.string()) } else { None },
        }
    }
}

impl Sample for wire::heartbeat_response::HeartbeatResponse {
    type Oracle = oracle::HeartbeatResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self { throttle_time_ms: if version >= 1 { random.i32() } else { 0 }, error_code: random.i16() }
    }
}

impl Sample for wire::leave_group_request::LeaveGroupRequest {
    type Oracle = oracle::LeaveGroupRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            group_id: random.string(),
            member_id: if version <= 2 { random.string() } else { String::new() },
            members: if version >= 3 {
                random.array(|random| wire::leave_group_request::MemberIdentity::sample(random, version))
            } else {
                Vec::new()
            },
        }
    }
}

impl Sample for wire::leave_group_request::MemberIdentity {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            member_id: random.string(),
            group_instance_id: random.option(|random| random.string()),
            reason: if version >= 5 { random.option(|random| random.string()) } else { None },
        }
    }
}

impl Sample for wire::leave_group_response::LeaveGroupResponse {
    type Oracle = oracle::LeaveGroupResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: if version >= 1 { random.i32() } else { 0 },
            error_code: random.i16(),
            members: if version >= 3 {
                random.array(|random| wire::leave_group_response::MemberResponse::sample(random, version))
            } else {
                Vec::new()
            },
        }
    }
}

impl Sample for wire::leave_group_response::MemberResponse {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            member_id: random.string(),
            group_instance_id: random.option(|random| random.string()),
            error_code: random.i16(),
        }
    }
}

impl Sample for wire::sync_group_request::SyncGroupRequest {
    type Oracle = oracle::SyncGroupRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            group_id: random.string(),
            generation_id: random.i32(),
            member_id: random.string(),
            group_instance_id: if version >= 3 { random.option(|random| random.string()) } else { None },
            protocol_type: if version >= 5 { random.option(|random| random.string()) } else { None },
            protocol_name: if version >= 5 { random.option(|random| random.string()) } else { None },
            assignments: random.array(|random| {
                wire::sync_group_request::SyncGroupRequestAssignment::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::sync_group_request::SyncGroupRequestAssignment {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { member_id: random.string(), assignment: random.bytes() }
    }
}

impl Sample for wire::sync_group_response::SyncGroupResponse {
    type Oracle = oracle::SyncGroupResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: if version >= 1 { random.i32() } else { 0 },
            error_code: random.i16(),
            protocol_type: if version >= 5 { random.option(|random| random.string()) } else { None },
            protocol_name: if version >= 5 { random.option(|random| random.string()) } else { None },
            assignment: random.bytes(),
        }
    }
}

impl Sample for wire::describe_groups_request::DescribeGroupsRequest {
    type Oracle = oracle::DescribeGroupsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            groups: random.array(|random| random.string()),
            include_authorized_operations: if version >= 3 { random.bool() } else { false },
        }
    }
}

impl Sample for wire::describe_groups_response::DescribeGroupsResponse {
    type Oracle = oracle::DescribeGroupsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: if version >= 1 { random.i32() } else { 0 },
            groups: random
                .array(|random| wire::describe_groups_response::DescribedGroup::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_groups_response::DescribedGroup {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            error_code: random.i16(),
            error_message: if version >= 6 { random.option(|random| random.string()) } else { None },
            group_id: random.string(),
            group_state: random.string(),
            protocol_type: random.string(),
            protocol_data: random.string(),
            members: random.array(|random| {
                wire::describe_groups_response::DescribedGroupMember::sample(random, version)
            }),
            authorized_operations: if version >= 3 { random.i32() } else { -2147483648 },
        }
    }
}

impl Sample for wire::describe_groups_response::DescribedGroupMember {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            member_id: random.string(),
            group_instance_id: if version >= 4 { random.option(|random| random.string()) } else { None },
            client_id: random.string(),
            client_host: random.string(),
            member_metadata: random.bytes(),
            member_assignment: random.bytes(),
        }
    }
}

impl Sample for wire::list_groups_request::ListGroupsRequest {
    type Oracle = oracle::ListGroupsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            states_filter: if version >= 4 { random.array(|random| random.string()) } else { Vec::new() },
            types_filter: if version >= 5 { random.array(|random| random.string()) } else { Vec::new() },
        }
    }
}

impl Sample for wire::list_groups_response::ListGroupsResponse {
    type Oracle = oracle::ListGroupsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: if version >= 1 { random.i32() } else { 0 },
            error_code: random.i16(),
            groups: random.array(|random| wire::list_groups_response::ListedGroup::sample(random, version)),
        }
    }
}

impl Sample for wire::list_groups_response::ListedGroup {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            group_id: random.string(),
            protocol_type: random.string(),
            group_state: if version >= 4 { random.string() } else { String::new() },
            group_type: if version >= 5 { random.string() } else { String::new() },
        }
    }
}

impl Sample for wire::sasl_handshake_request::SaslHandshakeRequest {
    type Oracle = oracle::SaslHandshakeRequest;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { mechanism: random.string() }
    }
}

impl Sample for wire::sasl_handshake_response::SaslHandshakeResponse {
    type Oracle = oracle::SaslHandshakeResponse;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { error_code: random.i16(), mechanisms: random.array(|random| random.string()) }
    }
}

impl Sample for wire::api_versions_request::ApiVersionsRequest {
    type Oracle = oracle::ApiVersionsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            client_software_name: if version >= 3 { random.string() } else { String::new() },
            client_software_version: if version >= 3 { random.string() } else { String::new() },
        }
    }
}

impl Sample for wire::api_versions_response::ApiVersionsResponse {
    type Oracle = oracle::ApiVersionsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            error_code: random.i16(),
            api_keys: random.array(|random| wire::api_versions_response::ApiVersion::sample(random, version)),
            throttle_time_ms: if version >= 1 { random.i32() } else { 0 },
            supported_features: if version >= 3 {
                if random.one_in(2) {
                    random.array(|random| {
                        wire::api_versions_response::SupportedFeatureKey::sample(random, version)
                    })
                } else {
                    Vec::new()
                }
            } else {
                Vec::new()
            },
            finalized_features_epoch: if version >= 3 {
                if random.one_in(2) { random.i64() } else { -1 }
            } else {
                -1
            },
            finalized_features: if version >= 3 {
                if random.one_in(2) {
                    random.array(|random| {
                        wire::api_versions_response::FinalizedFeatureKey::sample(random, version)
                    })
                } else {
                    Vec::new()
                }
            } else {
                Vec::new()
            },
            zk_migration_ready: if version >= 3 {
                if random.one_in(2) { random.bool() } else { false }
            } else {
                false
            },
        }
    }
}

impl Sample for wire::api_versions_response::ApiVersion {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { api_key: random.i16(), min_version: random.i16(), max_version: random.i16() }
    }
}

impl Sample for wire::api_versions_response::SupportedFeatureKey {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.string(), min_version: random.i16(), max_version: random.i16() }
    }
}

impl Sample for wire::api_versions_response::FinalizedFeatureKey {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.string(), max_version_level: random.i16(), min_version_level: random.i16() }
    }
}

impl Sample for wire::create_topics_request::CreateTopicsRequest {
    type Oracle = oracle::CreateTopicsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topics: random
                .array(|random| wire::create_topics_request::CreatableTopic::sample(random, version)),
            timeout_ms: random.i32(),
            validate_only: random.bool(),
        }
    }
}

impl Sample for wire::create_topics_request::CreatableTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            num_partitions: random.i32(),
            replication_factor: random.i16(),
            assignments: random.array(|random| {
                wire::create_topics_request::CreatableReplicaAssignment::sample(random, version)
            }),
            configs: random
                .array(|random| wire::create_topics_request::CreatableTopicConfig::sample(random, version)),
        }
    }
}

impl Sample for wire::create_topics_request::CreatableReplicaAssignment {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { partition_index: random.i32(), broker_ids: random.array(|random| random.i32()) }
    }
}

impl Sample for wire::create_topics_request::CreatableTopicConfig {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.string(), value: random.option(|random| random.string()) }
    }
}

impl Sample for wire::create_topics_response::CreateTopicsResponse {
    type Oracle = oracle::CreateTopicsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            topics: random
                .array(|random| wire::create_topics_response::CreatableTopicResult::sample(random, version)),
        }
    }
}

impl Sample for wire::create_topics_response::CreatableTopicResult {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            topic_id: if version >= 7 { random.uuid() } else { types::Uuid::ZERO },
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
            topic_config_error_code: if version >= 5 {
                if random.one_in(2) { random.i16() } else { 0 }
            } else {
                0
            },
            num_partitions: if version >= 5 { random.i32() } else { -1 },
            replication_factor: if version >= 5 { random.i16() } else { -1 },
            configs: if version >= 5 {
                random.option(|random| {
                    random.array(|random| {
                        wire::create_topics_response::CreatableTopicConfigs::sample(random, version)
                    })
                })
            } else {
                Some(Vec::new())
            },
        }
    }
}

impl Sample for wire::create_topics_response::CreatableTopicConfigs {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            name: random.string(),
            value: random.option(|random| random.string()),
            read_only: random.bool(),
            config_source: random.i8(),
            is_sensitive: random.bool(),
        }
    }
}

impl Sample for wire::delete_topics_request::DeleteTopicsRequest {
    type Oracle = oracle::DeleteTopicsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topics: if version >= 6 {
                random.array(|random| wire::delete_topics_request::DeleteTopicState::sample(random, version))
            } else {
                Vec::new()
            },
            topic_names: if version <= 5 { random.array(|random| random.string()) } else { Vec::new() },
            timeout_ms: random.i32(),
        }
    }
}

impl Sample for wire::delete_topics_request::DeleteTopicState {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.option(|random| random.string()), topic_id: random.uuid() }
    }
}

impl Sample for wire::delete_topics_response::DeleteTopicsResponse {
    type Oracle = oracle::DeleteTopicsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            responses: random
                .array(|random| wire::delete_topics_response::DeletableTopicResult::sample(random, version)),
        }
    }
}

impl Sample for wire::delete_topics_response::DeletableTopicResult {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: if version >= 6 { random.option(|random| random.string()) } else { Some(random.string()) },
            topic_id: if version >= 6 { random.uuid() } else { types::Uuid::ZERO },
            error_code: random.i16(),
            error_message: if version >= 5 { random.option(|random| random.string()) } else { None },
        }
    }
}

impl Sample for wire::delete_records_request::DeleteRecordsRequest {
    type Oracle = oracle::DeleteRecordsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topics: random
                .array(|random| wire::delete_records_request::DeleteRecordsTopic::sample(random, version)),
            timeout_ms: random.i32(),
        }
    }
}

impl Sample for wire::delete_records_request::DeleteRecordsTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            partitions: random.array(|random| {
                wire::delete_records_request::DeleteRecordsPartition::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::delete_records_request::DeleteRecordsPartition {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { partition_index: random.i32(), offset: random.i64() }
    }
}

impl Sample for wire::delete_records_response::DeleteRecordsResponse {
    type Oracle = oracle::DeleteRecordsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            topics: random.array(|random| {
                wire::delete_records_response::DeleteRecordsTopicResult::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::delete_records_response::DeleteRecordsTopicResult {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            partitions: random.array(|random| {
                wire::delete_records_response::DeleteRecordsPartitionResult::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::delete_records_response::DeleteRecordsPartitionResult {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { partition_index: random.i32(), low_watermark: random.i64(), error_code: random.i16() }
    }
}

impl Sample for wire::init_producer_id_request::InitProducerIdRequest {
    type Oracle = oracle::InitProducerIdRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            transactional_id: random.option(|random| random.string()),
            transaction_timeout_ms: random.i32(),
            producer_id: if version >= 3 { random.i64() } else { -1 },
            producer_epoch: if version >= 3 { random.i16() } else { -1 },
            enable2_pc: if version >= 6 { random.bool() } else { false },
            keep_prepared_txn: if version >= 6 { random.bool() } else { false },
        }
    }
}

impl Sample for wire::init_producer_id_response::InitProducerIdResponse {
    type Oracle = oracle::InitProducerIdResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            error_code: random.i16(),
            producer_id: random.i64(),
            producer_epoch: random.i16(),
            ongoing_txn_producer_id: if version >= 6 { random.i64() } else { -1 },
            ongoing_txn_producer_epoch: if version >= 6 { random.i16() } else { -1 },
        }
    }
}

impl Sample for wire::offset_for_leader_epoch_request::OffsetForLeaderEpochRequest {
    type Oracle = oracle::OffsetForLeaderEpochRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            replica_id: if version >= 3 { random.i32() } else { -2 },
            topics: random.array(|random| {
                wire::offset_for_leader_epoch_request::OffsetForLeaderTopic::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_for_leader_epoch_request::OffsetForLeaderTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topic: random.string(),
            partitions: random.array(|random| {
                wire::offset_for_leader_epoch_request::OffsetForLeaderPartition::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_for_leader_epoch_request::OffsetForLeaderPartition {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { partition: random.i32(), current_leader_epoch: random.i32(), leader_epoch: random.i32() }
    }
}

impl Sample for wire::offset_for_leader_epoch_response::OffsetForLeaderEpochResponse {
    type Oracle = oracle::OffsetForLeaderEpochResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            topics: random.array(|random| {
                wire::offset_for_leader_epoch_response::OffsetForLeaderTopicResult::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_for_leader_epoch_response::OffsetForLeaderTopicResult {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topic: random.string(),
            partitions: random.array(|random| {
                wire::offset_for_leader_epoch_response::EpochEndOffset::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_for_leader_epoch_response::EpochEndOffset {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            error_code: random.i16(),
            partition: random.i32(),
            leader_epoch: random.i32(),
            end_offset: random.i64(),
        }
    }
}

impl Sample for wire::add_partitions_to_txn_request::AddPartitionsToTxnRequest {
    type Oracle = oracle::AddPartitionsToTxnRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            transactions: if version >= 4 {
                random.array(|random| {
                    wire::add_partitions_to_txn_request::AddPartitionsToTxnTransaction::sample(
                        random, version,
                    )
                })
            } else {
                Vec::new()
            },
            v3_and_below_transactional_id: if version <= 3 { random.string() } else { String::new() },
            v3_and_below_producer_id: if version <= 3 { random.i64() } else { 0 },
            v3_and_below_producer_epoch: if version <= 3 { random.i16() } else { 0 },
            v3_and_below_topics: if version <= 3 {
                random.array(|random| {
                    wire::add_partitions_to_txn_request::AddPartitionsToTxnTopic::sample(random, version)
                })
            } else {
                Vec::new()
            },
        }
    }
}

impl Sample for wire::add_partitions_to_txn_request::AddPartitionsToTxnTransaction {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            transactional_id: random.string(),
            producer_id: random.i64(),
            producer_epoch: random.i16(),
            verify_only: random.bool(),
            topics: random.array(|random| {
                wire::add_partitions_to_txn_request::AddPartitionsToTxnTopic::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::add_partitions_to_txn_request::AddPartitionsToTxnTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.string(), partitions: random.array(|random| random.i32()) }
    }
}

impl Sample for wire::add_partitions_to_txn_response::AddPartitionsToTxnResponse {
    type Oracle = oracle::AddPartitionsToTxnResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            error_code: if version >= 4 { random.i16() } else { 0 },
            results_by_transaction: if version >= 4 {
                random.array(|random| {
                    wire::add_partitions_to_txn_response::AddPartitionsToTxnResult::sample(random, version)
                })
            } else {
                Vec::new()
            },
            results_by_topic_v3_and_below: if version <= 3 {
                random.array(|random| {
                    wire::add_partitions_to_txn_response::AddPartitionsToTxnTopicResult::sample(
                        random, version,
                    )
                })
            } else {
                Vec::new()
            },
        }
    }
}

impl Sample for wire::add_partitions_to_txn_response::AddPartitionsToTxnResult {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            transactional_id: random.string(),
            topic_results: random.array(|random| {
                wire::add_partitions_to_txn_response::AddPartitionsToTxnTopicResult::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::add_partitions_to_txn_response::AddPartitionsToTxnTopicResult {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            results_by_partition: random.array(|random| {
                wire::add_partitions_to_txn_response::AddPartitionsToTxnPartitionResult::sample(
                    random, version,
                )
            }),
        }
    }
}

impl Sample for wire::add_partitions_to_txn_response::AddPartitionsToTxnPartitionResult {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { partition_index: random.i32(), partition_error_code: random.i16() }
    }
}

impl Sample for wire::add_offsets_to_txn_request::AddOffsetsToTxnRequest {
    type Oracle = oracle::AddOffsetsToTxnRequest;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            transactional_id: random.string(),
            producer_id: random.i64(),
            producer_epoch: random.i16(),
            group_id: random.string(),
        }
    }
}

impl Sample for wire::add_offsets_to_txn_response::AddOffsetsToTxnResponse {
    type Oracle = oracle::AddOffsetsToTxnResponse;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { throttle_time_ms: random.i32(), error_code: random.i16() }
    }
}

impl Sample for wire::end_txn_request::EndTxnRequest {
    type Oracle = oracle::EndTxnRequest;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            transactional_id: random.string(),
            producer_id: random.i64(),
            producer_epoch: random.i16(),
            committed: random.bool(),
        }
    }
}

impl Sample for wire::end_txn_response::EndTxnResponse {
    type Oracle = oracle::EndTxnResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            error_code: random.i16(),
            producer_id: if version >= 5 { random.i64() } else { -1 },
            producer_epoch: if version >= 5 { random.i16() } else { -1 },
        }
    }
}

impl Sample for wire::write_txn_markers_request::WriteTxnMarkersRequest {
    type Oracle = oracle::WriteTxnMarkersRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            markers: random
                .array(|random| wire::write_txn_markers_request::WritableTxnMarker::sample(random, version)),
        }
    }
}

impl Sample for wire::write_txn_markers_request::WritableTxnMarker {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            producer_id: random.i64(),
            producer_epoch: random.i16(),
            transaction_result: random.bool(),
            topics: random.array(|random| {
                wire::write_txn_markers_request::WritableTxnMarkerTopic::sample(random, version)
            }),
            coordinator_epoch: random.i32(),
            transaction_version: if version >= 2 { random.i8() } else { 0 },
        }
    }
}

impl Sample for wire::write_txn_markers_request::WritableTxnMarkerTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.string(), partition_indexes: random.array(|random| random.i32()) }
    }
}

impl Sample for wire::write_txn_markers_response::WriteTxnMarkersResponse {
    type Oracle = oracle::WriteTxnMarkersResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            markers: random.array(|random| {
                wire::write_txn_markers_response::WritableTxnMarkerResult::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::write_txn_markers_response::WritableTxnMarkerResult {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            producer_id: random.i64(),
            topics: random.array(|random| {
                wire::write_txn_markers_response::WritableTxnMarkerTopicResult::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::write_txn_markers_response::WritableTxnMarkerTopicResult {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            partitions: random.array(|random| {
                wire::write_txn_markers_response::WritableTxnMarkerPartitionResult::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::write_txn_markers_response::WritableTxnMarkerPartitionResult {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { partition_index: random.i32(), error_code: random.i16() }
    }
}

impl Sample for wire::txn_offset_commit_request::TxnOffsetCommitRequest {
    type Oracle = oracle::TxnOffsetCommitRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            transactional_id: random.string(),
            group_id: random.string(),
            producer_id: random.i64(),
            producer_epoch: random.i16(),
            generation_id: if version >= 3 { random.i32() } else { -1 },
            member_id: if version >= 3 { random.string() } else { String::new() },
            group_instance_id: if version >= 3 { random.option(|random| random.string()) } else { None },
            topics: random.array(|random| {
                wire::txn_offset_commit_request::TxnOffsetCommitRequestTopic::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::txn_offset_commit_request::TxnOffsetCommitRequestTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            partitions: random.array(|random| {
                wire::txn_offset_commit_request::TxnOffsetCommitRequestPartition::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::txn_offset_commit_request::TxnOffsetCommitRequestPartition {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            partition_index: random.i32(),
            committed_offset: random.i64(),
            committed_leader_epoch: if version >= 2 { random.i32() } else { -1 },
            committed_metadata: random.option(|random| random.string()),
        }
    }
}

impl Sample for wire::txn_offset_commit_response::TxnOffsetCommitResponse {
    type Oracle = oracle::TxnOffsetCommitResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            topics: random.array(|random| {
                wire::txn_offset_commit_response::TxnOffsetCommitResponseTopic::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::txn_offset_commit_response::TxnOffsetCommitResponseTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            partitions: random.array(|random| {
                wire::txn_offset_commit_response::TxnOffsetCommitResponsePartition::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::txn_offset_commit_response::TxnOffsetCommitResponsePartition {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { partition_index: random.i32(), error_code: random.i16() }
    }
}

impl Sample for wire::describe_acls_request::DescribeAclsRequest {
    type Oracle = oracle::DescribeAclsRequest;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            resource_type_filter: random.i8(),
            resource_name_filter: random.option(|random| random.string()),
            pattern_type_filter: random.i8(),
            principal_filter: random.option(|random| random.string()),
            host_filter: random.option(|random| random.string()),
            operation: random.i8(),
            permission_type: random.i8(),
        }
    }
}

impl Sample for wire::describe_acls_response::DescribeAclsResponse {
    type Oracle = oracle::DescribeAclsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
            resources: random
                .array(|random| wire::describe_acls_response::DescribeAclsResource::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_acls_response::DescribeAclsResource {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            resource_type: random.i8(),
            resource_name: random.string(),
            pattern_type: random.i8(),
            acls: random
                .array(|random| wire::describe_acls_response::AclDescription::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_acls_response::AclDescription {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            principal: random.string(),
            host: random.string(),
            operation: random.i8(),
            permission_type: random.i8(),
        }
    }
}

impl Sample for wire::create_acls_request::CreateAclsRequest {
    type Oracle = oracle::CreateAclsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            creations: random.array(|random| wire::create_acls_request::AclCreation::sample(random, version)),
        }
    }
}

impl Sample for wire::create_acls_request::AclCreation {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            resource_type: random.i8(),
            resource_name: random.string(),
            resource_pattern_type: random.i8(),
            principal: random.string(),
            host: random.string(),
            operation: random.i8(),
            permission_type: random.i8(),
        }
    }
}

impl Sample for wire::create_acls_response::CreateAclsResponse {
    type Oracle = oracle::CreateAclsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            results: random
                .array(|random| wire::create_acls_response::AclCreationResult::sample(random, version)),
        }
    }
}

impl Sample for wire::create_acls_response::AclCreationResult {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { error_code: random.i16(), error_message: random.option(|random| random.string()) }
    }
}

impl Sample for wire::delete_acls_request::DeleteAclsRequest {
    type Oracle = oracle::DeleteAclsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            filters: random
                .array(|random| wire::delete_acls_request::DeleteAclsFilter::sample(random, version)),
        }
    }
}

impl Sample for wire::delete_acls_request::DeleteAclsFilter {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            resource_type_filter: random.i8(),
            resource_name_filter: random.option(|random| random.string()),
            pattern_type_filter: random.i8(),
            principal_filter: random.option(|random| random.string()),
            host_filter: random.option(|random| random.string()),
            operation: random.i8(),
            permission_type: random.i8(),
        }
    }
}

impl Sample for wire::delete_acls_response::DeleteAclsResponse {
    type Oracle = oracle::DeleteAclsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            filter_results: random
                .array(|random| wire::delete_acls_response::DeleteAclsFilterResult::sample(random, version)),
        }
    }
}

impl Sample for wire::delete_acls_response::DeleteAclsFilterResult {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
            matching_acls: random
                .array(|random| wire::delete_acls_response::DeleteAclsMatchingAcl::sample(random, version)),
        }
    }
}

impl Sample for wire::delete_acls_response::DeleteAclsMatchingAcl {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
            resource_type: random.i8(),
            resource_name: random.string(),
            pattern_type: random.i8(),
            principal: random.string(),
            host: random.string(),
            operation: random.i8(),
            permission_type: random.i8(),
        }
    }
}

impl Sample for wire::describe_configs_request::DescribeConfigsRequest {
    type Oracle = oracle::DescribeConfigsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            resources: random.array(|random| {
                wire::describe_configs_request::DescribeConfigsResource::sample(random, version)
            }),
            include_synonyms: random.bool(),
            include_documentation: if version >= 3 { random.bool() } else { false },
        }
    }
}

impl Sample for wire::describe_configs_request::DescribeConfigsResource {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            resource_type: random.i8(),
            resource_name: random.string(),
            configuration_keys: random.option(|random| random.array(|random| random.string())),
        }
    }
}

impl Sample for wire::describe_configs_response::DescribeConfigsResponse {
    type Oracle = oracle::DescribeConfigsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            results: random.array(|random| {
                wire::describe_configs_response::DescribeConfigsResult::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::describe_configs_response::DescribeConfigsResult {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
            resource_type: random.i8(),
            resource_name: random.string(),
            configs: random.array(|random| {
                wire::describe_configs_response::DescribeConfigsResourceResult::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::describe_configs_response::DescribeConfigsResourceResult {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            value: random.option(|random| random.string()),
            read_only: random.bool(),
            config_source: random.i8(),
            is_sensitive: random.bool(),
            synonyms: random.array(|random| {
                wire::describe_configs_response::DescribeConfigsSynonym::sample(random, version)
            }),
            config_type: if version >= 3 { random.i8() } else { 0 },
            documentation: if version >= 3 {
                random.option(|random| random.string())
            } else {
                Some(String::new())
            },
        }
    }
}

impl Sample for wire::describe_configs_response::DescribeConfigsSynonym {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.string(), value: random.option(|random| random.string()), source: random.i8() }
    }
}

impl Sample for wire::alter_configs_request::AlterConfigsRequest {
    type Oracle = oracle::AlterConfigsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            resources: random
                .array(|random| wire::alter_configs_request::AlterConfigsResource::sample(random, version)),
            validate_only: random.bool(),
        }
    }
}

impl Sample for wire::alter_configs_request::AlterConfigsResource {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            resource_type: random.i8(),
            resource_name: random.string(),
            configs: random
                .array(|random| wire::alter_configs_request::AlterableConfig::sample(random, version)),
        }
    }
}

impl Sample for wire::alter_configs_request::AlterableConfig {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.string(), value: random.option(|random| random.string()) }
    }
}

impl Sample for wire::alter_configs_response::AlterConfigsResponse {
    type Oracle = oracle::AlterConfigsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            responses: random.array(|random| {
                wire::alter_configs_response::AlterConfigsResourceResponse::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::alter_configs_response::AlterConfigsResourceResponse {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
            resource_type: random.i8(),
            resource_name: random.string(),
        }
    }
}

impl Sample for wire::describe_log_dirs_request::DescribeLogDirsRequest {
    type Oracle = oracle::DescribeLogDirsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topics: random.option(|random| {
                random.array(|random| {
                    wire::describe_log_dirs_request::DescribableLogDirTopic::sample(random, version)
                })
            }),
        }
    }
}

impl Sample for wire::describe_log_dirs_request::DescribableLogDirTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { topic: random.string(), partitions: random.array(|random| random.i32()) }
    }
}

impl Sample for wire::describe_log_dirs_response::DescribeLogDirsResponse {
    type Oracle = oracle::DescribeLogDirsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            error_code: if version >= 3 { random.i16() } else { 0 },
            results: random.array(|random| {
                wire::describe_log_dirs_response::DescribeLogDirsResult::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::describe_log_dirs_response::DescribeLogDirsResult {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            error_code: random.i16(),
            log_dir: random.string(),
            topics: random.array(|random| {
                wire::describe_log_dirs_response::DescribeLogDirsTopic::sample(random, version)
            }),
            total_bytes: if version >= 4 { random.i64() } else { -1 },
            usable_bytes: if version >= 4 { random.i64() } else { -1 },
            is_cordoned: if version >= 5 { random.bool() } else { false },
        }
    }
}

impl Sample for wire::describe_log_dirs_response::DescribeLogDirsTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            partitions: random.array(|random| {
                wire::describe_log_dirs_response::DescribeLogDirsPartition::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::describe_log_dirs_response::DescribeLogDirsPartition {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            partition_index: random.i32(),
            partition_size: random.i64(),
            offset_lag: random.i64(),
            is_future_key: random.bool(),
        }
    }
}

impl Sample for wire::create_partitions_request::CreatePartitionsRequest {
    type Oracle = oracle::CreatePartitionsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topics: random.array(|random| {
                wire::create_partitions_request::CreatePartitionsTopic::sample(random, version)
            }),
            timeout_ms: random.i32(),
            validate_only: random.bool(),
        }
    }
}

impl Sample for wire::create_partitions_request::CreatePartitionsTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            count: random.i32(),
            assignments: random.option(|random| {
                random.array(|random| {
                    wire::create_partitions_request::CreatePartitionsAssignment::sample(random, version)
                })
            }),
        }
    }
}

impl Sample for wire::create_partitions_request::CreatePartitionsAssignment {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { broker_ids: random.array(|random| random.i32()) }
    }
}

impl Sample for wire::create_partitions_response::CreatePartitionsResponse {
    type Oracle = oracle::CreatePartitionsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            results: random.array(|random| {
                wire::create_partitions_response::CreatePartitionsTopicResult::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::create_partitions_response::CreatePartitionsTopicResult {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            name: random.string(),
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
        }
    }
}

impl Sample for wire::delete_groups_request::DeleteGroupsRequest {
    type Oracle = oracle::DeleteGroupsRequest;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { groups_names: random.array(|random| random.string()) }
    }
}

impl Sample for wire::delete_groups_response::DeleteGroupsResponse {
    type Oracle = oracle::DeleteGroupsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            results: random
                .array(|random| wire::delete_groups_response::DeletableGroupResult::sample(random, version)),
        }
    }
}

impl Sample for wire::delete_groups_response::DeletableGroupResult {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { group_id: random.string(), error_code: random.i16() }
    }
}

impl Sample for wire::incremental_alter_configs_request::IncrementalAlterConfigsRequest {
    type Oracle = oracle::IncrementalAlterConfigsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            resources: random.array(|random| {
                wire::incremental_alter_configs_request::AlterConfigsResource::sample(random, version)
            }),
            validate_only: random.bool(),
        }
    }
}

impl Sample for wire::incremental_alter_configs_request::AlterConfigsResource {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            resource_type: random.i8(),
            resource_name: random.string(),
            configs: random.array(|random| {
                wire::incremental_alter_configs_request::AlterableConfig::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::incremental_alter_configs_request::AlterableConfig {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            name: random.string(),
            config_operation: random.i8(),
            value: random.option(|random| random.string()),
        }
    }
}

impl Sample for wire::incremental_alter_configs_response::IncrementalAlterConfigsResponse {
    type Oracle = oracle::IncrementalAlterConfigsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            responses: random.array(|random| {
                wire::incremental_alter_configs_response::AlterConfigsResourceResponse::sample(
                    random, version,
                )
            }),
        }
    }
}

impl Sample for wire::incremental_alter_configs_response::AlterConfigsResourceResponse {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
            resource_type: random.i8(),
            resource_name: random.string(),
        }
    }
}

impl Sample for wire::offset_delete_request::OffsetDeleteRequest {
    type Oracle = oracle::OffsetDeleteRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            group_id: random.string(),
            topics: random.array(|random| {
                wire::offset_delete_request::OffsetDeleteRequestTopic::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_delete_request::OffsetDeleteRequestTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            partitions: random.array(|random| {
                wire::offset_delete_request::OffsetDeleteRequestPartition::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_delete_request::OffsetDeleteRequestPartition {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { partition_index: random.i32() }
    }
}

impl Sample for wire::offset_delete_response::OffsetDeleteResponse {
    type Oracle = oracle::OffsetDeleteResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            error_code: random.i16(),
            throttle_time_ms: random.i32(),
            topics: random.array(|random| {
                wire::offset_delete_response::OffsetDeleteResponseTopic::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_delete_response::OffsetDeleteResponseTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            partitions: random.array(|random| {
                wire::offset_delete_response::OffsetDeleteResponsePartition::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::offset_delete_response::OffsetDeleteResponsePartition {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { partition_index: random.i32(), error_code: random.i16() }
    }
}

impl Sample for wire::describe_quorum_request::DescribeQuorumRequest {
    type Oracle = oracle::DescribeQuorumRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topics: random.array(|random| wire::describe_quorum_request::TopicData::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_quorum_request::TopicData {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topic_name: random.string(),
            partitions: random
                .array(|random| wire::describe_quorum_request::PartitionData::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_quorum_request::PartitionData {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { partition_index: random.i32() }
    }
}

impl Sample for wire::describe_quorum_response::DescribeQuorumResponse {
    type Oracle = oracle::DescribeQuorumResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            error_code: random.i16(),
            error_message: if version >= 2 {
                random.option(|random| random.string())
            } else {
                Some(String::new())
            },
            topics: random.array(|random| wire::describe_quorum_response::TopicData::sample(random, version)),
            nodes: if version >= 2 {
                random.array(|random| wire::describe_quorum_response::Node::sample(random, version))
            } else {
                Vec::new()
            },
        }
    }
}

impl Sample for wire::describe_quorum_response::TopicData {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topic_name: random.string(),
            partitions: random
                .array(|random| wire::describe_quorum_response::PartitionData::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_quorum_response::PartitionData {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            partition_index: random.i32(),
            error_code: random.i16(),
            error_message: if version >= 2 {
                random.option(|random| random.string())
            } else {
                Some(String::new())
            },
            leader_id: random.i32(),
            leader_epoch: random.i32(),
            high_watermark: random.i64(),
            current_voters: random
                .array(|random| wire::describe_quorum_response::ReplicaState::sample(random, version)),
            observers: random
                .array(|random| wire::describe_quorum_response::ReplicaState::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_quorum_response::ReplicaState {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            replica_id: random.i32(),
            replica_directory_id: if version >= 2 { random.uuid() } else { types::Uuid::ZERO },
            log_end_offset: random.i64(),
            last_fetch_timestamp: if version >= 1 { random.i64() } else { -1 },
            last_caught_up_timestamp: if version >= 1 { random.i64() } else { -1 },
        }
    }
}

impl Sample for wire::describe_quorum_response::Node {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            node_id: random.i32(),
            listeners: random
                .array(|random| wire::describe_quorum_response::Listener::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_quorum_response::Listener {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.string(), host: random.string(), port: random.u16() }
    }
}

impl Sample for wire::update_features_request::UpdateFeaturesRequest {
    type Oracle = oracle::UpdateFeaturesRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            timeout_ms: random.i32(),
            feature_updates: random
                .array(|random| wire::update_features_request::FeatureUpdateKey::sample(random, version)),
            validate_only: if version >= 1 { random.bool() } else { false },
        }
    }
}

impl Sample for wire::update_features_request::FeatureUpdateKey {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            feature: random.string(),
            max_version_level: random.i16(),
            allow_downgrade: if version <= 0 { random.bool() } else { false },
            upgrade_type: if version >= 1 { random.i8() } else { 1 },
        }
    }
}

impl Sample for wire::update_features_response::UpdateFeaturesResponse {
    type Oracle = oracle::UpdateFeaturesResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
            results: if version <= 1 {
                random.array(|random| {
                    wire::update_features_response::UpdatableFeatureResult::sample(random, version)
                })
            } else {
                Vec::new()
            },
        }
    }
}

impl Sample for wire::update_features_response::UpdatableFeatureResult {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            feature: random.string(),
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
        }
    }
}

impl Sample for wire::describe_cluster_request::DescribeClusterRequest {
    type Oracle = oracle::DescribeClusterRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            include_cluster_authorized_operations: random.bool(),
            endpoint_type: if version >= 1 { random.i8() } else { 1 },
            include_fenced_brokers: if version >= 2 { random.bool() } else { false },
        }
    }
}

impl Sample for wire::describe_cluster_response::DescribeClusterResponse {
    type Oracle = oracle::DescribeClusterResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
            endpoint_type: if version >= 1 { random.i8() } else { 1 },
            cluster_id: random.string(),
            controller_id: random.i32(),
            brokers: random.array(|random| {
                wire::describe_cluster_response::DescribeClusterBroker::sample(random, version)
            }),
            cluster_authorized_operations: random.i32(),
        }
    }
}

impl Sample for wire::describe_cluster_response::DescribeClusterBroker {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            broker_id: random.i32(),
            host: random.string(),
            port: random.i32(),
            rack: random.option(|random| random.string()),
            is_fenced: if version >= 2 { random.bool() } else { false },
        }
    }
}

impl Sample for wire::describe_producers_request::DescribeProducersRequest {
    type Oracle = oracle::DescribeProducersRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topics: random
                .array(|random| wire::describe_producers_request::TopicRequest::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_producers_request::TopicRequest {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.string(), partition_indexes: random.array(|random| random.i32()) }
    }
}

impl Sample for wire::describe_producers_response::DescribeProducersResponse {
    type Oracle = oracle::DescribeProducersResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            topics: random
                .array(|random| wire::describe_producers_response::TopicResponse::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_producers_response::TopicResponse {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            name: random.string(),
            partitions: random.array(|random| {
                wire::describe_producers_response::PartitionResponse::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::describe_producers_response::PartitionResponse {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            partition_index: random.i32(),
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
            active_producers: random
                .array(|random| wire::describe_producers_response::ProducerState::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_producers_response::ProducerState {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            producer_id: random.i64(),
            producer_epoch: random.i32(),
            last_sequence: random.i32(),
            last_timestamp: random.i64(),
            coordinator_epoch: random.i32(),
            current_txn_start_offset: random.i64(),
        }
    }
}

impl Sample for wire::describe_transactions_request::DescribeTransactionsRequest {
    type Oracle = oracle::DescribeTransactionsRequest;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { transactional_ids: random.array(|random| random.string()) }
    }
}

impl Sample for wire::describe_transactions_response::DescribeTransactionsResponse {
    type Oracle = oracle::DescribeTransactionsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            transaction_states: random.array(|random| {
                wire::describe_transactions_response::TransactionState::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::describe_transactions_response::TransactionState {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            error_code: random.i16(),
            transactional_id: random.string(),
            transaction_state: random.string(),
            transaction_timeout_ms: random.i32(),
            transaction_start_time_ms: random.i64(),
            producer_id: random.i64(),
            producer_epoch: random.i16(),
            topics: random
                .array(|random| wire::describe_transactions_response::TopicData::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_transactions_response::TopicData {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { topic: random.string(), partitions: random.array(|random| random.i32()) }
    }
}

impl Sample for wire::list_transactions_request::ListTransactionsRequest {
    type Oracle = oracle::ListTransactionsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            state_filters: random.array(|random| random.string()),
            producer_id_filters: random.array(|random| random.i64()),
            duration_filter: if version >= 1 { random.i64() } else { -1 },
            transactional_id_pattern: if version >= 2 {
                random.option(|random| random.string())
            } else {
                None
            },
        }
    }
}

impl Sample for wire::list_transactions_response::ListTransactionsResponse {
    type Oracle = oracle::ListTransactionsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            error_code: random.i16(),
            unknown_state_filters: random.array(|random| random.string()),
            transaction_states: random
                .array(|random| wire::list_transactions_response::TransactionState::sample(random, version)),
        }
    }
}

impl Sample for wire::list_transactions_response::TransactionState {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            transactional_id: random.string(),
            producer_id: random.i64(),
            transaction_state: random.string(),
        }
    }
}

impl Sample for wire::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest {
    type Oracle = oracle::ConsumerGroupHeartbeatRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            group_id: random.string(),
            member_id: random.string(),
            member_epoch: random.i32(),
            instance_id: random.option(|random| random.string()),
            rack_id: random.option(|random| random.string()),
            rebalance_timeout_ms: random.i32(),
            subscribed_topic_names: random.option(|random| random.array(|random| random.string())),
            subscribed_topic_regex: if version >= 1 { random.option(|random| random.string()) } else { None },
            server_assignor: random.option(|random| random.string()),
            topic_partitions: random.option(|random| {
                random.array(|random| {
                    wire::consumer_group_heartbeat_request::TopicPartitions::sample(random, version)
                })
            }),
        }
    }
}

impl Sample for wire::consumer_group_heartbeat_request::TopicPartitions {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { topic_id: random.uuid(), partitions: random.array(|random| random.i32()) }
    }
}

impl Sample for wire::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse {
    type Oracle = oracle::ConsumerGroupHeartbeatResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
            member_id: random.option(|random| random.string()),
            member_epoch: random.i32(),
            heartbeat_interval_ms: random.i32(),
            assignment: random.option(|random| {
                wire::consumer_group_heartbeat_response::Assignment::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::consumer_group_heartbeat_response::Assignment {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topic_partitions: random.array(|random| {
                wire::consumer_group_heartbeat_response::TopicPartitions::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::consumer_group_heartbeat_response::TopicPartitions {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { topic_id: random.uuid(), partitions: random.array(|random| random.i32()) }
    }
}

impl Sample for wire::consumer_group_describe_request::ConsumerGroupDescribeRequest {
    type Oracle = oracle::ConsumerGroupDescribeRequest;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            group_ids: random.array(|random| random.string()),
            include_authorized_operations: random.bool(),
        }
    }
}

impl Sample for wire::consumer_group_describe_response::ConsumerGroupDescribeResponse {
    type Oracle = oracle::ConsumerGroupDescribeResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            groups: random.array(|random| {
                wire::consumer_group_describe_response::DescribedGroup::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::consumer_group_describe_response::DescribedGroup {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            error_code: random.i16(),
            error_message: random.option(|random| random.string()),
            group_id: random.string(),
            group_state: random.string(),
            group_epoch: random.i32(),
            assignment_epoch: random.i32(),
            assignor_name: random.string(),
            members: random
                .array(|random| wire::consumer_group_describe_response::Member::sample(random, version)),
            authorized_operations: random.i32(),
        }
    }
}

impl Sample for wire::consumer_group_describe_response::Member {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            member_id: random.string(),
            instance_id: random.option(|random| random.string()),
            rack_id: random.option(|random| random.string()),
            member_epoch: random.i32(),
            client_id: random.string(),
            client_host: random.string(),
            subscribed_topic_names: random.array(|random| random.string()),
            subscribed_topic_regex: random.option(|random| random.string()),
            assignment: wire::consumer_group_describe_response::Assignment::sample(random, version),
            target_assignment: wire::consumer_group_describe_response::Assignment::sample(random, version),
            member_type: if version >= 1 { random.i8() } else { -1 },
        }
    }
}

impl Sample for wire::consumer_group_describe_response::Assignment {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topic_partitions: random.array(|random| {
                wire::consumer_group_describe_response::TopicPartitions::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::consumer_group_describe_response::TopicPartitions {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            topic_id: random.uuid(),
            topic_name: random.string(),
            partitions: random.array(|random| random.i32()),
        }
    }
}

impl Sample for wire::list_config_resources_request::ListConfigResourcesRequest {
    type Oracle = oracle::ListConfigResourcesRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self { resource_types: if version >= 1 { random.array(|random| random.i8()) } else { Vec::new() } }
    }
}

impl Sample for wire::list_config_resources_response::ListConfigResourcesResponse {
    type Oracle = oracle::ListConfigResourcesResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            error_code: random.i16(),
            config_resources: random.array(|random| {
                wire::list_config_resources_response::ConfigResource::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::list_config_resources_response::ConfigResource {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self { resource_name: random.string(), resource_type: if version >= 1 { random.i8() } else { 16 } }
    }
}

impl Sample for wire::describe_topic_partitions_request::DescribeTopicPartitionsRequest {
    type Oracle = oracle::DescribeTopicPartitionsRequest;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topics: random.array(|random| {
                wire::describe_topic_partitions_request::TopicRequest::sample(random, version)
            }),
            response_partition_limit: random.i32(),
            cursor: random
                .option(|random| wire::describe_topic_partitions_request::Cursor::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_topic_partitions_request::TopicRequest {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.string() }
    }
}

impl Sample for wire::describe_topic_partitions_request::Cursor {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { topic_name: random.string(), partition_index: random.i32() }
    }
}

impl Sample for wire::describe_topic_partitions_response::DescribeTopicPartitionsResponse {
    type Oracle = oracle::DescribeTopicPartitionsResponse;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            throttle_time_ms: random.i32(),
            topics: random.array(|random| {
                wire::describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic::sample(
                    random, version,
                )
            }),
            next_cursor: random
                .option(|random| wire::describe_topic_partitions_response::Cursor::sample(random, version)),
        }
    }
}

impl Sample for wire::describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            error_code: random.i16(),
            name: random.option(|random| random.string()),
            topic_id: random.uuid(),
            is_internal: random.bool(),
            partitions: random.array(|random| {
                wire::describe_topic_partitions_response::DescribeTopicPartitionsResponsePartition::sample(
                    random, version,
                )
            }),
            topic_authorized_operations: random.i32(),
        }
    }
}

impl Sample for wire::describe_topic_partitions_response::DescribeTopicPartitionsResponsePartition {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            error_code: random.i16(),
            partition_index: random.i32(),
            leader_id: random.i32(),
            leader_epoch: random.i32(),
            replica_nodes: random.array(|random| random.i32()),
            isr_nodes: random.array(|random| random.i32()),
            eligible_leader_replicas: random.option(|random| random.array(|random| random.i32())),
            last_known_elr: random.option(|random| random.array(|random| random.i32())),
            offline_replicas: random.array(|random| random.i32()),
        }
    }
}

impl Sample for wire::describe_topic_partitions_response::Cursor {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { topic_name: random.string(), partition_index: random.i32() }
    }
}

impl Sample for wire::consumer_group_current_member_assignment_key::ConsumerGroupCurrentMemberAssignmentKey {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { group_id: random.string(), member_id: random.string() }
    }
}

impl Sample
    for wire::consumer_group_current_member_assignment_value::ConsumerGroupCurrentMemberAssignmentValue
{
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            member_epoch: random.i32(),
            previous_member_epoch: random.i32(),
            state: random.i8(),
            assigned_partitions: random.array(|random| {
                wire::consumer_group_current_member_assignment_value::TopicPartitions::sample(random, version)
            }),
            partitions_pending_revocation: random.array(|random| {
                wire::consumer_group_current_member_assignment_value::TopicPartitions::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::consumer_group_current_member_assignment_value::TopicPartitions {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            topic_id: random.uuid(),
            partitions: random.array(|random| random.i32()),
            assignment_epochs: if random.one_in(2) {
                random.option(|random| random.array(|random| random.i32()))
            } else {
                Some(Vec::new())
            },
        }
    }
}

impl Sample for wire::consumer_group_member_metadata_key::ConsumerGroupMemberMetadataKey {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { group_id: random.string(), member_id: random.string() }
    }
}

impl Sample for wire::consumer_group_member_metadata_value::ConsumerGroupMemberMetadataValue {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            instance_id: random.option(|random| random.string()),
            rack_id: random.option(|random| random.string()),
            client_id: random.string(),
            client_host: random.string(),
            subscribed_topic_names: random.array(|random| random.string()),
            subscribed_topic_regex: random.option(|random| random.string()),
            rebalance_timeout_ms: random.i32(),
            server_assignor: random.option(|random| random.string()),
            classic_member_metadata: if random.one_in(2) {
                random.option(|random| {
                    wire::consumer_group_member_metadata_value::ClassicMemberMetadata::sample(random, version)
                })
            } else {
                Some(wire::consumer_group_member_metadata_value::ClassicMemberMetadata::default())
            },
        }
    }
}

impl Sample for wire::consumer_group_member_metadata_value::ClassicMemberMetadata {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            session_timeout_ms: random.i32(),
            supported_protocols: random.array(|random| {
                wire::consumer_group_member_metadata_value::ClassicProtocol::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::consumer_group_member_metadata_value::ClassicProtocol {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { name: random.string(), metadata: random.bytes() }
    }
}

impl Sample for wire::consumer_group_metadata_key::ConsumerGroupMetadataKey {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { group_id: random.string() }
    }
}

impl Sample for wire::consumer_group_metadata_value::ConsumerGroupMetadataValue {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { epoch: random.i32(), metadata_hash: if random.one_in(2) { random.i64() } else { 0 } }
    }
}

impl Sample for wire::consumer_group_partition_metadata_key::ConsumerGroupPartitionMetadataKey {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { group_id: random.string() }
    }
}

impl Sample for wire::consumer_group_partition_metadata_value::ConsumerGroupPartitionMetadataValue {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topics: random.array(|random| {
                wire::consumer_group_partition_metadata_value::TopicMetadata::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::consumer_group_partition_metadata_value::TopicMetadata {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topic_id: random.uuid(),
            topic_name: random.string(),
            num_partitions: random.i32(),
            partition_metadata: random.array(|random| {
                wire::consumer_group_partition_metadata_value::PartitionMetadata::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::consumer_group_partition_metadata_value::PartitionMetadata {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { partition: random.i32(), racks: random.array(|random| random.string()) }
    }
}

impl Sample for wire::consumer_group_regular_expression_key::ConsumerGroupRegularExpressionKey {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { group_id: random.string(), regular_expression: random.string() }
    }
}

impl Sample for wire::consumer_group_regular_expression_value::ConsumerGroupRegularExpressionValue {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            topics: random.array(|random| random.string()),
            version: random.i64(),
            timestamp: random.i64(),
        }
    }
}

impl Sample for wire::consumer_group_target_assignment_member_key::ConsumerGroupTargetAssignmentMemberKey {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { group_id: random.string(), member_id: random.string() }
    }
}

impl Sample
    for wire::consumer_group_target_assignment_member_value::ConsumerGroupTargetAssignmentMemberValue
{
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topic_partitions: random.array(|random| {
                wire::consumer_group_target_assignment_member_value::TopicPartition::sample(random, version)
            }),
        }
    }
}

impl Sample for wire::consumer_group_target_assignment_member_value::TopicPartition {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { topic_id: random.uuid(), partitions: random.array(|random| random.i32()) }
    }
}

impl Sample
    for wire::consumer_group_target_assignment_metadata_key::ConsumerGroupTargetAssignmentMetadataKey
{
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { group_id: random.string() }
    }
}

impl Sample
    for wire::consumer_group_target_assignment_metadata_value::ConsumerGroupTargetAssignmentMetadataValue
{
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            assignment_epoch: random.i32(),
            assignment_timestamp: if random.one_in(2) { random.i64() } else { 0 },
        }
    }
}

impl Sample for wire::consumer_protocol_assignment::ConsumerProtocolAssignment {
    type Oracle = oracle::ConsumerProtocolAssignment;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            assigned_partitions: random
                .array(|random| wire::consumer_protocol_assignment::TopicPartition::sample(random, version)),
            user_data: random.option(|random| random.bytes()),
        }
    }
}

impl Sample for wire::consumer_protocol_assignment::TopicPartition {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { topic: random.string(), partitions: random.array(|random| random.i32()) }
    }
}

impl Sample for wire::consumer_protocol_subscription::ConsumerProtocolSubscription {
    type Oracle = oracle::ConsumerProtocolSubscription;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topics: random.array(|random| random.string()),
            user_data: random.option(|random| random.bytes()),
            owned_partitions: if version >= 1 {
                random.array(|random| {
                    wire::consumer_protocol_subscription::TopicPartition::sample(random, version)
                })
            } else {
                Vec::new()
            },
            generation_id: if version >= 2 { random.i32() } else { -1 },
            rack_id: if version >= 3 { random.option(|random| random.string()) } else { None },
        }
    }
}

impl Sample for wire::consumer_protocol_subscription::TopicPartition {
    type Oracle = ();
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { topic: random.string(), partitions: random.array(|random| random.i32()) }
    }
}

impl Sample for wire::group_metadata_key::GroupMetadataKey {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { group: random.string() }
    }
}

impl Sample for wire::group_metadata_value::GroupMetadataValue {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            protocol_type: random.string(),
            generation: random.i32(),
            protocol: random.option(|random| random.string()),
            leader: random.option(|random| random.string()),
            current_state_timestamp: if version >= 2 { random.i64() } else { -1 },
            members: random
                .array(|random| wire::group_metadata_value::MemberMetadata::sample(random, version)),
        }
    }
}

impl Sample for wire::group_metadata_value::MemberMetadata {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            member_id: random.string(),
            group_instance_id: if version >= 3 { random.option(|random| random.string()) } else { None },
            client_id: random.string(),
            client_host: random.string(),
            rebalance_timeout: if version >= 1 { random.i32() } else { -1 },
            session_timeout: random.i32(),
            subscription: random.bytes(),
            assignment: random.bytes(),
        }
    }
}

impl Sample for wire::offset_commit_key::OffsetCommitKey {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { group: random.string(), topic: random.string(), partition: random.i32() }
    }
}

impl Sample for wire::offset_commit_value::OffsetCommitValue {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            offset: random.i64(),
            leader_epoch: if version >= 3 { random.i32() } else { -1 },
            metadata: random.string(),
            commit_timestamp: random.i64(),
            expire_timestamp: if version == 1 { random.i64() } else { -1 },
            topic_id: if version >= 4 {
                if random.one_in(2) { random.uuid() } else { types::Uuid::ZERO }
            } else {
                types::Uuid::ZERO
            },
        }
    }
}

impl Sample for wire::offset_history_key::OffsetHistoryKey {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { group: random.string(), topic: random.string(), partition: random.i32() }
    }
}

impl Sample for wire::offset_history_value::OffsetHistoryValue {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self {
            at: random.i64(),
            topic_id: random.uuid(),
            from_offset: random.i64(),
            from_at: random.i64(),
            offset: random.i64(),
            leader_epoch: random.i32(),
            metadata: random.string(),
            member_id: random.string(),
            instance_id: random.option(|random| random.string()),
            client_id: random.string(),
            client_host: random.string(),
            producer_id: if random.one_in(2) { random.i64() } else { -1 },
            aborted: if random.one_in(2) { random.bool() } else { false },
        }
    }
}

impl Sample for wire::transaction_log_key::TransactionLogKey {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, _version: i16) -> Self {
        Self { transactional_id: random.string() }
    }
}

impl Sample for wire::transaction_log_value::TransactionLogValue {
    type Oracle = NoOracle;
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            producer_id: random.i64(),
            previous_producer_id: if version >= 1 {
                if random.one_in(2) { random.i64() } else { -1 }
            } else {
                -1
            },
            next_producer_id: if version >= 1 {
                if random.one_in(2) { random.i64() } else { -1 }
            } else {
                -1
            },
            producer_epoch: random.i16(),
            next_producer_epoch: if version >= 1 {
                if random.one_in(2) { random.i16() } else { -1 }
            } else {
                -1
            },
            transaction_timeout_ms: random.i32(),
            transaction_status: random.i8(),
            transaction_partitions: random.option(|random| {
                random.array(|random| wire::transaction_log_value::PartitionsSchema::sample(random, version))
            }),
            transaction_last_update_timestamp_ms: random.i64(),
            transaction_start_timestamp_ms: random.i64(),
            client_transaction_version: if version >= 1 {
                if random.one_in(2) { random.i16() } else { 0 }
            } else {
                0
            },
            last_producer_epoch: if version >= 1 {
                if random.one_in(2) { random.i16() } else { -1 }
            } else {
                -1
            },
            client_id: if version >= 1 {
                if random.one_in(2) { random.string() } else { String::new() }
            } else {
                String::new()
            },
            client_host: if version >= 1 {
                if random.one_in(2) { random.string() } else { String::new() }
            } else {
                String::new()
            },
        }
    }
}

impl Sample for wire::transaction_log_value::PartitionsSchema {
    type Oracle = ();
    fn sample(random: &mut Gen, version: i16) -> Self {
        Self {
            topic: random.string(),
            partition_ids: random.array(|random| random.i32()),
            topic_id: if version >= 1 {
                if random.one_in(2) { random.uuid() } else { types::Uuid::ZERO }
            } else {
                types::Uuid::ZERO
            },
        }
    }
}
