//! InitProducerId, 0 to 5 (6, two-phase commit, is not stable in Kafka). KIP-98, 360, 588, 890.
//!
//! Without a transactional id an id that nobody has, at epoch 0; with one, what its coordinator decides (coordinator::txn).
//! Tests: tests/wire/producer_ids.rs, tests/wire/transactions.rs.

use super::transactions::{ask, producer};
use crate::context::Context;
use coordinator::txn::{Producer, TxnAnswer, TxnClient, TxnRequest};
use std::sync::Arc;
use types::{ErrorCode, Millis, ProducerEpoch, ProducerId};
use wire::init_producer_id_request::InitProducerIdRequest;
use wire::init_producer_id_response::InitProducerIdResponse;

/// First version that knows PRODUCER_FENCED.
const FENCED_FROM: i16 = 4;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, _: &InitProducerIdRequest) -> usize {
    256
}

pub(super) async fn init_producer_id(
    context: Arc<Context>,
    request: InitProducerIdRequest,
    version: i16,
    client: TxnClient,
) -> InitProducerIdResponse {
    match allot(&context, &request, client).await {
        Ok(Producer { id, epoch }) => InitProducerIdResponse {
            producer_id: id.0,
            producer_epoch: epoch.0,
            ..InitProducerIdResponse::default()
        },
        Err(code) => InitProducerIdResponse {
            error_code: known(code, version).code(),
            producer_id: -1,
            producer_epoch: -1,
            ..InitProducerIdResponse::default()
        },
    }
}

fn known(code: ErrorCode, version: i16) -> ErrorCode {
    match code {
        ErrorCode::ProducerFenced if version < FENCED_FROM => ErrorCode::InvalidProducerEpoch,
        code => code,
    }
}

async fn allot(
    context: &Context,
    request: &InitProducerIdRequest,
    client: TxnClient,
) -> Result<Producer, ErrorCode> {
    // As in Kafka, an id and an epoch come together or not at all.
    if (request.producer_id == -1) != (request.producer_epoch == -1) {
        return Err(ErrorCode::InvalidRequest);
    }
    let id = match request.transactional_id.as_deref() {
        Some("") => return Err(ErrorCode::InvalidRequest),
        None => return Ok(Producer { id: draw(context).await?, epoch: ProducerEpoch(0) }),
        Some(id) => id,
    };
    let goes_on = request.producer_id != -1;
    let init = TxnRequest::Init {
        timeout: Millis(i64::from(request.transaction_timeout_ms)),
        expected: goes_on.then(|| producer(request.producer_id, request.producer_epoch)),
        fresh: None,
        client,
    };
    match ask(context, id, init, None).await? {
        TxnAnswer::Producer(producer) => Ok(producer),
        _ => Err(ErrorCode::UnknownServerError),
    }
}

/// Returns a producer id that nobody has.
///
/// # Errors
/// `COORDINATOR_LOAD_IN_PROGRESS`, which clients retry, when none can be had now.
pub(super) async fn draw(context: &Context) -> Result<ProducerId, ErrorCode> {
    let broker = context.config.node_id;
    let epoch = context.published().image.brokers().get(broker).map(|b| b.epoch);
    let epoch = epoch.ok_or(ErrorCode::CoordinatorLoadInProgress)?;
    context.producer_ids.next(&context.metadata, broker, epoch).await
}
