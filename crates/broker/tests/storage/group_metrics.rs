//! What /metrics shows of groups: each metric moves when its subject does.

use crate::client::Client;
use crate::harness::Broker;
use crate::machine::{http, start, until};
use bytes::Bytes;
use env::crash::CrashDisk;
use types::ErrorCode;
use wire::join_group_request::JoinGroupRequestProtocol;
use wire::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use wire::sync_group_request::SyncGroupRequestAssignment;
use wire::{
    ConsumerGroupHeartbeatRequest, DeleteGroupsRequest, FindCoordinatorRequest, JoinGroupRequest,
    OffsetCommitRequest, SyncGroupRequest,
};

/// Metrics that the tests here see move.
pub const SEEN: [&str; 17] = [
    "highwater_groups_memory_bytes",
    "highwater_groups_refused_total",
    "kafka_server_group_coordinator_metrics_group_count",
    "highwater_groups",
    "highwater_group_members",
    "kafka_coordinator_group_groupmetadatamanager_numoffsets",
    "kafka_server_group_coordinator_metrics_num_partitions",
    "kafka_server_group_coordinator_metrics_offset_commit_count",
    "kafka_server_group_coordinator_metrics_offset_deletion_count",
    "kafka_server_group_coordinator_metrics_group_completed_rebalance_count",
    "kafka_server_group_coordinator_metrics_consumer_group_rebalance_count",
    "highwater_group_sessions_expired_total",
    "highwater_group_offsets_gone_total",
    "highwater_groups_gone_total",
    "highwater_group_offsets_idle",
    "highwater_groups_due",
    "highwater_groups_due_seconds",
];

/// Returns the value of a line; 0 if there is none.
fn metric(broker: &Broker, line: &str) -> u64 {
    let text = http(broker, "/metrics");
    let value = text.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(' '));
    value.map_or(0, |value| value.trim().parse().unwrap())
}

fn find_coordinator(client: &mut Client) {
    let request = FindCoordinatorRequest {
        coordinator_keys: vec!["group".into()],
        ..FindCoordinatorRequest::default()
    };
    assert_eq!(client.call(&request, 6).coordinators[0].error_code, 0);
}

/// Commits an offset, with a text of this length, as nobody's member; returns the code.
fn commit(client: &mut Client, group: &str, length: usize) -> i16 {
    let partition = OffsetCommitRequestPartition {
        committed_metadata: Some("x".repeat(length)),
        ..OffsetCommitRequestPartition::default()
    };
    let topic = OffsetCommitRequestTopic {
        name: "topic".into(),
        partitions: vec![partition],
        ..OffsetCommitRequestTopic::default()
    };
    let request = OffsetCommitRequest {
        group_id: group.into(),
        generation_id_or_member_epoch: -1,
        topics: vec![topic],
        ..OffsetCommitRequest::default()
    };
    client.call(&request, 9).topics[0].partitions[0].error_code
}

/// Protects: an operator sees what groups hold, and that something was refused for it.
#[test]
fn what_groups_hold_is_shown() {
    let broker = start(&CrashDisk::new(), |config| config.groups.memory_bytes = Some(20_000));
    let mut client = broker.connect();
    client.create("topic", 1);
    find_coordinator(&mut client);
    let (held, refused) = ("highwater_groups_memory_bytes", "highwater_groups_refused_total");
    assert_eq!((metric(&broker, held), metric(&broker, refused)), (0, 0));
    assert_eq!(metric(&broker, "highwater_groups_memory_max_bytes"), 20_000);
    assert_eq!(commit(&mut client, "one", 100), 0);
    let before = metric(&broker, held);
    assert_eq!(commit(&mut client, "one", 4_000), 0);
    assert_eq!(metric(&broker, held), before + 3_900);
    let codes: Vec<i16> = (0..5).map(|n| commit(&mut client, &format!("group-{n}"), 4_000)).collect();
    let code = ErrorCode::CoordinatorNotAvailable.code();
    let count = codes.iter().filter(|one| **one == code).count();
    assert_eq!((count > 0, metric(&broker, refused)), (true, count as u64));
    assert!(metric(&broker, held) <= 20_000);
}

fn join(client: &mut Client, member: &str) -> (String, i32) {
    let protocol = JoinGroupRequestProtocol { name: "range".into(), metadata: Bytes::from_static(b"any") };
    let request = JoinGroupRequest {
        group_id: "group".into(),
        session_timeout_ms: 6_000,
        rebalance_timeout_ms: 6_000,
        member_id: member.into(),
        protocol_type: "test".into(),
        protocols: vec![protocol],
        ..JoinGroupRequest::default()
    };
    let joined = client.call(&request, 9);
    (joined.member_id, joined.generation_id)
}

fn sync(client: &mut Client, (member_id, generation_id): (String, i32)) {
    let one = SyncGroupRequestAssignment { member_id: member_id.clone(), assignment: Bytes::new() };
    let request = SyncGroupRequest {
        group_id: "group".into(),
        generation_id,
        member_id,
        protocol_type: Some("test".into()),
        protocol_name: Some("range".into()),
        assignments: vec![one],
        ..SyncGroupRequest::default()
    };
    assert_eq!(client.call(&request, 5).error_code, 0);
}

