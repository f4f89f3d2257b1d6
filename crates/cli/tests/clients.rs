//! Real clients against the real binary: kcat, confluent-kafka, kafka-python, franz-go and Kafka's Java client; and
//! what Kafka itself answered to recorded requests (exchange.rs), and what its console tools printed (console.rs); and hostile input (abuse.rs, overload.rs).
//!
//! Every test starts `highwater serve` on a port and in a folder of its own. The programs that drive the clients
//! are in tests/clients/{python,go,kadm,java}; they are installed and built once, under target/clients. A test whose tool
//! is missing says SKIPPED and returns, and fails under `CI=true`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "clients/abuse.rs"]
mod abuse;
#[allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    reason = "shared with crates/broker/tests, which uses all of it"
)]
#[path = "../../broker/tests/wire/batches.rs"]
mod batches;
#[path = "clients/broker.rs"]
mod broker;
#[allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    reason = "shared with crates/broker/tests, which uses all of it"
)]
#[path = "../../broker/tests/wire/client.rs"]
mod client;
#[path = "clients/console.rs"]
mod console;
#[path = "clients/consume_group.rs"]
mod consume_group;
#[path = "clients/delayed.rs"]
mod delayed;
#[path = "clients/dump_log_segments.rs"]
mod dump_log_segments;
#[path = "clients/dump_transactions.rs"]
mod dump_transactions;
#[path = "clients/exchange.rs"]
mod exchange;
#[path = "clients/kadm.rs"]
mod kadm;
#[path = "clients/kcat.rs"]
mod kcat;
#[path = "clients/kill_under_load.rs"]
mod kill_under_load;
#[path = "clients/ledger.rs"]
mod ledger;
#[path = "clients/members.rs"]
mod members;
#[path = "clients/overload.rs"]
mod overload;
#[path = "clients/pattern.rs"]
mod pattern;
#[path = "clients/pipelines.rs"]
mod pipelines;
#[path = "clients/program.rs"]
mod program;
#[path = "clients/recreated_topic.rs"]
mod recreated_topic;
#[path = "clients/round_trip.rs"]
mod round_trip;
#[path = "clients/sync_order.rs"]
mod sync_order;
#[path = "clients/toolbox.rs"]
mod toolbox;
#[path = "clients/transact.rs"]
mod transact;
