//! Commands about groups against the real binary: history, restore, why, lag.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

#[path = "groups/broker.rs"]
#[allow(dead_code, reason = "the tests of transactions use more of it")]
mod broker;
#[path = "groups/history.rs"]
mod history;
#[path = "groups/member.rs"]
mod member;
#[path = "groups/reader.rs"]
mod reader;
#[path = "groups/why.rs"]
mod why;
