//! The broker: sockets, dispatch, shards, the data directory's thread.
//!
//! [`serve`] is the whole of it: the same function in production and in simulation. The shell owns
//! threads, sockets and timers; what to do is decided by the pure crates below it.

mod admin_http;
mod admission;
mod api;
mod context;
mod departed;
mod descriptors;
mod group_memory;
mod groups;
mod history;
mod jobs;
mod lag;
#[allow(dead_code, reason = "the coordinators of transactions write them")]
mod markers;
mod net;
mod orphans;
mod pages;
mod probe;
mod producer_ids;
mod publish;
mod room;
mod run;
mod session;
mod shard;
mod space;
mod start;
mod strays;
mod transactions;
mod unwritten;

pub use probe::inventory;
pub use run::serve;
pub use start::{Banner, ServeError};
