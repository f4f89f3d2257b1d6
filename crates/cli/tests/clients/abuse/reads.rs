//! Fetch, ListOffsets and requests whose arrays multiply: A6, A12, A22, A23, A25.

use super::row::{Reply, Row};
use crate::client::{FETCH, LIST_OFFSETS, fetch_request, frame, offsets_request};
use types::ErrorCode;
use wire::fetch_request::{FetchPartition, ReplicaState};
use wire::metadata_request::MetadataRequestTopic;
use wire::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use wire::{
    ApiKey, FetchRequest, FetchResponse, ListOffsetsResponse, MetadataRequest, OffsetForLeaderEpochRequest,
};

/// What a frame with thousands of names and its answer may take. *Units*: KiB.
const WIDE: u64 = 8 * 1024;
/// The line of the differences for frames that memory does not allow.
const TOO_LARGE: &str = "a request without records of more than";

/// The rows.
pub(super) fn rows() -> Vec<Row> {
    [arrays(), fetches(), sessions(), replicas(), epochs()].into_iter().flatten().collect()
}

/// Codes of the partitions, or that of the whole.
fn codes(answer: &FetchResponse) -> Vec<i16> {
    if answer.error_code != 0 {
        return vec![answer.error_code];
    }
    answer.responses.iter().flat_map(|t| t.partitions.iter().map(|p| p.error_code)).collect()
}

fn of_offsets(answer: &ListOffsetsResponse) -> Vec<i16> {
    answer.topics.iter().flat_map(|t| t.partitions.iter().map(|p| p.error_code)).collect()
}

fn fetch(number: u8, what: &str, request: &FetchRequest, expected: &[ErrorCode]) -> Row {
    Row::asks(number, what, (request, FETCH), codes, expected)
}

fn arrays() -> Vec<Row> {
    let topic = MetadataRequestTopic { name: Some("target".into()), ..MetadataRequestTopic::default() };
    let metadata =
        |count| MetadataRequest { topics: Some(vec![topic.clone(); count]), ..MetadataRequest::default() };
    let of = |answer: &wire::MetadataResponse| answer.topics.iter().map(|t| t.error_code).collect();
    vec![
        Row::asks(6, "one topic 5,000 times", (&metadata(5_000), 9), of, &[ErrorCode::None]).within(WIDE),
        Row::closes(6, "one topic 500,000 times", frame(&metadata(500_000), 9, 7)).stricter(TOO_LARGE),
        fetch(6, "3,000 partitions of one topic", &partitions("nowhere", 3_000), &unknown(3_000))
            .within(WIDE),
    ]
}

fn unknown(count: usize) -> Vec<ErrorCode> {
    vec![ErrorCode::UnknownTopicOrPartition; count]
}

/// A fetch of so many partitions.
fn partitions(topic: &str, count: i32) -> FetchRequest {
    let mut request = fetch_request(topic, 0);
    let first = request.topics[0].partitions[0].clone();
    request.topics[0].partitions =
        (0..count).map(|partition| FetchPartition { partition, ..first.clone() }).collect();
    request
}

/// A fetch whose partition is changed.
fn one(change: impl FnOnce(&mut FetchPartition)) -> FetchRequest {
    let mut request = fetch_request("target", 0);
    change(&mut request.topics[0].partitions[0]);
    request
}

fn fetches() -> Vec<Row> {
    let greedy = FetchRequest {
        max_bytes: i32::MAX,
        min_bytes: i32::MIN,
        max_wait_ms: -1,
        ..one(|partition| partition.partition_max_bytes = i32::MAX)
    };
    let none = FetchRequest { max_bytes: -1, ..one(|partition| partition.partition_max_bytes = -1) };
    let patient = FetchRequest { min_bytes: i32::MAX, max_wait_ms: 1, ..fetch_request("target", 0) };
    let out_of_range = [ErrorCode::OffsetOutOfRange];
    vec![
        fetch(22, "at most 2^31 - 1 bytes, without waiting", &greedy, &[ErrorCode::None]),
        fetch(22, "at most -1 bytes", &none, &[ErrorCode::None]),
        fetch(22, "at least 2^31 - 1 bytes", &patient, &[ErrorCode::None]),
        fetch(22, "offset -5", &fetch_request("target", -5), &out_of_range),
        fetch(22, "offset 2^63 - 1", &fetch_request("target", i64::MAX), &out_of_range),
        Row::closes(22, "100,000 partitions", frame(&partitions("nowhere", 100_000), FETCH, 7))
            .stricter(TOO_LARGE),
    ]
}

