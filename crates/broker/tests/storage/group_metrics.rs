//! What /metrics shows of groups: each metric moves when its subject does.

use crate::client::Client;
use crate::harness::Broker;
use crate::machine::{http, start};
use env::crash::CrashDisk;
use types::ErrorCode;
use wire::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use wire::{FindCoordinatorRequest, OffsetCommitRequest};

/// Metrics that the tests here see move.
pub const SEEN: [&str; 2] = ["highwater_groups_memory_bytes", "highwater_groups_refused_total"];

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
