//! Groups of the consumer protocol (KIP-848) over the wire: what their settings do, and what survives a restart.
//!
//! What a group does in which state is in the scripts of the crate coordinator.

use crate::client::Client;
use crate::effects::until;
use crate::groups::{AT_ONCE, commit_request, find_coordinator, join};
use crate::harness::{Broker, folder};
use crate::settings::{change, set};
use types::{ErrorCode, Uuid};
use wire::consumer_group_describe_request::ConsumerGroupDescribeRequest;
use wire::consumer_group_describe_response::DescribedGroup;
use wire::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use wire::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;

const GROUP: i8 = 32;
const COMMIT: i16 = 9;

fn heartbeat(group: &str, member: &str, epoch: i32) -> ConsumerGroupHeartbeatRequest {
    let joins = epoch == 0;
    ConsumerGroupHeartbeatRequest {
        group_id: group.into(),
        member_id: member.into(),
        member_epoch: epoch,
        rebalance_timeout_ms: if joins { 60_000 } else { -1 },
        subscribed_topic_names: joins.then(|| vec!["topic".into()]),
        topic_partitions: joins.then(Vec::new),
        ..ConsumerGroupHeartbeatRequest::default()
    }
}

fn beat(client: &mut Client, group: &str, member: &str, epoch: i32) -> ConsumerGroupHeartbeatResponse {
    client.call(&heartbeat(group, member, epoch), 1)
}

fn described(client: &mut Client, group: &str) -> DescribedGroup {
    let request = ConsumerGroupDescribeRequest {
        group_ids: vec![group.into()],
        ..ConsumerGroupDescribeRequest::default()
    };
    client.call(&request, 1).groups.remove(0)
}

fn started(dir: &std::path::Path, settings: &[(&str, &str)]) -> (Broker, Client) {
    let broker = Broker::start_with_settings(dir, settings);
    let mut client = broker.connect();
    client.create("topic", 4);
    find_coordinator(&mut client, "g");
    (broker, client)
}

/// Protects: a member that is silent for group.consumer.session.timeout.ms is gone; a group has its own, within the limits;
/// a heartbeat's answer says when the next is due, as set.
#[test]
fn times_of_the_consumer_protocol_act() {
    let dir = folder();
    let settings = [
        ("group.consumer.min.session.timeout.ms", "300"),
        ("group.consumer.session.timeout.ms", "300"),
        ("group.consumer.max.session.timeout.ms", "50000"),
        ("group.consumer.min.heartbeat.interval.ms", "10"),
        ("group.consumer.heartbeat.interval.ms", "70"),
        ("group.consumer.max.heartbeat.interval.ms", "800"),
        ("group.consumer.min.assignment.interval.ms", "1"),
        ("group.consumer.assignment.interval.ms", "1"),
        ("group.consumer.max.assignment.interval.ms", "600000"),
    ];
    let (broker, mut client) = started(dir.path(), &settings);
    for (name, refused) in [
        ("consumer.session.timeout.ms", ["299", "50001"]),
        ("consumer.heartbeat.interval.ms", ["9", "801"]),
        ("consumer.assignment.interval.ms", ["0", "600001"]),
    ] {
        for value in refused {
            let answer = change(&mut client, (GROUP, "own"), &[(0, name, Some(value))], 1);
            assert_eq!(answer.error_code, ErrorCode::InvalidConfig.code(), "{name}={value}");
        }
    }
    set(&mut client, (GROUP, "own"), "consumer.session.timeout.ms", "50000");
    set(&mut client, (GROUP, "own"), "consumer.heartbeat.interval.ms", "90");
    set(&mut client, (GROUP, "own"), "consumer.assignment.interval.ms", "600000");
    let joined = ["g", "own"].map(|group| beat(&mut client, group, "a", 0));
    assert_eq!(joined.each_ref().map(|answer| answer.heartbeat_interval_ms), [70, 90]);
    until("the silent member is gone", || described(&mut client, "g").group_state == "Empty");
    assert_eq!(described(&mut client, "own").group_state, "Stable");
    // Who comes next waits for the next assignment, which is far away in one of them.
    beat(&mut client, "g", "a", 0);
    until("it is assigned", || {
        beat(&mut client, "g", "a", 0).assignment.unwrap().topic_partitions.len() == 1
    });
    let second = beat(&mut client, "own", "b", 0);
    assert_eq!(second.member_epoch, joined[1].member_epoch);
    assert_eq!(described(&mut client, "own").group_state, "Assigning");
    drop(broker);
}

