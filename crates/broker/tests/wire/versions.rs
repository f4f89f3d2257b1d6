//! Every API in every version that is announced.

use crate::batches::batch;
use crate::client::{Client, fetch_request, offsets_request, produce_request};
use crate::harness::{Broker, folder};
use crate::idempotence::idempotent;
use types::{ErrorCode, Uuid};
use wire::create_topics_request::CreatableTopic;
use wire::delete_topics_request::DeleteTopicState;
use wire::describe_configs_request::DescribeConfigsResource;
use wire::describe_topic_partitions_request::TopicRequest;
use wire::metadata_request::MetadataRequestTopic;
use wire::{
    APIS, ApiInfo, ApiKey, ApiVersionsRequest, ApiVersionsResponse, CreateTopicsRequest, DeleteTopicsRequest,
    DescribeClusterRequest, DescribeConfigsRequest, DescribeTopicPartitionsRequest, FindCoordinatorRequest,
    Message, MetadataRequest,
};

/// A topic that every version finds.
struct Topic {
    name: &'static str,
    id: Uuid,
}

/// The APIs whose bytes are known here and whose handlers follow.
const NOT_SERVED: [ApiKey; 13] = [
    ApiKey::SaslHandshake,
    ApiKey::DeleteRecords,
    ApiKey::OffsetForLeaderEpoch,
    ApiKey::DescribeAcls,
    ApiKey::CreateAcls,
    ApiKey::DeleteAcls,
    ApiKey::AlterConfigs,
    ApiKey::DescribeLogDirs,
    ApiKey::CreatePartitions,
    ApiKey::IncrementalAlterConfigs,
    ApiKey::DescribeQuorum,
    ApiKey::UpdateFeatures,
    ApiKey::ListConfigResources,
];

/// Returns the APIs that this broker serves.
fn served() -> impl Iterator<Item = &'static ApiInfo> {
    APIS.iter().filter(|info| NOT_SERVED.iter().all(|api| api.info().key != info.key))
}

/// Sends an ordinary request in a version and returns the error codes of the answer.
fn ask(client: &mut Client, api: ApiKey, version: i16, topic: &Topic) -> Vec<i16> {
    match api {
        ApiKey::Produce => produce(client, version, topic),
        ApiKey::Fetch => fetch(client, version, topic),
        ApiKey::ListOffsets => {
            let response = client.call(&offsets_request(topic.name, -1), version);
            vec![response.topics[0].partitions[0].error_code]
        }
        ApiKey::Metadata => metadata(client, version, topic),
        ApiKey::FindCoordinator => find_coordinator(client, version),
        ApiKey::ApiVersions => {
            let request =
                ApiVersionsRequest { client_software_name: "t".into(), client_software_version: "1".into() };
            vec![client.call(&request, version).error_code]
        }
        ApiKey::CreateTopics => create_topics(client, version),
        ApiKey::DeleteTopics => delete_topics(client, version),
        ApiKey::InitProducerId => {
            let response = client.call(&idempotent(), version);
            assert!(response.producer_id >= 0);
            vec![response.error_code]
        }
        ApiKey::DescribeConfigs => describe_configs(client, version, topic),
        ApiKey::DescribeCluster => {
            let response = client.call(&DescribeClusterRequest::default(), version);
            assert_eq!(response.brokers.len(), 1);
            vec![response.error_code]
        }
        ApiKey::DescribeTopicPartitions => {
            let topics = vec![TopicRequest { name: topic.name.into() }];
            let request = DescribeTopicPartitionsRequest { topics, ..Default::default() };
            let response = client.call(&request, version);
            assert_eq!(response.topics[0].partitions.len(), 1);
            vec![response.topics[0].error_code]
        }
        other => panic!("{other:?} is announced and not asked here"),
    }
}

fn produce(client: &mut Client, version: i16, topic: &Topic) -> Vec<i16> {
    let mut request = produce_request(topic.name, &[(0, &batch(&["value"]))]);
    if version >= 13 {
        request.topic_data[0].name = String::new();
        request.topic_data[0].topic_id = topic.id;
    }
    let response = client.call(&request, version);
    vec![response.responses[0].partition_responses[0].error_code]
}

fn fetch(client: &mut Client, version: i16, topic: &Topic) -> Vec<i16> {
    let mut request = fetch_request(topic.name, 0);
    if version >= 13 {
        request.topics[0].topic = String::new();
        request.topics[0].topic_id = topic.id;
    }
    let response = client.call(&request, version);
    assert!(!response.responses[0].partitions[0].records.as_ref().unwrap().is_empty());
    vec![response.error_code, response.responses[0].partitions[0].error_code]
}

fn metadata(client: &mut Client, version: i16, topic: &Topic) -> Vec<i16> {
    let asked = MetadataRequestTopic { name: Some(topic.name.into()), ..MetadataRequestTopic::default() };
    let named = MetadataRequest { topics: Some(vec![asked]), ..MetadataRequest::default() };
    let all = MetadataRequest { topics: (version == 0).then(Vec::new), ..MetadataRequest::default() };
    let mut codes = Vec::new();
    for request in [named, all] {
        let response = client.call(&request, version);
        let found = response.topics.iter().find(|t| t.name.as_deref() == Some(topic.name)).unwrap();
        assert_eq!(response.brokers.len(), 1);
        codes.extend([found.error_code, found.partitions[0].error_code, response.error_code]);
    }
    codes
}

