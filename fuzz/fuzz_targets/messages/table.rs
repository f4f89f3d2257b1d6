// Written by `cargo xtask codegen` from schema/; do not edit.

//! Every message, by a number that the fuzzer chooses.

use super::again;
use bytes::Bytes;

/// Decodes a request.
pub fn request(choice: u8, version: u8, body: Bytes) {
    match choice % 37 {
        0 => again::<wire::ProduceRequest>(version, body),
        1 => again::<wire::FetchRequest>(version, body),
        2 => again::<wire::ListOffsetsRequest>(version, body),
        3 => again::<wire::MetadataRequest>(version, body),
        4 => again::<wire::OffsetCommitRequest>(version, body),
        5 => again::<wire::OffsetFetchRequest>(version, body),
        6 => again::<wire::FindCoordinatorRequest>(version, body),
        7 => again::<wire::JoinGroupRequest>(version, body),
        8 => again::<wire::HeartbeatRequest>(version, body),
        9 => again::<wire::LeaveGroupRequest>(version, body),
        10 => again::<wire::SyncGroupRequest>(version, body),
        11 => again::<wire::DescribeGroupsRequest>(version, body),
        12 => again::<wire::ListGroupsRequest>(version, body),
        13 => again::<wire::SaslHandshakeRequest>(version, body),
        14 => again::<wire::ApiVersionsRequest>(version, body),
        15 => again::<wire::CreateTopicsRequest>(version, body),
        16 => again::<wire::DeleteTopicsRequest>(version, body),
        17 => again::<wire::DeleteRecordsRequest>(version, body),
        18 => again::<wire::InitProducerIdRequest>(version, body),
        19 => again::<wire::OffsetForLeaderEpochRequest>(version, body),
        20 => again::<wire::DescribeAclsRequest>(version, body),
        21 => again::<wire::CreateAclsRequest>(version, body),
        22 => again::<wire::DeleteAclsRequest>(version, body),
        23 => again::<wire::DescribeConfigsRequest>(version, body),
        24 => again::<wire::AlterConfigsRequest>(version, body),
        25 => again::<wire::DescribeLogDirsRequest>(version, body),
        26 => again::<wire::CreatePartitionsRequest>(version, body),
        27 => again::<wire::DeleteGroupsRequest>(version, body),
        28 => again::<wire::IncrementalAlterConfigsRequest>(version, body),
        29 => again::<wire::OffsetDeleteRequest>(version, body),
        30 => again::<wire::DescribeQuorumRequest>(version, body),
        31 => again::<wire::UpdateFeaturesRequest>(version, body),
        32 => again::<wire::DescribeClusterRequest>(version, body),
        33 => again::<wire::ConsumerGroupHeartbeatRequest>(version, body),
        34 => again::<wire::ConsumerGroupDescribeRequest>(version, body),
        35 => again::<wire::ListConfigResourcesRequest>(version, body),
        _ => again::<wire::DescribeTopicPartitionsRequest>(version, body),
    }
}

/// Decodes a response.
pub fn response(choice: u8, version: u8, body: Bytes) {
    match choice % 37 {
        0 => again::<wire::ProduceResponse>(version, body),
        1 => again::<wire::FetchResponse>(version, body),
        2 => again::<wire::ListOffsetsResponse>(version, body),
        3 => again::<wire::MetadataResponse>(version, body),
        4 => again::<wire::OffsetCommitResponse>(version, body),
        5 => again::<wire::OffsetFetchResponse>(version, body),
        6 => again::<wire::FindCoordinatorResponse>(version, body),
        7 => again::<wire::JoinGroupResponse>(version, body),
        8 => again::<wire::HeartbeatResponse>(version, body),
        9 => again::<wire::LeaveGroupResponse>(version, body),
        10 => again::<wire::SyncGroupResponse>(version, body),
        11 => again::<wire::DescribeGroupsResponse>(version, body),
        12 => again::<wire::ListGroupsResponse>(version, body),
        13 => again::<wire::SaslHandshakeResponse>(version, body),
        14 => again::<wire::ApiVersionsResponse>(version, body),
        15 => again::<wire::CreateTopicsResponse>(version, body),
        16 => again::<wire::DeleteTopicsResponse>(version, body),
        17 => again::<wire::DeleteRecordsResponse>(version, body),
        18 => again::<wire::InitProducerIdResponse>(version, body),
        19 => again::<wire::OffsetForLeaderEpochResponse>(version, body),
        20 => again::<wire::DescribeAclsResponse>(version, body),
        21 => again::<wire::CreateAclsResponse>(version, body),
        22 => again::<wire::DeleteAclsResponse>(version, body),
        23 => again::<wire::DescribeConfigsResponse>(version, body),
        24 => again::<wire::AlterConfigsResponse>(version, body),
        25 => again::<wire::DescribeLogDirsResponse>(version, body),
        26 => again::<wire::CreatePartitionsResponse>(version, body),
        27 => again::<wire::DeleteGroupsResponse>(version, body),
        28 => again::<wire::IncrementalAlterConfigsResponse>(version, body),
        29 => again::<wire::OffsetDeleteResponse>(version, body),
        30 => again::<wire::DescribeQuorumResponse>(version, body),
        31 => again::<wire::UpdateFeaturesResponse>(version, body),
        32 => again::<wire::DescribeClusterResponse>(version, body),
        33 => again::<wire::ConsumerGroupHeartbeatResponse>(version, body),
        34 => again::<wire::ConsumerGroupDescribeResponse>(version, body),
        35 => again::<wire::ListConfigResourcesResponse>(version, body),
        _ => again::<wire::DescribeTopicPartitionsResponse>(version, body),
    }
}

/// Decodes a stored format.
pub fn stored(choice: u8, version: u8, body: Bytes) {
    match choice % 22 {
        0 => again::<wire::ConsumerGroupCurrentMemberAssignmentKey>(version, body),
        1 => again::<wire::ConsumerGroupCurrentMemberAssignmentValue>(version, body),
        2 => again::<wire::ConsumerGroupMemberMetadataKey>(version, body),
        3 => again::<wire::ConsumerGroupMemberMetadataValue>(version, body),
        4 => again::<wire::ConsumerGroupMetadataKey>(version, body),
        5 => again::<wire::ConsumerGroupMetadataValue>(version, body),
        6 => again::<wire::ConsumerGroupPartitionMetadataKey>(version, body),
        7 => again::<wire::ConsumerGroupPartitionMetadataValue>(version, body),
        8 => again::<wire::ConsumerGroupRegularExpressionKey>(version, body),
        9 => again::<wire::ConsumerGroupRegularExpressionValue>(version, body),
        10 => again::<wire::ConsumerGroupTargetAssignmentMemberKey>(version, body),
        11 => again::<wire::ConsumerGroupTargetAssignmentMemberValue>(version, body),
        12 => again::<wire::ConsumerGroupTargetAssignmentMetadataKey>(version, body),
        13 => again::<wire::ConsumerGroupTargetAssignmentMetadataValue>(version, body),
        14 => again::<wire::ConsumerProtocolAssignment>(version, body),
        15 => again::<wire::ConsumerProtocolSubscription>(version, body),
        16 => again::<wire::GroupMetadataKey>(version, body),
        17 => again::<wire::GroupMetadataValue>(version, body),
        18 => again::<wire::OffsetCommitKey>(version, body),
        19 => again::<wire::OffsetCommitValue>(version, body),
        20 => again::<wire::OffsetHistoryKey>(version, body),
        _ => again::<wire::OffsetHistoryValue>(version, body),
    }
}
