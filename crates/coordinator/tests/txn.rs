//! The coordinator of transactions, pure: scripts, every interleaving of a small world, and replay.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "txn/client.rs"]
mod client;
#[path = "txn/leader.rs"]
mod leader;
#[path = "txn/world.rs"]
mod world;

#[path = "txn/ends.rs"]
mod ends;
#[path = "txn/epochs.rs"]
mod epochs;
#[path = "txn/mutants.rs"]
mod mutants;
#[path = "txn/small_world.rs"]
mod small_world;
#[path = "txn/times.rs"]
mod times;
