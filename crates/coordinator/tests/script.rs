//! Scripts on the coordinator of groups: requests, time and commits in an order that is written down.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

#[path = "script/bounds.rs"]
mod bounds;
#[path = "script/classic.rs"]
mod classic;
#[path = "script/commits.rs"]
mod commits;
#[path = "script/compacted.rs"]
mod compacted;
#[path = "script/consumer.rs"]
mod consumer;
#[path = "script/consumer_replay.rs"]
mod consumer_replay;
#[path = "script/expiry.rs"]
mod expiry;
#[path = "script/migration.rs"]
mod migration;
#[path = "script/notes.rs"]
mod notes;
#[path = "script/on_its_way.rs"]
mod on_its_way;
#[path = "script/patterns.rs"]
mod patterns;
#[path = "script/reader.rs"]
mod reader;
#[path = "script/replay.rs"]
mod replay;
#[path = "script/review.rs"]
mod review;
#[path = "script/transactions.rs"]
mod transactions;
#[path = "script/txn_replay.rs"]
mod txn_replay;
#[path = "script/why.rs"]
mod why;
#[path = "script/world.rs"]
mod world;
