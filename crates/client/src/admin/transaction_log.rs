//! What coordinators write down of transactions, read from `__transaction_state`. Tests: crates/cli/tests/prove_transactions.rs.

use wire::Stored;
use wire::record::Record;
use wire::transaction_log_key::TransactionLogKey;
use wire::transaction_log_value::TransactionLogValue;

/// Where coordinators write.
pub const TRANSACTION_STATE_TOPIC: &str = "__transaction_state";

/// How far a transaction is, as its coordinator has written it down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransactionStage {
    /// None was begun.
    Empty,
    /// It is open.
    Ongoing,
    /// Its end is decided, to commit or to abort, and its marks are not all written.
    Prepared,
    /// It has ended.
    Complete,
    /// The transactional id is forgotten.
    Gone,
}

/// One record of the topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionNote {
    /// Whose transaction.
    pub transactional_id: String,
    /// How far it is.
    pub stage: TransactionStage,
}

impl TransactionNote {
    /// Reads a record; nothing if it is of a kind that is not known here.
    pub fn of(record: &Record) -> Option<TransactionNote> {
        let transactional_id = TransactionLogKey::from_peer(record.key.clone()?).ok()?.transactional_id;
        let Some(value) = record.value.clone() else {
            return Some(TransactionNote { transactional_id, stage: TransactionStage::Gone });
        };
        let stage = stage(TransactionLogValue::from_peer(value).ok()?.transaction_status)?;
        Some(TransactionNote { transactional_id, stage })
    }
}

/// Source: `TransactionState`.
fn stage(status: i8) -> Option<TransactionStage> {
    match status {
        0 => Some(TransactionStage::Empty),
        1 => Some(TransactionStage::Ongoing),
        2 | 3 => Some(TransactionStage::Prepared),
        4 | 5 => Some(TransactionStage::Complete),
        6 => Some(TransactionStage::Gone),
        _ => None,
    }
}
