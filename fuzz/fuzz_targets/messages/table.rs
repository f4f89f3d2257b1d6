// Written by `cargo xtask codegen` from schema/; do not edit.

//! Every message, by a number that the fuzzer chooses.

use super::again;
use bytes::Bytes;

/// Decodes a request.
pub fn request(choice: u8, version: u8, body: Bytes) {
    match choice % 25 {
        0 => again::<wire::ProduceRequest>(version, body),
        1 => again::<wire::FetchRequest>(version, body),
        2 => again::<wire::ListOffsetsRequest>(version, body),
        3 => again::<wire::MetadataRequest>(version, body),
        4 => again::<wire::FindCoordinatorRequest>(version, body),
        5 => again::<wire::SaslHandshakeRequest>(version, body),
        6 => again::<wire::ApiVersionsRequest>(version, body),
        7 => again::<wire::CreateTopicsRequest>(version, body),
        8 => again::<wire::DeleteTopicsRequest>(version, body),
        9 => again::<wire::DeleteRecordsRequest>(version, body),
        10 => again::<wire::InitProducerIdRequest>(version, body),
        11 => again::<wire::OffsetForLeaderEpochRequest>(version, body),
        12 => again::<wire::DescribeAclsRequest>(version, body),
        13 => again::<wire::CreateAclsRequest>(version, body),
        14 => again::<wire::DeleteAclsRequest>(version, body),
        15 => again::<wire::DescribeConfigsRequest>(version, body),
        16 => again::<wire::AlterConfigsRequest>(version, body),
        17 => again::<wire::DescribeLogDirsRequest>(version, body),
        18 => again::<wire::CreatePartitionsRequest>(version, body),
        19 => again::<wire::IncrementalAlterConfigsRequest>(version, body),
        20 => again::<wire::DescribeQuorumRequest>(version, body),
        21 => again::<wire::UpdateFeaturesRequest>(version, body),
        22 => again::<wire::DescribeClusterRequest>(version, body),
        23 => again::<wire::ListConfigResourcesRequest>(version, body),
        _ => again::<wire::DescribeTopicPartitionsRequest>(version, body),
    }
}

/// Decodes a response.
pub fn response(choice: u8, version: u8, body: Bytes) {
    match choice % 25 {
        0 => again::<wire::ProduceResponse>(version, body),
        1 => again::<wire::FetchResponse>(version, body),
        2 => again::<wire::ListOffsetsResponse>(version, body),
        3 => again::<wire::MetadataResponse>(version, body),
        4 => again::<wire::FindCoordinatorResponse>(version, body),
        5 => again::<wire::SaslHandshakeResponse>(version, body),
        6 => again::<wire::ApiVersionsResponse>(version, body),
        7 => again::<wire::CreateTopicsResponse>(version, body),
        8 => again::<wire::DeleteTopicsResponse>(version, body),
        9 => again::<wire::DeleteRecordsResponse>(version, body),
        10 => again::<wire::InitProducerIdResponse>(version, body),
        11 => again::<wire::OffsetForLeaderEpochResponse>(version, body),
        12 => again::<wire::DescribeAclsResponse>(version, body),
        13 => again::<wire::CreateAclsResponse>(version, body),
        14 => again::<wire::DeleteAclsResponse>(version, body),
        15 => again::<wire::DescribeConfigsResponse>(version, body),
        16 => again::<wire::AlterConfigsResponse>(version, body),
        17 => again::<wire::DescribeLogDirsResponse>(version, body),
        18 => again::<wire::CreatePartitionsResponse>(version, body),
        19 => again::<wire::IncrementalAlterConfigsResponse>(version, body),
        20 => again::<wire::DescribeQuorumResponse>(version, body),
        21 => again::<wire::UpdateFeaturesResponse>(version, body),
        22 => again::<wire::DescribeClusterResponse>(version, body),
        23 => again::<wire::ListConfigResourcesResponse>(version, body),
        _ => again::<wire::DescribeTopicPartitionsResponse>(version, body),
    }
}
