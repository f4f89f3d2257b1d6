//! Which message an answer is, and which of its fields belong to a run.

use super::fields::{self, Fields};
use bytes::Bytes;
use wire::{APIS, ApiKey, Request};

/// Fields whose values belong to a run: ids, times, addresses, paths, sizes. Whether there is a value still counts.
const OF_A_RUN: [&str; 12] = [
    "cluster_id",
    "host",
    "last_caught_up_timestamp",
    "last_fetch_timestamp",
    "log_dir",
    "partition_size",
    "port",
    "producer_id",
    "session_id",
    "topic_id",
    "total_bytes",
    "usable_bytes",
];

/// The same in answers of one API: offsets and epochs of the metadata log.
const OF_A_RUN_IN: [(ApiKey, &str); 6] = [
    (ApiKey::ApiVersions, "finalized_features_epoch"),
    (ApiKey::DescribeQuorum, "high_watermark"),
    (ApiKey::DescribeQuorum, "leader_epoch"),
    (ApiKey::DescribeQuorum, "log_end_offset"),
    (ApiKey::DescribeProducers, "last_timestamp"),
    (ApiKey::DescribeTransactions, "transaction_start_time_ms"),
];

/// What stands where there is no value.
const NO_VALUE: [&str; 5] = ["0", "-1", "\"\"", "None", "AAAAAAAAAAAAAAAAAAAAAA"];

/// Returns the API of a name.
pub(super) fn api(name: &str) -> Option<ApiKey> {
    APIS.iter().find(|info| info.name == name).and_then(|info| ApiKey::from_code(info.key))
}

