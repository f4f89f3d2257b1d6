//! Frames and headers.

use bytes::Bytes;
use wire::{APIS, ApiKey, DecodeError, Message, Reader, Records, RequestHeader, RequestId};

fn joined(chunks: Vec<Bytes>) -> Bytes {
    Records::from_parts(chunks).into_bytes()
}

/// Protects: A1 and A3, a length outside the legal range closes before anything is allocated.
#[test]
fn frame_lengths() {
    assert_eq!(wire::request_length([0, 0, 1, 0], 1000), Ok(256));
    assert_eq!(wire::request_length([0, 0, 0, 8], 1000), Ok(8));
    for length in [0, 7, -1, i32::MIN, 1001, i32::MAX] {
        let error = wire::request_length(length.to_be_bytes(), 1000).unwrap_err();
        assert_eq!((error.length, error.max), (length, 1000));
    }
}

/// Protects: A3, a frame shorter than the fixed part of the header is an error, not a panic.
#[test]
fn short_headers() {
    for len in 0..8 {
        let error = RequestHeader::decode(&mut Reader::new(Bytes::from(vec![0; len]))).unwrap_err();
        assert_eq!(error, DecodeError::Truncated { wanted: 8, left: len });
    }
    let no_client_id = Bytes::from_static(&[0, 3, 0, 4, 0, 0, 0, 1]);
    assert!(RequestHeader::decode(&mut Reader::new(no_client_id)).is_err());
}

/// Protects: an unknown API or version still gives the correlation id, for the answer or the log.
#[test]
fn unknown_apis_are_identified() {
    for (key, version) in [(999, 0), (18, 99), (0, 2)] {
        let id = RequestId { api_key: key, api_version: version, correlation_id: 5 };
        let mut bytes = [id.api_key.to_be_bytes(), id.api_version.to_be_bytes()].concat();
        bytes.extend(5i32.to_be_bytes());
        let header = RequestHeader::decode(&mut Reader::new(bytes.into())).unwrap();
        assert_eq!(header, RequestHeader { id, client_id: None });
        assert_eq!(wire::request_header_version(key, version), None);
    }
}

/// Protects: the response to ApiVersions has header 0 in every version.
#[test]
fn header_versions() {
    assert_eq!(wire::response_header_version(18, 4), 0);
    assert_eq!(wire::request_header_version(18, 3), Some(2));
    assert_eq!((wire::response_header_version(1, 11), wire::response_header_version(1, 12)), (0, 1));
    assert_eq!(
        (wire::request_header_version(1, 11), wire::request_header_version(1, 12)),
        (Some(1), Some(2))
    );
}

/// Protects: a frame begins with the length of what follows, and both sides understand each other.
#[test]
fn frames() {
    let request = wire::MetadataRequest::default();
    let frame = joined(wire::request_frame(9, Some("me"), &request, 12).unwrap());
    assert_eq!(wire::request_length(frame[..4].try_into().unwrap(), 1000), Ok(frame.len() - 4));
    let mut reader = Reader::new(frame.slice(4..));
    let header = RequestHeader::decode(&mut reader).unwrap();
    assert_eq!(header.id, RequestId { api_key: 3, api_version: 12, correlation_id: 9 });
    assert_eq!(header.client_id.as_deref(), Some("me"));
    assert_eq!(wire::MetadataRequest::decode(&mut reader, 12), Ok(request));
    assert_eq!(reader.finish(), Ok(()));
    let response = wire::ApiVersionsResponse::default();
    let frame = joined(wire::response_frame(9, &response, 3).unwrap());
    let (header, read) = wire::read_response::<wire::ApiVersionsResponse>(frame.slice(4..), 3).unwrap();
    assert_eq!((header.correlation_id, read), (9, response));
}

/// Protects: the table of APIs is that of Kafka 4.3.1 (kafka-surface 1), the unstable version of
/// InitProducerId is not announced.
#[test]
fn table_of_apis() {
    let facts: Vec<_> = APIS.iter().map(|a| (a.key, a.name, a.min, a.max, a.flexible_from)).collect();
    let expected = [
        (0, "Produce", 3, 13, 9),
        (1, "Fetch", 4, 18, 12),
        (2, "ListOffsets", 1, 11, 6),
        (3, "Metadata", 0, 13, 9),
        (8, "OffsetCommit", 2, 10, 8),
        (9, "OffsetFetch", 1, 10, 6),
        (10, "FindCoordinator", 0, 6, 3),
        (11, "JoinGroup", 0, 9, 6),
        (12, "Heartbeat", 0, 4, 4),
        (13, "LeaveGroup", 0, 5, 4),
        (14, "SyncGroup", 0, 5, 4),
        (15, "DescribeGroups", 0, 6, 5),
        (16, "ListGroups", 0, 5, 3),
        (17, "SaslHandshake", 0, 1, i16::MAX),
        (18, "ApiVersions", 0, 4, 3),
        (19, "CreateTopics", 2, 7, 5),
        (20, "DeleteTopics", 1, 6, 4),
        (21, "DeleteRecords", 0, 2, 2),
        (22, "InitProducerId", 0, 5, 2),
        (23, "OffsetForLeaderEpoch", 2, 4, 4),
        (24, "AddPartitionsToTxn", 0, 5, 3),
        (25, "AddOffsetsToTxn", 0, 4, 3),
        (26, "EndTxn", 0, 5, 3),
        (27, "WriteTxnMarkers", 1, 2, 1),
        (28, "TxnOffsetCommit", 0, 5, 3),
        (29, "DescribeAcls", 1, 3, 2),
        (30, "CreateAcls", 1, 3, 2),
        (31, "DeleteAcls", 1, 3, 2),
        (32, "DescribeConfigs", 1, 4, 4),
        (33, "AlterConfigs", 0, 2, 2),
        (35, "DescribeLogDirs", 1, 5, 2),
        (37, "CreatePartitions", 0, 3, 2),
        (42, "DeleteGroups", 0, 2, 2),
        (44, "IncrementalAlterConfigs", 0, 1, 1),
        (47, "OffsetDelete", 0, 0, i16::MAX),
        (55, "DescribeQuorum", 0, 2, 0),
        (57, "UpdateFeatures", 0, 2, 0),
        (60, "DescribeCluster", 0, 2, 0),
        (61, "DescribeProducers", 0, 0, 0),
        (65, "DescribeTransactions", 0, 0, 0),
        (66, "ListTransactions", 0, 2, 0),
        (68, "ConsumerGroupHeartbeat", 0, 1, 0),
        (69, "ConsumerGroupDescribe", 0, 1, 0),
        (74, "ListConfigResources", 0, 1, 0),
        (75, "DescribeTopicPartitions", 0, 0, 0),
    ];
    assert_eq!(facts, expected);
    assert!(ApiKey::InitProducerId.in_schema(6) && !ApiKey::InitProducerId.info().supports(6));
    assert!(APIS.iter().all(|api| api.on_broker));
    assert_eq!(APIS.iter().filter(|api| api.on_controller).count(), 15);
}
