//! Transactional ids, and partitions of transactions, as many as come. A producer that was there before is served all the while.

use crate::batches::in_transaction;
use crate::client::{Client, produce_request};
use crate::flood;
use crate::groups::until_refused;
use crate::harness::Broker;
use types::ErrorCode;
use wire::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use wire::txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
use wire::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
use wire::{
    AddPartitionsToTxnRequest, EndTxnRequest, FindCoordinatorRequest, InitProducerIdRequest,
    InitProducerIdResponse, ProduceRequest, TxnOffsetCommitRequest, WriteTxnMarkersRequest,
};

/// Everything that transactions are made of.
pub const ABUSES: [(&str, crate::Abuse); 2] =
    [("transactional ids", ids_of_nobody), ("partitions of transactions", partitions_of_nothing)];
/// Partitions in one request.
const MANY: i32 = 10_000;

/// Makes the coordinators' topic.
pub fn prepare(admin: &mut Client) {
    let find = FindCoordinatorRequest { key: "id".into(), key_type: 1, ..FindCoordinatorRequest::default() };
    assert_eq!(admin.call(&find, 3).error_code, 0);
}

fn init(id: String) -> InitProducerIdRequest {
    InitProducerIdRequest {
        transactional_id: Some(id),
        transaction_timeout_ms: 60_000,
        ..InitProducerIdRequest::default()
    }
}

/// Runs a transaction around what happens meanwhile.
fn served(client: &mut Client, meanwhile: impl FnOnce(&mut Client)) {
    let producer = client.call(&init("live".into()), 5);
    let (id, epoch) = (producer.producer_id, producer.producer_epoch);
    assert_eq!(producer.error_code, 0);
    meanwhile(client);
    let batch = in_transaction(id, epoch, 0);
    let transactional_id = Some("live".into());
    let produce = ProduceRequest { transactional_id, ..produce_request("topic", &[(0, &batch)]) };
    assert_eq!(client.call(&produce, 12).responses[0].partition_responses[0].error_code, 0);
    let (transactional_id, committed) = ("live".into(), true);
    let end = EndTxnRequest { transactional_id, producer_id: id, producer_epoch: epoch, committed };
    assert_eq!(client.call(&end, 5).error_code, 0);
}

/// A36: ids of clients that never come back, until no new one is taken in.
fn ids_of_nobody(broker: &Broker, admin: &mut Client) {
    served(admin, |_| {
        let code = |answer: InitProducerIdResponse| answer.error_code;
        assert!(until_refused(broker, 5, |n| init(format!("{n:0>1000}")), code) > 100);
    });
}

/// A6: more partitions in one request than there are, on several connections at once; each has its answer, unless that would be longer than
/// any may be.
fn partitions_of_nothing(broker: &Broker, admin: &mut Client) {
    served(admin, |admin| {
        let topic = AddPartitionsToTxnTopic { name: "topic".into(), partitions: (0..MANY).collect() };
        let add = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: "live".into(),
            v3_and_below_topics: vec![topic],
            ..AddPartitionsToTxnRequest::default()
        };
        flood(broker, &add, 3, true);
        let answer = admin.call(&add, 3);
        let codes = answer.results_by_topic_v3_and_below[0].results_by_partition.iter();
        let unknown = ErrorCode::UnknownTopicOrPartition.code();
        assert_eq!(codes.filter(|one| one.partition_error_code == unknown).count(), 9_999);
        let marks = |count: i32| {
            let partition_indexes = (0..count).collect();
            let topics = vec![WritableTxnMarkerTopic { name: "topic".into(), partition_indexes }];
            let marker = WritableTxnMarker { producer_id: 4_711, topics, ..WritableTxnMarker::default() };
            WriteTxnMarkersRequest { markers: vec![marker] }
        };
        flood(broker, &marks(MANY), 1, false);
        flood(broker, &marks(MANY / 2), 1, true);
        let one = |partition_index| TxnOffsetCommitRequestPartition {
            partition_index,
            ..TxnOffsetCommitRequestPartition::default()
        };
        let commit = |count: i32| TxnOffsetCommitRequest {
            transactional_id: "live".into(),
            group_id: "group".into(),
            topics: vec![TxnOffsetCommitRequestTopic {
                name: "topic".into(),
                partitions: (0..count).map(one).collect(),
            }],
            ..TxnOffsetCommitRequest::default()
        };
        flood(broker, &commit(MANY), 5, false);
        flood(broker, &commit(MANY / 4), 5, true);
    });
}
