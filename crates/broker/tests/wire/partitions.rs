//! CreatePartitions over the wire: answered once the new partitions can be used.

use crate::batches::{batch, fetched};
use crate::client::{FETCH, PRODUCE, fetch_request, one, produce_request};
use crate::harness::{Broker, folder};
use types::ErrorCode;
use wire::create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
use wire::metadata_request::MetadataRequestTopic;
use wire::{CreatePartitionsRequest, MetadataRequest};

const VERSION: i16 = 3;

/// A request for a topic to have so many partitions.
pub fn grow_request(name: &str, count: i32) -> CreatePartitionsRequest {
    let topics = vec![CreatePartitionsTopic { name: name.into(), count, assignments: None }];
    CreatePartitionsRequest { topics, timeout_ms: 30_000, validate_only: false }
}

/// Protects: when CreatePartitions is answered, every connection can write to the new partitions and read them, and they
/// outlive the broker.
#[test]
fn new_partitions_are_there_when_the_answer_is() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let (mut client, mut other) = (broker.connect(), broker.connect());
    client.create("topic", 1);
    client.put("topic", &batch(&["old"]));
    for count in 2..=9 {
        let grown = client.call(&grow_request("topic", count), VERSION);
        assert_eq!(grown.results[0].error_code, 0, "{grown:?}");
        let value = format!("in {count}");
        let response = other.call(&produce_request("topic", &[(count - 1, &batch(&[&value]))]), PRODUCE);
        assert_eq!(response.responses[0].partition_responses[0].error_code, 0, "{response:?}");
    }
    let broker = broker.restart();
    let mut client = broker.connect();
    for count in 2..=9 {
        let mut request = fetch_request("topic", 0);
        request.topics[0].partitions[0].partition = count - 1;
        assert_eq!(fetched(&one(client.call(&request, FETCH))), [(0, format!("in {count}"))]);
    }
}

/// Protects: answers are Kafka's for what cannot be, one topic does not spoil another, and validate-only changes nothing.
#[test]
fn refusals_are_kafkas() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    let ask = |name: &str, count| CreatePartitionsTopic { name: name.into(), count, assignments: None };
    let assignments = Some(vec![CreatePartitionsAssignment { broker_ids: vec![9] }]);
    let cases = [
        (ask("topic", 2), ErrorCode::InvalidPartitions, Some("Topic already has 2 partition(s).")),
        (ask("nowhere", 2), ErrorCode::UnknownTopicOrPartition, None),
        (
            CreatePartitionsTopic { assignments, ..ask("topic", 3) },
            ErrorCode::InvalidReplicaAssignment,
            Some("The manual partition assignment includes broker 9, but no such broker is registered."),
        ),
    ];
    for (topic, code, message) in cases {
        let request =
            CreatePartitionsRequest { topics: vec![topic], timeout_ms: 30_000, validate_only: false };
        let result = client.call(&request, VERSION).results.remove(0);
        assert_eq!((result.error_code, result.error_message.as_deref()), (code.code(), message));
    }
    let dry = CreatePartitionsRequest { validate_only: true, ..grow_request("topic", 7) };
    assert_eq!(client.call(&dry, VERSION).results[0].error_code, 0);
    let named = MetadataRequestTopic { name: Some("topic".into()), ..Default::default() };
    let request = MetadataRequest { topics: Some(vec![named]), ..MetadataRequest::default() };
    assert_eq!(client.call(&request, 12).topics[0].partitions.len(), 2);
}
