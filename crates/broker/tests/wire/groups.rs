//! Classic groups over the wire: every API of theirs, what survives a restart, and what their settings do.
//!
//! What a group does in which state is in the scripts of the crate coordinator.

use crate::batches::batch;
use crate::client::{Client, frame};
use crate::harness::{Broker, folder};
use bytes::Bytes;
use types::{ErrorCode, Uuid};
use wire::consumer_group_describe_request::ConsumerGroupDescribeRequest;
use wire::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use wire::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use wire::leave_group_request::MemberIdentity;
use wire::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use wire::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use wire::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use wire::record::Batches;
use wire::sync_group_request::SyncGroupRequestAssignment;
use wire::{
    ApiKey, DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, FindCoordinatorRequest,
    HeartbeatRequest, JoinGroupResponse, LeaveGroupRequest, ListGroupsRequest, MetadataRequest,
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetFetchRequest, SyncGroupRequest,
    SyncGroupResponse,
};

/// Versions of requests that the tests use where any will do.
const JOIN: i16 = 9;
const SYNC: i16 = 5;
const HEARTBEAT: i16 = 4;
const LEAVE: i16 = 5;
pub const COMMIT: i16 = 9;
const FETCH_OFFSETS: i16 = 9;
/// The first rebalance waits for nobody.
pub const AT_ONCE: (&str, &str) = ("group.initial.rebalance.delay.ms", "0");

/// Sends an ordinary request of a group in a version and returns the codes that are not expected.
pub fn ask(client: &mut Client, api: ApiKey, version: i16, topic: (&str, Uuid)) -> Vec<i16> {
    let expected = |code: i16, expected: ErrorCode| {
        assert_eq!(code, expected.code(), "{api:?} {version}");
        vec![0]
    };
    match api {
        ApiKey::OffsetCommit => {
            let answer = client.call(&commit_request(topic, "outside", 5), version);
            vec![answer.topics[0].partitions[0].error_code]
        }
        ApiKey::OffsetFetch => fetch_codes(client, version, topic),
        ApiKey::JoinGroup => {
            let mut request = join_request(&format!("join-{version}"), "");
            request.group_instance_id = None;
            let answer = client.call(&request, version);
            let code = if version >= 4 { ErrorCode::MemberIdRequired } else { ErrorCode::None };
            expected(answer.error_code, code)
        }
        ApiKey::Heartbeat => {
            let request = HeartbeatRequest { group_id: "none".into(), ..HeartbeatRequest::default() };
            expected(client.call(&request, version).error_code, ErrorCode::UnknownMemberId)
        }
        ApiKey::LeaveGroup => {
            let members = if version >= 3 { vec![MemberIdentity::default()] } else { Vec::new() };
            let request =
                LeaveGroupRequest { group_id: "none".into(), members, ..LeaveGroupRequest::default() };
            let answer = client.call(&request, version);
            // From version 3 on it stands at each member.
            let code = answer.members.first().map_or(answer.error_code, |member| member.error_code);
            expected(code, ErrorCode::UnknownMemberId)
        }
        ApiKey::SyncGroup => {
            let mut request = sync_request("none", "x", 1, &[]);
            if version < 5 {
                (request.protocol_type, request.protocol_name) = (None, None);
            }
            expected(client.call(&request, version).error_code, ErrorCode::UnknownMemberId)
        }
        ApiKey::DescribeGroups => {
            let request =
                DescribeGroupsRequest { groups: vec!["none".into()], ..DescribeGroupsRequest::default() };
            let answer = client.call(&request, version);
            assert_eq!(answer.groups[0].group_state, "Dead");
            expected(
                answer.groups[0].error_code,
                if version >= 6 { ErrorCode::GroupIdNotFound } else { ErrorCode::None },
            )
        }
        ApiKey::ConsumerGroupHeartbeat => {
            let request = ConsumerGroupHeartbeatRequest {
                group_id: format!("reader-{version}"),
                member_id: "reader".into(),
                rebalance_timeout_ms: 60_000,
                subscribed_topic_names: Some(vec![topic.0.into()]),
                topic_partitions: Some(Vec::new()),
                ..ConsumerGroupHeartbeatRequest::default()
            };
            let answer = client.call(&request, version);
            let told = answer.assignment.expect("it joins").topic_partitions;
            assert_eq!((told[0].topic_id, answer.member_epoch), (topic.1, 2));
            vec![answer.error_code]
        }
        ApiKey::ConsumerGroupDescribe => {
            let group_ids = vec!["none".into()];
            let request =
                ConsumerGroupDescribeRequest { group_ids, ..ConsumerGroupDescribeRequest::default() };
            expected(client.call(&request, version).groups[0].error_code, ErrorCode::GroupIdNotFound)
        }
        ApiKey::ListGroups => {
            let answer = client.call(&ListGroupsRequest::default(), version);
            assert!(answer.groups.iter().any(|group| group.group_id == "outside"), "{answer:?}");
            vec![answer.error_code]
        }
        ApiKey::DeleteGroups => {
            let request = DeleteGroupsRequest { groups_names: vec!["none".into(), "none".into()] };
            let answer = client.call(&request, version);
            assert_eq!(answer.results.len(), 1, "twice is once");
            expected(answer.results[0].error_code, ErrorCode::GroupIdNotFound)
        }
        _ => {
            let partitions = vec![OffsetDeleteRequestPartition { partition_index: 0 }];
            let topics = vec![OffsetDeleteRequestTopic { name: topic.0.into(), partitions }];
            let answer = client.call(&OffsetDeleteRequest { group_id: "outside".into(), topics }, version);
            vec![answer.error_code, answer.topics[0].partitions[0].error_code]
        }
    }
}

