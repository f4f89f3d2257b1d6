// Written by `cargo xtask codegen` from schema/; do not edit.

//! Every message, by a number that the fuzzer chooses.

use super::again;
use bytes::Bytes;

/// Decodes a request.
pub fn request(choice: u8, version: u8, body: Bytes) {
    match choice % 12 {
        0 => again::<wire::ProduceRequest>(version, body),
        1 => again::<wire::FetchRequest>(version, body),
        2 => again::<wire::ListOffsetsRequest>(version, body),
        3 => again::<wire::MetadataRequest>(version, body),
        4 => again::<wire::FindCoordinatorRequest>(version, body),
        5 => again::<wire::ApiVersionsRequest>(version, body),
        6 => again::<wire::CreateTopicsRequest>(version, body),
        7 => again::<wire::DeleteTopicsRequest>(version, body),
        8 => again::<wire::InitProducerIdRequest>(version, body),
        9 => again::<wire::DescribeConfigsRequest>(version, body),
        10 => again::<wire::DescribeClusterRequest>(version, body),
        _ => again::<wire::DescribeTopicPartitionsRequest>(version, body),
    }
}

/// Decodes a response.
pub fn response(choice: u8, version: u8, body: Bytes) {
    match choice % 12 {
        0 => again::<wire::ProduceResponse>(version, body),
        1 => again::<wire::FetchResponse>(version, body),
        2 => again::<wire::ListOffsetsResponse>(version, body),
        3 => again::<wire::MetadataResponse>(version, body),
        4 => again::<wire::FindCoordinatorResponse>(version, body),
        5 => again::<wire::ApiVersionsResponse>(version, body),
        6 => again::<wire::CreateTopicsResponse>(version, body),
        7 => again::<wire::DeleteTopicsResponse>(version, body),
        8 => again::<wire::InitProducerIdResponse>(version, body),
        9 => again::<wire::DescribeConfigsResponse>(version, body),
        10 => again::<wire::DescribeClusterResponse>(version, body),
        _ => again::<wire::DescribeTopicPartitionsResponse>(version, body),
    }
}
