// Written by `cargo xtask codegen` from schema/; do not edit.

//! The APIs that the schemas describe, by number.

use crate::message::ApiInfo;

/// An API, by its number on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(i16)]
pub enum ApiKey {
    /// Kafka's Produce.
    Produce = 0,
    /// Kafka's Fetch.
    Fetch = 1,
    /// Kafka's ListOffsets.
    ListOffsets = 2,
    /// Kafka's Metadata.
    Metadata = 3,
    /// Kafka's FindCoordinator.
    FindCoordinator = 10,
    /// Kafka's SaslHandshake.
    SaslHandshake = 17,
    /// Kafka's ApiVersions.
    ApiVersions = 18,
    /// Kafka's CreateTopics.
    CreateTopics = 19,
    /// Kafka's DeleteTopics.
    DeleteTopics = 20,
    /// Kafka's DeleteRecords.
    DeleteRecords = 21,
    /// Kafka's InitProducerId.
    InitProducerId = 22,
    /// Kafka's OffsetForLeaderEpoch.
    OffsetForLeaderEpoch = 23,
    /// Kafka's DescribeAcls.
    DescribeAcls = 29,
    /// Kafka's CreateAcls.
    CreateAcls = 30,
    /// Kafka's DeleteAcls.
    DeleteAcls = 31,
    /// Kafka's DescribeConfigs.
    DescribeConfigs = 32,
    /// Kafka's AlterConfigs.
    AlterConfigs = 33,
    /// Kafka's DescribeLogDirs.
    DescribeLogDirs = 35,
    /// Kafka's CreatePartitions.
    CreatePartitions = 37,
    /// Kafka's IncrementalAlterConfigs.
    IncrementalAlterConfigs = 44,
    /// Kafka's DescribeQuorum.
    DescribeQuorum = 55,
    /// Kafka's UpdateFeatures.
    UpdateFeatures = 57,
    /// Kafka's DescribeCluster.
    DescribeCluster = 60,
    /// Kafka's ListConfigResources.
    ListConfigResources = 74,
    /// Kafka's DescribeTopicPartitions.
    DescribeTopicPartitions = 75,
}

impl ApiKey {
    /// Returns the API of a number.
    pub fn from_code(code: i16) -> Option<ApiKey> {
        Some(match code {
            0 => ApiKey::Produce,
            1 => ApiKey::Fetch,
            2 => ApiKey::ListOffsets,
            3 => ApiKey::Metadata,
            10 => ApiKey::FindCoordinator,
            17 => ApiKey::SaslHandshake,
            18 => ApiKey::ApiVersions,
            19 => ApiKey::CreateTopics,
            20 => ApiKey::DeleteTopics,
            21 => ApiKey::DeleteRecords,
            22 => ApiKey::InitProducerId,
            23 => ApiKey::OffsetForLeaderEpoch,
            29 => ApiKey::DescribeAcls,
            30 => ApiKey::CreateAcls,
            31 => ApiKey::DeleteAcls,
            32 => ApiKey::DescribeConfigs,
            33 => ApiKey::AlterConfigs,
            35 => ApiKey::DescribeLogDirs,
            37 => ApiKey::CreatePartitions,
            44 => ApiKey::IncrementalAlterConfigs,
            55 => ApiKey::DescribeQuorum,
            57 => ApiKey::UpdateFeatures,
            60 => ApiKey::DescribeCluster,
            74 => ApiKey::ListConfigResources,
            75 => ApiKey::DescribeTopicPartitions,
            _ => return None,
        })
    }

    /// Returns the facts about this API.
    pub fn info(self) -> &'static ApiInfo {
        match self {
            ApiKey::Produce => &APIS[0],
            ApiKey::Fetch => &APIS[1],
            ApiKey::ListOffsets => &APIS[2],
            ApiKey::Metadata => &APIS[3],
            ApiKey::FindCoordinator => &APIS[4],
            ApiKey::SaslHandshake => &APIS[5],
            ApiKey::ApiVersions => &APIS[6],
            ApiKey::CreateTopics => &APIS[7],
            ApiKey::DeleteTopics => &APIS[8],
            ApiKey::DeleteRecords => &APIS[9],
            ApiKey::InitProducerId => &APIS[10],
            ApiKey::OffsetForLeaderEpoch => &APIS[11],
            ApiKey::DescribeAcls => &APIS[12],
            ApiKey::CreateAcls => &APIS[13],
            ApiKey::DeleteAcls => &APIS[14],
            ApiKey::DescribeConfigs => &APIS[15],
            ApiKey::AlterConfigs => &APIS[16],
            ApiKey::DescribeLogDirs => &APIS[17],
            ApiKey::CreatePartitions => &APIS[18],
            ApiKey::IncrementalAlterConfigs => &APIS[19],
            ApiKey::DescribeQuorum => &APIS[20],
            ApiKey::UpdateFeatures => &APIS[21],
            ApiKey::DescribeCluster => &APIS[22],
            ApiKey::ListConfigResources => &APIS[23],
            ApiKey::DescribeTopicPartitions => &APIS[24],
        }
    }

    /// Says whether the schemas have a version, announced or not.
    pub fn in_schema(self, version: i16) -> bool {
        match self {
            ApiKey::Produce => (3..=13).contains(&version),
            ApiKey::Fetch => (4..=18).contains(&version),
            ApiKey::ListOffsets => (1..=11).contains(&version),
            ApiKey::Metadata => (0..=13).contains(&version),
            ApiKey::FindCoordinator => (0..=6).contains(&version),
            ApiKey::SaslHandshake => (0..=1).contains(&version),
            ApiKey::ApiVersions => (0..=4).contains(&version),
            ApiKey::CreateTopics => (2..=7).contains(&version),
            ApiKey::DeleteTopics => (1..=6).contains(&version),
            ApiKey::DeleteRecords => (0..=2).contains(&version),
            ApiKey::InitProducerId => (0..=6).contains(&version),
            ApiKey::OffsetForLeaderEpoch => (2..=4).contains(&version),
            ApiKey::DescribeAcls => (1..=3).contains(&version),
            ApiKey::CreateAcls => (1..=3).contains(&version),
            ApiKey::DeleteAcls => (1..=3).contains(&version),
            ApiKey::DescribeConfigs => (1..=4).contains(&version),
            ApiKey::AlterConfigs => (0..=2).contains(&version),
            ApiKey::DescribeLogDirs => (1..=5).contains(&version),
            ApiKey::CreatePartitions => (0..=3).contains(&version),
            ApiKey::IncrementalAlterConfigs => (0..=1).contains(&version),
            ApiKey::DescribeQuorum => (0..=2).contains(&version),
            ApiKey::UpdateFeatures => (0..=2).contains(&version),
            ApiKey::DescribeCluster => (0..=2).contains(&version),
            ApiKey::ListConfigResources => (0..=1).contains(&version),
            ApiKey::DescribeTopicPartitions => (0..=0).contains(&version),
        }
    }
}

