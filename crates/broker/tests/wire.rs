//! The broker over its sockets: raw frames of the wire crate against `broker::serve` in this process.
//!
//! Hostile input (reliability 7.3), every API in every version, idempotence (reliability 3), fetch, offsets
//! and topics. A panic in any thread of a broker fails its test. Memory is measured in tests/memory.rs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(unreachable_pub, reason = "modules of one binary")]

#[path = "wire/batches.rs"]
mod batches;
#[path = "wire/bounds.rs"]
mod bounds;
#[path = "wire/client.rs"]
mod client;
#[path = "wire/compaction.rs"]
mod compaction;
#[path = "wire/compression.rs"]
mod compression;
#[path = "wire/connections.rs"]
mod connections;
#[path = "wire/consumer_groups.rs"]
mod consumer_groups;
#[path = "wire/delete_records.rs"]
mod delete_records;
#[path = "wire/effects.rs"]
mod effects;
#[path = "wire/epochs.rs"]
mod epochs;
#[path = "wire/fetch.rs"]
mod fetch;
#[path = "wire/frames.rs"]
mod frames;
#[path = "wire/groups.rs"]
mod groups;
#[path = "wire/harness.rs"]
mod harness;
#[path = "wire/history.rs"]
mod history;
#[path = "wire/hostile_batches.rs"]
mod hostile_batches;
#[path = "wire/hostile_groups.rs"]
mod hostile_groups;
#[path = "wire/hostile_topics.rs"]
mod hostile_topics;
#[path = "wire/idempotence.rs"]
mod idempotence;
#[path = "wire/lag.rs"]
mod lag;
#[path = "wire/listeners.rs"]
mod listeners;
#[path = "wire/log_dirs.rs"]
mod log_dirs;
#[path = "wire/offsets.rs"]
mod offsets;
#[path = "wire/own_effects.rs"]
mod own_effects;
#[path = "wire/page_cache.rs"]
mod page_cache;
#[path = "wire/partitions.rs"]
mod partitions;
#[path = "wire/produce.rs"]
mod produce;
#[path = "wire/restart.rs"]
mod restart;
#[path = "wire/segments.rs"]
mod segments;
#[path = "wire/sessions.rs"]
mod sessions;
#[path = "wire/settings.rs"]
mod settings;
#[path = "wire/topics.rs"]
mod topics;
#[path = "wire/transactions.rs"]
mod transactions;
#[path = "wire/txn_offsets.rs"]
mod txn_offsets;
#[path = "wire/txn_recovery.rs"]
mod txn_recovery;
#[path = "wire/versions.rs"]
mod versions;