fn fetch_codes(client: &mut Client, version: i16, (name, topic_id): (&str, Uuid)) -> Vec<i16> {
    let mut request = OffsetFetchRequest::default();
    if version < 8 {
        let topic = OffsetFetchRequestTopic { name: name.into(), partition_indexes: vec![0] };
        request.group_id = "outside".into();
        request.topics = Some(vec![topic]);
        let answer = client.call(&request, version);
        assert_eq!(answer.topics[0].partitions[0].committed_offset, 5);
        return vec![answer.error_code, answer.topics[0].partitions[0].error_code];
    }
    let mut topic =
        OffsetFetchRequestTopics { partition_indexes: vec![0], ..OffsetFetchRequestTopics::default() };
    if version >= 10 {
        topic.topic_id = topic_id;
    } else {
        topic.name = name.into();
    }
    let group = |topics| OffsetFetchRequestGroup {
        group_id: "outside".into(),
        topics,
        ..OffsetFetchRequestGroup::default()
    };
    request.groups = vec![group(Some(vec![topic])), group(None)];
    let answer = client.call(&request, version);
    let found = |n: usize| &answer.groups[n].topics[0].partitions[0];
    assert_eq!((found(0).committed_offset, found(1).committed_offset), (5, 5));
    vec![answer.groups[0].error_code, answer.groups[1].error_code, found(0).error_code]
}

pub fn commit_request((name, topic_id): (&str, Uuid), group: &str, offset: i64) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition {
        committed_offset: offset,
        committed_leader_epoch: -1,
        ..OffsetCommitRequestPartition::default()
    };
    let topic = OffsetCommitRequestTopic { name: name.into(), topic_id, partitions: vec![partition] };
    OffsetCommitRequest {
        group_id: group.into(),
        generation_id_or_member_epoch: -1,
        topics: vec![topic],
        ..OffsetCommitRequest::default()
    }
}

pub fn join_request(group: &str, member: &str) -> JoinGroupRequest {
    let protocol =
        JoinGroupRequestProtocol { name: "range".into(), metadata: Bytes::from_static(b"anything") };
    JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        member_id: member.into(),
        protocol_type: "test".into(),
        protocols: vec![protocol],
        ..JoinGroupRequest::default()
    }
}

