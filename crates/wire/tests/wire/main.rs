//! Tests of the codec: golden bytes, recorded frames, stored formats, oracle, round trips, hostile bytes, primitives, headers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod exchange;
mod golden;
mod header;
#[path = "../../../../tests/long.rs"]
mod long;
mod oracle;
mod reader;
mod rope;
mod round_trip;
#[allow(dead_code, reason = "shared with tests/decode_memory, which needs other parts")]
mod sample;
mod samples;
mod stored;
mod transactions;
