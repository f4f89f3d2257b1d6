//! Requests about topics, settings and access rules: A10, A11, A12, A26, A36, A37, A38, A40.

use super::row::Row;
use types::ErrorCode;
use wire::alter_configs_request::{self, AlterConfigsRequest};
use wire::create_acls_request::AclCreation;
use wire::create_partitions_request::CreatePartitionsTopic;
use wire::create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
use wire::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use wire::delete_topics_request::DeleteTopicState;
use wire::incremental_alter_configs_request::{self, IncrementalAlterConfigsRequest};
use wire::metadata_request::MetadataRequestTopic;
use wire::{
    ApiKey, CreateAclsRequest, CreatePartitionsRequest, CreateTopicsRequest, CreateTopicsResponse,
    DeleteRecordsRequest, DeleteTopicsRequest, InitProducerIdRequest, MetadataRequest, SaslHandshakeRequest,
};

/// The rows.
pub(super) fn rows() -> Vec<Row> {
    [names(), counts(), twice(), settings(), alterations(), refusals()].into_iter().flatten().collect()
}

fn creatable(name: &str) -> CreatableTopic {
    CreatableTopic {
        name: name.into(),
        num_partitions: 1,
        replication_factor: 1,
        ..CreatableTopic::default()
    }
}

fn create(number: u8, what: &str, topics: Vec<CreatableTopic>, codes: &[ErrorCode]) -> Row {
    let request = CreateTopicsRequest { topics, timeout_ms: 30_000, validate_only: false };
    let of = |answer: &CreateTopicsResponse| answer.topics.iter().map(|topic| topic.error_code).collect();
    Row::asks(number, what, (&request, 7), of, codes)
}

fn names() -> Vec<Row> {
    let long = "x".repeat(250);
    let huge = "x".repeat(30_000);
    let invalid = ErrorCode::InvalidTopicException;
    let names = ["", ".", "..", "a/b", "../x", "/etc/passwd", "a\0b", "a\nb", "a b", "größe", "a\u{202e}b"];
    let mut rows = Vec::new();
    for name in names.into_iter().chain([long.as_str(), huge.as_str()]) {
        let shown = format!("{:?} ({} bytes)", name.chars().take(20).collect::<String>(), name.len());
        rows.push(create(10, &format!("a topic {shown}"), vec![creatable(name)], &[invalid]));
        let topic = MetadataRequestTopic { name: Some(name.into()), ..MetadataRequestTopic::default() };
        let request = MetadataRequest {
            topics: Some(vec![topic]),
            allow_auto_topic_creation: true,
            ..MetadataRequest::default()
        };
        let of = |answer: &wire::MetadataResponse| answer.topics.iter().map(|t| t.error_code).collect();
        rows.push(Row::asks(10, &format!("a topic on demand {shown}"), (&request, 9), of, &[invalid]));
    }
    let denied = ErrorCode::TopicAuthorizationFailed;
    rows.push(create(10, "the metadata topic", vec![creatable("__cluster_metadata")], &[denied]));
    let internal = vec![creatable("__consumer_offsets")];
    rows.push(create(10, "a coordinator's topic", internal, &[ErrorCode::None]));
    let colliding = vec![creatable("c_d"), creatable("c.d")];
    rows.push(
        create(10, "names that collide", colliding, &[ErrorCode::None, invalid])
            .stricter("two names in one CreateTopics that collide"),
    );
    rows
}

