//! The client against a broker that follows a script: what it answers, what it loses, when it hangs up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admin;
mod connection;
mod consumer;
mod group;
mod producer;
mod scripted;
mod transaction;