fn sync_request(
    group: &str,
    member: &str,
    generation: i32,
    assignments: &[(&str, &'static str)],
) -> SyncGroupRequest {
    let assignments = assignments.iter().map(|(member, assignment)| SyncGroupRequestAssignment {
        member_id: (*member).into(),
        assignment: Bytes::from_static(assignment.as_bytes()),
    });
    SyncGroupRequest {
        group_id: group.into(),
        generation_id: generation,
        member_id: member.into(),
        protocol_type: Some("test".into()),
        protocol_name: Some("range".into()),
        assignments: assignments.collect(),
        ..SyncGroupRequest::default()
    }
}

/// Looks for the coordinator of a group, which makes the offsets topic.
pub fn find_coordinator(client: &mut Client, group: &str) {
    let request =
        FindCoordinatorRequest { coordinator_keys: vec![group.into()], ..FindCoordinatorRequest::default() };
    let answer = client.call(&request, 6);
    assert_eq!((answer.coordinators[0].error_code, answer.coordinators[0].node_id), (0, 1));
}

/// Joins with the id that the coordinator gives.
pub fn join(client: &mut Client, group: &str) -> JoinGroupResponse {
    let first = client.call(&join_request(group, ""), JOIN);
    assert_eq!(first.error_code, ErrorCode::MemberIdRequired.code());
    client.call(&join_request(group, &first.member_id), JOIN)
}

pub fn sync(client: &mut Client, group: &str, member: &str, generation: i32) -> SyncGroupResponse {
    client.call(&sync_request(group, member, generation, &[(member, "mine")]), SYNC)
}

fn heartbeat(client: &mut Client, group: &str, member: &str, generation: i32) -> i16 {
    let request = HeartbeatRequest {
        group_id: group.into(),
        generation_id: generation,
        member_id: member.into(),
        group_instance_id: None,
    };
    client.call(&request, HEARTBEAT).error_code
}

pub fn commit(client: &mut Client, group: &str, who: (&str, i32), offset: i64) -> i16 {
    let mut request = commit_request(("topic", Uuid::ZERO), group, offset);
    (request.member_id, request.generation_id_or_member_epoch) = (who.0.into(), who.1);
    client.call(&request, COMMIT).topics[0].partitions[0].error_code
}

pub fn committed(client: &mut Client, group: &str) -> i64 {
    let topic = OffsetFetchRequestTopics {
        name: "topic".into(),
        partition_indexes: vec![0],
        ..OffsetFetchRequestTopics::default()
    };
    let group = OffsetFetchRequestGroup {
        group_id: group.into(),
        topics: Some(vec![topic]),
        ..OffsetFetchRequestGroup::default()
    };
    let request = OffsetFetchRequest { groups: vec![group], ..OffsetFetchRequest::default() };
    let answer = client.call(&request, FETCH_OFFSETS);
    assert_eq!(answer.groups[0].error_code, 0);
    answer.groups[0].topics[0].partitions[0].committed_offset
}

/// Protects: a member joins, gets its assignment, commits and leaves; after a restart the group and its offset are there, and
/// the member goes on without joining again.
#[test]
fn a_group_survives_a_restart() {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &[AT_ONCE]);
    let mut client = broker.connect();
    client.create("topic", 1);
    find_coordinator(&mut client, "group");
    let joined = join(&mut client, "group");
    assert_eq!((joined.error_code, joined.generation_id, joined.members.len()), (0, 1, 1));
    let member = joined.member_id;
    assert_eq!(sync(&mut client, "group", &member, 1).assignment, "mine");
    assert_eq!(commit(&mut client, "group", (&member, 1), 42), 0);
    assert_eq!(commit(&mut client, "group", (&member, 0), 7), ErrorCode::IllegalGeneration.code());
    drop(client);
    broker.stop();
    let broker = Broker::start_with_settings(dir.path(), &[AT_ONCE]);
    let mut client = broker.connect();
    until_loaded(&mut client, "group");
    assert_eq!(committed(&mut client, "group"), 42);
    assert_eq!(heartbeat(&mut client, "group", &member, 1), 0);
    assert_eq!(sync(&mut client, "group", &member, 1).assignment, "mine");
    let members = vec![MemberIdentity { member_id: member.clone(), ..MemberIdentity::default() }];
    let leave = LeaveGroupRequest { group_id: "group".into(), members, ..LeaveGroupRequest::default() };
    assert_eq!(client.call(&leave, LEAVE).members[0].error_code, 0);
    assert_eq!(heartbeat(&mut client, "group", &member, 1), ErrorCode::UnknownMemberId.code());
    let delete = DeleteGroupsRequest { groups_names: vec!["group".into()] };
    assert_eq!(client.call(&delete, 2).results[0].error_code, 0);
    assert_eq!(committed(&mut client, "group"), -1);
}

/// Waits until the coordinator of a group has read its log.
pub fn until_loaded(client: &mut Client, group: &str) {
    let request = DescribeGroupsRequest { groups: vec![group.into()], ..DescribeGroupsRequest::default() };
    let loading = ErrorCode::CoordinatorLoadInProgress.code();
    while client.call(&request, 5).groups[0].error_code == loading {
        std::thread::yield_now();
    }
}

/// Protects: what is committed to a topic goes with it; one of the same name that is made later has none of it, whether the
/// broker was stopped between or not.
#[test]
fn a_namesake_of_a_topic_has_no_offsets() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    find_coordinator(&mut client, "group");
    assert_eq!(commit(&mut client, "group", ("", -1), 42), 0);
    crate::idempotence::delete(&mut client, "topic");
    client.create("topic", 1);
    assert_eq!(committed(&mut client, "group"), -1);
    assert_eq!(commit(&mut client, "group", ("", -1), 3), 0);
    drop(client);
    broker.stop();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    until_loaded(&mut client, "group");
    assert_eq!(committed(&mut client, "group"), 3);
}