/// Takes an answer apart; every byte of it must be read.
pub(super) fn fields(api: ApiKey, version: i16, frame: Bytes) -> Fields {
    // What a newer client asks of ApiVersions is answered in version 0.
    let version = if api == ApiKey::ApiVersions && !api.info().supports(version) { 0 } else { version };
    let printed = match api {
        ApiKey::Fetch => return fetch(frame, version),
        ApiKey::Produce => printed::<wire::ProduceRequest>(frame, version),
        ApiKey::ListOffsets => printed::<wire::ListOffsetsRequest>(frame, version),
        ApiKey::Metadata => printed::<wire::MetadataRequest>(frame, version),
        ApiKey::OffsetCommit => printed::<wire::OffsetCommitRequest>(frame, version),
        ApiKey::OffsetFetch => printed::<wire::OffsetFetchRequest>(frame, version),
        ApiKey::FindCoordinator => printed::<wire::FindCoordinatorRequest>(frame, version),
        ApiKey::JoinGroup => printed::<wire::JoinGroupRequest>(frame, version),
        ApiKey::Heartbeat => printed::<wire::HeartbeatRequest>(frame, version),
        ApiKey::LeaveGroup => printed::<wire::LeaveGroupRequest>(frame, version),
        ApiKey::SyncGroup => printed::<wire::SyncGroupRequest>(frame, version),
        ApiKey::DescribeGroups => printed::<wire::DescribeGroupsRequest>(frame, version),
        ApiKey::ListGroups => printed::<wire::ListGroupsRequest>(frame, version),
        ApiKey::SaslHandshake => printed::<wire::SaslHandshakeRequest>(frame, version),
        ApiKey::ApiVersions => printed::<wire::ApiVersionsRequest>(frame, version),
        ApiKey::CreateTopics => printed::<wire::CreateTopicsRequest>(frame, version),
        ApiKey::DeleteTopics => printed::<wire::DeleteTopicsRequest>(frame, version),
        ApiKey::DeleteRecords => printed::<wire::DeleteRecordsRequest>(frame, version),
        ApiKey::InitProducerId => printed::<wire::InitProducerIdRequest>(frame, version),
        ApiKey::OffsetForLeaderEpoch => printed::<wire::OffsetForLeaderEpochRequest>(frame, version),
        ApiKey::DescribeAcls => printed::<wire::DescribeAclsRequest>(frame, version),
        ApiKey::CreateAcls => printed::<wire::CreateAclsRequest>(frame, version),
        ApiKey::DeleteAcls => printed::<wire::DeleteAclsRequest>(frame, version),
        ApiKey::DescribeConfigs => printed::<wire::DescribeConfigsRequest>(frame, version),
        ApiKey::AlterConfigs => printed::<wire::AlterConfigsRequest>(frame, version),
        ApiKey::DescribeLogDirs => printed::<wire::DescribeLogDirsRequest>(frame, version),
        ApiKey::CreatePartitions => printed::<wire::CreatePartitionsRequest>(frame, version),
        ApiKey::DeleteGroups => printed::<wire::DeleteGroupsRequest>(frame, version),
        ApiKey::IncrementalAlterConfigs => printed::<wire::IncrementalAlterConfigsRequest>(frame, version),
        ApiKey::OffsetDelete => printed::<wire::OffsetDeleteRequest>(frame, version),
        ApiKey::DescribeQuorum => printed::<wire::DescribeQuorumRequest>(frame, version),
        ApiKey::UpdateFeatures => printed::<wire::UpdateFeaturesRequest>(frame, version),
        ApiKey::DescribeCluster => printed::<wire::DescribeClusterRequest>(frame, version),
        ApiKey::ConsumerGroupHeartbeat => printed::<wire::ConsumerGroupHeartbeatRequest>(frame, version),
        ApiKey::ConsumerGroupDescribe => printed::<wire::ConsumerGroupDescribeRequest>(frame, version),
        ApiKey::ListConfigResources => printed::<wire::ListConfigResourcesRequest>(frame, version),
        ApiKey::DescribeTopicPartitions => printed::<wire::DescribeTopicPartitionsRequest>(frame, version),
        ApiKey::AddPartitionsToTxn => printed::<wire::AddPartitionsToTxnRequest>(frame, version),
        ApiKey::AddOffsetsToTxn => printed::<wire::AddOffsetsToTxnRequest>(frame, version),
        ApiKey::EndTxn => printed::<wire::EndTxnRequest>(frame, version),
        ApiKey::WriteTxnMarkers => printed::<wire::WriteTxnMarkersRequest>(frame, version),
        ApiKey::TxnOffsetCommit => printed::<wire::TxnOffsetCommitRequest>(frame, version),
        ApiKey::DescribeProducers => printed::<wire::DescribeProducersRequest>(frame, version),
        ApiKey::DescribeTransactions => printed::<wire::DescribeTransactionsRequest>(frame, version),
        ApiKey::ListTransactions => printed::<wire::ListTransactionsRequest>(frame, version),
    };
    fields::of(&printed)
}

fn printed<Q: Request>(frame: Bytes, version: i16) -> String
where
    Q::Response: std::fmt::Debug,
{
    format!("{:#?}", read::<Q>(frame, version))
}

fn read<Q: Request>(frame: Bytes, version: i16) -> Q::Response {
    wire::read_response(frame, version).unwrap().1
}

/// Records are printed without their bytes.
fn fetch(frame: Bytes, version: i16) -> Fields {
    let answer = read::<wire::FetchRequest>(frame, version);
    let mut fields = fields::of(&format!("{answer:#?}"));
    for (at, topic) in answer.responses.iter().enumerate() {
        for partition in &topic.partitions {
            let records = partition.records.clone().map(|records| records.into_bytes());
            let path = format!("records[{at}][{}]", partition.partition_index);
            fields.insert(path, format!("{records:?}"));
        }
    }
    fields
}

/// Hides the values that belong to a run; ids of producers too, if the recording does not name them.
pub(super) fn masked(api: ApiKey, mut fields: Fields, hides_producers: bool) -> Fields {
    for (path, value) in &mut fields {
        let name = path.rsplit('.').next().unwrap();
        if name == "producer_id" && !hides_producers {
            continue;
        }
        let is_of_a_run = OF_A_RUN.contains(&name) || OF_A_RUN_IN.contains(&(api, name));
        // The first producer id is 0.
        let is_given = name == "producer_id" && value == "0";
        if is_of_a_run && (is_given || !NO_VALUE.contains(&value.as_str())) {
            "*".clone_into(value);
        }
    }
    fields
}
