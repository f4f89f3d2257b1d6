//! `produce --transactional-id` and `consume --isolation` against the real binary, and what `bench txn` measures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

#[path = "transactional/bench.rs"]
mod bench;
#[path = "groups/broker.rs"]
#[allow(dead_code, reason = "a module shared with tests/groups.rs, which uses all of it")]
mod broker;
#[path = "transactional/lines.rs"]
mod lines;
