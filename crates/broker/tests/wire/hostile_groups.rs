//! Requests about groups that would take more than there is: they are refused by themselves, and the broker goes on.

use crate::groups::{COMMIT, commit_request, find_coordinator};
use crate::harness::{Broker, folder};
use types::{ErrorCode, Uuid};
use wire::OffsetCommitRequest;

/// Makes a commit of all partitions of a topic.
fn commit_all(group: &str, partitions: i32) -> OffsetCommitRequest {
    let mut request = commit_request(("topic", Uuid::ZERO), group, 5);
    let one = request.topics[0].partitions[0].clone();
    let each = (0..partitions).map(|partition_index| {
        wire::offset_commit_request::OffsetCommitRequestPartition { partition_index, ..one.clone() }
    });
    request.topics[0].partitions = each.collect();
    request
}

/// Protects: a commit whose records would not fit into a file of the write-ahead log, since each names the group, is refused, and
/// the broker lives; one whose notes would not fit is stored without them.
#[test]
fn a_commit_that_swells_is_refused() {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &[("offsets.topic.num.partitions", "1")]);
    let mut client = broker.connect();
    client.create("topic", 30);
    find_coordinator(&mut client, "group");
    let small = commit_all("group", 30);
    let codes = |answer: wire::OffsetCommitResponse| -> Vec<i16> {
        answer.topics[0].partitions.iter().map(|partition| partition.error_code).collect()
    };
    assert_eq!(codes(client.call(&small, COMMIT)), [0; 30]);
    let large = commit_all(&"g".repeat(30_000), 30);
    assert_eq!(codes(client.call(&large, COMMIT)), [ErrorCode::InvalidCommitOffsetSize.code(); 30]);
    let named = OffsetCommitRequest { member_id: "m".repeat(30_000), ..small.clone() };
    for request in [named, small] {
        assert_eq!(codes(client.call(&request, COMMIT)), [0; 30]);
    }
    drop(client);
    broker.stop();
}
