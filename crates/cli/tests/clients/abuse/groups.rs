//! Requests of groups: A12, A34, A35.

use super::row::Row;
use crate::client::frame;
use bytes::Bytes;
use types::ErrorCode;
use wire::join_group_request::JoinGroupRequestProtocol;
use wire::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use wire::{
    HeartbeatRequest, JoinGroupRequest, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest,
    SyncGroupRequest,
};

/// The rows.
pub(super) fn rows() -> Vec<Row> {
    [joins(), strangers(), commits()].into_iter().flatten().collect()
}

fn join(protocols: Vec<JoinGroupRequestProtocol>) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: "abused".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        protocol_type: "consumer".into(),
        protocols,
        ..JoinGroupRequest::default()
    }
}

fn protocol(name: &str, bytes: usize) -> JoinGroupRequestProtocol {
    JoinGroupRequestProtocol { name: name.into(), metadata: Bytes::from(vec![7; bytes]) }
}

fn joins() -> Vec<Row> {
    let asks = |what: &str, request: JoinGroupRequest, version, code| {
        let of = |answer: &wire::JoinGroupResponse| vec![answer.error_code];
        Row::asks(34, what, (&request, version), of, &[code])
    };
    let one = || join(vec![protocol("range", 10)]);
    let many: Vec<_> = (0..10_000).map(|n| protocol(&format!("p{n}"), 10)).collect();
    let mut rows: Vec<Row> = [0, -1, i32::MIN, 5_999, 1_800_001, i32::MAX]
        .into_iter()
        .map(|session_timeout_ms| {
            let what = format!("a session time-out of {session_timeout_ms} ms");
            let request = JoinGroupRequest { session_timeout_ms, ..one() };
            asks(&what, request, 9, ErrorCode::InvalidSessionTimeout)
        })
        .collect();
    let named = |member_id: String| JoinGroupRequest { member_id, ..one() };
    rows.extend([
        asks("10,000 protocols", join(many), 9, ErrorCode::MemberIdRequired),
        asks("no protocols", join(Vec::new()), 9, ErrorCode::InconsistentGroupProtocol),
        // A frame without records is bounded by the memory there is.
        Row::closes(34, "10 MB of metadata", frame(&join(vec![protocol("range", 10 << 20)]), 3, 7)),
        asks(
            "a group without a name",
            JoinGroupRequest { group_id: String::new(), ..one() },
            9,
            ErrorCode::InvalidGroupId,
        ),
        asks("an unknown member", named("nobody".into()), 9, ErrorCode::UnknownMemberId),
        asks("a member's name of 30,000 bytes", named("x".repeat(30_000)), 9, ErrorCode::UnknownMemberId),
    ]);
    rows
}

fn strangers() -> Vec<Row> {
    let group_id = "abused".to_owned();
    let sync = SyncGroupRequest {
        group_id: group_id.clone(),
        generation_id: i32::MAX,
        member_id: "nobody".into(),
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        ..SyncGroupRequest::default()
    };
    let unnamed = SyncGroupRequest { protocol_name: None, ..sync.clone() };
    let heartbeat = HeartbeatRequest { group_id, generation_id: -1, ..HeartbeatRequest::default() };
    let synced = |answer: &wire::SyncGroupResponse| vec![answer.error_code];
    let beaten = |answer: &wire::HeartbeatResponse| vec![answer.error_code];
    let fetched = |answer: &wire::OffsetFetchResponse| vec![answer.error_code];
    let unknown = [ErrorCode::UnknownMemberId];
    vec![
        Row::asks(34, "an assignment from nobody", (&sync, 5), synced, &unknown),
        Row::asks(
            34,
            "an assignment of no protocol",
            (&unnamed, 5),
            synced,
            &[ErrorCode::InconsistentGroupProtocol],
        ),
        Row::asks(34, "a heartbeat from nobody", (&heartbeat, 4), beaten, &unknown),
        Row::asks(
            35,
            "offsets of a group without a name",
            (&OffsetFetchRequest::default(), 6),
            fetched,
            &[ErrorCode::None],
        ),
    ]
}

fn partition(index: i32, offset: i64, text: usize) -> OffsetCommitRequestPartition {
    OffsetCommitRequestPartition {
        partition_index: index,
        committed_offset: offset,
        committed_leader_epoch: -1,
        committed_metadata: Some("x".repeat(text)),
    }
}

fn commits() -> Vec<Row> {
    let asks = |number, what: &str, topic: &str, partitions, codes: &[ErrorCode]| {
        let topic = OffsetCommitRequestTopic {
            name: topic.into(),
            partitions,
            ..OffsetCommitRequestTopic::default()
        };
        let request = OffsetCommitRequest {
            group_id: "abused-offsets".into(),
            generation_id_or_member_epoch: -1,
            topics: vec![topic],
            ..OffsetCommitRequest::default()
        };
        let of = |answer: &OffsetCommitResponse| {
            answer.topics.iter().flat_map(|t| t.partitions.iter().map(|p| p.error_code)).collect()
        };
        Row::asks(number, what, (&request, 8), of, codes)
    };
    let (invalid, unknown) = (ErrorCode::InvalidRequest, ErrorCode::UnknownTopicOrPartition);
    let too_large = ErrorCode::OffsetMetadataTooLarge;
    vec![
        asks(
            12,
            "the same partition twice in OffsetCommit",
            "target",
            vec![partition(0, 1, 0), partition(1, 1, 0), partition(0, 2, 0)],
            &[invalid, ErrorCode::None, invalid],
        )
        .stricter("the same partition twice in one OffsetCommit"),
        asks(35, "metadata of 4,097 bytes", "target", vec![partition(0, 1, 4_097)], &[too_large]),
        asks(35, "metadata of 30,000 bytes", "target", vec![partition(0, 1, 30_000)], &[too_large]),
        asks(
            35,
            "negative offsets",
            "target",
            vec![partition(0, -1, 0), partition(1, i64::MIN, 0)],
            &[invalid, invalid],
        )
        .stricter("a negative offset in OffsetCommit"),
        asks(35, "an unknown topic", "unknown", vec![partition(0, 1, 0)], &[unknown]),
        asks(
            35,
            "an unknown partition",
            "target",
            vec![partition(99, 1, 0), partition(-1, 1, 0)],
            &[unknown, unknown],
        ),
    ]
}
