//! The `highwater` command: the broker, the command line, the prover and the load generator.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | it failed; the reason is one sentence on standard error |
//! | 2 | it was called wrongly, or a proof or measurement is void |
//! | 3 | the data directory failed |
//! | 4 | `repair`: something is damaged, and nothing was changed |
//!
//! Tests: `crates/cli/tests/`.

#![forbid(unsafe_code)]

mod bench;
mod bootstrap;
mod cluster;
mod command;
mod completions;
mod config;
mod confirm;
mod consume;
mod failure;
mod group;
mod http;
mod inspect;
mod log_dirs;
mod moment;
mod output;
mod produce;
mod prove;
mod repair;
mod serve;
mod settings;
mod topic;
mod txn;
mod why;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    command::run()
}
