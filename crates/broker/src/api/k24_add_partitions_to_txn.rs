//! AddPartitionsToTxn, 0 to 5. KIP-98, 890. From version 4 on for many ids at once, and to ask only. Decided by coordinator::txn.
//!
//! All partitions of a transaction are added or none. Differs from Kafka: a partition, or a transactional id, that stands twice
//! in one request is INVALID_REQUEST (A12). Tests: tests/wire/transactions.rs.

use super::Refused;
use super::transactions::{ask, partition, producer};
use crate::context::Context;
use crate::publish::Published;
use coordinator::txn::{Connection, Order, Protocol, TxnAnswer, TxnPartitions, TxnRequest};
use metadata::image::is_internal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use types::ErrorCode;
use wire::add_partitions_to_txn_request::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use wire::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResponse, AddPartitionsToTxnResult,
    AddPartitionsToTxnTopicResult,
};

/// First version for many ids, which brokers speak.
const MANY_FROM: i16 = 4;
/// First version whose transactions have an epoch of their own.
const EPOCH_FROM: i16 = 5;
/// First version that knows PRODUCER_FENCED.
const FENCED_FROM: i16 = 2;

/// What a topic takes in a request and its answer, without its name. *Units*: bytes.
const TOPIC_BYTES: usize = 300;
/// What a partition takes there and while it waits. *Units*: bytes.
const PARTITION_BYTES: usize = 200;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &AddPartitionsToTxnRequest) -> usize {
    let topic =
        |t: &AddPartitionsToTxnTopic| TOPIC_BYTES + 4 * t.name.len() + t.partitions.len() * PARTITION_BYTES;
    let one = |t: &AddPartitionsToTxnTransaction| {
        TOPIC_BYTES + 2 * t.transactional_id.len() + t.topics.iter().map(topic).sum::<usize>()
    };
    request.transactions.iter().map(one).sum::<usize>()
        + request.v3_and_below_topics.iter().map(topic).sum::<usize>()
}

pub(super) async fn add_partitions_to_txn(
    context: Arc<Context>,
    request: AddPartitionsToTxnRequest,
    version: i16,
    connection: Connection,
) -> Result<AddPartitionsToTxnResponse, Refused> {
    let mut response = AddPartitionsToTxnResponse::default();
    if version < MANY_FROM {
        let one = AddPartitionsToTxnTransaction {
            transactional_id: request.v3_and_below_transactional_id,
            producer_id: request.v3_and_below_producer_id,
            producer_epoch: request.v3_and_below_producer_epoch,
            verify_only: false,
            topics: request.v3_and_below_topics,
        };
        response.results_by_topic_v3_and_below = add(&context, &one, version, Some(connection)).await?;
        return Ok(response);
    }
    let twice = twice(request.transactions.iter().map(|one| one.transactional_id.as_str()));
    for one in &request.transactions {
        let topic_results = if twice.contains(one.transactional_id.as_str()) {
            all(&one.topics, ErrorCode::InvalidRequest)
        } else {
            add(&context, one, version, None).await?
        };
        let transactional_id = one.transactional_id.clone();
        response.results_by_transaction.push(AddPartitionsToTxnResult { transactional_id, topic_results });
    }
    Ok(response)
}

/// Adds the partitions of one transaction, or asks whether they are there.
async fn add(
    context: &Context,
    one: &AddPartitionsToTxnTransaction,
    version: i16,
    connection: Option<Connection>,
) -> Result<Vec<AddPartitionsToTxnTopicResult>, Refused> {
    let id = one.transactional_id.as_str();
    if id.is_empty() {
        return Ok(all(&one.topics, ErrorCode::InvalidRequest));
    }
    if let Err(code) = super::transactions::coordinator_of(&context.published(), id) {
        return Ok(all(&one.topics, code));
    }
    let partitions = match resolve(&context.published(), &one.topics, version) {
        Ok(partitions) => partitions,
        Err(faults) => return Ok(not_attempted(&one.topics, &faults)),
    };
    let producer = producer(one.producer_id, one.producer_epoch);
    let protocol = if version >= EPOCH_FROM { Protocol::V2 } else { Protocol::V1 };
    let request = if one.verify_only {
        TxnRequest::Verify { producer, partitions: partitions.clone() }
    } else {
        // Nobody knows where what is written next will go.
        TxnRequest::Add { producer, partitions: partitions.clone(), protocol, order: Order::Across }
    };
    match ask(context, id, request, connection).await {
        Ok(TxnAnswer::Done) => Ok(all(&one.topics, ErrorCode::None)),
        Ok(TxnAnswer::Partitions(codes)) => Ok(verified(&one.topics, &partitions, &codes)),
        Ok(TxnAnswer::Late) => Err(Refused::Late),
        Ok(TxnAnswer::Producer(_) | TxnAnswer::NeedsId) => {
            Ok(all(&one.topics, ErrorCode::UnknownServerError))
        }
        Err(ErrorCode::ProducerFenced) if version < FENCED_FROM => {
            Ok(all(&one.topics, ErrorCode::InvalidProducerEpoch))
        }
        Err(code) => Ok(all(&one.topics, code)),
    }
}

