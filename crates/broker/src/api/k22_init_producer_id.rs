//! InitProducerId, 0 to 5 (6, two-phase commit, is not stable in Kafka). KIP-98, 360, 588, 890.
//!
//! For idempotence alone: a transactional id is answered NOT_COORDINATOR until transactions exist.

use crate::context::Context;
use std::sync::Arc;
use types::{ErrorCode, ProducerId};
use wire::init_producer_id_request::InitProducerIdRequest;
use wire::init_producer_id_response::InitProducerIdResponse;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, _: &InitProducerIdRequest) -> usize {
    256
}

pub(super) async fn init_producer_id(
    context: Arc<Context>,
    request: InitProducerIdRequest,
    _: i16,
) -> InitProducerIdResponse {
    match allot(&context, &request).await {
        Ok(id) => InitProducerIdResponse {
            producer_id: id.0,
            producer_epoch: 0,
            ..InitProducerIdResponse::default()
        },
        Err(code) => InitProducerIdResponse {
            error_code: code.code(),
            producer_id: -1,
            producer_epoch: -1,
            ..InitProducerIdResponse::default()
        },
    }
}

async fn allot(context: &Context, request: &InitProducerIdRequest) -> Result<ProducerId, ErrorCode> {
    match request.transactional_id.as_deref() {
        Some("") => return Err(ErrorCode::InvalidRequest),
        Some(_) => return Err(ErrorCode::NotCoordinator),
        None => {}
    }
    // As in Kafka, an id and an epoch come together or not at all.
    if (request.producer_id == -1) != (request.producer_epoch == -1) {
        return Err(ErrorCode::InvalidRequest);
    }
    let broker = context.config.node_id;
    let epoch = context.published().image.brokers().get(broker).map(|b| b.epoch);
    let epoch = epoch.ok_or(ErrorCode::CoordinatorLoadInProgress)?;
    context.producer_ids.next(&context.metadata, broker, epoch).await
}
