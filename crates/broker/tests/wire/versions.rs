//! Every API in every version that is announced.

use crate::batches::batch;
use crate::client::{Client, fetch_request, offsets_request, produce_request};
use crate::delete_records::delete_request;
use crate::epochs::epoch_request;
use crate::harness::{Broker, folder};
use crate::idempotence::idempotent;
use crate::partitions::grow_request;
use crate::transactions::describe_producers;
use types::{ErrorCode, Uuid};
use wire::create_acls_request::AclCreation;
use wire::create_topics_request::CreatableTopic;
use wire::delete_acls_request::DeleteAclsFilter;
use wire::delete_topics_request::DeleteTopicState;
use wire::describe_configs_request::DescribeConfigsResource;
use wire::describe_quorum_request::{PartitionData, TopicData};
use wire::describe_topic_partitions_request::TopicRequest;
use wire::metadata_request::MetadataRequestTopic;
use wire::update_features_request::FeatureUpdateKey;
use wire::{
    APIS, AlterConfigsRequest, ApiKey, ApiVersionsRequest, ApiVersionsResponse, CreateAclsRequest,
    CreateTopicsRequest, DeleteAclsRequest, DeleteTopicsRequest, DescribeAclsRequest, DescribeClusterRequest,
    DescribeConfigsRequest, DescribeLogDirsRequest, DescribeQuorumRequest, DescribeTopicPartitionsRequest,
    FindCoordinatorRequest, ListConfigResourcesRequest, Message, MetadataRequest, SaslHandshakeRequest,
    UpdateFeaturesRequest,
};

