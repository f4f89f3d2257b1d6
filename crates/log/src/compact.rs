//! Compaction: of the records of each key the latest stays.
//!
//! Pure: which log is due ([`Cleanable`]), what is read and written ([`CompactPlan`]), which offset is the latest of each key
//! ([`Mapper`], [`KeyMap`]), and what becomes of each batch ([`Filter`]). The files are `directory/compact.rs`'s, the log's
//! own part is in `log/compact.rs`.
//!
//! ```text
//! log start      cleaned to         until        high watermark      log end
//!     |   clean   |     dirty        |   not yet     |                  |
//!     | <------- rewritten --------> |
//! ```
//!
//! *Invariant*: nothing at or above `until` is touched; no offset changes; segments stay without a gap, because an empty batch
//! stands in for what is gone. Source: `LogCleaner`, `Cleaner`, `LogCleanerManager` of Kafka 4.3.1, KIP-534;
//! docs/adr/2026-11-26-compaction.md. Tests: beside each file, `tests/prop_compact.rs`, `tests/crash_directory/compaction.rs`.

mod due;
mod filter;
mod hash;
mod keys;
mod mapper;
mod plan;
mod txns;

#[cfg(test)]
mod tests;

pub use due::{Cleanable, CompactRules};
pub use filter::{Filter, FilterRules, FilterStats};
pub use keys::KeyMap;
pub use mapper::Mapper;
pub use plan::{CompactPlan, LastBatch};
