//! Administration of the cluster itself: who decides on its metadata, and at which levels its features are.
//! Tests: `tests/client/admin.rs`, crates/cli/tests/command_line.rs.

use crate::cluster::Cluster;
use crate::error::{ClientError, accepted};
use types::Uuid;
use wire::api_versions_request::ApiVersionsRequest;
use wire::describe_quorum_request::{DescribeQuorumRequest, PartitionData, TopicData};
use wire::update_features_request::{FeatureUpdateKey, UpdateFeaturesRequest};

/// The name under which the metadata's log is described.
const METADATA_TOPIC: &str = "__cluster_metadata";

/// Kafka's number for raising a level, never lowering it.
const UPGRADE: i8 = 1;

/// The quorum that decides on metadata.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuorumDescription {
    /// Node that leads it.
    pub leader: i32,
    /// Number of that leadership.
    pub epoch: i32,
    /// End of what is agreed.
    pub high_watermark: i64,
    /// Who votes.
    pub voters: Vec<VoterDescription>,
}

/// One voter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VoterDescription {
    /// Its node.
    pub node: i32,
    /// Its directory; zero if the broker does not say.
    pub directory: Uuid,
    /// End of its log.
    pub log_end: i64,
}

/// One feature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeatureLevels {
    /// Its name.
    pub name: String,
    /// Lowest level that the broker supports.
    pub min: i16,
    /// Highest level that the broker supports.
    pub max: i16,
    /// Level in force; 0 for none.
    pub finalized: i16,
}

impl Cluster {
    /// Describes the quorum.
    ///
    /// # Errors
    /// `Refused`, `Unsupported`, and as `any`.
    pub async fn describe_quorum(&self) -> Result<QuorumDescription, ClientError> {
        let partitions = vec![PartitionData { partition_index: 0 }];
        let topics = vec![TopicData { topic_name: METADATA_TOPIC.to_owned(), partitions }];
        let what = || "the quorum".to_owned();
        let answer = self.retrying(|| self.any()).await?.call(&DescribeQuorumRequest { topics }).await?;
        accepted(answer.error_code, answer.error_message.as_deref(), what)?;
        let partition =
            answer.topics.into_iter().next().and_then(|topic| topic.partitions.into_iter().next());
        let partition = partition.ok_or_else(|| ClientError::Incomplete(what()))?;
        accepted(partition.error_code, partition.error_message.as_deref(), what)?;
        let voter = |state: wire::describe_quorum_response::ReplicaState| VoterDescription {
            node: state.replica_id,
            directory: state.replica_directory_id,
            log_end: state.log_end_offset,
        };
        Ok(QuorumDescription {
            leader: partition.leader_id,
            epoch: partition.leader_epoch,
            high_watermark: partition.high_watermark,
            voters: partition.current_voters.into_iter().map(voter).collect(),
        })
    }

    /// Lists the features that a broker supports.
    ///
    /// # Errors
    /// `Refused`, `Unsupported`, and as `any`.
    pub async fn features(&self) -> Result<Vec<FeatureLevels>, ClientError> {
        let request = ApiVersionsRequest {
            client_software_name: "highwater".to_owned(),
            client_software_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let answer = self.retrying(|| self.any()).await?.call(&request).await?;
        accepted(answer.error_code, None, || "ApiVersions".to_owned())?;
        let finalized = |name: &str| {
            let level = answer.finalized_features.iter().find(|feature| feature.name == name);
            level.map_or(0, |feature| feature.max_version_level)
        };
        let levels = |feature: &wire::api_versions_response::SupportedFeatureKey| FeatureLevels {
            name: feature.name.clone(),
            min: feature.min_version,
            max: feature.max_version,
            finalized: finalized(&feature.name),
        };
        Ok(answer.supported_features.iter().map(levels).collect())
    }

    /// Raises features to these levels, all or none; a dry run only checks whether it could be done.
    ///
    /// # Errors
    /// `Refused` with the broker's reason; `Lost` leaves open whether the levels were raised.
    pub async fn upgrade_features(&self, levels: &[(String, i16)], dry_run: bool) -> Result<(), ClientError> {
        let update = |(feature, level): &(String, i16)| FeatureUpdateKey {
            feature: feature.clone(),
            max_version_level: *level,
            allow_downgrade: false,
            upgrade_type: UPGRADE,
        };
        let request = UpdateFeaturesRequest {
            timeout_ms: self.timeout_ms(),
            feature_updates: levels.iter().map(update).collect(),
            validate_only: dry_run,
        };
        let answer = self.retrying(|| self.any()).await?.call(&request).await?;
        accepted(answer.error_code, answer.error_message.as_deref(), || "the features".to_owned())
    }
}
