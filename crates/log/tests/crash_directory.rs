//! Crash tests of a data directory: power cuts, failing calls, damage, refusals.
//!
//! One script (`script.rs`) drives a directory as a broker does: appends to several logs, checkpoints with rolls and
//! small tails, retention, truncation, deletion of a log and a namesake after it. A probe between the directory and the disk
//! of `env::crash` looks after every operation: the power is cut there, the directory opened again, and every log must
//! read as the ghost of what was acknowledged, or as that with the one group that was under way.

#![allow(clippy::unwrap_used)] // all of it is test code, of which clippy knows the test functions alone

#[path = "crash_directory/compaction.rs"]
mod compaction;
#[path = "crash_directory/copies.rs"]
mod copies;
#[path = "crash_directory/cuts.rs"]
mod cuts;
#[path = "crash_directory/faults.rs"]
mod faults;
#[path = "crash_directory/folders.rs"]
mod folders;
#[path = "crash_directory/ghost.rs"]
mod ghost;
#[path = "crash_directory/golden.rs"]
mod golden;
#[path = "crash_directory/indexes.rs"]
mod indexes;
#[path = "crash_directory/mutants.rs"]
mod mutants;
#[path = "crash_directory/probe.rs"]
mod probe;
#[path = "crash_directory/producers.rs"]
mod producers;
#[path = "crash_directory/reads.rs"]
mod reads;
#[path = "crash_directory/refusals.rs"]
mod refusals;
#[path = "crash_directory/repair.rs"]
mod repair;
#[path = "crash_directory/reserve.rs"]
mod reserve;
#[path = "crash_directory/scan.rs"]
mod scan;
#[path = "crash_directory/script.rs"]
mod script;
#[path = "crash_directory/strays.rs"]
mod strays;
#[path = "crash_directory/transactions.rs"]
mod transactions;
#[path = "crash_directory/world.rs"]
mod world;
