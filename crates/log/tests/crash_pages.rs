//! Crash tests of page-cache logs (W-16), in a directory that has a log of the other kind beside them.
//!
//! A story (`crash_pages/story.rs`) appends, rolls, syncs, takes checkpoints, moves log starts, removes a log and makes its
//! namesake. After every operation on the disk a copy of it loses its process, or its power, and is opened again: after
//! a killed process everything acknowledged is there and a resent batch is known; after a power cut each page-cache log is a prefix
//! that holds what the last state knows to be synced, and the log of the other kind has lost nothing.

#![allow(clippy::unwrap_used)] // all of it is test code, of which clippy knows the test functions alone

#[path = "crash_pages/broker.rs"]
mod broker;
#[path = "crash_directory/copies.rs"]
mod copies;
#[path = "crash_pages/cuts.rs"]
mod cuts;
#[path = "crash_pages/faults.rs"]
mod faults;
#[path = "crash_directory/ghost.rs"]
#[allow(dead_code)] // of the other crash tests
mod ghost;
#[path = "crash_pages/golden.rs"]
mod golden;
#[path = "crash_pages/judge.rs"]
mod judge;
#[path = "crash_pages/names.rs"]
mod names;
#[path = "crash_directory/probe.rs"]
mod probe;
#[path = "crash_directory/scan.rs"]
mod scan;
#[path = "crash_directory/script.rs"]
#[allow(dead_code)] // of the other crash tests
mod script;
#[path = "crash_pages/story.rs"]
mod story;
#[path = "crash_pages/transactions.rs"]
mod transactions;
#[path = "crash_pages/truncations.rs"]
mod truncations;
#[path = "crash_directory/world.rs"]
#[allow(dead_code)] // of the other crash tests
mod world;