/// A topic that every version finds.
struct Topic {
    name: &'static str,
    id: Uuid,
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
        ApiKey::DeleteRecords => delete_records(client, version, topic),
        ApiKey::OffsetForLeaderEpoch => {
            let response = client.call(&epoch_request(topic.name, -1, 0), version);
            vec![response.topics[0].partitions[0].error_code]
        }
        ApiKey::DescribeLogDirs => {
            let response = client.call(&DescribeLogDirsRequest { topics: None }, version);
            assert!(response.results[0].topics.iter().any(|found| found.name == topic.name));
            vec![response.error_code, response.results[0].error_code]
        }
        ApiKey::CreatePartitions => create_partitions(client, version),
        ApiKey::InitProducerId => {
            let response = client.call(&idempotent(), version);
            assert!(response.producer_id >= 0);
            vec![response.error_code]
        }
        ApiKey::DescribeConfigs => describe_configs(client, version, topic),
        ApiKey::SaslHandshake | ApiKey::DescribeAcls | ApiKey::CreateAcls | ApiKey::DeleteAcls => {
            refused_by_protection(client, api, version)
        }
        ApiKey::DescribeQuorum => describe_quorum(client, version),
        ApiKey::UpdateFeatures => update_features(client, version),
        ApiKey::AlterConfigs => alter_configs(client, version, topic),
        ApiKey::IncrementalAlterConfigs => incremental_alter_configs(client, version, topic),
        ApiKey::ListConfigResources => {
            let response = client.call(&ListConfigResourcesRequest::default(), version);
            assert_eq!(response.config_resources.is_empty(), version == 0, "{response:?}");
            vec![response.error_code]
        }
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
        ApiKey::DescribeProducers => {
            let response = client.call(&describe_producers(topic.name, &[0]), version);
            vec![response.topics[0].partitions[0].error_code]
        }
        ApiKey::OffsetCommit
        | ApiKey::OffsetFetch
        | ApiKey::JoinGroup
        | ApiKey::Heartbeat
        | ApiKey::LeaveGroup
        | ApiKey::SyncGroup
        | ApiKey::DescribeGroups
        | ApiKey::ListGroups
        | ApiKey::DeleteGroups
        | ApiKey::ConsumerGroupHeartbeat
        | ApiKey::ConsumerGroupDescribe
        | ApiKey::OffsetDelete => crate::groups::ask(client, api, version, (topic.name, topic.id)),
        ApiKey::AddPartitionsToTxn
        | ApiKey::AddOffsetsToTxn
        | ApiKey::EndTxn
        | ApiKey::WriteTxnMarkers
        | ApiKey::DescribeTransactions
        | ApiKey::ListTransactions => vec![crate::transactions::ask(client, api, version, topic.name)],
        ApiKey::TxnOffsetCommit => vec![crate::txn_offsets::ask(client, version, topic.name)],
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
    vec![response.coordinators.first().map_or(response.error_code, |found| found.error_code)]
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

fn delete_records(client: &mut Client, version: i16, topic: &Topic) -> Vec<i16> {
    let response = client.call(&delete_request(topic.name, &[(0, 0)]), version);
    vec![response.topics[0].partitions[0].error_code]
}

fn create_partitions(client: &mut Client, version: i16) -> Vec<i16> {
    let name = format!("grown-{version}");
    client.create(&name, 1);
    vec![client.call(&grow_request(&name, 2), version).results[0].error_code]
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

/// What has no place on a broker without authentication and access rules is refused, as by Kafka.
fn refused_by_protection(client: &mut Client, api: ApiKey, version: i16) -> Vec<i16> {
    let disabled = ErrorCode::SecurityDisabled.code();
    let (code, expected) = match api {
        ApiKey::SaslHandshake => {
            let response = client.call(&SaslHandshakeRequest { mechanism: "PLAIN".into() }, version);
            assert!(response.mechanisms.is_empty());
            (response.error_code, ErrorCode::IllegalSaslState.code())
        }
        ApiKey::DescribeAcls => (client.call(&DescribeAclsRequest::default(), version).error_code, disabled),
        ApiKey::CreateAcls => {
            let request = CreateAclsRequest { creations: vec![AclCreation::default()] };
            (client.call(&request, version).results[0].error_code, disabled)
        }
        _ => {
            let request = DeleteAclsRequest { filters: vec![DeleteAclsFilter::default()] };
            (client.call(&request, version).filter_results[0].error_code, disabled)
        }
    };
    assert_eq!(code, expected);
    vec![0]
}

fn quorum_request(topic: &str, partition_index: i32) -> DescribeQuorumRequest {
    let partitions = vec![PartitionData { partition_index }];
    DescribeQuorumRequest { topics: vec![TopicData { topic_name: topic.into(), partitions }] }
}

fn describe_quorum(client: &mut Client, version: i16) -> Vec<i16> {
    let response = client.call(&quorum_request("__cluster_metadata", 0), version);
    let partition = &response.topics[0].partitions[0];
    assert_eq!((partition.leader_id, partition.current_voters[0].replica_id), (1, 1));
    assert!(partition.leader_epoch > 0 && partition.high_watermark > 0, "{partition:?}");
    let voter = &partition.current_voters[0];
    assert!(voter.log_end_offset >= partition.high_watermark, "{partition:?}");
    assert_eq!(version >= 1, voter.last_fetch_timestamp > 0, "{voter:?}");
    assert_eq!(version >= 2, response.nodes.len() == 1 && !response.nodes[0].listeners.is_empty());
    vec![response.error_code, partition.error_code]
}

fn update_features(client: &mut Client, version: i16) -> Vec<i16> {
    let update = FeatureUpdateKey {
        feature: "metadata.version".into(),
        max_version_level: 30,
        ..FeatureUpdateKey::default()
    };
    let request = UpdateFeaturesRequest { feature_updates: vec![update], ..UpdateFeaturesRequest::default() };
    let response = client.call(&request, version);
    assert_eq!(response.results.len(), usize::from(version <= 1), "each feature for itself up to version 1");
    vec![response.error_code]
}

/// Protects: only the metadata log is described, and a new decision moves its ends on.
#[test]
fn the_quorum_is_described() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let ends = |client: &mut Client| {
        let response = client.call(&quorum_request("__cluster_metadata", 0), 2);
        let partition = response.topics[0].partitions[0].clone();
        (partition.leader_epoch, partition.high_watermark, partition.current_voters[0].log_end_offset)
    };
    let before = ends(&mut client);
    client.create("topic", 1);
    let after = ends(&mut client);
    assert!(after.0 == before.0 && after.1 > before.1 && after.2 > before.2, "{before:?} {after:?}");
    for (topic, partition) in [("topic", 0), ("__cluster_metadata", 1)] {
        let response = client.call(&quorum_request(topic, partition), 2);
        let refused = &response.topics[0].partitions[0];
        assert_eq!(refused.error_code, ErrorCode::UnknownTopicOrPartition.code());
        assert_eq!((refused.leader_id, response.nodes.len()), (0, 0));
    }
    drop(client);
    let broker = broker.restart();
    let restarted = ends(&mut broker.connect());
    assert!(restarted.0 > after.0 && restarted.1 > after.1, "{after:?} {restarted:?}");
}

/// Protects: a level that cannot be is refused as a whole, and ApiVersions shows the levels in force with their epoch.
#[test]
fn features_are_updated_as_a_whole() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let finalized = |client: &mut Client| {
        let response = client.call(&ApiVersionsRequest::default(), 0);
        assert_eq!(response.error_code, 0);
        let request =
            ApiVersionsRequest { client_software_name: "t".into(), client_software_version: "1".into() };
        let response = client.call(&request, 3);
        let levels: Vec<_> =
            response.finalized_features.iter().map(|f| (f.name.clone(), f.max_version_level)).collect();
        (levels, response.finalized_features_epoch)
    };
    let before = finalized(&mut client);
    let update = |feature: &str, level, kind| FeatureUpdateKey {
        feature: feature.into(),
        max_version_level: level,
        upgrade_type: kind,
        ..FeatureUpdateKey::default()
    };
    let both = vec![update("metadata.version", 30, 1), update("share.version", 1, 1)];
    let request = UpdateFeaturesRequest { feature_updates: both, ..UpdateFeaturesRequest::default() };
    for version in 1..=2 {
        let response = client.call(&request, version);
        assert_eq!(response.error_code, ErrorCode::InvalidUpdateVersion.code());
        let sentence = response.error_message.unwrap();
        assert!(sentence.ends_with("Local controller 1 does not support this feature."), "{sentence}");
        assert!(response.results.is_empty());
    }
    assert_eq!(finalized(&mut client), before, "nothing changed");
    client.create("topic", 1);
    let after = finalized(&mut client);
    assert!(
        after.0 == before.0 && after.1 > before.1,
        "the epoch is that of the metadata: {before:?} {after:?}"
    );
}

