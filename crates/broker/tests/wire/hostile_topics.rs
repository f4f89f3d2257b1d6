//! Hostile requests about topics (A10, A11, A12, A37, A40): each is refused with its code and changes nothing.

use crate::batches::batch;
use crate::client::{CREATE_TOPICS, Client};
use crate::harness::{Broker, folder};
use types::ErrorCode;
use wire::create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
use wire::delete_topics_request::DeleteTopicState;
use wire::metadata_request::MetadataRequestTopic;
use wire::{CreateTopicsRequest, DeleteTopicsRequest, MetadataRequest};

fn creatable(name: &str) -> CreatableTopic {
    CreatableTopic {
        name: name.into(),
        num_partitions: 1,
        replication_factor: 1,
        ..CreatableTopic::default()
    }
}

fn create(client: &mut Client, topics: Vec<CreatableTopic>) -> Vec<i16> {
    let request = CreateTopicsRequest { topics, timeout_ms: 30_000, validate_only: false };
    client.call(&request, CREATE_TOPICS).topics.iter().map(|topic| topic.error_code).collect()
}

/// Returns the names of all topics.
fn all(client: &mut Client) -> Vec<String> {
    let request = MetadataRequest { topics: None, ..MetadataRequest::default() };
    client.call(&request, 12).topics.into_iter().filter_map(|topic| topic.name).collect()
}

fn bad_names() -> Vec<String> {
    let long = "x".repeat(250);
    let huge = "x".repeat(30_000);
    let names = ["", ".", "..", "a/b", "../x", "/etc/passwd", "a\0b", "a\nb", "a b", "größe", "a\u{202e}b"];
    names.into_iter().chain([long.as_str(), huge.as_str()]).map(str::to_owned).collect()
}

/// Protects: a name that is none never becomes a topic or a folder, whichever request brings it (A10).
#[test]
fn bad_names_are_refused() {
    let outside = folder();
    let data = outside.path().join("data");
    let broker = Broker::start(&data);
    let mut client = broker.connect();
    for name in bad_names() {
        let code = ErrorCode::InvalidTopicException.code();
        assert_eq!(create(&mut client, vec![creatable(&name)]), [code], "{name:?}");
        let asked = MetadataRequestTopic { name: Some(name.clone()), ..MetadataRequestTopic::default() };
        let request = MetadataRequest { topics: Some(vec![asked]), ..MetadataRequest::default() };
        assert_eq!(client.call(&request, 9).topics[0].error_code, code, "{name:?} on demand");
        assert_ne!(client.produce(&name, &batch(&["x"])).error_code, 0, "{name:?}");
    }
    let code = ErrorCode::TopicAuthorizationFailed.code();
    assert_eq!(create(&mut client, vec![creatable("__cluster_metadata")]), [code]);
    assert_eq!(all(&mut client), [""; 0]);
    broker.stop();
    let entries: Vec<_> =
        std::fs::read_dir(outside.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(entries, ["data"], "nothing was written outside of the data folder");
}

/// Protects: two names that collide in metrics cannot both be, also within one request (A10).
#[test]
fn colliding_names_are_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("a.b", 1);
    let invalid = ErrorCode::InvalidTopicException.code();
    assert_eq!(create(&mut client, vec![creatable("a_b")]), [invalid]);
    assert_eq!(create(&mut client, vec![creatable("c_d"), creatable("c.d")]), [0, invalid]);
    assert_eq!(create(&mut client, vec![creatable("a.b")]), [ErrorCode::TopicAlreadyExists.code()]);
    assert_eq!(all(&mut client), ["a.b", "c_d"]);
}

