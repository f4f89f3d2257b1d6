//! DescribeTransactions, 0. KIP-664. Told by the coordinators of this broker: what is committed.
//! Tests: tests/wire/transactions.rs.

use super::transactions::{coordinator_of, look};
use crate::context::Context;
use crate::shard::transactions::{TxnQuestion, TxnSeen, TxnTold};
use std::sync::Arc;
use types::ErrorCode;
use wire::describe_transactions_request::DescribeTransactionsRequest;
use wire::describe_transactions_response::{DescribeTransactionsResponse, TopicData, TransactionState};

/// What an id takes in a request and its answer, beside its name. *Units*: bytes.
const ID_BYTES: usize = 400;

/// Returns what an answer takes, without the partitions.
pub(super) fn answer_bytes(_: &Context, request: &DescribeTransactionsRequest) -> usize {
    request.transactional_ids.iter().map(|id| ID_BYTES + 3 * id.len()).sum()
}

/// Answers with at most `room` bytes of partitions, or says how much there has to be.
pub(super) async fn describe_transactions(
    context: Arc<Context>,
    request: DescribeTransactionsRequest,
    _: i16,
    room: usize,
) -> Result<DescribeTransactionsResponse, usize> {
    let (mut response, mut left, mut needed) = (DescribeTransactionsResponse::default(), room, 0_usize);
    for id in request.transactional_ids {
        let state = match describe(&context, &id, left).await {
            Ok(TxnTold::Described(Some(seen))) => {
                let bytes = 3 * seen.txn.size(&id);
                (left, needed) = (left.saturating_sub(bytes), needed.saturating_add(bytes));
                state(*seen)
            }
            Ok(TxnTold::TooMuch(bytes)) => {
                (left, needed) = (0, needed.saturating_add(bytes));
                refused(ErrorCode::None)
            }
            Ok(TxnTold::Described(None) | TxnTold::Listed(_) | TxnTold::Owners(_)) => {
                refused(ErrorCode::TransactionalIdNotFound)
            }
            Err(code) => refused(code),
        };
        response.transaction_states.push(TransactionState { transactional_id: id, ..state });
    }
    if needed > room { Err(needed) } else { Ok(response) }
}

async fn describe(context: &Context, id: &str, room: usize) -> Result<TxnTold, ErrorCode> {
    if id.is_empty() {
        return Err(ErrorCode::InvalidRequest);
    }
    let key = coordinator_of(&context.published(), id)?;
    look(context, key, TxnQuestion::Describe(id.to_owned()), room).await
}

fn state(seen: TxnSeen) -> TransactionState {
    let txn = seen.txn;
    let topics = txn.partitions.iter().map(|(topic, partitions)| TopicData {
        topic: topic.name.to_string(),
        partitions: partitions.iter().copied().collect(),
    });
    TransactionState {
        transaction_state: txn.state.name().to_owned(),
        transaction_timeout_ms: i32::try_from(txn.timeout.0).unwrap_or(i32::MAX),
        transaction_start_time_ms: txn.started.0,
        producer_id: txn.producer.0,
        producer_epoch: txn.epoch.0,
        topics: topics.collect(),
        ..TransactionState::default()
    }
}

fn refused(code: ErrorCode) -> TransactionState {
    TransactionState { error_code: code.code(), ..TransactionState::default() }
}
