//! A transactional producer, request by request: it keeps its transaction open until it is told to end it.

use client::record::{BatchBuilder, Codec};
use client::{ClientOptions, Cluster, Connection, PartitionProduceData, RecordBytes, TopicProduceData};
use env::Env;
use env::net::Net;
use types::{ProducerEpoch, ProducerId, Sequence};
use wire::find_coordinator_request::FindCoordinatorRequest;
use wire::{DescribeTransactionsRequest, EndTxnRequest, InitProducerIdRequest, ProduceRequest};

/// A producer with a transaction.
pub(crate) struct Producer {
    runtime: tokio::runtime::Runtime,
    connection: Connection,
    transactional_id: String,
    id: i64,
    epoch: i16,
}

impl Producer {
    /// Writes a record to partition 0 of each of these topics, in a transaction that stays open.
    pub(crate) fn begin(address: &str, id: &str, topics: &[&str]) -> Producer {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let local = tokio::task::LocalSet::new();
        let (connection, producer) = local.block_on(&runtime, open(address, id, topics));
        let (id, epoch, transactional_id) = (producer.0, producer.1, id.to_owned());
        Producer { runtime, connection, transactional_id, id, epoch }
    }

    /// Returns its id.
    pub(crate) fn id(&self) -> i64 {
        self.id
    }

    /// Ends the transaction; returns Kafka's code, of a success once it is so everywhere: it is answered before.
    pub(crate) fn end(self, committed: bool) -> i16 {
        let request = EndTxnRequest {
            transactional_id: self.transactional_id.clone(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            committed,
        };
        let code = self.runtime.block_on(self.connection.call(&request)).unwrap().error_code;
        let describe = DescribeTransactionsRequest { transactional_ids: vec![self.transactional_id] };
        let state =
            || self.runtime.block_on(self.connection.call(&describe)).unwrap().transaction_states.remove(0);
        while code == 0 && !state().transaction_state.starts_with("Complete") {}
        code
    }
}

async fn open(address: &str, id: &str, topics: &[&str]) -> (Connection, (i64, i16)) {
    let cluster = Cluster::new(Net::Real, &[address.to_owned()], ClientOptions::default());
    let connection = cluster.any().await.unwrap();
    let find =
        FindCoordinatorRequest { key_type: 1, coordinator_keys: vec![id.to_owned()], ..Default::default() };
    let init = InitProducerIdRequest {
        transactional_id: Some(id.to_owned()),
        transaction_timeout_ms: 60_000,
        ..InitProducerIdRequest::default()
    };
    // The first who asks has the topic of states made.
    while connection.call(&find).await.unwrap().coordinators[0].error_code != 0 {}
    let producer = loop {
        let producer = connection.call(&init).await.unwrap();
        if producer.error_code == 0 {
            break producer;
        }
    };
    let mut topic_data = Vec::new();
    for topic in topics {
        let topic_id = cluster.leader(topic, 0).await.unwrap().topic_id;
        let partition = PartitionProduceData {
            index: 0,
            records: Some(RecordBytes::from(batch(producer.producer_id, producer.producer_epoch))),
        };
        topic_data.push(TopicProduceData {
            name: (*topic).to_owned(),
            topic_id,
            partition_data: vec![partition],
        });
    }
    let request =
        ProduceRequest { transactional_id: Some(id.to_owned()), acks: -1, timeout_ms: 30_000, topic_data };
    let stored = connection.call(&request).await.unwrap();
    let codes = stored.responses.iter().flat_map(|topic| &topic.partition_responses).map(|p| p.error_code);
    assert_eq!(codes.collect::<Vec<_>>(), vec![0; topics.len()]);
    (connection, (producer.producer_id, producer.producer_epoch))
}

fn batch(id: i64, epoch: i16) -> bytes::Bytes {
    let builder = BatchBuilder::new(Codec::None).transactional(true);
    let mut builder = builder.producer(ProducerId(id), ProducerEpoch(epoch), Sequence(0));
    builder.push(Env::real().clock.now().wall, None, Some(b"in a transaction"), &[]);
    builder.build().unwrap()
}