/// Protects: counts that are impossible, too large or contradict an assignment are refused (A11).
#[test]
fn impossible_counts_are_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let with = |partitions, factor| CreatableTopic {
        num_partitions: partitions,
        replication_factor: factor,
        ..creatable("topic")
    };
    let assigned = |brokers: &[i32], partitions| CreatableTopic {
        assignments: vec![CreatableReplicaAssignment { partition_index: 0, broker_ids: brokers.to_vec() }],
        replication_factor: -1,
        num_partitions: partitions,
        ..creatable("topic")
    };
    for (topic, code) in [
        (with(0, 1), ErrorCode::InvalidPartitions),
        (with(-2, 1), ErrorCode::InvalidPartitions),
        (with(i32::MIN, 1), ErrorCode::InvalidPartitions),
        (with(i32::MAX, 1), ErrorCode::PolicyViolation),
        (with(10_001, 1), ErrorCode::PolicyViolation),
        (with(1, 0), ErrorCode::InvalidReplicationFactor),
        (with(1, -2), ErrorCode::InvalidReplicationFactor),
        (with(1, 2), ErrorCode::InvalidReplicationFactor),
        (with(1, i16::MAX), ErrorCode::InvalidReplicationFactor),
        (assigned(&[1], 1), ErrorCode::InvalidRequest),
        (assigned(&[99], -1), ErrorCode::InvalidReplicaAssignment),
        (assigned(&[], -1), ErrorCode::InvalidReplicaAssignment),
        (assigned(&[1, 1], -1), ErrorCode::InvalidReplicaAssignment),
    ] {
        assert_eq!(create(&mut client, vec![topic.clone()]), [code.code()], "{topic:?}");
    }
    assert_eq!(all(&mut client), [""; 0]);
}

/// Protects: of what stands twice in a request nothing is done, the rest is (A12).
#[test]
fn what_stands_twice_is_not_done() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let invalid = ErrorCode::InvalidRequest.code();
    let codes = create(&mut client, vec![creatable("twice"), creatable("once"), creatable("twice")]);
    assert_eq!(codes, [invalid, 0]);
    assert_eq!(all(&mut client), ["once"]);
    client.create("other", 1);
    let named = |name: &str| DeleteTopicState { name: Some(name.into()), ..DeleteTopicState::default() };
    let topics = vec![named("once"), named("other"), named("once"), named("nowhere")];
    let request = DeleteTopicsRequest { topics, timeout_ms: 30_000, ..DeleteTopicsRequest::default() };
    let response = client.call(&request, 6);
    let mut codes: Vec<_> =
        response.responses.iter().map(|r| (r.name.clone().unwrap_or_default(), r.error_code)).collect();
    codes.sort();
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!(codes, [("nowhere".into(), unknown), ("once".into(), invalid), ("other".into(), 0)]);
    assert_eq!(all(&mut client), ["once"]);
}

/// Protects: settings that are unknown, impossible or would be expanded are refused by name (A37, A40).
#[test]
fn impossible_settings_are_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let huge = "9".repeat(20_000);
    let cases = [
        ("no.such.setting", Some("1")),
        ("retention.ms", Some("-2")),
        ("retention.ms", Some("${env:HOME}")),
        ("retention.ms", Some("${file:/etc/passwd:x}")),
        ("retention.ms", Some("")),
        ("retention.ms", None),
        ("retention.ms", Some(huge.as_str())),
        ("cleanup.policy", Some("../../x")),
        ("segment.bytes", Some("-1")),
        ("max.message.bytes", Some("2147483648")),
        ("message.timestamp.type", Some("Never")),
        ("highwater.durability", Some("none")),
        ("", Some("x")),
    ];
    for (key, value) in cases {
        let config = CreatableTopicConfig { name: key.into(), value: value.map(str::to_owned) };
        let topic = CreatableTopic { configs: vec![config], ..creatable("topic") };
        let codes = create(&mut client, vec![topic]);
        assert_eq!(codes, [ErrorCode::InvalidConfig.code()], "{key}={value:?}");
    }
    assert_eq!(all(&mut client), [""; 0]);
}

/// Protects: a request that only asks whether it could be done changes nothing.
#[test]
fn validate_only_changes_nothing() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let request =
        CreateTopicsRequest { topics: vec![creatable("topic")], timeout_ms: 1_000, validate_only: true };
    assert_eq!(client.call(&request, CREATE_TOPICS).topics[0].error_code, 0);
    assert_eq!(all(&mut client), [""; 0]);
}