fn counts() -> Vec<Row> {
    let with = |partitions, factor| CreatableTopic {
        num_partitions: partitions,
        replication_factor: factor,
        ..creatable("counted")
    };
    let assigned = |brokers: &[i32], partitions| CreatableTopic {
        assignments: vec![CreatableReplicaAssignment { partition_index: 0, broker_ids: brokers.to_vec() }],
        replication_factor: -1,
        num_partitions: partitions,
        ..creatable("counted")
    };
    let cases = [
        ("0 partitions", with(0, 1), ErrorCode::InvalidPartitions),
        ("-2 partitions", with(-2, 1), ErrorCode::InvalidPartitions),
        ("2^31 - 1 partitions", with(i32::MAX, 1), ErrorCode::PolicyViolation),
        ("10,001 partitions", with(10_001, 1), ErrorCode::PolicyViolation),
        ("replication factor 0", with(1, 0), ErrorCode::InvalidReplicationFactor),
        ("replication factor -2", with(1, -2), ErrorCode::InvalidReplicationFactor),
        ("replication factor 2 of one broker", with(1, 2), ErrorCode::InvalidReplicationFactor),
        ("assignment and count", assigned(&[1], 1), ErrorCode::InvalidRequest),
        ("an assignment to nobody", assigned(&[99], -1), ErrorCode::InvalidReplicaAssignment),
        ("an assignment to one broker twice", assigned(&[1, 1], -1), ErrorCode::InvalidReplicaAssignment),
    ];
    let rows = cases.into_iter().map(|(what, topic, code)| create(11, what, vec![topic], &[code]));
    rows.chain(more_partitions()).collect()
}

fn more_partitions() -> Vec<Row> {
    let (invalid, too_many) = (ErrorCode::InvalidPartitions, ErrorCode::PolicyViolation);
    let row = |(count, code): (i32, ErrorCode)| {
        let topic = CreatePartitionsTopic { name: "target".into(), count, assignments: None };
        let request =
            CreatePartitionsRequest { topics: vec![topic], timeout_ms: 30_000, validate_only: false };
        let of = |answer: &wire::CreatePartitionsResponse| {
            answer.results.iter().map(|result| result.error_code).collect()
        };
        let row = Row::asks(11, &format!("{count} partitions where there are 2"), (&request, 3), of, &[code]);
        row.needs(ApiKey::CreatePartitions)
    };
    [(1, invalid), (0, invalid), (-2, invalid), (i32::MAX, too_many)].map(row).into()
}

fn twice() -> Vec<Row> {
    let topics = vec![creatable("twice"), creatable("once"), creatable("twice")];
    let codes = [ErrorCode::InvalidRequest, ErrorCode::None];
    let named = |name: &str| DeleteTopicState { name: Some(name.into()), ..DeleteTopicState::default() };
    let topics_gone = vec![named("target"), named("once"), named("target")];
    let delete =
        DeleteTopicsRequest { topics: topics_gone, timeout_ms: 30_000, ..DeleteTopicsRequest::default() };
    let of = |answer: &wire::DeleteTopicsResponse| answer.responses.iter().map(|r| r.error_code).collect();
    vec![
        create(12, "the same topic twice in CreateTopics", topics, &codes),
        Row::asks(12, "the same topic twice in DeleteTopics", (&delete, 6), of, &codes),
        // Neither of them was done.
        create(12, "the topic that stood twice is not there", vec![creatable("twice")], &[ErrorCode::None]),
        create(
            12,
            "the topic that stood twice is still there",
            vec![creatable("target")],
            &[ErrorCode::TopicAlreadyExists],
        ),
    ]
}

/// Names and values that are never taken.
fn bad_settings() -> Vec<(u8, &'static str, String)> {
    let huge = "9".repeat(20_000);
    let of_37 = [
        ("no.such.setting", "1"),
        ("retention.ms", "${env:HOME}"),
        ("retention.ms", "${file:/etc/passwd:x}"),
        ("retention.ms", huge.as_str()),
        ("cleanup.policy", "../../x"),
        ("max.message.bytes", "2147483648"),
    ];
    let cases = of_37.map(|(key, value)| (37, key, value.to_owned()));
    cases.into_iter().chain([(40, "retention.ms", "-2".to_owned())]).collect()
}

fn shown(key: &str, value: &str) -> String {
    format!("{key}={} ({} bytes)", value.chars().take(30).collect::<String>(), value.len())
}

fn settings() -> Vec<Row> {
    let row = |(number, key, value): (u8, &str, String)| {
        let what = format!("a new topic with {}", shown(key, &value));
        let config = CreatableTopicConfig { name: key.into(), value: Some(value) };
        let topic = CreatableTopic { configs: vec![config], ..creatable("set") };
        create(number, &what, vec![topic], &[ErrorCode::InvalidConfig])
    };
    bad_settings().into_iter().map(row).collect()
}

