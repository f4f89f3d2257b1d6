//! The broker on a disk that fails, fills up or loses bytes: `broker::serve` in this process, over the disk of
//! `env::crash`, with real threads and sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(unreachable_pub, dead_code, reason = "modules shared with tests/wire.rs, which uses all of them")]

#[path = "wire/batches.rs"]
mod batches;
#[path = "storage/checkpoints.rs"]
mod checkpoints;
#[path = "wire/client.rs"]
mod client;
#[path = "storage/damage.rs"]
mod damage;
#[path = "storage/exposition.rs"]
mod exposition;
#[path = "storage/faults.rs"]
mod faults;
#[path = "storage/full_disk.rs"]
mod full_disk;
#[path = "storage/group_metrics.rs"]
mod group_metrics;
#[path = "wire/harness.rs"]
mod harness;
#[path = "storage/machine.rs"]
mod machine;
#[path = "storage/metrics.rs"]
mod metrics;
#[path = "storage/orphans.rs"]
mod orphans;
#[path = "storage/stop.rs"]
mod stop;
#[path = "storage/transactions.rs"]
mod transactions;
#[path = "storage/txn_client.rs"]
mod txn_client;
#[path = "storage/txn_epochs.rs"]
mod txn_epochs;
#[path = "storage/txn_kills.rs"]
mod txn_kills;
#[path = "storage/txn_metrics.rs"]
mod txn_metrics;
#[path = "storage/txn_page_cache.rs"]
mod txn_page_cache;
#[path = "storage/txn_power_cuts.rs"]
mod txn_power_cuts;