/// What is wrong with partitions, by their place.
type Faults = BTreeMap<(usize, usize), ErrorCode>;

/// Finds the partitions of a transaction.
fn resolve(
    published: &Published,
    topics: &[AddPartitionsToTxnTopic],
    version: i16,
) -> Result<TxnPartitions, Faults> {
    let (mut found, mut faults) = (TxnPartitions::new(), Faults::new());
    let named = topics.iter().flat_map(|t| t.partitions.iter().map(|p| (t.name.as_str(), *p)));
    let twice = twice(named);
    for (at, topic) in topics.iter().enumerate() {
        for (index, number) in topic.partitions.iter().enumerate() {
            let is_closed = version < MANY_FROM && is_internal(&topic.name);
            match partition(published, &topic.name, *number) {
                _ if is_closed => _ = faults.insert((at, index), ErrorCode::TopicAuthorizationFailed),
                _ if twice.contains(&(topic.name.as_str(), *number)) => {
                    faults.insert((at, index), ErrorCode::InvalidRequest);
                }
                Ok(topic) => _ = found.entry(topic).or_default().insert(*number),
                Err(code) => _ = faults.insert((at, index), code),
            }
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

/// Returns what stands more than once.
fn twice<T: Ord + Copy>(all: impl Iterator<Item = T>) -> BTreeSet<T> {
    let mut seen = BTreeSet::new();
    all.filter(|one| !seen.insert(*one)).collect()
}

fn all(topics: &[AddPartitionsToTxnTopic], code: ErrorCode) -> Vec<AddPartitionsToTxnTopicResult> {
    each(topics, |_, _, _| Some(code))
}

/// Says what is wrong, first; and that the others were not tried. Each topic stands where its first partition does.
fn not_attempted(topics: &[AddPartitionsToTxnTopic], faults: &Faults) -> Vec<AddPartitionsToTxnTopicResult> {
    let wrong = each(topics, |at, index, _| faults.get(&(at, index)).copied());
    let others = each(topics, |at, index, _| {
        let is_tried = faults.contains_key(&(at, index));
        (!is_tried).then_some(ErrorCode::OperationNotAttempted)
    });
    let mut results: Vec<AddPartitionsToTxnTopicResult> = Vec::new();
    for topic in wrong.into_iter().chain(others).filter(|topic| !topic.results_by_partition.is_empty()) {
        match results.iter_mut().find(|known| known.name == topic.name) {
            Some(known) => known.results_by_partition.extend(topic.results_by_partition),
            None => results.push(topic),
        }
    }
    results
}

fn verified(
    topics: &[AddPartitionsToTxnTopic],
    partitions: &TxnPartitions,
    codes: &[ErrorCode],
) -> Vec<AddPartitionsToTxnTopicResult> {
    let named = partitions.iter().flat_map(|(t, all)| all.iter().map(|p| (&*t.name, *p)));
    let codes: BTreeMap<(&str, i32), ErrorCode> = named.zip(codes.iter().copied()).collect();
    each(topics, |at, _, number| codes.get(&(topics[at].name.as_str(), number)).copied())
}

/// Makes an answer for every partition that gets a code, in the order of the request.
fn each(
    topics: &[AddPartitionsToTxnTopic],
    code: impl Fn(usize, usize, i32) -> Option<ErrorCode>,
) -> Vec<AddPartitionsToTxnTopicResult> {
    let of_topic = |(at, topic): (usize, &AddPartitionsToTxnTopic)| {
        let partitions = topic.partitions.iter().enumerate();
        let results = partitions.filter_map(|(index, number)| {
            let code = code(at, index, *number)?;
            let (partition_index, partition_error_code) = (*number, code.code());
            Some(AddPartitionsToTxnPartitionResult { partition_index, partition_error_code })
        });
        AddPartitionsToTxnTopicResult { name: topic.name.clone(), results_by_partition: results.collect() }
    };
    topics.iter().enumerate().map(of_topic).collect()
}
