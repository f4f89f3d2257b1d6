//! A member of a classic group, request by request.

use client::{ClientOptions, Cluster, Connection};
use env::net::Net;
use wire::consumer_protocol_assignment::{ConsumerProtocolAssignment, TopicPartition};
use wire::consumer_protocol_subscription::ConsumerProtocolSubscription;
use wire::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use wire::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use wire::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};
use wire::{HeartbeatRequest, JoinGroupResponse, Stored};

/// The member was sent away.
const UNKNOWN_MEMBER_ID: i16 = 25;
/// The client has to join with the id that it is given.
const MEMBER_ID_REQUIRED: i16 = 79;

/// A consumer of one topic, alone in its group.
pub(crate) struct Member {
    cluster: Cluster,
    connection: Connection,
    group: String,
    topic: String,
    id: String,
    generation: i32,
}

impl Member {
    /// Joins a group that nobody else is in, and takes partition 0 of a topic.
    pub(crate) async fn join(address: &str, group: &str, topic: &str) -> Member {
        let options = ClientOptions { client_id: "app".to_owned(), ..ClientOptions::default() };
        let cluster = Cluster::new(Net::Real, &[address.to_owned()], options);
        // Whoever asks for the group has its coordinator made.
        cluster.group_offsets(group).await.unwrap();
        let connection = cluster.any().await.unwrap();
        let (group, topic) = (group.to_owned(), topic.to_owned());
        let mut member = Member { cluster, connection, group, topic, id: String::new(), generation: -1 };
        member.rejoin().await;
        member
    }

    /// Joins again, with its id or as a new member.
    pub(crate) async fn rejoin(&mut self) {
        let mut joined = self.ask_to_join().await;
        if joined.error_code == UNKNOWN_MEMBER_ID {
            self.id.clear();
            joined = self.ask_to_join().await;
        }
        if joined.error_code == MEMBER_ID_REQUIRED {
            self.id = joined.member_id;
            joined = self.ask_to_join().await;
        }
        assert_eq!(joined.error_code, 0);
        (self.id, self.generation) = (joined.member_id, joined.generation_id);
        let partition = TopicPartition { topic: self.topic.clone(), partitions: vec![0] };
        let assignment = ConsumerProtocolAssignment {
            assigned_partitions: vec![partition],
            ..ConsumerProtocolAssignment::default()
        };
        let assignment = SyncGroupRequestAssignment {
            member_id: self.id.clone(),
            assignment: assignment.to_stored(0).unwrap(),
        };
        let request = SyncGroupRequest {
            group_id: self.group.clone(),
            generation_id: self.generation,
            member_id: self.id.clone(),
            protocol_type: Some("consumer".into()),
            protocol_name: Some("range".into()),
            assignments: vec![assignment],
            ..SyncGroupRequest::default()
        };
        assert_eq!(self.connection.call(&request).await.unwrap().error_code, 0);
    }

    async fn ask_to_join(&self) -> JoinGroupResponse {
        let subscription = ConsumerProtocolSubscription {
            topics: vec![self.topic.clone()],
            ..ConsumerProtocolSubscription::default()
        };
        let protocol =
            JoinGroupRequestProtocol { name: "range".into(), metadata: subscription.to_stored(0).unwrap() };
        let request = JoinGroupRequest {
            group_id: self.group.clone(),
            session_timeout_ms: 45_000,
            rebalance_timeout_ms: 45_000,
            member_id: self.id.clone(),
            protocol_type: "consumer".into(),
            protocols: vec![protocol],
            ..JoinGroupRequest::default()
        };
        self.connection.call(&request).await.unwrap()
    }

    /// Returns its id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Commits an offset; returns Kafka's code.
    pub(crate) async fn commit(&self, offset: i64) -> i16 {
        let partition = OffsetCommitRequestPartition {
            committed_offset: offset,
            committed_metadata: Some(format!("at {offset}")),
            ..OffsetCommitRequestPartition::default()
        };
        let topic_id = self.cluster.describe_topic(&self.topic).await.unwrap().id;
        let topic = OffsetCommitRequestTopic { topic_id, name: String::new(), partitions: vec![partition] };
        let request = OffsetCommitRequest {
            group_id: self.group.clone(),
            generation_id_or_member_epoch: self.generation,
            member_id: self.id.clone(),
            topics: vec![topic],
            ..OffsetCommitRequest::default()
        };
        self.connection.call(&request).await.unwrap().topics[0].partitions[0].error_code
    }

    /// Sends a heartbeat; returns Kafka's code.
    pub(crate) async fn heartbeat(&self) -> i16 {
        let request = HeartbeatRequest {
            group_id: self.group.clone(),
            generation_id: self.generation,
            member_id: self.id.clone(),
            group_instance_id: None,
        };
        self.connection.call(&request).await.unwrap().error_code
    }
}

/// Runs a script of a member.
pub(crate) fn script<T>(script: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, script)
}
