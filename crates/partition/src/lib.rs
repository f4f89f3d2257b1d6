//! The replica state machine of one partition.
//!
//! Pure: inputs are methods that take `now` and an event, outputs are [`Effect`]s pushed into a
//! buffer of the caller. No I/O, no clock, no async. Append decisions follow rule W-15, the high
//! watermark follows rules R5 and R8, and each waiter ends exactly once.

mod active;
mod append;
mod connections;
mod delete;
mod effect;
mod end_txn;
mod fetch;
mod isr;
mod offsets;
mod partition;
mod pointers;
mod verification;
mod waiters;
mod watermark;

#[cfg(test)]
mod tests;

pub use active::ActiveProducer;
pub use append::{AppendInput, AppendRefused, Appended, Origin, RequiredAcks};
pub use delete::{DeleteRefused, DeleteUpTo};
pub use effect::{AckEnd, AckToken, Effect, FetchToken};
pub use end_txn::{EndTxn, EndTxnInput, TransactionVersion, TxnEnded};
pub use fetch::{Diverging, FetchAnswer, FetchInput, FetchRefused, Isolation};
pub use isr::ReplicaSet;
pub use offsets::{OffsetAnswer, OffsetQuery, OffsetRefused};
pub use partition::{Leadership, Partition};
pub use pointers::Pointers;
pub use verification::{Verification, VerificationGuard};
