//! Requests of transactions: A9, A12, A24, A36, ids and epochs of others, ends of nothing.

use super::row::{Reply, Row};
use crate::client::frame;
use types::ErrorCode;
use wire::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use wire::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
use wire::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, EndTxnRequest, EndTxnResponse,
    FindCoordinatorRequest, InitProducerIdRequest, InitProducerIdResponse, WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
};

/// Memory that a flood of ids may take. *Units*: KiB.
const FLOOD: u64 = 16 * 1024;
const IDS: usize = 2_000;

/// The rows. The first makes the topic of the coordinators.
pub(super) fn rows() -> Vec<Row> {
    [names(), partitions(), marks(), producers(), ends()].into_iter().flatten().collect()
}

fn names() -> Vec<Row> {
    let find =
        FindCoordinatorRequest { key: "abused".into(), key_type: 1, ..FindCoordinatorRequest::default() };
    let mut bytes = frame(&init("abused"), 1, 7);
    let at = bytes.windows(6).position(|bytes| bytes == b"abused").unwrap();
    bytes[at] = 0xff;
    vec![
        Row::asks(
            9,
            "the coordinator of a transactional id",
            (&find, 3),
            |a| vec![a.error_code],
            &[ErrorCode::None],
        ),
        Row::closes(9, "a transactional id that is no UTF-8", bytes),
    ]
}

fn add(topics: Vec<AddPartitionsToTxnTopic>) -> AddPartitionsToTxnRequest {
    AddPartitionsToTxnRequest {
        v3_and_below_transactional_id: "abused".into(),
        v3_and_below_producer_id: 1,
        v3_and_below_topics: topics,
        ..AddPartitionsToTxnRequest::default()
    }
}

fn added(answer: &AddPartitionsToTxnResponse) -> Vec<i16> {
    let topics = answer.results_by_topic_v3_and_below.iter();
    let mut codes: Vec<i16> =
        topics.flat_map(|topic| topic.results_by_partition.iter().map(|p| p.partition_error_code)).collect();
    codes.dedup();
    codes
}

fn partitions() -> Vec<Row> {
    let topic = |name: &str, partitions: Vec<i32>| AddPartitionsToTxnTopic { name: name.into(), partitions };
    let twice = add(vec![topic("target", vec![0, 1, 0])]);
    let apart = add(vec![topic("target", vec![0]), topic("target", vec![0])]);
    let many = add(vec![topic("target", (0..10_000).collect())]);
    let (invalid, other) = (ErrorCode::InvalidRequest, ErrorCode::OperationNotAttempted);
    let unknown = ErrorCode::UnknownTopicOrPartition;
    let line = "the same partition twice in AddPartitionsToTxn";
    vec![
        Row::asks(
            12,
            "the same partition twice in AddPartitionsToTxn",
            (&twice, 3),
            added,
            &[invalid, other],
        )
        .stricter(line),
        Row::asks(12, "the same topic twice in AddPartitionsToTxn", (&apart, 3), added, &[invalid])
            .stricter(line),
        Row::asks(12, "10,000 partitions in AddPartitionsToTxn", (&many, 3), added, &[unknown, other]),
    ]
}

fn marks() -> Vec<Row> {
    let topic = |indexes: &[i32]| WritableTxnMarkerTopic {
        name: "target".into(),
        partition_indexes: indexes.to_vec(),
    };
    let request = |transaction_result, indexes: &[i32]| WriteTxnMarkersRequest {
        markers: vec![WritableTxnMarker {
            producer_id: 4_711,
            transaction_result,
            topics: vec![topic(indexes)],
            ..WritableTxnMarker::default()
        }],
    };
    let codes = |answer: &WriteTxnMarkersResponse| -> Vec<i16> {
        answer.markers[0].topics[0].partitions.iter().map(|partition| partition.error_code).collect()
    };
    let (commit, twice) = (request(true, &[0]), request(false, &[0, 0]));
    let denied = [ErrorCode::ClusterAuthorizationFailed];
    vec![
        Row::asks(24, "a client that commits with marks", (&commit, 1), codes, &denied)
            .stricter("WriteTxnMarkers from a client"),
        Row::asks(12, "two marks for one partition", (&twice, 1), codes, &[ErrorCode::InvalidRequest; 2])
            .stricter("two marks of one producer for one partition"),
    ]
}

fn init(id: &str) -> InitProducerIdRequest {
    InitProducerIdRequest {
        transactional_id: Some(id.into()),
        transaction_timeout_ms: 60_000,
        ..InitProducerIdRequest::default()
    }
}

fn producers() -> Vec<Row> {
    let code = |answer: &InitProducerIdResponse| vec![answer.error_code];
    let asks = |what: &str, request: InitProducerIdRequest, expected: ErrorCode| {
        Row::asks(36, what, (&request, 5), code, &[expected])
    };
    let mut rows: Vec<Row> = [0, -1, i32::MIN, 900_001, i32::MAX]
        .into_iter()
        .map(|transaction_timeout_ms| {
            let request = InitProducerIdRequest { transaction_timeout_ms, ..init("abused") };
            let what = format!("a transaction time-out of {transaction_timeout_ms} ms");
            asks(&what, request, ErrorCode::InvalidTransactionTimeout)
        })
        .collect();
    let half = InitProducerIdRequest { producer_id: 7, ..init("abused") };
    let flood = (0..IDS).flat_map(|n| frame(&init(&format!("flood {n}")), 5, 7)).collect();
    rows.extend([
        asks("an empty transactional id", init(""), ErrorCode::InvalidRequest),
        asks("a producer without an epoch", half, ErrorCode::InvalidRequest),
        Row::new(36, "a flood of transactional ids", flood, Reply::Answers(IDS)).within(FLOOD),
    ]);
    rows
}

fn ends() -> Vec<Row> {
    let end = |id: &str, producer_id, producer_epoch| EndTxnRequest {
        transactional_id: id.into(),
        producer_id,
        producer_epoch,
        committed: true,
    };
    let code = |answer: &EndTxnResponse| vec![answer.error_code];
    let asks =
        |what: &str, request: EndTxnRequest, expected| Row::asks(36, what, (&request, 5), code, &[expected]);
    vec![
        asks("an end of nothing", end("nobody", 7, 0), ErrorCode::InvalidProducerIdMapping),
        asks("an end by another producer", end("flood 0", i64::MAX, 0), ErrorCode::InvalidProducerIdMapping),
        asks("an end without an id", end("", 7, 0), ErrorCode::InvalidRequest),
        asks(
            "an end of an impossible producer",
            end("flood 0", i64::MIN, i16::MIN),
            ErrorCode::InvalidProducerIdMapping,
        ),
    ]
}
