//! A small Kafka client: what the `highwater` commands, the prover and the simulation speak through.
//!
//! | to do | use |
//! |---|---|
//! | talk to a cluster | [`Cluster`]: bootstrap, metadata, connections |
//! | create, delete, describe, find offsets | the admin methods of [`Cluster`] |
//! | write | [`Producer`]: idempotent, retries the same batch across restarts, one outcome per batch |
//! | write all or nothing | [`TransactionalProducer`]: records and group offsets, committed, aborted or not known yet |
//! | read | [`Consumer`]: by assignment, every batch verified |
//! | read as a member of a group | [`GroupConsumer`]: KIP-848, at least once |
//! | one request | [`Connection`]: pipelined, bounded, timed |
//!
//! It runs over `env::net`, so that the same code runs in simulation. A broker is not trusted: frames
//! are bounded, answers must match their requests, and record batches are believed only after their CRC.

#![forbid(unsafe_code)]

mod admin;
mod backoff;
mod cluster;
mod connection;
mod consumer;
mod error;
mod group;
mod options;
mod partitioner;
mod pending;
mod producer;
mod quorum;
mod settings;
mod transaction;
mod versions;

pub use admin::{
    ClusterDescription, CommittedOffset, ConfigEntry, CreatedTopic, DeletedRecords, GroupDescription,
    GroupListing, GroupMember, LogDir, LogInDir, NewOffset, NewTopic, OffsetAt, OffsetHistory, OffsetNote,
    PartitionDescription, PartitionOffset, PartitionProducer, TRANSACTION_STATE_TOPIC, TopicDescription,
    TopicListing, TransactionDescription, TransactionFilter, TransactionListing, TransactionNote,
    TransactionStage,
};
pub use cluster::{Cluster, Leader};
pub use connection::Connection;
pub use consumer::{Consumed, Consumer, ConsumerOptions, FetchedBatch, Isolation, StartAt};
pub use error::{BatchFault, BrokerError, ClientError, Lost};
pub use group::{GroupConsumer, GroupEvent, GroupOptions, Reset, TopicPartition};
pub use options::{ClientOptions, DEFAULT_RESPONSE_BYTES_MAX};
pub use partitioner::partition_of;
pub use pending::Pending;
pub use producer::{Acks, Delivery, NewRecord, Outcome, Producer, ProducerOptions, Refusal};
pub use quorum::{FeatureLevels, QuorumDescription, VoterDescription};
pub use settings::{SettingChange, SettingOwner, SettingValue, ShownSetting};
pub use transaction::{
    GroupMembership, StoredBatch, TransactionError, TransactionOptions, TransactionOutcome,
    TransactionalProducer,
};
// Raw messages, for whoever sends them without a producer or a member.
pub use wire::Records as RecordBytes;
pub use wire::consumer_group_heartbeat_request::TopicPartitions as OwnedPartitions;
pub use wire::consumer_group_heartbeat_response::TopicPartitions as AssignedPartitions;
pub use wire::join_group_request::JoinGroupRequestProtocol;
pub use wire::join_group_response::JoinGroupResponseMember;
pub use wire::leave_group_request::MemberIdentity;
pub use wire::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
pub use wire::produce_request::{PartitionProduceData, TopicProduceData};
pub use wire::record;
pub use wire::sync_group_request::SyncGroupRequestAssignment;
pub use wire::{
    ConsumerGroupHeartbeatRequest, HeartbeatRequest, InitProducerIdRequest, JoinGroupRequest,
    JoinGroupResponse, LeaveGroupRequest, OffsetCommitRequest, ProduceRequest, ProduceResponse,
    SyncGroupRequest,
};
