//! What all groups together may hold, seen from outside; how much memory that is, is measured in tests/memory.rs.

use crate::client::Client;
use crate::groups::find_coordinator;
use crate::harness::{Broker, folder};
use types::ErrorCode;
use wire::OffsetCommitRequest;
use wire::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};

/// Commits an offset with a text of the greatest length; returns the code.
fn commit(client: &mut Client, group: &str, partition_index: i32) -> i16 {
    let partition = OffsetCommitRequestPartition {
        partition_index,
        committed_offset: 7,
        committed_leader_epoch: -1,
        committed_metadata: Some("x".repeat(4096)),
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

/// Protects: groups of all shards take in no more than highwater.groups.memory.bytes, what they know goes on beyond it, and
/// what was committed is loaded by a broker that may hold less.
#[test]
fn the_memory_of_groups_acts() {
    const MANY: usize = 400;
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &[("highwater.groups.memory.bytes", "1048576")]);
    let mut client = broker.connect();
    client.create("topic", 2);
    find_coordinator(&mut client, "group");
    let all: Vec<String> = (0..MANY).map(|n| format!("group-{n}")).collect();
    let taken = all.iter().take_while(|group| commit(&mut client, group, 0) == 0).count();
    assert!((50..MANY).contains(&taken), "{taken} groups were taken in");
    assert_eq!(commit(&mut client, &all[taken], 0), ErrorCode::CoordinatorNotAvailable.code());
    assert_eq!(commit(&mut client, &all[0], 0), 0, "it is known");
    // An offset takes less than a group with one: a last one may find room.
    let more = all.iter().take(taken).take_while(|group| commit(&mut client, group, 1) == 0).count();
    assert!(more < 3, "{more} new offsets were taken in");
    drop(client);
    broker.stop();
    let broker = Broker::start_with_settings(dir.path(), &[]);
    let mut client = broker.connect();
    all.iter().for_each(|group| until_loaded(&mut client, group));
    assert!(all.iter().all(|group| commit(&mut client, group, 0) == 0), "the default takes them all in");
    drop(client);
    broker.stop();
    let broker = Broker::start_with_settings(dir.path(), &[("highwater.groups.memory.bytes", "1048576")]);
    let mut client = broker.connect();
    all.iter().for_each(|group| until_loaded(&mut client, group));
    assert!(all.iter().all(|group| commit(&mut client, group, 0) == 0), "they are known");
    assert_eq!(commit(&mut client, "another", 0), ErrorCode::CoordinatorNotAvailable.code());
}

/// Waits until the coordinator of a group has read its log.
fn until_loaded(client: &mut Client, group: &str) {
    let loading = ErrorCode::CoordinatorLoadInProgress.code();
    while commit(client, group, 0) == loading {
        std::thread::yield_now();
    }
}