/// Protects: clients cannot write to the offsets topic, and what is in it is not taken for theirs.
#[test]
fn the_offsets_topic_is_internal() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    find_coordinator(&mut client, "group");
    let answer = client.produce("__consumer_offsets", &batch(&["x"]));
    assert_eq!(answer.error_code, ErrorCode::InvalidTopicException.code());
}

/// Protects: a client that goes away while it waits for others to join frees its connection, also with a commit behind the
/// join; and the broker stops in order while one waits.
#[test]
fn a_waiting_join_holds_nothing_up() {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &[("group.initial.rebalance.delay.ms", "60000")]);
    let mut client = broker.connect();
    find_coordinator(&mut client, "group");
    let first = client.call(&join_request("group", ""), JOIN);
    client.send(&join_request("group", &first.member_id), JOIN);
    let mut other = broker.connect();
    let second = other.call(&join_request("group", ""), JOIN);
    other.send(&join_request("group", &second.member_id), JOIN);
    other.send(&commit_request(("topic", Uuid::ZERO), "group", 1), COMMIT);
    other.finish();
    let code = other.read_frame().map(|frame| i16::from_be_bytes([frame[9], frame[10]]));
    assert_eq!(code, Some(ErrorCode::CoordinatorNotAvailable.code()), "it said that nothing more comes");
    broker.stop();
}

/// Protects: group.min.session.timeout.ms, group.max.session.timeout.ms, group.max.size, group.initial.rebalance.delay.ms
/// and offset.metadata.max.bytes do what they say.
#[test]
fn limits_of_groups_act() {
    let dir = folder();
    let settings = [
        AT_ONCE,
        ("group.min.session.timeout.ms", "9000"),
        ("group.max.session.timeout.ms", "11000"),
        ("group.max.size", "1"),
        ("offset.metadata.max.bytes", "3"),
    ];
    let broker = Broker::start_with_settings(dir.path(), &settings);
    let mut client = broker.connect();
    client.create("topic", 1);
    find_coordinator(&mut client, "group");
    for session_timeout_ms in [8_999, 11_001] {
        let request = JoinGroupRequest { session_timeout_ms, ..join_request("group", "") };
        assert_eq!(client.call(&request, JOIN).error_code, ErrorCode::InvalidSessionTimeout.code());
    }
    let joined = join(&mut client, "group");
    assert_eq!(joined.error_code, 0, "at once, without a delay");
    assert_eq!(sync(&mut client, "group", &joined.member_id, 1).error_code, 0);
    let second = client.call(&join_request("group", ""), JOIN);
    assert_eq!((second.error_code, second.member_id.as_str()), (ErrorCode::GroupMaxSizeReached.code(), ""));
    for (text, code) in [("abc", ErrorCode::None), ("abcd", ErrorCode::OffsetMetadataTooLarge)] {
        let mut request = commit_request(("topic", Uuid::ZERO), "other", 1);
        request.topics[0].partitions[0].committed_metadata = Some(text.into());
        assert_eq!(client.call(&request, COMMIT).topics[0].partitions[0].error_code, code.code(), "{text}");
    }
}

