//! OffsetForLeaderEpoch over the wire: ends of epochs across restarts and deletions.

use crate::batches::batch;
use crate::client::Client;
use crate::delete_records::delete_request;
use crate::harness::{Broker, folder};
use types::ErrorCode;
use wire::OffsetForLeaderEpochRequest;
use wire::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use wire::offset_for_leader_epoch_response::EpochEndOffset;

/// A request for the end of an epoch in partition 0.
pub fn epoch_request(topic: &str, current: i32, epoch: i32) -> OffsetForLeaderEpochRequest {
    let partition =
        OffsetForLeaderPartition { partition: 0, current_leader_epoch: current, leader_epoch: epoch };
    let topics = vec![OffsetForLeaderTopic { topic: topic.into(), partitions: vec![partition] }];
    OffsetForLeaderEpochRequest { replica_id: -1, topics }
}

fn ask(client: &mut Client, topic: &str, current: i32, epoch: i32) -> EpochEndOffset {
    client.call(&epoch_request(topic, current, epoch), 4).topics[0].partitions[0].clone()
}

/// Returns code, epoch and end.
fn end(client: &mut Client, epoch: i32) -> (i16, i32, i64) {
    let end = ask(client, "topic", -1, epoch);
    (end.error_code, end.leader_epoch, end.end_offset)
}

/// Protects: every start begins an epoch (D-18), each ends where the next begins, and what is unknown has no end; a deletion
/// takes the epochs below it away.
#[test]
fn ends_of_epochs_across_restarts() {
    let dir = folder();
    let mut broker = Broker::start(dir.path());
    broker.connect().create("topic", 1);
    let first = broker.connect().offset("topic", -1).leader_epoch;
    for _ in 0..3 {
        let mut client = broker.connect();
        client.put("topic", &batch(&["a", "b"]));
        drop(client);
        broker = broker.restart();
    }
    let mut client = broker.connect();
    let newest = client.offset("topic", -1).leader_epoch;
    assert_eq!(newest, first + 3, "every start raises the epoch");
    assert_eq!(end(&mut client, first), (0, first, 2));
    assert_eq!(end(&mut client, first + 1), (0, first + 1, 4));
    assert_eq!(end(&mut client, newest), (0, newest, 6), "nothing is written in it yet");
    assert_eq!(end(&mut client, newest + 1), (0, -1, -1));
    assert_eq!(end(&mut client, -1), (0, -1, -1));
    assert_eq!(client.call(&delete_request("topic", &[(0, 3)]), 2).topics[0].partitions[0].error_code, 0);
    assert_eq!(end(&mut client, first), (0, first, 3), "as Kafka: below the oldest epoch that is kept");
    assert_eq!(end(&mut client, first + 1), (0, first + 1, 4));
    let broker = broker.restart();
    assert_eq!(end(&mut broker.connect(), first + 1), (0, first + 1, 4));
}

/// Protects: who knows another leadership is told so before anything else (A25); unknown partitions are named.
#[test]
fn the_askers_epoch_is_checked() {
    let dir = folder();
    Broker::start(dir.path()).connect().create("topic", 1);
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let now = client.offset("topic", -1).leader_epoch;
    assert!(now > 0);
    let mut code = |current| ask(&mut client, "topic", current, 0).error_code;
    assert_eq!(code(now), 0);
    assert_eq!(code(now - 1), ErrorCode::FencedLeaderEpoch.code());
    assert_eq!(code(now + 1), ErrorCode::UnknownLeaderEpoch.code());
    let mut request = epoch_request("topic", -1, 0);
    request.topics[0].partitions[0].partition = 7;
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!(client.call(&request, 4).topics[0].partitions[0].error_code, unknown);
    let nowhere = ask(&mut client, "nowhere", -1, 0);
    assert_eq!((nowhere.error_code, nowhere.leader_epoch, nowhere.end_offset), (unknown, -1, -1));
}
