//! Until transactions exist nothing transactional is stored (issue 9, part 6; A36).

use crate::batches::{batch, fetched, sequenced, transactional};
use crate::client::{FETCH, PRODUCE, fetch_request, one, produce_request};
use crate::harness::{Broker, folder};
use crate::idempotence::idempotent;
use types::ErrorCode;
use wire::describe_producers_request::TopicRequest;
use wire::{DescribeProducersRequest, FetchRequest, InitProducerIdRequest, ProduceRequest};

/// A DescribeProducers request for some partitions of a topic.
pub fn describe_producers(topic: &str, partitions: &[i32]) -> DescribeProducersRequest {
    let topic = TopicRequest { name: topic.into(), partition_indexes: partitions.to_vec() };
    DescribeProducersRequest { topics: vec![topic] }
}

/// Protects: DescribeProducers tells who has written to a partition, and Kafka's codes for those that are not there; a partition
/// that stands twice is refused (A12).
#[test]
fn producers_are_described() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    client.put("topic", &sequenced(77, 3, 0, 2));
    client.put("topic", &sequenced(78, 0, 0, 1));
    let mut ask = |topic: &str, partitions: &[i32]| {
        let response = client.call(&describe_producers(topic, partitions), 0);
        assert_eq!(response.topics[0].name, topic);
        response.topics[0].partitions.clone()
    };
    let found = ask("topic", &[0, 1, 2]);
    let producers = found[0].active_producers.iter().map(|p| {
        assert!(p.last_timestamp > 0);
        let txn = (p.coordinator_epoch, p.current_txn_start_offset);
        (p.producer_id, p.producer_epoch, p.last_sequence, txn)
    });
    assert_eq!(producers.collect::<Vec<_>>(), [(77, 3, 1, (-1, -1)), (78, 0, 0, (-1, -1))]);
    assert!(found[1].active_producers.is_empty());
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!((found[1].error_code, found[2].error_code), (0, unknown));
    let hosted = Some("This server does not host this topic-partition.");
    assert_eq!(found[2].error_message.as_deref(), hosted);
    assert_eq!(ask("nothing", &[0])[0].error_code, unknown);
    assert_eq!(ask("no/topic", &[0])[0].error_code, ErrorCode::InvalidTopicException.code());
    let twice = ask("topic", &[0, 1, 0]).iter().map(|found| found.error_code).collect::<Vec<_>>();
    let invalid = ErrorCode::InvalidRequest.code();
    assert_eq!(twice, [invalid, 0, invalid]);
}

/// Protects: a transactional batch is refused with Kafka's codes, with and without a transactional id, and
/// holds no reader back afterwards: the last stable offset is the high watermark.
#[test]
fn nothing_transactional_is_stored() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    client.put("topic", &batch(&["before"]));
    let plain = batch(&["plain"]);
    let parts = [(0, &transactional(77)), (1, &plain)];
    let with_id = ProduceRequest { transactional_id: Some("id".into()), ..produce_request("topic", &parts) };
    let codes = |request: &ProduceRequest, client: &mut crate::client::Client| -> Vec<i16> {
        let response = client.call(request, PRODUCE);
        response.responses[0].partition_responses.iter().map(|p| p.error_code).collect()
    };
    assert_eq!(codes(&with_id, &mut client), [ErrorCode::InvalidTxnState.code(), 0]);
    let denied = ErrorCode::TransactionalIdAuthorizationFailed.code();
    assert_eq!(codes(&produce_request("topic", &parts), &mut client), [denied, denied]);
    client.put("topic", &sequenced(77, 0, 0, 1));
    for isolation_level in [0, 1] {
        let request = FetchRequest { isolation_level, ..fetch_request("topic", 0) };
        let data = one(client.call(&request, FETCH));
        assert_eq!((data.high_watermark, data.last_stable_offset), (2, 2));
        assert_eq!(fetched(&data).len(), 2, "isolation {isolation_level}");
        assert!(data.aborted_transactions.unwrap_or_default().is_empty());
    }
}

/// Protects: nobody gets an id for transactions that there are not; an empty transactional id is no id
/// (A36).
#[test]
fn transactional_ids_have_no_coordinator() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let huge = "x".repeat(30_000);
    for version in 0..=5 {
        for (id, code) in [
            (Some("id"), ErrorCode::NotCoordinator),
            (Some(huge.as_str()), ErrorCode::NotCoordinator),
            (Some(""), ErrorCode::InvalidRequest),
            (None, ErrorCode::None),
        ] {
            for transaction_timeout_ms in [60_000, 0, -1, i32::MIN, i32::MAX] {
                let request = InitProducerIdRequest {
                    transactional_id: id.map(str::to_owned),
                    transaction_timeout_ms,
                    ..InitProducerIdRequest::default()
                };
                let response = client.call(&request, version);
                assert_eq!(response.error_code, code.code(), "version {version} id {id:?}");
                assert_eq!(response.producer_id >= 0, code == ErrorCode::None);
            }
        }
    }
}

/// Protects: an id without an epoch, or an epoch without an id, is refused (KIP-360).
#[test]
fn half_of_a_producer_is_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    for (producer_id, producer_epoch) in [(5, -1), (-1, 5), (i64::MIN, -1)] {
        let request = InitProducerIdRequest { producer_id, producer_epoch, ..idempotent() };
        let response = client.call(&request, 5);
        assert_eq!(response.error_code, ErrorCode::InvalidRequest.code(), "{producer_id} {producer_epoch}");
    }
}