/// Facts about every API, by rising number.
pub const APIS: [ApiInfo; 25] = [
    ApiInfo {
        key: 0,
        name: "Produce",
        min: 3,
        max: 13,
        flexible_from: 9,
        on_broker: true,
        on_controller: false,
    },
    ApiInfo {
        key: 1,
        name: "Fetch",
        min: 4,
        max: 18,
        flexible_from: 12,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 2,
        name: "ListOffsets",
        min: 1,
        max: 11,
        flexible_from: 6,
        on_broker: true,
        on_controller: false,
    },
    ApiInfo {
        key: 3,
        name: "Metadata",
        min: 0,
        max: 13,
        flexible_from: 9,
        on_broker: true,
        on_controller: false,
    },
    ApiInfo {
        key: 10,
        name: "FindCoordinator",
        min: 0,
        max: 6,
        flexible_from: 3,
        on_broker: true,
        on_controller: false,
    },
    ApiInfo {
        key: 17,
        name: "SaslHandshake",
        min: 0,
        max: 1,
        flexible_from: i16::MAX,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 18,
        name: "ApiVersions",
        min: 0,
        max: 4,
        flexible_from: 3,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 19,
        name: "CreateTopics",
        min: 2,
        max: 7,
        flexible_from: 5,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 20,
        name: "DeleteTopics",
        min: 1,
        max: 6,
        flexible_from: 4,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 21,
        name: "DeleteRecords",
        min: 0,
        max: 2,
        flexible_from: 2,
        on_broker: true,
        on_controller: false,
    },
    ApiInfo {
        key: 22,
        name: "InitProducerId",
        min: 0,
        max: 5,
        flexible_from: 2,
        on_broker: true,
        on_controller: false,
    },
    ApiInfo {
        key: 23,
        name: "OffsetForLeaderEpoch",
        min: 2,
        max: 4,
        flexible_from: 4,
        on_broker: true,
        on_controller: false,
    },
    ApiInfo {
        key: 29,
        name: "DescribeAcls",
        min: 1,
        max: 3,
        flexible_from: 2,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 30,
        name: "CreateAcls",
        min: 1,
        max: 3,
        flexible_from: 2,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 31,
        name: "DeleteAcls",
        min: 1,
        max: 3,
        flexible_from: 2,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 32,
        name: "DescribeConfigs",
        min: 1,
        max: 4,
        flexible_from: 4,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 33,
        name: "AlterConfigs",
        min: 0,
        max: 2,
        flexible_from: 2,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 35,
        name: "DescribeLogDirs",
        min: 1,
        max: 5,
        flexible_from: 2,
        on_broker: true,
        on_controller: false,
    },
    ApiInfo {
        key: 37,
        name: "CreatePartitions",
        min: 0,
        max: 3,
        flexible_from: 2,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 44,
        name: "IncrementalAlterConfigs",
        min: 0,
        max: 1,
        flexible_from: 1,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 55,
        name: "DescribeQuorum",
        min: 0,
        max: 2,
        flexible_from: 0,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 57,
        name: "UpdateFeatures",
        min: 0,
        max: 2,
        flexible_from: 0,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 60,
        name: "DescribeCluster",
        min: 0,
        max: 2,
        flexible_from: 0,
        on_broker: true,
        on_controller: true,
    },
    ApiInfo {
        key: 74,
        name: "ListConfigResources",
        min: 0,
        max: 1,
        flexible_from: 0,
        on_broker: true,
        on_controller: false,
    },
    ApiInfo {
        key: 75,
        name: "DescribeTopicPartitions",
        min: 0,
        max: 0,
        flexible_from: 0,
        on_broker: true,
        on_controller: false,
    },
];