fn alter_configs(client: &mut Client, version: i16, topic: &Topic) -> Vec<i16> {
    use wire::alter_configs_request::{AlterConfigsResource, AlterableConfig};
    let config = AlterableConfig { name: "retention.ms".into(), value: Some("-1".into()) };
    let resource =
        AlterConfigsResource { resource_type: 2, resource_name: topic.name.into(), configs: vec![config] };
    let request = AlterConfigsRequest { resources: vec![resource], validate_only: false };
    vec![client.call(&request, version).responses[0].error_code]
}

fn incremental_alter_configs(client: &mut Client, version: i16, topic: &Topic) -> Vec<i16> {
    let answer =
        crate::settings::change(client, (2, topic.name), &[(0, "retention.ms", Some("-1"))], version);
    vec![answer.error_code]
}

/// Protects: whatever is announced is answered, in each version and without closing the connection.
#[test]
fn every_announced_version_is_answered() {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &[("group.initial.rebalance.delay.ms", "0")]);
    let mut client = broker.connect();
    let topic = Topic { name: "topic", id: client.create_with("topic", 1, &[]) };
    crate::groups::find_coordinator(&mut client, "outside");
    for info in APIS {
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
        APIS.iter().map(|api| (api.key, if api.key == 0 { 0 } else { api.min }, api.max)).collect();
    assert_eq!(announced, served);
    let features: Vec<_> = response.finalized_features.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(features, ["group.version", "metadata.version", "transaction.version"]);
    let supported = |version| -> Vec<String> {
        let response = broker.connect().call(&request, version);
        response.supported_features.into_iter().map(|f| f.name).collect()
    };
    assert_eq!(supported(4), features);
    assert_eq!(supported(3), ["metadata.version"], "older clients cannot read of a feature that begins at 0");
}

/// Protects: what is not announced is not answered, whether Kafka has such an API or nobody; nor is InitProducerId 6, two-phase commit
/// (X19).
#[test]
fn what_is_not_announced_closes() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let nobodys = [4_i16, 24, 25, 26, 27, 28, 36, 48, 65, 66, 93, i16::MAX, -1].map(|key| (key, 0_i16));
    let two_phase_commit = (22, 6);
    for (key, version) in nobodys.into_iter().chain([two_phase_commit]) {
        let head = [key.to_be_bytes(), version.to_be_bytes(), [0, 0], [0, 7], [0xff, 0xff], [0, 0]];
        let mut client = broker.connect();
        client.send_bytes(&[&12_i32.to_be_bytes()[..], &head.concat()].concat());
        client.expect_closed(&format!("API {key} {version}"));
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
