//! Groups, their members and their offsets, as many and as large as come.

use crate::client::{Client, frame};
use crate::harness::Broker;
use types::ErrorCode;
use wire::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use wire::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use wire::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use wire::{
    ConsumerGroupHeartbeatResponse, DescribeGroupsRequest, FindCoordinatorRequest, JoinGroupResponse,
    OffsetCommitRequest, OffsetCommitResponse, Request,
};

/// Everything that groups are made of.
pub const ABUSES: [(&str, crate::Abuse); 5] = [
    ("long answers", long_answers),
    ("members that wait", members_that_wait),
    ("offsets of many groups", offsets_of_many_groups),
    ("ids of nobody", ids_of_nobody),
    ("members of many groups", members_of_many_groups),
];
/// Requests that are on their way at a time.
const WINDOW: usize = 100;

/// Makes the offsets topic.
pub fn prepare(admin: &mut Client) {
    let request = FindCoordinatorRequest {
        coordinator_keys: vec!["group".into()],
        ..FindCoordinatorRequest::default()
    };
    assert_eq!(admin.call(&request, 6).coordinators[0].error_code, 0);
}

/// Sends requests until some are refused for want of memory; returns how many were taken in before.
pub fn until_refused<Q: Request>(
    broker: &Broker,
    version: i16,
    make: impl Fn(usize) -> Q,
    code: impl Fn(Q::Response) -> i16,
) -> usize {
    let refused = ErrorCode::CoordinatorNotAvailable.code();
    let (mut client, mut number, mut taken) = (broker.connect(), 0_i32, 0);
    for window in 0..400_usize {
        let first = number + 1;
        for n in 0..WINDOW {
            number += 1;
            client.send_bytes(&frame(&make(window * WINDOW + n), version, number));
        }
        let codes: Vec<i16> = (first..=number).map(|n| code(client.receive(version, n))).collect();
        taken += codes.iter().filter(|code| **code != refused).count();
        if codes.iter().all(|code| *code == refused) {
            return taken;
        }
    }
    panic!("{taken} were taken in and none refused");
}

fn join(group: String, member: String, metadata: usize) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol { name: "range".into(), metadata: vec![7; metadata].into() };
    JoinGroupRequest {
        group_id: group,
        session_timeout_ms: 1_800_000,
        rebalance_timeout_ms: 1_800_000,
        member_id: member,
        group_instance_id: None,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..JoinGroupRequest::default()
    }
}

/// C10, A34: offsets with the longest texts, each in a group of its own.
fn offsets_of_many_groups(broker: &Broker, _: &mut Client) {
    let text = "x".repeat(4096);
    let make = |n| {
        let partition = OffsetCommitRequestPartition {
            committed_metadata: Some(text.clone()),
            ..OffsetCommitRequestPartition::default()
        };
        let topic = OffsetCommitRequestTopic {
            name: "topic".into(),
            partitions: vec![partition],
            ..OffsetCommitRequestTopic::default()
        };
        OffsetCommitRequest {
            group_id: format!("offsets-{n}"),
            generation_id_or_member_epoch: -1,
            topics: vec![topic],
            ..OffsetCommitRequest::default()
        }
    };
    let code = |response: OffsetCommitResponse| response.topics[0].partitions[0].error_code;
    assert!(until_refused(broker, 9, make, code) > 1_000);
}

/// C5: ids for clients that never come back.
fn ids_of_nobody(broker: &Broker, _: &mut Client) {
    let make = |n: usize| join(format!("ids-{}", n % 1_000), String::new(), 0);
    assert!(until_refused(broker, 9, make, |response: JoinGroupResponse| response.error_code) > 1_000);
}

/// A34: members that say as much of themselves as they can, of the protocol in which the coordinator assigns.
fn members_of_many_groups(broker: &Broker, _: &mut Client) {
    let make = |n: usize| ConsumerGroupHeartbeatRequest {
        group_id: format!("members-{n}"),
        member_id: format!("{n:0>1000}"),
        rebalance_timeout_ms: 1_000,
        subscribed_topic_names: Some((0..20).map(|topic| format!("{topic:0>200}")).collect()),
        topic_partitions: Some(Vec::new()),
        ..ConsumerGroupHeartbeatRequest::default()
    };
    let code = |response: ConsumerGroupHeartbeatResponse| response.error_code;
    assert!(until_refused(broker, 1, make, code) > 500);
}

/// A34: members that wait for others as long as they like; they hold up nobody.
fn members_that_wait(broker: &Broker, admin: &mut Client) {
    let mut clients: Vec<Client> = (0..600).map(|_| broker.connect()).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        // The first of each group begins a rebalance that the others are not there for.
        client.send(&join(format!("waits-{}", n / 2), String::new(), 2_000), 3);
    }
    prepare(admin);
}

/// A6: a group with long names, asked for many times in one request, on many connections; once it is answered.
fn long_answers(broker: &Broker, admin: &mut Client) {
    let name = "x".repeat(20_000);
    let mut members: Vec<Client> = (0..20).map(|_| broker.connect()).collect();
    for member in &mut members {
        let request = JoinGroupRequest { group_instance_id: None, ..join("long".into(), String::new(), 1) };
        member.send_bytes(&named_frame(&request, 3, 1, &name));
    }
    let describe = |count| DescribeGroupsRequest {
        groups: vec!["long".into(); count],
        ..DescribeGroupsRequest::default()
    };
    while admin.call(&describe(1), 5).groups[0].members.len() < 20 {
        std::thread::yield_now();
    }
    let bytes = frame(&describe(200), 5, 1);
    let mut clients: Vec<Client> = (0..20).map(|_| broker.connect()).collect();
    clients.iter_mut().for_each(|client| client.send_bytes(&bytes));
    assert!(clients.iter_mut().all(|client| client.read_frame().is_none()), "more than one answer may take");
}

/// Makes a frame of a client with a name.
fn named_frame<Q: Request>(request: &Q, version: i16, number: i32, name: &str) -> Vec<u8> {
    wire::request_frame(number, Some(name), request, version).unwrap().concat()
}
