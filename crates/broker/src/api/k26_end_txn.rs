//! EndTxn, 0 to 5. KIP-98, 890. Decided by coordinator::txn. Tests: tests/wire/transactions.rs.

use super::Refused;
use super::transactions::{ask, producer};
use crate::context::Context;
use coordinator::txn::{Connection, Protocol, TxnAnswer, TxnRequest};
use std::sync::Arc;
use types::ErrorCode;
use wire::end_txn_request::EndTxnRequest;
use wire::end_txn_response::EndTxnResponse;

/// First version whose ends raise the epoch.
const RAISES_FROM: i16 = 5;
/// First version that knows PRODUCER_FENCED.
const FENCED_FROM: i16 = 2;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, _: &EndTxnRequest) -> usize {
    256
}

pub(super) async fn end_txn(
    context: Arc<Context>,
    request: EndTxnRequest,
    version: i16,
    connection: Connection,
) -> Result<EndTxnResponse, Refused> {
    let protocol = if version >= RAISES_FROM { Protocol::V2 } else { Protocol::V1 };
    let end = TxnRequest::End {
        producer: producer(request.producer_id, request.producer_epoch),
        commit: request.committed,
        protocol,
        fresh: None,
    };
    let connection = (protocol == Protocol::V1).then_some(connection);
    let answer = match request.transactional_id.as_str() {
        "" => Err(ErrorCode::InvalidRequest),
        id => ask(&context, id, end, connection).await,
    };
    match answer {
        Ok(TxnAnswer::Late) => Err(Refused::Late),
        Ok(TxnAnswer::Producer(next)) => Ok(EndTxnResponse {
            producer_id: next.id.0,
            producer_epoch: next.epoch.0,
            ..EndTxnResponse::default()
        }),
        Ok(_) => Ok(refused(ErrorCode::UnknownServerError)),
        Err(ErrorCode::ProducerFenced) if version < FENCED_FROM => {
            Ok(refused(ErrorCode::InvalidProducerEpoch))
        }
        Err(code) => Ok(refused(code)),
    }
}

fn refused(code: ErrorCode) -> EndTxnResponse {
    EndTxnResponse { error_code: code.code(), ..EndTxnResponse::default() }
}
