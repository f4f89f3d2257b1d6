//! ListTransactions, 0 to 2. KIP-664, 994, 1152. Told by every coordinator of this broker: what is committed.
//!
//! A pattern is read as those of topics are (docs/book/topic-patterns.md). Tests: tests/wire/transactions.rs.

use super::transactions::{led, look};
use crate::context::Context;
use crate::shard::transactions::{TxnListed, TxnQuestion, TxnTold};
use coordinator::assign::TopicPattern;
use coordinator::txn::{TxnFilter, TxnState};
use std::sync::Arc;
use types::{ErrorCode, Millis, ProducerId};
use wire::list_transactions_request::ListTransactionsRequest;
use wire::list_transactions_response::{ListTransactionsResponse, TransactionState};

/// States that Kafka knows and never shows.
const UNSEEN: [&str; 2] = ["Dead", "PrepareEpochFence"];
/// What an answer takes before any id is known. *Units*: bytes.
const ANSWER_BYTES: usize = 16 << 10;

/// Returns what an answer takes, without the ids.
pub(super) fn answer_bytes(_: &Context, request: &ListTransactionsRequest) -> usize {
    let states: usize = request.state_filters.iter().map(|name| 64 + 3 * name.len()).sum();
    ANSWER_BYTES + states + 16 * request.producer_id_filters.len()
}

/// Answers with at most `room` bytes of ids, or says how much there has to be.
pub(super) async fn list_transactions(
    context: Arc<Context>,
    request: ListTransactionsRequest,
    _: i16,
    room: usize,
) -> Result<ListTransactionsResponse, usize> {
    let mut response = ListTransactionsResponse::default();
    let is_known = |name: &String| TxnState::by_name(name).is_some() || UNSEEN.contains(&name.as_str());
    response.unknown_state_filters =
        request.state_filters.iter().filter(|name| !is_known(name)).cloned().collect();
    let Ok(pattern) = pattern(&request) else {
        let error_code = ErrorCode::InvalidRegularExpression.code();
        return Ok(ListTransactionsResponse { error_code, ..response });
    };
    let Some(filter) = filter(&request) else { return Ok(response) };
    let mut needed = 0_usize;
    for key in led(&context.published()) {
        let question = TxnQuestion::List(filter.clone(), pattern.clone());
        match look(&context, key, question, room.saturating_sub(needed)).await {
            Ok(TxnTold::Listed(listed)) => {
                needed = needed.saturating_add(listed.iter().map(TxnListed::bytes).sum());
                response.transaction_states.extend(listed.into_iter().map(state));
            }
            Ok(TxnTold::TooMuch(bytes)) => needed = needed.saturating_add(bytes),
            Ok(TxnTold::Described(_) | TxnTold::Owners(_)) | Err(ErrorCode::NotCoordinator) => {}
            Err(code) => response.error_code = code.code(),
        }
    }
    if needed > room { Err(needed) } else { Ok(response) }
}

fn pattern(
    request: &ListTransactionsRequest,
) -> Result<Option<TopicPattern>, coordinator::assign::PatternFault> {
    let text = request.transactional_id_pattern.as_deref().filter(|text| !text.is_empty());
    text.map(TopicPattern::new).transpose()
}

/// Reads the filters; nothing if they take no id: names that are not known are no states.
fn filter(request: &ListTransactionsRequest) -> Option<TxnFilter> {
    let states: Vec<TxnState> =
        request.state_filters.iter().filter_map(|name| TxnState::by_name(name)).collect();
    (request.state_filters.is_empty() || !states.is_empty()).then(|| TxnFilter {
        states,
        producers: request.producer_id_filters.iter().map(|id| ProducerId(*id)).collect(),
        older_than: (request.duration_filter >= 0).then_some(Millis(request.duration_filter)),
    })
}

fn state(listed: TxnListed) -> TransactionState {
    TransactionState {
        transactional_id: listed.id,
        producer_id: listed.producer.0,
        transaction_state: listed.state.name().to_owned(),
    }
}
