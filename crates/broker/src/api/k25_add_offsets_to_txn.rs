//! AddOffsetsToTxn, 0 to 4. KIP-98: the group's partition of the offsets topic becomes part of the transaction. Decided by
//! coordinator::txn. Tests: tests/wire/transactions.rs.

use super::Refused;
use super::transactions::{ask, only, producer, txn_topic};
use super::{groups, transactions};
use crate::context::Context;
use coordinator::txn::{Connection, Order, Protocol, TxnAnswer, TxnPartitions, TxnRequest};
use metadata::image::CONSUMER_OFFSETS;
use std::sync::Arc;
use types::ErrorCode;
use wire::add_offsets_to_txn_request::AddOffsetsToTxnRequest;
use wire::add_offsets_to_txn_response::AddOffsetsToTxnResponse;

/// First version that knows PRODUCER_FENCED.
const FENCED_FROM: i16 = 2;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, _: &AddOffsetsToTxnRequest) -> usize {
    256
}

pub(super) async fn add_offsets_to_txn(
    context: Arc<Context>,
    request: AddOffsetsToTxnRequest,
    version: i16,
    connection: Connection,
) -> Result<AddOffsetsToTxnResponse, Refused> {
    let code = match add(&context, &request, connection).await {
        Ok(TxnAnswer::Done) => ErrorCode::None,
        Ok(TxnAnswer::Late) => return Err(Refused::Late),
        Ok(_) => ErrorCode::UnknownServerError,
        Err(ErrorCode::ProducerFenced) if version < FENCED_FROM => ErrorCode::InvalidProducerEpoch,
        Err(code) => code,
    };
    Ok(AddOffsetsToTxnResponse { error_code: code.code(), ..AddOffsetsToTxnResponse::default() })
}

async fn add(
    context: &Context,
    request: &AddOffsetsToTxnRequest,
    connection: Connection,
) -> Result<TxnAnswer, ErrorCode> {
    let id = request.transactional_id.as_str();
    if id.is_empty() {
        return Err(ErrorCode::InvalidRequest);
    }
    transactions::coordinator_of(&context.published(), id)?;
    let add = TxnRequest::Add {
        producer: producer(request.producer_id, request.producer_epoch),
        partitions: offsets_of(context, &request.group_id).await?,
        protocol: Protocol::V1,
        order: Order::Across,
    };
    ask(context, id, add, Some(connection)).await
}

/// Returns the partition of a group's offsets as a transaction lists it; the topic is made if there is none.
///
/// # Errors
/// `COORDINATOR_NOT_AVAILABLE`.
pub(super) async fn offsets_of(context: &Context, group: &str) -> Result<TxnPartitions, ErrorCode> {
    groups::make_offsets_topic(context).await?;
    let published = context.published();
    let topic =
        published.image.topics().by_name(CONSUMER_OFFSETS).ok_or(ErrorCode::CoordinatorNotAvailable)?;
    let key = groups::coordinator_of(&published, group)?;
    Ok(only(txn_topic(topic), key.partition.0))
}