fn sessions() -> Vec<Row> {
    let go_on =
        |session_id, session_epoch| FetchRequest { session_id, session_epoch, ..FetchRequest::default() };
    let mut twice = fetch_request("target", 0);
    let again = twice.topics[0].partitions[0].clone();
    twice.topics[0].partitions.push(again);
    let twice_in_offsets = {
        let mut request = offsets_request("target", -1);
        let again = request.topics[0].partitions[0].clone();
        request.topics[0].partitions.push(again);
        request
    };
    vec![
        fetch(22, "a session that was guessed", &go_on(12_345, 1), &[ErrorCode::FetchSessionIdNotFound]),
        fetch(22, "an epoch without a session", &go_on(0, 5), &[ErrorCode::FetchSessionIdNotFound]),
        Row::new(
            22,
            "a session at another epoch",
            Vec::new(),
            Reply::SessionEpoch(vec![ErrorCode::InvalidFetchSessionEpoch.code()]),
        ),
        fetch(12, "the same partition twice in Fetch", &twice, &[ErrorCode::InvalidRequest; 2])
            .stricter("the same partition twice in one Fetch"),
        Row::asks(
            12,
            "the same partition twice in ListOffsets",
            (&twice_in_offsets, LIST_OFFSETS),
            of_offsets,
            &[ErrorCode::InvalidRequest; 2],
        )
        .stricter("the same partition twice in one Produce"),
    ]
}

fn replicas() -> Vec<Row> {
    const REPLICA: &str = "Fetch with a replica id";
    let denied = [ErrorCode::ClusterAuthorizationFailed];
    let replica = FetchRequest { replica_id: 1, ..fetch_request("target", 0) };
    let state = FetchRequest {
        replica_state: ReplicaState { replica_id: 1, replica_epoch: 1 },
        ..FetchRequest::default()
    };
    vec![
        fetch(23, "a fetch that poses as a replica", &replica, &denied).stricter(REPLICA),
        Row::asks(23, "a fetch with the state of a replica", (&state, 17), codes, &denied).stricter(REPLICA),
    ]
}

fn epochs() -> Vec<Row> {
    let (fenced, unknown) = (ErrorCode::FencedLeaderEpoch, ErrorCode::UnknownLeaderEpoch);
    let mut rows = Vec::new();
    for (what, epoch, code) in [("an older", 0, fenced), ("a newer", 1_000, unknown)] {
        let what = format!("{what} leader epoch");
        let request = one(|partition| partition.current_leader_epoch = epoch);
        rows.push(fetch(25, &format!("{what} in Fetch"), &request, &[code]));
        let mut request = offsets_request("target", -1);
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        let in_offsets = format!("{what} in ListOffsets");
        rows.push(Row::asks(25, &in_offsets, (&request, LIST_OFFSETS), of_offsets, &[code]));
        let partition =
            OffsetForLeaderPartition { partition: 0, current_leader_epoch: epoch, leader_epoch: 0 };
        let topic = OffsetForLeaderTopic { topic: "target".into(), partitions: vec![partition] };
        let request = OffsetForLeaderEpochRequest { replica_id: -1, topics: vec![topic] };
        let of = |answer: &wire::OffsetForLeaderEpochResponse| {
            answer.topics.iter().flat_map(|t| t.partitions.iter().map(|p| p.error_code)).collect()
        };
        let row = Row::asks(25, &format!("{what} in OffsetForLeaderEpoch"), (&request, 4), of, &[code]);
        rows.push(row.needs(ApiKey::OffsetForLeaderEpoch));
    }
    rows
}