fn alterations() -> Vec<Row> {
    let (topic, name) = (2, || "honest".to_owned());
    let mut rows = Vec::new();
    for (number, key, value) in bad_settings() {
        let shown = shown(key, &value);
        let config = incremental_alter_configs_request::AlterableConfig {
            name: key.into(),
            config_operation: 0,
            value: Some(value.clone()),
        };
        let resource = incremental_alter_configs_request::AlterConfigsResource {
            resource_type: topic,
            resource_name: name(),
            configs: vec![config],
        };
        let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
        let of = |answer: &wire::IncrementalAlterConfigsResponse| {
            answer.responses.iter().map(|r| r.error_code).collect()
        };
        let what = format!("a topic changed to {shown}");
        let row = Row::asks(number, &what, (&request, 1), of, &[ErrorCode::InvalidConfig]);
        rows.push(row.needs(ApiKey::IncrementalAlterConfigs));
        let config = alter_configs_request::AlterableConfig { name: key.into(), value: Some(value) };
        let resource = alter_configs_request::AlterConfigsResource {
            resource_type: topic,
            resource_name: name(),
            configs: vec![config],
        };
        let request = AlterConfigsRequest { resources: vec![resource], validate_only: false };
        let of =
            |answer: &wire::AlterConfigsResponse| answer.responses.iter().map(|r| r.error_code).collect();
        let what = format!("a topic set to {shown}");
        let row = Row::asks(number, &what, (&request, 2), of, &[ErrorCode::InvalidConfig]);
        rows.push(row.needs(ApiKey::AlterConfigs));
    }
    rows
}

fn refusals() -> Vec<Row> {
    let mechanism = SaslHandshakeRequest { mechanism: "PLAIN".into() };
    let rule = |name: String| AclCreation {
        resource_type: 2,
        resource_name: name,
        resource_pattern_type: 4,
        principal: "User:*".into(),
        host: "*".into(),
        operation: 3,
        permission_type: 3,
    };
    let rules = CreateAclsRequest { creations: vec![rule(String::new()), rule("a\nb".into())] };
    let of_rules = |answer: &wire::CreateAclsResponse| answer.results.iter().map(|r| r.error_code).collect();
    let many = CreateAclsRequest { creations: vec![rule("x".into()); 100_000] };
    let without_id = |transactional_id: Option<&str>, producer_id, producer_epoch| InitProducerIdRequest {
        transactional_id: transactional_id.map(str::to_owned),
        transaction_timeout_ms: 60_000,
        producer_id,
        producer_epoch,
        ..InitProducerIdRequest::default()
    };
    let of_id = |answer: &wire::InitProducerIdResponse| vec![answer.error_code];
    let partition = DeleteRecordsPartition { partition_index: 0, offset: i64::MAX };
    let topic = DeleteRecordsTopic { name: "honest".into(), partitions: vec![partition] };
    let records = DeleteRecordsRequest { topics: vec![topic], timeout_ms: 30_000 };
    let of_records = |answer: &wire::DeleteRecordsResponse| vec![answer.topics[0].partitions[0].error_code];
    let (disabled, invalid) = (ErrorCode::SecurityDisabled, ErrorCode::InvalidRequest);
    vec![
        Row::asks(
            26,
            "a SASL handshake on a plaintext listener",
            (&mechanism, 1),
            |answer| vec![answer.error_code],
            &[ErrorCode::IllegalSaslState],
        ),
        Row::asks(36, "an empty transactional id", (&without_id(Some(""), -1, -1), 4), of_id, &[invalid]),
        Row::asks(36, "an id without an epoch", (&without_id(None, 5, -1), 4), of_id, &[invalid]),
        Row::asks(38, "access rules without an authorizer", (&rules, 3), of_rules, &[disabled; 2]),
        Row::closes(38, "100,000 access rules", crate::client::frame(&many, 3, 7))
            .stricter("a request without records of more"),
        Row::asks(
            40,
            "DeleteRecords beyond the end",
            (&records, 2),
            of_records,
            &[ErrorCode::OffsetOutOfRange],
        )
        .needs(ApiKey::DeleteRecords),
    ]
}