/// Protects: the offsets topic is made on first use, with the partitions and the segments that are set, and as many replicas
/// as there are brokers.
#[test]
fn the_offsets_topic_is_made_as_set() {
    let dir = folder();
    let settings = [
        ("offsets.topic.num.partitions", "7"),
        ("offsets.topic.segment.bytes", "65536"),
        ("offsets.topic.replication.factor", "3"),
    ];
    let broker = Broker::start_with_settings(dir.path(), &settings);
    let mut client = broker.connect();
    let all = MetadataRequest { topics: None, ..MetadataRequest::default() };
    assert!(client.call(&all, 12).topics.is_empty(), "nobody has asked for a coordinator");
    find_coordinator(&mut client, "group");
    let topics = client.call(&all, 12).topics;
    let found = (topics[0].name.as_deref(), topics[0].is_internal, topics[0].partitions.len());
    assert_eq!(found, (Some("__consumer_offsets"), true, 7));
    assert_eq!(topics[0].partitions[0].replica_nodes, [1]);
    client.create("topic", 1);
    let large = "x".repeat(4000);
    for offset in 0..200 {
        let mut request = commit_request(("topic", Uuid::ZERO), "group", offset);
        request.topics[0].partitions[0].committed_metadata = Some(large.clone());
        assert_eq!(client.call(&request, COMMIT).topics[0].partitions[0].error_code, 0);
    }
    drop(client);
    broker.stop();
    let segments = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let of_offsets = segments.filter(|path| path.to_string_lossy().contains("__consumer_offsets-"));
    let logs = of_offsets.flat_map(|path| std::fs::read_dir(path).unwrap());
    let logs = logs.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".log"));
    assert!(logs.count() > 8, "segments of 64 KiB");
}

/// Protects: C10: without a retention the offsets of idle groups are kept up to highwater.offsets.max; beyond, the groups go that
/// were idle for longest, whole; one with members stays.
#[test]
fn too_many_offsets_of_idle_groups_go() {
    let dir = folder();
    let settings = [AT_ONCE, ("highwater.offsets.max", "4"), ("log.retention.check.interval.ms", "50")];
    let broker = Broker::start_with_settings(dir.path(), &settings);
    let mut client = broker.connect();
    client.create("topic", 1);
    find_coordinator(&mut client, "group");
    let joined = join(&mut client, "group");
    assert_eq!(sync(&mut client, "group", &joined.member_id, 1).error_code, 0);
    assert_eq!(commit(&mut client, "group", (&joined.member_id, 1), 1), 0);
    let names: Vec<String> = (0..20).map(|n| format!("idle-{n}")).collect();
    for name in &names {
        assert_eq!(commit(&mut client, name, ("", -1), 1), 0);
    }
    let left = |client: &mut Client| names.iter().filter(|name| committed(client, name) == 1).count();
    while left(&mut client) > 4 {
        std::thread::yield_now();
    }
    assert!(left(&mut client) > 0, "no more than needed");
    assert_eq!(committed(&mut client, "group"), 1);
}

/// Returns how many records, and in how many batches, the offsets topic holds in its one partition.
fn stored(client: &mut Client) -> (i32, usize) {
    let (end, mut next, mut records, mut batches) = (client.end("__consumer_offsets"), 0, 0, 0);
    while next < end {
        let bytes = client.fetch("__consumer_offsets", next).records.unwrap_or_default().into_bytes();
        for span in Batches::new(&bytes).map_while(Result::ok) {
            next = span.header.next_offset().0;
            records += span.header.record_count;
            batches += 1;
        }
    }
    (records, batches)
}

