//! The assignors of the broker and the patterns of subscriptions: against what Kafka 4.3.1 says, and by properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

#[path = "assign/group.rs"]
mod group;
#[path = "../../../tests/long.rs"]
mod long;
#[path = "assign/patterns.rs"]
mod patterns;
#[path = "assign/properties.rs"]
mod properties;
#[path = "assign/recorded.rs"]
mod recorded;