fn find_coordinator(client: &mut Client, version: i16) -> Vec<i16> {
    let mut request = FindCoordinatorRequest::default();
    if version >= 4 {
        request.coordinator_keys = vec!["group".into()];
    } else {
        request.key = "group".into();
    }
    let response = client.call(&request, version);
    let code = response.coordinators.first().map_or(response.error_code, |found| found.error_code);
    assert_eq!(code, ErrorCode::CoordinatorNotAvailable.code(), "there are no groups yet");
    vec![0]
}

fn create_topics(client: &mut Client, version: i16) -> Vec<i16> {
    let topic = CreatableTopic {
        name: format!("created-{version}"),
        num_partitions: 1,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
    vec![client.call(&request, version).topics[0].error_code]
}

fn delete_topics(client: &mut Client, version: i16) -> Vec<i16> {
    let name = format!("deleted-{version}");
    client.create(&name, 1);
    let mut request = DeleteTopicsRequest { timeout_ms: 30_000, ..DeleteTopicsRequest::default() };
    if version >= 6 {
        request.topics = vec![DeleteTopicState { name: Some(name), ..DeleteTopicState::default() }];
    } else {
        request.topic_names = vec![name];
    }
    vec![client.call(&request, version).responses[0].error_code]
}

fn describe_configs(client: &mut Client, version: i16, topic: &Topic) -> Vec<i16> {
    let resource = |resource_type, name: &str| DescribeConfigsResource {
        resource_type,
        resource_name: name.into(),
        configuration_keys: None,
    };
    let resources = vec![resource(2, topic.name), resource(4, "1")];
    let response = client.call(&DescribeConfigsRequest { resources, ..Default::default() }, version);
    assert!(response.results.iter().all(|result| !result.configs.is_empty()), "{response:?}");
    response.results.iter().map(|result| result.error_code).collect()
}

/// Protects: whatever is announced is answered, in each version and without closing the connection.
#[test]
fn every_announced_version_is_answered() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let topic = Topic { name: "topic", id: client.create_with("topic", 1, &[]) };
    for info in served() {
        let api = ApiKey::from_code(info.key).unwrap();
        for version in info.min..=info.max {
            let codes = ask(&mut client, api, version, &topic);
            assert!(codes.iter().all(|code| *code == 0), "{} {version}: {codes:?}", info.name);
        }
    }
}

/// Protects: exactly what is served is announced, and Produce from 0 on, as Kafka does.
#[test]
fn the_table_is_announced() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let request =
        ApiVersionsRequest { client_software_name: "t".into(), client_software_version: "1".into() };
    let response = broker.connect().call(&request, 4);
    let announced: Vec<_> =
        response.api_keys.iter().map(|api| (api.api_key, api.min_version, api.max_version)).collect();
    let served: Vec<_> =
        served().map(|api| (api.key, if api.key == 0 { 0 } else { api.min }, api.max)).collect();
    assert_eq!(announced, served);
    let features: Vec<_> = response.finalized_features.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(features, ["metadata.version"], "nothing is finalised before its APIs exist");
}

/// Protects: what is not announced is not answered, also where its bytes could be read.
#[test]
fn what_is_not_announced_closes() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    for api in NOT_SERVED {
        let info = api.info();
        let head = [info.key.to_be_bytes(), info.max.to_be_bytes(), [0, 0], [0, 7], [0xff, 0xff], [0, 0]];
        let mut client = broker.connect();
        client.send_bytes(&[&12_i32.to_be_bytes()[..], &head.concat()].concat());
        client.expect_closed(info.name);
    }
}

/// Protects: a client that is newer than this broker learns which version of ApiVersions to use.
#[test]
fn unknown_versions_of_api_versions_are_answered_in_version_0() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    for version in [5, 99, i16::MAX, -1] {
        let mut client = broker.connect();
        // Whatever such a request may hold cannot be read.
        let rest = [0xff, 0xff, 0, 3, b'x', b'y', 9, 9, 9];
        let head = [&18_i16.to_be_bytes()[..], &version.to_be_bytes(), &77_i32.to_be_bytes()].concat();
        let length = i32::try_from(head.len() + rest.len()).unwrap();
        client.send_bytes(&[&length.to_be_bytes()[..], &head, &rest].concat());
        let frame = client.read_frame().unwrap();
        assert_eq!(frame[..4], 77_i32.to_be_bytes());
        let response = ApiVersionsResponse::from_bytes(frame.slice(4..), 0).unwrap();
        assert_eq!(response.error_code, ErrorCode::UnsupportedVersion.code());
        let range: Vec<_> =
            response.api_keys.iter().map(|a| (a.api_key, a.min_version, a.max_version)).collect();
        assert_eq!(range, [(18, 0, 4)]);
        assert_eq!(client.call(&ApiVersionsRequest::default(), 0).error_code, 0, "it asks again");
    }
}
