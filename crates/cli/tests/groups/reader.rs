//! A member of a group of the consumer protocol (KIP-848), heartbeat by heartbeat.

use client::{ClientOptions, Cluster, Connection};
use env::net::Net;
use wire::consumer_group_heartbeat_request::{ConsumerGroupHeartbeatRequest, TopicPartitions};

/// A consumer of one topic.
pub(crate) struct Reader {
    connection: Connection,
    id: String,
    topic: String,
    epoch: i32,
    /// What it reads; none before it is a member.
    owned: Vec<TopicPartitions>,
}

impl Reader {
    /// Makes one of the group `g`; it has not joined.
    pub(crate) async fn new(address: &str, id: &str, topic: &str) -> Reader {
        let options = ClientOptions { client_id: id.to_owned(), ..ClientOptions::default() };
        let cluster = Cluster::new(Net::Real, &[address.to_owned()], options);
        // Whoever asks for the group has its coordinator made.
        cluster.group_offsets("g").await.unwrap();
        let connection = cluster.any().await.unwrap();
        Reader { connection, id: id.to_owned(), topic: topic.to_owned(), epoch: 0, owned: Vec::new() }
    }

    /// Sends a heartbeat, and takes over what it is told; joins, if it is no member.
    pub(crate) async fn beat(&mut self) {
        let joins = self.epoch == 0;
        let request = ConsumerGroupHeartbeatRequest {
            group_id: "g".to_owned(),
            member_id: self.id.clone(),
            member_epoch: self.epoch,
            rebalance_timeout_ms: if joins { 300_000 } else { -1 },
            subscribed_topic_names: joins.then(|| vec![self.topic.clone()]),
            topic_partitions: Some(self.owned.clone()),
            ..ConsumerGroupHeartbeatRequest::default()
        };
        let told = self.connection.call(&request).await.unwrap();
        if told.error_code != 0 {
            (self.epoch, self.owned) = (0, Vec::new());
            return;
        }
        self.epoch = told.member_epoch;
        if let Some(assignment) = told.assignment {
            let each = assignment.topic_partitions.into_iter();
            self.owned =
                each.map(|t| TopicPartitions { topic_id: t.topic_id, partitions: t.partitions }).collect();
        }
    }

    /// Returns how many partitions it reads.
    pub(crate) fn reads(&self) -> usize {
        self.owned.iter().map(|topic| topic.partitions.len()).sum()
    }

    /// Sends heartbeats until it reads so many partitions.
    pub(crate) async fn until_it_reads(&mut self, count: usize) {
        while self.reads() != count {
            self.beat().await;
        }
    }
}