fn heartbeat(client: &mut Client, member_epoch: i32) {
    let joins = member_epoch == 0;
    let request = ConsumerGroupHeartbeatRequest {
        group_id: "reading".into(),
        member_id: "member".into(),
        member_epoch,
        rebalance_timeout_ms: if joins { 6_000 } else { -1 },
        subscribed_topic_names: joins.then(|| vec!["topic".into()]),
        topic_partitions: joins.then(Vec::new),
        ..ConsumerGroupHeartbeatRequest::default()
    };
    assert_eq!(client.call(&request, 1).error_code, 0);
}

/// Protects: dashboards see groups: how many of which type in which state, their members and offsets, and what happens to them.
#[test]
fn groups_are_counted() {
    let broker = start(&CrashDisk::new(), |config| {
        config.groups.initial_rebalance_delay_ms = types::Millis(0);
        config.groups.offsets_retention_check_interval_ms = types::Millis(20);
    });
    let mut client = broker.connect();
    client.create("topic", 1);
    find_coordinator(&mut client);
    let of = |what: &str| metric(&broker, &format!("kafka_server_group_coordinator_metrics_{what}"));
    assert!(of("num_partitions{state=\"active\"}") + of("num_partitions{state=\"loading\"}") == 0);
    let (id, _) = join(&mut client, "");
    let joined = join(&mut client, &id);
    sync(&mut client, joined);
    heartbeat(&mut client, 0);
    for _ in 0..3 {
        assert_eq!(commit(&mut client, "outside", 0), 0);
    }
    assert_eq!((of("group_count{protocol=\"classic\"}"), of("group_count{protocol=\"consumer\"}")), (2, 1));
    let group = |state: &str| metric(&broker, &format!("highwater_groups{{{state}}}"));
    let states = ["type=\"classic\",state=\"Stable\"", "type=\"classic\",state=\"Empty\""];
    assert_eq!(states.map(group), [1, 1]);
    assert_eq!(metric(&broker, "highwater_group_members"), 2);
    assert_eq!(metric(&broker, "kafka_coordinator_group_groupmetadatamanager_numoffsets"), 1);
    assert_eq!((of("offset_commit_count"), of("group_completed_rebalance_count")), (3, 1));
    assert_eq!(of("consumer_group_rebalance_count"), 1);
    assert_eq!(metric(&broker, "highwater_group_offsets_idle"), 1);
    assert!(of("num_partitions{state=\"active\"}") >= 1);
    heartbeat(&mut client, -1);
    until("the group without members is due", || metric(&broker, "highwater_groups_due") == 1);
    assert!(metric(&broker, "highwater_groups_due_seconds") > 80_000);
    let delete = DeleteGroupsRequest { groups_names: vec!["outside".into()] };
    assert_eq!(client.call(&delete, 2).results[0].error_code, 0);
    assert_eq!(of("offset_deletion_count"), 1);
    assert_eq!(metric(&broker, "highwater_group_offsets_gone_total{reason=\"asked\"}"), 1);
    assert_eq!(metric(&broker, "highwater_groups_gone_total{reason=\"asked\"}"), 1);
    until("a silent member is gone", || metric(&broker, "highwater_group_sessions_expired_total") == 1);
}

/// Protects: a commit that is not on stable storage within offsets.commit.timeout.ms is answered with a code that promises
/// nothing, as by Kafka 4.3.1; it is stored all the same.
#[test]
fn a_commit_takes_no_longer_than_is_set() {
    let broker = start(&CrashDisk::new(), |config| {
        config.groups.offsets_commit_timeout = types::Millis(1);
    });
    let mut client = broker.connect();
    client.create("topic", 200);
    find_coordinator(&mut client);
    let partition = |partition_index| OffsetCommitRequestPartition {
        partition_index,
        committed_offset: 7,
        committed_metadata: Some("x".repeat(1_000)),
        ..OffsetCommitRequestPartition::default()
    };
    let topic = OffsetCommitRequestTopic {
        name: "topic".into(),
        partitions: (0..200).map(partition).collect(),
        ..OffsetCommitRequestTopic::default()
    };
    let request = OffsetCommitRequest {
        group_id: "group".into(),
        generation_id_or_member_epoch: -1,
        topics: vec![topic],
        ..OffsetCommitRequest::default()
    };
    until("a commit takes longer than a millisecond", || {
        let codes: Vec<i16> =
            client.call(&request, 9).topics[0].partitions.iter().map(|one| one.error_code).collect();
        assert!(codes.iter().all(|code| *code == codes[0]), "{codes:?}");
        codes[0] == ErrorCode::CoordinatorNotAvailable.code()
    });
    let offsets = "kafka_coordinator_group_groupmetadatamanager_numoffsets";
    until("all are stored", || metric(&broker, offsets) == 200);
}