/// Protects: commits that come one behind the other on a connection are taken in together and in their order; one behind a
/// request that has not begun overtakes nothing.
#[test]
fn commits_of_a_connection_share_batches() {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &[AT_ONCE, ("offsets.topic.num.partitions", "1")]);
    let mut client = broker.connect();
    client.create("topic", 1);
    find_coordinator(&mut client, "group");
    assert_eq!(commit(&mut client, "group", ("", -1), 0), 0);
    let commit_of = |number: i32| {
        frame(&commit_request(("topic", Uuid::ZERO), "group", i64::from(number)), COMMIT, number)
    };
    client.send_bytes(&(1..=100).flat_map(commit_of).collect::<Vec<u8>>());
    for number in 1..=100 {
        let answer: OffsetCommitResponse = client.receive(COMMIT, number);
        assert_eq!(answer.topics[0].partitions[0].error_code, 0);
    }
    assert_eq!(committed(&mut client, "group"), 100);
    let (records, batches) = stored(&mut client);
    assert_eq!(records, 101);
    assert!(batches <= 50, "{batches} batches");
    let delete = DeleteGroupsRequest { groups_names: vec!["group".into()] };
    client.send_bytes(&[frame(&delete, 2, 101), commit_of(102), commit_of(103)].concat());
    assert_eq!(client.receive::<DeleteGroupsResponse>(2, 101).results[0].error_code, 0);
    for number in [102, 103] {
        let answer: OffsetCommitResponse = client.receive(COMMIT, number);
        assert_eq!(answer.topics[0].partitions[0].error_code, 0);
    }
    assert_eq!(committed(&mut client, "group"), 103);
}

/// Protects: groups are loaded from a compacted offsets topic as they were: the last commit, the member and its assignment, and
/// nothing of a group that was deleted.
#[test]
fn groups_are_loaded_from_a_compacted_topic() {
    let dir = folder();
    let settings = [
        AT_ONCE,
        ("offsets.topic.num.partitions", "1"),
        ("offsets.topic.segment.bytes", "65536"),
        ("log.cleaner.backoff.ms", "10"),
    ];
    let broker = Broker::start_with_settings(dir.path(), &settings);
    let mut client = broker.connect();
    client.create("topic", 1);
    find_coordinator(&mut client, "group");
    assert_eq!(commit(&mut client, "gone", ("", -1), 1), 0);
    let delete = DeleteGroupsRequest { groups_names: vec!["gone".into()] };
    assert_eq!(client.call(&delete, 2).results[0].error_code, 0);
    let joined = join(&mut client, "group");
    assert_eq!(sync(&mut client, "group", &joined.member_id, 1).error_code, 0);
    let mut request = commit_request(("topic", Uuid::ZERO), "group", 0);
    (request.member_id, request.generation_id_or_member_epoch) = (joined.member_id.clone(), 1);
    request.topics[0].partitions[0].committed_metadata = Some("x".repeat(4_000));
    let mut last = 0;
    while last < 1_000 || i64::from(stored(&mut client).0) > last / 2 {
        for _ in 0..100 {
            last += 1;
            request.topics[0].partitions[0].committed_offset = last;
            assert_eq!(client.call(&request, COMMIT).topics[0].partitions[0].error_code, 0);
        }
        assert!(last < 100_000, "nothing is compacted");
    }
    drop(client);
    broker.stop();
    let broker = Broker::start_with_settings(dir.path(), &settings);
    let mut client = broker.connect();
    until_loaded(&mut client, "group");
    assert_eq!((committed(&mut client, "group"), committed(&mut client, "gone")), (last, -1));
    assert_eq!(heartbeat(&mut client, "group", &joined.member_id, 1), 0);
    assert_eq!(sync(&mut client, "group", &joined.member_id, 1).assignment, "mine");
}
