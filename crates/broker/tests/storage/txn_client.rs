//! A transactional producer over the wire, request by request.

use crate::batches::in_transaction;
use crate::client::{Client, produce_request};
use crate::machine::until;
use wire::{
    DescribeTransactionsRequest, EndTxnRequest, FindCoordinatorRequest, InitProducerIdRequest, ProduceRequest,
};

/// First version whose transactions have an epoch each, and the last before.
pub const PRODUCE_2: i16 = 12;
pub const PRODUCE_1: i16 = 11;
pub const END_2: i16 = 5;

/// Makes the coordinators' topic, and gets a producer.
pub fn init(client: &mut Client, id: &str, transaction_timeout_ms: i32) -> (i64, i16) {
    let find = FindCoordinatorRequest { key: id.into(), key_type: 1, ..FindCoordinatorRequest::default() };
    assert_eq!(client.call(&find, 3).error_code, 0);
    let init = InitProducerIdRequest {
        transactional_id: Some(id.into()),
        transaction_timeout_ms,
        ..InitProducerIdRequest::default()
    };
    let answer = client.call(&init, 5);
    assert_eq!(answer.error_code, 0, "{answer:?}");
    (answer.producer_id, answer.producer_epoch)
}

/// Writes a record to partition 0 of a topic, as the first of a transaction; returns the code.
pub fn write(client: &mut Client, id: &str, (producer, epoch): (i64, i16), topic: &str, version: i16) -> i16 {
    let batch = in_transaction(producer, epoch, 0);
    let produce =
        ProduceRequest { transactional_id: Some(id.into()), ..produce_request(topic, &[(0, &batch)]) };
    client.call(&produce, version).responses[0].partition_responses[0].error_code
}

/// Ends a transaction, and waits until that is everywhere: it is answered before. Returns the producer of the next one.
pub fn end(
    client: &mut Client,
    id: &str,
    (producer_id, producer_epoch): (i64, i16),
    committed: bool,
) -> (i64, i16) {
    let end = EndTxnRequest { transactional_id: id.into(), producer_id, producer_epoch, committed };
    let answer = client.call(&end, END_2);
    assert_eq!(answer.error_code, 0, "{answer:?}");
    let describe = DescribeTransactionsRequest { transactional_ids: vec![id.into()] };
    until("it is complete", || {
        client.call(&describe, 0).transaction_states[0].transaction_state.starts_with("Complete")
    });
    (answer.producer_id, answer.producer_epoch)
}