/// Protects: group.consumer.max.size, group.consumer.assignors and group.consumer.migration.policy do what they say.
#[test]
fn limits_of_the_consumer_protocol_act() {
    let dir = folder();
    let settings = [
        AT_ONCE,
        ("group.consumer.max.size", "1"),
        ("group.consumer.assignors", "range"),
        ("group.consumer.migration.policy", "disabled"),
    ];
    let (broker, mut client) = started(dir.path(), &settings);
    let uniform =
        ConsumerGroupHeartbeatRequest { server_assignor: Some("uniform".into()), ..heartbeat("g", "a", 0) };
    assert_eq!(client.call(&uniform, 1).error_code, ErrorCode::UnsupportedAssignor.code());
    assert_eq!(beat(&mut client, "g", "a", 0).error_code, 0);
    assert_eq!(described(&mut client, "g").assignor_name, "range");
    assert_eq!(beat(&mut client, "g", "b", 0).error_code, ErrorCode::GroupMaxSizeReached.code());
    assert_eq!(join(&mut client, "classic").error_code, 0);
    let refused = beat(&mut client, "classic", "a", 0);
    assert_eq!(refused.error_code, ErrorCode::GroupIdNotFound.code());
    assert!(refused.error_message.unwrap().contains("online upgrade is disabled"));
    drop(broker);
}

/// Protects: group.coordinator.rebalance.protocols without `consumer` serves classic groups alone.
#[test]
fn the_consumer_protocol_may_be_left_out() {
    let dir = folder();
    let settings = [AT_ONCE, ("group.coordinator.rebalance.protocols", "classic")];
    let (broker, mut client) = started(dir.path(), &settings);
    assert_eq!(beat(&mut client, "g", "a", 0).error_code, ErrorCode::UnsupportedVersion.code());
    assert_eq!(described(&mut client, "g").error_code, ErrorCode::UnsupportedVersion.code());
    assert_eq!(join(&mut client, "g").error_code, 0);
    drop(broker);
}

/// Protects: a group, what its members have, and what they have committed survive a power cut and a restart; members go on.
#[test]
fn groups_of_the_consumer_protocol_survive() {
    let (dir, copy) = (folder(), folder());
    let (broker, mut client) = started(dir.path(), &[("group.consumer.assignment.interval.ms", "0")]);
    let first = beat(&mut client, "g", "a", 0);
    assert_eq!((first.member_epoch, first.assignment.unwrap().topic_partitions[0].partitions.len()), (2, 4));
    let mut commit = commit_request(("topic", Uuid::ZERO), "g", 7);
    (commit.member_id, commit.generation_id_or_member_epoch) = ("a".into(), 2);
    assert_eq!(client.call(&commit, COMMIT).topics[0].partitions[0].error_code, 0);
    assert_eq!(beat(&mut client, "g", "b", 0).member_epoch, 3);
    let before = described(&mut client, "g");
    assert_eq!(before.group_state, "Reconciling");
    let mut check = |broker: &Broker| {
        let mut client = broker.connect();
        until("the group is loaded", || described(&mut client, "g").error_code == 0);
        assert_eq!(described(&mut client, "g"), before);
        let told = beat(&mut client, "g", "a", 2);
        assert_eq!((told.error_code, told.member_epoch), (0, 2));
        assert_eq!(told.assignment.unwrap().topic_partitions[0].partitions.len(), 2, "it is to give up two");
        commit.generation_id_or_member_epoch = 1;
        let stale = client.call(&commit, COMMIT).topics[0].partitions[0].error_code;
        assert_eq!(stale, ErrorCode::StaleMemberEpoch.code());
        let outside = client.call(&commit_request(("topic", Uuid::ZERO), "g", 1), COMMIT);
        assert_eq!(outside.topics[0].partitions[0].error_code, ErrorCode::UnknownMemberId.code());
    };
    check(&broker.crash_into(copy.path()));
    let broker = broker.restart();
    check(&broker);
}
